//! Deliveries: the manifest of what was made, and the signed claim that it was delivered.
//!
//! A manifest lists files with salted hashes, so that one file can be shown without the others and a
//! short file cannot be guessed from its hash on chain. It is not signed itself: the claim names it.
//!
//! Deliberately absent: contents, and where they are stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Illegal, Paper, Salt, rule};
use crate::{
    did::Did,
    ids::{BlobId, ContentHash, DealId, MilestoneIndex, PaperId, VerdictId},
    text::{BoundedVec, FileName, MediaType},
};

/// In a delivery, a source stands under this and its own name. A delivery is a flat folder
/// ([`FileName`]), so this is no path.
pub const SOURCES: &str = "source.";

/// The files of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The deal.
    pub deal: DealId,
    /// The milestone.
    pub milestone: MilestoneIndex,
    /// 1 to 64 files, in the order of their names.
    pub leaves: BoundedVec<Leaf, 64>,
}

/// One file of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Its name.
    pub name: FileName,
    /// What it holds.
    pub media_type: MediaType,
    /// Its length in bytes.
    pub size: u64,
    /// The file's own salt.
    pub salt: Salt,
    /// [`Leaf::hash_of`] its bytes.
    pub hash: ContentHash,
}

impl Leaf {
    /// SHA-256 of the 16 bytes of salt followed by the file's bytes.
    #[must_use]
    pub fn hash_of(salt: Salt, bytes: &[u8]) -> ContentHash {
        ContentHash(Sha256::new().chain_update(salt.0).chain_update(bytes).finalize().into())
    }

    /// The leaf of a file.
    #[must_use]
    pub fn new(name: FileName, media_type: MediaType, salt: Salt, bytes: &[u8]) -> Self {
        Self { name, media_type, size: bytes.len() as u64, salt, hash: Self::hash_of(salt, bytes) }
    }

    /// Whether these are the file's bytes.
    #[must_use]
    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.size == bytes.len() as u64 && self.hash == Self::hash_of(self.salt, bytes)
    }
}

impl Paper for Manifest {
    const TYPE: &'static str = "manifest";

    fn authors(&self) -> Vec<Did> {
        Vec::new()
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(!self.leaves.is_empty(), "a delivery has a file")?;
        rule::<Self>(self.leaves.is_sorted_by(|a, b| a.name < b.name), "files stand in order, once each")?;
        let salts: BTreeSet<_> = self.leaves.iter().map(|leaf| leaf.salt).collect();
        rule::<Self>(salts.len() == self.leaves.len(), "each file has its own salt")?;
        rule::<Self>(self.milestone.0 < 8, "a deal has at most eight milestones")
    }
}

/// The seller's word that it delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryClaim {
    /// The deal.
    pub deal: DealId,
    /// The milestone.
    pub milestone: MilestoneIndex,
    /// 0 for the first delivery, one more for each correction.
    pub attempt: u8,
    /// Who delivered.
    pub seller: Did,
    /// The manifest of what was delivered.
    pub manifest: PaperId,
    /// The sealed files, as the vaults store them.
    pub blob: BlobId,
    /// Length of the sealed files in bytes.
    pub size: u64,
    /// The finding that this delivery corrects; present exactly for a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<VerdictId>,
}

impl Paper for DeliveryClaim {
    const TYPE: &'static str = "delivery_claim";
    const MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.seller]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.milestone.0 < 8, "a deal has at most eight milestones")?;
        rule::<Self>(self.attempt < 8, "a milestone is delivered at most eight times")?;
        rule::<Self>(self.previous.is_some() == (self.attempt > 0), "a correction names what it corrects")
    }
}
