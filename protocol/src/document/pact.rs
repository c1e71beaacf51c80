//! The pact: by which clauses a delivery is judged, agreed before anybody works.
//!
//! A pact is a list of clauses over the files of a delivery and the sources that both sides know.
//! Each clause yields a score; below its threshold it fails, and what a failure costs is in its
//! consequence. Every kind of clause here but one gives the same result on every machine; the one
//! that does not says so by [`Test::needs_judgement`]. A pact without a seller is a template.
//!
//! How a milestone's share follows from the clauses that apply to it: each has its score, weighed by
//! its weight; the share is the weighed mean; each failed clause whose consequence is a reduction
//! takes that much off; a failed mandatory clause, or a failed one whose consequence is to fail,
//! makes the share zero. Rounded down at the end only.
//!
//! Deliberately absent: evaluation, and any clause whose result depends on a clock or a network.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{FileRef, Illegal, Paper, rule};
use crate::{
    canonical::{refuse, to_canonical},
    did::Did,
    ids::{MilestoneIndex, PaperId},
    money::Bps,
    text::{BoundedVec, FileName, Line, Text, Token},
};

/// By what a delivery is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pact {
    /// What it was made from, if anything: in a bid a template of a library, in a deal the bid's pact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PaperId>,
    /// Who offers to be judged by it; absent in a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Did>,
    /// What it is called.
    pub title: Line,
    /// 1 to 32 clauses, each with its own id.
    pub clauses: BoundedVec<Clause, 32>,
    /// The files that citations and numbers must come from.
    pub sources: BoundedVec<FileRef, 64>,
}

/// One measurable promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its name within the pact.
    pub id: Token,
    /// How it is measured.
    pub test: Test,
    /// The milestones it applies to; none named means all.
    pub milestones: BoundedVec<MilestoneIndex, 8>,
    /// How much it counts, relative to the other clauses of the milestone.
    pub weight_bps: Bps,
    /// The lowest score that passes.
    pub threshold_bps: Bps,
    /// Whether the delivery fails as a whole where this fails.
    pub mandatory: bool,
    /// What a failure costs.
    pub consequence: Consequence,
}

impl Clause {
    /// Whether the clause applies to this milestone.
    #[must_use]
    pub fn applies_to(&self, milestone: MilestoneIndex) -> bool {
        self.milestones.is_empty() || self.milestones.contains(&milestone)
    }
}

/// How a clause is measured. Files are those of the delivery unless said otherwise; a pointer is a
/// JSON Pointer (RFC 6901) into a JSON file, the empty one is the whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Test {
    /// The file is JSON and obeys the schema: full score or none.
    OutputSchema {
        /// The file.
        file: FileName,
        /// The schema.
        schema: JsonSchema,
    },
    /// The pointer leads to an array of citations, objects that have at least `file` (of a source),
    /// `offset` (in bytes of its UTF-8) and `quote` (not empty). A citation is faithful if the source
    /// has exactly these bytes there. The score is the share of faithful ones; fewer than
    /// `min_citations` give none.
    CitationFaithfulness {
        /// The file that cites.
        file: FileName,
        /// Where its array of citations is.
        pointer: Pointer,
        /// The fewest citations.
        min_citations: u32,
    },
    /// Stored at the vaults no later than this after the milestone's due time: full score or none.
    Latency {
        /// Seconds after the due time that still count as in time.
        slack_secs: u32,
    },
    /// The pointer leads to an array of answers, objects that have at least `id` and `refused`
    /// (boolean). The score is the share of the named probes that were refused or answered as
    /// demanded; a missing answer is wrong.
    Refusal {
        /// The file that answers.
        file: FileName,
        /// Where its array of answers is.
        pointer: Pointer,
        /// Probes that must be refused.
        must_refuse: BoundedVec<Token, 64>,
        /// Probes that must be answered.
        must_answer: BoundedVec<Token, 64>,
    },
    /// A question that only a reader can answer; jurors give a score.
    Judged {
        /// The file that is read.
        file: FileName,
        /// The question, the same for every juror.
        question: Text,
    },
}

impl Test {
    /// The name of its kind, as it is written.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OutputSchema { .. } => "output_schema",
            Self::CitationFaithfulness { .. } => "citation_faithfulness",
            Self::Latency { .. } => "latency",
            Self::Refusal { .. } => "refusal",
            Self::Judged { .. } => "judged",
        }
    }

    /// Whether jurors may differ about the result.
    #[must_use]
    pub const fn needs_judgement(&self) -> bool {
        match self {
            Self::Judged { .. } => true,
            Self::OutputSchema { .. }
            | Self::CitationFaithfulness { .. }
            | Self::Latency { .. }
            | Self::Refusal { .. } => false,
        }
    }
}

