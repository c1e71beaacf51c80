//! Openings by all three paths, and notices that forbid one.
//!
//! Deliberately absent: flaws of the terms. Those are in the pool.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use nuncio_protocol::{
    abi::call::approval,
    escrow::{Act, Terms},
    money::Usdc,
    typed::{Approve, BUYER_MANDATED, Fund, Void, opening_authorization, u40},
};

use super::Plot;
use crate::differential::pool::Prospect;

impl Plot {
    pub(super) fn open(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let deal = &terms.deal;
        let seller = self.sign_or_forge(deal.seller, terms.id, 25);
        let mandated = deal.flags & BUYER_MANDATED != 0;
        let path = match self.dice.below(100) {
            0..3 => 1,
            3..6 => 2,
            6..50 => 0,
            _ if mandated => 2,
            _ => 1,
        };
        match path {
            0 => {
                let buyer = self.authorization(&terms);
                Act::OpenWithAuthorization { terms, buyer, seller }
            }
            1 => {
                let buyer = self.fund(&terms);
                Act::OpenFromCredit { terms, buyer, seller }
            }
            _ => {
                let buyer = self.fund(&terms);
                let approval = self.approval(&terms);
                Act::OpenFromMandate { terms, buyer, seller, approval }
            }
        }
    }

    pub(super) fn void(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let by = match self.dice.below(10) {
            0 => self.craft.actors.stranger,
            1..5 => terms.deal.seller,
            _ => terms.deal.buyer,
        };
        let digest = self.escrow_digest(&Void { deal: terms.id });
        let signature = self.sign_or_forge(by, digest, 8);
        Act::VoidDeal { terms, by, signature }
    }

    fn fund(&mut self, terms: &Terms) -> Bytes {
        let digest = self.escrow_digest(&Fund { deal: terms.id });
        self.sign_or_forge(terms.deal.buyer, digest, 25)
    }

    fn authorization(&mut self, terms: &Terms) -> Bytes {
        let deal = &terms.deal;
        let total = Usdc(u64::try_from(terms.buyer_total()).unwrap_or(u64::MAX));
        let digest =
            self.craft.usdc.digest(&opening_authorization(deal, total, &self.craft.law.at.contracts));
        match self.dice.below(25) {
            0 => self.forge(deal.buyer, digest),
            1 => self.sign(deal.buyer, digest),
            _ => self.sign_full(deal.buyer, digest),
        }
    }

    /// The principal's yes to this deal, or what is none.
    fn approval(&mut self, terms: &Terms) -> Bytes {
        let (principal, until): (Address, u64) = (terms.deal.buyerPay, self.until());
        let digest = self.mandates_digest(&Approve { deal: terms.id, until: u40(until) });
        let signature = self.sign_or_forge(principal, digest, 12);
        match self.dice.below(12) {
            0 | 1 => Bytes::new(),
            2 => Bytes::from_static(&[1; 95]),
            3 => {
                let mut bytes = approval(until, &signature).to_vec();
                bytes[64..96].copy_from_slice(&U256::from(5000).to_be_bytes::<32>());
                bytes.into()
            }
            _ => approval(until, &signature),
        }
    }
}
