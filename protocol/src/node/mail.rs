//! Messages between nodes outside of sessions: taken, answered with a receipt, sent until theirs comes.
//!
//! A message that matters is recorded before it is sent and stays in the outbox until its receipt is there,
//! over restarts of either side; so whoever takes one must bear to take it twice.
//!
//! Deliberately absent: what the messages mean. Each concern has its own file.

use super::{Node, papers};
use crate::{
    canonical,
    command::Event,
    effect::Effect,
    ids::{PaperId, PeerKey},
    misconduct::Misconduct,
    record::Record,
    time::Timestamp,
    wire::{self, Direct, Envelope},
};

/// Messages that may wait for one node.
const OUTBOX_MAX: usize = 65_536;

/// A message that waits for its receipt.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) to: PeerKey,
    pub(super) bytes: Vec<u8>,
    /// When it was last sent by this process.
    pub(super) sent: Option<Timestamp>,
}

impl Node {
    pub(super) fn on_peer_up(&mut self, peer: PeerKey) {
        if self.up.insert(peer) {
            for message in self.outbox.values_mut().filter(|message| message.to == peer) {
                message.sent = None;
            }
            self.dirty.outbox = true;
            self.send_once(peer, Direct::AskDirectory);
            self.dirty.ndas.extend(self.ndas.iter().filter(|(_, nda)| nda.peer == peer).map(|(id, _)| *id));
        }
    }

    pub(super) fn on_message(&mut self, from: PeerKey, bytes: &[u8]) {
        let envelope: Envelope = match canonical::from_untrusted(bytes, wire::MESSAGE_MAX) {
            Ok(envelope) => envelope,
            Err(error) => return self.misbehaved(from, Misconduct::unreadable(&error, "message")),
        };
        let id = envelope.id;
        let ack = !matches!(envelope.body, Direct::Received(_) | Direct::AskDirectory | Direct::Directory(_));
        let taken = match envelope.body {
            Direct::Received(id) => self.on_received(from, id),
            Direct::AskDirectory => self.on_ask_directory(from),
            Direct::Directory(listings) => self.on_directory(listings),
            Direct::Bid(bid, pact, card) => self.on_bid(from, *bid, *pact, *card),
            Direct::Declined(request) => self.on_declined(from, request),
            Direct::NdaDraft(draft) => self.on_nda_draft(from, *draft),
            Direct::NdaSigned(nda, signature) => self.on_nda_signed(from, &nda, &signature),
            Direct::NdaComplete(draft, proof, signature) => {
                self.on_nda_complete(from, draft, &proof, &signature)
            }
            Direct::NdaRefused(draft) => self.on_nda_refused(from, draft),
            Direct::SeatInvite(invite) => self.on_seat_invite(from, *invite),
            Direct::SeatAccepted(seat) => self.on_seat_accepted(*seat),
            Direct::DealSecret(deal, wrapped) => self.on_deal_secret(from, deal, wrapped),
            Direct::Inputs(deal, blob) => self.on_inputs(from, deal, blob),
            Direct::Receipt(receipt) => self.on_receipt(*receipt),
            Direct::Delivery(delivery) => self.on_delivery(from, *delivery),
            Direct::Jury(case, message) => self.on_jury_message(from, case, *message),
            Direct::Verdict(verdict) => self.on_verdict(*verdict),
            Direct::Rating(rating) => self.on_rating(from, *rating),
        };
        match taken {
            Ok(()) if ack => self.send_once(from, Direct::Received(id)),
            Ok(()) => {}
            Err(misconduct) => self.misbehaved(from, misconduct),
        }
    }

    fn on_received(&mut self, from: PeerKey, id: u64) -> Result<(), Misconduct> {
        if self.outbox.get(&id).is_some_and(|message| message.to == from) {
            self.record(Record::Delivered { id });
        }
        Ok(())
    }

    /// Puts a message into the outbox: it is sent until its receipt comes back.
    pub(super) fn post(&mut self, to: PeerKey, nda: Option<PaperId>, body: Direct) {
        if self.outbox.len() >= OUTBOX_MAX {
            return self.note(Event::Trouble { what: "the outbox is full".into() });
        }
        let id = self.next_message;
        self.record(Record::Posted { id, to, nda, body: Box::new(body) });
    }

    /// Sends a message that nobody misses if it is lost.
    pub(super) fn send_once(&mut self, to: PeerKey, body: Direct) {
        self.effects.push(Effect::Send { to, bytes: papers::encode(&Envelope { id: 0, body }) });
    }

    pub(super) fn drive_outbox(&mut self) {
        let now = self.now;
        let resend = self.network.timing.resend;
        for message in self.outbox.values_mut() {
            if message.sent.is_none_or(|sent| now >= sent.plus(resend)) {
                message.sent = Some(now);
                self.effects.push(Effect::Send { to: message.to, bytes: message.bytes.clone() });
            }
        }
    }
}
