//! What gas may cost: first fees, replacements, the cap, and the reserve for closing what is open.
//!
//! Endpoints suggest, the policy decides: a suggestion a hundred times too high is cut to the cap,
//! and a transaction at the cap waits for the price to fall rather than paying more.
//!
//! Deliberately absent: any prediction of where the base fee goes.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The gas that one transaction may use at most (EIP-7825).
pub const GAS_LIMIT_MAX: u64 = 16_777_216;

/// An amount of the chain's native coin in wei; a decimal string in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wei(pub u128);

impl Wei {
    /// This many times as much, or the most that the type holds.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor as u128))
    }

    /// The sum, or the most that the type holds.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// An eighth more, rounded up and at least one wei more: what every client takes as a replacement.
    const fn bumped(self) -> Self {
        let eighth = self.0.div_ceil(8);
        Self(self.0.saturating_add(if eighth == 0 { 1 } else { eighth }))
    }
}

impl fmt::Display for Wei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Wei {
    type Err = core::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Wei {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Wei {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The two fees of an EIP-1559 transaction, per unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// `maxFeePerGas`.
    pub max: Wei,
    /// `maxPriorityFeePerGas`.
    pub tip: Wei,
}

/// What an endpoint says about the price of gas now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GasPrice {
    /// The base fee of the newest block.
    pub base: Wei,
    /// A tip that is usually enough.
    pub tip: Wei,
}

/// The bounds on what this node pays for gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    /// No transaction ever offers more than this per unit of gas.
    pub cap: Wei,
    /// After this many blocks without inclusion the fees are raised by an eighth.
    pub bump_after: u64,
    /// After this many blocks without inclusion the same bytes are handed over again.
    pub resend_after: u64,
}

impl Default for FeePolicy {
    /// A cap of 100 gwei, a raise after two blocks, the same bytes again after five.
    fn default() -> Self {
        Self { cap: Wei(100_000_000_000), bump_after: 2, resend_after: 5 }
    }
}

impl FeePolicy {
    /// The first fees: room for the base fee to double, cut to the cap.
    #[must_use]
    pub fn first(&self, price: GasPrice) -> Fees {
        let tip = price.tip.min(self.cap);
        Fees { max: price.base.times(2).plus(tip).min(self.cap), tip }
    }

    /// The next fees after `last`, or `None` where an eighth more would pass the cap.
    ///
    /// Both fees rise, since clients compare both; where the market has moved further, so do they.
    #[must_use]
    pub fn raised(&self, last: Fees, price: GasPrice) -> Option<Fees> {
        let floor = Fees { max: last.max.bumped(), tip: last.tip.bumped() };
        if floor.max > self.cap {
            return None;
        }
        let market = self.first(price);
        let max = floor.max.max(market.max);
        Some(Fees { max, tip: floor.tip.max(market.tip).min(max) })
    }

    /// The gas limit for an estimate: a quarter more, since state moves between estimate and inclusion.
    ///
    /// `None` where the estimate itself passes [`GAS_LIMIT_MAX`].
    #[must_use]
    pub fn gas_limit(&self, estimate: u64) -> Option<u64> {
        (estimate <= GAS_LIMIT_MAX).then(|| (estimate + estimate / 4).min(GAS_LIMIT_MAX))
    }
}

/// What must stay in the account so that everything open can still be closed: the gas of each
/// closing act at ten times the base fee of now.
#[must_use]
pub fn gas_reserve(price: GasPrice, closing_gas: impl IntoIterator<Item = u64>) -> Wei {
    let per_gas = price.base.times(10).plus(price.tip);
    closing_gas.into_iter().fold(Wei::default(), |sum, gas| sum.plus(per_gas.times(gas)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: FeePolicy = FeePolicy { cap: Wei(1000), bump_after: 2, resend_after: 5 };

    fn price(base: u128, tip: u128) -> GasPrice {
        GasPrice { base: Wei(base), tip: Wei(tip) }
    }

    #[test]
    fn no_suggestion_makes_us_offer_more_than_the_cap() {
        for base in [0, 1, 499, 500, 5000, u128::MAX] {
            let fees = POLICY.first(price(base, base));
            assert!(fees.max <= POLICY.cap && fees.tip <= fees.max, "{fees:?}");
        }
    }

    #[test]
    fn a_replacement_raises_both_fees_by_an_eighth_or_is_not_made() {
        let mut fees = Fees { max: Wei(8), tip: Wei(0) };
        while let Some(next) = POLICY.raised(fees, price(1, 0)) {
            assert!(next.max.0 * 8 >= fees.max.0 * 9, "{fees:?} {next:?}");
            assert!(next.tip.0 * 8 >= fees.tip.0 * 9 && next.tip > fees.tip && next.tip <= next.max);
            assert!(next.max <= POLICY.cap);
            fees = next;
        }
        assert!(fees.max.0 * 9 > 1000 * 8, "stopped early at {fees:?}");
    }

    #[test]
    fn a_replacement_follows_a_market_that_moved_further() {
        let fees = POLICY.raised(Fees { max: Wei(80), tip: Wei(8) }, price(200, 20));
        assert_eq!(fees, Some(Fees { max: Wei(420), tip: Wei(20) }));
    }

    #[test]
    fn the_gas_limit_leaves_a_quarter_and_never_passes_the_rule_of_the_chain() {
        assert_eq!(POLICY.gas_limit(100_000), Some(125_000));
        assert_eq!(POLICY.gas_limit(GAS_LIMIT_MAX - 1), Some(GAS_LIMIT_MAX));
        assert_eq!(POLICY.gas_limit(GAS_LIMIT_MAX + 1), None);
    }

    #[test]
    fn the_reserve_closes_everything_open_at_ten_times_the_base_fee() {
        assert_eq!(gas_reserve(price(7, 3), [100, 200]), Wei(300 * 73));
        assert_eq!(gas_reserve(price(7, 3), []), Wei(0));
    }
}
