//! What each juror must have earned, by the terms and by who signed which verdict on chain.
//!
//! Each milestone has an even part of the fee, to the micro-USDC; it goes in equal parts to those
//! whose signature is on its verdict. What does not divide, and the part of a milestone that nobody
//! judged, goes back to the buyer. The sums here follow the rule and not the contract's code, so that
//! the one shows an error in the other.
//!
//! Deliberately absent: a look at what the jurors have.

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};
use nuncio_protocol::money::Usdc;

/// The fee of each juror; the panel is sorted, and `signers` has a bit for each of it, per milestone.
pub(super) fn earned(fee: Usdc, panel: &[Address], signers: &[U256]) -> BTreeMap<Address, Usdc> {
    let milestones = signers.len() as u128;
    let up_to = |milestone: u128| u128::from(fee.0) * milestone / milestones.max(1);
    let mut earned: BTreeMap<Address, Usdc> = panel.iter().map(|juror| (*juror, Usdc::ZERO)).collect();
    for (milestone, bits) in (0_u128..).zip(signers) {
        let signed: Vec<&Address> =
            panel.iter().enumerate().filter(|(place, _)| bits.bit(*place)).map(|(_, juror)| juror).collect();
        let part = up_to(milestone + 1) - up_to(milestone);
        for juror in &signed {
            let share = u64::try_from(part / signed.len() as u128).expect("invariant: a part of a u64");
            earned.entry(**juror).and_modify(|sum| sum.0 += share);
        }
    }
    earned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_is_shared_by_those_who_signed_and_dust_is_nobodys() {
        let panel = [1, 2, 3].map(Address::repeat_byte);
        let all = U256::from(0b111);
        let sums = |fee: u64, signers: &[U256]| {
            earned(Usdc(fee), &panel, signers).into_values().map(|sum| sum.0).collect::<Vec<_>>()
        };
        assert_eq!(sums(9_000_000, &[all, all, all]), [3_000_000; 3]);
        assert_eq!(sums(6, &[all, U256::from(0b011)]), [2, 2, 1]);
        assert_eq!(sums(10, &[all, U256::ZERO]), [1, 1, 1], "five for the first, five for nobody");
        assert_eq!(sums(7, &[U256::from(0b100)]), [0, 0, 7]);
    }
}
