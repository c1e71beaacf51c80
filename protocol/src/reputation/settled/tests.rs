//! What counts as a record, and what an agent's deals came to.

use alloy_primitives::{B256, U256, aliases::U40};

use super::*;
use crate::{
    abi::{
        ChainLog, Source as Funds,
        sol::{IDealEscrow, IJuryPool},
        tests::{self, amounts, deployment, log, opened_words, outcome_by},
    },
    block::{Block, Mark},
    document::{DealKind, Jurisdiction},
    ids::BlockHash,
    ledger::{Ledger, LedgerEvent},
    typed,
};

const BUYER: Address = Address::repeat_byte(0xb);
const SELLER: Address = Address::repeat_byte(0x5);
/// Holds a seat of a principal that nobody knows.
const JUROR: Address = Address::repeat_byte(0xa1);
/// Holds a seat of the seller's principal.
const FRIEND: Address = Address::repeat_byte(0xa2);

const fn principal(account: Address) -> Address {
    Address::repeat_byte(account.0.0[0] ^ 0x40)
}

fn member(account: Address) -> Member {
    let key = ed25519_dalek::SigningKey::from_bytes(&[account.0.0[0]; 32]);
    let did = Did::from_key(key.verifying_key().to_bytes()).unwrap();
    Member { did, principal: principal(account) }
}

fn members() -> BTreeMap<Address, Member> {
    [BUYER, SELLER].map(|account| (account, member(account))).into()
}

/// One event per block; the block's number is its place from 1, its time as many days.
fn state(events: Vec<ChainLog>) -> State {
    let mut ledger = Ledger::new(deployment());
    for (number, event) in (1..).zip(events) {
        let hash = |number: u64| BlockHash([number as u8; 32]);
        let mark = Mark { number, hash: hash(number) };
        let block = Block { mark, parent: hash(number - 1), time: number * DAY };
        ledger.apply(&LedgerEvent::Logged { block, logs: vec![ChainLog { block: mark, ..event }] });
    }
    ledger.state().clone()
}

fn escrow(event: &impl alloy_sol_types::SolEvent) -> ChainLog {
    log(deployment().contracts.escrow, event)
}

fn seats() -> Vec<ChainLog> {
    let seat = |seat: u64, holder, principal| {
        let event = IJuryPool::Seated { seat: U40::from(seat), holder, principal, provider: 1 };
        log(deployment().contracts.jury, &event)
    };
    vec![seat(0, JUROR, Address::repeat_byte(0xc1)), seat(1, FRIEND, principal(SELLER))]
}

fn opened(deal: u8) -> ChainLog {
    let terms = typed::Deal {
        buyer: BUYER,
        seller: SELLER,
        buyerPay: principal(BUYER),
        sellerPay: principal(SELLER),
        ..tests::deal()
    };
    let terms = opened_words(&terms, Funds::Mandate);
    escrow(&IDealEscrow::Opened { deal: B256::repeat_byte(deal), buyer: BUYER, seller: SELLER, terms })
}

fn settled(deal: u8, milestone: u8, cause: Cause, seller_bps: u16, amounts: [u64; 2]) -> ChainLog {
    let outcome = outcome_by(cause, [milestone; 2], seller_bps, amounts);
    escrow(&IDealEscrow::Settled { deal: B256::repeat_byte(deal), outcome })
}

fn closed(deal: u8) -> ChainLog {
    escrow(&IDealEscrow::Closed { deal: B256::repeat_byte(deal), amounts: amounts([0, 0, 9]) })
}

fn credited(deal: u8, owner: Address, amount: u64) -> ChainLog {
    escrow(&IDealEscrow::Credited { owner, deal: B256::repeat_byte(deal), amount: U256::from(amount) })
}

fn rated(deal: u8, rater: Address, value: i128) -> ChainLog {
    // The value, and above it whether the seller gave it.
    let by_seller = U256::from(rater == SELLER) << 128;
    let rating = U256::from(value.cast_unsigned()) | by_seller;
    escrow(&IDealEscrow::Rated { deal: B256::repeat_byte(deal), rating, feedbackHash: B256::ZERO })
}

