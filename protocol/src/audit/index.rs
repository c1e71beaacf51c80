//! The index of a bundle: a paper by the exporter that names every other file.
//!
//! Deliberately absent: itself and its proof, which it cannot name; they are held by the proof.

use serde::{Deserialize, Serialize};

use crate::{
    abi::Deployment,
    beacon::BeaconChain,
    did::Did,
    document::{Illegal, Paper},
    ids::{ContentHash, DealId},
    text::BoundedVec,
};

/// Where the index lies.
pub const INDEX: &str = "bundle.json";
/// Where the exporter's proof over it lies.
pub const INDEX_PROOF: &str = "bundle.proof.json";

/// The most files of one bundle besides the index and its proof.
pub(super) const FILES_MAX: usize = 240;

/// What a bundle holds, and what it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The deal.
    pub deal: DealId,
    /// Who exported and signed.
    pub exporter: Did,
    /// The contracts in whose domains everything is signed.
    pub deployment: Deployment,
    /// The beacon that the panel was drawn from.
    pub beacon: BeaconChain,
    /// How long a seat must have been on the register at the draw.
    pub seat_age_secs: u64,
    /// The first block whose logs were looked at.
    pub from_block: u64,
    /// The last one.
    pub to_block: u64,
    /// When it was exported, Unix seconds by the exporter's clock.
    pub created_secs: u64,
    /// Every other file, by path.
    pub files: BoundedVec<FileEntry, FILES_MAX>,
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where it lies, relative to the bundle.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: ContentHash,
}

/// Parts of letters, digits, `.`, `-` and `_` between `/`, none beginning with a dot, at most 100 bytes.
fn is_plain(path: &str) -> bool {
    let plain = |part: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(legal)
    };
    path.len() <= 100 && path.split('/').all(plain)
}

impl Paper for Index {
    const TYPE: &'static str = "audit_bundle";
    const MAX_BYTES: usize = 96 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.exporter]
    }

    fn check(&self) -> Result<(), Illegal> {
        let rule = |holds: bool, rule| if holds { Ok(()) } else { Err(Illegal { paper: Self::TYPE, rule }) };
        let paths = || self.files.iter().map(|file| file.path.as_str());
        rule(self.files.is_sorted_by(|a, b| a.path < b.path), "files stand in order, once each")?;
        rule(paths().all(is_plain), "paths are plain and relative")?;
        rule(paths().all(|path| path != INDEX && path != INDEX_PROOF), "the index does not name itself")?;
        rule(self.from_block <= self.to_block, "the first block is not after the last")
    }
}
