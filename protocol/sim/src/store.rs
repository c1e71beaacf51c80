//! Records as a node stores them, parted into what is synced and what is not.
//!
//! A crash takes the unsynced end; what is read afterwards has gone through the stored encoding, as
//! it would from a disk.
//!
//! Deliberately absent: sealing of rows. Which record belongs to which NDA is the record's own word,
//! and what a shell seals with it does not change what comes back.

use nuncio_protocol::record::Record;

/// The records of one node.
#[derive(Clone, Debug, Default)]
pub struct Store {
    rows: Vec<Record>,
    synced: usize,
}

impl Store {
    /// Appends a batch that begins at number `first`; durable ones are synced with all before them.
    ///
    /// # Panics
    /// When the batch does not follow what is there.
    pub(crate) fn append(&mut self, first: u64, records: Vec<Record>, durable: bool) {
        assert_eq!(first, self.rows.len() as u64, "a batch follows the one before");
        self.rows.extend(records);
        if durable {
            self.synced = self.rows.len();
        }
    }

    /// Takes the power away.
    pub(crate) fn lose_power(&mut self) {
        self.rows.truncate(self.synced);
    }

    /// Everything that is stored, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.rows
    }

    /// Everything that is stored, as a starting process reads it.
    pub(crate) fn load(&self) -> Vec<Record> {
        let read = |record: &Record| {
            let bytes = serde_json::to_vec(record).expect("invariant: records are JSON");
            serde_json::from_slice(&bytes).expect("invariant: a stored record reads back")
        };
        self.rows.iter().map(read).collect()
    }
}
