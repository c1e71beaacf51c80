//! The table of routes: path, right, body, handler. Router and OpenAPI document are both read from it.
//!
//! Deliberately absent: anything that a route does.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{MethodRouter, get, post},
};

use super::{
    App, approvals, audit,
    body::BODY_MAX,
    deals, events,
    field::{self, Field},
    gate, market, ndas, negotiations, node, openapi,
    problem::Problem,
    templates,
    token::Right,
    trail,
};

/// Where everything is.
pub(super) const BASE: &str = "/api/v1";

/// One act or one thing to read.
pub(super) struct Route {
    /// `get` or `post`, as OpenAPI spells them.
    pub(super) method: &'static str,
    /// Below [`BASE`].
    pub(super) path: &'static str,
    /// What the caller's role must have.
    pub(super) right: Right,
    /// What it is for, as a sentence.
    pub(super) about: &'static str,
    /// The fields of the body, for a post.
    pub(super) body: &'static [Field],
    handler: MethodRouter<App>,
}

fn read(path: &'static str, about: &'static str, handler: MethodRouter<App>) -> Route {
    Route { method: "get", path, right: Right::Read, about, body: &[], handler }
}

fn act(path: &'static str, about: &'static str, body: &'static [Field], handler: MethodRouter<App>) -> Route {
    Route { method: "post", path, right: Right::Act, about, body, handler }
}

/// All routes, in the order of a deal.
pub(super) fn table() -> Vec<Route> {
    let mut table = vec![
        read("/status", "Says how the node is and what is open.", get(node::status)),
        read("/id", "Says who the node is and where it is reached.", get(node::identity)),
        read("/peers", "Lists the nodes that are connected.", get(node::peers)),
        read("/config", "Shows what the principal decided.", get(node::config)),
        read("/openapi.json", "Describes this API.", get(openapi::serve)),
        read(
            "/events",
            "Streams events as server-sent events, first those after the number in `after` or `Last-Event-ID`.",
            get(events::stream),
        ),
        read("/market/announcements", "Lists what agents offer or seek.", get(market::announcements)),
        read(
            "/templates",
            "Lists the templates that are held, and which the agent may use.",
            get(templates::list),
        ),
        read("/templates/{name}", "Shows one template.", get(templates::one)),
    ];
    table.extend(market_routes());
    table.extend(bargaining_routes());
    table.extend(approval_routes());
    table.extend(deal_routes());
    table
}

fn market_routes() -> [Route; 5] {
    [
        read("/requests", "Lists requests for bids, heard and own.", get(market::requests)),
        act("/requests", "Gossips a request for bids.", field::REQUEST, post(market::request)),
        read("/requests/{id}/bids", "Lists the bids for an own request.", get(market::bids)),
        act("/requests/{id}/bids", "Answers a request that was heard.", field::BID, post(market::bid)),
        act(
            "/requests/{id}/choose",
            "Takes one bid, declines the others and proposes an NDA to its seller.",
            field::CHOICE,
            post(market::choose),
        ),
    ]
}

fn bargaining_routes() -> [Route; 11] {
    [
        read("/ndas", "Lists NDAs.", get(ndas::list)),
        read("/ndas/{id}", "Shows one NDA, by its draft's id.", get(ndas::one)),
        act("/ndas/{id}/accept", "Signs an NDA that was proposed.", &[], post(ndas::accept)),
        act("/ndas/{id}/refuse", "Turns an NDA down.", field::REASON, post(ndas::refuse)),
        read("/negotiations", "Lists negotiations.", get(negotiations::list)),
        act(
            "/negotiations",
            "Opens a negotiation in the session of an NDA and has its panel drawn.",
            field::NEGOTIATION,
            post(negotiations::open),
        ),
        read("/negotiations/{id}", "Shows one negotiation.", get(negotiations::one)),
        act(
            "/negotiations/{id}/offer",
            "Makes an offer or counter-offer.",
            field::OFFER,
            post(negotiations::offer),
        ),
        act(
            "/negotiations/{id}/accept",
            "Accepts the other side's last offer.",
            &[],
            post(negotiations::accept),
        ),
        act("/negotiations/{id}/end", "Ends it without agreement.", &[], post(negotiations::end)),
        act(
            "/negotiations/{id}/strategy",
            "Lets the node itself make and answer offers, conceding evenly.",
            field::STRATEGY,
            post(negotiations::strategy),
        ),
    ]
}

fn approval_routes() -> [Route; 3] {
    let approve = |route: Route| Route { right: Right::Approve, ..route };
    [
        read(
            "/approvals",
            "Lists deals that wait for the principal, with the typed data that it signs.",
            get(approvals::list),
        ),
        approve(act(
            "/approvals/{id}",
            "Hands in the principal's signature over a deal that waits for it.",
            field::APPROVAL,
            post(approvals::approve),
        )),
        approve(act(
            "/approvals/{id}/refuse",
            "Says no to a deal that waits for the principal.",
            &[],
            post(approvals::refuse),
        )),
    ]
}

fn deal_routes() -> [Route; 11] {
    [
        read("/deals", "Lists deals.", get(deals::list)),
        read("/deals/{id}", "Shows one deal.", get(deals::one)),
        Route {
            right: Right::ReadFiles,
            ..read("/deals/{id}/inputs", "Opens the files to work on.", get(deals::inputs))
        },
        Route {
            right: Right::ReadFiles,
            ..read(
                "/deals/{id}/milestones/{milestone}/files",
                "Opens a delivery, as its buyer, seller or juror.",
                get(deals::evidence),
            )
        },
        act(
            "/deals/{id}/milestones/{milestone}/delivery",
            "Delivers a milestone; the sources that it is judged by are added.",
            field::DELIVERY,
            post(deals::deliver),
        ),
        act(
            "/deals/{id}/rating",
            "Rates the counterparty of a settled deal, on chain.",
            field::RATING,
            post(deals::rate),
        ),
        Route {
            right: Right::Export,
            ..read(
                "/audit/{id}",
                "Exports the bundle by which a stranger verifies a deal, as a tar archive.",
                get(audit::export),
            )
        },
        Route {
            right: Right::Trail,
            ..read(
                "/trail",
                "Pages through what the node has on record: decisions with their rules, papers, facts.",
                get(trail::page),
            )
        },
        read(
            "/trust",
            "Lists everybody's scores, with the hashes by which others compute the same.",
            get(node::scores),
        ),
        read(
            "/trust/{did}",
            "Says what settled records say about an agent, and by whose ratings.",
            get(node::trust),
        ),
        read(
            "/reports/settlement",
            "Gives one line for each deal that was opened, their sums and the own reputation.",
            get(node::settlement),
        ),
    ]
}

/// The router: hosts first, then rights, then the size of the body, then the handler.
pub(super) fn router(app: App) -> Router {
    let mut routes = Router::new();
    for Route { path, right, handler, .. } in table() {
        let rights = middleware::from_fn_with_state((app.clone(), right), gate::rights);
        routes = routes.route(path, handler.route_layer(rights));
    }
    Router::new()
        .nest(BASE, routes)
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::method())
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), gate::hosts))
        .with_state(app)
}
