//! The node's own strategy: a linear concession, played inside the daemon at machine speed.
//!
//! When it is our turn and a strategy is set, the last offer is accepted if it is at least as good as
//! the price that we would ask now; else that price is offered, split as the last terms were. Every
//! step passes the policy like one that the agent asked for. After its last price the strategy still
//! accepts what is good enough, and leaves every other step to the agent, whose event says that it is
//! its turn. Setting a strategy anew begins anew; one of a single round ends one that is under way.
//!
//! Deliberately absent: any rule about what may be offered (policy), and cleverness: a strategy that
//! reads the other side belongs to the agent.

use rand_core::CryptoRng;

use super::{Node, invalid, not_found};
use crate::{
    command::{Concession, Event, Proposal, ProposedMilestone, Refusal, Reply},
    document::{Document, TermSheet},
    ids::NegotiationId,
    money::Usdc,
    side::Side,
    stage::negotiation::NegotiationEvent,
};

impl Node {
    pub(super) fn set_strategy(
        &mut self,
        id: NegotiationId,
        concession: Concession,
    ) -> Result<Option<Reply>, Refusal> {
        if !self.negotiations.contains_key(&id) {
            return Err(not_found("negotiation", id));
        }
        if concession.rounds == 0 {
            return Err(invalid("a concession takes at least one round"));
        }
        self.event(id, NegotiationEvent::Strategy(concession));
        Ok(Some(Reply::Accepted))
    }

    /// Answers the last offer by the strategy, if there is one and it is our turn.
    pub(super) fn follow_strategy(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Some(strategy) = negotiation.strategy else { return };
        if !negotiation.our_turn() || !self.may_offer(negotiation.nda) {
            return;
        }
        let price = concede(&strategy, negotiation.conceded);
        let good = negotiation.theirs.as_ref().is_some_and(|theirs| match negotiation.side {
            Side::A => theirs.price <= price,
            Side::B => theirs.price >= price,
        });
        if !good && !negotiation.strategy_goes_on() {
            return;
        }
        let template = negotiation.theirs.as_ref().or(negotiation.ours.as_ref());
        let proposal = Proposal { price, milestones: scale(template, price) };
        let done = if good {
            self.accept_offer(id, rng).map(|_| ())
        } else {
            self.offer(id, &proposal, rng).map(|_| ())
        };
        if let Err(refusal) = done {
            self.event(id, NegotiationEvent::Ended);
            self.note(Event::Trouble { what: format!("the strategy stopped: {refusal}") });
        }
    }
}

/// The price after this many own offers: linear from `from` to `to`.
fn concede(strategy: &Concession, made: u32) -> Usdc {
    let made = u128::from(made.min(strategy.rounds));
    let rounds = u128::from(strategy.rounds);
    let (from, to) = (u128::from(strategy.from.0), u128::from(strategy.to.0));
    let price =
        if from <= to { from + (to - from) * made / rounds } else { from - (from - to) * made / rounds };
    Usdc(u64::try_from(price).expect("between two amounts"))
}

/// The milestones of earlier terms at another price; one milestone of an hour when there are none.
fn scale(template: Option<&Document<TermSheet>>, price: Usdc) -> Vec<ProposedMilestone> {
    let Some(terms) = template else {
        return vec![ProposedMilestone {
            title: "delivery".parse().expect("a plain word is a line"),
            amount: price,
            due_secs: 3600,
        }];
    };
    let mut left = price;
    let count = terms.milestones.len();
    let mut milestones = Vec::with_capacity(count);
    for (index, milestone) in terms.milestones.iter().enumerate() {
        let share = u128::from(price.0) * u128::from(milestone.amount.0) / u128::from(terms.price.0.max(1));
        let amount =
            if index + 1 == count { left } else { Usdc(u64::try_from(share).unwrap_or(price.0).min(left.0)) };
        left = left.checked_sub(amount).unwrap_or_default();
        let title = milestone.title.clone();
        milestones.push(ProposedMilestone { title, amount, due_secs: milestone.due_secs });
    }
    milestones
}
