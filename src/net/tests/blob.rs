//! Blobs.

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use nuncio_protocol::ids::BlobId;
use sha2::{Digest, Sha256};

use super::{
    super::{BLOB_HEADER_MAX, BlobError, Misbehaviour, NetError, NetEvent, OfferToken, blob},
    Node, with_stranger,
};

fn id_of(body: &[u8]) -> BlobId {
    BlobId(Sha256::digest(body).into())
}

async fn offered(node: &mut Node) -> (OfferToken, BlobId, Bytes, Bytes) {
    node.until("an offer", |event| {
        let NetEvent::BlobOffered { token, blob, header, body, .. } = event else { return None };
        Some((*token, *blob, header.clone(), body.clone()))
    })
    .await
}

async fn answer_question(node: &mut Node, answer: Option<Bytes>) -> BlobId {
    let (token, blob) = node
        .until("a question", |event| {
            let NetEvent::BlobWanted { token, blob, .. } = event else { return None };
            Some((*token, *blob))
        })
        .await;
    node.net.answer_blob(token, answer);
    blob
}

#[tokio::test]
async fn a_blob_is_put_answered_and_fetched_again() {
    let (mut a, mut b) = Node::pair().await;
    let body = Bytes::from((0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect::<Vec<_>>());
    a.net.put_blob(5, b.me(), Bytes::from_static(b"header"), body.clone()).unwrap();
    let (token, blob, header, got) = offered(&mut b).await;
    assert_eq!((blob, header, &got), (id_of(&body), Bytes::from_static(b"header"), &body));
    b.net.answer_offer(token, Ok(()));
    a.until_event(&NetEvent::BlobSent { job: 5, result: Ok(()) }).await;

    a.net.get_blob(6, b.me(), blob).unwrap();
    assert_eq!(answer_question(&mut b, Some(body.clone())).await, blob);
    a.until_event(&NetEvent::BlobFetched { job: 6, result: Ok(body) }).await;
}

#[tokio::test]
async fn a_refused_blob_and_an_unknown_one_say_so() {
    let (mut a, mut b) = Node::pair().await;
    a.net.put_blob(1, b.me(), Bytes::new(), Bytes::new()).unwrap();
    let (token, ..) = offered(&mut b).await;
    b.net.answer_offer(token, Err("ä".repeat(200)));
    let refused = BlobError::Refused { untrusted_text: "ä".repeat(128) };
    a.until_event(&NetEvent::BlobSent { job: 1, result: Err(refused) }).await;

    a.net.get_blob(2, b.me(), id_of(b"?")).unwrap();
    answer_question(&mut b, None).await;
    a.until_event(&NetEvent::BlobFetched { job: 2, result: Err(BlobError::NotFound) }).await;

    let header = Bytes::from(vec![0; BLOB_HEADER_MAX + 1]);
    assert!(matches!(a.net.put_blob(3, b.me(), header, Bytes::new()), Err(NetError::TooLarge { .. })));
    let nobody = Node::start(9, &[]).await.me();
    a.net.get_blob(4, nobody, id_of(b"?")).unwrap();
    a.until_event(&NetEvent::BlobFetched { job: 4, result: Err(BlobError::Unreachable) }).await;
}

#[tokio::test]
async fn an_offer_whose_bytes_do_not_hash_to_its_id_is_refused() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut stream = stranger.open(&node, blob::PROTOCOL).await;
    let mut put = vec![1];
    put.extend_from_slice(id_of(b"right").as_bytes());
    put.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    put.extend_from_slice(b"wrong");
    stream.write_all(&put).await.unwrap();
    stream.flush().await.unwrap();
    let what = Misbehaviour::WrongBlob { blob: id_of(b"right") };
    node.until_event(&NetEvent::Misbehaved { peer: stranger.key, what }).await;
    assert!(!node.passed.iter().any(|event| matches!(event, NetEvent::BlobOffered { .. })));
    assert!(!matches!(stream.read(&mut [0]).await, Ok(1..)), "it is closed without a yes");
}

#[tokio::test]
async fn an_offer_above_the_limit_is_cut_before_it_is_read() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut stream = stranger.open(&node, blob::PROTOCOL).await;
    let mut put = vec![1];
    put.extend_from_slice(&[0; 32]);
    put.extend_from_slice(&[0; 4]);
    put.extend_from_slice(&u64::MAX.to_be_bytes());
    stream.write_all(&put).await.unwrap();
    stream.flush().await.unwrap();
    let what = Misbehaviour::OversizedBlob { announced: u64::MAX };
    node.until_event(&NetEvent::Misbehaved { peer: stranger.key, what }).await;
}

#[tokio::test]
async fn fetched_bytes_that_do_not_hash_to_the_id_are_refused() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut inbound = stranger.control.accept(blob::PROTOCOL).unwrap();
    let wanted = id_of(b"right");
    node.net.get_blob(1, stranger.key, wanted).unwrap();
    let (_, mut stream) = inbound.next().await.unwrap();
    stream.write_all(&[1]).await.unwrap();
    let mut question = [0; 33];
    stream.read_exact(&mut question).await.unwrap();
    assert_eq!((question[0], &question[1..]), (2, wanted.as_bytes().as_slice()));
    stream.write_all(&[0, 0, 0, 0, 0, 0, 0, 0, 5]).await.unwrap();
    stream.write_all(b"wrong").await.unwrap();
    stream.flush().await.unwrap();
    node.until_event(&NetEvent::BlobFetched { job: 1, result: Err(BlobError::WrongHash) }).await;
    let what = Misbehaviour::WrongBlob { blob: wanted };
    node.until_event(&NetEvent::Misbehaved { peer: stranger.key, what }).await;
}
