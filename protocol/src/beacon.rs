//! The public randomness that no party can steer: a drand chain, its clock, and its proofs.
//!
//! A panel request names a round that does not exist yet. When its time has come, anybody hands
//! over the round's signature; it is checked here against the chain's public key, and the
//! randomness is the SHA-256 of the signature, as drand publishes it. A chain is unchained, signs
//! in G1 and hashes to the curve by RFC 9380 (drand scheme `bls-unchained-g1-rfc9380`): quicknet is
//! one; a local network with the same scheme and another key is another. There is one valid
//! signature per round, so whoever brings it cannot choose.
//!
//! The EVM reads curve points uncompressed: [`Proof::uncompressed`] writes the 96 bytes that the
//! beacon contract takes.
//!
//! Deliberately absent: fetching rounds, a fallback when a beacon halts, chained schemes.

use core::fmt;

use bls12_381::{G1Affine, G2Affine};
use drand_verify::{G2PubkeyRfc, Pubkey, derive_randomness};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A round of a beacon chain, from 1 on; 0 is the time before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Round(pub u64);

impl Round {
    /// The round that many later, or the last that can be written.
    #[must_use]
    pub const fn plus(self, rounds: u64) -> Self {
        Self(self.0.saturating_add(rounds))
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The 32 random bytes of a verified round. Only [`BeaconChain::verify`] makes them from a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Randomness {
    round: Round,
    bytes: [u8; 32],
}

impl Randomness {
    /// The round whose signature gave these bytes.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.round
    }

    /// The bytes themselves: SHA-256 of the compressed signature.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// A round's signature as drand serves it: a compressed point of G1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof(pub [u8; 48]);

impl Proof {
    /// The same point as x ‖ y, 48 bytes each, big endian, as EVM contracts take it.
    ///
    /// # Errors
    /// [`BeaconError::NotAPoint`] when the bytes are no point of the right subgroup, or infinity.
    pub fn uncompressed(&self) -> Result<[u8; 96], BeaconError> {
        let point: Option<G1Affine> = G1Affine::from_compressed(&self.0).into();
        let point = point.filter(|point| !bool::from(point.is_identity()));
        point.map(|point| point.to_uncompressed()).ok_or(BeaconError::NotAPoint)
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", hex::encode(self.0))
    }
}

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fixed_hex(deserializer).map(Self)
    }
}

/// Says why something is not this chain's randomness, or not a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeaconError {
    /// The bytes are no compressed point of the prime-order subgroup, or the point at infinity.
    #[error("not a point of the beacon's curve")]
    NotAPoint,
    /// A well-formed signature, but not this chain's over this round.
    #[error("not the signature of round {round} of the beacon {chain}")]
    WrongSignature {
        /// The chain's name.
        chain: String,
        /// The round it was offered for.
        round: Round,
    },
    /// A chain with no time between its rounds.
    #[error("a beacon's period is at least one second")]
    NoPeriod,
    /// Round 0 stands for "before the first" and is never signed.
    #[error("a beacon's first round is 1")]
    RoundZero,
}

/// One drand chain: whom to believe and when each round is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct BeaconChain {
    name: String,
    public_key: [u8; 96],
    genesis_secs: u64,
    period_secs: u64,
}

impl BeaconChain {
    /// A chain by its group's compressed public key in G2, the Unix second of round 1 and the
    /// seconds between rounds.
    ///
    /// # Errors
    /// [`BeaconError::NotAPoint`] for a key that is no point of G2 or infinity, whose "signatures"
    /// anybody could make; [`BeaconError::NoPeriod`] for a period of 0.
    pub fn new(
        name: impl Into<String>,
        public_key: [u8; 96],
        genesis_secs: u64,
        period_secs: u64,
    ) -> Result<Self, BeaconError> {
        let point: Option<G2Affine> = G2Affine::from_compressed(&public_key).into();
        if point.is_none_or(|point| point.is_identity().into()) {
            return Err(BeaconError::NotAPoint);
        }
        if period_secs == 0 {
            return Err(BeaconError::NoPeriod);
        }
        Ok(Self { name: name.into(), public_key, genesis_secs, period_secs })
    }

