//! What an observation means for the journal: none of these change it, they name the events.
//!
//! Every observation may come late, twice, out of order or not at all. An observation that says
//! nothing new gives no event.

use alloy_primitives::{Bytes, keccak256};

use super::{
    Call, ChainView, Journal, JournalEvent, Level, Mark, Outcome, Passage, Place, Stage, Step,
    fees::{GAS_LIMIT_MAX, GasPrice},
};
use crate::ids::{IntentId, TxHash};

/// How much of an endpoint's words is kept, in characters.
const SAID_MAX: usize = 200;

/// A simulation that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// `eth_estimateGas`.
    pub gas: u64,
    /// What gas costs.
    pub price: GasPrice,
    /// The account's number of mined transactions: a hint that only the first nonce needs.
    pub nonce: u64,
}

/// What an endpoint said to signed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// It has them now, or had them already.
    Taken,
    /// Anything else, in its own words: no answer, too little coin, fees too low, nonce spent.
    /// None of them proves that no endpoint ever had the bytes.
    Unclear(String),
}

/// Where a transaction was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Which transaction.
    pub hash: TxHash,
    /// The canonical block that holds it.
    pub block: Mark,
    /// What it did.
    pub outcome: Outcome,
    /// How far that block can be trusted.
    pub level: Level,
}

impl Journal {
    /// Intends an act. The same id is the same act: nothing is done twice, whoever asks again;
    /// only a refused act, for which nothing was ever signed, is tried again.
    #[must_use]
    pub fn on_intend(&self, intent: IntentId, call: Call, why: &str) -> Vec<JournalEvent> {
        let known = self.by_intent.get(&intent).map(|&index| &self.entries[index].stage);
        match known {
            None | Some(Stage::Refused { .. }) => one(intent, Step::Intended { call, why: why.to_owned() }),
            Some(Stage::Intended | Stage::InLane(_)) => Vec::new(),
        }
    }

    /// A simulation came back: `Err` holds the reason that the contract, or the endpoint, gave.
    #[must_use]
    pub fn on_prepared(&self, intent: IntentId, result: Result<Quote, String>) -> Vec<JournalEvent> {
        if self.next_to_prepare().is_none_or(|entry| entry.intent != intent) {
            return Vec::new();
        }
        let quote = match result {
            Ok(quote) => quote,
            Err(reason) => {
                let reason = reason.chars().take(SAID_MAX).collect();
                return one(intent, Step::Refused { reason });
            }
        };
        let Some(gas_limit) = self.policy.gas_limit(quote.gas) else {
            let reason = format!("needs {} gas, a transaction may use {GAS_LIMIT_MAX}", quote.gas);
            return one(intent, Step::Refused { reason });
        };
        let nonce = self.next.unwrap_or_default().max(quote.nonce);
        one(intent, Step::Prepared { nonce, gas_limit, fees: self.policy.first(quote.price) })
    }

    /// The signed bytes of the version that was asked for. Bytes that do not hash to `hash` are
    /// nobody's transaction and give no event.
    #[must_use]
    pub fn on_signed(&self, intent: IntentId, hash: TxHash, raw: Bytes) -> Vec<JournalEvent> {
        let waiting = self.passage(intent).is_some_and(|passage| passage.unsigned.is_some());
        if !waiting || keccak256(&raw) != hash.word() {
            return Vec::new();
        }
        one(intent, Step::Signed { hash, raw })
    }

    /// What became of handing a version over while the newest block was `head`.
    #[must_use]
    pub fn on_handover(&self, hash: TxHash, answer: &Handover, head: u64) -> Vec<JournalEvent> {
        let Some((intent, passage)) = self.passage_of(hash) else { return Vec::new() };
        if !passage.is_open() {
            return Vec::new();
        }
        match answer {
            Handover::Taken => one(intent, Step::Sent { hash, head }),
            Handover::Unclear(said) => {
                let said = said.chars().take(SAID_MAX).collect();
                one(intent, Step::Unknown { hash, head, said })
            }
        }
    }

