//! A disk as the protocol sees it: bytes at offsets, and one call that makes them last.
//!
//! The sign guard and the secret slots are formats over this trait, so that every way in which a
//! disk can fail is shown to them in tests: a torn write, an unsynced write that is lost, a write
//! that lands although a later one did not, no space left. What was written is certain to be there
//! after a power loss only once [`Disk::sync`] has returned without an error; a sync that failed is
//! never tried again, the process ends instead (after a failed `fsync` the system may forget that
//! the bytes were never stored).
//!
//! Deliberately absent: files, paths, caches, retries.

use core::fmt;

#[cfg(test)]
pub(crate) mod faulty;

/// One fixed place of bytes that outlives the process.
pub trait Disk {
    /// The number of bytes held.
    ///
    /// # Errors
    /// [`DiskError`] when the length cannot be learnt.
    fn length(&self) -> Result<u64, DiskError>;

    /// Fills `buffer` with the bytes from `offset` on, all of it or nothing.
    ///
    /// # Errors
    /// [`DiskError`], [`DiskCause::PastEnd`] when there are not as many bytes.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), DiskError>;

    /// Writes all of `bytes` from `offset` on, growing the disk where they pass its end.
    ///
    /// # Errors
    /// [`DiskError`]; any part of the bytes may then have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), DiskError>;

    /// Cuts off everything from `length` on.
    ///
    /// # Errors
    /// [`DiskError`] when the cut may not have happened.
    fn cut(&mut self, length: u64) -> Result<(), DiskError>;

    /// Returns once everything written before is certain to survive a loss of power.
    ///
    /// # Errors
    /// [`DiskError`]; nothing is certain any more and the process must end.
    fn sync(&mut self) -> Result<(), DiskError>;
}

impl<D: Disk + ?Sized> Disk for &mut D {
    fn length(&self) -> Result<u64, DiskError> {
        (**self).length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), DiskError> {
        (**self).read_at(offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        (**self).write_at(offset, bytes)
    }

    fn cut(&mut self, length: u64) -> Result<(), DiskError> {
        (**self).cut(length)
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        (**self).sync()
    }
}

/// Says which act on a disk failed, where and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("disk: cannot {act} at byte {offset}: {cause}")]
pub struct DiskError {
    /// What was tried.
    pub act: DiskAct,
    /// The first byte concerned.
    pub offset: u64,
    /// What stood in the way.
    pub cause: DiskCause,
}

/// What can be asked of a [`Disk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskAct {
    /// [`Disk::length`].
    Measure,
    /// [`Disk::read_at`].
    Read,
    /// [`Disk::write_at`].
    Write,
    /// [`Disk::cut`].
    Cut,
    /// [`Disk::sync`].
    Sync,
}

/// Why a disk could not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskCause {
    /// No space is left, or a limit on size is reached.
    Full,
    /// The bytes asked for lie past the end.
    PastEnd,
    /// The operating system's error number.
    System(i32),
    /// A failure without a number.
    Unnamed,
}

impl fmt::Display for DiskAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measure => "measure",
            Self::Read => "read",
            Self::Write => "write",
            Self::Cut => "cut",
            Self::Sync => "sync",
        })
    }
}

impl fmt::Display for DiskCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no space left"),
            Self::PastEnd => f.write_str("past the end"),
            Self::System(number) => write!(f, "system error {number}"),
            Self::Unnamed => f.write_str("unnamed failure"),
        }
    }
}
