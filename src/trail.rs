//! What a node has on record, read back on demand: every decision with its rule, every paper and fact.
//!
//! Offers are on record within milliseconds, everything else before anything follows from it. A page
//! says where the next one begins, so that a principal can follow a running node.
//!
//! Deliberately absent: keys and plaintext of sealed papers, which are in no record.

use std::sync::Arc;

use nuncio_protocol::record::Record;
use serde::Serialize;

use crate::{effects::Fatal, keys::Keys, records, store::Reader};

/// Records on one page at most.
pub const PAGE_MAX: usize = 1000;

/// One record.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Its number, from 0.
    pub number: u64,
    /// The name of the step that it stores, such as `policy.decided`.
    pub step: &'static str,
    /// Itself.
    pub record: Record,
}

/// The records of a running node.
#[derive(Clone, Debug)]
pub struct Trail {
    reader: Reader,
    keys: Arc<Keys>,
}

impl Trail {
    pub(crate) const fn new(reader: Reader, keys: Arc<Keys>) -> Self {
        Self { reader, keys }
    }

    /// The records from a number on, at most `count` of them and at most [`PAGE_MAX`]; of the named step
    /// alone, where one is named.
    ///
    /// # Errors
    /// [`Fatal`] for a record that cannot be read.
    pub fn read(&self, from: u64, count: usize, step: Option<&str>) -> Result<Vec<Entry>, Fatal> {
        let mut entries = Vec::new();
        for row in self.reader.load_from(from) {
            if entries.len() >= count.min(PAGE_MAX) {
                break;
            }
            let row = row?;
            let record = records::from_row(&self.keys, &row)?;
            if step.is_none_or(|step| step == record.step()) {
                entries.push(Entry { number: row.key, step: record.step(), record });
            }
        }
        Ok(entries)
    }
}
