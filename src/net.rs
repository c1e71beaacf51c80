//! The network: how a node finds others, speaks to them and is spoken to.
//!
//! [`Net::start`] brings up libp2p under the node's key and returns a handle that is cheap to clone.
//! Everything that happens comes out of one bounded channel as a [`NetEvent`]; every method of the
//! handle returns at once, and what becomes of it comes as an event too. There are four ways to
//! speak:
//!
//! - **gossip** on topics, heard by everybody who listens and passed on only after a verdict;
//! - **direct messages**, one way and confirmed: what is not confirmed in ten seconds comes back as
//!   [`NetEvent::SendFailed`];
//! - **session streams**, two-way and framed, on the shortest way that the transport has;
//! - **blobs**, up to 64 MiB, put and fetched by hash.
//!
//! Whoever does not read the events slows only itself and those who send to it. Streams, messages
//! and blobs wait, which their senders feel; news of peers waits and cancels out; gossip is dropped.
//! Whatever peers can fill is bounded, and a peer that breaks a rule of the wire is named in a
//! [`NetEvent::Misbehaved`]; whether it is banned is for the owner to say. The network stops when
//! the last handle is dropped, or in good order with [`Net::shutdown`].
//!
//! Nothing outside this module knows libp2p. Deliberately absent: the meaning of any message, any
//! key but the node's, storage, and retries across a restart.

mod admission;
mod behaviour;
mod blob;
mod book;
mod bucket;
mod config;
mod direct;
mod discovery;
mod error;
mod event;
mod frame;
mod gossip;
mod guarded;
mod host;
mod link;
mod outbox;
mod peer;
mod session;
mod steady;
mod tasks;
#[cfg(test)]
mod tests;
mod transport;

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration, time::Instant};

use bytes::Bytes;
use futures::StreamExt;
use libp2p::{Stream, StreamProtocol, Swarm, identity, swarm};
use nuncio_protocol::ids::{BlobId, PeerKey, StreamId};
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;
use zeroize::Zeroizing;

use self::{
    behaviour::Behaviour,
    blob::Blobs,
    direct::Direct,
    discovery::Discovery,
    guarded::Guarded,
    host::{Command, Host},
    link::Link,
    session::Streams,
    steady::Steady,
    tasks::Tasks,
};
pub use self::{
    config::{BLOB_HEADER_MAX, BLOB_MAX, GOSSIP_MAX, MESSAGE_MAX, NetConfig, Reach, SESSION_FRAME_MAX},
    error::NetError,
    event::{BlobError, GossipId, Misbehaviour, NetEvent, OfferToken, PeerView, Verdict, WantToken},
    peer::{parse_peer_id, print_peer_id},
};

/// Commands that may wait for the host.
const COMMANDS: usize = 4096;
/// How long a shutdown waits for messages that are already queued.
const DRAIN: Duration = Duration::from_secs(1);

/// A handle on the network. Clones are the same network; it stops when the last one is dropped.
#[derive(Clone)]
pub struct Net {
    link: Arc<Link>,
    _stop: Arc<DropGuard>,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("me", &self.link.me).finish_non_exhaustive()
    }
}

impl Net {
    /// Brings the network up under the node's secret key (an Ed25519 seed). Must be called inside a
    /// tokio runtime. The addresses that it listens on follow as [`NetEvent::Listening`].
    ///
    /// # Errors
    /// A topic or address that is none, an address that cannot be listened on, or a system without
    /// what the transports need.
    pub fn start(
        config: &NetConfig,
        node_secret: [u8; 32],
        events: mpsc::Sender<NetEvent>,
    ) -> Result<Self, NetError> {
        let mut secret = Zeroizing::new(node_secret);
        let key = identity::Keypair::ed25519_from_bytes(secret.as_mut_slice())
            .map_err(|e| NetError::Start(e.to_string()))?;
        let id = key.public().to_peer_id();
        let me =
            peer::to_peer_key(&id).ok_or_else(|| NetError::Start("the key is not Ed25519".to_owned()))?;

        let transport = transport::build(&key, config.reach)?;
        let rules = swarm::Config::with_tokio_executor().with_idle_connection_timeout(config::IDLE);
        let mut swarm = Swarm::new(transport, Steady(Behaviour::new(&key, config)?), id, rules);
        for topic in &config.topics {
            gossip::subscribe(&mut swarm.behaviour_mut().gossip, topic)?;
        }
        for (address, _) in host::read_addresses(&config.external)? {
            swarm.add_external_address(address);
        }
        let bootstrap = host::read_addresses(&config.bootstrap)?;

        let mut control = swarm.behaviour().streams.new_control();
        let taken = |error: libp2p_stream::AlreadyRegistered| NetError::Start(error.to_string());
        let direct = control.accept(direct::PROTOCOL).map_err(taken)?;
        let sessions = control.accept(session::PROTOCOL).map_err(taken)?;
        let blobs = control.accept(blob::PROTOCOL).map_err(taken)?;
        let listen = host::read_addresses(&config.listen)?;
        let unusable = |addr: &String, reason: String| NetError::Address { addr: addr.clone(), reason };
        // All are checked before any is taken, as one may cover another (`::` and `0.0.0.0`).
        for (given, (address, _)) in config.listen.iter().zip(&listen) {
            transport::check_free(address).map_err(|e| unusable(given, e.to_string()))?;
        }
        for (given, (address, _)) in config.listen.iter().zip(listen) {
            swarm.listen_on(address).map_err(|e| unusable(given, e.to_string()))?;
        }

        let (commands, asked) = mpsc::channel(COMMANDS);
        let link = Arc::new(Link {
            me,
            events,
            commands,
            control,
            tasks: Tasks::new(),
            peers: Guarded::new(BTreeMap::new()),
            direct: Direct::default(),
            streams: Streams::default(),
            blobs: Blobs::default(),
        });
        let discovery = Discovery::new(bootstrap, config.reach, Instant::now());
        let host = Host::new(swarm, Arc::clone(&link), asked, discovery, config.reach);
        link.tasks.spawn_to_its_end(host.run());
        serve(&link, direct::PROTOCOL, direct, direct::receive);
        serve(&link, session::PROTOCOL, sessions, session::accept);
        serve(&link, blob::PROTOCOL, blobs, blob::serve);
        let stop = Arc::new(link.tasks.stop_on_drop());
        Ok(Self { link, _stop: stop })
    }

