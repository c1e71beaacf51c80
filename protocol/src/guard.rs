//! The sign guard: one ordered set of digests per slot, durable before the first signature.
//!
//! Before a key signs, the slot and the whole set of digests are appended to a chained log and
//! synced. The same set may be signed again, any other set for that slot is refused for ever, also
//! after a crash, a restart or a lie of the rest of the program. (Rule: one signature per key and
//! slot, ever. Two agreements signed for one negotiation are two debts.)
//!
//! [`Guard::open`] reads the log and signs nothing yet. [`Guard::compare`] is told the highest
//! guard number that the node's records have seen, and then:
//!
//! * the log holds at least that number: it signs;
//! * the log is shorter (a backup was restored, a disk was cloned): [`Mode::Observe`], every
//!   signature is refused until [`Guard::reconcile`], because what was signed in the lost part is
//!   unknown;
//! * the last block is damaged: if its number was never seen by the records, it is a write that a
//!   crash tore. It was not synced, or at least no signature under it left the node, and it is cut
//!   off. If it was seen, it was whole once: [`GuardError::Corrupt`];
//! * any earlier block is damaged: [`GuardError::Corrupt`].
//!
//! This rests on one duty of the caller: the guard's number is in a synced record before anything
//! signed leaves the node.
//!
//! Slots that are not exclusive (checkpoints of a session, announcements) cost no disk write; they
//! are only counted, and refused in observe mode like all others. A name that was claimed cannot
//! be used in that way for anything else.
//!
//! Deliberately absent: keys, signatures, the meaning of what is signed, any way to free a slot.

mod block;
mod request;

use std::collections::BTreeMap;

use rand_core::CryptoRng;

use self::block::{BLOCK, Entry, Link, Record};
pub use self::request::{Payload, SignRequest, Signature, SigningKeyRole, Slot, SlotDigest};
use crate::disk::{Disk, DiskError};

/// The most digests that one slot takes.
pub const DIGESTS_MAX: usize = 8;
/// The longest name of a slot, in bytes.
pub const NAME_MAX: usize = 128;
/// The most claims of one guard (512 MiB of log).
pub const CLAIMS_MAX: usize = 1 << 20;

/// The durable memory of what was signed.
#[derive(Debug)]
pub struct Guard<D> {
    disk: D,
    link: Link,
    blocks: u64,
    seq: u64,
    epoch: u64,
    claims: BTreeMap<String, Vec<SlotDigest>>,
    mode: Mode,
    torn: bool,
    broken: bool,
    repeated: u64,
}

/// Whether the guard lets anything be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The log holds all that the records know of.
    Signing,
    /// Nothing is signed.
    Observe(Observe),
}

/// Why nothing is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Observe {
    /// [`Guard::compare`] was not called yet.
    #[error("the sign guard was not compared with the records yet")]
    NotCompared,
    /// The log lacks claims that the records have seen.
    #[error("the sign guard ends at number {guard}, the records have seen {records}: it was rolled back")]
    Behind {
        /// The last number in the log.
        guard: u64,
        /// The highest number that the records have seen.
        records: u64,
    },
}

/// How a granted claim came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The slot was free; the set is now durable under this number.
    New {
        /// The record's number, one above the one before.
        seq: u64,
    },
    /// The slot holds exactly this set already.
    Same,
    /// The slot is not exclusive; this many such requests were granted since the start.
    Repeated {
        /// A counter in memory.
        count: u64,
    },
}

/// Why nothing may be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// The slot's name is empty, too long, or has other than visible ASCII characters.
    #[error("a slot's name has 1 to 128 visible ASCII characters, this one has {length} bytes")]
    BadName {
        /// Its length in bytes.
        length: usize,
    },
    /// A slot takes 1 to 8 digests.
    #[error("{count} digests for one slot, 1 to 8 make sense")]
    BadCount {
        /// How many there were.
        count: usize,
    },
    /// The slot is filled by another set; signing this one would be equivocation.
    #[error("slot {slot} holds [{}] and refuses [{}]", list(.first), list(.second))]
    SecondDigest {
        /// The slot's name.
        slot: String,
        /// What fills it.
        first: Vec<SlotDigest>,
        /// What was refused.
        second: Vec<SlotDigest>,
    },
    /// The guard is in observe mode.
    #[error("signing is suspended: {0}")]
    Observe(Observe),
    /// There is nothing to reconcile, or it was stated with a number below what the records have seen.
    #[error("nothing to reconcile with number {seen}")]
    NothingToReconcile {
        /// The number stated.
        seen: u64,
    },
    /// The log was changed or damaged in a place that a crash cannot explain.
    #[error("the sign guard is corrupt at record {record}: {what}")]
    Corrupt {
        /// The record's place, 0 for the header.
        record: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// The log belongs to another identity key.
    #[error("the sign guard belongs to identity key {}", hex::encode(.owner))]
    Foreign {
        /// The identity key that it names.
        owner: [u8; 32],
    },
    /// The log was written by a newer program.
    #[error("the sign guard has format {found}, this program knows {known}")]
    UnknownFormat {
        /// The format found.
        found: u8,
        /// The newest format known here.
        known: u8,
    },
    /// The guard holds as many claims as it can.
    #[error("the sign guard is full with {CLAIMS_MAX} claims")]
    Full,
    /// The disk failed; the process must end.
    #[error("the sign guard cannot be kept: {0}")]
    Disk(#[from] DiskError),
    /// The disk failed before; the process should have ended.
    #[error("the sign guard failed before and grants nothing until the node is started again")]
    Broken,
}

impl GuardError {
    /// Whether the caller must end the process: what is on disk is uncertain.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Broken)
    }
}

