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

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use crate::{
    disclosure,
    document::{
        AgentCard, Announcement, Bid, Category, DeliveryClaim, Document, Manifest, Nda, Pact, Rating,
        Request, Salt, Signed, TermSheet,
    },
    ids::{BlobId, CaseId, ContentHash, DealId, Head, NegotiationId, PaperId},
    job::Signature,
    misconduct::Misconduct,
    proof::Proof,
    stage::{jury::JuryMessage, session::Checkpoint},
    typed::{self, EthSignature},
};

/// A direct message is at most this many bytes.
pub const MESSAGE_MAX: usize = 256 * 1024;
/// A gossiped paper is at most this many bytes.
pub const GOSSIP_MAX: usize = 4 * 1024;
/// The frame part of a session message is at most this many bytes.
pub const FRAME_MAX: usize = 60 * 1024;

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
#[serde(tag = "say", content = "with", rename_all = "kebab-case")]
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
#[serde(tag = "say", content = "with", rename_all = "kebab-case")]
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

/// A frame of a protected session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// What class of information it carries.
    pub category: Category,
    /// What it says.
    pub body: Say,
    /// A checkpoint riding along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<SignedCheckpoint>,
}

/// A checkpoint and its signature by the sender's identity key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCheckpoint {
    /// What it covers.
    pub checkpoint: Checkpoint,
    /// 64 bytes.
    pub signature: Signature,
}

/// What a frame says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", content = "with", rename_all = "kebab-case")]
pub enum Say {
    /// Nothing but the checkpoint.
    Checkpoint,
    /// Opens a negotiation about a bid.
    Begin(Box<Begin>),
    /// The other side's nonce; the negotiation has its id.
    Begun(#[serde(with = "crate::hexed")] [u8; 16]),
    /// Asks for a panel.
    PanelRequest(PanelAsk),
    /// The other side signed the same request.
    PanelSigned(EthSignature),
    /// The panel that follows from beacon, seats and acceptances.
    PanelFormed {
        /// Which attempt.
        attempt: u8,
        /// The beacon round's signature.
        #[serde(with = "crate::hexed")]
        beacon: Vec<u8>,
        /// The acceptances known to the sender.
        accepted: Vec<SeatAccepted>,
    },
    /// The same panel follows here.
    PanelAgreed(ContentHash),
    /// An offer or counter-offer.
    Offer(Box<Document<TermSheet>>),
    /// An offer that its maker confirms only with its principal: it is accepted by asking for a hold.
    ReservedOffer(Box<Document<TermSheet>>),
    /// Asks to hold the head for a principal.
    Hold(AskHold),
    /// The head is held here too.
    Held(Head),
    /// The sender waits for nobody any more.
    Ready(Ready),
    /// The head is not held, or no longer; nothing was signed.
    Unhold(Head),
    /// The head is accepted; firm until `fund_by`.
    Accept(Box<Acceptance>),
    /// Both have accepted.
    Confirm(Box<Assent>),
    /// The negotiation ends without agreement.
    End,
}

impl Say {
    /// The class of information that a frame with this body carries.
    #[must_use]
    pub const fn category(&self) -> Category {
        match self {
            Self::Checkpoint
            | Self::Begun(_)
            | Self::PanelRequest(_)
            | Self::PanelSigned(_)
            | Self::PanelFormed { .. }
            | Self::PanelAgreed(_)
            | Self::Held(_)
            | Self::Unhold(_)
            | Self::End => Category::Announcement,
            Self::Begin(_)
            | Self::Offer(_)
            | Self::ReservedOffer(_)
            | Self::Hold(_)
            | Self::Ready(_)
            | Self::Accept(_)
            | Self::Confirm(_) => Category::Offer,
        }
    }
}

impl Frame {
    /// Whether the frame may be looked at.
    ///
    /// (Rule: what stands above the offer class is signed itself and shown to nobody before that
    /// holds. No body of this version does, so none carries such a signature.)
    ///
    /// # Errors
    /// [`Misconduct::Unsigned`] for a category above the offer class, [`Misconduct::Mislabelled`] for
    /// a label below what the body carries, by which it would escape the NDA's scope.
    pub fn check(&self) -> Result<(), Misconduct> {
        if self.category > Category::Offer {
            return Err(Misconduct::Unsigned { category: disclosure::name(self.category).into() });
        }
        let carried = self.body.category();
        if carried > self.category {
            return Err(Misconduct::Mislabelled {
                said: disclosure::name(self.category).into(),
                carried: disclosure::name(carried).into(),
            });
        }
        Ok(())
    }
}

/// Opens a negotiation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// Half of what the negotiation's id is made of.
    #[serde(with = "crate::hexed")]
    pub nonce: [u8; 16],
    /// The buyer's request.
    pub request: PaperId,
    /// The seller's bid.
    pub bid: PaperId,
    /// The bid's pact with the sources of this deal filled in.
    pub pact: Document<Pact>,
    /// Seats of the panel.
    pub size: u8,
    /// Signatures that a verdict needs.
    pub quorum: u8,
    /// What the panel is paid together, micro-USDC.
    pub fee: crate::money::Usdc,
    /// The negotiation before it under the same NDA; its id then follows from that one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<NegotiationId>,
}

