//! Appeals, what juries answer, and what the escrow makes of it.
//!
//! Deliberately absent: the draw of a jury. Here it answers whatever it likes.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes};
use nuncio_protocol::{
    escrow::{Act, Deal, TailWriter},
    typed::{Appeal, Verdict, u40},
};

use super::{Brought, Plot, answer_word, judge::ballot, waiting};
use crate::differential::{
    pool::{Prospect, list_hash},
    script::What,
};

const RULED: u64 = 3;

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
        let verdict = waiting(deal);
        let milestone = verdict.map_or(0, |verdict| verdict.milestone);
        let same = verdict.map_or(0, |verdict| u64::from(verdict.seller_bps));
        let count = self.dice.below(6) as usize;
        let court = self.dice.some(&self.craft.actors.jurors, count);
        let status = *self.dice.pick(&[0, 1, 2, RULED, RULED, RULED, RULED, RULED, RULED, 4, 4]);
        let seller_bps = *self.dice.pick(&[0, 0, 10_000, 10_000, 5000, same, 10_001]);
        let word = answer_word(status, seller_bps, 1 + self.dice.below(2), list_hash(&court));
        self.courts.insert((terms.id, milestone), court);
        let juries = &self.craft.actors.juries;
        let jury = if juries.contains(&terms.deal.jury) { terms.deal.jury } else { juries[0] };
        What::Answer { jury, deal: terms.id, milestone, word }
    }

    pub(super) fn rule(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let milestone = waiting(deal).map_or(0, |verdict| verdict.milestone);
        let mut court: Vec<Address> = self.courts.get(&(terms.id, milestone)).cloned().unwrap_or_default();
        if self.dice.percent(6) {
            court.push(self.craft.actors.stranger);
        }
        let mut tail = TailWriter::default();
        tail.addresses(&court);
        if self.dice.percent(3) {
            tail.plain(&[1; 7]);
        }
        Act::Rule { terms, jurors: Bytes::from(tail.bytes) }
    }
}
