//! Jurors are invited until they answer or the attempt's time is over.

use rand::{SeedableRng, rngs::StdRng};

use super::{
    pair::{DRAFT, N, Start, under_nda},
    people::{self, BUYER, JUROR, SELLER, eth},
};
use crate::{
    abi::{
        ChainLog,
        sol::IJuryPool,
        tests::{deployment, log},
    },
    beacon::{BeaconChain, Round},
    block::{Block, Mark},
    effect::Effect,
    ids::BlockHash,
    input::{ChainUpdate, Input},
    ledger::LedgerEvent,
    node::Node,
    record::Record,
    side::Side,
    stage::negotiation::NegotiationEvent,
    time::Timestamp,
    typed::{PanelRequest, Typed},
    wire::{Direct, Envelope, SeatAccepted},
};

/// A round of quicknet, and its signature.
const ROUND: u64 = 1000;
const BEACON: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

/// A buyer whose panel is drawn, and whose one candidate is silent.
struct Drawn {
    node: Node,
    start: u64,
    rng: StdRng,
    sent: Vec<(u64, u64)>,
}

fn request() -> PanelRequest {
    PanelRequest { beaconRound: ROUND, ..people::panel(N).0 }
}

impl Drawn {
    fn new() -> Self {
        let start = BeaconChain::quicknet().time_of(Round(ROUND));
        let at = Timestamp::from_secs(start);
        let digest = request().digest(&deployment().contracts);
        let signed = |side, n| NegotiationEvent::PanelSigned { attempt: 0, side, signature: eth(n, digest) };
        let events = [
            NegotiationEvent::Begun { begin: Box::new(people::begin()), nonce: [5; 16], side: Side::A, at },
            NegotiationEvent::PanelAsked { request: request(), at },
            signed(Side::A, BUYER),
            signed(Side::B, SELLER),
            NegotiationEvent::Drawn { attempt: 0, beacon: hex::decode(BEACON).unwrap() },
        ];
        let events = events.into_iter().map(|event| Record::Negotiation { id: N, nda: DRAFT, event });
        let records = under_nda(Side::A, &Start::default()).into_iter().chain(events);
        let policy = Start::default().buyer;
        let node = Node::resume(people::me(BUYER), policy, people::network(), records);
        let mut drawn = Self { node, start, rng: StdRng::seed_from_u64(1), sent: Vec::new() };
        for listing in people::listings() {
            drawn.node.directory.list(listing, at).unwrap();
        }
        let seated = IJuryPool::Seated {
            seat: alloy_primitives::aliases::U40::ZERO,
            holder: people::account(JUROR),
            principal: people::principal(JUROR),
            provider: 1,
        };
        let mark = Mark { number: 1, hash: BlockHash([1; 32]) };
        let block = Block { mark, parent: BlockHash([0; 32]), time: start - 100 };
        let logs = vec![ChainLog { block: mark, ..log(deployment().contracts.jury, &seated) }];
        drawn.take(0, Input::Chain(ChainUpdate::Ledger(LedgerEvent::Logged { block, logs })));
        drawn
    }

    /// Takes an input and notes the invitations that leave: when, and their numbers in the outbox; a later
    /// one has none.
    fn take(&mut self, after_secs: u64, input: Input) {
        let effects = self.node.handle(input, Timestamp::from_secs(self.start + after_secs), &mut self.rng);
        for effect in effects {
            let Effect::Send { to, bytes } = effect else { continue };
            let envelope: Envelope = serde_json::from_slice(&bytes).unwrap();
            if matches!(envelope.body, Direct::SeatInvite(_)) && to == people::node_key(JUROR) {
                self.sent.push((after_secs, envelope.id));
            }
        }
    }

    fn told(&mut self, after_secs: u64, body: Direct) {
        let bytes = serde_json::to_vec(&Envelope { id: 7, body }).unwrap();
        self.take(after_secs, Input::Message { from: people::node_key(JUROR), bytes });
    }

    /// The first invitation leaves, and the juror has it.
    fn invited() -> Self {
        let mut buyer = Self::new();
        buyer.take(0, Input::Tick);
        let [(0, first)] = buyer.sent[..] else { panic!("{:?}", buyer.sent) };
        buyer.told(1, Direct::Received(first));
        buyer
    }

    fn pass(&mut self, to_secs: u64) {
        (1..to_secs).for_each(|secs| self.take(secs, Input::Tick));
    }
}

#[test]
fn a_juror_that_is_silent_is_invited_again_each_time_after_twice_as_long() {
    let mut buyer = Drawn::invited();
    buyer.pass(15);
    let times: Vec<u64> = buyer.sent.iter().map(|(secs, _)| *secs).collect();
    assert_eq!(times, [0, 2, 6, 14], "two seconds on, then four, then eight");
}

#[test]
fn a_juror_that_has_accepted_is_left_alone() {
    let mut buyer = Drawn::invited();
    let digest = request().digest(&deployment().contracts).0;
    let mut seat = SeatAccepted { request: digest, ..people::panel(N).1 };
    seat.signature = eth(JUROR, seat.typed().digest(&deployment().contracts));
    buyer.told(1, Direct::SeatAccepted(Box::new(seat)));
    buyer.pass(15);
    assert_eq!(buyer.sent.len(), 1, "{:?}", buyer.sent);
}
