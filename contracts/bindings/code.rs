//! The code that must stand on a chain: this crate's, with the immutables of one network.
//!
//! A constructor leaves its arguments, and what it makes of them, in the code of the contract. Whoever knows a
//! network's parameters therefore knows every byte that stands there, without having seen the chain: a contract
//! whose code hashes to anything else is not this release's, or was built for other terms.
//!
//! Each value is named as in the Solidity source; an immutable that is new there fails the tests here.
//!
//! Deliberately absent: reading a chain, and any exception. Whom to believe beyond this is a principal's decision.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::eip712_domain;

use crate::contract::Contract;
use crate::deployment::{Deployment, NotDeployed};

impl Deployment {
    /// The code that `contract` has on this network.
    ///
    /// # Errors
    /// [`NotDeployed`] where it, or another that it was told of, has no address here.
    pub fn code(&self, contract: Contract) -> Result<Bytes, NotDeployed> {
        let at = self.address(contract)?;
        let named = Named {
            mandates: self.told(contract, &[Contract::DealEscrow], Contract::Mandates)?,
            beacon: self.told(contract, &[Contract::JuryPool], Contract::DrandBeacon)?,
            escrow: self.told(contract, &[Contract::JuryPool], Contract::DealEscrow)?,
        };
        Ok(contract.filled(|name| self.immutable(contract, at, &named, name)))
    }

    /// Keccak-256 of [`Deployment::code`]: what EXTCODEHASH gives (EIP-1052).
    ///
    /// # Errors
    /// As [`Deployment::code`].
    pub fn code_hash(&self, contract: Contract) -> Result<B256, NotDeployed> {
        self.code(contract).map(keccak256)
    }

    /// The address of `other`, if `contract` is one of those that are told of it.
    fn told(&self, contract: Contract, told: &[Contract], other: Contract) -> Result<Address, NotDeployed> {
        if told.contains(&contract) { self.address(other) } else { Ok(Address::ZERO) }
    }

    /// The EIP-712 domain separator of `contract` where it stands at `at`.
    fn domain(&self, contract: Contract, at: Address) -> B256 {
        let domain = eip712_domain! {
            name: contract.name(), version: "1", chain_id: self.chain_id, verifying_contract: at,
        };
        domain.separator()
    }

    fn immutable(&self, contract: Contract, at: Address, named: &Named, name: &'static str) -> B256 {
        let number = |number: u64| B256::from(U256::from(number));
        let (beacon, constants) = (&self.beacon, &self.constants);
        match name {
            // EIP-712: the domain of the contract, and what the jury keeps of the escrow's.
            "nameHash" => keccak256(contract.name()),
            "bornOn" => number(self.chain_id),
            "bornWith" => self.domain(contract, at),
            "ESCROW_DOMAIN" => self.domain(Contract::DealEscrow, named.escrow),
            // What it is told of.
            "USDC" => self.usdc.address.into_word(),
            "MANDATES" => named.mandates.into_word(),
            "BEACON" => named.beacon.into_word(),
            "ESCROW" => named.escrow.into_word(),
            "identities" => self.identity_registry.into_word(),
            // The escrow's constants.
            "GRACE" => number(constants.grace_secs.into()),
            "APPEAL_LIMIT" => number(constants.appeal_limit_secs.into()),
            // The jury's; the beacon's two are read from the beacon at construction.
            "stake" => number(constants.seat_stake),
            "seatAge" => number(constants.seat_age_secs.into()),
            "roundGrid" => number(constants.round_grid_secs.into()),
            "roundDelay" => number(constants.round_delay_secs.into()),
            "rulingTime" => number(constants.ruling_time_secs.into()),
            "exitDelay" => number(constants.exit_delay_secs.into()),
            "genesis" | "GENESIS" => number(beacon.genesis.into()),
            "period" | "PERIOD" => number(beacon.period_secs.into()),
            "key0" => beacon.word(0),
            "key1" => beacon.word(1),
            "key2" => beacon.word(2),
            "key3" => beacon.word(3),
            "key4" => beacon.word(4),
            "key5" => beacon.word(5),
            unknown => unreachable!("invariant: a test fills in every immutable, {unknown} is none of them"),
        }
    }
}

/// The other contracts that a constructor is told of; zero for one that is told of none.
struct Named {
    mandates: Address,
    beacon: Address,
    escrow: Address,
}

impl crate::creation::Beacon {
    /// The key's 32 bytes at this word.
    fn word(&self, index: usize) -> B256 {
        B256::from_slice(&self.public_key[32 * index..32 * (index + 1)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_of_every_network_has_its_code_to_the_last_byte() {
        for network in Deployment::known() {
            for contract in network.contracts.keys() {
                let code = network.code(*contract).unwrap();
                assert!(contract.is_code(&code), "{} on {}", contract.name(), network.name);
            }
        }
    }

    #[test]
    fn one_other_parameter_is_another_code_and_leaves_those_that_were_not_told_of_it() {
        let network = Deployment::of_chain(8453).unwrap();
        let mut other = network.clone();
        other.constants.grace_secs += 1;
        assert_ne!(network.code_hash(Contract::DealEscrow), other.code_hash(Contract::DealEscrow));
        assert_eq!(network.code_hash(Contract::JuryPool), other.code_hash(Contract::JuryPool));
        other.beacon.public_key[191] ^= 1;
        assert_ne!(network.code_hash(Contract::DrandBeacon), other.code_hash(Contract::DrandBeacon));
        other.chain_id += 1;
        for contract in [Contract::Accords, Contract::Mandates] {
            assert_ne!(network.code_hash(contract), other.code_hash(contract), "{}", contract.name());
        }
    }
}