    /// A chain by its key as contracts take it: both coordinates on G2 in full, `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`.
    ///
    /// # Errors
    /// As [`BeaconChain::new`].
    pub fn from_uncompressed(
        name: impl Into<String>,
        public_key: &[u8; 192],
        genesis_secs: u64,
        period_secs: u64,
    ) -> Result<Self, BeaconError> {
        let point: Option<G2Affine> = G2Affine::from_uncompressed(public_key).into();
        let point = point.ok_or(BeaconError::NotAPoint)?;
        Self::new(name, point.to_compressed(), genesis_secs, period_secs)
    }

    /// The League of Entropy's quicknet: a round every three seconds since August 2023, chain hash
    /// `52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971`.
    #[must_use]
    pub fn quicknet() -> Self {
        let mut public_key = [0; 96];
        hex::decode_to_slice(QUICKNET_KEY, &mut public_key)
            .expect("invariant: the constant is 192 hex digits");
        Self { name: "quicknet".into(), public_key, genesis_secs: 1_692_803_367, period_secs: 3 }
    }

    /// What the chain is called in configuration and messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The group's compressed public key.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; 96] {
        &self.public_key
    }

    /// The group's public key as contracts take it: `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`.
    #[must_use]
    pub fn public_key_uncompressed(&self) -> [u8; 192] {
        let point: Option<G2Affine> = G2Affine::from_compressed(&self.public_key).into();
        point.expect("invariant: the key was a point when the chain was made").to_uncompressed()
    }

    /// The Unix second of round 1.
    #[must_use]
    pub const fn genesis_secs(&self) -> u64 {
        self.genesis_secs
    }

    /// Seconds between two rounds.
    #[must_use]
    pub const fn period_secs(&self) -> u64 {
        self.period_secs
    }

    /// Whether both are the same beacon, whatever each is called.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        (self.public_key, self.genesis_secs, self.period_secs)
            == (other.public_key, other.genesis_secs, other.period_secs)
    }

    /// The newest round that is due at a Unix second; round 0 before genesis.
    #[must_use]
    pub const fn round_at(&self, secs: u64) -> Round {
        match secs.checked_sub(self.genesis_secs) {
            Some(age) => Round((age / self.period_secs).saturating_add(1)),
            None => Round(0),
        }
    }

    /// The Unix second at which a round is due, or the end of time.
    #[must_use]
    pub const fn time_of(&self, round: Round) -> u64 {
        let periods = round.0.saturating_sub(1).saturating_mul(self.period_secs);
        self.genesis_secs.saturating_add(periods)
    }

    /// Checks that a proof is the chain's signature over the round and gives the randomness.
    ///
    /// # Errors
    /// [`BeaconError`], naming what was wrong.
    pub fn verify(&self, round: Round, proof: &Proof) -> Result<Randomness, BeaconError> {
        if round == Round(0) {
            return Err(BeaconError::RoundZero);
        }
        let key = G2PubkeyRfc::from_fixed(self.public_key).map_err(|_| BeaconError::NotAPoint)?;
        let valid = key.verify(round.0, b"", &proof.0).map_err(|_| BeaconError::NotAPoint)?;
        if !valid {
            return Err(BeaconError::WrongSignature { chain: self.name.clone(), round });
        }
        Ok(Randomness { round, bytes: derive_randomness(&proof.0) })
    }
}

const QUICKNET_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

/// A chain as configuration and papers write it; reading it goes through [`BeaconChain::new`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: String,
    #[serde(serialize_with = "write_hex", deserialize_with = "fixed_hex")]
    public_key: [u8; 96],
    genesis_secs: u64,
    period_secs: u64,
}

impl TryFrom<Fields> for BeaconChain {
    type Error = BeaconError;

    fn try_from(fields: Fields) -> Result<Self, BeaconError> {
        Self::new(fields.name, fields.public_key, fields.genesis_secs, fields.period_secs)
    }
}

impl From<BeaconChain> for Fields {
    fn from(chain: BeaconChain) -> Self {
        let BeaconChain { name, public_key, genesis_secs, period_secs } = chain;
        Self { name, public_key, genesis_secs, period_secs }
    }
}

