//! Slow acts: started with a record, asked for until their outcome comes, handed on by what they were for.

use core::time::Duration;

use rand_core::CryptoRng;

use super::{Node, papers};
use crate::{
    command::{Event, Refusal},
    effect::Effect,
    ids::{CommandId, PaperId},
    job::{Fetching, Job, JobId, Outcome, Payload, SignRequest, Signature, Signing, Slot},
    record::Record,
    typed::EthSignature,
};

/// The longest pause between two tries.
const RETRY_MAX: Duration = Duration::from_secs(60);

impl Job {
    /// Whether the job is pointless after a restart and therefore need not be on disk before it starts.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        matches!(
            self,
            Self::Sign {
                then: Signing::Checkpoint(..)
                    | Signing::Announcement(_)
                    | Signing::Bundle(_)
                    | Signing::Statement(_),
                ..
            } | Self::Open { .. }
        )
    }
}

impl Node {
    /// Starts a job, unless the same one is under way.
    pub(super) fn start(&mut self, nda: Option<PaperId>, what: Job) -> JobId {
        if let Some((id, _)) = self.jobs.iter().find(|(_, pending)| pending.job == what) {
            return *id;
        }
        let job = JobId(self.next_job);
        let at = self.now;
        self.record(Record::Started { job, at, nda, what });
        job
    }

    /// Starts a job on behalf of a client, who is answered when it is done.
    pub(super) fn start_for(&mut self, command: CommandId, nda: Option<PaperId>, what: Job) {
        let job = self.start(nda, what);
        self.waiting.insert(job, command);
    }

    /// Asks for signatures.
    pub(super) fn sign(
        &mut self,
        nda: Option<PaperId>,
        slot: Slot,
        payloads: Vec<Payload>,
        then: Signing,
    ) -> JobId {
        self.start(nda, Job::Sign { request: SignRequest { slot, payloads }, then })
    }

    /// Whether a job like this is under way.
    pub(super) fn is_pending(&self, like: impl Fn(&Job) -> bool) -> bool {
        self.jobs.values().any(|pending| like(&pending.job))
    }

    pub(super) fn drive_jobs(&mut self) {
        let now = self.now;
        for (id, pending) in &mut self.jobs {
            let due = pending.retry_at.is_none_or(|at| at <= now);
            if !pending.running && due {
                pending.running = true;
                pending.retry_at = None;
                self.effects.push(Effect::Perform(*id, pending.job.clone()));
            }
        }
    }

    pub(super) fn on_done(&mut self, id: JobId, outcome: Outcome, rng: &mut dyn CryptoRng) {
        let Some(pending) = self.jobs.get_mut(&id) else { return };
        if let Outcome::Failed { why, permanent: false } = &outcome {
            let age = self.now.since(pending.at);
            let pause = (age / 2).clamp(self.network.timing.retry, RETRY_MAX);
            pending.running = false;
            pending.retry_at = Some(self.now.plus(pause));
            if age > RETRY_MAX {
                let what = format!("a step is retried: {why}");
                self.note(Event::Trouble { what });
            }
            return;
        }
        let (job, at) = (pending.job.clone(), pending.at);
        let command = self.waiting.remove(&id);
        let guard = if let Outcome::Signed { guard, .. } = &outcome { Some(*guard) } else { None };
        let guard = guard.filter(|guard| *guard > self.guard_seq);
        self.record(Record::Finished { job: id, guard });
        if let Outcome::Failed { why, .. } = outcome {
            return self.on_failed(&job, command, why, rng);
        }
        match (job, outcome) {
            (Job::Sign { request, then }, Outcome::Signed { signatures, .. }) => {
                if signatures.len() == request.payloads.len() {
                    self.on_signed(then, &signatures, at, command, rng);
                }
            }
            (Job::NdaKeys { draft }, Outcome::NdaKeys { session, age }) => {
                self.on_nda_keys(draft, session, age, rng);
            }
            (Job::SeatKey { invite, request, from }, Outcome::Recipient(recipient)) => {
                self.on_seat_key(&invite, request, recipient, from);
            }
            (Job::CreateDealSecret { deal, .. }, Outcome::Wrapped(wrapped)) => {
                self.on_secret_created(deal, wrapped);
            }
            (Job::ImportDealSecret { deal, .. }, Outcome::Done) => self.on_secret_imported(deal),
            (Job::WrapClass { deal, class, recipient }, Outcome::Wrapped(identity)) => {
                self.on_class_wrapped(deal, class, recipient, identity);
            }
            (Job::Seal { deal, class, attempt, .. }, Outcome::Sealed { blob, size }) => {
                self.on_sealed(deal, class, attempt, blob, size);
            }
            (Job::GetBlob { then, .. }, Outcome::Done) => match then {
                Fetching::Inputs { deal } => self.on_inputs_held(deal),
                Fetching::Delivery { deal, milestone } => self.on_delivery_held(deal, milestone),
                Fetching::Evidence { case } => self.on_evidence_held(case),
            },
            (Job::Open { .. }, Outcome::Files(files)) => self.on_files_opened(command, files),
            (Job::OpenEvidence { case, .. }, Outcome::Files(files)) => self.on_evidence(case, &files, rng),
            (Job::Beacon { round }, Outcome::Beacon { signature }) => self.on_beacon(round, &signature),
            (
                Job::Sign { .. }
                | Job::NdaKeys { .. }
                | Job::SeatKey { .. }
                | Job::CreateDealSecret { .. }
                | Job::ImportDealSecret { .. }
                | Job::WrapClass { .. }
                | Job::Seal { .. }
                | Job::PutBlob { .. }
                | Job::GetBlob { .. }
                | Job::Open { .. }
                | Job::OpenEvidence { .. }
                | Job::Beacon { .. },
                _,
            ) => {}
        }
    }

