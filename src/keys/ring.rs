//! The key files: one passphrase opens one age identity, which opens the rest.
//!
//! Everything but the settlement key can be recovered with the stock tool:
//! `age -d keys/unlock.age > id; age -d -i id keys/identity.age`. The settlement key is a Web3 v3
//! keystore as `cast wallet` reads it; its key derivation is that format's weaker one, so the
//! passphrase has to be good.
//!
//! New keys are written to `keys.new` and renamed, so that a crash leaves all or nothing.
//!
//! Deliberately absent: changing a passphrase, importing keys.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use age::{DecryptError, Decryptor, scrypt, secrecy::SecretString};
use alloy::signers::{k256::elliptic_curve::rand_core::OsRng, local::PrivateKeySigner};
use zeroize::Zeroizing;

use super::{FileDisk, KeysError, random};
use crate::sealing;

/// The largest key file that is read, in bytes.
const FILE_MAX: u64 = 64 << 10;
/// The most work that a passphrase file may ask for (N = 2^22, 4 GiB).
const WORK_MAX: u8 = 22;

/// How hard a stolen key folder is to search for its passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hardness {
    /// scrypt N = 2^10, milliseconds: keys without value on a local chain.
    Local,
    /// scrypt N = 2^18, about a second and 256 MiB.
    Production,
}

impl Hardness {
    const fn log_n(self) -> u8 {
        match self {
            Self::Local => 10,
            Self::Production => 18,
        }
    }
}

/// The folder of key files, opened.
pub(super) struct Ring {
    dir: PathBuf,
    identity: Zeroizing<String>,
}

impl Ring {
    /// Starts a folder beside `dir`; [`Ring::publish`] puts it there.
    pub(super) fn create(dir: &Path, passphrase: &str, hardness: Hardness) -> Result<Self, KeysError> {
        if passphrase.is_empty() {
            return Err(KeysError::EmptyPassphrase);
        }
        if fs::symlink_metadata(dir).is_ok() {
            return Err(KeysError::AlreadyThere { path: dir.to_owned() });
        }
        let new = dir.with_extension("new");
        match fs::remove_dir_all(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(&new, error)),
            Ok(()) | Err(_) => {}
        }
        fs::DirBuilder::new().mode(0o700).create(&new).map_err(|error| io(&new, error))?;
        let (identity, _) = sealing::generate();
        let ring = Self { dir: new, identity };
        let line = Zeroizing::new(format!("{}\n", ring.identity.as_str()));
        ring.write_file("unlock.age", &seal_by_passphrase(line.as_bytes(), passphrase, hardness))?;
        Ok(ring)
    }

    /// Opens `unlock.age` with the passphrase.
    pub(super) fn unlock(dir: &Path, passphrase: &str) -> Result<Self, KeysError> {
        let path = dir.join("unlock.age");
        let sealed = read_private(&path)?;
        let opened = open_by_passphrase(&sealed, passphrase).map_err(|error| {
            if matches!(error, DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) {
                KeysError::WrongPassphrase
            } else {
                KeysError::Damaged { path: path.clone() }
            }
        })?;
        let text = std::str::from_utf8(&opened).map_err(|_| KeysError::Damaged { path })?;
        let identity = Zeroizing::new(text.trim_end().to_owned());
        Ok(Self { dir: dir.to_owned(), identity })
    }

    /// Seals 32 secret bytes into a new file.
    pub(super) fn store(&self, name: &str, secret: &[u8; 32]) -> Result<(), KeysError> {
        let recipient = sealing::recipient_of(&self.identity)?;
        self.write_file(name, &sealing::seal(&[recipient], secret)?)
    }

    /// Opens 32 secret bytes.
    pub(super) fn load(&self, name: &str) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        let path = self.path(name);
        let sealed = read_private(&path)?;
        let opened = sealing::open(&self.identity, &sealed);
        let secret = opened.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        secret.map(Zeroizing::new).ok_or(KeysError::Damaged { path })
    }

    /// Makes the account's key and its keystore.
    pub(super) fn create_settlement(&self, passphrase: &str) -> Result<PrivateKeySigner, KeysError> {
        let path = self.path("settlement.json");
        let name = Some("settlement.json");
        let secret = random();
        let made = PrivateKeySigner::encrypt_keystore(&self.dir, &mut OsRng, secret, passphrase, name);
        let (signer, _) = made.map_err(|error| io(&path, io::Error::other(error)))?;
        let private = fs::Permissions::from_mode(0o600);
        let stored = fs::set_permissions(&path, private)
            .and_then(|()| File::open(&path))
            .and_then(|file| file.sync_all());
        stored.map_err(|error| io(&path, error))?;
        Ok(signer)
    }

    /// Opens the account's keystore.
    pub(super) fn settlement(&self, passphrase: &str) -> Result<PrivateKeySigner, KeysError> {
        let path = self.path("settlement.json");
        read_private(&path)?;
        PrivateKeySigner::decrypt_keystore(&path, passphrase).map_err(|_| KeysError::Damaged { path })
    }

    /// Writes a new file that only its owner may read, and syncs it.
    pub(super) fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), KeysError> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        written.map_err(|error| io(&path, error))
    }

    /// Makes a new disk in a file.
    pub(super) fn create_disk(&self, name: &str) -> Result<FileDisk, KeysError> {
        let path = self.path(name);
        FileDisk::create(&path).map_err(|error| io(&path, error))
    }

    /// Opens an existing disk in a file.
    pub(super) fn disk(&self, name: &str) -> Result<FileDisk, KeysError> {
        let path = self.path(name);
        check_private(&path)?;
        FileDisk::open(&path).map_err(|error| unread(&path, error))
    }

    /// Puts a new folder in its place.
    pub(super) fn publish(self, dir: &Path) -> Result<Self, KeysError> {
        let sync = |dir: &Path| File::open(dir).and_then(|dir| dir.sync_all());
        let parent = dir.parent().unwrap_or_else(|| Path::new("."));
        let moved = sync(&self.dir).and_then(|()| fs::rename(&self.dir, dir)).and_then(|()| sync(parent));
        moved.map_err(|error| io(dir, error))?;
        Ok(Self { dir: dir.to_owned(), ..self })
    }

    /// Where a file lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Reads a file that others may not read.
