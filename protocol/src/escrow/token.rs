//! USDC as FiatToken v2.2 behaves, in the functions that the escrow calls and the ones that hinder it.
//!
//! It may be paused, and it bars accounts: a barred account neither sends nor receives. Payments by
//! signature are EIP-3009, used once.
//!
//! Deliberately absent: minting, permits, roles but one operator, the proxy.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolEvent, sol};

use super::{
    Turn,
    refusal::{Refusal, require},
    signatures::{Form, Recovered, full_form},
};
use crate::typed::ReceiveWithAuthorization;

sol! {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    event Blacklisted(address indexed account);
    event UnBlacklisted(address indexed account);
    event Pause();
    event Unpause();
}

/// USDC's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Micro-USDC by account; nobody stands here with nothing.
    pub balances: BTreeMap<Address, u128>,
    /// Micro-USDC by holder and spender, where there is any.
    pub allowances: BTreeMap<(Address, Address), U256>,
    /// Payer and nonce of payments by signature that were made.
    pub used: BTreeSet<(Address, B256)>,
    /// Accounts that are barred.
    pub barred: BTreeSet<Address>,
    /// Nothing moves.
    pub paused: bool,
}

impl Token {
    /// Whether an account is barred.
    #[must_use]
    pub fn is_barred(&self, account: Address) -> bool {
        self.barred.contains(&account)
    }

    /// What an account holds, micro-USDC.
    #[must_use]
    pub fn balance_of(&self, account: Address) -> u128 {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    fn set(&mut self, account: Address, amount: u128) {
        if amount == 0 {
            self.balances.remove(&account);
        } else {
            self.balances.insert(account, amount);
        }
    }
}

fn demand(holds: bool, text: &str) -> Result<(), Refusal> {
    require(holds, || Refusal::text(text))
}

impl Turn<'_> {
    fn emit_token(&mut self, event: &impl SolEvent) {
        self.log(self.law.at.usdc, event.encode_log_data());
    }

    /// Nothing moves while paused, nor to or from who is barred.
    fn require_free(&self, accounts: &[Address]) -> Result<(), Refusal> {
        let token = &self.state.token;
        demand(!token.paused, "Pausable: paused")?;
        let barred = accounts.iter().any(|account| token.is_barred(*account));
        demand(!barred, "Blacklistable: account is blacklisted")
    }

    /// The escrow takes money that `holder` allowed it.
    pub(super) fn transfer_from(&mut self, holder: Address, to: Address, amount: u64) -> Result<(), Refusal> {
        let spender = self.escrow();
        self.require_free(&[spender, holder, to])?;
        let key = (holder, spender);
        let allowed = self.state.token.allowances.get(&key).copied().unwrap_or_default();
        demand(U256::from(amount) <= allowed, "ERC20: transfer amount exceeds allowance")?;
        self.move_tokens(holder, to, u128::from(amount))?;
        self.set_allowance(key, allowed - U256::from(amount));
        Ok(())
    }

    /// The escrow takes money by EIP-3009; the frame is open at both ends.
    pub(super) fn receive(
        &mut self,
        from: Address,
        amount: u128,
        (after, before): (u64, u64),
        nonce: B256,
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        let to = self.escrow();
        self.require_free(&[from, to])?;
        demand(self.now() > after, "FiatTokenV2: authorization is not yet valid")?;
        demand(self.now() < before, "FiatTokenV2: authorization is expired")?;
        let fresh = !self.state.token.used.contains(&(from, nonce));
        demand(fresh, "FiatTokenV2: authorization is used or canceled")?;
        let digest = self.usdc_digest(&ReceiveWithAuthorization {
            from,
            to,
            value: U256::from(amount),
            validAfter: U256::from(after),
            validBefore: U256::from(before),
            nonce,
        });
        self.require_payer(from, digest, signature)?;
        self.state.token.used.insert((from, nonce));
        self.emit_token(&AuthorizationUsed { authorizer: from, nonce });
        self.move_tokens(from, to, amount)
    }

    fn require_payer(&self, payer: Address, digest: B256, signature: &Bytes) -> Result<(), Refusal> {
        if let Some(yes) = self.wallet_says(payer, digest, signature) {
            return demand(yes, "FiatTokenV2: invalid signature");
        }
        let by = match full_form(signature) {
            Form::Length => return demand(false, "ECRecover: invalid signature length"),
            Form::HighS => return demand(false, "ECRecover: invalid signature 's' value"),
            Form::V => return demand(false, "ECRecover: invalid signature 'v' value"),
            Form::Good => self.keys.recover(digest, signature),
        };
        demand(by != Recovered::Nobody, "ECRecover: invalid signature")?;
        demand(by == Recovered::By(payer), "FiatTokenV2: invalid signature")
    }

    /// Sends the escrow's money; false where the token refuses.
    pub(super) fn push_transfer(&mut self, to: Address, amount: u64) -> bool {
        let escrow = self.escrow();
        let free = self.require_free(&[escrow, to]);
        free.and_then(|()| self.move_tokens(escrow, to, u128::from(amount))).is_ok()
    }

    fn move_tokens(&mut self, from: Address, to: Address, amount: u128) -> Result<(), Refusal> {
        demand(from != Address::ZERO, "ERC20: transfer from the zero address")?;
        demand(to != Address::ZERO, "ERC20: transfer to the zero address")?;
        let token = &mut self.state.token;
        let has = token.balance_of(from);
        demand(amount <= has, "ERC20: transfer amount exceeds balance")?;
        token.set(from, has - amount);
        token.set(to, token.balance_of(to) + amount);
        self.emit_token(&Transfer { from, to, value: U256::from(amount) });
        Ok(())
    }

    fn set_allowance(&mut self, key: (Address, Address), amount: U256) {
        if amount.is_zero() {
            self.state.token.allowances.remove(&key);
        } else {
            self.state.token.allowances.insert(key, amount);
        }
    }

    pub(super) fn allow(&mut self, spender: Address, amount: U256) -> Result<(), Refusal> {
        let owner = self.moment.from;
        self.require_free(&[owner, spender])?;
        demand(owner != Address::ZERO, "ERC20: approve from the zero address")?;
        demand(spender != Address::ZERO, "ERC20: approve to the zero address")?;
        self.set_allowance((owner, spender), amount);
        self.emit_token(&Approval { owner, spender, value: amount });
        Ok(())
    }

    pub(super) fn bar(&mut self, account: Address) -> Result<(), Refusal> {
        self.require_blacklister()?;
        self.state.token.barred.insert(account);
        self.emit_token(&Blacklisted { account });
        Ok(())
    }

    pub(super) fn unbar(&mut self, account: Address) -> Result<(), Refusal> {
        self.require_blacklister()?;
        self.state.token.barred.remove(&account);
        self.emit_token(&UnBlacklisted { account });
        Ok(())
    }

    pub(super) fn pause(&mut self) -> Result<(), Refusal> {
        self.require_pauser()?;
        self.state.token.paused = true;
        self.emit_token(&Pause {});
        Ok(())
    }

    pub(super) fn unpause(&mut self) -> Result<(), Refusal> {
        self.require_pauser()?;
        self.state.token.paused = false;
        self.emit_token(&Unpause {});
        Ok(())
    }

    fn require_blacklister(&self) -> Result<(), Refusal> {
        let may = self.moment.from == self.law.operator;
        demand(may, "Blacklistable: caller is not the blacklister")
    }

    fn require_pauser(&self) -> Result<(), Refusal> {
        demand(self.moment.from == self.law.operator, "Pausable: caller is not the pauser")
    }
}