impl<D: Disk> Guard<D> {
    /// Writes a new, empty guard for the identity key `owner` on an empty disk.
    ///
    /// # Errors
    /// [`GuardError::Corrupt`] when the disk is not empty, [`GuardError::Disk`] when it fails.
    pub fn create(mut disk: D, owner: &[u8; 32], rng: &mut dyn CryptoRng) -> Result<Self, GuardError> {
        if disk.length()? != 0 {
            return Err(GuardError::Corrupt { record: 0, what: "a new guard needs an empty disk" });
        }
        let mut salt = [0; 32];
        rng.fill_bytes(&mut salt);
        let (header, link) = block::header(owner, &salt);
        disk.write_at(0, &header)?;
        disk.sync()?;
        Ok(Self::empty(disk, link))
    }

    /// Reads the guard of the identity key `owner`; it signs nothing before [`Guard::compare`].
    ///
    /// # Errors
    /// [`GuardError::Corrupt`], [`GuardError::Foreign`], [`GuardError::UnknownFormat`] or
    /// [`GuardError::Disk`].
    pub fn open(disk: D, owner: &[u8; 32]) -> Result<Self, GuardError> {
        let length = disk.length()?;
        if length < BLOCK as u64 {
            return Err(GuardError::Corrupt { record: 0, what: "the header is cut short" });
        }
        let mut bytes = [0; BLOCK];
        disk.read_at(0, &mut bytes)?;
        let link = block::read_header(&bytes, owner)?;
        let mut guard = Self::empty(disk, link);
        let whole = length / BLOCK as u64 - 1;
        for place in 1..=whole {
            guard.disk.read_at(place * BLOCK as u64, &mut bytes)?;
            match Record::read(&bytes, &guard.link) {
                Some((record, link)) => guard.follow(record, link)?,
                None if place == whole && length % BLOCK as u64 == 0 => guard.torn = true,
                None => return Err(guard.corrupt("the record does not match its chain")),
            }
        }
        guard.torn |= length % BLOCK as u64 != 0;
        guard.epoch += 1;
        Ok(guard)
    }

    fn empty(disk: D, link: Link) -> Self {
        Self {
            disk,
            link,
            blocks: 0,
            seq: 0,
            epoch: 0,
            claims: BTreeMap::new(),
            mode: Mode::Observe(Observe::NotCompared),
            torn: false,
            broken: false,
            repeated: 0,
        }
    }

    /// Takes one record from the log, which must be the next.
    fn follow(&mut self, record: Record, link: Link) -> Result<(), GuardError> {
        if record.epoch < self.epoch {
            return Err(self.corrupt("the epoch runs backwards"));
        }
        match record.entry {
            Entry::Claim { name, digests } => {
                if record.seq != self.seq + 1 {
                    return Err(self.corrupt("the number does not follow the one before"));
                }
                if self.claims.insert(name, digests).is_some() {
                    return Err(self.corrupt("the slot was claimed before"));
                }
            }
            Entry::Reconciled if record.seq > self.seq => {}
            Entry::Reconciled => return Err(self.corrupt("a reconciliation runs backwards")),
        }
        self.seq = record.seq;
        self.epoch = record.epoch;
        self.link = link;
        self.blocks += 1;
        Ok(())
    }

    /// Compares with `seen`, the highest number in the node's records (0 for none), and from then on
    /// signs if nothing is missing.
    ///
    /// Makes the end of the log durable once more before trusting it: what an earlier process wrote
    /// may so far have been in the system's cache only.
    ///
    /// # Errors
    /// [`GuardError::Corrupt`] when the last record is damaged and was seen, [`GuardError::Disk`]
    /// when the disk fails.
    pub fn compare(&mut self, seen: u64) -> Result<Mode, GuardError> {
        self.check_whole()?;
        if self.torn && seen > self.seq {
            return Err(self.corrupt("the last record is damaged, and the records have seen it"));
        }
        self.settle().inspect_err(|_| self.broken = true)?;
        self.torn = false;
        self.mode = if seen > self.seq {
            Mode::Observe(Observe::Behind { guard: self.seq, records: seen })
        } else {
            Mode::Signing
        };
        Ok(self.mode)
    }

