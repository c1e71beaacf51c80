//! What to send to deploy everything, in order, with every address known beforehand.
//!
//! Each contract is created by the deterministic deployer through CREATE2 (EIP-1014), so its address follows from
//! its code, its constructor's arguments and a salt: no nonce, no receipt is needed to know it, and the same
//! contracts get the same addresses on every chain. Whoever carries out a plan sends its steps one after the other
//! and waits for each; a creation whose address has code already is done.
//!
//! A step can fail when the chain has no deterministic deployer (anvil has it unless told otherwise, Base has it),
//! or when the operator cannot pay the gas; the plan itself cannot.
//!
//! Deliberately absent: sending, and any plan that could bring a test USDC to a chain with a real one.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use alloy_sol_types::SolCall;

use crate::contract::Contract;
use crate::creation::{Beacon, Constants, Creation};
use crate::deployment::{Deployed, Deployment, Usdc};
use crate::interface;

/// The deterministic deployment proxy: takes a salt and, behind it, creation code.
pub const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");

/// One salt for all: what differs between two deployments is in the code or the arguments.
const SALT: B256 = B256::ZERO;

/// One transaction of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does, for a log.
    pub name: String,
    /// The contract called.
    pub to: Address,
    /// The call's data.
    pub data: Bytes,
    /// The address that has code afterwards, for a creation.
    pub creates: Option<Address>,
}

/// Transactions, and what stands when all of them are mined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// To be sent in this order.
    pub steps: Vec<Step>,
    /// What to write down at the end.
    pub deployment: Deployment,
}

/// Who runs the local USDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalOperator {
    /// Sends all steps; afterwards mints, pauses and bars.
    pub operator: Address,
    /// May exchange the token's code, and cannot use the token.
    pub usdc_admin: Address,
}

impl Plan {
    /// Everything for a local chain, the USDC and the ERC-8004 registries included.
    ///
    /// All steps are the operator's to send: it becomes the only minter, with an allowance of 2^256 - 1.
    #[must_use]
    pub fn local(chain_id: u64, operator: LocalOperator, beacon: Beacon, constants: Constants) -> Self {
        let mut steps = Vec::new();
        let mut contracts = BTreeMap::new();
        let mut create = |creation| add_creation(&mut steps, &mut contracts, creation);
        let implementation = create(Creation::TestUsdc);
        let usdc = create(Creation::TestUsdcProxy { implementation, admin: operator.usdc_admin });
        let identity_registry = create(Creation::TestIdentityRegistry);
        let reputation_registry = create(Creation::TestReputationRegistry { identities: identity_registry });
        steps.extend(usdc_calls(usdc, operator.operator));

        let domain = Usdc { address: usdc, name: "USDC".to_owned(), version: "2".to_owned() };
        let deployment = Deployment {
            name: "local".to_owned(),
            chain_id,
            usdc: domain,
            identity_registry,
            reputation_registry,
            contracts,
        };
        Self { steps, deployment }.with_own_contracts(beacon, constants)
    }

    /// This project's own contracts, for a chain that has USDC and the ERC-8004 registries.
    #[must_use]
    pub fn on(network: &Deployment, beacon: Beacon, constants: Constants) -> Self {
        Self { steps: Vec::new(), deployment: network.clone() }.with_own_contracts(beacon, constants)
    }

    fn with_own_contracts(mut self, beacon: Beacon, constants: Constants) -> Self {
        let usdc = self.deployment.usdc.address;
        let mut create = |creation| add_creation(&mut self.steps, &mut self.deployment.contracts, creation);
        let beacon = create(Creation::DrandBeacon(beacon));
        let mandates = create(Creation::Mandates);
        create(Creation::Accords);
        let escrow = create(Creation::DealEscrow { usdc, mandates, constants });
        create(Creation::JuryPool { usdc, beacon, escrow, constants });
        self
    }
}

