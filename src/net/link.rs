//! What the tasks of one network share, and how any of them gets a substream to a peer.
//!
//! A substream counts as open only once the peer has said so with one byte: libp2p drops an inbound
//! substream that its owner is too slow to take, without telling the opener, and everything written
//! into it would be lost. Without the byte the opening is tried again.
//!
//! Deliberately absent: what is said on the substream.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{Stream, StreamProtocol};
use nuncio_protocol::ids::PeerKey;
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use super::{
    blob::Blobs,
    direct::Direct,
    event::{Misbehaviour, NetEvent},
    guarded::Guarded,
    host::Command,
    peer,
    session::Streams,
    tasks::Tasks,
};

/// The byte with which a peer takes a substream.
const TAKEN: u8 = 1;
/// How long each step of opening a substream may take.
const STEP: Duration = Duration::from_secs(5);
/// How often an opening is tried when the peer drops it.
const TRIES: u32 = 3;
/// Pause before another try.
const PAUSE: Duration = Duration::from_millis(50);

/// Why there is no substream to a peer.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("the peer cannot be reached: {0}")]
    Unreachable(String),
    #[error("the peer does not speak the protocol")]
    Unsupported,
    #[error("the peer did not take the substream")]
    NotTaken,
}

/// One connected peer, as the swarm's task keeps it for [`Net::peers`](super::Net::peers).
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) since: Instant,
    pub(super) dialed: bool,
    pub(super) addresses: BTreeMap<libp2p::swarm::ConnectionId, String>,
    pub(super) round_trip: Option<Duration>,
}

/// What the tasks of one network share.
pub(super) struct Link {
    pub(super) me: PeerKey,
    pub(super) events: mpsc::Sender<NetEvent>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) control: libp2p_stream::Control,
    pub(super) tasks: Tasks,
    pub(super) peers: Guarded<BTreeMap<PeerKey, Connected>>,
    pub(super) direct: Direct,
    pub(super) streams: Streams,
    pub(super) blobs: Blobs,
}

impl Link {
    /// Tells the owner, waiting until there is room. May be dropped half-way.
    ///
    /// When the owner has hung up nobody is left to tell, and the swarm's task ends everything.
    pub(super) async fn tell(&self, event: NetEvent) {
        let _ = self.events.send(event).await;
    }

    /// Tells the owner of a peer's fault.
    pub(super) async fn blame(&self, peer: PeerKey, what: Misbehaviour) {
        tracing::debug!(%peer, ?what, "a peer broke a rule of the wire");
        self.tell(NetEvent::Misbehaved { peer, what }).await;
    }

    /// Connects with a peer if need be, and opens a substream that the peer has taken. May be
    /// dropped half-way.
    pub(super) async fn open(&self, to: PeerKey, protocol: StreamProtocol) -> Result<Stream, OpenError> {
        let id = peer::to_peer_id(to).map_err(|e| OpenError::Unreachable(e.to_string()))?;
        for _ in 0..TRIES {
            self.connect(to).await?;
            let mut control = self.control.clone();
            match timeout(STEP, control.open_stream(id, protocol.clone())).await {
                Ok(Ok(mut stream)) => {
                    let mut byte = [0];
                    let answer = timeout(STEP, stream.read_exact(&mut byte)).await;
                    if matches!(answer, Ok(Ok(()))) && byte == [TAKEN] {
                        return Ok(stream);
                    }
                }
                Ok(Err(libp2p_stream::OpenStreamError::UnsupportedProtocol(_))) => {
                    return Err(OpenError::Unsupported);
                }
                Ok(Err(error)) => tracing::debug!(peer = %to, %error, "a substream was not opened"),
                Err(_) => tracing::debug!(peer = %to, "a substream was not opened in time"),
            }
            sleep(PAUSE).await;
        }
        Err(OpenError::NotTaken)
    }

    async fn connect(&self, to: PeerKey) -> Result<(), OpenError> {
        let stopped = || OpenError::Unreachable("the network has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Connect { to, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?.map_err(OpenError::Unreachable)
    }
}

/// Takes an inbound substream.
pub(super) async fn take(stream: &mut Stream) -> std::io::Result<()> {
    stream.write_all(&[TAKEN]).await?;
    stream.flush().await
}
