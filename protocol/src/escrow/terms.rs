//! The terms of a deal, read once.
//!
//! Deliberately absent: checks. Whether terms make sense is the opening's question; here only, what they
//! say.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolStruct;

use crate::{
    abi::{pack, sol::Source},
    money::{Bps, Usdc},
    typed::{self, Contracts, MILESTONES_MAX},
};

const JURY_WORD: usize = 4;
const ADDRESS_BITS: usize = 160;

/// Terms as both sides sign them, with the id that the contracts compute from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// All that is signed.
    pub deal: typed::Deal,
    /// The EIP-712 digest of it.
    pub id: B256,
    /// Micro-USDC by milestone; 0 where there is none.
    pub amounts: [u64; MILESTONES_MAX],
    /// Seconds from the start, by milestone.
    pub due: [u32; MILESTONES_MAX],
    /// Unix seconds from which due times count.
    pub start: u64,
    /// Last Unix second of the opening.
    pub fund_by: u64,
    /// Unix second from which what was not judged falls back.
    pub end: u64,
    pub(super) meta: B256,
    /// As calls have them that need nothing of `Meta`.
    pub(super) brief: pack::Brief,
    /// As the others have them.
    pub(super) whole: pack::Whole,
}

impl Terms {
    /// Reads the terms.
    #[must_use]
    pub fn new(deal: typed::Deal, contracts: &Contracts) -> Self {
        let id = deal.id(contracts).word();
        let words = [*deal.amounts.as_limbs(), *deal.amounts2.as_limbs()].concat();
        let meta = &deal.meta;
        Self {
            id,
            amounts: core::array::from_fn(|i| words[i]),
            due: typed::unpack_due(deal.due),
            start: typed::seconds(meta.start),
            fund_by: typed::seconds(meta.fundBy),
            end: typed::seconds(deal.end),
            meta: meta.eip712_hash_struct(),
            brief: pack::brief(&deal),
            whole: pack::whole(&deal),
            deal,
        }
    }

    /// How many milestones there are: up to the last that is worth something.
    #[must_use]
    pub fn count(&self) -> u8 {
        let last = self.amounts.iter().rposition(|amount| *amount != 0);
        last.map_or(0, |i| i as u8 + 1)
    }

    /// Micro-USDC of all milestones; more than an amount can be where the terms are refused for it.
    #[must_use]
    pub fn worth(&self) -> u128 {
        self.amounts.iter().map(|amount| u128::from(*amount)).sum()
    }

    /// What the opening takes from the buying side, micro-USDC.
    #[must_use]
    pub fn buyer_total(&self) -> u128 {
        self.worth() + u128::from(self.deal.juryFee) + u128::from(self.deal.appealFee)
    }

    /// Micro-USDC of the milestones whose bit is not set.
    pub(super) fn unsettled(&self, done: u8) -> u64 {
        let open = self.amounts.iter().enumerate().filter(|(i, _)| done >> i & 1 == 0);
        open.map(|(_, amount)| amount).sum()
    }

    /// What of a milestone goes to the seller and to the buyer; the seller's part is rounded down.
    pub(super) fn split(&self, milestone: u8, seller_bps: u16) -> (u64, u64) {
        let bps = Bps::new(seller_bps).expect("invariant: shares are checked before anything is settled");
        let (seller, buyer) = Usdc(self.amounts[usize::from(milestone)]).split(bps);
        (seller.0, buyer.0)
    }

    /// The part of the jury's fee for one milestone; all parts together are the fee.
    pub(super) fn jury_fee_of(&self, milestone: u8) -> u64 {
        let (fee, count) = (u128::from(self.deal.juryFee), u128::from(self.count()));
        let up_to = |i: u128| fee * i / count;
        (up_to(u128::from(milestone) + 1) - up_to(u128::from(milestone))) as u64
    }

    /// The Unix second at which a milestone is due.
    pub(super) fn due_at(&self, milestone: u8) -> u64 {
        self.start + u64::from(self.due[usize::from(milestone)])
    }

    /// The seconds for which a verdict waits; a window of 0 is for full passes only.
    pub(super) fn window(&self, grace: u64) -> u64 {
        if self.deal.window == 0 { grace } else { u64::from(self.deal.window) }
    }

    /// Whether an account signs for a side or is paid for one.
    pub(super) fn is_party(&self, account: Address) -> bool {
        let deal = &self.deal;
        [deal.buyer, deal.seller, deal.buyerPay, deal.sellerPay].contains(&account)
    }

    /// The terms as the opening's event has them: the source beside the jury.
    pub(super) fn opened_words(&self, source: Source) -> pack::Whole {
        let mut words = self.whole;
        words[JURY_WORD] |= U256::from(source as u8) << ADDRESS_BITS;
        words
    }

    pub(super) const fn buyer_mandated(&self) -> bool {
        self.deal.flags & typed::BUYER_MANDATED != 0
    }

    pub(super) const fn seller_mandated(&self) -> bool {
        self.deal.flags & typed::SELLER_MANDATED != 0
    }
}

/// What [`typed::Deal::panel`] and `Meta.vaults` hold, of a list as it stands.
pub(super) fn list_hash(list: &[Address]) -> B256 {
    let words: Vec<u8> = list.iter().flat_map(|address| address.into_word().0).collect();
    alloy_primitives::keccak256(words)
}

/// Numbers side by side in one word, from the lowest bit up: value and width.
pub(super) fn beside(fields: &[(u64, usize)]) -> U256 {
    let (mut limbs, mut at) = ([0_u64; 4], 0);
    for (value, width) in fields {
        let (limb, shift) = (at / 64, at % 64);
        limbs[limb] |= value << shift;
        if shift + width > 64 {
            limbs[limb + 1] |= value >> (64 - shift);
        }
        at += width;
    }
    U256::from_limbs(limbs)
}