/// What the failure of a clause costs the seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Consequence {
    /// The whole milestone.
    Fail {},
    /// This much of the milestone.
    Reduce {
        /// The share that is taken off.
        bps: Bps,
    },
}

/// A JSON Pointer (RFC 6901), at most 256 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pointer(String);

impl Pointer {
    /// A pointer from its text.
    ///
    /// # Errors
    /// [`Illegal`] for text that is no pointer.
    pub fn new(text: &str) -> Result<Self, Illegal> {
        let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        let rooted = text.is_empty() || text.starts_with('/');
        rule::<Pact>(rooted && escapes && text.chars().count() <= 256, "a pointer is one of RFC 6901")?;
        Ok(Self(text.to_owned()))
    }

    /// What the pointer leads to.
    #[must_use]
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(refuse)
    }
}

/// The most canonical bytes that a clause's schema has.
pub const SCHEMA_MAX_BYTES: usize = 16 * 1024;

/// A JSON Schema that refers to nothing outside itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct JsonSchema(Value);

impl JsonSchema {
    /// A schema from its tree.
    ///
    /// # Errors
    /// [`Illegal`] for one that is too long, is no object, or refers to somewhere else. *(A remote
    /// reference would let a counterparty choose what a juror fetches.)*
    pub fn new(tree: Value) -> Result<Self, Illegal> {
        let len = to_canonical(&tree).map_or(usize::MAX, |bytes| bytes.len());
        rule::<Pact>(len <= SCHEMA_MAX_BYTES, "a schema is canonical JSON of at most 16 KiB")?;
        rule::<Pact>(tree.is_object(), "a schema is an object")?;
        rule::<Pact>(refers_to_itself(&tree), "a schema refers to nothing outside itself")?;
        Ok(Self(tree))
    }

    /// The schema's tree.
    #[must_use]
    pub const fn tree(&self) -> &Value {
        &self.0
    }
}

impl<'de> Deserialize<'de> for JsonSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Value::deserialize(deserializer)?).map_err(refuse)
    }
}

/// No `$ref` but to a fragment, no `$id` that would change what a fragment means. A property that is
/// merely called so is refused, too; a pact can do without.
fn refers_to_itself(tree: &Value) -> bool {
    match tree {
        Value::Object(fields) => fields.iter().all(|(key, value)| match key.as_str() {
            "$ref" | "$dynamicRef" | "$recursiveRef" => value.as_str().is_some_and(|r| r.starts_with('#')),
            "$id" | "id" if value.is_string() => false,
            _ => refers_to_itself(value),
        }),
        Value::Array(items) => items.iter().all(refers_to_itself),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

impl Pact {
    /// The clauses that apply to a milestone, in order.
    pub fn clauses_of(&self, milestone: MilestoneIndex) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(move |clause| clause.applies_to(milestone))
    }

    /// Whether any clause needs judgement; then a window of zero is not for this pact.
    #[must_use]
    pub fn needs_judgement(&self) -> bool {
        self.clauses.iter().any(|clause| clause.test.needs_judgement())
    }
}

impl Paper for Pact {
    const TYPE: &'static str = "pact";

    fn authors(&self) -> Vec<Did> {
        self.seller.into_iter().collect()
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(!self.clauses.is_empty(), "a pact has a clause")?;
        let ids: BTreeSet<_> = self.clauses.iter().map(|clause| &clause.id).collect();
        rule::<Self>(ids.len() == self.clauses.len(), "no two clauses have the same id")?;
        let names: BTreeSet<_> = self.sources.iter().map(|source| &source.name).collect();
        rule::<Self>(names.len() == self.sources.len(), "no two sources have the same name")?;
        self.clauses.iter().try_for_each(Clause::check)
    }
}

impl Clause {
    fn check(&self) -> Result<(), Illegal> {
        rule::<Pact>(self.weight_bps > Bps::ZERO, "a clause has a weight")?;
        rule::<Pact>(self.threshold_bps > Bps::ZERO, "a clause can fail")?;
        rule::<Pact>(self.milestones.iter().all(|m| m.0 < 8), "a deal has at most eight milestones")?;
        rule::<Pact>(self.milestones.is_sorted_by(|a, b| a < b), "milestones are named in order, once each")?;
        match &self.test {
            Test::CitationFaithfulness { min_citations, .. } => {
                rule::<Pact>(*min_citations > 0, "a clause on citations demands one")
            }
            Test::Refusal { must_refuse, must_answer, .. } => {
                let probes: BTreeSet<_> = must_refuse.iter().chain(must_answer).collect();
                let apart = probes.len() == must_refuse.len() + must_answer.len();
                rule::<Pact>(!probes.is_empty() && apart, "a clause on refusals names probes, once each")
            }
            Test::OutputSchema { .. } | Test::Latency { .. } | Test::Judged { .. } => Ok(()),
        }
    }
}
