//! The acts whose outcome is not recorded yet.
//!
//! Each has a key that stays the same until its outcome is recorded, so that whoever performs them
//! can leave out what is under way. Doing one twice is harmless: simulating reads, signing the
//! same digest gives the same transaction, handing over the same bytes is one transaction, and
//! tracking reads.

use alloy_primitives::Bytes;

use super::{Call, ChainView, Entry, Journal, Passage, Stage, Transaction};
use crate::ids::{IntentId, TxHash};

/// An act that the journal asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Simulate the call against the newest block: a quote or a reason why not.
    Prepare { intent: IntentId, call: Call },
    /// Sign this transaction; `version` counts the versions for its nonce from 0.
    Sign { intent: IntentId, version: usize, transaction: Transaction },
    /// Hand these bytes over. `turn` is the head at the last handover of the same bytes.
    Broadcast { intent: IntentId, hash: TxHash, raw: Bytes, turn: Option<u64> },
    /// Find out which of these hashes stands in which block, again at every head until it is final.
    Track { intent: IntentId, hashes: Vec<TxHash> },
    /// Find the transaction that holds this nonce under `finalized`.
    Trace { intent: IntentId, nonce: u64 },
}

/// What stays the same while a want is the same want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WantKey {
    /// Of [`Want::Prepare`].
    Prepare(IntentId),
    /// Of [`Want::Sign`].
    Sign(IntentId, usize),
    /// Of [`Want::Broadcast`].
    Broadcast(TxHash, Option<u64>),
    /// Of [`Want::Track`]: the number of versions is part of it.
    Track(IntentId, usize),
    /// Of [`Want::Trace`].
    Trace(IntentId),
}

impl Want {
    /// The key under which this want is the same want.
    #[must_use]
    pub fn key(&self) -> WantKey {
        match self {
            Self::Prepare { intent, .. } => WantKey::Prepare(*intent),
            Self::Sign { intent, version, .. } => WantKey::Sign(*intent, *version),
            Self::Broadcast { hash, turn, .. } => WantKey::Broadcast(*hash, *turn),
            Self::Track { intent, hashes } => WantKey::Track(*intent, hashes.len()),
            Self::Trace { intent, .. } => WantKey::Trace(*intent),
        }
    }
}

impl Journal {
    /// All acts without a recorded outcome, in the order of the lane.
    #[must_use]
    pub fn wants(&self, view: ChainView) -> Vec<Want> {
        let halted = self.alarm().is_some();
        let mut wants = Vec::new();
        for (intent, call, passage) in self.passages() {
            if passage.is_open() {
                self.want_for(&mut wants, (intent, call, passage), view, halted);
            }
            if passage.is_tracked() {
                let hashes = passage.versions.iter().map(|version| version.hash).collect();
                wants.push(Want::Track { intent, hashes });
            }
        }
        if let Some(entry) = self.next_to_prepare() {
            wants.push(Want::Prepare { intent: entry.intent, call: entry.call.clone() });
        }
        wants
    }

    /// The first intent without a nonce, once everything before it was seen and nothing is wrong.
    pub(super) fn next_to_prepare(&self) -> Option<&Entry> {
        if self.alarm().is_some() || self.passages().any(|(_, _, passage)| passage.is_open()) {
            return None;
        }
        self.entries.iter().find(|entry| matches!(entry.stage, Stage::Intended))
    }

    fn want_for(
        &self,
        wants: &mut Vec<Want>,
        (intent, call, passage): (IntentId, &Call, &Passage),
        view: ChainView,
        halted: bool,
    ) {
        if view.nonce_final > passage.nonce {
            wants.push(Want::Trace { intent, nonce: passage.nonce });
            return;
        }
        if let Some(fees) = passage.unsigned.filter(|_| !halted) {
            let transaction = Transaction {
                chain: self.chain,
                nonce: passage.nonce,
                gas_limit: passage.gas_limit,
                fees,
                call: call.clone(),
            };
            wants.push(Want::Sign { intent, version: passage.versions.len(), transaction });
        }
        let Some(newest) = passage.versions.last() else { return };
        let due = newest.last.is_none_or(|last| view.head >= last.saturating_add(self.policy.resend_after));
        if due {
            let (hash, raw, turn) = (newest.hash, newest.raw.clone(), newest.last);
            wants.push(Want::Broadcast { intent, hash, raw, turn });
        }
    }
}

impl Passage {
    /// Whether a signed version may still change its place.
    const fn is_tracked(&self) -> bool {
        !self.is_over() && !self.versions.is_empty()
    }
}
