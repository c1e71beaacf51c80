//! The keys of one NDA: offered with the proposal, held while it lasts, destroyed at its end.
//!
//! A proposal names an age recipient and a session key before the NDA has an id, so they are kept
//! under the proposal first; [`Keys::nda_open`] adds a storage key and moves all three under the
//! NDA. Whatever is stored of an NDA is sealed with its storage key, bound to its row: once the key
//! is destroyed, the rows are noise wherever copies of them lie.
//!
//! Deliberately absent: when to destroy, and what the attestation says.

use nuncio_protocol::{
    ids::NdaId,
    row,
    slots::{SecretKind, SecretName},
};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{Keys, KeysError, entropy, random};
use crate::sealing::{self, AgeIdentity};

/// What the other side of an NDA may know of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NdaPublic {
    /// The age recipient (`age1…`) that deal secrets are wrapped to.
    pub recipient: String,
    /// An X25519 session key of this NDA alone.
    pub session: [u8; 32],
}

/// The three secrets of an NDA as they lie in their slot: age, session, storage.
struct NdaSecrets<'a> {
    age: &'a [u8; 32],
    session: &'a [u8; 32],
    storage: Option<&'a [u8; 32]>,
}

impl<'a> NdaSecrets<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let part = |at: usize| bytes.get(at..at + 32).and_then(|part| part.try_into().ok());
        let whole = "invariant: only whole keys are put into slots";
        Self { age: part(0).expect(whole), session: part(32).expect(whole), storage: part(64) }
    }

    fn public(&self) -> NdaPublic {
        NdaPublic {
            recipient: AgeIdentity::from_secret(self.age).recipient(),
            session: PublicKey::from(&StaticSecret::from(*self.session)).to_bytes(),
        }
    }
}

impl Keys {
    /// Makes the keys that a proposal offers, or gives those that it offers already. The proposal
    /// is named by 32 bytes that both sides know before there is an NDA, such as its nonce.
    ///
    /// # Errors
    /// [`KeysError::Slots`].
    pub fn nda_prepare(&self, proposal: [u8; 32]) -> Result<NdaPublic, KeysError> {
        let name = SecretName { kind: SecretKind::Proposal, id: proposal };
        let mut slots = self.slots()?;
        if slots.get(&name).is_none() {
            let secrets = Zeroizing::new([random().as_slice(), random().as_slice()].concat());
            slots.put(name, &secrets, &mut entropy())?;
        }
        let held = slots.get(&name).ok_or(KeysError::NoProposal { proposal })?;
        Ok(NdaSecrets::read(held).public())
    }

    /// The age recipient that a proposal offers.
    ///
    /// # Errors
    /// [`KeysError::Slots`].
    pub fn age_recipient_for(&self, proposal: [u8; 32]) -> Result<String, KeysError> {
        Ok(self.nda_prepare(proposal)?.recipient)
    }

    /// Forgets the keys of a proposal that came to nothing. Says whether there were any.
    ///
    /// # Errors
    /// [`KeysError::Slots`].
    pub fn nda_drop(&self, proposal: [u8; 32]) -> Result<bool, KeysError> {
        let name = SecretName { kind: SecretKind::Proposal, id: proposal };
        Ok(self.slots()?.destroy(&name, &mut entropy())?)
    }

    /// Turns the keys of a proposal into those of the NDA that came of it, with a fresh storage key.
    /// Doing it again changes nothing.
    ///
    /// # Errors
    /// [`KeysError::NoProposal`] when neither is held, [`KeysError::Slots`].
    pub fn nda_open(&self, nda: NdaId, proposal: [u8; 32]) -> Result<NdaPublic, KeysError> {
        let offered = SecretName { kind: SecretKind::Proposal, id: proposal };
        let mut slots = self.slots()?;
        if slots.get(&nda_name(nda)).is_none() {
            let offer = slots.get(&offered).ok_or(KeysError::NoProposal { proposal })?;
            let secrets = Zeroizing::new([offer, random().as_slice()].concat());
            slots.put(nda_name(nda), &secrets, &mut entropy())?;
        }
        slots.destroy(&offered, &mut entropy())?;
        let held = slots.get(&nda_name(nda)).ok_or(KeysError::NoNda { nda })?;
        Ok(NdaSecrets::read(held).public())
    }

    /// The public half of an NDA's keys.
    ///
    /// # Errors
    /// [`KeysError::NoNda`].
    pub fn nda_public(&self, nda: NdaId) -> Result<NdaPublic, KeysError> {
        self.with_nda(nda, |secrets| secrets.public())
    }

    /// The key that an NDA's rows are sealed with.
    ///
    /// # Errors
    /// [`KeysError::NoNda`].
    pub fn storage_key(&self, nda: NdaId) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        let key = self.with_nda(nda, |secrets| secrets.storage.map(|key| Zeroizing::new(*key)))?;
        key.ok_or(KeysError::NoNda { nda })
    }

    /// The NDA's own X25519 session key, for one handshake.
    ///
    /// # Errors
    /// [`KeysError::NoNda`].
    pub fn nda_session_secret(&self, nda: NdaId) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        self.with_nda(nda, |secrets| Zeroizing::new(*secrets.session))
    }

    /// Opens an age file sealed to the NDA's recipient.
    ///
    /// # Errors
    /// [`KeysError::NoNda`], [`KeysError::Seal`].
    pub fn nda_unwrap(&self, nda: NdaId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let identity = self.with_nda(nda, |secrets| AgeIdentity::from_secret(secrets.age).secret_text())?;
        Ok(sealing::open(&identity, sealed)?)
    }

    /// Seals a value of an NDA for its row (XChaCha20-Poly1305, associated data: NDA and row key).
    ///
    /// # Errors
    /// [`KeysError::NoNda`].
    pub fn seal_row(&self, nda: NdaId, row: u64, value: &[u8]) -> Result<Vec<u8>, KeysError> {
        let mut nonce = [0; row::NONCE];
        rand_core::Rng::fill_bytes(&mut entropy(), &mut nonce);
        Ok(row::seal(&*self.storage_key(nda)?, nonce, nda, row, value))
    }

    /// Opens a value of an NDA that was sealed for this row.
    ///
    /// # Errors
    /// [`KeysError::NoNda`] when the keys are destroyed, [`KeysError::BadRow`] when the value was
    /// changed, moved or belongs to another NDA.
    pub fn open_row(&self, nda: NdaId, row: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        row::open(&*self.storage_key(nda)?, nda, row, sealed).ok_or(KeysError::BadRow { nda })
    }

    /// Forgets the keys of an NDA for ever; its rows and what was sealed to it cannot be opened any
    /// more. The secrets of its deals are destroyed by [`Keys::destroy_deal`]. Says whether there
    /// were any keys.
    ///
    /// # Errors
    /// [`KeysError::Slots`]; a fatal one ends the process, and the next start ends the destruction.
    pub fn destroy_nda(&self, nda: NdaId) -> Result<bool, KeysError> {
        Ok(self.slots()?.destroy(&nda_name(nda), &mut entropy())?)
    }

    fn with_nda<T>(&self, nda: NdaId, read: impl FnOnce(NdaSecrets<'_>) -> T) -> Result<T, KeysError> {
        let slots = self.slots()?;
        let held = slots.get(&nda_name(nda)).ok_or(KeysError::NoNda { nda })?;
        Ok(read(NdaSecrets::read(held)))
    }
}

const fn nda_name(nda: NdaId) -> SecretName {
    SecretName { kind: SecretKind::Nda, id: nda.0 }
}
