//! The node's own record, for its principal.
//!
//! Deliberately absent: the agent. What it may know it is told by the other resources.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use serde_json::Value;

use super::{App, problem::Problem, view};

/// Entries on a page, unless the client says otherwise.
const PAGE: usize = 100;

/// `?from=`, `?count=` and `?step=`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    from: u64,
    count: Option<usize>,
    step: Option<String>,
}

/// `GET /trail`.
pub(super) async fn page(
    State(app): State<App>,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(page) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let read = app.node.trail(page.from, page.count.unwrap_or(PAGE), page.step).await?;
    Ok(Json(view::plain(&read)?))
}
