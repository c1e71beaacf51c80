//! One page into the state: an arm per event, each a total function of what was known before.
//!
//! Contracts check what they write, so nothing is checked again here; an event about something
//! unknown (it was written before the first block that is followed) changes nothing.

use alloy_primitives::Address;

use super::{
    At, State,
    state::{
        AgreementFact, AppealFact, ClaimFact, ClosedFact, DealFact, DrawFact, MandateFact, MilestoneFact,
        NdaFact, RatingFact, RoundFact, RulingFact, SeatFact, SeatStanding, SettledFact, VerdictFact,
        VoidFact,
    },
};
use crate::{
    abi::{ChainEvent, ChainLog, Deployment, Source, event::SeatIndex},
    block::Block,
    ids::{DealId, MilestoneIndex},
    money::Usdc,
    typed::{Deal, SELLER_MANDATED},
};

/// Folds all logs of a block. A log that does not decode was refused before it came here.
pub(super) fn page(state: &mut State, deployment: &Deployment, block: Block, logs: &[ChainLog]) {
    for log in logs {
        let at = At { block: block.mark, time: block.time, tx: log.tx, log: log.index };
        if let Ok(Some(event)) = deployment.decode(log) {
            state.fold(event, at, deployment.contracts.escrow);
        }
    }
}

