//! The promises of the journal, each on the smallest lane that can show it.

use std::collections::BTreeSet;

use alloy_primitives::keccak256;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::{
    decide::{Handover, Inclusion, Quote},
    fees::Wei,
    wants::Want,
    *,
};
use crate::ids::BlockHash;

const POLICY: FeePolicy = FeePolicy { cap: Wei(1000), bump_after: 2, resend_after: 5 };
const PRICE: GasPrice = GasPrice { base: Wei(10), tip: Wei(1) };

/// A journal with the records that made it.
struct Desk {
    journal: Journal,
    records: Vec<JournalEvent>,
    view: ChainView,
}

impl Desk {
    fn new() -> Self {
        let view = ChainView { head: 100, price: PRICE, nonce_final: 0 };
        Self { journal: Journal::new(31337, POLICY), records: Vec::new(), view }
    }

    fn take(&mut self, events: Vec<JournalEvent>) -> usize {
        let count = events.len();
        for event in events {
            let stored = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<JournalEvent>(&stored).unwrap(), event);
            self.journal.apply(&event);
            self.records.push(event);
        }
        count
    }

    /// A new process: the state is what the records say.
    fn restart(&mut self) {
        self.journal = Journal::new(31337, POLICY);
        for record in &self.records {
            self.journal.apply(record);
        }
    }

    fn intend(&mut self, n: u8) -> usize {
        let call = Call { to: Address::repeat_byte(n), data: Bytes::from(vec![n; 4]) };
        self.take(self.journal.on_intend(intent(n), call, "test"))
    }

    fn quote(&mut self, n: u8, nonce: u64) -> usize {
        let quote = Quote { gas: 100_000, price: PRICE, nonce };
        self.take(self.journal.on_prepared(intent(n), Ok(quote)))
    }

    fn sign(&mut self, n: u8) -> TxHash {
        let wanted = self.wants().into_iter().find_map(|want| {
            let Want::Sign { intent: of, transaction, .. } = want else { return None };
            (of == intent(n)).then_some(transaction)
        });
        let transaction = wanted.expect("a signature is wanted");
        let raw = Bytes::from(format!("{transaction:?}").into_bytes());
        let hash = TxHash::from(keccak256(&raw));
        self.take(self.journal.on_signed(intent(n), hash, raw));
        hash
    }

    fn hand(&mut self, hash: TxHash, answer: &Handover) -> usize {
        self.take(self.journal.on_handover(hash, answer, self.view.head))
    }

    /// Brings an intent as far as being handed over.
    fn send(&mut self, n: u8) -> TxHash {
        self.intend(n);
        self.quote(n, 0);
        let hash = self.sign(n);
        self.hand(hash, &Handover::Taken);
        hash
    }

    fn include(&mut self, hash: TxHash, at: Mark, level: Level) -> usize {
        self.take(self.journal.on_inclusion(Inclusion { hash, block: at, outcome: Outcome::Done, level }))
    }

    fn head(&mut self, head: u64) -> usize {
        self.view.head = head;
        self.take(self.journal.on_head(self.view))
    }

    fn wants(&self) -> Vec<Want> {
        self.journal.wants(self.view)
    }

    fn names(&self) -> Vec<&'static str> {
        let name = |want: &Want| match want {
            Want::Prepare { .. } => "prepare",
            Want::Sign { .. } => "sign",
            Want::Broadcast { .. } => "broadcast",
            Want::Track { .. } => "track",
            Want::Trace { .. } => "trace",
        };
        self.wants().iter().map(name).collect()
    }

    fn standing(&self, n: u8) -> Standing {
        self.journal.standing(intent(n)).expect("was intended")
    }
}

fn intent(n: u8) -> IntentId {
    IntentId([n; 32])
}

fn block(number: u64) -> Mark {
    Mark { number, hash: BlockHash([number as u8; 32]) }
}

