//! How a negotiation begins, what is said in it, and how it ends without agreement.
//!
//! The buyer begins under an NDA with a bid; both nonces make the id. What arrives in the session is
//! handed to whoever it is for: the panel, offers, agreement. After a new handshake each side says
//! again what the other may have missed.
//!
//! Deliberately absent: terms, offers and signatures, each in a file of its own.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{Node, invalid, not_found, not_now, papers, session::SayError};
use crate::{
    clause,
    command::{Concession, Event, NewNegotiation, Refusal, Reply},
    document::{Category, Pact},
    ids::{ContentHash, Head, NdaId, NegotiationId, PaperId},
    misconduct::Misconduct,
    policy::Answer,
    record::{Decision, Record},
    side::Side,
    stage::negotiation::{Negotiation, NegotiationEvent},
    time::Timestamp,
    wire::{Begin, Say},
};

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

impl Node {
    pub(super) fn event(&mut self, id: NegotiationId, event: NegotiationEvent) {
        if let Some(nda) = self.negotiations.get(&id).map(|n| n.nda) {
            self.record(Record::Negotiation { id, nda, event });
        }
    }

    /// Records what was decided about what.
    pub(super) fn decided<T: serde::Serialize>(&mut self, step: &str, about: &T, answer: &Answer) {
        let bytes = serde_json::to_vec(about).unwrap_or_default();
        let about = ContentHash(Sha256::digest(bytes).into());
        let decision = Decision { step: step.into(), answer: answer.clone(), about, at: self.now };
        self.record(Record::Decision(decision));
    }

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

