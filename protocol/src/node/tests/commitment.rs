//! What an acceptance binds to, and what frees from it.

use super::{
    pair::{DRAFT, N, Pair, Start},
    people::{self, node_key, usdc},
};
use crate::{
    abi::{sol::IDealEscrow, tests::deployment},
    clause,
    command::{Command, Event, NewBid, NewPact, Proposal, ProposedMilestone, Refusal, Reply},
    document::{Document, JsonSchema, Pact, Test},
    ids::NegotiationId,
    misconduct::Misconduct,
    money::Usdc,
    policy::{Policy, Rule},
    side::Side,
    stage::negotiation::Negotiation,
    typed::Typed,
    wire::{Begin, Say},
};

/// The buyer's acceptance of the seller's offer is signed and said, but never arrives.
fn accepted_alone() -> Pair {
    let mut pair = Pair::new(Start::default());
    pair.offer(Side::A, usdc(150)).unwrap();
    pair.offer(Side::B, usdc(180)).unwrap();
    pair.linked = false;
    pair.ask(Side::A, Command::Accept(N)).unwrap();
    assert!(pair.signed(Side::A) && !pair.signed(Side::B));
    pair
}

fn committed(pair: &Pair) -> Usdc {
    pair.peer(Side::A).node.committed_besides(NegotiationId([0; 32]))
}

fn unconfirmed(pair: &Pair) -> usize {
    let not_confirmed = Misconduct::NotConfirmed;
    pair.count(Side::A, |event| matches!(event, Event::Misconduct { what } if *what == not_confirmed))
}

#[test]
fn an_acceptance_is_left_on_a_final_block_past_its_time_and_nothing_less() {
    let mut pair = accepted_alone();
    let (node, rng) = pair.node(Side::A);
    let head = node.negotiations[&N].last.as_ref().unwrap().head;
    node.on_said(DRAFT, Say::End, head, rng).unwrap();
    assert!(!pair.negotiation(Side::A).ended, "not because the other side says so");
    assert!(matches!(pair.ask(Side::A, Command::End(N)), Err(Refusal::NotNow { .. })));
    pair.pass(10_000);
    assert!(!pair.negotiation(Side::A).ended, "not by the clock");
    assert_eq!((committed(&pair), unconfirmed(&pair)), (usdc(180), 0));
    pair.final_time = people::NOW + 300;
    pair.pass(1);
    assert!(!pair.negotiation(Side::A).ended, "a block at fundBy can still open it");
    pair.final_time = people::NOW + 301;
    pair.pass(1);
    assert!(pair.negotiation(Side::A).ended);
    assert_eq!((committed(&pair), unconfirmed(&pair)), (Usdc::ZERO, 1));
    pair.pass(1);
    assert_eq!(unconfirmed(&pair), 1, "counted once");
}

#[test]
fn a_deal_that_the_chain_shows_open_is_a_deal_whatever_arrived() {
    let mut pair = accepted_alone();
    let deal = pair.negotiation(Side::A).accepted.as_ref().unwrap().deal.clone();
    pair.opened(&deal);
    let [held] = pair.deals(Side::A)[..] else { panic!("no deal") };
    assert!(held.opened && held.by_a.is_some() && held.by_b.is_none());
    assert_eq!(committed(&pair), usdc(180));
    pair.final_time = people::NOW + 400;
    pair.pass(400);
    assert!(!pair.negotiation(Side::A).ended && unconfirmed(&pair) == 0);
    // The other side's signatures may still come.
    pair.part();
    pair.clock -= 300;
    pair.meet();
    assert_eq!(pair.deals(Side::A).len(), 1);
}

#[test]
fn a_void_frees_at_once() {
    let mut pair = accepted_alone();
    let deal = pair.negotiation(Side::A).accepted.as_ref().unwrap().deal.digest(&deployment().contracts);
    pair.mine(&IDealEscrow::Voided { deal, by: people::account(people::SELLER) });
    assert!(pair.negotiation(Side::A).ended);
    assert_eq!(committed(&pair), Usdc::ZERO);
}

#[test]
fn a_peer_that_leaves_three_acceptances_unconfirmed_in_an_hour_is_paused_for_an_hour() {
    let mut pair = Pair::new(Start::default());
    pair.offer(Side::A, usdc(150)).unwrap();
    pair.offer(Side::B, usdc(180)).unwrap();
    let peer = node_key(people::SELLER);
    for _ in 0..2 {
        let (node, _) = pair.node(Side::A);
        node.misbehaved(peer, Misconduct::NotConfirmed);
        pair.pass(100);
    }
    assert!(pair.peer(Side::A).node.check_not_paused(peer).is_ok());
    let (node, _) = pair.node(Side::A);
    node.misbehaved(peer, Misconduct::NotConfirmed);
    let until_secs = pair.clock + 3600;
    let refused = pair.ask(Side::A, Command::Accept(N)).unwrap_err();
    assert_eq!(refused, Refusal::Paused { until_secs, count: 3 });
    assert!(!pair.signed(Side::A));
    // The count is in the records: a restart forgives nothing.
    pair.crash(Side::A);
    assert!(pair.peer(Side::A).node.check_not_paused(peer).is_err());
    pair.pass(3600);
    assert!(pair.peer(Side::A).node.check_not_paused(peer).is_ok());
}

