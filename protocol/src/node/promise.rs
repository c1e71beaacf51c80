//! When this node may promise anything: its clock agrees with the chain, the other side keeps its
//! word, and what is promised already leaves room.
//!
//! Time for own promises is the later of clock and newest block. (Rule: money uses chain time only;
//! where the two differ by more than half a minute, nothing new is promised.) A peer that did not
//! confirm what was accepted, three times within an hour, is paused for an hour: a firm acceptance
//! binds a budget, so whoever collects acceptances costs others money for nothing.
//!
//! Deliberately absent: limits of the policy, and what is promised.

use core::time::Duration;

use super::Node;
use crate::{
    block::Level,
    command::Refusal,
    ids::{DealId, NegotiationId, PeerKey},
    money::Usdc,
    side::Side,
    stage::negotiation::Negotiation,
    time::Timestamp,
};

/// Acceptances that a peer may leave unconfirmed within an hour before it is paused.
pub(super) const UNCONFIRMED_MAX: usize = 3;
/// How long they count, and how long the pause lasts.
const HOUR: Duration = Duration::from_secs(3600);

impl Node {
    /// Now, as our own promises count it, Unix seconds.
    ///
    /// # Errors
    /// [`Refusal::Clock`] where clock and chain differ too much, or no block was seen yet.
    pub(super) fn promise_time(&self) -> Result<u64, Refusal> {
        let (clock_secs, chain_secs) = (self.now.secs(), self.time());
        let limit_secs = self.network.timing.skew_secs;
        if clock_secs.abs_diff(chain_secs) > limit_secs {
            return Err(Refusal::Clock { clock_secs, chain_secs, limit_secs });
        }
        Ok(clock_secs.max(chain_secs))
    }

    /// Whether anything may be promised to this peer.
    ///
    /// # Errors
    /// [`Refusal::Paused`].
    pub(super) fn check_not_paused(&self, peer: PeerKey) -> Result<(), Refusal> {
        let Some(times) = self.unconfirmed.get(&peer) else { return Ok(()) };
        let (Some(first), Some(last)) = (times.front(), times.back()) else { return Ok(()) };
        let until = last.plus(HOUR);
        if times.len() < UNCONFIRMED_MAX || last.since(*first) > HOUR || self.now >= until {
            return Ok(());
        }
        Err(Refusal::Paused { until_secs: until.secs(), count: times.len() })
    }

    /// Counts an acceptance that a peer did not confirm.
    pub(super) fn note_unconfirmed(&mut self, peer: PeerKey, at: Timestamp) {
        let times = self.unconfirmed.entry(peer).or_default();
        if times.len() == UNCONFIRMED_MAX {
            times.pop_front();
        }
        times.push_back(at);
    }

    /// Money that open deals, firm acceptances and held heads may still cost, apart from one negotiation.
    pub(super) fn committed_besides(&self, except: NegotiationId) -> Usdc {
        let deals = self.deals.values().map(crate::deal::Deal::committed);
        Usdc::sum(deals.chain(self.reserved_besides(except))).unwrap_or(Usdc(u64::MAX))
    }

    /// What firm acceptances, held heads and agreed deals that no block shows open yet may still draw from
    /// the mandate, apart from one negotiation.
    pub(super) fn firm_besides(&self, except: NegotiationId) -> Usdc {
        let unopened = self.deals.values().filter(|deal| !deal.opened && deal.negotiation != except);
        let deals = unopened.map(crate::deal::Deal::committed);
        Usdc::sum(deals.chain(self.reserved_besides(except))).unwrap_or(Usdc(u64::MAX))
    }

    /// What is reserved for negotiations that are no deals yet.
    fn reserved_besides(&self, except: NegotiationId) -> impl Iterator<Item = Usdc> {
        self.negotiations
            .values()
            .filter(move |n| n.side == Side::A && !n.ended && n.id != except && self.deal_of(n).is_none())
            .filter_map(Negotiation::reserved)
    }

    /// The deal that came of a negotiation, once it is one.
    pub(super) fn deal_of(&self, negotiation: &Negotiation) -> Option<DealId> {
        let accepted = negotiation.accepted.as_ref()?;
        let id = accepted.deal.id(&self.network.deployment.contracts);
        self.deals.contains_key(&id).then_some(id)
    }

    /// Whether a finalised block past `fund_by` shows the escrow's slot empty, or the deal is void: it
    /// can never open, and what was reserved for it is free.
    pub(super) fn can_never_open(&self, deal: DealId, fund_by: u64) -> bool {
        let voided = self.ledger.state().voided(deal);
        let voided = voided.is_some_and(|fact| self.ledger.level(&fact.at) >= Level::Safe);
        voided || self.final_time() > fund_by && self.deal_fact(deal).is_none()
    }
}
