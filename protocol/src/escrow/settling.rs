//! How milestones are settled and paid without jurors.
//!
//! Every settlement moves one milestone's money once, whatever the cause, and ends in a push to the payees
//! or in the deal's state. The seller's share rounds down.
//!
//! Deliberately absent: any payee but the two of the terms, and jurors.

use alloy_primitives::{B256, Bytes, U256};

use super::{
    Turn,
    ballot::Marks,
    deal::{Deal, Pending, Stage},
    opening::require_bps,
    refusal::{Refusal, ensure, word},
    tail::Tail,
    terms::{Terms, beside},
};
use crate::{
    abi::sol::{AppealEnd, Cause, IDealEscrow as E, Status},
    money::Bps,
    typed,
};

/// What a settlement says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) milestone: u8,
    pub(super) cause: Cause,
    pub(super) round: u8,
    pub(super) attempt: u8,
    pub(super) seller_bps: u16,
}

impl Outcome {
    /// By the parties or by time: no panel had a part in it.
    pub(super) const fn without_panel(milestone: u8, cause: Cause, seller_bps: u16) -> Self {
        Self { milestone, cause, round: 0, attempt: 0, seller_bps }
    }

    fn word(&self, shares: (u64, u64)) -> U256 {
        self.paid(shares, false)
    }

    /// `paid`: both shares go to the payees in the same act.
    pub(super) fn paid(&self, (to_seller, to_buyer): (u64, u64), paid: bool) -> U256 {
        beside(&[
            (u64::from(self.milestone), 8),
            (u64::from(self.cause as u8), 8),
            (u64::from(self.round), 8),
            (u64::from(self.attempt), 8),
            (u64::from(self.seller_bps), 16),
            (to_seller, 64),
            (to_buyer, 64),
            (u64::from(paid), 1),
        ])
    }
}

/// What is pushed to the seller's and to the buyer's payee.
pub(super) type Due = (u64, u64);

