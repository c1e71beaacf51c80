//! What may be asked to be signed: a slot, and the ordered payloads that are to fill it.
//!
//! Deliberately absent: the keys, and the meaning of what is signed.

use alloy_primitives::B256;
use sha2::{Digest, Sha256};

/// The place that a set of signatures fills: one negotiation, one paper, one verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name, such as `negotiation/<id>`: 1 to 128 visible ASCII characters, ids and no contents.
    pub name: String,
    /// Whether the first ordered set of digests is the only one for ever (commitments), or each
    /// request stands for itself (session checkpoints, announcements), which costs no disk write.
    pub exclusive: bool,
}

impl Slot {
    /// A slot that one ordered set of digests fills for ever.
    #[must_use]
    pub const fn exclusive(name: String) -> Self {
        Self { name, exclusive: true }
    }

    /// A slot that any number of signatures may use.
    #[must_use]
    pub const fn repeated(name: String) -> Self {
        Self { name, exclusive: false }
    }
}

/// One thing to sign, and thereby which key signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Exactly these bytes, by the identity key (Ed25519, RFC 8032).
    Identity {
        /// What is signed as it stands, such as the hash data of `eddsa-jcs-2022`.
        bytes: Vec<u8>,
    },
    /// This digest (EIP-712, or a transaction's), by the settlement key (secp256k1).
    Typed {
        /// The 32 bytes that are signed as they stand.
        digest: B256,
    },
}

impl Payload {
    /// What the guard remembers of it.
    #[must_use]
    pub fn digest(&self) -> SlotDigest {
        match self {
            Self::Identity { bytes } => {
                SlotDigest { key: SigningKeyRole::Identity, hash: Sha256::digest(bytes).into() }
            }
            Self::Typed { digest } => SlotDigest { key: SigningKeyRole::Settlement, hash: digest.0 },
        }
    }
}

/// A slot and all that is to be signed in it, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignRequest {
    /// Where the signatures belong.
    pub slot: Slot,
    /// 1 to 8 things to sign.
    pub payloads: Vec<Payload>,
}

/// A signature as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Ed25519 by the identity key, 64 bytes.
    Identity([u8; 64]),
    /// secp256k1 by the settlement key: r ‖ s ‖ v, low s (EIP-2), v 27 or 28.
    Typed([u8; 65]),
}

/// Which of the two keys that sign for the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SigningKeyRole {
    /// Ed25519, the agent's `did:key`.
    Identity,
    /// secp256k1, the agent's account.
    Settlement,
}

/// One digest of a slot's ordered set: SHA-256 of identity bytes, or the typed digest itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotDigest {
    /// The key that signs it.
    pub key: SigningKeyRole,
    /// The digest.
    pub hash: [u8; 32],
}

impl core::fmt::Display for SlotDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let key = match self.key {
            SigningKeyRole::Identity => "identity",
            SigningKeyRole::Settlement => "settlement",
        };
        write!(f, "{key}:{}", hex::encode(self.hash))
    }
}

impl core::fmt::Debug for SlotDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SlotDigest({self})")
    }
}
