//! Verdicts, further signatures, consents, and the jurors' pay.
//!
//! Deliberately absent: appeals.

use std::sync::Arc;

use alloy_primitives::Address;
use nuncio_protocol::{
    escrow::{Act, Ballot, Deal, Marks, TailWriter, Terms},
    typed::{Consent, Verdict},
};

use super::{Brought, Plot, waiting};
use crate::differential::pool::Prospect;

const SHARES: [u16; 8] = [0, 0, 3333, 5000, 10_000, 10_000, 10_000, 9999];

/// What is wrong with a panel's part of a tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    TooFew,
    Swapped,
    Missing,
    Size,
    Bit,
    Signature,
    Cut,
    Round,
    Attempt,
    Share,
    Crowd,
}

const FLAWS: [Flaw; 11] = [
    Flaw::TooFew,
    Flaw::Swapped,
    Flaw::Missing,
    Flaw::Size,
    Flaw::Bit,
    Flaw::Signature,
    Flaw::Cut,
    Flaw::Round,
    Flaw::Attempt,
    Flaw::Share,
    Flaw::Crowd,
];

impl Plot {
    pub(super) fn verdict(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let flaw = if self.honest() { None } else { Some(*self.dice.pick(&FLAWS)) };
        let (milestone, attempt) = match waiting(deal) {
            Some(verdict) if self.dice.percent(75) => {
                (verdict.milestone, verdict.attempt + u8::from(self.dice.percent(85)))
            }
            _ => (self.milestone(&terms, deal), self.dice.below(2) as u8),
        };
        let mut brought = Brought {
            milestone,
            attempt,
            seller_bps: *self.dice.pick(&SHARES),
            evidence: self.hash(),
            votes: self.hash(),
        };
        match flaw {
            Some(Flaw::Attempt) => brought.attempt = 8,
            Some(Flaw::Share) => brought.seller_bps = 10_001,
            _ => {}
        }
        let mut ballot = ballot(&brought);
        let mut tail = TailWriter::default();
        self.votes(prospect, &brought, flaw, &mut ballot, &mut tail);
        if self.dice.percent(30) {
            self.consents(&terms, &brought, &mut ballot, &mut tail);
        }
        if self.dice.percent(75) {
            ballot.marks.0 |= Marks::PUSH;
            let last = deal.is_some_and(|deal| deal.done.count_ones() as u8 + 1 >= terms.count());
            if self.dice.percent(if last { 30 } else { 2 }) {
                ballot.marks.0 |= self.ratings(&terms, &mut tail).0;
            }
        }
        if flaw == Some(Flaw::Round) {
            ballot.round = 1;
        }
        if flaw == Some(Flaw::Cut) {
            let length = self.dice.below(tail.bytes.len() as u64 + 1);
            tail.bytes.truncate(length as usize);
        }
        ballot.long = tail.long;
        let Brought { evidence, votes, .. } = brought;
        self.brought.insert((terms.id, milestone), brought);
        Act::Verdict { terms, ballot, evidence, votes, tail: tail.bytes.into() }
    }

    pub(super) fn cosign(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let flaw = if self.honest() { None } else { Some(*self.dice.pick(&FLAWS)) };
        let brought = self.recall(&terms);
        let mut ballot = ballot(&brought);
        let mut tail = TailWriter::default();
        self.votes(prospect, &brought, flaw, &mut ballot, &mut tail);
        if flaw == Some(Flaw::Cut) {
            let length = self.dice.below(tail.bytes.len() as u64 + 1);
            tail.bytes.truncate(length as usize);
        }
        ballot.long = tail.long;
        let Brought { evidence, votes, .. } = brought;
        Act::Cosign { terms, ballot, evidence, votes, tail: tail.bytes.into() }
    }

