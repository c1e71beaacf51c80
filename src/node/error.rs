//! Why a daemon does not start, or ends.
//!
//! Deliberately absent: what a peer or a client did wrong; that ends nothing.

use crate::effects::Fatal;

/// Why a daemon does not start, or ends.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The home does not say what it should.
    #[error("{0}")]
    Home(String),
    /// The network does not start.
    #[error(transparent)]
    Net(#[from] crate::net::NetError),
    /// The chain is not what it should be.
    #[error(transparent)]
    Chain(#[from] crate::chain::ChainError),
    /// The beacon's address is malformed.
    #[error(transparent)]
    Beacon(#[from] crate::chain::beacon::BeaconError),
    /// The blob store does not open.
    #[error(transparent)]
    Blobs(#[from] crate::vault::BlobError),
    /// The sign guard is corrupt.
    #[error(transparent)]
    Guard(#[from] nuncio_protocol::guard::GuardError),
    /// Something that must be kept cannot be.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

impl DaemonError {
    /// What a person can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Home(_) => Some("correct config.toml or network.json in the home"),
            Self::Net(_) => Some("name another address with --listen"),
            Self::Chain(error) => Some(error.hint()),
            Self::Beacon(_) => Some("correct the beacon's urls in network.json"),
            Self::Blobs(_) => Some("check the owner of HOME/blobs and the space on its disk"),
            Self::Guard(_) => Some("do not delete the guard: restore HOME/keys from a backup"),
            Self::Fatal(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }
}
