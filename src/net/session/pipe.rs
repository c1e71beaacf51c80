//! One session stream from both ends: written by whoever sends, read and finished by its task.
//!
//! Bytes leave in the order in which they were handed in, because only one party writes at a time:
//! the sender while the transport takes everything, the task from the moment it does not until it
//! has caught up. Deliberately absent: frames on the way in, which the reader cuts.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use futures::{AsyncRead, AsyncWrite};
use libp2p::Stream;
use nuncio_protocol::ids::PeerKey;
use tokio::sync::Notify;

use super::super::{frame, guarded::Guarded};

/// Bytes that may wait for one slow stream.
const BACKLOG_MAX: usize = 1024 * 1024;
/// A write buffer above this is given back once it is empty.
const BUFFER_KEPT: usize = 128 * 1024;

/// Why a frame was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    Closing,
    Backlog,
}

/// Both ends of one substream, shared by its task and by whoever sends.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) peer: PeerKey,
    ends: Guarded<Ends>,
    /// Wakes the task: there is something left to write, or to close.
    left: Notify,
}

#[derive(Debug)]
struct Ends {
    stream: Stream,
    /// Frames on their way out; `out[..written]` has been taken by the transport.
    out: Vec<u8>,
    written: usize,
    /// The task has work: nobody else writes, or frames would overtake each other.
    with_task: bool,
    closing: bool,
}

impl Pipe {
    pub(super) fn new(peer: PeerKey, stream: Stream) -> Self {
        let ends = Ends { stream, out: Vec::new(), written: 0, with_task: false, closing: false };
        Self { peer, ends: Guarded::new(ends), left: Notify::new() }
    }

    pub(super) fn send(&self, frame: &[u8]) -> Result<(), Unsendable> {
        let mut ends = self.ends.lock();
        if ends.closing {
            return Err(Unsendable::Closing);
        }
        if ends.out.len() - ends.written + frame::PREFIX + frame.len() > BACKLOG_MAX {
            // The peer has stopped reading; what is buffered will not be waited for.
            ends.abandon();
            self.left.notify_one();
            return Err(Unsendable::Backlog);
        }
        frame::append(&mut ends.out, frame);
        if ends.with_task {
            return Ok(());
        }
        match ends.poll_push(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Ok(()),
            Poll::Pending => {
                ends.with_task = true;
                self.left.notify_one();
                Ok(())
            }
            Poll::Ready(Err(_)) => {
                ends.abandon();
                self.left.notify_one();
                Err(Unsendable::Closing)
            }
        }
    }

    pub(super) fn close(&self) {
        self.ends.lock().closing = true;
        self.left.notify_one();
    }

    /// Writes what senders leave until the stream is closed. May be dropped half-way, together with
    /// the stream.
    pub(super) async fn write(&self) -> io::Result<()> {
        loop {
            self.left.notified().await;
            let closing = std::future::poll_fn(|cx| {
                let mut ends = self.ends.lock();
                ready!(ends.poll_push(cx))?;
                ends.with_task = false;
                if ends.closing {
                    ready!(Pin::new(&mut ends.stream).poll_close(cx))?;
                }
                Poll::Ready(io::Result::Ok(ends.closing))
            })
            .await?;
            if closing {
                return Ok(());
            }
        }
    }
}

impl Ends {
    /// Gives the transport what is buffered, and flushes it.
    fn poll_push(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out[self.written..]))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += taken;
        }
        self.written = 0;
        self.out.clear();
        self.out.shrink_to(BUFFER_KEPT);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn abandon(&mut self) {
        self.closing = true;
        self.out.truncate(self.written);
    }
}

impl AsyncRead for &Pipe {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.ends.lock().stream).poll_read(cx, into)
    }
}
