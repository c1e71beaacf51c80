//! Whole numbers that stand for fractions: units of 2^-32, the same on every machine.
//!
//! Products are rounded down. Decay is a table, one entry for each day of a half-life: entry 0 is 1,
//! each next entry is the one before times a constant, both in units of 2^-62 and rounded down; every
//! whole half-life halves once more.
//!
//! Deliberately absent: floats.

use crate::money::Usdc;

/// A number in units of 2^-32.
pub(super) type Fixed = u64;

/// One.
pub(super) const ONE: Fixed = 1 << 32;

/// The product, rounded down.
pub(super) fn times(a: Fixed, b: Fixed) -> Fixed {
    let product = (u128::from(a) * u128::from(b)) >> 32;
    u64::try_from(product).unwrap_or(u64::MAX)
}

/// The quotient, rounded down; nothing of nothing is nothing.
pub(super) fn divided(a: Fixed, b: Fixed) -> Fixed {
    let quotient = (u128::from(a) << 32).checked_div(u128::from(b)).unwrap_or(0);
    u64::try_from(quotient).unwrap_or(u64::MAX)
}

/// What a deal of this value says: the square root of its value in hundreds of USDC, at most 1.
pub(super) fn weight_of(value: Usdc) -> Fixed {
    const HUNDRED_USDC: u128 = 100_000_000;
    let root = ((u128::from(value.0) << 64) / HUNDRED_USDC).isqrt();
    u64::try_from(root).unwrap_or(u64::MAX).min(ONE)
}

/// How fast a record fades.
#[derive(Clone, Debug)]
pub(super) struct Decay(Vec<u64>);

impl Decay {
    /// Halves every 60 days; the constant is 2^(62 - 1/60), rounded down.
    pub(super) fn days_60() -> Self {
        Self::table(60, 4_558_716_286_680_897_468)
    }

    /// Halves every 120 days; the constant is 2^(62 - 1/120), rounded down.
    pub(super) fn days_120() -> Self {
        Self::table(120, 4_585_124_661_474_703_533)
    }

    /// Halves every two years of 365 days; the constant is 2^(62 - 1/730), rounded down.
    pub(super) fn days_730() -> Self {
        Self::table(730, 4_607_309_223_852_264_414)
    }

    fn table(half_life_days: usize, factor: u64) -> Self {
        let next = |entry: &u64| {
            let product = (u128::from(*entry) * u128::from(factor)) >> 62;
            Some(u64::try_from(product).expect("invariant: the factor is below one"))
        };
        Self(core::iter::successors(Some(1_u64 << 62), next).take(half_life_days).collect())
    }

    /// What is left of 1 after so many days.
    pub(super) fn after(&self, days: u32) -> Fixed {
        let days = usize::try_from(days).unwrap_or(usize::MAX);
        let halvings = u32::try_from(days / self.0.len()).unwrap_or(u32::MAX);
        (self.0[days % self.0.len()] >> 30).checked_shr(halvings).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_worth_half_after_each_half_life_and_never_more_than_the_day_before() {
        for (decay, half_life) in [(Decay::days_60(), 60), (Decay::days_120(), 120), (Decay::days_730(), 730)]
        {
            assert_eq!(decay.after(0), ONE);
            assert_eq!(decay.after(half_life), ONE / 2);
            assert_eq!(decay.after(3 * half_life), ONE / 8);
            assert!((0..3 * half_life).all(|day| decay.after(day + 1) <= decay.after(day)));
            let before_half = decay.after(half_life - 1);
            assert!(before_half > ONE / 2 && before_half < ONE / 2 + ONE / 50);
            assert_eq!(decay.after(u32::MAX), 0);
        }
    }

    #[test]
    fn a_deal_of_a_hundred_usdc_is_worth_one_and_of_one_usdc_a_tenth() {
        assert_eq!(weight_of(Usdc(100_000_000)), ONE);
        assert_eq!(weight_of(Usdc(u64::MAX)), ONE);
        assert_eq!(weight_of(Usdc(25_000_000)), ONE / 2);
        assert_eq!(weight_of(Usdc(1_000_000)), ONE / 10);
        assert_eq!(weight_of(Usdc(0)), 0);
    }
}
