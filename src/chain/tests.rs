//! The promises of the chain service, each shown on a real anvil.

use std::{collections::BTreeSet, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, address, keccak256},
    signers::SignerSync,
};
use nuncio_protocol::{
    block::Level,
    ids::{IntentId, TxHash},
    journal::{
        Call, ChainView, Journal, JournalEvent, Outcome, Standing,
        fees::{FeePolicy, GasPrice, Wei},
        wants::{Want, WantKey},
    },
    typed::EthSignature,
};
use tokio::sync::mpsc;

use super::{envelope, *};

pub(crate) mod anvil;
mod deploy;

use anvil::{Anvil, Lie, Proxy, dev_key};

/// Writes its first argument as a topic; reverts without argument.
const SPEAKER: Address = address!("0x00000000000000000000000000000000000a11ce");
const SPEAKER_CODE: &str = "0x36600857600080fd5b60003560006000a100";

fn say(topic: u8) -> Call {
    Call { to: SPEAKER, data: Bytes::copy_from_slice(B256::repeat_byte(topic).as_slice()) }
}

fn config(urls: Vec<String>) -> ChainConfig {
    let release = keccak256(SPEAKER_CODE.parse::<Bytes>().unwrap());
    let speaker = Contract { name: "Speaker".into(), address: SPEAKER, release, allowed: BTreeSet::new() };
    ChainConfig {
        urls,
        chain_id: 31337,
        contracts: vec![speaker],
        accounts: vec![dev_key().address()],
        start: 0,
        poll: Duration::from_millis(50),
    }
}

/// A node without everything but its journal: performs what is wanted and records what is told.
struct Desk {
    chain: Chain,
    events: mpsc::Receiver<Notice>,
    journal: Journal,
    view: ChainView,
    told: Vec<Notice>,
    under_way: BTreeSet<WantKey>,
}

impl Desk {
    async fn open(config: ChainConfig, policy: FeePolicy) -> Self {
        let (sender, events) = mpsc::channel(64);
        let chain = Chain::start(config, sender).await.unwrap();
        let price = GasPrice { base: Wei(0), tip: Wei(0) };
        Self {
            chain,
            events,
            journal: Journal::new(31337, policy),
            view: ChainView { head: 0, price, nonce_final: 0 },
            told: Vec::new(),
            under_way: BTreeSet::new(),
        }
    }

    fn take(&mut self, events: Vec<JournalEvent>) {
        for event in events {
            self.journal.apply(&event);
        }
        let wants = self.journal.wants(self.view);
        // As the node does: what is not wanted any more may be wanted again.
        let keys: BTreeSet<WantKey> = wants.iter().map(Want::key).collect();
        self.under_way.retain(|key| keys.contains(key));
        for want in wants {
            if self.under_way.insert(want.key()) {
                self.perform(want);
            }
        }
    }

    fn intend(&mut self, n: u8) {
        let events = self.journal.on_intend(IntentId([n; 32]), say(n), "a test");
        self.take(events);
    }

    fn perform(&mut self, want: Want) {
        match want {
            Want::Prepare { intent, call } => self.chain.prepare(intent, dev_key().address(), call),
            Want::Sign { intent, transaction, .. } => {
                let signature = dev_key().sign_hash_sync(&envelope::unsigned(&transaction)).unwrap();
                let signature = EthSignature(signature.as_bytes());
                let (hash, raw) = envelope::assemble(&transaction, dev_key().address(), &signature).unwrap();
                let events = self.journal.on_signed(intent, hash, raw);
                self.take(events);
            }
            Want::Broadcast { hash, raw, .. } => self.chain.broadcast(hash, raw),
            Want::Track { hashes, .. } => self.chain.track(hashes),
            Want::Trace { nonce, .. } => self.chain.trace(dev_key().address(), nonce),
        }
    }

    fn hear(&mut self, notice: Notice) {
        let events = match notice.clone() {
            Notice::Heads { heads, price, .. } => {
                self.view.head = heads.latest.mark.number;
                self.view.price = price;
                self.journal.on_head(self.view)
            }
            Notice::Account { nonce_final, .. } => {
                self.view.nonce_final = nonce_final;
                Vec::new()
            }
            Notice::Prepared { intent, result } => self.journal.on_prepared(intent, result),
            Notice::HandedOver { hash, answer, head } => self.journal.on_handover(hash, &answer, head),
            Notice::Included(found) => self.journal.on_inclusion(found),
            Notice::Gone { hash, block } => self.journal.on_gone(hash, block),
            Notice::Spent { nonce, by, .. } => self.journal.on_spent(nonce, by),
            Notice::Logged { .. }
            | Notice::Dropped { .. }
            | Notice::RpcDown { .. }
            | Notice::RpcUp { .. }
            | Notice::Struck { .. } => Vec::new(),
        };
        self.told.push(notice);
        self.take(events);
    }

