//! Blobs: sealed papers on their way to and from those who keep them.
//!
//! One substream carries one question. To *put*, a node sends the blob's id, a header and the body,
//! and gets a yes or a no with a reason; to *get*, it sends the id and gets the body or a no. Bodies
//! are hashed as they arrive, and bytes that are not the blob are nobody's: neither stored nor
//! handed on. Memory for what strangers send is one budget, claimed as bytes arrive, so announcing
//! much and sending little claims little.
//!
//! ```text
//! put: 1 ‖ id[32] ‖ u32 header ‖ header ‖ u64 body ‖ body    -> 0 | 1 ‖ u16 reason ‖ reason
//! get: 2 ‖ id[32]                                            -> 0 ‖ u64 body ‖ body | 1
//! ```
//!
//! Deliberately absent: who may put or get what, which the owner answers, and resuming.

mod serve;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use bytes::Bytes;
use libp2p::StreamProtocol;
use nuncio_protocol::ids::{BlobId, PeerKey};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot};

pub(super) use self::serve::serve;
use self::wire::{PIECE, answer, blame, read_body, reason, write};
use super::{
    config::{BLOB_HEADER_MAX, BLOB_MAX},
    error::NetError,
    event::{BlobError, NetEvent, OfferToken, WantToken},
    frame,
    guarded::Guarded,
    link::{Link, OpenError},
};

pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/nuncio/blob/1");

const PUT: u8 = 1;
const GET: u8 = 2;
const YES: u8 = 0;
const NO: u8 = 1;

/// Own jobs at a time; more wait their turn.
const JOBS: usize = 4;
/// Own jobs that may wait.
const JOBS_WAITING: usize = 1024;
/// Memory for what peers send, in pieces.
const BUDGET_PIECES: usize = 2 * BLOB_MAX / PIECE;

/// The transfers under way.
#[derive(Debug)]
pub(super) struct Blobs {
    offers: Guarded<BTreeMap<OfferToken, oneshot::Sender<Result<(), String>>>>,
    wants: Guarded<BTreeMap<WantToken, oneshot::Sender<Option<Bytes>>>>,
    /// Questions under way by peer; bounded in all.
    serving: Guarded<BTreeMap<PeerKey, usize>>,
    next: AtomicU64,
    budget: Arc<Semaphore>,
    jobs: Semaphore,
    waiting: Arc<Semaphore>,
}

impl Default for Blobs {
    fn default() -> Self {
        Self {
            offers: Guarded::default(),
            wants: Guarded::default(),
            serving: Guarded::default(),
            next: AtomicU64::new(1),
            budget: Arc::new(Semaphore::new(BUDGET_PIECES)),
            jobs: Semaphore::new(JOBS),
            waiting: Arc::new(Semaphore::new(JOBS_WAITING)),
        }
    }
}

impl Blobs {
    /// Sends a blob; `BlobSent` follows.
    pub(super) fn put(
        link: &Arc<Link>,
        job: u64,
        to: PeerKey,
        header: Bytes,
        body: Bytes,
    ) -> Result<(), NetError> {
        if header.len() > BLOB_HEADER_MAX {
            return Err(NetError::TooLarge {
                what: "blob header",
                bytes: header.len(),
                max: BLOB_HEADER_MAX,
            });
        }
        if body.len() > BLOB_MAX {
            return Err(NetError::TooLarge { what: "blob", bytes: body.len(), max: BLOB_MAX });
        }
        let place = link.blobs.place_in_line()?;
        let link_for_task = Arc::clone(link);
        link.tasks.spawn(async move {
            let _place = place;
            let result = offer(&link_for_task, to, &header, &body).await;
            link_for_task.tell(NetEvent::BlobSent { job, result }).await;
        });
        Ok(())
    }

    /// Fetches a blob; `BlobFetched` follows.
    pub(super) fn get(link: &Arc<Link>, job: u64, from: PeerKey, blob: BlobId) -> Result<(), NetError> {
        let place = link.blobs.place_in_line()?;
        let link_for_task = Arc::clone(link);
        link.tasks.spawn(async move {
            let _place = place;
            let result = fetch(&link_for_task, from, blob).await;
            link_for_task.tell(NetEvent::BlobFetched { job, result }).await;
        });
        Ok(())
    }

    /// The owner's answer to an offer; one that comes too late goes nowhere.
    pub(super) fn answer_offer(&self, token: OfferToken, answer: Result<(), String>) {
        if let Some(waiting) = self.offers.lock().remove(&token) {
            let _ = waiting.send(answer);
        }
    }

    /// The owner's answer to a question; one that comes too late goes nowhere.
    pub(super) fn answer_want(&self, token: WantToken, answer: Option<Bytes>) {
        if let Some(waiting) = self.wants.lock().remove(&token) {
            let _ = waiting.send(answer);
        }
    }

    fn place_in_line(&self) -> Result<OwnedSemaphorePermit, NetError> {
        Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| NetError::Backlog("blob jobs"))
    }

    /// Waits for this job's turn.
    async fn turn(&self) -> SemaphorePermit<'_> {
        self.jobs.acquire().await.expect("invariant: nobody closes this semaphore")
    }
}

/// The asking side of a put.
async fn offer(link: &Link, to: PeerKey, header: &Bytes, body: &Bytes) -> Result<(), BlobError> {
    let _turn = link.blobs.turn().await;
    let mut stream = link.open(to, PROTOCOL).await.map_err(|error| unreachable_peer(to, &error))?;
    let mut opening = Vec::with_capacity(1 + 32 + 4 + header.len() + 8);
    opening.push(PUT);
    opening.extend_from_slice(&Sha256::digest(body));
    frame::append(&mut opening, header);
    opening.extend_from_slice(&(body.len() as u64).to_be_bytes());
    write(&mut stream, &opening).await?;
    write(&mut stream, body).await?;
    match answer(&mut stream).await? {
        YES => Ok(()),
        _ => Err(BlobError::Refused { untrusted_text: reason(&mut stream).await? }),
    }
}

/// The asking side of a get.
async fn fetch(link: &Link, from: PeerKey, blob: BlobId) -> Result<Bytes, BlobError> {
    let _turn = link.blobs.turn().await;
    let mut stream = link.open(from, PROTOCOL).await.map_err(|error| unreachable_peer(from, &error))?;
    let mut question = [GET; 33];
    question[1..].copy_from_slice(blob.as_bytes());
    write(&mut stream, &question).await?;
    if answer(&mut stream).await? != YES {
        return Err(BlobError::NotFound);
    }
    // Own jobs are few, so what they fetch needs no budget.
    match read_body(&mut stream, blob, None).await {
        Ok((body, _)) => Ok(body),
        Err(failure) => {
            blame(link, from, blob, &failure).await;
            Err(failure.into())
        }
    }
}

fn unreachable_peer(peer: PeerKey, error: &OpenError) -> BlobError {
    tracing::debug!(%peer, %error, "a blob transfer did not begin");
    BlobError::Unreachable
}
