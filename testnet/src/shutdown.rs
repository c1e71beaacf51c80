//! An orderly end on Ctrl-C, on `kill` and when the terminal closes.
//!
//! Work is a future that owns its processes; an interrupt drops it, and dropping ends them.

use tokio::signal::unix::{SignalKind, signal};

/// How work ended.
#[derive(Debug)]
pub enum Outcome<T> {
    /// By itself.
    Done(T),
    /// By a signal.
    Interrupted,
}

/// Runs work until it ends or a signal comes. The work must bear to be dropped at any point.
pub async fn or_interrupted<T>(work: impl Future<Output = T>) -> Outcome<T> {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let mut waiting = Vec::new();
    for kind in signals {
        // A signal that cannot be listened to ends us as it always did.
        if let Ok(mut stream) = signal(kind) {
            waiting.push(Box::pin(async move { stream.recv().await }));
        }
    }
    tokio::select! {
        done = work => Outcome::Done(done),
        _ = futures::future::select_all(waiting) => Outcome::Interrupted,
    }
}
