//! The files under `proofs/`: ids, hashes and signatures, and not a word of the terms.
//!
//! A typed struct stands as the hex of its ABI encoding: it is what both sides signed, and all that
//! the chain shows of it.
//!
//! Deliberately absent: text, prices in words, quotations.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::{
    beacon,
    did::Did,
    document::{Ballot, DeliveryClaim, Document, RatingValue, Signed},
    ids::{CaseId, ContentHash, NdaId, PaperId},
    panel::Step,
    proof::Proof,
    text::BoundedVec,
    typed::{self, Deal, EthSignature, Nda, PanelRequest},
    wire::{Assent, Receipt, SeatAccepted},
};

/// `proofs/nda.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NdaProofs {
    /// The digest that is its id.
    pub id: NdaId,
    /// The id of the paper.
    pub paper: PaperId,
    /// What the id is the digest of.
    #[serde(with = "typed::stored")]
    pub terms: Nda,
    /// Side A: the paper's proof, and the signature of the id.
    pub by_a: Assent,
    /// Side B.
    pub by_b: Assent,
}

/// `proofs/deal.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealProofs {
    /// What the deal's id is the digest of.
    #[serde(with = "typed::stored")]
    pub terms: Deal,
    /// The id of the agreement.
    pub agreement: PaperId,
    /// The buyer: the agreement's proof, and the signature of `Fund(deal)`.
    pub by_buyer: Assent,
    /// The seller: the agreement's proof, and the signature of the deal.
    pub by_seller: Assent,
    /// The vaults whose hash the terms carry.
    pub vaults: BoundedVec<Address, 16>,
    /// Receipts for the papers of the whole deal.
    pub receipts: BoundedVec<Receipt, 64>,
}

/// `proofs/panel.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelProofs {
    /// What both sides signed before the round existed.
    #[serde(with = "typed::stored")]
    pub request: PanelRequest,
    /// The buyer's signature.
    pub by_buyer: EthSignature,
    /// The seller's signature.
    pub by_seller: EthSignature,
    /// The round's signature by the beacon.
    pub beacon: beacon::Proof,
    /// The members' acceptances.
    pub accepted: BoundedVec<SeatAccepted, 15>,
    /// Every candidate that was looked at, in order, and what became of it.
    pub walk: Vec<Step>,
}

/// `proofs/m1.json` to `proofs/m8.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MilestoneProofs {
    /// Which milestone, from 0.
    pub milestone: u8,
    /// The newest claim.
    pub claim: Option<Signed<DeliveryClaim>>,
    /// The vaults' receipts for it.
    pub receipts: BoundedVec<Receipt, 16>,
    /// The newest verdict.
    pub verdict: Option<VerdictProof>,
}

/// A verdict with all that the jurors signed for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictProof {
    /// What was judged.
    pub case: CaseId,
    /// The seller's share in basis points.
    pub seller_bps: u16,
    /// The manifest.
    pub evidence: ContentHash,
    /// Hash of all commitments, and of who revealed.
    pub votes: ContentHash,
    /// The commitments, by ascending account, with what they opened to.
    pub ballots: BoundedVec<BallotProof, 15>,
    /// The jurors' signatures, by ascending account.
    pub signatures: BoundedVec<(Address, EthSignature), 15>,
}

/// One juror's part in a verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BallotProof {
    /// The juror's account.
    pub account: Address,
    /// What it committed to: the id of its ballot.
    pub commit: B256,
    /// Whether it was revealed in time.
    pub revealed: bool,
    /// The ballot; withheld where it quotes from the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ballot: Option<Document<Ballot>>,
}

/// `proofs/ratings.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingProofs {
    /// At most one by each side.
    pub ratings: BoundedVec<RatingProof, 2>,
}

/// One rating, without its words.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingProof {
    /// By whom.
    pub from: Did,
    /// About whom.
    pub about: Did,
    /// From 0 to 100; the chain has it too.
    pub value: RatingValue,
    /// The id of the paper, which the chain carries as `feedbackHash`.
    pub paper: PaperId,
    /// The rater's proof over the paper.
    pub proof: Proof,
    /// The rater's signature for the escrow, where the exporter holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<EthSignature>,
}
