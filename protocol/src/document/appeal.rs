//! The appeal: a party says why a verdict should be looked at again.
//!
//! The chain takes the deposit and draws the larger panel by the EIP-712 form; this paper tells that
//! panel what the first one missed.
//!
//! Deliberately absent: new evidence; an appeal judges the same delivery.

use serde::{Deserialize, Serialize};

use super::{Illegal, Paper, rule};
use crate::{
    did::Did,
    ids::{DealId, MilestoneIndex, VerdictId},
    money::Usdc,
    text::{BoundedVec, Text, Token},
    typed::{self, u40},
};

/// Why a verdict should be looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appeal {
    /// The deal.
    pub deal: DealId,
    /// The milestone.
    pub milestone: MilestoneIndex,
    /// The verdict.
    pub verdict: VerdictId,
    /// Who appeals.
    pub appellant: Did,
    /// The clauses that it thinks were judged wrongly, in order.
    pub clauses: BoundedVec<Token, 32>,
    /// Why.
    pub grounds: Text,
    /// What it puts down, micro-USDC.
    pub deposit: Usdc,
    /// Last Unix second at which it may be brought.
    pub until_secs: u64,
}

impl Appeal {
    /// What the appellant's account signs for the chain.
    #[must_use]
    pub fn typed(&self) -> typed::Appeal {
        typed::Appeal { verdict: self.verdict.word(), until: u40(self.until_secs) }
    }
}

impl Paper for Appeal {
    const TYPE: &'static str = "appeal";
    const MAX_BYTES: usize = 24 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.appellant]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.milestone.0 < 8, "a deal has at most eight milestones")?;
        rule::<Self>(!self.clauses.is_empty(), "an appeal names a clause")?;
        rule::<Self>(self.clauses.is_sorted_by(|a, b| a < b), "clauses are named in order, once each")
    }
}