impl State {
    fn fold(&mut self, event: ChainEvent, at: At, escrow: Address) {
        match event {
            ChainEvent::Granted { mandate, spent } => {
                let key = (mandate.agent, mandate.spender);
                let fact = MandateFact { terms: *mandate, spent, spent_at: at.time, revoked: None, at };
                self.mandates.insert(key, fact);
            }
            ChainEvent::Revoked { agent, principal, spender, serial } => {
                if let Some(fact) = self.mandates.get_mut(&(agent, spender)) {
                    let burnt = fact.terms.principal == principal && fact.terms.serial <= serial;
                    fact.revoked = fact.revoked.or_else(|| burnt.then_some(at));
                }
            }
            ChainEvent::Spent { agent, principal, spent, .. } => {
                self.count((agent, escrow), principal, spent, at);
            }
            ChainEvent::NdaAnchored { nda, terms } => {
                let fact = NdaFact { terms: *terms, at, breaches: Vec::new(), destroyed: Vec::new() };
                self.ndas.insert(nda, fact);
            }
            ChainEvent::AgreementAnchored { id, terms } => {
                self.agreements.insert(id, AgreementFact { terms: *terms, at });
            }
            ChainEvent::BreachAlleged { nda, by, evidence } => {
                self.ndas.entry(nda).and_modify(|fact| fact.breaches.push((by, evidence, at)));
            }
            ChainEvent::DestructionAttested { nda, by, attestation } => {
                self.ndas.entry(nda).and_modify(|fact| fact.destroyed.push((by, attestation, at)));
            }
            ChainEvent::Opened { deal, source, terms } => {
                self.fund(&terms, source);
                let fact = DealFact {
                    terms: *terms,
                    source,
                    opened: at,
                    milestones: std::collections::BTreeMap::new(),
                    paid: Vec::new(),
                    credited: Vec::new(),
                    ratings: Vec::new(),
                    closed: None,
                };
                self.deals.insert(deal, fact);
            }
            ChainEvent::Voided { deal, by } => {
                self.voided.insert(deal, VoidFact { by, at });
            }
            ChainEvent::Claimed { deal, milestone, attempt, manifest, size, vaults, stored_at } => {
                let fact = ClaimFact { attempt, manifest, size, vaults, stored_at, at };
                self.milestone(deal, milestone, |known| known.claim = Some(fact));
            }
            ChainEvent::Judged { deal, id, verdict, signers, challenge_until, settled, paid } => {
                let milestone = MilestoneIndex(verdict.milestone);
                if let Some((to_seller, to_buyer)) = settled {
                    let end = SettledFact::judged(&verdict, to_seller, to_buyer, at);
                    self.milestone(deal, milestone, |known| known.settled = Some(end));
                    if paid {
                        self.pay(deal, to_seller, to_buyer, at);
                    }
                }
                let fact = VerdictFact { id, terms: *verdict, signers, challenge_until, at };
                self.milestone(deal, milestone, |known| known.verdict = Some(fact));
            }
            ChainEvent::Cosigned { deal, milestone, signers } => self.milestone(deal, milestone, |known| {
                if let Some(verdict) = &mut known.verdict {
                    verdict.signers = verdict.signers.union(signers);
                }
            }),
            ChainEvent::Settled {
                deal,
                milestone,
                cause,
                round,
                attempt,
                seller_bps,
                to_seller,
                to_buyer,
                paid,
                evidence,
            } => {
                let fact =
                    SettledFact { cause, round, attempt, seller_bps, to_seller, to_buyer, evidence, at };
                self.milestone(deal, milestone, |known| known.settled = Some(fact));
                if paid {
                    self.pay(deal, to_seller, to_buyer, at);
                }
            }
            ChainEvent::Appealed { deal, milestone, by, verdict, deposit } => {
                let fact = AppealFact { by, verdict, deposit, draw: None, ruling: None, end: None, at };
                self.milestone(deal, milestone, |known| known.appeal = Some(fact));
            }
            ChainEvent::AppealClosed { deal, milestone, end, .. } => {
                self.appeal(deal, milestone, |appeal| appeal.end = Some((end, at)));
            }
            ChainEvent::Paid { deal, to_seller, to_buyer } => self.pay(deal, to_seller, to_buyer, at),
            ChainEvent::Credited { owner, deal, amount, refused } => {
                self.add_credit(owner, amount);
                if let Some(deal) = deal {
                    self.deal_mut(deal, |fact| {
                        let told = |paid: &(Address, Usdc, At)| (paid.0, paid.1) == (owner, amount);
                        if let Some(last) = fact.paid.iter().rposition(told).filter(|_| refused) {
                            fact.paid.remove(last);
                        }
                        fact.credited.push((owner, amount, at));
                    });
                }
            }
            ChainEvent::JurorsCredited { deal, shares } => {
                for (juror, share) in &shares {
                    self.add_credit(*juror, *share);
                }
                let credited = shares.into_iter().map(|(juror, share)| (juror, share, at));
                self.deal_mut(deal, |fact| fact.credited.extend(credited));
            }
            ChainEvent::Debited { owner, amount, .. } | ChainEvent::Withdrawn { owner, amount, .. } => {
                self.debit(owner, amount);
            }
            ChainEvent::Closed { deal, to_seller, to_buyer, jury_fee } => {
                let closed = ClosedFact { to_seller, to_buyer, jury_fee, at };
                self.deal_mut(deal, |fact| fact.closed = Some(closed));
                self.pay(deal, to_seller, to_buyer, at);
            }
            ChainEvent::Rated { deal, by, value, feedback } => self.deal_mut(deal, |fact| {
                let (rater, ratee) = by.of(&fact.terms);
                fact.ratings.push(RatingFact { rater, ratee, value, feedback, at });
            }),
            ChainEvent::Seated { seat, holder, principal, provider } => {
                let fact = SeatFact {
                    holder,
                    principal,
                    provider,
                    joined_at: at.time,
                    standing: SeatStanding::Active,
                    left_at: None,
                    at,
                };
                self.seats.insert(seat, fact);
            }
            ChainEvent::SeatLeft { seat } => self.unseat(seat, SeatStanding::Left, at),
            ChainEvent::SeatSuspended { seat, .. } => self.unseat(seat, SeatStanding::Suspended, at),
            ChainEvent::SeatSlashed { seat, .. } => self.unseat(seat, SeatStanding::Slashed, at),
            ChainEvent::AppealRequested { deal, milestone, round, seats, deadline, .. } => {
                let draw = DrawFact { round, seats, deadline, redrawn: false, at };
                self.appeal(deal, milestone, |appeal| appeal.draw = Some(draw));
            }
            ChainEvent::Redrawn { deal, milestone, round, deadline } => {
                self.appeal(deal, milestone, |appeal| {
                    if let Some(draw) = &mut appeal.draw {
                        *draw = DrawFact { round, deadline, redrawn: true, at, ..*draw };
                    }
                });
            }
            ChainEvent::Ruled { deal, milestone, verdict, signers } => {
                let ruling = RulingFact { terms: *verdict, signers, at };
                self.appeal(deal, milestone, |appeal| appeal.ruling = Some(ruling));
            }
            ChainEvent::Proven { round, randomness } => {
                self.rounds.insert(round, RoundFact { randomness, at });
            }
            // Of these nothing is kept: the escrow's AppealClosed ends an appeal, and what the jury
            // pool owes is between it and its jurors.
            ChainEvent::Testified { .. }
            | ChainEvent::AppealSilent { .. }
            | ChainEvent::StakeWithdrawn { .. }
            | ChainEvent::PotChanged { .. }
            | ChainEvent::Owed { .. }
            | ChainEvent::Collected { .. }
            | ChainEvent::ItemFailed { .. } => {}
        }
    }

