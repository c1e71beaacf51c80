//! The promises of the ledger.

use alloy_primitives::{Address, B256, U256, aliases::U40};

use super::{state::SeatStanding, *};
use crate::{
    abi::{
        AppealEnd, Source,
        event::{SeatIndex, Signers},
        pack,
        sol::{self, IAccords, IDealEscrow, IDrandBeacon, IJuryPool, IMandates},
        tests::{amounts, deal, deployment, judgement, log, opened_words, outcome},
    },
    ids::{BlockHash, DealId, MilestoneIndex, NdaId},
    money::Usdc,
    typed,
};

const DEAL: B256 = B256::repeat_byte(0xd);

fn block(number: u64, fork: u8) -> Block {
    let hash = |number: u64| BlockHash([fork, number as u8].repeat(16).try_into().unwrap());
    Block { mark: Mark { number, hash: hash(number) }, parent: hash(number - 1), time: 1000 + number }
}

fn logged(block: Block, logs: Vec<ChainLog>) -> LedgerEvent {
    let logs = (0..).zip(logs).map(|(index, log)| ChainLog { block: block.mark, index, ..log }).collect();
    LedgerEvent::Logged { block, logs }
}

fn escrow(event: &impl alloy_sol_types::SolEvent) -> ChainLog {
    log(deployment().contracts.escrow, event)
}

fn opened() -> ChainLog {
    let terms = opened_words(&deal(), Source::Mandate);
    escrow(&IDealEscrow::Opened { deal: DEAL, buyer: deal().buyer, seller: deal().seller, terms })
}

fn settled(milestone: u8, to_seller: u64) -> ChainLog {
    escrow(&IDealEscrow::Settled { deal: DEAL, outcome: outcome(milestone, 10_000, to_seller, 0) })
}

fn credited(owner: u8, amount: u64) -> ChainLog {
    let owner = Address::repeat_byte(owner);
    escrow(&IDealEscrow::Credited { owner, deal: B256::ZERO, amount: U256::from(amount) })
}

fn ledger(events: &[LedgerEvent]) -> Ledger {
    let mut ledger = Ledger::new(deployment());
    for event in events {
        let stored = serde_json::to_string(event).unwrap();
        ledger.apply(&serde_json::from_str(&stored).unwrap());
    }
    ledger
}

#[test]
fn a_deal_is_followed_from_opening_to_ratings() {
    let rating = U256::from((-3_i128).cast_unsigned());
    let rated = escrow(&IDealEscrow::Rated { deal: DEAL, rating, feedbackHash: B256::ZERO });
    let closed = escrow(&IDealEscrow::Closed { deal: DEAL, amounts: amounts([126, 0, 5]) });
    let paid = escrow(&IDealEscrow::Paid { deal: DEAL, amounts: amounts([54, 0, 0]) });
    let ledger = ledger(&[
        logged(block(1, 0), vec![opened()]),
        logged(block(3, 0), vec![settled(0, 54), paid]),
        logged(block(4, 0), vec![settled(1, 63), settled(2, 63), closed, rated]),
    ]);
    let fact = ledger.state().deal(DealId::from(DEAL)).unwrap();
    assert_eq!((&fact.terms, fact.source), (&deal(), Source::Mandate));
    assert_eq!(fact.amounts(), [Usdc(54), Usdc(63), Usdc(63)]);
    assert_eq!((fact.due(MilestoneIndex(1)), fact.due(MilestoneIndex(9))), (Some(1020), None));
    let sellers: Vec<_> =
        fact.milestones.values().map(|known| known.settled.as_ref().unwrap().to_seller).collect();
    assert_eq!(sellers, fact.amounts());
    assert_eq!(
        fact.paid.iter().map(|paid| (paid.0, paid.1)).collect::<Vec<_>>(),
        [(deal().sellerPay, Usdc(54)), (deal().sellerPay, Usdc(126))]
    );
    assert_eq!((fact.ratings[0].value, fact.ratings[0].rater), (-3, deal().buyer));
    let closed = fact.closed.unwrap();
    assert_eq!((closed.to_seller, closed.at.time, closed.at.log), (Usdc(126), 1004, 2));
}

#[test]
fn the_level_of_a_fact_rises_with_the_heads_and_never_sinks_below_final() {
    let mut ledger = ledger(&[logged(block(5, 0), vec![opened()])]);
    let at = ledger.state().deal(DealId::from(DEAL)).unwrap().opened;
    let rows = [
        ((4, 3), Level::Seen),
        ((5, 4), Level::Safe),
        ((4, 4), Level::Seen),
        ((6, 5), Level::Final),
        ((3, 2), Level::Final),
    ];
    for ((safe, finalized), expected) in rows {
        ledger.apply(&LedgerEvent::Heads { safe, finalized });
        assert_eq!(ledger.level(&at), expected, "safe {safe}, finalized {finalized}");
    }
}

