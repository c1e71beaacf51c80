//! An account that sends transactions for a person: out of a keystore file, for as long as one command runs.
//!
//! The file is Web3 secret storage, version 3, as `cast wallet`, geth and this project's own homes write it. On
//! anvil's chain there is also the account that anvil gives everybody.
//!
//! Deliberately absent: a key as text, whether as an argument, in the environment or in a file.

use std::{fmt, path::Path};

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_primitives::{Address, B256};
use nuncio_contracts::LocalOperator;
use nuncio_protocol::typed::EthSignature;
use serde::Deserialize;

use super::{KeysError, ring};

/// A key of a person's, unlocked.
pub struct Account(PrivateKeySigner);

#[derive(Deserialize)]
struct Keystore {
    version: u8,
}

impl Account {
    /// Opens a keystore file with its passphrase.
    ///
    /// # Errors
    /// [`KeysError::Missing`], [`KeysError::Unreadable`], [`KeysError::TooOpen`], [`KeysError::Damaged`] where it is
    /// no keystore of version 3, [`KeysError::WrongPassphrase`].
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, KeysError> {
        let damaged = || KeysError::Damaged { path: path.to_owned() };
        let text = ring::read_private(path)?;
        let keystore: Keystore = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if keystore.version != 3 {
            return Err(damaged());
        }
        PrivateKeySigner::decrypt_keystore(path, passphrase).map(Self).map_err(|_| KeysError::WrongPassphrase)
    }

    /// anvil's first account, whose key everybody knows.
    #[must_use]
    pub fn anvil() -> Self {
        let key = PrivateKeySigner::from_bytes(&LocalOperator::ANVIL_KEY);
        Self(key.expect("invariant: anvil's key is one"))
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.0.address()
    }

    /// Signs a digest.
    #[must_use]
    pub fn sign(&self, digest: B256) -> EthSignature {
        let signature = self.0.sign_hash_sync(&digest);
        EthSignature(signature.expect("invariant: a local key signs any digest").as_bytes())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use alloy::signers::k256::elliptic_curve::rand_core::OsRng;

    use super::*;

    #[test]
    fn a_keystore_opens_with_its_passphrase_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateKeySigner::random();
        let made = PrivateKeySigner::encrypt_keystore(
            folder.path(),
            &mut OsRng,
            key.to_bytes(),
            "right",
            Some("deployer.json"),
        );
        made.unwrap();
        let path = folder.path().join("deployer.json");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        assert!(matches!(Account::open(&path, "right"), Err(KeysError::TooOpen { mode: 0o644, .. })));
        mode(0o600);
        let account = Account::open(&path, "right").unwrap();
        assert_eq!(account.address(), key.address());
        let digest = B256::repeat_byte(3);
        assert!(account.sign(digest).is_by(key.address(), digest));
        assert!(matches!(Account::open(&path, "wrong"), Err(KeysError::WrongPassphrase)));
        fs::write(&path, r#"{"version":1}"#).unwrap();
        assert!(matches!(Account::open(&path, "right"), Err(KeysError::Damaged { .. })));
    }

    #[test]
    fn anvils_account_is_the_one_that_the_local_network_is_run_by() {
        assert_eq!(Account::anvil().address(), LocalOperator::ANVIL.operator);
    }
}
