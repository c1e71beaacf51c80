//! The node's records on disk: one row per record, one durable batch per step.
//!
//! Rows are numbered from 0 without a gap. A step's rows are one batch: after a crash either all of
//! them are there or none, and what a synced append acknowledged is there. A gap, a row of a newer
//! format or a damaged file refuses to load by name, nothing is skipped.
//!
//! RocksDB is held to this by options that are fixed in one place, and by a note of how many rows
//! were acknowledged: its log may end in a torn write, which a crash explains, but never before what
//! was acknowledged ([`StoreError::Lost`]). Memory is kept small, so that an idle node costs little.
//!
//! A failed append is fatal ([`StoreError::is_fatal`]): the caller ends the process, because what is
//! on disk is uncertain. [`Reserve`] keeps some space back for that day, and [`DiskSpace::is_low`]
//! says when to take nothing new on.
//!
//! Deliberately absent: what a record says, deletion, and sealing: values under an NDA come sealed,
//! since a log-structured store cannot forget.

mod reader;
mod recorder;
mod row;
mod space;
mod synced;

use std::{io, path::Path, sync::Arc};

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    ErrorKind, IteratorMode, LogLevel, Options, WriteBatch, WriteOptions,
};

use self::synced::Synced;
pub use self::{
    reader::Reader,
    recorder::{Recorder, Syncer, Unrecorded},
    row::Row,
    space::{DiskSpace, Reserve},
};

const RECORDS: &str = "records";
const FORMAT_KEY: &[u8] = b"format";
/// The layout of the database as a whole.
const FORMAT: u32 = 1;
const BLOCK_CACHE: usize = 8 << 20;
const WRITE_BUFFER: usize = 4 << 20;
const LOG_TOTAL_MAX: u64 = 32 << 20;
/// The most rows of one append.
pub const BATCH_MAX: usize = 4096;
/// The longest value of a row, in bytes.
pub const VALUE_MAX: usize = 16 << 20;

/// The records of one node.
pub struct Store {
    db: Arc<DB>,
    synced: Synced,
    next: u64,
    failed: bool,
}

/// Why records cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database was written by a newer program.
    #[error("the records have format {found}, this program knows {known}")]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// A row was written by a newer program.
    #[error("record {key} has format {found}, this program knows {known}")]
    NewerRow {
        /// The row's number.
        key: u64,
        /// The format found.
        found: u8,
        /// The newest format known here.
        known: u8,
    },
    /// Rows are missing.
    #[error("record {expected} is missing, the next one is {found}")]
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// Rows that were acknowledged are gone from the end.
    #[error("{acknowledged} records were acknowledged, {found} are left")]
    Lost {
        /// How many there were at least.
        acknowledged: u64,
        /// How many there are.
        found: u64,
    },
    /// The files were changed or damaged.
    #[error("the records are damaged: {0}")]
    Damaged(String),
    /// An append does not continue the rows.
    #[error("record {given} does not follow, the next one is {next}")]
    OutOfOrder {
        /// The number given.
        given: u64,
        /// The number that is due.
        next: u64,
    },
    /// An append passes a bound.
    #[error("an append of {rows} rows, the longest of {bytes} bytes, passes the bounds")]
    TooLarge {
        /// How many rows.
        rows: usize,
        /// The longest value in bytes.
        bytes: usize,
    },
    /// Another process has the database open.
    #[error("the records are in use by another process")]
    InUse,
    /// No space is left; the process must end.
    #[error("no space left for the records: {0}")]
    Full(String),
    /// The disk failed; the process must end.
    #[error("the records cannot be kept: {0}")]
    Io(String),
    /// An append failed before; the process should have ended.
    #[error("an earlier append failed, nothing more is taken until the node is started again")]
    Failed,
}

impl StoreError {
    /// Whether the caller must end the process: what is on disk is uncertain.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        match self {
            Self::Full(_) | Self::Io(_) | Self::Failed => true,
            Self::NewerFormat { .. }
            | Self::NewerRow { .. }
            | Self::Gap { .. }
            | Self::Lost { .. }
            | Self::Damaged(_)
            | Self::OutOfOrder { .. }
            | Self::TooLarge { .. }
            | Self::InUse => false,
        }
    }

    /// What a person can do about it, where there is something.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NewerFormat { .. } | Self::NewerRow { .. } => {
                Some("start the newer program that wrote them")
            }
            Self::Gap { .. } | Self::Lost { .. } | Self::Damaged(_) => {
                Some("restore the data folder from a backup")
            }
            Self::InUse => Some("stop the other process, or give this one another --home"),
            Self::Full(_) => Some("make space on the disk, then start again; nothing acknowledged is lost"),
            Self::Io(_) | Self::Failed => Some("check the disk, then start again"),
            Self::OutOfOrder { .. } | Self::TooLarge { .. } => None,
        }
    }
}

