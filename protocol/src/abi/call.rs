//! The calls that a node makes, as target and calldata.
//!
//! Signatures are bytes of any length, since a party may be a contract wallet (ERC-1271); an empty
//! one means "not signed" where the contract allows that. Who sends a call never matters, except
//! for [`Deployment::deposit`], [`Deployment::withdraw`], [`Deployment::approve`] and the seat calls.
//!
//! Deliberately absent: checks. A call that the contracts refuse is refused by them, in simulation,
//! before it costs anything.

use alloy_primitives::{Address, B256, Bytes, U256, aliases::U40};
use alloy_sol_types::{SolCall, SolValue};

use super::{
    Deployment,
    event::SeatIndex,
    pack, shape,
    sol::{Claim, IAccords, IDealEscrow, IDrandBeacon, IJuryPool, IMandates, IUsdc, Sitter, Votes},
};
use crate::{
    ids::MilestoneIndex,
    journal::Call,
    money::Usdc,
    typed::{
        Agreement, Breach, Cancel, Deal, Destroyed, Mandate, Nda, Rating, Release, Revoke, Verdict, Withdraw,
    },
};

/// A signature as a contract takes it; empty where nobody signed.
pub type Signature = Bytes;

const NO_CONSENTS: [Signature; 2] = [Signature::new(), Signature::new()];

/// An EIP-3009 authorisation by `receiveWithAuthorization`, without its nonce, which the contract computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Unix seconds; valid after this second.
    pub valid_after: u64,
    /// Unix seconds; valid before this second.
    pub valid_before: u64,
    /// Makes the nonce unique.
    pub salt: B256,
    /// Of the payer.
    pub signature: Signature,
}

/// The argument of [`Deployment::open_from_mandate`] for a total above `humanAbove`: the principal's `Approve`.
#[must_use]
pub fn approval(until: u64, signature: &Signature) -> Bytes {
    (U256::from(until), signature.clone()).abi_encode_params().into()
}

/// Mandates: authority.
impl Deployment {
    /// Puts a mandate in force.
    #[must_use]
    pub fn grant(&self, mandate: &Mandate, principal: Signature, agent: Signature) -> Call {
        let call = IMandates::grantCall {
            mandate: pack::mandate(mandate),
            principalSignature: principal,
            agentSignature: agent,
        };
        to(self.contracts.mandates, &call)
    }

    /// Burns every serial up to the one named.
    #[must_use]
    pub fn revoke(&self, revoke: &Revoke, principal: Address, signature: Signature) -> Call {
        to(self.contracts.mandates, &IMandates::revokeCall { r: shape(revoke), principal, signature })
    }
}

/// Accords: NDAs and what became of them.
impl Deployment {
    /// Anchors an NDA.
    #[must_use]
    pub fn anchor_nda(&self, nda: &Nda, a: Signature, b: Signature) -> Call {
        to(self.contracts.accords, &IAccords::anchorCall { nda: shape(nda), signatureA: a, signatureB: b })
    }

    /// Anchors an agreement that moves no money.
    #[must_use]
    pub fn anchor_agreement(&self, agreement: &Agreement, a: Signature, b: Signature) -> Call {
        to(
            self.contracts.accords,
            &IAccords::anchorAgreementCall { agreement: shape(agreement), signatureA: a, signatureB: b },
        )
    }

    /// Records an allegation.
    #[must_use]
    pub fn allege_breach(&self, nda: &Nda, breach: &Breach, by: Address, signature: Signature) -> Call {
        to(self.contracts.accords, &IAccords::breachCall { nda: shape(nda), b: shape(breach), by, signature })
    }

    /// Records an attestation of destruction.
    #[must_use]
    pub fn attest_destruction(
        &self,
        nda: &Nda,
        attestation: &Destroyed,
        by: Address,
        signature: Signature,
    ) -> Call {
        to(
            self.contracts.accords,
            &IAccords::destroyedCall { nda: shape(nda), d: shape(attestation), by, signature },
        )
    }
}

/// DealEscrow: credit and opening.
impl Deployment {
    /// Lets the escrow take USDC from the sender by [`Deployment::deposit`].
    #[must_use]
    pub fn approve(&self, amount: Usdc) -> Call {
        to(self.usdc, &IUsdc::approveCall { spender: self.contracts.escrow, value: U256::from(amount.0) })
    }

