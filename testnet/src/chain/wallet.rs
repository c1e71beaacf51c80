//! Accounts of the cast's principals: keys that sign transactions and typed data.
//!
//! In production a principal's key is in a wallet that no node touches; here it lives in the test
//! program, which plays the principals. Each run makes new ones, but for the account that anvil gives everybody.
//!
//! An agent's account can be opened too, from the keystore that its principal holds, while no daemon runs
//! on it: what agents have done before a story begins.
//!
//! Deliberately absent: any way to the account of a running daemon.

use std::{fmt, path::Path};

use alloy::{
    network::EthereumWallet,
    primitives::{Address, B256, Bytes},
    signers::{
        SignerSync,
        local::{LocalSignerError, PrivateKeySigner},
    },
};
use nuncio_contracts::LocalOperator;
use nuncio_protocol::typed::{Contracts, Typed};

/// A key with a name and a count of its transactions.
pub struct Account {
    name: String,
    signer: PrivateKeySigner,
    nonce: u64,
}

impl Account {
    /// A new key.
    #[must_use]
    pub fn random(name: &str) -> Self {
        Self { name: name.to_owned(), signer: PrivateKeySigner::random(), nonce: 0 }
    }

    /// anvil's first account, which the local network's token is minted by.
    ///
    /// # Panics
    /// Never: its key is one.
    #[must_use]
    pub fn operator() -> Self {
        let signer = PrivateKeySigner::from_bytes(&LocalOperator::ANVIL_KEY);
        let signer = signer.expect("invariant: anvil's key is one");
        Self { name: "operator".to_owned(), signer, nonce: 0 }
    }

    /// The key of a Web3 keystore file.
    ///
    /// # Errors
    /// [`LocalSignerError`] for another password or no keystore.
    pub fn open(name: &str, keystore: &Path, password: &str) -> Result<Self, LocalSignerError> {
        let signer = PrivateKeySigner::decrypt_keystore(keystore, password)?;
        Ok(Self { name: name.to_owned(), signer, nonce: 0 })
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.signer.address()
    }

    /// Signs typed data for the contract that it belongs to.
    #[must_use]
    pub fn sign(&self, typed: &impl Typed, contracts: &Contracts) -> Bytes {
        self.sign_digest(typed.digest(contracts))
    }

    fn sign_digest(&self, digest: B256) -> Bytes {
        let signature = self.signer.sign_hash_sync(&digest).expect("invariant: a local key signs any digest");
        signature.as_bytes().into()
    }

    pub(super) fn wallet(&self) -> EthereumWallet {
        EthereumWallet::new(self.signer.clone())
    }

    /// Counts transactions that were sent elsewhere.
    pub(super) const fn has_sent(&mut self, transactions: u64) {
        self.nonce += transactions;
    }

    /// Counts one more transaction and gives its number.
    pub(super) fn next_nonce(&mut self) -> u64 {
        let nonce = self.nonce;
        self.nonce += 1;
        nonce
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, self.address())
    }
}
