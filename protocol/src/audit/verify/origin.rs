//! Where trust begins: the contracts, and the principals behind the two agents.
//!
//! Whoever makes a bundle may also make contracts, a beacon and cards of its own. So the index must
//! name the very contracts that the verifier found, with the beacon and the seat age that they were
//! built with; and a party's card must be the one that its principal's mandate on chain names, for
//! the principal decides which seats may not judge the deal.
//!
//! Deliberately absent: principals of a side that acts without a mandate. Nothing on chain names them.

use super::Examination;
use crate::{
    abi::ChainEvent,
    audit::{Built, INDEX, logs::LoggedAt, papers::DealProofs},
};

impl Examination<'_> {
    /// Contracts, beacon and seat age of the index are those of the chain.
    pub(super) fn as_built(&mut self, built: &Built) -> bool {
        let (ours, theirs) = (&self.index.deployment, &built.deployment);
        let (named, found) = (ours.contracts.escrow, theirs.contracts.escrow);
        let message =
            format!("the bundle is of other contracts: its escrow is {named}, the known one {found}");
        let same = self.hold(ours == theirs, INDEX, "contracts", message);
        let beacon = self.index.beacon.is(&built.beacon);
        self.hold(beacon, INDEX, "beacon", "the beacon is not the one that the contract was built with");
        let (age, on_chain) = (self.index.seat_age_secs, built.seat_age_secs);
        let message = format!("seats are drawn from the age of {age} s, the jury contract says {on_chain} s");
        same & beacon & self.hold(age == on_chain, INDEX, "seat-age", message)
    }

    /// Only a side of the deal tells of it.
    pub(super) fn exporter(&mut self, deal: &DealProofs) {
        let sides = [deal.terms.buyer, deal.terms.seller];
        let exporter = self.index.exporter;
        let side = sides.iter().any(|side| self.card(*side).is_some_and(|card| card.agent == exporter));
        self.hold(side, INDEX, "exporter", format!("{exporter} is no side of the deal"));
    }

    /// A side's card is the one that the newest mandate before the opening names, and so is its principal.
    pub(super) fn mandates(&mut self, deal: &DealProofs, real: &[(LoggedAt, ChainEvent)]) {
        let opened = |(_, event): &&(LoggedAt, ChainEvent)| !matches!(event, ChainEvent::Opened { .. });
        let before: Vec<_> = real.iter().take_while(opened).collect();
        for side in [deal.terms.buyer, deal.terms.seller] {
            let granted = before.iter().rev().find_map(|(_, event)| {
                let ChainEvent::Granted { mandate, .. } = event else { return None };
                (mandate.agent == side).then_some(mandate)
            });
            let (Some(mandate), Some(card)) = (granted, self.card(side)) else { continue };
            let (principal, id) = (card.principal.address, card.id().word());
            let file = format!("cards/0x{}.json", hex::encode(side));
            let message =
                format!("the card names the principal {principal}, the mandate {}", mandate.principal);
            self.hold(principal == mandate.principal, &file, "mandate", message);
            let message = format!("the card is {id}, the mandate is for the card {}", mandate.card);
            self.hold(id == mandate.card, &file, "mandate", message);
        }
    }
}
