//! Appeals, what juries send and answer, and what the escrow makes of it.
//!
//! Deliberately absent: the draw of a jury. Here it rules as it likes, and answers whatever it likes.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use nuncio_protocol::{
    escrow::{Act, Deal},
    typed::{Appeal, Verdict, u40},
};

use super::{Brought, Plot, judge::ballot, waiting};
use crate::differential::{pool::Prospect, script::What};

impl Plot {
    pub(super) fn appeal(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let brought = self.recall_waiting(&terms, deal);
        let mut ballot = ballot(&brought);
        if self.dice.percent(3) {
            ballot.round = 1;
        }
        let by = match self.dice.below(30) {
            0 => self.craft.actors.stranger,
            1..15 => terms.deal.buyer,
            _ => terms.deal.seller,
        };
        let Brought { milestone, attempt, seller_bps, evidence, votes } = brought;
        let verdict = self.escrow_digest(&Verdict {
            deal: terms.id,
            milestone,
            round: ballot.round,
            attempt,
            sellerBps: seller_bps,
            evidence,
            votes,
        });
        let until = self.until();
        let digest = self.escrow_digest(&Appeal { verdict, until: u40(until) });
        let signature = self.sign_or_forge(by, digest, 15);
        Act::Appeal { terms, ballot, evidence, votes, by, until, signature }
    }

    /// A jury is told what to say.
    pub(super) fn answer(&mut self, prospect: &Prospect, deal: Option<Deal>) -> What {
        let terms = &prospect.terms;
        let milestone = waiting(deal).map_or(0, |verdict| verdict.milestone);
        // Only the status counts: a jury that says that it has ruled has not, by that.
        let status = *self.dice.pick(&[0, 1, 2, 3, 4, 4, 4]);
        let word = U256::from(status | self.dice.below(3) << 8);
        let juries = &self.craft.actors.juries;
        let jury = if juries.contains(&terms.deal.jury) { terms.deal.jury } else { juries[0] };
        What::Answer { jury, deal: terms.id, milestone, word }
    }

    /// A ruling, by the jury of the terms or by somebody who would like to be it.
    pub(super) fn settle_ruling(
        &mut self,
        prospect: &Prospect,
        deal: Option<Deal>,
        sender: Address,
    ) -> (Address, Act) {
        let terms = Arc::clone(&prospect.terms);
        let brought = self.recall_waiting(&terms, deal);
        let mut ballot = ballot(&brought);
        ballot.round = *self.dice.pick(&[1, 2]);
        ballot.seller_bps = *self.dice.pick(&[0, 0, 10_000, 10_000, 5000, ballot.seller_bps, 10_001]);
        if self.dice.percent(12) {
            ballot.milestone ^= 1;
        }
        let count = self.dice.below(6) as usize;
        let jurors = self.dice.some(&self.craft.actors.jurors, count);
        let (actors, jury) = (&self.craft.actors, terms.deal.jury);
        let sends = actors.juries.contains(&jury) || jury == actors.stranger;
        let from = if sends && self.dice.percent(92) { jury } else { sender };
        (from, Act::SettleRuling { terms, ballot, jurors })
    }
}
