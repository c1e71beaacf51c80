//! What a node has on record, read back on demand: every decision with its rule, every paper and fact.
//!
//! Offers are on record within milliseconds, everything else before anything follows from it. A page
//! says where the next one begins, so that a principal can follow a running node. However little of what
//! is read is asked for, one page reads so many records and no more: then it is short, or empty, and says
//! how far it came.
//!
//! Deliberately absent: keys and plaintext of sealed papers, which are in no record. And what was said
//! under an NDA whose keys are destroyed: of that the page says that it is gone.

use std::sync::Arc;

use nuncio_protocol::record::Record;
use serde::Serialize;

use crate::{effects::Fatal, keys::Keys, records, store::Reader};

/// Records on one page at most.
pub const PAGE_MAX: usize = 1000;
/// Records that are read for one page at most.
const SCAN_MAX: usize = 20_000;

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

/// Some records, and where the next ones begin.
#[derive(Debug, Serialize)]
pub struct Page {
    /// In the order of their numbers.
    pub entries: Vec<Entry>,
    /// The number from which on nothing was read yet.
    pub next: u64,
}

/// Why a page cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record cannot be read: {0}")]
pub struct TrailError(String);

impl TrailError {
    /// The process is going down while it reads.
    pub(crate) fn stopping() -> Self {
        Self("the node is stopping".into())
    }
}

impl From<Fatal> for TrailError {
    fn from(error: Fatal) -> Self {
        Self(error.to_string())
    }
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
    /// [`TrailError`] for a record that cannot be read.
    pub fn read(&self, from: u64, count: usize, step: Option<&str>) -> Result<Page, TrailError> {
        let mut page = Page { entries: Vec::new(), next: from };
        for row in self.reader.load_from(from).take(SCAN_MAX) {
            if page.entries.len() >= count.min(PAGE_MAX) {
                break;
            }
            let row = row.map_err(Fatal::from)?;
            let record = records::from_row_or_gone(&self.keys, &row).map_err(Fatal::from)?;
            page.next = row.key + 1;
            if step.is_none_or(|step| step == record.step()) {
                page.entries.push(Entry { number: row.key, step: record.step(), record });
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::{command::Event, ids::PaperId};

    use super::*;
    use crate::{
        keys::Hardness,
        store::{Row, Store},
    };

    #[test]
    fn a_page_reads_so_many_records_and_says_how_far_it_came_also_where_it_found_nothing() {
        let home = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keys::create(home.path(), "correct horse", Hardness::Local).unwrap());
        let mut store = Store::open(&home.path().join("records")).unwrap();
        let noted = Record::Noted(Event::NdaAnchored { nda: PaperId([1; 32]) });
        let last = SCAN_MAX as u64 + 5;
        let record = |number: u64| if number == last { Record::Delivered { id: 1 } } else { noted.clone() };
        let row = |number: u64| -> Row { records::to_row(&keys, &(number, None, record(number))).unwrap() };
        let rows: Vec<Row> = (0..=last).map(row).collect();
        for batch in rows.chunks(1_000) {
            store.append(batch, false).unwrap();
        }
        let trail = Trail::new(store.reader(), keys.clone());

        let rare = Some("message.delivered");
        let page = trail.read(0, 10, rare).unwrap();
        assert_eq!(
            (page.entries.len(), page.next),
            (0, SCAN_MAX as u64),
            "bounded, and not back to the start"
        );
        let page = trail.read(page.next, 10, rare).unwrap();
        assert_eq!((page.entries[0].number, page.next), (last, last + 1));
        let page = trail.read(page.next, 10, rare).unwrap();
        assert_eq!((page.entries.len(), page.next), (0, last + 1), "the end stays the end");
        let page = trail.read(7, 3, None).unwrap();
        assert_eq!((page.entries.len(), page.next), (3, 10));
    }
}
