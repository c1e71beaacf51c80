//! Sessions: one stream, one handshake, one chain of frames per NDA in force.
//!
//! Side A of the NDA opens the stream; its first bytes name the NDA. Everything here is gone with
//! the process; afterwards the two shake hands again and go on from their records.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::Node;
use crate::{
    block::Level,
    command::Event,
    did::Did,
    disclosure::Scope,
    document::Category,
    effect::Effect,
    ids::{NdaId, PaperId, PeerKey, StreamId},
    job::{Payload, Signature, Signing, Slot},
    misconduct::Misconduct,
    side::Side,
    stage::session::{Binding, Checkpoint, Handshake, Session},
    time::Timestamp,
    wire::{Frame, Say, SignedCheckpoint},
};

/// Handshakes of strangers that may be under way at once.
const HALF_OPEN_MAX: usize = 64;

/// All streams and sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// By NDA draft.
    links: BTreeMap<PaperId, Link>,
    /// Which NDA a stream belongs to, once it has said so.
    streams: BTreeMap<StreamId, PaperId>,
    /// Inbound streams that have not named their NDA.
    unnamed: BTreeMap<StreamId, PeerKey>,
}

#[derive(Debug)]
struct Link {
    stream: StreamId,
    peer: PeerKey,
    since: Timestamp,
    state: LinkState,
}

#[derive(Debug)]
enum LinkState {
    /// The stream is being opened.
    Opening,
    /// The stream is open, the session key is being fetched; `first` is what the peer sent already.
    Keying { first: Option<Vec<u8>> },
    /// Our handshake message is out.
    Shaking(Handshake),
    /// In use.
    Open(Box<OpenLink>),
}

#[derive(Debug)]
pub(super) struct OpenLink {
    pub(super) session: Session,
    /// A signed checkpoint that rides on the next frame.
    ready: Option<SignedCheckpoint>,
    /// When the last checkpoint was asked for, and how much was sent then.
    checked: (Timestamp, u64),
    /// Sealed bytes of the newest offer's frame, ours and theirs.
    offers: [usize; 2],
}

impl OpenLink {
    const fn new(session: Session, now: Timestamp) -> Self {
        Self { session, ready: None, checked: (now, 0), offers: [0; 2] }
    }
}

impl Links {
    fn open_mut(&mut self, draft: PaperId) -> Option<(StreamId, &mut OpenLink)> {
        let link = self.links.get_mut(&draft)?;
        match &mut link.state {
            LinkState::Open(open) => Some((link.stream, open)),
            LinkState::Opening | LinkState::Keying { .. } | LinkState::Shaking(_) => None,
        }
    }
}

impl Node {
    /// Whether a session under this NDA is in use.
    pub(super) fn session_open(&self, draft: PaperId) -> bool {
        matches!(self.links.links.get(&draft), Some(Link { state: LinkState::Open(_), .. }))
    }

    /// Whether an offer may leave under this NDA now.
    pub(super) fn may_offer(&self, draft: PaperId) -> bool {
        match self.links.links.get(&draft).map(|link| &link.state) {
            Some(LinkState::Open(open)) => open.ready.is_some() || open.session.may_offer(),
            Some(LinkState::Opening | LinkState::Keying { .. } | LinkState::Shaking(_)) | None => false,
        }
    }

    /// Sealed bytes of the newest offer's frame in the session of this NDA, ours and theirs.
    pub(super) fn offer_bytes(&self, draft: PaperId) -> [usize; 2] {
        match self.links.links.get(&draft).map(|link| &link.state) {
            Some(LinkState::Open(open)) => open.offers,
            Some(LinkState::Opening | LinkState::Keying { .. } | LinkState::Shaking(_)) | None => [0; 2],
        }
    }

    /// Sessions in use.
    pub(super) fn sessions(&self) -> usize {
        self.links.links.values().filter(|link| matches!(link.state, LinkState::Open(_))).count()
    }

    /// Opens the session of an anchored NDA, as its side A, when there is none.
    pub(super) fn open_session_when_needed(&mut self, draft: PaperId) {
        let Some(state) = self.ndas.get(&draft) else { return };
        let Some((text, _)) = state.signed() else { return };
        let peer = state.peer;
        let over = text.until_secs <= self.now.secs();
        if state.side != Side::A || over || self.links.links.contains_key(&draft) || !self.up.contains(&peer)
        {
            return;
        }
        let stream = self.stream();
        let link = Link { stream, peer, since: self.now, state: LinkState::Opening };
        self.links.links.insert(draft, link);
        self.links.streams.insert(stream, draft);
        self.effects.push(Effect::OpenStream { stream, peer });
    }

