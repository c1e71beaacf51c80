//! What happens beside a deal: credit, mandates, and USDC's own powers.
//!
//! Deliberately absent: anything that needs a deal to be open.

use alloy_primitives::{Address, B256, Bytes, U256};
use nuncio_protocol::{
    abi::call::approval,
    escrow::{Act, State},
    typed::{Approve, Mandate, ReceiveWithAuthorization, Revoke, Withdraw, deposit_nonce, u40},
};

use super::Plot;
use crate::differential::{
    mirror::SALTS,
    pool::{DAWN, Prospect, USDC, principal_of},
};

const AMOUNTS: [u64; 6] = [0, 1, USDC, 7 * USDC + 3, 5000 * USDC, u64::MAX];

impl Plot {
    /// Something, and who sends it.
    pub(super) fn account(&mut self, state: &State, prospect: &Prospect, sender: Address) -> (Address, Act) {
        let operator = if self.dice.percent(94) { self.craft.law.operator } else { sender };
        match self.dice.weighed(&[8, 8, 14, 14, 10, 10, 12, 12, 8, 2, 4, 4]) {
            0 => (sender, self.deposit()),
            1 => (sender, self.deposit_by_signature(state)),
            2 => (sender, self.withdraw(state, sender)),
            3 => (sender, self.withdraw_by_signature(state)),
            4 => (sender, self.grant(state)),
            5 => (sender, self.revoke(state)),
            6 => self.spend(prospect, sender),
            7 => (operator, Act::Bar { account: self.anybody(prospect) }),
            8 => (operator, Act::Unbar { account: self.barred(state) }),
            9 => (operator, Act::Pause),
            10 => (operator, Act::Unpause),
            _ => (sender, self.allow()),
        }
    }

    fn amount(&mut self) -> u64 {
        *self.dice.pick(&AMOUNTS)
    }

    fn anyone(&mut self) -> Address {
        let all: Vec<Address> = self.craft.actors.everybody().into_iter().collect();
        *self.dice.pick(&all)
    }

    /// Mostly somebody to whom the deal matters.
    fn anybody(&mut self, prospect: &Prospect) -> Address {
        let deal = &prospect.terms.deal;
        match self.dice.below(24) {
            0 => self.craft.law.at.contracts.escrow,
            1..5 => deal.buyer,
            5..9 => deal.seller,
            9..14 => deal.buyerPay,
            14..19 => deal.sellerPay,
            _ => self.anyone(),
        }
    }

    fn barred(&mut self, state: &State) -> Address {
        let barred: Vec<Address> = state.token.barred.iter().copied().collect();
        if barred.is_empty() { self.anyone() } else { *self.dice.pick(&barred) }
    }

    fn allow(&mut self) -> Act {
        let spender = match self.dice.below(10) {
            0 => Address::ZERO,
            1 => self.anyone(),
            _ => self.craft.law.at.contracts.escrow,
        };
        let amount = if self.dice.percent(50) { U256::MAX } else { U256::from(self.amount()) };
        Act::Allow { spender, amount }
    }

    fn deposit(&mut self) -> Act {
        let owner = if self.dice.percent(6) { Address::ZERO } else { self.anyone() };
        Act::Deposit { owner, amount: self.amount() }
    }

    fn deposit_by_signature(&mut self, state: &State) -> Act {
        let (mut owner, amount) = (self.anyone(), self.amount());
        let mut salt = B256::repeat_byte(self.dice.below(u64::from(SALTS)) as u8);
        let made = deposits(state);
        if !made.is_empty() && self.dice.percent(40) {
            (owner, salt) = *self.dice.pick(&made);
        }
        let valid = *self.dice.pick(&[(0, DAWN + 100_000), (0, DAWN + 100_000), (DAWN + 5, DAWN + 40)]);
        let digest = self.craft.usdc.digest(&ReceiveWithAuthorization {
            from: owner,
            to: self.craft.law.at.contracts.escrow,
            value: U256::from(amount),
            validAfter: U256::from(valid.0),
            validBefore: U256::from(valid.1),
            nonce: deposit_nonce(owner, salt),
        });
        let signature = match self.dice.below(10) {
            0 => self.forge(owner, digest),
            _ => self.sign_full(owner, digest),
        };
        Act::DepositWithAuthorization { owner, amount, valid, salt, signature }
    }

    fn withdraw(&mut self, state: &State, sender: Address) -> Act {
        let has = state.credit_of(sender);
        let amount = match self.dice.below(6) {
            0 => 0,
            1 => has.saturating_add(1),
            2 => self.amount(),
            _ => has,
        };
        let to = self.payee(sender);
        Act::Withdraw { to, amount }
    }

    fn payee(&mut self, owner: Address) -> Address {
        match self.dice.below(12) {
            0 => Address::ZERO,
            1..6 => self.anyone(),
            _ => owner,
        }
    }

