//! Direct messages: one way, in order, confirmed.
//!
//! Each peer that is written to has a queue and one task, which keeps one substream open. It writes
//! a batch of frames, then reads one byte for each frame that the peer's owner has taken; whatever
//! is not confirmed when the substream breaks is written again on the next one, until ten seconds
//! after it was handed in. Then the sender is told. So a message that is not reported as failed was
//! received, and one whose confirmation got lost may come twice, in order.
//!
//! The receiving side keeps one substream per peer, the newest, and reads it no faster than that
//! peer's rate and its own owner allow.
//!
//! Deliberately absent: what a message means, and any promise across a restart; the owner's outbox
//! is for that.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant as WallInstant,
};

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{Stream, StreamProtocol};
use nuncio_protocol::ids::PeerKey;
use tokio::{
    sync::{mpsc, watch},
    time::{Duration, Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    bucket::Bucket,
    config::{DELIVERY, MESSAGE_MAX},
    error::NetError,
    event::{Misbehaviour, NetEvent},
    frame::{self, FrameError, FrameReader},
    guarded::Guarded,
    link::{self, Link, OpenError},
};

pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/nuncio/direct/1");

/// Messages that may wait for one peer.
const QUEUE: usize = 64;
/// Peers that may be written to at once.
const RECIPIENTS_MAX: usize = 1024;
/// Frames and bytes of one batch.
const BATCH_FRAMES: usize = 16;
const BATCH_BYTES: usize = 512 * 1024;
/// Pause before a broken substream is replaced.
const PAUSE: Duration = Duration::from_millis(500);
/// A task without messages ends after this.
const QUIET: Duration = Duration::from_secs(60);
/// The byte that confirms one message.
const CONFIRMED: u8 = 2;

/// A message costs one token and one more for every 4 KiB.
const TOKEN_BYTES: usize = 4096;
/// Tokens that a peer may spend at once.
const TOKENS_BURST: u32 = 1024;
/// Tokens that a peer gets back each second.
const TOKENS_PER_SECOND: u32 = 512;

#[derive(Debug)]
struct Letter {
    bytes: Bytes,
    until: Instant,
}

/// What a peer's inbound substream leaves behind for the next one.
#[derive(Debug)]
struct Reading {
    bucket: Arc<Guarded<Bucket>>,
    /// Ends the reader of the substream before.
    replaced: CancellationToken,
}

/// Everybody written to and read from.
#[derive(Debug, Default)]
pub(super) struct Direct {
    queues: Guarded<BTreeMap<PeerKey, mpsc::Sender<Letter>>>,
    /// One per connected peer at most: removed when the peer is gone.
    reading: Guarded<BTreeMap<PeerKey, Reading>>,
    /// How many tasks still write; shutting down waits for them a little.
    writing: watch::Sender<usize>,
}

impl Direct {
    /// Takes a message for a peer; what becomes of it is told as an event only if it fails.
    pub(super) fn send(link: &Arc<Link>, to: PeerKey, bytes: Bytes) -> Result<(), NetError> {
        if bytes.len() > MESSAGE_MAX {
            return Err(NetError::TooLarge { what: "message", bytes: bytes.len(), max: MESSAGE_MAX });
        }
        let letter = Letter { bytes, until: Instant::now() + DELIVERY };
        let mut queues = link.direct.queues.lock();
        if !queues.contains_key(&to) && queues.len() == RECIPIENTS_MAX {
            return Err(NetError::Backlog("recipients of direct messages"));
        }
        let queue = queues.entry(to).or_insert_with(|| {
            let (queue, letters) = mpsc::channel(QUEUE);
            let link_for_task = Arc::clone(link);
            link.direct.writing.send_modify(|writing| *writing += 1);
            link.tasks.spawn(async move {
                deliver(&link_for_task, to, letters).await;
                link_for_task.direct.writing.send_modify(|writing| *writing -= 1);
            });
            queue
        });
        queue.try_send(letter).map_err(|_| NetError::Backlog("direct messages to this peer"))
    }

    /// Takes no further messages and waits until those taken are delivered, at most for `grace`.
    pub(super) async fn drain(&self, grace: Duration) {
        self.queues.lock().clear();
        let _ = timeout(grace, self.writing.subscribe().wait_for(|writing| *writing == 0)).await;
    }

    /// Forgets a peer that is gone.
    pub(super) fn gone(&self, peer: &PeerKey) {
        self.reading.lock().remove(peer);
    }

    fn start_reading(&self, peer: PeerKey) -> (Arc<Guarded<Bucket>>, CancellationToken) {
        let mut reading = self.reading.lock();
        let full =
            || Arc::new(Guarded::new(Bucket::new(TOKENS_BURST, TOKENS_PER_SECOND, WallInstant::now())));
        let bucket = reading.get(&peer).map_or_else(full, |before| {
            before.replaced.cancel();
            Arc::clone(&before.bucket)
        });
        let replaced = CancellationToken::new();
        reading.insert(peer, Reading { bucket: Arc::clone(&bucket), replaced: replaced.clone() });
        (bucket, replaced)
    }
}

/// Delivers what is queued for one peer until nothing comes for a while.
async fn deliver(link: &Link, to: PeerKey, mut letters: mpsc::Receiver<Letter>) {
    let mut stream = None;
    let mut batch = VecDeque::new();
    loop {
        match timeout(QUIET, letters.recv()).await {
            Ok(Some(letter)) => batch.push_back(letter),
            Ok(None) => return,
            Err(_) => {
                // Senders hold this lock while they queue, so an empty queue stays empty here.
                let mut queues = link.direct.queues.lock();
                if letters.is_empty() {
                    queues.remove(&to);
                    return;
                }
            }
        }
        while !batch.is_empty() {
            fill(&mut batch, &mut letters);
            attempt(link, to, &mut stream, &mut batch).await;
        }
    }
}

/// Adds what else is queued to a batch, within its bounds.
fn fill(batch: &mut VecDeque<Letter>, letters: &mut mpsc::Receiver<Letter>) {
    let mut bytes: usize = batch.iter().map(|letter| letter.bytes.len()).sum();
    while batch.len() < BATCH_FRAMES && bytes < BATCH_BYTES {
        let Ok(letter) = letters.try_recv() else { return };
        bytes += letter.bytes.len();
        batch.push_back(letter);
    }
}

/// Tries once to deliver a batch; reports those whose time is over.
async fn attempt(link: &Link, to: PeerKey, stream: &mut Option<Stream>, batch: &mut VecDeque<Letter>) {
    let Some(until) = batch.front().map(|letter| letter.until) else { return };
    let problem = match timeout_at(until, exchange(link, to, stream, batch)).await {
        Ok(Ok(())) => return,
        Ok(Err(problem)) => problem.to_string(),
        Err(_) => "the time for delivery is over".to_owned(),
    };
    tracing::debug!(peer = %to, problem, "direct messages wait");
    *stream = None;
    let pause = Instant::now() + PAUSE;
    while let Some(letter) = batch.pop_front_if(|letter| letter.until <= pause) {
        link.tell(NetEvent::SendFailed { to, bytes: letter.bytes }).await;
    }
    sleep(PAUSE).await;
}

#[derive(Debug, thiserror::Error)]
enum ExchangeError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Broken(#[from] std::io::Error),
}

/// Writes a batch and takes off it what the peer confirms. Dropped half-way it leaves the stream in
/// the middle of a frame: the caller must not use that stream again.
async fn exchange(
    link: &Link,
    to: PeerKey,
    stream: &mut Option<Stream>,
    batch: &mut VecDeque<Letter>,
) -> Result<(), ExchangeError> {
    let stream = match stream {
        Some(stream) => stream,
        None => stream.insert(link.open(to, PROTOCOL).await?),
    };
    let mut frames = Vec::new();
    for letter in batch.iter() {
        frame::append(&mut frames, &letter.bytes);
    }
    stream.write_all(&frames).await?;
    stream.flush().await?;
    while !batch.is_empty() {
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        if byte != [CONFIRMED] {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidData).into());
        }
        batch.pop_front();
    }
    Ok(())
}

