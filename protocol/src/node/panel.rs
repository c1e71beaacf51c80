//! How the pair gets its panel: one request signed by both, a beacon round, a walk, acceptances.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use rand_core::CryptoRng;

use super::Node;
use crate::{
    beacon::{Proof as BeaconProof, Randomness, Round},
    command::Event,
    document::{AgentCard, Category, Role},
    ids::{ContentHash, NegotiationId, PeerKey},
    job::{Job, Payload, Signing, Slot},
    misconduct::Misconduct,
    panel::{
        ATTEMPTS_MAX, DrawInputs, Exclusions, RequestedDraw, Seat, SeatIndex, Walk, check_request, draw, walk,
    },
    record::Record,
    side::Side,
    stage::negotiation::{ATTEMPTS, Negotiation, NegotiationEvent},
    time::Timestamp,
    typed::{self, EthSignature, PanelRequest, SeatAccept, Typed, address_list_hash},
    wire::{Direct, PanelAsk, Say, SeatAccepted, SeatInvite},
};

/// How long a juror's acceptance holds, seconds.
const SEAT_SECS: u64 = 30 * 86_400;

/// When the candidates of an attempt are invited again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invited {
    attempt: u8,
    next: Timestamp,
    pause: Duration,
}

impl Node {
    fn attempt_rounds(&self, first: u64) -> [Round; ATTEMPTS_MAX] {
        let period = self.network.beacon.time_of(Round(2)) - self.network.beacon.time_of(Round(1));
        let gap = (self.network.timing.attempt.as_secs() / period.max(1)).max(1);
        [0, 1, 2].map(|attempt| Round(first + attempt * gap))
    }

    fn record_negotiation(&mut self, id: NegotiationId, event: NegotiationEvent) {
        let Some(nda) = self.negotiations.get(&id).map(|n| n.nda) else { return };
        self.record(Record::Negotiation { id, nda, event });
    }

    /// Moves the panel of a negotiation as far as it goes by itself.
    pub(super) fn drive_panel(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        if negotiation.panel.is_some() || negotiation.ended {
            self.invited.remove(&id);
            return;
        }
        let attempt = negotiation.current();
        let number = negotiation.attempt;
        let Some(request) = attempt.request.clone() else {
            if negotiation.side == Side::A {
                self.ask_panel(id);
            }
            return;
        };
        if attempt.by_a.is_none() || attempt.by_b.is_none() {
            return self.fail_when_late(id, request.beaconRound, rng);
        }
        let Some(beacon) = attempt.beacon.clone() else {
            let due = Timestamp::from_secs(self.network.beacon.time_of(Round(request.beaconRound)));
            if self.now >= due {
                self.start(Some(negotiation.nda), Job::Beacon { round: request.beaconRound });
            }
            return self.fail_when_late(id, request.beaconRound, rng);
        };
        if negotiation.side == Side::A && attempt.proposed.is_none() {
            let accepted = attempt.accepted.clone();
            if let Some(members) = self.members(negotiation, &request, &beacon, &accepted) {
                let nda = negotiation.nda;
                let said = self.say(
                    nda,
                    Category::Announcement,
                    Say::PanelFormed { attempt: number, beacon, accepted: accepted.into_values().collect() },
                    rng,
                );
                if said.is_ok() {
                    self.record_negotiation(id, NegotiationEvent::PanelProposed { attempt: number, members });
                }
                return;
            }
            self.invite_when_due(id);
        }
        self.fail_when_late(id, request.beaconRound, rng);
    }

    /// Whether an attempt's time is over, and the next one then.
    fn fail_when_late(&mut self, id: NegotiationId, round: u64, rng: &mut dyn CryptoRng) {
        let late =
            Timestamp::from_secs(self.network.beacon.time_of(Round(round))).plus(self.network.timing.attempt);
        if self.now < late {
            return;
        }
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let (attempt, nda) = (negotiation.attempt, negotiation.nda);
        if attempt + 1 >= ATTEMPTS {
            self.record_negotiation(id, NegotiationEvent::Ended);
            self.note(Event::Ended { negotiation: id });
            let _ = self.say(nda, Category::Announcement, Say::End, rng);
        } else {
            self.record_negotiation(id, NegotiationEvent::AttemptFailed { attempt });
        }
    }

