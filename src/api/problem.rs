//! How the API says no: one shape for every error, with what to do about it.
//!
//! | status | codes |
//! |---|---|
//! | 400 | `NUN-INVALID`, `NUN-PACT` |
//! | 401 | `NUN-TOKEN` |
//! | 403 | `NUN-ROLE`, `NUN-HOST`, `NUN-ORIGIN`, `NUN-POLICY`, `NUN-NOT-APPROVED` |
//! | 404 | `NUN-NOT-FOUND`, `NUN-UNKNOWN-AGENT`, `NUN-NO-ROUTE` |
//! | 405 | `NUN-METHOD` |
//! | 409 | `NUN-NOT-NOW`, `NUN-APPROVAL`, `NUN-PAUSED` |
//! | 413 | `NUN-TOO-LARGE` |
//! | 415 | `NUN-MEDIA-TYPE` |
//! | 429 | `NUN-TOO-MANY` |
//! | 500 | `NUN-STRANGE`, `NUN-RECORDS` |
//! | 503 | `NUN-SIGNING`, `NUN-CLOCK`, `NUN-EXPORT` |
//!
//! Deliberately absent: anything from under an NDA; messages carry ids, stages and rules.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use nuncio_protocol::command::Refusal;
use serde::Serialize;

use crate::{audit::ExportError, trail::TrailError};

/// An error as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    #[serde(skip)]
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { status, code, message: message.into(), hint }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        let hint = "correct the request; it was not carried out";
        Self::new(StatusCode::BAD_REQUEST, "NUN-INVALID", message, hint)
    }

    pub(super) fn token() -> Self {
        let hint = "send `Authorization: Bearer` with a token from HOME/tokens";
        Self::new(StatusCode::UNAUTHORIZED, "NUN-TOKEN", "no token of this node", hint)
    }

    pub(super) fn role(role: &str, what: &str) -> Self {
        let hint = "use the token of a role that may; `nuncio tokens list` names them";
        Self::new(StatusCode::FORBIDDEN, "NUN-ROLE", format!("the role {role} may not {what}"), hint)
    }

    pub(super) fn host() -> Self {
        let hint = "use exactly the address in HOME/api.addr";
        Self::new(StatusCode::FORBIDDEN, "NUN-HOST", "the request names another host", hint)
    }

    pub(super) fn origin() -> Self {
        let hint = "pages of other origins may not call the node";
        Self::new(StatusCode::FORBIDDEN, "NUN-ORIGIN", "the request comes from another origin", hint)
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        let hint = "list what is here, or wait for its event";
        Self::new(StatusCode::NOT_FOUND, "NUN-NOT-FOUND", format!("no {what} {id} here"), hint)
    }

    pub(super) fn no_route() -> Self {
        let hint = "GET /api/v1/openapi.json lists what there is";
        Self::new(StatusCode::NOT_FOUND, "NUN-NO-ROUTE", "nothing is served under this path", hint)
    }

    pub(super) fn no_oracle_route() -> Self {
        let hint = "GET /oracle/v1/openapi.json lists what there is";
        Self::new(StatusCode::NOT_FOUND, "NUN-NO-ROUTE", "nothing is served under this path", hint)
    }

    pub(super) fn too_many() -> Self {
        let hint = "come again after the seconds in `Retry-After`, or keep the statement that you have";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "NUN-TOO-MANY", "too many questions", hint)
    }

    pub(super) fn method() -> Self {
        let hint = "GET /api/v1/openapi.json lists what there is";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "NUN-METHOD", "this path does not take this method", hint)
    }

    pub(super) fn too_large() -> Self {
        let hint = "send at most 32 MiB in one request";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "NUN-TOO-LARGE", "the body is too large", hint)
    }

    pub(super) fn media_type() -> Self {
        let hint = "send `Content-Type: application/json`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "NUN-MEDIA-TYPE", "the body is not JSON", hint)
    }

    /// The node answered something else than was asked for: a bug of ours, told as such.
    pub(super) fn strange() -> Self {
        let hint = "report this together with the node's log";
        let message = "the node gave an answer that does not belong to the question";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "NUN-STRANGE", message, hint)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::NotFound { .. } | Refusal::UnknownAgent { .. } => StatusCode::NOT_FOUND,
            // An approval that is missing is a state too: the principal's signature changes it.
            Refusal::NotNow { .. }
            | Refusal::Approval(_)
            | Refusal::Unapproved { .. }
            | Refusal::Paused { .. } => StatusCode::CONFLICT,
            Refusal::Invalid { .. } | Refusal::Unjudgeable { .. } => StatusCode::BAD_REQUEST,
            Refusal::Policy(_) | Refusal::NotThePrincipal { .. } => StatusCode::FORBIDDEN,
            Refusal::Signing { .. } | Refusal::Clock { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, refusal.code(), refusal.to_string(), refusal.hint())
    }
}

impl From<TrailError> for Problem {
    fn from(error: TrailError) -> Self {
        let hint = "the node goes on; see its log, and check the disk under HOME/records";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "NUN-RECORDS", error.to_string(), hint)
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Refused(refusal) => refusal.into(),
            ExportError::Chain(_)
            | ExportError::NoEndpoint
            | ExportError::Blob(_)
            | ExportError::Compose(_)
            | ExportError::Encoding(_)
            | ExportError::Pack(_)
            | ExportError::Strange => {
                let hint = "try again when the endpoint answers and all sealed files are held here";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "NUN-EXPORT", error.to_string(), hint)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
