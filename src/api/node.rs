//! What the node says of itself, of its peers and of what was settled.
//!
//! Deliberately absent: keys, tokens, addresses of endpoints (they may carry a provider's key).

use std::fs;

use axum::{
    Json,
    extract::{Path, State},
};
use nuncio_protocol::{
    command::{Command, Look, Reply},
    view::View,
};
use serde_json::{Value, json};

use super::{App, problem::Problem, view};

impl App {
    /// Asks the node, keeping these bytes first.
    pub(super) async fn ask(&self, command: Command, staged: Vec<Vec<u8>>) -> Result<Reply, Problem> {
        Ok(self.node.ask(command, staged).await?)
    }

    /// Carries something out that has no answer but that it is under way.
    pub(super) async fn act(&self, command: Command) -> Result<Json<Value>, Problem> {
        match self.ask(command, Vec::new()).await? {
            Reply::Accepted => Ok(Json(json!({}))),
            Reply::Paper(id) => Ok(Json(json!({ "paper": id }))),
            Reply::Negotiation(id) => Ok(Json(json!({ "negotiation": id }))),
            Reply::Held(deal, until_secs) => {
                Ok(Json(json!({ "held": { "deal": deal, "until_secs": until_secs } })))
            }
            Reply::View(_) | Reply::Files(_) | Reply::Bundle(_) | Reply::Statement(_) => {
                Err(Problem::strange())
            }
        }
    }

    /// Reads something.
    pub(super) async fn look(&self, look: Look) -> Result<View, Problem> {
        match self.ask(Command::Look(look), Vec::new()).await? {
            Reply::View(view) => Ok(*view),
            Reply::Accepted
            | Reply::Paper(_)
            | Reply::Negotiation(_)
            | Reply::Held(..)
            | Reply::Files(_)
            | Reply::Bundle(_)
            | Reply::Statement(_) => Err(Problem::strange()),
        }
    }
}

/// `GET /status`.
pub(super) async fn status(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Status(status) = app.look(Look::Status).await? else { return Err(Problem::strange()) };
    let mut value = view::plain(&status)?;
    value["rss_bytes"] = rss_bytes().into();
    value["listen"] = app.node.listen().into();
    Ok(Json(value))
}

/// `GET /id`.
pub(super) async fn identity(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Identity(card) = app.look(Look::Identity).await? else { return Err(Problem::strange()) };
    Ok(Json(json!({
        "did": card.document.agent,
        "address": card.document.settlement,
        "peer_id": app.about.peer_id,
        "listen": app.node.listen(),
        "card_id": card.document.id().word(),
        "card": view::plain(&card)?,
    })))
}

/// `GET /peers`.
pub(super) async fn peers(State(app): State<App>) -> Result<Json<Value>, Problem> {
    Ok(Json(view::plain(&app.node.peers())?))
}

/// `GET /config`.
pub(super) async fn config(State(app): State<App>) -> Json<Value> {
    Json(app.about.config.clone())
}

/// `GET /trust/{did}`.
pub(super) async fn trust(State(app): State<App>, Path(did): Path<String>) -> Result<Json<Value>, Problem> {
    let View::Trust(trust) = app.look(Look::Trust(did)).await? else { return Err(Problem::strange()) };
    Ok(Json(view::plain(&trust)?))
}

/// `GET /trust`.
pub(super) async fn scores(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Scores(scores) = app.look(Look::Scores).await? else { return Err(Problem::strange()) };
    Ok(Json(view::plain(&scores)?))
}

/// `GET /reports/settlement`.
pub(super) async fn settlement(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Settlement(report) = app.look(Look::Settlement).await? else { return Err(Problem::strange()) };
    Ok(Json(view::plain(&report)?))
}

/// Resident memory, as Linux counts it; 0 where the system does not say.
fn rss_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_running_process_uses_memory() {
        assert!(super::rss_bytes() > 1024 * 1024);
    }
}