    pub(super) fn on_stream_opened(&mut self, stream: StreamId, peer: PeerKey) {
        if self.links.unnamed.len() >= HALF_OPEN_MAX {
            self.effects.push(Effect::CloseStream { stream });
            return self.misbehaved(peer, Misconduct::Flood);
        }
        self.links.unnamed.insert(stream, peer);
    }

    pub(super) fn on_stream_ready(&mut self, stream: StreamId) {
        let Some(&draft) = self.links.streams.get(&stream) else { return };
        let Some(nda) = self.ndas.get(&draft).and_then(|state| state.id) else { return };
        if let Some(link) = self.links.links.get_mut(&draft) {
            link.state = LinkState::Keying { first: None };
            self.effects.push(Effect::SessionKey { nda, draft });
        }
    }

    pub(super) fn on_session_key(
        &mut self,
        nda: NdaId,
        secret: Zeroizing<[u8; 32]>,
        rng: &mut dyn CryptoRng,
    ) {
        let Some((&draft, state)) = self.ndas.iter().find(|(_, state)| state.id == Some(nda)) else { return };
        let Some((text, _)) = state.signed() else { return };
        let side = state.side;
        let binding = self.binding(draft, nda);
        let theirs = match side {
            Side::A => text.b.session,
            Side::B => text.a.session,
        };
        let scope = Scope::of(text.categories);
        let Some(link) = self.links.links.get_mut(&draft) else { return };
        let LinkState::Keying { first } = &mut link.state else { return };
        let (stream, peer, first) = (link.stream, link.peer, first.take());
        let Some(binding) = binding else { return };
        let shaken = Handshake::new(&binding, side, &secret, theirs.key(), rng).and_then(|mut handshake| {
            match (side, first) {
                (Side::A, _) => {
                    let mut hello = nda.as_bytes().to_vec();
                    hello.extend(handshake.write()?);
                    Ok((hello, LinkState::Shaking(handshake)))
                }
                (Side::B, Some(first)) => {
                    handshake.read(&first)?;
                    let reply = handshake.write()?;
                    let session = handshake.finish(nda, scope)?;
                    Ok((reply, LinkState::Open(Box::new(OpenLink::new(session, self.now)))))
                }
                (Side::B, None) => Err(Misconduct::OutOfTurn),
            }
        });
        match shaken {
            Ok((bytes, state)) => {
                link.state = state;
                self.effects.push(Effect::StreamSend { stream, bytes });
                if side == Side::B {
                    self.on_session_open(draft);
                }
            }
            Err(misconduct) => {
                self.drop_link(draft);
                self.misbehaved(peer, misconduct);
            }
        }
    }

    fn binding(&self, draft: PaperId, nda: NdaId) -> Option<Binding> {
        let text = self.ndas.get(&draft)?.text.as_ref()?;
        Some(Binding {
            chain_id: self.network.deployment.contracts.chain_id,
            registry: self.network.deployment.contracts.accords.into_array(),
            nda,
            did_a: text.a.did.to_string(),
            did_b: text.b.did.to_string(),
        })
    }

    pub(super) fn on_stream_data(&mut self, stream: StreamId, bytes: &[u8], rng: &mut dyn CryptoRng) {
        if let Some(peer) = self.links.unnamed.remove(&stream) {
            return self.on_hello(stream, peer, bytes);
        }
        let Some(&draft) = self.links.streams.get(&stream) else { return };
        let Some(link) = self.links.links.get_mut(&draft) else { return };
        let peer = link.peer;
        let taken = match &mut link.state {
            LinkState::Shaking(_) => self.on_handshake_reply(draft, bytes),
            LinkState::Open(open) => match open.session.open(bytes) {
                Ok(opened) => self.on_frame(draft, opened, bytes.len(), rng),
                Err(misconduct) => Err(misconduct),
            },
            LinkState::Opening | LinkState::Keying { .. } => Err(Misconduct::OutOfTurn),
        };
        if let Err(misconduct) = taken {
            let broken = matches!(
                misconduct,
                Misconduct::BadCipher | Misconduct::NoCheckpoint { .. } | Misconduct::WrongCheckpoint
            );
            if broken || !self.session_open(draft) {
                self.drop_link(draft);
            }
            self.misbehaved(peer, misconduct);
        }
    }

