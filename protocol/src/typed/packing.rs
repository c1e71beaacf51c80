//! Lists as the terms carry them: amounts and due dates packed into words, addresses as one hash.
//!
//! Deliberately absent: any order of meaning among addresses; a set is always hashed ascending.

use alloy_primitives::{Address, B256, U256, keccak256};

use crate::money::Usdc;

/// The most milestones that one deal has.
pub const MILESTONES_MAX: usize = 8;

/// Says why a list does not fit into the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// None, or more than [`MILESTONES_MAX`].
    #[error("{0} milestones, a deal has 1 to {MILESTONES_MAX}")]
    MilestoneCount(usize),
    /// A milestone without money; the contract would take it for the end of the list.
    #[error("milestone {0} is worth nothing")]
    WorthNothing(usize),
    /// The amounts together pass the type.
    #[error("the amounts pass 2^64 micro-USDC together")]
    TooMuch,
    /// The same address twice in a set.
    #[error("{0} is in the list twice")]
    Twice(Address),
}

/// Amounts and due dates of a deal's milestones, as `Deal.amounts`, `Deal.amounts2` and `Deal.due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Milestones 0 to 3, four `uint64` of micro-USDC, the first in the lowest bits.
    pub amounts: U256,
    /// Milestones 4 to 7, likewise.
    pub amounts2: U256,
    /// Eight `uint32` of seconds from `start`, the first in the lowest bits.
    pub due: U256,
    /// All amounts together.
    pub total: Usdc,
}

impl Schedule {
    /// Packs (amount, seconds from start until due) of each milestone.
    ///
    /// # Errors
    /// [`PackError`] for a list that the contract would refuse or read differently.
    pub fn pack(milestones: &[(Usdc, u32)]) -> Result<Self, PackError> {
        if milestones.is_empty() || milestones.len() > MILESTONES_MAX {
            return Err(PackError::MilestoneCount(milestones.len()));
        }
        if let Some(at) = milestones.iter().position(|(amount, _)| *amount == Usdc::ZERO) {
            return Err(PackError::WorthNothing(at));
        }
        let total = Usdc::sum(milestones.iter().map(|(amount, _)| *amount)).ok_or(PackError::TooMuch)?;
        let (mut words, mut due) = ([[0_u64; 4]; 2], [0_u64; 4]);
        for (i, (amount, secs)) in milestones.iter().enumerate() {
            words[i / 4][i % 4] = amount.0;
            due[i / 2] |= u64::from(*secs) << (32 * (i % 2));
        }
        let [amounts, amounts2] = words.map(U256::from_limbs);
        Ok(Self { amounts, amounts2, due: U256::from_limbs(due), total })
    }
}

/// The amounts that two words hold, up to the first zero, as the contract counts them.
#[must_use]
pub fn unpack_amounts(amounts: U256, amounts2: U256) -> Vec<Usdc> {
    let words = [*amounts.as_limbs(), *amounts2.as_limbs()].concat();
    words.into_iter().take_while(|amount| *amount != 0).map(Usdc).collect()
}

/// The eight due offsets that a word holds, in seconds from `start`.
#[must_use]
pub fn unpack_due(due: U256) -> [u32; MILESTONES_MAX] {
    let limbs = due.as_limbs();
    core::array::from_fn(|i| {
        u32::try_from((limbs[i / 2] >> (32 * (i % 2))) & u64::from(u32::MAX))
            .expect("invariant: masked to 32 bits")
    })
}

/// What `Deal.panel` and `Meta.vaults` hold: keccak256 over the addresses, strictly ascending, each
/// as a 32-byte word.
///
/// # Errors
/// [`PackError::Twice`] for an address that stands in the list more than once.
pub fn address_list_hash(addresses: impl IntoIterator<Item = Address>) -> Result<B256, PackError> {
    let mut sorted: Vec<_> = addresses.into_iter().collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(PackError::Twice(pair[0]));
    }
    Ok(keccak256(sorted.iter().flat_map(|address| address.into_word().0).collect::<Vec<_>>()))
}

/// The EIP-3009 nonce of a deposit into the escrow, so that the authorization is for nothing else.
#[must_use]
pub fn deposit_nonce(owner: Address, salt: B256) -> B256 {
    keccak256([keccak256("Deposit").0, owner.into_word().0, salt.0].concat())
}

/// The EIP-3009 nonce of taking a seat, so that whoever sends it chooses neither holder nor provider.
#[must_use]
pub fn join_nonce(holder: Address, provider: u16, salt: B256) -> B256 {
    let provider = B256::from(U256::from(provider));
    keccak256([keccak256("Join").0, holder.into_word().0, provider.0, salt.0].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_milestones_of_180_usdc_pack_into_the_words_that_the_contract_reads() {
        let rows = [(54_000_000, 3600), (63_000_000, 7200), (63_000_000, 10_800)];
        let schedule = Schedule::pack(&rows.map(|(amount, due)| (Usdc(amount), due))).unwrap();
        assert_eq!(schedule.total, Usdc(180_000_000));
        assert_eq!(schedule.amounts & U256::from(u64::MAX), U256::from(54_000_000));
        assert_eq!((schedule.amounts >> 128) & U256::from(u64::MAX), U256::from(63_000_000));
        assert_eq!(schedule.amounts2, U256::ZERO);
        assert_eq!((schedule.due >> 32) & U256::from(u32::MAX), U256::from(7200));
    }

    #[test]
    fn a_schedule_that_the_contract_would_read_differently_is_not_packed() {
        assert_eq!(Schedule::pack(&[]), Err(PackError::MilestoneCount(0)));
        assert_eq!(Schedule::pack(&[(Usdc(1), 0); 9]), Err(PackError::MilestoneCount(9)));
        assert_eq!(Schedule::pack(&[(Usdc(1), 0), (Usdc(0), 0)]), Err(PackError::WorthNothing(1)));
        assert_eq!(Schedule::pack(&[(Usdc(u64::MAX), 0), (Usdc(1), 0)]), Err(PackError::TooMuch));
    }

    #[test]
    fn a_list_of_addresses_has_one_hash_whatever_its_order_and_no_address_twice() {
        let [a, b] = [Address::repeat_byte(1), Address::repeat_byte(2)];
        assert_eq!(address_list_hash([a, b]), address_list_hash([b, a]));
        assert_eq!(address_list_hash([a, b, a]), Err(PackError::Twice(a)));
        let words = [a.into_word().0, b.into_word().0].concat();
        assert_eq!(address_list_hash([b, a]), Ok(keccak256(words)));
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            rows in prop::collection::vec((1_u64..=u64::MAX / 8, any::<u32>()), 1..=8)
        ) {
            let rows: Vec<_> = rows.into_iter().map(|(amount, due)| (Usdc(amount), due)).collect();
            let schedule = Schedule::pack(&rows).unwrap();
            let amounts = unpack_amounts(schedule.amounts, schedule.amounts2);
            prop_assert_eq!(&amounts, &rows.iter().map(|row| row.0).collect::<Vec<_>>());
            let due = unpack_due(schedule.due);
            prop_assert_eq!(&due[..rows.len()], &rows.iter().map(|row| row.1).collect::<Vec<_>>()[..]);
        }
    }
}
