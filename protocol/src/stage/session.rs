//! An encrypted conversation that exists only under one NDA.
//!
//! Noise `KK` between the two X25519 keys *named in the NDA*; the prologue binds protocol version,
//! chain, registry, NDA id and both DIDs, so that a different NDA means no handshake. The id is
//! public and is therefore never key material. The first message carries no payload, because it can
//! be replayed, and nothing is sent before the reply has arrived.
//!
//! Each direction is a chain of frames: `head = SHA-256(prev, sender, seq, SHA-256(salt ‖ frame))`,
//! so that one frame can be shown to a third party without the others. Frames are not signed one by
//! one; a signed checkpoint over both heads rides along at least every [`CHECKPOINT_EVERY`] frames,
//! and a receiver stops reading at [`UNSIGNED_MAX`]; a sender makes no more offers shortly before that
//! ([`Session::may_offer`]). A frame of a category above the offer class
//! carries its own signature.
//!
//! After [`REKEY_EVERY`] frames a direction is rekeyed. Keys are never stored: after a restart the
//! two shake hands again.
//!
//! Deliberately absent: the private key (handed in once and wiped), signing, timers, sockets.

use core::fmt;
use std::collections::VecDeque;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use snow::{Builder, HandshakeState, TransportState, params::NoiseParams};
use zeroize::Zeroizing;

use crate::{
    disclosure::{self, Scope},
    document::Category,
    ids::{Head, NdaId},
    misconduct::Misconduct,
    side::Side,
};

/// The Noise pattern and primitives of protected sessions, version 1.
const PATTERN: &str = "Noise_KK_25519_ChaChaPoly_SHA256";
/// A Noise message is at most this long; a frame's plaintext has 16 bytes less.
pub const CIPHERTEXT_MAX: usize = 65_535;
/// Own frames after which a checkpoint must ride along.
pub const CHECKPOINT_EVERY: u64 = 64;
/// Peer frames without a checkpoint at which reading stops.
pub const UNSIGNED_MAX: u64 = 128;
/// Own frames without a checkpoint at which no more offers are sent: the checkpoint itself, and what
/// ends or settles a negotiation, still have to fit.
pub const OFFERS_UNSIGNED_MAX: u64 = UNSIGNED_MAX - 8;
/// Frames after which a direction is rekeyed.
pub const REKEY_EVERY: u64 = 1 << 16;
const SALT: usize = 16;
const TAG: usize = 16;
/// Heads kept per direction, so that a checkpoint which crossed frames on the way can be checked.
const HEADS_KEPT: usize = 256;

/// Everything that both sides must agree on before a single byte can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The chain on which the NDA is anchored.
    pub chain_id: u64,
    /// The `Accords` contract that anchored it.
    pub registry: [u8; 20],
    /// The NDA.
    pub nda: NdaId,
    /// The DID of the NDA's side `a`.
    pub did_a: String,
    /// The DID of the NDA's side `b`.
    pub did_b: String,
}

