//! Requests and bids: how strangers find out that they want the same thing.
//!
//! Announcements and requests are gossiped, signed, small and short-lived; what others gossip is
//! held in a bounded [`Directory`] that is rebuilt after a restart by asking peers. What we
//! committed to ourselves (our requests and bids) and bids made to us are recorded.
//!
//! Deliberately absent: ranking. The agent filters; the node supplies scores beside the bids.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    did::Did,
    document::{AgentCard, Bid, Document, Pact, Request, Role, Signed},
    ids::{PaperId, PeerKey},
    misconduct::Misconduct,
    time::Timestamp,
    wire::Listing,
};

/// Announcements held at most.
pub const LISTINGS_MAX: usize = 4096;
/// Requests of others held at most.
pub const HEARD_MAX: usize = 4096;
/// Bids taken for one request at most.
pub const BIDS_MAX: usize = 256;

/// What happened on the market.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", content = "with", rename_all = "kebab-case")]
pub enum MarketEvent {
    /// Our announcement with this sequence number went out.
    Announced {
        /// Its number.
        seq: u64,
    },
    /// We made a request.
    Requested {
        /// The request.
        request: Box<Signed<Request>>,
    },
    /// We heard the request that we bid on.
    Answered {
        /// The request.
        request: Box<Signed<Request>>,
        /// Our bid.
        bid: Box<Signed<Bid>>,
        /// The pact that it names.
        pact: Box<Signed<Pact>>,
    },
    /// A bid for a request of ours came.
    BidHeard {
        /// The bid.
        bid: Box<Signed<Bid>>,
        /// The pact that it names.
        pact: Box<Signed<Pact>>,
        /// The bidder's card.
        card: Box<Signed<AgentCard>>,
    },
    /// A request of ours went to this bid.
    Chosen {
        /// The request.
        request: PaperId,
        /// The bid.
        bid: PaperId,
    },
}

/// A request of ours.
#[derive(Clone, Debug)]
pub struct OwnRequest {
    /// The request.
    pub request: Signed<Request>,
    /// Bids by id.
    pub bids: BTreeMap<PaperId, HeardBid>,
    /// The bid that it went to.
    pub chosen: Option<PaperId>,
}

/// A bid made to us.
#[derive(Clone, Debug)]
pub struct HeardBid {
    /// The bid.
    pub bid: Signed<Bid>,
    /// Its pact.
    pub pact: Signed<Pact>,
    /// The bidder's card.
    pub card: Signed<AgentCard>,
}

/// A bid of ours.
#[derive(Clone, Debug)]
pub struct OwnBid {
    /// The request.
    pub request: Signed<Request>,
    /// The bid.
    pub bid: Signed<Bid>,
    /// Its pact.
    pub pact: Signed<Pact>,
}

/// What we committed to, and what was said to us.
#[derive(Clone, Debug, Default)]
pub struct Market {
    /// The newest sequence number that we announced.
    pub seq: u64,
    /// Our requests.
    pub requests: BTreeMap<PaperId, OwnRequest>,
    /// Our bids.
    pub bids: BTreeMap<PaperId, OwnBid>,
}

impl Market {
    /// Folds one event in.
    pub fn apply(&mut self, event: &MarketEvent) {
        match event {
            MarketEvent::Announced { seq } => self.seq = self.seq.max(*seq),
            MarketEvent::Requested { request } => {
                let entry =
                    OwnRequest { request: request.as_ref().clone(), bids: BTreeMap::new(), chosen: None };
                self.requests.insert(request.document.id(), entry);
            }
            MarketEvent::Answered { request, bid, pact } => {
                let entry = OwnBid {
                    request: request.as_ref().clone(),
                    bid: bid.as_ref().clone(),
                    pact: pact.as_ref().clone(),
                };
                self.bids.insert(bid.document.id(), entry);
            }
            MarketEvent::BidHeard { bid, pact, card } => {
                if let Some(own) = self.requests.get_mut(&bid.document.request) {
                    let heard = HeardBid {
                        bid: bid.as_ref().clone(),
                        pact: pact.as_ref().clone(),
                        card: card.as_ref().clone(),
                    };
                    own.bids.insert(bid.document.id(), heard);
                }
            }
            MarketEvent::Chosen { request, bid } => {
                if let Some(own) = self.requests.get_mut(request) {
                    own.chosen = Some(*bid);
                }
            }
        }
    }
}