#[test]
fn an_act_goes_from_intent_to_final_and_wants_nothing_then() {
    let mut desk = Desk::new();
    desk.intend(1);
    assert_eq!(desk.names(), ["prepare"]);
    desk.quote(1, 7);
    assert_eq!((desk.names(), desk.standing(1)), (vec!["sign"], Standing::Prepared));
    let hash = desk.sign(1);
    assert_eq!((desk.names(), desk.standing(1)), (vec!["broadcast", "track"], Standing::Signed));
    desk.hand(hash, &Handover::Taken);
    assert_eq!((desk.names(), desk.standing(1)), (vec!["track"], Standing::Sent));
    desk.include(hash, block(101), Level::Seen);
    desk.include(hash, block(101), Level::Safe);
    assert_eq!(desk.names(), ["track"]);
    desk.include(hash, block(101), Level::Final);
    let end = Standing::Mined { hash, block: block(101), outcome: Outcome::Done, level: Level::Final };
    assert_eq!((desk.names(), desk.standing(1)), (vec![], end));
    assert_eq!(desk.journal.committed(), Wei(0));
}

#[test]
fn after_a_restart_in_any_state_the_same_acts_are_wanted_again() {
    let mut desk = Desk::new();
    let step = |desk: &mut Desk| {
        let (wants, standing) = (desk.wants(), desk.standing(1));
        desk.restart();
        assert_eq!((desk.wants(), desk.standing(1)), (wants, standing));
    };
    desk.intend(1);
    step(&mut desk);
    desk.quote(1, 3);
    step(&mut desk);
    let first = desk.sign(1);
    step(&mut desk);
    desk.hand(first, &Handover::Unclear("timed out".into()));
    step(&mut desk);
    desk.head(102);
    step(&mut desk);
    let second = desk.sign(1);
    step(&mut desk);
    desk.hand(second, &Handover::Taken);
    step(&mut desk);
    for level in [Level::Seen, Level::Safe, Level::Final] {
        desk.include(first, block(103), level);
        step(&mut desk);
    }
}

#[test]
fn the_same_intent_is_one_act_however_often_it_is_asked_for() {
    let mut desk = Desk::new();
    assert_eq!(desk.intend(1), 1);
    assert_eq!(desk.intend(1), 0);
    desk.quote(1, 0);
    assert_eq!((desk.intend(1), desk.quote(1, 5)), (0, 0));
    desk.restart();
    assert_eq!((desk.intend(1), desk.quote(1, 5)), (0, 0));
    let records = desk.records.clone();
    for record in &records {
        desk.journal.apply(record);
    }
    assert_eq!(desk.standing(1), Standing::Prepared);
}

#[test]
fn a_refused_act_takes_no_nonce_and_may_be_intended_again() {
    let mut desk = Desk::new();
    desk.intend(1);
    desk.take(desk.journal.on_prepared(intent(1), Err("SlotTaken".into())));
    assert_eq!(desk.standing(1), Standing::Refused { reason: "SlotTaken".into() });
    assert!(desk.names().is_empty());
    desk.intend(2);
    desk.quote(2, 4);
    desk.intend(1);
    assert_eq!(desk.standing(1), Standing::Intended);
    let hash = desk.sign(2);
    desk.include(hash, block(101), Level::Seen);
    desk.quote(1, 4);
    assert!(
        desk.wants()
            .iter()
            .any(|want| matches!(want, Want::Sign { transaction, .. } if transaction.nonce == 5))
    );
}

#[test]
fn an_act_that_no_block_can_hold_is_refused_before_it_is_signed() {
    let mut desk = Desk::new();
    desk.intend(1);
    let quote = Quote { gas: fees::GAS_LIMIT_MAX + 1, price: PRICE, nonce: 0 };
    desk.take(desk.journal.on_prepared(intent(1), Ok(quote)));
    assert!(matches!(desk.standing(1), Standing::Refused { reason } if reason.contains("16777217")));
}

#[test]
fn the_next_act_is_prepared_when_those_before_it_were_seen() {
    let mut desk = Desk::new();
    let first = desk.send(1);
    desk.intend(2);
    assert!(!desk.names().contains(&"prepare"));
    assert_eq!(desk.quote(2, 0), 0, "an early answer is not taken");
    desk.include(first, block(101), Level::Seen);
    assert!(desk.names().contains(&"prepare"));
    assert_eq!(desk.quote(2, 1), 1);
}

