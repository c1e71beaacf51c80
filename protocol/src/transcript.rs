//! Hashes over lists of fields, so that no two lists have the same bytes.
//!
//! `SHA-256( field(label) ‖ field(x1) ‖ field(x2) ‖ … )`, where `field(x)` is the length of `x` in
//! bytes as four bytes, big endian, and then `x`. The label says what the hash is for; it keeps the
//! hash of one purpose from being taken for another's.
//!
//! Deliberately absent: papers, whose id is the hash of their canonical JSON; EIP-712 digests.

use sha2::{Digest, Sha256};

/// A hash in the making: a label, then fields in order.
#[derive(Clone, Debug)]
pub struct Transcript(Sha256);

impl Transcript {
    /// Starts with the label of the purpose.
    #[must_use]
    pub fn new(label: &str) -> Self {
        Self(Sha256::new()).field(label)
    }

    /// Adds one field.
    ///
    /// # Panics
    /// For a field of 4 GiB or more; what is hashed here was bounded long before.
    #[must_use]
    pub fn field(mut self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let length = u32::try_from(bytes.len()).expect("invariant: fields are far below 4 GiB");
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_from_one_field_to_the_next_changes_the_hash() {
        let hash = |a: &str, b: &str| Transcript::new("test").field(a).field(b).finish();
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        assert_ne!(hash("", "abc"), hash("abc", ""));
        assert_ne!(Transcript::new("test").finish(), Transcript::new("tes").field("t").finish());
    }
}
