//! The two sides of an NDA, and of every negotiation and deal under it.
//!
//! Whoever proposes is side A: it buys, opens the session and makes the first offer.

use serde::{Deserialize, Serialize};

/// Which side of the NDA a node is; `A` opens the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The NDA's first party, who opens the stream.
    A,
    /// The NDA's second party.
    B,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The byte by which hashes name it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::A => b'a',
            Self::B => b'b',
        }
    }
}
