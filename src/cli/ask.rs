//! Asks a running node over its API, as any other client would.
//!
//! Deliberately absent: acts of a deal. The command line reads; the one thing that it hands in is what
//! the principal decided.

use std::{fs, path::Path, time::Duration};

use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::Value;

use super::Failure;
use crate::api::{ADDRESS_FILE, Role};

/// An answer may take this long.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Problem {
    code: String,
    message: String,
    hint: Option<String>,
}

/// Reads a resource of the node whose home this is.
///
/// # Errors
/// [`Failure`] with the exit code of what the node said, or 3 where nobody answers.
pub(super) async fn get(home: &Path, path: &str) -> Result<Value, Failure> {
    let bytes = bytes(home, path, Role::Readonly).await?;
    serde_json::from_slice(&bytes).map_err(Failure::failed)
}

/// Reads a resource as it is, with the token of a role.
///
/// # Errors
/// As [`get`].
pub(super) async fn bytes(home: &Path, path: &str, role: Role) -> Result<Vec<u8>, Failure> {
    send(home, Method::GET, path, role, None).await
}

/// Hands something in, with the token of a role.
///
/// # Errors
/// As [`get`].
pub(super) async fn post(home: &Path, path: &str, role: Role, body: &Value) -> Result<Value, Failure> {
    let bytes = send(home, Method::POST, path, role, Some(body)).await?;
    serde_json::from_slice(&bytes).map_err(Failure::failed)
}

async fn send(
    home: &Path,
    method: Method,
    path: &str,
    role: Role,
    body: Option<&Value>,
) -> Result<Vec<u8>, Failure> {
    let file = home.join(ADDRESS_FILE);
    let address = fs::read_to_string(&file)
        .map_err(|_| Failure::unreachable(format!("no node runs here: {} is missing", file.display())))?;
    let token = role.token(home).map_err(|error| Failure { code: 4, ..Failure::failed(error) })?;
    let address = address.trim();
    let builder = Client::builder().timeout(PATIENCE);
    let (builder, base) = match address.strip_prefix("unix://") {
        Some(socket) => (builder.unix_socket(socket), "http://localhost"),
        None => (builder, address),
    };
    let client = builder.build().map_err(Failure::failed)?;
    let request = client.request(method, format!("{base}/api/v1{path}")).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    let silent = |error: reqwest::Error| {
        Failure::unreachable(format!("the node does not answer at {address}: {}", error.without_url()))
    };
    let response = request.send().await.map_err(silent)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(silent)?;
    if status.is_success() {
        return Ok(bytes.to_vec());
    }
    Err(problem(&bytes).unwrap_or_else(|| Failure::failed(format!("the node answered {status}"))))
}

/// What an answer says that is a refusal.
pub(super) fn problem(bytes: &[u8]) -> Option<Failure> {
    let Problem { code, message, hint } = serde_json::from_slice(bytes).ok()?;
    Some(Failure::refused(&code, &message, hint))
}
