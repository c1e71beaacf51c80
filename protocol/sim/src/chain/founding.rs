//! What stands on the chain before anybody acts: contracts, money, seats, mandates.
//!
//! Set without signatures of transactions, since nothing here is under test; mandates do have the
//! two signatures that the contract checks.
//!
//! Deliberately absent: anything that a node does for itself.

use std::sync::OnceLock;

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use nuncio_contracts::{
    Beacon, Constants, Contract, LocalOperator, Plan,
    interface::{DealEscrow, JuryPool, TestUsdc},
};
use nuncio_protocol::{
    abi::Deployment,
    money::Usdc,
    typed::{Contracts, Mandate, UsdcDomain},
};

use super::{CHAIN_ID, Chain};

/// The account that deployed everything and mints.
pub(crate) const OPERATOR: Address = Address::repeat_byte(0x0f);
/// Who may exchange the test USDC's code.
const USDC_ADMIN: Address = Address::repeat_byte(0xad);

/// A chain with the contracts on it.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The chain, its contracts deployed.
    pub chain: Chain,
    /// Where they are.
    pub deployment: Deployment,
    /// USDC, as EIP-712 sees it.
    pub usdc: UsdcDomain,
}

/// A principal and its agent's account, as the chain gets to know them.
#[derive(Clone, Debug)]
pub struct Settler {
    /// The principal.
    pub principal: Address,
    /// The agent's settlement account.
    pub account: Address,
    /// What the principal begins with, micro-USDC.
    pub purse: Usdc,
    /// What of it becomes credit in the escrow, micro-USDC.
    pub credit: Usdc,
    /// The provider that its seat declares, for a juror.
    pub seat: Option<u16>,
    /// Its mandate with the principal's and the agent's signature.
    pub mandate: Option<(Mandate, Bytes, Bytes)>,
}

impl Founding {
    /// Deploys everything. The same beacon and genesis give the same chain, which is made only once.
    ///
    /// # Panics
    /// When the plan does not deploy: the contracts and their bindings differ.
    #[must_use]
    pub fn new(genesis: u64, beacon: &Beacon) -> Self {
        static MADE: OnceLock<(u64, Beacon, Founding)> = OnceLock::new();
        let (time, of, made) = MADE.get_or_init(|| (genesis, beacon.clone(), Self::deploy(genesis, beacon)));
        if (*time, of) == (genesis, beacon) { made.clone() } else { Self::deploy(genesis, beacon) }
    }

    fn deploy(genesis: u64, beacon: &Beacon) -> Self {
        let roles = LocalOperator { operator: OPERATOR, usdc_admin: USDC_ADMIN };
        let Plan { steps, deployment } = Plan::local(CHAIN_ID, roles, beacon.clone(), Constants::LOCAL);
        let mut chain = Chain::genesis(genesis);
        chain.machine.endow(OPERATOR);
        for step in steps {
            let creates = step.creates();
            chain.act(&step.name, OPERATOR, step.to, step.data);
            let there = creates.is_none_or(|address| chain.machine.has_code(address));
            assert!(there, "{}: nothing stands there", step.name);
        }
        let at = |contract| deployment.address(contract).expect("invariant: the plan deploys all contracts");
        let contracts = Contracts {
            chain_id: CHAIN_ID,
            mandates: at(Contract::Mandates),
            accords: at(Contract::Accords),
            escrow: at(Contract::DealEscrow),
            jury: at(Contract::JuryPool),
        };
        let usdc = UsdcDomain {
            name: deployment.usdc.name.clone(),
            version: deployment.usdc.version.clone(),
            chain_id: CHAIN_ID,
            address: deployment.usdc.address,
        };
        let beacon = at(Contract::DrandBeacon);
        let deployment = Deployment { contracts, beacon, usdc: deployment.usdc.address };
        chain.followed = deployment.followed().to_vec();
        Self { chain, deployment, usdc }
    }
}

impl Chain {
    /// Gives a principal its money, its credit, its seat and its mandate.
    ///
    /// # Panics
    /// When a contract refuses.
    pub(crate) fn settle(&mut self, at: &Deployment, settler: &Settler) {
        let Settler { principal, account, purse, credit, seat, mandate } = settler;
        for account in [*principal, *account] {
            self.machine.endow(account);
        }
        let Deployment { contracts, usdc, .. } = *at;
        if *purse > Usdc::ZERO {
            let call = TestUsdc::mintCall { to: *principal, amount: U256::from(purse.0) };
            self.call("mint USDC", OPERATOR, usdc, &call);
        }
        if *credit > Usdc::ZERO {
            self.allow(usdc, *principal, contracts.escrow, credit.0);
            let call = DealEscrow::depositCall { owner: *principal, amount: credit.0 };
            self.call("deposit credit", *principal, contracts.escrow, &call);
        }
        if let Some(provider) = seat {
            self.allow(usdc, *principal, contracts.jury, Constants::LOCAL.seat_stake);
            let call = JuryPool::joinCall { holder: *account, provider: *provider };
            self.call("take a seat", *principal, contracts.jury, &call);
        }
        if let Some((mandate, by_principal, by_agent)) = mandate {
            let call = at.grant(mandate, by_principal.clone(), by_agent.clone());
            self.act("grant a mandate", OPERATOR, call.to, call.data);
        }
    }

    fn allow(&mut self, usdc: Address, owner: Address, spender: Address, amount: u64) {
        let call = TestUsdc::approveCall { spender, value: U256::from(amount) };
        self.call("allow a transfer", owner, usdc, &call);
    }

    fn call(&mut self, what: &str, from: Address, to: Address, call: &impl SolCall) {
        self.act(what, from, to, call.abi_encode().into());
    }
}