#[test]
fn three_unconfirmed_over_a_longer_time_pause_nobody() {
    let mut pair = Pair::new(Start::default());
    let peer = node_key(people::SELLER);
    for _ in 0..5 {
        let (node, _) = pair.node(Side::A);
        node.misbehaved(peer, Misconduct::NotConfirmed);
        pair.pass(1801);
        assert!(pair.peer(Side::A).node.check_not_paused(peer).is_ok());
    }
}

#[test]
fn while_clock_and_chain_are_more_than_half_a_minute_apart_nothing_is_promised() {
    let mut pair = Pair::new(Start::default());
    pair.offer(Side::A, usdc(150)).unwrap();
    pair.offer(Side::B, usdc(180)).unwrap();
    pair.chain_lag = 31;
    pair.clock += 31;
    let clock_secs = pair.clock;
    let refused = pair.ask(Side::A, Command::Accept(N)).unwrap_err();
    assert_eq!(refused, Refusal::Clock { clock_secs, chain_secs: clock_secs - 31, limit_secs: 30 });
    assert!(!refused.hint().is_empty() && refused.code() == "NUN-CLOCK");
    assert!(!pair.signed(Side::A));
    pair.chain_lag = 30;
    pair.pass(1);
    pair.ask(Side::A, Command::Accept(N)).unwrap();
    assert_eq!(pair.deals(Side::A).len(), 1);
}

#[test]
fn an_acceptance_that_comes_while_the_clocks_are_apart_is_not_confirmed() {
    let mut pair = Pair::new(Start::default());
    pair.offer(Side::A, usdc(180)).unwrap();
    let (node, _) = pair.node(Side::A);
    node.chain_time += 60;
    pair.ask(Side::B, Command::Accept(N)).unwrap();
    assert!(pair.signed(Side::B) && !pair.signed(Side::A) && pair.deals(Side::B).is_empty());
}

#[test]
fn negotiating_again_takes_an_id_that_neither_side_chose() {
    let mut pair = Pair::new(Start::default());
    assert!(matches!(pair.begin(), Err(Refusal::NotNow { .. })), "one at a time");
    pair.ask(Side::A, Command::End(N)).unwrap();
    pair.begin().unwrap();
    let newest = |pair: &Pair, side: Side| -> Negotiation {
        pair.peer(side)
            .node
            .negotiations
            .values()
            .max_by_key(|n| (n.at, n.begin.again.is_some()))
            .cloned()
            .unwrap()
    };
    let (a, b) = (newest(&pair, Side::A), newest(&pair, Side::B));
    assert_eq!((a.id, b.id, a.begin.again), (b.id, a.id, Some(N)));
    assert!(a.id != N && !a.ended && !b.ended);
}

#[test]
fn an_opening_whose_answer_was_lost_is_the_same_opening_when_it_is_said_again() {
    let mut pair = Pair::new(Start::default());
    pair.ask(Side::A, Command::End(N)).unwrap();
    pair.linked = false;
    pair.begin().unwrap();
    pair.part();
    pair.meet();
    for _ in 0..3 {
        let _ = pair.begin();
    }
    let under = |side: Side| pair.peer(side).node.negotiations.keys().copied().collect::<Vec<_>>();
    assert_eq!((under(Side::A).len(), under(Side::A)), (2, under(Side::B)));
}

#[test]
fn an_opening_that_names_no_predecessor_cannot_draw_a_fresh_panel() {
    let mut pair = Pair::new(Start::default());
    pair.ask(Side::A, Command::End(N)).unwrap();
    let (node, rng) = pair.node(Side::B);
    let head = crate::ids::Head([1; 32]);
    let fresh = Begin { nonce: [9; 16], ..people::begin() };
    let taken = node.on_said(DRAFT, Say::Begin(Box::new(fresh)), head, rng);
    assert_eq!(taken, Err(Misconduct::OutOfTurn));
    let other = Begin { nonce: [8; 16], again: Some(NegotiationId([5; 32])), ..people::begin() };
    assert_eq!(node.on_said(DRAFT, Say::Begin(Box::new(other)), head, rng), Err(Misconduct::OutOfTurn));
}

#[test]
fn a_budget_keeps_the_jurys_fee_with_the_price() {
    let mut pair = Pair::new(Start { fee: usdc(15), ..Start::default() });
    pair.offer(Side::A, usdc(150)).unwrap();
    pair.offer(Side::B, usdc(180)).unwrap();
    pair.linked = false;
    pair.ask(Side::A, Command::Accept(N)).unwrap();
    assert_eq!(committed(&pair), usdc(195));
    let tight = Policy { exposure_max: usdc(194), ..Start::default().buyer };
    let mut pair = Pair::new(Start { fee: usdc(15), buyer: tight, ..Start::default() });
    let rule = Rule::Exposure { amount: usdc(195), limit: usdc(194) };
    assert_eq!(pair.offer(Side::A, usdc(180)).unwrap_err(), Refusal::Policy(rule));
}

