//! What happens around an NDA's end: the allegation that it was broken, the word that it was kept.
//!
//! Deliberately absent: judgement; a breach report counts in no score until somebody ruled on it.

use serde::{Deserialize, Serialize};

use super::{Category, Document, Illegal, Paper, rule};
use crate::{
    did::Did,
    ids::{Head, NdaId},
    text::{BoundedVec, Text},
    typed,
};

/// One side says that the other shared what it must not, or what came should not have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreachReport {
    /// The NDA.
    pub nda: NdaId,
    /// Who reports.
    pub reporter: Did,
    /// Who is said to have broken it.
    pub accused: Did,
    /// What kind of thing was shared.
    pub category: Category,
    /// The last head that the accused signed.
    pub checkpoint: Head,
    /// Heads of the frames that show it, in the order of the session.
    pub frames: BoundedVec<Head, 32>,
    /// What happened.
    pub text: Text,
}

impl BreachReport {
    /// What the reporter's account signs for the chain.
    #[must_use]
    pub fn typed(document: &Document<Self>) -> typed::Breach {
        typed::Breach { nda: document.nda.word(), evidence: document.id().word() }
    }
}

impl Paper for BreachReport {
    const TYPE: &'static str = "breach_report";
    const MAX_BYTES: usize = 24 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.reporter]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.reporter != self.accused, "nobody reports itself")?;
        rule::<Self>(!self.frames.is_empty(), "a report shows a frame")
    }
}

/// One side attests that it destroyed what it had to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestructionAttestation {
    /// The NDA.
    pub nda: NdaId,
    /// Who attests.
    pub by: Did,
    /// Unix second at which it was done.
    pub destroyed_secs: u64,
    /// Which secrets were overwritten, in order.
    pub secrets: BoundedVec<SecretKind, 4>,
    /// How many secrets that were.
    pub count: u32,
}

/// Secrets that end with an NDA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// What session keys were made from.
    Session,
    /// What stored values were sealed with.
    Storage,
    /// What a deal's papers were sealed with.
    Deal,
    /// The age identity of the NDA.
    AgeIdentity,
}

impl DestructionAttestation {
    /// What the attesting account signs for the chain.
    #[must_use]
    pub fn typed(document: &Document<Self>) -> typed::Destroyed {
        typed::Destroyed { nda: document.nda.word(), attestation: document.id().word() }
    }
}

impl Paper for DestructionAttestation {
    const TYPE: &'static str = "destruction_attestation";
    const MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.by]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(!self.secrets.is_empty() && self.count > 0, "something was destroyed")?;
        rule::<Self>(self.secrets.is_sorted_by(|a, b| a < b), "kinds are named in order, once each")
    }
}
