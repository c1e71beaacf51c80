//! The clauses of a pact that need no opinion, run as code over the delivered bytes.
//!
//! Every juror, both parties and a later auditor get the same scores from the same bytes, each with
//! a machine-readable finding. What is missing, unreadable or wrong is a failed clause and never an
//! error: a delivery must not escape judgement by being broken.
//!
//! First [`Delivery::new`] holds what could be got against the hashes in the manifest and the pact.
//! Then [`judge`] runs each clause that applies to the milestone; a question that only a reader can
//! answer takes its score from the readings that are handed in, or none. [`Terms::seller_share`]
//! turns the scores into the seller's share.
//!
//! A schema is a stranger's program: [`check`] says before anybody signs whether a pact can be judged
//! safely.
//!
//! Deliberately absent: asking a reader, fetching and opening files, wasm checkers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod citations;
mod delivery;
mod refusals;
mod schema;
mod structure;
mod terms;

pub use citations::{CitationFault, CitationsFinding};
pub use delivery::{Delivery, Found, Unusable};
pub use refusals::{ProbeFault, RefusalFinding};
pub use schema::{SchemaError, check};
pub use structure::{StructureFinding, Violation};
pub use terms::{Term, Terms};

use crate::{
    document::{Clause, ClauseResult, Pact, Test},
    ids::MilestoneIndex,
    money::Bps,
    text::Token,
};

/// What was found under one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "measured", content = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Whether a file obeys its schema.
    OutputSchema(StructureFinding),
    /// Which citations are faithful.
    CitationFaithfulness(CitationsFinding),
    /// How late the delivery was stored.
    Latency {
        /// When it was stored, in Unix seconds.
        stored_at_secs: u64,
        /// When it was due, in Unix seconds.
        due_secs: u64,
    },
    /// Which probes were refused or answered as demanded.
    Refusal(RefusalFinding),
    /// A question for a reader.
    Judged,
}

/// One clause's result; a clause without a score is abstained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The clause.
    pub clause: Token,
    /// How well it is met.
    pub score: Option<Bps>,
    /// Whether that reaches the threshold.
    pub passed: bool,
    /// Why.
    pub finding: Finding,
}

/// A milestone's result as one reader of its bytes finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Clause by clause, in the order of their ids.
    pub clauses: Vec<Measured>,
    /// The seller's share that follows; a clause without a score counts as not met.
    pub seller_share: Bps,
}

impl Judgement {
    /// The results as a ballot lists them: those with a score, in the order of their ids.
    #[must_use]
    pub fn results(&self) -> Vec<ClauseResult> {
        let result = |measured: &Measured| {
            let (clause, pass) = (measured.clause.clone(), measured.passed);
            measured.score.map(|score_bps| ClauseResult { clause, pass, score_bps, quote: None })
        };
        self.clauses.iter().filter_map(result).collect()
    }
}

/// Judges one milestone's delivery by all clauses that apply to it.
///
/// `readings` holds the scores that a reader gave to the questions of the pact, by clause; it has no
/// say on any other clause.
#[must_use]
pub fn judge(
    pact: &Pact,
    milestone: MilestoneIndex,
    delivery: &Delivery<'_>,
    readings: &BTreeMap<Token, Bps>,
) -> Judgement {
    let measured = |clause: &Clause| {
        let (score, finding) = measure(clause, delivery, readings);
        let passed = score.is_some_and(|score| score >= clause.threshold_bps);
        Measured { clause: clause.id.clone(), score, passed, finding }
    };
    let mut clauses: Vec<Measured> = pact.clauses_of(milestone).map(measured).collect();
    clauses.sort_by(|a, b| a.clause.cmp(&b.clause));
    let scored = |m: &Measured| m.score.map(|score| (m.clause.clone(), score));
    let scores = clauses.iter().filter_map(scored).collect();
    Judgement { seller_share: Terms::of(pact, milestone).seller_share(&scores), clauses }
}

fn measure(
    clause: &Clause,
    delivery: &Delivery<'_>,
    readings: &BTreeMap<Token, Bps>,
) -> (Option<Bps>, Finding) {
    match &clause.test {
        Test::OutputSchema { file, schema } => {
            let (score, finding) = structure::measure(delivery.file(file), schema);
            (Some(score), Finding::OutputSchema(finding))
        }
        Test::CitationFaithfulness { file, pointer, min_citations } => {
            let (score, finding) = citations::measure(delivery, file, pointer, *min_citations);
            (Some(score), Finding::CitationFaithfulness(finding))
        }
        Test::Latency { slack_secs } => {
            let Delivery { stored_at_secs, due_secs, .. } = *delivery;
            let in_time = stored_at_secs <= due_secs.saturating_add(u64::from(*slack_secs));
            let score = if in_time { Bps::FULL } else { Bps::ZERO };
            (Some(score), Finding::Latency { stored_at_secs, due_secs })
        }
        Test::Refusal { file, pointer, must_refuse, must_answer } => {
            let found = delivery.file(file);
            let (score, finding) = refusals::measure(found, pointer, must_refuse, must_answer);
            (Some(score), Finding::Refusal(finding))
        }
        Test::Judged { .. } => (readings.get(&clause.id).copied(), Finding::Judged),
    }
}

/// `part` of `whole` in basis points, rounded down; of nothing it is nothing.
fn share(part: usize, whole: usize) -> Bps {
    let bps = (part.min(whole) * 10_000).checked_div(whole).unwrap_or(0);
    let bps = u16::try_from(bps).expect("invariant: a part is at most the whole");
    Bps::new(bps).expect("invariant: a part is at most the whole")
}

#[cfg(test)]
mod tests;
