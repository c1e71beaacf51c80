//! The trust oracle: what settled records say about an agent, for anybody, signed so that it can be quoted.
//!
//! A listener of its own beside the local API, off unless it is asked for, and reachable from other
//! machines: it takes no token, reads nothing but trust, and changes nothing. A caller passes, in this
//! order: a free connection, its address's allowance and that of all together, the form of the DID; then
//! the node is asked. The node signs a statement once and the oracle says it again until the record has
//! changed, so that many questions cost one signature.
//!
//! `HOME/oracle.addr` says where it listens, from then on and until it ends.
//!
//! Deliberately absent: TLS (that is what an operator's proxy is for; the statement is signed anyway),
//! lists of agents, and headers by which a proxy names its clients: whoever could set them would have no
//! limit.

mod limit;
mod listen;

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{self, ConnectInfo, State, connect_info::Connected},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
    serve::IncomingStream,
};
use nuncio_protocol::{
    command::{Command, Look, Reply},
    did::Did,
    view::{TrustView, View},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use self::{limit::Limits, listen::Bounded};
use super::{ApiError, Door, openapi, problem::Problem, view};

/// The file of the home that says where the oracle listens.
pub const ORACLE_FILE: &str = "oracle.addr";
/// Where everything is.
const BASE: &str = "/oracle/v1";
/// Statements that are kept to be said again.
const KEPT_MAX: usize = 4096;
/// After this long a statement is signed anew even where nothing has changed.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// A running oracle; it ends when this value is dropped.
#[derive(Debug)]
pub struct Oracle {
    address: String,
    written: PathBuf,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    node: Arc<dyn Door>,
    limits: Mutex<Limits>,
    kept: Mutex<BTreeMap<Did, Kept>>,
}

/// A statement that was signed already.
struct Kept {
    about: TrustView,
    statement: Value,
    at: Instant,
}

/// Who asks, by address.
#[derive(Clone, Copy, Debug)]
struct Caller(IpAddr);

impl Connected<IncomingStream<'_, Bounded>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

impl Oracle {
    /// Listens, says where in `HOME/oracle.addr`, and serves.
    ///
    /// # Errors
    /// [`ApiError::Listen`].
    pub async fn start(home: &Path, bind: SocketAddr, node: Arc<dyn Door>) -> Result<Self, ApiError> {
        let failed = |source| ApiError::Listen { what: bind.to_string(), source };
        let listener = TcpListener::bind(bind).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let written = home.join(ORACLE_FILE);
        let address = format!("http://{bound}");
        fs::write(&written, format!("{address}\n"))
            .map_err(|source| ApiError::Listen { what: written.display().to_string(), source })?;
        let service = router(node).into_make_service_with_connect_info::<Caller>();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(Bounded::new(listener), service).await {
                tracing::error!(%error, "the oracle ended");
            }
        });
        Ok(Self { address, written, server })
    }

    /// Where it listens, `http://…`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.server.abort();
        // What is left of a killed process is overwritten by the next one.
        let _ = fs::remove_file(&self.written);
    }
}

fn router(node: Arc<dyn Door>) -> Router {
    let shared = Shared(Arc::new(Inner {
        node,
        limits: Mutex::new(Limits::new(Instant::now())),
        kept: Mutex::new(BTreeMap::new()),
    }));
    let routes = Router::new()
        .route("/trust/{did}", get(trust))
        .route("/openapi.json", get(async || Json(document())));
    Router::new()
        .nest(BASE, routes)
        .fallback(async || Problem::no_oracle_route())
        .method_not_allowed_fallback(async || Problem::method())
        .layer(middleware::from_fn_with_state(shared.clone(), allowance))
        .with_state(shared)
}

/// Lets in who is within its allowance.
async fn allowance(
    State(Shared(inner)): State<Shared>,
    ConnectInfo(Caller(caller)): ConnectInfo<Caller>,
    request: extract::Request,
    next: Next,
) -> Response {
    let asked = inner.limits.lock().ok().and_then(|mut limits| limits.ask(caller, Instant::now()).err());
    match asked {
        None => next.run(request).await,
        Some(wait) => No::Busy(wait).into_response(),
    }
}

/// Why there is no statement.
#[derive(Debug)]
enum No {
    /// The node, or the form of the question.
    Problem(Problem),
    /// Too many questions; come again after this.
    Busy(Duration),
}

impl<P: Into<Problem>> From<P> for No {
    fn from(problem: P) -> Self {
        Self::Problem(problem.into())
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Busy(wait) => {
                let mut response = Problem::too_many().into_response();
                // When to come again (RFC 9110, 10.2.3).
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
                response
            }
        }
    }
}

