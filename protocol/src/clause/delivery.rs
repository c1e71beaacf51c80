//! Bytes as a juror could get them, held against their hashes, and bounded reading of their JSON.
//!
//! A delivered file is not a paper: it may hold fractions and any text. It is still bounded, in
//! bytes, depth and number of values, before a clause looks at it.
//!
//! Deliberately absent: asking anybody for bytes; that was done before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    document::{FileRef, Manifest, Pact},
    text::FileName,
};

/// The largest JSON file that a clause reads.
const JSON_BYTES_MAX: usize = 1 << 20;
/// The most JSON values in one file.
const VALUES_MAX: usize = 50_000;
/// The deepest nesting in one file.
const DEPTH_MAX: usize = 32;

/// A file after everybody who should have it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// None that could be used.
    Unusable(Unusable),
}

/// Why a file cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// Nobody has it, or it was never delivered.
    Missing,
    /// It could not be opened.
    Unreadable,
    /// It is not what its hash promises.
    WrongBytes,
    /// It passes a bound of bytes, depth or number of values.
    TooLarge,
    /// It should be JSON and is not.
    NotJson,
}

/// One milestone's delivery as a juror holds it: every byte in it is the promised one.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    files: BTreeMap<String, Found<'a>>,
    sources: BTreeMap<String, Found<'a>>,
    /// When the vaults' receipts say that it was stored, in Unix seconds.
    pub stored_at_secs: u64,
    /// When it was due, in Unix seconds.
    pub due_secs: u64,
}

impl<'a> Delivery<'a> {
    /// Holds what was found against the manifest's salted hashes and the pact's plain ones. Files
    /// that neither names do not exist.
    #[must_use]
    pub fn new(
        pact: &Pact,
        manifest: &Manifest,
        files: &BTreeMap<FileName, Found<'a>>,
        sources: &BTreeMap<FileName, Found<'a>>,
    ) -> Self {
        let files = manifest.leaves.iter().map(|leaf| {
            let found = held(files, &leaf.name, |bytes| leaf.holds(bytes));
            (leaf.name.as_str().to_owned(), found)
        });
        let sources = pact.sources.iter().map(|source| {
            let found = held(sources, &source.name, |bytes| is_source(source, bytes));
            (source.name.as_str().to_owned(), found)
        });
        Self { files: files.collect(), sources: sources.collect(), stored_at_secs: 0, due_secs: 0 }
    }

    /// Says when it was stored and when it was due, in Unix seconds.
    #[must_use]
    pub fn stored(self, stored_at_secs: u64, due_secs: u64) -> Self {
        Self { stored_at_secs, due_secs, ..self }
    }

    pub(super) fn file(&self, name: &FileName) -> Found<'a> {
        self.files.get(name.as_str()).copied().unwrap_or(Found::Unusable(Unusable::Missing))
    }

    pub(super) fn source(&self, name: &str) -> Found<'a> {
        self.sources.get(name).copied().unwrap_or(Found::Unusable(Unusable::Missing))
    }
}

fn held<'a>(
    found: &BTreeMap<FileName, Found<'a>>,
    name: &FileName,
    is_promised: impl Fn(&[u8]) -> bool,
) -> Found<'a> {
    match found.get(name) {
        None => Found::Unusable(Unusable::Missing),
        Some(Found::Bytes(bytes)) if !is_promised(bytes) => Found::Unusable(Unusable::WrongBytes),
        Some(found) => *found,
    }
}

fn is_source(source: &FileRef, bytes: &[u8]) -> bool {
    source.size == bytes.len() as u64 && Sha256::digest(bytes).as_slice() == source.sha256.as_bytes()
}

impl<'a> Found<'a> {
    pub(super) const fn bytes(self) -> Result<&'a [u8], Unusable> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Unusable(why) => Err(why),
        }
    }

    pub(super) fn json(self) -> Result<Value, Unusable> {
        let bytes = self.bytes()?;
        if bytes.len() > JSON_BYTES_MAX {
            return Err(Unusable::TooLarge);
        }
        let value = serde_json::from_slice(bytes).map_err(|_| Unusable::NotJson)?;
        let mut values_left = VALUES_MAX;
        if bounded(&value, DEPTH_MAX, &mut values_left) { Ok(value) } else { Err(Unusable::TooLarge) }
    }
}

/// Whether a value nests no deeper and holds no more values than is left.
pub(super) fn bounded(value: &Value, depth_left: usize, values_left: &mut usize) -> bool {
    let Some(left) = values_left.checked_sub(1) else { return false };
    *values_left = left;
    let mut children: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return true,
    };
    depth_left > 0 && children.all(|child| bounded(child, depth_left - 1, values_left))
}
