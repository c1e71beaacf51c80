//! Gossip: what everybody may hear, signed by the node that says it, passed on after a verdict.
//!
//! A message that arrives is shown to the owner and goes no further until the owner has settled it;
//! one that is rejected costs whoever passed it on. Topics are admitted by their shape, not by a
//! list: a peer says what it listens to only once, and a node that joins a topic later must already
//! know who else is there. What this node says while nobody listens is kept for a minute and said
//! again when somebody does.
//!
//! A message's id is the hash of its topic and bytes, so the same announcement spreads once,
//! whoever repeats it; the topic is in it because otherwise saying it first on the wrong topic
//! would silence it on the right one. When the owner is too slow, gossip is dropped: it is the one
//! traffic here that loses nothing by it.
//!
//! Deliberately absent: what an announcement means, and any memory of those settled.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use bytes::Bytes;
use libp2p::{
    PeerId,
    gossipsub::{
        Behaviour, ConfigBuilder, IdentTopic, IdentityTransform, MaxCountSubscriptionFilter, Message,
        MessageAcceptance, MessageAuthenticity, MessageId, PeerScoreParams, PeerScoreThresholds,
        PublishError, TopicHash, TopicScoreParams, TopicSubscriptionFilter, ValidationMode, Version,
    },
    identity,
};
use sha2::{Digest, Sha256};

use super::{
    config::GOSSIP_MAX,
    error::NetError,
    event::{GossipId, Verdict},
};

/// Gossip as this network speaks it.
pub(super) type Gossip = Behaviour<IdentityTransform, MaxCountSubscriptionFilter<OurTopics>>;

/// How two nodes agree to gossip.
const PROTOCOL: &str = "/nuncio/gossip/1";
/// What every topic begins with.
const TOPIC_PREFIX: &str = "nuncio/1/";
/// Longest topic, in bytes.
const TOPIC_MAX: usize = 96;
/// Topics that one peer may listen to.
const TOPICS_PER_PEER: usize = 16;
/// Messages that may wait for a verdict.
const UNSETTLED_MAX: usize = 1024;
/// Own messages that may wait for a listener.
const UNHEARD_MAX: usize = 64;
/// How long an own message waits for a listener.
const UNHEARD_FOR: Duration = Duration::from_secs(60);

/// Whether a text is a topic of this network: `nuncio/1/…` of `a-z 0-9 . - /`.
pub(super) fn is_topic(text: &str) -> bool {
    text.len() <= TOPIC_MAX
        && text.strip_prefix(TOPIC_PREFIX).is_some_and(|rest| !rest.is_empty())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-/".contains(&b))
}

/// Lets peers listen to topics of this network and to no others.
#[derive(Clone, Debug)]
pub(super) struct OurTopics;

impl TopicSubscriptionFilter for OurTopics {
    fn can_subscribe(&mut self, topic: &TopicHash) -> bool {
        is_topic(topic.as_str())
    }
}

/// Sets gossip up for a node with this key.
pub(super) fn build(key: &identity::Keypair) -> Result<Gossip, NetError> {
    let wrong = |e: &dyn std::fmt::Display| NetError::Start(format!("gossip: {e}"));
    let config = ConfigBuilder::default()
        // One protocol of our own: nobody else's gossip comes here, and what each turn of a connection goes
        // through to compare its protocols is shorter.
        .protocol_id(PROTOCOL, Version::V1_1)
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .message_id_fn(|message| MessageId::new(&id_of(message).0))
        // Signature, key and topic travel beside the bytes.
        .max_transmit_size(2 * GOSSIP_MAX)
        .flood_publish(true)
        .heartbeat_initial_delay(Duration::from_millis(200))
        // A verdict may take this many heartbeats (seconds) before the message is forgotten.
        .history_length(12)
        .history_gossip(3)
        .duplicate_cache_time(Duration::from_secs(120))
        .connection_handler_queue_len(512)
        .build()
        .map_err(|e| wrong(&e))?;
    let filter = MaxCountSubscriptionFilter {
        filter: OurTopics,
        max_subscribed_topics: TOPICS_PER_PEER,
        max_subscriptions_per_request: TOPICS_PER_PEER,
    };
    let mut gossip =
        Behaviour::new_with_subscription_filter(MessageAuthenticity::Signed(key.clone()), config, filter)
            .map_err(|e| wrong(&e))?;
    gossip.with_peer_score(standing(), PeerScoreThresholds::default()).map_err(|e| wrong(&e))?;
    Ok(gossip)
}

/// How peers gain and lose standing: by what they pass on, and by crowding one public address.
fn standing() -> PeerScoreParams {
    PeerScoreParams {
        ip_colocation_factor_whitelist: HashSet::from([
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]),
        topics: HashMap::new(),
        ..PeerScoreParams::default()
    }
}

