//! Frames on a byte stream: a big-endian `u32` length, then that many bytes.
//!
//! The reader keeps one buffer per stream. It grows only as bytes really arrive, so a peer that
//! announces a large frame and sends nothing costs nothing, and it never grows past the stream's
//! limit: a longer announcement ends the stream before a byte of it is read. A frame is copied out
//! of the buffer once, into the `Bytes` that leave this module, and that is its only allocation.
//!
//! Deliberately absent: any meaning of the bytes.

use std::{future::poll_fn, io, pin::Pin};

use bytes::Bytes;
use futures::AsyncRead;

/// Bytes of the length before each frame.
pub(super) const PREFIX: usize = 4;

/// What a fresh reader holds; larger frames make it grow.
const BUFFER_AT_FIRST: usize = 8 * 1024;

/// Why no further frame comes from a stream.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the peer ended the stream")]
    Ended,
    #[error("a frame of {announced} bytes was announced where {max} is the most")]
    Oversized { announced: usize, max: usize },
    #[error("the stream broke: {0}")]
    Broken(#[from] io::Error),
}

/// Appends one frame to `out`. The caller has checked that its length fits the stream's limit.
pub(super) fn append(out: &mut Vec<u8>, frame: &[u8]) {
    let length = u32::try_from(frame.len()).expect("invariant: every stream's limit is far below 4 GiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(frame);
}

/// Cuts a byte stream into frames of at most `max` bytes.
#[derive(Debug)]
pub(super) struct FrameReader {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    max: usize,
}

impl FrameReader {
    pub(super) fn new(max: usize) -> Self {
        Self { buffer: vec![0; BUFFER_AT_FIRST], start: 0, end: 0, max }
    }

    /// Waits for the next frame. May be dropped half-way: what was read stays in the buffer.
    pub(super) async fn next<R: AsyncRead + Unpin>(&mut self, from: &mut R) -> Result<Bytes, FrameError> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            let space = self.space();
            let read = poll_fn(|cx| Pin::new(&mut *from).poll_read(cx, space)).await?;
            if read == 0 {
                return Err(FrameError::Ended);
            }
            self.end += read;
        }
    }

    /// Takes a frame that is already here in full.
    pub(super) fn take(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(length) = self.announced() else { return Ok(None) };
        if length > self.max {
            return Err(FrameError::Oversized { announced: length, max: self.max });
        }
        let (from, to) = (self.start + PREFIX, self.start + PREFIX + length);
        if to > self.end {
            return Ok(None);
        }
        let frame = Bytes::copy_from_slice(&self.buffer[from..to]);
        self.start = to;
        Ok(Some(frame))
    }

    /// Length of the frame at the front, once its prefix is here.
    fn announced(&self) -> Option<usize> {
        let prefix = self.buffer[self.start..self.end].first_chunk::<PREFIX>()?;
        Some(u32::from_be_bytes(*prefix) as usize)
    }

    /// Room for at least one more byte, with the unread bytes moved to the front when they crowd it.
    fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let wanted = PREFIX + self.announced().unwrap_or(0);
        if self.start > 0 && self.start + wanted > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            let doubled = (self.buffer.len() * 2).min(self.max + PREFIX).max(self.end + 1);
            self.buffer.resize(doubled, 0);
        }
        &mut self.buffer[self.end..]
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    async fn all(bytes: Vec<u8>, max: usize) -> (Vec<Bytes>, FrameError) {
        let (mut reader, mut from, mut frames) = (FrameReader::new(max), Cursor::new(bytes), Vec::new());
        loop {
            match reader.next(&mut from).await {
                Ok(frame) => frames.push(frame),
                Err(end) => return (frames, end),
            }
        }
    }

    #[tokio::test]
    async fn frames_come_out_as_they_went_in_whatever_their_size() {
        let sizes = [0, 1, 4, 600, 8 * 1024 - 4, 8 * 1024, 60_000, 3, 65_536, 7];
        let mut bytes = Vec::new();
        for (i, size) in sizes.iter().enumerate() {
            append(&mut bytes, &vec![u8::try_from(i).unwrap(); *size]);
        }
        let (frames, end) = all(bytes, 65_536).await;
        assert_eq!(frames.iter().map(Bytes::len).collect::<Vec<_>>(), sizes);
        assert!(frames.iter().enumerate().all(|(i, f)| f.iter().all(|b| usize::from(*b) == i)));
        assert!(matches!(end, FrameError::Ended));
    }

    #[tokio::test]
    async fn an_oversized_announcement_ends_the_stream_before_its_bytes_are_read() {
        let (frames, end) = all(vec![0, 0, 0, 1, 9, 0xff, 0xff, 0xff, 0xff], 1024).await;
        assert_eq!(frames, [Bytes::from_static(&[9])]);
        assert!(matches!(end, FrameError::Oversized { announced: 0xffff_ffff, max: 1024 }));
    }
}
