//! A file as the protocol's disk: every sync is an `fdatasync`.
//!
//! Deliberately absent: retries. A failed sync is an error that ends the process, because the
//! system may then believe clean what was never stored.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use nuncio_protocol::disk::{Disk, DiskAct, DiskCause, DiskError};

/// A file of its own, opened for this process alone.
#[derive(Debug)]
pub struct FileDisk(File);

impl FileDisk {
    /// Makes a new, empty file that only its owner may read (mode 0600).
    ///
    /// # Errors
    /// The system's error, [`ErrorKind::AlreadyExists`] when there is such a file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600).open(path).map(Self)
    }

    /// Opens an existing file.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).open(path).map(Self)
    }
}

impl Disk for FileDisk {
    fn length(&self) -> Result<u64, DiskError> {
        let metadata = self.0.metadata().map_err(|error| failed(DiskAct::Measure, 0, &error))?;
        Ok(metadata.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), DiskError> {
        self.0.read_exact_at(buffer, offset).map_err(|error| failed(DiskAct::Read, offset, &error))
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.0.write_all_at(bytes, offset).map_err(|error| failed(DiskAct::Write, offset, &error))
    }

    fn cut(&mut self, length: u64) -> Result<(), DiskError> {
        self.0.set_len(length).map_err(|error| failed(DiskAct::Cut, length, &error))
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        self.0.sync_data().map_err(|error| failed(DiskAct::Sync, 0, &error))
    }
}

fn failed(act: DiskAct, offset: u64, error: &io::Error) -> DiskError {
    let full = matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge | ErrorKind::WriteZero
    );
    let cause = match error.raw_os_error() {
        _ if full => DiskCause::Full,
        _ if error.kind() == ErrorKind::UnexpectedEof => DiskCause::PastEnd,
        Some(number) => DiskCause::System(number),
        None => DiskCause::Unnamed,
    };
    DiskError { act, offset, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_what_was_written_and_only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        let mut disk = FileDisk::create(&path).unwrap();
        disk.write_at(4, b"abcd").unwrap();
        disk.sync().unwrap();
        disk.cut(6).unwrap();
        let disk = FileDisk::open(&path).unwrap();
        let mut bytes = [0; 6];
        disk.read_at(0, &mut bytes).unwrap();
        assert_eq!((&bytes, disk.length()), (b"\0\0\0\0ab", Ok(6)));
        let past = DiskError { act: DiskAct::Read, offset: 1, cause: DiskCause::PastEnd };
        assert_eq!(disk.read_at(1, &mut bytes), Err(past));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(FileDisk::create(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_full_disk_is_named() {
        let mut full = FileDisk::open(Path::new("/dev/full")).unwrap();
        let error = full.write_at(0, b"x").unwrap_err();
        assert_eq!(error, DiskError { act: DiskAct::Write, offset: 0, cause: DiskCause::Full });
    }
}
