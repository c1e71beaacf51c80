//! The agent's keys, and the only place where they are used.
//!
//! `<home>/keys` holds, each in a file of mode 0600:
//!
//! | file | what |
//! |---|---|
//! | `unlock.age` | an age identity under the passphrase (scrypt); it opens the four below |
//! | `identity.age` | Ed25519: the agent's `did:key`, signs papers |
//! | `node.age` | Ed25519: the network's key, replaceable, the only one that leaves this module |
//! | `session.age` | X25519: the agent's session key, as its card lists it |
//! | `slots.age` | the key that the secret slots are sealed under |
//! | `settlement.json` | secp256k1: the agent's account, a Web3 v3 keystore under the same passphrase |
//! | `public.json` | the public halves, readable without a passphrase |
//! | `slots` | secrets of NDAs, deals and seats, each in its fixed place |
//! | `guard` | which slot was signed with which digests |
//!
//! A signature is asked for by slot ([`Keys::sign`]); the guard remembers the whole ordered set of
//! digests durably before the first key is used. Until [`Keys::compare`] was told what the node's
//! records have seen, nothing is signed.
//!
//! A fatal error ([`KeysError::is_fatal`]) means that the disk no longer says what it holds: the
//! caller ends the process.
//!
//! Deliberately absent: what is signed and whether it should be, the network, the chain, and any
//! way to print a secret.

mod account;
mod deal;
mod error;
mod file_disk;
mod home;
mod nda;
mod ring;
mod seat;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_primitives::Address;
use ed25519_dalek::{Signer, SigningKey};
use nuncio_protocol::{
    guard::{Guard, GuardError, Mode, Payload, SignRequest, Signature},
    slots::{Slots, SlotsError},
};
use rand::rngs::SysRng;
use rand_core::{CryptoRng, UnwrapErr};
use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use self::ring::Ring;
pub use self::{
    account::Account,
    error::KeysError,
    file_disk::FileDisk,
    home::{HomeError, HomeLock},
    nda::NdaPublic,
    ring::Hardness,
};

/// The agent's keys, unlocked. One per data folder; share it behind an `Arc`.
pub struct Keys {
    public: PublicKeys,
    identity: SigningKey,
    node: Zeroizing<[u8; 32]>,
    session: StaticSecret,
    settlement: PrivateKeySigner,
    guard: Mutex<Guard<FileDisk>>,
    slots: Mutex<Slots<FileDisk>>,
    _lock: HomeLock,
}

/// The public halves of the four keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKeys {
    /// Ed25519, signs papers.
    #[serde(with = "hex32")]
    pub identity: [u8; 32],
    /// Ed25519, the network's.
    #[serde(with = "hex32")]
    pub node: [u8; 32],
    /// X25519, opens sessions.
    #[serde(with = "hex32")]
    pub session: [u8; 32],
    /// The account on chain.
    pub settlement: Address,
}

impl PublicKeys {
    /// Reads the public halves without a passphrase and without taking the data folder.
    ///
    /// # Errors
    /// [`KeysError::Missing`], [`KeysError::Unreadable`], [`KeysError::Damaged`].
    pub fn read(home: &Path) -> Result<Self, KeysError> {
        let path = folder(home).join("public.json");
        let text = ring::read_file(&path)?;
        serde_json::from_slice(&text).map_err(|_| KeysError::Damaged { path })
    }

    fn text(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("invariant: hex and an address are JSON")
    }
}

impl Keys {
    /// Makes fresh keys under `<home>/keys` and unlocks them. A crash leaves all or nothing.
    ///
    /// # Errors
    /// [`KeysError::AlreadyThere`] when there are keys, [`KeysError::EmptyPassphrase`],
    /// [`KeysError::Home`], [`KeysError::Io`].
    pub fn create(home: &Path, passphrase: &str, hardness: Hardness) -> Result<Self, KeysError> {
        let lock = HomeLock::take(home)?;
        let ring = Ring::create(&folder(home), passphrase, hardness)?;
        let identity = SigningKey::from_bytes(&random());
        let node = SigningKey::from_bytes(&random());
        let session = StaticSecret::random_from_rng(&mut entropy());
        let slots_key = random();
        ring.store("identity.age", identity.as_bytes())?;
        ring.store("node.age", node.as_bytes())?;
        ring.store("session.age", session.as_bytes())?;
        ring.store("slots.age", &slots_key)?;
        let settlement = ring.create_settlement(passphrase)?;
        let public = PublicKeys {
            identity: identity.verifying_key().to_bytes(),
            node: node.verifying_key().to_bytes(),
            session: PublicKey::from(&session).to_bytes(),
            settlement: settlement.address(),
        };
        ring.write_file("public.json", &public.text())?;
        Guard::create(ring.create_disk("guard")?, &public.identity, &mut entropy())?;
        Slots::create(ring.create_disk("slots")?, &slots_key, &mut entropy())?;
        let ring = ring.publish(&folder(home))?;
        Self::assemble(&ring, passphrase, lock)
    }