#[test]
fn a_reorg_takes_back_exactly_what_the_dead_branch_said() {
    let common = [logged(block(1, 0), vec![opened(), credited(1, 100)])];
    let dead = [
        logged(block(2, 1), vec![settled(0, 54), credited(1, 10)]),
        logged(block(3, 1), vec![settled(1, 63), credited(2, 20)]),
    ];
    let alive = [logged(block(2, 2), vec![credited(1, 7)]), logged(block(4, 2), vec![settled(0, 50)])];
    let dropped = LedgerEvent::Dropped { block: block(2, 1).mark };
    let told = ledger(&[&common[..], &dead, &[dropped], &alive].concat());
    let straight = ledger(&[&common[..], &alive].concat());
    assert_eq!(told.state(), straight.state());
    assert_eq!(told.state().credit(Address::repeat_byte(1)), Usdc(107));
    assert_eq!(told.state().credit(Address::repeat_byte(2)), Usdc::ZERO);
}

#[test]
fn a_block_read_twice_counts_once_and_one_that_was_never_written_is_not_torn_out() {
    let first = logged(block(1, 0), vec![credited(1, 100)]);
    let strange = LedgerEvent::Dropped { block: block(1, 9).mark };
    let told = ledger(&[first.clone(), first.clone(), strange, first.clone()]);
    assert_eq!(told.state(), ledger(&[first]).state());
}

#[test]
fn a_block_without_logs_takes_what_stands_above_it_along() {
    let below = logged(block(1, 0), vec![credited(1, 100)]);
    let above = logged(block(3, 1), vec![credited(1, 1)]);
    let empty = LedgerEvent::Dropped { block: block(2, 1).mark };
    let new = logged(block(2, 2), vec![credited(1, 7)]);
    let told = ledger(&[below, above, empty, new]);
    assert_eq!(told.state().credit(Address::repeat_byte(1)), Usdc(107));
}

#[test]
fn a_final_block_is_never_torn_out() {
    let first = logged(block(1, 0), vec![credited(1, 100)]);
    let heads = LedgerEvent::Heads { safe: 2, finalized: 1 };
    let told = ledger(&[first, heads, LedgerEvent::Dropped { block: block(1, 0).mark }]);
    assert_eq!(told.state().credit(Address::repeat_byte(1)), Usdc(100));
}

#[test]
fn any_history_of_branches_ends_in_the_fold_of_the_canonical_one() {
    use rand::{RngExt, SeedableRng};
    for seed in 0..200 {
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(seed);
        let mut told = Ledger::new(deployment());
        let mut canonical: Vec<LedgerEvent> = Vec::new();
        let mut finalized = 0;
        for fork in 0..30 {
            let keep = rng.random_range(0..=canonical.len());
            let keep = keep.max(canonical.iter().filter(|event| number(event) <= finalized).count());
            if let Some(LedgerEvent::Logged { block, .. }) = canonical.get(keep) {
                told.apply(&LedgerEvent::Dropped { block: block.mark });
            }
            canonical.truncate(keep);
            for _ in 0..rng.random_range(0..4) {
                let next = canonical.last().map_or(1, |last| number(last) + rng.random_range(1..3));
                let amount = rng.random_range(1..50);
                let event = logged(block(next, fork), vec![credited(rng.random_range(1..4), amount)]);
                told.apply(&event);
                canonical.push(event);
            }
            if let Some(last) = canonical.last() {
                finalized = finalized.max(rng.random_range(0..=number(last)));
                told.apply(&LedgerEvent::Heads { safe: finalized, finalized });
            }
        }
        assert_eq!(told.state(), ledger(&canonical).state(), "seed {seed}");
    }
}

fn number(event: &LedgerEvent) -> u64 {
    match event {
        LedgerEvent::Logged { block, .. } => block.mark.number,
        LedgerEvent::Dropped { .. } | LedgerEvent::Heads { .. } => unreachable!("only pages are kept"),
    }
}

#[test]
fn credit_is_what_came_in_less_what_went_out() {
    let owner = Address::repeat_byte(1);
    let debited = escrow(&IDealEscrow::Debited { owner, deal: DEAL, amount: 30 });
    let withdrawn = escrow(&IDealEscrow::Withdrawn { owner, to: owner, withdrawal: U256::from(5) });
    let ledger = ledger(&[logged(block(1, 0), vec![credited(1, 100), debited, withdrawn])]);
    assert_eq!(ledger.state().credit(owner), Usdc(65));
}

