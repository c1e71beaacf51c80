//! How a juror comes to its vote: gets the sealed evidence, opens it, runs the clauses, commits.
//!
//! Evidence that nobody hands out, that does not open, or in which the deal's pact does not lie fails
//! every clause (rule 7 of a deal): a seller gains nothing by delivering what cannot be judged.
//!
//! | what happened | the vote |
//! |---|---|
//! | the package opens, the pact lies in it | what the clauses measure |
//! | it does not open, or holds no pact of this deal | nothing was read |
//! | nobody has it, one relay before commitments are due | nothing was read |
//! | this juror's own key or disk fails | none |
//!
//! Deliberately absent: what other jurors say.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use rand_core::CryptoRng;

use super::{Node, papers};
use crate::{
    clause::{self, Found, Terms},
    command::Event,
    did::Did,
    document::{Ballot, Document, Pact, SOURCES},
    ids::{CaseId, MilestoneIndex, PaperId, PeerKey},
    job::{Fetching, File, Job},
    money::Bps,
    record::{CaseEvent, Record},
    stage::jury,
    text::{BoundedVec, FileName},
    time::Timestamp,
    typed,
    wire::Delivery,
};

impl Node {
    /// Gets the evidence, until it is too late to wait for it.
    pub(super) fn drive_evidence(&mut self, id: CaseId, rng: &mut dyn CryptoRng) {
        let Some(until) = self.evidence_until(id) else { return };
        let getting = self.jobs.iter().find(|(_, pending)| gets_evidence(&pending.job, id));
        let Some((job, getting)) = getting else {
            if !self.is_pending(|job| opens_evidence(job, id)) {
                self.fetch_evidence(id);
            }
            return;
        };
        // All were asked: the last try came to its end, or hangs for longer than a message takes.
        let asked = getting.retry_at.is_some() || self.now >= getting.at.plus(self.network.timing.relay);
        if self.now >= until && asked {
            let job = *job;
            self.record(Record::Finished { job, guard: None });
            self.vote_unread(id, "nobody hands it out", rng);
        }
    }

    /// When a juror that waits for evidence looks again.
    pub(super) fn evidence_deadline(&self, id: CaseId) -> Option<Timestamp> {
        let until = self.evidence_until(id)?;
        let getting = self.jobs.values().find(|pending| gets_evidence(&pending.job, id))?;
        let hangs = getting.at.plus(self.network.timing.relay);
        [until, hangs].into_iter().filter(|at| *at > self.now).min()
    }

    /// Until when a juror waits for evidence: time is left to commit.
    fn evidence_until(&self, id: CaseId) -> Option<Timestamp> {
        let commit = self.network.timing.commit.saturating_sub(self.network.timing.relay);
        Some(last_stored(&self.cases.get(&id)?.delivery).plus(commit))
    }

    /// Asks the vaults for the sealed evidence, then the parties.
    fn fetch_evidence(&mut self, id: CaseId) {
        let (Some(case), Some(state)) = (self.cases.get(&id), self.deal_fact(id.deal)) else { return };
        let blob = case.delivery.claim.document.blob;
        let vaults = case.delivery.receipts.iter().map(|receipt| receipt.vault);
        let from: Vec<PeerKey> = vaults
            .chain([state.terms.buyer, state.terms.seller])
            .filter_map(|account| self.directory.settlement(account))
            .map(|listing| listing.card.document.node)
            .collect();
        self.start(None, Job::GetBlob { from, blob, then: Fetching::Evidence { case: id } });
    }

    pub(super) fn on_evidence_held(&mut self, id: CaseId) {
        let Some(case) = self.cases.get(&id).filter(|case| case.panel.is_none()) else { return };
        let (wrapped, blob) = (case.delivery.identity.clone(), case.delivery.claim.document.blob);
        let ours = self.me.settlement();
        let Some(seat) = case.delivery.seats.iter().find(|seat| seat.juror == ours) else { return };
        let request = seat.request;
        self.start(None, Job::OpenEvidence { case: id, request, wrapped, blob });
    }

