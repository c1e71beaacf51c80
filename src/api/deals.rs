//! Deals: looked at, worked on, delivered, rated.
//!
//! Deliberately absent: paying. Escrow and verdict do that, and the node brings them together.

use axum::{
    Json,
    extract::{Path, State},
};
use nuncio_protocol::{
    command::{Command, Look, Reply},
    ids::DealId,
    job::File,
    view::View,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    App,
    body::Body,
    field::id,
    files::{self, TextFile, with_sources},
    problem::Problem,
    view,
};

/// `POST /deals/{id}/milestones/{milestone}/delivery`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delivery {
    files: Vec<TextFile>,
}

/// `POST /deals/{id}/rating`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rating {
    value: u8,
}

async fn opened(app: &App, deal: DealId, milestone: Option<u8>) -> Result<Vec<File>, Problem> {
    match app.ask(Command::Files(deal, milestone), Vec::new()).await? {
        Reply::Files(files) => Ok(files),
        Reply::Accepted
        | Reply::Held(..)
        | Reply::Paper(_)
        | Reply::Negotiation(_)
        | Reply::View(_)
        | Reply::Bundle(_)
        | Reply::Statement(_) => Err(Problem::strange()),
    }
}

/// `GET /deals`.
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Deals(all) = app.look(Look::Deals).await? else { return Err(Problem::strange()) };
    Ok(Json(view::plain(&all)?))
}

/// `GET /deals/{id}`.
pub(super) async fn one(State(app): State<App>, Path(deal): Path<String>) -> Result<Json<Value>, Problem> {
    let look = Look::Deal(id("deal", &deal)?);
    let View::Deal(found) = app.look(look).await? else { return Err(Problem::strange()) };
    Ok(Json(view::plain(&found)?))
}

/// `GET /deals/{id}/inputs`.
pub(super) async fn inputs(State(app): State<App>, Path(deal): Path<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(files::shown(opened(&app, id("deal", &deal)?, None).await?)))
}

/// `GET /deals/{id}/milestones/{milestone}/files`.
pub(super) async fn evidence(
    State(app): State<App>,
    Path((deal, milestone)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (deal, milestone) = (id("deal", &deal)?, id("milestone", &milestone)?);
    Ok(Json(files::shown(opened(&app, deal, Some(milestone)).await?)))
}

/// `POST /deals/{id}/milestones/{milestone}/delivery`.
pub(super) async fn deliver(
    State(app): State<App>,
    Path((deal, milestone)): Path<(String, String)>,
    Body(delivery): Body<Delivery>,
) -> Result<Json<Value>, Problem> {
    let (deal, milestone) = (id("deal", &deal)?, id("milestone", &milestone)?);
    let sources = opened(&app, deal, None).await?;
    let own = delivery.files.into_iter().map(TextFile::into_file).collect();
    app.act(Command::Deliver(deal, milestone, with_sources(own, sources))).await
}

/// `POST /deals/{id}/rating`.
pub(super) async fn rate(
    State(app): State<App>,
    Path(deal): Path<String>,
    Body(rating): Body<Rating>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::Rate(id("deal", &deal)?, rating.value)).await
}
