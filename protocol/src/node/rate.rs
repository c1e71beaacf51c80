//! Ratings: once per side, after the close, on chain; and what the records say about an agent.

use rand_core::CryptoRng;

use super::{Node, chain, invalid, not_found, not_now, papers};
use crate::{
    block::Level,
    command::{Event, Refusal, Reply},
    deal::DealEvent,
    document::{Document, Rating, RatingValue, Signed},
    ids::{DealId, PeerKey},
    job::{Job, Payload, Signing, Slot},
    misconduct::Misconduct,
    proof::Proof,
    side::Side,
    text::BoundedVec,
    typed::{EthSignature, Typed},
    wire::Direct,
};

impl Node {
    pub(super) fn rate(
        &mut self,
        id: DealId,
        value: u8,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let deal = self.deals.get(&id).ok_or_else(|| not_found("deal", id))?;
        if !deal.closed {
            return Err(not_now("a deal is rated after its close"));
        }
        let (mine, about) = match deal.side {
            Side::A => (&deal.rated_by_a, deal.agreement.seller.did),
            Side::B => (&deal.rated_by_b, deal.agreement.buyer.did),
        };
        let pending = self
            .is_pending(|job| matches!(job, Job::Sign { then: Signing::Rating(of), .. } if of.deal == id));
        if mine.is_some() || pending {
            return Err(not_now("this deal is rated already"));
        }
        let nda = deal.nda;
        let value = RatingValue::new(value).map_err(|e| invalid(e.to_string()))?;
        let content = Rating {
            deal: id,
            from: self.me.did,
            about,
            value,
            text: None,
            verdicts: BoundedVec::new(),
            settlements: BoundedVec::new(),
            parents: BoundedVec::new(),
        };
        let paper = papers::paper(self.network.chain(), content, rng).map_err(|e| invalid(e.to_string()))?;
        let digest = Rating::typed(&paper).digest(&self.network.deployment.contracts).0;
        let payloads = vec![papers::payload(self.me.did, self.now, paper.id()), Payload::Typed { digest }];
        let slot = Slot::exclusive(format!("rating/{id}"));
        self.sign(Some(nda), slot, payloads, Signing::Rating(Box::new(paper)));
        Ok(Some(Reply::Accepted))
    }

    pub(super) fn on_rating_signed(
        &mut self,
        paper: Document<Rating>,
        proof: Proof,
        signature: EthSignature,
    ) {
        let id = paper.deal;
        let Some(deal) = self.deals.get(&id) else { return };
        let (by, nda, peer) = (deal.side, deal.nda, self.counterparty_peer(deal));
        let rating = Box::new(papers::signed(paper, proof));
        let event = DealEvent::Rated { by, rating: rating.clone(), signature: Some(signature) };
        self.deal_event(id, event);
        if let Some(peer) = peer {
            self.post(peer, Some(nda), Direct::Rating(rating));
        }
    }

    pub(super) fn on_rating(&mut self, from: PeerKey, rating: Signed<Rating>) -> Result<(), Misconduct> {
        let id = rating.document.deal;
        let Some(deal) = self.deals.get(&id) else { return Ok(()) };
        let (by, them, held) = match deal.side {
            Side::A => (Side::B, deal.agreement.seller.did, deal.rated_by_b.is_some()),
            Side::B => (Side::A, deal.agreement.buyer.did, deal.rated_by_a.is_some()),
        };
        if self.counterparty_peer(deal) != Some(from) || rating.document.from != them {
            return Err(Misconduct::OutOfTurn);
        }
        if held {
            return Ok(());
        }
        let rating = self.verified(rating, "rating")?;
        let event = DealEvent::Rated { by, rating: Box::new(rating.into_signed()), signature: None };
        self.deal_event(id, event);
        Ok(())
    }

    /// Brings our rating to the chain, once the deal is closed there.
    pub(super) fn drive_rating(&mut self, id: DealId) {
        let Some(deal) = self.deals.get(&id) else { return };
        let mine = match deal.side {
            Side::A => &deal.rated_by_a,
            Side::B => &deal.rated_by_b,
        };
        let Some((rating, Some(signature))) = mine else { return };
        let ours = self.me.settlement();
        let fact =
            self.deal_fact(id).and_then(|fact| fact.ratings.iter().find(|rating| rating.rater == ours));
        let seen = fact.map(|rating| self.ledger.level(&rating.at));
        match seen {
            Some(level) if level >= Level::Safe => {
                if self.rated.insert(id) {
                    self.note(Event::Rated { deal: id });
                }
            }
            Some(_) => {}
            None => {
                let typed = Rating::typed(&rating.document);
                let call = self.network.deployment.rate(&deal.terms, &typed, ours, chain::bytes(signature));
                let key = [id.as_bytes().as_slice(), ours.as_slice()].concat();
                self.intend("rate", &key, call);
            }
        }
    }
}