#[test]
fn what_the_mandates_period_cannot_pay_is_not_even_offered() {
    let (fee, mandate) = (usdc(15), Some(usdc(1000)));
    let mut pair = Pair::new(Start { fee, mandate, per_period: usdc(190), ..Start::default() });
    let rule = Rule::PerPeriod { amount: usdc(195), limit: usdc(190) };
    assert_eq!(pair.offer(Side::A, usdc(180)).unwrap_err(), Refusal::Policy(rule));
    pair.offer(Side::A, usdc(175)).unwrap();
}

#[test]
fn a_deal_that_outlives_the_ndas_keys_is_neither_offered_nor_confirmed() {
    let mut pair = Pair::new(Start::default());
    let milestone = |due_secs| ProposedMilestone { due_secs, ..people::whole(usdc(180)) };
    let offer =
        |due_secs| Command::Offer(N, Proposal { price: usdc(180), milestones: vec![milestone(due_secs)] });
    let left = 100_000_000 - 120;
    let refused = pair.ask(Side::A, offer(left + 1)).unwrap_err();
    let destroy_by = people::NOW + 100_000_000;
    assert_eq!(refused, Refusal::Policy(Rule::Outlives { ends: destroy_by + 1, destroy_by }));
    pair.ask(Side::A, offer(left)).unwrap();
    // A second later the same terms would last too long.
    pair.pass(1);
    let late = pair.ask(Side::B, Command::Accept(N)).unwrap_err();
    assert_eq!(late, Refusal::Policy(Rule::Outlives { ends: destroy_by + 1, destroy_by }));
}

#[test]
fn domains_blocked_agents_and_windows_bind_every_step() {
    let with = |policy: Policy| Pair::new(Start { buyer: policy, ..Start::default() });
    let policy = || Start::default().buyer;
    let mut elsewhere = with(Policy { domains: vec!["images".into()], ..policy() });
    let domain = Rule::Domain { domain: "documents".into() };
    assert_eq!(elsewhere.offer(Side::A, usdc(1)).unwrap_err(), Refusal::Policy(domain));
    let did = people::did(people::SELLER).to_string();
    let mut blocking = with(Policy { blocked: vec![did.clone()], ..policy() });
    assert_eq!(blocking.offer(Side::A, usdc(1)).unwrap_err(), Refusal::Policy(Rule::Blocked { did }));
    let mut here = with(Policy { domains: vec!["documents".into()], ..policy() });
    here.offer(Side::A, usdc(1)).unwrap();
    // Deterministic clauses need no window; see the policy's own tests for those that need a reader.
    here.ask(Side::B, Command::Accept(N)).unwrap();
    assert_eq!(here.deals(Side::A).len(), 1);
}

fn circular() -> Test {
    let schema = serde_json::json!({ "$defs": { "a": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" });
    Test::OutputSchema { file: "out.json".parse().unwrap(), schema: JsonSchema::new(schema).unwrap() }
}

#[test]
fn a_pact_that_nobody_could_judge_is_neither_bid_nor_taken() {
    assert!(clause::check(&people::pact(circular()).document).is_err());
    let mut pair = Pair::new(Start::default());
    // Our own bid.
    let request = people::request();
    let id = request.document.id();
    pair.node(Side::B).0.directory.hear(request, crate::time::Timestamp::from_secs(people::NOW));
    let bid = |test: Test| NewBid {
        request: id,
        pact: NewPact::Own { title: "t".parse().unwrap(), clauses: [people::clause(test)].into() },
        price: usdc(1),
        due_secs: 10,
        expires_secs: 10,
    };
    let refused = pair.ask(Side::B, Command::Bid(bid(circular()))).unwrap_err();
    assert!(matches!(refused, Refusal::Unjudgeable { .. }), "{refused}");
    assert!(matches!(pair.ask(Side::B, Command::Bid(bid(people::punctual()))), Ok(Reply::Paper(_))));
    // A bid that comes.
    let pact = people::pact(circular());
    let (node, rng) = pair.node(Side::A);
    let taken = node.on_bid(node_key(people::SELLER), people::bid(&pact), pact, people::bidder());
    assert!(matches!(taken, Err(Misconduct::Unjudgeable { .. })), "{taken:?}");
    // The opening of a negotiation.
    let template: &Document<Pact> = &people::pact(people::punctual()).document;
    let content = Pact { clauses: [people::clause(circular())].into(), ..template.content().clone() };
    let pact = Document::new(template.chain(), template.salt(), content).unwrap();
    let begin = Begin { pact, ..people::begin() };
    let head = crate::ids::Head([1; 32]);
    assert!(node.on_said(DRAFT, Say::Begin(Box::new(begin)), head, rng).is_err());
}
