//! The host: the one task that owns libp2p's swarm.
//!
//! It turns what the swarm reports into events and what the handle asks into acts of the swarm, and
//! never waits for anybody: news for a busy owner queues in the outbox, gossip for a busy owner is
//! ignored, and everything on substreams happens in other tasks. Once a second it sees to it that
//! the node is not alone. Whoever needs a connection to a peer waits here until it stands or every
//! known way has failed: addresses from the book first, then those that the directory finds.
//!
//! When the owner hangs up or the network is shut down, it closes the connections in order, so that
//! peers learn of it at once.
//!
//! Deliberately absent: the meaning of any byte.

mod dialling;
mod events;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::StreamExt;
use libp2p::{Multiaddr, PeerId, Swarm, kad};
use nuncio_protocol::ids::PeerKey;
use tokio::sync::{mpsc, oneshot};

use super::{
    behaviour::Behaviour,
    book::AddressBook,
    config::Reach,
    discovery::Discovery,
    error::NetError,
    event::{GossipId, Verdict},
    gossip,
    link::Link,
    outbox::Outbox,
    peer,
    steady::Steady,
};

/// How long the goodbye to peers may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// What the handle and the other tasks ask of the host.
#[derive(Debug)]
pub(super) enum Command {
    /// Connect, or say why not.
    Connect {
        to: PeerKey,
        reply: oneshot::Sender<Result<(), String>>,
    },
    Dial {
        address: Multiaddr,
        peer: Option<PeerId>,
    },
    Note {
        peer: PeerId,
        address: Multiaddr,
    },
    Subscribe {
        topic: String,
    },
    Gossip {
        topic: String,
        bytes: Bytes,
    },
    Settle {
        id: GossipId,
        verdict: Verdict,
    },
    Ban {
        peer: PeerId,
    },
}

/// Those who wait for a connection to one peer.
#[derive(Debug, Default)]
struct Waiting {
    replies: Vec<oneshot::Sender<Result<(), String>>>,
    /// The directory has been asked.
    looked_up: bool,
}

/// The task that owns the swarm.
pub(super) struct Host {
    swarm: Swarm<Steady<Behaviour>>,
    link: Arc<Link>,
    commands: mpsc::Receiver<Command>,
    outbox: Outbox,
    book: AddressBook,
    discovery: Discovery,
    table: gossip::Table,
    waiting: BTreeMap<PeerId, Waiting>,
    lookups: HashMap<kad::QueryId, PeerId>,
    reach: Reach,
}

impl Host {
    pub(super) fn new(
        swarm: Swarm<Steady<Behaviour>>,
        link: Arc<Link>,
        commands: mpsc::Receiver<Command>,
        discovery: Discovery,
        reach: Reach,
    ) -> Self {
        Self {
            swarm,
            link,
            commands,
            outbox: Outbox::default(),
            book: AddressBook::default(),
            discovery,
            table: gossip::Table::default(),
            waiting: BTreeMap::new(),
            lookups: HashMap::new(),
            reach,
        }
    }

    /// Runs until the network is stopped or the owner hangs up, then says goodbye.
    pub(super) async fn run(mut self) {
        // Should this task die of a panic, the other tasks end with it and the handle says so.
        let _stop_all = self.link.tasks.stop_on_drop();
        let stop = self.link.tasks.stop_signal();
        let events = self.link.events.clone();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                place = events.reserve(), if !self.outbox.is_empty() => match place {
                    Ok(place) => if let Some(event) = self.outbox.next() { place.send(event) },
                    Err(_) => break,
                },
                () = events.closed() => break,
                event = self.swarm.select_next_some() => self.on_event(event),
                Some(command) = self.commands.recv() => self.on_command(command),
                _ = second.tick() => self.on_second(),
            }
        }
        stop.cancel();
        let _ = tokio::time::timeout(GOODBYE, self.say_goodbye()).await;
    }

    async fn say_goodbye(&mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // An error only says that the peer is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        while self.swarm.connected_peers().next().is_some() {
            self.swarm.select_next_some().await;
        }
    }

    fn on_second(&mut self) {
        let now = Instant::now();
        let connected = self.swarm.connected_peers().count();
        let swarm = &self.swarm;
        let moves = self.discovery.moves(connected, |peer| swarm.is_connected(peer), now);
        for (address, peer) in moves.dial {
            self.dial(address, peer);
        }
        let candidates = self.book.candidates(moves.more, now, |peer| swarm_knows(&self.swarm, peer));
        for peer in candidates {
            self.dial_known(peer);
        }
        if moves.walk {
            self.swarm.behaviour_mut().directory.get_closest_peers(PeerId::random());
        }
        // Whoever has given up waiting need not be remembered.
        self.waiting.retain(|_, waiting| {
            waiting.replies.retain(|reply| !reply.is_closed());
            !waiting.replies.is_empty()
        });
    }

    fn on_command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Connect { to, reply } => self.connect(to, reply),
            Command::Dial { address, peer } => self.dial(address, peer),
            Command::Note { peer, address } => self.book.note(peer, address),
            Command::Subscribe { topic } => {
                if let Err(error) = gossip::subscribe(&mut self.swarm.behaviour_mut().gossip, &topic) {
                    tracing::warn!(topic, %error, "a topic was not joined");
                }
            }
            Command::Gossip { topic, bytes } => {
                self.table.say(&mut self.swarm.behaviour_mut().gossip, &topic, bytes, now);
            }
            Command::Settle { id, verdict } => {
                self.table.settle(&mut self.swarm.behaviour_mut().gossip, id, verdict);
            }
            Command::Ban { peer } => {
                self.swarm.behaviour_mut().gossip.blacklist_peer(&peer);
                self.swarm.behaviour_mut().directory.remove_peer(&peer);
                self.swarm.behaviour_mut().banned.block_peer(peer);
            }
        }
    }
}

fn swarm_knows(swarm: &Swarm<Steady<Behaviour>>, peer: &PeerId) -> bool {
    swarm.is_connected(peer)
        || peer == swarm.local_peer_id()
        || swarm.behaviour().banned.blocked_peers().contains(peer)
}

/// Reads the addresses that an operator gave.
pub(super) fn read_addresses(addresses: &[String]) -> Result<Vec<(Multiaddr, Option<PeerId>)>, NetError> {
    addresses.iter().map(|addr| peer::parse_address(addr)).collect()
}