/// What others gossiped; bounded, and gone with the process.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    listings: BTreeMap<Did, Listing>,
    heard: BTreeMap<PaperId, Signed<Request>>,
    /// Times that an agent's card came, changed or went.
    changes: u64,
}

impl Directory {
    /// Takes a verified listing if it is newer than what is held.
    ///
    /// # Errors
    /// [`Misconduct::StaleAnnouncement`] when an equal or newer one is held and differs, or it is expired
    /// and not the one held: what a peer says again after a restart is no fault.
    pub fn list(&mut self, listing: Listing, now: Timestamp) -> Result<bool, Misconduct> {
        let new = &listing.announcement.document;
        let known = self.listings.get(&new.agent).map(|held| &held.announcement.document);
        if known == Some(new) {
            return Ok(false);
        }
        let held = known.map(|known| known.seq);
        if new.expires_secs <= now.secs() || held.is_some_and(|held| held >= new.seq) {
            return Err(Misconduct::StaleAnnouncement { got: new.seq, held: held.unwrap_or(new.seq) });
        }
        if self.listings.len() >= LISTINGS_MAX && held.is_none() {
            self.evict(now);
        }
        let card = self.listings.get(&new.agent).map(|held| held.announcement.document.card);
        if card != Some(new.card) {
            self.changes += 1;
        }
        self.listings.insert(new.agent, listing);
        Ok(true)
    }

    /// Takes a verified request; false when it was held already.
    pub fn hear(&mut self, request: Signed<Request>, now: Timestamp) -> bool {
        if self.heard.len() >= HEARD_MAX {
            self.heard.retain(|_, held| held.document.expires_secs > now.secs());
            if self.heard.len() >= HEARD_MAX {
                self.heard.pop_first();
            }
        }
        self.heard.insert(request.document.id(), request).is_none()
    }

    /// All listings that have not expired.
    pub fn listings(&self, now: Timestamp) -> impl Iterator<Item = &Listing> {
        self.listings.values().filter(move |held| held.announcement.document.expires_secs > now.secs())
    }

    /// All cards held, those of expired listings included.
    pub fn cards(&self) -> impl Iterator<Item = &Document<AgentCard>> {
        self.listings.values().map(|held| &held.card.document)
    }

    /// A number that differs after the cards have changed.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// The listing of an agent.
    #[must_use]
    pub fn agent(&self, did: &Did) -> Option<&Listing> {
        self.listings.get(did)
    }

    /// The listing of the agent with this settlement account.
    #[must_use]
    pub fn settlement(&self, account: alloy_primitives::Address) -> Option<&Listing> {
        self.listings.values().find(|held| held.card.document.settlement == account)
    }

    /// Vaults, in the order of their accounts.
    #[must_use]
    pub fn vaults(&self, now: Timestamp) -> Vec<&Document<AgentCard>> {
        let mut cards: Vec<_> = self
            .listings(now)
            .map(|held| &held.card.document)
            .filter(|card| card.roles.contains(&Role::Vault))
            .collect();
        cards.sort_by_key(|card| card.settlement);
        cards
    }

    /// A request that was heard.
    #[must_use]
    pub fn request(&self, id: PaperId) -> Option<&Signed<Request>> {
        self.heard.get(&id)
    }

    /// All requests that were heard and have not expired.
    pub fn requests(&self, now: Timestamp) -> impl Iterator<Item = &Signed<Request>> {
        self.heard.values().filter(move |held| held.document.expires_secs > now.secs())
    }

    /// The node of an agent.
    #[must_use]
    pub fn peer(&self, did: &Did) -> Option<PeerKey> {
        self.listings.get(did).map(|held| held.card.document.node)
    }

    fn evict(&mut self, now: Timestamp) {
        self.changes += 1;
        self.listings.retain(|_, held| held.announcement.document.expires_secs > now.secs());
        if self.listings.len() >= LISTINGS_MAX {
            let soonest = self
                .listings
                .iter()
                .min_by_key(|(_, held)| held.announcement.document.expires_secs)
                .map(|(did, _)| *did);
            if let Some(did) = soonest {
                self.listings.remove(&did);
            }
        }
    }
}
