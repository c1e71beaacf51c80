//! The space that is left on the disk, and some kept back for bringing open deals home.
//!
//! Deliberately absent: what is refused when space is low.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The least space, in bytes, with which new work is taken on.
const FREE_MIN: u64 = 512 << 20;
/// The least share of the disk: one part in this many (5 %).
const FREE_SHARE: u64 = 20;

/// What a disk holds and has left, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// What this user can still write.
    pub free: u64,
    /// The size of the whole disk.
    pub total: u64,
}

impl DiskSpace {
    /// The space of the disk that holds `path`.
    ///
    /// # Errors
    /// The system's error.
    pub fn of(path: &Path) -> io::Result<Self> {
        let disk = rustix::fs::statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Ok(Self { free: bytes(disk.f_bavail), total: bytes(disk.f_blocks) })
    }

    /// Whether so little is left that nothing new should be taken on: under 512 MiB or 5 %.
    #[must_use]
    pub const fn is_low(self) -> bool {
        self.free < FREE_MIN || self.free < self.total / FREE_SHARE
    }
}

/// A file that holds space back, to be given up when open deals need it.
#[derive(Debug)]
pub struct Reserve(PathBuf);

impl Reserve {
    /// Fills the file with `bytes` bytes, unless it has them already.
    ///
    /// # Errors
    /// The system's error, [`ErrorKind::StorageFull`] when there is no such space.
    pub fn hold(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let held = file.metadata()?.len();
        if held < bytes {
            fill(&file, bytes)?;
        }
        Ok(Self(path.to_owned()))
    }

    /// Gives the space up. Says whether there was any.
    ///
    /// # Errors
    /// The system's error.
    pub fn release(&self) -> io::Result<bool> {
        match std::fs::remove_file(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Writes zeros: a file that only has a length holds no space.
fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    let piece = [0; 64 << 10];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        file.write_all(&piece[..now as usize])?;
        left -= now;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_low_under_512_mib_or_five_percent() {
        let gib = 1 << 30;
        for (free, total, low) in [
            (100 * gib, 200 * gib, false),
            (9 * gib, 200 * gib, true),
            (gib, 2 * gib, false),
            (FREE_MIN - 1, 2 * gib, true),
            (0, 0, true),
        ] {
            assert_eq!(DiskSpace { free, total }.is_low(), low, "{free} of {total}");
        }
        assert!(DiskSpace::of(Path::new("/")).unwrap().total > 0);
    }

    #[test]
    fn a_reserve_takes_real_space_and_gives_it_up_once() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        let reserve = Reserve::hold(&path, 1 << 20).unwrap();
        Reserve::hold(&path, 1 << 20).unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), 1 << 20);
        assert!(metadata.blocks() > 0);
        assert!(reserve.release().unwrap());
        assert!(!reserve.release().unwrap());
    }
}