pub(super) fn read_private(path: &Path) -> Result<Vec<u8>, KeysError> {
    check_private(path)?;
    read_file(path)
}

/// Reads a bounded file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, KeysError> {
    let file = File::open(path).map_err(|error| unread(path, error))?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut bytes).map_err(|error| unread(path, error))?;
    Ok(bytes)
}

fn check_private(path: &Path) -> Result<(), KeysError> {
    let metadata = fs::metadata(path).map_err(|error| unread(path, error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeysError::TooOpen { path: path.to_owned(), mode }) }
}

fn unread(path: &Path, source: io::Error) -> KeysError {
    let path = path.to_owned();
    if source.kind() == ErrorKind::NotFound {
        KeysError::Missing { path }
    } else if source.kind() == ErrorKind::PermissionDenied {
        KeysError::Unreadable { path, source }
    } else {
        KeysError::Io { path, source }
    }
}

fn io(path: &Path, source: io::Error) -> KeysError {
    KeysError::Io { path: path.to_owned(), source }
}

fn seal_by_passphrase(plaintext: &[u8], passphrase: &str, hardness: Hardness) -> Vec<u8> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(hardness.log_n());
    age::encrypt(&recipient, plaintext).expect("invariant: writing to memory does not fail")
}

fn open_by_passphrase(sealed: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    identity.set_max_work_factor(WORK_MAX);
    let mut plaintext = Zeroizing::new(Vec::new());
    let decryptor = Decryptor::new_buffered(sealed)?;
    let reader = decryptor.decrypt(std::iter::once(&identity as _))?;
    reader.take(FILE_MAX).read_to_end(&mut plaintext)?;
    Ok(plaintext)
}