/// Standing within one topic. Markets are quiet for hours, so a peer is never punished for having
/// had nothing to pass on; it is for passing on what was rejected.
fn topic_standing() -> TopicScoreParams {
    TopicScoreParams {
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        invalid_message_deliveries_weight: -10.0,
        invalid_message_deliveries_decay: 0.9,
        ..TopicScoreParams::default()
    }
}

/// Listens to a topic.
pub(super) fn subscribe(gossip: &mut Gossip, topic: &str) -> Result<(), NetError> {
    if !is_topic(topic) {
        return Err(NetError::Topic(topic.to_owned()));
    }
    let topic = IdentTopic::new(topic);
    gossip.subscribe(&topic).map_err(|_| NetError::Topic(topic.to_string()))?;
    gossip.set_topic_params(topic, topic_standing()).map_err(|e| NetError::Start(format!("gossip: {e}")))
}

/// SHA-256 of topic and bytes; the zero byte between them is in no topic.
fn id_of(message: &Message) -> GossipId {
    let hash = Sha256::new()
        .chain_update(message.topic.as_str())
        .chain_update([0])
        .chain_update(&message.data)
        .finalize();
    GossipId(hash.into())
}

/// The gossip that is on this node's table: heard and not settled, or said and not heard.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Who passed on what waits for a verdict; at most [`UNSETTLED_MAX`], oldest out first.
    unsettled: BTreeMap<GossipId, PeerId>,
    order: VecDeque<GossipId>,
    /// What nobody was there to hear; at most [`UNHEARD_MAX`], oldest out first.
    unheard: VecDeque<(Instant, IdentTopic, Bytes)>,
}

impl Table {
    /// Lays down a message that was heard and returns the name under which it is settled.
    pub(super) fn heard(&mut self, gossip: &mut Gossip, via: PeerId, message: &Message) -> GossipId {
        let id = id_of(message);
        if self.order.len() == UNSETTLED_MAX
            && let Some(oldest) = self.order.front().copied()
        {
            self.settle(gossip, oldest, Verdict::Ignore);
        }
        if self.unsettled.insert(id, via).is_none() {
            self.order.push_back(id);
        }
        id
    }

    /// Carries out the owner's verdict; one that is not on the table is settled already.
    pub(super) fn settle(&mut self, gossip: &mut Gossip, id: GossipId, verdict: Verdict) {
        let Some(via) = self.unsettled.remove(&id) else { return };
        self.order.retain(|waiting| *waiting != id);
        let acceptance = match verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Ignore => MessageAcceptance::Ignore,
            Verdict::Reject => MessageAcceptance::Reject,
        };
        gossip.report_message_validation_result(&MessageId::new(&id.0), &via, acceptance);
    }

    /// Says something, now or when somebody listens.
    pub(super) fn say(&mut self, gossip: &mut Gossip, topic: &str, bytes: Bytes, now: Instant) {
        let topic = IdentTopic::new(topic);
        if !is_heard(gossip, &topic, &bytes) {
            if self.unheard.len() == UNHEARD_MAX {
                self.unheard.pop_front();
            }
            self.unheard.push_back((now, topic, bytes));
        }
    }

    /// Says again what nobody heard, as somebody has begun to listen.
    pub(super) fn repeat(&mut self, gossip: &mut Gossip, now: Instant) {
        self.unheard.retain(|(said, topic, bytes)| {
            now.saturating_duration_since(*said) < UNHEARD_FOR && !is_heard(gossip, topic, bytes)
        });
    }
}

/// Publishes and tells whether that is done with: sent, sent before, or never to be sent.
fn is_heard(gossip: &mut Gossip, topic: &IdentTopic, bytes: &Bytes) -> bool {
    match gossip.publish(topic.clone(), bytes.clone()) {
        Ok(_) | Err(PublishError::Duplicate) => true,
        Err(PublishError::NoPeersSubscribedToTopic | PublishError::AllQueuesFull(_)) => false,
        Err(
            error @ (PublishError::MessageTooLarge
            | PublishError::SigningError(_)
            | PublishError::TransformFailed(_)),
        ) => {
            tracing::warn!(%error, "gossip was not sent");
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_topics_of_this_network_are_heard() {
        for topic in ["nuncio/1/market/filings", "nuncio/1/market/eu.finance-2"] {
            assert!(is_topic(topic), "{topic}");
        }
        let long = format!("nuncio/1/{}", "a".repeat(TOPIC_MAX));
        for other in
            ["", "nuncio/1/", "nuncio/2/market/a", "market/a", "nuncio/1/Market", "nuncio/1/ä", &long]
        {
            assert!(!is_topic(other), "{other}");
        }
    }
}
