//! Blobs by the SHA-256 of their bytes, behind `object_store`: a local folder, or later any
//! S3-compatible service.
//!
//! What is read is hashed before it is given out, so a store that rots or lies is noticed. Writing
//! the same blob twice is the same as once. Files appear whole and synced or not at all.
//!
//! Deliberately absent: listing, deleting, caching, and any look inside a blob.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use nuncio_protocol::{
    ids::{BlobId, PeerKey},
    time::Timestamp,
};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The largest blob, in bytes.
pub const BLOB_MAX: u64 = 64 << 20;

/// A store of blobs; cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

/// Why a blob cannot be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It is not held.
    #[error("blob {0} is not held")]
    NotFound(BlobId),
    /// It is larger than blobs may be.
    #[error("a blob of {size} bytes, at most {BLOB_MAX} are taken")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// What is held under its id has another hash.
    #[error("blob {wanted} is damaged: what is held hashes to {found}")]
    Damaged {
        /// The id.
        wanted: BlobId,
        /// The hash of what is held.
        found: BlobId,
    },
    /// The store failed.
    #[error("the blob store failed: {0}")]
    Store(#[from] object_store::Error),
    /// The folder cannot be made.
    #[error("the blob store's folder cannot be made: {0}")]
    Folder(#[from] std::io::Error),
}

/// That somebody asked for a blob, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The blob.
    pub blob: BlobId,
    /// Who asked.
    pub by: PeerKey,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: AccessOutcome,
}

/// What came of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessOutcome {
    /// The blob was given, whole; its size in bytes.
    Given(u64),
    /// It is not held.
    NotFound,
    /// What is held is damaged, or the store failed; nothing was given.
    Failed,
}

/// A fetch: the access to record, and the blob if it was given.
#[derive(Debug)]
pub struct Fetch {
    /// The fact that the caller stores before it answers.
    pub access: Access,
    /// The blob.
    pub blob: Result<Bytes, BlobError>,
}

impl Blobs {
    /// Blobs in a local folder, which is made where it is missing. Every blob is synced with its
    /// folder before it counts as kept.
    ///
    /// # Errors
    /// [`BlobError::Folder`], [`BlobError::Store`].
    pub fn in_folder(dir: &Path) -> Result<Self, BlobError> {
        std::fs::create_dir_all(dir)?;
        let store = LocalFileSystem::new_with_prefix(dir)?.with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Keeps a blob and gives its id. May be dropped half-way: then it is there whole or not at all.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Store`].
    pub async fn put(&self, bytes: Bytes) -> Result<BlobId, BlobError> {
        let size = bytes.len() as u64;
        if size > BLOB_MAX {
            return Err(BlobError::TooLarge { size });
        }
        let blob = id(&bytes);
        self.store.put(&key(blob), PutPayload::from(bytes)).await?;
        Ok(blob)
    }

    /// Gives a blob whose bytes hash to its id. May be dropped half-way.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::Damaged`], [`BlobError::TooLarge`],
    /// [`BlobError::Store`].
    pub async fn get(&self, blob: BlobId) -> Result<Bytes, BlobError> {
        let found = self.store.get(&key(blob)).await.map_err(|error| missing(blob, error))?;
        let size = found.meta.size;
        if size > BLOB_MAX {
            return Err(BlobError::TooLarge { size });
        }
        let bytes = found.bytes().await.map_err(|error| missing(blob, error))?;
        let found = id(&bytes);
        if found == blob { Ok(bytes) } else { Err(BlobError::Damaged { wanted: blob, found }) }
    }

    /// Whether something is held under this id; only [`Blobs::get`] says whether it is intact.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn has(&self, blob: BlobId) -> Result<bool, BlobError> {
        match self.store.head(&key(blob)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a blob to somebody, and the access for the caller to record. May be dropped half-way.
    pub async fn fetch(&self, blob: BlobId, by: PeerKey, at: Timestamp) -> Fetch {
        let result = self.get(blob).await;
        let outcome = match &result {
            Ok(bytes) => AccessOutcome::Given(bytes.len() as u64),
            Err(BlobError::NotFound(_)) => AccessOutcome::NotFound,
            Err(
                BlobError::TooLarge { .. }
                | BlobError::Damaged { .. }
                | BlobError::Store(_)
                | BlobError::Folder(_),
            ) => AccessOutcome::Failed,
        };
        Fetch { access: Access { blob, by, at, outcome }, blob: result }
    }
}

fn id(bytes: &[u8]) -> BlobId {
    BlobId(Sha256::digest(bytes).into())
}

/// Two levels, so that no folder grows too wide.
fn key(blob: BlobId) -> Key {
    let name = blob.to_string();
    Key::from(format!("{}/{name}", &name[..2]))
}

fn missing(blob: BlobId, error: object_store::Error) -> BlobError {
    if matches!(error, object_store::Error::NotFound { .. }) {
        BlobError::NotFound(blob)
    } else {
        BlobError::Store(error)
    }
}
