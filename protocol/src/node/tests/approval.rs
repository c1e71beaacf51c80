//! Deals that a principal decides.

use rand_core::CryptoRng;

use super::{
    pair::{N, Pair, Start},
    people::{self, eth, principal, usdc},
};
use crate::{
    abi,
    command::{Command, Event, Refusal, Reply},
    ids::DealId,
    misconduct::Misconduct,
    money::Usdc,
    node::chain,
    policy::{Policy, Rule},
    side::Side,
    stage::negotiation::{Hold, Thaw},
    typed::{Approve, Typed, u40},
    wire::{Acceptance, AskHold, Assent, Ready, Say},
};

fn above(whole: u64) -> Policy {
    Policy { human_above: usdc(whole), ..Start::default().buyer }
}

/// A pair whose sides ask their principals above these prices, in whole USDC.
fn pair(buyer: u64, seller: u64) -> Pair {
    Pair::new(Start { buyer: above(buyer), seller: above(seller), ..Start::default() })
}

/// The buyer offers this, and the seller accepts it.
fn offer_and_accept(pair: &mut Pair, price: Usdc) -> Result<Reply, Refusal> {
    let offered = pair.offer(Side::A, price);
    assert!(offered.is_ok(), "{offered:?}");
    pair.ask(Side::B, Command::Accept(N))
}

fn one_deal(pair: &Pair) -> DealId {
    let [[a], [b]] = [Side::A, Side::B].map(|side| <[_; 1]>::try_from(pair.deals(side)).unwrap());
    assert_eq!((a.id, &a.agreement), (b.id, &b.agreement));
    a.id
}

fn signed_nothing(pair: &Pair) -> bool {
    !pair.signed(Side::A) && !pair.signed(Side::B)
}

#[test]
fn below_every_threshold_nobody_is_asked_and_an_acceptance_is_firm_for_five_minutes() {
    let mut pair = pair(500, 500);
    assert!(matches!(offer_and_accept(&mut pair, usdc(180)), Ok(Reply::Accepted)));
    one_deal(&pair);
    let agreement = &pair.deals(Side::A)[0].agreement;
    assert_eq!((agreement.start_secs, agreement.fund_by_secs), (pair.clock, pair.clock + 300));
}

#[test]
fn whichever_side_needs_its_principal_the_other_waits_and_nobody_signs_before() {
    for (buyer, seller) in [(100, 500), (500, 100), (100, 100)] {
        for acceptor in [Side::A, Side::B] {
            let mut pair = pair(buyer, seller);
            pair.offer(Side::A, usdc(180)).unwrap();
            if acceptor == Side::A {
                pair.offer(Side::B, usdc(190)).unwrap();
            }
            let until = pair.clock + 86_400;
            let reply = pair.ask(acceptor, Command::Accept(N)).unwrap();
            assert!(matches!(reply, Reply::Held(_, at) if at == until));
            let asked = [(Side::A, buyer), (Side::B, seller)].map(|(side, limit)| (side, limit < 180));
            for (side, asks) in asked {
                assert!(signed_nothing(&pair), "{buyer} {seller} {acceptor:?}");
                let needed = pair.count(side, |event| matches!(event, Event::ApprovalNeeded { .. }));
                assert_eq!((needed, pair.peer(side).node.approvals().len()), (asks.into(), asks.into()));
            }
            pair.pass(3600);
            for side in asked.into_iter().filter_map(|(side, asks)| asks.then_some(side)) {
                assert!(pair.deals(Side::A).is_empty() && signed_nothing(&pair));
                pair.approve(side).unwrap();
            }
            let id = one_deal(&pair);
            let deal = pair.deals(Side::A)[0];
            assert_eq!((deal.agreement.start_secs, deal.agreement.fund_by_secs), (until, until));
            assert!(matches!(reply, Reply::Held(held, _) if held == id), "the digest that was approved");
            assert!(pair.peer(Side::A).node.approvals().is_empty());
        }
    }
}