    /// Unlocks the keys under `<home>/keys` and takes the data folder for this process.
    ///
    /// # Errors
    /// [`KeysError::WrongPassphrase`], [`KeysError::Missing`], [`KeysError::Unreadable`],
    /// [`KeysError::TooOpen`], [`KeysError::Damaged`], [`KeysError::Home`] when another process has
    /// the folder, [`KeysError::Guard`] and [`KeysError::Slots`] when those are corrupt.
    pub fn unlock(home: &Path, passphrase: &str) -> Result<Self, KeysError> {
        let lock = HomeLock::take(home)?;
        let ring = Ring::unlock(&folder(home), passphrase)?;
        Self::assemble(&ring, passphrase, lock)
    }

    fn assemble(ring: &Ring, passphrase: &str, lock: HomeLock) -> Result<Self, KeysError> {
        let identity = SigningKey::from_bytes(&*ring.load("identity.age")?);
        let node = ring.load("node.age")?;
        let session = StaticSecret::from(*ring.load("session.age")?);
        let slots_key = ring.load("slots.age")?;
        let settlement = ring.settlement(passphrase)?;
        let public = PublicKeys {
            identity: identity.verifying_key().to_bytes(),
            node: SigningKey::from_bytes(&node).verifying_key().to_bytes(),
            session: PublicKey::from(&session).to_bytes(),
            settlement: settlement.address(),
        };
        let path = ring.path("public.json");
        if serde_json::from_slice(&ring::read_file(&path)?).ok().as_ref() != Some(&public) {
            return Err(KeysError::Damaged { path });
        }
        let guard = Guard::open(ring.disk("guard")?, &public.identity)?;
        let slots = Slots::open(ring.disk("slots")?, &slots_key, &mut entropy())?;
        let (guard, slots) = (Mutex::new(guard), Mutex::new(slots));
        Ok(Self { public, identity, node, session, settlement, guard, slots, _lock: lock })
    }

    /// The public halves.
    #[must_use]
    pub const fn public(&self) -> &PublicKeys {
        &self.public
    }

    /// The node key's 32 secret bytes, for the network.
    #[must_use]
    pub fn node_secret(&self) -> Zeroizing<[u8; 32]> {
        self.node.clone()
    }

    /// The agent's X25519 session key, for one handshake.
    #[must_use]
    pub fn session_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.session.to_bytes())
    }

    /// Tells the guard the highest number that the node's records have seen (0 for none); from then
    /// on it signs, or observes.
    ///
    /// # Errors
    /// [`GuardError::Corrupt`] or a fatal one.
    pub fn compare(&self, seen: u64) -> Result<Mode, GuardError> {
        self.guard()?.compare(seen)
    }

    /// Lets a guard that was rolled back sign again, on the operator's word.
    ///
    /// # Errors
    /// [`GuardError::NothingToReconcile`] or a fatal one.
    pub fn reconcile(&self, seen: u64) -> Result<(), GuardError> {
        self.guard()?.reconcile(seen)
    }

    /// The guard's last number. A synced record must note it before anything signed leaves the node.
    ///
    /// # Errors
    /// [`GuardError::Broken`] after a failure.
    pub fn guard_seq(&self) -> Result<u64, GuardError> {
        Ok(self.guard()?.seq())
    }

    /// Signs every payload of the request, in order, if its slot allows; blocks for one disk sync
    /// where the slot is exclusive and new.
    ///
    /// # Errors
    /// [`GuardError::SecondDigest`] when the slot holds another set, [`GuardError::Observe`], or any
    /// other [`GuardError`]; a fatal one ends the process.
    pub fn sign(&self, request: &SignRequest) -> Result<Vec<Signature>, GuardError> {
        let digests: Vec<_> = request.payloads.iter().map(Payload::digest).collect();
        let mut guard = self.guard()?;
        guard.claim(&request.slot, &digests)?;
        Ok(request.payloads.iter().map(|payload| self.sign_one(payload)).collect())
    }

    fn sign_one(&self, payload: &Payload) -> Signature {
        match payload {
            Payload::Identity { bytes } => Signature::Identity(self.identity.sign(bytes).to_bytes()),
            Payload::Typed { digest } => {
                let signature = self.settlement.sign_hash_sync(digest);
                let signature = signature.expect("invariant: a key in memory signs every digest");
                Signature::Typed(signature.normalized_s().as_bytes())
            }
        }
    }

    fn guard(&self) -> Result<MutexGuard<'_, Guard<FileDisk>>, GuardError> {
        self.guard.lock().map_err(|_| GuardError::Broken)
    }

    fn slots(&self) -> Result<MutexGuard<'_, Slots<FileDisk>>, SlotsError> {
        self.slots.lock().map_err(|_| SlotsError::Broken)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Thirty-two bytes as 64 hex digits.
mod hex32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(Error::custom)?;
        Ok(bytes)
    }
}

fn folder(home: &Path) -> PathBuf {
    home.join("keys")
}

/// The operating system's randomness.
fn entropy() -> impl CryptoRng {
    UnwrapErr(SysRng)
}

/// Thirty-two secret random bytes.
fn random() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand_core::Rng::fill_bytes(&mut entropy(), bytes.as_mut());
    bytes
}

#[cfg(test)]
mod tests;
