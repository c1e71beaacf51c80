//! Deals that are made from a template: who may, and what it binds both sides to.

use std::collections::BTreeMap;

use super::{
    pair::{N, Pair, Start},
    people::{self, usdc},
};
use crate::{
    command::{Choice, Command, NewBid, NewPact, NewRequest, Refusal, Reply},
    document::{Categories, Category, Document, Fallback, TermSheet},
    job::{Job, Signing},
    misconduct::Misconduct,
    money::Bps,
    node::Node,
    policy::{Policy, Rule},
    side::Side,
    template::Templates,
    text::{BoundedVec, Token},
};

fn listed(templates: &[&str]) -> Policy {
    Policy { templates: templates.iter().map(|name| (*name).to_owned()).collect(), ..Start::default().buyer }
}

fn token(text: &str) -> Token {
    text.parse().unwrap()
}

fn template(name: &str, numbers: &[(&str, u64)]) -> NewPact {
    let numbers: BTreeMap<_, _> = numbers.iter().map(|(name, value)| (token(name), *value)).collect();
    NewPact::Template { name: token(name), numbers }
}

/// A seller that has heard the request of these tests.
fn seller(policy: Policy) -> Pair {
    let mut pair = Pair::new(Start { seller: policy, ..Start::default() });
    let now = crate::time::Timestamp::from_secs(people::NOW);
    pair.node(Side::B).0.directory.hear(people::request(), now);
    pair
}

fn bid(pair: &mut Pair, pact: NewPact) -> Result<Reply, Refusal> {
    let request = people::request().document.id();
    let new = NewBid { request, pact, price: usdc(1), due_secs: 10, expires_secs: 10 };
    pair.ask(Side::B, Command::Bid(new))
}

fn refused(template: &str) -> Refusal {
    Refusal::Policy(Rule::Template { template: template.into() })
}

#[test]
fn a_bid_names_a_template_and_its_numbers_and_the_pact_says_so() {
    let mut pair = seller(Start::default().seller);
    let pact = template("filing-summary", &[("citation_bps", 9500)]);
    let Ok(Reply::Paper(id)) = bid(&mut pair, pact) else { panic!("no bid") };
    let node = &pair.peer(Side::B).node;
    let pact = &node.market.bids[&id].pact.document;
    assert_eq!(node.templates.of(pact).map(|t| t.name.as_str()), Some("filing-summary"));
    assert_eq!(pact.clauses[1].threshold_bps.get(), 9500);
    let unknown = bid(&mut pair, template("free-lunch", &[])).unwrap_err();
    assert_eq!(unknown.code(), "NUN-NOT-FOUND");
    let range = bid(&mut pair, template("filing-summary", &[("citation_bps", 1)])).unwrap_err();
    assert!(range.to_string().contains("citation_bps is 1, at least 5000"), "{range}");
    let signing = |job: &Job| matches!(job, Job::Sign { then: Signing::Bid { .. }, .. });
    assert!(!pair.peer(Side::B).node.is_pending(signing), "what is refused is not signed");
}

#[test]
fn an_agent_bids_with_the_templates_that_its_principal_lists_and_nothing_else() {
    let mut pair = seller(listed(&["translation"]));
    let own =
        NewPact::Own { title: "t".parse().unwrap(), clauses: [people::clause(people::punctual())].into() };
    assert_eq!(bid(&mut pair, own).unwrap_err(), refused("none"));
    assert_eq!(bid(&mut pair, template("filing-summary", &[])).unwrap_err(), refused("filing-summary"));
    bid(&mut pair, template("translation", &[])).unwrap();
}

