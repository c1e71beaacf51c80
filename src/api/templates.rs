//! Templates: the kinds of deal that the node holds, and which of them its agent may use.
//!
//! Deliberately absent: adding and changing them. A template is a file of the home, the list of those that
//! are allowed a part of the policy; both are the principal's.

use axum::{
    Json,
    extract::{Path, State},
};
use nuncio_protocol::{
    command::Look,
    text::Token,
    view::{TemplateView, View},
};
use serde_json::Value;

use super::{App, field::id, problem::Problem, view};

/// The template of this name.
pub(super) async fn named(app: &App, name: Token) -> Result<TemplateView, Problem> {
    let View::Template(found) = app.look(Look::Template(name)).await? else { return Err(Problem::strange()) };
    Ok(*found)
}

/// `GET /templates`.
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Templates(all) = app.look(Look::Templates).await? else { return Err(Problem::strange()) };
    Ok(Json(view::plain(&all)?))
}

/// `GET /templates/{name}`.
pub(super) async fn one(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(view::plain(&named(&app, id("template", &name)?).await?)?))
}