    /// When the panel of a negotiation must be looked at again.
    pub(super) fn panel_deadline(&self, negotiation: &Negotiation) -> Option<Timestamp> {
        if negotiation.panel.is_some() || negotiation.ended {
            return None;
        }
        let attempt = negotiation.current();
        let round = attempt.request.as_ref()?.beaconRound;
        let due = Timestamp::from_secs(self.network.beacon.time_of(Round(round)));
        if self.now < due {
            return Some(due);
        }
        let late = due.plus(self.network.timing.attempt);
        Some(self.invited.get(&negotiation.id).map_or(late, |invited| late.min(invited.next)))
    }

    /// As the buyer: name a round that nobody can know, and sign.
    fn ask_panel(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let nda = negotiation.nda;
        let attempt = negotiation.attempt;
        let first = match negotiation.attempts.first().and_then(|first| first.request.as_ref()) {
            Some(request) => request.beaconRound,
            None => self.clock_round().0 + self.network.timing.rounds_ahead + 1,
        };
        let seats = self.registered().count() as u64;
        let request = PanelRequest {
            negotiation: B256::new(id.0),
            jury: self.network.deployment.contracts.jury,
            beaconRound: self.attempt_rounds(first)[usize::from(attempt)].0,
            seats: typed::u40(seats),
            size: negotiation.begin.size,
            quorum: negotiation.begin.quorum,
            attempt,
        };
        if seats < u64::from(request.size) {
            return;
        }
        let digest = request.digest(&self.network.deployment.contracts).0;
        let at = self.now;
        self.record_negotiation(id, NegotiationEvent::PanelAsked { request, at });
        let slot = Slot::exclusive(format!("panel/{id}/{attempt}"));
        self.sign(Some(nda), slot, vec![Payload::Typed { digest }], Signing::PanelRequest(id, attempt));
    }

    fn clock_round(&self) -> Round {
        self.network.beacon.round_at(self.now.secs())
    }

    pub(super) fn on_panel_request_signed(
        &mut self,
        id: NegotiationId,
        attempt: u8,
        signature: EthSignature,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let side = negotiation.side;
        self.record_negotiation(id, NegotiationEvent::PanelSigned { attempt, side, signature });
        self.say_panel(id, rng);
    }

