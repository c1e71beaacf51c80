//! Performs what the protocol decides: the only place that sees every spoke.
//!
//! Effects are performed in the order in which they come. `Stage` and a durable `Persist` are awaited
//! before anything else of the same step goes out; other records gather beside the loop and are on
//! disk with the next durable ones, and before a checkpoint covers them; a store or guard that fails ends the process, because
//! what was decided can no longer be kept. Slow acts run beside the loop and come back as inputs.
//!
//! Deliberately absent: decisions. An effect is performed or the process ends.

use std::{collections::BTreeMap, fs, io::Write, path::PathBuf, sync::Arc};

use alloy_primitives::Address;
use bytes::Bytes;
use nuncio_protocol::{
    command::{Event, Refusal, Reply},
    document::AgeRecipient,
    effect::Effect,
    guard,
    ids::{BlobId, CommandId, NdaId, PaperId, PeerKey, StreamId},
    input::{Fact, Input},
    job::{Class, File, Job, JobId, Outcome, Payload, SignRequest, Signature, Signing, StagedFile},
    journal::{Transaction, wants::Want},
    node::market_topic,
    record::Record,
    stage::nda::NdaEvent,
};
use sha2::{Digest, Sha256};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    chain::{Chain, beacon::DrandClient, envelope},
    keys::{Keys, KeysError},
    net::{GossipId, Net, OfferToken, Verdict, WantToken},
    records::{self, RecordsError},
    sealing,
    store::Recorder,
    vault,
};

/// Files of our own are sealed to this name's key.
const STAGED: &str = "nuncio/staged/1";

/// Why the process must end.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// A record could not be read.
    #[error("records cannot be read: {0}")]
    Store(#[from] crate::store::StoreError),
    /// A record could not be stored.
    #[error("records cannot be stored: {0}")]
    Unrecorded(#[from] crate::store::Unrecorded),
    /// A secret could not be kept or found.
    #[error("keys: {0}")]
    Keys(#[from] crate::keys::KeysError),
    /// A record cannot be read back.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A file could not be kept.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Fatal {
    /// What a person can do about it, where there is something.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Keys(error) => error.hint(),
            Self::Records(error) => Some(error.hint()),
            Self::Unrecorded(_) => {
                Some("make space on the disk or check it, then start again; nothing acknowledged is lost")
            }
            Self::File { .. } => Some("make space on the disk or check its owner, then start again"),
        }
    }
}

/// A client's answer.
pub type Answer = Result<Reply, Refusal>;

/// An event with its number.
pub type Numbered = (u64, Event);

/// Everything that touches the world.
#[derive(Debug)]
pub struct Performer {
    pub(crate) keys: Arc<Keys>,
    pub(crate) recorder: Recorder<records::Entry>,
    pub(crate) net: Net,
    pub(crate) chain: Chain,
    pub(crate) blobs: Arc<vault::Blobs>,
    pub(crate) staged: PathBuf,
    pub(crate) beacon: Arc<DrandClient>,
    pub(crate) account: Address,
    pub(crate) inputs: mpsc::Sender<Input>,
    pub(crate) answers: BTreeMap<CommandId, oneshot::Sender<Answer>>,
    pub(crate) events: broadcast::Sender<Numbered>,
    /// The digests of NDAs by the drafts that records name.
    pub(crate) ndas: BTreeMap<PaperId, NdaId>,
    pub(crate) gossip: BTreeMap<u64, GossipId>,
    /// Peers still to be asked for a blob.
    pub(crate) fetching: BTreeMap<JobId, (Vec<PeerKey>, BlobId)>,
}

