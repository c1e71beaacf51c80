//! How local clients reach the loop: a question goes in, its answer comes back.
//!
//! Deliberately absent: who may ask what; that is the API's.

use std::sync::Arc;

use nuncio_protocol::{
    command::{Command, Refusal, Reply},
    ids::DealId,
};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    audit::{ExportError, Exporter},
    effects::{Answer, Numbered},
    net::Net,
    trail::{Page, Trail, TrailError},
};

/// A question of a local client.
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) staged: Vec<Vec<u8>>,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// How local clients reach the loop; cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) events: broadcast::Sender<Numbered>,
    pub(super) net: Net,
    pub(super) listen: Arc<std::sync::Mutex<Vec<String>>>,
    pub(super) exporter: Exporter,
    pub(super) trail: Trail,
}

impl Handle {
    /// Asks the node, and waits for its answer.
    ///
    /// # Errors
    /// The node's [`Refusal`].
    pub async fn ask(&self, command: Command) -> Result<Reply, Refusal> {
        self.ask_with(command, Vec::new()).await
    }

    /// Asks the node after keeping these bytes, which the command refers to by their hash.
    ///
    /// # Errors
    /// The node's [`Refusal`].
    pub async fn ask_with(&self, command: Command, staged: Vec<Vec<u8>>) -> Result<Reply, Refusal> {
        let (answer, result) = oneshot::channel();
        let gone = |_| Refusal::NotNow { why: "the node is stopping".into() };
        self.requests.send(Request { command, staged, answer }).await.map_err(|_| gone(()))?;
        result.await.unwrap_or_else(|_| Err(gone(())))
    }

    /// Everything that happens from now on; what came before is asked for with
    /// [`Look::Events`](nuncio_protocol::command::Look::Events).
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Numbered> {
        self.events.subscribe()
    }

    /// The bundle of a deal as an archive, for a stranger to verify.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn bundle(&self, deal: DealId) -> Result<Vec<u8>, ExportError> {
        self.exporter.bundle_tar(self, deal).await
    }

    /// What the node has on record from a number on, as [`Trail::read`].
    ///
    /// # Errors
    /// [`TrailError`].
    pub async fn trail(&self, from: u64, count: usize, step: Option<String>) -> Result<Page, TrailError> {
        let trail = self.trail.clone();
        // Reading may take a while, and opens seals.
        let read = tokio::task::spawn_blocking(move || trail.read(from, count, step.as_deref())).await;
        read.unwrap_or_else(|_| Err(TrailError::stopping()))
    }

    /// Nodes that are connected.
    #[must_use]
    pub fn peers(&self) -> Vec<crate::net::PeerView> {
        self.net.peers()
    }

    /// Multiaddresses that this node listens on, each with its peer id.
    #[must_use]
    pub fn listen(&self) -> Vec<String> {
        self.listen.lock().map(|addresses| addresses.clone()).unwrap_or_default()
    }
}

impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request").field("staged", &self.staged.len()).finish_non_exhaustive()
    }
}