    /// Lets the jury pool take the stake from the sender by [`Deployment::join`].
    #[must_use]
    pub fn approve_stake(&self, amount: Usdc) -> Call {
        to(self.usdc, &IUsdc::approveCall { spender: self.contracts.jury, value: U256::from(amount.0) })
    }

    /// Credits `owner` with the sender's USDC.
    #[must_use]
    pub fn deposit(&self, owner: Address, amount: Usdc) -> Call {
        to(self.contracts.escrow, &IDealEscrow::depositCall { owner, amount: amount.0 })
    }

    /// Credits `owner` with its own USDC; anyone may send it.
    #[must_use]
    pub fn deposit_with_authorization(&self, owner: Address, amount: Usdc, by: Authorization) -> Call {
        let call = IDealEscrow::depositWithAuthorizationCall {
            owner,
            amount: amount.0,
            validAfter: U256::from(by.valid_after),
            validBefore: U256::from(by.valid_before),
            salt: by.salt,
            signature: by.signature,
        };
        to(self.contracts.escrow, &call)
    }

    /// Sends the sender's credit to `target`.
    #[must_use]
    pub fn withdraw(&self, target: Address, amount: Usdc) -> Call {
        to(self.contracts.escrow, &IDealEscrow::withdrawCall { to: target, amount: amount.0 })
    }

    /// Sends the whole credit of `withdraw.from`, on its signature.
    #[must_use]
    pub fn withdraw_for(&self, withdraw: &Withdraw, signature: Signature) -> Call {
        to(self.contracts.escrow, &IDealEscrow::withdrawForCall { w: shape(withdraw), signature })
    }

    /// Opens with the credit of the buyer's principal; `approval` as made by [`approval`], or empty.
    #[must_use]
    pub fn open_from_mandate(
        &self,
        deal: &Deal,
        buyer: Signature,
        seller: Signature,
        approval: Bytes,
    ) -> Call {
        let call = IDealEscrow::openFromMandatedCreditCall {
            terms: pack::whole(deal),
            buyerSignature: buyer,
            sellerSignature: seller,
            approval,
        };
        to(self.contracts.escrow, &call)
    }

    /// Opens with the buyer's own credit.
    #[must_use]
    pub fn open_from_credit(&self, deal: &Deal, buyer: Signature, seller: Signature) -> Call {
        let call = IDealEscrow::openFromCreditCall {
            terms: pack::whole(deal),
            buyerSignature: buyer,
            sellerSignature: seller,
        };
        to(self.contracts.escrow, &call)
    }

    /// Opens with the buyer's own USDC, by an EIP-3009 authorisation whose nonce is the deal's id.
    #[must_use]
    pub fn open_with_authorization(&self, deal: &Deal, buyer: Signature, seller: Signature) -> Call {
        let call = IDealEscrow::openWithAuthorizationCall {
            terms: pack::whole(deal),
            buyerAuthorization: buyer,
            sellerSignature: seller,
        };
        to(self.contracts.escrow, &call)
    }

    /// Keeps a deal that is not open from ever opening.
    #[must_use]
    pub fn void_deal(&self, deal: &Deal, by: Address, signature: Signature) -> Call {
        to(self.contracts.escrow, &IDealEscrow::voidDealCall { terms: pack::brief(deal), by, signature })
    }
}

/// DealEscrow: settling.
impl Deployment {
    /// Settles a milestone in full on the buyer's signature; `push` pays now.
    #[must_use]
    pub fn release(&self, deal: &Deal, release: &Release, buyer: Signature, push: bool) -> Call {
        let call = IDealEscrow::releaseCall {
            terms: pack::brief(deal),
            head: U256::from(release.milestone) | U256::from(push) << 8,
            evidence: release.evidence,
            buyerSignature: buyer,
        };
        to(self.contracts.escrow, &call)
    }

