//! The settlement report: what a principal's deals came to, one line per deal, and its reputation.
//!
//! Amounts and times are the chain's; ratings are those of the papers that both sides hold.
//!
//! Deliberately absent: prices in any other currency, and gas.

use std::collections::BTreeMap;

use super::Node;
use crate::{
    command::Refusal,
    deal::Deal,
    ledger::state::DealFact,
    money::Usdc,
    side::Side,
    view::{SettlementLine, SettlementReport, Totals},
};

impl Node {
    pub(super) fn settlement_report(&self) -> Result<SettlementReport, Refusal> {
        let lines: Vec<SettlementLine> =
            self.deals.values().filter(|deal| deal.opened).map(|deal| self.line(deal)).collect();
        let card = &self.me.card.document;
        let trust = self.trust(card)?;
        let totals = Totals { jury_income: self.jury_income(), ..sums(&lines) };
        let (agent, principal) = (card.agent, card.principal.address);
        Ok(SettlementReport { agent, principal, lines, totals, failures: self.failures(), trust })
    }

    /// How often each kind of clause failed in what we sold, by the newest verdict of each milestone.
    fn failures(&self) -> BTreeMap<&'static str, u32> {
        let mut failures = BTreeMap::new();
        for deal in self.deals.values().filter(|deal| deal.side == Side::B) {
            let milestones = (0_u8..).zip(&deal.milestones).map(|(index, _)| index);
            for failed in milestones.flat_map(|index| self.failed(deal, index)) {
                *failures.entry(failed.kind).or_default() += 1;
            }
        }
        failures
    }

    fn line(&self, deal: &Deal) -> SettlementLine {
        let settled = || deal.milestones.iter().filter_map(|milestone| milestone.settled);
        let to_seller = Usdc(settled().map(|(to_seller, _)| to_seller).sum());
        let to_buyer = Usdc(settled().map(|(_, to_buyer)| to_buyer).sum());
        let paid = to_seller.checked_add(to_buyer).unwrap_or_default();
        let price = deal.agreement.terms.price;
        let (counterparty, ours, theirs) = match deal.side {
            Side::A => (deal.agreement.seller.did, &deal.rated_by_a, &deal.rated_by_b),
            Side::B => (deal.agreement.buyer.did, &deal.rated_by_b, &deal.rated_by_a),
        };
        let deliveries = deal.milestones.iter().filter_map(|milestone| milestone.delivered.as_ref());
        let fact = self.deal_fact(deal.id);
        SettlementLine {
            deal: deal.id,
            side: deal.side,
            counterparty,
            price,
            to_seller,
            to_buyer,
            to_jury: fact.map(to_jury).unwrap_or_default(),
            in_escrow: price.checked_sub(paid).unwrap_or_default(),
            milestones: [settled().count(), deal.milestones.len()],
            deliveries: deliveries.map(|delivery| u64::from(delivery.claim.document.attempt) + 1).sum(),
            rated: theirs.as_ref().map(|(rating, _)| rating.document.value.get()),
            rating: ours.as_ref().map(|(rating, _)| rating.document.value.get()),
            opened_secs: fact.map(|fact| fact.opened.time),
            closed_secs: fact.and_then(|fact| fact.closed).map(|closed| closed.at.time),
            tx: fact.map(|fact| fact.opened.tx),
            closed: deal.closed,
        }
    }

    /// What deals of others have credited to us.
    fn jury_income(&self) -> Usdc {
        let ours = self.me.settlement();
        let deals = self.ledger.state().deals().map(|(_, fact)| fact);
        let others = deals.filter(|fact| fact.terms.buyer != ours && fact.terms.seller != ours);
        let credits = others.flat_map(|fact| &fact.credited).filter(|(owner, ..)| *owner == ours);
        total(credits.map(|(_, amount, _)| *amount))
    }
}

/// What of a deal was credited to those who are no side of it.
fn to_jury(fact: &DealFact) -> Usdc {
    let terms = &fact.terms;
    let sides = [terms.buyer, terms.seller, terms.buyerPay, terms.sellerPay];
    total(fact.credited.iter().filter(|(owner, ..)| !sides.contains(owner)).map(|(_, amount, _)| *amount))
}

fn sums(lines: &[SettlementLine]) -> Totals {
    let sum = |side: Side, of: fn(&SettlementLine) -> Usdc| {
        total(lines.iter().filter(|line| line.side == side).map(of))
    };
    Totals {
        income: sum(Side::B, |line| line.to_seller),
        spent: sum(Side::A, |line| line.to_seller),
        spent_on_juries: sum(Side::A, |line| line.to_jury),
        refunded: sum(Side::A, |line| line.to_buyer),
        jury_income: Usdc::ZERO,
        in_escrow: total(lines.iter().map(|line| line.in_escrow)),
    }
}

/// Money on chain never passes 2^64 micro-USDC.
fn total(amounts: impl Iterator<Item = Usdc>) -> Usdc {
    Usdc::sum(amounts).unwrap_or(Usdc(u64::MAX))
}
