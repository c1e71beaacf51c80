//! The node's events as a stream (server-sent events, WHATWG HTML 9.2): first what was, then what is.
//!
//! A listener names the last event that it has seen, by `?after=` or, when it comes back, by
//! `Last-Event-ID`. The stream begins to listen before it asks for the backlog, and drops by number
//! what it then hears twice; so between the two there is no gap and no duplicate. A listener that is
//! too slow is served from the backlog again.
//!
//! Data are ids and numbers, never contents.
//!
//! Deliberately absent: acknowledgements. An event may be seen again after a reconnect with an older
//! number, and state is always there to be read.

use core::convert::Infallible;
use std::collections::VecDeque;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::sse::{self, KeepAlive, Sse},
};
use futures::{Stream, stream};
use nuncio_protocol::{
    command::{Event, Look},
    view::View,
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{App, problem::Problem};

/// `?after=`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// What an event is called.
pub(super) const fn name(event: &Event) -> &'static str {
    match event {
        Event::RequestHeard { .. } => "request.heard",
        Event::BidReceived { .. } => "bid.received",
        Event::BidDeclined { .. } => "bid.declined",
        Event::NdaProposed { .. } => "nda.proposed",
        Event::NdaRefused { .. } => "nda.refused",
        Event::NdaAnchored { .. } => "nda.anchored",
        Event::SessionOpen { .. } => "session.open",
        Event::NegotiationBegun { .. } => "negotiation.begun",
        Event::PanelDrawn { .. } => "panel.drawn",
        Event::Offer { .. } => "negotiation.offer",
        Event::ApprovalNeeded { .. } => "approval.needed",
        Event::Thawed { .. } => "negotiation.thawed",
        Event::Agreed { .. } => "negotiation.accepted",
        Event::Ended { .. } => "negotiation.ended",
        Event::DealOpened { .. } => "deal.opened",
        Event::InputsReady { .. } => "deal.inputs",
        Event::Delivered { .. } => "milestone.delivered",
        Event::Verdict { .. } => "milestone.verdict",
        Event::Settled { .. } => "milestone.paid",
        Event::Closed { .. } => "deal.closed",
        Event::Rated { .. } => "rating.recorded",
        Event::Misconduct { .. } => "misconduct",
        Event::Trouble { .. } => "trouble",
    }
}

/// One listener.
struct Listener {
    app: App,
    live: Receiver<(u64, Event)>,
    backlog: VecDeque<(u64, Event)>,
    last: u64,
}

impl Listener {
    async fn new(app: App, last: u64) -> Result<Self, Problem> {
        let live = app.node.events();
        let mut listener = Self { app, live, backlog: VecDeque::new(), last };
        listener.catch_up().await?;
        Ok(listener)
    }

    async fn catch_up(&mut self) -> Result<(), Problem> {
        let View::Events(events) = self.app.look(Look::Events(self.last)).await? else {
            return Err(Problem::strange());
        };
        self.backlog = events.into_iter().map(|view| (view.seq, view.event)).collect();
        Ok(())
    }

    /// The next event, or nothing when the node has gone. May be dropped: no event is lost by it.
    async fn next(&mut self) -> Option<(u64, Event)> {
        loop {
            if let Some((seq, event)) = self.backlog.pop_front() {
                self.last = seq;
                return Some((seq, event));
            }
            match self.live.recv().await {
                Ok((seq, event)) if seq > self.last => {
                    self.last = seq;
                    return Some((seq, event));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.catch_up().await.ok()?,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// `GET /events`.
pub(super) async fn stream(
    State(app): State<App>,
    query: Result<Query<After>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let Query(After { after }) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let listener = Listener::new(app, seen.unwrap_or(after)).await?;
    let events = stream::unfold(listener, async |mut listener| {
        let (seq, event) = listener.next().await?;
        Some((Ok(sent(seq, &event)), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn sent(seq: u64, event: &Event) -> sse::Event {
    let mut data = serde_json::to_value(event).expect("invariant: events are JSON");
    if let Value::Object(fields) = &mut data {
        // The stream has a field of its own for it.
        fields.remove("event");
    }
    sse::Event::default().id(seq.to_string()).event(name(event)).data(data.to_string())
}