    /// Everything that is said in a session arrives here.
    pub(super) fn on_said(
        &mut self,
        nda: PaperId,
        body: Say,
        head: Head,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Misconduct> {
        let current = self.current_under(nda);
        let opens = matches!(body, Say::Checkpoint | Say::Begin(_) | Say::Begun(_) | Say::End);
        if current.is_none() && !opens && self.negotiations.values().any(|n| n.nda == nda) {
            // It goes on with what has ended here: our word of the end was lost with its process.
            let _ = self.say(nda, Category::Announcement, Say::End, rng);
            return Ok(());
        }
        let open = || current.ok_or(Misconduct::OutOfTurn);
        match body {
            Say::Checkpoint => Ok(()),
            Say::Begin(begin) => self.on_begin(nda, *begin, rng),
            Say::Begun(nonce) => self.on_begun(nda, &nonce),
            Say::PanelRequest(ask) => self.on_panel_ask(open()?, &ask),
            Say::PanelSigned(signature) => self.on_panel_countersigned(open()?, signature),
            Say::PanelFormed { attempt, beacon, accepted } => {
                self.on_panel_formed(open()?, attempt, &beacon, accepted, rng)
            }
            Say::PanelAgreed(hash) => self.on_panel_agreed(open()?, hash),
            Say::Offer(terms) => self.on_offer(open()?, *terms, head, false),
            Say::ReservedOffer(terms) => self.on_offer(open()?, *terms, head, true),
            Say::Hold(ask) => self.on_hold(open()?, &ask, rng),
            Say::Held(head) => self.on_held(open()?, head),
            Say::Ready(ready) => self.on_ready(open()?, &ready),
            Say::Unhold(head) => self.on_unhold(open()?, head),
            Say::Accept(acceptance) => self.on_accept(open()?, &acceptance),
            Say::Confirm(assent) => self.on_confirm(open()?, *assent),
            Say::End => {
                // What is accepted is left on facts alone, not because the other side says so.
                let free =
                    |id: &NegotiationId| self.negotiations.get(id).is_some_and(|n| n.accepted.is_none());
                if let Some(id) = current.filter(free) {
                    self.event(id, NegotiationEvent::Ended);
                    self.note(Event::Ended { negotiation: id });
                }
                Ok(())
            }
        }
    }

    /// The one negotiation under an NDA that is under way.
    fn current_under(&self, nda: PaperId) -> Option<NegotiationId> {
        self.newest_under(nda).filter(|n| !n.ended).map(|n| n.id)
    }

    fn newest_under(&self, nda: PaperId) -> Option<&Negotiation> {
        self.negotiations.values().filter(|n| n.nda == nda).max_by_key(|n| n.at)
    }

    /// Whether a negotiation binds nobody any more: it ended, or its deal is open or can never be.
    fn is_over(&self, negotiation: &Negotiation) -> bool {
        let deal = self.deal_of(negotiation).and_then(|id| self.deals.get(&id));
        negotiation.ended || deal.is_some_and(|deal| deal.opened || deal.lapsed)
    }

    fn on_begin(&mut self, nda: PaperId, begin: Begin, rng: &mut dyn CryptoRng) -> Result<(), Misconduct> {
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
        match self.follows(nda, begin.again)? {
            Follows::NotYet => return Ok(()),
            Follows::Known => {}
            Follows::New(unused) => {
                if let Some(unused) = unused {
                    self.event(unused, NegotiationEvent::Ended);
                }
                let at = self.now;
                let event = NegotiationEvent::Begun { begin: Box::new(begin), side: Side::B, at };
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
    fn follows(&self, nda: PaperId, again: Option<NegotiationId>) -> Result<Follows, Misconduct> {
        let newest = self.newest_under(nda);
        match (again, newest) {
            (None, None) => Ok(Follows::New(None)),
            // Our answer to an earlier opening was lost before anything came of it.
            (None, Some(newest)) if newest.begin.again.is_none() && newest.current().request.is_none() => {
                Ok(Follows::New((!newest.ended).then_some(newest.id)))
            }
            (Some(before), Some(newest)) if newest.begin.again == Some(before) => Ok(Follows::Known),
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

    fn on_begun(&mut self, nda: PaperId, nonce: &[u8; 16]) -> Result<(), Misconduct> {
        let begin = self.begins.remove(&nda).ok_or(Misconduct::OutOfTurn)?;
        let id = self.ndas.get(&nda).and_then(|state| state.id).ok_or(Misconduct::WrongNda)?;
        let negotiation = match begin.again {
            None => negotiation_id(id, &begin.nonce, nonce),
            Some(before) => negotiation_again(before),
        };
        let at = self.now;
        let event = NegotiationEvent::Begun { begin: Box::new(begin), side: Side::A, at };
        self.record(Record::Negotiation { id: negotiation, nda, event });
        self.note(Event::NegotiationBegun { negotiation, nda });
        Ok(())
    }

    /// After a new handshake: say again what the other side may have missed.
    pub(super) fn resume_negotiations(&mut self, ids: &[NegotiationId]) {
        for id in ids {
            self.dirty.resay.insert(*id);
        }
    }

    /// What the other side may not have heard, after a session was opened anew.
    pub(super) fn resay(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let (nda, side) = (negotiation.nda, negotiation.side);
        if self.newest_under(nda).is_some_and(|newest| newest.id != id) {
            // Both have gone on; what is still owed there is on the chain.
            return;
        }
        if negotiation.panel.is_none() {
            return self.say_panel(id, rng);
        }
        let bodies = match (&negotiation.accepted, &negotiation.hold, &negotiation.last) {
            // What made the head ready may be lost as well, and an acceptance counts only after it.
            (Some(_), hold, _) => {
                let held = hold.iter().flat_map(|hold| self.hold_again(negotiation, hold));
                held.chain(self.assent_of(negotiation)).collect()
            }
            (None, Some(hold), _) => self.hold_again(negotiation, hold),
            (None, None, Some(last)) if last.by == side => {
                let terms = Box::new(last.terms.clone());
                let body = if last.reserved { Say::ReservedOffer(terms) } else { Say::Offer(terms) };
                if let Ok(head) = self.say(nda, body.category(), body, rng) {
                    self.event(id, NegotiationEvent::Resaid { head });
                }
                return;
            }
            (None, None, _) => Vec::new(),
        };
        for body in bodies {
            self.speak(nda, body, rng);
        }
    }

    /// Says something that is said again after the next handshake, should it not arrive.
    pub(super) fn speak(&mut self, nda: PaperId, body: Say, rng: &mut dyn CryptoRng) {
        let _ = self.say(nda, body.category(), body, rng);
    }

    pub(super) fn drive_negotiation(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        self.drive_panel(id, rng);
        self.follow_strategy(id, rng);
        self.drive_hold(id, rng);
        self.sign_accepted(id);
        self.form_deal(id);
        self.lapse_when_late(id, rng);
    }

    /// When a negotiation must be looked at again.
    pub(super) fn negotiation_deadline(&self) -> Option<Timestamp> {
        let limit = core::time::Duration::from_secs(self.policy.negotiation_secs_max);
        self.negotiations
            .values()
            // What is accepted waits for the chain, which wakes us.
            .filter(|n| !n.ended && n.accepted.is_none())
            .filter_map(|n| match &n.hold {
                Some(hold) => Some(Timestamp::from_secs(hold.until())),
                None => self.panel_deadline(n).into_iter().chain(Some(n.at.plus(limit))).min(),
            })
            .min()
    }

    pub(super) fn set_strategy(
        &mut self,
        id: NegotiationId,
        concession: Concession,
        _rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        if !self.negotiations.contains_key(&id) {
            return Err(not_found("negotiation", id));
        }
        if concession.rounds == 0 {
            return Err(invalid("a concession takes at least one round"));
        }
        self.event(id, NegotiationEvent::Strategy(concession));
        Ok(Some(Reply::Accepted))
    }

    pub(super) fn end_negotiation(
        &mut self,
        id: NegotiationId,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        if negotiation.accepted.is_some() || negotiation.ended {
            return Err(not_now("an acceptance is firm until its time is over"));
        }
        let nda = negotiation.nda;
        self.event(id, NegotiationEvent::Ended);
        self.note(Event::Ended { negotiation: id });
        let _ = self.say(nda, Category::Announcement, Say::End, rng);
        Ok(Some(Reply::Accepted))
    }
}

/// Where an opening stands among those before it.
enum Follows {
    /// It is the next one; what it leaves behind unfinished ends.
    New(Option<NegotiationId>),
    /// It is the one that we hold already.
    Known,
    /// The one before still binds us.
    NotYet,
}

/// Refuses a pact that could not be judged.
pub(super) fn judgeable(pact: &Pact) -> Result<(), Refusal> {
    clause::check(pact).map_err(|(clause, why)| Refusal::Unjudgeable { clause, why: why.to_string() })
}

/// Why a frame did not leave, for the client.
pub(super) fn unsaid(error: SayError) -> Refusal {
    not_now(&error.to_string())
}