    fn on_failed(&mut self, job: &Job, command: Option<CommandId>, why: String, rng: &mut dyn CryptoRng) {
        if let Some(command) = command {
            let refusal = Refusal::Signing { why: why.clone() };
            self.effects.push(Effect::Reply { command, result: Err(refusal) });
        }
        match job {
            Job::OpenEvidence { case, .. } | Job::GetBlob { then: Fetching::Evidence { case }, .. } => {
                self.vote_unread(*case, &why, rng);
            }
            Job::Sign { .. }
            | Job::NdaKeys { .. }
            | Job::SeatKey { .. }
            | Job::CreateDealSecret { .. }
            | Job::ImportDealSecret { .. }
            | Job::WrapClass { .. }
            | Job::Seal { .. }
            | Job::PutBlob { .. }
            | Job::GetBlob { .. }
            | Job::Open { .. }
            | Job::Beacon { .. } => self.note(Event::Trouble { what: why }),
        }
    }

    fn on_signed(
        &mut self,
        then: Signing,
        signatures: &[Signature],
        at: crate::time::Timestamp,
        command: Option<CommandId>,
        rng: &mut dyn CryptoRng,
    ) {
        let proof = |index: usize| papers::proof(self.me.did, at, &signatures[index]);
        match then {
            Signing::Announcement(paper) => {
                let proof = proof(0);
                self.on_announcement_signed(*paper, proof);
            }
            Signing::Request(paper) => {
                let proof = proof(0);
                self.on_request_signed(*paper, proof, command);
            }
            Signing::Bid { bid, pact, request, to } => {
                let pact = Box::new(papers::signed(*pact, proof(0)));
                let bid = Box::new(papers::signed(*bid, proof(1)));
                self.on_bid_signed(bid, pact, request, to, command);
            }
            Signing::Nda(draft) => {
                let proof = proof(0);
                self.on_nda_signed_here(draft, proof, eth(&signatures[1]));
            }
            Signing::PanelRequest(id, attempt) => {
                self.on_panel_request_signed(id, attempt, eth(&signatures[0]), rng);
            }
            Signing::Seat(seat, to) => self.on_seat_signed(*seat, to, eth(&signatures[0])),
            Signing::Agreement(id) => {
                let proof = proof(0);
                self.on_agreement_signed(id, proof, eth(&signatures[1]), rng);
            }
            Signing::Claim(paper) => {
                let proof = proof(0);
                self.on_claim_signed(*paper, proof);
            }
            Signing::Receipt(receipt, to) => self.on_receipt_signed(*receipt, to, eth(&signatures[0])),
            Signing::Panel(case, key) => self.on_panel_signed(case, &key, eth(&signatures[0])),
            Signing::Checkpoint(nda, checkpoint) => {
                self.on_checkpoint_signed(nda, checkpoint, signatures[0].clone(), rng);
            }
            Signing::Rating(paper) => {
                let proof = proof(0);
                self.on_rating_signed(*paper, proof, eth(&signatures[1]));
            }
            Signing::Bundle(index) => {
                let proof = proof(0);
                self.on_index_signed(*index, proof, command);
            }
            Signing::Statement(paper) => {
                let proof = proof(0);
                self.on_statement_signed(*paper, proof, command);
            }
        }
    }
}

/// A settlement key's signature; one of another length is by nobody.
fn eth(signature: &Signature) -> EthSignature {
    EthSignature::try_from(signature.0.as_slice()).unwrap_or(EthSignature([0; 65]))
}
