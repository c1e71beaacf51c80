//! Which code may stand where: this release's, and what the principal has allowed besides.
//!
//! An address says nothing about what it does. So before the node says a word to a contract, it reads the code there
//! and holds its hash against the one that the release gives with the immutables of the network. What a peer names
//! can never widen this: terms that name other contracts than the network file's are refused, and whoever wants
//! contracts of another build allows their hashes in its own configuration.
//!
//! Deliberately absent: a list of good hashes from anywhere else, and a way to go on without an answer.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, keccak256};
use nuncio_contracts::{Deployment, NotDeployed};

use super::rpc::{Rpc, RpcError};

/// A contract that has to be where the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// For errors.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Keccak-256 of the code that the release has for it there.
    pub release: B256,
    /// Further hashes that the principal takes.
    pub allowed: BTreeSet<B256>,
}

/// What stands at the address of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The release's code with this network's immutables.
    Release,
    /// Code that the principal has allowed.
    Allowed {
        /// Its hash.
        actual: B256,
    },
    /// No code at all.
    Nothing,
    /// Any other code.
    Other {
        /// Its hash.
        actual: B256,
    },
}

impl Contract {
    /// These contracts of a network with the code that this release has for them.
    ///
    /// # Errors
    /// [`NotDeployed`] where one of them, or one that it is told of, has no address there.
    pub fn of<'c>(
        network: &Deployment,
        which: impl IntoIterator<Item = &'c nuncio_contracts::Contract>,
        allowed: &BTreeSet<B256>,
    ) -> Result<Vec<Self>, NotDeployed> {
        let network = network.by_release();
        let one = |contract: &nuncio_contracts::Contract| {
            Ok(Self {
                name: contract.name().to_owned(),
                address: network.address(*contract)?,
                release: network.code_hash(*contract)?,
                allowed: allowed.clone(),
            })
        };
        which.into_iter().map(one).collect()
    }

    /// Says what code at its address is.
    #[must_use]
    pub fn weigh(&self, code: &[u8]) -> Found {
        if code.is_empty() {
            return Found::Nothing;
        }
        let actual = keccak256(code);
        if actual == self.release {
            Found::Release
        } else if self.allowed.contains(&actual) {
            Found::Allowed { actual }
        } else {
            Found::Other { actual }
        }
    }

    /// Reads what stands there, by one endpoint.
    ///
    /// # Errors
    /// [`RpcError`] where it does not answer.
    pub async fn find(&self, rpc: &Rpc) -> Result<Found, RpcError> {
        Ok(self.weigh(&rpc.code(self.address).await?))
    }
}

impl Found {
    /// Whether the node may talk to it.
    #[must_use]
    pub const fn is_good(self) -> bool {
        match self {
            Self::Release | Self::Allowed { .. } => true,
            Self::Nothing | Self::Other { .. } => false,
        }
    }
}