impl Performer {
    /// Performs one effect.
    ///
    /// # Errors
    /// [`Fatal`] when the process must end.
    pub async fn perform(&mut self, effect: Effect) -> Result<(), Fatal> {
        match effect {
            Effect::Stage { blob, bytes } => self.stage(blob, &bytes)?,
            Effect::Persist { first, records, durable } => self.persist(first, records, durable).await?,
            Effect::Send { to, bytes } => report("send", self.net.send(to, bytes.into())),
            Effect::Gossip { topic, bytes } => report("gossip", self.net.gossip(&topic, bytes.into())),
            Effect::SettleGossip { id, good } => {
                if let Some(id) = self.gossip.remove(&id) {
                    let verdict = if good { Verdict::Accept } else { Verdict::Reject };
                    report("gossip", self.net.settle_gossip(id, verdict));
                }
            }
            Effect::OpenStream { stream, peer } => self.open_stream(stream, peer).await,
            Effect::StreamSend { stream, bytes } => report("stream", self.net.stream_send(stream, &bytes)),
            Effect::CloseStream { stream } => self.net.close_stream(stream),
            Effect::AnswerBlob { token, good } => {
                let answer = if good { Ok(()) } else { Err("not kept here".to_owned()) };
                self.net.answer_offer(OfferToken(token), answer);
            }
            Effect::SessionKey { nda, draft } => self.session_key(nda, draft).await?,
            Effect::Perform(id, job) => self.start(id, job),
            Effect::Chain(want) => self.chain_want(want),
            Effect::Reply { command, result } => {
                if let Some(answer) = self.answers.remove(&command) {
                    // The client may have gone away.
                    let _ = answer.send(result);
                }
            }
            Effect::Notify { seq, event } => {
                if let Event::Misconduct { what } = &event {
                    tracing::warn!(seq, %what, hint = what.hint(), "a peer broke a rule");
                } else {
                    tracing::info!(seq, ?event, "noted");
                }
                // Nobody may be listening; whoever comes later asks for the backlog.
                let _ = self.events.send((seq, event));
            }
            Effect::Ban(peer) => report("ban", self.net.ban(peer)),
        }
        Ok(())
    }

    /// Hands records to the recorder in order; returns once they are on disk where that is asked.
    async fn persist(&mut self, first: u64, records: Vec<Record>, durable: bool) -> Result<(), Fatal> {
        let mut entries = Vec::with_capacity(records.len());
        for (key, record) in (first..).zip(records) {
            if let Record::Nda { draft, event: NdaEvent::Keyed { id, .. } } = &record {
                self.keys.nda_open(*id, draft.0)?;
                self.ndas.insert(*draft, *id);
            }
            let nda = record.nda().and_then(|draft| self.ndas.get(&draft)).copied();
            entries.push((key, nda, record));
        }
        self.recorder.record(entries)?;
        if durable {
            self.recorder.sync().await?;
        }
        Ok(())
    }

    async fn open_stream(&self, stream: StreamId, peer: PeerKey) {
        if let Err(error) = self.net.open_stream(stream, peer) {
            tracing::debug!(%error, "no stream");
            self.tell(Input::StreamClosed(stream)).await;
        }
    }

    async fn session_key(&self, nda: NdaId, draft: PaperId) -> Result<(), Fatal> {
        self.keys.nda_open(nda, draft.0)?;
        let secret = self.keys.nda_session_secret(nda)?;
        self.tell(Input::SessionKey { nda, secret }).await;
        Ok(())
    }

    async fn tell(&self, input: Input) {
        // The loop has ended: the process is going down, and what is lost is asked for again.
        let _ = self.inputs.send(input).await;
    }

    fn staged_path(&self, blob: BlobId) -> PathBuf {
        self.staged.join(blob.to_string())
    }

