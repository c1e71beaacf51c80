//! The state as the contracts tell it to anybody who asks.
//!
//! Words of storage are what a transaction writes; views are what a wallet or a node reads. Both must
//! be the model's.
//!
//! Deliberately absent: views that compute nothing of the state.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use nuncio_contracts::interface::{DealEscrow, Mandates, TestUsdc};

use super::{Differential, Live};

impl Differential {
    pub(super) fn agree_in_views(&mut self, live: &Live) -> Result<(), String> {
        let (now, at, state) = (live.now, self.craft.law.at, &live.state);
        let (escrow, usdc, mandates) = (at.contracts.escrow, at.usdc, at.contracts.mandates);
        let everybody: Vec<Address> = self.craft.actors.everybody().into_iter().chain([escrow]).collect();
        let mut ask = Asking { run: self, now };
        for account in everybody {
            let credit = ask.of(escrow, &DealEscrow::creditCall { owner: account })?;
            same("credit", account, credit, state.credit_of(account))?;
            let nonce = ask.of(escrow, &DealEscrow::nonceCall { owner: account })?;
            let next = state.nonce.get(&account).copied().unwrap_or_default();
            same("nonce", account, nonce, U256::from(next))?;
            let balance = ask.of(usdc, &TestUsdc::balanceOfCall { account })?;
            same("balanceOf", account, balance, U256::from(state.token.balance_of(account)))?;
            let barred = ask.of(usdc, &TestUsdc::isBlacklistedCall { account })?;
            same("isBlacklisted", account, barred, state.token.is_barred(account))?;
            let allowed = ask.of(usdc, &TestUsdc::allowanceCall { holder: account, spender: escrow })?;
            let model = state.token.allowances.get(&(account, escrow)).copied().unwrap_or_default();
            same("allowance", account, allowed, model)?;
        }
        for (id, deal) in &state.deals {
            let slot = ask.of(escrow, &DealEscrow::dealOfCall { deal: *id })?;
            same("slot", id, slot, deal.word())?;
            let claims = ask.of(escrow, &DealEscrow::claimsCall { deal: *id })?;
            for milestone in 0..8_u8 {
                let claimed = (claims >> (32 * usize::from(milestone))) & U256::from(u32::MAX);
                let model = state.claims.get(&(*id, milestone)).copied().unwrap_or_default();
                same("claims", (id, milestone), claimed, U256::from(model))?;
                let signed = ask.of(escrow, &DealEscrow::signersOfCall { deal: *id, milestone })?;
                let model = state.accepted.get(&(*id, milestone)).map_or(0, |kept| kept.signers);
                same("signersOf", (id, milestone), signed.signers, model)?;
            }
        }
        for (payer, nonce) in &state.token.used {
            let call = TestUsdc::authorizationStateCall { authorizer: *payer, nonce: *nonce };
            same("authorizationState", payer, ask.of(usdc, &call)?, true)?;
        }
        for ((agent, spender), kept) in &state.mandates.authorities {
            let told = ask.of(mandates, &Mandates::mandateOfCall { agent: *agent, spender: *spender })?;
            same("principal", agent, told.principal, kept.principal)?;
            same("validUntil", agent, told.validUntil.to::<u64>(), kept.valid_until)?;
            same("scopes", agent, told.scopes, kept.scopes)?;
            same("serial", agent, told.serial, kept.serial)?;
            same("humanAbove", agent, told.humanAbove, kept.human_above)?;
            same("perPeriod", agent, told.perPeriod, kept.per_period)?;
            same("period", agent, told.period, kept.period)?;
            same("spent", agent, told.spent, kept.spent)?;
            same("spentAt", agent, told.spentAt.to::<u64>(), kept.spent_at)?;
            let call = Mandates::availableCall { agent: *agent, spender: *spender };
            same("available", agent, ask.of(mandates, &call)?, kept.available(now))?;
        }
        for ((principal, agent, spender), serial) in &state.mandates.burnt {
            let (principal, agent, spender) = (*principal, *agent, *spender);
            let call = Mandates::burntSerialCall { principal, agent, spender };
            same("burntSerial", agent, ask.of(mandates, &call)?, *serial)?;
        }
        same("paused", usdc, ask.of(usdc, &TestUsdc::pausedCall {})?, state.token.paused)
    }
}

/// Views at one second.
struct Asking<'a> {
    run: &'a mut Differential,
    now: u64,
}

impl Asking<'_> {
    fn of<C: SolCall>(&mut self, contract: Address, call: &C) -> Result<C::Return, String> {
        let answer = self.run.evm.ask(self.now, contract, call.abi_encode().into());
        let read = answer.and_then(|answer| C::abi_decode_returns(&answer).ok());
        read.ok_or_else(|| format!("{}: no answer", C::SIGNATURE))
    }
}

fn same<T: PartialEq + std::fmt::Debug>(
    view: &str,
    of: impl std::fmt::Debug,
    contract: T,
    model: T,
) -> Result<(), String> {
    if contract == model {
        return Ok(());
    }
    Err(format!("{view} of {of:?}: model {model:?}, contract {contract:?}"))
}