    /// The first bytes of an inbound stream: which NDA, and the first handshake message.
    fn on_hello(&mut self, stream: StreamId, peer: PeerKey, bytes: &[u8]) {
        let named = bytes.split_at_checked(32).and_then(|(id, first)| {
            let id = NdaId(<[u8; 32]>::try_from(id).ok()?);
            let (draft, state) = self.ndas.iter().find(|(_, state)| state.id == Some(id))?;
            let (text, _) = state.signed()?;
            let ours = state.side == Side::B && state.peer == peer && text.until_secs > self.now.secs();
            ours.then(|| (*draft, id, first.to_vec()))
        });
        let Some((draft, nda, first)) = named else {
            self.effects.push(Effect::CloseStream { stream });
            return self.misbehaved(peer, Misconduct::WrongNda);
        };
        if self.nda_level(nda).is_none() {
            // The peer's endpoint may be a block ahead of ours; it comes again.
            return self.effects.push(Effect::CloseStream { stream });
        }
        self.drop_link(draft);
        let state = LinkState::Keying { first: Some(first) };
        self.links.links.insert(draft, Link { stream, peer, since: self.now, state });
        self.links.streams.insert(stream, draft);
        self.effects.push(Effect::SessionKey { nda, draft });
    }

    fn on_handshake_reply(&mut self, draft: PaperId, bytes: &[u8]) -> Result<(), Misconduct> {
        let scope = self
            .ndas
            .get(&draft)
            .and_then(|state| state.signed())
            .map(|(text, id)| (Scope::of(text.categories), id))
            .ok_or(Misconduct::WrongNda)?;
        let Some(mut link) = self.links.links.remove(&draft) else { return Ok(()) };
        let LinkState::Shaking(mut handshake) = link.state else { return Err(Misconduct::OutOfTurn) };
        handshake.read(bytes)?;
        let session = handshake.finish(scope.1, scope.0)?;
        link.state = LinkState::Open(Box::new(OpenLink::new(session, self.now)));
        self.links.links.insert(draft, link);
        self.on_session_open(draft);
        Ok(())
    }

    fn on_session_open(&mut self, draft: PaperId) {
        self.note(Event::SessionOpen { nda: draft });
        let under: Vec<_> =
            self.negotiations.values().filter(|n| n.nda == draft && !n.ended).map(|n| n.id).collect();
        self.dirty.negotiations.extend(under.iter().copied());
        self.resume_negotiations(&under);
    }

    pub(super) fn on_stream_closed(&mut self, stream: StreamId) {
        self.links.unnamed.remove(&stream);
        if let Some(draft) = self.links.streams.remove(&stream)
            && self.links.links.get(&draft).is_some_and(|link| link.stream == stream)
        {
            self.links.links.remove(&draft);
            self.dirty.ndas.insert(draft);
        }
    }

    fn drop_link(&mut self, draft: PaperId) {
        if let Some(link) = self.links.links.remove(&draft) {
            self.links.streams.remove(&link.stream);
            self.effects.push(Effect::CloseStream { stream: link.stream });
        }
    }

    /// Says something in a session. Returns our head after it, or why it did not leave.
    pub(super) fn say(
        &mut self,
        draft: PaperId,
        category: Category,
        body: Say,
        rng: &mut dyn CryptoRng,
    ) -> Result<crate::ids::Head, SayError> {
        let (stream, link) = self.links.open_mut(draft).ok_or(SayError::NoSession)?;
        let offer = matches!(body, Say::Offer(_));
        if offer && link.ready.is_none() && !link.session.may_offer() {
            return Err(SayError::Unsigned);
        }
        let frame = Frame { category, body, checkpoint: link.ready.take() };
        let bytes = frame.write().map_err(|_| SayError::TooLarge)?;
        let (sealed, head) = link.session.seal(category, &bytes, rng).map_err(SayError::Refused)?;
        if let Some(signed) = &frame.checkpoint {
            link.session.note_sent_checkpoint(&signed.checkpoint);
        }
        if offer {
            link.offers[0] = sealed.len();
        }
        self.effects.push(Effect::StreamSend { stream, bytes: sealed });
        let due = link.session.checkpoint_due();
        if let Some(checkpoint) = due {
            self.ask_checkpoint(draft, checkpoint);
        }
        Ok(head)
    }

    fn ask_checkpoint(&mut self, draft: PaperId, checkpoint: Checkpoint) {
        let now = self.now;
        let Some((_, link)) = self.links.open_mut(draft) else { return };
        link.session.note_own_checkpoint(&checkpoint);
        link.checked = (now, link.session.sent());
        let bytes = checkpoint.signing_bytes(link.session.id());
        let slot = Slot::open(format!("checkpoint/{draft}/{}", checkpoint.own));
        self.sign(None, slot, vec![Payload::Identity { bytes }], Signing::Checkpoint(draft, checkpoint));
    }

