//! The escrow as a model: what `DealEscrow` does, written to be read and to be run beside it.
//!
//! [`State`] is all that the contract, its `Mandates` and its USDC keep; [`State::perform`] carries
//! out one [`Act`] at one second for one sender, and answers with the logs that the contracts write or
//! with the [`Refusal`] that they revert with, to the byte. An act that is refused leaves nothing
//! behind. The simulator runs the same acts against the committed bytecode and compares.
//!
//! In reading order: [`terms`] are what both sides signed, [`deal`] is what becomes of them, [`act`]
//! what anybody may send. Then one file for each part of the contract: credits, opening, settling,
//! deliveries, verdicts, appeals, ratings, batches; and the neighbours as far as money depends on
//! them, mandates whole, USDC in the functions that move it, wallets by what they answer, and of the
//! jury the one word that it answers.
//!
//! | status | by | becomes |
//! |---|---|---|
//! | none | `Open*` / `VoidDeal` | open / void, for ever |
//! | open | `Verdict` that waits | pending |
//! | pending | `Appeal` in the window | appealed |
//! | pending | window over, consent, higher attempt, release, cancel | open, or pending again |
//! | appealed | ruling, silence, release, cancel | open |
//! | open | last milestone settled and paid | closed |
//!
//! Deliberately absent: gas, so [`Refusal`] never says `GasTooLow`; reentrance, which nothing here can
//! attempt; seats, draws and hearings of the jury; accounting by the token's balance.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Log, LogData};
use alloy_sol_types::SolEvent;

use crate::{abi::Deployment, typed::UsdcDomain};

pub mod act;
mod appeals;
mod ballot;
mod batches;
mod credits;
pub mod deal;
mod deliveries;
mod mandates;
mod opening;
mod ratings;
mod refusal;
mod settling;
mod signatures;
mod tail;
pub mod terms;
#[cfg(test)]
mod tests;
mod token;
mod verdicts;

pub use act::{Act, Side};
pub use ballot::{Ballot, ClaimHead, Marks};
pub use deal::{Accepted, Deal};
pub use mandates::{Authority, Mandates};
pub use refusal::Refusal;
pub use signatures::{Keys, Recovered, Wallet};
pub use tail::TailWriter;
pub use terms::Terms;
pub use token::Token;

/// What never changes: where the contracts stand, what they were built with, who is a wallet.
#[derive(Clone, Debug)]
pub struct Law {
    /// The contracts.
    pub at: Deployment,
    /// Seconds: claims after the due time, the least window of a failing verdict, cosigning after the close.
    pub grace: u64,
    /// Seconds after which an appeal without a ruling is over.
    pub appeal_limit: u64,
    /// Who runs USDC: pauses and bars.
    pub operator: Address,
    /// Accounts with code, and what they answer when asked about a signature.
    pub wallets: BTreeMap<Address, Wallet>,
    domains: Domains,
}

/// EIP-712 domain separators.
#[derive(Clone, Copy, Debug)]
struct Domains {
    escrow: B256,
    mandates: B256,
    usdc: B256,
}

impl Law {
    /// The law of one deployment.
    #[must_use]
    pub fn new(
        at: Deployment,
        usdc: &UsdcDomain,
        (grace, appeal_limit): (u64, u64),
        operator: Address,
        wallets: BTreeMap<Address, Wallet>,
    ) -> Self {
        let domains = Domains {
            escrow: at.contracts.escrow_domain().separator(),
            mandates: at.contracts.mandates_domain().separator(),
            usdc: usdc.domain().separator(),
        };
        Self { at, grace, appeal_limit, operator, wallets, domains }
    }
}

/// Everything that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Deals that were opened or voided, by id.
    pub deals: BTreeMap<B256, Deal>,
    /// When each milestone was claimed, Unix seconds.
    pub claims: BTreeMap<(B256, u8), u64>,
    /// The accepted verdict of a milestone; only where there is a jury's fee.
    pub accepted: BTreeMap<(B256, u8), Accepted>,
    /// Micro-USDC that waits for its owner; nobody stands here with nothing.
    pub credit: BTreeMap<Address, u64>,
    /// The next nonce of a signed withdrawal, where it is not 0.
    pub nonce: BTreeMap<Address, u64>,
    /// Who speaks for whom.
    pub mandates: Mandates,
    /// USDC.
    pub token: Token,
    /// What a jury answers about a milestone; nothing is the word 0.
    pub rulings: BTreeMap<(Address, B256, u8), alloy_primitives::U256>,
}

/// Who acts, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// `block.timestamp`, Unix seconds.
    pub now: u64,
    /// `msg.sender`.
    pub from: Address,
}

