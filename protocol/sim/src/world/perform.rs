//! Performs what a node decides, as its daemon would.
//!
//! Deliberately absent: decisions.

use core::time::Duration;

use nuncio_protocol::{
    effect::Effect,
    ids::PeerKey,
    input::Input,
    job::{Job, JobId, Outcome},
    record::Record,
    stage::nda::NdaEvent,
};
use rand_core::Rng;

use super::{AGENT_HEARS, What, World, peers::Arrival};
use crate::{
    host::{Host, Who},
    seal,
};

impl World {
    /// Performs one effect.
    pub(super) fn perform(&mut self, who: Who, effect: Effect) {
        match effect {
            Effect::Stage { blob, bytes } => {
                self.host_mut(who).staged.insert(blob, bytes);
            }
            Effect::Persist { first, records, durable } => {
                let host = self.host_mut(who);
                for record in &records {
                    host.open_nda(record);
                }
                host.store.append(first, records, durable);
            }
            Effect::Send { to, bytes } => self.send(who, to, &bytes),
            Effect::Gossip { bytes, .. } => self.gossip(who, &bytes),
            // Nothing is passed on by those who receive: the publisher reaches everybody.
            Effect::SettleGossip { .. } => {}
            Effect::OpenStream { stream, peer } => self.open_stream(who, stream, peer),
            Effect::StreamSend { stream, bytes } => self.stream_send(who, stream, bytes),
            Effect::CloseStream { stream } => self.close_stream(who, stream),
            Effect::AnswerBlob { token, good } => self.answer_blob(who, token, good),
            Effect::SessionKey { nda, draft } => {
                let Host { keys, rng, name, .. } = self.host_mut(who);
                let opened = keys.nda_open(nda, draft.0, rng).and_then(|()| keys.nda_session_secret(nda));
                let secret = opened.unwrap_or_else(|why| panic!("{name}: {why}"));
                self.due(Duration::ZERO, who, What::Input(Input::SessionKey { nda, secret }));
            }
            Effect::Perform(id, job) => {
                let wait = Duration::from_millis(1 + self.rng.next_u64() % 8);
                self.due(wait, who, What::Work(id, Box::new(job)));
            }
            Effect::Chain(want) => {
                let wait = self.weather.delay(&mut self.rng);
                self.due(wait, who, What::Want(want));
            }
            Effect::Reply { command, result } => {
                self.host_mut(who).volatile.replies.insert(command, result);
                self.wake_agent(who, AGENT_HEARS);
            }
            Effect::Notify { event, .. } => {
                let now = self.now;
                self.host_mut(who).notes.push((now, event));
                self.wake_agent(who, AGENT_HEARS);
            }
            Effect::Ban(peer) => self.ban(who, peer),
        }
    }

    /// Does a slow act; its outcome comes back in a moment of its own.
    pub(super) fn work(&mut self, who: Who, id: JobId, job: Job) {
        let outcome = match job {
            Job::PutBlob { to, header, blob } => {
                let header = serde_json::to_vec(&header).expect("invariant: headers are JSON");
                return self.put_blob(who, id, to, header, blob);
            }
            Job::GetBlob { from, blob, .. } => {
                let peers: Vec<Who> = from.into_iter().filter_map(|peer| self.who(peer)).collect();
                let life = self.host(who).life;
                return self.ask_for_blob(Arrival::Asked { by: who, life, job: id, rest: peers, blob });
            }
            Job::Beacon { round } => {
                if self.network.beacon.round_at(self.now.secs()).0 < round {
                    let why = format!("round {round} has not come yet");
                    Outcome::Failed { why, permanent: false }
                } else {
                    Outcome::Beacon { signature: self.beacon.sign(round).signature.to_vec() }
                }
            }
            Job::Seal { .. }
            | Job::Open { .. }
            | Job::OpenEvidence { .. }
            | Job::Sign { .. }
            | Job::NdaKeys { .. }
            | Job::SeatKey { .. }
            | Job::CreateDealSecret { .. }
            | Job::ImportDealSecret { .. }
            | Job::WrapClass { .. } => self.host_mut(who).secret_work(job),
        };
        self.done(who, id, outcome);
    }

    /// Hands a slow act's outcome to the process that asked for it.
    pub(super) fn done(&mut self, who: Who, id: JobId, outcome: Outcome) {
        self.due(Duration::from_millis(1), who, What::Input(Input::Done(id, outcome)));
    }

    /// Whose node key this is.
    pub(super) fn who(&self, peer: PeerKey) -> Option<Who> {
        self.hosts.iter().position(|host| host.me.card.document.node == peer).map(Who)
    }
}

impl Host {
    /// Remembers the digest of an NDA by the draft that records name.
    pub(super) fn note_nda(&mut self, record: &Record) {
        if let Record::Nda { draft, event: NdaEvent::Keyed { id, .. } } = record {
            self.ndas.insert(*draft, *id);
        }
    }

    /// Before a record of an NDA is stored its keys are those of the NDA.
    fn open_nda(&mut self, record: &Record) {
        if let Record::Nda { draft, event: NdaEvent::Keyed { id, .. } } = record {
            if let Err(why) = self.keys.nda_open(*id, draft.0, &mut self.rng) {
                panic!("{}: {why}", self.name);
            }
            self.ndas.insert(*draft, *id);
        }
    }

    /// Opens a sealed package that is held here.
    pub(super) fn open_package(
        &self,
        blob: nuncio_protocol::ids::BlobId,
        identity: Result<[u8; 32], String>,
    ) -> Outcome {
        let Some(sealed) = self.blobs.get(&blob) else {
            return Outcome::Failed { why: format!("blob {blob} is not here"), permanent: false };
        };
        let opened = identity.and_then(|identity| {
            let package = seal::open(&identity, sealed).ok_or("sealed to another key, or damaged")?;
            seal::unpack(&package).ok_or_else(|| "not a package".to_owned())
        });
        match opened {
            Ok(files) => Outcome::Files(files),
            Err(why) => Outcome::Failed { why, permanent: true },
        }
    }
}