/// A deal of one milestone, judged, paid, and rated by the buyer.
fn whole(deal: u8, seller_bps: u16, value: i128) -> Vec<ChainLog> {
    let to_seller = u64::from(seller_bps) / 100;
    vec![
        opened(deal),
        settled(deal, 0, Cause::Judged, seller_bps, [to_seller, 100 - to_seller]),
        closed(deal),
        credited(deal, JUROR, 9),
        rated(deal, BUYER, value),
    ]
}

fn read(events: Vec<ChainLog>) -> Ratings {
    ratings(&state([seats(), events].concat()), &members(), |_| true)
}

fn conduct_of_seller(events: Vec<ChainLog>) -> Conduct {
    conduct(&state([seats(), events].concat()), &members(), |_| true)[&SELLER]
}

#[test]
fn a_rating_of_a_closed_deal_is_a_record_with_its_whole_value() {
    let mut events = whole(1, 10_000, 96);
    events.insert(2, settled(1, 1, Cause::Judged, 10_000, [63, 0]));
    let Ratings { records, sources, left_out } = read(events);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.rater, record.subject), (member(BUYER).did, member(SELLER).did));
    assert_eq!((record.value, record.fee, record.positive), (Usdc(163), Usdc(9), true));
    assert_eq!(record.day, 8, "the day of the rating");
    assert_eq!((sources[0].value, left_out), (96, 0));
}

#[test]
fn a_deal_that_was_refunded_counts_too() {
    let records = read(whole(1, 0, 5)).records;
    assert_eq!((records[0].value, records[0].positive), (Usdc(100), false));
}

#[test]
fn a_fee_that_nobody_independent_got_prices_nothing() {
    let fee = |owner| {
        let mut events = whole(1, 10_000, 90);
        events[3] = credited(1, owner, 9);
        read(events).records[0].fee
    };
    assert_eq!(fee(JUROR), Usdc(9));
    assert_eq!(fee(FRIEND), Usdc::ZERO, "a seat of the seller's own principal");
    assert_eq!(fee(principal(BUYER)), Usdc::ZERO, "it went back");
    assert_eq!(fee(Address::repeat_byte(0xee)), Usdc::ZERO, "no seat at all");
}

#[test]
fn records_stand_in_the_order_of_the_chain_and_not_of_their_ids() {
    let events = [whole(9, 10_000, 90), whole(1, 10_000, 10)].concat();
    let days: Vec<_> =
        read(events).records.into_iter().map(|record| (record.deal.0[0], record.day)).collect();
    assert_eq!(days, [(9, 7), (1, 12)]);
}

#[test]
fn an_open_deal_and_an_unsafe_or_nameless_rating_are_no_records() {
    let mut open = whole(1, 10_000, 90);
    open.remove(2);
    assert_eq!(read(open), Ratings::default());
    let state = state([seats(), whole(1, 10_000, 90)].concat());
    let early = |at: &At| at.block.number < 7;
    assert_eq!(ratings(&state, &members(), early), Ratings::default());
    let stranger = ratings(&state, &BTreeMap::new(), |_| true);
    assert_eq!((stranger.records.len(), stranger.left_out), (0, 1));
}

#[test]
fn a_pact_score_is_the_share_that_paid_juries_gave_by_value() {
    let partly = [
        opened(1),
        settled(1, 0, Cause::Judged, 10_000, [300, 0]),
        settled(1, 1, Cause::Judged, 4_000, [40, 60]),
        settled(1, 2, Cause::Ruled, 0, [0, 100]),
        settled(1, 3, Cause::Released, 10_000, [500, 0]),
        settled(1, 4, Cause::Undelivered, 0, [0, 50]),
        closed(1),
        credited(1, JUROR, 9),
    ];
    let conduct = conduct_of_seller(partly.to_vec());
    let PactScore { score, judged, passed, reduced, failed, corrected, worth, kept } = conduct.pact;
    assert_eq!(score, Some(Bps::new(6_800).unwrap()));
    assert_eq!((judged, passed, reduced, failed, corrected), (3, 1, 1, 1, 2));
    assert_eq!((worth, kept), (Usdc(500), Usdc(340)));
    assert_eq!((conduct.sold, conduct.bought, conduct.undelivered), (1, 0, 1));
    assert_eq!((conduct.volume, conduct.refunded), (Usdc(840), Usdc(210)));
}

