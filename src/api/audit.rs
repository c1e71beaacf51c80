//! The bundle by which a deal is shown to a stranger.
//!
//! Deliberately absent: opening anything; what is sealed leaves the node sealed.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

use super::{App, field::id, problem::Problem};

/// `GET /audit/{id}`: the bundle as an archive.
pub(super) async fn export(State(app): State<App>, Path(deal): Path<String>) -> Result<Response, Problem> {
    let archive = app.node.bundle(id("deal", &deal)?).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-tar")], archive).into_response())
}
