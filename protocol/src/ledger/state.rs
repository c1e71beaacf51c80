//! The facts of the ledger, by kind.
//!
//! Everything here was written by a contract of ours and is as large as strangers have paid the
//! chain to make it. Amounts are micro-USDC, times Unix seconds.
//!
//! Deliberately absent: scores, and what a party owes: facts only.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};

use super::At;
use crate::{
    abi::{
        AppealEnd, Cause, Source,
        event::{SeatIndex, Signers},
    },
    ids::{DealId, MilestoneIndex, NdaId, VerdictId},
    money::{Bps, Usdc},
    typed,
};

/// All facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(super) ndas: BTreeMap<NdaId, NdaFact>,
    pub(super) agreements: BTreeMap<B256, AgreementFact>,
    pub(super) deals: BTreeMap<DealId, DealFact>,
    pub(super) voided: BTreeMap<DealId, VoidFact>,
    pub(super) credits: BTreeMap<Address, Usdc>,
    pub(super) mandates: BTreeMap<(Address, Address), MandateFact>,
    pub(super) seats: BTreeMap<SeatIndex, SeatFact>,
    pub(super) rounds: BTreeMap<u64, RoundFact>,
}

/// An anchored NDA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NdaFact {
    /// As both sides signed it.
    pub terms: typed::Nda,
    /// Its anchoring.
    pub at: At,
    /// Allegations: who, with what evidence. At most one per side.
    pub breaches: Vec<(Address, B256, At)>,
    /// Attestations of destruction. At most one per side.
    pub destroyed: Vec<(Address, B256, At)>,
}

/// An anchored agreement without escrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementFact {
    /// As both sides signed it.
    pub terms: typed::Agreement,
    /// Its anchoring.
    pub at: At,
}

/// A deal from its opening on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealFact {
    /// All terms.
    pub terms: typed::Deal,
    /// Where the money came from.
    pub source: Source,
    /// Its opening.
    pub opened: At,
    /// By milestone; those of which nothing is known yet are absent.
    pub milestones: BTreeMap<MilestoneIndex, MilestoneFact>,
    /// USDC pushed to payees.
    pub paid: Vec<(Address, Usdc, At)>,
    /// Credit given for this deal.
    pub credited: Vec<(Address, Usdc, At)>,
    /// At most one per side.
    pub ratings: Vec<RatingFact>,
    /// Its close.
    pub closed: Option<ClosedFact>,
}

/// What is known of one milestone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MilestoneFact {
    /// The newest claim.
    pub claim: Option<ClaimFact>,
    /// The newest accepted verdict.
    pub verdict: Option<VerdictFact>,
    /// The appeal against it.
    pub appeal: Option<AppealFact>,
    /// The end.
    pub settled: Option<SettledFact>,
}

/// A delivery that the vaults have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFact {
    /// Which attempt.
    pub attempt: u8,
    /// The manifest's hash.
    pub manifest: B256,
    /// Bytes stored.
    pub size: u64,
    /// Which of the named vaults signed.
    pub vaults: Signers,
    /// When each of them stored it.
    pub stored_at: Vec<u64>,
    /// Its log.
    pub at: At,
}

/// An accepted verdict of the first panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictFact {
    /// Its digest.
    pub id: VerdictId,
    /// As the jurors signed it.
    pub terms: typed::Verdict,
    /// Which panel members signed, those who added their signature later included.
    pub signers: Signers,
    /// Until when it may be appealed; 0 where it settled at once.
    pub challenge_until: u64,
    /// Its log.
    pub at: At,
}

/// An appeal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppealFact {
    /// Who appealed.
    pub by: Address,
    /// Against which verdict.
    pub verdict: VerdictId,
    /// What it deposited.
    pub deposit: Usdc,
    /// Beacon round of the current draw, seats and deadline, once the jury was asked.
    pub draw: Option<DrawFact>,
    /// The ruling, once there is one.
    pub ruling: Option<RulingFact>,
    /// How it ended.
    pub end: Option<(AppealEnd, At)>,
    /// Its log.
    pub at: At,
}