#[test]
fn a_jury_that_was_not_paid_says_nothing_of_pacts() {
    let mut unpaid = whole(1, 10_000, 90);
    unpaid.remove(3);
    let conduct = conduct_of_seller(unpaid);
    assert_eq!((conduct.pact, conduct.sold), (PactScore::default(), 1));
}

fn history_of(account: Address, events: Vec<ChainLog>) -> History {
    history(&state([seats(), events].concat()), &members(), |_| true).remove(&account).unwrap_or_default()
}

#[test]
fn failures_stand_apart_by_their_kind_and_by_the_kind_and_place_of_the_deal() {
    let events = vec![
        opened(1),
        settled(1, 0, Cause::Judged, 10_000, [300, 0]),
        settled(1, 1, Cause::Judged, 4_000, [40, 60]),
        settled(1, 2, Cause::Ruled, 0, [0, 100]),
        settled(1, 3, Cause::Released, 10_000, [500, 0]),
        settled(1, 4, Cause::Undelivered, 0, [0, 50]),
        settled(1, 5, Cause::Unjudged, 0, [0, 50]),
        settled(1, 6, Cause::Cancelled, 0, [0, 50]),
        closed(1),
        credited(1, JUROR, 9),
    ];
    let meta = &tests::deal().meta;
    let segment = Segment {
        kind: DealKind::from_code(meta.kind),
        jurisdiction: Jurisdiction::from_code(meta.jurisdiction),
        milestones: 7,
        kept: 2,
        corrected: 0,
        rejected: 1,
        reduced: 1,
        undelivered: 1,
        unjudged: 1,
        cancelled: 1,
    };
    assert_eq!(history_of(SELLER, events.clone()).segments, [segment]);
    assert_eq!(history_of(BUYER, events.clone()).segments, [], "a failure is the seller's");
    let unpaid = events[..events.len() - 1].to_vec();
    let [segment] = history_of(SELLER, unpaid).segments[..] else { panic!("one kind, one place") };
    let judged = (segment.rejected, segment.reduced, segment.undelivered);
    assert_eq!(judged, (0, 0, 1), "a jury that was not paid says nothing, the chain does");
}

#[test]
fn an_appeal_is_told_of_both_sides_with_its_end_and_its_transaction() {
    let deal = B256::repeat_byte(1);
    let appealed =
        IDealEscrow::Appealed { deal, milestone: 0, by: BUYER, verdict: B256::repeat_byte(7), deposit: 5 };
    let open = vec![opened(1), escrow(&appealed)];
    let [dispute] = history_of(SELLER, open.clone()).disputes[..] else { panic!("one appeal") };
    assert_eq!((dispute.brought, dispute.sold, dispute.end), (false, true, None));
    let ended = IDealEscrow::AppealClosed {
        deal,
        milestone: 0,
        end: crate::abi::sol::AppealEnd::Ruled,
        toJurors: 5,
        toAppellant: 0,
        toOther: 0,
    };
    let rest = vec![escrow(&ended), settled(1, 0, Cause::Ruled, 2_000, [20, 80]), closed(1)];
    let [dispute] = history_of(BUYER, [open, rest].concat()).disputes[..] else { panic!("one appeal") };
    assert_eq!((dispute.brought, dispute.sold, dispute.end), (true, false, Some(DisputeEnd::Ruled)));
    assert_eq!(dispute.final_bps.map(Bps::get), Some(2_000));
}
