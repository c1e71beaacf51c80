//! The bytes of the guard: one header and then records, each exactly one block of 512 bytes.
//!
//! A block is the sector that a disk writes at once, and nothing in it says how long it is: a
//! changed byte can spoil one record, never hide where the next one starts. Each record ends with
//! SHA-256 over the record before it and its own bytes, so that records cannot be changed, dropped,
//! moved or taken from another guard.
//!
//! | bytes | header | record |
//! |---|---|---|
//! | 0 | `nuncio guard` and format version | kind (1 claim, 2 reconciliation), number of digests, length of name, 0 |
//! | 8.. | | sequence number (u64), epoch (u64), both big endian |
//! | 16.. | owner (32), salt (32) | |
//! | 24.. | | name (128), digests (8 × 33: key role, hash) |
//! | 480.. | SHA-256 | SHA-256 |

use sha2::{Digest, Sha256};

use super::{DIGESTS_MAX, GuardError, NAME_MAX, SigningKeyRole, SlotDigest};

pub(super) const BLOCK: usize = 512;
const BODY: usize = 480;
const NAME_AT: usize = 24;
const DIGESTS_AT: usize = NAME_AT + NAME_MAX;
const MAGIC: &[u8; 12] = b"nuncio guard";
const FORMAT: u8 = 1;

/// The chain value after a block.
pub(super) type Link = [u8; 32];

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A slot was claimed by this ordered set.
    Claim { name: String, digests: Vec<SlotDigest> },
    /// A person stated that the guard may go on although it was behind the records.
    Reconciled,
}

/// One block after the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) seq: u64,
    pub(super) epoch: u64,
    pub(super) entry: Entry,
}

/// The first block of a guard that belongs to `owner`.
pub(super) fn header(owner: &[u8; 32], salt: &[u8; 32]) -> ([u8; BLOCK], Link) {
    let mut block = [0; BLOCK];
    block[..12].copy_from_slice(MAGIC);
    block[12] = FORMAT;
    block[16..48].copy_from_slice(owner);
    block[48..80].copy_from_slice(salt);
    let link = seal(&[0; 32], &mut block);
    (block, link)
}

/// Checks the first block; gives the link that the first record hangs on.
pub(super) fn read_header(block: &[u8; BLOCK], owner: &[u8; 32]) -> Result<Link, GuardError> {
    let damaged = GuardError::Corrupt { record: 0, what: "the header does not match its checksum" };
    if &block[..12] != MAGIC {
        return Err(damaged);
    }
    let Some(link) = check(&[0; 32], block) else { return Err(damaged) };
    if block[12] != FORMAT {
        return Err(GuardError::UnknownFormat { found: block[12], known: FORMAT });
    }
    let found = named_owner(block);
    if &found == owner { Ok(link) } else { Err(GuardError::Foreign { owner: found }) }
}

fn named_owner(block: &[u8; BLOCK]) -> [u8; 32] {
    block[16..48].try_into().expect("32 bytes of the block")
}

impl Record {
    /// The record as a block that hangs on `before`.
    pub(super) fn write(&self, before: &Link) -> ([u8; BLOCK], Link) {
        let mut block = [0; BLOCK];
        block[8..16].copy_from_slice(&self.seq.to_be_bytes());
        block[16..24].copy_from_slice(&self.epoch.to_be_bytes());
        match &self.entry {
            Entry::Reconciled => block[0] = 2,
            Entry::Claim { name, digests } => {
                block[0] = 1;
                block[1] = u8::try_from(digests.len()).expect("at most 8 digests were let in");
                block[2] = u8::try_from(name.len()).expect("at most 128 bytes of name were let in");
                block[NAME_AT..NAME_AT + name.len()].copy_from_slice(name.as_bytes());
                for (place, digest) in block[DIGESTS_AT..].chunks_exact_mut(33).zip(digests) {
                    place[0] = match digest.key {
                        SigningKeyRole::Identity => 1,
                        SigningKeyRole::Settlement => 2,
                    };
                    place[1..].copy_from_slice(&digest.hash);
                }
            }
        }
        let link = seal(before, &mut block);
        (block, link)
    }

    /// Reads a block that should hang on `before`; `None` when its checksum or shape is wrong.
    pub(super) fn read(block: &[u8; BLOCK], before: &Link) -> Option<(Self, Link)> {
        let link = check(before, block)?;
        let number =
            |at: usize| u64::from_be_bytes(block[at..at + 8].try_into().expect("8 bytes of the block"));
        let entry = match block[0] {
            1 => read_claim(block)?,
            2 => Entry::Reconciled,
            _ => return None,
        };
        Some((Self { seq: number(8), epoch: number(16), entry }, link))
    }
}

fn read_claim(block: &[u8; BLOCK]) -> Option<Entry> {
    let (count, length) = (usize::from(block[1]), usize::from(block[2]));
    if count == 0 || count > DIGESTS_MAX || length == 0 || length > NAME_MAX {
        return None;
    }
    let name = core::str::from_utf8(&block[NAME_AT..NAME_AT + length]).ok()?.to_owned();
    let mut digests = Vec::with_capacity(count);
    for place in block[DIGESTS_AT..].chunks_exact(33).take(count) {
        let key = match place[0] {
            1 => SigningKeyRole::Identity,
            2 => SigningKeyRole::Settlement,
            _ => return None,
        };
        digests.push(SlotDigest { key, hash: place[1..].try_into().expect("32 of 33 bytes") });
    }
    Some(Entry::Claim { name, digests })
}

fn seal(before: &Link, block: &mut [u8; BLOCK]) -> Link {
    let link = link(before, block);
    block[BODY..].copy_from_slice(&link);
    link
}

fn check(before: &Link, block: &[u8; BLOCK]) -> Option<Link> {
    let link = link(before, block);
    (block[BODY..] == link).then_some(link)
}

fn link(before: &Link, block: &[u8; BLOCK]) -> Link {
    let mut hash = Sha256::new();
    hash.update(b"nuncio/guard/1");
    hash.update(before);
    hash.update(&block[..BODY]);
    hash.finalize().into()
}
