//! Hands that are not the exporter's: the same bundle with one byte changed, a file gone, added, renamed.
//!
//! Every change is judged by the real program in a process of its own, which must refuse it with exit
//! code 1 and name the file. Workers have a copy of the bundle each and change it back after every try,
//! so that one thing is wrong at a time.
//!
//! Deliberately absent: changes of several files that fit together. For those somebody has to sign, and
//! the verification's own tests try that.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::try_join_all;

use super::{
    DemoError,
    audit::{files, verify},
    report::Check,
};

/// Bytes changed in each file at least, and in all files together.
const PER_FILE_MIN: usize = 2;
const IN_ALL_MIN: usize = 200;
/// Verifiers that run at once.
const WORKERS: usize = 3;

/// What is done to a bundle; a path is relative to it.
#[derive(Clone, Debug)]
enum Change {
    Byte { path: PathBuf, at: usize, bit: u8 },
    Missing { path: PathBuf },
    Renamed { path: PathBuf },
    Added { path: PathBuf },
}

/// Changes a bundle in every way and gives one check for each: whether all were refused by name.
///
/// # Errors
/// [`DemoError`] where a copy cannot be made or the verifier cannot be run.
pub(super) async fn refuses_changes(bundle: &Path, rpc: &str, log: &Path) -> Result<Vec<Check>, DemoError> {
    let all = files(bundle);
    let path = |file: &PathBuf| file.strip_prefix(bundle).unwrap_or(file).to_owned();
    let bytes = bytes(&all, path);
    let missing: Vec<_> = all.iter().map(|file| Change::Missing { path: path(file) }).collect();
    let renamed: Vec<_> = all.iter().map(|file| Change::Renamed { path: path(file) }).collect();
    let folders = ["", "cards/", "chain/", "proofs/", "sealed/"];
    let added: Vec<_> =
        folders.iter().map(|folder| Change::Added { path: format!("{folder}more.json").into() }).collect();
    let mut checks = Vec::new();
    for (what, changes) in [
        ("a changed byte", bytes),
        ("a missing file", missing),
        ("a renamed file", renamed),
        ("an added file", added),
    ] {
        let tried = changes.len();
        let refused = refused(changes, bundle, rpc, log).await?;
        let name = format!("a stranger refuses {what} by the file's name: {refused} of {tried}");
        checks.push(Check { name, ok: refused == tried });
    }
    Ok(checks)
}

/// Places spread over every file, its first and last byte among them.
fn bytes(all: &[PathBuf], path: impl Fn(&PathBuf) -> PathBuf) -> Vec<Change> {
    let per_file = IN_ALL_MIN.div_ceil(all.len().max(1)).max(PER_FILE_MIN);
    let mut changes = Vec::new();
    for file in all {
        let length = fs::metadata(file).map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(usize::MAX));
        let last = length.saturating_sub(1);
        for step in 0..per_file {
            let bit = 1 << (changes.len() % 8);
            changes.push(Change::Byte { path: path(file), at: last * step / (per_file - 1), bit });
        }
    }
    changes
}

/// How many of these were refused by name.
async fn refused(changes: Vec<Change>, bundle: &Path, rpc: &str, log: &Path) -> Result<usize, DemoError> {
    let changes = Arc::new(std::sync::Mutex::new(changes));
    let workers = (0..WORKERS).map(|worker| {
        let changes = Arc::clone(&changes);
        let log = log.with_extension(format!("{worker}.log"));
        async move {
            let copy = tempfile::tempdir().map_err(|error| DemoError::Broken(error.to_string()))?;
            copied(bundle, copy.path())?;
            let mut refused = 0;
            let next = || changes.lock().ok().and_then(|mut changes| changes.pop());
            while let Some(change) = next() {
                let undo = change.make(copy.path()).map_err(|e| change.failed(&e))?;
                let opinion = verify(copy.path(), rpc, &[], &log).await;
                undo.make().map_err(|e| change.failed(&e))?;
                let opinion = opinion?;
                let named = opinion.named.iter().any(|file| change.is_named_by(file));
                refused += usize::from(opinion.code == Some(1) && named && opinion.acts.is_empty());
            }
            Ok::<usize, DemoError>(refused)
        }
    });
    Ok(try_join_all(workers).await?.into_iter().sum())
}

fn copied(bundle: &Path, to: &Path) -> Result<(), DemoError> {
    for file in files(bundle) {
        let copy = to.join(file.strip_prefix(bundle).unwrap_or(&file));
        let folder = copy.parent().unwrap_or(to);
        let made = fs::create_dir_all(folder).and_then(|()| fs::copy(&file, &copy));
        made.map_err(|source| DemoError::File { path: copy, source })?;
    }
    Ok(())
}

/// What puts a bundle back.
enum Undo {
    Write(PathBuf, Vec<u8>),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Undo {
    fn make(self) -> std::io::Result<()> {
        match self {
            Self::Write(path, bytes) => fs::write(path, bytes),
            Self::Rename(from, to) => fs::rename(from, to),
            Self::Remove(path) => fs::remove_file(path),
        }
    }
}

impl Change {
    fn make(&self, bundle: &Path) -> std::io::Result<Undo> {
        let at = bundle.join(self.path());
        match self {
            Self::Byte { at: place, bit, .. } => {
                let whole = fs::read(&at)?;
                let mut changed = whole.clone();
                if let Some(byte) = changed.get_mut(*place) {
                    *byte ^= bit;
                }
                fs::write(&at, changed)?;
                Ok(Undo::Write(at, whole))
            }
            Self::Missing { .. } => {
                let whole = fs::read(&at)?;
                fs::remove_file(&at)?;
                Ok(Undo::Write(at, whole))
            }
            Self::Renamed { .. } => {
                let other = at.with_extension("old");
                fs::rename(&at, &other)?;
                Ok(Undo::Rename(other, at))
            }
            Self::Added { .. } => {
                fs::write(&at, "{}")?;
                Ok(Undo::Remove(at))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Byte { path, .. }
            | Self::Missing { path }
            | Self::Renamed { path }
            | Self::Added { path } => path,
        }
    }

    /// A changed index shows in its proof, or cannot be read.
    fn is_named_by(&self, file: &str) -> bool {
        let changed_index = matches!(self, Self::Byte { path, .. } if path == Path::new("bundle.json"));
        Path::new(file) == self.path() || (changed_index && file == "bundle.proof.json")
    }

    fn failed(&self, error: &std::io::Error) -> DemoError {
        DemoError::Broken(format!("{}: {error}", self.path().display()))
    }
}
