//! Announcements, requests and bids.

use rand_core::CryptoRng;

use super::{Node, begin::judgeable, invalid, not_found, not_now, papers};
use crate::{
    canonical, clause,
    command::{Event, NewBid, NewRequest, Refusal, Reply},
    document::{
        AgentCard, Announcement, Bid, BudgetBucket, DealKind, Document, Pact, Paper, PaperError, Request,
        Requirements, Signed, Verified,
    },
    effect::Effect,
    ids::{CommandId, PaperId, PeerKey},
    job::{Signing, Slot},
    misconduct::Misconduct,
    money::Bps,
    policy::Rule,
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

    pub(super) fn announce_when_due(&mut self, rng: &mut dyn CryptoRng) {
        if self.announcement_due().is_some_and(|due| due > self.now) {
            return;
        }
        self.announced_at = Some(self.now);
        self.repeat_requests();
        let card = &self.me.card.document;
        let seq = self.now.0.max(self.market.seq + 1);
        let content = Announcement {
            agent: self.me.did,
            card: card.id(),
            seq,
            expires_secs: self.now.plus(self.network.timing.announce * 3).secs(),
            domains: self.me.domains.clone(),
            task_schemas: self.me.task_schemas.clone(),
            kinds: [DealKind::Service].into(),
            requires: Requirements { min_standing_bps: Bps::ZERO },
            roles: card.roles.clone(),
            node: card.node,
            addresses: self.me.addresses.clone(),
            settlement: card.settlement,
        };
        match papers::paper(self.network.chain(), content, rng) {
            Ok(paper) => {
                let payload = papers::payload(self.me.did, self.now, paper.id());
                let slot = Slot::open(format!("announcement/{seq}"));
                self.sign(None, slot, vec![payload], Signing::Announcement(Box::new(paper)));
            }
            Err(error) => self.note(Event::Trouble { what: format!("no announcement: {error}") }),
        }
    }

    /// Gossips our open requests again: for those who came later, and because the process that
    /// recorded one may have died before it said it.
    fn repeat_requests(&mut self) {
        let now = self.now.secs();
        for own in self.market.requests.values() {
            let request = &own.request;
            if own.chosen.is_none() && request.document.expires_secs > now {
                let topic = topic(request.document.domain.as_str());
                let bytes = papers::encode(&Gossip::Request(Box::new(request.clone())));
                self.effects.push(Effect::Gossip { topic, bytes });
            }
        }
    }

    pub(super) fn on_announcement_signed(&mut self, paper: Document<Announcement>, proof: Proof) {
        self.record(Record::Market(MarketEvent::Announced { seq: paper.seq }));
        let listing = Listing { announcement: papers::signed(paper, proof), card: self.me.card.clone() };
        let bytes = papers::encode(&Gossip::Announcement(Box::new(listing.clone())));
        for domain in &self.me.domains {
            self.effects.push(Effect::Gossip { topic: topic(domain.as_str()), bytes: bytes.clone() });
        }
        // Our own listing answers those who ask for the directory; it is newer than what was there.
        let _ = self.directory.list(listing, self.now);
    }

    pub(super) fn on_gossip(&mut self, id: u64, from: PeerKey, bytes: &[u8]) {
        let taken = match canonical::from_untrusted::<Gossip>(bytes, wire::GOSSIP_MAX) {
            Ok(Gossip::Announcement(listing)) => self.on_listing(*listing),
            Ok(Gossip::Request(request)) => self.on_request(*request),
            Err(error) => Err(Misconduct::unreadable(&error, "gossip")),
        };
        self.effects.push(Effect::SettleGossip { id, good: taken.is_ok() });
        if let Err(misconduct) = taken {
            self.misbehaved(from, misconduct);
        }
    }

    fn on_listing(&mut self, listing: Listing) -> Result<(), Misconduct> {
        let announcement = self.verified(listing.announcement.clone(), "announcement")?;
        let card = self.verified(listing.card.clone(), "card")?;
        let same = card.agent == announcement.agent
            && announcement.card == card.id()
            && card.node == announcement.node
            && card.settlement == announcement.settlement;
        if !same {
            return Err(Misconduct::bad_signature("announcement"));
        }
        self.directory.list(listing, self.now)?;
        Ok(())
    }

    /// A paper whose signatures hold on our chain.
    pub(super) fn verified<T: Paper>(
        &self,
        signed: Signed<T>,
        what: &str,
    ) -> Result<Verified<T>, Misconduct> {
        signed.verify(&self.network.deployment.contracts).map_err(|error| match error {
            PaperError::WrongChain { .. } => Misconduct::WrongDomain { what: what.into() },
            PaperError::Encoding(_)
            | PaperError::Illegal(_)
            | PaperError::Proof(_)
            | PaperError::Unsigned { .. }
            | PaperError::TooManyProofs { .. }
            | PaperError::NotCountersigned { .. }
            | PaperError::NobodySigns => Misconduct::bad_signature(what),
        })
    }

    fn on_request(&mut self, request: Signed<Request>) -> Result<(), Misconduct> {
        let paper = self.verified(request, "request")?;
        if self.directory.request(paper.id()).is_some() {
            return Ok(());
        }
        if paper.expires_secs <= self.now.secs() {
            return Err(Misconduct::StaleAnnouncement { got: paper.seq, held: paper.seq });
        }
        let (id, ours) = (paper.id(), paper.buyer == self.me.did);
        if !ours && self.directory.hear(paper.into_signed(), self.now) {
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
        if !self.policy.domains.is_empty() && !self.policy.domains.iter().any(|d| d == new.domain.as_str()) {
            return Err(Refusal::Policy(Rule::Domain { domain: new.domain.to_string() }));
        }
        self.check_task(&new.task_schema)?;
        let content = Request {
            buyer: self.me.did,
            seq: self.now.0,
            expires_secs: self.now.secs() + new.expires_secs,
            domain: new.domain,
            task_schema: new.task_schema,
            kind: DealKind::Service,
            jurisdiction: new.jurisdiction,
            budget: BudgetBucket::of(new.budget),
            min_standing_bps: new.min_standing,
            inputs: new.inputs,
            text: new.text,
        };
        let paper = papers::paper(self.network.chain(), content, rng).map_err(|e| invalid(e.to_string()))?;
        let payload = papers::payload(self.me.did, self.now, paper.id());
        let slot = Slot::open(format!("request/{}", paper.id()));
        let job = self.sign(None, slot, vec![payload], Signing::Request(Box::new(paper)));
        self.waiting.insert(job, command);
        Ok(None)
    }

    pub(super) fn on_request_signed(
        &mut self,
        paper: Document<Request>,
        proof: Proof,
        command: Option<CommandId>,
    ) {
        let (id, domain) = (paper.id(), paper.domain.to_string());
        let request = Box::new(papers::signed(paper, proof));
        let bytes = papers::encode(&Gossip::Request(request.clone()));
        self.record(Record::Market(MarketEvent::Requested { request }));
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
        let (buyer, request) = (request.document.buyer, Box::new(request.clone()));
        if let Some(rule) = self.policy.never(Some(request.document.domain.as_str()), &buyer.to_string()) {
            return Err(Refusal::Policy(rule));
        }
        let to =
            self.directory.peer(&buyer).ok_or_else(|| not_now("the buyer has not announced itself yet"))?;
        let chain = self.network.chain();
        let wrong = |error: PaperError| invalid(error.to_string());
        let pact = self.new_pact(new.pact)?;
        judgeable(&pact)?;
        let pact = papers::paper(chain, pact, rng).map_err(wrong)?;
        let bid = Bid {
            request: new.request,
            buyer,
            seller: self.me.did,
            card: self.me.card.document.id(),
            pact: pact.id(),
            price: new.price,
            due_secs: new.due_secs,
            expires_secs: self.now.secs() + new.expires_secs,
        };
        let bid = papers::paper(chain, bid, rng).map_err(wrong)?;
        let payloads = [pact.id(), bid.id()].map(|id| papers::payload(self.me.did, self.now, id)).to_vec();
        let slot = Slot::open(format!("bid/{}", bid.id()));
        let (bid, pact) = (Box::new(bid), Box::new(pact));
        let job = self.sign(None, slot, payloads, Signing::Bid { bid, pact, request, to });
        self.waiting.insert(job, command);
        Ok(None)
    }

    pub(super) fn on_bid_signed(
        &mut self,
        bid: Box<Signed<Bid>>,
        pact: Box<Signed<Pact>>,
        request: Box<Signed<Request>>,
        to: PeerKey,
        command: Option<CommandId>,
    ) {
        let id = bid.document.id();
        let answered = MarketEvent::Answered { request, bid: bid.clone(), pact: pact.clone() };
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
        let bid = self.verified(bid, "bid")?;
        let pact = self.verified(pact, "pact")?;
        let card = self.verified(card, "card")?;
        let consistent = bid.seller == card.agent
            && bid.buyer == self.me.did
            && pact.seller == Some(bid.seller)
            && bid.pact == pact.id()
            && bid.card == card.id()
            && card.node == from;
        if !consistent {
            return Err(Misconduct::TermsDiffer { what: "bid".into() });
        }
        clause::check(&pact).map_err(|(clause, why)| Misconduct::Unjudgeable {
            clause: clause.to_string(),
            why: why.to_string(),
        })?;
        let (id, request) = (bid.id(), bid.request);
        let Some(own) = self.market.requests.get(&request) else { return Ok(()) };
        if own.bids.contains_key(&id) || own.bids.len() >= BIDS_MAX || own.chosen.is_some() {
            return Ok(());
        }
        let event = MarketEvent::BidHeard {
            bid: Box::new(bid.into_signed()),
            pact: Box::new(pact.into_signed()),
            card: Box::new(card.into_signed()),
        };
        self.record(Record::Market(event));
        self.note(Event::BidReceived { request, bid: id });
        Ok(())
    }

    pub(super) fn on_declined(&mut self, from: PeerKey, request: PaperId) -> Result<(), Misconduct> {
        let ours = self.market.bids.values().any(|own| {
            own.bid.document.request == request
                && self.directory.peer(&own.request.document.buyer).is_none_or(|peer| peer == from)
        });
        if ours {
            self.note(Event::BidDeclined { request });
        }
        Ok(())
    }
}
