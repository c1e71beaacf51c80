//! The panel: drawn again from the beacon's signature and the register on chain.
//!
//! Request and acceptances are signed, the draw follows from them, the walk gives the same reasons, and
//! its members are those whose hash the terms carry. Each member shows a card, or a model family that
//! must not judge could hide behind its absence; and the request leaves no ripe seat out, or the two
//! sides could have cut the register to seats of their own.
//!
//! Deliberately absent: acceptances that came too late to count; only the two sides know them.

use std::collections::BTreeSet;

use alloy_primitives::Address;

use super::Examination;
use crate::{
    abi::ChainEvent,
    audit::{
        Built,
        compose::Draw,
        logs::{LoggedAt, register},
        papers::{DealProofs, PanelProofs},
    },
    beacon::Round,
    typed::{Typed, address_list_hash, seconds},
};

const FILE: &str = "proofs/panel.json";

/// How long after the request its round may come at most before seats that joined in between count as
/// left out, in seconds beyond the seat age.
const ASKED_AHEAD_SECS: u64 = 600;

impl Examination<'_> {
    /// Checks the panel and gives its members; none where the draw does not give the terms' panel.
    pub(super) fn panel(
        &mut self,
        built: &Built,
        (deal, panel): (&DealProofs, &PanelProofs),
        real: &[(LoggedAt, ChainEvent)],
    ) -> BTreeSet<Address> {
        self.requested(deal, panel);
        self.whole_register(built, panel, real);
        let draw = Draw {
            beacon: &built.beacon,
            seat_age_secs: built.seat_age_secs,
            terms: &deal.terms,
            panel,
            cards: self.cards.iter().map(|card| card.content()).collect(),
        };
        let walked = match draw.walk(built.deployment.contracts.chain_id, real) {
            Ok(walked) => walked,
            Err(why) => {
                self.find(FILE, "panel", why);
                return BTreeSet::new();
            }
        };
        self.hold(walked.steps == panel.walk, FILE, "panel", "the walk gives other reasons");
        let Some(members) = walked.panel else {
            self.find(FILE, "panel", "too few seats are left after the walk");
            return BTreeSet::new();
        };
        let hash = address_list_hash(members.iter().copied());
        if !self.hold(hash == Ok(deal.terms.panel), FILE, "panel", "the draw gives another panel") {
            return BTreeSet::new();
        }
        for member in &members {
            let shown = self.card(*member).is_some();
            self.hold(shown, FILE, "card", format!("there is no card of the juror {member}"));
            self.signed("panel.drawn", *member, None, FILE);
        }
        members.into_iter().collect()
    }

    fn requested(&mut self, deal: &DealProofs, panel: &PanelProofs) {
        let (terms, request, contracts) = (&deal.terms, &panel.request, self.contracts());
        let digest = request.digest(&contracts);
        self.hold(digest == terms.meta.panelRequest, FILE, "id", "the deal names another panel request");
        let fixed = (request.jury, request.beaconRound, request.attempt, request.quorum);
        let agreed = (terms.jury, terms.meta.beaconRound, terms.meta.attempt, terms.quorum);
        let message = "jury, round, attempt and quorum are not those of the terms";
        self.hold(fixed == agreed, FILE, "panel", message);
        let jury = terms.jury == contracts.jury;
        self.hold(jury, FILE, "panel", "the terms name a jury contract whose register is not this one");
        for (by, signature) in [(terms.buyer, &panel.by_buyer), (terms.seller, &panel.by_seller)] {
            if self.typed(FILE, digest, signature, by) {
                self.signed("panel.requested", by, None, FILE);
            }
        }
        for seat in &panel.accepted {
            let named = seat.request == digest.0;
            self.hold(named, FILE, "panel", format!("{} accepted a seat for another request", seat.juror));
            let accept = seat.typed().digest(&contracts);
            if self.typed(FILE, accept, &seat.signature, seat.juror) {
                self.signed("seat.accepted", seat.juror, None, FILE);
            }
        }
    }

    /// The request counts no seat that was not there, and leaves none out that was ripe.
    fn whole_register(&mut self, built: &Built, panel: &PanelProofs, real: &[(LoggedAt, ChainEvent)]) {
        let seats = seconds(panel.request.seats);
        let drawn_at = built.beacon.time_of(Round(panel.request.beaconRound));
        let here = register(real, drawn_at).len() as u64;
        let message =
            format!("the request counts {seats} seats, the register had {here} of them at the draw");
        self.hold(seats <= here, FILE, "seats", message);
        let ripe = |time: u64| time + built.seat_age_secs + ASKED_AHEAD_SECS <= drawn_at;
        let left_out = self.chain.logs.iter().any(|log| {
            let seated = built.deployment.decode(log).ok().flatten();
            let Some(ChainEvent::Seated { seat, .. }) = seated else { return false };
            let time = self.chain.times.get(&log.block.number).copied().unwrap_or_default();
            seat.0 >= seats && ripe(time)
        });
        let message = format!("the request counts {seats} seats and leaves out one that was old enough");
        self.hold(!left_out, FILE, "seats", message);
    }
}
