//! Reading and writing what a blob transfer consists of, with patience for every piece.
//!
//! Deliberately absent: who asked and who answers.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::Stream;
use nuncio_protocol::ids::{BlobId, PeerKey};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::super::{
    config::BLOB_MAX,
    event::{BlobError, Misbehaviour},
    link::Link,
};

/// Bytes read or written at a time; each piece must come within [`STALL`].
pub(super) const PIECE: usize = 256 * 1024;
const STALL: Duration = Duration::from_secs(15);
/// How long the asking side waits for the other owner's answer.
const ANSWER_WAIT: Duration = Duration::from_secs(75);
/// Longest reason of a refusal, in bytes.
pub(super) const REASON_MAX: usize = 256;

/// Why a transfer did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the peer stood still for too long")]
    Stalled,
    #[error("the stream broke: {0}")]
    Broken(#[from] io::Error),
    #[error("{0} bytes were announced, which is more than there may be")]
    Oversized(u64),
    #[error("the bytes do not hash to the blob's id")]
    WrongHash,
    #[error("too many transfers are under way")]
    Crowded,
}

impl From<Failure> for BlobError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Stalled => Self::TimedOut,
            Failure::Broken(_) | Failure::Crowded => Self::Broken,
            Failure::Oversized(_) => Self::TooLarge,
            Failure::WrongHash => Self::WrongHash,
        }
    }
}

/// Reads a length and a body, and checks that it is the blob it is said to be. Each piece is paid
/// for out of `budget` before it is read, and what was claimed is returned with the body.
pub(super) async fn read_body(
    stream: &mut Stream,
    blob: BlobId,
    budget: Option<&Arc<Semaphore>>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Failure> {
    let mut length = [0; 8];
    read(stream, &mut length).await?;
    let announced = u64::from_be_bytes(length);
    let length = usize::try_from(announced).ok().filter(|length| *length <= BLOB_MAX);
    let Some(length) = length else { return Err(Failure::Oversized(announced)) };
    let (mut body, mut hash, mut claimed) = (Vec::new(), Sha256::new(), None::<OwnedSemaphorePermit>);
    while body.len() < length {
        if let Some(budget) = budget {
            let piece = timeout(STALL, Arc::clone(budget).acquire_owned()).await;
            let Ok(Ok(piece)) = piece else { return Err(Failure::Crowded) };
            match &mut claimed {
                Some(claimed) => claimed.merge(piece),
                None => claimed = Some(piece),
            }
        }
        let here = body.len();
        body.resize((here + PIECE).min(length), 0);
        read(stream, &mut body[here..]).await?;
        hash.update(&body[here..]);
    }
    if hash.finalize().as_slice() != blob.as_bytes() {
        return Err(Failure::WrongHash);
    }
    Ok((body.into(), claimed))
}

/// Counts a failure against the peer where it is the peer's fault.
pub(super) async fn blame(link: &Link, peer: PeerKey, blob: BlobId, failure: &Failure) {
    match failure {
        Failure::Oversized(announced) => {
            link.blame(peer, Misbehaviour::OversizedBlob { announced: *announced }).await;
        }
        Failure::WrongHash => link.blame(peer, Misbehaviour::WrongBlob { blob }).await,
        Failure::Stalled | Failure::Broken(_) | Failure::Crowded => {}
    }
}

pub(super) async fn read(stream: &mut Stream, into: &mut [u8]) -> Result<(), Failure> {
    timeout(STALL, stream.read_exact(into)).await.map_err(|_| Failure::Stalled)?.map_err(Failure::Broken)
}

pub(super) async fn write(stream: &mut Stream, bytes: &[u8]) -> Result<(), Failure> {
    for piece in bytes.chunks(PIECE) {
        timeout(STALL, stream.write_all(piece)).await.map_err(|_| Failure::Stalled)??;
    }
    timeout(STALL, stream.flush()).await.map_err(|_| Failure::Stalled)?.map_err(Failure::Broken)
}

/// The peer's yes or no, which may take its owner a while.
pub(super) async fn answer(stream: &mut Stream) -> Result<u8, Failure> {
    let mut byte = [0];
    timeout(ANSWER_WAIT, stream.read_exact(&mut byte)).await.map_err(|_| Failure::Stalled)??;
    Ok(byte[0])
}

/// The peer's reason, cut to what may be shown.
pub(super) async fn reason(stream: &mut Stream) -> Result<String, Failure> {
    let mut length = [0; 2];
    read(stream, &mut length).await?;
    let mut text = vec![0; usize::from(u16::from_be_bytes(length)).min(REASON_MAX)];
    read(stream, &mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