    fn withdraw_by_signature(&mut self, state: &State) -> Act {
        let owners: Vec<Address> = state.credit.keys().copied().collect();
        let mut from = if owners.is_empty() { self.anyone() } else { *self.dice.pick(&owners) };
        let mut to = self.payee(from);
        if self.dice.percent(20) {
            (from, to) = (self.barred(state), self.anyone());
        }
        let next = state.nonce.get(&from).copied().unwrap_or_default();
        let nonce = if self.dice.percent(90) { next } else { self.dice.below(3) };
        let withdraw = Withdraw { from, to, nonce: U256::from(nonce), until: u40(self.until()) };
        let digest = self.escrow_digest(&withdraw);
        let signature = self.sign_or_forge(from, digest, 12);
        Act::WithdrawFor { withdraw, signature }
    }

    fn agent(&mut self) -> Address {
        let actors = &self.craft.actors;
        if self.dice.percent(50) { *self.dice.pick(&actors.buyers) } else { *self.dice.pick(&actors.sellers) }
    }

    fn spender(&mut self) -> Address {
        let escrow = self.craft.law.at.contracts.escrow;
        if self.dice.percent(70) { escrow } else { self.craft.actors.stranger }
    }

    fn grant(&mut self, state: &State) -> Act {
        let (agent, spender) = (self.agent(), self.spender());
        let principal = match self.dice.below(8) {
            0 => *self.dice.pick(&self.craft.actors.principals),
            _ => principal_of(&self.craft.actors, agent),
        };
        let kept = state.mandates.authorities.get(&(agent, spender)).copied().unwrap_or_default();
        let mut mandate = Mandate {
            agent,
            principal,
            spender,
            card: B256::repeat_byte(1),
            agentId: U256::from(3),
            humanAbove: *self.dice.pick(&[0, 10 * USDC, 100 * USDC, u64::MAX]),
            perPeriod: *self.dice.pick(&[0, 20 * USDC, 500 * USDC, u64::MAX]),
            period: *self.dice.pick(&[1, 60, 86_400]),
            scopes: *self.dice.pick(&[0, 1, 2, 3, 3, 3]),
            validFrom: u40(DAWN - 1000),
            validUntil: u40(*self.dice.pick(&[DAWN + 60, DAWN + 10_000])),
            policy: B256::repeat_byte(2),
            serial: (kept.serial + 1).min(9),
        };
        match self.dice.below(40) {
            0 => mandate.agent = Address::ZERO,
            1 => mandate.principal = agent,
            2 => mandate.period = 0,
            3 => mandate.validFrom = u40(DAWN + 500),
            4 => mandate.validUntil = u40(DAWN - 1),
            5 => mandate.serial = kept.serial,
            _ => {}
        }
        let digest = self.mandates_digest(&mandate);
        let principal = self.sign_or_forge(mandate.principal, digest, 20);
        let agent = self.sign_or_forge(mandate.agent, digest, 20);
        Act::Grant { mandate, principal, agent }
    }

    fn revoke(&mut self, state: &State) -> Act {
        let (agent, spender) = (self.agent(), self.spender());
        let kept = state.mandates.authorities.get(&(agent, spender)).copied().unwrap_or_default();
        let principal = match self.dice.below(6) {
            0 => *self.dice.pick(&self.craft.actors.principals),
            _ => principal_of(&self.craft.actors, agent),
        };
        let serial = (kept.serial + 1).saturating_sub(self.dice.below(3) as u16);
        let revoke = Revoke { agent, spender, serial };
        let digest = self.mandates_digest(&revoke);
        let signature = self.sign_or_forge(principal, digest, 12);
        Act::Revoke { revoke, principal, signature }
    }

    /// By an account that mandates name as a spender, or by one that none names.
    fn spend(&mut self, prospect: &Prospect, sender: Address) -> (Address, Act) {
        let from = if self.dice.percent(80) { self.craft.actors.stranger } else { sender };
        let agent = self.agent();
        let principal = match self.dice.below(10) {
            0 => *self.dice.pick(&self.craft.actors.principals),
            _ => principal_of(&self.craft.actors, agent),
        };
        let (deal, until) = (prospect.terms.id, self.until());
        let digest = self.mandates_digest(&Approve { deal, until: u40(until) });
        let approval = match self.dice.below(3) {
            0 => Bytes::new(),
            _ => approval(until, &self.sign_or_forge(principal, digest, 15)),
        };
        let scope = *self.dice.pick(&[1, 1, 2, 2, 3, 4]);
        let amount = *self.dice.pick(&[0, USDC, 10 * USDC, 15 * USDC, 101 * USDC, 501 * USDC]);
        (from, Act::Spend { agent, principal, scope, deal, amount, approval })
    }
}

/// Deposits that were made by signature: whose, and with which salt.
fn deposits(state: &State) -> Vec<(Address, B256)> {
    let salts: Vec<B256> = (0..SALTS).map(B256::repeat_byte).collect();
    let used = state.token.used.iter();
    used.filter_map(|(owner, nonce)| {
        let salt = salts.iter().find(|salt| deposit_nonce(*owner, **salt) == *nonce)?;
        Some((*owner, *salt))
    })
    .collect()
}
