//! The local API: how agent programs, principals and the CLI reach one node.
//!
//! HTTP with JSON under `/api/v1`, on a Unix socket in the home or on a loopback port, never further.
//! A request passes, in this order: the host and origin it names (against pages that rebind a name to
//! loopback), the token's role, the size and type of its body; then it becomes one
//! [`Command`](nuncio_protocol::command::Command), and the node decides. What the node refuses arrives
//! as `{"code", "message", "hint"}`. What peers wrote in free text arrives only inside
//! `{"untrusted_text": …}`: an agent program must never take it for an instruction.
//!
//! `HOME/api.addr` says where it listens, from then on and until it ends.
//!
//! Deliberately absent: approving by a token (what is handed in is a signature by the principal's key),
//! TLS and remote access (that is what an operator's tunnel is for), decisions.

mod approvals;
mod audit;
mod body;
mod deals;
mod door;
mod events;
mod field;
mod files;
mod gate;
mod market;
mod ndas;
mod negotiations;
mod node;
mod openapi;
pub mod oracle;
mod problem;
mod route;
mod templates;
#[cfg(test)]
mod tests;
mod token;
mod trail;
mod view;

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use serde_json::Value;
use tokio::{
    net::{TcpListener, UnixListener},
    task::JoinHandle,
};

pub use self::{
    door::Door,
    openapi::document as openapi,
    oracle::{ORACLE_FILE, Oracle},
    token::{Right, Role, TokenError, Tokens},
};
use self::{gate::Hosts, route::router};

/// The file of the home that says where the API listens.
pub const ADDRESS_FILE: &str = "api.addr";
/// The socket in the home.
pub const SOCKET_FILE: &str = "api.sock";

/// Why there is no API.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// An address that other machines could reach.
    #[error("{0} is not a loopback address: the API is never served to other machines")]
    NotLoopback(IpAddr),
    /// An address that is none.
    #[error("{0} is neither `unix` nor a loopback address with a port, such as 127.0.0.1:0")]
    NotAnAddress(String),
    /// The tokens of the home cannot be read.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The system does not let us listen.
    #[error("{what}: {source}")]
    Listen {
        /// On what.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Where the API is to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// On `HOME/api.sock`, for this user and its group.
    Unix,
    /// On a port of a loopback address; port 0 is the system's choice.
    Loopback(SocketAddr),
}

impl FromStr for Bind {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let address: SocketAddr = text.parse().map_err(|_| ApiError::NotAnAddress(text.to_owned()))?;
        if !address.ip().is_loopback() {
            return Err(ApiError::NotLoopback(address.ip()));
        }
        Ok(Self::Loopback(address))
    }
}

/// What the API says of its node that the node's loop does not know.
#[derive(Clone, Debug)]
pub struct About {
    /// The node key in libp2p's spelling.
    pub peer_id: String,
    /// What the principal decided, as it is in force.
    pub config: Value,
}

/// What every handler can reach.
#[derive(Clone)]
struct App {
    node: Arc<dyn Door>,
    tokens: Arc<Tokens>,
    about: Arc<About>,
    hosts: Arc<Hosts>,
}

/// A running API; it ends when this value is dropped.
#[derive(Debug)]
pub struct Api {
    address: String,
    written: PathBuf,
    server: JoinHandle<()>,
}

impl Api {
    /// Listens, says where in `HOME/api.addr`, and serves.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn start(home: &Path, bind: Bind, node: Arc<dyn Door>, about: About) -> Result<Self, ApiError> {
        let tokens = Arc::new(Tokens::read(home)?);
        let about = Arc::new(about);
        let (address, server) = match bind {
            Bind::Unix => {
                let path = home.join(SOCKET_FILE);
                let hosts = Arc::new(Hosts::socket());
                let listener = socket(&path)?;
                let app = router(App { node, tokens, about, hosts });
                (format!("unix://{}", path.display()), tokio::spawn(serve(listener, app)))
            }
            Bind::Loopback(wanted) => {
                let failed = |source| ApiError::Listen { what: wanted.to_string(), source };
                let listener = TcpListener::bind(wanted).await.map_err(failed)?;
                let bound = listener.local_addr().map_err(failed)?;
                let hosts = Arc::new(Hosts::port(bound));
                let app = router(App { node, tokens, about, hosts });
                (format!("http://{bound}"), tokio::spawn(serve(listener, app)))
            }
        };
        let written = home.join(ADDRESS_FILE);
        let api = Self { address, written, server };
        fs::write(&api.written, format!("{}\n", api.address))
            .map_err(|source| ApiError::Listen { what: api.written.display().to_string(), source })?;
        Ok(api)
    }

    /// Where it listens: `http://127.0.0.1:PORT` or `unix:///…/api.sock`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
        // What is left of a killed process is overwritten by the next one.
        let _ = fs::remove_file(&self.written);
        if let Some(path) = self.address.strip_prefix("unix://") {
            let _ = fs::remove_file(path);
        }
    }
}

/// The socket, for this user and its group. One that a killed process left is replaced: the home's
/// lock says that no other process serves here.
fn socket(path: &Path) -> Result<UnixListener, ApiError> {
    let failed = |source| ApiError::Listen { what: path.display().to_string(), source };
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

async fn serve<L>(listener: L, app: axum::Router)
where
    L: axum::serve::Listener,
    L::Addr: core::fmt::Debug,
{
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!(%error, "the API ended");
    }
}
