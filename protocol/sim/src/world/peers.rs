//! What machines send each other: direct messages, gossip, streams and blobs, each as the weather lets it.
//!
//! Whatever is under way to a process that dies is lost with it; what it had sent still arrives. The
//! other end of its streams notices after the last frame, its connections after the usual way.
//!
//! Deliberately absent: discovery. Everybody dials everybody.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use nuncio_protocol::{
    canonical::to_canonical,
    ids::{BlobId, PeerKey, StreamId},
    input::Input,
    job::{JobId, Outcome},
    time::Timestamp,
    wire::{Direct, Envelope},
};
use sha2::{Digest, Sha256};

use super::{What, World};
use crate::host::{Offer, Trick, Who};

/// The network numbers inbound streams from here on.
const INBOUND: u64 = 1 << 63;
/// How much later a gossiped message comes that was lost on its first path.
const GOSSIP_REPAIR: Duration = Duration::from_secs(1);
/// A connection that broke is dialled again after this.
const REDIAL: Duration = Duration::from_millis(400);
/// A peer that was banned is talked to again after this.
const BAN: Duration = Duration::from_secs(10);

/// Connections and streams.
#[derive(Debug, Default)]
pub(super) struct Peers {
    up: BTreeSet<(Who, Who)>,
    streams: BTreeMap<(Who, StreamId), End>,
    next: u64,
}

/// One end of a stream, as its owner sends.
#[derive(Clone, Copy, Debug)]
struct End {
    peer: Who,
    theirs: StreamId,
    /// When the last frame arrives.
    last: Timestamp,
}

/// A blob, or a question for one, on its way.
#[derive(Debug)]
pub(super) enum Arrival {
    /// The connection that both dialled stands.
    Connected { other: Who, life: u64 },
    /// A blob for a vault.
    Offered { from: Who, life: u64, job: JobId, header: Vec<u8>, blob: BlobId, bytes: Vec<u8> },
    /// Somebody asks for a blob, and will ask the rest.
    Asked { by: Who, life: u64, job: JobId, rest: Vec<Who>, blob: BlobId },
    /// A blob that was asked for.
    Fetched { job: JobId, bytes: Vec<u8> },
}

const fn pair(a: Who, b: Who) -> (Who, Who) {
    if a.0 < b.0 { (a, b) } else { (b, a) }
}

impl World {
    fn connected(&self, a: Who, b: Who) -> bool {
        self.peers.up.contains(&pair(a, b))
    }

    fn peer_key(&self, who: Who) -> PeerKey {
        self.host(who).me.card.document.node
    }

    fn way(&mut self) -> Duration {
        self.weather.delay(&mut self.rng)
    }

    /// A machine that came up dials everybody.
    pub(super) fn dial(&mut self, who: Who) {
        for other in (0..self.hosts.len()).map(Who).filter(|other| *other != who) {
            self.dial_one(who, other, Duration::ZERO);
        }
    }

    fn dial_one(&mut self, who: Who, other: Who, wait: Duration) {
        let life = self.host(other).life;
        let way = wait + self.way();
        self.due(way, who, What::Arrival(Arrival::Connected { other, life }));
    }

    fn on_connected(&mut self, who: Who, other: Who, life: u64) {
        let alive = self.host(other).life == life && self.host(other).node.is_some();
        if alive && self.peers.up.insert(pair(who, other)) {
            let (ours, theirs) = (self.peer_key(who), self.peer_key(other));
            self.due(Duration::ZERO, who, What::Input(Input::PeerUp(theirs)));
            self.due(Duration::ZERO, other, What::Input(Input::PeerUp(ours)));
        }
    }

    /// Lets a machine send what its node did not say; it arrives before everything that is on its way.
    pub fn forge(&mut self, from: Who, to: Who, body: Direct) {
        let from = self.peer_key(from);
        let bytes = to_canonical(&Envelope { id: u64::from(u32::MAX), body })
            .expect("invariant: messages are canonical JSON");
        self.due(Duration::ZERO, to, What::Input(Input::Message { from, bytes }));
    }