    /// This node's own key.
    #[must_use]
    pub fn me(&self) -> PeerKey {
        self.link.me
    }

    /// The peers connected now.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerView> {
        let peers = self.link.peers.lock();
        peers
            .iter()
            .map(|(peer, connected)| PeerView {
                peer: *peer,
                addresses: connected.addresses.values().cloned().collect(),
                dialed: connected.dialed,
                connected_for: connected.since.elapsed(),
                round_trip: connected.round_trip,
            })
            .collect()
    }

    /// Dials an address, with or without `/p2p/…` at its end; [`NetEvent::PeerUp`] follows if it
    /// answers.
    ///
    /// # Errors
    /// It is no address, or the network has stopped or is swamped.
    pub fn dial(&self, addr: &str) -> Result<(), NetError> {
        let (address, peer) = peer::parse_address(addr)?;
        self.ask(Command::Dial { address, peer })
    }

    /// Notes where a peer can be reached, without dialling it.
    ///
    /// # Errors
    /// It is no address, it names another peer, or the network has stopped or is swamped.
    pub fn add_address(&self, peer: PeerKey, addr: &str) -> Result<(), NetError> {
        let id = peer::to_peer_id(peer)?;
        let (address, named) = peer::parse_address(addr)?;
        if named.is_some_and(|named| named != id) {
            return Err(NetError::Address {
                addr: addr.to_owned(),
                reason: "it names another peer".to_owned(),
            });
        }
        self.ask(Command::Note { peer: id, address })
    }

    /// Closes all connections with a peer and refuses new ones while this network runs.
    ///
    /// # Errors
    /// The bytes are no key, or the network has stopped or is swamped.
    pub fn ban(&self, peer: PeerKey) -> Result<(), NetError> {
        self.ask(Command::Ban { peer: peer::to_peer_id(peer)? })
    }

    /// Listens to a gossip topic, `nuncio/1/…` of `a-z 0-9 . - /`.
    ///
    /// # Errors
    /// It is no such topic, or the network has stopped or is swamped.
    pub fn subscribe(&self, topic: &str) -> Result<(), NetError> {
        self.ask(Command::Subscribe { topic: topic_checked(topic)? })
    }

    /// Says something to everybody who listens to a topic. If nobody does yet, it is said again
    /// within the next minute when somebody begins to. The same bytes are said once.
    ///
    /// # Errors
    /// It is no topic of this network, there are more than 8 KiB, or the network has stopped or is
    /// swamped.
    pub fn gossip(&self, topic: &str, bytes: Bytes) -> Result<(), NetError> {
        if bytes.len() > GOSSIP_MAX {
            return Err(NetError::TooLarge { what: "gossip", bytes: bytes.len(), max: GOSSIP_MAX });
        }
        self.ask(Command::Gossip { topic: topic_checked(topic)?, bytes })
    }

    /// Settles a gossip message. It must come within about ten seconds of the event; later, or for
    /// a message that is settled already, it does nothing.
    ///
    /// # Errors
    /// The network has stopped or is swamped.
    pub fn settle_gossip(&self, id: GossipId, verdict: Verdict) -> Result<(), NetError> {
        self.ask(Command::Settle { id, verdict })
    }

    /// Sends a direct message, connecting first if need be. Messages to one peer arrive in order.
    ///
    /// # Errors
    /// More than 256 KiB, or too many messages wait already; nothing is sent then, and no event
    /// follows.
    pub fn send(&self, to: PeerKey, bytes: Bytes) -> Result<(), NetError> {
        self.is_running()?;
        Direct::send(&self.link, to, bytes)
    }

    /// Opens a session stream under an id of the lower half of `u64`, connecting first if need be;
    /// [`NetEvent::StreamReady`] or [`NetEvent::StreamClosed`] follows.
    ///
    /// # Errors
    /// The id is taken or of the upper half, or there are too many streams; no event follows.
    pub fn open_stream(&self, stream: StreamId, to: PeerKey) -> Result<(), NetError> {
        self.is_running()?;
        Streams::open(&self.link, stream, to)
    }

    /// Sends a frame on a stream that is open, from the calling thread.
    ///
    /// # Errors
    /// The stream is not open, the frame is larger than 65 KiB, or a mebibyte waits already because
    /// the peer does not read; in the last case the stream is closed, since a session with a missing
    /// frame cannot go on.
    pub fn stream_send(&self, stream: StreamId, frame: &[u8]) -> Result<(), NetError> {
        self.link.streams.send(stream, frame)
    }

    /// Closes a stream once what was sent is out; [`NetEvent::StreamClosed`] follows.
    pub fn close_stream(&self, stream: StreamId) {
        self.link.streams.close(stream);
    }

    /// Offers a blob to a peer; [`NetEvent::BlobSent`] with the same `job` follows.
    ///
    /// # Errors
    /// Header or body are too large, or too many jobs wait; no event follows.
    pub fn put_blob(&self, job: u64, to: PeerKey, header: Bytes, body: Bytes) -> Result<(), NetError> {
        self.is_running()?;
        Blobs::put(&self.link, job, to, header, body)
    }

    /// Asks a peer for a blob; [`NetEvent::BlobFetched`] with the same `job` follows.
    ///
    /// # Errors
    /// Too many jobs wait; no event follows.
    pub fn get_blob(&self, job: u64, from: PeerKey, blob: BlobId) -> Result<(), NetError> {
        self.is_running()?;
        Blobs::get(&self.link, job, from, blob)
    }

    /// Answers [`NetEvent::BlobOffered`]: taken, or refused with a reason for the peer (cut at 256
    /// bytes). Without an answer within a minute the offer is refused.
    pub fn answer_offer(&self, token: OfferToken, answer: Result<(), String>) {
        self.link.blobs.answer_offer(token, answer);
    }

    /// Answers [`NetEvent::BlobWanted`]: the blob, or that it is not here. Without an answer within
    /// a minute it is not here.
    pub fn answer_blob(&self, token: WantToken, blob: Option<Bytes>) {
        self.link.blobs.answer_want(token, blob);
    }

    /// Returns when the network has stopped, for whatever reason: the handle is of no use then.
    pub async fn stopped(&self) {
        self.link.tasks.stop_signal().cancelled().await;
    }

    /// Stops the network: queued messages have a second to get out, connections are closed so that
    /// peers notice at once, and when it returns no task is left.
    pub async fn shutdown(self) {
        self.link.direct.drain(DRAIN).await;
        self.link.tasks.stop_signal().cancel();
        self.link.tasks.ended().await;
    }

    fn ask(&self, command: Command) -> Result<(), NetError> {
        self.link.commands.try_send(command).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => NetError::Backlog("commands to the network"),
            mpsc::error::TrySendError::Closed(_) => NetError::Stopped,
        })
    }

    fn is_running(&self) -> Result<(), NetError> {
        if self.link.commands.is_closed() { Err(NetError::Stopped) } else { Ok(()) }
    }
}

/// Takes the inbound substreams of one protocol, each into a task of its own. Taking must be quick:
/// libp2p drops those that come while one waits.
fn serve<F>(
    link: &Arc<Link>,
    protocol: StreamProtocol,
    mut inbound: libp2p_stream::IncomingStreams,
    task: impl Fn(Arc<Link>, PeerKey, Stream) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let link_for_task = Arc::clone(link);
    link.tasks.spawn(async move {
        while let Some((peer, stream)) = inbound.next().await {
            match peer::to_peer_key(&peer) {
                Some(from) => link_for_task.tasks.spawn(task(Arc::clone(&link_for_task), from, stream)),
                None => tracing::debug!(%peer, %protocol, "a substream of another key kind"),
            }
        }
    });
}

fn topic_checked(topic: &str) -> Result<String, NetError> {
    if gossip::is_topic(topic) { Ok(topic.to_owned()) } else { Err(NetError::Topic(topic.to_owned())) }
}
