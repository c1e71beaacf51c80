//! Accept and confirm: the two commitments of a negotiation, and how one is left again.
//!
//! Whoever accepts composes the agreement, records it and signs it; the other side composes the same
//! one from the same head and confirms. Each is one durable record before one signature, in a slot
//! that takes one set of digests for ever. It is left on facts alone.
//!
//! Deliberately absent: opening the escrow, which begins with the deal that is formed here.

use rand_core::CryptoRng;

use super::{Node, invalid, not_found, not_now, papers, terms::lasts_until};
use crate::{
    command::{Event, Refusal, Reply},
    deal::DealEvent,
    document::{AgeRecipient, Agreement, Category, Document, Juror, Panel, Salt, TermSheet},
    ids::{DealId, Head, NegotiationId},
    job::{Payload, Signing, Slot},
    misconduct::Misconduct,
    policy::Rule,
    proof::Proof,
    record::Record,
    side::Side,
    stage::negotiation::{Accepted, Negotiation, NegotiationEvent},
    text::BoundedVec,
    typed::{Deal as DealTerms, EthSignature, Fund, Typed},
    wire::{Acceptance, Assent, Say, SeatAccepted},
};

/// An acceptance that no principal has to decide is firm for at most this long, seconds.
const FIRM_SECS_MAX: u64 = 300;

impl Node {
    pub(super) fn accept_offer(
        &mut self,
        id: NegotiationId,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        let Some(last) = negotiation.last.clone() else { return Err(not_now("there is no offer yet")) };
        if let (Some(hold), None) = (&negotiation.hold, &negotiation.accepted)
            && hold.by == negotiation.side
        {
            // Asked again while the answer is out: the same hold, and the principal is asked once.
            let deal = hold.deal.id(&self.network.deployment.contracts);
            return Ok(Some(Reply::Held(deal, hold.until())));
        }
        if !negotiation.our_turn() {
            return Err(not_now("the last offer is ours, or the stage is over"));
        }
        if !self.session_open(negotiation.nda) {
            return Err(not_now("the session is not open"));
        }
        let (side, nda) = (negotiation.side, negotiation.nda);
        if let Some(state) = self.ndas.get(&nda) {
            self.check_not_paused(state.peer)?;
        }
        let start = self.promise_time()?;
        let rule = self.allow(id, "accept", &last.terms)?;
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        if rule.is_some() || last.reserved || self.escrow_asks(negotiation, &last.terms) {
            return self.ask_hold(id, rule, start, rng);
        }
        let fund_by = start + self.network.timing.firm_secs;
        let salt = Salt::random(rng);
        let agreement =
            self.compose(negotiation, &last.terms, last.head, start, fund_by, salt).map_err(invalid)?;
        let event = NegotiationEvent::Accepted { by: side, head: last.head, agreement: Box::new(agreement) };
        self.event(id, event);
        Ok(Some(Reply::Accepted))
    }

    /// The agreement that follows from a head: the same on both sides.
    pub(super) fn compose(
        &self,
        negotiation: &Negotiation,
        terms: &Document<TermSheet>,
        head: Head,
        start: u64,
        fund_by: u64,
        salt: Salt,
    ) -> Result<Document<Agreement>, String> {
        let (text, _) = self.ndas.get(&negotiation.nda).and_then(|state| state.signed()).ok_or("no NDA")?;
        let (ends, destroy_by) = (lasts_until(terms, start), text.destroy_by_secs);
        if ends > destroy_by {
            return Err(Rule::Outlives { ends, destroy_by }.to_string());
        }
        let panel = negotiation.panel.as_ref().ok_or("no panel")?;
        let request = negotiation.current().request.as_ref().ok_or("no panel request")?;
        let mut jurors = BoundedVec::new();
        for seat in panel {
            jurors.push(self.juror(seat)?).map_err(|e| e.to_string())?;
        }
        let content = Agreement {
            negotiation: negotiation.id,
            terms: terms.clone(),
            buyer: text.a,
            seller: text.b,
            panel: Panel {
                request: request.digest(&self.network.deployment.contracts),
                beacon_round: request.beaconRound,
                attempt: negotiation.attempt,
                jurors,
            },
            transcript_head: head,
            start_secs: start,
            fund_by_secs: fund_by,
        };
        Document::new(self.network.chain(), salt, content).map_err(|e| e.to_string())
    }

