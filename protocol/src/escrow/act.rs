//! What anybody may send: to the escrow, to `Mandates`, to USDC.
//!
//! An [`Act`] has the arguments as the contract reads them, so that everything which can be sent can
//! be said, also what no honest sender would send; [`Act::call`] is the same as calldata.
//!
//! Deliberately absent: views, and calls of the jury and of `Accords`, which move no money of a deal.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, sol};

use super::{
    Law,
    ballot::{Ballot, ClaimHead, Marks},
    terms::Terms,
};
use crate::{
    abi::{
        pack, shape,
        sol::{IDealEscrow as escrow, IMandates as mandates},
    },
    journal::Call,
    typed::{self, u40},
};

sol! {
    interface IToken {
        function approve(address spender, uint256 value) external returns (bool);
        function blacklist(address account) external;
        function unBlacklist(address account) external;
        function pause() external;
        function unpause() external;
    }
}

/// A side of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who pays.
    Buyer,
    /// Who delivers.
    Seller,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "arguments under the names that the contracts' interfaces explain")]
pub enum Act {
    Deposit {
        owner: Address,
        amount: u64,
    },
    DepositWithAuthorization {
        owner: Address,
        amount: u64,
        valid: (u64, u64),
        salt: B256,
        signature: Bytes,
    },
    Withdraw {
        to: Address,
        amount: u64,
    },
    WithdrawFor {
        withdraw: typed::Withdraw,
        signature: Bytes,
    },
    OpenWithAuthorization {
        terms: Arc<Terms>,
        buyer: Bytes,
        seller: Bytes,
    },
    OpenFromCredit {
        terms: Arc<Terms>,
        buyer: Bytes,
        seller: Bytes,
    },
    OpenFromMandate {
        terms: Arc<Terms>,
        buyer: Bytes,
        seller: Bytes,
        approval: Bytes,
    },
    VoidDeal {
        terms: Arc<Terms>,
        by: Address,
        signature: Bytes,
    },
    Release {
        terms: Arc<Terms>,
        milestone: u8,
        push: bool,
        evidence: B256,
        signature: Bytes,
    },
    Cancel {
        terms: Arc<Terms>,
        seller_bps: u16,
        until: u64,
        buyer: Bytes,
        seller: Bytes,
    },
    Claim {
        terms: Arc<Terms>,
        head: ClaimHead,
        manifest: B256,
        tail: Bytes,
    },
    Verdict {
        terms: Arc<Terms>,
        ballot: Ballot,
        evidence: B256,
        votes: B256,
        tail: Bytes,
    },
    Cosign {
        terms: Arc<Terms>,
        ballot: Ballot,
        evidence: B256,
        votes: B256,
        tail: Bytes,
    },
    Consent {
        terms: Arc<Terms>,
        ballot: Ballot,
        evidence: B256,
        votes: B256,
        tail: Bytes,
    },
    Payout {
        terms: Arc<Terms>,
    },
    PayoutAndRate {
        terms: Arc<Terms>,
        marks: (Marks, u64),
        tail: Bytes,
    },
    Appeal {
        terms: Arc<Terms>,
        ballot: Ballot,
        evidence: B256,
        votes: B256,
        by: Address,
        until: u64,
        signature: Bytes,
    },
    SettleRuling {
        terms: Arc<Terms>,
        ballot: Ballot,
        jurors: Vec<Address>,
    },
    Rule {
        terms: Arc<Terms>,
    },
    Timeout {
        terms: Arc<Terms>,
        milestone: u8,
    },
    PayJurors {
        terms: Arc<Terms>,
        panel: Bytes,
    },
    Rate {
        terms: Arc<Terms>,
        side: Side,
        value: i128,
        feedback: B256,
        signature: Bytes,
    },
    PayoutMany {
        deals: Vec<Arc<Terms>>,
    },
    SettleMany {
        items: Vec<Self>,
    },
    Grant {
        mandate: typed::Mandate,
        principal: Bytes,
        agent: Bytes,
    },
    Revoke {
        revoke: typed::Revoke,
        principal: Address,
        signature: Bytes,
    },
    Spend {
        agent: Address,
        principal: Address,
        scope: u32,
        deal: B256,
        amount: u64,
        approval: Bytes,
    },
    Bar {
        account: Address,
    },
    Unbar {
        account: Address,
    },
    Pause,
    Unpause,
    Allow {
        spender: Address,
        amount: U256,
    },
}