    /// Breaks the connection between two machines; it is dialled again later.
    pub fn part(&mut self, a: Who, b: Who, again: Duration) {
        if !self.peers.up.remove(&pair(a, b)) {
            return;
        }
        let between: Vec<_> = self
            .peers
            .streams
            .iter()
            .filter(|((o, _), end)| *o == a && end.peer == b)
            .map(|(k, _)| *k)
            .collect();
        for (owner, stream) in between {
            self.break_stream(owner, stream);
        }
        let (key_a, key_b) = (self.peer_key(a), self.peer_key(b));
        self.due(Duration::ZERO, a, What::Input(Input::PeerDown(key_b)));
        self.due(Duration::ZERO, b, What::Input(Input::PeerDown(key_a)));
        self.dial_one(a, b, again.max(REDIAL));
    }

    pub(super) fn ban(&mut self, who: Who, peer: PeerKey) {
        if let Some(other) = self.who(peer) {
            self.part(who, other, BAN);
        }
    }

    /// A machine's process is gone: its connections and streams break at the other end.
    pub(super) fn hang_up(&mut self, who: Who) {
        let streams: Vec<StreamId> =
            self.peers.streams.keys().filter(|(owner, _)| *owner == who).map(|(_, stream)| *stream).collect();
        for stream in streams {
            self.close_stream(who, stream);
        }
        let ours = self.peer_key(who);
        for other in (0..self.hosts.len()).map(Who) {
            if self.peers.up.remove(&pair(who, other)) {
                let way = self.way();
                self.due(way, other, What::Input(Input::PeerDown(ours)));
            }
        }
        for offer in std::mem::take(&mut self.host_mut(who).volatile.offers).into_values() {
            self.answer_offer(&offer, false);
        }
    }

    pub(super) fn send(&mut self, who: Who, to: PeerKey, bytes: &[u8]) {
        let Some(to) = self.who(to).filter(|to| self.connected(who, *to)) else { return };
        let from = self.peer_key(who);
        let copies = 1 + u32::from(self.weather.doubles(&mut self.rng));
        for _ in 0..copies {
            let way = self.way();
            if !self.weather.loses(&mut self.rng) {
                self.due(way, to, What::Input(Input::Message { from, bytes: bytes.to_vec() }));
            }
        }
    }

    pub(super) fn gossip(&mut self, who: Who, bytes: &[u8]) {
        let from = self.peer_key(who);
        for to in (0..self.hosts.len()).map(Who).filter(|to| *to != who) {
            let repair = if self.weather.loses(&mut self.rng) { GOSSIP_REPAIR } else { Duration::ZERO };
            let way = self.way() + repair;
            let id = self.host_mut(to).number();
            self.due(way, to, What::Input(Input::Gossip { id, from, bytes: bytes.to_vec() }));
        }
    }

    pub(super) fn open_stream(&mut self, who: Who, stream: StreamId, peer: PeerKey) {
        let Some(to) = self.who(peer).filter(|to| self.connected(who, *to)) else {
            let way = self.way();
            return self.due(way, who, What::Input(Input::StreamClosed(stream)));
        };
        self.peers.next += 1;
        let theirs = StreamId(INBOUND + self.peers.next);
        let (there, back) = (self.way(), self.way());
        let (arrives, returns) = (self.now.plus(there), self.now.plus(there + back));
        self.peers.streams.insert((who, stream), End { peer: to, theirs, last: arrives });
        self.peers.streams.insert((to, theirs), End { peer: who, theirs: stream, last: returns });
        let ours = self.peer_key(who);
        self.due(there, to, What::Input(Input::StreamOpened { stream: theirs, peer: ours }));
        self.due(there + back, who, What::Input(Input::StreamReady(stream)));
    }

    pub(super) fn stream_send(&mut self, who: Who, stream: StreamId, bytes: Vec<u8>) {
        let way = self.way();
        let lost = self.weather.loses(&mut self.rng);
        let now = self.now;
        let Some(end) = self.peers.streams.get_mut(&(who, stream)) else { return };
        if lost {
            return self.break_stream(who, stream);
        }
        let at = now.plus(way).max(end.last.plus(Duration::from_millis(1)));
        end.last = at;
        let (peer, stream) = (end.peer, end.theirs);
        self.due(at.since(now), peer, What::Input(Input::StreamData { stream, bytes }));
    }

    /// Ends a stream; the other end notices after the last frame.
    pub(super) fn close_stream(&mut self, who: Who, stream: StreamId) {
        let way = self.way();
        let Some(end) = self.peers.streams.remove(&(who, stream)) else { return };
        self.peers.streams.remove(&(end.peer, end.theirs));
        let at = self.now.plus(way).max(end.last.plus(Duration::from_millis(1)));
        self.due(at.since(self.now), end.peer, What::Input(Input::StreamClosed(end.theirs)));
    }

