use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::beacon::{BeaconChain, Proof};

const VECTORS: &str = include_str!("../../vectors/panel.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    about: String,
    draws: Vec<DrawVector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawVector {
    chain_id: u64,
    jury: Address,
    round: Round,
    signature: Proof,
    negotiation: NegotiationId,
    attempt: u8,
    seats: u64,
    size: u8,
    seed: String,
    candidates: Vec<SeatIndex>,
}

fn randomness() -> Randomness {
    let signature =
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
    let proof = Proof(hex::decode(signature).unwrap().try_into().unwrap());
    BeaconChain::quicknet().verify(Round(1000), &proof).unwrap()
}

fn inputs(randomness: &Randomness) -> DrawInputs<'_> {
    DrawInputs {
        chain_id: 8453,
        jury: Address::repeat_byte(0x11),
        randomness,
        negotiation: NegotiationId([0x22; 32]),
        attempt: 0,
        seats: 40,
        size: 5,
    }
}

fn account(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// Twelve seats of twelve principals, two for each provider, all old enough.
fn register() -> BTreeMap<SeatIndex, Seat> {
    let seat = |n: u8| Seat {
        index: SeatIndex(u64::from(n)),
        holder: account(n + 1),
        principal: account(n + 101),
        provider: Provider(u16::from(n / 2)),
        model_family: None,
        joined_at_secs: 1_000,
        active: true,
    };
    (0..12).map(|n| (SeatIndex(u64::from(n)), seat(n))).collect()
}

fn everybody() -> BTreeMap<Address, ()> {
    (1..=12).map(|n| (account(n), ())).collect()
}

fn rules() -> Exclusions {
    Exclusions { age_secs_min: 86_400, drawn_at_secs: 100_000, ..Exclusions::default() }
}

fn in_order() -> Vec<SeatIndex> {
    (0..12).map(SeatIndex).collect()
}

#[test]
fn the_published_vectors_come_out() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    assert!(!vectors.about.is_empty() && vectors.draws.len() >= 4);
    for vector in vectors.draws {
        let randomness = BeaconChain::quicknet().verify(vector.round, &vector.signature).unwrap();
        let inputs = DrawInputs {
            chain_id: vector.chain_id,
            jury: vector.jury,
            randomness: &randomness,
            negotiation: vector.negotiation,
            attempt: vector.attempt,
            seats: vector.seats,
            size: vector.size,
        };
        assert_eq!(hex::encode(seed(&inputs)), vector.seed);
        assert_eq!(draw(&inputs), vector.candidates);
    }
}

#[test]
fn every_input_but_the_sizes_changes_the_seed() {
    let randomness = randomness();
    let base = inputs(&randomness);
    let others = [
        DrawInputs { chain_id: 84_532, ..base },
        DrawInputs { jury: account(9), ..base },
        DrawInputs { negotiation: NegotiationId([3; 32]), ..base },
        DrawInputs { attempt: 1, ..base },
    ];
    let seeds: BTreeSet<_> = others.iter().chain([&base]).map(seed).collect();
    assert_eq!(seeds.len(), 5);
}

#[test]
fn nothing_is_drawn_from_nothing() {
    let randomness = randomness();
    assert!(draw(&DrawInputs { seats: 0, ..inputs(&randomness) }).is_empty());
    assert!(draw(&DrawInputs { size: 0, ..inputs(&randomness) }).is_empty());
}

#[test]
fn every_seat_is_drawn_about_equally_often() {
    let randomness = randomness();
    let mut count = [0_u32; 7];
    for n in 0..7_000_u32 {
        let mut negotiation = [0; 32];
        negotiation[..4].copy_from_slice(&n.to_be_bytes());
        let negotiation = NegotiationId(negotiation);
        let first = draw(&DrawInputs { negotiation, seats: 7, size: 1, ..inputs(&randomness) })[0];
        count[usize::try_from(first.0).unwrap()] += 1;
    }
    assert!(count.iter().all(|&n| (880..1_120).contains(&n)), "{count:?}");
}

proptest! {
    #[test]
    fn no_seat_is_drawn_twice_and_none_that_is_not_there(seats in 1_u64..200, size in 1_u8..=SIZE_MAX, attempt in 0_u8..3) {
        let randomness = randomness();
        let drawn = draw(&DrawInputs { seats, size, attempt, ..inputs(&randomness) });
        let set: BTreeSet<_> = drawn.iter().copied().collect();
        prop_assert_eq!(set.len(), drawn.len());
        prop_assert_eq!(drawn.len() as u64, seats.min(3 * u64::from(size)));
        prop_assert!(drawn.iter().all(|seat| seat.0 < seats));
    }
}

