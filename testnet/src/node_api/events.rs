//! The node's events as server-sent events (WHATWG HTML, 9.2), with replay after a broken connection.
//!
//! Each event has a sequence number, which is its `id:`. A stream that breaks is opened again with
//! `Last-Event-ID`, so the reader sees every event once and in order.
//!
//! Deliberately absent: `retry:` and comments; they are skipped.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::{ApiError, NodeApi};

/// Longer lines do not come from a node.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Pause before a broken stream is opened again.
const PAUSE: Duration = Duration::from_millis(200);
/// Attempts in a row without a single event, after which the node is given up.
const ATTEMPTS_MAX: u32 = 50;

/// Something that happened at the node.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the order.
    pub seq: u64,
    /// What happened, as in `deal.opened`.
    pub kind: String,
    /// With which ids.
    pub data: Value,
}

/// A reader of events.
#[derive(Debug)]
pub struct Events {
    api: NodeApi,
    last: u64,
    open: Option<reqwest::Response>,
    buffer: Vec<u8>,
    attempts: u32,
}

impl Events {
    pub(super) const fn new(api: NodeApi, after: u64) -> Self {
        Self { api, last: after, open: None, buffer: Vec::new(), attempts: 0 }
    }

    /// Waits for the next event. May be dropped and called again; nothing is lost.
    ///
    /// # Errors
    /// [`ApiError`] when the node refuses, or stays away.
    pub async fn next(&mut self) -> Result<Event, ApiError> {
        loop {
            while let Some(event) = self.parse() {
                if event.seq > self.last {
                    self.last = event.seq;
                    self.attempts = 0;
                    return Ok(event);
                }
            }
            if self.open.is_none() {
                self.connect().await?;
            }
            self.read().await;
        }
    }

    async fn connect(&mut self) -> Result<(), ApiError> {
        let path = format!("/events?after={}", self.last);
        self.buffer.clear();
        loop {
            self.attempts += 1;
            let request = self.api.request(Method::GET, &path).header("Last-Event-ID", self.last.to_string());
            match request.header("Accept", "text/event-stream").send().await {
                Ok(response) if response.status().is_success() => {
                    self.open = Some(response);
                    return Ok(());
                }
                Ok(response) => {
                    let status = response.status();
                    let message = response.text().await.unwrap_or_default().chars().take(200).collect();
                    let code = String::new();
                    return Err(ApiError::Refused {
                        method: Method::GET,
                        path,
                        status,
                        code,
                        message,
                        hint: None,
                    });
                }
                Err(source) if self.attempts >= ATTEMPTS_MAX => {
                    return Err(ApiError::Unreachable { path, source });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn read(&mut self) {
        let Some(response) = &mut self.open else { return };
        match response.chunk().await {
            Ok(Some(bytes)) if self.buffer.len() + bytes.len() <= LINE_BYTES_MAX => self.buffer.extend(bytes),
            // The end, an error, or a flood: begin again after the last event.
            Ok(_) | Err(_) => {
                self.open = None;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Takes one whole event out of the buffer: its lines up to an empty one.
    fn parse(&mut self) -> Option<Event> {
        let (end, skip) = block_end(&self.buffer)?;
        let block: Vec<u8> = self.buffer.drain(..end + skip).take(end).collect();
        let block = String::from_utf8_lossy(&block);
        Some(event(&block).unwrap_or(Event { seq: 0, kind: String::new(), data: Value::Null }))
    }
}

/// Where the first block ends and how long the empty line after it is.
fn block_end(buffer: &[u8]) -> Option<(usize, usize)> {
    let find =
        |mark: &[u8]| buffer.windows(mark.len()).position(|window| window == mark).map(|at| (at, mark.len()));
    let (plain, carriage) = (find(b"\n\n"), find(b"\r\n\r\n"));
    plain.into_iter().chain(carriage).min()
}

fn event(block: &str) -> Option<Event> {
    let (mut seq, mut kind, mut data) = (None, None, Vec::new());
    for line in block.lines() {
        let (field, value) = line.split_once(':')?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => seq = value.parse().ok(),
            "event" => kind = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    let data = serde_json::from_str(&data.join("\n")).unwrap_or(Value::Null);
    Some(Event { seq: seq?, kind: kind?, data })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::{Router, body::Body, extract::Query, routing::get};
    use futures::stream;

    use super::*;

    #[test]
    fn an_event_is_read_from_its_lines() {
        let read = event("id: 7\nevent: deal.opened\ndata: {\"deal\":\"0x1\"}\n").unwrap();
        assert_eq!(
            (read.seq, read.kind.as_str(), &read.data["deal"]),
            (7, "deal.opened", &Value::from("0x1"))
        );
        assert_eq!(event(": keep-alive"), None);
        assert_eq!(event("data: 1"), None);
    }

    #[test]
    fn blocks_are_told_apart_however_the_lines_end() {
        assert_eq!(block_end(b"id: 1\n\nid: 2\n\n"), Some((5, 2)));
        assert_eq!(block_end(b"id: 1\r\n\r\nx"), Some((5, 4)));
        assert_eq!(block_end(b"id: 1\n"), None);
    }

    #[tokio::test]
    async fn a_broken_stream_is_taken_up_after_the_last_event() {
        #[derive(serde::Deserialize)]
        struct After {
            after: u64,
        }
        // Each connection tells two events, the second cut off in the middle, and ends.
        let handler = async |Query(After { after }): Query<After>| {
            let text =
                format!(": hello\n\nid: {}\nevent: e\ndata: null\n\nid: {}\neve", after + 1, after + 2);
            Body::from_stream(stream::iter([Ok::<_, Infallible>(text)]))
        };
        let app = Router::new().route("/api/v1/events", get(handler));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        let mut events = NodeApi::new(&address, "token").unwrap().events(4);
        for seq in 5..8 {
            assert_eq!(events.next().await.unwrap().seq, seq);
        }
        server.abort();
    }
}