    /// The evidence lies open for this one step: run the clauses, commit to the result.
    pub(super) fn on_evidence(&mut self, id: CaseId, files: &[File], rng: &mut dyn CryptoRng) {
        let Some(case) = self.cases.get(&id).filter(|case| case.panel.is_none()) else { return };
        let Some(state) = self.deal_fact(id.deal) else { return };
        let terms = &state.terms;
        let Some(pact) = pact_of(files, terms.meta.pact) else {
            return self.vote_unread(id, "the deal's pact is not in it", rng);
        };
        let delivery = &case.delivery;
        let milestone = MilestoneIndex(id.milestone);
        let due = typed::unpack_due(terms.due).get(usize::from(id.milestone)).copied().unwrap_or_default();
        let held = found(files, |name| (!name.starts_with(SOURCES)).then_some(name));
        let sources = found(files, |name| name.strip_prefix(SOURCES));
        let evidence = clause::Delivery::new(&pact, &delivery.manifest, &held, &sources)
            .stored(last_stored(delivery).secs(), typed::seconds(terms.meta.start) + u64::from(due));
        let judgement = clause::judge(&pact, milestone, &evidence, &BTreeMap::new());
        let Ok(clauses) = judgement.results().try_into() else { return };
        let vote = Vote { unread: false, clauses, seller_bps: judgement.seller_share };
        self.vote(id, Some(Terms::of(&pact, milestone)), vote, rng);
    }

    /// Nothing of the evidence can be read: every clause fails.
    pub(super) fn vote_unread(&mut self, id: CaseId, why: &str, rng: &mut dyn CryptoRng) {
        let CaseId { deal, milestone, .. } = id;
        self.note(Event::Trouble {
            what: format!("the evidence of {deal}/{milestone} cannot be read, which fails it: {why}"),
        });
        let vote = Vote { unread: true, clauses: BoundedVec::new(), seller_bps: Bps::ZERO };
        self.vote(id, None, vote, rng);
    }

    /// Opens the panel's business with this juror's vote.
    fn vote(&mut self, id: CaseId, terms: Option<Terms>, vote: Vote, rng: &mut dyn CryptoRng) {
        let Some(opened) = self.panel_case(id, terms) else { return };
        let content = Ballot {
            deal: id.deal,
            milestone: opened.milestone,
            round: id.round,
            attempt: id.attempt,
            juror: self.me.did,
            account: self.me.settlement(),
            evidence: opened.evidence,
            unread: vote.unread,
            clauses: vote.clauses,
            seller_bps: vote.seller_bps,
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

    /// What the panel judges. The terms are known to whoever has read the pact.
    fn panel_case(&mut self, id: CaseId, terms: Option<Terms>) -> Option<jury::Case> {
        let case = self.cases.get(&id).filter(|case| case.panel.is_none())?;
        let deal = &self.deal_fact(id.deal)?.terms;
        let Some(members) = self.members_of(&case.delivery) else {
            self.note(Event::Trouble { what: format!("a juror of {} has no card", id.deal) });
            return None;
        };
        Some(jury::Case {
            contracts: self.network.deployment.contracts,
            deal: id.deal,
            milestone: MilestoneIndex(id.milestone),
            round: id.round,
            attempt: id.attempt,
            evidence: case.delivery.claim.document.manifest,
            pact: PaperId::from(deal.meta.pact),
            terms,
            members,
            quorum: deal.quorum,
            // The same instant for every juror, from the last receipt.
            commit_until: last_stored(&case.delivery).plus(self.network.timing.commit),
            timing: jury::Timing {
                relay_ms: millis(self.network.timing.relay),
                reveal_ms: millis(self.network.timing.reveal),
                sign_ms: millis(self.network.timing.reveal),
            },
            last_run: true,
        })
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
}

/// What a juror says, before it is a paper.
struct Vote {
    unread: bool,
    clauses: BoundedVec<crate::document::ClauseResult, 32>,
    seller_bps: Bps,
}

fn gets_evidence(job: &Job, id: CaseId) -> bool {
    matches!(job, Job::GetBlob { then: Fetching::Evidence { case }, .. } if *case == id)
}

fn opens_evidence(job: &Job, id: CaseId) -> bool {
    matches!(job, Job::OpenEvidence { case, .. } if *case == id)
}

/// When the last of the vaults stored a delivery.
fn last_stored(delivery: &Delivery) -> Timestamp {
    Timestamp::from_secs(delivery.receipts.iter().map(|receipt| receipt.stored_at).max().unwrap_or_default())
}

fn pact_of(files: &[File], id: B256) -> Option<Document<Pact>> {
    let file = files.iter().find(|file| file.name == "pact.json")?;
    let pact = Document::<Pact>::read(&file.bytes).ok()?;
    (pact.id().word() == id).then_some(pact)
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
