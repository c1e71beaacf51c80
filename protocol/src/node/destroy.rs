//! When the keys of an NDA may go, and what goes with them.
//!
//! Everything that was said under an NDA is stored sealed with its key. Once that key is destroyed the
//! records are empty rows; [`Record::Destroyed`](crate::record::Record::Destroyed) says so, and a start
//! passes over exactly those. What is open under an NDA holds its keys: money in escrow and a firm
//! acceptance cannot be forgotten.
//!
//! Deliberately absent: doing it. The shell destroys keys while no node runs on them.

use super::{Node, not_found, not_now};
use crate::{
    command::Refusal,
    ids::{DealId, NdaId, PaperId},
};

impl Node {
    /// The NDA of a draft, and the deals whose secrets go with its keys.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], or [`Refusal::NotNow`] while something under it is open.
    pub fn destruction(&self, draft: PaperId) -> Result<(NdaId, Vec<DealId>), Refusal> {
        let state = self.ndas.get(&draft).ok_or_else(|| not_found("nda", draft))?;
        let id = state.id.ok_or_else(|| not_now("this NDA has no keys of its own yet"))?;
        let deals = || self.deals.values().filter(|deal| deal.nda == draft);
        if let Some(open) = deals().find(|deal| !deal.closed && !deal.lapsed) {
            return Err(not_now(&format!("deal {} is open and needs its papers", open.id)));
        }
        let firm = |negotiation: &&crate::stage::negotiation::Negotiation| {
            negotiation.nda == draft && negotiation.accepted.is_some() && !self.is_over(negotiation)
        };
        if let Some(firm) = self.negotiations.values().find(firm) {
            return Err(not_now(&format!("negotiation {} holds a firm acceptance", firm.id)));
        }
        Ok((id, deals().map(|deal| deal.id).collect()))
    }
}
