//! Session streams: framed, two-way, and as fast as the transport.
//!
//! A negotiation is ping-pong, so what counts is the way of one small frame. Sending writes straight
//! into the transport from the caller's own thread: length and frame in one piece, no task in
//! between. Only when the transport is not ready does the rest wait in a buffer that the stream's
//! task empties. Receiving is that same task: it cuts frames and hands them on, and reads no further
//! while the owner is busy, so a flood stops at the peer's own window.
//!
//! A frame that cannot be buffered ends the stream: a session is a chain, and a chain with a hole
//! is worth nothing. The last event of every stream is `StreamClosed`.
//!
//! Deliberately absent: encryption and order numbers beyond the transport's; the session above has
//! its own.

mod pipe;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use libp2p::{Stream, StreamProtocol};
use nuncio_protocol::ids::{PeerKey, StreamId};
use tokio::sync::Notify;

use self::pipe::{Pipe, Unsendable};
use super::{
    config::SESSION_FRAME_MAX,
    error::NetError,
    event::{Misbehaviour, NetEvent},
    frame::{FrameError, FrameReader},
    guarded::Guarded,
    link::{self, Link},
};

pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/nuncio/session/1");

/// Streams in all.
const STREAMS_MAX: usize = 256;
/// Inbound streams of one peer.
const INBOUND_PER_PEER: usize = 8;
/// The first id that the network allots; those below are the owner's.
const INBOUND_FROM: u64 = 1 << 63;

/// Every session stream by its id.
#[derive(Debug)]
pub(super) struct Streams {
    open: Guarded<BTreeMap<StreamId, Place>>,
    next: AtomicU64,
}

#[derive(Debug)]
enum Place {
    /// Asked for, not there yet; `close` wakes the task that opens it.
    Opening {
        close: Arc<Notify>,
    },
    Open(Arc<Pipe>),
}

impl Default for Streams {
    fn default() -> Self {
        Self { open: Guarded::new(BTreeMap::new()), next: AtomicU64::new(INBOUND_FROM) }
    }
}

impl Streams {
    /// Opens a stream; `StreamReady` or `StreamClosed` follows.
    pub(super) fn open(link: &Arc<Link>, stream: StreamId, to: PeerKey) -> Result<(), NetError> {
        let close = Arc::new(Notify::new());
        {
            let mut open = link.streams.open.lock();
            if stream.0 >= INBOUND_FROM {
                return Err(NetError::Stream { stream, reason: "ids of this half are the network's" });
            }
            if open.contains_key(&stream) {
                return Err(NetError::Stream { stream, reason: "the id is taken" });
            }
            if open.len() >= STREAMS_MAX {
                return Err(NetError::Backlog("session streams"));
            }
            open.insert(stream, Place::Opening { close: Arc::clone(&close) });
        }
        let link_for_task = Arc::clone(link);
        link.tasks.spawn(async move {
            let link = link_for_task;
            let opened = tokio::select! {
                biased;
                () = close.notified() => None,
                opened = link.open(to, PROTOCOL) => match opened {
                    Ok(opened) => Some(opened),
                    Err(error) => {
                        tracing::debug!(peer = %to, stream = stream.0, %error, "a session stream was not opened");
                        None
                    }
                },
            };
            if let Some(opened) = opened {
                let pipe = Arc::new(Pipe::new(to, opened));
                link.streams.open.lock().insert(stream, Place::Open(Arc::clone(&pipe)));
                link.tell(NetEvent::StreamReady { stream }).await;
                run(&link, stream, &pipe).await;
            }
            link.streams.open.lock().remove(&stream);
            link.tell(NetEvent::StreamClosed { stream }).await;
        });
        Ok(())
    }

    /// Sends a frame, from the caller's own thread when the transport is ready.
    pub(super) fn send(&self, stream: StreamId, frame: &[u8]) -> Result<(), NetError> {
        if frame.len() > SESSION_FRAME_MAX {
            return Err(NetError::TooLarge {
                what: "session frame",
                bytes: frame.len(),
                max: SESSION_FRAME_MAX,
            });
        }
        let pipe = match self.open.lock().get(&stream) {
            Some(Place::Open(pipe)) => Arc::clone(pipe),
            Some(Place::Opening { .. }) => {
                return Err(NetError::Stream { stream, reason: "it is not open yet" });
            }
            None => return Err(NetError::Stream { stream, reason: "it is not open" }),
        };
        match pipe.send(frame) {
            Ok(()) => Ok(()),
            Err(Unsendable::Closing) => Err(NetError::Stream { stream, reason: "it is being closed" }),
            Err(Unsendable::Backlog) => Err(NetError::Backlog("frames of this stream, which is closed")),
        }
    }

    /// Closes a stream after what was sent on it is out; closing twice is closing once.
    pub(super) fn close(&self, stream: StreamId) {
        match self.open.lock().get(&stream) {
            Some(Place::Open(pipe)) => pipe.close(),
            Some(Place::Opening { close }) => close.notify_one(),
            None => {}
        }
    }

    fn place_inbound(&self, from: PeerKey, opened: Stream) -> Option<(StreamId, Arc<Pipe>)> {
        let mut open = self.open.lock();
        let is_from_peer = |(stream, place): &(&StreamId, &Place)| {
            stream.0 >= INBOUND_FROM && matches!(place, Place::Open(pipe) if pipe.peer == from)
        };
        if open.len() >= STREAMS_MAX || open.iter().filter(is_from_peer).count() >= INBOUND_PER_PEER {
            return None;
        }
        let stream = StreamId(self.next.fetch_add(1, Ordering::Relaxed));
        let pipe = Arc::new(Pipe::new(from, opened));
        open.insert(stream, Place::Open(Arc::clone(&pipe)));
        Some((stream, pipe))
    }
}

/// Serves a stream that a peer opened, or drops it when there are too many.
pub(super) async fn accept(link: Arc<Link>, from: PeerKey, mut opened: Stream) {
    if let Err(error) = link::take(&mut opened).await {
        tracing::debug!(peer = %from, %error, "a session stream ended before it began");
        return;
    }
    let Some((stream, pipe)) = link.streams.place_inbound(from, opened) else {
        tracing::debug!(peer = %from, "too many session streams");
        return;
    };
    link.tell(NetEvent::StreamOpened { stream, peer: from }).await;
    run(&link, stream, &pipe).await;
    link.streams.open.lock().remove(&stream);
    link.tell(NetEvent::StreamClosed { stream }).await;
}

/// Reads and writes until either side ends the stream.
async fn run(link: &Link, stream: StreamId, pipe: &Pipe) {
    tokio::select! {
        end = read(link, stream, pipe) => match end {
            FrameError::Ended | FrameError::Broken(_) => {}
            FrameError::Oversized { announced, max } => {
                link.blame(pipe.peer, Misbehaviour::OversizedFrame { announced, max }).await;
            }
        },
        end = pipe.write() => if let Err(error) = end {
            tracing::debug!(peer = %pipe.peer, stream = stream.0, %error, "a session stream broke");
        },
    }
    pipe.close();
}

async fn read(link: &Link, stream: StreamId, mut pipe: &Pipe) -> FrameError {
    let mut frames = FrameReader::new(SESSION_FRAME_MAX);
    loop {
        match frames.next(&mut pipe).await {
            Ok(bytes) => link.tell(NetEvent::StreamData { stream, bytes }).await,
            Err(end) => return end,
        }
    }
}
