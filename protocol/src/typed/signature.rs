//! Signatures by settlement keys: secp256k1, 65 bytes r ‖ s ‖ v.
//!
//! One signature has one form: `s` is in the lower half (EIP-2) and `v` is 27 or 28. Anything else
//! would let a stranger make a second signature out of the first.
//!
//! Contracts of ours also take the 64-byte form of EIP-2098, which costs less calldata.
//!
//! Deliberately absent: signing, reading the 64-byte form, ERC-1271.

use core::{fmt, str::FromStr};

use alloy_primitives::{Address, B256};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::refuse;

/// Says why bytes are not a signature by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 65 bytes, or not their lowercase hex with `0x`.
    #[error("expected 65 bytes r, s, v as 0x and 130 lowercase hex digits")]
    Length,
    /// `v` is neither 27 nor 28.
    #[error("the signature's v is {0}, expected 27 or 28")]
    RecoveryByte(u8),
    /// `s` is in the upper half of the order (EIP-2).
    #[error("the signature's s is in the upper half of the order")]
    HighS,
    /// r and s are out of range, or no key gives this signature.
    #[error("the signature is by nobody")]
    Nobody,
}

/// A signature r ‖ s ‖ v; says nothing until [`recover`] is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EthSignature(pub [u8; 65]);

/// The account whose key signed the digest.
///
/// # Errors
/// [`SignatureError`] for a signature in any form but the one above.
pub fn recover(digest: B256, signature: &EthSignature) -> Result<Address, SignatureError> {
    let (rs, v) = (&signature.0[..64], signature.0[64]);
    let id = match v {
        27 => RecoveryId::new(false, false),
        28 => RecoveryId::new(true, false),
        _ => return Err(SignatureError::RecoveryByte(v)),
    };
    let rs = Signature::from_slice(rs).map_err(|_| SignatureError::Nobody)?;
    if rs.normalize_s().is_some() {
        return Err(SignatureError::HighS);
    }
    let key =
        VerifyingKey::recover_from_prehash(digest.as_slice(), &rs, id).map_err(|_| SignatureError::Nobody)?;
    Ok(Address::from_raw_public_key(&key.to_encoded_point(false).as_bytes()[1..]))
}

impl EthSignature {
    /// The 64 bytes of EIP-2098: `v` in the highest bit of `s`, which the lower half leaves free.
    #[must_use]
    pub fn compact(&self) -> [u8; 64] {
        let mut compact = [0; 64];
        compact.copy_from_slice(&self.0[..64]);
        compact[32] |= if self.0[64] == 28 { 0x80 } else { 0 };
        compact
    }

    /// Whether this is `account`'s signature of the digest.
    #[must_use]
    pub fn is_by(&self, account: Address, digest: B256) -> bool {
        account != Address::ZERO && recover(digest, self) == Ok(account)
    }
}

impl TryFrom<&[u8]> for EthSignature {
    type Error = SignatureError;

    fn try_from(bytes: &[u8]) -> Result<Self, SignatureError> {
        bytes.try_into().map(Self).map_err(|_| SignatureError::Length)
    }
}

impl fmt::Display for EthSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for EthSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EthSignature({self})")
    }
}

impl FromStr for EthSignature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let digits = text.strip_prefix("0x").ok_or(SignatureError::Length)?;
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(SignatureError::Length);
        }
        let mut bytes = [0; 65];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| SignatureError::Length)?;
        Ok(Self(bytes))
    }
}

impl Serialize for EthSignature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EthSignature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{U256, address, keccak256};
    use k256::ecdsa::SigningKey;

    use super::*;

    /// anvil's first well-known development key and its account.
    const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    const ACCOUNT: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");

    fn sign(digest: B256) -> EthSignature {
        let key = SigningKey::from_slice(&hex::decode(KEY).unwrap()).unwrap();
        let (rs, id) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&rs.to_bytes());
        bytes[64] = 27 + id.to_byte();
        EthSignature(bytes)
    }

    #[test]
    fn the_account_of_a_known_key_is_recovered_and_no_other() {
        for text in ["a", "b", "c", "d"] {
            let digest = keccak256(text);
            let signature = sign(digest);
            assert_eq!(recover(digest, &signature), Ok(ACCOUNT));
            assert!(signature.is_by(ACCOUNT, digest));
            assert!(!signature.is_by(ACCOUNT, keccak256("other")));
            assert_eq!(signature.to_string().parse(), Ok(signature));
        }
    }

    #[test]
    fn a_signature_has_one_form() {
        let digest = keccak256("deal");
        let good = sign(digest).0;
        // Secp256k1's order; (r, n - s, other v) is the same signature to a lenient reader.
        let order =
            U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
        let s = order.unwrap() - U256::from_be_slice(&good[32..64]);
        let mut high = good;
        high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
        high[64] = 55 - good[64];
        assert_eq!(recover(digest, &EthSignature(high)), Err(SignatureError::HighS));
        for v in [0, 1, 26, 29, 255] {
            let mut other = good;
            other[64] = v;
            assert_eq!(recover(digest, &EthSignature(other)), Err(SignatureError::RecoveryByte(v)));
        }
        let mut zero = [0; 65];
        zero[64] = 27;
        assert_eq!(recover(digest, &EthSignature(zero)), Err(SignatureError::Nobody));
        assert!(!EthSignature(zero).is_by(Address::ZERO, digest));
        assert_eq!(EthSignature::try_from(&good[..64]), Err(SignatureError::Length));
        let upper = EthSignature(good).to_string().to_uppercase().replace("0X", "0x");
        assert_eq!(upper.parse::<EthSignature>(), Err(SignatureError::Length));
    }
}
