//! What every request passes before it is looked at: host, origin, role.
//!
//! A page in a browser can make a name of its own resolve to 127.0.0.1 and then read answers as if
//! they were its own (DNS rebinding). Such a request names the page's host, so the `Host` header must
//! be exactly ours (RFC 9110, 7.2); and where a browser says `Origin` (RFC 6454), that must be ours
//! too. Both are checked before the token, so that a page cannot even try tokens.
//!
//! Deliberately absent: CORS answers; no page is meant to call this API.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{App, problem::Problem, token::Right};

/// The hosts by which this API may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    /// A socket has no host; clients that must name one say `localhost`.
    pub(super) fn socket() -> Self {
        Self(vec!["localhost".to_owned()])
    }

    /// A loopback port, by number and by name.
    pub(super) fn port(bound: SocketAddr) -> Self {
        Self(vec![bound.to_string(), format!("localhost:{}", bound.port())])
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let ours = host.is_some_and(|host| self.0.iter().any(|ours| ours == host));
        if !ours || hosts.next().is_some() {
            return Err(Problem::host());
        }
        let matches = |origin: &str| {
            origin.strip_prefix("http://").is_some_and(|host| self.0.iter().any(|ours| ours == host))
        };
        let ours = |origin: &header::HeaderValue| origin.to_str().is_ok_and(matches);
        if headers.get_all(header::ORIGIN).iter().all(ours) { Ok(()) } else { Err(Problem::origin()) }
    }
}

/// Lets in who names our host.
pub(super) async fn hosts(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.hosts.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Lets in whose token has the route's right.
pub(super) async fn rights(
    State((app, right)): State<(App, Right)>,
    request: Request,
    next: Next,
) -> Response {
    match check(&app, request.headers(), right) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(app: &App, headers: &HeaderMap, right: Right) -> Result<(), Problem> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(Problem::token)?;
    let role = app.tokens.role(token.trim()).ok_or_else(Problem::token)?;
    let what = match right {
        Right::Read => "read",
        Right::ReadFiles => "read files",
        Right::Act => "act",
        Right::Export => "export",
        Right::Trail => "read the trail",
        Right::Approve => "hand in approvals",
    };
    if role.may(right) { Ok(()) } else { Err(Problem::role(role.name(), what)) }
}
