//! A sequence: what happens, when, and by whom.
//!
//! Deliberately absent: anything relative. A step means the same wherever it stands, so steps can be
//! left out.

use alloy_primitives::{Address, B256, U256};
use nuncio_protocol::escrow::Act;

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Unix seconds, never before the step before.
    pub(super) at: u64,
    pub(super) what: What,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Somebody sends a transaction.
    Send { from: Address, act: Box<Act> },
    /// A jury will answer this from now on.
    Answer { jury: Address, deal: B256, milestone: u8, word: U256 },
}
