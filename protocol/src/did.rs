//! Names that are keys: `did:key` for an agent, `did:pkh` for its principal.
//!
//! A [`Did`] *is* an Ed25519 public key (multicodec `0xed01`, base58btc, so it starts with `z6Mk`);
//! nothing has to be looked up. A [`PrincipalDid`] is an EVM account on one chain (CAIP-10 under
//! `did:pkh`), its address in lower case: one account, one spelling. Keys of small order and keys in
//! a second encoding are refused at the door, because either would let one signature or one key
//! stand for two.
//!
//! Deliberately absent: resolution, DID documents, other methods and key types.

mod known;

use core::{fmt, str::FromStr};

use alloy_primitives::Address;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::known::Spelling;
use crate::spelled;

/// Multicodec prefix of an Ed25519 public key, as an unsigned varint.
const ED25519: [u8; 2] = [0xed, 0x01];

/// Says why a text or a key is not a DID that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DidError {
    /// Not `did:key:z…` with base58btc after the `z`.
    #[error("expected did:key:z6Mk…")]
    NotDidKey,
    /// The multicodec prefix or the length is not that of an Ed25519 public key.
    #[error("expected an Ed25519 key of 32 bytes")]
    NotEd25519,
    /// Not a point of the curve, a second encoding of one, or of small order.
    #[error("expected a strong Ed25519 key in its only encoding")]
    WeakKey,
    /// Not `did:pkh:eip155:<chain>:0x<40 lowercase hex digits>`.
    #[error("expected did:pkh:eip155:<chain>:0x<40 lowercase hex digits>")]
    NotDidPkh,
}

/// An agent's identity: `did:key` of its Ed25519 key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Did([u8; 32]);

impl Did {
    /// The DID of a public key.
    ///
    /// # Errors
    /// [`DidError::WeakKey`] for bytes that no honest signer has as its key.
    pub fn from_key(key: [u8; 32]) -> Result<Self, DidError> {
        let point = VerifyingKey::from_bytes(&key).map_err(|_| DidError::WeakKey)?;
        if point.is_weak() || !is_reduced(&key) {
            return Err(DidError::WeakKey);
        }
        Ok(Self(key))
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub const fn key(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key, ready to verify with.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(&self.0).expect("invariant: a Did holds a point of the curve")
    }

    /// The key as multibase text, `z6Mk…`.
    #[must_use]
    pub fn multibase(&self) -> String {
        Spelling::of(*self).multibase().to_owned()
    }

    /// The verification method that a proof by this key names: `did:key:zX#zX`.
    #[must_use]
    pub fn verification_method(&self) -> String {
        let spelling = Spelling::of(*self);
        format!("{}#{}", spelling.did(), spelling.multibase())
    }
}

/// Whether the point's y is below 2^255 − 19, so that its bytes are its only encoding (RFC 8032,
/// 5.1.3). The two points with x = 0, whose sign bit could be either, are weak anyway.
fn is_reduced(key: &[u8; 32]) -> bool {
    key[31] & 0x7f != 0x7f || key[1..31].iter().any(|byte| *byte != 0xff) || key[0] < 0xed
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Spelling::of(*self).did())
    }
}

impl fmt::Debug for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Did({self})")
    }
}

impl FromStr for Did {
    type Err = DidError;

    fn from_str(text: &str) -> Result<Self, DidError> {
        if let Some(known) = known::find(text) {
            return Ok(known);
        }
        // 34 bytes are at most 47 base58 digits; decoding is quadratic, so length comes first.
        let digits = text.strip_prefix("did:key:z").filter(|d| d.len() <= 48).ok_or(DidError::NotDidKey)?;
        let bytes = bs58::decode(digits).into_vec().map_err(|_| DidError::NotDidKey)?;
        let key = bytes.strip_prefix(&ED25519).and_then(|key| key.try_into().ok());
        // One spelling only: base58 has no second one for bytes that do not begin with zero.
        Self::from_key(key.ok_or(DidError::NotEd25519)?)
    }
}

impl Serialize for Did {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Spelling::of(*self).did())
    }
}

impl<'de> Deserialize<'de> for Did {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelled::by_rule(deserializer, str::parse::<Self>)
    }
}

/// A principal's identity: its account on one EVM chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalDid {
    /// EIP-155 chain id.
    pub chain: u64,
    /// The account, a key's or a contract's (ERC-1271).
    pub address: Address,
}

impl fmt::Display for PrincipalDid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "did:pkh:eip155:{}:{:#x}", self.chain, self.address)
    }
}

impl fmt::Debug for PrincipalDid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrincipalDid({self})")
    }
}

impl FromStr for PrincipalDid {
    type Err = DidError;

    fn from_str(text: &str) -> Result<Self, DidError> {
        let rest = text.strip_prefix("did:pkh:eip155:").ok_or(DidError::NotDidPkh)?;
        let (chain, address) = rest.split_once(':').ok_or(DidError::NotDidPkh)?;
        let chain = chain.parse().map_err(|_| DidError::NotDidPkh)?;
        let address = address.parse().map_err(|_| DidError::NotDidPkh)?;
        let did = Self { chain, address };
        if did.to_string() == text { Ok(did) } else { Err(DidError::NotDidPkh) }
    }
}

impl Serialize for PrincipalDid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PrincipalDid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelled::by_rule(deserializer, str::parse::<Self>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

    #[test]
    fn a_did_key_reads_back_what_it_prints() {
        let did: Did = SAMPLE.parse().unwrap();
        assert_eq!(did.to_string(), SAMPLE);
        assert_eq!(Did::from_key(*did.key()), Ok(did));
        assert!(did.verification_method().starts_with(&format!("{SAMPLE}#z6Mk")));
    }

    #[test]
    fn another_method_encoding_or_key_type_is_refused() {
        let secp256k1 = "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme";
        let rows = [
            ("did:web:example.org", DidError::NotDidKey),
            ("did:key:", DidError::NotDidKey),
            (&SAMPLE[..50], DidError::NotEd25519),
            (&SAMPLE.replace("z6", "f6"), DidError::NotDidKey),
            (&format!("{SAMPLE}#key"), DidError::NotDidKey),
            (secp256k1, DidError::NotEd25519),
            (&format!("did:key:z{}", "6".repeat(5000)), DidError::NotDidKey),
        ];
        for (text, error) in rows {
            assert_eq!(text.parse::<Did>(), Err(error), "{text}");
        }
    }

    #[test]
    fn keys_of_small_order_and_second_encodings_are_no_identity() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut not_reduced = [0xff; 32];
        // p + 1 encodes the same point as 1 does.
        (not_reduced[0], not_reduced[31]) = (0xee, 0x7f);
        for key in [[0; 32], identity, not_reduced] {
            assert_eq!(Did::from_key(key), Err(DidError::WeakKey), "{key:?}");
        }
    }

    #[test]
    fn an_account_has_one_spelling() {
        let text = "did:pkh:eip155:84532:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb";
        let did: PrincipalDid = text.parse().unwrap();
        assert_eq!((did.chain, did.to_string().as_str()), (84532, text));
        for wrong in [
            "did:pkh:eip155:84532:0xAb16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb",
            "did:pkh:eip155:084532:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb",
            "did:pkh:eip155:84532:ab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb",
            "did:pkh:solana:84532:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb",
            "did:pkh:eip155:84532",
        ] {
            assert_eq!(wrong.parse::<PrincipalDid>(), Err(DidError::NotDidPkh), "{wrong}");
        }
    }
}
