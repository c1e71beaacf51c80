//! Terms to deal on: a numbered pool, so that signatures are made once and used often.
//!
//! Most terms are sound. The others have one flaw that an opening must notice, or a list that a claim
//! or a verdict must refuse.
//!
//! Deliberately absent: papers. The hashes in the terms are of nothing.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256, keccak256};
use nuncio_protocol::{
    escrow::{Law, Terms},
    typed::{BUYER_MANDATED, Deal, Meta, SELLER_MANDATED, u40},
};

use super::{actors::Actors, dice::Dice};

/// The second at which every sequence begins.
pub(super) const DAWN: u64 = 1_800_001_000;
/// One USDC.
pub(super) const USDC: u64 = 1_000_000;

/// A deal that can be made, with the lists behind its hashes.
#[derive(Clone, Debug)]
pub(super) struct Prospect {
    pub(super) terms: Arc<Terms>,
    pub(super) panel: Vec<Address>,
    pub(super) vaults: Vec<Address>,
}

/// What an opening finds wrong.
#[derive(Clone, Copy, Debug)]
enum Flaw {
    NobodyPaid,
    NoJury,
    BuyerSells,
    BuyerPaidBySeller,
    SellerPaidForBuying,
    NoPanel,
    NoQuorum,
    Flags,
    Mandates,
    NoMilestone,
    Gap,
    DueBeyond,
    TooMuch,
    Bps,
    Refund,
    Fallback,
    Start,
    FundBy,
    End,
}

const FLAWS: [Flaw; 19] = [
    Flaw::NobodyPaid,
    Flaw::NoJury,
    Flaw::BuyerSells,
    Flaw::BuyerPaidBySeller,
    Flaw::SellerPaidForBuying,
    Flaw::NoPanel,
    Flaw::NoQuorum,
    Flaw::Flags,
    Flaw::Mandates,
    Flaw::NoMilestone,
    Flaw::Gap,
    Flaw::DueBeyond,
    Flaw::TooMuch,
    Flaw::Bps,
    Flaw::Refund,
    Flaw::Fallback,
    Flaw::Start,
    Flaw::FundBy,
    Flaw::End,
];

/// Who speaks for whom in every pool: the first agent of a side for the first principal, and so on.
pub(super) fn principal_of(actors: &Actors, agent: Address) -> Address {
    let place = |list: &[Address]| list.iter().position(|account| *account == agent);
    let number = place(&actors.buyers).or_else(|| place(&actors.sellers).map(|place| place + 1));
    actors.principals[number.unwrap_or_default() % actors.principals.len()]
}

impl Prospect {
    /// The terms of one number.
    pub(super) fn numbered(seed: u64, number: u64, actors: &Actors, law: &Law) -> Self {
        let mut dice = Dice::new(seed, 1, number);
        let dice = &mut dice;
        let people = |all: &[Address], dice: &mut Dice| {
            let count = if dice.percent(75) { 3 } else { all.len() };
            *dice.pick(&all[..count])
        };
        let buyer = people(&actors.buyers, dice);
        let seller = people(&actors.sellers, dice);
        let flags = [0, 0, BUYER_MANDATED, SELLER_MANDATED, BUYER_MANDATED | SELLER_MANDATED];
        let flags = *dice.pick(&flags);
        let payee = |agent, mandated: bool, dice: &mut Dice| match mandated {
            true if dice.percent(95) => principal_of(actors, agent),
            true => *dice.pick(&actors.principals),
            false if dice.percent(80) => agent,
            false => *dice.pick(&actors.principals),
        };
        let buyer_pay = payee(buyer, flags & BUYER_MANDATED != 0, dice);
        let mut seller_pay = payee(seller, flags & SELLER_MANDATED != 0, dice);
        if seller_pay == buyer_pay && dice.percent(90) {
            seller_pay = seller;
        }
        let count = *dice.pick(&[1, 1, 2, 2, 3, 4, 5, 8]);
        let panel = panel(dice, actors, [buyer, seller, buyer_pay, seller_pay]);
        let vaults = vaults(dice, actors, seller);
        let (start, grace) = (DAWN + 20 - dice.below(40), law.grace);
        let due: Vec<u64> = (0..count).map(|_| 30 + dice.below(200)).collect();
        let fund_by = DAWN + 100;
        let last = start + due.iter().max().copied().unwrap_or_default() + grace;
        let end = last.max(fund_by) + dice.below(40);
        let appeal_fee = *dice.pick(&[0, 1, 10 * USDC, 10 * USDC + 1, 20 * USDC]);
        let fallback = dice.below(3) as u8;
        let good_majority = (panel.len() as u64 / 2 + 1).max(1);
        let quorum = if dice.percent(92) { good_majority } else { dice.below(4) + 1 };
        let meta = Meta {
            agreement: keccak256(number.to_le_bytes()),
            nda: B256::repeat_byte(2),
            pact: B256::repeat_byte(3),
            panelRequest: B256::repeat_byte(4),
            vaults: list_hash(&vaults),
            mandates: if flags == 0 { Address::ZERO } else { law.at.contracts.mandates },
            reviewer: Address::repeat_byte(5),
            start: u40(start),
            fundBy: u40(fund_by),
            kind: dice.below(1 << 16) as u16,
            jurisdiction: 276,
            beaconRound: dice.below(u64::MAX),
            attempt: dice.below(3) as u8,
            salt: U256::from(number),
        };
        let mut amounts = amounts(dice, count);
        let told = dice.percent(85);
        let mut deal = Deal {
            buyer,
            seller,
            buyerPay: buyer_pay,
            sellerPay: seller_pay,
            amounts: U256::ZERO,
            amounts2: U256::ZERO,
            due: U256::ZERO,
            panel: list_hash(&panel),
            jury: *dice.pick(if told { &actors.juries } else { &actors.silent_juries }),
            end: u40(end),
            window: *dice.pick(&[0, 0, 10, 60]),
            quorum: quorum as u8,
            fallback,
            fallbackBps: if fallback == 0 { 0 } else { *dice.pick(&[0, 3333, 5000, 10_000]) },
            juryFee: *dice.pick(&[0, 0, 1, 7, 10 * USDC, 10 * USDC + 7]),
            appealFee: appeal_fee,
            sellerBond: *dice.pick(&[0, 0, 5 * USDC, 10 * USDC, 30 * USDC]),
            flags,
            meta,
        };
        let mut dues = [0; 8];
        dues.iter_mut().zip(&due).for_each(|(slot, due)| *slot = *due);
        if dice.percent(8) {
            let flaw = *dice.pick(&FLAWS);
            spoil(flaw, &mut deal, &mut amounts, &mut dues, count);
        }
        let limbs = |from: usize| [0, 1, 2, 3].map(|i| amounts[from + i]);
        deal.amounts = U256::from_limbs(limbs(0));
        deal.amounts2 = U256::from_limbs(limbs(4));
        deal.due = U256::from_limbs([0, 1, 2, 3].map(|i| dues[2 * i] | dues[2 * i + 1] << 32));
        Self { terms: Arc::new(Terms::new(deal, &law.at.contracts)), panel, vaults }
    }
}

