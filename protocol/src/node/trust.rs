//! What the settled records say about an agent, as this node computes it from the ledger.
//!
//! The walk of credibility starts from this node itself: what it rated, and what those rated whom it
//! rated. Accounts without a card in the directory are left out, because a record is kept by DID.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;

use super::Node;
use crate::{
    did::Did,
    document::AgentCard,
    money::Usdc,
    reputation::{self, Parameters, Record},
    view::TrustView,
};

/// Seconds of a day.
const DAY: u64 = 86_400;
/// A rating from here on is praise, below it is a complaint.
const PRAISE_FROM: i128 = 50;

impl Node {
    /// The scores of an account's agent, and the counts beside them.
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
        let scores = self.scores();
        if let Some(score) = self.known(account).and_then(|card| scores.get(&card.agent)) {
            view.risk = score.risk;
            view.standing = score.standing;
        }
        view
    }

    fn scores(&self) -> BTreeMap<Did, reputation::Score> {
        let day = u32::try_from(self.now.secs() / DAY).unwrap_or(u32::MAX);
        let parameters = Parameters { seeds: BTreeSet::from([self.me.did]), day };
        reputation::scores(&self.records(), &parameters)
    }

    /// One record for each rating of a closed deal between agents that are known here.
    fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (id, deal) in self.ledger.state().deals() {
            let Some(closed) = deal.closed.filter(|closed| closed.to_seller > Usdc::ZERO) else { continue };
            for rating in &deal.ratings {
                let (Some(rater), Some(subject)) = (self.known(rating.rater), self.known(rating.ratee))
                else {
                    continue;
                };
                records.push(Record {
                    deal: id,
                    rater: rater.agent,
                    subject: subject.agent,
                    rater_principal: rater.principal.address,
                    subject_principal: subject.principal.address,
                    value: closed.to_seller,
                    fee: Usdc(deal.terms.juryFee),
                    day: u32::try_from(rating.at.time / DAY).unwrap_or(u32::MAX),
                    positive: rating.value >= PRAISE_FROM,
                });
            }
        }
        records
    }

    fn known(&self, account: Address) -> Option<&AgentCard> {
        if account == self.me.settlement() {
            return Some(self.me.card.document.content());
        }
        self.directory.settlement(account).map(|listing| listing.card.document.content())
    }
}
