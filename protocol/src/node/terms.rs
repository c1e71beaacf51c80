//! What terms must be: how a proposal becomes a term sheet, and which of them may be bound to.
//!
//! Terms of either side are held against the negotiation that they belong to; own steps are asked of
//! the policy besides, and its answer is recorded.
//!
//! Deliberately absent: offers and signatures.

use alloy_primitives::Address;
use rand_core::CryptoRng;

use super::{Node, not_found, papers};
use crate::{
    command::{Proposal, ProposedMilestone, Refusal},
    document::{Document, Fallback, Milestone, PanelTerms, TermSheet},
    ids::NegotiationId,
    misconduct::Misconduct,
    money::Usdc,
    policy::{Answer, Rule, Step},
    side::Side,
    stage::negotiation::Negotiation,
    text::{BoundError, BoundedVec},
    wire::Begin,
};

/// Vaults that a deal names.
const VAULTS: usize = 2;

impl Node {
    /// The terms that a proposal makes in this negotiation.
    pub(super) fn terms(
        &self,
        negotiation: &Negotiation,
        proposal: &Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<Document<TermSheet>, String> {
        let (text, nda) = self.ndas.get(&negotiation.nda).and_then(|state| state.signed()).ok_or("no NDA")?;
        let mut milestones = BoundedVec::new();
        for proposed in &proposal.milestones {
            let ProposedMilestone { title, amount, due_secs } = proposed.clone();
            milestones.push(Milestone { title, amount, due_secs }).map_err(|e| e.to_string())?;
        }
        let timing = &self.network.timing;
        let contracts = &self.network.deployment.contracts;
        let begin = &negotiation.begin;
        let vaults = match &negotiation.last {
            Some(last) => last.terms.vaults.clone(),
            None => self.vaults(negotiation)?,
        };
        let content = TermSheet {
            nda,
            request: Some(begin.request),
            bid: Some(begin.bid),
            pact: begin.pact.id(),
            buyer: text.a.did,
            seller: text.b.did,
            price: proposal.price,
            milestones,
            window_secs: timing.window_secs,
            judging_secs: timing.judging_secs,
            panel: PanelTerms {
                jury: contracts.jury,
                size: begin.size,
                quorum: begin.quorum,
                fee: begin.fee,
            },
            fallback: Fallback::Refund {},
            appeal_fee: Usdc::ZERO,
            seller_bond: Usdc::ZERO,
            vaults,
            escrow: contracts.escrow,
            mandates: contracts.mandates,
            reviewer: None,
            kind: text.kind,
            jurisdiction: text.jurisdiction,
        };
        papers::paper(self.network.chain(), content, rng).map_err(|e| e.to_string())
    }

    /// Two vaults of different principals, neither of them a party's.
    pub(super) fn vaults(&self, negotiation: &Negotiation) -> Result<BoundedVec<Address, 4>, String> {
        let (buyer, seller) = self.accounts(negotiation.nda).ok_or("no NDA")?;
        let mut taken: Vec<_> = [buyer, seller]
            .iter()
            .filter_map(|account| self.directory.settlement(*account))
            .map(|listing| listing.card.document.principal.address)
            .chain(Some(self.me.principal()))
            .collect();
        let mut vaults = Vec::new();
        for card in self.directory.vaults(self.now) {
            if vaults.len() < VAULTS && !taken.contains(&card.principal.address) {
                taken.push(card.principal.address);
                vaults.push(card.settlement);
            }
        }
        if vaults.len() < VAULTS {
            return Err(format!(
                "{} vaults of other principals are known, {VAULTS} are needed",
                vaults.len()
            ));
        }
        vaults.sort_unstable();
        vaults.try_into().map_err(|e: BoundError| e.to_string())
    }

    /// Asks the policy about terms, and records its answer; gives the rule that only the principal overrides.
    ///
    /// # Errors
    /// [`Refusal::Policy`] for what nobody overrides.
    pub(super) fn allow(
        &mut self,
        id: NegotiationId,
        step: &str,
        terms: &Document<TermSheet>,
    ) -> Result<Option<Rule>, Refusal> {
        let Some(negotiation) = self.negotiations.get(&id) else { return Err(not_found("negotiation", id)) };
        let buys = negotiation.side == Side::A;
        let counterparty = if buys { terms.seller } else { terms.buyer }.to_string();
        let asked = Step {
            terms,
            committed: if buys { self.committed_besides(id) } else { Usdc::ZERO },
            judged: negotiation.begin.pact.needs_judgement(),
            domain: self.domain(negotiation),
            counterparty: &counterparty,
            mandate_above: if buys { self.mandate_above(negotiation, terms) } else { None },
        };
        let answer = self.policy.answer(&asked);
        self.decided(step, &terms.salt(), &answer);
        match answer {
            Answer::Allow => Ok(None),
            Answer::Escalate(rule) => Ok(Some(rule)),
            Answer::Refuse(rule) => Err(Refusal::Policy(rule)),
        }
    }

    /// The sub-market of a negotiation, by the request that it is about.
    fn domain(&self, negotiation: &Negotiation) -> Option<&str> {
        let Begin { request, bid, .. } = &negotiation.begin;
        let request = match negotiation.side {
            Side::A => &self.market.requests.get(request)?.request,
            Side::B => &self.market.bids.get(bid)?.request,
        };
        Some(request.document.domain.as_str())
    }

    /// What terms must be, whoever made them.
    pub(super) fn check_terms(
        &self,
        negotiation: &Negotiation,
        terms: &Document<TermSheet>,
    ) -> Result<(), Misconduct> {
        let differ = |what: &str| Err(Misconduct::TermsDiffer { what: what.into() });
        let nda = self.ndas.get(&negotiation.nda).and_then(|state| state.id);
        if Some(terms.nda) != nda {
            return differ("nda");
        }
        if terms.pact != negotiation.begin.pact.id() {
            return differ("pact");
        }
        let panel = &terms.panel;
        let contracts = &self.network.deployment.contracts;
        let begin = &negotiation.begin;
        if (panel.quorum, panel.size, panel.fee) != (begin.quorum, begin.size, begin.fee) {
            return differ("panel");
        }
        if (panel.jury, terms.escrow, terms.mandates)
            != (contracts.jury, contracts.escrow, contracts.mandates)
        {
            return differ("contracts");
        }
        if let Some(last) = &negotiation.last
            && last.terms.vaults != terms.vaults
        {
            return differ("vaults");
        }
        Ok(())
    }
}