    /// Keeps bytes of our own, sealed to ourselves.
    ///
    /// # Errors
    /// [`Fatal`].
    #[expect(
        clippy::unwrap_in_result,
        reason = "what is expected cannot fail; the invariant is named where it stands"
    )]
    pub fn stage(&self, blob: BlobId, bytes: &[u8]) -> Result<(), Fatal> {
        let path = self.staged_path(blob);
        if path.exists() {
            return Ok(());
        }
        let recipient = self.keys.juror_recipient(staged_key())?;
        let sealed = sealing::seal(&[recipient], bytes).expect("invariant: our own recipient seals");
        let part = path.with_extension("part");
        let file = |source| Fatal::File { path: path.clone(), source };
        // On disk, name and all, before any record refers to it.
        let written = fs::File::create(&part).and_then(|mut out| {
            out.write_all(&sealed)?;
            out.sync_all()?;
            fs::rename(&part, &path)?;
            fs::File::open(&self.staged)?.sync_all()
        });
        written.map_err(file)
    }

    /// Starts a slow act; it comes back as [`Input::Done`].
    fn start(&mut self, id: JobId, job: Job) {
        let inputs = self.inputs.clone();
        match job {
            Job::GetBlob { from, blob, .. } => self.fetch(id, from, blob),
            Job::PutBlob { to, header, blob } => {
                let (net, blobs) = (self.net.clone(), self.blobs.clone());
                tokio::spawn(async move {
                    let header = serde_json::to_vec(&header).expect("invariant: headers are JSON");
                    let started = match blobs.get(blob).await {
                        Ok(body) => net.put_blob(id.0, to, header.into(), body).map_err(|e| e.to_string()),
                        Err(error) => Err(error.to_string()),
                    };
                    if let Err(why) = started {
                        done(&inputs, id, Outcome::Failed { why, permanent: false }).await;
                    }
                });
            }
            Job::Beacon { round } => {
                let beacon = self.beacon.clone();
                tokio::spawn(async move {
                    let outcome = match beacon.round(round).await {
                        Ok(round) => Outcome::Beacon { signature: round.signature.to_vec() },
                        Err(error) => Outcome::Failed { why: error.to_string(), permanent: false },
                    };
                    done(&inputs, id, outcome).await;
                });
            }
            Job::Seal { deal, class, files, .. } => {
                let (keys, blobs, staged) = (self.keys.clone(), self.blobs.clone(), self.staged.clone());
                tokio::spawn(async move {
                    let sealed = tokio::task::spawn_blocking(move || {
                        let recipient =
                            keys.class_recipient(deal, &class.label()).map_err(|e| e.to_string())?;
                        let files = unstage(&keys, &staged, &files)?;
                        let archive = vault::pack(&files).map_err(|e| e.to_string())?;
                        sealing::seal(&[recipient], &archive).map_err(|e| e.to_string())
                    });
                    let outcome = match sealed.await {
                        Ok(Ok(sealed)) => {
                            let size = sealed.len() as u64;
                            match blobs.put(sealed.into()).await {
                                Ok(blob) => Outcome::Sealed { blob, size },
                                Err(error) => failed(error),
                            }
                        }
                        Ok(Err(why)) => Outcome::Failed { why, permanent: false },
                        Err(error) => failed(error),
                    };
                    done(&inputs, id, outcome).await;
                });
            }
            Job::Open { deal, class, blob } => {
                let (keys, blobs) = (self.keys.clone(), self.blobs.clone());
                tokio::spawn(async move {
                    let identity = move || keys.class_identity(deal, &class.label()).map_err(unusable);
                    let outcome = open(&blobs, blob, identity).await;
                    done(&inputs, id, outcome).await;
                });
            }
            Job::OpenEvidence { request, wrapped, blob, .. } => {
                let (keys, blobs) = (self.keys.clone(), self.blobs.clone());
                tokio::spawn(async move {
                    let identity = move || class_identity(&keys, request, &wrapped);
                    let outcome = open(&blobs, blob, identity).await;
                    done(&inputs, id, outcome).await;
                });
            }
            Job::Sign { then: Signing::Checkpoint(..), ref request } => {
                let (keys, request, records) = (self.keys.clone(), request.clone(), self.recorder.syncer());
                tokio::spawn(async move {
                    // What a checkpoint says was said is on disk before anybody can hold it against us.
                    let outcome = match records.sync().await {
                        Ok(()) => sign(&keys, &request),
                        Err(error) => Err(error.to_string()),
                    };
                    let outcome = outcome.unwrap_or_else(|why| Outcome::Failed { why, permanent: true });
                    done(&inputs, id, outcome).await;
                });
            }
            Job::Sign { .. }
            | Job::NdaKeys { .. }
            | Job::SeatKey { .. }
            | Job::CreateDealSecret { .. }
            | Job::ImportDealSecret { .. }
            | Job::WrapClass { .. } => {
                let (keys, ndas) = (self.keys.clone(), self.ndas.clone());
                tokio::spawn(async move {
                    let ended = tokio::task::spawn_blocking(move || secret_work(&keys, &ndas, job)).await;
                    let outcome = match ended {
                        Ok(Ok(outcome)) => outcome,
                        Ok(Err(why)) => Outcome::Failed { why, permanent: true },
                        Err(error) => failed(error),
                    };
                    done(&inputs, id, outcome).await;
                });
            }
        }
    }

    /// Asks the next peer for a blob; the network's answer comes to [`Self::on_fetched`].
    fn fetch(&mut self, id: JobId, mut from: Vec<PeerKey>, blob: BlobId) {
        let inputs = self.inputs.clone();
        if from.is_empty() {
            let why = format!("nobody has blob {blob}");
            tokio::spawn(async move { done(&inputs, id, Outcome::Failed { why, permanent: false }).await });
            return;
        }
        let peer = from.remove(0);
        self.fetching.insert(id, (from, blob));
        if let Err(error) = self.net.get_blob(id.0, peer, blob) {
            tracing::debug!(%error, "blob not asked for");
            self.on_fetched(id, None);
        }
    }

    /// A peer answered with a blob, or without.
    pub fn on_fetched(&mut self, id: JobId, body: Option<Bytes>) {
        let Some((rest, blob)) = self.fetching.remove(&id) else { return };
        let Some(body) = body else { return self.fetch(id, rest, blob) };
        let (inputs, blobs) = (self.inputs.clone(), self.blobs.clone());
        tokio::spawn(async move {
            let outcome = match blobs.put(body).await {
                Ok(_) => Outcome::Done,
                Err(error) => failed(error),
            };
            done(&inputs, id, outcome).await;
        });
    }

    /// A vault answered to a blob that we gave it.
    pub fn on_sent(&self, id: JobId, result: Result<(), String>) {
        let inputs = self.inputs.clone();
        let outcome = match result {
            Ok(()) => Outcome::Done,
            Err(why) => Outcome::Failed { why, permanent: false },
        };
        tokio::spawn(async move { done(&inputs, id, outcome).await });
    }

    /// Hands a blob out, if the node keeps it.
    pub fn hand_out(&self, token: WantToken, to: PeerKey, blob: BlobId, keeps: bool) {
        let (net, blobs, inputs) = (self.net.clone(), self.blobs.clone(), self.inputs.clone());
        tokio::spawn(async move {
            let body = if keeps { blobs.get(blob).await.ok() } else { None };
            let served = body.is_some();
            net.answer_blob(token, body);
            if served {
                let _ = inputs.send(Input::BlobServed { to, blob }).await;
            }
        });
    }

    fn chain_want(&self, want: Want) {
        match want {
            Want::Prepare { intent, call } => self.chain.prepare(intent, self.account, call),
            Want::Sign { intent, version, transaction } => {
                let (keys, inputs, account) = (self.keys.clone(), self.inputs.clone(), self.account);
                tokio::spawn(async move {
                    let signed = tokio::task::spawn_blocking(move || {
                        sign_transaction(&keys, account, version, &transaction)
                    });
                    match signed.await {
                        Ok(Ok((hash, raw))) => {
                            let _ = inputs.send(Input::Journal(Fact::Signed { intent, hash, raw })).await;
                        }
                        Ok(Err(why)) => tracing::error!(%why, "a transaction was not signed"),
                        Err(error) => tracing::error!(%error, "a transaction was not signed"),
                    }
                });
            }
            Want::Broadcast { hash, raw, .. } => self.chain.broadcast(hash, raw),
            Want::Track { hashes, .. } => self.chain.track(hashes),
            Want::Trace { nonce, .. } => self.chain.trace(self.account, nonce),
        }
    }
}

