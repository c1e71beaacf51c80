//! What is written by the contracts is read back, and nothing else is.

use alloy_primitives::{Address, B256, Bytes, U256, aliases::U40};
use alloy_sol_types::{SolCall, SolEvent, SolValue};

use super::{
    sol::{self, IAccords, IDealEscrow, IJuryPool},
    *,
};
use crate::{
    abi::event::{SeatIndex, Signers},
    ids::{BlockHash, DealId, MilestoneIndex},
    money::{Bps, Usdc},
    typed,
};

pub(crate) fn deployment() -> Deployment {
    let at = Address::repeat_byte;
    let contracts =
        Contracts { chain_id: 31337, mandates: at(1), accords: at(2), escrow: at(3), jury: at(4) };
    Deployment { contracts, beacon: at(5), usdc: at(6) }
}

/// The log that a contract would write.
pub(crate) fn log(address: Address, event: &impl SolEvent) -> ChainLog {
    let data = event.encode_log_data();
    ChainLog {
        block: Mark { number: 7, hash: BlockHash([7; 32]) },
        tx: TxHash([8; 32]),
        index: 0,
        address,
        topics: data.topics().to_vec(),
        data: data.data.clone(),
    }
}

pub(crate) fn deal() -> typed::Deal {
    let schedule = typed::Schedule::pack(&[(Usdc(54), 10), (Usdc(63), 20), (Usdc(63), 30)]).unwrap();
    let meta = sol::Meta { start: U40::from(1000), fundBy: U40::from(1200), ..Default::default() };
    shape(&sol::Deal {
        buyer: Address::repeat_byte(0xb),
        seller: Address::repeat_byte(0x5),
        amounts: schedule.amounts,
        due: schedule.due,
        fallback_: 2,
        fallbackBps: 5000,
        meta,
        ..Default::default()
    })
}

fn settled(seller_bps: u16, milestone: u8) -> IDealEscrow::Settled {
    IDealEscrow::Settled {
        deal: B256::repeat_byte(1),
        milestone,
        cause: Cause::Judged,
        round: 0,
        attempt: 1,
        sellerBps: seller_bps,
        toSeller: 54,
        toBuyer: 0,
        evidence: B256::ZERO,
    }
}

#[test]
fn the_terms_of_an_opened_deal_come_back_field_by_field() {
    let terms = deal();
    let event = IDealEscrow::Opened {
        deal: B256::repeat_byte(1),
        buyer: terms.buyer,
        seller: terms.seller,
        source: Source::Mandate,
        terms: shape(&terms),
    };
    let decoded = deployment().decode(&log(deployment().contracts.escrow, &event)).unwrap();
    let deal = DealId([1; 32]);
    let terms = Box::new(terms);
    assert_eq!(decoded, Some(ChainEvent::Opened { deal, source: Source::Mandate, terms }));
}

#[test]
fn a_settled_milestone_comes_with_amounts_and_share() {
    let event = settled(10_000, 2);
    let Some(ChainEvent::Settled { milestone, cause, seller_bps, to_seller, to_buyer, .. }) =
        deployment().decode(&log(deployment().contracts.escrow, &event)).unwrap()
    else {
        panic!("not settled")
    };
    assert_eq!((milestone, cause, seller_bps), (MilestoneIndex(2), Cause::Judged, Bps::FULL));
    assert_eq!((to_seller, to_buyer), (Usdc(54), Usdc::ZERO));
}

#[test]
fn a_log_that_our_contracts_cannot_have_written_is_refused_by_name() {
    let here = deployment();
    let escrow = here.contracts.escrow;
    let rows = [
        (log(escrow, &settled(10_001, 0)), "impossible share"),
        (log(escrow, &settled(0, 8)), "impossible milestone"),
        (ChainLog { topics: vec![B256::repeat_byte(9)], ..log(escrow, &settled(0, 0)) }, "does not decode"),
        (ChainLog { data: Bytes::from_static(&[1]), ..log(escrow, &settled(0, 0)) }, "does not decode"),
        (ChainLog { topics: vec![], ..log(escrow, &settled(0, 0)) }, "does not decode"),
    ];
    for (log, expected) in rows {
        let error = here.decode(&log).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_log_of_a_stranger_is_none_of_ours() {
    let stranger = log(Address::repeat_byte(0x77), &settled(0, 0));
    assert_eq!(deployment().decode(&stranger), Ok(None));
    let elsewhere = log(deployment().usdc, &settled(0, 0));
    assert_eq!(deployment().decode(&elsewhere), Ok(None));
}

#[test]
fn seats_and_rulings_are_read_in_the_types_of_the_protocol() {
    let here = deployment();
    let event = IJuryPool::Seated {
        seat: U40::from(3),
        holder: Address::repeat_byte(1),
        principal: Address::repeat_byte(2),
        provider: 5,
    };
    let Some(ChainEvent::Seated { seat, provider, .. }) =
        here.decode(&log(here.contracts.jury, &event)).unwrap()
    else {
        panic!("not seated")
    };
    assert_eq!((seat, provider), (SeatIndex(3), 5));
    let event = IDealEscrow::Cosigned { deal: B256::ZERO, milestone: 1, signers: U256::from(0b10011) };
    let Some(ChainEvent::Cosigned { signers, .. }) =
        here.decode(&log(here.contracts.escrow, &event)).unwrap()
    else {
        panic!("not cosigned")
    };
    assert_eq!(signers, Signers(0b10011));
    assert_eq!(
        [0, 1, 2, 3, 4, 31, 32].map(|i| signers.has(i)),
        [true, true, false, false, true, false, false]
    );
}

#[test]
fn calldata_is_what_solidity_expects() {
    let here = deployment();
    let nda: typed::Nda = shape(&sol::Nda { until: U40::from(9), salt: U256::from(3), ..Default::default() });
    let call = here.anchor_nda(&nda, Bytes::from_static(b"a"), Bytes::from_static(b"b"));
    assert_eq!(call.to, here.contracts.accords);
    let read = IAccords::anchorCall::abi_decode(&call.data).unwrap();
    assert_eq!(read.nda.abi_encode(), nda.abi_encode());
    assert_eq!(&read.signatureB[..], b"b");

    let call = here.open_from_mandate(&deal(), Bytes::new(), Bytes::new(), Bytes::new());
    let read = IDealEscrow::openFromMandateCall::abi_decode(&call.data).unwrap();
    assert_eq!(read.deal.abi_encode(), deal().abi_encode());
    assert_eq!((read.deal.fallback_, read.deal.fallbackBps), (2, 5000));
}

#[test]
fn an_approval_is_encoded_as_the_mandate_decodes_it() {
    let encoded = call::approval(77, &Bytes::from_static(b"sig"));
    let (until, signature) = <(U256, Bytes)>::abi_decode_params(&encoded).unwrap();
    assert_eq!((until, &signature[..]), (U256::from(77), &b"sig"[..]));
}