#[test]
fn only_the_principals_signature_over_this_deal_and_this_deadline_approves() {
    let mut pair = pair(100, 500);
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    let (deal, good) = pair.approval(Side::A);
    let contracts = pair.peer(Side::A).node.network.deployment.contracts;
    let until = pair.negotiation(Side::A).hold.as_ref().map(Hold::until).unwrap();
    let approve =
        |deal: DealId, until: u64| Approve { deal: deal.word(), until: u40(until) }.digest(&contracts);
    let rows = [
        ("the agent's own key", eth(people::BUYER, approve(deal, until))),
        ("the other side's principal", eth(50 + people::SELLER, approve(deal, until))),
        ("another deal", eth(50 + people::BUYER, approve(DealId([1; 32]), until))),
        ("another deadline", eth(50 + people::BUYER, approve(deal, until + 1))),
    ];
    for (what, signature) in rows {
        let refused = pair.ask(Side::A, Command::Approve(deal, signature)).unwrap_err();
        assert_eq!(refused, Refusal::NotThePrincipal { principal: principal(people::BUYER) }, "{what}");
    }
    let other = pair.ask(Side::A, Command::Approve(DealId([1; 32]), good)).unwrap_err();
    assert!(matches!(other, Refusal::NotFound { .. }));
    // The seller's principal was not asked, and cannot answer for the buyer's.
    let seller = pair.ask(Side::B, Command::Approve(deal, good)).unwrap_err();
    assert!(matches!(seller, Refusal::NotFound { .. }));
    assert!(signed_nothing(&pair) && pair.deals(Side::A).is_empty());
    pair.ask(Side::A, Command::Approve(deal, good)).unwrap();
    assert_eq!(one_deal(&pair), deal);
}

#[test]
fn silence_approves_nothing_and_what_was_not_approved_is_not_asked_again() {
    let mut pair = pair(100, 500);
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    let (deal, good) = pair.approval(Side::A);
    pair.pass(86_400);
    for side in [Side::A, Side::B] {
        assert!(pair.negotiation(side).hold.is_none() && !pair.negotiation(side).ended);
        assert_eq!(pair.count(side, |event| matches!(event, Event::Thawed { .. })), 1);
    }
    let late = pair.ask(Side::A, Command::Approve(deal, good)).unwrap_err();
    assert!(matches!(late, Refusal::NotFound { .. }) && signed_nothing(&pair));
    // The head is the buyer's own offer still; the seller asks for it again, and is turned down unasked.
    pair.clock -= 86_000;
    pair.ask(Side::B, Command::Accept(N)).unwrap();
    assert!(pair.negotiation(Side::B).hold.is_none());
    assert_eq!(pair.count(Side::A, |event| matches!(event, Event::ApprovalNeeded { .. })), 1);
    // Nor may the buyer's agent offer or accept the same or worse.
    pair.offer(Side::B, usdc(185)).unwrap();
    let (price, unapproved) = (usdc(185), usdc(180));
    let again = pair.ask(Side::A, Command::Accept(N)).unwrap_err();
    assert_eq!(again, Refusal::Unapproved { price, unapproved });
    assert!(matches!(pair.offer(Side::A, usdc(180)), Err(Refusal::Unapproved { .. })));
    // Better terms are a new question.
    pair.offer(Side::A, usdc(170)).unwrap();
    assert!(matches!(pair.ask(Side::B, Command::Accept(N)), Ok(Reply::Held(..))));
    assert_eq!(pair.count(Side::A, |event| matches!(event, Event::ApprovalNeeded { .. })), 2);
}

#[test]
fn an_approval_that_comes_after_its_time_is_refused() {
    let mut pair = pair(100, 500);
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    let (deal, good) = pair.approval(Side::A);
    // The clock passes the deadline with the signature on its way: the command is the next input.
    pair.clock += 86_400;
    let late = pair.ask(Side::A, Command::Approve(deal, good)).unwrap_err();
    assert!(matches!(late, Refusal::NotNow { .. }), "{late}");
    assert!(signed_nothing(&pair));
}