impl Begin {
    /// What one seat is paid if every member signs every verdict; more if some do not.
    #[must_use]
    pub fn seat_fee(&self) -> crate::money::Usdc {
        crate::money::Usdc(self.fee.0 / u64::from(self.size.max(1)))
    }
}

/// Asks the other side to hold a head: from it, `until` and `salt` both compose the same agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskHold {
    /// The head that would be accepted.
    pub head: Head,
    /// The end of the hold, Unix seconds: start and `fundBy` of the deal.
    pub until: u64,
    /// The salt of the agreement.
    pub salt: Salt,
}

/// One side waits for nobody any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The head that is held.
    pub head: Head,
    /// `Approve` by the buyer's principal, where its mandate asks the escrow for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<EthSignature>,
}

/// Asks for a panel; `seats` and the round are checked by the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelAsk {
    /// The beacon round.
    pub beacon_round: u64,
    /// Registered seats.
    pub seats: u64,
    /// Which attempt.
    pub attempt: u8,
    /// EIP-712 signature over `PanelRequest`.
    pub signature: EthSignature,
}

/// Acceptance of the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The head that is accepted.
    pub head: Head,
    /// From when the due dates count, Unix seconds.
    pub start: u64,
    /// Until when the deal may be opened, Unix seconds.
    pub fund_by: u64,
    /// The salt of the agreement.
    pub salt: Salt,
    /// The signatures.
    pub assent: Assent,
}

/// One side's signatures under an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assent {
    /// The proof on the agreement paper.
    pub proof: Proof,
    /// The signature that the escrow checks: `Fund` by the buyer, `Deal` by the seller.
    pub signature: EthSignature,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(category: Category, body: Say) -> Frame {
        Frame { category, body, checkpoint: None }
    }

    #[test]
    fn a_frame_above_the_offer_class_is_not_looked_at_without_a_signature_of_its_own() {
        for category in Category::ALL {
            let checked = frame(category, Say::End).check();
            let expected = match category {
                Category::Announcement | Category::Offer => Ok(()),
                Category::Legal
                | Category::SourceMaterial
                | Category::WorkProduct
                | Category::Technical
                | Category::Financial
                | Category::Correspondence
                | Category::Personal => {
                    Err(Misconduct::Unsigned { category: disclosure::name(category).into() })
                }
            };
            assert_eq!(checked, expected);
        }
    }

    #[test]
    fn nothing_escapes_the_scope_of_an_nda_under_a_smaller_label() {
        let ready = || Say::Ready(Ready { head: Head([1; 32]), approval: None });
        frame(Category::Offer, ready()).check().unwrap();
        let refused = frame(Category::Announcement, ready()).check().unwrap_err();
        let (said, carried) = ("announcement".into(), "offer".into());
        assert_eq!(refused, Misconduct::Mislabelled { said, carried });
    }
}
