//! What one node says about an agent's record, signed, so that whoever reads it may quote it.
//!
//! It holds the scores, what the deals came to, and for each the ids by which it is followed down to
//! the chain: ratings, disputes, transactions. It says up to which block, from which seeds and with
//! which roots it was computed, so that anybody who follows the same contracts can compute it again
//! and show a false one with its author's signature under it.
//!
//! Deliberately absent: texts of ratings, and an opinion of the one who states it.

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use super::settled::{Conduct, DISPUTES_MAX, Dispute, SEGMENTS_MAX, Segment};
use crate::{
    did::Did,
    document::{Illegal, Paper},
    ids::{DealId, TxHash},
    money::{Bps, Usdc},
    text::BoundedVec,
};

/// What a node says about an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustStatement {
    /// Who says it.
    pub oracle: Did,
    /// About whom.
    pub agent: Did,
    /// When, Unix seconds by the chain's clock.
    pub stated_secs: u64,
    /// Whether the agent's principal has put its card on chain; without that no rating counts.
    pub anchored: bool,
    /// The worse of the two grades.
    pub score_bps: Bps,
    /// For pricing and admission: recent, complaints weigh more.
    pub risk_bps: Bps,
    /// For ranking: long memory.
    pub standing_bps: Bps,
    /// How much its own word counts.
    pub credibility_bps: Bps,
    /// Ratings of praise that count.
    pub praises: u32,
    /// Complaints that count.
    pub complaints: u32,
    /// Ratings received, those that weigh nothing included.
    pub ratings: u32,
    /// Settled deals.
    pub deals: u32,
    /// Settled micro-USDC that went to sellers.
    pub volume: Usdc,
    /// What its deals came to, what juries gave of its pacts included.
    pub conduct: Conduct,
    /// How its milestones ended, apart by kind of deal and jurisdiction.
    pub segments: BoundedVec<Segment, SEGMENTS_MAX>,
    /// The newest disputes first.
    pub disputes: BoundedVec<Dispute, DISPUTES_MAX>,
    /// The ratings that weigh most, the heaviest first.
    pub because: BoundedVec<Grounds, 8>,
    /// What it was computed from.
    pub as_of: AsOf,
}

/// A rating that explains a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grounds {
    /// The deal that was rated.
    pub deal: DealId,
    /// Who rated.
    pub rater: Did,
    /// Whether that is praise.
    pub positive: bool,
    /// Days since the Unix epoch.
    pub day: u32,
    /// The transaction of the rating.
    pub tx: TxHash,
}

/// Up to where the record was read, and with which result for everybody together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    /// The newest block with facts that count; nothing before there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
    /// The day that the scores are for, in days since the Unix epoch.
    pub day: u32,
    /// Ratings that count.
    pub records: u32,
    /// The members that credibility starts from, in order.
    pub seeds: BoundedVec<Did, 32>,
    /// The hash over the ratings.
    pub records_root: B256,
    /// The hash over day and seeds.
    pub parameters_hash: B256,
    /// The hash over everybody's scores.
    pub scores_root: B256,
}

impl Paper for TrustStatement {
    const TYPE: &'static str = "trust_statement";
    const MAX_BYTES: usize = 32 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.oracle]
    }

    fn check(&self) -> Result<(), Illegal> {
        let rule = |holds: bool, rule| if holds { Ok(()) } else { Err(Illegal { paper: Self::TYPE, rule }) };
        let worse = self.risk_bps.min(self.standing_bps);
        rule(self.score_bps == worse, "the score is the worse of the two grades")?;
        let eight = self.disputes.iter().all(|dispute| dispute.milestone.0 < 8);
        rule(eight, "a deal has at most eight milestones")?;
        rule(self.as_of.seeds.is_sorted_by(|a, b| a < b), "seeds are named in order, once each")
    }
}
