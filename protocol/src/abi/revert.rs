//! Why a contract refused, as a person can read it: the error's name with its values.
//!
//! Deliberately absent: any decision by the reason. Whether to try again is decided by facts.

use core::fmt::Debug;

use alloy_primitives::hex;
use alloy_sol_types::{Panic, Revert, SolError, SolInterface};

use super::sol::{
    IAccords::IAccordsErrors, IDealEscrow::IDealEscrowErrors, IDrandBeacon::IDrandBeaconErrors,
    IJuryPool::IJuryPoolErrors, IMandates::IMandatesErrors,
};

/// How much of unknown revert data is shown, in bytes.
const EXCERPT_BYTES: usize = 68;

/// How long a reason gets at most, in characters.
const REASON_MAX: usize = 300;

/// The reason in revert data, by the first contract that declares such an error.
///
/// Errors of the same name and values are the same on all contracts, so the order does not matter.
#[must_use]
pub fn reason(data: &[u8]) -> String {
    let reason = declared::<IDealEscrowErrors>(data)
        .or_else(|| declared::<IMandatesErrors>(data))
        .or_else(|| declared::<IAccordsErrors>(data))
        .or_else(|| declared::<IJuryPoolErrors>(data))
        .or_else(|| declared::<IDrandBeaconErrors>(data))
        .or_else(|| Revert::abi_decode(data).ok().map(|revert| revert.reason().to_owned()))
        .or_else(|| Panic::abi_decode(data).ok().map(|panic| format!("panic: {panic}")))
        .unwrap_or_else(|| match data {
            [] => "no reason given".to_owned(),
            _ => format!("unknown error 0x{}", hex::encode(&data[..data.len().min(EXCERPT_BYTES)])),
        });
    reason.chars().take(REASON_MAX).collect()
}

/// `Name(Name { a: 1 })` as `Name { a: 1 }`.
fn declared<E: SolInterface + Debug>(data: &[u8]) -> Option<String> {
    let error = E::abi_decode(data).ok()?;
    let text = format!("{error:?}");
    let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    Some(inner.unwrap_or(&text).to_owned())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;
    use crate::abi::sol::{IDealEscrow, IMandates, Status};

    #[test]
    fn a_refusal_is_read_with_its_name_and_both_values() {
        let error = IDealEscrow::WrongStatus { is_: Status::Closed, wanted: Status::Open };
        assert_eq!(reason(&error.abi_encode()), "WrongStatus { is_: Closed, wanted: Open }");
        let error = IMandates::OverPeriod { spent: U256::from(7), perPeriod: 5 };
        assert_eq!(reason(&error.abi_encode()), "OverPeriod { spent: 7, perPeriod: 5 }");
        let error = IDealEscrow::FundByPassed { fundBy: U256::from(3), timestamp: U256::from(4) };
        assert_eq!(reason(&error.abi_encode()), "FundByPassed { fundBy: 3, timestamp: 4 }");
    }

    #[test]
    fn what_no_contract_of_ours_declares_is_shown_and_never_guessed() {
        assert_eq!(reason(&Revert::from("ERC20: paused").abi_encode()), "ERC20: paused");
        assert_eq!(reason(&[]), "no reason given");
        assert_eq!(reason(&[1, 2, 3, 4]), "unknown error 0x01020304");
        assert!(reason(&[0xab; 10_000]).len() <= REASON_MAX);
    }
}
