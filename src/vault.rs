//! Sealed papers: packed, sealed to their readers, kept by the hash of their ciphertext.
//!
//! Files are packed into one plain tar, always the same bytes for the same files; the tar is sealed
//! as an ordinary age file; the age file is kept as a blob whose id is its SHA-256. Each fetch gives
//! an [`Access`] along with its outcome, for the caller to record: who reads what is part of the
//! deal's history.
//!
//! Deliberately absent: identities, who may fetch, when a blob is deleted, the network.

mod blobs;
mod tarball;

pub use self::{
    blobs::{Access, AccessOutcome, BLOB_MAX, BlobError, Blobs, Fetch},
    tarball::{FILES_MAX, File, PACK_MAX, PackError, pack, unpack},
};
pub use crate::sealing::{SealError, open, recipient_key, seal};

#[cfg(test)]
mod tests;