    /// A stream breaks under both ends.
    fn break_stream(&mut self, who: Who, stream: StreamId) {
        self.close_stream(who, stream);
        let way = self.way();
        self.due(way, who, What::Input(Input::StreamClosed(stream)));
    }

    pub(super) fn put_blob(&mut self, who: Who, job: JobId, to: PeerKey, header: Vec<u8>, blob: BlobId) {
        let bytes = self.host(who).blobs.get(&blob).cloned();
        let to = self.who(to).filter(|to| self.connected(who, *to));
        let lost = self.weather.loses(&mut self.rng);
        let (Some(bytes), Some(to), false) = (bytes, to, lost) else {
            let outcome = Outcome::Failed { why: "the vault is not to be reached".into(), permanent: false };
            return self.done(who, job, outcome);
        };
        let (way, life) = (self.way(), self.host(who).life);
        let arrival = Arrival::Offered { from: who, life, job, header, blob, bytes };
        self.due(way, to, What::Arrival(arrival));
    }

    pub(super) fn answer_blob(&mut self, who: Who, token: u64, good: bool) {
        if let Some(offer) = self.host_mut(who).volatile.offers.remove(&token) {
            self.answer_offer(&offer, good);
        }
    }

    fn answer_offer(&mut self, offer: &Offer, good: bool) {
        let outcome = if good {
            Outcome::Done
        } else {
            Outcome::Failed { why: "not kept there".into(), permanent: false }
        };
        if self.host(offer.from).life == offer.life {
            let way = self.way();
            self.due(way, offer.from, What::Input(Input::Done(offer.job, outcome)));
        }
    }

    /// Asks the next of those who may have a blob.
    pub(super) fn ask_for_blob(&mut self, asked: Arrival) {
        let Arrival::Asked { by, life, job, mut rest, blob } = asked else { return };
        if self.host(by).life != life {
            return;
        }
        if rest.is_empty() {
            let outcome = Outcome::Failed { why: format!("nobody has blob {blob}"), permanent: false };
            return self.done(by, job, outcome);
        }
        let to = rest.remove(0);
        let next = Arrival::Asked { by, life, job, rest, blob };
        if !self.connected(by, to) || self.weather.loses(&mut self.rng) {
            return self.ask_for_blob(next);
        }
        let way = self.way();
        self.due(way, to, What::Arrival(next));
    }

    /// Something arrives at a running process.
    pub(super) fn arrive(&mut self, who: Who, arrival: Arrival) {
        match arrival {
            Arrival::Connected { other, life } => self.on_connected(who, other, life),
            Arrival::Offered { from, life, job, header, blob, bytes } => {
                let size = bytes.len() as u64;
                let sender = self.peer_key(from);
                let host = self.host_mut(who);
                assert_eq!(BlobId(Sha256::digest(&bytes).into()), blob, "a blob is named by its hash");
                host.blobs.insert(blob, bytes);
                let token = host.number();
                host.volatile.offers.insert(token, Offer { from, life, job });
                self.step(who, Input::BlobOffered { token, from: sender, header, blob, size });
            }
            Arrival::Asked { by, life, job, rest, blob } => {
                let host = self.host(who);
                let keeps = host.node.as_ref().is_some_and(|node| node.keeps(blob))
                    && !host.tricks.contains(&Trick::Withholds);
                let Some(bytes) = host.blobs.get(&blob).filter(|_| keeps).cloned() else {
                    return self.ask_for_blob(Arrival::Asked { by, life, job, rest, blob });
                };
                if self.host(by).life == life {
                    let way = self.way();
                    self.due(way, by, What::Arrival(Arrival::Fetched { job, bytes }));
                }
                let to = self.peer_key(by);
                self.step(who, Input::BlobServed { to, blob });
            }
            Arrival::Fetched { job, bytes } => {
                let blob = BlobId(Sha256::digest(&bytes).into());
                self.host_mut(who).blobs.insert(blob, bytes);
                self.done(who, job, Outcome::Done);
            }
        }
    }

    /// Something was on its way to a process that is gone.
    pub(super) fn turn_back(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Offered { from, life, job, .. } => self.answer_offer(&Offer { from, life, job }, false),
            Arrival::Asked { .. } => self.ask_for_blob(arrival),
            Arrival::Connected { .. } | Arrival::Fetched { .. } => {}
        }
    }
}
