//! Releases, cancellations, claims, timeouts, payouts and ratings.
//!
//! Deliberately absent: verdicts.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes};
use nuncio_protocol::{
    escrow::{Act, ClaimHead, Deal, Marks, Side, TailWriter, Terms},
    typed::{Cancel, Rating, Receipt, Release, u40},
};

use super::Plot;
use crate::differential::pool::{DAWN, Prospect};

const RATINGS: [i128; 5] = [0, 1, -100, i128::MAX, i128::MIN];

impl Plot {
    pub(super) fn release(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let (milestone, evidence) = (self.milestone(&terms, deal), self.hash());
        let digest = self.escrow_digest(&Release { deal: terms.id, milestone, evidence });
        let signature = self.sign_or_forge(terms.deal.buyer, digest, 12);
        Act::Release { terms, milestone, push: self.dice.percent(70), evidence, signature }
    }

    pub(super) fn cancel(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let seller_bps = *self.dice.pick(&[0, 0, 5000, 3333, 10_000, 10_000, 10_001]);
        let until = self.until();
        let digest = self.escrow_digest(&Cancel { deal: terms.id, sellerBps: seller_bps, until: u40(until) });
        let buyer = self.one_of_both(seller_bps == 0, terms.deal.buyer, digest);
        let seller = self.one_of_both(seller_bps == 10_000, terms.deal.seller, digest);
        Act::Cancel { terms, seller_bps, until, buyer, seller }
    }

    /// Nobody signs who need not.
    fn one_of_both(&mut self, needless: bool, side: alloy_primitives::Address, digest: B256) -> Bytes {
        if needless { Bytes::new() } else { self.sign_or_forge(side, digest, 15) }
    }

    pub(super) fn claim(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let honest = self.honest();
        let mut vaults = prospect.vaults.clone();
        let flaw = if honest { 0 } else { 1 + self.dice.below(7) };
        if flaw == 1 {
            vaults.pop();
        }
        let manifest = self.hash();
        let wanted = vaults.len().saturating_sub(1).max(2);
        let least = if flaw == 2 { 1 } else { wanted };
        let count = (least + self.dice.below(2) as usize).min(vaults.len());
        let places: Vec<usize> = (0..vaults.len()).collect();
        let signers = self.dice.some(&places, count);
        let mut head = ClaimHead {
            milestone: self.milestone(&terms, deal),
            attempt: self.dice.below(2) as u8,
            vaults: vaults.len() as u8,
            receipts: signers.len() as u8,
            signers: signers.iter().fold(0, |bits, place| bits | 1 << place),
            size: *self.dice.pick(&[0, 4096, u64::MAX]),
            long: 0,
        };
        let mut tail = TailWriter::default();
        tail.addresses(&vaults);
        let stored_at = if flaw == 3 { self.now + 1 } else { DAWN + (self.now - DAWN) / 50 * 50 };
        for place in signers {
            let receipt = Receipt {
                deal: terms.id,
                milestone: head.milestone,
                attempt: head.attempt,
                manifest,
                size: head.size,
                storedAt: u40(stored_at),
            };
            tail.plain(&stored_at.to_be_bytes()[3..]);
            let digest = self.escrow_digest(&receipt);
            let signature = self.sign_or_forge(vaults[place], digest, if flaw == 4 { 2 } else { 60 });
            tail.signature(&signature);
        }
        head.long = tail.long;
        match flaw {
            5 => head.receipts += 1,
            6 => head.signers |= 1 << self.dice.below(8),
            7 => tail.bytes.truncate(self.dice.below(tail.bytes.len() as u64 + 1) as usize),
            _ => {}
        }
        Act::Claim { terms, head, manifest, tail: tail.bytes.into() }
    }

    pub(super) fn time_out(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let milestone = self.milestone(&terms, deal);
        Act::Timeout { terms, milestone }
    }

    pub(super) fn payout(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        if self.dice.percent(60) {
            return Act::Payout { terms };
        }
        let mut tail = TailWriter::default();
        let marks = self.ratings(&terms, &mut tail);
        if self.dice.percent(5) {
            tail.bytes.pop();
        }
        Act::PayoutAndRate { terms, marks: (marks, tail.long), tail: tail.bytes.into() }
    }

    pub(super) fn rate(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let side = *self.dice.pick(&[Side::Buyer, Side::Seller]);
        let (value, feedback, signature) = self.rating(&terms, side);
        Act::Rate { terms, side, value, feedback, signature }
    }

    /// Ratings of one side or both behind what the tail holds.
    pub(super) fn ratings(&mut self, terms: &Terms, tail: &mut TailWriter) -> Marks {
        let mut marks = 0;
        for (mark, side) in [(Marks::BUYER_RATES, Side::Buyer), (Marks::SELLER_RATES, Side::Seller)] {
            if self.dice.percent(70) {
                let (value, feedback, signature) = self.rating(terms, side);
                tail.plain(&value.to_be_bytes());
                tail.plain(feedback.as_slice());
                tail.signature(&signature);
                marks |= mark;
            }
        }
        Marks(marks)
    }

    fn rating(&mut self, terms: &Terms, side: Side) -> (i128, B256, Bytes) {
        let (value, feedback) = (*self.dice.pick(&RATINGS), self.hash());
        let by = match side {
            Side::Buyer => terms.deal.buyer,
            Side::Seller => terms.deal.seller,
        };
        let digest = self.escrow_digest(&Rating { deal: terms.id, value, feedbackHash: feedback });
        (value, feedback, self.sign_or_forge(by, digest, 15))
    }
}
