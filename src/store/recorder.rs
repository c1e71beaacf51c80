//! Group commit: one thread that appends what comes, many steps in one batch.
//!
//! Whoever decides hands its entries over and goes on; the thread encodes them, and appends what has
//! gathered as one batch. Entries that nobody waits for gather for two milliseconds and are synced
//! with the next batch that somebody waits for. Who must not go on before the disk has it asks for
//! [`Recorder::sync`]: its batch takes along everything handed over before, and one sync answers
//! everybody who waits. The order of entries is the order of rows, always.
//!
//! What is handed over and not yet written is bounded: a disk that cannot keep up stops whoever
//! hands over. After the first failure nothing more is written, and everybody is told.
//!
//! Deliberately absent: what an entry is, and which of them must be waited for.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{BATCH_MAX, Row, Store};

/// How long entries gather that nobody waits for.
const GATHERING: Duration = Duration::from_millis(2);
/// Entries that may wait to be written.
const WAITING_MAX: usize = 4 * BATCH_MAX;

/// Why nothing is recorded any more; the process must end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unrecorded(Arc<str>);

type Synced = Result<(), Unrecorded>;

/// The thread that writes, as seen by those who hand over. Dropping it writes and syncs what waits.
#[derive(Debug)]
pub struct Recorder<E> {
    shared: Arc<Shared<E>>,
    thread: Option<JoinHandle<()>>,
}

/// How to wait for the disk without handing anything over.
#[derive(Debug)]
pub struct Syncer<E>(Arc<Shared<E>>);

#[derive(Debug)]
struct Shared<E> {
    queue: Mutex<Queue<E>>,
    /// There is work, or room.
    changed: Condvar,
}

#[derive(Debug)]
struct Queue<E> {
    entries: Vec<E>,
    asked: Vec<oneshot::Sender<Synced>>,
    failed: Option<Unrecorded>,
    ending: bool,
}

impl<E: Send + 'static> Recorder<E> {
    /// Starts the thread; `encode` makes rows of entries, in order.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(
        store: Store,
        encode: impl FnMut(E) -> Result<Row, String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let queue = Queue { entries: Vec::new(), asked: Vec::new(), failed: None, ending: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() });
        let at_work = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("recorder".into());
        let thread = thread.spawn(move || at_work.write_all(store, encode))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands entries over, in the order in which they are to stand. Waits while too many are waiting.
    ///
    /// # Errors
    /// [`Unrecorded`] after a failure.
    pub fn record(&self, entries: impl IntoIterator<Item = E>) -> Result<(), Unrecorded> {
        let mut queue = self.shared.lock();
        while queue.entries.len() >= WAITING_MAX && queue.failed.is_none() {
            queue = self.shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(failed) = &queue.failed {
            return Err(failed.clone());
        }
        let first = queue.entries.is_empty();
        queue.entries.extend(entries);
        // While it gathers, the thread wakes by itself.
        if first || queue.entries.len() >= BATCH_MAX {
            self.shared.changed.notify_all();
        }
        Ok(())
    }

    /// Waits until everything handed over so far is on disk. May be dropped.
    ///
    /// # Errors
    /// [`Unrecorded`] when it cannot be.
    pub async fn sync(&self) -> Result<(), Unrecorded> {
        self.shared.sync().await
    }

    /// For whoever only waits.
    #[must_use]
    pub fn syncer(&self) -> Syncer<E> {
        Syncer(Arc::clone(&self.shared))
    }
}

impl<E> Syncer<E> {
    /// Waits until everything handed over so far is on disk. May be dropped.
    ///
    /// # Errors
    /// [`Unrecorded`] when it cannot be.
    pub async fn sync(&self) -> Result<(), Unrecorded> {
        self.0.sync().await
    }
}

