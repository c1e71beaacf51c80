//! Direct messages.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt};
use nuncio_protocol::ids::PeerKey;

use super::{
    super::{MESSAGE_MAX, Misbehaviour, NetConfig, NetError, NetEvent, direct, peer},
    Node, with_stranger,
};

fn numbered(n: u32) -> Bytes {
    Bytes::copy_from_slice(&n.to_be_bytes())
}

#[tokio::test]
async fn direct_messages_arrive_in_order_both_ways() {
    let (mut a, mut b) = Node::pair().await;
    for n in 0..60 {
        a.net.send(b.me(), numbered(n)).unwrap();
        b.net.send(a.me(), numbered(n)).unwrap();
    }
    for n in 0..60 {
        assert_eq!(a.next_message().await, (b.me(), numbered(n)));
        assert_eq!(b.next_message().await, (a.me(), numbered(n)));
    }
}

#[tokio::test]
async fn a_message_connects_on_demand_to_an_address_that_was_noted() {
    let a = Node::start(1, &[]).await;
    let mut b = Node::start(2, &[]).await;
    a.net.add_address(b.me(), &b.addr).unwrap();
    a.net.send(b.me(), Bytes::from_static(b"hello")).unwrap();
    assert_eq!(b.next_message().await, (a.me(), Bytes::from_static(b"hello")));
}

#[tokio::test]
async fn messages_of_the_largest_size_pass_over_tcp_and_quic() {
    for listen in ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"] {
        let config = NetConfig { listen: vec![listen.to_owned()], ..NetConfig::local() };
        let a = Node::with(1, config.clone(), 1024).await;
        let mut b = Node::with(2, config, 1024).await;
        a.net.add_address(b.me(), &b.addr).unwrap();
        let large = Bytes::from(vec![7; MESSAGE_MAX]);
        for _ in 0..4 {
            a.net.send(b.me(), large.clone()).unwrap();
        }
        for _ in 0..4 {
            assert_eq!(b.next_message().await, (a.me(), large.clone()), "{listen}");
        }
        let larger = Bytes::from(vec![7; MESSAGE_MAX + 1]);
        assert!(matches!(a.net.send(b.me(), larger), Err(NetError::TooLarge { .. })));
    }
}

#[tokio::test]
async fn a_message_to_somebody_unknown_comes_back_after_ten_seconds() {
    let (mut a, _b) = Node::pair().await;
    let nobody = Node::start(9, &[]).await.me();
    let bytes = Bytes::from_static(b"anybody?");
    let start = Instant::now();
    a.net.send(nobody, bytes.clone()).unwrap();
    a.until_event(&NetEvent::SendFailed { to: nobody, bytes }).await;
    assert!(start.elapsed() > Duration::from_secs(8));
}

#[tokio::test]
async fn bytes_that_are_no_key_are_not_sent_to() {
    let a = Node::start(1, &[]).await;
    let no_point = (0..=255).map(|n| PeerKey([n; 32])).find(|key| peer::to_peer_id(*key).is_err()).unwrap();
    assert!(matches!(a.net.ban(no_point), Err(NetError::NotAKey(_))));
}

#[tokio::test]
async fn an_oversized_message_is_cut_and_its_sender_named() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut stream = stranger.open(&node, direct::PROTOCOL).await;
    stream.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let what = Misbehaviour::OversizedFrame { announced: 0xffff_ffff, max: MESSAGE_MAX };
    node.until_event(&NetEvent::Misbehaved { peer: stranger.key, what }).await;
    assert!(!matches!(stream.read(&mut [0]).await, Ok(1..)), "the substream is closed");
}

#[tokio::test]
async fn a_second_substream_of_one_peer_replaces_the_first() {
    let (mut node, mut stranger) = with_stranger().await;
    let mut first = stranger.open(&node, direct::PROTOCOL).await;
    let mut second = stranger.open(&node, direct::PROTOCOL).await;
    assert!(!matches!(first.read(&mut [0]).await, Ok(1..)), "the first is closed");
    second.write_all(&[0, 0, 0, 1, 9]).await.unwrap();
    second.flush().await.unwrap();
    assert_eq!(node.next_message().await, (stranger.key, Bytes::from_static(&[9])));
}
