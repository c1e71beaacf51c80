//! Why an act is refused: exactly the bytes that the contract reverts with.
//!
//! Deliberately absent: a second list of the errors. Those of the ABI are the only ones.

use core::fmt;

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{Panic, Revert, SolError};

use crate::abi::revert;

/// What Solidity panics with where checked arithmetic fails.
const ARITHMETIC: u8 = 0x11;
/// And where an assertion does.
const ASSERTION: u8 = 0x01;

/// The revert data.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal(pub Bytes);

impl Refusal {
    /// A custom error.
    pub(super) fn by(error: &impl SolError) -> Self {
        Self(error.abi_encode().into())
    }

    /// A text, as USDC gives.
    pub(super) fn text(text: &str) -> Self {
        Self::by(&Revert::from(text))
    }

    /// A sum that passes its type.
    pub(super) fn arithmetic() -> Self {
        Self::by(&Panic { code: U256::from(ARITHMETIC) })
    }

    /// A sum that passes what its word is meant for.
    pub(super) fn assertion() -> Self {
        Self::by(&Panic { code: U256::from(ASSERTION) })
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&revert::reason(&self.0))
    }
}

/// Solidity's `require` with a custom error.
pub(super) fn require(holds: bool, error: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(error()) }
}

/// `require(condition, error)`: the error is only made where it is needed.
macro_rules! ensure {
    ($condition:expr, $error:expr) => {
        $crate::escrow::refusal::require($condition, || $crate::escrow::Refusal::by(&$error))?
    };
}
pub(super) use ensure;

/// A number as the word that an error carries.
pub(super) fn word(value: impl Into<u128>) -> U256 {
    U256::from(value.into())
}
