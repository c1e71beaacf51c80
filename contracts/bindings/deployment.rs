//! What stands where on a chain.
//!
//! One file format for two uses: `networks.json`, embedded here, lists the chains with real USDC and real ERC-8004
//! registries; a local chain's deployment is written down in the same form after its [`Plan`](crate::Plan) has been
//! carried out, so that every process can be told of it by one file.
//!
//! Deliberately absent: endpoints and keys. Whom to ask about a chain is each node's own configuration.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::contract::Contract;

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
    /// This project's own contracts; empty where they are not deployed.
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
    /// [`Contract::template_hash`] of the build that deployed it.
    pub template_hash: B256,
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

#[derive(Deserialize)]
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

    /// The deployed contracts whose code another build of this crate has made: their ABI may differ from ours.
    #[must_use]
    pub fn drifted(&self) -> Vec<Contract> {
        self.contracts
            .iter()
            .filter(|(contract, deployed)| deployed.template_hash != contract.template_hash())
            .map(|(contract, _)| *contract)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;
    use alloy_sol_types::eip712_domain;

    use super::*;

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
    fn a_deployment_of_another_build_is_noticed() {
        let mut deployment = Deployment::of_chain(8453).unwrap().clone();
        let address = Address::repeat_byte(1);
        let ours = Deployed { address, template_hash: Contract::Accords.template_hash() };
        deployment.contracts.insert(Contract::Accords, ours);
        deployment.contracts.insert(Contract::Mandates, Deployed { address, template_hash: B256::ZERO });
        assert_eq!(deployment.drifted(), [Contract::Mandates]);
    }
}
