//! `nuncio start`: opens the home, unlocks the keys, runs the node and its API until told to stop.
//!
//! Once the API answers, `ready` and where it is stand on standard output; the log goes to standard
//! error (`NUNCIO_LOG`, by default `info`). SIGINT and SIGTERM end it in order: the API first, then the
//! loop, whose records are on disk at every moment.
//!
//! Deliberately absent: running in the background; that is the service manager's work.

use std::{io::Write, net::SocketAddr, path::Path, sync::Arc};

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, password};
use crate::{
    api::{About, Api, ApiError, Bind, Door, Oracle},
    effects::Fatal,
    home::Home,
    keys::Keys,
    net::print_peer_id,
    node::{NodeThread, Options},
};
use nuncio_protocol::ids::PeerKey;

/// Runs the node.
#[derive(Debug, Args)]
pub struct Start {
    /// Where other nodes dial this one, as a multiaddress. May be repeated.
    #[arg(long)]
    listen: Vec<String>,
    /// A node to begin with, as a multiaddress that ends in /p2p/. May be repeated.
    #[arg(long)]
    bootstrap: Vec<String>,
    /// Where the local API is served: `unix`, or a loopback address with a port.
    #[arg(long, default_value = "unix")]
    api: String,
    /// Where the trust oracle is served to anybody, as an address with a port; off without this.
    #[arg(long)]
    oracle: Option<SocketAddr>,
}

impl Start {
    pub(super) async fn run(self, home: &Path, json: bool) -> Result<(), Failure> {
        let bind: Bind = self.api.parse().map_err(|error: ApiError| Failure::usage(error))?;
        let mut stop = Stop::new()?;
        let root = home.canonicalize().unwrap_or_else(|_| home.to_owned());
        let home = Home::open(&root)?;
        let keys = Keys::unlock(&root, &password::read(false)?)?;
        let peer_id = print_peer_id(PeerKey(keys.public().node)).map_err(Failure::failed)?;
        let config = serde_json::to_value(&home.config).expect("invariant: a configuration is JSON");
        let did = home.card.document.agent;
        let options = Options { listen: self.listen, bootstrap: self.bootstrap };
        let (mut node, handle) = tokio::select! {
            started = NodeThread::start(home, keys, options) => started?,
            () = stop.asked() => return Err(interrupted()),
        };
        let served = serve(&root, bind, self.oracle, Arc::new(handle), About { peer_id, config }).await;
        if let Ok((api, oracle)) = &served {
            if let Some(oracle) = oracle {
                tracing::info!(oracle = oracle.address(), "anybody may ask");
            }
            tracing::info!(%did, api = api.address(), "ready");
            ready(&did.to_string(), api.address(), json);
            tokio::select! {
                ended = node.ended() => return over(ended),
                () = stop.asked() => {}
            }
        }
        let ended = over(node.stop().await);
        served.and(ended)
    }
}

/// Serves the API, and the oracle where it is asked for.
async fn serve(
    root: &Path,
    bind: Bind,
    oracle: Option<SocketAddr>,
    handle: Arc<dyn Door>,
    about: About,
) -> Result<(Api, Option<Oracle>), Failure> {
    let api = Api::start(root, bind, handle.clone(), about).await.map_err(Failure::failed)?;
    let oracle = match oracle {
        Some(address) => Some(Oracle::start(root, address, handle).await.map_err(Failure::failed)?),
        None => None,
    };
    Ok((api, oracle))
}

/// How a node's end ends the program.
fn over(ended: Option<Result<(), Fatal>>) -> Result<(), Failure> {
    Ok(ended.ok_or_else(|| Failure::failed("the node ended by a panic"))??)
}

fn interrupted() -> Failure {
    Failure { code: 130, ..Failure::failed("interrupted") }
}

fn ready(did: &str, api: &str, json: bool) {
    let line =
        if json { json!({ "did": did, "api": api }).to_string() } else { format!("ready {did} {api}") };
    // Whoever started the node may not read its output.
    let _ = writeln!(std::io::stdout(), "{line}");
    let _ = std::io::stdout().flush();
}

/// The two signals by which a node is asked to stop.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::failed);
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for either. May be dropped.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => tracing::info!("interrupted"),
            _ = self.terminate.recv() => tracing::info!("told to stop"),
        }
    }
}
