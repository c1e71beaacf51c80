//! Every way in which a counterparty can break the rules, by name.
//!
//! One enum feeds the log, the record, the counter and the events of the local client. A fault that has
//! no name here cannot be counted, so there is no general variant.
//!
//! | bad input of a peer | is counted as |
//! |---|---|
//! | bytes that are no message | [`Misconduct::Malformed`] |
//! | a message, frame, gossip or blob above its bound | [`Misconduct::Oversized`] |
//! | a field that the message does not have | [`Misconduct::UnknownField`] |
//! | a key twice in one object | [`Misconduct::DuplicateKey`] |
//! | a paper for another chain, a peer of another network | [`Misconduct::WrongDomain`] |
//! | an announcement that is older than the one held, or over | [`Misconduct::StaleAnnouncement`] |
//! | an acceptance of a head that is not the newest | [`Misconduct::StaleAccept`] |
//! | two digests signed for one slot: deal, panel request, vote | [`Misconduct::SecondDigest`] |
//! | a handshake that names an NDA not in force between the two | [`Misconduct::WrongNda`] |
//! | a panel that does not follow from request, beacon and seats | [`Misconduct::WrongPanel`] |
//! | a verdict, vote or receipt by somebody else | [`Misconduct::NotAMember`] |
//!
//! | bad input of our own world | is named |
//! |---|---|
//! | an endpoint that is down | `Notice::RpcDown`, and the node waits |
//! | an endpoint on another chain id | `ChainError::WrongChain` |
//! | a wrong passphrase | `KeysError::WrongPassphrase` |
//! | a data folder in use | `keys::HomeError::InUse`, with the process that has it |
//! | a full disk | `StoreError::Full`, `DiskError::Full`: the process ends, nothing acknowledged is lost |
//! | a record that cannot be read | `RecordsError`, by its number |
//!
//! Each has a hint; those of our own world reach the terminal with the exit code of the command.
//!
//! Deliberately absent: our own errors, and anything a peer said (names and numbers only).

use serde::{Deserialize, Serialize};

use crate::canonical::EncodingError;

/// A peer's breach of the rules, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Misconduct {
    /// Bytes that are not a message of the protocol.
    #[error("malformed {what}")]
    Malformed {
        /// Which message it should have been.
        what: String,
    },
    /// A field that the message does not have: it would be read differently elsewhere.
    #[error("{what} with an unknown field")]
    UnknownField {
        /// Which message it should have been.
        what: String,
    },
    /// The same key twice in one object: two readers would read two messages.
    #[error("{what} with a duplicate key")]
    DuplicateKey {
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
        let what = what.to_owned();
        match error {
            EncodingError::TooLong { len, max } => {
                Self::Oversized { what, size: *len as u64, limit: *max as u64 }
            }
            EncodingError::UnknownField { .. } => Self::UnknownField { what },
            EncodingError::DuplicateKey => Self::DuplicateKey { what },
            EncodingError::TooDeep
            | EncodingError::Fraction
            | EncodingError::IntegerTooLarge
            | EncodingError::Text(_)
            | EncodingError::Syntax { .. }
            | EncodingError::Shape { .. }
            | EncodingError::NotCanonical
            | EncodingError::Unwritable => Self::Malformed { what },
        }
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

    /// What the principal can do about it, beyond what the node does by itself.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } | Self::UnknownField { .. } | Self::DuplicateKey { .. } => {
                "nothing was taken; the peer may run another version: compare yours with its operator's"
            }
            Self::Oversized { .. } | Self::Flood => "nothing was taken; a peer that keeps at it is banned",
            Self::BadSignature { .. } | Self::BadCipher => {
                "nothing was taken; whoever sent it does not hold the key that it claims"
            }
            Self::WrongDomain { .. } => {
                "nothing was taken; the peer is on another chain or network: compare network.json"
            }
            Self::StaleAnnouncement { .. } | Self::StaleRound { .. } => {
                "nothing was taken; if many peers do it, check this machine's clock"
            }
            Self::StaleAccept | Self::OutOfTurn => "nothing was taken; the negotiation stands where it stood",
            Self::SecondDigest { .. } => {
                "the first digest stands; both signatures are a proof: keep the records and do not deal with it"
            }
            Self::WrongNda => "no session was opened; list NDAs with `nuncio ndas` and sign one first",
            Self::OutOfScope { .. } | Self::Mislabelled { .. } | Self::Unsigned { .. } => {
                "the content was set aside unread; see what the NDA allows"
            }
            Self::NoCheckpoint { .. } | Self::WrongCheckpoint => {
                "the session was closed and is opened again from what both have signed"
            }
            Self::WrongPanel | Self::NotAMember { .. } => {
                "nothing was taken; the panel that both sides can compute stands"
            }
            Self::NotHeld => "nothing was taken; the head waits for a principal, or for nobody",
            Self::Paused => "nothing was taken; the peer may deal again when its pause is over",
            Self::Unjudgeable { .. } => "nothing was taken; ask for a pact whose clauses can be judged",
            Self::PanelRefused | Self::NotConfirmed => {
                "the negotiation goes on or lapses by itself; money was not moved"
            }
            Self::TermsDiffer { .. } | Self::WrongEvidence => {
                "nothing was taken; what both have agreed to stands"
            }
        }
    }
}
