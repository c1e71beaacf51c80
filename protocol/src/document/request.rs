//! The request: a buyer says to everybody what it is looking for.
//!
//! It is gossiped, so it says the kind, the size and the demands, in enums and buckets, and the
//! hashes of its inputs; the inputs themselves are shown to the chosen seller under an NDA.
//!
//! Deliberately absent: prices, terms, contents.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BudgetBucket, DealKind, Illegal, Jurisdiction, Paper, rule};
use crate::{
    did::Did,
    ids::ContentHash,
    money::Bps,
    text::{BoundedVec, FileName, MediaType, Text, Token},
};

/// What a buyer is looking for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who is looking.
    pub buyer: Did,
    /// Counts the buyer's requests; the highest one for the same task counts.
    pub seq: u64,
    /// Unix second from which on it no longer counts.
    pub expires_secs: u64,
    /// The market that it belongs to.
    pub domain: Token,
    /// What the work looks like.
    pub task_schema: Token,
    /// What kind of deal is sought.
    pub kind: DealKind,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// How much may be spent, roughly.
    pub budget: BudgetBucket,
    /// The lowest standing of a seller.
    pub min_standing_bps: Bps,
    /// The files that the work is about.
    pub inputs: BoundedVec<FileRef, 64>,
    /// What is wanted, in words.
    pub text: Text,
}

/// A file, named by what it is and not by where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRef {
    /// Its name.
    pub name: FileName,
    /// SHA-256 of its bytes, without salt.
    pub sha256: ContentHash,
    /// Its length in bytes.
    pub size: u64,
    /// What it holds.
    pub media_type: MediaType,
}

impl Paper for Request {
    const TYPE: &'static str = "request";
    const MAX_BYTES: usize = 24 * 1024;
    const SIGNED_MAX_BYTES: usize = 25 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.buyer]
    }

    fn check(&self) -> Result<(), Illegal> {
        let names: BTreeSet<_> = self.inputs.iter().map(|input| &input.name).collect();
        rule::<Self>(names.len() == self.inputs.len(), "no two inputs have the same name")
    }
}