/// The name of the key that our own files are sealed to.
fn staged_key() -> [u8; 32] {
    Sha256::digest(STAGED).into()
}

/// The topic of a domain.
#[must_use]
pub fn topic(domain: &str) -> String {
    market_topic(domain)
}

fn failed(error: impl core::fmt::Display) -> Outcome {
    Outcome::Failed { why: error.to_string(), permanent: false }
}

async fn done(inputs: &mpsc::Sender<Input>, id: JobId, outcome: Outcome) {
    // The loop has ended: the job is asked for again after the restart.
    let _ = inputs.send(Input::Done(id, outcome)).await;
}

/// What the network would not take is found out by whoever waits for it.
fn report<E: core::fmt::Display>(what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::debug!(what, %error, "not sent");
    }
}

/// Reads files of our own.
fn unstage(keys: &Keys, folder: &std::path::Path, files: &[StagedFile]) -> Result<Vec<vault::File>, String> {
    let open = |file: &StagedFile| {
        let sealed = std::fs::read(folder.join(file.blob.to_string())).map_err(|e| e.to_string())?;
        let bytes = keys.juror_unwrap(staged_key(), &sealed).map_err(|e| e.to_string())?;
        Ok(vault::File { name: file.name.clone(), bytes: bytes.to_vec() })
    };
    files.iter().map(open).collect()
}

