//! What terms must be: how a proposal becomes a term sheet, and which of them may be bound to.
//!
//! Terms of either side are held against the negotiation that they belong to; own steps are asked of
//! the policy besides, and its answer is recorded.
//!
//! Deliberately absent: offers and signatures.

use alloy_primitives::Address;
use rand_core::CryptoRng;

use super::{Node, invalid, not_found, papers};
use crate::{
    command::{Proposal, ProposedMilestone, Refusal},
    document::{Document, Fallback, Milestone, PanelTerms, Role, TermSheet},
    ids::NegotiationId,
    misconduct::Misconduct,
    money::Usdc,
    policy::{Answer, MandateLimits, Rule, Step},
    side::Side,
    stage::negotiation::Negotiation,
    template::Windows,
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
        let (windows, fallback) = self.frame(negotiation);
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
            window_secs: windows.appeal_secs,
            judging_secs: windows.judging_secs,
            panel: PanelTerms {
                jury: contracts.jury,
                size: begin.size,
                quorum: begin.quorum,
                fee: begin.fee,
            },
            fallback,
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
        let mut taken = self.principals(negotiation)?;
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

    /// Refuses vaults that are not known, or are a party's, or each other's: whose receipts say nothing, and
    /// who could keep a delivery from ever being claimed.
    fn check_vaults(&self, negotiation: &Negotiation, vaults: &[Address]) -> Result<(), String> {
        let mut taken = self.principals(negotiation)?;
        for vault in vaults {
            let card = self.directory.settlement(*vault).map(|listing| &listing.card.document);
            let card = card.filter(|card| card.roles.contains(&Role::Vault));
            let principal = card.ok_or_else(|| format!("vault {vault} is not known"))?.principal.address;
            if taken.contains(&principal) {
                return Err(format!(
                    "vault {vault} belongs to {principal}, as a party or another vault does"
                ));
            }
            taken.push(principal);
        }
        Ok(())
    }

    /// The principals of both parties, as far as they are known.
    fn principals(&self, negotiation: &Negotiation) -> Result<Vec<Address>, String> {
        let (buyer, seller) = self.accounts(negotiation.nda).ok_or("no NDA")?;
        let parties = [buyer, seller].into_iter().filter_map(|account| self.directory.settlement(account));
        let known = parties.map(|listing| listing.card.document.principal.address);
        Ok(known.chain(Some(self.me.principal())).collect())
    }

    /// Asks the policy about terms, and records its answer; gives the rule that only the principal overrides.
    ///
    /// # Errors
    /// [`Refusal::Policy`] for what nobody overrides, and what [`invalid`] makes of vaults that are not neutral.
    pub(super) fn allow(
        &mut self,
        id: NegotiationId,
        step: &str,
        terms: &Document<TermSheet>,
    ) -> Result<Option<Rule>, Refusal> {
        let Some(negotiation) = self.negotiations.get(&id) else { return Err(not_found("negotiation", id)) };
        // The first offer fixes them, so each side looks at them once.
        if negotiation.rounds < 2 {
            self.check_vaults(negotiation, terms.vaults.as_ref()).map_err(invalid)?;
        }
        let buys = negotiation.side == Side::A;
        let total = terms.buyer_total().unwrap_or(Usdc(u64::MAX));
        let counterparty = if buys { terms.seller } else { terms.buyer }.to_string();
        let asked = Step {
            terms,
            cost: if buys { total } else { terms.price },
            committed: if buys { self.committed_besides(id) } else { Usdc::ZERO },
            judged: negotiation.begin.pact.needs_judgement(),
            domain: self.domain(negotiation),
            template: self.template_of(negotiation).map(|template| template.name.as_str()),
            counterparty: &counterparty,
            mandate: if buys { self.mandate_limits(negotiation) } else { None },
            lasts: (lasts_until(terms, self.now.secs()), self.destroy_by(negotiation)),
        };
        let answer = self.policy.answer(&asked);
        self.decided(step, &terms.salt(), &answer);
        match answer {
            Answer::Allow => Ok(None),
            Answer::Escalate(rule) => Ok(Some(rule)),
            Answer::Refuse(rule) => Err(Refusal::Policy(rule)),
        }
    }

    /// What our mandate as a buyer allows, and what counts against it: what the escrow has counted and what
    /// is firm and not open yet.
    fn mandate_limits(&self, negotiation: &Negotiation) -> Option<MandateLimits> {
        let mandate = self.mandate_of_buyer(negotiation)?;
        let unopened = self.firm_besides(negotiation.id);
        let spent = mandate.counted_at(self.time()).checked_add(unopened).unwrap_or(Usdc(u64::MAX));
        let terms = &mandate.terms;
        Some(MandateLimits { human_above: Usdc(terms.humanAbove), spent, per_period: Usdc(terms.perPeriod) })
    }

    /// The Unix second by which the keys of a negotiation's NDA are destroyed.
    pub(super) fn destroy_by(&self, negotiation: &Negotiation) -> u64 {
        let nda = self.ndas.get(&negotiation.nda).and_then(|state| state.signed());
        nda.map_or(0, |(text, _)| text.destroy_by_secs)
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

    /// What terms must be, whoever made them: all but price and milestones is fixed before the first offer.
    ///
    /// A strategy looks at the price. Whatever else an offer could change in its maker's favour (who pays for
    /// an appeal, what an unjudged milestone falls back to, how long a verdict waits) is no offer here.
    ///
    /// # Errors
    /// [`Misconduct::TermsDiffer`] with the first thing that is another one.
    pub(super) fn check_terms(
        &self,
        negotiation: &Negotiation,
        terms: &Document<TermSheet>,
    ) -> Result<(), Misconduct> {
        let nda = self.ndas.get(&negotiation.nda).and_then(|state| state.signed());
        let (begin, contracts) = (&negotiation.begin, &self.network.deployment.contracts);
        let panel =
            PanelTerms { jury: contracts.jury, size: begin.size, quorum: begin.quorum, fee: begin.fee };
        let (Windows { appeal_secs, judging_secs }, fallback) = self.frame(negotiation);
        let vaults = negotiation.last.as_ref().is_none_or(|last| last.terms.vaults == terms.vaults);
        let held = [
            ("nda", nda.is_some_and(|(_, id)| id == terms.nda)),
            ("parties", nda.is_some_and(|(text, _)| (text.a.did, text.b.did) == (terms.buyer, terms.seller))),
            (
                "law",
                nda.is_some_and(|(text, _)| {
                    (text.kind, text.jurisdiction) == (terms.kind, terms.jurisdiction)
                }),
            ),
            ("bid", (terms.request, terms.bid) == (Some(begin.request), Some(begin.bid))),
            ("pact", terms.pact == begin.pact.id()),
            ("panel", terms.panel == panel),
            ("contracts", (terms.escrow, terms.mandates) == (contracts.escrow, contracts.mandates)),
            ("windows", (terms.window_secs, terms.judging_secs) == (appeal_secs, judging_secs)),
            ("fallback", terms.fallback == fallback),
            ("deposits", (terms.appeal_fee, terms.seller_bond) == (Usdc::ZERO, Usdc::ZERO)),
            ("reviewer", terms.reviewer.is_none()),
            ("vaults", vaults),
        ];
        let differs = held.iter().find(|(_, same)| !same);
        differs.map_or(Ok(()), |(what, _)| Err(Misconduct::TermsDiffer { what: (*what).into() }))
    }
}

/// The last second of a deal that starts then, its windows included: a verdict may come until the deal's
/// end and is contested for one window more; principals who are asked to agree have another one.
pub(super) fn lasts_until(terms: &TermSheet, start_secs: u64) -> u64 {
    let last_due = terms.milestones.last().map_or(0, |milestone| milestone.due_secs);
    let windows = match terms.fallback {
        Fallback::Refund {} | Fallback::Split { .. } => 1,
        Fallback::Principals { .. } => 2,
    };
    let after = u64::from(last_due) + u64::from(terms.judging_secs) + windows * u64::from(terms.window_secs);
    start_secs.saturating_add(after)
}
