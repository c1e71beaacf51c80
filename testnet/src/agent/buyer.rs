//! The buyer's agent: asks, chooses, bargains, rates.
//!
//! | what the node says | what the agent does |
//! |---|---|
//! | no request of ours | posts one, with the corpus as inputs |
//! | enough bids, or waited long enough | chooses the best that passes the filter |
//! | NDA in force, session open, no negotiation | opens one and asks for the panel |
//! | our turn | offers or accepts, by its rules |
//! | the deal is closed and not rated | rates the seller |
//! | rated | is done |
//!
//! Money, panel and verdicts are the nodes' and the jury's business; the agent only watches them.
//!
//! Deliberately absent: release or appeal by hand.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    Agent, AgentError, Voice,
    instructions::BuyerInstructions,
    rules::{Move, Side},
    voice::short,
};
use crate::{
    corpus::Filing,
    node_api::{self, BidView, DealView, NdaView, NegotiationView, NodeApi, RequestView, TrustView},
};

/// Buys one summary.
#[derive(Debug)]
pub struct Buyer {
    instructions: BuyerInstructions,
    corpus: Vec<Filing>,
    voice: Voice,
    since: Instant,
    rated: bool,
}

impl Buyer {
    /// A buyer with its instructions and the texts to be summarised.
    #[must_use]
    pub fn new(name: &str, instructions: BuyerInstructions, corpus: Vec<Filing>) -> Self {
        Self { instructions, corpus, voice: Voice::new(name), since: Instant::now(), rated: false }
    }

    async fn request(&mut self, api: &NodeApi) -> Result<(), AgentError> {
        let inputs: Vec<Value> = self
            .corpus
            .iter()
            .map(|filing| json!({ "name": filing.name, "media_type": "text/plain", "text": filing.text }))
            .collect();
        let mut body = serde_json::to_value(&self.instructions.request)
            .map_err(|error| AgentError::Work(error.to_string()))?;
        body["standing"] = json!({ "min_standing_bps": self.instructions.bids.min_standing_bps });
        body["inputs"] = Value::Array(inputs);
        let posted: Value = api.post("/requests", &body).await?;
        self.since = Instant::now();
        let id = posted["request"].as_str().unwrap_or_default().to_owned();
        self.voice.say(&format!(
            "request {} gossiped: {} filings to summarise",
            short(&id),
            self.corpus.len()
        ));
        Ok(())
    }

    async fn choose(&mut self, request: &str, api: &NodeApi) -> Result<(), AgentError> {
        let bids: Vec<BidView> = api.get(&format!("/requests/{request}/bids")).await?;
        let filter = &self.instructions.bids;
        let patience = Duration::from_secs(filter.wait_secs);
        if bids.len() < filter.wanted && self.since.elapsed() < patience {
            return Ok(());
        }
        let mut fitting = Vec::new();
        let mut told = Vec::new();
        for view in bids {
            let who =
                format!("bid {} by …{} for {}", short(&view.id), short(&view.bid.seller), view.bid.price);
            match self.unfit(&view) {
                Some(reason) => told.push(format!("{who}: no, {reason}; {}", history(&view.trust))),
                None => {
                    told.push(format!("{who}: fits; {}", history(&view.trust)));
                    fitting.push(view);
                }
            }
        }
        for line in &told {
            self.voice.say_once(line.clone());
        }
        // The better score first, then the lower price, then the id, so that the choice is reproducible.
        fitting.sort_by(|a, b| {
            let score = b.trust.score.cmp(&a.trust.score);
            score.then(a.bid.price.cmp(&b.bid.price)).then(a.id.cmp(&b.id))
        });
        let Some(best) = fitting.first() else {
            return if self.since.elapsed() < patience {
                Ok(())
            } else {
                Err(AgentError::NoBid(told.join("; ")))
            };
        };
        let body = json!({ "bid": best.id, "nda": self.instructions.nda });
        let chosen: Value = api.post(&format!("/requests/{request}/choose"), &body).await?;
        let nda = chosen["nda"].as_str().unwrap_or_default();
        self.voice.say(&format!(
            "chose …{} for its score of {} bps at {}, declined the others, proposed NDA {}",
            short(&best.bid.seller),
            best.trust.score,
            best.bid.price,
            short(nda)
        ));
        Ok(())
    }