/// The identity of one class of papers that was wrapped for our seat.
/// The identity of a delivery that was wrapped for a seat of ours. What the seller wrapped wrongly will not
/// open later either; a failure of our own keys is another matter.
fn class_identity(
    keys: &Keys,
    request: [u8; 32],
    wrapped: &[u8],
) -> Result<zeroize::Zeroizing<String>, Outcome> {
    let text = keys.juror_unwrap(request, wrapped).map_err(|error| Outcome::Failed {
        why: error.to_string(),
        permanent: matches!(error, KeysError::Seal(_)),
    })?;
    let text = core::str::from_utf8(&text).map_err(|_| unusable("the wrapped identity is no text"))?;
    Ok(text.trim().to_owned().into())
}

/// Opens a sealed package with an identity.
async fn open(
    blobs: &vault::Blobs,
    blob: BlobId,
    identity: impl FnOnce() -> Result<zeroize::Zeroizing<String>, Outcome> + Send + 'static,
) -> Outcome {
    let sealed = match blobs.get(blob).await {
        Ok(sealed) => sealed,
        Err(error) => return failed(error),
    };
    let opened = tokio::task::spawn_blocking(move || {
        let archive = sealing::open(&identity()?, &sealed).map_err(unusable)?;
        vault::unpack(&archive).map_err(unusable)
    });
    match opened.await {
        Ok(Ok(files)) => Outcome::Files(
            files
                .into_iter()
                .map(|file| File { name: file.name, media_type: String::new(), bytes: file.bytes })
                .collect(),
        ),
        Ok(Err(outcome)) => outcome,
        Err(error) => failed(error),
    }
}

/// What was sent is of no use, now or later.
fn unusable(why: impl core::fmt::Display) -> Outcome {
    Outcome::Failed { why: why.to_string(), permanent: true }
}

