//! A value behind a lock that is only ever held for a few straight lines.
//!
//! No guard lives across an `await`, and nothing that runs under one can panic, so a poisoned lock
//! cannot be met. Deliberately absent: waiting, fairness, and any way to hold the lock for longer.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value shared between tasks, each of which looks at it briefly.
#[derive(Debug, Default)]
pub(super) struct Guarded<T>(Mutex<T>);

impl<T> Guarded<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Takes the lock. A poisoned one is taken as it is: a task that died can only have died in
    /// library code, between two whole changes of ours.
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
