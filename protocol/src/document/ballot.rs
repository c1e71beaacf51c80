//! The ballot: one juror's results, clause by clause.
//!
//! Its id is what the juror commits to before anybody shows anything; the ballot itself is the
//! reveal. The salt keeps the commitment from being guessed.
//!
//! Deliberately absent: reasoning beyond a short quotation; a verdict is numbers.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::{Illegal, Paper, rule};
use crate::{
    did::Did,
    ids::{DealId, MilestoneIndex, PaperId},
    money::Bps,
    text::{BoundedVec, Text, Token},
};

/// One juror's results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    /// The deal.
    pub deal: DealId,
    /// The milestone.
    pub milestone: MilestoneIndex,
    /// 0 for the first panel, 1 for the appeal, 2 after its redraw.
    pub round: u8,
    /// The delivery that is judged.
    pub attempt: u8,
    /// Who judges.
    pub juror: Did,
    /// The account of its seat.
    pub account: Address,
    /// The evidence that was judged.
    pub evidence: PaperId,
    /// Whether nothing of the evidence could be read, after everybody who keeps it was asked: then every
    /// clause fails, and the pact, which lies in the evidence, need not even be known.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub unread: bool,
    /// One result for each clause that applies, in the order of their ids; none where nothing was read.
    pub clauses: BoundedVec<ClauseResult, 32>,
    /// The seller's share that follows.
    pub seller_bps: Bps,
}

/// What a juror found about one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseResult {
    /// The clause.
    pub clause: Token,
    /// Whether it passes.
    pub pass: bool,
    /// Its score.
    pub score_bps: Bps,
    /// The words of the delivery or the source that decided, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Text>,
}

impl Paper for Ballot {
    const TYPE: &'static str = "ballot";
    /// 32 quotations of 4096 characters of four bytes each would be more; a ballot stays relayable.
    const MAX_BYTES: usize = 64 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.juror]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.milestone.0 < 8, "a deal has at most eight milestones")?;
        rule::<Self>(self.round <= 2, "there are at most three rounds")?;
        rule::<Self>(self.attempt < 8, "a milestone is delivered at most eight times")?;
        rule::<Self>(self.clauses.is_empty() == self.unread, "a ballot has results, or nothing was read")?;
        rule::<Self>(!self.unread || self.seller_bps == Bps::ZERO, "what nobody can read earns nothing")?;
        let ids: BTreeSet<_> = self.clauses.iter().map(|result| &result.clause).collect();
        rule::<Self>(ids.len() == self.clauses.len(), "no clause is judged twice")
    }
}
