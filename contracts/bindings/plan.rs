//! What to send to deploy everything, in order, with every address known beforehand.
//!
//! Each contract is created by the deterministic deployer through CREATE2 (EIP-1014), so its address follows from
//! its code, its constructor's arguments and a salt: no nonce, no receipt is needed to know it, and the same
//! contracts get the same addresses whoever sends the plan. Each step says by what it shows on the chain that it
//! is done, so a plan that was broken off goes on where it stopped, and one that is done does nothing.
//!
//! A step can fail when the chain has no deterministic deployer (anvil has it unless told otherwise, Base has it),
//! or when the sender cannot pay the gas; the plan itself cannot.
//!
//! Deliberately absent: sending, and any plan that could bring a test USDC to a chain with a real one.

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256};
use alloy_sol_types::SolCall;

use crate::contract::Contract;
use crate::creation::{Beacon, Constants, Creation};
use crate::deployment::{Deployed, Deployment, Usdc};
use crate::interface;

/// The deterministic deployment proxy: takes a salt and, behind it, creation code. It creates exactly that, for
/// whoever calls it.
pub const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");

/// Keccak-256 of the proxy's code, the same on every chain that has it.
pub const CREATE2_DEPLOYER_CODE: B256 =
    b256!("0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989");

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
    /// How it shows that this has been done.
    pub done: Done,
}

/// What is true of a chain once a step has been done on it, and not before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The contract stands: its address has [`Deployment::code`].
    Stands {
        /// Which.
        contract: Contract,
        /// Where.
        address: Address,
    },
    /// A view of the contract called gives this word.
    Answers {
        /// The view's call data.
        view: Bytes,
        /// The first word of what it returns.
        word: B256,
    },
}

impl Step {
    /// The address that has code afterwards, for a creation.
    #[must_use]
    pub const fn creates(&self) -> Option<Address> {
        match self.done {
            Done::Stands { address, .. } => Some(address),
            Done::Answers { .. } => None,
        }
    }
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

impl LocalOperator {
    /// anvil's first account and its last, whose keys everybody knows: on such a chain nothing is worth anything,
    /// and whoever plays with it may mint.
    pub const ANVIL: Self = Self {
        operator: address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
        usdc_admin: address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
    };

    /// The key of the first, as anvil prints it whenever it starts.
    pub const ANVIL_KEY: B256 = b256!("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
}

impl Plan {
    /// Everything for a local chain, the USDC and the ERC-8004 registries included.
    ///
    /// All steps are the operator's to send: it becomes the only minter, with an allowance of 2^256 - 1.
    #[must_use]
    pub fn local(chain_id: u64, operator: LocalOperator, beacon: Beacon, constants: Constants) -> Self {
        let nowhere = Usdc { address: Address::ZERO, name: "USDC".to_owned(), version: "2".to_owned() };
        let deployment = Deployment {
            name: "anvil".to_owned(),
            chain_id,
            usdc: nowhere,
            identity_registry: Address::ZERO,
            reputation_registry: Address::ZERO,
            beacon,
            constants,
            contracts: std::collections::BTreeMap::new(),
        };
        let mut plan = Self { steps: Vec::new(), deployment };
        let implementation = plan.create(&Creation::TestUsdc);
        let usdc = plan.create(&Creation::TestUsdcProxy { implementation, admin: operator.usdc_admin });
        let identities = plan.create(&Creation::TestIdentityRegistry);
        plan.deployment.usdc.address = usdc;
        plan.deployment.identity_registry = identities;
        plan.deployment.reputation_registry = plan.create(&Creation::TestReputationRegistry { identities });
        plan.steps.extend(usdc_calls(usdc, operator.operator));
        plan.with_own_contracts()
    }

    /// What a network of `networks.json` takes: this project's own contracts with that network's parameters, and
    /// on anvil's chain the USDC and the registries that it lacks.
    #[must_use]
    pub fn on(network: &Deployment) -> Self {
        let Deployment { chain_id, beacon, constants, .. } = network;
        if network.is_local() {
            return Self::local(*chain_id, LocalOperator::ANVIL, beacon.clone(), *constants);
        }
        let deployment = Deployment { contracts: std::collections::BTreeMap::new(), ..network.clone() };
        Self { steps: Vec::new(), deployment }.with_own_contracts()
    }

    fn with_own_contracts(mut self) -> Self {
        let Deployment { constants, .. } = self.deployment;
        let usdc = self.deployment.usdc.address;
        let beacon = self.create(&Creation::DrandBeacon(self.deployment.beacon.clone()));
        let mandates = self.create(&Creation::Mandates);
        self.create(&Creation::Accords);
        let escrow = self.create(&Creation::DealEscrow { usdc, mandates, constants });
        self.create(&Creation::JuryPool { usdc, beacon, escrow, constants });
        self
    }

    /// Appends the creation and gives the address where the contract will stand.
    fn create(&mut self, creation: &Creation) -> Address {
        let contract = creation.contract();
        let init_code = creation.init_code();
        let address = CREATE2_DEPLOYER.create2(SALT, keccak256(&init_code));
        self.steps.push(Step {
            name: format!("create {}", contract.name()),
            to: CREATE2_DEPLOYER,
            data: [SALT.as_slice(), &init_code].concat().into(),
            done: Done::Stands { contract, address },
        });
        let contracts = &mut self.deployment.contracts;
        contracts.insert(contract, Deployed { address, code_hash: B256::ZERO });
        let code_hash = self.deployment.code_hash(contract);
        let code_hash = code_hash.expect("invariant: a contract is created after those that it is told of");
        self.deployment.contracts.insert(contract, Deployed { address, code_hash });
        address
    }
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
    let call = |name: &str, data: Vec<u8>, view: Vec<u8>, word: B256| Step {
        name: name.to_owned(),
        to: usdc,
        data: data.into(),
        done: Done::Answers { view: view.into(), word },
    };
    let master = interface::TestUsdc::masterMinterCall {}.abi_encode();
    let minter = interface::TestUsdc::isMinterCall { account: operator }.abi_encode();
    [
        call("initialize USDC", initialize.abi_encode(), master, operator.into_word()),
        call("let the operator mint USDC", configure_minter.abi_encode(), minter, B256::with_last_byte(1)),
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
        let created: Vec<Address> = plan.steps.iter().filter_map(Step::creates).collect();
        assert_eq!(created.len(), Contract::ALL.len());
        for contract in Contract::ALL {
            assert!(created.contains(&plan.deployment.address(contract).unwrap()), "{}", contract.name());
        }
    }

    #[test]
    fn nothing_is_told_of_an_address_that_has_no_code_yet() {
        let plan = local();
        for (index, step) in plan.steps.iter().enumerate() {
            for later in plan.steps[index..].iter().filter_map(Step::creates) {
                let told = step.data.windows(20).any(|window| window == later.as_slice());
                assert!(!told, "{} names {later}", step.name);
            }
        }
    }

    #[test]
    fn on_a_chain_with_real_usdc_only_our_own_contracts_are_created() {
        let base = Deployment::of_chain(8453).unwrap();
        let plan = Plan::on(base);
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
