//! Session streams.

use std::time::Duration;

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt};
use nuncio_protocol::ids::StreamId;

use super::{
    super::{Misbehaviour, NetConfig, NetError, NetEvent, SESSION_FRAME_MAX, session},
    Node, with_stranger,
};

const OURS: StreamId = StreamId(7);

/// Opens a stream from `a` to `b` and returns the id that it has at `b`.
async fn open(a: &mut Node, b: &mut Node) -> StreamId {
    a.net.open_stream(OURS, b.me()).unwrap();
    a.until_event(&NetEvent::StreamReady { stream: OURS }).await;
    let peer = a.me();
    b.until("a stream", |event| {
        let NetEvent::StreamOpened { stream, peer: from } = event else { return None };
        (*from == peer).then_some(*stream)
    })
    .await
}

async fn next_frame(node: &mut Node, of: StreamId) -> Bytes {
    node.until("a frame", |event| {
        let NetEvent::StreamData { stream, bytes } = event else { return None };
        (*stream == of).then(|| bytes.clone())
    })
    .await
}

#[tokio::test]
async fn a_session_stream_carries_frames_in_order_both_ways() {
    let (mut a, mut b) = Node::pair().await;
    let theirs = open(&mut a, &mut b).await;
    assert!(theirs.0 >= 1 << 63, "inbound ids are of the upper half");
    let frames: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; 1 + usize::from(n) * 600]).collect();
    for frame in &frames {
        a.net.stream_send(OURS, frame).unwrap();
        let got = next_frame(&mut b, theirs).await;
        b.net.stream_send(theirs, &got).unwrap();
        assert_eq!(next_frame(&mut a, OURS).await, frame);
    }
    for frame in &frames[..20] {
        a.net.stream_send(OURS, frame).unwrap();
    }
    for frame in &frames[..20] {
        assert_eq!(next_frame(&mut b, theirs).await, frame);
    }
}

#[tokio::test]
async fn what_was_sent_before_closing_arrives_and_both_sides_hear_the_end_once() {
    let (mut a, mut b) = Node::pair().await;
    let theirs = open(&mut a, &mut b).await;
    let last = vec![1; SESSION_FRAME_MAX];
    for _ in 0..8 {
        a.net.stream_send(OURS, &last).unwrap();
    }
    a.net.close_stream(OURS);
    a.net.close_stream(OURS);
    for _ in 0..8 {
        assert_eq!(next_frame(&mut b, theirs).await, last);
    }
    for (node, stream) in [(&mut a, OURS), (&mut b, theirs)] {
        let closed = NetEvent::StreamClosed { stream };
        node.until_event(&closed).await;
        assert!(node.hears_nothing(Duration::from_millis(300), |event| *event == closed).await);
        assert!(matches!(node.net.stream_send(stream, b"more"), Err(NetError::Stream { .. })));
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_opened_is_closed() {
    let mut a = Node::start(1, &[]).await;
    let nobody = Node::start(9, &[]).await.me();
    a.net.open_stream(OURS, nobody).unwrap();
    assert!(matches!(a.net.open_stream(OURS, nobody), Err(NetError::Stream { .. })), "the id is taken");
    assert!(matches!(a.net.open_stream(StreamId(1 << 63), nobody), Err(NetError::Stream { .. })));
    a.until_event(&NetEvent::StreamClosed { stream: OURS }).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_costs_a_bounded_backlog_and_then_the_stream() {
    let mut a = Node::start(1, &[]).await;
    let b = Node::with(2, NetConfig { bootstrap: vec![a.addr.clone()], ..NetConfig::local() }, 1).await;
    a.until_up(b.me()).await;
    a.net.open_stream(OURS, b.me()).unwrap();
    a.until_event(&NetEvent::StreamReady { stream: OURS }).await;
    let frame = vec![0; 60_000];
    let refused = (0..10_000).find_map(|_| a.net.stream_send(OURS, &frame).err());
    assert!(matches!(refused, Some(NetError::Backlog(_))), "{refused:?}");
    // What the transport has taken already is lost with the connection, not waited for.
    b.net.shutdown().await;
    a.until_event(&NetEvent::StreamClosed { stream: OURS }).await;
}

#[tokio::test]
async fn an_oversized_frame_ends_the_stream_and_names_its_sender() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut stream = stranger.open(&node, session::PROTOCOL).await;
    let announced = SESSION_FRAME_MAX + 1;
    stream.write_all(&u32::try_from(announced).unwrap().to_be_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let what = Misbehaviour::OversizedFrame { announced, max: SESSION_FRAME_MAX };
    node.until_event(&NetEvent::Misbehaved { peer: stranger.key, what }).await;
    node.until("the end", |event| matches!(event, NetEvent::StreamClosed { .. }).then_some(())).await;
    assert!(!matches!(stream.read(&mut [0]).await, Ok(1..)));
}

#[tokio::test]
async fn a_peer_gets_eight_streams_and_no_more() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(stranger.open(&node, session::PROTOCOL).await);
        node.until("a stream", |event| matches!(event, NetEvent::StreamOpened { .. }).then_some(())).await;
    }
    let mut ninth = stranger.open(&node, session::PROTOCOL).await;
    assert!(!matches!(ninth.read(&mut [0]).await, Ok(1..)), "the ninth is closed");
}