impl Binding {
    /// SHA-256 over the length-delimited parts.
    fn prologue(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let chain = self.chain_id.to_be_bytes();
        let parts: [&[u8]; 6] = [
            b"nuncio/session/1",
            &chain,
            &self.registry,
            self.nda.as_bytes(),
            self.did_a.as_bytes(),
            self.did_b.as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u32).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// A handshake under way.
pub struct Handshake {
    noise: Box<HandshakeState>,
    side: Side,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("side", &self.side).finish_non_exhaustive()
    }
}

impl Handshake {
    /// Prepares a handshake with the two static keys that the NDA names.
    ///
    /// # Errors
    /// [`Misconduct::WrongNda`] where the peer's key is not a usable point.
    #[expect(
        clippy::unwrap_in_result,
        reason = "what is expected cannot fail; the invariant is named where it stands"
    )]
    pub fn new(
        binding: &Binding,
        side: Side,
        secret: &Zeroizing<[u8; 32]>,
        peer: &[u8; 32],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, Misconduct> {
        let params: NoiseParams = PATTERN.parse().expect("the pattern is a constant that snow knows");
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        let prologue = binding.prologue();
        let build = || {
            let builder = Builder::with_resolver(params, Box::new(noise::Resolver::new(&seed)))
                .local_private_key(secret.as_slice())?
                .remote_public_key(peer)?
                .prologue(&prologue)?;
            match side {
                Side::A => builder.build_initiator(),
                Side::B => builder.build_responder(),
            }
        };
        let noise = build().map_err(|_| Misconduct::WrongNda)?;
        Ok(Self { noise: Box::new(noise), side })
    }

    /// Writes the next handshake message, with an empty payload.
    ///
    /// # Errors
    /// [`Misconduct::OutOfTurn`] when it is the peer's turn.
    pub fn write(&mut self) -> Result<Vec<u8>, Misconduct> {
        let mut message = [0; 128];
        let length = self.noise.write_message(&[], &mut message).map_err(|_| Misconduct::OutOfTurn)?;
        Ok(message[..length].to_vec())
    }

    /// Reads the peer's handshake message.
    ///
    /// # Errors
    /// [`Misconduct::BadCipher`] unless it was made for exactly this binding by the named key;
    /// [`Misconduct::Malformed`] when it carries a payload.
    pub fn read(&mut self, message: &[u8]) -> Result<(), Misconduct> {
        let mut payload = [0; 128];
        let length = self.noise.read_message(message, &mut payload).map_err(|_| Misconduct::BadCipher)?;
        if length == 0 { Ok(()) } else { Err(Misconduct::malformed("handshake")) }
    }

    /// Whether both messages have passed.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.noise.is_handshake_finished()
    }

    /// Turns a finished handshake into the session.
    ///
    /// # Errors
    /// [`Misconduct::OutOfTurn`] when it is not finished.
    #[expect(
        clippy::unwrap_in_result,
        reason = "what is expected cannot fail; the invariant is named where it stands"
    )]
    pub fn finish(self, nda: NdaId, scope: Scope) -> Result<Session, Misconduct> {
        let id = <[u8; 32]>::try_from(self.noise.get_handshake_hash())
            .expect("SHA-256 handshakes have a 32-byte hash");
        let transport = self.noise.into_transport_mode().map_err(|_| Misconduct::OutOfTurn)?;
        Ok(Session {
            nda,
            id,
            side: self.side,
            scope,
            transport: Box::new(transport),
            own: Chain::new(&id, self.side),
            theirs: Chain::new(&id, self.side.other()),
            buffer: Vec::new(),
        })
    }
}

/// One direction of the conversation.
#[derive(Debug)]
struct Chain {
    sender: Side,
    /// Sequence number of the newest frame; 0 before the first.
    seq: u64,
    /// Newest frame that a checkpoint covers: theirs verified, ours asked for.
    signed: u64,
    /// Newest frame that a checkpoint covers which has been sent.
    covered: u64,
    heads: VecDeque<Head>,
}

impl Chain {
    fn new(session: &[u8; 32], sender: Side) -> Self {
        let genesis = Sha256::new().chain_update(session).chain_update([sender.byte()]).finalize();
        Self { sender, seq: 0, signed: 0, covered: 0, heads: VecDeque::from([Head(genesis.into())]) }
    }

    fn head(&self) -> Head {
        *self.heads.back().expect("a chain starts with its genesis head")
    }

    fn push(&mut self, plaintext: &[u8]) -> Head {
        self.seq += 1;
        let leaf = Sha256::digest(plaintext);
        let head = Sha256::new()
            .chain_update(self.head().as_bytes())
            .chain_update([self.sender.byte()])
            .chain_update(self.seq.to_be_bytes())
            .chain_update(leaf)
            .finalize();
        if self.heads.len() == HEADS_KEPT {
            self.heads.pop_front();
        }
        self.heads.push_back(Head(head.into()));
        self.head()
    }

    fn head_at(&self, seq: u64) -> Option<Head> {
        let back = usize::try_from(self.seq.checked_sub(seq)?).ok()?;
        let index = self.heads.len().checked_sub(back + 1)?;
        self.heads.get(index).copied()
    }

    const fn unsigned(&self) -> u64 {
        self.seq - self.signed
    }
}

/// A signed statement about all that passed: who signs, up to where in both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The signer's frames covered.
    pub own: u64,
    /// The receiver's frames covered.
    pub peer: u64,
    /// SHA-256 over both heads, the signer's first.
    pub head: Head,
}

impl Checkpoint {
    /// The bytes that the identity key signs.
    #[must_use]
    pub fn signing_bytes(&self, session: &[u8; 32]) -> Vec<u8> {
        let mut bytes = b"nuncio/checkpoint/1".to_vec();
        bytes.extend_from_slice(session);
        bytes.extend_from_slice(&self.own.to_be_bytes());
        bytes.extend_from_slice(&self.peer.to_be_bytes());
        bytes.extend_from_slice(self.head.as_bytes());
        bytes
    }
}

/// A frame as it was received, before its body is looked at.
#[derive(Debug)]
pub struct Opened {
    /// Its place in the sender's chain, from 1.
    pub seq: u64,
    /// The sender's head after it.
    pub head: Head,
    /// The plaintext as sent: 16 bytes of salt, then the frame.
    pub plaintext: Vec<u8>,
}

