//! Coming, going, limits, and the end.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{sleep, timeout};

use super::{
    super::{Net, NetConfig, NetError, NetEvent},
    Node, PATIENCE,
};

#[tokio::test]
async fn a_peer_that_was_down_is_found_again_at_its_new_address() {
    let (mut a, b) = Node::pair().await;
    let peer = b.me();
    b.net.shutdown().await;
    a.until_down(peer).await;
    // What is sent in between waits for it.
    a.net.send(peer, Bytes::from_static(b"are you back?")).unwrap();
    let mut b = Node::start(2, &[&a]).await;
    assert_eq!(b.me(), peer);
    a.until_up(peer).await;
    assert_eq!(b.next_message().await, (a.me(), Bytes::from_static(b"are you back?")));
}

#[tokio::test]
async fn a_node_that_lost_everybody_dials_its_bootstrap_again() {
    let first = Node::start(1, &[]).await;
    let port = first.addr.split('/').nth(4).unwrap().to_owned();
    let mut b = Node::start(2, &[&first]).await;
    let peer = first.me();
    b.until_up(peer).await;
    first.net.shutdown().await;
    b.until_down(peer).await;
    let listen = vec![format!("/ip4/127.0.0.1/tcp/{port}")];
    let _first = Node::with(1, NetConfig { listen, ..NetConfig::local() }, 1024).await;
    b.until_up(peer).await;
}

#[tokio::test]
async fn connections_above_the_limit_are_refused() {
    let hub = Node::with(1, NetConfig { connections_max: 2, ..NetConfig::local() }, 1024).await;
    let mut guests = Vec::new();
    for secret in 2..6 {
        let guest = Node::start(secret, &[]).await;
        guest.net.dial(&hub.addr).unwrap();
        guests.push(guest);
    }
    for _ in 0..20 {
        sleep(Duration::from_millis(100)).await;
        assert!(hub.net.peers().len() <= 2);
    }
    assert_eq!(hub.net.peers().len(), 2);
}

#[tokio::test]
async fn a_banned_peer_is_cut_off_and_stays_out() {
    let (mut a, mut b) = Node::pair().await;
    a.net.ban(b.me()).unwrap();
    a.until_down(b.me()).await;
    b.until_down(a.me()).await;
    b.net.dial(&a.addr).unwrap();
    let (up, mut back) = (NetEvent::PeerUp { peer: b.me() }, Vec::new());
    assert!(
        a.hears_nothing(Duration::from_secs(2), |event| {
            back.push(event.clone());
            *event == up
        })
        .await,
        "{back:?}"
    );
}

#[tokio::test]
async fn peers_are_shown_with_their_addresses_and_round_trips() {
    let (a, b) = Node::pair().await;
    for _ in 0..100 {
        if a.net.peers().first().is_some_and(|view| view.round_trip.is_some()) {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let seen = b.net.peers();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].peer, seen[0].dialed), (a.me(), true));
    assert!(seen[0].addresses[0].starts_with("/ip4/127.0.0.1/tcp/"));
    assert!(a.net.peers()[0].round_trip.is_some());
}

#[tokio::test]
async fn every_task_ends_when_the_last_handle_is_dropped() {
    let (a, mut b) = Node::pair().await;
    a.net.send(b.me(), Bytes::from_static(b"1")).unwrap();
    b.next_message().await;
    let Node { net, mut events, .. } = a;
    let clone = net.clone();
    drop(net);
    assert!(timeout(Duration::from_millis(300), clone.stopped()).await.is_err(), "a clone keeps it running");
    drop(clone);
    // The channel ends only when no task holds its sender any more.
    timeout(PATIENCE, async { while events.recv().await.is_some() {} }).await.unwrap();
}

#[tokio::test]
async fn after_a_shutdown_everything_is_refused_by_name() {
    let (a, mut b) = Node::pair().await;
    let net = a.net.clone();
    a.net.send(b.me(), Bytes::from_static(b"last words")).unwrap();
    a.net.shutdown().await;
    b.until_down(net.me()).await;
    assert_eq!(b.next_message().await.1, Bytes::from_static(b"last words"));
    assert!(matches!(net.send(b.me(), Bytes::new()), Err(NetError::Stopped)));
    assert!(matches!(net.dial(&b.addr), Err(NetError::Stopped)));
}

#[tokio::test]
async fn what_is_no_address_or_topic_is_refused_by_name() {
    let (events, _kept) = tokio::sync::mpsc::channel(8);
    let bad = |config: NetConfig| Net::start(&config, [1; 32], events.clone()).unwrap_err();
    let listen = vec!["127.0.0.1:80".to_owned()];
    assert!(matches!(bad(NetConfig { listen, ..NetConfig::local() }), NetError::Address { .. }));
    let topics = vec!["elsewhere".to_owned()];
    assert!(matches!(bad(NetConfig { topics, ..NetConfig::local() }), NetError::Topic(_)));
    let node = Node::start(1, &[]).await;
    let taken = vec![node.addr.rsplit_once("/p2p/").unwrap().0.to_owned()];
    assert!(matches!(bad(NetConfig { listen: taken, ..NetConfig::local() }), NetError::Address { .. }));
    assert!(matches!(node.net.gossip("nuncio/1/Market", Bytes::new()), Err(NetError::Topic(_))));
}
