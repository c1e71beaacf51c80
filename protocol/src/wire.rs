//! What nodes say to each other: direct messages, and the frames of a protected session.
//!
//! A direct message goes from node to node over the transport's own encryption; it carries papers
//! that prove themselves and nothing that an NDA covers, except sealed. It is put in the outbox,
//! sent until its receipt comes back, and may arrive more than once: receiving it again changes
//! nothing. A frame lives inside a session under an NDA and carries its category.
//!
//! Both are JSON; unknown fields and duplicate keys are refused, sizes are bounded before parsing.
//!
//! Deliberately absent: sockets, sessions, and trust: nothing here has been verified.

mod frame;

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

pub use self::frame::{
    Acceptance, AskHold, Assent, Begin, FRAME_MAX, Frame, PanelAsk, Ready, Say, SignedCheckpoint,
};
use crate::{
    document::{
        AgentCard, Announcement, Bid, DeliveryClaim, Document, Manifest, Nda, Pact, Rating, Request, Signed,
    },
    ids::{BlobId, CaseId, ContentHash, DealId, NegotiationId, PaperId},
    proof::Proof,
    stage::jury::JuryMessage,
    typed::{self, EthSignature},
};

/// A direct message is at most this many bytes.
pub const MESSAGE_MAX: usize = 256 * 1024;
/// A gossiped paper is at most this many bytes.
pub const GOSSIP_MAX: usize = 4 * 1024;

/// A direct message with its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The sender's number for it.
    pub id: u64,
    /// What it says.
    pub body: Direct,
}

/// What a direct message says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", content = "with", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Direct {
    /// The message of this number has been taken into the receiver's records.
    Received(u64),
    /// What a newcomer asks of the first nodes it meets.
    AskDirectory,
    /// Announcements and cards that the sender holds.
    Directory(Vec<Listing>),
    /// A seller's answer to a request.
    Bid(Box<Signed<Bid>>, Box<Signed<Pact>>, Box<Signed<AgentCard>>),
    /// The request went to somebody else.
    Declined(PaperId),
    /// A draft NDA: everything but the receiver's keys.
    NdaDraft(Box<NdaDraft>),
    /// The whole NDA, signed by the one who got the draft.
    NdaSigned(Box<Signed<Nda>>, EthSignature),
    /// The NDA with the first party's signature too; it is in force once anchored.
    NdaComplete(PaperId, Box<Proof>, EthSignature),
    /// The draft is not acceptable.
    NdaRefused(PaperId),
    /// Asks a drawn juror to take a seat.
    SeatInvite(Box<SeatInvite>),
    /// A juror's acceptance.
    SeatAccepted(Box<SeatAccepted>),
    /// The deal's secret, wrapped for the receiver's recipient under the NDA.
    DealSecret(DealId, #[serde(with = "crate::hexed")] Vec<u8>),
    /// Where the inputs lie, sealed.
    Inputs(DealId, BlobId),
    /// A vault's receipt.
    Receipt(Box<Receipt>),
    /// A delivery: to the buyer, and to each juror with the milestone's identity.
    Delivery(Box<Delivery>),
    /// Business of a panel, between its members.
    Jury(CaseId, Box<JuryMessage>),
    /// A verdict with the signatures of a quorum, to both parties.
    Verdict(Box<VerdictReady>),
    /// A rating of the receiver.
    Rating(Box<Signed<Rating>>),
}

/// One line of the directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The announcement.
    pub announcement: Signed<Announcement>,
    /// The card that it names.
    pub card: Signed<AgentCard>,
}

/// What is gossiped on a topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", content = "with", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Gossip {
    /// An agent's capabilities.
    Announcement(Box<Listing>),
    /// A buyer looks for somebody.
    Request(Box<Signed<Request>>),
}

/// An NDA as one side proposes it; the other side's keys are missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NdaDraft {
    /// The draft's own name: SHA-256 of the proposer's DID, the bid and a salt.
    pub draft: PaperId,
    /// The bid that led here.
    pub bid: PaperId,
    /// The NDA with the proposer as side `a`; side `b` names the receiver with the keys of its card.
    pub nda: Document<Nda>,
}

