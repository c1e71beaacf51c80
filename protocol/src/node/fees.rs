//! How a juror comes to its fee.
//!
//! A verdict goes on chain with the signatures that its bringer holds, a quorum or more. The fee of a
//! milestone belongs to those whose signature is on its verdict, so a juror whose signature is missing
//! there adds it itself; whoever sends the verdict does not choose who is paid. After the close the
//! panel is paid in one transaction: as soon as nobody can be missing, else after the grace in which
//! signatures are still taken. The signers take turns at sending it, one grace apart, so that one
//! that is down costs the others time and nothing else.
//!
//! Deliberately absent: whether a fee is enough. That was asked when the seat was accepted.

use alloy_primitives::{Address, U256};

use super::{Node, chain};
use crate::{
    abi,
    ids::{CaseId, MilestoneIndex},
    ledger::state::{DealFact, VerdictFact},
    money::Usdc,
};

impl Node {
    /// Does what is still needed for our fee of a case.
    pub(super) fn drive_fee(&mut self, id: CaseId) {
        let Some(fact) = self.deal_fact(id.deal).filter(|fact| fact.terms.juryFee != 0) else { return };
        let Some(case) = self.cases.get(&id) else { return };
        let mut panel: Vec<Address> = case.delivery.seats.iter().map(|seat| seat.juror).collect();
        panel.sort_unstable();
        if fact.closed.is_some_and(|closed| closed.jury_fee == Usdc::ZERO) || is_paid(fact, &panel) {
            return;
        }
        self.cosign(id, &panel);
        self.collect(id, panel);
    }

    /// Adds our signature to the verdict on chain, where it is missing.
    fn cosign(&mut self, id: CaseId, panel: &[Address]) {
        let ours = self.me.settlement();
        let Some(fact) = self.deal_fact(id.deal) else { return };
        let Some(accepted) = verdict_on(fact, id.milestone) else { return };
        let Some(place) = panel.iter().position(|juror| *juror == ours) else { return };
        let jury = self.cases.get(&id).and_then(|case| case.panel.as_ref());
        let Some((verdict, signatures)) = jury.and_then(|jury| jury.verdict()) else { return };
        let Some(signature) = signatures.get(&ours) else { return };
        let same = verdict.id(&self.network.deployment.contracts) == accepted.id;
        let missing = u32::try_from(place).is_ok_and(|place| !accepted.signers.has(place));
        if same && missing {
            let mut signers = U256::ZERO;
            signers.set_bit(place, true);
            let signatures = vec![chain::bytes(signature)];
            let votes = abi::Votes { panel: panel.to_vec(), signers, signatures };
            let call = self.network.deployment.cosign(&fact.terms, &verdict, &votes);
            let id = accepted.id;
            self.intend("cosign", id.as_bytes(), call);
        }
    }

    /// Has the panel paid, when it is our turn.
    fn collect(&mut self, id: CaseId, panel: Vec<Address>) {
        let ours = self.me.settlement();
        let Some(fact) = self.deal_fact(id.deal) else { return };
        let Some(closed) = fact.closed else { return };
        let signed = |place: usize| {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            fact.milestones.values().filter_map(|known| known.verdict.as_ref()).any(|v| v.signers.has(place))
        };
        let everybody = (1_u64 << panel.len().min(32)) - 1;
        let mut verdicts = fact.milestones.values().filter_map(|known| known.verdict.as_ref());
        let complete = verdicts.all(|verdict| u64::from(verdict.signers.0) == everybody);
        let signers = panel.iter().enumerate().filter(|(place, _)| signed(*place)).map(|(_, juror)| juror);
        let Some(turn) = signers.into_iter().position(|juror| *juror == ours) else { return };
        let turns = turn as u64 + u64::from(!complete);
        let from = closed.at.time.saturating_add(turns.saturating_mul(self.network.timing.grace_secs));
        if self.time() >= from {
            let call = self.network.deployment.pay_jurors(&fact.terms, &panel);
            self.intend("pay jurors", id.deal.as_bytes(), call);
        }
    }
}

/// The verdict of the first panel that the chain holds for a milestone.
fn verdict_on(fact: &DealFact, milestone: u8) -> Option<&VerdictFact> {
    fact.milestone(MilestoneIndex(milestone))?.verdict.as_ref()
}

/// Whether the panel has its fee: it is paid as credit, all of it in one transaction.
fn is_paid(fact: &DealFact, panel: &[Address]) -> bool {
    fact.credited.iter().any(|(owner, ..)| panel.contains(owner))
}
