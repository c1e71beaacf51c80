//! What is said in a negotiation, and how it ends without agreement.
//!
//! What arrives in the session is handed to whoever it is for: the opening, the panel, offers, holds,
//! agreement. After a new handshake each side says again what the other may have missed.
//!
//! Deliberately absent: terms, offers, holds and signatures, each in a file of its own.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{Node, not_found, not_now, session::SayError};
use crate::{
    command::{Event, Refusal, Reply},
    document::Category,
    ids::{ContentHash, Head, NegotiationId, PaperId},
    misconduct::Misconduct,
    policy::Answer,
    record::{Decision, Record},
    stage::negotiation::{Negotiation, NegotiationEvent},
    time::Timestamp,
    wire::Say,
};

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

    pub(super) fn newest_under(&self, nda: PaperId) -> Option<&Negotiation> {
        let key = |n: &&Negotiation| (n.at, n.begin.again.is_some());
        self.negotiations.values().filter(|n| n.nda == nda).max_by_key(key)
    }

    /// Whether a negotiation binds nobody any more: it ended, or its deal is open or can never be.
    pub(super) fn is_over(&self, negotiation: &Negotiation) -> bool {
        let deal = self.deal_of(negotiation).and_then(|id| self.deals.get(&id));
        negotiation.ended || deal.is_some_and(|deal| deal.opened || deal.lapsed)
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

/// Why a frame did not leave, for the client.
pub(super) fn unsaid(error: SayError) -> Refusal {
    not_now(&error.to_string())
}
