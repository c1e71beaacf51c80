//! Deals that a principal decides: the head is held, the principal approves one digest, then both sign.
//!
//! An escalation comes before anybody signs. Whoever would accept asks the other side to hold the
//! head; from then on the agreement is fixed, and its digest is what the principal approves. A buyer
//! whose mandate asks the escrow for the approval hands it to the seller, so that either side can open
//! the deal.
//!
//! Every step is recorded before it is said; after a crash or a new handshake it is said again.
//!
//! Deliberately absent: the principal's answer, and the acceptance that follows.

use rand_core::CryptoRng;

use super::{Node, invalid, not_found, not_now};
use crate::{
    command::{Event, Refusal, Reply},
    document::{Agreement, Document, Salt, TermSheet},
    ids::{Head, NegotiationId},
    ledger::state::MandateFact,
    misconduct::Misconduct,
    money::Usdc,
    policy::{HOLD_SECS_MAX, Rule},
    side::Side,
    stage::negotiation::{Hold, Negotiation, NegotiationEvent, Thaw},
    typed::{self, Approve, Typed},
    wire::{AskHold, Ready, Say},
};

impl Node {
    /// The mandate by which the buyer buys for a principal, where it does.
    pub(super) fn mandate_of_buyer(&self, negotiation: &Negotiation) -> Option<&MandateFact> {
        let (text, _) = self.ndas.get(&negotiation.nda)?.signed()?;
        let escrow = self.network.deployment.contracts.escrow;
        let mandate = self.ledger.state().mandate(text.a.settlement, escrow)?;
        (text.a.mandated && mandate.revoked.is_none()).then_some(mandate)
    }

    /// Whether the escrow opens a deal on these terms only with the approval of the buyer's principal.
    pub(super) fn escrow_asks(&self, negotiation: &Negotiation, terms: &TermSheet) -> bool {
        let limit = self.mandate_of_buyer(negotiation).map(|mandate| mandate.terms.humanAbove);
        limit.zip(terms.buyer_total()).is_some_and(|(limit, total)| total > Usdc(limit))
    }

