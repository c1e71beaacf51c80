//! What an agent says as it goes: one line per step, with who, what, which id and how long.
//!
//! Lines are for people and for the log. Nothing said under an NDA is in them but ids and amounts.

use std::{
    io::{self, Write},
    time::Instant,
};

/// The voice of one agent.
#[derive(Debug)]
pub struct Voice {
    name: String,
    start: Instant,
    last: Instant,
    said: Vec<String>,
}

impl Voice {
    /// A voice under a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let now = Instant::now();
        Self { name: name.to_owned(), start: now, last: now, said: Vec::new() }
    }

    /// Says a step, with the time since the last one.
    pub fn say(&mut self, what: &str) {
        let now = Instant::now();
        let (total, step) = (now.duration_since(self.start), now.duration_since(self.last));
        self.last = now;
        // A closed output is no reason to stop working.
        let _ = writeln!(
            io::stdout(),
            "{:>7.2}s  {:<12} {what}  (+{} ms)",
            total.as_secs_f64(),
            self.name,
            step.as_millis()
        );
    }

    /// Says a step the first time only; an agent without memory sees the same fact at every look.
    pub fn say_once(&mut self, what: String) {
        if !self.said.contains(&what) {
            self.say(&what);
            self.said.push(what);
        }
    }
}

/// The beginning of an id, enough to find it again.
#[must_use]
pub(super) fn short(id: &str) -> &str {
    let digits = if id.starts_with("0x") { 12 } else { 10 };
    // A DID differs at its end.
    if id.starts_with("did:") { &id[id.len().saturating_sub(10)..] } else { id.get(..digits).unwrap_or(id) }
}
