//! What the swarm reports, and what the host makes of it.
//!
//! Peers that come and go become news and a line in the list of peers; what a peer says of itself
//! goes into the books, as far as it is worth keeping; gossip goes to the owner for its verdict.
//! Deliberately absent: anything that waits.

use std::{collections::BTreeMap, time::Instant};

use libp2p::{
    Multiaddr, PeerId,
    core::ConnectedPoint,
    gossipsub, identify, kad, ping,
    swarm::{ConnectionId, SwarmEvent},
};

use super::{
    super::{
        behaviour::{BehaviourEvent, DIRECTORY, IDENTITY},
        config::GOSSIP_MAX,
        event::{Misbehaviour, NetEvent, Verdict},
        link::Connected,
        peer,
    },
    Host,
};

/// Addresses taken from one peer's introduction.
const ADDRESSES_TAKEN: usize = 8;

impl Host {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "libp2p's enum is open; what is not named needs no act"
    )]
    pub(super) fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, .. } => {
                tracing::debug!(peer = %peer_id, ?cause, "a connection ended");
                self.on_disconnected(&peer_id, connection_id, num_established);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.not_reached(peer, &error);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => tracing::debug!(%error, "a dial failed"),
            SwarmEvent::IncomingConnectionError { error, .. } => {
                tracing::debug!(%error, "an inbound connection was refused or failed");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                let addr = address.with_p2p(*self.swarm.local_peer_id()).unwrap_or_else(|address| address);
                tracing::info!(%addr, "listening");
                self.outbox.listening(addr.to_string());
            }
            SwarmEvent::ListenerClosed { reason: Err(error), .. } => {
                tracing::error!(%error, "a listener ended");
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener is in trouble"),
            _ => {}
        }
    }

    fn on_connected(&mut self, id: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let Some(key) = peer::to_peer_key(&id) else {
            // Unreachable in practice: no other key kind is compiled in.
            self.swarm.close_connection(connection);
            return;
        };
        if endpoint.is_dialer() {
            let mut address = endpoint.get_remote_address().clone();
            peer::take_peer(&mut address);
            self.book.note(id, address);
        }
        let mut is_new = false;
        self.link
            .peers
            .lock()
            .entry(key)
            .or_insert_with(|| {
                is_new = true;
                Connected {
                    since: Instant::now(),
                    dialed: endpoint.is_dialer(),
                    addresses: BTreeMap::new(),
                    round_trip: None,
                }
            })
            .addresses
            .insert(connection, endpoint.get_remote_address().to_string());
        if is_new {
            self.outbox.up(key);
            self.discovery.hurry(Instant::now());
        }
        self.answer_waiting(&id, &Ok(()));
    }

    fn on_disconnected(&mut self, id: &PeerId, connection: ConnectionId, left: u32) {
        let Some(key) = peer::to_peer_key(id) else { return };
        let mut peers = self.link.peers.lock();
        if left > 0 {
            if let Some(connected) = peers.get_mut(&key) {
                connected.addresses.remove(&connection);
            }
            return;
        }
        if peers.remove(&key).is_some() {
            drop(peers);
            self.link.direct.gone(&key);
            self.outbox.down(key);
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "libp2p's enums are open; what is not named needs no act"
    )]
    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_introduced(peer_id, info);
            }
            BehaviourEvent::Ping(ping::Event { peer, result: Ok(round_trip), .. }) => {
                if let Some(key) = peer::to_peer_key(&peer)
                    && let Some(connected) = self.link.peers.lock().get_mut(&key)
                {
                    connected.round_trip = Some(round_trip);
                }
            }
            BehaviourEvent::Gossip(gossipsub::Event::Message { propagation_source, message, .. }) => {
                self.on_gossip(propagation_source, message);
            }
            BehaviourEvent::Gossip(gossipsub::Event::Subscribed { .. }) => {
                self.table.repeat(&mut self.swarm.behaviour_mut().gossip, Instant::now());
            }
            BehaviourEvent::Directory(kad::Event::RoutingUpdated { peer, addresses, .. }) => {
                for address in addresses.iter().take(ADDRESSES_TAKEN) {
                    self.book.note(peer, without_peer(address.clone()));
                }
            }
            BehaviourEvent::Directory(kad::Event::OutboundQueryProgressed {
                id,
                result: kad::QueryResult::GetClosestPeers(found),
                step,
                ..
            }) => {
                let peers = match found {
                    Ok(found) => found.peers,
                    Err(kad::GetClosestPeersError::Timeout { peers, .. }) => peers,
                };
                for found in peers {
                    self.note_all(found.peer_id, found.addrs);
                }
                if step.last
                    && let Some(peer) = self.lookups.remove(&id)
                {
                    self.dial_known(peer);
                }
            }
            _ => {}
        }
    }

    /// A peer has told its protocols and addresses.
    fn on_introduced(&mut self, id: PeerId, info: identify::Info) {
        let Some(key) = peer::to_peer_key(&id) else { return };
        if info.protocol_version != IDENTITY {
            self.outbox.misbehaved(key, Misbehaviour::ForeignProtocol);
            let _ = self.swarm.disconnect_peer_id(id);
            return;
        }
        if info.protocols.contains(&DIRECTORY) {
            for address in info.listen_addrs.iter().take(ADDRESSES_TAKEN) {
                let address = without_peer(address.clone());
                if peer::is_worth_keeping(&address, self.reach) {
                    self.swarm.behaviour_mut().directory.add_address(&id, address);
                }
            }
        }
        self.note_all(id, info.listen_addrs);
    }

    fn note_all(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if peer == *self.swarm.local_peer_id() {
            return;
        }
        for address in addresses.into_iter().take(ADDRESSES_TAKEN).map(without_peer) {
            if peer::is_worth_keeping(&address, self.reach) {
                self.book.note(peer, address);
            }
        }
    }

    fn on_gossip(&mut self, via: PeerId, message: gossipsub::Message) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        let id = self.table.heard(gossip, via, &message);
        if message.data.len() > GOSSIP_MAX {
            self.table.settle(gossip, id, Verdict::Reject);
            if let Some(key) = peer::to_peer_key(&via) {
                self.outbox.misbehaved(key, Misbehaviour::OversizedGossip { bytes: message.data.len() });
            }
            return;
        }
        // Strict validation has checked the author's signature; only an own key kind passes it.
        let Some(from) = message.source.as_ref().and_then(peer::to_peer_key) else {
            self.table.settle(gossip, id, Verdict::Reject);
            return;
        };
        let topic = message.topic.into_string();
        let event = NetEvent::Gossip { id, from, topic, bytes: message.data.into() };
        if self.link.events.try_send(event).is_err() {
            tracing::debug!(?id, "gossip was dropped: the node is busy");
            self.table.settle(gossip, id, Verdict::Ignore);
        }
    }
}

fn without_peer(mut address: Multiaddr) -> Multiaddr {
    peer::take_peer(&mut address);
    address
}