    /// Whether our principal may be asked about this price: there is time for it, and it has not been
    /// asked about the same or better already.
    ///
    /// # Errors
    /// [`Refusal::Approval`], [`Refusal::Unapproved`].
    pub(super) fn may_ask(&self, id: NegotiationId, rule: &Rule, price: Usdc) -> Result<(), Refusal> {
        if self.policy.hold_secs == 0 {
            return Err(Refusal::Approval(rule.clone()));
        }
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        match negotiation.unapproved {
            Some(unapproved) if negotiation.unapproved(price) => {
                Err(Refusal::Unapproved { price, unapproved })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Asks the other side to hold the head that we would accept; `rule` is why our principal is asked.
    pub(super) fn ask_hold(
        &mut self,
        id: NegotiationId,
        rule: Option<Rule>,
        now: u64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        let Some(last) = &negotiation.last else { return Err(not_now("there is no offer yet")) };
        if negotiation.not_held.is_some_and(|head| last.was_said_at(head)) {
            return Err(not_now("the other side does not hold this offer; make another one"));
        }
        let (asks, price) = (rule.is_some(), last.terms.price);
        match &rule {
            Some(rule) => self.may_ask(id, rule, price)?,
            None if self.policy.hold_secs == 0 => {
                return Err(not_now(
                    "the other side waits for its principal, and the policy holds for nobody",
                ));
            }
            None => {}
        }
        let secs = self.policy.hold_secs.min(HOLD_SECS_MAX);
        let (nda, by, head, until, salt) =
            (negotiation.nda, negotiation.side, last.head, now + secs, Salt::random(rng));
        let agreement = self.compose(negotiation, &last.terms, head, until, until, salt).map_err(invalid)?;
        let deal = Agreement::deal(&agreement).id(&self.network.deployment.contracts);
        self.event(id, NegotiationEvent::Held { by, head, agreement: Box::new(agreement), asks });
        self.speak(nda, Say::Hold(AskHold { head, until, salt }), rng);
        Ok(Some(Reply::Held(deal, until)))
    }

    /// The other side would accept our offer and asks to hold it: for its principal, or for ours.
    pub(super) fn on_hold(
        &mut self,
        id: NegotiationId,
        ask: &AskHold,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let (nda, side) = (negotiation.nda, negotiation.side);
        let AskHold { head, until, salt } = *ask;
        if let Some(hold) = &negotiation.hold {
            let same =
                hold.by != side && (hold.head, hold.until(), hold.agreement.salt()) == (head, until, salt);
            if !same {
                return Err(Misconduct::StaleAccept);
            }
            self.speak(nda, Say::Held(head), rng);
            return Ok(());
        }
        let last = negotiation.last.as_ref().ok_or(Misconduct::StaleAccept)?;
        if last.by != side || !last.was_said_at(head) || negotiation.accepted.is_some() {
            return Err(Misconduct::StaleAccept);
        }
        let (now, skew) = (self.now.secs(), self.network.timing.skew_secs);
        if until <= now || until > now + HOLD_SECS_MAX + skew {
            return Err(Misconduct::TermsDiffer { what: "until".into() });
        }
        let (terms, price) = (last.terms.clone(), last.terms.price);
        let agreement = self
            .compose(negotiation, &terms, head, until, until, salt)
            .map_err(|what| Misconduct::TermsDiffer { what })?;
        let asked_before = negotiation.unapproved(price);
        let patient = until <= now + self.policy.hold_secs + skew;
        let answer = self.allow(id, "hold", &terms);
        let peer = self.ndas.get(&nda).map(|state| state.peer).ok_or(Misconduct::WrongNda)?;
        let may_promise = self.promise_time().is_ok() && self.check_not_paused(peer).is_ok();
        let (Ok(rule), true, true) = (answer, patient, may_promise) else {
            self.speak(nda, Say::Unhold(head), rng);
            return Ok(());
        };
        let asks = rule.is_some();
        if asks && asked_before {
            self.speak(nda, Say::Unhold(head), rng);
            return Ok(());
        }
        let by = side.other();
        self.event(id, NegotiationEvent::Held { by, head, agreement: Box::new(agreement), asks });
        self.hold_agreed(id);
        self.speak(nda, Say::Held(head), rng);
        Ok(())
    }

    /// Both sides hold the head: from here on its digest can be approved.
    fn hold_agreed(&mut self, id: NegotiationId) {
        self.event(id, NegotiationEvent::HoldAgreed);
        let Some(hold) = self.negotiations.get(&id).and_then(|n| n.hold.as_ref()) else { return };
        if hold.asks {
            let deal = hold.deal.id(&self.network.deployment.contracts);
            let until_secs = hold.until();
            self.note(Event::ApprovalNeeded { negotiation: id, deal, until_secs });
        }
    }

    pub(super) fn on_held(&mut self, id: NegotiationId, head: Head) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        // A hold that we have given up meanwhile is no fault of the other side.
        let Some(hold) = &negotiation.hold else { return Ok(()) };
        if hold.by != negotiation.side || hold.head != head {
            return Err(Misconduct::OutOfTurn);
        }
        if !hold.agreed {
            self.hold_agreed(id);
        }
        Ok(())
    }

    pub(super) fn on_unhold(&mut self, id: NegotiationId, head: Head) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let held = negotiation.hold.as_ref().is_some_and(|hold| hold.head == head);
        // What is accepted is firm, whatever the other side says.
        if held && negotiation.accepted.is_none() {
            self.thaw(id, Thaw::Peer);
        }
        Ok(())
    }

    pub(super) fn on_ready(&mut self, id: NegotiationId, ready: &Ready) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let Some(hold) = &negotiation.hold else { return Ok(()) };
        let side = negotiation.side.other();
        if hold.head != ready.head || !hold.agreed {
            return Err(Misconduct::OutOfTurn);
        }
        if hold.ready(side) {
            return Ok(());
        }
        let mut approval = None;
        if side == Side::A && self.escrow_asks(negotiation, &hold.agreement.terms) {
            let principal = hold.agreement.buyer.principal.address;
            let digest = self.approve_digest(hold);
            let sound = ready.approval.filter(|signature| signature.is_by(principal, digest.into()));
            approval = Some(sound.ok_or_else(|| Misconduct::bad_signature("approval"))?);
        }
        self.event(id, NegotiationEvent::Ready { side, approval });
        Ok(())
    }

