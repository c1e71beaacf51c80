//! A juror's age key, one for each panel request that it accepts.
//!
//! Identities of a deal's papers are wrapped to this key alone, never to one that lasts: once the
//! seat's key is destroyed, the juror cannot open the deal's papers any more.
//!
//! Deliberately absent: whether to accept a seat.

use nuncio_protocol::slots::{SecretKind, SecretName};
use zeroize::Zeroizing;

use super::{Keys, KeysError, entropy, random};
use crate::sealing::{self, AgeIdentity};

impl Keys {
    /// The recipient (`age1…`) of this juror for a panel request, made at the first asking. On a
    /// seat's acceptance it stands as its 32-byte key ([`sealing::recipient_key`]).
    ///
    /// # Errors
    /// [`KeysError::Slots`].
    pub fn juror_recipient(&self, request: [u8; 32]) -> Result<String, KeysError> {
        let mut slots = self.slots()?;
        if slots.get(&seat_name(request)).is_none() {
            slots.put(seat_name(request), random().as_slice(), &mut entropy())?;
        }
        let held = slots.get(&seat_name(request)).ok_or(KeysError::NoSeat { request })?;
        Ok(read(held).recipient())
    }

    /// Opens an age file sealed to this juror's key for a panel request, such as a milestone's
    /// wrapped identity.
    ///
    /// # Errors
    /// [`KeysError::NoSeat`], [`KeysError::Seal`].
    pub fn juror_unwrap(&self, request: [u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let identity = {
            let slots = self.slots()?;
            let held = slots.get(&seat_name(request)).ok_or(KeysError::NoSeat { request })?;
            read(held).secret_text()
        };
        Ok(sealing::open(&identity, sealed)?)
    }

    /// Forgets a seat's key for ever. Says whether there was one.
    ///
    /// # Errors
    /// [`KeysError::Slots`]; a fatal one ends the process, and the next start ends the destruction.
    pub fn destroy_seat(&self, request: [u8; 32]) -> Result<bool, KeysError> {
        Ok(self.slots()?.destroy(&seat_name(request), &mut entropy())?)
    }
}

fn read(held: &[u8]) -> AgeIdentity {
    AgeIdentity::from_secret(held.try_into().expect("invariant: only whole keys are put into slots"))
}

const fn seat_name(request: [u8; 32]) -> SecretName {
    SecretName { kind: SecretKind::Seat, id: request }
}
