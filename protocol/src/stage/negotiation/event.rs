//! What happens in a negotiation, one fact at a time, as it is recorded.
//!
//! Deliberately absent: what follows from it; the state is a fold over these.

use serde::{Deserialize, Serialize};

use super::Thaw;
use crate::{
    command::Concession,
    document::{Agreement, Document, TermSheet},
    ids::Head,
    side::Side,
    time::Timestamp,
    typed::{self, EthSignature, PanelRequest},
    wire::{Assent, Begin, SeatAccepted},
};

/// What happened in a negotiation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", content = "with", rename_all = "kebab-case")]
pub enum NegotiationEvent {
    /// Both nonces are known.
    Begun {
        /// The buyer's opening.
        begin: Box<Begin>,
        /// The seller's nonce.
        #[serde(with = "crate::hexed", default)]
        nonce: [u8; 16],
        /// Our side; the buyer is side A.
        side: Side,
        /// When.
        at: Timestamp,
    },
    /// A panel is asked for.
    PanelAsked {
        /// The typed request.
        #[serde(with = "typed::stored")]
        request: PanelRequest,
        /// When.
        at: Timestamp,
    },
    /// One side signed the request.
    PanelSigned {
        /// Which attempt.
        attempt: u8,
        /// Which side.
        side: Side,
        /// The signature.
        signature: EthSignature,
    },
    /// The beacon round is verified.
    Drawn {
        /// Which attempt.
        attempt: u8,
        /// The round's signature.
        #[serde(with = "crate::hexed")]
        beacon: Vec<u8>,
    },
    /// A juror accepted its seat.
    SeatAccepted(Box<SeatAccepted>),
    /// The panel that both computed.
    PanelSet {
        /// Which attempt.
        attempt: u8,
        /// The members, sorted by account.
        members: Vec<SeatAccepted>,
    },
    /// We computed the panel and told the other side.
    PanelProposed {
        /// Which attempt.
        attempt: u8,
        /// The members, sorted by account.
        members: Vec<SeatAccepted>,
    },
    /// No panel formed in time.
    AttemptFailed {
        /// Which attempt.
        attempt: u8,
    },
    /// An offer, ours or theirs.
    Offered {
        /// Who made it.
        by: Side,
        /// The sender's head after it.
        head: Head,
        /// The terms.
        terms: Box<Document<TermSheet>>,
        /// Whether the one who made it has to ask its principal before it confirms.
        #[serde(default)]
        reserved: bool,
    },
    /// The newest offer was said again after a new handshake, under another head.
    Resaid {
        /// The sender's head after it.
        head: Head,
    },
    /// The head is to be held for a principal: these are the papers. Stored before it is said.
    Held {
        /// Who would accept.
        by: Side,
        /// Which head.
        head: Head,
        /// The agreement, from which the escrow's terms follow.
        agreement: Box<Document<Agreement>>,
        /// Whether our principal is asked.
        asks: bool,
    },
    /// The other side holds it too.
    HoldAgreed,
    /// Our principal approved what is held.
    Approved(EthSignature),
    /// A side waits for nobody any more.
    Ready {
        /// Which side.
        side: Side,
        /// The approval by the buyer's principal, where the escrow asks for it.
        approval: Option<EthSignature>,
    },
    /// The hold is over, and nothing was signed.
    Thawed(Thaw),
    /// The node answers offers by itself from now on.
    Strategy(Concession),
    /// A head is accepted: these are the papers. Stored before the first signature.
    Accepted {
        /// By whom.
        by: Side,
        /// Which head.
        head: Head,
        /// The agreement, from which the escrow's terms follow.
        agreement: Box<Document<Agreement>>,
    },
    /// One side's signatures.
    Assented {
        /// Which side.
        side: Side,
        /// The signatures.
        assent: Box<Assent>,
    },
    /// It is over without agreement.
    Ended,
}
