//! What an offer may change, and whose vaults it may name.

use alloy_primitives::Address;

use super::{
    pair::{DRAFT, N, Pair, Start},
    people::{self, usdc},
};
use crate::{
    command::{Command, Refusal},
    document::{DealKind, Document, Fallback, Milestone, TermSheet},
    ids::{Head, NdaId, PaperId},
    misconduct::Misconduct,
    money::{Bps, Usdc},
    side::Side,
    wire::Say,
};

/// The buyer's first offer.
fn said() -> (Pair, Document<TermSheet>) {
    let mut pair = Pair::new(Start::default());
    pair.offer(Side::A, usdc(180)).unwrap();
    let terms = pair.negotiation(Side::B).last.as_ref().unwrap().terms.clone();
    (pair, terms)
}

fn changed(terms: &Document<TermSheet>, change: impl FnOnce(&mut TermSheet)) -> Document<TermSheet> {
    let mut content = terms.content().clone();
    change(&mut content);
    Document::new(terms.chain(), terms.salt(), content).unwrap()
}

#[test]
fn an_offer_changes_price_and_milestones_and_nothing_else() {
    let (pair, said) = said();
    let free = changed(&said, |t| {
        t.price = usdc(200);
        t.milestones = vec![Milestone { title: "half".parse().unwrap(), amount: usdc(100), due_secs: 60 }; 2]
            .try_into()
            .unwrap();
    });
    let changes: [(fn(&mut TermSheet), &str); 20] = [
        (|t| t.nda = NdaId([9; 32]), "nda"),
        (|t| (t.buyer, t.seller) = (t.seller, t.buyer), "parties"),
        (|t| t.seller = people::did(people::JUROR), "parties"),
        (|t| t.kind = DealKind::Joint, "law"),
        (|t| t.jurisdiction = "US".parse().unwrap(), "law"),
        (|t| t.request = None, "bid"),
        (|t| t.bid = Some(PaperId([9; 32])), "bid"),
        (|t| t.pact = PaperId([9; 32]), "pact"),
        (|t| t.panel.jury = Address::repeat_byte(9), "panel"),
        (|t| (t.panel.size, t.panel.quorum) = (3, 2), "panel"),
        (|t| t.panel.fee = Usdc(1), "panel"),
        (|t| t.escrow = Address::repeat_byte(9), "contracts"),
        (|t| t.mandates = Address::repeat_byte(9), "contracts"),
        (|t| t.window_secs += 1, "windows"),
        (|t| t.judging_secs += 1, "windows"),
        (|t| t.fallback = Fallback::Split { bps: Bps::new(10_000).unwrap() }, "fallback"),
        (|t| t.appeal_fee = Usdc(1), "deposits"),
        (|t| t.seller_bond = Usdc(1), "deposits"),
        (|t| t.reviewer = Some(Address::repeat_byte(9)), "reviewer"),
        (
            |t| t.vaults = [Address::repeat_byte(1), Address::repeat_byte(2)].to_vec().try_into().unwrap(),
            "vaults",
        ),
    ];
    for side in [Side::A, Side::B] {
        let node = &pair.peer(side).node;
        let negotiation = pair.negotiation(side);
        assert_eq!(node.check_terms(negotiation, &free), Ok(()));
        for (change, what) in changes {
            let differ = Err(Misconduct::TermsDiffer { what: what.into() });
            assert_eq!(node.check_terms(negotiation, &changed(&said, change)), differ, "{what}");
        }
    }
}

#[test]
fn vaults_of_a_party_or_of_nobody_known_are_not_agreed_to() {
    let [first, second] = said().1.vaults.to_vec()[..] else { panic!("two vaults") };
    let cases = [
        (people::account(people::SELLERS_VAULT), first, "belongs to"),
        (people::account(people::SELLER), second, "is not known"),
        (people::account(people::JUROR), first, "is not known"),
        (Address::repeat_byte(9), second, "is not known"),
    ];
    for (odd, neutral, why) in cases {
        let mut pair = Pair::new(Start::default());
        let mut named = vec![odd, neutral];
        named.sort_unstable();
        let terms = changed(&said().1, |t| t.vaults = named.try_into().unwrap());
        let (node, rng) = pair.node(Side::B);
        node.on_said(DRAFT, Say::Offer(Box::new(terms)), Head([1; 32]), rng).unwrap();
        let refused = pair.ask(Side::B, Command::Accept(N)).unwrap_err();
        assert!(matches!(&refused, Refusal::Invalid { why: given } if given.contains(why)), "{refused:?}");
        assert!(matches!(pair.offer(Side::B, usdc(180)), Err(Refusal::Invalid { .. })));
        assert!(!pair.signed(Side::B));
    }
}
