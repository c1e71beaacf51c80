//! When a process dies, and what it had just done.
//!
//! A step gives effects, and a process can die before the first of them and after each. These
//! instants are numbered through all processes of a machine, so that a number names one place in one
//! run: the same seed dies there again. Or it dies by the names of what it stores: once when a kind
//! of step was decided and not stored yet, once when it was stored and nothing else was done.
//!
//! Deliberately absent: dying inside an effect. What is torn there is the store's, the guard's and
//! the slots' own test.

use std::collections::BTreeSet;

use crate::host::Who;

/// The instants at which a machine's processes die.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The first time that each kind of step was decided and is not stored, and the first time that
    /// it is stored and nothing is done after it.
    EachStep(Named),
}

/// Kinds of step over which a machine's processes have died.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    lost: BTreeSet<&'static str>,
    kept: BTreeSet<&'static str>,
}

/// An instant between two effects, or before the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Steps that are decided and not stored yet.
    pub(crate) lost: Vec<&'static str>,
    /// Steps that are stored, with nothing done since.
    pub(crate) kept: Vec<&'static str>,
    /// The effect that was done last in this step, if any.
    pub(crate) done: Option<&'static str>,
}

impl Doom {
    /// Whether a machine's process dies at this instant, the `number`-th.
    pub(crate) fn strikes(&mut self, number: u64, moment: &Moment) -> bool {
        match self {
            Self::At(at) => *at == number,
            Self::Every { first, stride } => {
                number >= *first && (number - *first).is_multiple_of((*stride).max(1))
            }
            Self::EachStep(named) => {
                let lost = moment.lost.iter().find(|step| !named.lost.contains(*step));
                if let Some(step) = lost {
                    return named.lost.insert(step);
                }
                let kept = moment.kept.iter().find(|step| !named.kept.contains(*step));
                kept.is_some_and(|step| named.kept.insert(step))
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