impl State {
    /// Carries out one act.
    ///
    /// # Errors
    /// What the contract that was called reverts with; the state is as before.
    pub fn perform(
        &mut self,
        law: &Law,
        keys: &dyn Keys,
        moment: Moment,
        act: &Act,
    ) -> Result<Vec<Log>, Refusal> {
        let before = self.clone();
        let mut turn = Turn { law, keys, moment, state: self, logs: Vec::new() };
        let done = turn.perform(act);
        let logs = turn.logs;
        if done.is_err() {
            *self = before;
        }
        done.map(|()| logs)
    }

    /// What somebody's credit is, micro-USDC.
    #[must_use]
    pub fn credit_of(&self, owner: Address) -> u64 {
        self.credit.get(&owner).copied().unwrap_or_default()
    }
}

/// One act under way.
struct Turn<'a> {
    law: &'a Law,
    keys: &'a dyn Keys,
    moment: Moment,
    state: &'a mut State,
    logs: Vec<Log>,
}

impl Turn<'_> {
    const fn now(&self) -> u64 {
        self.moment.now
    }

    const fn escrow(&self) -> Address {
        self.law.at.contracts.escrow
    }

    /// An event of the escrow.
    fn emit(&mut self, event: &impl SolEvent) {
        let escrow = self.escrow();
        self.log(escrow, event.encode_log_data());
    }

    fn log(&mut self, address: Address, data: LogData) {
        self.logs.push(Log { address, data });
    }

    fn perform(&mut self, act: &Act) -> Result<(), Refusal> {
        match act {
            Act::Deposit { owner, amount } => self.deposit(*owner, *amount),
            Act::DepositWithAuthorization { owner, amount, valid, salt, signature } => {
                self.deposit_with_authorization(*owner, *amount, *valid, *salt, signature)
            }
            Act::Withdraw { to, amount } => self.withdraw(self.moment.from, *to, *amount, 0),
            Act::WithdrawFor { withdraw, signature } => self.withdraw_for(withdraw, signature),
            Act::OpenWithAuthorization { terms, buyer, seller } => {
                self.open_with_authorization(terms, buyer, seller)
            }
            Act::OpenFromCredit { terms, buyer, seller } => self.open_from_credit(terms, buyer, seller),
            Act::OpenFromMandate { terms, buyer, seller, approval } => {
                self.open_from_mandate(terms, buyer, seller, approval)
            }
            Act::VoidDeal { terms, by, signature } => self.void_deal(terms, *by, signature),
            Act::Release { terms, milestone, push, evidence, signature } => {
                self.release(terms, *milestone, *push, *evidence, signature)
            }
            Act::Cancel { terms, seller_bps, until, buyer, seller } => {
                self.cancel(terms, *seller_bps, *until, buyer, seller)
            }
            Act::Claim { terms, head, manifest, tail } => self.claim(terms, head, *manifest, tail),
            Act::Verdict { terms, ballot, evidence, votes, tail } => {
                self.verdict(terms, ballot, *evidence, *votes, tail)
            }
            Act::Cosign { terms, ballot, evidence, votes, tail } => {
                self.cosign(terms, ballot, *evidence, *votes, tail)
            }
            Act::Consent { terms, ballot, evidence, votes, tail } => {
                self.consent(terms, ballot, *evidence, *votes, tail)
            }
            Act::Payout { terms } => self.payout(terms),
            Act::PayoutAndRate { terms, marks, tail } => self.payout_and_rate(terms, *marks, tail),
            Act::Appeal { terms, ballot, evidence, votes, by, until, signature } => {
                let digest = self.verdict_digest(terms, ballot, *evidence, *votes);
                self.appeal(terms, ballot, digest, (*by, *until), signature)
            }
            Act::SettleRuling { terms, ballot, jurors } => self.settle_ruling(terms, ballot, jurors),
            Act::Rule { terms } => self.rule(terms),
            Act::Timeout { terms, milestone } => self.time_out(terms, *milestone),
            Act::PayJurors { terms, panel } => self.pay_jurors(terms, panel),
            Act::Rate { terms, side, value, feedback, signature } => {
                self.rate(terms, *side, *value, *feedback, signature)
            }
            Act::PayoutMany { deals } => self.payout_many(deals),
            Act::SettleMany { items } => self.settle_many(items),
            Act::Grant { mandate, principal, agent } => self.grant(mandate, principal, agent),
            Act::Revoke { revoke, principal, signature } => self.revoke(revoke, *principal, signature),
            Act::Spend { agent, principal, scope, deal, amount, approval } => {
                let spender = self.moment.from;
                self.spend((*agent, spender, *principal), *scope, *deal, *amount, approval)
            }
            Act::Bar { account } => self.bar(*account),
            Act::Unbar { account } => self.unbar(*account),
            Act::Pause => self.pause(),
            Act::Unpause => self.unpause(),
            Act::Allow { spender, amount } => self.allow(*spender, *amount),
        }
    }
}