impl Store {
    /// Opens the records in `dir`, or starts them there.
    ///
    /// # Errors
    /// [`StoreError::NewerFormat`], [`StoreError::Lost`], [`StoreError::Damaged`],
    /// [`StoreError::InUse`], or a fatal one.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let cache = Cache::new_lru_cache(BLOCK_CACHE);
        let family = |name| ColumnFamilyDescriptor::new(name, family_options(&cache));
        let families = ["default", RECORDS].map(family);
        let db = Arc::new(DB::open_cf_descriptors(&options(&cache), dir, families).map_err(named)?);
        let (synced, noted) = Synced::open(dir).map_err(unnoted)?;
        let mut store = Self { db, synced, next: 0, failed: false };
        let format_is_named = store.check_format()?;
        store.next = store.count()?;
        store.check_noted(noted)?;
        if !format_is_named {
            store.name_format()?;
        }
        Ok(store)
    }

    /// Fewer rows than were acknowledged are a loss. What was recovered is noted before it is used.
    fn check_noted(&mut self, noted: Option<u64>) -> Result<(), StoreError> {
        let found = self.next;
        match noted {
            None if found > 0 => {
                return Err(StoreError::Damaged("how many records were acknowledged is not noted".into()));
            }
            Some(acknowledged) if acknowledged > found => {
                return Err(StoreError::Lost { acknowledged, found });
            }
            None | Some(_) => {}
        }
        self.db.flush_wal(true).map_err(fatal)?;
        self.synced.note(found).and_then(|()| self.synced.sync()).map_err(unnoted)
    }

    /// Whether the format is named yet; a newer one refuses.
    fn check_format(&self) -> Result<bool, StoreError> {
        let Some(bytes) = self.db.get(FORMAT_KEY).map_err(named)? else {
            if self.count()? != 0 {
                return Err(StoreError::Damaged("there are records, and their format is not named".into()));
            }
            return Ok(false);
        };
        let found = bytes.as_slice().try_into().map(u32::from_be_bytes);
        let found = found.map_err(|_| StoreError::Damaged("the format is not a number".into()))?;
        if found > FORMAT { Err(StoreError::NewerFormat { found, known: FORMAT }) } else { Ok(true) }
    }

    fn name_format(&self) -> Result<(), StoreError> {
        self.db.put_opt(FORMAT_KEY, FORMAT.to_be_bytes(), &write_options(true)).map_err(fatal)
    }

    /// One more than the last number.
    fn count(&self) -> Result<u64, StoreError> {
        match self.db.iterator_cf(self.records(), IteratorMode::End).next() {
            None => Ok(0),
            Some(last) => Ok(row::number(&last.map_err(named)?.0)? + 1),
        }
    }

    /// The number that the next row must have.
    #[must_use]
    pub const fn next_key(&self) -> u64 {
        self.next
    }

    /// Adds rows as one batch. With `sync` they survive a loss of power when this returns; without,
    /// when the next synced append returns.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] or [`StoreError::TooLarge`], and nothing was added; or a fatal one.
    pub fn append(&mut self, rows: &[Row], sync: bool) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let longest = rows.iter().map(|row| row.value.len()).max().unwrap_or(0);
        if rows.len() > BATCH_MAX || longest > VALUE_MAX {
            return Err(StoreError::TooLarge { rows: rows.len(), bytes: longest });
        }
        let mut batch = WriteBatch::default();
        let mut next = self.next;
        for row in rows {
            if row.key != next {
                return Err(StoreError::OutOfOrder { given: row.key, next });
            }
            batch.put_cf(self.records(), row.key.to_be_bytes(), row.encode());
            next += 1;
        }
        let mut written = self.db.write_opt(batch, &write_options(sync)).map_err(fatal);
        if sync {
            written = written.and_then(|()| self.synced.note(next).map_err(unnoted));
        }
        written.inspect_err(|_| self.failed = true)?;
        self.next = next;
        Ok(())
    }

    /// Makes everything appended so far survive a loss of power.
    ///
    /// # Errors
    /// A fatal one.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        let synced = self.db.flush_wal(true).map_err(fatal);
        let noted = synced.and_then(|()| self.synced.note(self.next).map_err(unnoted));
        noted.inspect_err(|_| self.failed = true)
    }

    /// All rows in order, from the first.
    ///
    /// # Errors
    /// As [`Reader::load_from`].
    pub fn load(&self) -> impl Iterator<Item = Result<Row, StoreError>> + '_ {
        reader::rows(&self.db, 0)
    }

    /// For whoever only reads.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.db))
    }

    fn records(&self) -> &ColumnFamily {
        records(&self.db)
    }
}

fn records(db: &DB) -> &ColumnFamily {
    db.cf_handle(RECORDS).expect("invariant: the column family was opened with the database")
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({} rows)", self.next)
    }
}

/// The database's options: where durability is decided.
fn options(cache: &Cache) -> Options {
    let mut options = family_options(cache);
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // The log may end in a torn write; the default would drop everything from any damage on. What
    // damage can still pass for a torn write is found by the note of what was acknowledged.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);
    options.set_max_open_files(64);
    options.set_max_total_wal_size(LOG_TOTAL_MAX);
    options.set_max_background_jobs(2);
    options.set_stats_dump_period_sec(0);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(1 << 20);
    options
}

fn family_options(cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(WRITE_BUFFER);
    options.set_max_write_buffer_number(2);
    options
}

fn write_options(sync: bool) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(sync);
    options
}

/// A failed read or open, by what a person can do about it.
fn named(error: rocksdb::Error) -> StoreError {
    let kind = error.kind();
    let text = error.into_string();
    if kind == ErrorKind::Corruption || kind == ErrorKind::InvalidArgument {
        StoreError::Damaged(text)
    } else if text.contains("While lock file") || text.contains("lock hold by current process") {
        StoreError::InUse
    } else {
        full_or_io(text)
    }
}

/// A failed write: whatever its kind, the process must end.
fn fatal(error: rocksdb::Error) -> StoreError {
    full_or_io(error.into_string())
}

fn unnoted(error: io::Error) -> StoreError {
    full_or_io(error.to_string())
}

/// RocksDB gives the system's error as text only.
fn full_or_io(text: String) -> StoreError {
    let full =
        ["No space left", "File too large", "Disk quota exceeded"].iter().any(|why| text.contains(why));
    if full { StoreError::Full(text) } else { StoreError::Io(text) }
}

#[cfg(test)]
mod tests;