impl<E> Drop for Recorder<E> {
    fn drop(&mut self) {
        self.shared.lock().ending = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl<E> Shared<E> {
    fn lock(&self) -> MutexGuard<'_, Queue<E>> {
        // No code that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sync(&self) -> Synced {
        let (answer, synced) = oneshot::channel();
        {
            let mut queue = self.lock();
            if let Some(failed) = &queue.failed {
                return Err(failed.clone());
            }
            queue.asked.push(answer);
        }
        self.changed.notify_all();
        synced.await.unwrap_or_else(|_| Err(Unrecorded("the recorder has ended".into())))
    }

    fn write_all(&self, mut store: Store, mut encode: impl FnMut(E) -> Result<Row, String>) {
        loop {
            let (entries, asked, ending) = self.next();
            let sync = ending || !asked.is_empty();
            let written = write(&mut store, entries, sync, &mut encode);
            if let Err(failed) = &written {
                let mut queue = self.lock();
                queue.failed = Some(failed.clone());
                queue.entries.clear();
                for late in queue.asked.drain(..) {
                    let _ = late.send(Err(failed.clone()));
                }
            }
            self.changed.notify_all();
            for answer in asked {
                // Whoever asked may have gone away.
                let _ = answer.send(written.clone());
            }
            if ending || written.is_err() {
                return;
            }
        }
    }

    /// What to write next, who waits for it, and whether it is the last.
    fn next(&self) -> (Vec<E>, Vec<oneshot::Sender<Synced>>, bool) {
        let idle = |queue: &mut Queue<E>| queue.entries.is_empty() && queue.asked.is_empty() && !queue.ending;
        let queue = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let gathers =
            |queue: &mut Queue<E>| queue.asked.is_empty() && !queue.ending && queue.entries.len() < BATCH_MAX;
        let gathered = self.changed.wait_timeout_while(queue, GATHERING, gathers);
        let (mut queue, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut queue.entries), std::mem::take(&mut queue.asked), queue.ending)
    }
}

fn write<E>(
    store: &mut Store,
    entries: Vec<E>,
    sync: bool,
    mut encode: impl FnMut(E) -> Result<Row, String>,
) -> Synced {
    let unrecorded = |why: &dyn std::fmt::Display| Unrecorded(why.to_string().into());
    let rows: Vec<Row> =
        entries.into_iter().map(&mut encode).collect::<Result<_, _>>().map_err(|why| unrecorded(&why))?;
    let mut batches = rows.chunks(BATCH_MAX).peekable();
    if batches.peek().is_none() && sync {
        return store.sync().map_err(|error| unrecorded(&error));
    }
    while let Some(batch) = batches.next() {
        store.append(batch, sync && batches.peek().is_none()).map_err(|error| unrecorded(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: u64) -> Result<Row, String> {
        Ok(Row { key, nda: None, value: key.to_be_bytes().to_vec().into() })
    }

    fn keys(dir: &std::path::Path) -> Vec<u64> {
        Store::open(dir).unwrap().load().map(|row| row.unwrap().key).collect()
    }

    #[tokio::test]
    async fn entries_become_rows_in_order_and_a_sync_covers_all_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let recorder = Recorder::start(Store::open(dir.path()).unwrap(), row).unwrap();
        recorder.record(0..3).unwrap();
        recorder.record(3..10_000).unwrap();
        recorder.sync().await.unwrap();
        recorder.syncer().sync().await.unwrap();
        recorder.record(10_000..10_001).unwrap();
        drop(recorder);
        assert_eq!(keys(dir.path()), (0..10_001).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn after_a_failure_everybody_is_told_and_nothing_more_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let encode = |key| if key == 2 { Err("two".to_owned()) } else { row(key) };
        let recorder = Recorder::start(Store::open(dir.path()).unwrap(), encode).unwrap();
        recorder.record(0..2).unwrap();
        recorder.sync().await.unwrap();
        recorder.record(2..4).unwrap();
        let failed = Unrecorded("two".into());
        assert_eq!(recorder.sync().await, Err(failed.clone()));
        assert_eq!(recorder.sync().await, Err(failed.clone()));
        assert_eq!(recorder.record(4..5), Err(failed));
        drop(recorder);
        assert_eq!(keys(dir.path()), [0, 1]);
    }
}