/// `GET /trust/{did}`.
async fn trust(
    State(Shared(inner)): State<Shared>,
    extract::Path(did): extract::Path<String>,
) -> Result<Response, No> {
    let fresh = [(header::CACHE_CONTROL, "public, max-age=10")];
    Ok((fresh, Json(inner.statement(&did).await?)).into_response())
}

impl Inner {
    /// The signed statement: the one that is kept, where the record is still the same.
    async fn statement(&self, text: &str) -> Result<Value, No> {
        let did: Did = text.parse().map_err(|error| Problem::invalid(format!("did: {error}")))?;
        let Reply::View(shown) =
            self.node.ask(Command::Look(Look::Trust(did.to_string())), Vec::new()).await?
        else {
            return Err(Problem::strange().into());
        };
        let View::Trust(about) = *shown else { return Err(Problem::strange().into()) };
        if let Some(kept) = self.kept(did, &about) {
            return Ok(kept);
        }
        let asked = self.limits.lock().ok().and_then(|mut limits| limits.sign(Instant::now()).err());
        if let Some(wait) = asked {
            return Err(No::Busy(wait));
        }
        let Reply::Statement(signed) =
            self.node.ask(Command::StateTrust(did.to_string()), Vec::new()).await?
        else {
            return Err(Problem::strange().into());
        };
        let statement = view::plain(&signed)?;
        self.keep(did, Kept { about: *about, statement: statement.clone(), at: Instant::now() });
        Ok(statement)
    }

    fn kept(&self, did: Did, about: &TrustView) -> Option<Value> {
        let kept = self.kept.lock().ok()?;
        let held = kept.get(&did).filter(|held| held.about == *about && held.at.elapsed() < KEPT_FOR)?;
        Some(held.statement.clone())
    }

    fn keep(&self, did: Did, statement: Kept) {
        let Ok(mut kept) = self.kept.lock() else { return };
        if kept.len() >= KEPT_MAX && !kept.contains_key(&did) {
            let oldest = kept.iter().min_by_key(|(_, held)| held.at).map(|(did, _)| *did);
            if let Some(oldest) = oldest {
                kept.remove(&oldest);
            }
        }
        kept.insert(did, statement);
    }
}

/// The oracle's own OpenAPI document.
#[must_use]
pub fn document() -> Value {
    let problem = |about: &str| {
        json!({
            "description": about,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        })
    };
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Nuncio trust oracle",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What settled records say about an agent, by one node that follows the contracts, for \
                            anybody. The statement is a paper signed by that node's identity (eddsa-jcs-2022): \
                            check the proof, then quote it.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": BASE }],
        "paths": {
            "/trust/{did}": { "get": {
                "summary": "Says what settled records say about an agent: grades, what its deals came to, failures \
                            by kind, disputes, the ratings that weigh most, and up to which block.",
                "parameters": [{
                    "name": "did", "in": "path", "required": true,
                    "schema": { "type": "string", "pattern": "^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$" },
                }],
                "responses": {
                    "200": {
                        "description": "The statement and its proof.",
                        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Signed" } } },
                    },
                    "400": problem("`NUN-INVALID`: that is no DID of an agent."),
                    "404": problem("`NUN-UNKNOWN-AGENT`: this node has not heard of it. That is no score."),
                    "429": problem("`NUN-TOO-MANY`: come again after the seconds in `Retry-After`."),
                },
            } },
            "/openapi.json": { "get": {
                "summary": "Describes this API.",
                "responses": { "200": { "description": "OpenAPI 3.1." } },
            } },
        },
        "components": { "schemas": {
            "Problem": openapi::problem(),
            "Signed": {
                "type": "object",
                "required": ["document", "proofs"],
                "properties": {
                    "document": {
                        "description": "The paper `trust_statement`; its canonical bytes (RFC 8785) hash to what the \
                                        proof signs.",
                        "type": "object",
                    },
                    "proofs": {
                        "description": "Data Integrity proofs, one by the key of `document.oracle`.",
                        "type": "array", "items": { "type": "object" },
                    },
                },
            },
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_openapi_document_of_the_oracle_in_the_tree_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/oracle/openapi.json");
        let served = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("NUNCIO_WRITE").is_some() {
            fs::write(path, &served).unwrap();
        }
        let written = fs::read_to_string(path).unwrap();
        assert!(
            written == served,
            "src/api/oracle/openapi.json is not current: run this test with NUNCIO_WRITE=1"
        );
    }
}