    async fn negotiate(
        &mut self,
        nda: &str,
        request: &str,
        bid: &str,
        api: &NodeApi,
    ) -> Result<(), AgentError> {
        let body = json!({ "nda": nda, "request": request, "bid": bid, "panel": self.instructions.panel });
        let opened: Value = api.post("/negotiations", &body).await?;
        let id = opened["negotiation"].as_str().unwrap_or_default();
        self.voice.say(&format!("negotiation {} opened under NDA {}", short(id), short(nda)));
        Ok(())
    }

    /// Why a bid is not good enough: everything that is wrong with it.
    fn unfit(&self, bid: &BidView) -> Option<String> {
        let (filter, budget) = (&self.instructions.bids, self.instructions.request.budget);
        let mut wrong = Vec::new();
        // The worse of the two grades: praise does not hide a recent complaint.
        if bid.trust.score < filter.min_standing_bps {
            wrong.push(format!("a score of {} bps, {} wanted", bid.trust.score, filter.min_standing_bps));
        }
        // Nobody judged yet is no fault; who is new has a score of nothing anyway.
        let kept = bid.trust.conduct.pact.score;
        if let Some(kept) = kept.filter(|kept| *kept < filter.min_pact_bps) {
            wrong.push(format!("kept {kept} bps of its pacts, {} wanted", filter.min_pact_bps));
        }
        if bid.bid.price > budget {
            wrong.push(format!("{} is over the budget of {budget}", bid.bid.price));
        }
        let clauses = bid.pact["clauses"].as_array().map(Vec::as_slice).unwrap_or_default();
        let clause = |kind: &str| clauses.iter().find(|clause| clause["id"] == kind);
        let missing = filter.clauses.iter().filter(|kind| clause(kind).is_none());
        wrong.extend(missing.map(|kind| format!("its pact has no clause on {kind}")));
        let citation =
            clause("citation").and_then(|clause| clause["threshold_bps"].as_u64()).unwrap_or_default();
        if citation < u64::from(filter.min_citation_bps) {
            wrong.push(format!(
                "its pact wants {citation} bps of quotes verbatim, not {}",
                filter.min_citation_bps
            ));
        }
        (!wrong.is_empty()).then(|| wrong.join(", "))
    }

    async fn bargain(&mut self, negotiation: &NegotiationView, api: &NodeApi) -> Result<(), AgentError> {
        let id = &negotiation.id;
        if !negotiation.panel.is_empty() {
            let jurors = negotiation.panel.len();
            self.voice.say_once(format!("panel of negotiation {} drawn: {jurors} jurors", short(id)));
        }
        if !negotiation.our_turn {
            return Ok(());
        }
        let theirs = negotiation.theirs.as_ref().map(node_api::Sheet::terms);
        // Offers alternate: half of them are ours.
        match self.instructions.bargaining.answer(Side::Buyer, theirs.as_ref(), negotiation.rounds / 2) {
            Move::Accept => {
                let _: Value = api.post(&format!("/negotiations/{id}/accept"), &json!({})).await?;
                self.voice.say(&format!("negotiation {}: accepted", short(id)));
            }
            Move::Offer(terms) => {
                let _: Value = api.post(&format!("/negotiations/{id}/offer"), &terms).await?;
                self.voice.say(&format!(
                    "negotiation {}: offer {} as {:?}, due {:?} s",
                    short(id),
                    terms.price,
                    terms.split_bps,
                    terms.due_secs
                ));
            }
        }
        Ok(())
    }

