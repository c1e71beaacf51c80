//! How many rows were acknowledged as durable, noted beside the database.
//!
//! The database's log ends at the first thing that looks like a torn write. A changed length in the
//! middle looks like that as well, and everything behind it would be dropped in silence. So after
//! every synced append the number of rows is written here, without a sync of its own: it may be
//! older than the truth after a loss of power, never newer. Fewer rows than noted are a loss, and
//! are named.
//!
//! Two places are written in turn, each a number and its SHA-256, so that a torn write leaves the
//! other one.
//!
//! Deliberately absent: which rows, and any repair.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use sha2::{Digest, Sha256};

const ENTRY: usize = 40;
const PLACES: [u64; 2] = [0, 512];
/// The file's name in the database's folder.
pub(super) const NAME: &str = "ACKNOWLEDGED";

/// The note, open for writing.
#[derive(Debug)]
pub(super) struct Synced {
    file: File,
    turn: usize,
}

impl Synced {
    /// Opens the note, or starts it; gives the number noted, `None` when there is none.
    pub(super) fn open(dir: &Path) -> io::Result<(Self, Option<u64>)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(dir.join(NAME))?;
        let noted = PLACES.map(|place| {
            let mut entry = [0; ENTRY];
            file.read_exact_at(&mut entry, place).ok().and_then(|()| read(&entry))
        });
        let turn = usize::from(noted[0] > noted[1]);
        Ok((Self { file, turn }, noted[0].max(noted[1])))
    }

    /// Notes that so many rows are durable.
    pub(super) fn note(&mut self, rows: u64) -> io::Result<()> {
        self.file.write_all_at(&write(rows), PLACES[self.turn])?;
        self.turn = 1 - self.turn;
        Ok(())
    }

    /// Makes the note itself durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

fn write(rows: u64) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..8].copy_from_slice(&rows.to_be_bytes());
    entry[8..].copy_from_slice(&checksum(rows));
    entry
}

fn read(entry: &[u8; ENTRY]) -> Option<u64> {
    let rows = u64::from_be_bytes(*entry.first_chunk()?);
    (entry[8..] == checksum(rows)).then_some(rows)
}

fn checksum(rows: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"nuncio/store/acknowledged/1");
    hash.update(rows.to_be_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_noted_is_found_again_and_a_torn_one_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let (mut synced, none) = Synced::open(dir.path()).unwrap();
        assert_eq!(none, None);
        for rows in [0, 2, 4, 5, 9] {
            let before = Synced::open(dir.path()).unwrap().1;
            synced.note(rows).unwrap();
            assert_eq!(Synced::open(dir.path()).unwrap().1, Some(rows));
            let whole = std::fs::read(dir.path().join(NAME)).unwrap();
            let place = PLACES[1 - synced.turn] as usize;
            let mut torn = whole.clone();
            torn[place + 20..place + ENTRY].fill(0);
            std::fs::write(dir.path().join(NAME), torn).unwrap();
            assert_eq!(Synced::open(dir.path()).unwrap().1, before);
            std::fs::write(dir.path().join(NAME), whole).unwrap();
        }
    }
}
