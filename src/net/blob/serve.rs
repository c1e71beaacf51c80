//! The answering side: what a peer offers or asks for is put before the owner.
//!
//! An offer reaches the owner whole and checked, or not at all. Deliberately absent: the owner's
//! reasons.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use libp2p::Stream;
use nuncio_protocol::ids::{BlobId, PeerKey};
use tokio::{sync::oneshot, time::timeout};

use super::{
    super::{
        config::BLOB_HEADER_MAX,
        event::{Misbehaviour, NetEvent, OfferToken, WantToken},
        link::{self, Link},
    },
    GET, NO, PUT, YES,
    wire::{Failure, REASON_MAX, blame, read, read_body, write},
};

/// How long the owner may take to answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Questions of one peer at a time.
const PER_PEER: usize = 4;
/// Questions of all peers at a time.
const SERVED_MAX: usize = 64;

/// Answers one question of a peer.
pub(in crate::net) async fn serve(link: Arc<Link>, from: PeerKey, mut stream: Stream) {
    let Some(_served) = Served::begin(&link, from) else {
        tracing::debug!(peer = %from, "too many blob transfers");
        return;
    };
    let asked = async {
        link::take(&mut stream).await?;
        let mut question = [0; 33];
        read(&mut stream, &mut question).await?;
        Ok::<_, Failure>(question)
    };
    let (kind, blob) = match asked.await {
        Ok([kind, id @ ..]) => (kind, BlobId(id)),
        Err(failure) => return tracing::debug!(peer = %from, %failure, "a blob question broke off"),
    };
    let outcome = match kind {
        PUT => take_offer(&link, from, blob, &mut stream).await,
        GET => give(&link, from, blob, &mut stream).await,
        kind => return link.blame(from, Misbehaviour::UnknownRequest { kind }).await,
    };
    if let Err(failure) = outcome {
        tracing::debug!(peer = %from, %blob, %failure, "a blob transfer broke off");
        blame(&link, from, blob, &failure).await;
    }
}

async fn take_offer(link: &Link, from: PeerKey, blob: BlobId, stream: &mut Stream) -> Result<(), Failure> {
    let mut length = [0; 4];
    read(stream, &mut length).await?;
    let length = u32::from_be_bytes(length);
    if length as usize > BLOB_HEADER_MAX {
        return Err(Failure::Oversized(length.into()));
    }
    let mut header = vec![0; length as usize];
    read(stream, &mut header).await?;
    let (body, _claimed) = read_body(stream, blob, Some(&link.blobs.budget)).await?;

    let token = OfferToken(link.blobs.next.fetch_add(1, Ordering::Relaxed));
    let (waiting, answered) = oneshot::channel();
    link.blobs.offers.lock().insert(token, waiting);
    link.tell(NetEvent::BlobOffered { token, from, blob, header: header.into(), body }).await;
    let verdict = match timeout(ANSWER, answered).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) | Err(_) => Err("no answer in time".to_owned()),
    };
    link.blobs.offers.lock().remove(&token);
    match verdict {
        Ok(()) => write(stream, &[YES]).await,
        Err(reason) => {
            let reason = &reason.as_bytes()[..reason.floor_char_boundary(REASON_MAX)];
            let length = u16::try_from(reason.len()).expect("invariant: a reason is at most 256 bytes");
            let mut no = vec![NO];
            no.extend_from_slice(&length.to_be_bytes());
            no.extend_from_slice(reason);
            write(stream, &no).await
        }
    }
}

async fn give(link: &Link, from: PeerKey, blob: BlobId, stream: &mut Stream) -> Result<(), Failure> {
    let token = WantToken(link.blobs.next.fetch_add(1, Ordering::Relaxed));
    let (waiting, answered) = oneshot::channel();
    link.blobs.wants.lock().insert(token, waiting);
    link.tell(NetEvent::BlobWanted { token, from, blob }).await;
    let found = timeout(ANSWER, answered).await.ok().and_then(Result::ok).flatten();
    link.blobs.wants.lock().remove(&token);
    let Some(body) = found else { return write(stream, &[NO]).await };
    let mut opening = vec![YES];
    opening.extend_from_slice(&(body.len() as u64).to_be_bytes());
    write(stream, &opening).await?;
    write(stream, &body).await
}

/// Counts one question of a peer while it is answered.
struct Served<'a>(&'a Link, PeerKey);

impl<'a> Served<'a> {
    fn begin(link: &'a Link, peer: PeerKey) -> Option<Self> {
        let mut serving = link.blobs.serving.lock();
        if serving.values().sum::<usize>() >= SERVED_MAX {
            return None;
        }
        let count = serving.entry(peer).or_insert(0);
        if *count >= PER_PEER {
            return None;
        }
        *count += 1;
        Some(Self(link, peer))
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let mut serving = self.0.blobs.serving.lock();
        if let Some(count) = serving.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                serving.remove(&self.1);
            }
        }
    }
}
