//! How a negotiation gets its id: the buyer opens under an NDA with a bid, the seller answers.
//!
//! The id of the first one follows from both sides' nonces, that of every later one from the one
//! before it. (Rule: negotiating again gets the id H(N, "again"). Who could open afresh at will would
//! draw panels until one suits it.)
//!
//! Deliberately absent: what is said once both know the id.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{Node, invalid, negotiate::unsaid, not_found, not_now, papers};
use crate::{
    clause,
    command::{Event, NewNegotiation, Refusal, Reply},
    document::{Category, Pact},
    ids::{NdaId, NegotiationId, PaperId},
    misconduct::Misconduct,
    record::Record,
    side::Side,
    stage::negotiation::NegotiationEvent,
    wire::{Begin, Say},
};

impl Node {
    pub(super) fn begin_negotiation(
        &mut self,
        new: NewNegotiation,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let nda = self.ndas.get(&new.nda).ok_or_else(|| not_found("nda", new.nda))?;
        if nda.side != Side::A {
            return Err(not_now("the buyer begins"));
        }
        self.check_not_paused(nda.peer)?;
        let before = self.newest_under(new.nda);
        if before.is_some_and(|before| !self.is_over(before)) {
            return Err(not_now("a negotiation under this NDA is under way"));
        }
        let again = before.map(|before| before.id);
        if let Some(asked) = self.begins.get(&new.nda).cloned() {
            // The answer is still out, or was lost: a second opening would make a second negotiation.
            self.say(new.nda, Category::Offer, Say::Begin(Box::new(asked)), rng).map_err(unsaid)?;
            return Ok(Some(Reply::Accepted));
        }
        let choice = nda.choice.as_ref().ok_or_else(|| not_now("this NDA has no bid"))?;
        let own =
            self.market.requests.get(&choice.request).ok_or_else(|| not_found("request", choice.request))?;
        let bid = own.bids.get(&choice.bid).ok_or_else(|| not_found("bid", choice.bid))?;
        let (request, bid_id) = (choice.request, choice.bid);
        let template = &bid.pact.document;
        judgeable(template)?;
        let sources = own.request.document.inputs.clone();
        let content = Pact { template: Some(template.id()), sources, ..template.content().clone() };
        let pact = papers::paper(self.network.chain(), content, rng).map_err(|e| invalid(e.to_string()))?;
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let NewNegotiation { size, quorum, fee, .. } = new;
        let begin = Begin { nonce, request, bid: bid_id, pact, size, quorum, fee, again };
        self.begins.insert(new.nda, begin.clone());
        self.say(new.nda, Category::Offer, Say::Begin(Box::new(begin)), rng).map_err(unsaid)?;
        Ok(Some(Reply::Accepted))
    }

