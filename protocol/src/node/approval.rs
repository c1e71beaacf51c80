//! The principal's answer: a signature over one digest, or a no.
//!
//! What waits is what both sides hold and our limits leave to the principal. The approval is EIP-712
//! `Approve(deal, until)` by the principal's own key, made outside the agent's reach. Whoever hands it
//! in, only the signature counts.
//!
//! Deliberately absent: approvals by contract wallets (ERC-1271). Only the chain can ask a wallet, and
//! there is no path for that question here; they are refused by name.

use rand_core::CryptoRng;

use super::{Node, not_found, not_now};
use crate::{
    command::{Refusal, Reply},
    ids::DealId,
    policy::Answer,
    side::Side,
    stage::negotiation::{Hold, Negotiation, NegotiationEvent, Thaw},
    typed::EthSignature,
    view::ApprovalView,
    wire::Say,
};

impl Node {
    /// The negotiation whose hold waits for our principal under this digest.
    fn waiting_for_principal(&self, deal: DealId) -> Result<(&Negotiation, &Hold), Refusal> {
        let contracts = &self.network.deployment.contracts;
        let asked = self.negotiations.values().filter(|n| !n.ended && n.accepted.is_none());
        asked
            .filter_map(|negotiation| Some((negotiation, negotiation.hold.as_ref()?)))
            .find(|(_, hold)| hold.asks && hold.agreed && hold.deal.id(contracts) == deal)
            .ok_or_else(|| not_found("approval", deal))
    }

    /// The principal's signature came; whoever brought it, only the signature counts.
    pub(super) fn approve(
        &mut self,
        deal: DealId,
        signature: EthSignature,
    ) -> Result<Option<Reply>, Refusal> {
        let (negotiation, hold) = self.waiting_for_principal(deal)?;
        let (id, principal) = (negotiation.id, self.me.principal());
        if self.now.secs() >= hold.until() {
            return Err(not_now("the time to approve this deal is over"));
        }
        if !signature.is_by(principal, self.approve_digest(hold).into()) {
            return Err(Refusal::NotThePrincipal { principal });
        }
        if hold.approval.is_none() {
            self.decided("approve", &deal, &Answer::Allow);
            self.event(id, NegotiationEvent::Approved(signature));
        }
        Ok(Some(Reply::Accepted))
    }

    /// The principal says no.
    pub(super) fn decline(
        &mut self,
        deal: DealId,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let (negotiation, hold) = self.waiting_for_principal(deal)?;
        let (id, nda, head) = (negotiation.id, negotiation.nda, hold.head);
        if !hold.waits() {
            return Err(not_now("this deal is approved already"));
        }
        self.thaw(id, Thaw::Declined);
        self.speak(nda, Say::Unhold(head), rng);
        Ok(Some(Reply::Accepted))
    }

    /// What waits for our principal, and what it approved that is not accepted yet.
    pub(super) fn approvals(&self) -> Vec<ApprovalView> {
        let contracts = &self.network.deployment.contracts;
        let asked = self.negotiations.values().filter(|n| !n.ended && n.accepted.is_none());
        let held = asked.filter_map(|negotiation| Some((negotiation, negotiation.hold.as_ref()?)));
        held.filter(|(_, hold)| hold.asks && hold.agreed)
            .map(|(negotiation, hold)| ApprovalView {
                id: hold.deal.id(contracts),
                negotiation: negotiation.id,
                side: negotiation.side,
                stage: if hold.approval.is_some() { "approved" } else { "open" },
                counterparty: match negotiation.side {
                    Side::A => hold.agreement.seller.did,
                    Side::B => hold.agreement.buyer.did,
                },
                price: hold.agreement.terms.price,
                until_secs: hold.until(),
                principal: self.me.principal(),
                digest: self.approve_digest(hold).into(),
                chain_id: contracts.chain_id,
                mandates: contracts.mandates,
                agreement: hold.agreement.id(),
                terms: hold.agreement.terms.clone(),
            })
            .collect()
    }
}