impl Opened {
    /// The frame's JSON bytes.
    #[must_use]
    pub fn frame(&self) -> &[u8] {
        &self.plaintext[SALT..]
    }
}

/// A session in use.
pub struct Session {
    nda: NdaId,
    id: [u8; 32],
    side: Side,
    scope: Scope,
    transport: Box<TransportState>,
    own: Chain,
    theirs: Chain,
    buffer: Vec<u8>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("nda", &self.nda)
            .field("side", &self.side)
            .field("sent", &self.own.seq)
            .field("received", &self.theirs.seq)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The handshake hash, equal on both sides.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The NDA that it exists under.
    #[must_use]
    pub const fn nda(&self) -> NdaId {
        self.nda
    }

    /// Our side of the NDA.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Frames sent so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.own.seq
    }

    /// Encrypts one frame: the only way out of a session, so the scope is asked here.
    ///
    /// Returns the ciphertext and our head after it.
    ///
    /// # Errors
    /// [`Misconduct::OutOfScope`], counted against ourselves, when the NDA does not allow the
    /// category; [`Misconduct::Oversized`] when the frame does not fit a Noise message.
    #[expect(
        clippy::unwrap_in_result,
        reason = "what is expected cannot fail; the invariant is named where it stands"
    )]
    pub fn seal(
        &mut self,
        category: Category,
        frame: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<u8>, Head), Misconduct> {
        if !self.scope.allows(category) {
            return Err(Misconduct::OutOfScope { category: disclosure::name(category).into() });
        }
        let size = SALT + frame.len();
        if size + TAG > CIPHERTEXT_MAX {
            return Err(Misconduct::Oversized {
                what: "frame".into(),
                size: frame.len() as u64,
                limit: (CIPHERTEXT_MAX - TAG - SALT) as u64,
            });
        }
        self.buffer.clear();
        self.buffer.resize(SALT, 0);
        rng.fill_bytes(&mut self.buffer);
        self.buffer.extend_from_slice(frame);
        let mut ciphertext = vec![0; size + TAG];
        let written = self
            .transport
            .write_message(&self.buffer, &mut ciphertext)
            .expect("the buffer has room and a direction is rekeyed long before its nonce ends");
        ciphertext.truncate(written);
        let head = self.own.push(&self.buffer);
        if self.own.seq.is_multiple_of(REKEY_EVERY) {
            self.transport.rekey_outgoing();
        }
        Ok((ciphertext, head))
    }

    /// Decrypts the peer's next frame.
    ///
    /// # Errors
    /// [`Misconduct::BadCipher`] for bytes that were not sealed as the next frame of this session;
    /// [`Misconduct::NoCheckpoint`] past [`UNSIGNED_MAX`] frames without one. Either ends the session.
    pub fn open(&mut self, ciphertext: &[u8]) -> Result<Opened, Misconduct> {
        if ciphertext.len() > CIPHERTEXT_MAX {
            return Err(Misconduct::Oversized {
                what: "frame".into(),
                size: ciphertext.len() as u64,
                limit: CIPHERTEXT_MAX as u64,
            });
        }
        if self.theirs.unsigned() >= UNSIGNED_MAX {
            return Err(Misconduct::NoCheckpoint { unsigned: self.theirs.unsigned() });
        }
        let mut plaintext = vec![0; ciphertext.len()];
        let length =
            self.transport.read_message(ciphertext, &mut plaintext).map_err(|_| Misconduct::BadCipher)?;
        if length < SALT {
            return Err(Misconduct::malformed("frame"));
        }
        plaintext.truncate(length);
        let head = self.theirs.push(&plaintext);
        if self.theirs.seq.is_multiple_of(REKEY_EVERY) {
            self.transport.rekey_incoming();
        }
        Ok(Opened { seq: self.theirs.seq, head, plaintext })
    }

    /// Whether a category may come in under the NDA.
    ///
    /// # Errors
    /// [`Misconduct::OutOfScope`] when it may not: flag and quarantine.
    pub fn check_inbound(&self, category: Category) -> Result<(), Misconduct> {
        if self.scope.allows(category) {
            Ok(())
        } else {
            Err(Misconduct::OutOfScope { category: disclosure::name(category).into() })
        }
    }

    /// The checkpoint that is due, if enough has been sent since the last one that was asked for.
    #[must_use]
    pub fn checkpoint_due(&self) -> Option<Checkpoint> {
        (self.own.unsigned() >= CHECKPOINT_EVERY).then(|| self.checkpoint())
    }

    /// A checkpoint over everything so far.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            own: self.own.seq,
            peer: self.theirs.seq,
            head: join(self.own.head(), self.theirs.head()),
        }
    }

    /// Notes that a checkpoint of ours is being signed, so that it is not asked for again.
    pub fn note_own_checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.own.signed = self.own.signed.max(checkpoint.own);
    }

    /// Notes that a checkpoint of ours is on its way to the peer.
    pub fn note_sent_checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.own.covered = self.own.covered.max(checkpoint.own);
    }

    /// Whether an offer may leave: the peer stops reading when too much is unsigned.
    #[must_use]
    pub const fn may_offer(&self) -> bool {
        self.own.seq - self.own.covered < OFFERS_UNSIGNED_MAX
    }

    /// Takes the peer's checkpoint, whose signature the caller has verified.
    ///
    /// # Errors
    /// [`Misconduct::WrongCheckpoint`] when it does not cover what was exchanged.
    pub fn accept_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Misconduct> {
        let theirs = self.theirs.head_at(checkpoint.own).ok_or(Misconduct::WrongCheckpoint)?;
        let own = self.own.head_at(checkpoint.peer).ok_or(Misconduct::WrongCheckpoint)?;
        if join(theirs, own) != checkpoint.head {
            return Err(Misconduct::WrongCheckpoint);
        }
        self.theirs.signed = self.theirs.signed.max(checkpoint.own);
        Ok(())
    }
}