    pub(super) fn on_checkpoint_signed(
        &mut self,
        draft: PaperId,
        checkpoint: Checkpoint,
        signature: Signature,
        rng: &mut dyn CryptoRng,
    ) {
        let Some((_, link)) = self.links.open_mut(draft) else { return };
        link.ready = Some(SignedCheckpoint { checkpoint, signature });
        // The peer stops reading when it lacks one, so it does not wait for the next frame.
        let _ = self.say(draft, Category::Announcement, Say::Checkpoint, rng);
        // An offer may have waited for it.
        let waiting = self.negotiations.values().filter(|n| n.nda == draft && n.our_turn());
        self.dirty.negotiations.extend(waiting.map(|n| n.id));
    }

    pub(super) fn checkpoint_deadline(&self) -> Option<Timestamp> {
        self.links
            .links
            .values()
            .filter_map(|link| match &link.state {
                LinkState::Open(open) if open.session.sent() > open.checked.1 + 1 => {
                    Some(open.checked.0.plus(self.network.timing.checkpoint))
                }
                LinkState::Open(_)
                | LinkState::Opening
                | LinkState::Keying { .. }
                | LinkState::Shaking(_) => None,
            })
            .min()
    }

    /// Signs what was sent without a checkpoint, and closes sessions whose NDA never became safe.
    pub(super) fn checkpoint_when_due(&mut self) {
        let (now, timing) = (self.now, self.network.timing);
        let mut due = Vec::new();
        let mut stale = Vec::new();
        for (draft, link) in &self.links.links {
            let LinkState::Open(open) = &link.state else { continue };
            if open.session.sent() > open.checked.1 + 1 && now >= open.checked.0.plus(timing.checkpoint) {
                due.push((*draft, open.session.checkpoint()));
            }
            let safe = self.nda_level(open.session.nda()).is_some_and(|level| level >= Level::Safe);
            if !safe && now >= link.since.plus(timing.session_unsafe) {
                stale.push(*draft);
            }
        }
        for (draft, checkpoint) in due {
            self.ask_checkpoint(draft, checkpoint);
        }
        for draft in stale {
            self.drop_link(draft);
        }
    }

    fn on_frame(
        &mut self,
        draft: PaperId,
        opened: crate::stage::session::Opened,
        sealed: usize,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Misconduct> {
        let frame = Frame::read(opened.frame()).map_err(|error| Misconduct::unreadable(&error, "frame"))?;
        let Some(state) = self.ndas.get(&draft) else { return Err(Misconduct::WrongNda) };
        let Some((text, _)) = state.signed() else { return Err(Misconduct::WrongNda) };
        let them = match state.side {
            Side::A => text.b.did,
            Side::B => text.a.did,
        };
        let Some((_, link)) = self.links.open_mut(draft) else { return Ok(()) };
        if let Some(signed) = &frame.checkpoint {
            let bytes = signed.checkpoint.signing_bytes(link.session.id());
            check_identity(&them, &bytes, &signed.signature)?;
            link.session.accept_checkpoint(&signed.checkpoint)?;
        }
        link.session.check_inbound(frame.category)?;
        frame.check()?;
        if matches!(frame.body, Say::Offer(_)) {
            link.offers[1] = sealed;
        }
        self.on_said(draft, frame.body, opened.head, rng)
    }
}

/// Why something was not said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SayError {
    /// There is no session under the NDA at present.
    #[error("no session is open under this NDA")]
    NoSession,
    /// Too much is unsigned; the checkpoint is under way.
    #[error("a checkpoint of this session is being signed, try again at once")]
    Unsigned,
    /// It does not fit a frame.
    #[error("too large for a frame")]
    TooLarge,
    /// The disclosure guard, or the session's bounds.
    #[error("not sent: {0}")]
    Refused(Misconduct),
}

/// Whether a signature over bytes is by an agent's identity key.
fn check_identity(did: &Did, bytes: &[u8], signature: &Signature) -> Result<(), Misconduct> {
    let wrong = || Misconduct::bad_signature("checkpoint");
    let signature = ed25519_dalek::Signature::from_slice(&signature.0).map_err(|_| wrong())?;
    did.verifying_key().verify_strict(bytes, &signature).map_err(|_| wrong())
}
