//! What the settled records say about an agent, with what it was computed from.
//!
//! Everything here can be computed again by whoever follows the same contracts: the same records and
//! parameters give the same `scores_root`, and two nodes that differ see by the other two roots where.
//!
//! Deliberately absent: texts of ratings, and anything that was said and not settled.

use alloy_primitives::B256;
use serde::Serialize;

use crate::{
    did::Did,
    ids::{DealId, TxHash},
    money::{Bps, Usdc},
    reputation::settled::{Conduct, Dispute, Segment},
};

/// What settled records say about an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustView {
    /// About whom.
    pub agent: Did,
    /// Whether its principal has put its card on chain; without that no rating counts.
    pub anchored: bool,
    /// The worse of the two grades: what to admit by.
    pub score: Bps,
    /// For pricing and admission: recent, complaints weigh more.
    pub risk: Bps,
    /// For ranking: long memory.
    pub standing: Bps,
    /// How much its own word counts.
    pub credibility: Bps,
    /// How much was said, by weight and credibility: 10 000 is one full deal with a fully credible rater.
    pub evidence_bps: u64,
    /// Ratings of praise that count.
    pub praises: u32,
    /// Complaints that count.
    pub complaints: u32,
    /// Ratings received, those that weigh nothing included.
    pub ratings: u64,
    /// Settled deals.
    pub deals: u64,
    /// Settled micro-USDC that went to sellers.
    pub volume: Usdc,
    /// What its deals came to, beside the grades.
    pub conduct: Conduct,
    /// How its milestones ended, apart by kind of deal and jurisdiction.
    pub segments: Vec<Segment>,
    /// Appeals that it brought or met, the newest first.
    pub disputes: Vec<Dispute>,
    /// The ratings that weigh most, the heaviest first.
    pub because: Vec<Reason>,
    /// What all this was computed from.
    pub computed: Computed,
}

/// A rating that explains a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The deal that was rated.
    pub deal: DealId,
    /// Who rated.
    pub rater: Did,
    /// Its rating, usually 0 to 100.
    pub value: i64,
    /// Whether that is praise.
    pub positive: bool,
    /// Days since the Unix epoch.
    pub day: u32,
    /// What it weighs in the standing today: 10 000 is a full deal with a fully credible rater.
    pub weight_bps: u64,
    /// The transaction of the rating.
    pub tx: TxHash,
}

/// What scores were computed from, so that another can compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Computed {
    /// Ratings that count.
    pub records: u64,
    /// Ratings by or about accounts without a card that counts here.
    pub left_out: u64,
    /// The newest block with facts of ours that is under `safe`.
    pub block: Option<u64>,
    /// The day that the scores are for, in days since the Unix epoch, by the chain's clock.
    pub day: u32,
    /// The members that credibility starts from.
    pub seeds: Vec<Did>,
    /// The hash over the records.
    pub records_root: B256,
    /// The hash over day and seeds.
    pub parameters_hash: B256,
    /// The hash over everybody's scores.
    pub scores_root: B256,
}

/// Everybody's scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoresView {
    /// What they were computed from.
    pub computed: Computed,
    /// In the order of the bytes of their DIDs.
    pub members: Vec<MemberView>,
}

/// One member's scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Who.
    pub agent: Did,
    /// The worse of the two grades.
    pub score: Bps,
    /// For pricing and admission.
    pub risk: Bps,
    /// For ranking.
    pub standing: Bps,
    /// How much its own word counts.
    pub credibility: Bps,
    /// Ratings of praise that count.
    pub praises: u32,
    /// Complaints that count.
    pub complaints: u32,
}