#[test]
fn an_opening_takes_total_and_bond_from_the_credit_that_its_source_names() {
    let terms = || typed::Deal { juryFee: 5, appealFee: 7, sellerBond: 20, flags: 2, ..deal() };
    let gave = |owner: Address, amount: u64| {
        escrow(&IDealEscrow::Credited { owner, deal: B256::ZERO, amount: U256::from(amount) })
    };
    let rows = [
        (Source::Authorization, [1000, 1000]),
        (Source::Credit, [808, 1000]),
        (Source::Mandate, [1000, 808]),
    ];
    for (source, expected) in rows {
        let words = opened_words(&terms(), source);
        let opened =
            IDealEscrow::Opened { deal: DEAL, buyer: deal().buyer, seller: deal().seller, terms: words };
        let all = [terms().buyer, terms().buyerPay, terms().sellerPay];
        let logs = all.map(|who| gave(who, 1000)).into_iter().chain([escrow(&opened)]).collect();
        let ledger = ledger(&[logged(block(1, 0), logs)]);
        assert_eq!(all.map(|who| ledger.state().credit(who).0), [expected[0], expected[1], 980]);
    }
}

#[test]
fn a_verdict_that_settles_at_once_ends_its_milestone() {
    let verdict = typed::Verdict {
        deal: DEAL,
        milestone: 0,
        round: 0,
        attempt: 1,
        sellerBps: 10_000,
        evidence: B256::ZERO,
        votes: B256::ZERO,
    };
    let judged = |until, shares| {
        escrow(&IDealEscrow::Judged {
            deal: DEAL,
            judgement: judgement(&verdict, 7, until, shares),
            evidence: verdict.evidence,
            votes: verdict.votes,
        })
    };
    let pending = ledger(&[logged(block(1, 0), vec![opened(), judged(99, (0, 0))])]);
    let known = |ledger: &Ledger| {
        ledger.state().deal(DealId::from(DEAL)).unwrap().milestone(MilestoneIndex(0)).unwrap().clone()
    };
    assert_eq!((known(&pending).verdict.unwrap().challenge_until, known(&pending).settled), (99, None));
    let settled = ledger(&[logged(block(1, 0), vec![opened(), judged(0, (54, 0))])]);
    let end = known(&settled).settled.unwrap();
    assert_eq!((end.to_seller, end.to_buyer, end.attempt), (Usdc(54), Usdc::ZERO, 1));
}

#[test]
fn a_mandate_counts_its_spending_down_and_ends_when_revoked() {
    let here = deployment().contracts;
    let (agent, principal) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let terms = typed::Mandate {
        agent,
        principal,
        spender: here.escrow,
        card: B256::ZERO,
        agentId: U256::ZERO,
        humanAbove: 0,
        perPeriod: 1000,
        period: 100,
        scopes: 0,
        validFrom: U40::ZERO,
        validUntil: U40::from(5000),
        policy: B256::ZERO,
        serial: 4,
    };
    let (mandate, spender) = (pack::mandate(&terms), here.escrow);
    let granted = IMandates::Granted { agent, principal, spender, mandate, spent: 0 };
    let spent = IMandates::Spent { agent, principal, deal: DEAL, spend: amounts([600, 600, 0]) };
    let revoked = |serial| IMandates::Revoked { agent, principal, spender: here.escrow, serial };
    let mut ledger = ledger(&[
        logged(block(1, 0), vec![log(here.mandates, &granted)]),
        logged(block(2, 0), vec![log(here.mandates, &spent)]),
    ]);
    let available = |ledger: &Ledger, now| ledger.state().mandate(agent, here.escrow).unwrap().available(now);
    assert_eq!(available(&ledger, 1002), Usdc(400));
    assert_eq!(available(&ledger, 1032), Usdc(700));
    assert_eq!(available(&ledger, 4999), Usdc(1000));
    assert_eq!(available(&ledger, 5000), Usdc::ZERO);
    for (number, serial, left) in [(3, 3, Usdc(400)), (4, 4, Usdc::ZERO)] {
        ledger.apply(&logged(block(number, 0), vec![log(here.mandates, &revoked(serial))]));
        assert_eq!(available(&ledger, 1002), left, "serial {serial} burnt");
    }
}

