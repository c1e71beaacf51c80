//! Many acts in one transaction: one that fails is an event and costs the others nothing.
//!
//! Deliberately absent: the gas cap of an item, which the model has no measure for.

use std::sync::Arc;

use alloy_primitives::{Bytes, FixedBytes, U256};

use super::{
    Act, Turn,
    refusal::{Refusal, ensure},
    terms::Terms,
};
use crate::abi::sol::IDealEscrow as E;

/// What of a reason the event keeps, in bytes.
const REASON_BYTES: usize = 128;

impl Turn<'_> {
    pub(super) fn payout_many(&mut self, deals: &[Arc<Terms>]) -> Result<(), Refusal> {
        for (index, terms) in deals.iter().enumerate() {
            self.item(index, &Act::Payout { terms: Arc::clone(terms) });
        }
        Ok(())
    }

    pub(super) fn settle_many(&mut self, items: &[Act]) -> Result<(), Refusal> {
        for (index, item) in items.iter().enumerate() {
            ensure!(is_batchable(item), E::NotBatchable { selector: FixedBytes::new(item.selector()) });
            self.item(index, item);
        }
        Ok(())
    }

    /// The escrow calls itself: what the item did counts only if it succeeds.
    fn item(&mut self, index: usize, act: &Act) {
        let (before, logs) = (self.state.clone(), self.logs.len());
        let sender = core::mem::replace(&mut self.moment.from, self.law.at.contracts.escrow);
        let done = self.perform(act);
        self.moment.from = sender;
        if let Err(Refusal(reason)) = done {
            *self.state = before;
            self.logs.truncate(logs);
            let reason = Bytes::copy_from_slice(&reason[..reason.len().min(REASON_BYTES)]);
            let selector = FixedBytes::new(act.selector());
            self.emit(&E::ItemFailed { index: U256::from(index), selector, reason });
        }
    }
}

/// Only acts to which the sender does not matter.
const fn is_batchable(act: &Act) -> bool {
    match act {
        Act::Release { .. }
        | Act::Cancel { .. }
        | Act::Claim { .. }
        | Act::Verdict { .. }
        | Act::Cosign { .. }
        | Act::Consent { .. }
        | Act::Payout { .. }
        | Act::Rule { .. }
        | Act::Timeout { .. }
        | Act::PayJurors { .. }
        | Act::Rate { .. }
        | Act::PayoutAndRate { .. } => true,
        Act::Deposit { .. }
        | Act::DepositWithAuthorization { .. }
        | Act::Withdraw { .. }
        | Act::WithdrawFor { .. }
        | Act::OpenWithAuthorization { .. }
        | Act::OpenFromCredit { .. }
        | Act::OpenFromMandate { .. }
        | Act::VoidDeal { .. }
        | Act::Appeal { .. }
        | Act::SettleRuling { .. }
        | Act::PayoutMany { .. }
        | Act::SettleMany { .. }
        | Act::Grant { .. }
        | Act::Revoke { .. }
        | Act::Spend { .. }
        | Act::Bar { .. }
        | Act::Unbar { .. }
        | Act::Pause
        | Act::Unpause
        | Act::Allow { .. } => false,
    }
}
