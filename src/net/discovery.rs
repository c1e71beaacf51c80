//! How a node that knows one address comes to know the rest.
//!
//! It dials its bootstrap nodes until it has company, and again whenever it is alone, less and less
//! often. Once connected it walks: it asks the directory for peers near random points, which also
//! tells those peers about it. From whoever it heard of it dials a few at a time until it holds
//! enough connections that losing some does not cut it off.
//!
//! Deliberately absent: the dialling itself, which is the host's.

use std::time::{Duration, Instant};

use libp2p::{Multiaddr, PeerId};

use super::config::{CONNECTIONS_WANTED, Reach};

/// First pause before a bootstrap node is dialled again; doubled each time.
const BACKOFF_FROM: Duration = Duration::from_millis(500);
/// Peers dialled unasked each second.
const DIALS_PER_TICK: usize = 4;
/// Pause between walks while connections are wanted.
const WALK_SOON: Duration = Duration::from_secs(2);
/// Pause between walks when there are enough.
const WALK_LATER: Duration = Duration::from_secs(120);

#[derive(Debug)]
struct Bootstrap {
    address: Multiaddr,
    peer: Option<PeerId>,
    next: Instant,
    pause: Duration,
}

/// When to dial whom, so as not to be alone.
#[derive(Debug)]
pub(super) struct Discovery {
    bootstrap: Vec<Bootstrap>,
    backoff_to: Duration,
    next_walk: Instant,
    walks: u32,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// Bootstrap nodes to dial.
    pub(super) dial: Vec<(Multiaddr, Option<PeerId>)>,
    /// Known peers to dial, at most this many.
    pub(super) more: usize,
    /// Whether to ask the directory for a random point.
    pub(super) walk: bool,
}

impl Discovery {
    pub(super) fn new(bootstrap: Vec<(Multiaddr, Option<PeerId>)>, reach: Reach, now: Instant) -> Self {
        let bootstrap = bootstrap
            .into_iter()
            .map(|(address, peer)| Bootstrap { address, peer, next: now, pause: BACKOFF_FROM })
            .collect();
        // On one machine nobody is bothered by a node that looks often.
        let backoff_to = match reach {
            Reach::Local => Duration::from_secs(4),
            Reach::Public => Duration::from_secs(120),
        };
        Self { bootstrap, backoff_to, next_walk: now, walks: 0 }
    }

    /// Decides what to do, given who is connected. To be asked about once a second.
    pub(super) fn moves(
        &mut self,
        connected: usize,
        is_connected: impl Fn(&PeerId) -> bool,
        now: Instant,
    ) -> Moves {
        let mut moves = Moves::default();
        let enough = connected >= CONNECTIONS_WANTED;
        for node in &mut self.bootstrap {
            if node.peer.is_some_and(|peer| is_connected(&peer)) {
                node.pause = BACKOFF_FROM;
                continue;
            }
            // One without a known peer id is only needed by a node that is alone.
            let needed = if node.peer.is_some() { !enough } else { connected == 0 };
            if needed && now >= node.next {
                node.next = now + node.pause;
                node.pause = (node.pause * 2).min(self.backoff_to);
                moves.dial.push((node.address.clone(), node.peer));
            }
        }
        if connected == 0 {
            self.walks = 0;
            self.next_walk = now;
            return moves;
        }
        if !enough {
            moves.more = DIALS_PER_TICK;
        }
        if now >= self.next_walk {
            moves.walk = true;
            self.walks += 1;
            // A small network stays below the number wanted for ever; after a minute it is known.
            self.next_walk = now + if enough || self.walks > 30 { WALK_LATER } else { WALK_SOON };
        }
        moves
    }

    /// Walks again soon: the network has changed.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.walks = 0;
        self.next_walk = self.next_walk.min(now + WALK_SOON);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(now: Instant) -> (Discovery, PeerId) {
        let peer = PeerId::random();
        let address = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        (Discovery::new(vec![(address, Some(peer))], Reach::Public, now), peer)
    }

    #[test]
    fn a_node_that_is_alone_dials_its_bootstrap_less_and_less_often() {
        let start = Instant::now();
        let (mut discovery, _) = alone(start);
        let dialled: Vec<u64> = (0..600)
            .filter(|second| {
                !discovery.moves(0, |_| false, start + Duration::from_secs(*second)).dial.is_empty()
            })
            .collect();
        assert_eq!(dialled[..4], [0, 1, 2, 4]);
        assert!(dialled.windows(2).all(|pair| pair[1] - pair[0] <= 120));
        assert!(dialled.len() < 16);
    }

    #[test]
    fn a_connected_node_walks_and_dials_on_until_it_has_enough_connections() {
        let start = Instant::now();
        let (mut discovery, peer) = alone(start);
        let few = discovery.moves(1, |known| *known == peer, start);
        assert_eq!(few, Moves { dial: Vec::new(), more: DIALS_PER_TICK, walk: true });
        let enough = discovery.moves(CONNECTIONS_WANTED, |_| true, start + Duration::from_secs(1));
        assert_eq!(enough, Moves::default());
    }
}