#[test]
fn a_stuck_transaction_offers_an_eighth_more_at_the_same_nonce_and_the_old_one_may_still_win() {
    let mut desk = Desk::new();
    let first = desk.send(1);
    assert_eq!(desk.head(101), 0);
    assert_eq!(desk.head(102), 1);
    assert_eq!(desk.head(103), 0, "one replacement waits for its signature");
    let second = desk.sign(1);
    assert_ne!(first, second);
    desk.hand(second, &Handover::Taken);
    assert_eq!(desk.wants(), [Want::Track { intent: intent(1), hashes: vec![first, second] }]);
    desk.include(first, block(104), Level::Seen);
    assert!(matches!(desk.standing(1), Standing::Mined { hash, .. } if hash == first));
    assert_eq!(desk.head(110), 0);
}

#[test]
fn fees_stop_at_the_cap_and_the_same_bytes_are_handed_over_again() {
    let mut desk = Desk::new();
    let mut hash = desk.send(1);
    let mut versions = 1;
    for head in (102..400).step_by(2) {
        if desk.head(head) == 1 {
            hash = desk.sign(1);
            desk.hand(hash, &Handover::Taken);
            versions += 1;
        }
    }
    assert!((30..50).contains(&versions), "{versions} versions from 21 to the cap of 1000");
    let again = desk.wants().into_iter().find(|want| matches!(want, Want::Broadcast { .. }));
    assert!(matches!(again, Some(Want::Broadcast { hash: same, .. }) if same == hash));
    let before = again.map(|want| want.key());
    desk.hand(hash, &Handover::Taken);
    assert!(!desk.names().contains(&"broadcast"));
    desk.head(500);
    let after = desk.wants().iter().find(|want| matches!(want, Want::Broadcast { .. })).map(Want::key);
    assert!(after.is_some() && after != before);
}

#[test]
fn unknown_fails_only_when_a_foreign_transaction_finally_holds_the_nonce() {
    let mut desk = Desk::new();
    let hash = {
        desk.intend(1);
        desk.quote(1, 0);
        desk.sign(1)
    };
    desk.hand(hash, &Handover::Unclear("nonce too low".into()));
    assert_eq!(desk.standing(1), Standing::Unknown);
    desk.view.nonce_final = 1;
    assert_eq!(desk.head(140), 0, "no more fees for a nonce that is spent");
    assert_eq!(desk.names(), ["trace", "track"]);
    assert_eq!(desk.take(desk.journal.on_spent(0, hash)), 0, "our own hash is no loss");
    let foreign = TxHash([9; 32]);
    assert_eq!(desk.take(desk.journal.on_spent(5, foreign)), 0, "another nonce proves nothing");
    assert_eq!(desk.standing(1), Standing::Unknown);
    desk.take(desk.journal.on_spent(0, foreign));
    assert_eq!(desk.standing(1), Standing::Lost { by: foreign });
    assert!(desk.names().is_empty());
}

#[test]
fn a_foreign_transaction_stops_the_lane_until_somebody_has_looked() {
    let mut desk = Desk::new();
    desk.send(1);
    desk.intend(2);
    desk.view.nonce_final = 1;
    desk.take(desk.journal.on_spent(0, TxHash([9; 32])));
    assert_eq!(desk.journal.alarm(), Some((intent(1), TxHash([9; 32]))));
    assert!(desk.names().is_empty());
    assert_eq!(desk.quote(2, 1), 0);
    desk.restart();
    assert!(desk.journal.alarm().is_some());
    desk.take(desk.journal.on_acknowledge(intent(1)));
    assert_eq!(desk.names(), ["prepare"]);
}

#[test]
fn a_reorg_brings_the_same_bytes_back_and_no_second_intent() {
    let mut desk = Desk::new();
    let hash = desk.send(1);
    desk.include(hash, block(101), Level::Seen);
    desk.take(desk.journal.on_gone(hash, block(99)));
    assert!(matches!(desk.standing(1), Standing::Mined { .. }), "another block's end is not ours");
    desk.take(desk.journal.on_gone(hash, block(101)));
    assert_eq!(desk.standing(1), Standing::Sent);
    desk.view.head = 105;
    let again = desk.wants().into_iter().find(|want| matches!(want, Want::Broadcast { .. }));
    assert!(matches!(again, Some(Want::Broadcast { hash: same, .. }) if same == hash));
    desk.include(hash, block(106), Level::Safe);
    assert_eq!(desk.take(desk.journal.on_gone(hash, block(101))), 0);
    assert!(matches!(desk.standing(1), Standing::Mined { block: at, .. } if at == block(106)));
}

