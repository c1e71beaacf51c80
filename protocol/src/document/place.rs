//! Where and what kind: chain, jurisdiction, kind of deal, size of budget, and the salt.
//!
//! Each has one spelling in papers and, where a contract keeps it, one number there.
//!
//! Deliberately absent: tables of chains or countries; unknown means strictest, and that is policy.

use core::{fmt, str::FromStr};

use alloy_primitives::{U256, hex};
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::Usdc;

/// Says that a text is not of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct PlaceError {
    expected: &'static str,
}

macro_rules! text_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::spelled::by_rule(deserializer, str::parse::<Self>)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}
pub(super) use text_serde;

/// An EVM chain by its EIP-155 id; written as CAIP-2, `eip155:8453`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain(pub u64);

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "eip155:{}", self.0)
    }
}

impl FromStr for Chain {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let id = text.strip_prefix("eip155:").and_then(|id| id.parse().ok()).map(Self);
        id.filter(|id| id.to_string() == text).ok_or(PlaceError { expected: "a chain like eip155:8453" })
    }
}

text_serde!(Chain);

/// 128 random bits, so that nobody finds a paper by guessing what its hash is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Salt(pub [u8; 16]);

impl Salt {
    /// A fresh salt.
    #[must_use]
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The salt as the number that a typed struct carries.
    #[must_use]
    pub fn number(self) -> U256 {
        U256::from_be_slice(&self.0)
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Salt {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let mut bytes = [0; 16];
        let read = hex::decode_to_slice(text, &mut bytes).is_ok() && hex::encode(bytes) == text;
        read.then_some(Self(bytes)).ok_or(PlaceError { expected: "a salt of 32 lowercase hex digits" })
    }
}

text_serde!(Salt);

/// Whose law: two capital letters as in ISO 3166-1, or `EU`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jurisdiction([u8; 2]);

impl Jurisdiction {
    /// The number that the chain carries: 1 for `AA` to 676 for `ZZ`.
    #[must_use]
    pub fn code(self) -> u16 {
        let [a, b] = self.0.map(|letter| u16::from(letter - b'A'));
        26 * a + b + 1
    }

    /// The jurisdiction of a number on the chain.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        let index = code.checked_sub(1).filter(|index| *index < 676)?;
        let letter = |n: u16| b'A' + u8::try_from(n).expect("invariant: below 26");
        Some(Self([letter(index / 26), letter(index % 26)]))
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0.map(char::from);
        write!(f, "{a}{b}")
    }
}

impl FromStr for Jurisdiction {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match text.as_bytes() {
            &[a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok(Self([a, b])),
            _ => Err(PlaceError { expected: "a jurisdiction of two capital letters" }),
        }
    }
}

text_serde!(Jurisdiction);

/// What kind of deal: the number on chain is the variant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealKind {
    /// Work done once and delivered.
    Service = 1,
    /// Access to data.
    Data = 2,
    /// A right to use something.
    Licence = 3,
    /// Goods or capacity.
    Supply = 4,
    /// Work done together.
    Joint = 5,
}

impl DealKind {
    /// The kind of a number on the chain.
    #[must_use]
    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(Self::Service),
            2 => Some(Self::Data),
            3 => Some(Self::Licence),
            4 => Some(Self::Supply),
            5 => Some(Self::Joint),
            0 | 6.. => None,
        }
    }
}

impl DealKind {
    /// The number that the chain carries.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }
}

/// How much a buyer may spend, so roughly that it gives nothing away: the limit is a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetBucket {
    /// Up to 10 USDC.
    #[serde(rename = "up_to_10")]
    UpTo10,
    /// Up to 100 USDC.
    #[serde(rename = "up_to_100")]
    UpTo100,
    /// Up to 1 000 USDC.
    #[serde(rename = "up_to_1000")]
    UpTo1000,
    /// Up to 10 000 USDC.
    #[serde(rename = "up_to_10000")]
    UpTo10000,
    /// More than that.
    Above,
}

impl BudgetBucket {
    /// The bucket that an amount lies in.
    #[must_use]
    pub const fn of(amount: Usdc) -> Self {
        match amount.0 {
            0..=10_000_000 => Self::UpTo10,
            10_000_001..=100_000_000 => Self::UpTo100,
            100_000_001..=1_000_000_000 => Self::UpTo1000,
            1_000_000_001..=10_000_000_000 => Self::UpTo10000,
            10_000_000_001.. => Self::Above,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_spelling() {
        assert_eq!("eip155:31337".parse(), Ok(Chain(31337)));
        for text in ["eip155:01", "eip155:", "eip155:-1", "31337", "EIP155:1", "eip155:1 "] {
            assert!(text.parse::<Chain>().is_err(), "{text}");
        }
        let salt = "000102030405060708090a0b0c0d0e0f";
        assert_eq!(salt.parse::<Salt>().unwrap().to_string(), salt);
        for text in [salt.to_uppercase(), salt[2..].to_owned(), format!("0x{}", &salt[2..])] {
            assert!(text.parse::<Salt>().is_err(), "{text}");
        }
        for text in ["de", "D", "DEU", "D1", ""] {
            assert!(text.parse::<Jurisdiction>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_jurisdiction_has_its_own_number_on_chain() {
        for (text, code) in [("AA", 1), ("DE", 83), ("EU", 125), ("ZZ", 676)] {
            let jurisdiction: Jurisdiction = text.parse().unwrap();
            assert_eq!((jurisdiction.code(), jurisdiction.to_string().as_str()), (code, text));
            assert_eq!(Jurisdiction::from_code(code), Some(jurisdiction));
        }
        assert_eq!(Jurisdiction::from_code(0), None);
        assert_eq!(Jurisdiction::from_code(677), None);
    }

    #[test]
    fn a_bucket_holds_its_limit() {
        assert_eq!(BudgetBucket::of(Usdc(180_000_000)), BudgetBucket::UpTo1000);
        assert_eq!(BudgetBucket::of(Usdc(100_000_000)), BudgetBucket::UpTo100);
        assert_eq!(BudgetBucket::of(Usdc(u64::MAX)), BudgetBucket::Above);
        assert_eq!(serde_json::to_value(BudgetBucket::UpTo10).unwrap(), "up_to_10");
    }
}
