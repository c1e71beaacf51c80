//! Reading rows while somebody else appends.
//!
//! Deliberately absent: writing. A reader sees whole batches, in order, as far as they are appended.

use std::sync::Arc;

use rocksdb::{DB, Direction, IteratorMode};

use super::{Row, StoreError, named, records, row};

/// The records of one node, to be read.
#[derive(Clone)]
pub struct Reader(pub(super) Arc<DB>);

impl Reader {
    /// The rows from a number on, in order.
    ///
    /// # Errors
    /// Each item may be [`StoreError::Gap`], [`StoreError::NewerRow`] or [`StoreError::Damaged`];
    /// nothing after it is to be trusted.
    pub fn load_from(&self, first: u64) -> impl Iterator<Item = Result<Row, StoreError>> + '_ {
        rows(&self.0, first)
    }
}

pub(super) fn rows(db: &DB, first: u64) -> impl Iterator<Item = Result<Row, StoreError>> + '_ {
    let start = first.to_be_bytes();
    let stored = db.iterator_cf(records(db), IteratorMode::From(&start, Direction::Forward));
    stored.enumerate().map(move |(i, stored)| {
        let (key, value) = stored.map_err(named)?;
        let (found, expected) = (row::number(&key)?, first + i as u64);
        if found != expected {
            return Err(StoreError::Gap { expected, found });
        }
        Row::decode(found, &value)
    })
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}
