//! What the network refuses to do for its owner, and why.

use nuncio_protocol::ids::{PeerKey, StreamId};

/// Refusals of the local handle. Faults of peers are [`NetEvent::Misbehaved`](super::NetEvent).
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// An address that is not a multiaddr, or one that cannot be dialled or listened on.
    #[error("not a usable address: {addr} ({reason})")]
    Address {
        /// The address as given.
        addr: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A topic outside `nuncio/1/…`, too long, or with other characters than `a-z 0-9 . - /`.
    #[error("not a topic of this network: {0}")]
    Topic(String),
    /// Thirty-two bytes that are no Ed25519 public key.
    #[error("{0} is not an Ed25519 public key")]
    NotAKey(PeerKey),
    /// More bytes than one message, frame, header or blob may have.
    #[error("{what} of {bytes} bytes where {max} is the most")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The largest allowed.
        max: usize,
    },
    /// A queue is full: the peer, or this node's own network, cannot keep up.
    #[error("the queue for {0} is full")]
    Backlog(&'static str),
    /// A stream id that is not open for sending, or is already taken, or is of the half that the
    /// network allots itself.
    #[error("stream {} cannot be used so: {reason}", stream.0)]
    Stream {
        /// The stream.
        stream: StreamId,
        /// What does not fit.
        reason: &'static str,
    },
    /// The transport could not be set up.
    #[error("the network cannot start: {0}")]
    Start(String),
    /// The network has been shut down, or its task has died.
    #[error("the network has stopped")]
    Stopped,
}