    /// Moves a hold as far as it goes by itself, and ends it when its time is over.
    pub(super) fn drive_hold(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some(hold) = &negotiation.hold else { return };
        if negotiation.accepted.is_some() || negotiation.ended {
            return;
        }
        let (nda, side, head) = (negotiation.nda, negotiation.side, hold.head);
        let (now, until) = (self.now.secs(), hold.until());
        if now >= until {
            self.thaw(id, Thaw::Lapsed);
            return self.speak(nda, Say::Unhold(head), rng);
        }
        if !hold.agreed || hold.waits() {
            return;
        }
        let (ours, theirs) = (hold.ready(side), hold.ready(side.other()));
        if !ours {
            let for_escrow = side == Side::A && self.escrow_asks(negotiation, &hold.agreement.terms);
            let approval = hold.approval.filter(|_| for_escrow);
            self.event(id, NegotiationEvent::Ready { side, approval });
            self.speak(nda, Say::Ready(Ready { head, approval }), rng);
        }
        // Both clocks must still be before the end when the acceptance arrives.
        let in_time = now + self.network.timing.skew_secs < until;
        if theirs && in_time && self.promise_time().is_ok() {
            self.accept_held(id);
        }
    }

    /// As the one who asked: both sides are ready, so the acceptance is recorded, and then signed.
    fn accept_held(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some(hold) = &negotiation.hold else { return };
        if hold.by == negotiation.side {
            let (by, head, agreement) = (hold.by, hold.head, Box::new(hold.agreement.clone()));
            self.event(id, NegotiationEvent::Accepted { by, head, agreement });
        }
    }

    pub(super) fn thaw(&mut self, id: NegotiationId, why: Thaw) {
        self.event(id, NegotiationEvent::Thawed(why));
        self.note(Event::Thawed { negotiation: id, why });
    }

    /// What a hold makes us say again after a new handshake.
    pub(super) fn hold_again(&self, negotiation: &Negotiation, hold: &Hold) -> Vec<Say> {
        let (side, head) = (negotiation.side, hold.head);
        let first = if hold.by == side {
            Say::Hold(AskHold { head, until: hold.until(), salt: hold.agreement.salt() })
        } else {
            Say::Held(head)
        };
        let approval = hold.for_escrow.filter(|_| side == Side::A);
        let ready = hold.ready(side).then_some(Say::Ready(Ready { head, approval }));
        core::iter::once(first).chain(ready).collect()
    }

    /// The agreement that an acceptance stands for, where the head is held.
    pub(super) fn accepted_hold(
        hold: &Hold,
        acceptance: &crate::wire::Acceptance,
        ours: Side,
    ) -> Result<Document<Agreement>, Misconduct> {
        let ready = hold.agreed && hold.ready(Side::A) && hold.ready(Side::B);
        if hold.by == ours || !ready {
            return Err(Misconduct::NotHeld);
        }
        let said = (acceptance.head, acceptance.start, acceptance.fund_by, acceptance.salt);
        if said != (hold.head, hold.until(), hold.until(), hold.agreement.salt()) {
            return Err(Misconduct::TermsDiffer { what: "hold".into() });
        }
        Ok(hold.agreement.clone())
    }

    pub(super) fn approve_digest(&self, hold: &Hold) -> [u8; 32] {
        let contracts = &self.network.deployment.contracts;
        let deal = hold.deal.id(contracts).word();
        Approve { deal, until: typed::u40(hold.until()) }.digest(contracts).0
    }
}
