//! The data folder's lock: one process at a time, and the second one learns which has it.
//!
//! Two processes that sign with the same keys would each believe that a slot is free. The lock is
//! the system's (`flock`), so it ends with the process however that ends; the process id inside is
//! there only to be named.
//!
//! Deliberately absent: waiting, and breaking somebody's lock.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Why the data folder cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process uses it.
    #[error("{path} is in use by process {pid}")]
    InUse {
        /// The data folder.
        path: PathBuf,
        /// The process id that the holder wrote, or `unknown`.
        pid: String,
    },
    /// The folder or its lock cannot be made or opened.
    #[error("cannot lock {path}: {source}")]
    Io {
        /// The data folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// The data folder, held until this value is dropped or the process ends.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes `<home>/LOCK`, making the folder (mode 0700) where it is missing.
    ///
    /// # Errors
    /// [`HomeError::InUse`] with the holder's process id, [`HomeError::Io`].
    pub fn take(home: &Path) -> Result<Self, HomeError> {
        let io = |source| HomeError::Io { path: home.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(io)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(home.join("LOCK")).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(HomeError::InUse { path: home.to_owned(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let named = file.set_len(0).and_then(|()| file.rewind());
        named.and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut pid = String::new();
    let read = file.take(20).read_to_string(&mut pid);
    let pid = pid.trim();
    let plain = read.is_ok() && !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit());
    if plain { pid.to_owned() } else { "unknown".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_in_use_is_refused_with_the_process_that_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let lock = HomeLock::take(&home).unwrap();
        let refused = HomeLock::take(&home).unwrap_err();
        let HomeError::InUse { pid, .. } = &refused else { panic!("{refused}") };
        assert_eq!(*pid, std::process::id().to_string());
        drop(lock);
        HomeLock::take(&home).unwrap();
    }
}
