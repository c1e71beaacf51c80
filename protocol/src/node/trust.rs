//! What the settled records say about an agent, as this node computes it from the ledger.

use alloy_primitives::Address;

use super::Node;
use crate::{money::Usdc, view::TrustView};

impl Node {
    /// Counts and volume of settled deals of an account.
    pub(super) fn trust(&self, account: Address) -> TrustView {
        let mut view = TrustView::default();
        for (_, deal) in self.ledger.state().deals() {
            if deal.terms.buyer != account && deal.terms.seller != account {
                continue;
            }
            if let Some(closed) = &deal.closed {
                view.deals += 1;
                view.volume = view.volume.checked_add(closed.to_seller).unwrap_or(Usdc(u64::MAX));
            }
            view.ratings += deal.ratings.iter().filter(|rating| rating.ratee == account).count() as u64;
        }
        view
    }
}
