//! The settlement receipt: one side's record of how a milestone was settled, with where to look.
//!
//! The chain is the truth; a receipt says which log of it, so that a report can be checked line by
//! line.
//!
//! Deliberately absent: anything that the log does not say.

use serde::{Deserialize, Serialize};

use super::{Illegal, Paper, rule};
use crate::{
    did::Did,
    ids::{BlockHash, DealId, MilestoneIndex, TxHash, VerdictId},
    money::{Bps, Usdc},
};

/// How a milestone was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettlementReceipt {
    /// The deal.
    pub deal: DealId,
    /// The milestone.
    pub milestone: MilestoneIndex,
    /// Who records it.
    pub by: Did,
    /// Why it was settled.
    pub cause: Cause,
    /// The verdict that decided, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictId>,
    /// The seller's share.
    pub seller_bps: Bps,
    /// What the seller got, micro-USDC.
    pub to_seller: Usdc,
    /// What the buyer got back, micro-USDC.
    pub to_buyer: Usdc,
    /// The transaction.
    pub tx: TxHash,
    /// Its block.
    pub block: BlockHash,
    /// The log's place in the block.
    pub log_index: u32,
}

/// Why a milestone was settled; the number is the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The buyer signed.
    Released = 0,
    /// A first-panel verdict became final.
    Judged = 1,
    /// The appeal panel decided.
    Ruled = 2,
    /// Both signed an end.
    Cancelled = 3,
    /// No claim in time.
    Undelivered = 4,
    /// Claimed, no quorum: the fallback of the terms.
    Unjudged = 5,
}

impl Cause {
    /// The cause of the contract's number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Released),
            1 => Some(Self::Judged),
            2 => Some(Self::Ruled),
            3 => Some(Self::Cancelled),
            4 => Some(Self::Undelivered),
            5 => Some(Self::Unjudged),
            6.. => None,
        }
    }
}

impl Paper for SettlementReceipt {
    const TYPE: &'static str = "settlement_receipt";
    const MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.by]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.milestone.0 < 8, "a deal has at most eight milestones")?;
        rule::<Self>(
            self.to_seller.checked_add(self.to_buyer).is_some(),
            "shares fit into 64 bits together",
        )?;
        let by_verdict = matches!(self.cause, Cause::Judged | Cause::Ruled);
        rule::<Self>(self.verdict.is_some() == by_verdict, "a judged milestone names its verdict")
    }
}