#[test]
fn a_principals_no_ends_the_hold_at_once_on_both_sides() {
    let mut pair = pair(100, 500);
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    let (deal, _) = pair.approval(Side::A);
    pair.ask(Side::A, Command::Decline(deal)).unwrap();
    let why = |side: Side, wanted: Thaw| {
        pair.count(side, |event| matches!(event, Event::Thawed { why, .. } if *why == wanted))
    };
    assert_eq!((why(Side::A, Thaw::Declined), why(Side::B, Thaw::Peer)), (1, 1));
    assert!(signed_nothing(&pair) && pair.negotiation(Side::B).our_turn());
}

#[test]
fn one_hold_is_open_at_a_time_and_asking_again_asks_nobody_again() {
    let mut pair = pair(100, 500);
    let Ok(Reply::Held(first, _)) = offer_and_accept(&mut pair, usdc(180)) else { panic!("not held") };
    for _ in 0..3 {
        assert!(matches!(pair.ask(Side::B, Command::Accept(N)), Ok(Reply::Held(again, _)) if again == first));
    }
    assert_eq!(pair.count(Side::A, |event| matches!(event, Event::ApprovalNeeded { .. })), 1);
    // The head is frozen: nobody offers over it.
    for side in [Side::A, Side::B] {
        assert!(matches!(pair.offer(side, usdc(150)), Err(Refusal::NotNow { .. })));
    }
}

#[test]
fn a_side_that_holds_for_nobody_says_so_and_the_negotiation_goes_on() {
    let patient = above(500);
    let mut pair = Pair::new(Start {
        buyer: above(100),
        seller: Policy { hold_secs: 0, ..patient },
        ..Start::default()
    });
    // The seller's own agent cannot ask for a hold.
    let refused = offer_and_accept(&mut pair, usdc(180)).unwrap_err();
    assert!(matches!(refused, Refusal::NotNow { .. }), "{refused}");
    // And the buyer's is declined.
    pair.offer(Side::B, usdc(190)).unwrap();
    pair.ask(Side::A, Command::Accept(N)).unwrap();
    assert!(pair.negotiation(Side::A).hold.is_none() && pair.negotiation(Side::A).our_turn());
    assert!(pair.peer(Side::A).node.approvals().is_empty() && signed_nothing(&pair));
    // A strategy that would accept it for ever is told so once.
    assert!(matches!(pair.ask(Side::A, Command::Accept(N)), Err(Refusal::NotNow { .. })));
}

#[test]
fn without_time_for_a_principal_a_step_above_the_threshold_is_refused_by_its_rule() {
    let buyer = Policy { hold_secs: 0, ..above(100) };
    let mut pair = Pair::new(Start { buyer, seller: above(500), ..Start::default() });
    let rule = Rule::HumanAbove { amount: usdc(180), limit: usdc(100) };
    assert_eq!(pair.offer(Side::A, usdc(180)).unwrap_err(), Refusal::Approval(rule));
}

#[test]
fn an_acceptance_before_the_principals_had_their_time_is_misconduct() {
    let mut pair = pair(100, 500);
    pair.offer(Side::A, usdc(180)).unwrap();
    let last = pair.negotiation(Side::A).last.clone().unwrap();
    assert!(last.reserved);
    let now = pair.clock;
    let (node, rng) = pair.node(Side::A);
    let assent = Assent { proof: people::prove(2, last.terms.id()), signature: eth(2, Default::default()) };
    let salt = last.terms.salt();
    let accept = Acceptance { head: last.head, start: now, fund_by: now + 300, salt, assent };
    let said = |node: &mut crate::node::Node, rng: &mut dyn CryptoRng, body| {
        node.on_said(super::pair::DRAFT, body, last.head, rng)
    };
    let taken = said(node, rng, Say::Accept(Box::new(accept.clone())));
    assert_eq!(taken, Err(Misconduct::NotHeld));
    // Held, but the buyer's principal has not answered: still too early.
    let ask = AskHold { head: last.head, until: now + 3600, salt };
    said(node, rng, Say::Hold(ask)).unwrap();
    let held = Acceptance { start: now + 3600, fund_by: now + 3600, ..accept };
    assert_eq!(said(node, rng, Say::Accept(Box::new(held))), Err(Misconduct::NotHeld));
    // Nor is a hold longer than a day anything that a principal could be asked about.
    let (node, rng) = pair.node(Side::A);
    let long = AskHold { head: last.head, until: now + 86_400 + 31, salt };
    assert!(said(node, rng, Say::Hold(long)).is_err());
}

