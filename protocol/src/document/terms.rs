//! The term sheet: everything that two sides negotiate, as one value that both parse alike.
//!
//! Offers in a session carry term sheets; the last one accepted goes whole into the agreement.
//!
//! Deliberately absent: who sits on the panel and when the deal starts (known only once both agree),
//! and terms that no party and no contract could act on.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::{DealKind, Illegal, Jurisdiction, Paper, rule};
use crate::{
    did::Did,
    ids::{NdaId, PaperId},
    money::{Bps, Usdc},
    text::{BoundedVec, Line},
    typed::{PackError, Schedule},
};

/// Everything that two sides negotiate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermSheet {
    /// The NDA that they speak under.
    pub nda: NdaId,
    /// The request that it began with, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<PaperId>,
    /// The bid that answered it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<PaperId>,
    /// By what deliveries are judged.
    pub pact: PaperId,
    /// Who pays.
    pub buyer: Did,
    /// Who delivers.
    pub seller: Did,
    /// What all milestones cost together, micro-USDC.
    pub price: Usdc,
    /// 1 to 8 milestones, in order of their due dates.
    pub milestones: BoundedVec<Milestone, 8>,
    /// Seconds in which a verdict may be appealed; 0: a full pass pays at once.
    pub window_secs: u32,
    /// Seconds from the last due date until what is delivered but not judged falls back.
    pub judging_secs: u32,
    /// Who judges.
    pub panel: PanelTerms,
    /// What happens to a delivered milestone that no quorum ever judged.
    pub fallback: Fallback,
    /// The deposit of one appeal, micro-USDC.
    pub appeal_fee: Usdc,
    /// What the seller puts down at opening, micro-USDC.
    pub seller_bond: Usdc,
    /// 2 to 4 neutral stores, by the accounts that sign their receipts, in order.
    pub vaults: BoundedVec<Address, 4>,
    /// The `DealEscrow` that holds the money.
    pub escrow: Address,
    /// The `Mandates` that speaks for mandated sides.
    pub mandates: Address,
    /// A person named for review, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<Address>,
    /// What kind of deal it is.
    pub kind: DealKind,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
}

/// One step of the work, paid on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// What is delivered.
    pub title: Line,
    /// What it costs, micro-USDC.
    pub amount: Usdc,
    /// Seconds from the start of the deal until it is due.
    pub due_secs: u32,
}

/// Who judges: how many, from where, for how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelTerms {
    /// The `JuryPool` that seats are drawn from.
    pub jury: Address,
    /// How many jurors.
    pub size: u8,
    /// How many signatures make a verdict; more than half.
    pub quorum: u8,
    /// What all of them are paid together, micro-USDC.
    pub fee: Usdc,
}

/// What happens to a delivered milestone that no quorum ever judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fallback {
    /// All to the buyer.
    Refund {},
    /// This share to the seller.
    Split {
        /// The seller's share.
        bps: Bps,
    },
    /// The principals have one more window to agree; then as a split.
    Principals {
        /// The seller's share if they do not agree.
        bps: Bps,
    },
}

impl Fallback {
    /// The numbers that the chain carries: kind and the seller's share.
    #[must_use]
    pub const fn on_chain(self) -> (u8, u16) {
        match self {
            Self::Refund {} => (0, 0),
            Self::Split { bps } => (1, bps.get()),
            Self::Principals { bps } => (2, bps.get()),
        }
    }
}

impl TermSheet {
    /// Amounts and due dates as the chain carries them.
    ///
    /// # Errors
    /// [`PackError`]; never for terms in a [`super::Document`].
    pub fn schedule(&self) -> Result<Schedule, PackError> {
        let rows: Vec<_> = self.milestones.iter().map(|m| (m.amount, m.due_secs)).collect();
        Schedule::pack(&rows)
    }

    /// All that the buying side puts into escrow: price, jury and one appeal. `None` past the type.
    #[must_use]
    pub fn buyer_total(&self) -> Option<Usdc> {
        Usdc::sum([self.price, self.panel.fee, self.appeal_fee])
    }
}

impl Paper for TermSheet {
    const TYPE: &'static str = "term_sheet";
    const MAX_BYTES: usize = 16 * 1024;
    const NARROW: bool = true;

    fn authors(&self) -> Vec<Did> {
        vec![self.buyer, self.seller]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.buyer != self.seller, "buyer and seller are two agents")?;
        let schedule = self.schedule();
        rule::<Self>(schedule.is_ok(), "1 to 8 milestones, each with an amount")?;
        let adds_up = schedule.is_ok_and(|schedule| schedule.total == self.price);
        rule::<Self>(adds_up, "the milestones add up to the price")?;
        let ordered = self.milestones.is_sorted_by(|a, b| a.due_secs <= b.due_secs);
        rule::<Self>(ordered, "milestones stand in the order of their due dates")?;
        rule::<Self>(self.buyer_total().is_some(), "price and fees fit into 64 bits together")?;
        let PanelTerms { size, quorum, .. } = self.panel;
        rule::<Self>((1..=15).contains(&size), "a panel has 1 to 15 jurors")?;
        rule::<Self>(quorum <= size && 2 * quorum > size, "a quorum is more than half of the panel")?;
        let vaults: BTreeSet<_> = self.vaults.iter().collect();
        rule::<Self>(self.vaults.len() >= 2, "a deal has at least two vaults")?;
        rule::<Self>(vaults.len() == self.vaults.len(), "no vault is named twice")?;
        rule::<Self>(self.vaults.is_sorted(), "vaults are named in order")
    }
}
