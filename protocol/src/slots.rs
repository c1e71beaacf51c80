//! The secret slots: secrets that must be forgotten for certain, each in its own fixed place.
//!
//! The keys of an NDA, of a deal and of a juror's seat live here and nowhere else on disk, because
//! a log-structured database keeps old values for as long as it likes. A secret is written sealed
//! under the file's key, synced, and only then marked as used. It is destroyed in place: marked as
//! dying, overwritten with random bytes, then with zeros, then marked as free, with a sync after
//! each. Whatever crash interrupts this, [`Slots::open`] finishes it: a whole body without a mark
//! is a secret whose writing had ended and is taken up, a body that is not whole and not marked is
//! wiped, a dying one is destroyed. A used body that does not open is damage and is named. Each of
//! these begins by writing once more what it relies on: what a killed process left in the system's
//! cache can be seen and still be lost.
//!
//! The file grows by whole extents of 64 places; a grow that a crash interrupted is cut off.
//!
//! Overwriting in place is as much as a file can do: what copies a disk's own firmware or a
//! snapshotting file system keeps are sealed bodies, worth nothing without the file's key.
//!
//! Deliberately absent: the file's key, any way to list or print a secret, backups.

mod extent;

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use self::extent::{BODIES, BODY, EXTENT, HEADER, Mark, Place};
use crate::disk::{Disk, DiskError};

/// The longest secret, in bytes.
pub const SECRET_MAX: usize = 160;
/// The most extents of one file: 16 384 secrets, 4.2 MB.
pub const EXTENTS_MAX: u32 = 256;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKind {
    /// Keys offered in an NDA that is not signed yet, by the proposal's nonce or paper id.
    Proposal,
    /// The keys of one NDA.
    Nda,
    /// The secret of one deal, from which the identity of each class of its papers is derived.
    Deal,
    /// A juror's age key for one panel request.
    Seat,
}

impl SecretKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Proposal => 1,
            Self::Nda => 2,
            Self::Deal => 3,
            Self::Seat => 4,
        }
    }

    const fn read(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Proposal),
            2 => Some(Self::Nda),
            3 => Some(Self::Deal),
            4 => Some(Self::Seat),
            _ => None,
        }
    }
}

/// The name of a secret, itself no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName {
    /// What it is for.
    pub kind: SecretKind,
    /// The id of what it belongs to.
    pub id: [u8; 32],
}

/// The secrets, in memory and each in its place on disk.
pub struct Slots<D> {
    disk: D,
    key: Zeroizing<[u8; 32]>,
    salt: [u8; 32],
    extents: u32,
    held: BTreeMap<SecretName, (Place, Zeroizing<Vec<u8>>)>,
    free: BTreeSet<Place>,
    broken: bool,
}

impl<D> core::fmt::Debug for Slots<D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Slots({} held, {} free)", self.held.len(), self.free.len())
    }
}

/// How a secret came to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is now durable.
    New,
    /// Exactly this secret is held under this name already.
    Same,
}

/// Why a secret cannot be kept, found or forgotten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// Another secret is held under this name.
    #[error("another secret is held for {:?} {}", .name.kind, hex::encode(.name.id))]
    Occupied {
        /// The name.
        name: SecretName,
    },
    /// A secret has at most 160 bytes.
    #[error("a secret of {length} bytes, at most {SECRET_MAX} fit")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The file was damaged in a place that a crash cannot explain.
    #[error("the secret slots are corrupt in extent {extent}: {what}")]
    Corrupt {
        /// The extent, from 0.
        extent: u32,
        /// What does not fit.
        what: &'static str,
    },
    /// All places are taken.
    #[error("the secret slots are full with {} secrets", u64::from(EXTENTS_MAX) * BODIES as u64)]
    Full,
    /// The disk failed; the process must end.
    #[error("the secret slots cannot be kept: {0}")]
    Disk(#[from] DiskError),
    /// The disk failed before; the process should have ended.
    #[error("the secret slots failed before and take nothing until the node is started again")]
    Broken,
}

impl SlotsError {
    /// Whether the caller must end the process: what is on disk is uncertain.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Broken)
    }
}