/// What fixes the draw of an appeal panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawFact {
    /// The beacon round.
    pub round: u64,
    /// The draw is over the seats before this one.
    pub seats: u64,
    /// The first second at which a ruling comes too late.
    pub deadline: u64,
    /// Whether the first seven were silent.
    pub redrawn: bool,
    /// Its log.
    pub at: At,
}

/// A ruling of an appeal panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulingFact {
    /// As the jurors signed it.
    pub terms: typed::Verdict,
    /// Which of the drawn seats signed, by place in the draw.
    pub signers: Signers,
    /// Its log.
    pub at: At,
}

/// The end of a milestone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledFact {
    /// Why.
    pub cause: Cause,
    /// 0 for the first panel.
    pub round: u8,
    /// Which attempt was judged.
    pub attempt: u8,
    /// The seller's share.
    pub seller_bps: Bps,
    /// What the seller's side gets.
    pub to_seller: Usdc,
    /// What the buyer's side gets back.
    pub to_buyer: Usdc,
    /// Evidence of a release.
    pub evidence: B256,
    /// Its log.
    pub at: At,
}

impl SettledFact {
    /// By a verdict that settled at once.
    pub(super) fn judged(verdict: &typed::Verdict, to_seller: Usdc, to_buyer: Usdc, at: At) -> Self {
        let seller_bps = Bps::new(verdict.sellerBps).expect("invariant: the decoder checked the share");
        Self {
            cause: Cause::Judged,
            round: verdict.round,
            attempt: verdict.attempt,
            seller_bps,
            to_seller,
            to_buyer,
            evidence: B256::ZERO,
            at,
        }
    }
}

/// A rating of one party by the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingFact {
    /// Who rated.
    pub rater: Address,
    /// Whom.
    pub ratee: Address,
    /// How.
    pub value: i128,
    /// The hash of the rating paper.
    pub feedback: B256,
    /// Its log.
    pub at: At,
}

/// The close of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedFact {
    /// What the seller's side got at the close; what was settled before is with its milestones.
    pub to_seller: Usdc,
    /// What the buyer's side got back at the close.
    pub to_buyer: Usdc,
    /// What is left for the first panel.
    pub jury_fee: Usdc,
    /// Its log.
    pub at: At,
}

/// A deal id that can never open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoidFact {
    /// The party that gave notice.
    pub by: Address,
    /// Its log.
    pub at: At,
}

/// The mandate of an agent before a spender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateFact {
    /// As principal and agent signed it.
    pub terms: typed::Mandate,
    /// What counted against the period at `spent_at`; it decays from there.
    pub spent: Usdc,
    /// When that was counted.
    pub spent_at: u64,
    /// Its revocation.
    pub revoked: Option<At>,
    /// Its grant.
    pub at: At,
}

impl MandateFact {
    /// What counts against the period at this time, as the contract reckons: it decays evenly by the
    /// limit per period, rounded against the agent.
    #[must_use]
    pub fn counted_at(&self, now_secs: u64) -> Usdc {
        let passed = u128::from(now_secs.saturating_sub(self.spent_at));
        let decayed = u128::from(self.terms.perPeriod) * passed / u128::from(self.terms.period.max(1));
        Usdc(self.spent.0.saturating_sub(u64::try_from(decayed).unwrap_or(u64::MAX)))
    }
}

/// Whether a seat is in draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStanding {
    /// It is.
    Active,
    /// Its holder or principal gave notice.
    Left,
    /// It was silent in an appeal.
    Suspended,
    /// It signed two digests for one slot.
    Slashed,
}

