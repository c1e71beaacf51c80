//! The protocols that one connection carries, put together for libp2p's swarm.
//!
//! Admission stands first: whoever exceeds a limit is refused before another protocol spends memory
//! on it. Deliberately absent: decisions, which are the host's.

use libp2p::{
    PeerId, StreamProtocol, allow_block_list,
    connection_limits::{self, ConnectionLimits},
    identify, identity,
    kad::{self, store::MemoryStore},
    memory_connection_limits, ping,
    swarm::NetworkBehaviour,
};

use super::{
    admission,
    config::{INBOUND_MAX, NetConfig, PENDING_MAX, PER_PEER_MAX, Reach},
    error::NetError,
    gossip,
};

/// The protocol version that identify announces; a peer with another one is not of this network.
pub(super) const IDENTITY: &str = "/nuncio/id/1";
/// The peer directory.
pub(super) const DIRECTORY: StreamProtocol = StreamProtocol::new("/nuncio/kad/1");

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) memory: memory_connection_limits::Behaviour,
    pub(super) subnets: admission::Behaviour,
    pub(super) banned: allow_block_list::Behaviour<allow_block_list::BlockedPeers>,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) gossip: gossip::Gossip,
    pub(super) directory: kad::Behaviour<MemoryStore>,
    pub(super) streams: libp2p_stream::Behaviour,
}

impl Behaviour {
    /// The protocols of a node with this key.
    pub(super) fn new(key: &identity::Keypair, config: &NetConfig) -> Result<Self, NetError> {
        let me = key.public().to_peer_id();
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(PENDING_MAX))
            .with_max_pending_outgoing(Some(PENDING_MAX))
            .with_max_established_incoming(Some(INBOUND_MAX))
            .with_max_established(Some(config.connections_max))
            .with_max_established_per_peer(Some(PER_PEER_MAX));
        let identify = identify::Config::new(IDENTITY.to_owned(), key.public())
            .with_agent_version(concat!("nuncio/", env!("CARGO_PKG_VERSION")).to_owned())
            .with_push_listen_addr_updates(true)
            // Addresses inside somebody's network are nobody else's business.
            .with_hide_listen_addrs(config.reach == Reach::Public);
        Ok(Self {
            limits: connection_limits::Behaviour::new(limits),
            memory: memory_connection_limits::Behaviour::with_max_bytes(config.memory_bytes_max),
            subnets: admission::Behaviour::default(),
            banned: allow_block_list::Behaviour::default(),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::default(),
            gossip: gossip::build(key)?,
            directory: directory(me, config),
            streams: libp2p_stream::Behaviour::new(),
        })
    }
}

/// The peer directory: who is where, and nothing else. Records are refused, so that nobody stores
/// anything in this node's memory.
fn directory(me: PeerId, config: &NetConfig) -> kad::Behaviour<MemoryStore> {
    let mut rules = kad::Config::new(DIRECTORY);
    rules.set_record_filtering(kad::StoreInserts::FilterBoth);
    rules.set_query_timeout(std::time::Duration::from_secs(10));
    let mut directory = kad::Behaviour::with_config(me, MemoryStore::new(me), rules);
    // A node that nobody can reach must not stand in others' directories.
    let served = config.reach == Reach::Local || !config.external.is_empty();
    directory.set_mode(Some(if served { kad::Mode::Server } else { kad::Mode::Client }));
    directory
}