/// Asks a juror to take a seat in the panel of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatInvite {
    /// The negotiation.
    pub negotiation: NegotiationId,
    /// The beacon round that decides.
    pub beacon_round: u64,
    /// Registered seats at the time of the request.
    pub seats: u64,
    /// Seats wanted.
    pub size: u8,
    /// Signatures that a verdict needs.
    pub quorum: u8,
    /// Which attempt.
    pub attempt: u8,
    /// The two parties' settlement accounts, buyer first.
    pub parties: [alloy_primitives::Address; 2],
    /// Their signatures over the request's digest, buyer first.
    pub signatures: [EthSignature; 2],
    /// The fee per seat in micro-USDC.
    pub fee: crate::money::Usdc,
    /// Acceptances count until then, Unix seconds.
    pub until: u64,
}

/// A juror's acceptance of a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatAccepted {
    /// The negotiation that it belongs to.
    pub negotiation: NegotiationId,
    /// EIP-712 digest of the panel request.
    #[serde(with = "crate::hexed")]
    pub request: [u8; 32],
    /// The seat's holder, who signed.
    pub juror: alloy_primitives::Address,
    /// The 32 bytes of the juror's X25519 age recipient for this case.
    #[serde(with = "crate::hexed")]
    pub recipient: [u8; 32],
    /// The fee it takes, micro-USDC.
    pub fee: crate::money::Usdc,
    /// It holds until then, Unix seconds.
    pub until: u64,
    /// EIP-712 signature.
    pub signature: EthSignature,
}

impl SeatAccepted {
    /// The acceptance as the juror signs it.
    #[must_use]
    pub fn typed(&self) -> typed::SeatAccept {
        typed::SeatAccept {
            request: B256::new(self.request),
            ageRecipient: B256::new(self.recipient),
            fee: self.fee.0,
            until: typed::u40(self.until),
        }
    }
}

/// The header of a blob that is given to a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultPut {
    /// The deal.
    pub deal: DealId,
    /// The milestone; 255 for papers that belong to the whole deal.
    pub milestone: u8,
    /// Which delivery.
    pub attempt: u8,
    /// The manifest's id, or the id of the paper that is sealed.
    pub manifest: ContentHash,
}

/// Receipts that a claim needs: all but one of the vaults, and at least two.
pub(crate) fn receipts_needed(vaults: usize) -> usize {
    vaults.saturating_sub(1).max(2)
}

/// A vault's signed word that it holds a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// What was stored.
    pub put: VaultPut,
    /// The ciphertext.
    pub blob: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// When, Unix seconds by the vault's clock.
    pub stored_at: u64,
    /// The vault's settlement account.
    pub vault: alloy_primitives::Address,
    /// EIP-712 signature over `Receipt`; nothing while it is being signed.
    pub signature: Option<EthSignature>,
}

impl Receipt {
    /// The receipt as the vault signs it.
    #[must_use]
    pub fn typed(&self) -> typed::Receipt {
        typed::Receipt {
            deal: self.put.deal.word(),
            milestone: self.put.milestone,
            attempt: self.put.attempt,
            manifest: self.put.manifest.word(),
            size: self.size,
            storedAt: typed::u40(self.stored_at),
        }
    }
}

/// A delivery with all that its reader needs to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The seller's signed claim.
    pub claim: Signed<DeliveryClaim>,
    /// What was delivered.
    pub manifest: Document<Manifest>,
    /// The vaults' receipts.
    pub receipts: Vec<Receipt>,
    /// The panel, sorted; with the acceptances that made it.
    pub seats: Vec<SeatAccepted>,
    /// The milestone's identity wrapped for the receiver; empty for the buyer, who derives it.
    #[serde(with = "crate::hexed")]
    pub identity: Vec<u8>,
}

/// A verdict that can go on chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictReady {
    /// The case.
    pub case: CaseId,
    /// The seller's share in basis points.
    pub seller_bps: u16,
    /// The manifest that was judged.
    pub evidence: ContentHash,
    /// SHA-256 of the transcript below.
    pub votes: ContentHash,
    /// The canonical transcript of commits and reveals.
    pub transcript: String,
    /// Signers and signatures, sorted by signer.
    pub signatures: Vec<(alloy_primitives::Address, EthSignature)>,
}