    /// Says again what the other side may not have heard about the panel.
    pub(super) fn say_panel(&mut self, id: NegotiationId, rng: &mut dyn CryptoRng) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let attempt = negotiation.current();
        let Some(request) = &attempt.request else { return };
        let nda = negotiation.nda;
        let body = match (negotiation.side, &attempt.proposed, &attempt.beacon) {
            // The seats of the proposed panel alone: with a later acceptance another panel would follow.
            (Side::A, Some(members), Some(beacon)) => Some(Say::PanelFormed {
                attempt: negotiation.attempt,
                beacon: beacon.clone(),
                accepted: members.clone(),
            }),
            (Side::A, _, _) => attempt.by_a.map(|signature| {
                Say::PanelRequest(PanelAsk {
                    beacon_round: request.beaconRound,
                    seats: typed::seconds(request.seats),
                    attempt: request.attempt,
                    signature,
                })
            }),
            (Side::B, _, _) => attempt.by_b.map(Say::PanelSigned),
        };
        if let Some(body) = body {
            let _ = self.say(nda, Category::Announcement, body, rng);
        }
    }

    /// As the seller: the request is sound, so sign it too.
    pub(super) fn on_panel_ask(&mut self, id: NegotiationId, ask: &PanelAsk) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        if negotiation.side != Side::B || negotiation.panel.is_some() {
            return Err(Misconduct::OutOfTurn);
        }
        if ask.attempt < negotiation.attempt {
            return Ok(());
        }
        if let Some(held) = &negotiation.current().request {
            let same = held.beaconRound == ask.beacon_round && held.attempt == ask.attempt;
            if same || ask.attempt > negotiation.attempt {
                return Ok(());
            }
            let other = PanelRequest {
                beaconRound: ask.beacon_round,
                seats: typed::u40(ask.seats),
                attempt: ask.attempt,
                ..held.clone()
            };
            let digest = other.digest(&self.network.deployment.contracts).0;
            let (buyer, _) = self.accounts(negotiation.nda).ok_or(Misconduct::WrongNda)?;
            self.check_typed(digest, &ask.signature, buyer, "panel request")?;
            return Err(Misconduct::SecondDigest { slot: format!("panel/{id}/{}", ask.attempt) });
        }
        let first = negotiation.attempts.first().and_then(|a| a.request.as_ref()).map(|r| r.beaconRound);
        let rounds = self.attempt_rounds(first.unwrap_or(ask.beacon_round));
        if rounds[usize::from(ask.attempt.min(2))].0 != ask.beacon_round {
            return Err(Misconduct::WrongPanel);
        }
        let (size, quorum, nda) = (negotiation.begin.size, negotiation.begin.quorum, negotiation.nda);
        if first.is_none() {
            let clock = self.clock_round();
            let requested = RequestedDraw { rounds: &rounds, seats: ask.seats, size, quorum };
            check_request(&requested, clock, clock).map_err(|_| Misconduct::StaleRound {
                round: ask.beacon_round,
                earliest: clock.plus(crate::panel::ROUNDS_AHEAD_MIN).0,
            })?;
        }
        if ask.seats > self.registered().count() as u64 {
            return Err(Misconduct::WrongPanel);
        }
        let request = PanelRequest {
            negotiation: B256::new(id.0),
            jury: self.network.deployment.contracts.jury,
            beaconRound: ask.beacon_round,
            seats: typed::u40(ask.seats),
            size,
            quorum,
            attempt: ask.attempt,
        };
        let digest = request.digest(&self.network.deployment.contracts).0;
        let buyer = self.accounts(nda).map(|(buyer, _)| buyer).ok_or(Misconduct::WrongNda)?;
        self.check_typed(digest, &ask.signature, buyer, "panel request")?;
        let at = self.now;
        self.record_negotiation(id, NegotiationEvent::PanelAsked { request, at });
        let signed =
            NegotiationEvent::PanelSigned { attempt: ask.attempt, side: Side::A, signature: ask.signature };
        self.record_negotiation(id, signed);
        let slot = Slot::exclusive(format!("panel/{id}/{}", ask.attempt));
        let payload = Payload::Typed { digest };
        self.sign(Some(nda), slot, vec![payload], Signing::PanelRequest(id, ask.attempt));
        Ok(())
    }

    pub(super) fn on_panel_countersigned(
        &mut self,
        id: NegotiationId,
        signature: EthSignature,
    ) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        let attempt = negotiation.current();
        let Some(request) = &attempt.request else { return Err(Misconduct::OutOfTurn) };
        if negotiation.side != Side::A || attempt.by_b.is_some() {
            return Ok(());
        }
        let (_, seller) = self.accounts(negotiation.nda).ok_or(Misconduct::WrongNda)?;
        let digest = request.digest(&self.network.deployment.contracts).0;
        self.check_typed(digest, &signature, seller, "panel request")?;
        let signed = NegotiationEvent::PanelSigned { attempt: negotiation.attempt, side: Side::B, signature };
        self.record_negotiation(id, signed);
        Ok(())
    }

    pub(super) fn on_beacon(&mut self, round: u64, signature: &[u8]) {
        let waiting: Vec<NegotiationId> = self
            .negotiations
            .values()
            .filter(|n| n.panel.is_none() && !n.ended && n.current().beacon.is_none())
            .filter(|n| n.current().request.as_ref().is_some_and(|r| r.beaconRound == round))
            .map(|n| n.id)
            .collect();
        if self.verify_beacon(round, signature).is_none() {
            return self.note(Event::Trouble { what: format!("beacon round {round} does not verify") });
        }
        for id in waiting {
            let Some(negotiation) = self.negotiations.get(&id) else { continue };
            let attempt = negotiation.attempt;
            self.record_negotiation(id, NegotiationEvent::Drawn { attempt, beacon: signature.to_vec() });
            self.invite_when_due(id);
        }
    }

    fn verify_beacon(&self, round: u64, signature: &[u8]) -> Option<Randomness> {
        let proof = BeaconProof(<[u8; 48]>::try_from(signature).ok()?);
        self.network.beacon.verify(Round(round), &proof).ok()
    }

    /// As the buyer: invite, and invite again whoever has not answered, each time after twice as long.
    ///
    /// A candidate may have been unknown or down at first, and may have got the invitation and lost its
    /// answer. The first one of an attempt waits in the outbox for its receipt; nobody misses a later one.
    fn invite_when_due(&mut self, id: NegotiationId) {
        let Some(number) = self.negotiations.get(&id).map(|negotiation| negotiation.attempt) else { return };
        let before = self.invited.get(&id).filter(|invited| invited.attempt == number);
        if before.is_some_and(|invited| self.now < invited.next) {
            return;
        }
        let again = before.is_some();
        let pause = before.map_or(self.network.timing.resend, |invited| invited.pause * 2);
        let invited = Invited { attempt: number, next: self.now.plus(pause), pause };
        self.invited.insert(id, invited);
        self.invite(id, again);
    }

    /// Asks every drawn candidate that we can reach and that has not accepted.
    fn invite(&mut self, id: NegotiationId, again: bool) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let attempt = negotiation.current();
        let (Some(request), Some(beacon)) = (&attempt.request, &attempt.beacon) else { return };
        let (Some(by_a), Some(by_b), Side::A) = (attempt.by_a, attempt.by_b, negotiation.side) else {
            return;
        };
        let Some((buyer, seller)) = self.accounts(negotiation.nda) else { return };
        let Some(candidates) = self.candidates(request, beacon) else { return };
        let seats = self.seats();
        let invite = SeatInvite {
            negotiation: id,
            beacon_round: request.beaconRound,
            seats: typed::seconds(request.seats),
            size: request.size,
            quorum: request.quorum,
            attempt: request.attempt,
            parties: [buyer, seller],
            signatures: [by_a, by_b],
            fee: negotiation.begin.seat_fee(),
            until: self.now.secs() + SEAT_SECS,
        };
        let silent = |holder: &Address| !attempt.accepted.contains_key(holder);
        let holders = candidates.iter().filter_map(|index| seats.get(index)).map(|seat| seat.holder);
        let holders: BTreeSet<Address> = holders.filter(silent).collect();
        let peers: Vec<PeerKey> = holders
            .iter()
            .filter_map(|h| self.directory.settlement(*h))
            .map(|l| l.card.document.node)
            .collect();
        for peer in peers {
            let body = Direct::SeatInvite(Box::new(invite.clone()));
            if again {
                self.send_once(peer, body);
            } else {
                self.post(peer, None, body);
            }
        }
    }

    /// Seats as the draw sees them, with the model families that their cards declare.
    fn seats(&self) -> BTreeMap<SeatIndex, Seat> {
        self.registered()
            .map(|seat| {
                let card = self.directory.settlement(seat.holder).map(|listing| &listing.card.document);
                let family = card.and_then(|card| card.model_family.as_ref()).map(ToString::to_string);
                (seat.index, Seat { model_family: family, ..seat })
            })
            .collect()
    }

    /// The ordered candidates that a request's beacon round gives.
    pub(super) fn candidates(&self, request: &PanelRequest, beacon: &[u8]) -> Option<Vec<SeatIndex>> {
        let randomness = self.verify_beacon(request.beaconRound, beacon)?;
        Some(draw(&DrawInputs {
            chain_id: self.network.deployment.contracts.chain_id,
            jury: request.jury,
            randomness: &randomness,
            negotiation: NegotiationId(request.negotiation.0),
            attempt: request.attempt,
            seats: typed::seconds(request.seats),
            size: request.size,
        }))
    }

    /// The walk over the candidates with what is known to have been accepted.
    pub(super) fn walk_panel(
        &self,
        negotiation: &Negotiation,
        request: &PanelRequest,
        beacon: &[u8],
        accepted: &BTreeMap<Address, SeatAccepted>,
    ) -> Option<Walk> {
        let candidates = self.candidates(request, beacon)?;
        let (buyer, seller) = self.accounts(negotiation.nda)?;
        let cards = [buyer, seller].map(|account| self.card_of(account));
        let exclusions = Exclusions {
            principals: cards.iter().flatten().map(|card| card.principal.address).collect(),
            model_families: cards
                .iter()
                .flatten()
                .filter_map(|card| card.model_family.as_ref().map(ToString::to_string))
                .collect(),
            age_secs_min: self.network.timing.seat_age_secs,
            drawn_at_secs: self.network.beacon.time_of(Round(request.beaconRound)),
        };
        Some(walk(&candidates, &self.seats(), &exclusions, accepted, request.size))
    }

    /// The panel that follows, sorted by account; nothing while seats are missing.
    fn members(
        &self,
        negotiation: &Negotiation,
        request: &PanelRequest,
        beacon: &[u8],
        accepted: &BTreeMap<Address, SeatAccepted>,
    ) -> Option<Vec<SeatAccepted>> {
        let mut panel = self.walk_panel(negotiation, request, beacon, accepted)?.panel?;
        panel.sort_unstable();
        panel.iter().map(|juror| accepted.get(juror).cloned()).collect()
    }

    fn card_of(&self, account: Address) -> Option<&AgentCard> {
        if account == self.me.settlement() {
            return Some(self.me.card.document.content());
        }
        self.directory.settlement(account).map(|listing| listing.card.document.content())
    }

    /// The buyer's and the seller's accounts under an NDA.
    pub(super) fn accounts(&self, nda: crate::ids::PaperId) -> Option<(Address, Address)> {
        let (text, _) = self.ndas.get(&nda)?.signed()?;
        Some((text.a.settlement, text.b.settlement))
    }

    /// As the seller: the panel that the buyer computed must be the one that follows here.
    pub(super) fn on_panel_formed(
        &mut self,
        id: NegotiationId,
        attempt: u8,
        beacon: &[u8],
        accepted: Vec<SeatAccepted>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        if negotiation.side != Side::B || negotiation.attempt != attempt {
            return Err(Misconduct::OutOfTurn);
        }
        let nda = negotiation.nda;
        if let Some(panel) = &negotiation.panel {
            let hash = panel_hash(panel);
            let _ = self.say(nda, Category::Announcement, Say::PanelAgreed(hash), rng);
            return Ok(());
        }
        let seat_fee = negotiation.begin.seat_fee();
        let request = negotiation.current().request.clone().ok_or(Misconduct::OutOfTurn)?;
        self.verify_beacon(request.beaconRound, beacon).ok_or(Misconduct::WrongPanel)?;
        let mut known = BTreeMap::new();
        for seat in accepted {
            self.check_seat(&request, &seat)?;
            if seat.fee != seat_fee {
                return Err(Misconduct::TermsDiffer { what: "seat fee".into() });
            }
            known.insert(seat.juror, seat);
        }
        let members = self.members(negotiation, &request, beacon, &known).ok_or(Misconduct::WrongPanel)?;
        let hash = panel_hash(&members);
        if negotiation.current().beacon.is_none() {
            self.record_negotiation(id, NegotiationEvent::Drawn { attempt, beacon: beacon.to_vec() });
        }
        for seat in known.into_values() {
            self.record_negotiation(id, NegotiationEvent::SeatAccepted(Box::new(seat)));
        }
        self.record_negotiation(id, NegotiationEvent::PanelSet { attempt, members });
        self.note(Event::PanelDrawn { negotiation: id, attempt });
        let _ = self.say(nda, Category::Announcement, Say::PanelAgreed(hash), rng);
        Ok(())
    }

    pub(super) fn on_panel_agreed(&mut self, id: NegotiationId, hash: ContentHash) -> Result<(), Misconduct> {
        let negotiation = self.negotiations.get(&id).ok_or(Misconduct::OutOfTurn)?;
        if negotiation.panel.is_some() {
            return Ok(());
        }
        let members = negotiation.current().proposed.clone().ok_or(Misconduct::OutOfTurn)?;
        if panel_hash(&members) != hash {
            return Err(Misconduct::WrongPanel);
        }
        let attempt = negotiation.attempt;
        self.record_negotiation(id, NegotiationEvent::PanelSet { attempt, members });
        self.note(Event::PanelDrawn { negotiation: id, attempt });
        Ok(())
    }

    fn check_seat(&self, request: &PanelRequest, seat: &SeatAccepted) -> Result<(), Misconduct> {
        let digest = request.digest(&self.network.deployment.contracts);
        let accept = seat_accept(seat);
        if seat.request != digest.0 || seat.until <= self.now.secs() {
            return Err(Misconduct::WrongDomain { what: "seat acceptance".into() });
        }
        let signed = accept.digest(&self.network.deployment.contracts).0;
        self.check_typed(signed, &seat.signature, seat.juror, "seat acceptance")
    }

    /// As a juror: take a seat that both parties asked for.
    pub(super) fn on_seat_invite(&mut self, from: PeerKey, invite: SeatInvite) -> Result<(), Misconduct> {
        if !self.me.card.document.roles.contains(&Role::Juror) {
            return Ok(());
        }
        let request = invite_request(&invite, self.network.deployment.contracts.jury);
        let digest = request.digest(&self.network.deployment.contracts).0;
        for (signature, party) in invite.signatures.iter().zip(invite.parties) {
            self.check_typed(digest, signature, party, "panel request")?;
        }
        let now = self.now.secs();
        if invite.until <= now || invite.until > now + 2 * SEAT_SECS {
            return Err(Misconduct::StaleAnnouncement { got: invite.until, held: now });
        }
        // Whoever offers less than our principal asks for gets no answer, as from a busy juror.
        if invite.fee < self.policy.seat_fee_min {
            return Ok(());
        }
        let ours = self.me.settlement();
        if invite.parties.contains(&ours) || !self.registered().any(|seat| seat.holder == ours && seat.active)
        {
            return Ok(());
        }
        self.start(None, Job::SeatKey { invite: Box::new(invite), request: digest, from });
        Ok(())
    }

    /// Our key for the seat is there: sign the acceptance.
    pub(super) fn on_seat_key(
        &mut self,
        invite: &SeatInvite,
        request: [u8; 32],
        recipient: [u8; 32],
        from: PeerKey,
    ) {
        let seat = SeatAccepted {
            negotiation: invite.negotiation,
            request,
            juror: self.me.settlement(),
            recipient,
            fee: invite.fee,
            until: invite.until,
            signature: EthSignature([0; 65]),
        };
        let payload =
            Payload::Typed { digest: seat_accept(&seat).digest(&self.network.deployment.contracts).0 };
        let slot = Slot::open(format!("seat/{}/{}", invite.negotiation, invite.attempt));
        self.sign(None, slot, vec![payload], Signing::Seat(Box::new(seat), from));
    }

    pub(super) fn on_seat_signed(&mut self, mut seat: SeatAccepted, to: PeerKey, signature: EthSignature) {
        seat.signature = signature;
        self.post(to, None, Direct::SeatAccepted(Box::new(seat)));
    }

    pub(super) fn on_seat_accepted(&mut self, seat: SeatAccepted) -> Result<(), Misconduct> {
        let Some(negotiation) = self.negotiations.get(&seat.negotiation) else { return Ok(()) };
        let attempt = negotiation.current();
        let Some(request) = &attempt.request else { return Ok(()) };
        if negotiation.panel.is_some() || attempt.accepted.contains_key(&seat.juror) {
            return Ok(());
        }
        if seat.request != request.digest(&self.network.deployment.contracts).0 {
            return Ok(());
        }
        if seat.fee != negotiation.begin.seat_fee() {
            return Err(Misconduct::TermsDiffer { what: "seat fee".into() });
        }
        self.check_seat(request, &seat)?;
        let id = negotiation.id;
        self.record_negotiation(id, NegotiationEvent::SeatAccepted(Box::new(seat)));
        Ok(())
    }
}

fn invite_request(invite: &SeatInvite, jury: Address) -> PanelRequest {
    PanelRequest {
        negotiation: B256::new(invite.negotiation.0),
        jury,
        beaconRound: invite.beacon_round,
        seats: typed::u40(invite.seats),
        size: invite.size,
        quorum: invite.quorum,
        attempt: invite.attempt,
    }
}

/// An acceptance as the juror signs it.
#[must_use]
pub(super) fn seat_accept(seat: &SeatAccepted) -> SeatAccept {
    seat.typed()
}

/// The hash of a panel as the terms carry it.
#[must_use]
pub(super) fn panel_hash(members: &[SeatAccepted]) -> ContentHash {
    let hash = address_list_hash(members.iter().map(|seat| seat.juror));
    ContentHash(hash.map_or([0; 32], |hash| hash.0))
}
