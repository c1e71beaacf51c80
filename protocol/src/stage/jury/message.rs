//! What jurors say to each other, directly, and what is wrong with what they say.
//!
//! Every message proves itself: it counts whoever brings it. A relay signature says "I have seen
//! this by that author" and lets a message count that is late for a message from its author.
//!
//! Deliberately absent: transport, and who is connected to whom.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::{
    document::{Ballot, Document},
    ids::{DealId, MilestoneIndex},
    misconduct::Misconduct,
    money::Bps,
    time::Timestamp,
    typed::EthSignature,
};

/// Signatures of members that have seen something, by member.
pub type Relays = BTreeMap<Address, EthSignature>;

/// The run that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunId {
    /// The deal.
    pub deal: DealId,
    /// Its milestone.
    pub milestone: MilestoneIndex,
    /// 0 for the first panel, 1 for an appeal.
    pub round: u8,
    /// Which judgement of this milestone it is.
    pub attempt: u8,
}

/// A message between two jurors of one panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JuryMessage {
    /// The run that it belongs to.
    pub run: RunId,
    /// What it says.
    pub body: JuryBody,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case", deny_unknown_fields)]
pub enum JuryBody {
    /// A member has voted, and cannot change it any more.
    Commit {
        /// The member.
        author: Address,
        /// What it signed.
        signed: SignedCommit,
        /// Who else has seen it.
        relays: Relays,
    },
    /// What a member's vote is.
    Reveal {
        /// The member.
        author: Address,
        /// Its ballot, whose id it committed to.
        ballot: Document<Ballot>,
        /// Who else has seen it.
        relays: Relays,
    },
    /// A member's signature of the one verdict.
    Verdict(SignedVerdict),
}

/// A commitment with its author's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCommit {
    /// The commitment.
    pub commit: B256,
    /// Over the `VoteCommit` with it.
    pub signature: EthSignature,
}

/// A verdict's own fields with a member's signature; the run gives the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedVerdict {
    /// The seller's share.
    pub seller_share: Bps,
    /// The hash over all commitments and reveals.
    pub votes: B256,
    /// Over the `Verdict` with both.
    pub signature: EthSignature,
}

/// Two signatures by one member where the rules allow one: the stake is lost on this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum Equivocation {
    /// Two commitments in one run.
    Commits {
        /// The one seen first.
        first: SignedCommit,
        /// The other.
        second: SignedCommit,
    },
    /// Two verdicts in one run.
    Verdicts {
        /// The one seen first.
        first: SignedVerdict,
        /// The other.
        second: SignedVerdict,
    },
}

/// Says why a message or a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JuryFault {
    /// It belongs to another deal, milestone, round or attempt.
    #[error("a message for another run: {0:?}")]
    OtherRun(RunId),
    /// Its author, or one who relays it, is not on the panel.
    #[error("{0} is not on this panel")]
    NotAMember(Address),
    /// A signature is not by the one in whose name it stands.
    #[error("the signature in the name of {0} is not its own")]
    WrongSignature(Address),
    /// An author vouches for its own message, which says nothing.
    #[error("{0} relays its own message")]
    RelaysItself(Address),
    /// The ballot is not one that its author has committed to, as far as we know.
    #[error("{0} reveals what it has not committed to")]
    NotCommitted(Address),
    /// The ballot is for another run, of another juror, or names clauses that do not apply.
    #[error("the ballot of {0} does not belong here")]
    ForeignBallot(Address),
    /// It came too late for the relays it carries.
    #[error("came at {at} with {relays} relays, due before {until}")]
    Late {
        /// When it came.
        at: Timestamp,
        /// Until when it would have counted.
        until: Timestamp,
        /// The relay signatures it carries.
        relays: usize,
    },
    /// Two commitments of this author are known already; it is out of this run whatever it sends.
    #[error("{0} has committed twice already")]
    CommittedTwice(Address),
    /// A vote or a signature was handed over that nothing waits for.
    #[error("nothing waits for this: {0}")]
    NotWanted(String),
}

impl JuryFault {
    /// How the sender broke a rule; nothing where it may be late, or we may be.
    #[must_use]
    pub fn misconduct(&self) -> Option<Misconduct> {
        match self {
            Self::NotAMember(_) => Some(Misconduct::NotAMember { what: "vote".into() }),
            Self::WrongSignature(_) => Some(Misconduct::bad_signature("vote")),
            Self::RelaysItself(_) => Some(Misconduct::malformed("vote")),
            Self::ForeignBallot(_) => Some(Misconduct::WrongDomain { what: "ballot".into() }),
            Self::NotCommitted(_)
            | Self::OtherRun(_)
            | Self::Late { .. }
            | Self::CommittedTwice(_)
            | Self::NotWanted(_) => None,
        }
    }
}
