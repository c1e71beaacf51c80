//! How this node judges: a delivery comes, its evidence is opened, the panel's business is done.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use rand_core::CryptoRng;

use super::{Case, Node, papers};
use crate::{
    clause::{self, Found, Terms},
    command::Event,
    did::Did,
    document::{Ballot, Document, Pact, Role, SOURCES},
    ids::{CaseId, ContentHash, MilestoneIndex, PeerKey},
    job::{Fetching, File, Job, Payload, Signing, Slot},
    misconduct::Misconduct,
    record::{CaseEvent, Record},
    stage::jury::{self, Jury, JuryMessage, JuryWant, Outcome as JuryOutcome},
    text::FileName,
    time::Timestamp,
    typed::{self, EthSignature, address_list_hash},
    wire::{Delivery, Direct, VerdictReady, receipts_needed},
};

impl Node {
    fn case_event(&mut self, id: CaseId, event: CaseEvent) {
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
        let seller = self
            .directory
            .settlement(terms.seller)
            .map(|listing| listing.card.document.agent)
            .ok_or(Misconduct::OutOfTurn)?;
        self.check_delivery(&delivery, all, seller)?;
        self.case_event(id, CaseEvent::Taken { delivery: Box::new(delivery), from });
        Ok(())
    }

    pub(super) fn drive_case(&mut self, id: CaseId) {
        let Some(case) = self.cases.get(&id) else { return };
        let Some(panel) = &case.panel else {
            return self.fetch_evidence(id);
        };
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

    /// Gets the sealed evidence from the vaults, or from whoever sent the delivery, and opens it.
    fn fetch_evidence(&mut self, id: CaseId) {
        let Some(case) = self.cases.get(&id) else { return };
        let blob = case.delivery.claim.document.blob;
        let busy = self.is_pending(|job| {
            let (Job::GetBlob { then: Fetching::Evidence { case }, .. } | Job::OpenEvidence { case, .. }) =
                job
            else {
                return false;
            };
            *case == id
        });
        if busy {
            return;
        }
        let from: Vec<PeerKey> = case
            .delivery
            .receipts
            .iter()
            .filter_map(|receipt| self.directory.settlement(receipt.vault))
            .map(|listing| listing.card.document.node)
            .collect();
        self.start(None, Job::GetBlob { from, blob, then: Fetching::Evidence { case: id } });
    }

    pub(super) fn on_evidence_held(&mut self, id: CaseId) {
        let Some(case) = self.cases.get(&id) else { return };
        let (wrapped, blob) = (case.delivery.identity.clone(), case.delivery.claim.document.blob);
        let ours = self.me.settlement();
        let Some(seat) = case.delivery.seats.iter().find(|seat| seat.juror == ours) else { return };
        let request = seat.request;
        self.start(None, Job::OpenEvidence { case: id, request, wrapped, blob });
    }

    /// Nobody has the bytes, or they do not open: every clause fails, which is a judgement too.
    pub(super) fn on_evidence_missing(&mut self, id: CaseId) {
        self.note(Event::Trouble {
            what: format!("evidence of {}/{} is not to be had", id.deal, id.milestone),
        });
    }

    /// The evidence lies open for this one step: run the clauses, commit to the result.
    pub(super) fn on_evidence(&mut self, id: CaseId, files: &[File], rng: &mut dyn CryptoRng) {
        let Some(case) = self.cases.get(&id) else { return };
        if case.panel.is_some() {
            return;
        }
        let Some(state) = self.deal_fact(id.deal) else { return };
        let terms = state.terms.clone();
        let delivery = case.delivery.clone();
        let Some(pact) = self.pact_of(files, terms.meta.pact) else {
            return self
                .note(Event::Trouble { what: format!("the pact of {} is not in the evidence", id.deal) });
        };
        let milestone = MilestoneIndex(id.milestone);
        let Some(members) = self.members_of(&delivery) else {
            return self.note(Event::Trouble { what: format!("a juror of {} has no card", id.deal) });
        };
        let opened = jury::Case {
            contracts: self.network.deployment.contracts,
            deal: id.deal,
            milestone,
            round: id.round,
            attempt: id.attempt,
            evidence: delivery.claim.document.manifest,
            pact: pact.id(),
            terms: Terms::of(&pact, milestone),
            members,
            quorum: terms.quorum,
            commit_until: self.commit_until(&delivery),
            timing: jury::Timing {
                relay_ms: millis(self.network.timing.relay),
                reveal_ms: millis(self.network.timing.reveal),
                sign_ms: millis(self.network.timing.reveal),
            },
            last_run: true,
        };
        let due = typed::unpack_due(terms.due).get(usize::from(id.milestone)).copied().unwrap_or_default();
        let stored = delivery.receipts.iter().map(|receipt| receipt.stored_at).max().unwrap_or_default();
        let held = found(files, |name| (!name.starts_with(SOURCES)).then_some(name));
        let sources = found(files, |name| name.strip_prefix(SOURCES));
        let evidence = clause::Delivery::new(&pact, &delivery.manifest, &held, &sources)
            .stored(stored, typed::seconds(terms.meta.start) + u64::from(due));
        let judgement = clause::judge(&pact, milestone, &evidence, &BTreeMap::new());
        let Ok(clauses) = judgement.results().try_into() else { return };
        let content = Ballot {
            deal: id.deal,
            milestone,
            round: id.round,
            attempt: id.attempt,
            juror: self.me.did,
            account: self.me.settlement(),
            evidence: opened.evidence,
            clauses,
            seller_bps: judgement.seller_share,
        };
        let Ok(ballot) = papers::paper(self.network.chain(), content, rng) else { return };
        self.case_event(id, CaseEvent::Opened { case: Box::new(opened) });
        let Some(panel) = self.cases.get(&id).and_then(|case| case.panel.as_ref()) else { return };
        match panel.on_vote(ballot, self.now) {
            Ok(events) => self.panel_events(id, events),
            Err(fault) => self.note(Event::Trouble { what: format!("vote not cast: {fault}") }),
        }
        self.replay_early(id);
    }

    /// The panel's accounts and the identities behind them.
    fn members_of(&self, delivery: &Delivery) -> Option<BTreeMap<Address, Did>> {
        let ours = self.me.settlement();
        delivery
            .seats
            .iter()
            .map(|seat| {
                let listed = self.directory.settlement(seat.juror).map(|l| l.card.document.agent);
                Some((seat.juror, if seat.juror == ours { self.me.did } else { listed? }))
            })
            .collect()
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

    /// When commitments stop counting: the same instant for every juror, from the last receipt.
    fn commit_until(&self, delivery: &Delivery) -> Timestamp {
        let last = delivery.receipts.iter().map(|receipt| receipt.stored_at).max().unwrap_or_default();
        Timestamp::from_secs(last).plus(self.network.timing.commit)
    }

    fn pact_of(&self, files: &[File], id: B256) -> Option<Document<Pact>> {
        let file = files.iter().find(|file| file.name == "pact.json")?;
        let pact = Document::<Pact>::read(&file.bytes).ok()?;
        (pact.id().word() == id).then_some(pact)
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

    fn replay_early(&mut self, id: CaseId) {
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

fn millis(wait: core::time::Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// The files of a package by the names that `pick` gives them; the clauses check their hashes.
fn found<'a>(files: &'a [File], pick: impl Fn(&'a str) -> Option<&'a str>) -> BTreeMap<FileName, Found<'a>> {
    let named = files.iter().filter_map(|file| {
        let name = pick(&file.name)?.parse().ok()?;
        Some((name, Found::Bytes(&file.bytes)))
    });
    named.collect()
}
