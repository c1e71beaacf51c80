//! Ratings: one per side, against a deal that was settled here.
//!
//! Deliberately absent: what the value means.

use alloy_primitives::{B256, Bytes};

use super::{
    Turn,
    act::{Side, rating_word},
    ballot::Marks,
    deal::Deal,
    refusal::{Refusal, ensure},
    tail::Tail,
    terms::Terms,
};
use crate::{
    abi::sol::{IDealEscrow as E, Status},
    typed,
};

const VALUE_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

impl Turn<'_> {
    pub(super) fn rate(
        &mut self,
        terms: &Terms,
        side: Side,
        value: i128,
        feedback: B256,
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        let Some(mut deal) = self.state.deals.get(&terms.id).copied() else {
            return Err(Refusal::by(&E::WrongStatus { is_: Status::None, wanted: Status::Closed }));
        };
        self.rate_one(terms, &mut deal, (side, value, feedback), signature)?;
        self.store(terms, deal)
    }

    /// The ratings that the marks announce.
    pub(super) fn rate_from(
        &mut self,
        terms: &Terms,
        deal: &mut Deal,
        marks: Marks,
        tail: &mut Tail<'_>,
    ) -> Result<(), Refusal> {
        for (mark, side) in [(Marks::BUYER_RATES, Side::Buyer), (Marks::SELLER_RATES, Side::Seller)] {
            if marks.has(mark) {
                let value = tail.number(VALUE_BYTES)?.cast_signed();
                let feedback = B256::from_slice(tail.take(HASH_BYTES)?);
                let signature = tail.signature()?;
                self.rate_one(terms, deal, (side, value, feedback), signature)?;
            }
        }
        Ok(())
    }

    fn rate_one(
        &mut self,
        terms: &Terms,
        deal: &mut Deal,
        (side, value, feedback): (Side, i128, B256),
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let (by, bit) = match side {
            Side::Buyer => (terms.deal.buyer, 1),
            Side::Seller => (terms.deal.seller, 2),
        };
        let is_ = deal.status();
        ensure!(is_ == Status::Closed, E::WrongStatus { is_, wanted: Status::Closed });
        ensure!(deal.rated & bit == 0, E::AlreadyRated { deal: terms.id, rater: by });
        let rating = typed::Rating { deal: terms.id, value, feedbackHash: feedback };
        self.require_signed(by, self.escrow_digest(&rating), signature)?;
        deal.rated |= bit;
        let rating = rating_word(side, value);
        self.emit(&E::Rated { deal: terms.id, rating, feedbackHash: feedback });
        Ok(())
    }
}