/// A juror's seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatFact {
    /// Signs verdicts.
    pub holder: Address,
    /// Paid the stake and gets it back.
    pub principal: Address,
    /// Declared model provider.
    pub provider: u16,
    /// When it was taken.
    pub joined_at: u64,
    /// Whether it is in draws.
    pub standing: SeatStanding,
    /// When it stopped being active.
    pub left_at: Option<u64>,
    /// Its log.
    pub at: At,
}

/// A proven beacon round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundFact {
    /// As the beacon publishes it.
    pub randomness: B256,
    /// Its log.
    pub at: At,
}

impl State {
    /// An NDA, where it is anchored.
    #[must_use]
    pub fn nda(&self, id: NdaId) -> Option<&NdaFact> {
        self.ndas.get(&id)
    }

    /// An agreement without escrow, by its EIP-712 digest.
    #[must_use]
    pub fn agreement(&self, id: B256) -> Option<&AgreementFact> {
        self.agreements.get(&id)
    }

    /// A deal, where it is open or was.
    #[must_use]
    pub fn deal(&self, id: DealId) -> Option<&DealFact> {
        self.deals.get(&id)
    }

    /// All deals.
    pub fn deals(&self) -> impl Iterator<Item = (DealId, &DealFact)> {
        self.deals.iter().map(|(id, fact)| (*id, fact))
    }

    /// The notice by which a deal can never open.
    #[must_use]
    pub fn voided(&self, id: DealId) -> Option<&VoidFact> {
        self.voided.get(&id)
    }

    /// What the escrow owes an account.
    #[must_use]
    pub fn credit(&self, owner: Address) -> Usdc {
        self.credits.get(&owner).copied().unwrap_or_default()
    }

    /// The newest mandate of an agent before a spender, revoked ones included.
    #[must_use]
    pub fn mandate(&self, agent: Address, spender: Address) -> Option<&MandateFact> {
        self.mandates.get(&(agent, spender))
    }

    /// All seats in the order in which they were taken.
    pub fn seats(&self) -> impl Iterator<Item = (SeatIndex, &SeatFact)> {
        self.seats.iter().map(|(index, fact)| (*index, fact))
    }

    /// The number of seats ever taken.
    #[must_use]
    pub fn seat_count(&self) -> usize {
        self.seats.len()
    }

    /// A beacon round, where it was proven.
    #[must_use]
    pub fn round(&self, round: u64) -> Option<&RoundFact> {
        self.rounds.get(&round)
    }
}

impl DealFact {
    /// What is known of a milestone.
    #[must_use]
    pub fn milestone(&self, index: MilestoneIndex) -> Option<&MilestoneFact> {
        self.milestones.get(&index)
    }

    /// The amounts of its milestones, in order.
    #[must_use]
    pub fn amounts(&self) -> Vec<Usdc> {
        typed::unpack_amounts(self.terms.amounts, self.terms.amounts2)
    }

    /// When a milestone is due, Unix seconds.
    #[must_use]
    pub fn due(&self, index: MilestoneIndex) -> Option<u64> {
        let offset = *typed::unpack_due(self.terms.due).get(usize::from(index.0))?;
        Some(typed::seconds(self.terms.meta.start).saturating_add(u64::from(offset)))
    }
}

impl MandateFact {
    /// What the agent could spend at `now` (Unix seconds), approvals aside: what was spent decays
    /// linearly by `perPeriod` per `period`. The contract decides; this is for planning.
    #[must_use]
    pub fn available(&self, now: u64) -> Usdc {
        let held = now >= self.terms.validFrom.to() && now < self.terms.validUntil.to();
        if self.revoked.is_some() || !held || self.terms.period == 0 {
            return Usdc::ZERO;
        }
        let limit = u128::from(self.terms.perPeriod);
        let elapsed = u128::from(now.saturating_sub(self.spent_at));
        let decayed = limit.saturating_mul(elapsed) / u128::from(self.terms.period);
        let spent = u128::from(self.spent.0).saturating_sub(decayed);
        Usdc(u64::try_from(limit.saturating_sub(spent)).expect("at most perPeriod, which is a u64"))
    }
}
