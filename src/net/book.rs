//! The address book: where peers were last said to be.
//!
//! Anybody can say anything about where a peer is, so the book is bounded both ways, the newest
//! saying wins, and a wrong one costs a failed dial: the handshake proves who answers. Addresses
//! that worked are put back on top. Deliberately absent: writing it to disk.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId};

/// Peers in the book; the one heard of longest ago goes first.
const PEERS_MAX: usize = 4096;
/// Addresses of one peer; the one heard of longest ago goes first.
const ADDRESSES_MAX: usize = 8;
/// Time between two tries of one peer that nobody asked for.
const RETRY: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Entry {
    addresses: VecDeque<Multiaddr>,
    heard: u64,
    tried: Option<Instant>,
}

/// Where peers were last said to be.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    entries: BTreeMap<PeerId, Entry>,
    /// Entries by the order in which they were heard of.
    order: BTreeMap<u64, PeerId>,
    heard: u64,
}

impl AddressBook {
    /// Notes an address, newest first.
    pub(super) fn note(&mut self, peer: PeerId, address: Multiaddr) {
        self.heard += 1;
        let entry = self.entries.entry(peer).or_insert_with(|| Entry {
            addresses: VecDeque::new(),
            heard: self.heard,
            tried: None,
        });
        self.order.remove(&entry.heard);
        entry.heard = self.heard;
        self.order.insert(self.heard, peer);
        entry.addresses.retain(|known| *known != address);
        entry.addresses.push_front(address);
        entry.addresses.truncate(ADDRESSES_MAX);
        if self.entries.len() > PEERS_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }

    /// The addresses of a peer, newest first.
    pub(super) fn addresses(&self, peer: &PeerId) -> Vec<Multiaddr> {
        self.entries.get(peer).map(|entry| entry.addresses.iter().cloned().collect()).unwrap_or_default()
    }

    /// Up to `most` peers worth dialling unasked, most recently heard of first; each is given again
    /// only after half a minute.
    pub(super) fn candidates(
        &mut self,
        most: usize,
        now: Instant,
        skip: impl Fn(&PeerId) -> bool,
    ) -> Vec<PeerId> {
        let mut chosen = Vec::new();
        for peer in self.order.values().rev() {
            if chosen.len() == most {
                break;
            }
            let Some(entry) = self.entries.get_mut(peer) else { continue };
            let rested = entry.tried.is_none_or(|tried| now.saturating_duration_since(tried) >= RETRY);
            if rested && !skip(peer) {
                entry.tried = Some(now);
                chosen.push(*peer);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_forgets_the_oldest_and_never_grows_past_its_bounds() {
        let mut book = AddressBook::default();
        let first = PeerId::random();
        for port in 0..20 {
            book.note(first, format!("/ip4/1.2.3.4/tcp/{port}").parse().unwrap());
        }
        assert_eq!(book.addresses(&first).len(), ADDRESSES_MAX);
        assert_eq!(book.addresses(&first)[0].to_string(), "/ip4/1.2.3.4/tcp/19");
        for _ in 0..PEERS_MAX {
            book.note(PeerId::random(), "/ip4/1.2.3.4/tcp/1".parse().unwrap());
        }
        assert_eq!((book.entries.len(), book.order.len()), (PEERS_MAX, PEERS_MAX));
        assert!(book.addresses(&first).is_empty());
    }

    #[test]
    fn a_peer_that_was_tried_rests_before_it_is_tried_again() {
        let mut book = AddressBook::default();
        let (peer, now) = (PeerId::random(), Instant::now());
        book.note(peer, "/ip4/1.2.3.4/tcp/1".parse().unwrap());
        assert_eq!(book.candidates(4, now, |_| false), [peer]);
        assert!(book.candidates(4, now, |_| false).is_empty());
        assert_eq!(book.candidates(4, now + RETRY, |_| false), [peer]);
        assert!(book.candidates(4, now + RETRY * 2, |_| true).is_empty());
    }
}