impl<D: Disk> Slots<D> {
    /// Lays out an empty file with one extent, sealed under `key`, on an empty disk.
    ///
    /// # Errors
    /// [`SlotsError::Corrupt`] when the disk is not empty, [`SlotsError::Disk`] when it fails.
    pub fn create(disk: D, key: &[u8; 32], rng: &mut dyn CryptoRng) -> Result<Self, SlotsError> {
        let mut salt = [0; 32];
        rng.fill_bytes(&mut salt);
        let mut slots = Self::empty(disk, key, salt);
        if slots.disk.length()? != 0 {
            return Err(SlotsError::Corrupt { extent: 0, what: "new slots need an empty disk" });
        }
        slots.grow()?;
        Ok(slots)
    }

    /// Reads the file and ends what a crash interrupted.
    ///
    /// # Errors
    /// [`SlotsError::Corrupt`] when it is damaged or the key is another's, [`SlotsError::Disk`].
    pub fn open(disk: D, key: &[u8; 32], rng: &mut dyn CryptoRng) -> Result<Self, SlotsError> {
        let cut_short = SlotsError::Corrupt { extent: 0, what: "the first extent is cut short" };
        let length = disk.length()?;
        if length < EXTENT {
            return Err(cut_short);
        }
        let mut block = [0; HEADER];
        disk.read_at(0, &mut block)?;
        let Some(salt) = extent::salt(&block) else {
            return Err(SlotsError::Corrupt { extent: 0, what: "the header is not one" });
        };
        let mut slots = Self::empty(disk, key, salt);
        let whole = u32::try_from(length / EXTENT).ok().filter(|n| *n <= EXTENTS_MAX);
        let whole = whole.ok_or(SlotsError::Corrupt { extent: EXTENTS_MAX, what: "too many extents" })?;
        for number in 0..whole {
            slots.disk.read_at(u64::from(number) * EXTENT, &mut block)?;
            if extent::is_header(&block, number, &salt) {
                slots.extents += 1;
                slots.read_extent(number, &block, rng)?;
            } else {
                slots.check_unfinished(number, whole, &block)?;
            }
        }
        if length != u64::from(slots.extents) * EXTENT {
            slots.disk.cut(u64::from(slots.extents) * EXTENT)?;
            slots.disk.sync()?;
        }
        Ok(slots)
    }

    fn empty(disk: D, key: &[u8; 32], salt: [u8; 32]) -> Self {
        Self {
            disk,
            key: Zeroizing::new(*key),
            salt,
            extents: 0,
            held: BTreeMap::new(),
            free: BTreeSet::new(),
            broken: false,
        }
    }

    /// A last extent without a header is the start of a grow, if nothing was ever put there.
    fn check_unfinished(&self, number: u32, whole: u32, block: &[u8; HEADER]) -> Result<(), SlotsError> {
        let corrupt = |what| Err(SlotsError::Corrupt { extent: number, what });
        if number == 0 || number + 1 != whole || !extent::is_torn_header(block, number, &self.salt) {
            return corrupt("the header is not one");
        }
        let mut bodies = vec![0; BODIES * BODY];
        self.disk.read_at(u64::from(number) * EXTENT + HEADER as u64, &mut bodies)?;
        if bodies.iter().any(|byte| *byte != 0) {
            return corrupt("the header is not one, and there are secrets below it");
        }
        Ok(())
    }

    fn read_extent(
        &mut self,
        number: u32,
        block: &[u8; HEADER],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), SlotsError> {
        for (index, mark) in extent::marks(block).enumerate() {
            let place = Place(number * BODIES as u32 + index as u32);
            let corrupt = |what| SlotsError::Corrupt { extent: number, what };
            let mark = mark.map_err(|_| corrupt("a mark is none of the three"))?;
            let mut body = [0; BODY];
            self.disk.read_at(place.body_offset(), &mut body)?;
            let opened = extent::open(&self.key, &self.salt, place, &body);
            match (mark, opened) {
                (Mark::Used, Some((name, secret))) => self.hold(name, place, secret)?,
                (Mark::Used, None) => return Err(corrupt("a secret does not open")),
                (Mark::Free, Some((name, secret))) => {
                    self.overwrite(place, &body)?;
                    self.mark(place, Mark::Used)?;
                    self.hold(name, place, secret)?;
                }
                (Mark::Free, None) => {
                    if body != [0; BODY] {
                        self.overwrite(place, &[0; BODY])?;
                    }
                    self.free.insert(place);
                }
                (Mark::Dying, _) => self.wipe(place, rng)?,
            }
        }
        Ok(())
    }