    /// Cuts a torn end off and writes the last whole block once more, so that a sync covers it even
    /// where the system believes it clean.
    fn settle(&mut self) -> Result<(), GuardError> {
        if self.torn {
            self.disk.cut(self.end())?;
        }
        let last = self.end() - BLOCK as u64;
        let mut bytes = [0; BLOCK];
        self.disk.read_at(last, &mut bytes)?;
        self.disk.write_at(last, &bytes)?;
        self.disk.sync()?;
        Ok(())
    }

    /// Lets a guard that is behind sign again, from a number above `seen`, on somebody's word that
    /// what was signed in the lost part has been found out.
    ///
    /// # Errors
    /// [`GuardError::NothingToReconcile`] outside of [`Observe::Behind`] or below its number;
    /// [`GuardError::Disk`] when the disk fails.
    pub fn reconcile(&mut self, seen: u64) -> Result<(), GuardError> {
        self.check_whole()?;
        let Mode::Observe(Observe::Behind { records, .. }) = self.mode else {
            return Err(GuardError::NothingToReconcile { seen });
        };
        let Some(seq) = seen.checked_add(1).filter(|_| seen >= records) else {
            return Err(GuardError::NothingToReconcile { seen });
        };
        self.append(seq, Entry::Reconciled)?;
        self.mode = Mode::Signing;
        Ok(())
    }

    /// Asks to sign this ordered set of digests in a slot. Only when this returns `Ok` may a key be
    /// used, and for nothing but these digests.
    ///
    /// # Errors
    /// [`GuardError::SecondDigest`] when the slot holds another set, [`GuardError::Observe`] in
    /// observe mode, [`GuardError::BadName`], [`GuardError::BadCount`], [`GuardError::Full`]; and
    /// [`GuardError::Disk`], after which the process must end.
    pub fn claim(&mut self, slot: &Slot, digests: &[SlotDigest]) -> Result<Claim, GuardError> {
        self.check_whole()?;
        check_shape(slot, digests)?;
        if let Mode::Observe(why) = self.mode {
            return Err(GuardError::Observe(why));
        }
        if let Some(first) = self.claims.get(&slot.name) {
            if first == digests {
                return Ok(Claim::Same);
            }
            let (first, second) = (first.clone(), digests.to_vec());
            return Err(GuardError::SecondDigest { slot: slot.name.clone(), first, second });
        }
        if !slot.exclusive {
            self.repeated += 1;
            return Ok(Claim::Repeated { count: self.repeated });
        }
        if self.claims.len() >= CLAIMS_MAX {
            return Err(GuardError::Full);
        }
        let seq = self.seq + 1;
        self.append(seq, Entry::Claim { name: slot.name.clone(), digests: digests.to_vec() })?;
        self.claims.insert(slot.name.clone(), digests.to_vec());
        Ok(Claim::New { seq })
    }

    fn append(&mut self, seq: u64, entry: Entry) -> Result<(), GuardError> {
        let (bytes, link) = Record { seq, epoch: self.epoch, entry }.write(&self.link);
        let end = self.end();
        let stored = self.disk.write_at(end, &bytes).and_then(|()| self.disk.sync());
        stored.inspect_err(|_| self.broken = true)?;
        self.seq = seq;
        self.link = link;
        self.blocks += 1;
        Ok(())
    }

    /// What fills a slot, if it was claimed.
    #[must_use]
    pub fn claimed(&self, name: &str) -> Option<&[SlotDigest]> {
        self.claims.get(name).map(Vec::as_slice)
    }

    /// The number of the last record: what the node's records note as seen.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether anything is signed.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    fn check_whole(&self) -> Result<(), GuardError> {
        if self.broken { Err(GuardError::Broken) } else { Ok(()) }
    }

    const fn end(&self) -> u64 {
        (self.blocks + 1) * BLOCK as u64
    }

    const fn corrupt(&self, what: &'static str) -> GuardError {
        GuardError::Corrupt { record: self.blocks + 1, what }
    }
}

fn check_shape(slot: &Slot, digests: &[SlotDigest]) -> Result<(), GuardError> {
    let length = slot.name.len();
    if length == 0 || length > NAME_MAX || !slot.name.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(GuardError::BadName { length });
    }
    let count = digests.len();
    if count == 0 || count > DIGESTS_MAX {
        return Err(GuardError::BadCount { count });
    }
    Ok(())
}

fn list(digests: &[SlotDigest]) -> String {
    digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
