//! What the chain is told of a milestone, and what it shows of its end.
//!
//! Deliberately absent: deliveries and verdicts on their way between nodes.

use std::ops::Range;

use alloy_primitives::{Address, Bytes, U256};

use super::{Node, chain, deliver::typed_verdict};
use crate::{
    abi,
    block::Level,
    command::Event,
    deal::{Deal, DealEvent},
    ids::{DealId, MilestoneIndex},
    ledger::state::{MilestoneFact, VerdictFact},
    side::Side,
    typed::{self, EthSignature, Typed},
    wire::Delivery,
};

impl Node {
    /// Sends a verdict to the chain: whoever gains by it at once, the other side later.
    pub(super) fn bring_verdict(&mut self, id: DealId, index: u8) {
        let Some(deal) = self.deals.get(&id) else { return };
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        let Some(verdict) = &milestone.verdict else { return };
        let pass = verdict.seller_bps == 10_000;
        let due = self.due(deal, index);
        let now = self.time();
        // Below a full pass the contract takes a verdict only from the due time on.
        if !pass && now < due {
            return;
        }
        let gains = if pass { Side::B } else { Side::A };
        if deal.side != gains && now < due.saturating_add(self.network.timing.grace_secs) {
            return;
        }
        let held = |fact: &VerdictFact| fact.terms.attempt >= verdict.case.attempt;
        let fact = self.milestone_fact(id, index);
        if fact.is_some_and(|fact| fact.settled.is_some() || fact.verdict.as_ref().is_some_and(held)) {
            return;
        }
        let panel = deal.panel.iter().map(|seat| seat.juror).collect();
        let votes = votes_call(panel, &verdict.signatures);
        let typed = typed_verdict(verdict);
        let digest = typed.digest(&self.network.deployment.contracts);
        let call =
            self.network.deployment.verdict(&deal.terms, &typed, &votes, &[Bytes::new(), Bytes::new()]);
        self.intend("verdict", digest.as_slice(), call);
    }

    /// Ends a verdict whose window is over, and has both shares paid: whoever gets more of it at once, the
    /// other side later.
    pub(super) fn pay_out(&mut self, id: DealId, index: u8) {
        let (Some(deal), Some(fact)) = (self.deals.get(&id), self.milestone_fact(id, index)) else { return };
        let MilestoneFact { verdict: Some(verdict), appeal: None, settled: None, .. } = fact else { return };
        let gains = if verdict.terms.sellerBps >= 5_000 { Side::B } else { Side::A };
        let grace = if deal.side == gains { 0 } else { self.network.timing.grace_secs };
        if self.time() < verdict.challenge_until.saturating_add(grace) {
            return;
        }
        let key = *verdict.id.as_bytes();
        let call = self.network.deployment.payout(&deal.terms);
        self.intend("payout", &key, call);
    }

    /// When a milestone is due, Unix seconds.
    pub(super) fn due(&self, deal: &Deal, index: u8) -> u64 {
        let start = typed::seconds(deal.terms.meta.start);
        let offset = typed::unpack_due(deal.terms.due).get(usize::from(index)).copied().unwrap_or_default();
        start + u64::from(offset)
    }

    /// What the chain shows of a milestone.
    fn milestone_fact(&self, id: DealId, index: u8) -> Option<&MilestoneFact> {
        self.deal_fact(id)?.milestones.get(&MilestoneIndex(index))
    }

    /// Records what the chain shows settled, under `safe`.
    pub(super) fn settle_milestone(&mut self, id: DealId, index: u8) {
        let Some(deal) = self.deals.get(&id) else { return };
        let safe = |at| self.ledger.level(at) >= Level::Safe;
        let settled = self.milestone_fact(id, index).and_then(|fact| fact.settled.as_ref());
        let settled = settled.filter(|fact| safe(&fact.at));
        let paid = settled.map(|fact| (fact.to_seller, fact.to_buyer, fact.at.tx));
        let known = deal.milestones.get(usize::from(index)).is_none_or(|m| m.settled.is_some());
        let closed =
            self.deal_fact(id).and_then(|fact| fact.closed.as_ref()).is_some_and(|fact| safe(&fact.at));
        let close = closed && !deal.closed;
        if let (Some((to_seller, to_buyer, tx)), false) = (paid, known) {
            let event = DealEvent::Settled {
                milestone: index,
                to_seller: to_seller.0,
                to_buyer: to_buyer.0,
                tx: Some(tx),
            };
            self.deal_event(id, event);
            self.note(Event::Settled { deal: id, milestone: index, to_seller, to_buyer });
        }
        if close {
            self.deal_event(id, DealEvent::Closed);
            self.note(Event::Closed { deal: id });
        }
    }