    /// A transaction stands in a block of the canonical chain.
    #[must_use]
    pub fn on_inclusion(&self, found: Inclusion) -> Vec<JournalEvent> {
        let Inclusion { hash, block, outcome, level } = found;
        let Some((intent, passage)) = self.passage_of(hash) else { return Vec::new() };
        let known = match passage.place {
            Place::Waiting | Place::Unknown => None,
            Place::Lost { .. } => return Vec::new(),
            Place::Mined { hash: at, block: was, level: known, .. } => {
                if level < known {
                    return Vec::new();
                }
                (at == hash && was == block).then_some(known)
            }
        };
        let mut events = Vec::new();
        if known.is_none() {
            events.push(JournalEvent { intent, step: Step::Seen { hash, block, outcome } });
        }
        match level {
            Level::Seen => {}
            Level::Safe if known < Some(Level::Safe) => {
                events.push(JournalEvent { intent, step: Step::Safe { hash, block } });
            }
            Level::Final if known < Some(Level::Final) => {
                events.push(JournalEvent { intent, step: Step::Final { hash, block } });
            }
            Level::Safe | Level::Final => {}
        }
        events
    }

    /// The block that held a transaction is not part of the chain any more.
    #[must_use]
    pub fn on_gone(&self, hash: TxHash, block: Mark) -> Vec<JournalEvent> {
        let Some((intent, passage)) = self.passage_of(hash) else { return Vec::new() };
        match passage.place {
            Place::Mined { hash: at, block: was, level: Level::Seen | Level::Safe, .. }
                if at == hash && was == block =>
            {
                one(intent, Step::Unseen { hash })
            }
            Place::Mined { .. } | Place::Waiting | Place::Unknown | Place::Lost { .. } => Vec::new(),
        }
    }

    /// The proof that a nonce is finally spent: `by` is the transaction that holds it under `finalized`.
    ///
    /// If it is one of ours, its inclusion is on the way and nothing is lost.
    #[must_use]
    pub fn on_spent(&self, nonce: u64, by: TxHash) -> Vec<JournalEvent> {
        if self.owner(by).is_some() {
            return Vec::new();
        }
        let holder = self.passages().find(|(_, _, passage)| passage.nonce == nonce);
        let Some((intent, _, passage)) = holder else { return Vec::new() };
        match passage.place {
            Place::Waiting | Place::Unknown => one(intent, Step::Lost { by }),
            Place::Mined { .. } | Place::Lost { .. } => Vec::new(),
        }
    }

    /// A new block: whoever is first in the lane and waited too long offers more.
    ///
    /// Only the first: those behind wait for it, not for the price.
    #[must_use]
    pub fn on_head(&self, view: ChainView) -> Vec<JournalEvent> {
        let first = self
            .passages()
            .filter(|(_, _, passage)| passage.is_open())
            .min_by_key(|(_, _, passage)| passage.nonce);
        let Some((intent, _, passage)) = first else { return Vec::new() };
        if view.nonce_final > passage.nonce || !self.waited_too_long(passage, view.head) {
            return Vec::new();
        }
        let last = passage.versions.last().expect("a version that waited was signed");
        match self.policy.raised(last.fees, view.price) {
            Some(fees) => one(intent, Step::Replaced { fees }),
            None => Vec::new(),
        }
    }

    /// A person has looked at the alarm; the lane may go on.
    #[must_use]
    pub fn on_acknowledge(&self, intent: IntentId) -> Vec<JournalEvent> {
        match self.alarm() {
            Some((alarmed, _)) if alarmed == intent => one(intent, Step::Acknowledged),
            Some(_) | None => Vec::new(),
        }
    }

    fn waited_too_long(&self, passage: &Passage, head: u64) -> bool {
        if passage.unsigned.is_some() {
            return false;
        }
        let since = passage.versions.last().and_then(|version| version.since);
        since.is_some_and(|since| head >= since.saturating_add(self.policy.bump_after))
    }
}

fn one(intent: IntentId, step: Step) -> Vec<JournalEvent> {
    vec![JournalEvent { intent, step }]
}