    pub(super) fn on_begin(
        &mut self,
        nda: PaperId,
        begin: Begin,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Misconduct> {
        let state = self.ndas.get(&nda).ok_or(Misconduct::WrongNda)?;
        let id = state.id.ok_or(Misconduct::WrongNda)?;
        if state.side != Side::B || state.bid() != Some(begin.bid) {
            return Err(Misconduct::OutOfTurn);
        }
        self.check_not_paused(state.peer).map_err(|_| Misconduct::Paused)?;
        let own = self.market.bids.get(&begin.bid).ok_or(Misconduct::OutOfTurn)?;
        let template = &own.pact.document;
        let inputs = &own.request.document.inputs;
        let expected =
            Pact { template: Some(template.id()), sources: inputs.clone(), ..template.content().clone() };
        if *begin.pact.content() != expected {
            return Err(Misconduct::TermsDiffer { what: "pact".into() });
        }
        clause::check(&begin.pact).map_err(|(clause, why)| Misconduct::Unjudgeable {
            clause: clause.to_string(),
            why: why.to_string(),
        })?;
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let negotiation = match begin.again {
            None => negotiation_id(id, &begin.nonce, &nonce),
            Some(before) => negotiation_again(before),
        };
        match self.follows(nda, &begin)? {
            Follows::NotYet => return Ok(()),
            Follows::Known(answered) => nonce = answered,
            Follows::New(unused) => {
                if let Some(unused) = unused {
                    self.event(unused, NegotiationEvent::Ended);
                }
                let at = self.now;
                let event = NegotiationEvent::Begun { begin: Box::new(begin), nonce, side: Side::B, at };
                self.record(Record::Negotiation { id: negotiation, nda, event });
                self.note(Event::NegotiationBegun { negotiation, nda });
            }
        }
        let _ = self.say(nda, Category::Announcement, Say::Begun(nonce), rng);
        Ok(())
    }

    /// As the seller: where an opening stands among the negotiations under its NDA.
    ///
    /// A buyer that could open afresh at will would draw panels until one suits it; so each opening
    /// after the first names the one before, and its id follows from that one's.
    fn follows(&self, nda: PaperId, begin: &Begin) -> Result<Follows, Misconduct> {
        let newest = self.newest_under(nda);
        match (begin.again, newest) {
            (_, Some(newest)) if newest.begin.nonce == begin.nonce => Ok(Follows::Known(newest.nonce)),
            (None, None) => Ok(Follows::New(None)),
            // Our answer to an earlier opening was lost before anything came of it.
            (None, Some(newest)) if newest.begin.again.is_none() && newest.current().request.is_none() => {
                Ok(Follows::New((!newest.ended).then_some(newest.id)))
            }
            // It forgot an opening that nobody answered in time; the new one takes its place and its id.
            (Some(before), Some(newest)) if newest.begin.again == Some(before) => {
                let untouched = newest.current().request.is_none() && !newest.ended;
                Ok(if untouched { Follows::New(None) } else { Follows::Known(newest.nonce) })
            }
            (Some(before), Some(newest)) if newest.id == before => {
                if self.is_over(newest) {
                    return Ok(Follows::New(None));
                }
                // It left what binds nobody; or it has seen a final block that we have not seen yet,
                // and asks again.
                let firm = newest.accepted.is_some();
                Ok(if firm { Follows::NotYet } else { Follows::New(Some(newest.id)) })
            }
            (None | Some(_), _) => Err(Misconduct::OutOfTurn),
        }
    }

    pub(super) fn on_begun(&mut self, nda: PaperId, nonce: &[u8; 16]) -> Result<(), Misconduct> {
        let Some(begin) = self.begins.remove(&nda) else {
            // The same answer again, to an opening that was said twice.
            let known = self.newest_under(nda).is_some_and(|newest| newest.nonce == *nonce);
            return if known { Ok(()) } else { Err(Misconduct::OutOfTurn) };
        };
        let id = self.ndas.get(&nda).and_then(|state| state.id).ok_or(Misconduct::WrongNda)?;
        let negotiation = match begin.again {
            None => negotiation_id(id, &begin.nonce, nonce),
            Some(before) => negotiation_again(before),
        };
        let at = self.now;
        let event = NegotiationEvent::Begun { begin: Box::new(begin), nonce: *nonce, side: Side::A, at };
        self.record(Record::Negotiation { id: negotiation, nda, event });
        self.note(Event::NegotiationBegun { negotiation, nda });
        Ok(())
    }
}

/// Where an opening stands among those before it.
enum Follows {
    /// It is the next one; what it leaves behind unfinished ends.
    New(Option<NegotiationId>),
    /// It is the one that we hold already, and answered with this nonce.
    Known([u8; 16]),
    /// The one before still binds us.
    NotYet,
}

/// Refuses a pact that could not be judged.
pub(super) fn judgeable(pact: &Pact) -> Result<(), Refusal> {
    clause::check(pact).map_err(|(clause, why)| Refusal::Unjudgeable { clause, why: why.to_string() })
}

/// The id of a negotiation that follows another one under the same NDA: nobody picks it.
fn negotiation_again(before: NegotiationId) -> NegotiationId {
    NegotiationId(Sha256::new().chain_update(before.as_bytes()).chain_update(b"again").finalize().into())
}

/// The negotiation's id: both nonces, each side's own way round, under the NDA.
#[must_use]
pub(super) fn negotiation_id(nda: NdaId, a: &[u8; 16], b: &[u8; 16]) -> NegotiationId {
    NegotiationId(
        Sha256::new()
            .chain_update(b"nuncio/negotiation/1")
            .chain_update(nda.as_bytes())
            .chain_update(a)
            .chain_update(b)
            .finalize()
            .into(),
    )
}
