//! Offers: made within the limits, taken only in turn.
//!
//! An offer is no commitment. It is said in the session, chained to what was said before, and
//! recorded with the next durable batch.
//!
//! Deliberately absent: what terms must be, and what follows from an acceptance.

use rand_core::CryptoRng;

use super::{Node, invalid, negotiate::unsaid, not_found, not_now, session::SayError};
use crate::{
    command::{Event, Proposal, Refusal, Reply},
    document::{Category, Document, TermSheet},
    ids::{Head, NegotiationId},
    misconduct::Misconduct,
    stage::negotiation::NegotiationEvent,
    wire::Say,
};

impl Node {
    pub(super) fn offer(
        &mut self,
        id: NegotiationId,
        proposal: &Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        if !negotiation.our_turn() {
            return Err(not_now("it is the other side's turn, or the stage is over"));
        }
        if negotiation.rounds >= self.policy.rounds_max {
            return Err(not_now("the policy's limit of rounds is reached"));
        }
        let terms = self.terms(negotiation, proposal, rng).map_err(invalid)?;
        self.check_terms(negotiation, &terms).map_err(|e| invalid(e.to_string()))?;
        // An offer binds to nothing: it is made also where its confirmation will wait for the principal.
        let rule = self.allow(id, "offer", &terms)?;
        if let Some(rule) = &rule {
            self.may_ask(id, rule, terms.price)?;
        }
        self.make_offer(id, terms, rule.is_some(), rng).map_err(unsaid)?;
        Ok(Some(Reply::Accepted))
    }

    fn make_offer(
        &mut self,
        id: NegotiationId,
        terms: Document<TermSheet>,
        reserved: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), SayError> {
        let Some((nda, side)) = self.negotiations.get(&id).map(|n| (n.nda, n.side)) else { return Ok(()) };
        let terms = Box::new(terms);
        let body = if reserved { Say::ReservedOffer(terms.clone()) } else { Say::Offer(terms.clone()) };
        let head = self.say(nda, Category::Offer, body, rng)?;
        self.event(id, NegotiationEvent::Offered { by: side, head, terms, reserved });
        Ok(())
    }

    pub(super) fn on_offer(
        &mut self,
        id: NegotiationId,
        terms: Document<TermSheet>,
        head: Head,
        reserved: bool,
    ) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        if let Some(last) = &negotiation.last
            && last.by != negotiation.side
            && last.terms == terms
        {
            if negotiation.hold.is_none() && negotiation.accepted.is_none() {
                self.event(id, NegotiationEvent::Resaid { head });
            }
            return Ok(());
        }
        // Both say their newest offer again after a broken stream; what we have answered is not new.
        if negotiation.theirs.as_ref() == Some(&terms) {
            return Ok(());
        }
        let frozen = negotiation.hold.is_some() || negotiation.accepted.is_some();
        if negotiation.our_turn() || negotiation.panel.is_none() || frozen {
            return Err(Misconduct::OutOfTurn);
        }
        if negotiation.rounds >= self.policy.rounds_max {
            return Err(Misconduct::Flood);
        }
        self.check_terms(negotiation, &terms)?;
        let (by, round) = (negotiation.side.other(), negotiation.rounds + 1);
        let quiet = negotiation.strategy_goes_on();
        self.event(id, NegotiationEvent::Offered { by, head, terms: Box::new(terms), reserved });
        if !quiet {
            self.note(Event::Offer { negotiation: id, round });
        }
        Ok(())
    }
}
