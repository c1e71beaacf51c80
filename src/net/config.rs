//! What an operator may set, and the limits that nobody may.
//!
//! The limits follow from one sum: whatever strangers do, the network's memory stays bounded.
//! Deliberately absent: tuning knobs without a reader.

use std::time::Duration;

/// Largest direct message, in bytes.
pub const MESSAGE_MAX: usize = 256 * 1024;
/// Largest frame of a session stream, in bytes.
pub const SESSION_FRAME_MAX: usize = 65 * 1024;
/// Largest gossip message, in bytes.
pub const GOSSIP_MAX: usize = 8 * 1024;
/// Largest header of a blob, in bytes.
pub const BLOB_HEADER_MAX: usize = 64 * 1024;
/// Largest blob, in bytes.
pub const BLOB_MAX: usize = 64 * 1024 * 1024;

/// Connections in all, with whomever.
pub(super) const CONNECTIONS_MAX: u32 = 128;
/// Connections that others opened. The rest stays free for those that this node opens, so that
/// strangers cannot cut it off by filling its slots.
pub(super) const INBOUND_MAX: u32 = 96;
/// Handshakes under way, each way.
pub(super) const PENDING_MAX: u32 = 32;
/// Connections with one peer: two arise when both dial at once, a third while one is dying.
pub(super) const PER_PEER_MAX: u32 = 3;
/// Substreams of one TCP connection; yamux ends a connection that exceeds it.
pub(super) const SUBSTREAMS_MAX: usize = 64;
/// Inbound connections from one public /24 (IPv4) or /56 (IPv6).
pub(super) const PER_SUBNET_MAX: usize = 8;

/// A handshake that takes longer is cut.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(5);
/// A connection without streams is closed after this.
pub(super) const IDLE: Duration = Duration::from_secs(600);
/// How long a direct message may take until it counts as failed.
pub(super) const DELIVERY: Duration = Duration::from_secs(10);
/// Connections that a node tries to keep, so that losing some does not cut it off.
pub(super) const CONNECTIONS_WANTED: usize = 12;

/// Which addresses a node may dial and spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any address: one machine or one trusted network. Every node serves the peer directory.
    Local,
    /// Global addresses only: an address that a stranger spreads must not make this node knock at
    /// doors inside its own network (RFC 6890 ranges are never dialled).
    Public,
}

/// How a node takes part in the network.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Multiaddrs to listen on, such as `/ip4/127.0.0.1/tcp/0` or `/ip4/0.0.0.0/udp/4001/quic-v1`.
    pub listen: Vec<String>,
    /// Multiaddrs under which others reach this node, when they differ from those it listens on.
    pub external: Vec<String>,
    /// Multiaddrs of nodes to begin with; with a final `/p2p/…` the peer is checked.
    pub bootstrap: Vec<String>,
    /// Gossip topics to hear from the start.
    pub topics: Vec<String>,
    /// Which addresses may be dialled.
    pub reach: Reach,
    /// Resident memory of the whole process, in bytes, above which no connection is accepted.
    pub memory_bytes_max: usize,
    /// Connections in all; at most 128.
    pub connections_max: u32,
}

impl NetConfig {
    /// A node on loopback at a port that the system chooses.
    #[must_use]
    pub fn local() -> Self {
        Self {
            listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()],
            external: Vec::new(),
            bootstrap: Vec::new(),
            topics: Vec::new(),
            reach: Reach::Local,
            memory_bytes_max: 1024 * 1024 * 1024,
            connections_max: CONNECTIONS_MAX,
        }
    }

    /// A node on the open network, over TCP and QUIC at `port`.
    #[must_use]
    pub fn public(port: u16) -> Self {
        Self {
            listen: vec![format!("/ip4/0.0.0.0/tcp/{port}"), format!("/ip4/0.0.0.0/udp/{port}/quic-v1")],
            reach: Reach::Public,
            ..Self::local()
        }
    }
}