    /// Claims on chain a delivery that no verdict has reached yet, and runs out what nobody delivered or judged.
    pub(super) fn time_out(&mut self, id: DealId, index: u8) {
        let Some(deal) = self.deals.get(&id) else { return };
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        let (now, due, grace) = (self.time(), self.due(deal, index), self.network.timing.grace_secs);
        let end = typed::seconds(deal.terms.end);
        let fact = self.milestone_fact(id, index);
        let claimed = fact.is_some_and(|fact| fact.claim.is_some());
        let judged = fact.is_some_and(|fact| fact.verdict.is_some());
        let key = [id.as_bytes().as_slice(), &[index]].concat();
        let share = milestone.verdict.as_ref().map(|verdict| verdict.seller_bps);
        if let (Side::B, Some(delivery), false) = (deal.side, &milestone.delivered, claimed || judged)
            && claim_times(share, due, grace).contains(&now)
        {
            let call = self.network.deployment.claim(&deal.terms, &claim_call(deal, delivery));
            return self.intend("claim", &key, call);
        }
        let over = if claimed { now >= end } else { now >= due + grace };
        if over && milestone.verdict.as_ref().is_none_or(|verdict| verdict.signatures.is_empty()) {
            let call = self.network.deployment.time_out(&deal.terms, MilestoneIndex(index));
            self.intend("timeout", &key, call);
        }
    }
}

/// When a seller claims a delivery on whose milestone the chain has no verdict, in Unix seconds: the times of a milestone
/// that is due at `due`, by the seller's `share` of the verdict that it holds, in basis points.
///
/// A verdict that pays is brought, and needs no claim. But one on another milestone, or the appeal against it, may keep it
/// out until no claim is taken any more, and what was not claimed then is the buyer's: so when it is not there after half of
/// the time, the seller claims too.
pub(super) const fn claim_times(share: Option<u16>, due: u64, grace: u64) -> Range<u64> {
    let end = due + grace;
    match share {
        None => due..end,
        Some(0) => end..end,
        Some(_) => due + grace / 2..end,
    }
}

/// A delivery as the escrow takes its claim.
fn claim_call(deal: &Deal, delivery: &Delivery) -> abi::Claim {
    let claim = &delivery.claim.document;
    let mut vaults = deal.agreement.terms.vaults.to_vec();
    vaults.sort_unstable();
    let held = |vault| delivery.receipts.iter().find(move |receipt| receipt.vault == vault);
    let mut receipts = U256::ZERO;
    let (mut stored, mut signatures) = (Vec::new(), Vec::new());
    for (bit, vault) in vaults.iter().enumerate() {
        if let Some(receipt) = held(*vault) {
            receipts.set_bit(bit, true);
            stored.push(typed::u40(receipt.stored_at));
            signatures.push(receipt.signature.as_ref().map(chain::bytes).unwrap_or_default());
        }
    }
    abi::Claim {
        milestone: claim.milestone.0,
        attempt: claim.attempt,
        manifest: claim.manifest.word(),
        size: claim.size,
        vaults,
        receipts,
        storedAt: stored,
        signatures,
    }
}

/// A quorum's signatures as the escrow takes them; the panel is sorted, and so are the signers.
fn votes_call(panel: Vec<Address>, signatures: &[(Address, EthSignature)]) -> abi::Votes {
    let mut signers = U256::ZERO;
    let mut in_order = Vec::new();
    for (bit, juror) in panel.iter().enumerate() {
        if let Some((_, signature)) = signatures.iter().find(|(signer, _)| signer == juror) {
            signers.set_bit(bit, true);
            in_order.push(chain::bytes(signature));
        }
    }
    abi::Votes { panel, signers, signatures: in_order }
}