    /// Hears notices until the condition holds.
    async fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(120), async {
            while !holds(self) {
                let notice = self.events.recv().await.expect("the service runs");
                self.hear(notice);
            }
        });
        if waited.await.is_err() {
            let tail = &self.told[self.told.len().saturating_sub(12)..];
            panic!("waited in vain until {what}; last told: {tail:#?}");
        }
    }

    /// Hears what comes in a while, so that what a new head asks for is signed and handed over.
    async fn rest(&mut self) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        while let Ok(notice) = self.events.try_recv() {
            self.hear(notice);
        }
    }

    /// Mines a block, hears of it, and leaves time for what it asks for.
    async fn mine(&mut self, anvil: &Anvil) {
        anvil.mine(1).await;
        let head = anvil.head().await;
        self.until("the head is told", |desk| desk.view.head >= head).await;
        self.rest().await;
    }

    /// Mines until the condition holds; a slow machine takes more blocks.
    async fn mine_until(&mut self, anvil: &Anvil, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + Duration::from_secs(120);
        while !holds(self) {
            assert!(tokio::time::Instant::now() < end, "mined in vain until {what}: {:?}", self.standing(1));
            self.mine(anvil).await;
        }
    }

    fn standing(&self, n: u8) -> Standing {
        self.journal.standing(IntentId([n; 32])).unwrap()
    }

    fn level(&self, n: u8) -> Option<(Level, Outcome)> {
        let Standing::Mined { level, outcome, .. } = self.standing(n) else { return None };
        Some((level, outcome))
    }

    fn hash(&self, n: u8) -> TxHash {
        let Standing::Mined { hash, .. } = self.standing(n) else { panic!("it is not mined") };
        hash
    }

    fn topics(&self) -> Vec<B256> {
        let logs = self.told.iter().filter_map(|notice| {
            let Notice::Logged { logs, .. } = notice else { return None };
            Some(logs)
        });
        logs.flatten().map(|log| log.topics[0]).collect()
    }
}

#[tokio::test]
async fn an_intent_becomes_a_final_transaction_and_its_log_is_told_once() {
    let anvil = Anvil::start(&["--block-time", "1", "--slots-in-an-epoch", "1"]).await;
    let mut desk = Desk::open(config(vec![anvil.url()]), FeePolicy::default()).await;
    desk.intend(1);
    desk.intend(2);
    desk.until("both are final", |desk| {
        [1, 2].iter().all(|n| desk.level(*n) == Some((Level::Final, Outcome::Done)))
    })
    .await;
    assert_eq!(desk.topics(), [B256::repeat_byte(1), B256::repeat_byte(2)]);
    let heads = desk.told.iter().filter_map(|notice| {
        let Notice::Heads { heads, final_time, .. } = notice else { return None };
        Some((*heads, *final_time))
    });
    for (heads, final_time) in heads {
        assert!(final_time <= heads.latest.time);
        assert!(heads.finalized.number <= heads.safe.number);
        assert!(heads.safe.number <= heads.latest.mark.number);
    }
    assert_eq!(anvil.nonce(dev_key().address()).await, 2);
}

#[tokio::test]
async fn a_call_that_reverts_is_refused_before_anything_is_signed() {
    let anvil = Anvil::start(&["--block-time", "1"]).await;
    let mut desk = Desk::open(config(vec![anvil.url()]), FeePolicy::default()).await;
    let silent = Call { to: SPEAKER, data: Bytes::new() };
    let events = desk.journal.on_intend(IntentId([1; 32]), silent, "a test");
    desk.take(events);
    desk.until("it is refused", |desk| matches!(desk.standing(1), Standing::Refused { .. })).await;
    assert_eq!(anvil.nonce(dev_key().address()).await, 0);
}

#[tokio::test]
async fn another_chain_id_is_named_with_both_ids() {
    let anvil = Anvil::start(&["--chain-id", "4242"]).await;
    let (sender, _events) = mpsc::channel(8);
    let error = Chain::start(config(vec![anvil.url()]), sender).await.unwrap_err();
    assert!(
        matches!(error, ChainError::WrongChain { expected: 31337, actual: 4242, .. }),
        "{error}: {}",
        error.hint()
    );
}