#[test]
fn the_first_seats_that_may_judge_are_the_panel() {
    let walk = walk(&in_order(), &register(), &rules(), &everybody(), 5);
    assert_eq!(walk.panel, Some((1..=5).map(account).collect()));
    assert_eq!(walk.steps.len(), 5, "a full panel ends the walk");
}

#[test]
fn each_rule_skips_its_seat_and_says_so() {
    let mut seats = register();
    let mut edit = |n: u64, change: &dyn Fn(&mut Seat)| change(seats.get_mut(&SeatIndex(n)).unwrap());
    edit(0, &|seat| seat.active = false);
    edit(1, &|seat| seat.joined_at_secs = 13_601);
    edit(2, &|seat| seat.principal = account(200));
    edit(3, &|seat| seat.model_family = Some("m".into()));
    edit(5, &|seat| seat.principal = account(105));
    edit(6, &|seat| seat.provider = Provider(9));
    edit(7, &|seat| seat.provider = Provider(9));
    edit(8, &|seat| seat.provider = Provider(9));
    let mut rules = rules();
    rules.principals.insert(account(200));
    rules.model_families.insert("m".into());
    let mut accepted = everybody();
    accepted.remove(&account(10));
    let mut candidates = in_order();
    candidates.insert(0, SeatIndex(77));

    let walk = walk(&candidates, &seats, &rules, &accepted, 5);

    let reasons: Vec<_> = walk.steps.iter().map(|step| step.reason).collect();
    let expected = [
        Reason::NotRegistered,
        Reason::Inactive,
        Reason::TooYoung,
        Reason::PartyPrincipal,
        Reason::PartyModelFamily,
        Reason::Seated,
        Reason::PrincipalSeated,
        Reason::Seated,
        Reason::Seated,
        Reason::ProviderFull,
        Reason::NotAccepted,
        Reason::Seated,
        Reason::Seated,
    ];
    assert_eq!(reasons, expected);
    assert_eq!(walk.panel, Some([5, 7, 8, 11, 12].map(account).to_vec()));
}

#[test]
fn a_seat_is_old_enough_to_the_second() {
    let mut seats = register();
    seats.get_mut(&SeatIndex(0)).unwrap().joined_at_secs = 13_600;
    let walk = walk(&in_order(), &seats, &rules(), &everybody(), 1);
    assert_eq!(walk.panel, Some(vec![account(1)]));
}

#[test]
fn too_few_who_accept_are_no_panel() {
    let accepted: BTreeMap<_, _> = everybody().into_iter().take(4).collect();
    let walk = walk(&in_order(), &register(), &rules(), &accepted, 5);
    assert_eq!(walk.panel, None);
    assert_eq!(walk.steps.len(), 12, "every candidate has its reason");
}

#[test]
fn a_request_names_rounds_that_nobody_can_know() {
    let rounds = [Round(103), Round(104), Round(110)];
    let request = RequestedDraw { rounds: &rounds, seats: 5, size: 5, quorum: 3 };
    assert_eq!(check_request(&request, Round(100), Round(0)), Ok(()));
    let near = RequestError::RoundTooNear { round: Round(103), earliest: Round(104) };
    assert_eq!(check_request(&request, Round(101), Round(0)), Err(near.clone()));
    assert_eq!(check_request(&request, Round(50), Round(101)), Err(near));
    let rows = [
        (RequestedDraw { rounds: &rounds[..2], ..request }, RequestError::RoundCount(2)),
        (
            RequestedDraw { rounds: &[Round(103), Round(103), Round(110)], ..request },
            RequestError::RoundsNotAscending { earlier: Round(103), later: Round(103) },
        ),
        (RequestedDraw { quorum: 2, ..request }, RequestError::Quorum { size: 5, quorum: 2 }),
        (RequestedDraw { quorum: 6, ..request }, RequestError::Quorum { size: 5, quorum: 6 }),
        (RequestedDraw { size: 0, ..request }, RequestError::Quorum { size: 0, quorum: 3 }),
        (RequestedDraw { seats: 4, ..request }, RequestError::TooFewSeats { seats: 4, size: 5 }),
    ];
    for (request, error) in rows {
        assert_eq!(check_request(&request, Round(100), Round(100)), Err(error));
    }
}
