//! Every way in which a counterparty can break the rules, by name.
//!
//! One enum feeds the log, the decision record, the counters and the reply to the peer. A fault that
//! has no name here cannot be counted, so there is no general variant.
//!
//! Deliberately absent: our own errors, and anything a peer said (names and numbers only).

use serde::{Deserialize, Serialize};

use crate::canonical::EncodingError;

/// A peer's breach of the rules, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Misconduct {
    /// Bytes that are not a message of the protocol: bad JSON, an unknown field, a duplicate key.
    #[error("malformed {what}")]
    Malformed {
        /// Which message it should have been.
        what: String,
    },
    /// A message above its bound.
    #[error("{what} of {size} bytes, at most {limit} are taken")]
    Oversized {
        /// Which message it should have been.
        what: String,
        /// Bytes received.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A signature that does not verify, or not for the key that the role names.
    #[error("signature on {what} does not verify")]
    BadSignature {
        /// What was signed.
        what: String,
    },
    /// A document for another chain, contract or signature domain.
    #[error("{what} is for another domain")]
    WrongDomain {
        /// Which document.
        what: String,
    },
    /// An announcement that is expired, or older than one already held.
    #[error("stale announcement: sequence {got}, already at {held}")]
    StaleAnnouncement {
        /// The sequence number received.
        got: u64,
        /// The newest one held.
        held: u64,
    },
    /// An acceptance that names an offer which is not the head.
    #[error("acceptance of a head that is not current")]
    StaleAccept,
    /// Two different digests signed for one slot by one key.
    #[error("two digests for the slot {slot}")]
    SecondDigest {
        /// The slot's name.
        slot: String,
    },
    /// A handshake that names an NDA which is not in force between the two.
    #[error("handshake under an NDA that is not in force here")]
    WrongNda,
    /// A handshake or frame that does not decrypt under the session's keys.
    #[error("session bytes do not decrypt")]
    BadCipher,
    /// A frame out of turn, or a second answer to one offer.
    #[error("frame out of turn")]
    OutOfTurn,
    /// A frame whose category the NDA does not allow.
    #[error("disclosure outside the NDA's scope: {category}")]
    OutOfScope {
        /// The category of the frame.
        category: String,
    },
    /// A frame that carries more than its category says.
    #[error("a frame that says {said} and carries {carried}")]
    Mislabelled {
        /// The category of the frame.
        said: String,
        /// The category of what it carries.
        carried: String,
    },
    /// A frame of a category above the offer class without a signature of its own.
    #[error("an unsigned frame of the category {category}")]
    Unsigned {
        /// The category of the frame.
        category: String,
    },
    /// More frames without a signed checkpoint than are read.
    #[error("{unsigned} frames without a checkpoint")]
    NoCheckpoint {
        /// How many.
        unsigned: u64,
    },
    /// A checkpoint over other bytes than were exchanged.
    #[error("checkpoint over a different transcript")]
    WrongCheckpoint,
    /// A panel that does not follow from the request, the beacon and the seats.
    #[error("panel does not recompute")]
    WrongPanel,
    /// A panel request with rounds that are already known or too close.
    #[error("panel request for round {round}, the earliest allowed is {earliest}")]
    StaleRound {
        /// The round asked for.
        round: u64,
        /// The earliest that was allowed.
        earliest: u64,
    },
    /// A drawn panel that the peer would not take.
    #[error("refused a drawn panel")]
    PanelRefused,
    /// An acceptance that was not confirmed in its time.
    #[error("did not confirm an acceptance")]
    NotConfirmed,
    /// An acceptance of terms that wait for a principal.
    #[error("accepted before the principals had their time")]
    NotHeld,
    /// A step towards a deal while the peer is paused for not confirming.
    #[error("paused for not confirming")]
    Paused,
    /// A pact that nobody could judge safely.
    #[error("clause {clause} cannot be judged: {why}")]
    Unjudgeable {
        /// The clause.
        clause: String,
        /// What is wrong with it.
        why: String,
    },
    /// A verdict, vote or signature by someone who is not a member of the panel.
    #[error("{what} by a non-member")]
    NotAMember {
        /// What was sent.
        what: String,
    },
    /// Terms that differ from what was agreed.
    #[error("terms differ from the agreed ones: {what}")]
    TermsDiffer {
        /// The first field that differs.
        what: String,
    },
    /// Evidence whose bytes do not match what was claimed.
    #[error("evidence does not match its manifest")]
    WrongEvidence,
    /// More messages than the peer's allowance.
    #[error("too many messages")]
    Flood,
}

impl Misconduct {
    /// Bytes that could not be read as the named message.
    #[must_use]
    pub fn unreadable(error: &EncodingError, what: &str) -> Self {
        if let EncodingError::TooLong { len, max } = error {
            return Self::Oversized { what: what.into(), size: *len as u64, limit: *max as u64 };
        }
        Self::malformed(what)
    }

    /// Malformed bytes of the named message.
    #[must_use]
    pub fn malformed(what: &str) -> Self {
        Self::Malformed { what: what.into() }
    }

    /// A bad signature on the named thing.
    #[must_use]
    pub fn bad_signature(what: &str) -> Self {
        Self::BadSignature { what: what.into() }
    }
}
