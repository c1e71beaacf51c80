//! What stands where on a chain, and with which parameters.
//!
//! One file format for two uses: `networks.json`, embedded here, has the networks of this release; a node's own
//! network file tells it in the same form which of them it is on, or of a chain that is not among them.
//!
//! A network's addresses follow from this release's code and the network's parameters ([`Plan`](crate::Plan)), so
//! they are known before anything stands there: a test computes them again and holds the file to it. Whether code
//! stands at an address is only for the chain to say.
//!
//! Deliberately absent: endpoints and keys. Whom to ask about a chain is each node's own configuration.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::creation::{Beacon, Constants};

/// anvil's chain id: of a chain on one machine, where nothing is worth anything.
pub const LOCAL_CHAIN_ID: u64 = 31_337;

/// The contracts of one chain that this project uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// What people call the chain.
    pub name: String,
    /// The chain's EIP-155 id.
    pub chain_id: u64,
    /// The only money.
    pub usdc: Usdc,
    /// ERC-8004's identity registry.
    pub identity_registry: Address,
    /// ERC-8004's reputation registry.
    pub reputation_registry: Address,
    /// The beacon whose rounds draw its panels.
    pub beacon: Beacon,
    /// What escrow and jury were built with.
    pub constants: Constants,
    /// This project's own contracts, and the test token and registries where it has brought them.
    pub contracts: BTreeMap<Contract, Deployed>,
}

/// USDC on one chain. Its EIP-712 name is not the same everywhere, and a signature under the wrong one is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usdc {
    /// The proxy.
    pub address: Address,
    /// `name` of the token's EIP-712 domain.
    pub name: String,
    /// `version` of the token's EIP-712 domain.
    pub version: String,
}

/// One deployed contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    /// Where it stands.
    pub address: Address,
    /// Keccak-256 of its code there, immutables included.
    pub code_hash: B256,
}

/// A chain without a contract that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not deployed on {network} (chain {chain_id})", contract.name())]
pub struct NotDeployed {
    /// The contract asked for.
    pub contract: Contract,
    /// The chain's name.
    pub network: String,
    /// The chain's id.
    pub chain_id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Networks {
    networks: Vec<Deployment>,
}

static NETWORKS: LazyLock<Vec<Deployment>> = LazyLock::new(|| {
    let networks: Networks = serde_json::from_str(include_str!("../networks.json"))
        .expect("invariant: networks.json is committed with this crate and read by its tests");
    networks.networks
});

impl Deployment {
    /// The chains of `networks.json`.
    #[must_use]
    pub fn known() -> &'static [Self] {
        &NETWORKS
    }

    /// The known chain of this id.
    #[must_use]
    pub fn of_chain(chain_id: u64) -> Option<&'static Self> {
        Self::known().iter().find(|deployment| deployment.chain_id == chain_id)
    }

    /// Where `contract` stands.
    ///
    /// # Errors
    /// [`NotDeployed`] where it does not.
    pub fn address(&self, contract: Contract) -> Result<Address, NotDeployed> {
        self.contracts.get(&contract).map(|deployed| deployed.address).ok_or_else(|| NotDeployed {
            contract,
            network: self.name.clone(),
            chain_id: self.chain_id,
        })
    }

    /// The known chain that people call so.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::known().iter().find(|deployment| deployment.name == name)
    }

    /// Whether this is a chain on one machine, where the token and everything else is play.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.chain_id == LOCAL_CHAIN_ID
    }

    /// The same contracts with the parameters that this release has for the chain, where it knows the chain: what
    /// a network file says about them cannot make other constants or another beacon right.
    #[must_use]
    pub fn by_release(&self) -> Self {
        let Some(Self { usdc, beacon, constants, .. }) = Self::of_chain(self.chain_id) else {
            return self.clone();
        };
        let (usdc, beacon) = (usdc.clone(), beacon.clone());
        Self { usdc, beacon, constants: *constants, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;
    use alloy_sol_types::eip712_domain;

    use super::*;
    use crate::plan::Plan;

    #[test]
    fn usdc_is_signed_for_under_its_name_of_that_chain() {
        for (chain_id, separator) in [
            (8453, b256!("0x02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f")),
            (84532, b256!("0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818")),
        ] {
            let usdc = &Deployment::of_chain(chain_id).unwrap().usdc;
            let domain = eip712_domain! {
                name: usdc.name.clone(),
                version: usdc.version.clone(),
                chain_id: chain_id,
                verifying_contract: usdc.address,
            };
            assert_eq!(domain.separator(), separator, "chain {chain_id}");
        }
    }

    #[test]
    fn a_contract_that_does_not_stand_is_named() {
        let base = Deployment::of_chain(8453).unwrap();
        let error = base.address(Contract::TestUsdc).unwrap_err();
        assert_eq!(error.to_string(), "TestUsdc is not deployed on base (chain 8453)");
    }

    #[test]
    fn the_file_has_the_addresses_and_codes_that_this_release_gives() {
        let networks = Deployment::known().iter().map(|network| Plan::on(network).deployment).collect();
        let computed = serde_json::to_string_pretty(&Networks { networks }).unwrap() + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/networks.json");
        if std::env::var_os("NUNCIO_WRITE").is_some() {
            std::fs::write(path, &computed).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == computed,
            "contracts/networks.json is not what abi/ gives: run this test with NUNCIO_WRITE=1"
        );
    }

    #[test]
    fn a_chain_with_money_has_the_constants_of_production_and_only_contracts_of_ours() {
        for network in Deployment::known().iter().filter(|network| !network.is_local()) {
            assert_eq!(network.constants, Constants::PRODUCTION, "{}", network.name);
            let contracts: Vec<Contract> = network.contracts.keys().copied().collect();
            assert_eq!(contracts, Contract::OWN, "{}", network.name);
        }
    }

    #[test]
    fn a_network_file_cannot_make_other_parameters_right_on_a_known_chain() {
        let base = Deployment::named("base").unwrap();
        let mut bent = base.clone();
        bent.constants.grace_secs = 1;
        bent.beacon.public_key[0] ^= 1;
        assert_eq!(&bent.by_release(), base);
        bent.chain_id = 4;
        assert_eq!(bent.by_release(), bent, "of a chain that nobody knows the file is all there is");
    }
}
