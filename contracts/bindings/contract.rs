//! The artefacts, by name.
//!
//! One variant per file of `abi/`; a test holds the two sets equal. An artefact has the code that creates a
//! contract and the code that then stands on the chain, with zeros where the constructor writes its immutables.
//! So two deployments of one contract differ in those bytes only: [`Contract::is_code`] can tell whether the
//! code of an address is this crate's, whatever it was constructed with, and
//! [`Deployment::code`](crate::Deployment::code) fills in what one network's must be.
//!
//! Deliberately absent: what an immutable's value is. A network's parameters say that.

use std::sync::LazyLock;

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};

/// A contract of this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Contract {
    /// NDAs, and agreements without money.
    Accords,
    /// Deals: funding, milestones, windows, ratings, credit.
    DealEscrow,
    /// Proven rounds of one drand beacon.
    DrandBeacon,
    /// Seats with a stake, appeals, slashing.
    JuryPool,
    /// Which agent acts for which principal, and up to what.
    Mandates,
    /// ERC-8004's identity registry, where a chain has none.
    TestIdentityRegistry,
    /// ERC-8004's reputation registry, where a chain has none.
    TestReputationRegistry,
    /// The code behind [`Contract::TestUsdcProxy`].
    TestUsdc,
    /// USDC, where a chain has none.
    TestUsdcProxy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artefact {
    bytecode: Bytes,
    deployed_bytecode: Bytes,
    immutables: Vec<Immutable>,
}

/// Where the constructor writes which immutable, in bytes of the deployed code.
#[derive(Deserialize)]
struct Immutable {
    name: String,
    start: usize,
    length: usize,
}

macro_rules! artefact {
    ($name:literal) => {{
        static ARTEFACT: LazyLock<Artefact> = LazyLock::new(|| {
            serde_json::from_str(include_str!(concat!("../abi/", $name, ".json")))
                .expect("invariant: abi/ is written by scripts/contracts and committed with this crate")
        });
        &ARTEFACT
    }};
}

impl Contract {
    /// All of them, by name.
    pub const ALL: [Self; 9] = [
        Self::Accords,
        Self::DealEscrow,
        Self::DrandBeacon,
        Self::JuryPool,
        Self::Mandates,
        Self::TestIdentityRegistry,
        Self::TestReputationRegistry,
        Self::TestUsdc,
        Self::TestUsdcProxy,
    ];

    /// This project's own, by name: those that a chain with money needs.
    pub const OWN: [Self; 5] =
        [Self::Accords, Self::DealEscrow, Self::DrandBeacon, Self::JuryPool, Self::Mandates];

    /// The name of the contract in Solidity and of its file in `abi/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accords => "Accords",
            Self::DealEscrow => "DealEscrow",
            Self::DrandBeacon => "DrandBeacon",
            Self::JuryPool => "JuryPool",
            Self::Mandates => "Mandates",
            Self::TestIdentityRegistry => "TestIdentityRegistry",
            Self::TestReputationRegistry => "TestReputationRegistry",
            Self::TestUsdc => "TestUsdc",
            Self::TestUsdcProxy => "TestUsdcProxy",
        }
    }

    /// The code that creates the contract, still without the arguments of its constructor.
    #[must_use]
    pub fn bytecode(self) -> &'static Bytes {
        &self.artefact().bytecode
    }

    /// Whether `code`, read from a chain, is this contract's, whatever it was constructed with.
    #[must_use]
    pub fn is_code(self, code: &[u8]) -> bool {
        let artefact = self.artefact();
        if code.len() != artefact.deployed_bytecode.len() {
            return false;
        }
        let mut template = code.to_vec();
        for immutable in &artefact.immutables {
            template[immutable.start..immutable.start + immutable.length].fill(0);
        }
        template == artefact.deployed_bytecode
    }

    /// The deployed code with a value for each of its immutables, by the name that it has in the source.
    pub(crate) fn filled(self, value: impl Fn(&'static str) -> B256) -> Bytes {
        let artefact = self.artefact();
        let mut code = artefact.deployed_bytecode.to_vec();
        for Immutable { name, start, length } in &artefact.immutables {
            // A value type is written right-aligned into its word; every reference is a whole word.
            code[*start..start + length].copy_from_slice(&value(name)[32 - length..]);
        }
        code.into()
    }

    fn artefact(self) -> &'static Artefact {
        match self {
            Self::Accords => artefact!("Accords"),
            Self::DealEscrow => artefact!("DealEscrow"),
            Self::DrandBeacon => artefact!("DrandBeacon"),
            Self::JuryPool => artefact!("JuryPool"),
            Self::Mandates => artefact!("Mandates"),
            Self::TestIdentityRegistry => artefact!("TestIdentityRegistry"),
            Self::TestReputationRegistry => artefact!("TestReputationRegistry"),
            Self::TestUsdc => artefact!("TestUsdc"),
            Self::TestUsdcProxy => artefact!("TestUsdcProxy"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_artefact_has_a_name_and_every_name_an_artefact() {
        let abi = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi");
        let files: BTreeSet<String> = fs::read_dir(abi)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let names = Contract::ALL.iter().map(|contract| format!("{}.json", contract.name())).collect();
        assert_eq!(files, names);
    }

    #[test]
    fn every_contract_fits_a_chain() {
        for contract in Contract::ALL {
            let code = &contract.artefact().deployed_bytecode;
            assert!(
                !code.is_empty() && code.len() <= 24_576,
                "{}: {} bytes (EIP-170)",
                contract.name(),
                code.len()
            );
        }
    }

    #[test]
    fn immutables_do_not_hide_a_contract_and_anything_else_does() {
        let artefact = Contract::DrandBeacon.artefact();
        let mut code = artefact.deployed_bytecode.to_vec();
        let Immutable { start, length, .. } = artefact.immutables[0];
        code[start..start + length].fill(7);
        assert!(Contract::DrandBeacon.is_code(&code));
        code[0] ^= 1;
        assert!(!Contract::DrandBeacon.is_code(&code));
        assert!(!Contract::DrandBeacon.is_code(&[]));
    }
}