    fn juror(&self, accepted: &SeatAccepted) -> Result<Juror, String> {
        let seat =
            self.registered().find(|seat| seat.holder == accepted.juror).ok_or("a juror without a seat")?;
        let listing = self.directory.settlement(accepted.juror).ok_or("a juror without a card")?;
        let age_recipient = AgeRecipient::from_key(accepted.recipient).map_err(|e| e.to_string())?;
        let did = listing.card.document.agent;
        Ok(Juror { seat: seat.index.0, account: accepted.juror, did, age_recipient })
    }

    /// Signs what was accepted, once; the slot takes one set of digests for ever.
    pub(super) fn sign_accepted(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some(accepted) = &negotiation.accepted else { return };
        let ours = match negotiation.side {
            Side::A => &negotiation.by_a,
            Side::B => &negotiation.by_b,
        };
        if ours.is_some() || self.is_pending(|job| is_agreement(job, id)) {
            return;
        }
        let nda = negotiation.nda;
        let payloads = vec![
            papers::payload(self.me.did, self.now, accepted.agreement.id()),
            Payload::Typed { digest: self.commitment(negotiation.side, &accepted.deal) },
        ];
        self.sign(Some(nda), Slot::exclusive(format!("negotiation/{id}")), payloads, Signing::Agreement(id));
    }

    /// What each side signs for the escrow: the buyer `Fund(deal)`, the seller the deal itself.
    pub(super) fn commitment(&self, side: Side, deal: &DealTerms) -> [u8; 32] {
        let digest = deal.digest(&self.network.deployment.contracts);
        match side {
            Side::A => Fund { deal: digest }.digest(&self.network.deployment.contracts).0,
            Side::B => digest.0,
        }
    }

    pub(super) fn on_agreement_signed(
        &mut self,
        id: NegotiationId,
        proof: Proof,
        signature: EthSignature,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let (nda, side) = (negotiation.nda, negotiation.side);
        let assent = Box::new(Assent { proof, signature });
        self.event(id, NegotiationEvent::Assented { side, assent });
        let body = self.negotiations.get(&id).and_then(|negotiation| self.assent_of(negotiation));
        if let Some(body) = body {
            let _ = self.say(nda, Category::Offer, body, rng);
        }
    }

    pub(super) fn assent_of(&self, negotiation: &Negotiation) -> Option<Say> {
        let accepted = negotiation.accepted.as_ref()?;
        let ours = match negotiation.side {
            Side::A => negotiation.by_a.clone()?,
            Side::B => negotiation.by_b.clone()?,
        };
        Some(if accepted.by == negotiation.side {
            Say::Accept(Box::new(Acceptance {
                head: accepted.head,
                start: accepted.agreement.start_secs,
                fund_by: accepted.agreement.fund_by_secs,
                salt: accepted.agreement.salt(),
                assent: ours,
            }))
        } else {
            Say::Confirm(Box::new(ours))
        })
    }

