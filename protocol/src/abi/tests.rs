//! What is written by the contracts is read back, and nothing else is.

use alloy_primitives::{Address, B256, Bytes, U256, aliases::U40};
use alloy_sol_types::{SolCall, SolEvent, SolValue};

use super::{
    sol::{self, IAccords, IDealEscrow, IJuryPool},
    *,
};
use crate::{
    abi::event::{Rater, SeatIndex, Signers},
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

/// Terms in which every field has a value of its own.
pub(crate) fn deal() -> typed::Deal {
    let schedule = typed::Schedule::pack(&[(Usdc(54), 10), (Usdc(63), 20), (Usdc(63), 30)]).unwrap();
    let (at, hash) = (Address::repeat_byte, B256::repeat_byte);
    typed::Deal {
        buyer: at(0xb),
        seller: at(0x5),
        buyerPay: at(0xbb),
        sellerPay: at(0x55),
        amounts: schedule.amounts,
        amounts2: schedule.amounts2,
        due: schedule.due,
        panel: hash(0x9a),
        jury: at(0x1f),
        end: U40::from(0x11_2233_4455_u64),
        window: 0x8765_4321,
        quorum: 3,
        fallback: 2,
        fallbackBps: 5000,
        juryFee: u64::MAX - 1,
        appealFee: 7,
        sellerBond: u64::MAX - 2,
        flags: 3,
        meta: typed::Meta {
            agreement: hash(1),
            nda: hash(2),
            pact: hash(3),
            panelRequest: hash(4),
            vaults: hash(5),
            mandates: at(6),
            reviewer: at(7),
            start: U40::from(1000),
            fundBy: U40::from(1200),
            kind: 0xfedc,
            jurisdiction: 276,
            beaconRound: u64::MAX - 3,
            attempt: 2,
            salt: U256::from(9),
        },
    }
}

/// The words of an opening's event.
pub(crate) fn opened_words(terms: &typed::Deal, source: Source) -> [U256; 17] {
    let mut words = pack::whole(terms);
    words[4] |= U256::from(source as u8) << 160;
    words
}

/// A settlement's word, by a first-panel verdict.
pub(crate) fn outcome(milestone: u8, seller_bps: u16, to_seller: u64, to_buyer: u64) -> U256 {
    outcome_by(Cause::Judged, [milestone, 0], seller_bps, [to_seller, to_buyer])
}

/// A settlement's word: its cause, its milestone and attempt, the share, and what each side gets.
pub(crate) fn outcome_by(
    cause: Cause,
    [milestone, attempt]: [u8; 2],
    seller_bps: u16,
    amounts: [u64; 2],
) -> U256 {
    U256::from(milestone)
        | U256::from(cause as u8) << 8
        | U256::from(attempt) << 24
        | U256::from(seller_bps) << 32
        | U256::from(amounts[0]) << 48
        | U256::from(amounts[1]) << 112
}

/// A verdict's word; with shares it settled at once.
pub(crate) fn judgement(verdict: &typed::Verdict, signers: u32, until: u64, shares: (u64, u64)) -> U256 {
    U256::from(verdict.milestone)
        | U256::from(verdict.attempt) << 8
        | U256::from(verdict.sellerBps) << 16
        | U256::from(signers) << 32
        | U256::from(until) << 64
        | U256::from(shares.0) << 104
        | U256::from(shares.1) << 168
}

/// Amounts of 64 bits beside each other.
pub(crate) fn amounts(all: [u64; 3]) -> U256 {
    U256::from_limbs([all[0], all[1], all[2], 0])
}

fn settled(seller_bps: u16, milestone: u8) -> IDealEscrow::Settled {
    let outcome = outcome(milestone, seller_bps, 54, 0);
    IDealEscrow::Settled { deal: B256::repeat_byte(1), outcome }
}

#[test]
fn the_terms_of_an_opened_deal_come_back_field_by_field() {
    let terms = deal();
    let event = IDealEscrow::Opened {
        deal: B256::repeat_byte(1),
        buyer: terms.buyer,
        seller: terms.seller,
        terms: opened_words(&terms, Source::Mandate),
    };
    let decoded = deployment().decode(&log(deployment().contracts.escrow, &event)).unwrap();
    let deal = DealId([1; 32]);
    let terms = Box::new(terms);
    assert_eq!(decoded, Some(ChainEvent::Opened { deal, source: Source::Mandate, terms }));
    let impossible =
        IDealEscrow::Opened { terms: opened_words(&super::tests::deal(), Source::__Invalid), ..event };
    let error = deployment().decode(&log(deployment().contracts.escrow, &impossible)).unwrap_err();
    assert!(error.to_string().contains("impossible source"), "{error}");
}

#[test]
fn a_verdict_comes_back_with_its_digest_and_what_it_settled() {
    let here = deployment();
    let verdict = typed::Verdict {
        deal: B256::repeat_byte(1),
        milestone: 2,
        round: 0,
        attempt: 3,
        sellerBps: 2500,
        evidence: B256::repeat_byte(8),
        votes: B256::repeat_byte(9),
    };
    let both = Some((Usdc(14), Usdc(40)));
    for (until, shares, settled, paid) in
        [(0, (14, 40), both, true), (0, (14, 40), both, false), (99, (0, 0), None, false)]
    {
        let event = IDealEscrow::Judged {
            deal: verdict.deal,
            judgement: judgement(&verdict, 0x8000_0001, until, shares) | U256::from(paid) << 232,
            evidence: verdict.evidence,
            votes: verdict.votes,
        };
        let expected = ChainEvent::Judged {
            deal: verdict.deal.into(),
            id: verdict.id(&here.contracts),
            verdict: Box::new(verdict.clone()),
            signers: Signers(0x8000_0001),
            challenge_until: until,
            settled,
            paid,
        };
        assert_eq!(here.decode(&log(here.contracts.escrow, &event)).unwrap(), Some(expected));
    }
}

#[test]
fn a_rating_of_any_value_comes_back_with_its_side() {
    let here = deployment();
    let terms = deal();
    for (value, by, rater) in [(-3, terms.buyer, Rater::Buyer), (i128::MIN, terms.seller, Rater::Seller)] {
        let rating = typed::Rating { deal: B256::ZERO, value, feedbackHash: B256::repeat_byte(1) };
        let event = IDealEscrow::Rated {
            deal: rating.deal,
            rating: pack::rating(&terms, &rating, by),
            feedbackHash: rating.feedbackHash,
        };
        let Some(ChainEvent::Rated { by, value: read, .. }) =
            here.decode(&log(here.contracts.escrow, &event)).unwrap()
        else {
            panic!("not rated")
        };
        assert_eq!((by, read), (rater, value));
    }
}

#[test]
fn a_tail_has_each_address_and_signature_once_and_says_which_are_long() {
    let (key, wallet) = (Bytes::from_static(&[1; 64]), Bytes::from_static(&[2; 70]));
    let votes = Votes {
        panel: [3, 4, 5].map(Address::repeat_byte).to_vec(),
        signers: U256::from(3),
        signatures: vec![key.clone(), wallet.clone()],
    };
    let verdict = typed::Verdict {
        deal: B256::ZERO,
        milestone: 1,
        round: 0,
        attempt: 2,
        sellerBps: 9999,
        evidence: B256::ZERO,
        votes: B256::ZERO,
    };
    let (head, tail) = pack::ballot(&verdict, &votes, &[key.clone(), Bytes::new()], pack::PUSH);
    // The key's signature stands for its member, the wallet's follows its address; who is silent has an address.
    let expected = [&key[..], &[4; 20], &[0, 70], &wallet, &[5; 20], &key].concat();
    assert_eq!(tail, expected);
    let fields = [(0, 8), (8, 8), (16, 8), (24, 16), (40, 32), (72, 8), (80, 8), (88, 8), (96, 64)];
    let read = fields.map(|(shift, bits)| pack::field(head, shift, bits));
    assert_eq!(read, [1, 0, 2, 9999, 3, 3, 0, 1 | 4, 0b10]);
    let sitters = [6, 8]
        .map(|n| sol::Sitter { holder: Address::repeat_byte(n), principal: Address::repeat_byte(n + 1) });
    let (head, tail) = pack::ruling(&verdict, &votes, &sitters);
    let members = [[3; 20], [4; 20], [5; 20], [6; 20], [7; 20], [8; 20], [9; 20]].concat();
    let expected = [&members[..], &key, &[0, 70], &wallet].concat();
    assert_eq!((tail, pack::field(head, 88, 8)), (expected.into(), 0));
    let (head, tail) = pack::bench(MilestoneIndex(2), &votes.panel, &sitters);
    assert_eq!((tail, head), (members.into(), U256::from(2 | 3 << 8)));
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
    let read = IDealEscrow::openFromMandatedCreditCall::abi_decode(&call.data).unwrap();
    assert_eq!(pack::unpack(&read.terms), Some((Source::Authorization, deal())));
}

#[test]
fn an_approval_is_encoded_as_the_mandate_decodes_it() {
    let encoded = call::approval(77, &Bytes::from_static(b"sig"));
    let (until, signature) = <(U256, Bytes)>::abi_decode_params(&encoded).unwrap();
    assert_eq!((until, &signature[..]), (U256::from(77), &b"sig"[..]));
}
