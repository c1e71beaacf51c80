//! Getting connected with a peer: who waits for it, and which ways are tried.
//!
//! The addresses in the book come first. When they fail and somebody waits, the directory is asked
//! once, and what it finds is tried. Then those who wait are told. Every dial leaves from a fresh
//! port: two nodes that dial each other at once from the ports they listen on can meet in one
//! half-open connection, in which neither answers.
//!
//! Deliberately absent: trying again later, which is for those who wait to decide.

use libp2p::{
    Multiaddr, PeerId,
    swarm::{
        DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use nuncio_protocol::ids::PeerKey;
use tokio::sync::oneshot;

use super::{super::peer, Host};

/// Who may wait for connections, in all.
const WAITING_MAX: usize = 2048;

impl Host {
    pub(super) fn connect(&mut self, to: PeerKey, reply: oneshot::Sender<Result<(), String>>) {
        let answer = match peer::to_peer_id(to) {
            Ok(id) if self.swarm.is_connected(&id) => Ok(()),
            Ok(id)
                if self.waiting.values().map(|waiting| waiting.replies.len()).sum::<usize>()
                    < WAITING_MAX =>
            {
                self.waiting.entry(id).or_default().replies.push(reply);
                self.dial_known(id);
                return;
            }
            Ok(_) => Err("too many wait for connections".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        // Whoever asked may have given up.
        let _ = reply.send(answer);
    }

    /// Dials a peer at the addresses in the book and the directory.
    pub(super) fn dial_known(&mut self, peer: PeerId) {
        let dial = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(self.book.addresses(&peer))
            .extend_addresses_through_behaviour()
            .allocate_new_port()
            .build();
        match self.swarm.dial(dial) {
            // A dial under way ends in an event of its own.
            Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => {}
            Err(error) => self.not_reached(peer, &error),
        }
    }

    pub(super) fn dial(&mut self, address: Multiaddr, peer: Option<PeerId>) {
        let dial = match peer {
            Some(peer) => {
                self.book.note(peer, address.clone());
                DialOpts::peer_id(peer)
                    .condition(PeerCondition::DisconnectedAndNotDialing)
                    .addresses(vec![address.clone()])
                    .allocate_new_port()
                    .build()
            }
            None => DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build(),
        };
        if let Err(error) = self.swarm.dial(dial) {
            tracing::debug!(%address, %error, "not dialled");
        }
    }

    /// A way to a peer has failed: the directory may know another, once.
    pub(super) fn not_reached(&mut self, peer: PeerId, error: &DialError) {
        tracing::debug!(%peer, %error, "a peer was not reached");
        let Some(waiting) = self.waiting.get_mut(&peer) else { return };
        if !waiting.looked_up && self.swarm.connected_peers().next().is_some() {
            waiting.looked_up = true;
            let query = self.swarm.behaviour_mut().directory.get_closest_peers(peer);
            self.lookups.insert(query, peer);
            return;
        }
        self.answer_waiting(&peer, &Err(error.to_string()));
    }

    pub(super) fn answer_waiting(&mut self, peer: &PeerId, answer: &Result<(), String>) {
        for reply in self.waiting.remove(peer).map(|waiting| waiting.replies).unwrap_or_default() {
            let _ = reply.send(answer.clone());
        }
    }
}
