//! JSON-RPC over HTTP with a bound on time and on bytes.
//!
//! An endpoint is a stranger: it may hang, or answer without end. One request takes at most
//! [`REQUEST_TIME_MAX`] in all, and reading stops at [`ANSWER_BYTES_MAX`].
//!
//! Deliberately absent: retries, rate limits, compression (a small answer could unpack to a large
//! one) and redirects (an endpoint does not choose who is asked).

use std::{
    task::{Context, Poll},
    time::Duration,
};

use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use alloy_json_rpc::{RequestPacket, ResponsePacket};
use reqwest::{Client, Url};
use tower_service::Service;

/// One request, from connecting to the last byte of the answer.
pub(crate) const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);

/// The longest answer that is read.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much of an answer that is no JSON-RPC is kept for the error, in bytes.
const EXCERPT_BYTES: usize = 200;

/// A transport to one URL.
#[derive(Clone, Debug)]
pub(crate) struct BoundedHttp {
    client: Client,
    url: Url,
}

impl BoundedHttp {
    pub(crate) const fn new(client: Client, url: Url) -> Self {
        Self { client, url }
    }

    async fn exchange(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let answer = self.client.post(self.url).json(&request).send().await;
        let answer = answer.map_err(|error| TransportErrorKind::custom(error.without_url()))?;
        let status = answer.status();
        let body = read_bounded(answer, ANSWER_BYTES_MAX)
            .await
            .map_err(|error| TransportErrorKind::custom_str(&error.to_string()))?;
        // Endpoints send JSON-RPC errors with HTTP errors too; the former says more.
        serde_json::from_slice(&body).map_err(|error| {
            let excerpt = String::from_utf8_lossy(&body[..body.len().min(EXCERPT_BYTES)]).into_owned();
            if status.is_success() {
                TransportError::deser_err(error, excerpt)
            } else {
                TransportErrorKind::http_error(status.as_u16(), excerpt)
            }
        })
    }
}

impl Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().exchange(request))
    }
}

/// A client that neither follows redirects nor waits longer than [`REQUEST_TIME_MAX`].
pub(crate) fn bounded_client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .timeout(REQUEST_TIME_MAX)
        .connect_timeout(Duration::from_secs(3))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the answer is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("the answer broke off: {0}")]
    BrokeOff(#[source] reqwest::Error),
}

/// Reads an answer's body, at most `max` bytes of it.
pub(crate) async fn read_bounded(mut answer: reqwest::Response, max: usize) -> Result<Vec<u8>, ReadError> {
    let announced = answer.content_length().unwrap_or_default();
    if usize::try_from(announced).is_ok_and(|bytes| bytes > max) {
        return Err(ReadError::TooLong { max });
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| ReadError::BrokeOff(error.without_url()))? {
        if body.len() + chunk.len() > max {
            return Err(ReadError::TooLong { max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
