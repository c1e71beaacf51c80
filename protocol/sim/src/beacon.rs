//! The signing half of a drand beacon: one BLS key, scheme `bls-unchained-g1-rfc9380`.
//!
//! A round's message is SHA-256 of its number in eight bytes, big endian; RFC 9380 maps it to G1,
//! and the signature is that point times the secret. The public key lies on G2. The randomness of a
//! round is SHA-256 of the signature as published, 48 bytes.
//!
//! Deliberately absent: a threshold of signers. Who holds this key knows every round in advance, so
//! it serves test networks and nothing else.

use std::fmt;

use bls12_381::{
    G1Affine, G1Projective, G2Affine, G2Projective, Scalar,
    hash_to_curve::{ExpandMsgXmd, HashToCurve},
};
use sha2::{Digest, Sha256, Sha512};

/// The domain of the scheme (RFC 9380, 3.1), as drand's quicknet uses it.
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// A beacon's secret and public key.
pub struct BeaconKey {
    secret: Scalar,
    public: G2Affine,
}

/// One published round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Its number, from 1.
    pub number: u64,
    /// The point on G1, compressed.
    pub signature: [u8; 48],
    /// What everybody draws from.
    pub randomness: [u8; 32],
}

impl BeaconKey {
    /// The key of a seed; whoever knows the seed knows every round.
    #[must_use]
    pub fn from_seed(seed: &[u8]) -> Self {
        let wide = Sha512::new().chain_update(b"nuncio/testnet/beacon").chain_update(seed).finalize();
        let secret = Scalar::from_bytes_wide(&wide.into());
        let public = G2Affine::from(G2Projective::generator() * secret);
        Self { secret, public }
    }

    /// The public key as drand publishes it: 96 bytes, compressed.
    #[must_use]
    pub fn public(&self) -> [u8; 96] {
        self.public.to_compressed()
    }

    /// The public key as the `DrandBeacon` contract takes it: 192 bytes, uncompressed.
    #[must_use]
    pub fn public_uncompressed(&self) -> [u8; 192] {
        self.public.to_uncompressed()
    }

    /// Signs a round. There is one valid signature only, however often it is made.
    #[must_use]
    pub fn sign(&self, number: u64) -> Round {
        let message = Sha256::digest(number.to_be_bytes());
        let point = <G1Projective as HashToCurve<ExpandMsgXmd<sha2_for_bls12_381::Sha256>>>::hash_to_curve(
            message, DOMAIN,
        );
        let signature = G1Affine::from(point * self.secret).to_compressed();
        Round { number, signature, randomness: Sha256::digest(signature).into() }
    }
}

impl fmt::Debug for BeaconKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BeaconKey({})", hex::encode(self.public()))
    }
}

#[cfg(test)]
mod tests {
    use drand_verify::{G2PubkeyRfc, Pubkey, derive_randomness};

    use super::*;

    #[test]
    fn another_implementation_verifies_every_round_and_no_other() {
        let key = BeaconKey::from_seed(b"a seed");
        let public = G2PubkeyRfc::from_fixed(key.public()).unwrap();
        for number in [1, 2, 1000, u64::MAX] {
            let round = key.sign(number);
            assert!(public.verify(number, b"", &round.signature).unwrap());
            assert!(!public.verify(number.wrapping_add(1), b"", &round.signature).unwrap());
            assert_eq!(derive_randomness(&round.signature), round.randomness);
        }
    }

    #[test]
    fn a_seed_has_one_key_and_another_seed_another() {
        let key = BeaconKey::from_seed(b"a seed");
        assert_eq!(key.public(), BeaconKey::from_seed(b"a seed").public());
        assert_ne!(key.public(), BeaconKey::from_seed(b"b seed").public());
        assert_eq!(key.sign(7), BeaconKey::from_seed(b"a seed").sign(7));
    }

    #[test]
    fn both_forms_of_the_public_key_are_one_point() {
        let key = BeaconKey::from_seed(b"a seed");
        let point = G2Affine::from_uncompressed(&key.public_uncompressed()).unwrap();
        assert_eq!(point.to_compressed(), key.public());
    }
}