#[test]
fn an_agent_buys_on_the_templates_that_its_principal_lists_and_nothing_else() {
    let start = |policy, template| Start { buyer: policy, template, ..Start::default() };
    let mut free = Pair::new(start(listed(&["translation"]), None));
    assert_eq!(free.offer(Side::A, usdc(1)).unwrap_err(), refused("none"));
    let mut other = Pair::new(start(listed(&["code-task"]), Some("translation")));
    assert_eq!(other.offer(Side::A, usdc(1)).unwrap_err(), refused("translation"));
    let mut fits = Pair::new(start(listed(&["code-task", "translation"]), Some("translation")));
    fits.offer(Side::A, usdc(1)).unwrap();
    // Already the choice of a bid is refused, before anything is said under an NDA.
    let (node, rng) = free.node(Side::A);
    let (request, bid) = {
        let (request, own) = node.market.requests.iter_mut().next().unwrap();
        own.chosen = None;
        (*request, *own.bids.keys().next().unwrap())
    };
    let choice = Choice {
        request,
        bid,
        categories: Categories::of(&[Category::Offer]),
        duration_secs: 1,
        destroy_after_secs: 1,
        jurisdiction: "EU".parse().unwrap(),
        regulators: BoundedVec::new(),
    };
    assert_eq!(node.choose(choice, rng).unwrap_err(), refused("none"));
    let new = |task_schema: &str| {
        Command::Request(NewRequest {
            domain: token("documents"),
            task_schema: token(task_schema),
            jurisdiction: "EU".parse().unwrap(),
            budget: usdc(10),
            min_standing: Bps::ZERO,
            inputs: BoundedVec::new(),
            text: "Translate.".parse().unwrap(),
            expires_secs: 10,
        })
    };
    assert_eq!(free.ask(Side::A, new("summary/1")).unwrap_err(), refused("any for summary/1"));
    assert!(matches!(free.ask(Side::A, new("translation/1")), Ok(Reply::Paper(_))));
}

#[test]
fn windows_and_fallback_are_the_templates_on_both_sides_up_to_the_deal() {
    let mut pair = Pair::new(Start { template: Some("translation"), ..Start::default() });
    pair.offer(Side::A, usdc(180)).unwrap();
    pair.ask(Side::B, Command::Accept(N)).unwrap();
    for side in [Side::A, Side::B] {
        let [deal] = pair.deals(side)[..] else { panic!("no deal") };
        let terms = &deal.agreement.terms;
        let said = (terms.window_secs, terms.judging_secs, terms.fallback);
        assert_eq!(said, (0, 345_600, Fallback::Split { bps: Bps::new(5000).unwrap() }));
    }
}

#[test]
fn terms_that_leave_the_template_are_no_terms_of_this_negotiation() {
    let mut pair = Pair::new(Start { template: Some("translation"), ..Start::default() });
    pair.offer(Side::A, usdc(180)).unwrap();
    let node = &pair.peer(Side::B).node;
    let negotiation = pair.negotiation(Side::B);
    let said = negotiation.last.as_ref().unwrap().terms.clone();
    assert_eq!(node.check_terms(negotiation, &said), Ok(()));
    let changes: [(fn(&mut TermSheet), &str); 3] = [
        (|t| t.fallback = Fallback::Refund {}, "fallback"),
        (|t| t.judging_secs += 1, "windows"),
        (|t| t.window_secs += 1, "windows"),
    ];
    for (change, what) in changes {
        let mut content = said.content().clone();
        change(&mut content);
        let terms = Document::new(said.chain(), said.salt(), content).unwrap();
        let differ = Err(Misconduct::TermsDiffer { what: what.into() });
        assert_eq!(node.check_terms(negotiation, &terms), differ);
    }
}

#[test]
fn a_template_that_is_not_held_any_more_binds_nobody() {
    let mut pair = Pair::new(Start { template: Some("translation"), ..Start::default() });
    let mut templates = Templates::default();
    let mut own = templates.named(&token("translation")).unwrap().template.clone();
    own.windows.judging_secs += 1;
    templates.add(own).unwrap();
    let (node, _) = pair.node(Side::A);
    let nobody = Node::resume(people::me(people::BUYER), Policy::default(), people::network(), []);
    *node = core::mem::replace(node, nobody).with_templates(templates);
    assert!(pair.peer(Side::A).node.template_of(pair.negotiation(Side::A)).is_none());
    assert!(pair.peer(Side::B).node.template_of(pair.negotiation(Side::B)).is_some());
}
