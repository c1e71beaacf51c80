//! Money and shares: whole micro-USDC and basis points, checked at every step.
//!
//! In papers an amount is a decimal string: JSON numbers above 2^53 do not survive RFC 8785.
//! A share of an amount is rounded down; what is left belongs to the other side, so nothing is
//! ever created or lost.
//!
//! Deliberately absent: floats, currencies other than USDC, operators that may overflow.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spelled;

/// An amount in micro-USDC (1e-6 USDC), at most `u64::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usdc(pub u64);

/// Says why a text or a sum is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal whole number of micro-USDC without sign, leading zero or separator.
    #[error("not an amount of micro-USDC: {0:?}")]
    NotAnAmount(String),
    /// More than 10 000 basis points.
    #[error("{0} basis points, at most 10000 make sense")]
    TooManyBps(u16),
}

impl Usdc {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, or `None` where it passes the type.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` where it is negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// The sum of many, or `None` where it passes the type.
    #[must_use]
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Splits into (share, rest): the share is rounded down, the rest is all that is left.
    #[must_use]
    pub fn split(self, share: Bps) -> (Self, Self) {
        let part = (u128::from(self.0) * u128::from(share.get())) / 10_000;
        let part = u64::try_from(part).expect("a share of at most 10000 bps fits the amount");
        (Self(part), Self(self.0 - part))
    }
}

impl fmt::Display for Usdc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Usdc {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::NotAnAmount(text.chars().take(24).collect());
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !plain || (text.len() > 1 && text.starts_with('0')) {
            return Err(wrong());
        }
        text.parse().map(Self).map_err(|_| wrong())
    }
}

impl Serialize for Usdc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usdc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelled::read(deserializer, str::parse::<Self>)
    }
}

/// A share in basis points, 0 to 10 000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Bps(u16);

impl Bps {
    /// Nothing of it.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const FULL: Self = Self(10_000);

    /// A share, refused above 10 000.
    ///
    /// # Errors
    /// [`MoneyError::TooManyBps`] with the value.
    pub const fn new(bps: u16) -> Result<Self, MoneyError> {
        if bps > 10_000 { Err(MoneyError::TooManyBps(bps)) } else { Ok(Self(bps)) }
    }

    /// The number of basis points.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Bps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u16::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_keeps_every_micro_usdc_and_rounds_to_the_rest() {
        for amount in [0, 1, 3, 54_000_000, u64::MAX] {
            for bps in [0, 1, 3333, 5000, 9999, 10_000] {
                let (share, rest) = Usdc(amount).split(Bps::new(bps).unwrap());
                assert_eq!(share.checked_add(rest), Some(Usdc(amount)));
            }
        }
        assert_eq!(Usdc(1).split(Bps::new(9999).unwrap()), (Usdc(0), Usdc(1)));
    }

    #[test]
    fn only_plain_decimal_text_is_an_amount() {
        assert_eq!("180000000".parse(), Ok(Usdc(180_000_000)));
        assert_eq!("0".parse(), Ok(Usdc(0)));
        for text in ["", "-1", "+1", "01", "1.5", "1e3", " 1", "18446744073709551616", "٣"] {
            assert!(text.parse::<Usdc>().is_err(), "{text:?}");
        }
    }
}
