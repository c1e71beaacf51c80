//! What the API needs of a node, and nothing more.
//!
//! Deliberately absent: the loop, its keys, its network. The API could be served from another process.

use futures::future::BoxFuture;
use nuncio_protocol::{
    command::{Command, Event, Refusal, Reply},
    ids::DealId,
};
use serde::Serialize;
use tokio::sync::broadcast;

use crate::{
    audit::ExportError,
    node::Handle,
    trail::{Page, TrailError},
};

/// A node as the API sees it.
pub trait Door: Send + Sync + 'static {
    /// Asks the node after keeping these bytes, which the command names by their hash.
    fn ask(&self, command: Command, staged: Vec<Vec<u8>>) -> BoxFuture<'_, Result<Reply, Refusal>>;

    /// The bundle of a deal as an archive.
    fn bundle(&self, deal: DealId) -> BoxFuture<'_, Result<Vec<u8>, ExportError>>;

    /// What the node has on record, from a number on.
    fn trail(&self, from: u64, count: usize, step: Option<String>)
    -> BoxFuture<'_, Result<Page, TrailError>>;

    /// Everything that happens from now on, numbered.
    fn events(&self) -> broadcast::Receiver<(u64, Event)>;

    /// Nodes that are connected.
    fn peers(&self) -> Vec<Peer>;

    /// Multiaddresses that the node listens on.
    fn listen(&self) -> Vec<String>;
}

/// A connected node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its node key, 64 hex digits.
    pub peer: String,
    /// The addresses of its connections.
    pub addresses: Vec<String>,
    /// Whether this node opened the first of them.
    pub dialed: bool,
    /// Seconds since it came.
    pub connected_secs: u64,
    /// The last measured round trip, milliseconds.
    pub round_trip_ms: Option<u64>,
}

impl Door for Handle {
    fn ask(&self, command: Command, staged: Vec<Vec<u8>>) -> BoxFuture<'_, Result<Reply, Refusal>> {
        Box::pin(self.ask_with(command, staged))
    }

    fn bundle(&self, deal: DealId) -> BoxFuture<'_, Result<Vec<u8>, ExportError>> {
        Box::pin(Self::bundle(self, deal))
    }

    fn trail(
        &self,
        from: u64,
        count: usize,
        step: Option<String>,
    ) -> BoxFuture<'_, Result<Page, TrailError>> {
        Box::pin(Self::trail(self, from, count, step))
    }

    fn events(&self) -> broadcast::Receiver<(u64, Event)> {
        Self::events(self)
    }

    fn peers(&self) -> Vec<Peer> {
        let peers = Self::peers(self).into_iter().map(|peer| Peer {
            peer: peer.peer.to_string(),
            addresses: peer.addresses,
            dialed: peer.dialed,
            connected_secs: peer.connected_for.as_secs(),
            round_trip_ms: peer.round_trip.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        });
        peers.collect()
    }

    fn listen(&self) -> Vec<String> {
        Self::listen(self)
    }
}
