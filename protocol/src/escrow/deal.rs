//! What becomes of a deal: one state, and the word in which the contract keeps it.
//!
//! Deliberately absent: the terms. A deal's state means something only beside them.

use alloy_primitives::{B256, U256};

use super::{
    refusal::Refusal,
    terms::{Terms, beside},
};
use crate::abi::sol::Status;

/// Where a deal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Milestones can be settled, nothing waits.
    Open {
        /// Until then the last verdict waited or was under appeal, in Unix seconds; 0 before any.
        free_since: u64,
    },
    /// A verdict waits until a Unix second.
    Pending {
        /// Which.
        verdict: Pending,
        /// When it is final.
        until: u64,
    },
    /// The verdict is before the jury.
    Appealed {
        /// Which.
        verdict: Pending,
        /// Unix second of the appeal.
        since: u64,
        /// Whether the seller brought it; else the buyer did.
        by_seller: bool,
    },
    /// All is settled and paid; jurors' signatures are waited for until a Unix second.
    Closed {
        /// When.
        until: u64,
    },
    /// A party gave notice before the opening.
    Void,
}

/// A verdict of the first panel that is not final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// On which milestone.
    pub milestone: u8,
    /// The seller's share.
    pub seller_bps: u16,
    /// Of which delivery.
    pub attempt: u8,
}

/// The verdict whose signers are paid for a milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its digest.
    pub digest: B256,
    /// Bit i: the i-th member signed.
    pub signers: u32,
}

/// A deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Where it stands.
    pub stage: Stage,
    /// Bit i: milestone i is settled.
    pub done: u8,
    /// Bit 0: the buyer has rated; bit 1: the seller has.
    pub rated: u8,
    /// `Meta.start`, Unix seconds.
    pub start: u64,
    /// Micro-USDC settled for the seller and not yet paid.
    pub held: u64,
    /// Micro-USDC of the deal besides.
    pub left: u64,
    /// The buyer lost what it had put aside for an appeal.
    pub reserve_spent: bool,
    /// The seller's bond has paid for an appeal.
    pub bond_spent: bool,
    /// Some milestone was claimed.
    pub claimed: bool,
}

impl Deal {
    /// A deal that opens with this money.
    pub(super) const fn opened(start: u64, left: u64) -> Self {
        Self {
            stage: Stage::Open { free_since: 0 },
            done: 0,
            rated: 0,
            start,
            held: 0,
            left,
            reserve_spent: false,
            bond_spent: false,
            claimed: false,
        }
    }

    /// An id that can never open.
    pub(super) const fn void() -> Self {
        Self { stage: Stage::Void, ..Self::opened(0, 0) }
    }

    pub(super) const fn status(&self) -> Status {
        match self.stage {
            Stage::Open { .. } => Status::Open,
            Stage::Pending { .. } => Status::Pending,
            Stage::Appealed { .. } => Status::Appealed,
            Stage::Closed { .. } => Status::Closed,
            Stage::Void => Status::Void,
        }
    }

    /// The verdict that is not final, before the jury or not, and its time: the end of its window or the appeal.
    pub(super) const fn waiting(&self) -> Option<(Pending, u64)> {
        match self.stage {
            Stage::Pending { verdict, until: time } | Stage::Appealed { verdict, since: time, .. } => {
                Some((verdict, time))
            }
            Stage::Open { .. } | Stage::Closed { .. } | Stage::Void => None,
        }
    }

    /// Nothing waits any more: since the end of the window, or since `now` where it ends early or an appeal does.
    pub(super) const fn free(&mut self, now: u64) {
        let free_since = match self.stage {
            Stage::Open { free_since } => free_since,
            Stage::Pending { until, .. } if until < now => until,
            Stage::Pending { .. } | Stage::Appealed { .. } => now,
            Stage::Closed { .. } | Stage::Void => return,
        };
        self.stage = Stage::Open { free_since };
    }

    /// Moves money from what is left to what the seller is owed.
    pub(super) fn hold(&mut self, amount: u64) -> Result<(), Refusal> {
        self.lower(amount)?;
        self.held = self.held.checked_add(amount).ok_or_else(Refusal::arithmetic)?;
        Ok(())
    }

    /// Takes money out of what is left.
    pub(super) fn lower(&mut self, amount: u64) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(amount).ok_or_else(Refusal::arithmetic)?;
        Ok(())
    }

    /// Settles a milestone, and says what the seller and the buyer get of it.
    pub(super) fn settle(
        &mut self,
        terms: &Terms,
        milestone: u8,
        seller_bps: u16,
    ) -> Result<(u64, u64), Refusal> {
        let shares = terms.split(milestone, seller_bps);
        self.done |= 1 << milestone;
        self.hold(shares.0)?;
        Ok(shares)
    }

    pub(super) fn all_done(&self, terms: &Terms) -> bool {
        u16::from(self.done) + 1 == 1 << terms.count()
    }

    /// What of the seller's bond no appeal has cost.
    pub(super) const fn bond_left(&self, terms: &Terms) -> u64 {
        let (bond, fee) = (terms.deal.sellerBond, terms.deal.appealFee);
        if self.bond_spent { bond.saturating_sub(fee) } else { bond }
    }

    /// The word in the contract's storage.
    #[must_use]
    pub fn word(&self) -> U256 {
        if self.stage == Stage::Void {
            return U256::from(self.status() as u8);
        }
        let (verdict, time, by_seller) = match self.stage {
            Stage::Open { free_since } => (None, free_since, false),
            Stage::Void => (None, 0, false),
            Stage::Pending { verdict, until } => (Some(verdict), until, false),
            Stage::Appealed { verdict, since, by_seller } => (Some(verdict), since, by_seller),
            Stage::Closed { until } => (None, until, false),
        };
        let none = Pending { milestone: 0, seller_bps: 0, attempt: 0 };
        let Pending { milestone, seller_bps, attempt } = verdict.unwrap_or(none);
        beside(&[
            (u64::from(self.status() as u8), 8),
            (u64::from(self.done), 8),
            (u64::from(self.rated), 2),
            (0, 6),
            (self.start, 40),
            (time, 40),
            (self.held, 64),
            (self.left, 64),
            (u64::from(milestone), 3),
            (u64::from(seller_bps), 14),
            (u64::from(attempt), 3),
            (u64::from(self.reserve_spent), 1),
            (u64::from(self.bond_spent), 1),
            (u64::from(by_seller), 1),
            (u64::from(self.claimed), 1),
        ])
    }
}