fn write_hex<S: Serializer>(bytes: &[u8; 96], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

fn fixed_hex<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds that quicknet published, with the randomness it published beside them.
    const RECORDED: [(u64, &str, &str); 3] = [
        (
            123,
            "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
            "fb8f7bc29bf24db51871ec8c79f3a1e4bd0557bc0dfcee9ed1d924e69d1c60dc",
        ),
        (
            1000,
            "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
            "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
        ),
        (
            657_413,
            "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
            "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
        ),
    ];

    fn proof(signature: &str) -> Proof {
        Proof(hex::decode(signature).unwrap().try_into().unwrap())
    }

    #[test]
    fn recorded_quicknet_rounds_verify_and_give_the_published_randomness() {
        let quicknet = BeaconChain::quicknet();
        for (round, signature, published) in RECORDED {
            let randomness = quicknet.verify(Round(round), &proof(signature)).unwrap();
            assert_eq!(randomness.round(), Round(round));
            assert_eq!(hex::encode(randomness.as_bytes()), published, "round {round}");
        }
    }

    #[test]
    fn a_signature_proves_its_own_round_only() {
        let quicknet = BeaconChain::quicknet();
        let signature = proof(RECORDED[1].1);
        let wrong = quicknet.verify(Round(1001), &signature);
        let expected = BeaconError::WrongSignature { chain: "quicknet".into(), round: Round(1001) };
        assert_eq!(wrong, Err(expected));
        assert_eq!(quicknet.verify(Round(0), &signature), Err(BeaconError::RoundZero));
    }

    #[test]
    fn bytes_that_are_no_point_are_refused_and_so_is_infinity_as_a_key() {
        let quicknet = BeaconChain::quicknet();
        let mut bent = proof(RECORDED[0].1);
        bent.0[47] ^= 1;
        assert!(quicknet.verify(Round(123), &bent).is_err());
        assert_eq!(quicknet.verify(Round(123), &Proof([0; 48])), Err(BeaconError::NotAPoint));
        let mut infinity = [0; 96];
        infinity[0] = 0xc0;
        assert_eq!(BeaconChain::new("x", infinity, 0, 3), Err(BeaconError::NotAPoint));
        assert_eq!(BeaconChain::new("x", *quicknet.public_key(), 0, 0), Err(BeaconError::NoPeriod));
    }

    #[test]
    fn the_uncompressed_proof_is_the_same_point() {
        let signature = proof(RECORDED[1].1);
        let long = signature.uncompressed().unwrap();
        let point = G1Affine::from_uncompressed(&long).unwrap();
        assert_eq!(point.to_compressed(), signature.0);
        assert_eq!(long[1..48], signature.0[1..48], "x is the compressed form without its flags");
        assert_eq!(long[0], signature.0[0] & 0x1f);
    }

    #[test]
    fn rounds_and_seconds_agree() {
        let quicknet = BeaconChain::quicknet();
        let genesis = quicknet.time_of(Round(1));
        assert_eq!(quicknet.round_at(genesis - 1), Round(0));
        assert_eq!(quicknet.round_at(genesis), Round(1));
        assert_eq!(quicknet.round_at(genesis + 2), Round(1));
        assert_eq!(quicknet.round_at(genesis + 3), Round(2));
        assert_eq!(quicknet.time_of(Round(1000)), 1_692_806_364);
        assert_eq!(quicknet.round_at(quicknet.time_of(Round(1000))), Round(1000));
        assert_eq!(quicknet.time_of(Round(u64::MAX)), u64::MAX);
    }

    #[test]
    fn a_chain_reads_back_what_it_writes_and_refuses_a_bad_key() {
        let quicknet = BeaconChain::quicknet();
        let text = serde_json::to_string(&quicknet).unwrap();
        assert_eq!(serde_json::from_str::<BeaconChain>(&text).unwrap(), quicknet);
        let bent = text.replace("83cf0f", "83cf0e");
        assert!(serde_json::from_str::<BeaconChain>(&bent).is_err());
    }
}
