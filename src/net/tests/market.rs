//! Finding each other, and gossip.

use std::time::Duration;

use bytes::Bytes;

use super::{
    super::{GossipId, NetConfig, NetEvent, Verdict},
    Node,
};

const TOPIC: &str = "nuncio/1/market/filings";

fn listening(known: &[&Node]) -> NetConfig {
    NetConfig {
        bootstrap: known.iter().map(|node| node.addr.clone()).collect(),
        topics: vec![TOPIC.to_owned()],
        ..NetConfig::local()
    }
}

async fn hear(node: &mut Node, wanted: &'static [u8]) -> GossipId {
    node.until("gossip", |event| {
        let NetEvent::Gossip { id, topic, bytes, .. } = event else { return None };
        (topic == TOPIC && bytes == wanted).then_some(*id)
    })
    .await
}

fn is_gossip(event: &NetEvent, wanted: &[u8]) -> bool {
    matches!(event, NetEvent::Gossip { bytes, .. } if bytes == wanted)
}

#[tokio::test]
async fn nodes_that_know_one_address_find_each_other_and_gossip_reaches_all() {
    let mut first = Node::with(1, listening(&[]), 1024).await;
    let mut second = Node::with(2, listening(&[&first]), 1024).await;
    let mut third = Node::with(3, listening(&[&first]), 1024).await;
    second.until_up(third.me()).await;
    third.until_up(second.me()).await;

    second.net.gossip(TOPIC, Bytes::from_static(b"summaries of filings")).unwrap();
    for node in [&mut first, &mut third] {
        let id = hear(node, b"summaries of filings").await;
        node.net.settle_gossip(id, Verdict::Accept).unwrap();
    }
}

#[tokio::test]
async fn what_was_said_before_anybody_listened_is_heard_by_the_first_who_does() {
    let early = Node::with(1, listening(&[]), 1024).await;
    early.net.gossip(TOPIC, Bytes::from_static(b"who is there?")).unwrap();
    let mut late = Node::start(2, &[&early]).await;
    late.net.subscribe(TOPIC).unwrap();
    hear(&mut late, b"who is there?").await;
}

#[tokio::test]
async fn gossip_goes_no_further_unless_it_is_accepted() {
    // A line: the ends have room for one connection each, so that all goes through the middle.
    let end = NetConfig { connections_max: 1, ..listening(&[]) };
    let mut left = Node::with(1, end.clone(), 1024).await;
    let mut right = Node::with(3, end, 1024).await;
    let mut middle = Node::with(2, listening(&[&left, &right]), 1024).await;
    left.until_up(middle.me()).await;
    right.until_up(middle.me()).await;

    for (said, verdict) in [(b"rejected", Verdict::Reject), (b"ignored!", Verdict::Ignore)] {
        left.net.gossip(TOPIC, Bytes::from_static(said)).unwrap();
        let id = hear(&mut middle, said).await;
        middle.net.settle_gossip(id, verdict).unwrap();
        assert!(right.hears_nothing(Duration::from_secs(3), |event| is_gossip(event, said)).await);
    }
    left.net.gossip(TOPIC, Bytes::from_static(b"accepted")).unwrap();
    let id = hear(&mut middle, b"accepted").await;
    middle.net.settle_gossip(id, Verdict::Accept).unwrap();
    hear(&mut right, b"accepted").await;
}

#[tokio::test]
async fn a_banned_node_is_not_heard_through_others_either() {
    let mut left = Node::with(1, listening(&[]), 1024).await;
    let mut right = Node::with(3, listening(&[]), 1024).await;
    right.net.ban(left.me()).unwrap();
    let mut middle = Node::with(2, listening(&[&left, &right]), 1024).await;
    left.until_up(middle.me()).await;
    right.until_up(middle.me()).await;
    left.net.gossip(TOPIC, Bytes::from_static(b"from a banned one")).unwrap();
    let id = hear(&mut middle, b"from a banned one").await;
    middle.net.settle_gossip(id, Verdict::Accept).unwrap();
    assert!(
        right.hears_nothing(Duration::from_secs(3), |event| is_gossip(event, b"from a banned one")).await
    );
}

#[tokio::test]
async fn gossip_names_the_node_that_wrote_it() {
    let (mut a, b) = Node::pair().await;
    a.net.subscribe(TOPIC).unwrap();
    b.net.gossip(TOPIC, Bytes::from_static(b"mine")).unwrap();
    let author = a
        .until("gossip", |event| {
            let NetEvent::Gossip { from, .. } = event else { return None };
            Some(*from)
        })
        .await;
    assert_eq!(author, b.me());
}

#[tokio::test]
async fn an_owner_that_does_not_read_loses_gossip_but_no_message() {
    let mut slow = Node::with(1, listening(&[]), 1).await;
    let mut loud = Node::with(2, listening(&[&slow]), 1024).await;
    loud.until_up(slow.me()).await;
    for n in 0..500_u32 {
        loud.net.gossip(TOPIC, Bytes::copy_from_slice(&n.to_be_bytes())).unwrap();
    }
    loud.net.send(slow.me(), Bytes::from_static(b"still here")).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(slow.next_message().await, (loud.me(), Bytes::from_static(b"still here")));
}
