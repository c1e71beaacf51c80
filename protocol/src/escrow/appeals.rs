//! Appeals, seen from the money.
//!
//! The escrow takes the deposit and waits for the jury that the terms name: for a ruling that it sends, or for the
//! one word in which it says that there is none. Whatever it says or does not say, after the limit anyone may let
//! the earlier verdict stand.
//!
//! Deliberately absent: how the jury comes to its ruling.

use alloy_primitives::{Address, B256, Bytes};

use super::{
    Turn,
    ballot::Ballot,
    deal::{Deal, Pending, Stage},
    opening::{require_bps, require_signer},
    refusal::{Refusal, ensure, word},
    settling::Outcome,
    terms::Terms,
};
use crate::{
    abi::sol::{AppealEnd, Cause, IDealEscrow as E, Status},
    typed::{self, SCOPE_BUY, SCOPE_SELL, u40},
};

/// What the jury says of an appeal on which nobody ruled; numbers of `AppealStatus`.
const NONE: u8 = 0;
const SILENT: u8 = 4;

/// An appeal that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    verdict: Pending,
    since: u64,
    by_seller: bool,
}

impl Turn<'_> {
    pub(super) fn appeal(
        &mut self,
        terms: &Terms,
        ballot: &Ballot,
        digest: B256,
        (by, until): (Address, u64),
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        let (verdict, window) = self.require_pending(terms, &deal, ballot, digest)?;
        ensure!(
            self.now() < window,
            E::WindowOver { timestamp: word(self.now()), challengeUntil: word(window) }
        );
        self.require_in_time(until)?;
        require_signer(terms, by)?;
        let signed = self.escrow_digest(&typed::Appeal { verdict: digest, until: u40(until) });
        self.require_signed(by, signed, signature)?;

        let (fee, by_seller) = (terms.deal.appealFee, by == terms.deal.seller);
        let from_reserve = !by_seller && !deal.reserve_spent;
        if !from_reserve {
            deal.left = deal.left.checked_add(fee).ok_or_else(Refusal::arithmetic)?;
        }
        deal.reserve_spent &= by_seller;
        deal.stage = Stage::Appealed { verdict, since: self.now(), by_seller };
        self.store(terms, deal)?;
        let milestone = verdict.milestone;
        self.emit(&E::Appealed { deal: terms.id, milestone, by, verdict: digest, deposit: fee });
        if from_reserve || fee == 0 { Ok(()) } else { self.take_deposit(terms, by_seller) }
    }

    /// From the side's own credit, or through its mandate from its principal's.
    fn take_deposit(&mut self, terms: &Terms, by_seller: bool) -> Result<(), Refusal> {
        let (deal, id, fee) = (&terms.deal, terms.id, terms.deal.appealFee);
        let (mandated, signer, payee, scope) = if by_seller {
            (terms.seller_mandated(), deal.seller, deal.sellerPay, SCOPE_SELL)
        } else {
            (terms.buyer_mandated(), deal.buyer, deal.buyerPay, SCOPE_BUY)
        };
        if !mandated {
            return self.debit(signer, id, fee);
        }
        self.debit(payee, id, fee)?;
        self.spend((signer, self.escrow(), payee), scope, id, fee, &Bytes::new())
    }

    pub(super) fn settle_ruling(
        &mut self,
        terms: &Terms,
        ballot: &Ballot,
        jurors: &[Address],
    ) -> Result<(), Refusal> {
        let (mut deal, open) = self.under_appeal(terms)?;
        let (sender, jury) = (self.moment.from, terms.deal.jury);
        ensure!(sender == jury, E::NotTheJury { sender, jury });
        let appealed = open.verdict.milestone;
        ensure!(
            ballot.milestone == appealed,
            E::WrongMilestone { ruled: word(ballot.milestone), appealed: word(appealed) }
        );
        require_bps(ballot.seller_bps)?;
        let share = self.end_by_ruling(terms, &mut deal, open, ballot.seller_bps, jurors.len() as u64)?;
        let shares: Vec<_> = jurors.iter().map(|juror| (*juror, share)).collect();
        self.credit_shares(terms.id, &shares)?;
        let outcome = Outcome {
            milestone: appealed,
            cause: Cause::Ruled,
            round: ballot.round,
            attempt: open.verdict.attempt,
            seller_bps: ballot.seller_bps,
        };
        self.settle_and_pay(terms, deal, outcome)
    }

    pub(super) fn rule(&mut self, terms: &Terms) -> Result<(), Refusal> {
        let (mut deal, open) = self.under_appeal(terms)?;
        let asked = (terms.deal.jury, terms.id, open.verdict.milestone);
        let answer = self.state.rulings.get(&asked).copied().unwrap_or_default();
        self.let_stand(terms, &mut deal, open, answer.byte(0))?;
        self.pay(terms, deal)
    }

    fn under_appeal(&self, terms: &Terms) -> Result<(Deal, Open), Refusal> {
        let deal = self.live(terms)?;
        let Stage::Appealed { verdict, since, by_seller } = deal.stage else {
            let is_ = deal.status();
            return Err(Refusal::by(&E::WrongStatus { is_, wanted: Status::Appealed }));
        };
        Ok((deal, Open { verdict, since, by_seller }))
    }

    /// The losing side pays the jurors: the buyer from its reserve, the seller from its deposit or its bond; what
    /// the loser does not have, the appellant's deposit pays. Says what each juror gets.
    fn end_by_ruling(
        &mut self,
        terms: &Terms,
        deal: &mut Deal,
        open: Open,
        bps: u16,
        jurors: u64,
    ) -> Result<u64, Refusal> {
        let Open { verdict, by_seller, .. } = open;
        let (fee, before) = (terms.deal.appealFee, verdict.seller_bps);
        let won = if by_seller { bps > before } else { bps < before };
        // What the appellant has back of its deposit: what the loser can pay in its place.
        let back = match (won, by_seller) {
            (false, _) => 0,
            (true, true) if deal.reserve_spent => 0,
            (true, true) => fee,
            (true, false) if deal.bond_spent => 0,
            (true, false) => terms.deal.sellerBond.min(fee),
        };
        match (won, by_seller) {
            (true, true) | (false, false) => deal.reserve_spent |= fee != 0,
            (true, false) => {
                deal.bond_spent |= back != 0;
                deal.reserve_spent = back != fee;
            }
            (false, true) => {}
        }
        deal.lower(fee)?;
        if by_seller {
            deal.hold(back)?;
        }
        let share = fee.checked_div(jurors).unwrap_or_default();
        deal.left += fee - share * jurors; // what does not divide goes to the buyer
        self.emit_appeal_closed(terms, verdict, AppealEnd::Ruled, (share * jurors, back, 0));

        if bps != before {
            self.state.accepted.remove(&(terms.id, verdict.milestone));
        }
        deal.free(self.now());
        Ok(share)
    }

    /// Silence never beats the verdict. An appeal that nobody brought before the jury was only delay, and its
    /// deposit goes to the other side.
    fn let_stand(&mut self, terms: &Terms, deal: &mut Deal, open: Open, status: u8) -> Result<(), Refusal> {
        let stands_from = open.since + self.law.appeal_limit;
        ensure!(
            status == SILENT || self.now() >= stands_from,
            E::NoRuling { status: word(status), standsFrom: word(stands_from) }
        );
        let (abandoned, fee) = (status == NONE, terms.deal.appealFee);
        // The seller's deposit goes back to it, the buyer's is its reserve; when abandoned each goes to the other.
        if open.by_seller != abandoned {
            deal.hold(fee)?;
        }
        if abandoned && !open.by_seller {
            deal.reserve_spent = true;
        }
        let (end, deposits) =
            if abandoned { (AppealEnd::Abandoned, (0, 0, fee)) } else { (AppealEnd::Silent, (0, fee, 0)) };
        self.emit_appeal_closed(terms, open.verdict, end, deposits);
        self.finalise(terms, deal, open.verdict)
    }
}