    /// Settles all that is unsettled, on the signature of whoever gives something up.
    #[must_use]
    pub fn cancel(&self, deal: &Deal, cancel: &Cancel, buyer: Signature, seller: Signature) -> Call {
        let call = IDealEscrow::cancelCall {
            terms: pack::brief(deal),
            sellerBps: cancel.sellerBps,
            until: cancel.until,
            buyerSignature: buyer,
            sellerSignature: seller,
        };
        to(self.contracts.escrow, &call)
    }

    /// Records that the vaults have a delivery.
    #[must_use]
    pub fn claim(&self, deal: &Deal, claim: &Claim) -> Call {
        let (head, tail) = pack::claim(claim);
        let call = IDealEscrow::claimCall { head, manifest: claim.manifest, terms: pack::whole(deal) };
        tailed(self.contracts.escrow, &call, &tail)
    }

    /// Brings a first-panel verdict; consents may be empty.
    #[must_use]
    pub fn verdict(&self, deal: &Deal, verdict: &Verdict, votes: &Votes, consents: &[Signature; 2]) -> Call {
        let (head, tail) = pack::ballot(verdict, votes, consents, pack::PUSH);
        let Verdict { evidence, votes, .. } = *verdict;
        let call = IDealEscrow::verdictCall { head, evidence, votes, terms: pack::brief(deal) };
        tailed(self.contracts.escrow, &call, &tail)
    }

    /// Adds signatures to the accepted verdict.
    #[must_use]
    pub fn cosign(&self, deal: &Deal, verdict: &Verdict, votes: &Votes) -> Call {
        let (head, tail) = pack::ballot(verdict, votes, &NO_CONSENTS, 0);
        let Verdict { evidence, votes, .. } = *verdict;
        let call = IDealEscrow::cosignCall { head, evidence, votes, terms: pack::brief(deal) };
        tailed(self.contracts.escrow, &call, &tail)
    }

    /// Ends the window of the pending verdict by consent; an empty one is no consent.
    #[must_use]
    pub fn consent(&self, deal: &Deal, verdict: &Verdict, consents: &[Signature; 2]) -> Call {
        let (head, tail) = pack::ballot(verdict, &Votes::default(), consents, 0);
        let Verdict { evidence, votes, .. } = *verdict;
        let call = IDealEscrow::consentCall { head, evidence, votes, terms: pack::brief(deal) };
        tailed(self.contracts.escrow, &call, &tail)
    }

    /// Finalises a verdict whose window is over and pays all that is settled.
    #[must_use]
    pub fn payout(&self, deal: &Deal) -> Call {
        to(self.contracts.escrow, &IDealEscrow::payoutCall { terms: pack::brief(deal) })
    }

    /// Takes the pending verdict to the jury; `until` in Unix seconds.
    #[must_use]
    pub fn appeal(
        &self,
        deal: &Deal,
        verdict: &Verdict,
        until: u64,
        (by, signature): (Address, Signature),
    ) -> Call {
        let (head, _) = pack::ballot(verdict, &Votes::default(), &NO_CONSENTS, 0);
        let call = IDealEscrow::appealCall {
            terms: pack::brief(deal),
            head,
            evidence: verdict.evidence,
            votes: verdict.votes,
            plea: pack::beside(by, until),
            signature,
        };
        to(self.contracts.escrow, &call)
    }

    /// Ends an appeal on which nobody ruled.
    #[must_use]
    pub fn close_appeal(&self, deal: &Deal) -> Call {
        to(self.contracts.escrow, &IDealEscrow::ruleCall { terms: pack::brief(deal) })
    }

    /// Settles a milestone whose time is over.
    #[must_use]
    pub fn time_out(&self, deal: &Deal, milestone: MilestoneIndex) -> Call {
        to(
            self.contracts.escrow,
            &IDealEscrow::timeoutCall { terms: pack::brief(deal), milestone: milestone.0 },
        )
    }

    /// Credits the first panel's fee.
    #[must_use]
    pub fn pay_jurors(&self, deal: &Deal, panel: &[Address]) -> Call {
        let call = IDealEscrow::payJurorsCall { terms: pack::brief(deal), panel: pack::addresses(panel) };
        to(self.contracts.escrow, &call)
    }