fn amounts(dice: &mut Dice, count: usize) -> [u64; 8] {
    let scale = *dice.pick(&[1, 3, USDC, 40 * USDC, 40 * USDC, 900 * USDC, u64::MAX / 16]);
    core::array::from_fn(|i| if i < count { 1 + dice.below(scale) } else { 0 })
}

/// Mostly sorted jurors without the parties.
fn panel(dice: &mut Dice, actors: &Actors, parties: [Address; 4]) -> Vec<Address> {
    let size = *dice.pick(&[1, 3, 3, 4, 5]);
    let mut panel = dice.some(&actors.jurors, size);
    panel.sort_unstable();
    match dice.below(40) {
        0 => panel.reverse(),
        1 => panel.push(panel[panel.len() - 1]),
        2 => {
            panel.push(*dice.pick(&parties));
            panel.sort_unstable();
        }
        3 => panel.insert(0, Address::ZERO),
        _ => {}
    }
    panel
}

fn vaults(dice: &mut Dice, actors: &Actors, seller: Address) -> Vec<Address> {
    let size = *dice.pick(&[1, 2, 2, 3, 3, 4, 5]);
    let mut vaults = dice.some(&actors.vaults, size);
    vaults.sort_unstable();
    match dice.below(30) {
        0 => vaults.reverse(),
        1 => {
            vaults.push(seller);
            vaults.sort_unstable();
        }
        _ => {}
    }
    vaults
}

fn spoil(flaw: Flaw, deal: &mut Deal, amounts: &mut [u64; 8], dues: &mut [u64; 8], count: usize) {
    match flaw {
        Flaw::NobodyPaid => deal.sellerPay = Address::ZERO,
        Flaw::NoJury => deal.jury = Address::ZERO,
        Flaw::BuyerSells => deal.seller = deal.buyer,
        Flaw::BuyerPaidBySeller => deal.sellerPay = deal.buyer,
        Flaw::SellerPaidForBuying => deal.buyerPay = deal.seller,
        Flaw::NoPanel => deal.panel = B256::ZERO,
        Flaw::NoQuorum => deal.quorum = 0,
        Flaw::Flags => deal.flags |= 4,
        Flaw::Mandates => {
            deal.flags |= BUYER_MANDATED;
            deal.meta.mandates = Address::repeat_byte(6);
        }
        Flaw::NoMilestone => *amounts = [0; 8],
        Flaw::Gap => {
            amounts[count / 2] = 0;
            amounts[7] = 1;
        }
        Flaw::DueBeyond => {
            amounts[7] = 0;
            dues[7] = 1;
        }
        Flaw::TooMuch => *amounts = [u64::MAX / 2; 8],
        Flaw::Bps => deal.fallbackBps = 10_001,
        Flaw::Refund => (deal.fallback, deal.fallbackBps) = (0, 1),
        Flaw::Fallback => deal.fallback = 3,
        Flaw::Start => deal.meta.start = u40(DAWN + 101),
        Flaw::FundBy => {
            deal.meta.fundBy = u40(DAWN - 1);
            deal.meta.start = u40(DAWN - 2);
        }
        Flaw::End => deal.end = u40(DAWN + 50),
    }
}

/// What the terms hold of a list, as it stands.
pub(super) fn list_hash(list: &[Address]) -> B256 {
    keccak256(list.iter().flat_map(|address| address.into_word().0).collect::<Vec<_>>())
}