    /// An opening takes the buyer's total and the seller's bond from credit, except what an EIP-3009
    /// authorisation brought in; no other log says so.
    fn fund(&mut self, terms: &Deal, source: Source) {
        match source {
            // No log with another source decodes.
            Source::Authorization | Source::__Invalid => {}
            Source::Credit => self.debit(terms.buyer, terms.total()),
            Source::Mandate => self.debit(terms.buyerPay, terms.total()),
        }
        let mandated = terms.flags & SELLER_MANDATED != 0;
        self.debit(if mandated { terms.sellerPay } else { terms.seller }, Usdc(terms.sellerBond));
    }

    /// What goes to the payees, of which a refused share becomes credit right after.
    fn pay(&mut self, deal: DealId, to_seller: Usdc, to_buyer: Usdc, at: At) {
        self.deal_mut(deal, |fact| {
            let shares = [(fact.terms.sellerPay, to_seller), (fact.terms.buyerPay, to_buyer)];
            let paid = shares.into_iter().filter(|(_, amount)| *amount != Usdc::ZERO);
            fact.paid.extend(paid.map(|(to, amount)| (to, amount, at)));
        });
    }

    fn add_credit(&mut self, owner: Address, amount: Usdc) {
        let credit = self.credits.entry(owner).or_default();
        *credit = Usdc(credit.0.saturating_add(amount.0));
    }

    fn debit(&mut self, owner: Address, amount: Usdc) {
        if let Some(credit) = self.credits.get_mut(&owner) {
            *credit = Usdc(credit.0.saturating_sub(amount.0));
        }
    }

    /// A spend counts against the agent's mandate before our escrow.
    ///
    /// The log names no spender. One with another escrow counts here too if the principal is the
    /// same, which errs on the side of spending less.
    fn count(&mut self, (agent, spender): (Address, Address), principal: Address, spent: Usdc, at: At) {
        let known = self.mandates.get_mut(&(agent, spender));
        if let Some(fact) = known.filter(|fact| fact.terms.principal == principal) {
            fact.spent = spent;
            fact.spent_at = at.time;
        }
    }

    fn unseat(&mut self, seat: SeatIndex, standing: SeatStanding, at: At) {
        if let Some(fact) = self.seats.get_mut(&seat) {
            fact.standing = standing;
            fact.left_at = fact.left_at.or(Some(at.time));
        }
    }

    fn deal_mut(&mut self, deal: DealId, change: impl FnOnce(&mut DealFact)) {
        if let Some(fact) = self.deals.get_mut(&deal) {
            change(fact);
        }
    }

    fn milestone(&mut self, deal: DealId, index: MilestoneIndex, change: impl FnOnce(&mut MilestoneFact)) {
        self.deal_mut(deal, |fact| change(fact.milestones.entry(index).or_default()));
    }

    fn appeal(&mut self, deal: DealId, index: MilestoneIndex, change: impl FnOnce(&mut AppealFact)) {
        self.milestone(deal, index, |known| {
            if let Some(appeal) = &mut known.appeal {
                change(appeal);
            }
        });
    }
}