/// Everything that needs a secret and no network.
fn secret_work(keys: &Keys, ndas: &BTreeMap<PaperId, NdaId>, job: Job) -> Result<Outcome, String> {
    let text = |error: KeysError| {
        if error.is_fatal() {
            end(&error);
        }
        error.to_string()
    };
    match job {
        Job::Sign { request, .. } => sign(keys, &request),
        Job::NdaKeys { draft } => {
            let public = keys.nda_prepare(draft.0).map_err(text)?;
            Ok(Outcome::NdaKeys { session: public.session, age: public.recipient })
        }
        Job::SeatKey { request, .. } => {
            let recipient = keys.juror_recipient(request).map_err(text)?;
            let recipient: AgeRecipient = recipient.parse().map_err(|_| "our own recipient is malformed")?;
            Ok(Outcome::Recipient(*recipient.key()))
        }
        Job::CreateDealSecret { deal, recipient } => {
            keys.deal_secret_create(deal).map_err(text)?;
            Ok(Outcome::Wrapped(keys.deal_secret_wrap(deal, &recipient).map_err(text)?))
        }
        Job::ImportDealSecret { deal, draft, wrapped } => {
            let nda = ndas.get(&draft).ok_or("the NDA is not known here")?;
            keys.deal_secret_import(deal, &wrapped, *nda).map_err(text)?;
            Ok(Outcome::Done)
        }
        Job::WrapClass { deal, class, recipient } => {
            let wrapped = keys.class_identity_wrap(deal, &class_label(class), &recipient).map_err(text)?;
            Ok(Outcome::Wrapped(wrapped))
        }
        Job::Seal { .. }
        | Job::PutBlob { .. }
        | Job::GetBlob { .. }
        | Job::Open { .. }
        | Job::OpenEvidence { .. }
        | Job::Beacon { .. } => Err("no secret is needed for this".into()),
    }
}

fn class_label(class: Class) -> String {
    class.label()
}

fn guarded(request: &SignRequest) -> guard::SignRequest {
    let payloads = request.payloads.iter().map(|payload| match payload {
        Payload::Identity { bytes } => guard::Payload::Identity { bytes: bytes.clone() },
        Payload::Typed { digest } => guard::Payload::Typed { digest: (*digest).into() },
    });
    guard::SignRequest {
        slot: guard::Slot { name: request.slot.name.clone(), exclusive: request.slot.exclusive },
        payloads: payloads.collect(),
    }
}

fn sign(keys: &Keys, request: &SignRequest) -> Result<Outcome, String> {
    let signatures = keys.sign(&guarded(request)).map_err(guard_error)?;
    let signatures = signatures
        .into_iter()
        .map(|signature| match signature {
            guard::Signature::Identity(bytes) => Signature(bytes.to_vec()),
            guard::Signature::Typed(bytes) => Signature(bytes.to_vec()),
        })
        .collect();
    let guard = keys.guard_seq().map_err(guard_error)?;
    Ok(Outcome::Signed { signatures, guard })
}

/// A guard that cannot write ends the process: a signature without its record must not leave.
fn guard_error(error: guard::GuardError) -> String {
    if error.is_fatal() {
        end(&KeysError::Guard(error));
    }
    error.to_string()
}

/// Ends the process at once: what is on disk is uncertain, and nothing may be signed on top of it.
fn end(error: &KeysError) -> ! {
    tracing::error!(%error, hint = error.hint().unwrap_or_default(), "keys cannot be kept: the process ends");
    std::process::exit(1);
}

type Signed = (nuncio_protocol::ids::TxHash, alloy_primitives::Bytes);

fn sign_transaction(
    keys: &Keys,
    account: Address,
    version: usize,
    transaction: &Transaction,
) -> Result<Signed, String> {
    let digest = envelope::unsigned(transaction);
    let request = guard::SignRequest {
        slot: guard::Slot {
            name: format!("tx/{}/{}/{version}", transaction.chain, transaction.nonce),
            exclusive: true,
        },
        payloads: vec![guard::Payload::Typed { digest }],
    };
    let signatures = keys.sign(&request).map_err(guard_error)?;
    let Some(guard::Signature::Typed(bytes)) = signatures.into_iter().next() else {
        return Err("the guard gave no signature".into());
    };
    envelope::assemble(transaction, account, &nuncio_protocol::typed::EthSignature(bytes))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