impl Act {
    /// The call that says it.
    #[must_use]
    pub fn call(&self, law: &Law) -> Call {
        let at = &law.at;
        let of_mandates = matches!(self, Self::Grant { .. } | Self::Revoke { .. } | Self::Spend { .. });
        let of_usdc = matches!(
            self,
            Self::Bar { .. } | Self::Unbar { .. } | Self::Pause | Self::Unpause | Self::Allow { .. }
        );
        let to = match (of_mandates, of_usdc) {
            (true, _) => at.contracts.mandates,
            (_, true) => at.usdc,
            (false, false) => at.contracts.escrow,
        };
        Call { to, data: self.data().into() }
    }

    /// The function that it calls.
    #[must_use]
    pub fn selector(&self) -> [u8; 4] {
        let data = self.data();
        [data[0], data[1], data[2], data[3]]
    }

    /// The function's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Deposit { .. } => "deposit",
            Self::DepositWithAuthorization { .. } => "depositWithAuthorization",
            Self::Withdraw { .. } => "withdraw",
            Self::WithdrawFor { .. } => "withdrawFor",
            Self::OpenWithAuthorization { .. } => "openWithAuthorization",
            Self::OpenFromCredit { .. } => "openFromCredit",
            Self::OpenFromMandate { .. } => "openFromMandatedCredit",
            Self::VoidDeal { .. } => "voidDeal",
            Self::Release { .. } => "release",
            Self::Cancel { .. } => "cancel",
            Self::Claim { .. } => "claim",
            Self::Verdict { .. } => "verdict",
            Self::Cosign { .. } => "cosign",
            Self::Consent { .. } => "consent",
            Self::Payout { .. } => "payout",
            Self::PayoutAndRate { .. } => "payoutAndRate",
            Self::Appeal { .. } => "appeal",
            Self::SettleRuling { .. } => "settleRuling",
            Self::Rule { .. } => "rule",
            Self::Timeout { .. } => "timeout",
            Self::PayJurors { .. } => "payJurors",
            Self::Rate { .. } => "rate",
            Self::PayoutMany { .. } => "payoutMany",
            Self::SettleMany { .. } => "settleMany",
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::Spend { .. } => "spend",
            Self::Bar { .. } => "blacklist",
            Self::Unbar { .. } => "unBlacklist",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Allow { .. } => "approve",
        }
    }

    /// The deal that it speaks of, if it is one.
    #[must_use]
    pub const fn terms(&self) -> Option<&Arc<Terms>> {
        match self {
            Self::OpenWithAuthorization { terms, .. }
            | Self::OpenFromCredit { terms, .. }
            | Self::OpenFromMandate { terms, .. }
            | Self::VoidDeal { terms, .. }
            | Self::Release { terms, .. }
            | Self::Cancel { terms, .. }
            | Self::Claim { terms, .. }
            | Self::Verdict { terms, .. }
            | Self::Cosign { terms, .. }
            | Self::Consent { terms, .. }
            | Self::Payout { terms }
            | Self::PayoutAndRate { terms, .. }
            | Self::Appeal { terms, .. }
            | Self::SettleRuling { terms, .. }
            | Self::Rule { terms }
            | Self::Timeout { terms, .. }
            | Self::PayJurors { terms, .. }
            | Self::Rate { terms, .. } => Some(terms),
            Self::Deposit { .. }
            | Self::DepositWithAuthorization { .. }
            | Self::Withdraw { .. }
            | Self::WithdrawFor { .. }
            | Self::PayoutMany { .. }
            | Self::SettleMany { .. }
            | Self::Grant { .. }
            | Self::Revoke { .. }
            | Self::Spend { .. }
            | Self::Bar { .. }
            | Self::Unbar { .. }
            | Self::Pause
            | Self::Unpause
            | Self::Allow { .. } => None,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self.clone() {
            Self::Deposit { owner, amount } => escrow::depositCall { owner, amount }.abi_encode(),
            Self::DepositWithAuthorization { owner, amount, valid: (after, before), salt, signature } => {
                escrow::depositWithAuthorizationCall {
                    owner,
                    amount,
                    validAfter: U256::from(after),
                    validBefore: U256::from(before),
                    salt,
                    signature,
                }
                .abi_encode()
            }
            Self::Withdraw { to, amount } => escrow::withdrawCall { to, amount }.abi_encode(),
            Self::WithdrawFor { withdraw, signature } => {
                escrow::withdrawForCall { w: shape(&withdraw), signature }.abi_encode()
            }
            Self::OpenWithAuthorization { terms, buyer, seller } => escrow::openWithAuthorizationCall {
                terms: terms.whole,
                buyerAuthorization: buyer,
                sellerSignature: seller,
            }
            .abi_encode(),
            Self::OpenFromCredit { terms, buyer, seller } => escrow::openFromCreditCall {
                terms: terms.whole,
                buyerSignature: buyer,
                sellerSignature: seller,
            }
            .abi_encode(),
            Self::OpenFromMandate { terms, buyer, seller, approval } => escrow::openFromMandatedCreditCall {
                terms: terms.whole,
                buyerSignature: buyer,
                sellerSignature: seller,
                approval,
            }
            .abi_encode(),
            Self::VoidDeal { terms, by, signature } => {
                escrow::voidDealCall { terms: terms.brief, by, signature }.abi_encode()
            }
            Self::Release { terms, milestone, push, evidence, signature } => escrow::releaseCall {
                terms: terms.brief,
                head: U256::from(milestone) | U256::from(push) << 8,
                evidence,
                buyerSignature: signature,
            }
            .abi_encode(),
            Self::Cancel { terms, seller_bps, until, buyer, seller } => escrow::cancelCall {
                terms: terms.brief,
                sellerBps: seller_bps,
                until: u40(until),
                buyerSignature: buyer,
                sellerSignature: seller,
            }
            .abi_encode(),
            Self::Claim { terms, head, manifest, tail } => {
                pack::tailed(&escrow::claimCall { head: head.word(), manifest, terms: terms.whole }, &tail)
            }
            Self::Verdict { terms, ballot, evidence, votes, tail } => {
                let (terms, head) = (terms.brief, ballot.word());
                pack::tailed(&escrow::verdictCall { head, evidence, votes, terms }, &tail)
            }
            Self::Cosign { terms, ballot, evidence, votes, tail } => {
                let (terms, head) = (terms.brief, ballot.word());
                pack::tailed(&escrow::cosignCall { head, evidence, votes, terms }, &tail)
            }
            Self::Consent { terms, ballot, evidence, votes, tail } => {
                let (terms, head) = (terms.brief, ballot.word());
                pack::tailed(&escrow::consentCall { head, evidence, votes, terms }, &tail)
            }
            Self::Payout { terms } => escrow::payoutCall { terms: terms.brief }.abi_encode(),
            Self::PayoutAndRate { terms, marks: (marks, long), tail } => {
                let head = U256::from(marks.0) | U256::from(long) << 8;
                pack::tailed(&escrow::payoutAndRateCall { head, terms: terms.brief }, &tail)
            }
            Self::Appeal { terms, ballot, evidence, votes, by, until, signature } => escrow::appealCall {
                terms: terms.brief,
                head: ballot.word(),
                evidence,
                votes,
                plea: pack::beside(by, until),
                signature,
            }
            .abi_encode(),
            Self::SettleRuling { terms, ballot, jurors } => {
                let (terms, head) = (terms.brief, ballot.word());
                escrow::settleRulingCall { terms, head, jurors }.abi_encode()
            }
            Self::Rule { terms } => escrow::ruleCall { terms: terms.brief }.abi_encode(),
            Self::Timeout { terms, milestone } => {
                escrow::timeoutCall { terms: terms.brief, milestone }.abi_encode()
            }
            Self::PayJurors { terms, panel } => {
                escrow::payJurorsCall { terms: terms.brief, panel }.abi_encode()
            }
            Self::Rate { terms, side, value, feedback, signature } => escrow::rateCall {
                terms: terms.brief,
                rating: rating_word(side, value),
                feedbackHash: feedback,
                signature,
            }
            .abi_encode(),
            Self::PayoutMany { deals } => {
                escrow::payoutManyCall { deals: deals.iter().map(|terms| terms.brief).collect() }.abi_encode()
            }
            Self::SettleMany { items } => {
                escrow::settleManyCall { calls: items.iter().map(|item| item.data().into()).collect() }
                    .abi_encode()
            }
            Self::Grant { mandate, principal, agent } => mandates::grantCall {
                mandate: pack::mandate(&mandate),
                principalSignature: principal,
                agentSignature: agent,
            }
            .abi_encode(),
            Self::Revoke { revoke, principal, signature } => {
                mandates::revokeCall { r: shape(&revoke), principal, signature }.abi_encode()
            }
            Self::Spend { agent, principal, scope, deal, amount, approval } => {
                mandates::spendCall { agent, principal, scope, deal, amount, approval }.abi_encode()
            }
            Self::Bar { account } => IToken::blacklistCall { account }.abi_encode(),
            Self::Unbar { account } => IToken::unBlacklistCall { account }.abi_encode(),
            Self::Pause => IToken::pauseCall {}.abi_encode(),
            Self::Unpause => IToken::unpauseCall {}.abi_encode(),
            Self::Allow { spender, amount } => IToken::approveCall { spender, value: amount }.abi_encode(),
        }
    }
}

/// A rating's value and side, as the call has it and the event too.
pub(super) fn rating_word(side: Side, value: i128) -> U256 {
    let seller = match side {
        Side::Buyer => 0_u8,
        Side::Seller => 1,
    };
    U256::from(value.cast_unsigned()) | U256::from(seller) << 128
}
