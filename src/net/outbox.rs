//! What the swarm's task has to tell while its owner is busy.
//!
//! That task must never wait for the owner: it keeps every connection alive. So news of peers
//! queues here, and news that cancels out before it was read is taken back: a peer that came and
//! went was never there. That bounds the queue by the number of peers, not by their zeal.
//!
//! Deliberately absent: gossip, which is dropped instead, and everything on streams, whose readers
//! wait.

use std::collections::VecDeque;

use nuncio_protocol::ids::PeerKey;

use super::event::{Misbehaviour, NetEvent};

/// Misbehaviours that may wait; more than these are logged only.
const MISBEHAVIOURS_MAX: usize = 256;

/// News that waits for the owner.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<NetEvent>,
    misbehaviours: usize,
}

impl Outbox {
    pub(super) fn listening(&mut self, addr: String) {
        self.waiting.push_back(NetEvent::Listening { addr });
    }

    pub(super) fn up(&mut self, peer: PeerKey) {
        self.push_or_cancel(NetEvent::PeerUp { peer }, &NetEvent::PeerDown { peer });
    }

    pub(super) fn down(&mut self, peer: PeerKey) {
        self.push_or_cancel(NetEvent::PeerDown { peer }, &NetEvent::PeerUp { peer });
    }

    pub(super) fn misbehaved(&mut self, peer: PeerKey, what: Misbehaviour) {
        tracing::debug!(%peer, ?what, "a peer broke a rule of the wire");
        if self.misbehaviours < MISBEHAVIOURS_MAX {
            self.misbehaviours += 1;
            self.waiting.push_back(NetEvent::Misbehaved { peer, what });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<NetEvent> {
        let event = self.waiting.pop_front()?;
        if matches!(event, NetEvent::Misbehaved { .. }) {
            self.misbehaviours -= 1;
        }
        Some(event)
    }

    fn push_or_cancel(&mut self, event: NetEvent, opposite: &NetEvent) {
        match self.waiting.iter().rposition(|waiting| waiting == opposite) {
            Some(place) => drop(self.waiting.remove(place)),
            None => self.waiting.push_back(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_came_and_went_unread_was_never_there() {
        let (a, b) = (PeerKey([1; 32]), PeerKey([2; 32]));
        let mut outbox = Outbox::default();
        for _ in 0..1000 {
            outbox.up(a);
            outbox.up(b);
            outbox.down(a);
            outbox.down(b);
        }
        outbox.up(b);
        assert_eq!(outbox.next(), Some(NetEvent::PeerUp { peer: b }));
        assert!(outbox.is_empty());
    }

    #[test]
    fn misbehaviour_that_nobody_reads_does_not_pile_up() {
        let mut outbox = Outbox::default();
        for _ in 0..10_000 {
            outbox.misbehaved(PeerKey([1; 32]), Misbehaviour::ForeignProtocol);
        }
        assert_eq!(outbox.waiting.len(), MISBEHAVIOURS_MAX);
    }
}
