//! How this node negotiates: begin, offer, accept, confirm.
//!
//! Every own offer and acceptance is asked of the policy first. An offer is said and recorded with
//! the next durable batch; an acceptance is durable before it is signed.

use alloy_primitives::Address;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{Node, invalid, not_found, not_now, papers, session::SayError};
use crate::{
    command::{Concession, Event, NewNegotiation, Proposal, ProposedMilestone, Refusal, Reply},
    deal::DealEvent,
    document::{
        AgeRecipient, Agreement, Category, Document, Fallback, Juror, Milestone, Pact, Panel, PanelTerms,
        Salt, TermSheet,
    },
    ids::{ContentHash, DealId, Head, NegotiationId, PaperId},
    job::{Payload, Signing, Slot},
    misconduct::Misconduct,
    money::Usdc,
    policy::Answer,
    proof::Proof,
    record::{Decision, Record},
    side::Side,
    stage::negotiation::{Accepted, Negotiation, NegotiationEvent},
    text::{BoundError, BoundedVec},
    time::Timestamp,
    typed::{Deal as DealTerms, EthSignature, Fund, Typed},
    wire::{Acceptance, Assent, Begin, Say, SeatAccepted},
};

/// Vaults that a deal names.
const VAULTS: usize = 2;

/// The negotiation's id: both nonces, each side's own way round, under the NDA.
#[must_use]
pub fn negotiation_id(nda: crate::ids::NdaId, a: &[u8; 16], b: &[u8; 16]) -> NegotiationId {
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
    fn event(&mut self, id: NegotiationId, event: NegotiationEvent) {
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

    /// Money that open deals and firm acceptances may still cost.
    pub(super) fn committed(&self) -> Usdc {
        let deals = self.deals.values().map(crate::deal::Deal::committed);
        let firm = self
            .negotiations
            .values()
            .filter(|n| n.side == Side::A && !n.ended && n.agreed().is_none())
            .filter_map(|n| n.accepted.as_ref())
            .map(|accepted| accepted.agreement.terms.price);
        Usdc::sum(deals.chain(firm)).unwrap_or(Usdc(u64::MAX))
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
        let choice = nda.choice.as_ref().ok_or_else(|| not_now("this NDA has no bid"))?;
        let own =
            self.market.requests.get(&choice.request).ok_or_else(|| not_found("request", choice.request))?;
        let bid = own.bids.get(&choice.bid).ok_or_else(|| not_found("bid", choice.bid))?;
        let (request, bid_id) = (choice.request, choice.bid);
        let template = &bid.pact.document;
        let sources = own.request.document.inputs.clone();
        let content = Pact { template: Some(template.id()), sources, ..template.content().clone() };
        let pact = papers::paper(self.network.chain(), content, rng).map_err(|e| invalid(e.to_string()))?;
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let begin = Begin { nonce, request, bid: bid_id, pact, size: new.size, quorum: new.quorum };
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
            Say::Offer(terms) => self.on_offer(open()?, *terms, head, rng),
            Say::Accept(acceptance) => self.on_accept(open()?, &acceptance),
            Say::Confirm(assent) => self.on_confirm(open()?, *assent),
            Say::End => {
                if let Some(id) = current {
                    self.event(id, NegotiationEvent::Ended);
                    self.note(Event::Ended { negotiation: id });
                }
                Ok(())
            }
        }
    }

    /// The one negotiation under an NDA that is under way.
    fn current_under(&self, nda: PaperId) -> Option<NegotiationId> {
        self.negotiations.values().filter(|n| n.nda == nda && !n.ended).max_by_key(|n| n.at).map(|n| n.id)
    }

    fn on_begin(&mut self, nda: PaperId, begin: Begin, rng: &mut dyn CryptoRng) -> Result<(), Misconduct> {
        let state = self.ndas.get(&nda).ok_or(Misconduct::WrongNda)?;
        let id = state.id.ok_or(Misconduct::WrongNda)?;
        if state.side != Side::B || state.bid() != Some(begin.bid) {
            return Err(Misconduct::OutOfTurn);
        }
        let own = self.market.bids.get(&begin.bid).ok_or(Misconduct::OutOfTurn)?;
        let template = &own.pact.document;
        let inputs = &own.request.document.inputs;
        let expected =
            Pact { template: Some(template.id()), sources: inputs.clone(), ..template.content().clone() };
        if *begin.pact.content() != expected {
            return Err(Misconduct::TermsDiffer { what: "pact".into() });
        }
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let negotiation = negotiation_id(id, &begin.nonce, &nonce);
        let at = self.now;
        let event = NegotiationEvent::Begun { begin: Box::new(begin), side: Side::B, at };
        self.record(Record::Negotiation { id: negotiation, nda, event });
        self.note(Event::NegotiationBegun { negotiation, nda });
        let _ = self.say(nda, Category::Announcement, Say::Begun(nonce), rng);
        Ok(())
    }

    fn on_begun(&mut self, nda: PaperId, nonce: &[u8; 16]) -> Result<(), Misconduct> {
        let begin = self.begins.remove(&nda).ok_or(Misconduct::OutOfTurn)?;
        let id = self.ndas.get(&nda).and_then(|state| state.id).ok_or(Misconduct::WrongNda)?;
        let negotiation = negotiation_id(id, &begin.nonce, nonce);
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
        if negotiation.panel.is_none() {
            return self.say_panel(id, rng);
        }
        let body = match (&negotiation.accepted, &negotiation.last) {
            (Some(_), _) => self.assent_of(negotiation),
            (None, Some(last)) if last.by == side => Some(Say::Offer(Box::new(last.terms.clone()))),
            (None, _) => None,
        };
        if let Some(body) = body {
            let _ = self.say(nda, Category::Offer, body, rng);
        }
    }

    fn assent_of(&self, negotiation: &Negotiation) -> Option<Say> {
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

    pub(super) fn drive_negotiation(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        self.drive_panel(id, rng);
        self.follow_strategy(id, rng);
        self.sign_accepted(id);
        self.form_deal(id);
        self.lapse_when_late(id);
    }

    /// When a negotiation must be looked at again.
    pub(super) fn negotiation_deadline(&self) -> Option<Timestamp> {
        let limit = core::time::Duration::from_secs(self.policy.negotiation_secs_max);
        self.negotiations
            .values()
            .filter(|n| !n.ended && n.agreed().is_none())
            .filter_map(|n| self.panel_deadline(n).into_iter().chain(Some(n.at.plus(limit))).min())
            .min()
    }

    /// The terms that a proposal makes in this negotiation.
    fn terms(
        &self,
        negotiation: &Negotiation,
        proposal: &Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<Document<TermSheet>, String> {
        let (text, nda) = self.ndas.get(&negotiation.nda).and_then(|state| state.signed()).ok_or("no NDA")?;
        let mut milestones = BoundedVec::new();
        for proposed in &proposal.milestones {
            let ProposedMilestone { title, amount, due_secs } = proposed.clone();
            milestones.push(Milestone { title, amount, due_secs }).map_err(|e| e.to_string())?;
        }
        let timing = &self.network.timing;
        let contracts = &self.network.deployment.contracts;
        let begin = &negotiation.begin;
        let vaults = match &negotiation.last {
            Some(last) => last.terms.vaults.clone(),
            None => self.vaults(negotiation)?,
        };
        let content = TermSheet {
            nda,
            request: Some(begin.request),
            bid: Some(begin.bid),
            pact: begin.pact.id(),
            buyer: text.a.did,
            seller: text.b.did,
            price: proposal.price,
            milestones,
            window_secs: timing.window_secs,
            judging_secs: timing.judging_secs,
            panel: PanelTerms {
                jury: contracts.jury,
                size: begin.size,
                quorum: begin.quorum,
                fee: Usdc::ZERO,
            },
            fallback: Fallback::Refund {},
            appeal_fee: Usdc::ZERO,
            seller_bond: Usdc::ZERO,
            vaults,
            escrow: contracts.escrow,
            mandates: contracts.mandates,
            reviewer: None,
            kind: text.kind,
            jurisdiction: text.jurisdiction,
        };
        papers::paper(self.network.chain(), content, rng).map_err(|e| e.to_string())
    }

    /// Two vaults of different principals, neither of them a party's.
    fn vaults(&self, negotiation: &Negotiation) -> Result<BoundedVec<Address, 4>, String> {
        let (buyer, seller) = self.accounts(negotiation.nda).ok_or("no NDA")?;
        let mut taken: Vec<_> = [buyer, seller]
            .iter()
            .filter_map(|account| self.directory.settlement(*account))
            .map(|listing| listing.card.document.principal.address)
            .chain(Some(self.me.principal()))
            .collect();
        let mut vaults = Vec::new();
        for card in self.directory.vaults(self.now) {
            if vaults.len() < VAULTS && !taken.contains(&card.principal.address) {
                taken.push(card.principal.address);
                vaults.push(card.settlement);
            }
        }
        if vaults.len() < VAULTS {
            return Err(format!(
                "{} vaults of other principals are known, {VAULTS} are needed",
                vaults.len()
            ));
        }
        vaults.sort_unstable();
        vaults.try_into().map_err(|e: BoundError| e.to_string())
    }

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
        self.allow(id, "offer", &terms)?;
        self.make_offer(id, terms, rng).map_err(unsaid)?;
        Ok(Some(Reply::Accepted))
    }

    fn make_offer(
        &mut self,
        id: NegotiationId,
        terms: Document<TermSheet>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), SayError> {
        let Some((nda, side)) = self.negotiations.get(&id).map(|n| (n.nda, n.side)) else { return Ok(()) };
        let terms = Box::new(terms);
        let head = self.say(nda, Category::Offer, Say::Offer(terms.clone()), rng)?;
        self.event(id, NegotiationEvent::Offered { by: side, head, terms });
        Ok(())
    }

    /// Asks the policy about terms, and records its answer.
    fn allow(&mut self, id: NegotiationId, step: &str, terms: &Document<TermSheet>) -> Result<(), Refusal> {
        let Some(negotiation) = self.negotiations.get(&id) else { return Err(not_found("negotiation", id)) };
        let judged = negotiation.begin.pact.needs_judgement();
        let committed = if negotiation.side == Side::A { self.committed() } else { Usdc::ZERO };
        let answer = self.policy.answer(terms, committed, judged);
        self.decided(step, &terms.salt(), &answer);
        match answer {
            Answer::Allow => Ok(()),
            Answer::Escalate(rule) => Err(Refusal::Approval(rule)),
            Answer::Refuse(rule) => Err(Refusal::Policy(rule)),
        }
    }

    /// What terms must be, whoever made them.
    fn check_terms(&self, negotiation: &Negotiation, terms: &Document<TermSheet>) -> Result<(), Misconduct> {
        let differ = |what: &str| Err(Misconduct::TermsDiffer { what: what.into() });
        let nda = self.ndas.get(&negotiation.nda).and_then(|state| state.id);
        if Some(terms.nda) != nda {
            return differ("nda");
        }
        if terms.pact != negotiation.begin.pact.id() {
            return differ("pact");
        }
        let panel = &terms.panel;
        let contracts = &self.network.deployment.contracts;
        if (panel.quorum, panel.size) != (negotiation.begin.quorum, negotiation.begin.size) {
            return differ("panel");
        }
        if (panel.jury, terms.escrow, terms.mandates)
            != (contracts.jury, contracts.escrow, contracts.mandates)
        {
            return differ("contracts");
        }
        if let Some(last) = &negotiation.last
            && last.terms.vaults != terms.vaults
        {
            return differ("vaults");
        }
        Ok(())
    }

    fn on_offer(
        &mut self,
        id: NegotiationId,
        terms: Document<TermSheet>,
        head: Head,
        _rng: &mut dyn CryptoRng,
    ) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        if let Some(last) = &negotiation.last
            && last.by != negotiation.side
            && last.terms == terms
        {
            return Ok(());
        }
        if negotiation.our_turn() || negotiation.panel.is_none() || negotiation.accepted.is_some() {
            return Err(Misconduct::OutOfTurn);
        }
        if negotiation.rounds >= self.policy.rounds_max {
            return Err(Misconduct::Flood);
        }
        self.check_terms(negotiation, &terms)?;
        let (by, round) = (negotiation.side.other(), negotiation.rounds + 1);
        let quiet = negotiation.strategy.is_some();
        self.event(id, NegotiationEvent::Offered { by, head, terms: Box::new(terms) });
        if !quiet {
            self.note(Event::Offer { negotiation: id, round });
        }
        Ok(())
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

    /// Answers the last offer by the strategy, if there is one and it is our turn.
    fn follow_strategy(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some(strategy) = negotiation.strategy else { return };
        if !negotiation.our_turn() || !self.session_open(negotiation.nda) {
            return;
        }
        let price = concede(&strategy, negotiation.conceded);
        let good = negotiation.theirs.as_ref().is_some_and(|theirs| match negotiation.side {
            Side::A => theirs.price <= price,
            Side::B => theirs.price >= price,
        });
        let template = negotiation.theirs.as_ref().or(negotiation.ours.as_ref());
        let proposal = Proposal { price, milestones: scale(template, price) };
        let done = if good {
            self.accept_offer(id, rng).map(|_| ())
        } else {
            self.offer(id, &proposal, rng).map(|_| ())
        };
        if let Err(refusal) = done {
            self.event(id, NegotiationEvent::Ended);
            self.note(Event::Trouble { what: format!("the strategy stopped: {refusal}") });
        }
    }

    pub(super) fn accept_offer(
        &mut self,
        id: NegotiationId,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        let Some(last) = negotiation.last.clone() else { return Err(not_now("there is no offer yet")) };
        if !negotiation.our_turn() {
            return Err(not_now("the last offer is ours, or the stage is over"));
        }
        if !self.session_open(negotiation.nda) {
            return Err(not_now("the session is not open"));
        }
        let side = negotiation.side;
        self.allow(id, "accept", &last.terms)?;
        let start = self.now.secs();
        let fund_by = start + self.network.timing.firm_secs;
        let salt = Salt::random(rng);
        let negotiation = self.negotiations.get(&id).ok_or_else(|| not_found("negotiation", id))?;
        let agreement =
            self.compose(negotiation, &last.terms, last.head, start, fund_by, salt).map_err(invalid)?;
        let event = NegotiationEvent::Accepted { by: side, head: last.head, agreement: Box::new(agreement) };
        self.event(id, event);
        Ok(Some(Reply::Accepted))
    }

    /// The agreement that follows from a head: the same on both sides.
    fn compose(
        &self,
        negotiation: &Negotiation,
        terms: &Document<TermSheet>,
        head: Head,
        start: u64,
        fund_by: u64,
        salt: Salt,
    ) -> Result<Document<Agreement>, String> {
        let (text, _) = self.ndas.get(&negotiation.nda).and_then(|state| state.signed()).ok_or("no NDA")?;
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
    fn sign_accepted(&mut self, id: NegotiationId) {
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
    fn commitment(&self, side: Side, deal: &DealTerms) -> [u8; 32] {
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

    fn on_accept(&mut self, id: NegotiationId, acceptance: &Acceptance) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let side = negotiation.side;
        if let Some(held) = &negotiation.accepted {
            return self.accepted_again(negotiation, held, acceptance);
        }
        let last = negotiation.last.as_ref().ok_or(Misconduct::StaleAccept)?;
        if last.by != side || last.head != acceptance.head {
            return Err(Misconduct::StaleAccept);
        }
        let (now, timing) = (self.now.secs(), &self.network.timing);
        let in_time = acceptance.start.abs_diff(now) <= timing.skew_secs
            && acceptance.fund_by <= acceptance.start + 300
            && acceptance.fund_by > now;
        if !in_time {
            return Err(Misconduct::TermsDiffer { what: "start".into() });
        }
        let terms = last.terms.clone();
        let agreement = self
            .compose(
                negotiation,
                &terms,
                acceptance.head,
                acceptance.start,
                acceptance.fund_by,
                acceptance.salt,
            )
            .map_err(|what| Misconduct::TermsDiffer { what })?;
        let deal = Agreement::deal(&agreement);
        self.check_assent(negotiation, side.other(), &agreement, &deal, &acceptance.assent)?;
        if self.allow(id, "confirm", &terms).is_err() {
            // Our own offer is no longer inside the limits: the other side is released at `fund_by`.
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

    fn on_confirm(&mut self, id: NegotiationId, assent: Assent) -> Result<(), Misconduct> {
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

    /// Both have signed: the deal has its id.
    fn form_deal(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some((accepted, by_a, by_b)) = negotiation.agreed() else { return };
        let deal: DealId = accepted.deal.id(&self.network.deployment.contracts);
        if self.deals.contains_key(&deal) {
            return;
        }
        let event = DealEvent::Agreed {
            negotiation: id,
            side: negotiation.side,
            agreement: Box::new(accepted.agreement.clone()),
            by_a: Box::new(by_a.clone()),
            by_b: Box::new(by_b.clone()),
            panel: negotiation.panel.clone().unwrap_or_default(),
            at: self.now,
        };
        let nda = negotiation.nda;
        self.record(Record::Deal { id: deal, nda, event: Box::new(event) });
        self.note(Event::Agreed { negotiation: id, deal });
    }

    /// An acceptance that was not confirmed is over when a finalised block past `fund_by` shows the slot empty.
    fn lapse_when_late(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let limit = core::time::Duration::from_secs(self.policy.negotiation_secs_max);
        if negotiation.ended || negotiation.agreed().is_some() {
            return;
        }
        let over = match &negotiation.accepted {
            Some(accepted) => {
                let deal = accepted.deal.id(&self.network.deployment.contracts);
                self.final_time() > accepted.agreement.fund_by_secs && self.deal_fact(deal).is_none()
            }
            None => self.now >= negotiation.at.plus(limit),
        };
        if over {
            self.event(id, NegotiationEvent::Ended);
            self.note(Event::Ended { negotiation: id });
        }
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

fn is_agreement(job: &crate::job::Job, id: NegotiationId) -> bool {
    matches!(job, crate::job::Job::Sign { then: Signing::Agreement(of), .. } if *of == id)
}

/// Why a frame did not leave, for the client.
fn unsaid(error: SayError) -> Refusal {
    not_now(&error.to_string())
}

/// The price after this many own offers: linear from `from` to `to`.
fn concede(strategy: &Concession, made: u32) -> Usdc {
    let made = u128::from(made.min(strategy.rounds));
    let rounds = u128::from(strategy.rounds);
    let (from, to) = (u128::from(strategy.from.0), u128::from(strategy.to.0));
    let price =
        if from <= to { from + (to - from) * made / rounds } else { from - (from - to) * made / rounds };
    Usdc(u64::try_from(price).expect("between two amounts"))
}

/// The milestones of earlier terms at another price; one milestone of an hour when there are none.
fn scale(template: Option<&Document<TermSheet>>, price: Usdc) -> Vec<ProposedMilestone> {
    let Some(terms) = template else {
        return vec![ProposedMilestone {
            title: "delivery".parse().expect("a plain word is a line"),
            amount: price,
            due_secs: 3600,
        }];
    };
    let mut left = price;
    let count = terms.milestones.len();
    let mut milestones = Vec::with_capacity(count);
    for (index, milestone) in terms.milestones.iter().enumerate() {
        let share = u128::from(price.0) * u128::from(milestone.amount.0) / u128::from(terms.price.0.max(1));
        let amount =
            if index + 1 == count { left } else { Usdc(u64::try_from(share).unwrap_or(price.0).min(left.0)) };
        left = left.checked_sub(amount).unwrap_or_default();
        let title = milestone.title.clone();
        milestones.push(ProposedMilestone { title, amount, due_secs: milestone.due_secs });
    }
    milestones
}
