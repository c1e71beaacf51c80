//! A run of many sequences, on as many threads as are given, and what came of it.
//!
//! Deliberately absent: how long it took. Nothing here reads a clock.

use std::{ops::Range, thread};

use serde_json::{Value, json};

use super::{Counts, Difference, Differential};

/// A run with more differences than this ends early: they will have one cause.
const DIFFERENCES_MAX: usize = 3;

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How many sequences were played to their end.
    pub sequences: u64,
    /// How many acts were run on both sides.
    pub operations: u64,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What was tried, and how it ended.
    pub by_operation: Counts,
}

impl Report {
    /// Plays the sequences of these numbers.
    ///
    /// # Panics
    /// When a thread does.
    #[must_use]
    pub fn of(seed: u64, numbers: &Range<u64>, threads: u64) -> Self {
        let part = |first: u64| {
            let numbers = numbers.clone().skip(first as usize).step_by(threads as usize);
            Self::of_part(seed, numbers)
        };
        let parts: Vec<Self> = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
            running.into_iter().map(|part| part.join().expect("a thread panicked")).collect()
        });
        let none =
            Self { seed, sequences: 0, operations: 0, differences: Vec::new(), by_operation: Counts::new() };
        parts.into_iter().fold(none, Self::with)
    }

    fn of_part(seed: u64, numbers: impl Iterator<Item = u64>) -> Self {
        let mut run = Differential::new(seed);
        let (mut sequences, mut differences) = (0, Vec::new());
        for number in numbers {
            match run.play(number) {
                Ok(()) => sequences += 1,
                Err(difference) => differences.push(*difference),
            }
            if differences.len() == DIFFERENCES_MAX {
                break;
            }
        }
        Self { seed, sequences, operations: run.acts(), differences, by_operation: run.counts() }
    }

    fn with(mut self, other: Self) -> Self {
        self.sequences += other.sequences;
        self.operations += other.operations;
        self.differences.extend(other.differences);
        for (function, endings) in other.by_operation {
            let mine = self.by_operation.entry(function).or_default();
            for (ending, count) in endings {
                *mine.entry(ending).or_default() += count;
            }
        }
        self
    }

    /// How often a function ended so.
    #[must_use]
    pub fn times(&self, function: &str, ending: &str) -> u64 {
        self.by_operation.get(function).and_then(|endings| endings.get(ending)).copied().unwrap_or_default()
    }

    /// How often anything ended so.
    #[must_use]
    pub fn times_anywhere(&self, ending: &str) -> u64 {
        self.by_operation.keys().map(|function| self.times(function, ending)).sum()
    }

    /// The report as machines read it.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "schema": "nuncio.differential/1",
            "sequences": self.sequences,
            "operations": self.operations,
            "seed": self.seed,
            "differences": self.differences.len(),
            "by_operation": self.by_operation,
            "ok": self.differences.is_empty(),
        })
    }
}
