//! The verdict: what a panel found together, the median of its ballots, clause by clause.
//!
//! Everybody who revealed a ballot signs it, dissenters too. Its [`VerdictPaper::typed`] form is what
//! the same jurors sign for the chain.
//!
//! Deliberately absent: weights of jurors (used in computing the medians, never on chain).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Illegal, Paper, rule};
use crate::{
    did::Did,
    ids::{ContentHash, DealId, MilestoneIndex, PaperId},
    money::Bps,
    text::{BoundedVec, Token},
    typed,
};

/// What a panel found together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictPaper {
    /// The deal.
    pub deal: DealId,
    /// The milestone.
    pub milestone: MilestoneIndex,
    /// 0 for the first panel, 1 for the appeal, 2 after its redraw.
    pub round: u8,
    /// The delivery that was judged.
    pub attempt: u8,
    /// The evidence that was judged.
    pub evidence: PaperId,
    /// The pact that it was judged by.
    pub pact: PaperId,
    /// One median for each clause that applies, in the order of their ids.
    pub clauses: BoundedVec<ClauseVerdict, 32>,
    /// The seller's share of the milestone.
    pub seller_bps: Bps,
    /// How far the jurors agree: 8800 for 0.88.
    pub consensus_bps: Bps,
    /// Hash of the commits and reveals that it was computed from.
    pub votes: ContentHash,
    /// The ballots that it was computed from, in order.
    pub ballots: BoundedVec<PaperId, 15>,
    /// Who revealed a ballot and therefore signs, in order.
    pub signers: BoundedVec<Did, 15>,
}

/// What a panel found about one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseVerdict {
    /// The clause.
    pub clause: Token,
    /// Whether the median passes.
    pub pass: bool,
    /// The median score.
    pub score_bps: Bps,
}

impl VerdictPaper {
    /// What the same jurors sign for the chain; its digest is the VerdictId.
    #[must_use]
    pub fn typed(&self) -> typed::Verdict {
        typed::Verdict {
            deal: self.deal.word(),
            milestone: self.milestone.0,
            round: self.round,
            attempt: self.attempt,
            sellerBps: self.seller_bps.get(),
            evidence: self.evidence.word(),
            votes: self.votes.word(),
        }
    }
}

impl Paper for VerdictPaper {
    const TYPE: &'static str = "verdict";

    fn authors(&self) -> Vec<Did> {
        self.signers.to_vec()
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.milestone.0 < 8, "a deal has at most eight milestones")?;
        rule::<Self>(self.round <= 2, "there are at most three rounds")?;
        rule::<Self>(self.attempt < 8, "a milestone is delivered at most eight times")?;
        rule::<Self>(!self.signers.is_empty(), "somebody judged")?;
        rule::<Self>(self.signers.is_sorted_by(|a, b| a < b), "signers stand in order, once each")?;
        rule::<Self>(self.ballots.len() == self.signers.len(), "each signer has a ballot")?;
        rule::<Self>(self.ballots.is_sorted_by(|a, b| a < b), "ballots stand in order, once each")?;
        let ids: BTreeSet<_> = self.clauses.iter().map(|result| &result.clause).collect();
        rule::<Self>(ids.len() == self.clauses.len(), "no clause is judged twice")
    }
}
