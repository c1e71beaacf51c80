//! A client of a node's local HTTP API, and nothing more than any stranger's program could write.
//!
//! Requests carry the token of one role. A refusal arrives with the node's own code, message and
//! hint. Events are a stream that is taken up again after the last one seen, so that none is missed.
//!
//! Deliberately absent: retries of acts. Whoever acts looks at the state first.

mod events;
mod view;

use std::{env, time::Duration};

use reqwest::{Client, Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use self::{
    events::{Event, Events},
    view::{
        BidText, BidView, Computed, DealView, FileView, InputsView, MilestoneView, NdaText, NdaView,
        NegotiationView, NodeStatus, RequestText, RequestView, ScoresView, Sheet, SheetMilestone, Side,
        TrustView, UntrustedText,
    },
};

/// An answer may take this long; deliveries move files.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says why there is no answer, or not the one wanted.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The node answered no.
    #[error("{method} {path}: {status} {code}: {message}{}", hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default())]
    Refused {
        /// What was asked.
        method: Method,
        /// Of which resource.
        path: String,
        /// HTTP's word for it.
        status: StatusCode,
        /// The node's own, `NUN-…`.
        code: String,
        /// For people.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Nobody answered, or not in HTTP.
    #[error("{path}: {source}")]
    Unreachable {
        /// Of which resource.
        path: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The answer is not what this client knows.
    #[error("{path}: an answer that makes no sense here: {source}")]
    Strange {
        /// Of which resource.
        path: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// No address or token was given.
    #[error("{0} is not set: it comes from the node's home")]
    Unset(&'static str),
}

/// One node as seen with one token.
#[derive(Clone, Debug)]
pub struct NodeApi {
    http: Client,
    base: String,
    token: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    hint: Option<String>,
}

impl NodeApi {
    /// A client for an address as the node writes it: `unix:///path`, `http://host:port` or `host:port`.
    ///
    /// # Errors
    /// [`ApiError::Unreachable`] when no client can be built.
    pub fn new(address: &str, token: &str) -> Result<Self, ApiError> {
        // No total timeout: the event stream has no end. Each other request sets its own.
        let builder = Client::builder().connect_timeout(PATIENCE);
        let address = address.trim().trim_end_matches('/');
        let (builder, base) = match address.strip_prefix("unix://") {
            Some(path) => (builder.unix_socket(path), "http://localhost".to_owned()),
            None if address.contains("://") => (builder, address.to_owned()),
            None => (builder, format!("http://{address}")),
        };
        let http = builder.build().map_err(|source| ApiError::Unreachable { path: base.clone(), source })?;
        Ok(Self { http, base: format!("{base}/api/v1"), token: token.trim().to_owned() })
    }

    /// The client that `NUNCIO_API` and `NUNCIO_TOKEN` describe.
    ///
    /// # Errors
    /// [`ApiError::Unset`] when one is missing.
    pub fn from_env() -> Result<Self, ApiError> {
        let read = |name| env::var(name).map_err(|_| ApiError::Unset(name));
        Self::new(&read("NUNCIO_API")?, &read("NUNCIO_TOKEN")?)
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Acts.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Reads a resource that is no JSON.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        self.raw(Method::GET, path, None::<&()>).await
    }

    /// Everything that has happened after an event, and then whatever happens.
    #[must_use]
    pub fn events(&self, after: u64) -> Events {
        Events::new(self.clone(), after)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, ApiError> {
        let bytes = self.raw(method, path, body).await?;
        // An act without an answer has an empty body.
        let bytes = if bytes.is_empty() { b"null".to_vec() } else { bytes };
        serde_json::from_slice(&bytes).map_err(|source| ApiError::Strange { path: path.to_owned(), source })
    }

    async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Vec<u8>, ApiError> {
        let unreachable = |source| ApiError::Unreachable { path: path.to_owned(), source };
        let mut request = self.request(method.clone(), path).timeout(PATIENCE);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(bytes.into());
        }
        let refusal = serde_json::from_slice(&bytes).unwrap_or_else(|_| Refusal {
            code: String::new(),
            message: String::from_utf8_lossy(&bytes).chars().take(200).collect(),
            hint: None,
        });
        let Refusal { code, message, hint } = refusal;
        Err(ApiError::Refused { method, path: path.to_owned(), status, code, message, hint })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }
}

impl ApiError {
    /// Whether the node says that this has been done already or cannot be done any more.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::CONFLICT, .. })
    }
}