    pub(super) fn consent(&mut self, prospect: &Prospect, deal: Option<Deal>) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let brought = self.recall_waiting(&terms, deal);
        let mut ballot = ballot(&brought);
        let mut tail = TailWriter::default();
        self.consents(&terms, &brought, &mut ballot, &mut tail);
        ballot.long = tail.long;
        let Brought { evidence, votes, .. } = brought;
        Act::Consent { terms, ballot, evidence, votes, tail: tail.bytes.into() }
    }

    pub(super) fn pay_jurors(&mut self, prospect: &Prospect) -> Act {
        let terms = Arc::clone(&prospect.terms);
        let mut tail = TailWriter::default();
        let mut panel = prospect.panel.clone();
        match self.dice.below(20) {
            0 => panel.reverse(),
            1 => panel.extend([Address::repeat_byte(9); 33]),
            _ => {}
        }
        tail.addresses(&panel);
        if self.dice.percent(5) {
            tail.plain(&[1; 19]);
        }
        Act::PayJurors { terms, panel: tail.bytes.into() }
    }

    /// A verdict that was brought in this sequence; sometimes one that was not.
    pub(super) fn recall(&mut self, terms: &Terms) -> Brought {
        let known: Vec<Brought> =
            self.brought.range((terms.id, 0)..=(terms.id, 255)).map(|(_, brought)| brought.clone()).collect();
        if known.is_empty() || self.dice.percent(8) {
            return Brought {
                milestone: self.dice.below(9) as u8,
                attempt: 0,
                seller_bps: *self.dice.pick(&SHARES),
                evidence: self.hash(),
                votes: self.hash(),
            };
        }
        self.dice.pick(&known).clone()
    }

    /// The verdict that waits, as it was brought.
    pub(super) fn recall_waiting(&mut self, terms: &Terms, deal: Option<Deal>) -> Brought {
        let waits = waiting(deal).and_then(|verdict| self.brought.get(&(terms.id, verdict.milestone)));
        match waits.cloned() {
            Some(brought) if self.dice.percent(94) => brought,
            Some(_) | None => self.recall(terms),
        }
    }

    /// The panel and its signatures.
    fn votes(
        &mut self,
        prospect: &Prospect,
        brought: &Brought,
        flaw: Option<Flaw>,
        ballot: &mut Ballot,
        tail: &mut TailWriter,
    ) {
        let mut panel = prospect.panel.clone();
        let quorum = usize::from(prospect.terms.deal.quorum);
        let least = if flaw == Some(Flaw::TooFew) { quorum.saturating_sub(1) } else { quorum };
        let more = self.dice.below(panel.len() as u64 + 1) as usize;
        let count = least.max(more).min(panel.len());
        // Wallets have no vote, and seldom try.
        let anybody = self.dice.percent(5);
        let wallets = &self.craft.actors.wallets;
        let places: Vec<usize> =
            (0..panel.len()).filter(|place| anybody || !wallets.contains_key(&panel[*place])).collect();
        let signers = self.dice.some(&places, count);
        match flaw {
            Some(Flaw::Swapped) => panel.reverse(),
            Some(Flaw::Missing) => drop(panel.pop()),
            Some(Flaw::Crowd) => panel.extend([Address::repeat_byte(9); 32]),
            _ => {}
        }
        let digest = self.escrow_digest(&Verdict {
            deal: prospect.terms.id,
            milestone: brought.milestone,
            round: 0,
            attempt: brought.attempt,
            sellerBps: brought.seller_bps,
            evidence: brought.evidence,
            votes: brought.votes,
        });
        for (place, member) in panel.iter().enumerate() {
            let one_in = if flaw == Some(Flaw::Signature) { 2 } else { 150 };
            let signature = signers.contains(&place).then(|| self.sign_or_forge(*member, digest, one_in));
            tail.member(*member, signature.as_ref().map(AsRef::as_ref));
        }
        ballot.size = panel.len() as u8 + u8::from(flaw == Some(Flaw::Size));
        ballot.signers = signers.iter().fold(0, |bits, place| bits | 1 << place);
        if flaw == Some(Flaw::Bit) {
            ballot.signers |= 1 << self.dice.below(32);
        }
    }

    /// Consents of whoever loses by it, and sometimes of somebody else or of nobody.
    fn consents(&mut self, terms: &Terms, brought: &Brought, ballot: &mut Ballot, tail: &mut TailWriter) {
        let verdict = self.escrow_digest(&Verdict {
            deal: terms.id,
            milestone: brought.milestone,
            round: 0,
            attempt: brought.attempt,
            sellerBps: brought.seller_bps,
            evidence: brought.evidence,
            votes: brought.votes,
        });
        let digest = self.escrow_digest(&Consent { verdict });
        let sides = [
            (Marks::BUYER_CONSENTS, terms.deal.buyer, brought.seller_bps > 0),
            (Marks::SELLER_CONSENTS, terms.deal.seller, brought.seller_bps < 10_000),
        ];
        for (mark, side, loses) in sides {
            if self.dice.percent(if loses { 85 } else { 10 }) {
                ballot.marks.0 |= mark;
                let signature = self.sign_or_forge(side, digest, 15);
                tail.signature(&signature);
            }
        }
    }
}

/// The head of a verdict without signatures.
pub(super) fn ballot(brought: &Brought) -> Ballot {
    let Brought { milestone, attempt, seller_bps, .. } = *brought;
    Ballot { milestone, attempt, seller_bps, ..Ballot::default() }
}
