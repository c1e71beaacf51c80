//! What a panel judges, and by when: fixed before the first vote, the same for every member.
//!
//! With `n` members and Δ = `relay_ms`, a commitment counts if it arrives before
//! `commit_until + k·Δ` with the relay signatures of `k` members other than its author; the set of
//! commitments closes Δ·(n−1) after `commit_until`. Reveals run the same way from there.
//!
//! Deliberately absent: how a panel was drawn, the evidence itself.

use core::time::Duration;
use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolStruct, sol};
use serde::{Deserialize, Serialize};

use super::tally::Tally;
use crate::{
    clause::Terms,
    did::Did,
    ids::{DealId, MilestoneIndex, PaperId},
    time::Timestamp,
    typed::{Contracts, Typed, Verdict, VoteCommit},
};

/// The durations of one run of a panel, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Δ: the time in which a message reaches every member that is up.
    pub relay_ms: u64,
    /// From the close of the commitments until reveals are due from their authors.
    pub reveal_ms: u64,
    /// From the close of the reveals until the signatures of a quorum must be held.
    pub sign_ms: u64,
}

/// One run of one panel over one milestone of one deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Where the signatures count.
    pub contracts: Contracts,
    /// The deal.
    pub deal: DealId,
    /// Its milestone.
    pub milestone: MilestoneIndex,
    /// 0 for the first panel, 1 for an appeal.
    pub round: u8,
    /// Which judgement of this milestone it is, from 0.
    pub attempt: u8,
    /// The manifest of the evidence that is judged.
    pub evidence: PaperId,
    /// The pact that it is judged by.
    pub pact: PaperId,
    /// How the pact's scores become the seller's share of this milestone; nothing where this juror could
    /// not read the evidence, in which the pact lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// The panel: the accounts of its seats and the identities behind them.
    pub members: BTreeMap<Address, Did>,
    /// Votes that decide.
    pub quorum: u8,
    /// When commitments are due from their authors.
    pub commit_until: Timestamp,
    /// The durations after that.
    pub timing: Timing,
    /// Whether another run follows when this one finds no quorum.
    pub last_run: bool,
}

sol! {
    /// A member has seen another member's commitment or reveal.
    #[derive(Debug, PartialEq, Eq)]
    struct VoteRelay {
        bytes32 subject;
        address author;
    }
}

impl Case {
    /// The place of this run in the sign guard: nothing else may be signed in its name.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}/{}/{}/{}", self.deal, self.milestone.0, self.round, self.attempt)
    }

    /// The digest by which a juror commits to a vote.
    #[must_use]
    pub fn commit_digest(&self, commit: B256) -> B256 {
        let vote = VoteCommit {
            deal: self.deal.word(),
            milestone: self.milestone.0,
            round: self.round,
            attempt: self.attempt,
            commit,
        };
        vote.digest(&self.contracts)
    }

    /// The digest by which a member says that it has seen `subject` by `author`.
    #[must_use]
    pub fn relay_digest(&self, author: Address, subject: B256) -> B256 {
        VoteRelay { subject, author }.eip712_signing_hash(&self.contracts.jury_domain())
    }

    /// The verdict that a tally says.
    #[must_use]
    pub fn verdict(&self, tally: &Tally) -> Verdict {
        Verdict {
            deal: self.deal.word(),
            milestone: self.milestone.0,
            round: self.round,
            attempt: self.attempt,
            sellerBps: tally.seller_share.get(),
            evidence: self.evidence.word(),
            votes: tally.votes,
        }
    }

    /// Until when a commitment counts that carries this many relay signatures.
    #[must_use]
    pub fn commit_until(&self, relays: usize) -> Timestamp {
        self.commit_until.plus(self.relays(relays))
    }

    /// When no commitment can count any more.
    #[must_use]
    pub fn commits_close(&self) -> Timestamp {
        self.commit_until(self.others())
    }

    /// Until when a reveal counts that carries this many relay signatures.
    #[must_use]
    pub fn reveal_until(&self, relays: usize) -> Timestamp {
        let due = self.commits_close().plus(Duration::from_millis(self.timing.reveal_ms));
        due.plus(self.relays(relays))
    }

    /// When no reveal can count any more.
    #[must_use]
    pub fn reveals_close(&self) -> Timestamp {
        self.reveal_until(self.others())
    }

    /// When the run ends without a verdict.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.reveals_close().plus(Duration::from_millis(self.timing.sign_ms))
    }

    fn others(&self) -> usize {
        self.members.len().saturating_sub(1)
    }

    fn relays(&self, relays: usize) -> Duration {
        let relays = u32::try_from(relays.min(self.others())).expect("invariant: panels are small");
        Duration::from_millis(self.timing.relay_ms).saturating_mul(relays)
    }
}
