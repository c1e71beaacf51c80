//! Serves the chain of a finished story again, so that anybody can verify its deal later.
//!
//! The state is loaded and not kept: whatever a visitor does to it is gone afterwards.

use std::path::{Path, PathBuf};

use crate::{
    chain::anvil::{Anvil, AnvilOptions},
    process::ProcessError,
};

/// Says why no chain is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder has none.
    #[error("{0} is missing: name the folder that `scripts/demo --keep` has written, for example DIR/happy")]
    NoChain(PathBuf),
    /// There is no room for a log.
    #[error("cannot make a folder for the log: {0}")]
    Folder(#[from] std::io::Error),
    /// anvil does not do it.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

/// Serves `dir/chain.json` until the future is dropped or the chain ends.
///
/// Without a port it is where it was, so that the kept homes find it again.
///
/// # Errors
/// [`ServeError`].
#[expect(clippy::print_stdout, reason = "the address is what the caller asked for")]
pub async fn chain(dir: &Path, port: Option<u16>) -> Result<(), ServeError> {
    let state = dir.join("chain.json");
    if !state.is_file() {
        return Err(ServeError::NoChain(state));
    }
    let port = port.or_else(|| kept_port(dir)).unwrap_or_default();
    let folder = tempfile::tempdir()?;
    let options = AnvilOptions { port, load: Some(state), dump: None };
    let mut anvil = Anvil::start(&options, &folder.path().join("anvil.log")).await?;
    println!("rpc {}", anvil.rpc());
    Err(anvil.ended().await.into())
}

/// The port in the network's description beside the chain.
fn kept_port(dir: &Path) -> Option<u16> {
    #[derive(serde::Deserialize)]
    struct Network {
        rpc: Vec<String>,
    }
    let network = std::fs::read(dir.join("network.json")).ok()?;
    let network: Network = serde_json::from_slice(&network).ok()?;
    network.rpc.first()?.rsplit(':').next()?.parse().ok()
}
