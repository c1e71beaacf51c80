//! Announcements, requests and bids.

use rand_core::CryptoRng;

use super::{Node, invalid, not_found, not_now, papers};
use crate::{
    canonical,
    command::{Event, NewBid, NewRequest, Refusal, Reply},
    document::{
        AgentCard, Announcement, Bid, BudgetBucket, Pact, PaperHead, Request, Signed,
    },
    effect::Effect,
    ids::{CommandId, PaperId, PeerKey},
    job::{Signing, Slot},
    misconduct::Misconduct,
    proof::Proof,
    record::Record,
    stage::market::{BIDS_MAX, MarketEvent},
    time::Timestamp,
    wire::{self, Direct, Gossip, Listing},
};

/// Listings in one directory message.
const DIRECTORY_CHUNK: usize = 24;

/// The topic of a domain.
#[must_use]
pub fn topic(domain: &str) -> String {
    format!("nuncio/1/market/{domain}")
}

impl Node {
    /// When our announcement is due again.
    pub(super) fn announcement_due(&self) -> Option<Timestamp> {
        Some(self.announced_at.map_or(self.now, |at| at.plus(self.network.timing.announce)))
    }

    pub(super) fn announce_when_due(&mut self) {
        if self.announcement_due().is_some_and(|due| due > self.now) {
            return;
        }
        self.announced_at = Some(self.now);
        let seq = self.now.0.max(self.market.seq + 1);
        let expires = self.now.plus(self.network.timing.announce * 3).secs();
        let Some(paper) = Announcement::of(&self.me.card, &self.me.domains, &self.me.task_schemas, &self.me.addresses, seq, expires)
        else {
            return;
        };
        let payload = papers::payload(&self.me.did, self.now, &paper);
        self.sign(None, Slot::open(format!("announcement/{seq}")), vec![payload], Signing::Announcement(Box::new(paper)));
    }

    pub(super) fn on_announcement_signed(&mut self, paper: Announcement, proof: Proof) {
        self.record(Record::Market(MarketEvent::Announced { seq: paper.seq }));
        let listing = Listing { announcement: Signed::new(paper, vec![proof]), card: self.me.card.clone() };
        let bytes = papers::encode(&Gossip::Announcement(Box::new(listing.clone())));
        for domain in self.me.domains.clone() {
            self.effects.push(Effect::Gossip { topic: topic(&domain), bytes: bytes.clone() });
        }
        // Our own listing answers those who ask for the directory.
        let _ = self.directory.list(listing, self.now);
    }

    pub(super) fn on_gossip(&mut self, id: u64, from: PeerKey, bytes: &[u8]) {
        let taken = match canonical::from_untrusted::<Gossip>(bytes, wire::GOSSIP_MAX) {
            Ok(Gossip::Announcement(listing)) => self.on_listing(*listing),
            Ok(Gossip::Request(request)) => self.on_request(*request),
            Err(error) => Err(error.misconduct("gossip")),
        };
        self.effects.push(Effect::SettleGossip { id, good: taken.is_ok() });
        if let Err(misconduct) = taken {
            self.misbehaved(from, misconduct);
        }
    }

    fn on_listing(&mut self, listing: Listing) -> Result<(), Misconduct> {
        let announcement = listing.announcement.verify().map_err(|_| Misconduct::bad_signature("announcement"))?;
        let card = listing.card.verify().map_err(|_| Misconduct::bad_signature("card"))?;
        card.verify_settlement().map_err(|_| Misconduct::bad_signature("card"))?;
        if announcement.chain != self.network.chain() || card.chain != announcement.chain {
            return Err(Misconduct::WrongDomain { what: "announcement".into() });
        }
        if card.did != announcement.agent || announcement.card != listing.card.id() {
            return Err(Misconduct::bad_signature("announcement"));
        }
        self.directory.list(listing, self.now)?;
        Ok(())
    }

    fn on_request(&mut self, request: Signed<Request>) -> Result<(), Misconduct> {
        let paper = request.verify().map_err(|_| Misconduct::bad_signature("request"))?;
        if paper.chain != self.network.chain() {
            return Err(Misconduct::WrongDomain { what: "request".into() });
        }
        if paper.expires_secs <= self.now.secs() {
            return Err(Misconduct::StaleAnnouncement { got: paper.seq, held: paper.seq });
        }
        let id = request.id();
        let ours = paper.buyer == self.me.did;
        if !ours && self.directory.hear(request, self.now) {
            self.note(Event::RequestHeard { request: id });
        }
        Ok(())
    }

    pub(super) fn on_ask_directory(&mut self, from: PeerKey) -> Result<(), Misconduct> {
        let listings: Vec<_> = self.directory.listings(self.now).cloned().collect();
        for chunk in listings.chunks(DIRECTORY_CHUNK) {
            self.send_once(from, Direct::Directory(chunk.to_vec()));
        }
        Ok(())
    }

    pub(super) fn on_directory(&mut self, listings: Vec<Listing>) -> Result<(), Misconduct> {
        for listing in listings {
            // An older listing than ours is no fault of somebody who passes on what it holds.
            match self.on_listing(listing) {
                Ok(()) | Err(Misconduct::StaleAnnouncement { .. }) => {}
                Err(misconduct) => return Err(misconduct),
            }
        }
        Ok(())
    }

