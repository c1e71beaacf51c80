//! When a process dies, and what it had just done.
//!
//! A step gives effects, and a process can die before the first of them and after each. These
//! instants are numbered through all processes of a machine, so that a number names one place in one
//! run: the same seed dies there again.
//!
//! Deliberately absent: dying inside an effect. What is torn there is the store's, the guard's and
//! the slots' own test.

use crate::host::Who;

/// The instants at which a machine's process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doom {
    /// At this one.
    At(u64),
    /// At this one and then at every `stride`-th after it.
    Every {
        /// The first.
        first: u64,
        /// From one to the next.
        stride: u64,
    },
}

impl Doom {
    pub(crate) fn strikes(self, moment: u64) -> bool {
        match self {
            Self::At(at) => at == moment,
            Self::Every { first, stride } => {
                moment >= first && (moment - first).is_multiple_of(stride.max(1))
            }
        }
    }
}

/// A process that died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// Whose.
    pub who: Who,
    /// At which instant.
    pub moment: u64,
    /// Steps that this process had decided and that were not stored yet.
    pub lost: Vec<&'static str>,
    /// Steps that it had just stored, with nothing done since.
    pub kept: Vec<&'static str>,
    /// The effect that it did last in this step, if any.
    pub done: Option<&'static str>,
}
