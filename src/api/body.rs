//! Bodies of requests: JSON, bounded, and nothing that the type does not name.
//!
//! Deliberately absent: forms and uploads; a browser sends those without asking first.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::problem::Problem;

/// The most bytes that a request carries: a delivery with its sources.
pub(super) const BODY_MAX: usize = 32 * 1024 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// A body that says nothing: `{}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
            return Err(Problem::media_type());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::too_large()
            } else {
                Problem::invalid("the body broke off")
            }
        })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Problem::invalid(error.to_string()))
    }
}