/// Appends the creation and returns the address where the contract will stand.
fn add_creation(
    steps: &mut Vec<Step>,
    contracts: &mut BTreeMap<Contract, Deployed>,
    creation: Creation,
) -> Address {
    let contract = creation.contract();
    let init_code = creation.init_code();
    let address = CREATE2_DEPLOYER.create2(SALT, keccak256(&init_code));
    steps.push(Step {
        name: format!("create {}", contract.name()),
        to: CREATE2_DEPLOYER,
        data: [SALT.as_slice(), &init_code].concat().into(),
        creates: Some(address),
    });
    contracts.insert(contract, Deployed { address, template_hash: contract.template_hash() });
    address
}

/// Makes the token a token, and the operator its minter.
fn usdc_calls(usdc: Address, operator: Address) -> [Step; 2] {
    let initialize = interface::TestUsdc::initializeCall {
        tokenName: "USDC".to_owned(),
        tokenSymbol: "USDC".to_owned(),
        tokenCurrency: "USD".to_owned(),
        tokenDecimals: 6,
        newMasterMinter: operator,
        newPauser: operator,
        newBlacklister: operator,
        newOwner: operator,
    };
    let configure_minter =
        interface::TestUsdc::configureMinterCall { minter: operator, minterAllowedAmount: U256::MAX };
    let call = |name: &str, data: Vec<u8>| Step {
        name: name.to_owned(),
        to: usdc,
        data: data.into(),
        creates: None,
    };
    [
        call("initialize USDC", initialize.abi_encode()),
        call("let the operator mint USDC", configure_minter.abi_encode()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: LocalOperator =
        LocalOperator { operator: Address::repeat_byte(1), usdc_admin: Address::repeat_byte(2) };

    fn beacon() -> Beacon {
        Beacon { public_key: [3; 192], genesis: 1_800_000_000, period_secs: 1 }
    }

    fn local() -> Plan {
        Plan::local(31337, OPERATOR, beacon(), Constants::LOCAL)
    }

    #[test]
    fn a_plan_is_the_same_every_time() {
        assert_eq!(local(), local());
    }

    #[test]
    fn a_local_plan_creates_every_contract_once() {
        let plan = local();
        let created: Vec<Address> = plan.steps.iter().filter_map(|step| step.creates).collect();
        assert_eq!(created.len(), Contract::ALL.len());
        for contract in Contract::ALL {
            assert!(created.contains(&plan.deployment.address(contract).unwrap()), "{}", contract.name());
        }
    }

    #[test]
    fn nothing_is_told_of_an_address_that_has_no_code_yet() {
        let plan = local();
        for (index, step) in plan.steps.iter().enumerate() {
            for later in plan.steps[index..].iter().filter_map(|step| step.creates) {
                let told = step.data.windows(20).any(|window| window == later.as_slice());
                assert!(!told, "{} names {later}", step.name);
            }
        }
    }

    #[test]
    fn on_a_chain_with_real_usdc_only_our_own_contracts_are_created() {
        let base = Deployment::of_chain(8453).unwrap();
        let plan = Plan::on(base, beacon(), Constants::PRODUCTION);
        let contracts: Vec<Contract> = plan.deployment.contracts.keys().copied().collect();
        assert_eq!(
            contracts,
            [
                Contract::Accords,
                Contract::DealEscrow,
                Contract::DrandBeacon,
                Contract::JuryPool,
                Contract::Mandates
            ]
        );
        assert_eq!(plan.deployment.usdc, base.usdc);
    }

    #[test]
    fn another_argument_gives_another_address() {
        let other = Plan::local(31337, OPERATOR, Beacon { period_secs: 3, ..beacon() }, Constants::LOCAL);
        let address = |plan: &Plan, contract| plan.deployment.address(contract).unwrap();
        assert_ne!(address(&local(), Contract::DrandBeacon), address(&other, Contract::DrandBeacon));
        assert_ne!(address(&local(), Contract::JuryPool), address(&other, Contract::JuryPool));
        assert_eq!(address(&local(), Contract::Accords), address(&other, Contract::Accords));
    }
}