#[test]
fn ndas_voids_rounds_and_seats_are_found_by_their_ids() {
    let here = deployment();
    let nda = IAccords::Anchored {
        nda: B256::repeat_byte(1),
        a: Address::ZERO,
        b: Address::ZERO,
        terms: sol::Nda { jurisdiction: 276, ..Default::default() },
    };
    let seated = |seat: u64| IJuryPool::Seated {
        seat: U40::from(seat),
        holder: Address::repeat_byte(seat as u8),
        principal: Address::repeat_byte(9),
        provider: 1,
    };
    let left = IJuryPool::SeatVacated { seat: U40::from(1) };
    let proven = IDrandBeacon::Proven { round: 77, randomness: B256::repeat_byte(3) };
    let voided = IDealEscrow::Voided { deal: DEAL, by: Address::repeat_byte(4) };
    let jury = here.contracts.jury;
    let ledger = ledger(&[
        logged(block(1, 0), vec![log(here.contracts.accords, &nda), log(jury, &seated(0))]),
        logged(block(2, 0), vec![log(jury, &seated(1)), log(here.beacon, &proven), escrow(&voided)]),
        logged(block(3, 0), vec![log(jury, &left)]),
    ]);
    let state = ledger.state();
    assert_eq!(state.nda(NdaId([1; 32])).unwrap().terms.jurisdiction, 276);
    assert_eq!(state.voided(DealId::from(DEAL)).unwrap().by, Address::repeat_byte(4));
    assert_eq!(state.round(77).unwrap().randomness, B256::repeat_byte(3));
    let seats: Vec<_> = state.seats().map(|(seat, fact)| (seat, fact.joined_at, fact.standing)).collect();
    let expected = [(SeatIndex(0), 1001, SeatStanding::Active), (SeatIndex(1), 1002, SeatStanding::Left)];
    assert_eq!((seats, state.seat_count()), (expected.to_vec(), 2));
}

#[test]
fn an_appeal_keeps_its_draw_its_ruling_and_its_end() {
    let here = deployment().contracts;
    let verdict = B256::repeat_byte(5);
    let appealed = IDealEscrow::Appealed { deal: DEAL, milestone: 0, by: deal().buyer, verdict, deposit: 3 };
    let draw = [(20_u64, 16), (30, 96), (10, 136)].map(|(value, shift)| U256::from(value) << shift);
    let asked = IJuryPool::AppealRequested { deal: DEAL, draw: draw[0] | draw[1] | draw[2] };
    let redrawn = IJuryPool::Redrawn { deal: DEAL, milestone: 0, round: 11, deadline: U40::from(31) };
    let ruled = IJuryPool::RulingMade {
        deal: DEAL,
        ruling: U256::from(2_u64 << 8 | 3 << 16 | 2500 << 24 | 31 << 40),
        evidence: B256::repeat_byte(6),
        votes: B256::repeat_byte(7),
    };
    let over = IDealEscrow::AppealClosed {
        deal: DEAL,
        milestone: 0,
        end: AppealEnd::Ruled,
        toJurors: 1,
        toAppellant: 2,
        toOther: 0,
    };
    let jury = |event| log(here.jury, event);
    let ledger = ledger(&[
        logged(block(1, 0), vec![opened(), escrow(&appealed), jury(&asked)]),
        logged(block(2, 0), vec![log(here.jury, &redrawn), log(here.jury, &ruled), escrow(&over)]),
    ]);
    let known = ledger.state().deal(DealId::from(DEAL)).unwrap().milestone(MilestoneIndex(0)).unwrap();
    let appeal = known.appeal.as_ref().unwrap();
    let draw = appeal.draw.unwrap();
    assert_eq!((draw.round, draw.seats, draw.deadline, draw.redrawn), (11, 20, 31, true));
    let ruling = appeal.ruling.as_ref().unwrap();
    let signed = typed::Verdict {
        deal: DEAL,
        milestone: 0,
        round: 2,
        attempt: 3,
        sellerBps: 2500,
        evidence: B256::repeat_byte(6),
        votes: B256::repeat_byte(7),
    };
    assert_eq!((&ruling.terms, ruling.signers), (&signed, Signers(31)), "as the jurors signed it");
    assert_eq!(appeal.end.unwrap().0, AppealEnd::Ruled);
}

#[test]
fn the_position_of_safe_facts_moves_with_them_and_with_nothing_else() {
    let mut ledger =
        ledger(&[logged(block(1, 0), vec![opened()]), logged(block(3, 0), vec![settled(0, 54)])]);
    let mut seen = vec![ledger.position()];
    let heads = |safe, finalized| LedgerEvent::Heads { safe, finalized };
    let dropped = LedgerEvent::Dropped { block: block(5, 0).mark };
    let steps = [heads(1, 0), heads(3, 1), logged(block(5, 0), vec![settled(1, 63)]), heads(5, 3), dropped];
    for step in &steps {
        ledger.apply(step);
        seen.push(ledger.position());
    }
    let pages: Vec<_> = seen.iter().map(|position| position.block()).collect();
    assert_eq!(pages, [None, Some(1), Some(3), Some(3), Some(5), Some(3)]);
    assert_eq!(seen[2], seen[3], "what is not safe yet changes nothing");
    assert_ne!(seen[2], seen[5], "a torn page is seen, although the same page is the newest again");
    ledger.apply(&heads(9, 9));
    assert_eq!(ledger.position(), seen[5], "finality changes no fact");
}