/// Reads a peer's messages until the substream ends or a newer one replaces it.
pub(super) async fn receive(link: Arc<Link>, from: PeerKey, stream: Stream) {
    let (bucket, replaced) = link.direct.start_reading(from);
    tokio::select! {
        biased;
        () = replaced.cancelled() => {}
        end = read(&link, from, stream, &bucket) => match end {
            FrameError::Ended | FrameError::Broken(_) => {}
            FrameError::Oversized { announced, max } => {
                link.blame(from, Misbehaviour::OversizedFrame { announced, max }).await;
            }
        },
    }
    // The last substream may end after its connection.
    if !link.peers.lock().contains_key(&from) {
        link.direct.gone(&from);
    }
}

async fn read(link: &Link, from: PeerKey, mut stream: Stream, bucket: &Guarded<Bucket>) -> FrameError {
    if let Err(error) = link::take(&mut stream).await {
        return error.into();
    }
    let mut frames = FrameReader::new(MESSAGE_MAX);
    loop {
        let bytes = match frames.next(&mut stream).await {
            Ok(bytes) => bytes,
            Err(end) => return end,
        };
        let cost =
            u32::try_from(1 + bytes.len() / TOKEN_BYTES).expect("invariant: a message is at most 256 KiB");
        let wait = bucket.lock().take(cost, WallInstant::now());
        if !wait.is_zero() {
            sleep(wait).await;
        }
        link.tell(NetEvent::Message { from, bytes }).await;
        let confirmed = async {
            stream.write_all(&[CONFIRMED]).await?;
            stream.flush().await
        };
        if let Err(error) = confirmed.await {
            return error.into();
        }
    }
}