    pub(super) fn on_accept(&mut self, id: NegotiationId, acceptance: &Acceptance) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let side = negotiation.side;
        if let Some(held) = &negotiation.accepted {
            return self.accepted_again(negotiation, held, acceptance);
        }
        let last = negotiation.last.as_ref().ok_or(Misconduct::StaleAccept)?;
        if last.by != side || !last.was_said_at(acceptance.head) {
            return Err(Misconduct::StaleAccept);
        }
        let terms = last.terms.clone();
        let Ok(now) = self.promise_time() else {
            // Without a common time nothing is promised: the other side is released at `fund_by`.
            self.note(Event::Trouble { what: "an acceptance came while clock and chain differ".into() });
            return Ok(());
        };
        let agreement = match &negotiation.hold {
            Some(hold) => Self::accepted_hold(hold, acceptance, side)?,
            None if last.reserved || self.escrow_asks(negotiation, &terms) => {
                return Err(Misconduct::NotHeld);
            }
            None => self.accepted_now(negotiation, &terms, acceptance, now)?,
        };
        let held = negotiation.hold.is_some();
        if acceptance.fund_by <= now {
            // It came too late to be opened; nobody is bound by it for longer.
            return Ok(());
        }
        let deal = Agreement::deal(&agreement);
        self.check_assent(negotiation, side.other(), &agreement, &deal, &acceptance.assent)?;
        // What is held was decided when it was held. An own offer that is outside the limits meanwhile is
        // not confirmed: the other side is released at `fund_by`.
        if !held && !matches!(self.allow(id, "confirm", &terms), Ok(None)) {
            return Ok(());
        }
        let event = NegotiationEvent::Accepted {
            by: side.other(),
            head: acceptance.head,
            agreement: Box::new(agreement),
        };
        self.event(id, event);
        let assent = Box::new(acceptance.assent.clone());
        self.event(id, NegotiationEvent::Assented { side: side.other(), assent });
        Ok(())
    }

    /// The agreement that an acceptance of a head that is not held stands for.
    fn accepted_now(
        &self,
        negotiation: &Negotiation,
        terms: &Document<TermSheet>,
        acceptance: &Acceptance,
        now: u64,
    ) -> Result<Document<Agreement>, Misconduct> {
        let &Acceptance { head, start, fund_by, salt, .. } = acceptance;
        let firm = start <= fund_by && fund_by - start <= FIRM_SECS_MAX;
        if !firm || start.abs_diff(now) > self.network.timing.skew_secs {
            return Err(Misconduct::TermsDiffer { what: "start".into() });
        }
        self.compose(negotiation, terms, head, start, fund_by, salt)
            .map_err(|what| Misconduct::TermsDiffer { what })
    }

    /// A second acceptance: the same one is repeated after a restart, one of another head is stale, and
    /// one that signs other papers for the same head is the breach that the slot is there to prove.
    fn accepted_again(
        &self,
        negotiation: &Negotiation,
        held: &Accepted,
        acceptance: &Acceptance,
    ) -> Result<(), Misconduct> {
        if held.head != acceptance.head {
            return Err(Misconduct::StaleAccept);
        }
        let content = Agreement {
            start_secs: acceptance.start,
            fund_by_secs: acceptance.fund_by,
            ..held.agreement.content().clone()
        };
        let again = Document::new(self.network.chain(), acceptance.salt, content)
            .map_err(|_| Misconduct::malformed("acceptance"))?;
        if again.id() == held.agreement.id() || held.by == negotiation.side {
            return Ok(());
        }
        let deal = Agreement::deal(&again);
        self.check_assent(negotiation, negotiation.side.other(), &again, &deal, &acceptance.assent)?;
        Err(Misconduct::SecondDigest { slot: format!("negotiation/{}", negotiation.id) })
    }

    fn check_assent(
        &self,
        negotiation: &Negotiation,
        side: Side,
        agreement: &Document<Agreement>,
        deal: &DealTerms,
        assent: &Assent,
    ) -> Result<(), Misconduct> {
        let (text, _) =
            self.ndas.get(&negotiation.nda).and_then(|s| s.signed()).ok_or(Misconduct::WrongNda)?;
        let party = match side {
            Side::A => &text.a,
            Side::B => &text.b,
        };
        let sound = assent.proof.verify(agreement.id(), party.did);
        sound.map_err(|_| Misconduct::bad_signature("agreement"))?;
        self.check_typed(self.commitment(side, deal), &assent.signature, party.settlement, "deal")
    }

    pub(super) fn on_confirm(&mut self, id: NegotiationId, assent: Assent) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let accepted = negotiation.accepted.as_ref().ok_or(Misconduct::OutOfTurn)?;
        let other = negotiation.side.other();
        let held = match other {
            Side::A => &negotiation.by_a,
            Side::B => &negotiation.by_b,
        };
        if held.is_some() {
            // Signing the same digests again is allowed: equivocation compares digests, never signatures.
            return self.check_assent(negotiation, other, &accepted.agreement, &accepted.deal, &assent);
        }
        if accepted.by != negotiation.side {
            return Err(Misconduct::OutOfTurn);
        }
        self.check_assent(negotiation, other, &accepted.agreement, &accepted.deal, &assent)?;
        self.event(id, NegotiationEvent::Assented { side: other, assent: Box::new(assent) });
        Ok(())
    }

    /// Both have signed, or the chain shows it open whatever has arrived here: the deal has its id.
    pub(super) fn form_deal(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some(accepted) = &negotiation.accepted else { return };
        let deal: DealId = accepted.deal.id(&self.network.deployment.contracts);
        if let Some(held) = self.deals.get(&deal) {
            let missing =
                [(Side::A, &held.by_a, &negotiation.by_a), (Side::B, &held.by_b, &negotiation.by_b)];
            let arrived = missing.into_iter().filter(|(_, held, _)| held.is_none());
            let arrived: Vec<_> = arrived.filter_map(|(side, _, by)| Some((side, by.clone()?))).collect();
            for (side, assent) in arrived {
                self.deal_event(deal, DealEvent::Countersigned { side, assent: Box::new(assent) });
            }
            return;
        }
        let formed = negotiation.agreed().is_some() || self.deal_fact(deal).is_some();
        if !formed {
            return;
        }
        let event = DealEvent::Agreed {
            negotiation: id,
            side: negotiation.side,
            agreement: Box::new(accepted.agreement.clone()),
            by_a: negotiation.by_a.clone().map(Box::new),
            by_b: negotiation.by_b.clone().map(Box::new),
            approval: negotiation.hold.as_ref().and_then(|hold| hold.for_escrow),
            panel: negotiation.panel.clone().unwrap_or_default(),
            at: self.now,
        };
        let nda = negotiation.nda;
        self.record(Record::Deal { id: deal, nda, event: Box::new(event) });
        self.note(Event::Agreed { negotiation: id, deal });
    }

    /// Ends what took too long: without an acceptance by the clock, after one on facts alone.
    pub(super) fn lapse_when_late(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let limit = core::time::Duration::from_secs(self.policy.negotiation_secs_max);
        if negotiation.ended || self.deal_of(negotiation).is_some() {
            return;
        }
        let over = match &negotiation.accepted {
            Some(accepted) => {
                let deal = accepted.deal.id(&self.network.deployment.contracts);
                self.can_never_open(deal, accepted.agreement.fund_by_secs)
            }
            None => negotiation.hold.is_none() && self.now >= negotiation.at.plus(limit),
        };
        if !over {
            return;
        }
        let side = negotiation.side;
        let ours = negotiation.accepted.as_ref().is_some_and(|accepted| accepted.by == side);
        let theirs = match side {
            Side::A => &negotiation.by_b,
            Side::B => &negotiation.by_a,
        };
        let unconfirmed = ours && theirs.is_none();
        let peer = self.ndas.get(&negotiation.nda).map(|state| state.peer);
        let nda = negotiation.nda;
        self.event(id, NegotiationEvent::Ended);
        self.note(Event::Ended { negotiation: id });
        // A side that lost its own offer with its process cannot know that it was accepted: tell it.
        let _ = self.say(nda, Category::Announcement, Say::End, rng);
        if let (true, Some(peer)) = (unconfirmed, peer) {
            self.misbehaved(peer, Misconduct::NotConfirmed);
        }
    }
}

fn is_agreement(job: &crate::job::Job, id: NegotiationId) -> bool {
    matches!(job, crate::job::Job::Sign { then: Signing::Agreement(of), .. } if *of == id)
}
