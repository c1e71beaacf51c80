//! One agent's keys, behind the real sign guard and in the real secret slots.
//!
//! The same order as in a daemon: the guard remembers the whole set of digests durably, then the key
//! signs. Beside it stands a witness that no crash touches: it notes every set that was ever signed
//! in an exclusive slot, whatever the guard remembers.
//!
//! Deliberately absent: passphrases and files.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use ed25519_dalek::Signer;
use k256::ecdsa::SigningKey as SettlementKey;
use nuncio_protocol::{
    document::AgeRecipient,
    guard::{Guard, GuardError, Mode, Payload, SignRequest, Signature, SlotDigest},
    ids::{DealId, NdaId},
    slots::{SecretKind, SecretName, Slots, SlotsError},
};
use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::{disk::MemoryDisk, seal};

/// What a wrapped deal secret begins with, before the deal's id.
const WRAP_TAG: &[u8] = b"nuncio/deal-secret/1";

/// Every set of digests that was ever signed, by exclusive slot.
pub type Witness = BTreeMap<String, BTreeSet<Vec<SlotDigest>>>;

/// The keys of one agent.
#[derive(Debug)]
pub struct Keys {
    identity: ed25519_dalek::SigningKey,
    settlement: SettlementKey,
    node: [u8; 32],
    slots_key: [u8; 32],
    guard_disk: MemoryDisk,
    slots_disk: MemoryDisk,
    guard: Guard<MemoryDisk>,
    slots: Slots<MemoryDisk>,
    witness: Witness,
    refused: Vec<GuardError>,
}

fn random(rng: &mut dyn CryptoRng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}

impl Keys {
    /// Fresh keys.
    ///
    /// # Panics
    /// Never: a disk in memory does not fail.
    pub(crate) fn create(rng: &mut dyn CryptoRng) -> Self {
        let identity = ed25519_dalek::SigningKey::from_bytes(&random(rng));
        let settlement = SettlementKey::from_slice(&random(rng));
        let settlement = settlement.expect("invariant: nearly every 32 bytes are a secp256k1 key");
        let node = ed25519_dalek::SigningKey::from_bytes(&random(rng)).verifying_key().to_bytes();
        let slots_key = random(rng);
        let (guard_disk, slots_disk) = (MemoryDisk::default(), MemoryDisk::default());
        let owner = identity.verifying_key().to_bytes();
        let guard = Guard::create(guard_disk.clone(), &owner, rng).expect("invariant: the disk is empty");
        let slots = Slots::create(slots_disk.clone(), &slots_key, rng).expect("invariant: the disk is empty");
        Self {
            identity,
            settlement,
            node,
            slots_key,
            guard_disk,
            slots_disk,
            guard,
            slots,
            witness: Witness::new(),
            refused: Vec::new(),
        }
    }

    /// Takes the power away and unlocks the keys again from what lasted.
    ///
    /// # Errors
    /// What guard and slots find wrong with it.
    pub(crate) fn crash(&mut self, rng: &mut dyn CryptoRng) -> Result<(), String> {
        self.guard_disk.lose_power();
        self.slots_disk.lose_power();
        let owner = self.identity.verifying_key().to_bytes();
        self.guard = Guard::open(self.guard_disk.clone(), &owner).map_err(|e| e.to_string())?;
        self.slots = Slots::open(self.slots_disk.clone(), &self.slots_key, rng).map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Tells the guard the highest number that the records have seen.
    ///
    /// # Errors
    /// [`GuardError`].
    pub(crate) fn compare(&mut self, seen: u64) -> Result<Mode, GuardError> {
        self.guard.compare(seen)
    }

    /// The identity's public key.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        self.identity.verifying_key().to_bytes()
    }

    /// The node's public key.
    #[must_use]
    pub const fn node(&self) -> [u8; 32] {
        self.node
    }

    /// The settlement account.
    #[must_use]
    pub fn account(&self) -> Address {
        account(&self.settlement)
    }

    /// The guard's last number.
    pub(crate) const fn guard_seq(&self) -> u64 {
        self.guard.seq()
    }

    /// Every set that was signed in an exclusive slot.
    #[must_use]
    pub const fn witness(&self) -> &Witness {
        &self.witness
    }

    /// What the guard refused to sign.
    #[must_use]
    pub fn refused(&self) -> &[GuardError] {
        &self.refused
    }

    /// Signs, if the slot allows.
    ///
    /// # Errors
    /// [`GuardError`].
    pub(crate) fn sign(&mut self, request: &SignRequest) -> Result<Vec<Signature>, GuardError> {
        let digests: Vec<_> = request.payloads.iter().map(Payload::digest).collect();
        if let Err(error) = self.guard.claim(&request.slot, &digests) {
            self.refused.push(error.clone());
            return Err(error);
        }
        if request.slot.exclusive {
            self.witness.entry(request.slot.name.clone()).or_default().insert(digests);
        }
        Ok(request.payloads.iter().map(|payload| self.sign_one(payload)).collect())
    }

    fn sign_one(&self, payload: &Payload) -> Signature {
        match payload {
            Payload::Identity { bytes } => Signature::Identity(self.identity.sign(bytes).to_bytes()),
            Payload::Typed { digest } => Signature::Typed(sign_digest(&self.settlement, *digest)),
        }
    }

    fn held(&self, kind: SecretKind, id: [u8; 32]) -> Result<Vec<u8>, String> {
        let held = self.slots.get(&SecretName { kind, id });
        held.map(<[u8]>::to_vec).ok_or_else(|| format!("no {kind:?} of {}", hex::encode(id)))
    }