    /// Records a rating.
    #[must_use]
    pub fn rate(&self, deal: &Deal, rating: &Rating, by: Address, signature: Signature) -> Call {
        let call = IDealEscrow::rateCall {
            terms: pack::brief(deal),
            rating: pack::rating(deal, rating, by),
            feedbackHash: rating.feedbackHash,
            signature,
        };
        to(self.contracts.escrow, &call)
    }
}

/// JuryPool and DrandBeacon.
impl Deployment {
    /// Takes a seat for `holder` with the sender's stake.
    #[must_use]
    pub fn join(&self, holder: Address, provider: u16) -> Call {
        to(self.contracts.jury, &IJuryPool::joinCall { holder, provider })
    }

    /// Gives notice for a seat.
    #[must_use]
    pub fn vacate(&self, seat: SeatIndex, who: Sitter) -> Call {
        to(self.contracts.jury, &IJuryPool::vacateCall { seat: U40::from(seat.0), who })
    }

    /// Pays the stake of a seat that left back to its principal.
    #[must_use]
    pub fn withdraw_stake(&self, seat: SeatIndex, who: Sitter) -> Call {
        to(self.contracts.jury, &IJuryPool::withdrawStakeCall { seat: U40::from(seat.0), who })
    }

    /// Takes the pending verdict to escrow and jury in one call; `until` in Unix seconds, `seats` as old as an appeal
    /// asks now.
    #[must_use]
    pub fn appeal_at_jury(
        &self,
        deal: &Deal,
        verdict: &Verdict,
        (until, seats): (u64, u64),
        (by, signature): (Address, Signature),
    ) -> Call {
        let (head, _) = pack::ballot(verdict, &Votes::default(), &NO_CONSENTS, 0);
        let call = IJuryPool::appealCall {
            terms: pack::brief(deal),
            head,
            evidence: verdict.evidence,
            votes: verdict.votes,
            plea: pack::plea(by, until, seats),
            signature,
        };
        to(self.contracts.jury, &call)
    }

    /// Fixes beacon round and seats of an appeal that the escrow knows of already.
    #[must_use]
    pub fn request_appeal(&self, deal: &Deal, seats: u64) -> Call {
        let call = IJuryPool::requestCall { terms: pack::brief(deal), seats: U40::from(seats) };
        to(self.contracts.jury, &call)
    }

    /// Brings the ruling of the drawn seats, which settles it. `walked` says who has each seat that the walk looks at and
    /// that had not left before the appeal, in its order, up to the last seat that signed.
    #[must_use]
    pub fn rule_appeal(&self, deal: &Deal, verdict: &Verdict, votes: &Votes, walked: &[Sitter]) -> Call {
        let (head, tail) = pack::ruling(verdict, votes, walked);
        let Verdict { evidence, votes, .. } = *verdict;
        let call = IJuryPool::ruleCall { head, evidence, votes, terms: pack::brief(deal) };
        tailed(self.contracts.jury, &call, &tail)
    }

    /// Draws again after silence, or ends the appeal as silent. `walked` is of the whole draw.
    #[must_use]
    pub fn redraw(
        &self,
        deal: &Deal,
        milestone: MilestoneIndex,
        panel: &[Address],
        walked: &[Sitter],
    ) -> Call {
        let (head, tail) = pack::bench(milestone, panel, walked);
        tailed(self.contracts.jury, &IJuryPool::redrawCall { head, terms: pack::brief(deal) }, &tail)
    }

    /// Pays out what the jury pool owes.
    #[must_use]
    pub fn collect(&self, target: Address) -> Call {
        to(self.contracts.jury, &IJuryPool::collectCall { to: target })
    }

    /// Proves a beacon round; the signature is the uncompressed point, 96 bytes.
    #[must_use]
    pub fn prove_round(&self, round: u64, signature: Bytes) -> Call {
        to(self.beacon, &IDrandBeacon::proveCall { round, signature })
    }
}

fn to<C: SolCall>(contract: Address, call: &C) -> Call {
    Call { to: contract, data: call.abi_encode().into() }
}

/// With the tail behind the encoded arguments.
fn tailed<C: SolCall>(contract: Address, call: &C, tail: &[u8]) -> Call {
    Call { to: contract, data: pack::tailed(call, tail).into() }
}