impl Turn<'_> {
    pub(super) fn release(
        &mut self,
        terms: &Terms,
        milestone: u8,
        push: bool,
        evidence: B256,
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        self.finalise_if_over(terms, &mut deal)?;
        require_unsettled(terms, &deal, milestone)?;
        let digest = self.escrow_digest(&typed::Release { deal: terms.id, milestone, evidence });
        self.require_signed(terms.deal.buyer, digest, signature)?;

        self.drop_waiting(terms, &mut deal, Some(milestone))?;
        let outcome = Outcome::without_panel(milestone, Cause::Released, Bps::FULL.get());
        let shares = deal.settle(terms, milestone, outcome.seller_bps)?;
        if !push {
            self.emit(&E::Released { deal: terms.id, outcome: outcome.word(shares), evidence });
            return self.store(terms, deal);
        }
        let due = self.book(terms, &mut deal)?;
        let outcome = outcome.paid(shares, is_alone(&deal, due, shares));
        self.emit(&E::Released { deal: terms.id, outcome, evidence });
        self.pay_told(terms, deal, due, shares)
    }

    pub(super) fn cancel(
        &mut self,
        terms: &Terms,
        seller_bps: u16,
        until: u64,
        buyer: &Bytes,
        seller: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        require_bps(seller_bps)?;
        self.require_in_time(until)?;
        let signed = typed::Cancel { deal: terms.id, sellerBps: seller_bps, until: typed::u40(until) };
        let digest = self.escrow_digest(&signed);
        if seller_bps != 0 {
            self.require_signed(terms.deal.buyer, digest, buyer)?;
        }
        if seller_bps != Bps::FULL.get() {
            self.require_signed(terms.deal.seller, digest, seller)?;
        }

        self.finalise_if_over(terms, &mut deal)?;
        self.drop_waiting(terms, &mut deal, None)?;
        for milestone in (0..terms.count()).filter(|i| deal.done >> i & 1 == 0).collect::<Vec<_>>() {
            let outcome = Outcome::without_panel(milestone, Cause::Cancelled, seller_bps);
            self.settle(terms, &mut deal, outcome)?;
        }
        self.pay(terms, deal)
    }

    pub(super) fn payout(&mut self, terms: &Terms) -> Result<(), Refusal> {
        self.payout_and_rate(terms, (Marks::default(), 0), &Bytes::new())
    }

    pub(super) fn payout_and_rate(
        &mut self,
        terms: &Terms,
        (marks, long): (Marks, u64),
        tail: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        self.finalise_if_over(terms, &mut deal)?;
        let due = self.book(terms, &mut deal)?;
        ensure!(due != (0, 0) || deal.status() == Status::Closed, E::NothingToSettle {});
        self.tell(terms, &deal, due, (0, 0));
        self.rate_from(terms, &mut deal, marks, &mut Tail::open(tail, long))?;
        self.store(terms, deal)?;
        self.push(terms, due)
    }

    // --- for all that settle ---

    /// A deal whose milestones can still be settled.
    pub(super) fn live(&self, terms: &Terms) -> Result<Deal, Refusal> {
        let deal = self.state.deals.get(&terms.id).copied();
        let is_ = deal.as_ref().map_or(Status::None, Deal::status);
        let live = deal.filter(|_| matches!(is_, Status::Open | Status::Pending | Status::Appealed));
        live.ok_or_else(|| Refusal::by(&E::WrongStatus { is_, wanted: Status::Open }))
    }

    pub(super) fn store(&mut self, terms: &Terms, deal: Deal) -> Result<(), Refusal> {
        self.state.deals.insert(terms.id, deal);
        Ok(())
    }

    pub(super) fn settle(&mut self, terms: &Terms, deal: &mut Deal, outcome: Outcome) -> Result<(), Refusal> {
        let shares = deal.settle(terms, outcome.milestone, outcome.seller_bps)?;
        self.emit(&E::Settled { deal: terms.id, outcome: outcome.word(shares) });
        Ok(())
    }

    /// A pending verdict whose window is over is final, whoever notices.
    pub(super) fn finalise_if_over(&mut self, terms: &Terms, deal: &mut Deal) -> Result<(), Refusal> {
        match deal.stage {
            Stage::Pending { verdict, until } if self.now() >= until => self.finalise(terms, deal, verdict),
            Stage::Pending { .. }
            | Stage::Open { .. }
            | Stage::Appealed { .. }
            | Stage::Closed { .. }
            | Stage::Void => Ok(()),
        }
    }

    /// The verdict that waited becomes the outcome.
    pub(super) fn finalise(
        &mut self,
        terms: &Terms,
        deal: &mut Deal,
        verdict: Pending,
    ) -> Result<(), Refusal> {
        let Pending { milestone, seller_bps, attempt } = verdict;
        let outcome = Outcome { milestone, cause: Cause::Judged, round: 0, attempt, seller_bps };
        self.settle(terms, deal, outcome)?;
        deal.free(self.now());
        Ok(())
    }

    /// The parties settle a milestone themselves (`None`: whichever waits): a verdict or an appeal on it has no
    /// object any more, and a seller that appealed has its deposit back.
    fn drop_waiting(&mut self, terms: &Terms, deal: &mut Deal, milestone: Option<u8>) -> Result<(), Refusal> {
        let Some((verdict, _)) = deal.waiting() else { return Ok(()) };
        if milestone.is_some_and(|milestone| milestone != verdict.milestone) {
            return Ok(());
        }
        if let Stage::Appealed { by_seller, .. } = deal.stage {
            let fee = terms.deal.appealFee;
            if by_seller {
                deal.hold(fee)?;
            }
            self.emit_appeal_closed(terms, verdict, AppealEnd::Settled, (0, fee, 0));
        }
        deal.free(self.now());
        Ok(())
    }

    pub(super) fn emit_appeal_closed(
        &mut self,
        terms: &Terms,
        verdict: Pending,
        end: AppealEnd,
        (to_jurors, to_appellant, to_other): (u64, u64, u64),
    ) {
        self.emit(&E::AppealClosed {
            deal: terms.id,
            milestone: verdict.milestone,
            end,
            toJurors: to_jurors,
            toAppellant: to_appellant,
            toOther: to_other,
        });
    }

    /// Pays what is settled.
    pub(super) fn pay(&mut self, terms: &Terms, mut deal: Deal) -> Result<(), Refusal> {
        let due = self.book(terms, &mut deal)?;
        self.pay_told(terms, deal, due, (0, 0))
    }

    /// Settles one milestone and pays.
    pub(super) fn settle_and_pay(
        &mut self,
        terms: &Terms,
        mut deal: Deal,
        outcome: Outcome,
    ) -> Result<(), Refusal> {
        let shares = deal.settle(terms, outcome.milestone, outcome.seller_bps)?;
        let due = self.book(terms, &mut deal)?;
        let outcome = outcome.paid(shares, is_alone(&deal, due, shares));
        self.emit(&E::Settled { deal: terms.id, outcome });
        self.pay_told(terms, deal, due, shares)
    }

    /// The same after the settlement of these shares has said whether they are all of it.
    pub(super) fn pay_told(
        &mut self,
        terms: &Terms,
        deal: Deal,
        due: Due,
        shares: Due,
    ) -> Result<(), Refusal> {
        self.tell(terms, &deal, due, shares);
        self.store(terms, deal)?;
        self.push(terms, due)
    }

    /// What is being paid, unless the settlement of these shares has told it; and the close.
    pub(super) fn tell(&mut self, terms: &Terms, deal: &Deal, due: Due, shares: Due) {
        if deal.status() == Status::Closed {
            let amounts = beside(&[(due.0, 64), (due.1, 64), (deal.left, 64)]);
            self.emit(&E::Closed { deal: terms.id, amounts });
        } else if due != shares {
            self.emit(&E::Paid { deal: terms.id, amounts: beside(&[(due.0, 64), (due.1, 64)]) });
        }
    }

    /// Takes what is settled out of the deal; after the last milestone also reserve and bond, and closes. What the
    /// jurors earned stays. The buyer's part is what nothing else has a claim on: unsettled milestones, the
    /// jury's fee, the buyer's reserve, the seller's bond and its appeal deposit.
    pub(super) fn book(&mut self, terms: &Terms, deal: &mut Deal) -> Result<Due, Refusal> {
        let mut to_seller = core::mem::take(&mut deal.held);
        let (bond, before) = (deal.bond_left(terms), deal.left);
        if deal.all_done(terms) {
            let earned = (0..terms.count())
                .filter(|i| self.state.accepted.contains_key(&(terms.id, *i)))
                .map(|i| terms.jury_fee_of(i))
                .sum::<u64>();
            to_seller += bond;
            deal.lower(bond + earned)?;
            let to_buyer = core::mem::replace(&mut deal.left, earned);
            deal.stage = Stage::Closed { until: self.now() + self.law.grace };
            return Ok((to_seller, to_buyer));
        }
        let fee = terms.deal.appealFee;
        let reserve = if deal.reserve_spent { 0 } else { fee };
        let deposit = if matches!(deal.stage, Stage::Appealed { by_seller: true, .. }) { fee } else { 0 };
        let bound = terms.unsettled(deal.done) + terms.deal.juryFee + bond + reserve + deposit;
        deal.lower(bound)?;
        deal.left = bound;
        Ok((to_seller, before - bound))
    }

    /// Pushes USDC to both payees, or credits one that USDC refuses.
    pub(super) fn push(&mut self, terms: &Terms, (to_seller, to_buyer): Due) -> Result<(), Refusal> {
        for (payee, amount) in [(terms.deal.sellerPay, to_seller), (terms.deal.buyerPay, to_buyer)] {
            if amount != 0 && !self.push_transfer(payee, amount) {
                self.credit_refused(payee, terms.id, amount)?;
            }
        }
        Ok(())
    }
}

/// Whether what is paid is just the shares of the settlement at hand, which then says so itself.
pub(super) fn is_alone(deal: &Deal, due: Due, shares: Due) -> bool {
    deal.status() != Status::Closed && due == shares
}

/// There is such a milestone, and nothing has settled it.
pub(super) fn require_unsettled(terms: &Terms, deal: &Deal, milestone: u8) -> Result<(), Refusal> {
    let count = terms.count();
    ensure!(milestone < count, E::NoSuchMilestone { milestone: word(milestone), count: word(count) });
    ensure!(deal.done >> milestone & 1 == 0, E::MilestoneSettled { milestone: word(milestone) });
    Ok(())
}