    fn make(
        &mut self,
        kind: SecretKind,
        id: [u8; 32],
        keys: usize,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, String> {
        let name = SecretName { kind, id };
        if self.slots.get(&name).is_none() {
            let secret: Vec<u8> = (0..keys).flat_map(|_| random(rng)).collect();
            self.slots.put(name, &secret, rng).map_err(text)?;
        }
        self.held(kind, id)
    }

    /// The keys that an NDA's draft offers: session key and recipient.
    pub(crate) fn nda_prepare(
        &mut self,
        draft: [u8; 32],
        rng: &mut dyn CryptoRng,
    ) -> Result<([u8; 32], AgeRecipient), String> {
        let secrets = self.make(SecretKind::Proposal, draft, 2, rng)?;
        let session = PublicKey::from(&StaticSecret::from(key(&secrets, 1))).to_bytes();
        Ok((session, seal::recipient(&key(&secrets, 0))))
    }

    /// Turns the keys of a draft into those of its NDA; doing it again changes nothing.
    pub(crate) fn nda_open(
        &mut self,
        nda: NdaId,
        draft: [u8; 32],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), String> {
        if self.held(SecretKind::Nda, nda.0).is_err() {
            let mut secrets = self.held(SecretKind::Proposal, draft)?;
            secrets.extend(random(rng));
            let name = SecretName { kind: SecretKind::Nda, id: nda.0 };
            self.slots.put(name, &secrets, rng).map_err(text)?;
        }
        let name = SecretName { kind: SecretKind::Proposal, id: draft };
        self.slots.destroy(&name, rng).map(|_| ()).map_err(text)
    }

    /// The NDA's session key, for one handshake.
    pub(crate) fn nda_session_secret(&self, nda: NdaId) -> Result<Zeroizing<[u8; 32]>, String> {
        Ok(Zeroizing::new(key(&self.held(SecretKind::Nda, nda.0)?, 1)))
    }

    /// Makes the deal's secret, or finds it again, and wraps it.
    pub(crate) fn deal_secret_wrap(
        &mut self,
        deal: DealId,
        to: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, String> {
        let secret = self.make(SecretKind::Deal, deal.0, 1, rng)?;
        let plain = [WRAP_TAG, &deal.0, &secret].concat();
        Ok(seal::seal(&parse(to)?, &plain, rng))
    }

    /// Takes over a wrapped deal secret.
    pub(crate) fn deal_secret_import(
        &mut self,
        deal: DealId,
        nda: NdaId,
        wrapped: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), String> {
        let identity = key(&self.held(SecretKind::Nda, nda.0)?, 0);
        let plain = seal::open(&identity, wrapped).ok_or("not sealed to this NDA's key")?;
        let head = [WRAP_TAG, &deal.0].concat();
        let secret = plain.strip_prefix(head.as_slice()).ok_or("the secret of another deal")?;
        let name = SecretName { kind: SecretKind::Deal, id: deal.0 };
        self.slots.put(name, secret, rng).map(|_| ()).map_err(text)
    }

    /// The identity of a class of a deal's papers.
    pub(crate) fn class_identity(&self, deal: DealId, label: &str) -> Result<[u8; 32], String> {
        Ok(seal::class_identity(&self.held(SecretKind::Deal, deal.0)?, label))
    }

    /// Wraps the identity of a class for a reader.
    pub(crate) fn class_wrap(
        &self,
        deal: DealId,
        label: &str,
        to: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, String> {
        Ok(seal::seal(&parse(to)?, &self.class_identity(deal, label)?, rng))
    }

    /// The recipient of a seat, made at the first asking.
    pub(crate) fn seat_recipient(
        &mut self,
        request: [u8; 32],
        rng: &mut dyn CryptoRng,
    ) -> Result<AgeRecipient, String> {
        Ok(seal::recipient(&key(&self.make(SecretKind::Seat, request, 1, rng)?, 0)))
    }

    /// The identity that was wrapped for a seat.
    pub(crate) fn seat_unwrap(&self, request: [u8; 32], wrapped: &[u8]) -> Result<[u8; 32], String> {
        let identity = key(&self.held(SecretKind::Seat, request)?, 0);
        let plain = seal::open(&identity, wrapped).ok_or("not sealed to this seat's key")?;
        plain.try_into().map_err(|_| "not an identity".to_owned())
    }
}

fn parse(recipient: &str) -> Result<AgeRecipient, String> {
    recipient.parse().map_err(|_| format!("not a recipient: {recipient}"))
}

/// The n-th key of a secret made of whole keys.
fn key(secret: &[u8], n: usize) -> [u8; 32] {
    let part = secret.get(32 * n..32 * n + 32).and_then(|part| part.try_into().ok());
    part.expect("invariant: only whole keys are put into slots")
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: SlotsError) -> String {
    error.to_string()
}

/// The account of a secp256k1 key.
pub(crate) fn account(key: &SettlementKey) -> Address {
    Address::from_raw_public_key(&key.verifying_key().to_encoded_point(false).as_bytes()[1..])
}

/// A signature r ‖ s ‖ v over a digest, with a low s (RFC 6979, EIP-2).
pub(crate) fn sign_digest(key: &SettlementKey, digest: B256) -> [u8; 65] {
    let (rs, id) = key.sign_prehash_recoverable(digest.as_slice()).expect("invariant: a digest has 32 bytes");
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&rs.to_bytes());
    bytes[64] = 27 + id.to_byte();
    bytes
}
