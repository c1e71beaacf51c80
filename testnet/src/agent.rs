//! Agent programs: what stands behind a node's local API and decides, within its instructions.
//!
//! A *buyer* asks for bids on a task, filters them by pact, standing and price, proposes an NDA to
//! one, bargains, and rates what it got. A *seller* answers requests with a bid, accepts an NDA within
//! its rules, bargains, does the work and delivers it. Both hold an `agent` token and nothing else:
//! no key, no limit and no approval is theirs.
//!
//! An agent stores nothing. After every event it looks at what the node says and does what is due, so
//! it may be stopped and started at any time. An act that the node knows already shows as a conflict,
//! which the next look resolves.
//!
//! Deliberately absent: a language model. These agents follow rules; the node must not need to know.

mod buyer;
pub mod instructions;
pub mod rules;
mod seller;
mod voice;

use std::time::Duration;

pub use self::{buyer::Buyer, seller::Seller, voice::Voice};
use crate::node_api::{ApiError, NodeApi};

/// An agent looks at its node at least this often, events or not.
const LOOK: Duration = Duration::from_secs(1);

/// Says why an agent stopped.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The node did not do what was asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Nobody offered what the instructions want.
    #[error("no bid fits: {0}")]
    NoBid(String),
    /// The other side left, or the deal went where no instruction leads.
    #[error("{0}")]
    Over(String),
    /// Work or texts that cannot be used.
    #[error("{0}")]
    Work(String),
}

/// What an agent does at one look.
pub trait Agent {
    /// Does everything that is due. `true` once there is nothing more to do, ever.
    fn step(&mut self, api: &NodeApi) -> impl Future<Output = Result<bool, AgentError>>;
}

/// Runs an agent to its end.
///
/// # Errors
/// [`AgentError`].
pub async fn run(agent: &mut impl Agent, api: &NodeApi) -> Result<(), AgentError> {
    let mut events = api.events(0);
    loop {
        match agent.step(api).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // The node was faster; look again.
            Err(AgentError::Api(error)) if error.is_conflict() => tracing::debug!(%error, "looking again"),
            Err(error) => return Err(error),
        }
        // One event wakes; those that came with it are read before the next look.
        if let Ok(event) = tokio::time::timeout(LOOK, events.next()).await {
            let mut event = event?;
            loop {
                tracing::debug!(seq = event.seq, kind = event.kind, "event");
                match tokio::time::timeout(Duration::ZERO, events.next()).await {
                    Ok(next) => event = next?,
                    Err(_) => break,
                }
            }
        }
    }
}
