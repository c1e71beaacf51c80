//! How many questions one address and all together may ask, and how many of them cost a signature.
//!
//! Each has a bucket that refills over time; a question takes one from its address's and one from the
//! common one. Addresses of one IPv6 network of 64 bits share a bucket: whoever has one has them all.
//!
//! Deliberately absent: a clock of its own, and a memory of who asked: a full bucket is forgotten.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// Questions of one address: at once, and each second.
const EACH: (f64, f64) = (20.0, 5.0);
/// Questions of all together.
const ALL: (f64, f64) = (200.0, 50.0);
/// Statements that are signed anew.
const SIGNED: (f64, f64) = (16.0, 2.0);
/// Addresses with a bucket that is not full.
const CALLERS_MAX: usize = 4096;

/// A bucket that refills over time, up to a burst.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn refilled(self, (burst, per_second): (f64, f64), now: Instant) -> Self {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        Self { left: (self.left + gone * per_second).min(burst), at: now }
    }

    /// Takes one, or says how long to wait for it.
    fn take(&mut self, rate: (f64, f64), now: Instant) -> Result<(), Duration> {
        *self = self.refilled(rate, now);
        if self.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.left) / rate.1));
        }
        self.left -= 1.0;
        Ok(())
    }
}

/// All allowances of one oracle.
#[derive(Debug)]
pub(super) struct Limits {
    callers: BTreeMap<IpAddr, Bucket>,
    all: Bucket,
    signed: Bucket,
}

impl Limits {
    /// Full ones.
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            callers: BTreeMap::new(),
            all: Bucket { left: ALL.0, at: now },
            signed: Bucket { left: SIGNED.0, at: now },
        }
    }

    /// Counts a question.
    ///
    /// # Errors
    /// How long to wait before the next one.
    pub(super) fn ask(&mut self, caller: IpAddr, now: Instant) -> Result<(), Duration> {
        let caller = network(caller);
        if self.callers.len() >= CALLERS_MAX && !self.callers.contains_key(&caller) {
            self.callers.retain(|_, bucket| bucket.refilled(EACH, now).left < EACH.0);
            if self.callers.len() >= CALLERS_MAX {
                return Err(Duration::from_secs(1));
            }
        }
        let bucket = self.callers.entry(caller).or_insert(Bucket { left: EACH.0, at: now });
        bucket.take(EACH, now)?;
        self.all.take(ALL, now)
    }

    /// Counts a signature.
    ///
    /// # Errors
    /// How long to wait before the next one.
    pub(super) fn sign(&mut self, now: Instant) -> Result<(), Duration> {
        self.signed.take(SIGNED, now)
    }
}

/// Whom an address stands for.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn asked(limits: &mut Limits, who: &str, times: usize, now: Instant) -> usize {
        (0..times).filter(|_| limits.ask(address(who), now).is_ok()).count()
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate_and_costs_others_nothing() {
        let now = Instant::now();
        let mut limits = Limits::new(now);
        assert_eq!(asked(&mut limits, "192.0.2.1", 30, now), 20);
        assert_eq!(asked(&mut limits, "192.0.2.2", 5, now), 5);
        let later = now + Duration::from_secs(2);
        assert_eq!(asked(&mut limits, "192.0.2.1", 30, later), 10);
        let wait = limits.ask(address("192.0.2.1"), later).unwrap_err();
        assert!(wait <= Duration::from_millis(200), "{wait:?}");
    }

    #[test]
    fn one_network_of_ipv6_is_one_caller_and_all_together_have_a_rate_too() {
        let now = Instant::now();
        let mut limits = Limits::new(now);
        assert_eq!(asked(&mut limits, "2001:db8::1", 20, now), 20);
        assert_eq!(asked(&mut limits, "2001:db8::2", 5, now), 0);
        assert_eq!(asked(&mut limits, "2001:db8:0:1::2", 5, now), 5);
        let others: usize = (0..50).map(|n| asked(&mut limits, &format!("198.51.100.{n}"), 20, now)).sum();
        assert_eq!(others, 175, "200 in all");
    }

    #[test]
    fn addresses_without_number_are_bounded_and_forgotten_when_they_rest() {
        let now = Instant::now();
        let mut limits = Limits::new(now);
        for n in 0..2 * CALLERS_MAX {
            let octet = |at: usize| u8::try_from(n >> at & 0xff).unwrap();
            let _ = limits.ask(IpAddr::from([10, 0, octet(8), octet(0)]), now);
            let _ = limits.ask(IpAddr::from([10, 1, octet(8), octet(0)]), now);
        }
        assert_eq!(limits.callers.len(), CALLERS_MAX);
        let later = now + Duration::from_secs(60);
        assert_eq!(asked(&mut limits, "192.0.2.9", 1, later), 1);
        assert_eq!(limits.callers.len(), 1);
    }
}
