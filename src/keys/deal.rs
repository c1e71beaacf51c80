//! The secret of one deal, and the identity of each class of its papers.
//!
//! One side makes the secret D, 32 random bytes, and wraps it to the other's recipient under the
//! NDA; nobody else ever gets it. Of it comes one age identity per class of papers,
//! HKDF-SHA256(D, info = class): papers of a class are sealed to that identity alone, and a reader
//! is given the identity. So a juror reads its milestone and nothing else, a regulator opens with
//! the stock `age`, adding a reader re-encrypts nothing, and destroying D closes the deal's papers.
//!
//! Deliberately absent: who is to be given which class.

use hkdf::Hkdf;
use nuncio_protocol::{
    ids::{DealId, NdaId},
    slots::{SecretKind, SecretName},
};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Keys, KeysError, entropy, random};
use crate::sealing::{self, AgeIdentity};

/// What a wrapped deal secret begins with, before the deal's id and D.
const WRAP_TAG: &[u8; 20] = b"nuncio/deal-secret/1";
const WRAP: usize = WRAP_TAG.len() + 64;

impl Keys {
    /// Makes the secret of a deal. Says whether it is new; a second time changes nothing.
    ///
    /// # Errors
    /// [`KeysError::Slots`].
    pub fn deal_secret_create(&self, deal: DealId) -> Result<bool, KeysError> {
        let mut slots = self.slots()?;
        if slots.get(&deal_name(deal)).is_some() {
            return Ok(false);
        }
        slots.put(deal_name(deal), random().as_slice(), &mut entropy())?;
        Ok(true)
    }

    /// Takes the secret of a deal that the other side wrapped to the NDA's recipient.
    ///
    /// # Errors
    /// [`KeysError::NotThisDeal`] when it is of another deal, [`KeysError::Slots`] with
    /// [`Occupied`](nuncio_protocol::slots::SlotsError::Occupied) when another secret is held,
    /// [`KeysError::Seal`] when it does not open, [`KeysError::NoNda`].
    pub fn deal_secret_import(&self, deal: DealId, sealed: &[u8], nda: NdaId) -> Result<(), KeysError> {
        let wrapped = self.nda_unwrap(nda, sealed)?;
        let head = [WRAP_TAG.as_slice(), &deal.0].concat();
        let secret = wrapped.strip_prefix(head.as_slice()).filter(|_| wrapped.len() == WRAP);
        let secret = secret.ok_or(KeysError::NotThisDeal { deal })?;
        self.slots()?.put(deal_name(deal), secret, &mut entropy())?;
        Ok(())
    }

    /// Wraps the secret of a deal to the other side's recipient under the NDA.
    ///
    /// # Errors
    /// [`KeysError::NoDeal`], [`KeysError::Seal`].
    pub fn deal_secret_wrap(&self, deal: DealId, recipient: &str) -> Result<Vec<u8>, KeysError> {
        let secret = self.deal_secret(deal)?;
        let wrapped = Zeroizing::new([WRAP_TAG.as_slice(), &deal.0, secret.as_slice()].concat());
        Ok(sealing::seal(&[recipient.to_owned()], &wrapped)?)
    }

    /// The age identity (`AGE-SECRET-KEY-1…`) that opens a class of the deal's papers.
    ///
    /// # Errors
    /// [`KeysError::NoDeal`], [`KeysError::BadClass`].
    pub fn class_identity(&self, deal: DealId, class: &str) -> Result<Zeroizing<String>, KeysError> {
        Ok(self.class(deal, class)?.secret_text())
    }

    /// The recipient (`age1…`) that a class of the deal's papers is sealed to.
    ///
    /// # Errors
    /// [`KeysError::NoDeal`], [`KeysError::BadClass`].
    pub fn class_recipient(&self, deal: DealId, class: &str) -> Result<String, KeysError> {
        Ok(self.class(deal, class)?.recipient())
    }

    /// Seals the identity of a class to a reader, as an age identity file: the reader runs
    /// `age -d -i own.key wrapped.age > class.key`, then `age -d -i class.key paper.age`.
    ///
    /// # Errors
    /// [`KeysError::NoDeal`], [`KeysError::BadClass`], [`KeysError::Seal`].
    pub fn class_identity_wrap(
        &self,
        deal: DealId,
        class: &str,
        recipient: &str,
    ) -> Result<Vec<u8>, KeysError> {
        let identity = self.class_identity(deal, class)?;
        let file = Zeroizing::new(format!("{}\n", identity.as_str()));
        Ok(sealing::seal(&[recipient.to_owned()], file.as_bytes())?)
    }

    /// Forgets the secret of a deal for ever. Says whether there was one.
    ///
    /// # Errors
    /// [`KeysError::Slots`]; a fatal one ends the process, and the next start ends the destruction.
    pub fn destroy_deal(&self, deal: DealId) -> Result<bool, KeysError> {
        Ok(self.slots()?.destroy(&deal_name(deal), &mut entropy())?)
    }

    fn class(&self, deal: DealId, class: &str) -> Result<AgeIdentity, KeysError> {
        let plain = class.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !plain || class.is_empty() || class.len() > 32 {
            return Err(KeysError::BadClass { class: class.chars().take(40).collect() });
        }
        Ok(derive(&self.deal_secret(deal)?, class))
    }

    fn deal_secret(&self, deal: DealId) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let slots = self.slots()?;
        let secret = slots.get(&deal_name(deal)).ok_or(KeysError::NoDeal { deal })?;
        Ok(Zeroizing::new(secret.to_vec()))
    }
}

/// HKDF-SHA256 (RFC 5869) without salt; the class is the info.
fn derive(secret: &[u8], class: &str) -> AgeIdentity {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(class.as_bytes(), derived.as_mut())
        .expect("invariant: HKDF gives 32 bytes");
    AgeIdentity::from_secret(&derived)
}

const fn deal_name(deal: DealId) -> SecretName {
    SecretName { kind: SecretKind::Deal, id: deal.0 }
}