#[test]
fn a_reverted_transaction_is_mined_and_says_so() {
    let mut desk = Desk::new();
    let hash = desk.send(1);
    let found = Inclusion { hash, block: block(101), outcome: Outcome::Reverted, level: Level::Final };
    assert_eq!(desk.take(desk.journal.on_inclusion(found)), 2);
    let end = Standing::Mined { hash, block: block(101), outcome: Outcome::Reverted, level: Level::Final };
    assert_eq!(desk.standing(1), end);
}

#[test]
fn bytes_that_do_not_hash_to_their_name_are_never_stored() {
    let mut desk = Desk::new();
    desk.intend(1);
    desk.quote(1, 0);
    let events = desk.journal.on_signed(intent(1), TxHash([1; 32]), Bytes::from_static(b"other"));
    assert!(events.is_empty());
}

#[test]
fn nothing_lost_doubled_or_reordered_gives_an_intent_two_nonces_or_a_nonce_two_intents() {
    for seed in 0..300 {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut desk = Desk::new();
        let mut signed = BTreeSet::new();
        for _ in 0..120 {
            disturb(&mut desk, &mut rng, &mut signed);
        }
        let nonces: BTreeSet<u64> = signed.iter().map(|(nonce, _)| *nonce).collect();
        let intents: BTreeSet<IntentId> = signed.iter().map(|(_, intent)| *intent).collect();
        assert_eq!(nonces.len(), signed.len(), "seed {seed}: a nonce with two intents");
        assert_eq!(intents.len(), signed.len(), "seed {seed}: an intent with two nonces");
    }
}

/// One random thing: an act performed or not, an answer late or twice, a restart, a block, a reorg.
fn disturb(desk: &mut Desk, rng: &mut ChaCha12Rng, signed: &mut BTreeSet<(u64, IntentId)>) {
    let n = rng.random_range(1..5);
    match rng.random_range(0..10) {
        0 => {
            desk.intend(n);
        }
        1 => desk.restart(),
        2 => {
            desk.quote(n, rng.random_range(0..4));
        }
        3 => {
            desk.head(desk.view.head + rng.random_range(0..4));
        }
        4 => {
            desk.take(desk.journal.on_prepared(intent(n), Err("later".into())));
        }
        5 => {
            let at = rng.random_range(0..desk.records.len().max(1));
            let twice = desk.records.get(at).cloned();
            desk.take(twice.into_iter().collect());
        }
        _ => perform(desk, rng, signed),
    }
}

fn perform(desk: &mut Desk, rng: &mut ChaCha12Rng, signed: &mut BTreeSet<(u64, IntentId)>) {
    let wants = desk.wants();
    if wants.is_empty() {
        return;
    }
    match wants[rng.random_range(0..wants.len())].clone() {
        Want::Prepare { intent, .. } => {
            let quote = Quote { gas: 1, price: PRICE, nonce: rng.random_range(0..6) };
            desk.take(desk.journal.on_prepared(intent, Ok(quote)));
        }
        Want::Sign { intent, transaction, .. } => {
            signed.insert((transaction.nonce, intent));
            let raw = Bytes::from(format!("{transaction:?}").into_bytes());
            let hash = TxHash::from(keccak256(&raw));
            desk.take(desk.journal.on_signed(intent, hash, raw));
        }
        Want::Broadcast { hash, .. } => {
            let taken = rng.next_u32().is_multiple_of(2);
            let answer = if taken { Handover::Taken } else { Handover::Unclear("busy".into()) };
            desk.hand(hash, &answer);
        }
        Want::Track { hashes, .. } => {
            let hash = hashes[rng.random_range(0..hashes.len())];
            let at = block(rng.random_range(101..110));
            match rng.random_range(0..4) {
                0 => {
                    desk.include(hash, at, Level::Seen);
                }
                1 => {
                    desk.include(hash, at, Level::Safe);
                }
                2 => {
                    desk.take(desk.journal.on_gone(hash, at));
                }
                _ => {
                    desk.include(hash, at, Level::Final);
                }
            }
        }
        Want::Trace { nonce, .. } => {
            desk.take(desk.journal.on_spent(nonce, TxHash([8; 32])));
        }
    }
}
