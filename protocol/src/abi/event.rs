//! What the contracts say, in the types of the protocol.
//!
//! Deliberately absent: events that only repeat storage which nobody outside reads.

use alloy_primitives::{Address, B256};

use super::sol::{AppealEnd, Cause, Source};
use crate::{
    ids::{DealId, MilestoneIndex, NdaId, VerdictId},
    money::{Bps, Usdc},
    typed,
};

/// The number of a seat in the jury pool, from 0; seats are appended and never move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SeatIndex(pub u64);

/// Members of a sorted panel by position: bit i is the i-th.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Signers(pub u32);

impl Signers {
    /// Whether the member at this position is among them.
    #[must_use]
    pub const fn has(self, position: u32) -> bool {
        position < 32 && self.0 & (1 << position) != 0
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Which party of a deal rates the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rater {
    /// The buyer rates the seller.
    Buyer,
    /// The seller rates the buyer.
    Seller,
}

impl Rater {
    /// Who rates, and whom.
    #[must_use]
    pub const fn of(self, terms: &typed::Deal) -> (Address, Address) {
        match self {
            Self::Buyer => (terms.buyer, terms.seller),
            Self::Seller => (terms.seller, terms.buyer),
        }
    }
}

/// A decoded log of one of our contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainEvent {
    // Mandates
    /// A mandate is in force; `spent` was carried over.
    Granted { mandate: Box<typed::Mandate>, spent: Usdc },
    /// Every serial up to this one is burnt.
    Revoked { agent: Address, principal: Address, spender: Address, serial: u16 },
    /// A spend was counted; `spent` is what counts against the period now.
    Spent { agent: Address, principal: Address, deal: DealId, amount: Usdc, spent: Usdc, approved: bool },

    // Accords
    /// An NDA that both sides signed.
    NdaAnchored { nda: NdaId, terms: Box<typed::Nda> },
    /// An agreement without escrow that both sides signed.
    AgreementAnchored { id: B256, terms: Box<typed::Agreement> },
    /// An allegation, nothing more.
    BreachAlleged { nda: NdaId, by: Address, evidence: B256 },
    /// One side says that it destroyed what it had to.
    DestructionAttested { nda: NdaId, by: Address, attestation: B256 },

    // DealEscrow
    /// A deal is open, with all its terms. Its total and its bond have left whose credit `source` and flags name.
    Opened { deal: DealId, source: Source, terms: Box<typed::Deal> },
    /// This id can never open.
    Voided { deal: DealId, by: Address },
    /// The vaults have a delivery; `stored_at` in Unix seconds, one per bit of `vaults`.
    Claimed {
        deal: DealId,
        milestone: MilestoneIndex,
        attempt: u8,
        manifest: B256,
        size: u64,
        vaults: Signers,
        stored_at: Vec<u64>,
    },
    /// A verdict was accepted; `challenge_until` in Unix seconds, 0 where it settled at once.
    Judged {
        deal: DealId,
        id: VerdictId,
        verdict: Box<typed::Verdict>,
        signers: Signers,
        challenge_until: u64,
        /// What the seller's and the buyer's side get, where the verdict settled the milestone at once.
        settled: Option<(Usdc, Usdc)>,
        /// Both shares went to the payees in the same call.
        paid: bool,
    },
    /// Further members signed the accepted verdict.
    Cosigned { deal: DealId, milestone: MilestoneIndex, signers: Signers },
    /// A milestone is settled for good.
    Settled {
        deal: DealId,
        milestone: MilestoneIndex,
        cause: Cause,
        round: u8,
        attempt: u8,
        seller_bps: Bps,
        to_seller: Usdc,
        to_buyer: Usdc,
        /// Both shares went to the payees in the same call.
        paid: bool,
        evidence: B256,
    },
    /// A party took the pending verdict to the jury.
    Appealed { deal: DealId, milestone: MilestoneIndex, by: Address, verdict: VerdictId, deposit: Usdc },
    /// An appeal is over.
    AppealClosed {
        deal: DealId,
        milestone: MilestoneIndex,
        end: AppealEnd,
        to_jurors: Usdc,
        to_appellant: Usdc,
        to_other: Usdc,
    },
    /// USDC was pushed to the payees of the terms, where no settlement says it and the deal stays open.
    Paid { deal: DealId, to_seller: Usdc, to_buyer: Usdc },
    /// Credit grew; no deal for a deposit. `refused`: it is a share that USDC refused a payee, of which another log
    /// said that it was paid.
    Credited { owner: Address, deal: Option<DealId>, amount: Usdc, refused: bool },
    /// The credit of jurors grew, each by its share.
    JurorsCredited { deal: DealId, shares: Vec<(Address, Usdc)> },
    /// Credit shrank for the deposit of an appeal.
    Debited { owner: Address, deal: DealId, amount: Usdc },
    /// Credit left the escrow.
    Withdrawn { owner: Address, to: Address, amount: Usdc },
    /// All milestones are settled and both payees are paid these amounts.
    Closed { deal: DealId, to_seller: Usdc, to_buyer: Usdc, jury_fee: Usdc },
    /// A party rated the other. The value is the rater's, of any size.
    Rated { deal: DealId, by: Rater, value: i128, feedback: B256 },
    /// One call of a batch failed, with what the revert data say.
    ItemFailed { index: u64, reason: String },

    // JuryPool
    /// A seat was taken.
    Seated { seat: SeatIndex, holder: Address, principal: Address, provider: u16 },
    /// Its holder or principal gave notice.
    SeatLeft { seat: SeatIndex },
    /// It was silent in an appeal.
    SeatSuspended { seat: SeatIndex, lost: Usdc, stake: Usdc },
    /// It signed two digests for one slot.
    SeatSlashed { seat: SeatIndex, lost: Usdc, digests: [B256; 2] },
    /// Its stake went back to its principal.
    StakeWithdrawn { seat: SeatIndex, principal: Address, amount: Usdc },
    /// Beacon round and seats of an appeal are fixed; `deadline` in Unix seconds.
    AppealRequested { deal: DealId, milestone: MilestoneIndex, round: u64, seats: u64, deadline: u64 },
    /// The first seven were silent; others are drawn.
    Redrawn { deal: DealId, milestone: MilestoneIndex, round: u64, deadline: u64 },
    /// A drawn seat put its own verdict on chain.
    Testified { deal: DealId, milestone: MilestoneIndex, seat: SeatIndex, digest: B256, seller_bps: Bps },
    /// The appeal panel ruled; the escrow's logs beside it say what that settles.
    Ruled {
        deal: DealId,
        milestone: MilestoneIndex,
        verdict: Box<typed::Verdict>,
        /// By place in the draw, which follows from the beacon's round and the seats.
        signers: Signers,
    },
    /// Nobody ruled; the earlier verdict stands.
    AppealSilent { deal: DealId, milestone: MilestoneIndex },
    /// Slashed money that waits for the signers of the next ruling.
    PotChanged { pot: Usdc },
    /// Somebody may collect.
    Owed { to: Address, amount: Usdc },
    /// Somebody collected.
    Collected { to: Address, amount: Usdc },

    // DrandBeacon
    /// A round was proven.
    Proven { round: u64, randomness: B256 },
}
