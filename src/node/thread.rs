//! The thread that is a node's own: its loop, its connections and everything that they start.
//!
//! A frame goes from the socket through the loop and back out without changing threads: to hand it from
//! one to another costs more than to answer it. Whoever asks the node from outside, as the API does,
//! runs elsewhere and cannot hold it up.
//!
//! Deliberately absent: the threads that wait for the disk, which the records and the keys have.

use std::thread;

use tokio::sync::oneshot;

use super::{Daemon, DaemonError, Handle, Options};
use crate::{effects::Fatal, home::Home, keys::Keys};

/// A node that runs on its own thread. It stops when this is dropped.
#[derive(Debug)]
pub struct NodeThread {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), Fatal>>,
}

impl NodeThread {
    /// Starts a node from its home, and returns once it runs. When this is dropped half-way, the node
    /// stops as soon as it has started.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub async fn start(home: Home, keys: Keys, options: Options) -> Result<(Self, Handle), DaemonError> {
        let (stop, stopped) = oneshot::channel();
        let (tell_end, ended) = oneshot::channel();
        let (tell_start, started) = oneshot::channel();
        let no_thread = |error: std::io::Error| DaemonError::Home(format!("no thread for the node: {error}"));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let run = async move || match Daemon::start(&home, keys, options).await {
            Ok((daemon, handle)) => {
                // Nobody may be waiting any more; then the end is near, too.
                let _ = tell_start.send(Ok(handle));
                let told = async {
                    let _ = stopped.await;
                };
                let _ = tell_end.send(daemon.run(told).await);
            }
            Err(error) => {
                let _ = tell_start.send(Err(error));
            }
        };
        let thread = thread::Builder::new().name("node".into());
        // As a task: the future that a runtime itself waits for is polled only after one more look at the
        // system's events, which every frame would pay for.
        let whole = move || {
            let node = runtime.spawn(run());
            // A panic has been told by then, and whoever waits learns of it by the channels that are gone.
            let _ = runtime.block_on(node);
        };
        thread.spawn(whole).map_err(no_thread)?;
        let panicked = |_| DaemonError::Home("the node ended by a panic".into());
        let handle = started.await.map_err(panicked)??;
        Ok((Self { stop, ended }, handle))
    }

    /// Waits until the node ends by itself; nothing where it ended by a panic. May be dropped.
    pub async fn ended(&mut self) -> Option<Result<(), Fatal>> {
        (&mut self.ended).await.ok()
    }

    /// Stops the node and waits for its end; nothing where it ended by a panic.
    pub async fn stop(self) -> Option<Result<(), Fatal>> {
        drop(self.stop);
        self.ended.await.ok()
    }
}
