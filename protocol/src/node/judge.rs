//! How this node judges: a delivery comes, its evidence is read, the panel's business is done.
//!
//! Deliberately absent: getting and reading the evidence.

use alloy_primitives::Address;
use rand_core::CryptoRng;

use super::{Case, Node};
use crate::{
    document::{AgentCard, Role},
    ids::{CaseId, ContentHash, PeerKey},
    job::{Payload, Signing, Slot},
    misconduct::Misconduct,
    record::{CaseEvent, Record},
    stage::jury::{self, Jury, JuryMessage, JuryWant, Outcome as JuryOutcome},
    typed::{EthSignature, address_list_hash},
    wire::{Delivery, Direct, VerdictReady, receipts_needed},
};

impl Node {
    pub(super) fn case_event(&mut self, id: CaseId, event: CaseEvent) {
        self.record(Record::Case { id, event });
    }

    pub(super) fn apply_case(&mut self, id: CaseId, event: &CaseEvent) {
        self.dirty.cases.insert(id);
        match event {
            CaseEvent::Taken { delivery, .. } => {
                let case = Case { delivery: delivery.as_ref().clone(), panel: None, reported: false };
                self.cases.insert(id, case);
            }
            CaseEvent::Opened { case: terms } => {
                let me = self.me.settlement();
                if let Some(case) = self.cases.get_mut(&id) {
                    case.panel = Some(Jury::new(terms.as_ref().clone(), me));
                }
            }
            CaseEvent::Panel(event) => {
                if let Some(panel) = self.cases.get_mut(&id).and_then(|case| case.panel.as_mut()) {
                    panel.apply(event);
                }
            }
            CaseEvent::Reported => {
                if let Some(case) = self.cases.get_mut(&id) {
                    case.reported = true;
                }
            }
        }
    }

    /// As a juror: a delivery before a panel that we sit on.
    pub(super) fn on_case_delivery(&mut self, from: PeerKey, delivery: Delivery) -> Result<(), Misconduct> {
        let claim = &delivery.claim.document;
        let id = CaseId { deal: claim.deal, milestone: claim.milestone.0, round: 0, attempt: claim.attempt };
        let ours = self.me.settlement();
        if !self.me.card.document.roles.contains(&Role::Juror) || self.cases.contains_key(&id) {
            return Ok(());
        }
        // The chain may not show the deal yet: the sender repeats until we take it.
        let Some(state) = self.deal_fact(id.deal) else { return Err(Misconduct::OutOfTurn) };
        let terms = &state.terms;
        let panel = address_list_hash(delivery.seats.iter().map(|seat| seat.juror));
        if panel != Ok(terms.panel) || !delivery.seats.iter().any(|seat| seat.juror == ours) {
            return Err(Misconduct::WrongPanel);
        }
        // A seat's fee is what its juror signed; terms that pay less are not judged for.
        let promised = delivery.seats.iter().map(|seat| u128::from(seat.fee.0)).sum::<u128>();
        if promised > u128::from(terms.juryFee) {
            return Err(Misconduct::TermsDiffer { what: "seat fee".into() });
        }
        let vaults = address_list_hash(delivery.receipts.iter().map(|receipt| receipt.vault));
        let all = delivery.receipts.len();
        if vaults != Ok(terms.meta.vaults) && all < receipts_needed(all + 1) {
            return Err(Misconduct::NotAMember { what: "receipt".into() });
        }
        let seller = self.directory.settlement(terms.seller).ok_or(Misconduct::OutOfTurn)?;
        let AgentCard { agent, node, .. } = seller.card.document.content();
        // The claim is signed, the identity beside it is not: from anybody else it could be a wrong one, with
        // which nothing opens.
        if *node != from {
            return Err(Misconduct::OutOfTurn);
        }
        self.check_delivery(&delivery, all, *agent)?;
        self.case_event(id, CaseEvent::Taken { delivery: Box::new(delivery), from });
        Ok(())
    }

    pub(super) fn drive_case(&mut self, id: CaseId, rng: &mut dyn CryptoRng) {
        let Some(case) = self.cases.get(&id) else { return };
        let Some(panel) = &case.panel else { return self.drive_evidence(id, rng) };
        let events = panel.on_time(self.now);
        for event in events {
            self.case_event(id, CaseEvent::Panel(event));
        }
        let Some(panel) = self.cases.get(&id).and_then(|case| case.panel.as_ref()) else { return };
        for want in panel.wants(self.now) {
            match want {
                JuryWant::Judge => {}
                JuryWant::Sign { slot, exclusive, digest } => {
                    let name = Slot { name: slot.clone(), exclusive };
                    let payload = Payload::Typed { digest: digest.0 };
                    self.sign(None, name, vec![payload], Signing::Panel(id, slot));
                }
                JuryWant::Send { key, to, message } => self.send_to_juror(id, key, to, *message),
            }
        }
        self.report(id);
        self.drive_fee(id);
    }

