//! Money as anybody can read it on the chain.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use nuncio_contracts::interface::{DealEscrow, TestUsdc};
use nuncio_protocol::{abi::Deployment, ids::DealId, money::Usdc};

use super::Chain;

/// What the escrow holds under one deal's id, as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscrowSlot(pub U256);

impl EscrowSlot {
    /// The deal's status: 8 bits from the lowest.
    #[must_use]
    pub fn status(self) -> u8 {
        (self.0 & U256::from(0xff)).to()
    }

    /// One bit per settled milestone.
    #[must_use]
    pub fn done(self) -> u8 {
        ((self.0 >> 8_u32) & U256::from(0xff)).to::<u8>()
    }

    /// Who has rated: one bit per side.
    #[must_use]
    pub fn rated(self) -> u8 {
        ((self.0 >> 16_u32) & U256::from(0x3)).to::<u8>()
    }

    /// What of the deal's money is still nobody's, micro-USDC.
    #[must_use]
    pub fn left(self) -> Usdc {
        Usdc(((self.0 >> 168_u32) & U256::from(u64::MAX)).to::<u64>())
    }
}

impl Chain {
    /// What an account holds, micro-USDC.
    pub fn balance(&mut self, at: &Deployment, account: Address) -> Usdc {
        let call = TestUsdc::balanceOfCall { account };
        let answer = self.read(at.usdc, call.abi_encode()).expect("invariant: USDC tells balances");
        let amount = TestUsdc::balanceOfCall::abi_decode_returns(&answer);
        Usdc(amount.expect("invariant: the ABI is the bytecode's").saturating_to())
    }

    /// What an account has as credit in the escrow, micro-USDC.
    pub fn credit(&mut self, at: &Deployment, account: Address) -> Usdc {
        let call = DealEscrow::creditCall { owner: account };
        let answer =
            self.read(at.contracts.escrow, call.abi_encode()).expect("invariant: the escrow tells credit");
        let amount = DealEscrow::creditCall::abi_decode_returns(&answer);
        Usdc(amount.expect("invariant: the ABI is the bytecode's"))
    }

    /// What an account owns: what it holds and its credit, micro-USDC.
    pub fn wealth(&mut self, at: &Deployment, account: Address) -> Usdc {
        let (held, credit) = (self.balance(at, account), self.credit(at, account));
        held.checked_add(credit).expect("invariant: there is less USDC than 2^64 micro-USDC")
    }

    /// A deal's slot.
    pub fn slot(&mut self, at: &Deployment, deal: DealId) -> EscrowSlot {
        let call = DealEscrow::dealOfCall { deal: deal.word() };
        let answer =
            self.read(at.contracts.escrow, call.abi_encode()).expect("invariant: the escrow tells slots");
        let word = DealEscrow::dealOfCall::abi_decode_returns(&answer);
        EscrowSlot(word.expect("invariant: the ABI is the bytecode's"))
    }
}
