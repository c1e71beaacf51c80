//! Blocks and how far they can be trusted.
//!
//! A receipt is not a fact: a block that was just seen may be gone a second later. What matters is
//! the highest head it stands under. `Seen` may be shown, `Safe` may carry small values, `Final`
//! carries everything.
//!
//! Deliberately absent: the `pending` tag. Preconfirmed blocks answer for transactions that no
//! block holds yet.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::BlockHash;

/// The highest head that a block stands under; later levels are stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// In the newest chain that an endpoint follows; may be undone.
    Seen,
    /// Under the `safe` head: derived from what the settlement layer holds.
    Safe,
    /// Under the `finalized` head.
    Final,
}

/// One block by number and hash: both, for a number alone names a different block on every fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// Height above genesis.
    pub number: u64,
    /// The block's hash.
    pub hash: BlockHash,
}

/// A block as far as a follower of logs needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Which block.
    pub mark: Mark,
    /// The hash of the block before it.
    pub parent: BlockHash,
    /// `block.timestamp`, Unix seconds: the only clock that money knows.
    pub time: u64,
}

/// The three heads of a chain as one endpoint, or a quorum of them, sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// The newest block.
    pub latest: Block,
    /// The newest block under `safe`.
    pub safe: Mark,
    /// The newest block under `finalized`.
    pub finalized: Mark,
}

impl Heads {
    /// How far a block of this number on the canonical chain can be trusted, or `None` above the newest head.
    #[must_use]
    pub const fn level(&self, number: u64) -> Option<Level> {
        if number <= self.finalized.number {
            Some(Level::Final)
        } else if number <= self.safe.number {
            Some(Level::Safe)
        } else if number <= self.latest.mark.number {
            Some(Level::Seen)
        } else {
            None
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number, self.hash)
    }
}
