//! A node's bundle as one archive.
//!
//! First the node gives its part; then the chain is asked, the sealed files are taken from the blob
//! store, and the node signs the index over all of it. Nothing is opened on the way.
//!
//! Deliberately absent: who may ask; the API's roles say that.

use std::{collections::BTreeMap, sync::Arc};

use nuncio_protocol::{
    audit::{ComposeError, Files, Index, Parts},
    canonical::EncodingError,
    command::{Command, Look, Refusal, Reply},
    ids::DealId,
    view::View,
};

use super::{Asking, ObserveError, observe};
use crate::{
    node::Handle,
    vault::{self, BlobError, Blobs, PackError},
};

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The node will not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ObserveError),
    /// No endpoint is configured.
    #[error("no RPC endpoint is configured")]
    NoEndpoint,
    /// A sealed file could not be read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The parts do not make a bundle.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The index cannot be written.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// The files do not make an archive.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The node answered something else than was asked.
    #[error("the node gave an answer that does not belong to the question")]
    Strange,
}

/// What an export needs besides the node; cheap to clone.
#[derive(Clone, Debug)]
pub struct Exporter {
    blobs: Arc<Blobs>,
    rpc: Arc<[String]>,
}

impl Exporter {
    /// An exporter over a node's blobs, asking the first of these endpoints that answers.
    #[must_use]
    pub fn new(blobs: Arc<Blobs>, rpc: &[String]) -> Self {
        Self { blobs, rpc: rpc.into() }
    }

    /// The bundle of a deal as an archive, whose files are named as in the bundle.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn bundle_tar(&self, node: &Handle, deal: DealId) -> Result<Vec<u8>, ExportError> {
        let files = self.bundle(node, deal).await?;
        let file = |(name, bytes)| vault::File { name, bytes };
        Ok(vault::pack(&files.into_iter().map(file).collect::<Vec<_>>())?)
    }

    async fn bundle(&self, node: &Handle, deal: DealId) -> Result<Files, ExportError> {
        let Reply::View(view) = node.ask(Command::Look(Look::Bundle(deal))).await? else {
            return Err(ExportError::Strange);
        };
        let View::Bundle(parts) = *view else { return Err(ExportError::Strange) };
        let chain = self.chain(&parts).await?;
        let mut sealed = BTreeMap::new();
        for (_, blob) in &parts.sealed {
            sealed.insert(*blob, self.blobs.get(*blob).await?.to_vec());
        }
        let (files, index) = parts.compose(&chain, sealed)?;
        let Reply::Bundle(signed) = node.ask(Command::Attest(Box::new(index))).await? else {
            return Err(ExportError::Strange);
        };
        Ok(Index::seal(&signed, files)?)
    }

    async fn chain(&self, parts: &Parts) -> Result<nuncio_protocol::audit::OnChain, ExportError> {
        let mut last = ExportError::NoEndpoint;
        for url in self.rpc.iter() {
            match observe(url, Asking::Exporter(&parts.deployment)).await {
                Ok(chain) => return Ok(chain),
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }
}
