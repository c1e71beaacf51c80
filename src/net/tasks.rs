//! The tasks of one network: all of them end when it stops, and somebody can wait for that.
//!
//! Every task is started here. An ordinary one is dropped at its next `await` once the stop signal
//! is given, so everything that is spawned may be dropped half-way; the swarm's own task sees the
//! signal itself and says goodbye to its peers first. Deliberately absent: results and restarts.

use std::future::Future;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The tasks of one network and the signal that ends them.
#[derive(Debug)]
pub(super) struct Tasks {
    stop: CancellationToken,
    running: watch::Sender<usize>,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self { stop: CancellationToken::new(), running: watch::Sender::new(0) }
    }

    /// Starts a task that is dropped when the network stops.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.spawn_to_its_end(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Starts a task that watches [`Tasks::stop_signal`] itself and is waited for.
    pub(super) fn spawn_to_its_end(&self, work: impl Future<Output = ()> + Send + 'static) {
        let counted = Counted::new(self.running.clone());
        tokio::spawn(async move {
            let _counted = counted;
            work.await;
        });
    }

    /// The signal that tells every task to end.
    pub(super) fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Something whose drop stops all tasks.
    pub(super) fn stop_on_drop(&self) -> DropGuard {
        self.stop.clone().drop_guard()
    }

    /// Returns once no task is left. May be dropped half-way.
    pub(super) async fn ended(&self) {
        // The sender is ours, so the wait cannot fail.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }
}

/// Counts one task for as long as it lives, also when it panics.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(running: watch::Sender<usize>) -> Self {
        running.send_modify(|running| *running += 1);
        Self(running)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}
