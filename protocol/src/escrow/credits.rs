//! Money that waits in the escrow for its owner.
//!
//! Deliberately absent: interest, allowances, transfers of credit.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    Turn,
    refusal::{Refusal, ensure, word},
    terms::beside,
};
use crate::{
    abi::sol::IDealEscrow as E,
    typed::{self, deposit_nonce},
};

impl Turn<'_> {
    pub(super) fn deposit(&mut self, owner: Address, amount: u64) -> Result<(), Refusal> {
        ensure!(owner != Address::ZERO, E::ZeroAddress {});
        self.credit(owner, B256::ZERO, amount)?;
        self.transfer_from(self.moment.from, self.escrow(), amount)
    }

    pub(super) fn deposit_with_authorization(
        &mut self,
        owner: Address,
        amount: u64,
        valid: (u64, u64),
        salt: B256,
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        self.credit(owner, B256::ZERO, amount)?;
        self.receive(owner, u128::from(amount), valid, deposit_nonce(owner, salt), signature)
    }

    /// `next` is the owner's next nonce where its signature was used, else 0.
    pub(super) fn withdraw(
        &mut self,
        from: Address,
        to: Address,
        amount: u64,
        next: u64,
    ) -> Result<(), Refusal> {
        ensure!(to != Address::ZERO, E::ZeroAddress {});
        let has = self.state.credit_of(from);
        ensure!(amount != 0 && has >= amount, E::CreditTooLow { credit: word(has), wanted: word(amount) });
        ensure!(to == from || !self.state.token.is_barred(from), E::Blacklisted { account: from });
        self.set_credit(from, has - amount);
        self.emit(&E::Withdrawn { owner: from, to, withdrawal: word(amount) | word(next) << 64 });
        ensure!(self.push_transfer(to, amount), E::TransferFailed { to, amount: word(amount) });
        Ok(())
    }

    pub(super) fn withdraw_for(&mut self, w: &typed::Withdraw, signature: &Bytes) -> Result<(), Refusal> {
        self.require_in_time(typed::seconds(w.until))?;
        let next = self.state.nonce.get(&w.from).copied().unwrap_or_default();
        ensure!(w.nonce == U256::from(next), E::WrongNonce { nonce: w.nonce, next: word(next) });
        self.require_signed(w.from, self.escrow_digest(w), signature)?;
        self.state.nonce.insert(w.from, next + 1);
        self.withdraw(w.from, w.to, self.state.credit_of(w.from), next + 1)
    }

    /// A signed message is good up to and including its last second.
    pub(super) fn require_in_time(&self, until: u64) -> Result<(), Refusal> {
        ensure!(self.now() <= until, E::SignatureExpired { until: word(until), timestamp: word(self.now()) });
        Ok(())
    }

    /// Credit grows.
    pub(super) fn credit(&mut self, owner: Address, deal: B256, amount: u64) -> Result<(), Refusal> {
        if amount == 0 {
            return Ok(());
        }
        let sum = self.state.credit_of(owner).checked_add(amount).ok_or_else(Refusal::assertion)?;
        self.set_credit(owner, sum);
        self.emit(&E::Credited { owner, deal, amount: U256::from(amount) });
        Ok(())
    }

    /// The credit of jurors grows, each by its share.
    pub(super) fn credit_shares(&mut self, deal: B256, shares: &[(Address, u64)]) -> Result<(), Refusal> {
        let shares: Vec<_> = shares.iter().filter(|(_, share)| *share != 0).collect();
        if shares.is_empty() {
            return Ok(());
        }
        for (juror, share) in &shares {
            let sum = self.state.credit_of(*juror).checked_add(*share).ok_or_else(Refusal::assertion)?;
            self.set_credit(*juror, sum);
        }
        let words = shares
            .into_iter()
            .map(|(juror, share)| U256::from_be_slice(juror.as_slice()) | U256::from(*share) << 160);
        self.emit(&E::JurorsCredited { deal, shares: words.collect() });
        Ok(())
    }

    /// A share that USDC refused a payee.
    pub(super) fn credit_refused(&mut self, owner: Address, deal: B256, amount: u64) -> Result<(), Refusal> {
        let sum = self.state.credit_of(owner).checked_add(amount).ok_or_else(Refusal::assertion)?;
        self.set_credit(owner, sum);
        self.emit(&E::Credited { owner, deal, amount: beside(&[(amount, 64), (1, 1)]) });
        Ok(())
    }

    /// Credit shrinks for the deposit of an appeal.
    pub(super) fn debit(&mut self, owner: Address, deal: B256, amount: u64) -> Result<(), Refusal> {
        self.take(owner, amount)?;
        self.emit(&E::Debited { owner, deal, amount });
        Ok(())
    }

    /// Credit shrinks, as another event tells.
    pub(super) fn take(&mut self, owner: Address, amount: u64) -> Result<(), Refusal> {
        let has = self.state.credit_of(owner);
        ensure!(has >= amount, E::CreditTooLow { credit: word(has), wanted: word(amount) });
        self.set_credit(owner, has - amount);
        Ok(())
    }

    fn set_credit(&mut self, owner: Address, amount: u64) {
        if amount == 0 {
            self.state.credit.remove(&owner);
        } else {
            self.state.credit.insert(owner, amount);
        }
    }
}
