//! NDAs: looked at, accepted, refused.
//!
//! Deliberately absent: changing one. Who wants another text refuses this one.

use axum::{
    Json,
    extract::{Path, State},
};
use nuncio_protocol::{
    command::{Command, Look},
    ids::PaperId,
    view::{NdaView, View},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    App,
    body::{Body, Nothing},
    field::id,
    problem::Problem,
    view,
};

/// `POST /ndas/{id}/refuse`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// For the agent's own records: the other side learns that it was refused, and not why.
    #[serde(default, rename = "reason")]
    _reason: Option<String>,
}

async fn all(app: &App) -> Result<Vec<NdaView>, Problem> {
    let View::Ndas(all) = app.look(Look::Ndas).await? else { return Err(Problem::strange()) };
    Ok(all)
}

/// `GET /ndas`.
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    all(&app).await?.iter().map(view::nda).collect::<Result<Value, _>>().map(Json)
}

/// `GET /ndas/{id}`, by the draft's id.
pub(super) async fn one(State(app): State<App>, Path(nda): Path<String>) -> Result<Json<Value>, Problem> {
    let wanted: PaperId = id("nda", &nda)?;
    let all = all(&app).await?;
    let found = all.iter().find(|view| view.nda == wanted);
    view::nda(found.ok_or_else(|| Problem::not_found("nda", &nda))?).map(Json)
}

/// `POST /ndas/{id}/accept`.
pub(super) async fn accept(
    State(app): State<App>,
    Path(nda): Path<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::AcceptNda(id("nda", &nda)?)).await
}

/// `POST /ndas/{id}/refuse`.
pub(super) async fn refuse(
    State(app): State<App>,
    Path(nda): Path<String>,
    Body(Reason { .. }): Body<Reason>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::RefuseNda(id("nda", &nda)?)).await
}
