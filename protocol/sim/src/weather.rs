//! What the network does to what is sent: delay always, loss and doubling on demand.
//!
//! All of it follows from the seed. Direct messages travel each on its own, so that delay alone
//! reorders them. A stream keeps its order; what is lost of it breaks it, as a connection breaks. A
//! gossip network repairs its losses: what is lost on one path comes later on another.
//!
//! Deliberately absent: bandwidth, and bytes that change on the way; every transport authenticates.

use core::time::Duration;

use rand_core::Rng;

/// How the network behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// The shortest way, milliseconds.
    pub delay_ms_min: u64,
    /// The longest way, milliseconds.
    pub delay_ms_max: u64,
    /// Lost, of a thousand messages.
    pub loss_permille: u32,
    /// Doubled, of a thousand messages.
    pub double_permille: u32,
}

impl Weather {
    /// Everything arrives, some of it a little later.
    pub const FAIR: Self = Self { delay_ms_min: 2, delay_ms_max: 20, loss_permille: 0, double_permille: 0 };

    /// One message in eight is lost, one in eight comes twice, and ways differ by half a second.
    pub const FOUL: Self =
        Self { delay_ms_min: 2, delay_ms_max: 500, loss_permille: 125, double_permille: 125 };

    pub(crate) fn delay(&self, rng: &mut impl Rng) -> Duration {
        let spread = self.delay_ms_max.saturating_sub(self.delay_ms_min) + 1;
        Duration::from_millis(self.delay_ms_min + rng.next_u64() % spread)
    }

    pub(crate) fn loses(&self, rng: &mut impl Rng) -> bool {
        rng.next_u32() % 1000 < self.loss_permille
    }

    pub(crate) fn doubles(&self, rng: &mut impl Rng) -> bool {
        rng.next_u32() % 1000 < self.double_permille
    }
}