#[tokio::test]
async fn a_contract_that_is_missing_or_another_is_named() {
    let anvil = Anvil::start(&[]).await;
    let (sender, _events) = mpsc::channel(8);
    let mut wrong = config(vec![anvil.url()]);
    let actual = std::mem::take(&mut wrong.contracts[0].release);
    let error = Chain::start(wrong.clone(), sender.clone()).await.unwrap_err();
    assert!(matches!(error, ChainError::WrongCode { actual: told, .. } if told == actual), "{error}");
    // Only the principal's own configuration makes it right.
    wrong.contracts[0].allowed.insert(actual);
    Chain::start(wrong.clone(), sender.clone()).await.unwrap();
    wrong.contracts[0].address = Address::repeat_byte(9);
    let error = Chain::start(wrong, sender).await.unwrap_err();
    assert!(matches!(&error, ChainError::NoCode { contract, .. } if contract.name == "Speaker"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_goes_down_is_told_once_and_everything_goes_on_when_it_is_back() {
    let anvil = Anvil::start(&["--block-time", "1", "--slots-in-an-epoch", "1"]).await;
    let proxy = Proxy::before(&anvil).await;
    let mut desk = Desk::open(config(vec![proxy.url()]), FeePolicy::default()).await;
    desk.until("there are heads", |desk| desk.view.head > 0).await;
    proxy.tell(Lie::Down);
    desk.until("it is down", |desk| matches!(desk.told.last(), Some(Notice::RpcDown { .. }))).await;
    desk.intend(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(desk.standing(1), Standing::Intended);
    proxy.tell(Lie::None);
    desk.until("the intent is safe", |desk| desk.level(1).is_some_and(|(level, _)| level >= Level::Safe))
        .await;
    let downs = desk.told.iter().filter(|notice| matches!(notice, Notice::RpcDown { .. })).count();
    let ups = desk.told.iter().filter(|notice| matches!(notice, Notice::RpcUp { .. })).count();
    assert_eq!((downs, ups), (1, 1));
}

#[tokio::test]
async fn a_service_may_start_before_its_endpoint_and_waits_for_it() {
    let anvil = Anvil::start(&["--block-time", "1"]).await;
    let proxy = Proxy::before(&anvil).await;
    proxy.tell(Lie::Down);
    let mut desk = Desk::open(config(vec![proxy.url()]), FeePolicy::default()).await;
    desk.until("it is down", |desk| matches!(desk.told.last(), Some(Notice::RpcDown { .. }))).await;
    proxy.tell(Lie::None);
    desk.until("there are heads", |desk| desk.view.head > 0).await;
}

#[tokio::test]
async fn a_reorg_is_told_before_the_new_branch_and_the_same_bytes_are_mined_again() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let policy = FeePolicy { bump_after: 1000, resend_after: 1, ..FeePolicy::default() };
    let mut desk = Desk::open(config(vec![anvil.url()]), policy).await;
    anvil.mine(2).await;
    desk.intend(1);
    desk.until("it is sent", |desk| desk.standing(1) == Standing::Sent).await;
    anvil.mine(1).await;
    desk.until("it is seen", |desk| desk.level(1).is_some()).await;
    let (hash, first) = (desk.hash(1), desk.standing(1));

    anvil.reorg(1).await;
    desk.until("it is gone", |desk| desk.level(1).is_none()).await;
    let dropped = desk.told.iter().position(|notice| matches!(notice, Notice::Dropped { .. }));
    let gone = desk.told.iter().position(|notice| matches!(notice, Notice::Gone { .. }));
    assert!(dropped.is_some() && dropped < gone, "{dropped:?} {gone:?}");

    desk.mine_until(&anvil, "the same bytes are mined again", |desk| desk.level(1).is_some()).await;
    assert_eq!(desk.hash(1), hash);
    assert_ne!(desk.standing(1), first);
    assert_eq!(desk.topics(), [B256::repeat_byte(1); 2]);
}

#[tokio::test]
async fn a_stuck_transaction_pays_more_until_a_block_takes_it() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let policy = FeePolicy { cap: Wei(500_000_000_000), bump_after: 2, resend_after: 50 };
    let mut desk = Desk::open(config(vec![anvil.url()]), policy).await;
    anvil.mine(1).await;
    desk.until("there are heads", |desk| desk.view.head > 0).await;
    desk.intend(1);
    desk.until("it is sent", |desk| desk.standing(1) == Standing::Sent).await;

    for _ in 0..2 {
        anvil.base_fee(20_000_000_000).await;
        desk.mine(&anvil).await;
        assert_eq!(desk.level(1), None, "it was not stuck");
    }
    desk.mine_until(&anvil, "a block takes it", |desk| desk.level(1).is_some()).await;
    assert_eq!(anvil.nonce(dev_key().address()).await, 1);
    let versions = desk.told.iter().filter(|notice| matches!(notice, Notice::HandedOver { .. })).count();
    assert!(versions >= 2, "{versions} versions");
}

#[tokio::test]
async fn a_nonce_taken_by_somebody_else_is_proven_before_anything_counts_as_lost() {
    let anvil = Anvil::start(&["--no-mining", "--slots-in-an-epoch", "1"]).await;
    let mut desk = Desk::open(config(vec![anvil.url()]), FeePolicy::default()).await;
    anvil.mine(3).await;
    desk.until("there are heads", |desk| desk.view.head >= 3).await;
    let foreign = anvil.send_as(dev_key().address(), &say(9)).await;
    desk.intend(1);
    desk.until("nobody knows", |desk| desk.standing(1) == Standing::Unknown).await;
    for _ in 0..6 {
        anvil.mine(1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    desk.until("it is lost", |desk| matches!(desk.standing(1), Standing::Lost { .. })).await;
    assert_eq!(desk.standing(1), Standing::Lost { by: foreign });
    assert!(desk.journal.alarm().is_some());
}

#[tokio::test]
async fn one_endpoint_of_three_that_lies_about_logs_or_is_down_changes_nothing() {
    let anvil = Anvil::start(&["--block-time", "1", "--slots-in-an-epoch", "1"]).await;
    let liar = Proxy::before(&anvil).await;
    liar.tell(Lie::NoLogs);
    let [first, second] = [Proxy::before(&anvil).await, Proxy::before(&anvil).await];
    let urls = vec![liar.url(), first.url(), second.url()];
    let mut desk = Desk::open(config(urls), FeePolicy::default()).await;
    desk.intend(1);
    desk.until("it is final", |desk| desk.level(1) == Some((Level::Final, Outcome::Done))).await;
    desk.until("its log is told", |desk| desk.topics() == [B256::repeat_byte(1)]).await;
    first.tell(Lie::Down);
    liar.tell(Lie::None);
    desk.intend(2);
    desk.until("the next is final", |desk| desk.level(2) == Some((Level::Final, Outcome::Done))).await;
}

#[tokio::test]
async fn one_endpoint_of_three_is_not_enough_for_safe() {
    let anvil = Anvil::start(&["--block-time", "1", "--slots-in-an-epoch", "1"]).await;
    let proxies = [Proxy::before(&anvil).await, Proxy::before(&anvil).await];
    let urls = vec![anvil.url(), proxies[0].url(), proxies[1].url()];
    let mut desk = Desk::open(config(urls), FeePolicy::default()).await;
    desk.until("there are heads", |desk| desk.view.head > 0).await;
    proxies.iter().for_each(|proxy| proxy.tell(Lie::Down));
    desk.until("two are down", |desk| {
        desk.told.iter().filter(|notice| matches!(notice, Notice::RpcDown { .. })).count() == 2
    })
    .await;
    let heads = desk.view.head;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    while let Ok(notice) = desk.events.try_recv() {
        desk.hear(notice);
    }
    assert!(desk.view.head <= heads + 1, "heads moved on one endpoint's word");
}

#[tokio::test]
async fn old_logs_are_read_from_the_block_that_is_asked_for_on() {
    let anvil = Anvil::start(&["--no-mining", "--slots-in-an-epoch", "1"]).await;
    let mut numbers = Vec::new();
    for n in 1..=5 {
        anvil.send_as(dev_key().address(), &say(n)).await;
        anvil.mine(1).await;
        numbers.push(anvil.head().await);
    }
    anvil.mine(4).await;
    let from = ChainConfig { start: numbers[2], ..config(vec![anvil.url()]) };
    let mut desk = Desk::open(from, FeePolicy::default()).await;
    desk.until("there are heads", |desk| desk.view.head > 0).await;
    assert_eq!(desk.topics(), [3, 4, 5].map(B256::repeat_byte));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let flood = anvil::flood().await;
    let rpc = Rpc::new(&transport::bounded_client().unwrap(), &flood).unwrap();
    let error = rpc.chain_id().await.unwrap_err();
    assert!(matches!(&error, RpcError::Silent(why) if why.contains("longer than")), "{error}");
}

#[tokio::test]
async fn a_view_is_read_and_its_refusal_is_read_too() {
    let anvil = Anvil::start(&[]).await;
    let (sender, _events) = mpsc::channel(8);
    let chain = Chain::start(config(vec![anvil.url()]), sender).await.unwrap();
    assert_eq!(chain.read(&say(1)).await, Ok(Bytes::new()));
    let refused = chain.read(&Call { to: SPEAKER, data: Bytes::new() }).await;
    assert!(matches!(refused, Err(RpcError::Reverted(_))), "{refused:?}");
}