    pub(super) fn make_request(
        &mut self,
        command: CommandId,
        new: NewRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        if !self.policy.domains.is_empty() && !self.policy.domains.contains(&new.domain) {
            return Err(Refusal::Policy(crate::policy::Rule::Domain { domain: new.domain }));
        }
        let head = PaperHead::new(&self.network.chain(), &papers::salt(rng)).map_err(|e| invalid(e.to_string()))?;
        let paper = Request::try_new(
            head,
            self.me.did,
            self.now.0,
            self.now.secs() + new.expires_secs,
            &new.domain,
            &new.task_schema,
            new.jurisdiction,
            BudgetBucket::of(new.budget),
            new.min_standing,
            new.inputs,
        )
        .map_err(|e| invalid(e.to_string()))?;
        let payload = papers::payload(&self.me.did, self.now, &paper);
        let slot = Slot::open(format!("request/{}", self.now));
        let job = self.sign(None, slot, vec![payload], Signing::Request(Box::new(paper)));
        self.waiting.insert(job, command);
        Ok(None)
    }

    pub(super) fn on_request_signed(&mut self, paper: Request, proof: Proof, command: Option<CommandId>) {
        let domain = paper.domain.to_string();
        let inputs = paper.inputs.to_vec();
        let request = Signed::new(paper, vec![proof]);
        let id = request.id();
        let bytes = papers::encode(&Gossip::Request(Box::new(request.clone())));
        self.record(Record::Market(MarketEvent::Requested { request: Box::new(request), inputs }));
        self.effects.push(Effect::Gossip { topic: topic(&domain), bytes });
        if let Some(command) = command {
            self.effects.push(Effect::Reply { command, result: Ok(Reply::Paper(id)) });
        }
    }

    pub(super) fn make_bid(
        &mut self,
        command: CommandId,
        new: NewBid,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let request = self.directory.request(new.request).ok_or_else(|| not_found("request", new.request))?;
        let buyer = request.paper().buyer;
        let to = self.directory.peer(&buyer).ok_or_else(|| not_now("the buyer has not announced itself yet"))?;
        let chain = self.network.chain();
        let mut head = || PaperHead::new(&chain, &papers::salt(rng)).map_err(|e| invalid(e.to_string()));
        let pact =
            Pact::template(head()?, self.me.did, new.clauses).map_err(|e| invalid(e.to_string()))?;
        let bid = Bid::try_new(
            head()?,
            new.request,
            self.me.did,
            self.me.card.id(),
            crate::document::Paper::id(&pact),
            new.price,
            new.due_secs,
            self.now.secs() + new.expires_secs,
        )
        .map_err(|e| invalid(e.to_string()))?;
        let payloads = vec![
            papers::payload(&self.me.did, self.now, &pact),
            papers::payload(&self.me.did, self.now, &bid),
        ];
        let slot = Slot::open(format!("bid/{}/{}", new.request, self.now));
        let job = self.sign(None, slot, payloads, Signing::Bid(Box::new(bid), Box::new(pact), to));
        self.waiting.insert(job, command);
        Ok(None)
    }

    pub(super) fn on_bid_signed(
        &mut self,
        bid: Bid,
        pact: Pact,
        to: PeerKey,
        pact_proof: Proof,
        bid_proof: Proof,
        command: Option<CommandId>,
    ) {
        let Some(request) = self.directory.request(bid.request).cloned() else { return };
        let bid = Box::new(Signed::new(bid, vec![bid_proof]));
        let pact = Box::new(Signed::new(pact, vec![pact_proof]));
        let id = bid.id();
        let answered =
            MarketEvent::Answered { request: Box::new(request), bid: bid.clone(), pact: pact.clone() };
        self.record(Record::Market(answered));
        self.post(to, None, Direct::Bid(bid, pact, Box::new(self.me.card.clone())));
        if let Some(command) = command {
            self.effects.push(Effect::Reply { command, result: Ok(Reply::Paper(id)) });
        }
    }

    pub(super) fn on_bid(
        &mut self,
        from: PeerKey,
        bid: Signed<Bid>,
        pact: Signed<Pact>,
        card: Signed<AgentCard>,
    ) -> Result<(), Misconduct> {
        let paper = bid.verify().map_err(|_| Misconduct::bad_signature("bid"))?;
        let terms = pact.verify().map_err(|_| Misconduct::bad_signature("pact"))?;
        let bidder = card.verify().map_err(|_| Misconduct::bad_signature("card"))?;
        bidder.verify_settlement().map_err(|_| Misconduct::bad_signature("card"))?;
        let consistent = paper.seller == bidder.did
            && terms.seller == Some(paper.seller)
            && paper.pact == pact.id()
            && paper.card == card.id()
            && bidder.peer == from;
        if !consistent {
            return Err(Misconduct::TermsDiffer { what: "bid".into() });
        }
        let request = paper.request;
        let Some(own) = self.market.requests.get(&request) else { return Ok(()) };
        let id = bid.id();
        if own.bids.contains_key(&id) || own.bids.len() >= BIDS_MAX || own.chosen.is_some() {
            return Ok(());
        }
        let event = MarketEvent::BidHeard { bid: Box::new(bid), pact: Box::new(pact), card: Box::new(card) };
        self.record(Record::Market(event));
        self.note(Event::BidReceived { request, bid: id });
        Ok(())
    }

    pub(super) fn on_declined(&mut self, from: PeerKey, request: PaperId) -> Result<(), Misconduct> {
        let ours = self.market.bids.values().any(|own| {
            own.bid.paper().request == request
                && self.directory.peer(&own.request.paper().buyer).is_none_or(|peer| peer == from)
        });
        if ours {
            self.note(Event::BidDeclined { request });
        }
        Ok(())
    }
}