    async fn watch(&mut self, deal: &DealView, api: &NodeApi) -> Result<bool, AgentError> {
        let id = &deal.id;
        self.voice.say_once(format!("deal {} is {}", short(id), deal.stage));
        for milestone in &deal.milestones {
            self.voice.say_once(format!(
                "deal {} milestone {}: {} ({} micro-USDC)",
                short(id),
                milestone.index,
                milestone.stage,
                milestone.amount
            ));
        }
        match deal.stage.as_str() {
            "lapsed" => Err(AgentError::Over(format!("deal {id} can never open"))),
            "closed" if deal.rated_by_us() => Ok(true),
            "closed" if self.rated => Ok(false),
            "closed" => {
                let again: u32 =
                    deal.milestones.iter().map(|m| u32::from(m.attempts.saturating_sub(1))).sum();
                let value = u32::from(self.instructions.rating).saturating_sub(10 * again);
                let _: Value = api.post(&format!("/deals/{id}/rating"), &json!({ "value": value })).await?;
                self.rated = true;
                self.voice.say(&format!("rated …{} with {value}", short(&deal.counterparty)));
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}

/// What a bidder's settled deals say, on one line.
fn history(trust: &TrustView) -> String {
    let TrustView { score, praises, complaints, deals, conduct, .. } = trust;
    let kept =
        conduct.pact.score.map_or("nothing judged".to_owned(), |kept| format!("{kept} bps of pacts kept"));
    format!("score {score} bps by {praises} praises and {complaints} complaints, {deals} deals, {kept}")
}

impl Agent for Buyer {
    async fn step(&mut self, api: &NodeApi) -> Result<bool, AgentError> {
        let requests: Vec<RequestView> = api.get("/requests").await?;
        let Some(request) = requests.iter().find(|request| request.ours) else {
            self.request(api).await?;
            return Ok(false);
        };
        let Some(bid) = &request.chosen else {
            self.choose(&request.id, api).await?;
            return Ok(false);
        };
        let ndas: Vec<NdaView> = api.get("/ndas").await?;
        let Some(nda) = ndas.iter().find(|nda| nda.bid.as_ref() == Some(bid)) else { return Ok(false) };
        if nda.stage == "over" {
            return Err(AgentError::Over(format!("NDA {} is over", nda.nda)));
        }
        let name = nda.id.as_ref().unwrap_or(&nda.nda);
        self.voice.say_once(format!("NDA {} is {}", short(name), nda.stage));
        let negotiations: Vec<NegotiationView> = api.get("/negotiations").await?;
        let ours = negotiations.iter().find(|n| n.nda == nda.nda && n.side == node_api::Side::A);
        let Some(negotiation) = ours else {
            if nda.session {
                self.negotiate(&nda.nda, &request.id, bid, api).await?;
            }
            return Ok(false);
        };
        if negotiation.stage == "ended" {
            return Err(AgentError::Over(format!("negotiation {} ended without a deal", negotiation.id)));
        }
        self.bargain(negotiation, api).await?;
        let Some(id) = &negotiation.deal else { return Ok(false) };
        let deals: Vec<DealView> = api.get("/deals").await?;
        match deals.iter().find(|deal| deal.id == *id) {
            Some(deal) => self.watch(deal, api).await,
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use nuncio_protocol::money::Usdc;

    use super::*;
    use crate::node_api::BidText;

    fn buyer() -> Buyer {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions/buyer.toml");
        let mut instructions = BuyerInstructions::load(&path).unwrap();
        instructions.bids.min_standing_bps = 4000;
        Buyer::new("buyer", instructions, Vec::new())
    }

    fn bid(price: u64, citation: u16, clauses: &[&str], score: u16) -> BidView {
        let clauses: Vec<_> =
            clauses.iter().map(|id| json!({ "id": id, "threshold_bps": citation })).collect();
        BidView {
            id: "b".into(),
            bid: BidText { seller: "did:key:z6Mk".into(), price: Usdc(price) },
            pact: json!({ "clauses": clauses }),
            trust: TrustView { score, deals: 1, praises: 1, ..TrustView::default() },
        }
    }

    #[test]
    fn a_bid_is_taken_only_if_score_price_and_pact_all_fit() {
        let all = ["structure", "citation", "latency", "refusal"];
        let rows = [
            (bid(180_000_000, 10_000, &all, 5000), None),
            (bid(200_000_001, 10_000, &all, 5000), Some("over the budget")),
            (bid(180_000_000, 9_000, &all, 5000), Some("9000 bps of quotes")),
            (bid(180_000_000, 10_000, &all[1..], 5000), Some("no clause on structure")),
            (bid(180_000_000, 10_000, &all, 3999), Some("a score of 3999")),
        ];
        for (bid, expected) in rows {
            let reason = buyer().unfit(&bid);
            match expected {
                Some(part) => assert!(reason.as_deref().is_some_and(|r| r.contains(part)), "{reason:?}"),
                None => assert_eq!(reason, None),
            }
        }
    }
}
