//! Identifiers: each kind of id is its own type, so that none can be passed for another.
//!
//! A 32-byte id prints as lowercase hex. Ids that are SHA-256 of canonical bytes print bare, as
//! `sha256sum` does; EIP-712 digests and keccak hashes print with `0x`, as wallets do. Parsing
//! accepts exactly what printing gives and nothing else.
//!
//! Deliberately absent: any way to make an id out of a string of another kind.

use core::{fmt, str::FromStr};

use alloy_primitives::{B256, hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spelled;

/// Says that a text is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected {expected}")]
pub struct ParseIdError {
    kind: &'static str,
    expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The 32 bytes themselves.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The id as the EVM word it is on chain.
            #[must_use]
            pub const fn word(&self) -> B256 {
                B256::new(self.0)
            }
        }

        impl From<B256> for $name {
            fn from(word: B256) -> Self {
                Self(word.0)
            }
        }

        impl $name {
            /// Gives the printed id to somebody, from the stack.
            fn print<R>(&self, to: impl FnOnce(&str) -> R) -> R {
                let mut text = [0; $prefix.len() + 64];
                let (prefix, digits) = text.split_at_mut($prefix.len());
                prefix.copy_from_slice($prefix.as_bytes());
                hex::encode_to_slice(self.0, digits).expect("invariant: 32 bytes are 64 digits");
                to(core::str::from_utf8(&text).expect("invariant: hex is ASCII"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.print(|text| f.write_str(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let wrong = ParseIdError {
                    kind: stringify!($name),
                    expected: concat!($prefix, "<64 lowercase hex digits>"),
                };
                let Some(digits) = text.strip_prefix($prefix) else { return Err(wrong) };
                let mut bytes = [0; 32];
                // The reader of hex would pass over a second prefix.
                let exact = digits.len() == 2 * bytes.len();
                if !exact || digits.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(wrong);
                }
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| wrong)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.print(|text| serializer.serialize_str(text))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                spelled::read(deserializer, str::parse::<Self>)
            }
        }
    };
}

id!(
    /// A paper: SHA-256 of its canonical bytes without proof (RFC 8785).
    PaperId, ""
);
id!(
    /// A sealed blob: SHA-256 of the ciphertext as stored.
    BlobId, ""
);
id!(
    /// The leaf of an evidence manifest, or any other salted SHA-256 of bytes.
    ContentHash, ""
);
id!(
    /// The head of a session's frame chain.
    Head, ""
);
id!(
    /// A negotiation under an NDA: SHA-256 of the NDA's id and both random nonces.
    NegotiationId, ""
);
id!(
    /// One intended on-chain act; the same act has the same id however often it is tried.
    IntentId, ""
);
id!(
    /// An NDA: the EIP-712 digest that both sides signed and `Accords` anchored.
    NdaId, "0x"
);
id!(
    /// A deal: the EIP-712 digest that both sides signed and `DealEscrow` opened.
    DealId, "0x"
);
id!(
    /// A verdict: its EIP-712 digest.
    VerdictId, "0x"
);
id!(
    /// A transaction hash.
    TxHash, "0x"
);
id!(
    /// A block hash.
    BlockHash, "0x"
);
id!(
    /// A node's Ed25519 public key: the one key that the network code holds, equal to its libp2p `PeerId`.
    PeerKey, ""
);

/// A request by a local client, unique within one run of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// A byte stream to a peer, unique within one run of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// A milestone's place in the deal, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MilestoneIndex(pub u8);

/// One judgement: a milestone's delivery before one panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseId {
    /// The deal.
    pub deal: DealId,
    /// The milestone, from 0.
    pub milestone: u8,
    /// 0 for the first panel, 1 after the appeal.
    pub round: u8,
    /// Which delivery of the milestone, from 0.
    pub attempt: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints_and_nothing_else() {
        let id = DealId([0xab; 32]);
        assert_eq!(id.to_string().parse::<DealId>().unwrap(), id);
        assert!(id.to_string().to_uppercase().parse::<DealId>().is_err());
        assert!(hex::encode([0xab; 32]).parse::<DealId>().is_err());
        assert!("0xab".parse::<DealId>().is_err());
        let paper = PaperId([1; 32]);
        assert_eq!(paper.to_string().parse::<PaperId>().unwrap(), paper);
        assert!(format!("0x{paper}").parse::<PaperId>().is_err());
    }
}