    fn hold(&mut self, name: SecretName, place: Place, secret: Zeroizing<Vec<u8>>) -> Result<(), SlotsError> {
        if self.held.insert(name, (place, secret)).is_some() {
            let extent = place.0 / BODIES as u32;
            return Err(SlotsError::Corrupt { extent, what: "one name has two secrets" });
        }
        Ok(())
    }

    /// The secret of this name, if it is held.
    #[must_use]
    pub fn get(&self, name: &SecretName) -> Option<&[u8]> {
        self.held.get(name).map(|(_, secret)| secret.as_slice())
    }

    /// The ids for which a secret of this kind is held, in order.
    pub fn ids(&self, kind: SecretKind) -> impl Iterator<Item = [u8; 32]> + '_ {
        self.held.keys().filter(move |name| name.kind == kind).map(|name| name.id)
    }

    /// Keeps a secret; when this returns, it is durable.
    ///
    /// # Errors
    /// [`SlotsError::Occupied`] when another secret has this name, [`SlotsError::TooLong`],
    /// [`SlotsError::Full`]; and [`SlotsError::Disk`], after which the process must end.
    pub fn put(
        &mut self,
        name: SecretName,
        secret: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Put, SlotsError> {
        self.check_whole()?;
        if let Some(held) = self.get(&name) {
            return if held == secret { Ok(Put::Same) } else { Err(SlotsError::Occupied { name }) };
        }
        if secret.len() > SECRET_MAX {
            return Err(SlotsError::TooLong { length: secret.len() });
        }
        if self.free.is_empty() {
            self.grow().inspect_err(|error| self.broken |= error.is_fatal())?;
        }
        let place = *self.free.first().expect("invariant: a grown file has free places");
        let body = extent::seal(&self.key, &self.salt, place, &name, secret, rng);
        let stored = self.overwrite(place, &body).and_then(|()| self.mark(place, Mark::Used));
        stored.inspect_err(|_| self.broken = true)?;
        self.free.remove(&place);
        self.held.insert(name, (place, Zeroizing::new(secret.to_vec())));
        Ok(Put::New)
    }

    /// Forgets a secret; when this returns, its place has been overwritten twice. Says whether there
    /// was one.
    ///
    /// # Errors
    /// [`SlotsError::Disk`], after which the process must end; the destruction ends at the next start.
    pub fn destroy(&mut self, name: &SecretName, rng: &mut dyn CryptoRng) -> Result<bool, SlotsError> {
        self.check_whole()?;
        let Some((place, _)) = self.held.remove(name) else { return Ok(false) };
        self.wipe(place, rng).inspect_err(|_| self.broken = true)?;
        Ok(true)
    }

    fn wipe(&mut self, place: Place, rng: &mut dyn CryptoRng) -> Result<(), SlotsError> {
        self.mark(place, Mark::Dying)?;
        let mut noise = [0; BODY];
        rng.fill_bytes(&mut noise);
        self.overwrite(place, &noise)?;
        self.overwrite(place, &[0; BODY])?;
        self.mark(place, Mark::Free)?;
        self.free.insert(place);
        Ok(())
    }

    fn overwrite(&mut self, place: Place, body: &[u8]) -> Result<(), SlotsError> {
        self.disk.write_at(place.body_offset(), body)?;
        Ok(self.disk.sync()?)
    }

    fn mark(&mut self, place: Place, mark: Mark) -> Result<(), SlotsError> {
        self.disk.write_at(place.mark_offset(), &[mark.byte()])?;
        Ok(self.disk.sync()?)
    }

    /// Appends an extent: first its empty bodies, then the header that makes them count.
    fn grow(&mut self) -> Result<(), SlotsError> {
        if self.extents >= EXTENTS_MAX {
            return Err(SlotsError::Full);
        }
        let start = u64::from(self.extents) * EXTENT;
        self.disk.write_at(start + HEADER as u64, &[0; BODIES * BODY])?;
        self.disk.sync()?;
        self.disk.write_at(start, &extent::header(self.extents, &self.salt))?;
        self.disk.sync()?;
        let first = self.extents * BODIES as u32;
        self.free.extend((first..first + BODIES as u32).map(Place));
        self.extents += 1;
        Ok(())
    }

    fn check_whole(&self) -> Result<(), SlotsError> {
        if self.broken { Err(SlotsError::Broken) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
