//! Asks somebody else's trust oracle, and believes nothing that its node has not signed.
//!
//! Deliberately absent: a home. The statement names its author, and the signature holds without a chain;
//! whether that author is worth listening to is the reader's to know.

use std::time::Duration;

use nuncio_protocol::{document::Signed, reputation::statement::TrustStatement};
use reqwest::Client;
use serde_json::{Value, json};

use super::{Failure, ask::problem};

/// An answer may take this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The statement of the oracle at this address about an agent, once its signature holds.
///
/// # Errors
/// [`Failure`] with the exit code of what the oracle said, 3 where nobody answers, 1 for a statement that
/// its author has not signed or that is about somebody else.
pub(super) async fn ask(oracle: &str, did: &str) -> Result<Value, Failure> {
    let base = oracle.trim_end_matches('/');
    let silent = |error: reqwest::Error| {
        Failure::unreachable(format!("no oracle answers at {base}: {}", error.without_url()))
            .hint("check the address; an oracle is served by `nuncio start --oracle ADDRESS`")
    };
    let client = Client::builder().timeout(PATIENCE).build().map_err(Failure::failed)?;
    let response = client.get(format!("{base}/oracle/v1/trust/{did}")).send().await.map_err(silent)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(silent)?;
    if !status.is_success() {
        return Err(
            problem(&bytes).unwrap_or_else(|| Failure::failed(format!("the oracle answered {status}")))
        );
    }
    let signed = Signed::<TrustStatement>::read(&bytes).map_err(Failure::failed)?;
    checked(&signed, did)
}

fn checked(signed: &Signed<TrustStatement>, did: &str) -> Result<Value, Failure> {
    let statement = &signed.document;
    signed.verify_by(statement.oracle).map_err(Failure::failed)?;
    if statement.agent.to_string() != did {
        return Err(Failure::failed(format!("the statement is about {}, not {did}", statement.agent)));
    }
    let id = statement.id();
    let statement = serde_json::to_value(statement).map_err(Failure::failed)?;
    Ok(
        json!({ "statement": statement, "id": id, "signed_by": signed.document.oracle, "proofs": signed.proofs }),
    )
}
