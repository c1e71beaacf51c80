//! How long a node waits for what, in one place: a set for production and one for a local chain.
//!
//! Deliberately absent: windows at which an honest party loses money. Those are in the signed terms.

use core::time::Duration;

use crate::journal::fees::FeePolicy;

/// Waiting times and bounds of one node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// A message without receipt is sent again after this.
    pub resend: Duration,
    /// A failed job is tried again after this, doubling up to a minute.
    pub retry: Duration,
    /// Our announcement is repeated after this; it expires after three times as long.
    pub announce: Duration,
    /// Beacon rounds between the request and the round that decides.
    pub rounds_ahead: u64,
    /// An attempt at a panel is given up this long after its beacon round.
    pub attempt: Duration,
    /// A seat counts when it is at least this old, seconds.
    pub seat_age_secs: u64,
    /// An acceptance is firm for this long, seconds; at most 300.
    pub firm_secs: u64,
    /// A session that sent something unsigned signs a checkpoint after this.
    pub checkpoint: Duration,
    /// A session under an NDA that is not under `safe` by then is closed.
    pub session_unsafe: Duration,
    /// Clocks of two parties may differ by this much, seconds.
    pub skew_secs: u64,
    /// Jurors commit within this time after the last receipt.
    pub commit: Duration,
    /// Jurors reveal within this time after the commits close.
    pub reveal: Duration,
    /// One relay step between jurors.
    pub relay: Duration,
    /// The appeal window that this node offers, seconds.
    pub window_secs: u32,
    /// Time between the last due date and the end of a deal, seconds; longer than the grace.
    pub judging_secs: u32,
    /// Claims are taken this long after the due date, seconds.
    pub grace_secs: u64,
    /// Counted misconduct at which a peer is no longer talked to.
    pub misconduct_max: u64,
    /// How transactions pay for gas.
    pub fees: FeePolicy,
}

impl Timing {
    /// For Base: relays of a minute, seats of a day.
    #[must_use]
    pub fn production() -> Self {
        Self {
            resend: Duration::from_secs(30),
            retry: Duration::from_secs(2),
            announce: Duration::from_secs(600),
            rounds_ahead: 10,
            attempt: Duration::from_secs(600),
            seat_age_secs: 86_400,
            firm_secs: 300,
            checkpoint: Duration::from_secs(1),
            session_unsafe: Duration::from_secs(600),
            skew_secs: 30,
            commit: Duration::from_secs(900),
            reveal: Duration::from_secs(900),
            relay: Duration::from_secs(60),
            window_secs: 86_400,
            judging_secs: 4 * 86_400,
            grace_secs: 86_400,
            misconduct_max: 32,
            fees: FeePolicy::default(),
        }
    }

    /// For a local chain with one-second blocks.
    #[must_use]
    pub fn local() -> Self {
        Self {
            resend: Duration::from_secs(2),
            retry: Duration::from_millis(250),
            announce: Duration::from_secs(5),
            rounds_ahead: 3,
            attempt: Duration::from_secs(15),
            seat_age_secs: 1,
            commit: Duration::from_secs(6),
            reveal: Duration::from_secs(6),
            relay: Duration::from_secs(1),
            window_secs: 0,
            judging_secs: 120,
            grace_secs: 5,
            misconduct_max: 1000,
            ..Self::production()
        }
    }
}