fn join(first: Head, second: Head) -> Head {
    Head(Sha256::new().chain_update(first.as_bytes()).chain_update(second.as_bytes()).finalize().into())
}

/// Feeds Noise's one need for randomness, the ephemeral key, from the randomness handed in.
mod noise {
    use sha2::{Digest, Sha256};
    use snow::{
        params::{CipherChoice, DHChoice, HashChoice},
        resolvers::{CryptoResolver, DefaultResolver},
        types::{Cipher, Dh, Hash, Random},
    };
    use zeroize::Zeroizing;

    pub(super) struct Resolver {
        seed: Zeroizing<[u8; 32]>,
    }

    impl Resolver {
        pub(super) fn new(seed: &Zeroizing<[u8; 32]>) -> Self {
            Self { seed: seed.clone() }
        }
    }

    impl CryptoResolver for Resolver {
        fn resolve_rng(&self) -> Option<Box<dyn Random>> {
            Some(Box::new(Expander { seed: self.seed.clone(), counter: 0 }))
        }

        fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
            DefaultResolver.resolve_dh(choice)
        }

        fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
            DefaultResolver.resolve_hash(choice)
        }

        fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
            DefaultResolver.resolve_cipher(choice)
        }
    }

    /// SHA-256 in counter mode over a fresh 32-byte seed.
    struct Expander {
        seed: Zeroizing<[u8; 32]>,
        counter: u64,
    }

    impl Random for Expander {
        fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
            for chunk in dest.chunks_mut(32) {
                let block = Sha256::new()
                    .chain_update(self.seed.as_slice())
                    .chain_update(self.counter.to_be_bytes())
                    .finalize();
                chunk.copy_from_slice(&block[..chunk.len()]);
                self.counter += 1;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use x25519_dalek::{PublicKey, StaticSecret};

    use super::*;
    use crate::document::Categories;

    fn binding() -> Binding {
        Binding {
            chain_id: 31337,
            registry: [7; 20],
            nda: NdaId([9; 32]),
            did_a: "did:key:a".into(),
            did_b: "did:key:b".into(),
        }
    }

    fn pair(a: &Binding, b: &Binding) -> Result<(Session, Session, StdRng), Misconduct> {
        let mut rng = StdRng::seed_from_u64(1);
        let secrets = [StaticSecret::from([1; 32]), StaticSecret::from([2; 32])];
        let publics = secrets.each_ref().map(|s| PublicKey::from(s).to_bytes());
        let scope = Scope::of(Categories::of(&[Category::Offer]));
        let mut one =
            Handshake::new(a, Side::A, &Zeroizing::new(secrets[0].to_bytes()), &publics[1], &mut rng)?;
        let mut two =
            Handshake::new(b, Side::B, &Zeroizing::new(secrets[1].to_bytes()), &publics[0], &mut rng)?;
        two.read(&one.write()?)?;
        one.read(&two.write()?)?;
        Ok((one.finish(a.nda, scope)?, two.finish(b.nda, scope)?, rng))
    }

    #[test]
    fn both_sides_reach_the_same_session_and_the_same_heads() {
        let (mut a, mut b, mut rng) = pair(&binding(), &binding()).unwrap();
        assert_eq!(a.id(), b.id());
        let (sent, head) = a.seal(Category::Offer, b"{}", &mut rng).unwrap();
        let opened = b.open(&sent).unwrap();
        assert_eq!((opened.frame(), opened.head, opened.seq), (b"{}".as_slice(), head, 1));
        let checkpoint = a.checkpoint();
        b.accept_checkpoint(&checkpoint).unwrap();
    }

    #[test]
    fn no_handshake_completes_when_any_part_of_the_binding_differs() {
        let mut others = vec![binding(); 5];
        others[0].nda = NdaId([8; 32]);
        others[1].chain_id = 1;
        others[2].registry = [6; 20];
        others[3].did_a = "did:key:c".into();
        others[4].did_b = "did:key:a".into();
        for other in others {
            assert_eq!(pair(&binding(), &other).err(), Some(Misconduct::BadCipher), "{other:?}");
        }
    }

    #[test]
    fn a_replayed_dropped_or_changed_frame_does_not_open() {
        let (mut a, mut b, mut rng) = pair(&binding(), &binding()).unwrap();
        let (first, _) = a.seal(Category::Offer, b"one", &mut rng).unwrap();
        let (second, _) = a.seal(Category::Offer, b"two", &mut rng).unwrap();
        let mut changed = first.clone();
        changed[3] ^= 1;
        assert_eq!(b.open(&changed).unwrap_err(), Misconduct::BadCipher);
        assert_eq!(b.open(&second).unwrap_err(), Misconduct::BadCipher);
        b.open(&first).unwrap();
        assert_eq!(b.open(&first).unwrap_err(), Misconduct::BadCipher);
        b.open(&second).unwrap();
    }

    #[test]
    fn nothing_outside_the_scope_leaves() {
        let (mut a, _, mut rng) = pair(&binding(), &binding()).unwrap();
        let refused = a.seal(Category::Technical, b"{}", &mut rng).unwrap_err();
        assert_eq!(refused, Misconduct::OutOfScope { category: "technical".into() });
        assert_eq!(a.sent(), 0);
    }

    #[test]
    fn reading_stops_at_128_frames_without_a_checkpoint_and_goes_on_with_one() {
        let (mut a, mut b, mut rng) = pair(&binding(), &binding()).unwrap();
        for _ in 0..UNSIGNED_MAX {
            let (sent, _) = a.seal(Category::Offer, b"{}", &mut rng).unwrap();
            b.open(&sent).unwrap();
        }
        let (late, _) = a.seal(Category::Offer, b"{}", &mut rng).unwrap();
        assert_eq!(b.open(&late).unwrap_err(), Misconduct::NoCheckpoint { unsigned: UNSIGNED_MAX });
        let mut covering = a.checkpoint();
        covering.own -= 1;
        assert_eq!(b.accept_checkpoint(&covering).unwrap_err(), Misconduct::WrongCheckpoint);
    }

    #[test]
    fn a_sender_pauses_its_offers_before_the_receiver_stops_reading() {
        let (mut a, mut b, mut rng) = pair(&binding(), &binding()).unwrap();
        while a.may_offer() {
            let (sent, _) = a.seal(Category::Offer, b"{}", &mut rng).unwrap();
            b.open(&sent).unwrap();
        }
        let checkpoint = a.checkpoint();
        let (sent, _) = a.seal(Category::Announcement, b"{}", &mut rng).unwrap();
        a.note_sent_checkpoint(&checkpoint);
        b.open(&sent).unwrap();
        b.accept_checkpoint(&checkpoint).unwrap();
        assert!(a.may_offer());
    }

    #[test]
    fn a_checkpoint_that_crossed_frames_on_the_way_still_holds() {
        let (mut a, mut b, mut rng) = pair(&binding(), &binding()).unwrap();
        let (one, _) = a.seal(Category::Offer, b"1", &mut rng).unwrap();
        b.open(&one).unwrap();
        let checkpoint = a.checkpoint();
        b.seal(Category::Offer, b"2", &mut rng).unwrap();
        b.accept_checkpoint(&checkpoint).unwrap();
    }

    #[test]
    fn rekeying_is_invisible_to_both_sides() {
        let (mut a, mut b, mut rng) = pair(&binding(), &binding()).unwrap();
        for _ in 0..=REKEY_EVERY {
            let (sent, _) = a.seal(Category::Offer, b"{}", &mut rng).unwrap();
            b.open(&sent).unwrap();
            b.accept_checkpoint(&a.checkpoint()).unwrap();
        }
    }
}