    fn send_to_juror(&mut self, id: CaseId, key: String, to: Address, message: JuryMessage) {
        // Whoever is not in the directory yet gets it when it is.
        let Some(peer) = self.directory.settlement(to).map(|listing| listing.card.document.node) else {
            return;
        };
        if self.sent.insert(key) {
            self.post(peer, None, Direct::Jury(id, Box::new(message)));
        }
    }

    pub(super) fn panel_events(&mut self, id: CaseId, events: Vec<jury::JuryEvent>) {
        for event in events {
            let twice = match &event {
                jury::JuryEvent::Equivocated { by, .. } => Some(*by),
                jury::JuryEvent::Voted { .. }
                | jury::JuryEvent::CommitSeen { .. }
                | jury::JuryEvent::RevealSeen { .. }
                | jury::JuryEvent::Relayed { .. }
                | jury::JuryEvent::CommitsClosed
                | jury::JuryEvent::RevealsClosed
                | jury::JuryEvent::VerdictSeen { .. }
                | jury::JuryEvent::Ended { .. } => None,
            };
            self.case_event(id, CaseEvent::Panel(event));
            // Whoever signed twice is at fault, not whoever brought the proof of it.
            let author = twice.and_then(|by| self.directory.settlement(by));
            if let Some(peer) = author.map(|listing| listing.card.document.node) {
                let slot = format!("vote/{}/{}/{}/{}", id.deal, id.milestone, id.round, id.attempt);
                self.misbehaved(peer, Misconduct::SecondDigest { slot });
            }
        }
    }

    pub(super) fn on_panel_signed(&mut self, id: CaseId, slot: &str, signature: EthSignature) {
        let Some(panel) = self.cases.get(&id).and_then(|case| case.panel.as_ref()) else { return };
        // A signature that came too late for its purpose changes nothing.
        if let Ok(events) = panel.on_signed(slot, signature, self.now) {
            self.panel_events(id, events);
        }
    }

    pub(super) fn on_jury_message(
        &mut self,
        from: PeerKey,
        id: CaseId,
        message: JuryMessage,
    ) -> Result<(), Misconduct> {
        let Some(panel) = self.cases.get(&id).and_then(|case| case.panel.as_ref()) else {
            return self.keep_early(from, id, message);
        };
        match panel.on_message(&message, self.now) {
            Ok(events) => {
                self.panel_events(id, events);
                Ok(())
            }
            Err(fault) => fault.misconduct().map_or(Ok(()), Err),
        }
    }

    /// Messages of faster jurors wait until we have opened the evidence.
    fn keep_early(&mut self, from: PeerKey, id: CaseId, message: JuryMessage) -> Result<(), Misconduct> {
        const EARLY_MAX: usize = 256;
        let juror = self
            .directory
            .listings(self.now)
            .any(|l| l.card.document.node == from && l.card.document.roles.contains(&Role::Juror));
        if !juror {
            return Err(Misconduct::NotAMember { what: "vote".into() });
        }
        if self.early.len() < EARLY_MAX {
            self.early.push((id, message));
        }
        Ok(())
    }

    pub(super) fn replay_early(&mut self, id: CaseId) {
        let (now, waiting) = (self.now, core::mem::take(&mut self.early));
        for (case, message) in waiting {
            if case != id {
                self.early.push((case, message));
                continue;
            }
            let Some(panel) = self.cases.get(&id).and_then(|case| case.panel.as_ref()) else { return };
            if let Ok(events) = panel.on_message(&message, now) {
                self.panel_events(id, events);
            }
        }
    }

    /// Hands a verdict with a quorum's signatures to both parties.
    fn report(&mut self, id: CaseId) {
        let Some(case) = self.cases.get(&id) else { return };
        let Some(panel) = &case.panel else { return };
        // What others still lack is sent on after the end; the verdict is handed over once.
        if case.reported {
            return;
        }
        match panel.outcome() {
            None => return,
            Some(JuryOutcome::Judged) => {}
            Some(JuryOutcome::NextRun { .. } | JuryOutcome::NotJudged { .. }) => {
                return self.case_event(id, CaseEvent::Reported);
            }
        }
        let Some((verdict, signatures)) = panel.verdict() else { return };
        let Some(state) = self.deal_fact(id.deal) else { return };
        let parties = [state.terms.buyer, state.terms.seller];
        let transcript = serde_json::to_string(&panel.votes()).unwrap_or_default();
        let ready = VerdictReady {
            case: id,
            seller_bps: verdict.sellerBps,
            evidence: ContentHash(verdict.evidence.0),
            votes: ContentHash(verdict.votes.0),
            transcript,
            signatures: signatures.into_iter().collect(),
        };
        let peers: Vec<PeerKey> = parties
            .iter()
            .filter_map(|party| self.directory.settlement(*party))
            .map(|listing| listing.card.document.node)
            .collect();
        if peers.len() < parties.len() {
            // A new process does not know both yet; their listings come with the next announcements.
            return;
        }
        for peer in peers {
            self.post(peer, None, Direct::Verdict(Box::new(ready.clone())));
        }
        self.case_event(id, CaseEvent::Reported);
    }
}
