//! A token bucket: how fast one peer may hand us work.
//!
//! A peer that is above its rate is not punished, it waits: its stream is simply not read for a
//! while. Deliberately absent: a clock of its own, so that it can be tested without waiting.

use std::time::{Duration, Instant};

/// Tokens that refill over time, up to a burst.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: f64,
    burst: f64,
    per_second: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket of `burst` tokens that refills by `per_second`.
    pub(super) fn new(burst: u32, per_second: u32, now: Instant) -> Self {
        let burst = f64::from(burst);
        Self { tokens: burst, burst, per_second: f64::from(per_second), at: now }
    }

    /// Takes `cost` tokens and says how long to wait until they are paid for.
    ///
    /// A cost above the burst is allowed and paid off over time.
    pub(super) fn take(&mut self, cost: u32, now: Instant) -> Duration {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + gone * self.per_second).min(self.burst) - f64::from(cost);
        Duration::from_secs_f64((-self.tokens).max(0.0) / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_is_above_the_rate_waits() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 5, start);
        for _ in 0..10 {
            assert_eq!(bucket.take(1, start), Duration::ZERO);
        }
        assert_eq!(bucket.take(5, start), Duration::from_secs(1));
        assert_eq!(bucket.take(1, start + Duration::from_secs(2)), Duration::ZERO);
    }
}