#[test]
fn a_crash_at_any_instant_of_an_escalation_ends_in_the_same_one_deal() {
    /// What agents and principals do, as often as it takes.
    fn play(pair: &mut Pair) {
        for _ in 0..3 {
            if pair.negotiation(Side::A).last.is_none() {
                let _ = pair.offer(Side::A, usdc(180));
            }
            let b = pair.negotiation(Side::B);
            if b.last.is_some() && b.hold.is_none() && b.accepted.is_none() {
                let _ = pair.ask(Side::B, Command::Accept(N));
            }
            for side in [Side::A, Side::B] {
                if pair.peer(side).node.approvals().iter().any(|waiting| waiting.stage == "open") {
                    let _ = pair.approve(side);
                }
            }
            pair.pass(1);
        }
    }
    let mut whole = pair(100, 100);
    let before = whole.steps();
    play(&mut whole);
    one_deal(&whole);
    for crash in before + 1..=whole.steps() {
        let mut pair = pair(100, 100);
        pair.crash_at = Some(crash);
        play(&mut pair);
        assert_eq!(pair.deals(Side::A).len(), 1, "after a crash at step {crash}");
        one_deal(&pair);
    }
}

#[test]
fn the_budget_is_kept_from_the_hold_on_and_given_back_when_nothing_was_signed() {
    let mut pair = pair(100, 500);
    let committed =
        |pair: &Pair| pair.peer(Side::A).node.committed_besides(crate::ids::NegotiationId([0; 32]));
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    assert_eq!(committed(&pair), usdc(180));
    assert_eq!(pair.peer(Side::A).node.committed_besides(N), Usdc::ZERO, "not counted against itself");
    let (deal, _) = pair.approval(Side::A);
    pair.ask(Side::A, Command::Decline(deal)).unwrap();
    assert_eq!(committed(&pair), Usdc::ZERO);
}

#[test]
fn the_escrow_gets_the_approval_that_the_buyers_mandate_asks_for_whoever_opens() {
    let mandate = Some(usdc(100));
    let mut pair = Pair::new(Start { buyer: above(500), seller: above(500), mandate, ..Start::default() });
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    let (deal, approval) = pair.approval(Side::A);
    pair.approve(Side::A).unwrap();
    assert_eq!(one_deal(&pair), deal);
    for side in [Side::A, Side::B] {
        let held = pair.deals(side)[0];
        assert_eq!(held.approval, Some(approval), "{side:?}");
    }
    let until = pair.deals(Side::A)[0].agreement.fund_by_secs;
    let encoded = abi::call::approval(until, &chain::bytes(&approval));
    assert_eq!(encoded.len(), 32 * 3 + 64, "until, offset, length, 64 bytes (EIP-2098)");
}

#[test]
fn a_buyer_that_is_ready_without_its_principals_approval_is_not() {
    let mandate = Some(usdc(100));
    let mut pair = Pair::new(Start { buyer: above(500), seller: above(500), mandate, ..Start::default() });
    offer_and_accept(&mut pair, usdc(180)).unwrap();
    let head = pair.negotiation(Side::B).hold.as_ref().unwrap().head;
    let (node, rng) = pair.node(Side::B);
    for approval in [None, Some(eth(people::BUYER, Default::default()))] {
        let ready = Say::Ready(Ready { head, approval });
        let taken = node.on_said(super::pair::DRAFT, ready, head, rng);
        assert_eq!(taken, Err(Misconduct::bad_signature("approval")));
    }
    assert!(signed_nothing(&pair));
}
