//! One side of a deal: who it is, with which keys it acts, and where its money goes.
//!
//! Deliberately absent: secret keys, and any way to find a party's other keys by one of them.

use core::{fmt, str::FromStr};

use alloy_primitives::Address;
use bech32::{Bech32, Hrp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use x25519_dalek::{PublicKey, StaticSecret};

use super::place::text_serde;
use crate::{
    did::{Did, PrincipalDid},
    ids::PeerKey,
};

/// What a node does for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys and sells.
    Trader,
    /// Judges deliveries.
    Juror,
    /// Stores sealed papers.
    Vault,
    /// Forwards connections.
    Relay,
}

/// Says why a key is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 64 lowercase hex digits.
    #[error("expected an X25519 key of 64 lowercase hex digits")]
    NotHex,
    /// Not an age X25519 recipient.
    #[error("expected an age recipient like age1…")]
    NotAge,
    /// A point of small order: everybody knows what it agrees on.
    #[error("the X25519 key is a point of small order")]
    SmallOrder,
}

/// A point of small order gives the same shared secret with every key, which would be no secret.
fn strong(key: [u8; 32]) -> Result<[u8; 32], KeyError> {
    let shared = StaticSecret::from([1; 32]).diffie_hellman(&PublicKey::from(key));
    if shared.was_contributory() { Ok(key) } else { Err(KeyError::SmallOrder) }
}

/// The X25519 public key that a session is opened with, as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// A session key from its bytes.
    ///
    /// # Errors
    /// [`KeyError::SmallOrder`].
    pub fn from_key(key: [u8; 32]) -> Result<Self, KeyError> {
        strong(key).map(Self)
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for SessionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| KeyError::NotHex)?;
        if hex::encode(key) == text { Self::from_key(key) } else { Err(KeyError::NotHex) }
    }
}

text_serde!(SessionKey);

/// An age X25519 recipient, `age1…`: whoever holds its identity opens what is sealed to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeRecipient([u8; 32]);

const AGE: Hrp = Hrp::parse_unchecked("age");

impl AgeRecipient {
    /// The recipient of an X25519 public key.
    ///
    /// # Errors
    /// [`KeyError::SmallOrder`].
    pub fn from_key(key: [u8; 32]) -> Result<Self, KeyError> {
        strong(key).map(Self)
    }

    /// The 32 bytes of the public key, as a seat's acceptance carries them.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode_to_fmt::<Bech32, _>(f, AGE, &self.0).map_err(|_| fmt::Error)
    }
}

impl FromStr for AgeRecipient {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (hrp, data) = bech32::decode(text).map_err(|_| KeyError::NotAge)?;
        let key = data.try_into().map_err(|_| KeyError::NotAge)?;
        let recipient = Self::from_key(key)?;
        // Printing it again refuses capitals and bech32m, which decoding accepts.
        if hrp == AGE && recipient.to_string() == text { Ok(recipient) } else { Err(KeyError::NotAge) }
    }
}

text_serde!(AgeRecipient);

/// One side of an NDA, and of every deal under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The agent.
    pub did: Did,
    /// For whom it acts.
    pub principal: PrincipalDid,
    /// The account that signs for this side.
    pub settlement: Address,
    /// Whether a mandate of the principal stands behind it; then the principal is the payee.
    pub mandated: bool,
    /// The key that sessions are opened with.
    pub session: SessionKey,
    /// Where this side's copies are sealed to, for this NDA only.
    pub age_recipient: AgeRecipient,
    /// The node at which it is reached now; it may change.
    pub node: PeerKey,
}

impl Party {
    /// Where this side's money goes.
    #[must_use]
    pub const fn payee(&self) -> Address {
        if self.mandated { self.principal.address } else { self.settlement }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn an_age_recipient_reads_back_what_it_prints_and_nothing_else() {
        let recipient: AgeRecipient = SAMPLE.parse().unwrap();
        assert_eq!(recipient.to_string(), SAMPLE);
        assert_eq!(AgeRecipient::from_key(*recipient.key()), Ok(recipient));
        let changed = SAMPLE.replace("ql3z", "ql3y");
        for text in
            [&SAMPLE.to_uppercase(), &changed, "age1", "", &SAMPLE[..40], &SAMPLE.replace("age", "agf")]
        {
            assert_eq!(text.parse::<AgeRecipient>(), Err(KeyError::NotAge), "{text}");
        }
    }

    #[test]
    fn a_key_that_agrees_on_the_same_secret_with_everybody_is_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        for key in [[0; 32], one] {
            assert_eq!(SessionKey::from_key(key), Err(KeyError::SmallOrder));
            assert_eq!(AgeRecipient::from_key(key), Err(KeyError::SmallOrder));
        }
        assert!(SessionKey::from_key([9; 32]).is_ok());
        assert_eq!("AB".repeat(32).parse::<SessionKey>(), Err(KeyError::NotHex));
    }
}
