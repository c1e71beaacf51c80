//! A bundle on disk: a folder whose files are named as in the bundle.
//!
//! Deliberately absent: links and anything else that is no plain file; they are refused.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nuncio_protocol::audit::Files;

/// The most files of a bundle that are read.
const FILES_MAX: usize = 1_024;
/// The most bytes of a bundle that are read.
const BYTES_MAX: u64 = 256 << 20;

/// Why a folder is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is something else than files and folders in it.
    #[error("{0} is neither a plain file nor a folder")]
    NotPlain(PathBuf),
    /// A name is not text.
    #[error("{0} has a name that is not text")]
    Name(PathBuf),
    /// There is more than a bundle may hold.
    #[error("more than {FILES_MAX} files or {BYTES_MAX} bytes")]
    TooMuch,
    /// There is something already where the bundle is to be written.
    #[error("{0} exists and is not empty")]
    Taken(PathBuf),
}

/// Reads a bundle.
///
/// # Errors
/// [`FolderError`].
pub fn read_folder(root: &Path) -> Result<Files, FolderError> {
    let mut files = Files::new();
    let mut open = vec![(root.to_owned(), String::new())];
    let mut total = 0_u64;
    while let Some((folder, prefix)) = open.pop() {
        let failed = |path: &Path, source| FolderError::File { path: path.to_owned(), source };
        for entry in fs::read_dir(&folder).map_err(|e| failed(&folder, e))? {
            let entry = entry.map_err(|e| failed(&folder, e))?;
            let path = entry.path();
            let name = entry.file_name().into_string().map_err(|_| FolderError::Name(path.clone()))?;
            let name = format!("{prefix}{name}");
            let meta = entry.metadata().map_err(|e| failed(&path, e))?;
            if meta.is_dir() {
                open.push((path, format!("{name}/")));
            } else if meta.is_file() {
                total = total.saturating_add(meta.len());
                if files.len() == FILES_MAX || total > BYTES_MAX {
                    return Err(FolderError::TooMuch);
                }
                files.insert(name, fs::read(&path).map_err(|e| failed(&path, e))?);
            } else {
                return Err(FolderError::NotPlain(path));
            }
        }
    }
    Ok(files)
}

/// Writes a bundle into a folder that is not there yet, or is empty.
///
/// # Errors
/// [`FolderError`].
pub fn write_folder(root: &Path, files: &Files) -> Result<(), FolderError> {
    let failed = |path: &Path, source| FolderError::File { path: path.to_owned(), source };
    fs::create_dir_all(root).map_err(|e| failed(root, e))?;
    if fs::read_dir(root).map_err(|e| failed(root, e))?.next().is_some() {
        return Err(FolderError::Taken(root.to_owned()));
    }
    for (name, bytes) in files {
        let path = root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
        }
        fs::write(&path, bytes).map_err(|e| failed(&path, e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_reads_back_as_it_was_written_and_is_never_written_over() {
        let root = tempfile::tempdir().unwrap();
        let bundle = root.path().join("bundle");
        let files: Files =
            [("bundle.json", "{}"), ("sealed/regulators/a.age", "x"), ("chain/logs.json", "[]")]
                .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
                .into();
        write_folder(&bundle, &files).unwrap();
        assert_eq!(read_folder(&bundle).unwrap(), files);
        assert!(matches!(write_folder(&bundle, &files), Err(FolderError::Taken(_))));
    }

    #[test]
    fn a_link_in_a_bundle_is_refused() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/hostname", root.path().join("bundle.json")).unwrap();
        assert!(matches!(read_folder(root.path()), Err(FolderError::NotPlain(_))));
    }
}
