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
    node_api::{
        BidView, ChosenView, DealView, NdaView, NegotiationView, NodeApi, RequestView, Role, TrustView,
    },
};

/// Buys one summary.
#[derive(Debug)]
pub struct Buyer {
    instructions: BuyerInstructions,
    corpus: Vec<Filing>,
    voice: Voice,
    since: Instant,
}

/// A bid with what the node knows of its maker.
struct Weighed {
    bid: BidView,
    trust: TrustView,
}

impl Buyer {
    /// A buyer with its instructions and the texts to be summarised.
    #[must_use]
    pub fn new(name: &str, instructions: BuyerInstructions, corpus: Vec<Filing>) -> Self {
        Self { instructions, corpus, voice: Voice::new(name), since: Instant::now() }
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
        for bid in bids {
            let trust: TrustView = api.get(&format!("/trust/{}", bid.from)).await?;
            let who = format!("bid {} by …{} for {}", short(&bid.bid), short(&bid.from), bid.price);
            match self.unfit(&bid, &trust) {
                Some(reason) => told.push(format!("{who}: no, {reason}")),
                None => {
                    told.push(format!(
                        "{who}: fits, score {} bps of {} ratings",
                        trust.score_bps, trust.ratings
                    ));
                    fitting.push(Weighed { bid, trust });
                }
            }
        }
        for line in &told {
            self.voice.say_once(line.clone());
        }
        // The higher score first, then the lower price, then the id, so that the choice is reproducible.
        fitting.sort_by(|a, b| {
            let score = b.trust.score_bps.cmp(&a.trust.score_bps);
            score.then(a.bid.price.cmp(&b.bid.price)).then(a.bid.bid.cmp(&b.bid.bid))
        });
        let Some(best) = fitting.first() else {
            return if self.since.elapsed() < patience {
                Ok(())
            } else {
                Err(AgentError::NoBid(told.join("; ")))
            };
        };
        let body = json!({ "bid": best.bid.bid, "nda": self.instructions.nda });
        let chosen: ChosenView = api.post(&format!("/requests/{request}/choose"), &body).await?;
        self.voice.say(&format!(
            "chose …{}, told the others no, proposed NDA {}",
            short(&best.bid.from),
            short(&chosen.nda)
        ));
        Ok(())
    }

    /// Why a bid is not good enough.
    fn unfit(&self, bid: &BidView, trust: &TrustView) -> Option<String> {
        let (filter, budget) = (&self.instructions.bids, self.instructions.request.budget);
        if !trust.mandated {
            return Some("no principal stands behind it".to_owned());
        }
        if trust.score_bps < filter.min_standing_bps {
            return Some(format!("score {} bps, {} wanted", trust.score_bps, filter.min_standing_bps));
        }
        if bid.price > budget {
            return Some(format!("{} is over the budget of {budget}", bid.price));
        }
        let clauses = bid.pact["clauses"].as_array().map(Vec::as_slice).unwrap_or_default();
        let clause = |kind: &str| clauses.iter().find(|clause| clause["id"] == kind);
        if let Some(missing) = filter.clauses.iter().find(|kind| clause(kind).is_none()) {
            return Some(format!("its pact has no clause on {missing}"));
        }
        let citation =
            clause("citation").and_then(|clause| clause["threshold_bps"].as_u64()).unwrap_or_default();
        (citation < u64::from(filter.min_citation_bps)).then(|| {
            format!("its pact wants {citation} bps of quotes verbatim, not {}", filter.min_citation_bps)
        })
    }

    async fn bargain(&mut self, negotiation: &NegotiationView, api: &NodeApi) -> Result<(), AgentError> {
        let id = &negotiation.negotiation;
        if let Some(panel) = &negotiation.panel {
            self.voice.say_once(format!(
                "panel of negotiation {} drawn from beacon round {}: {} jurors, quorum {}",
                short(id),
                panel.round,
                panel.size,
                panel.quorum
            ));
        }
        if !negotiation.your_turn {
            return Ok(());
        }
        let theirs = negotiation.last.theirs.as_ref();
        match self.instructions.bargaining.answer(Side::Buyer, theirs, negotiation.offers_made) {
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
        let id = &deal.deal;
        self.voice.say_once(format!("deal {} is {}", short(id), deal.state));
        for milestone in &deal.milestones {
            self.voice.say_once(format!(
                "deal {} milestone {}: {} ({} micro-USDC)",
                short(id),
                milestone.index,
                milestone.state,
                milestone.amount
            ));
        }
        match deal.state.as_str() {
            "void" => Err(AgentError::Over(format!("deal {id} can never open"))),
            "closed" if deal.rated => Ok(true),
            "closed" => {
                let again: u32 =
                    deal.milestones.iter().map(|m| u32::from(m.attempts.saturating_sub(1))).sum();
                let value = u32::from(self.instructions.rating).saturating_sub(10 * again);
                let _: Value = api.post(&format!("/deals/{id}/rating"), &json!({ "value": value })).await?;
                self.voice.say(&format!("rated …{} with {value}", short(&deal.peer)));
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}

impl Agent for Buyer {
    async fn step(&mut self, api: &NodeApi) -> Result<bool, AgentError> {
        let requests: Vec<RequestView> = api.get("/requests").await?;
        let Some(request) = requests.iter().find(|request| request.own) else {
            self.request(api).await?;
            return Ok(false);
        };
        let ndas: Vec<NdaView> = api.get("/ndas").await?;
        let Some(nda) = ndas.iter().find(|nda| nda.request.as_deref() == Some(&request.request)) else {
            self.choose(&request.request, api).await?;
            return Ok(false);
        };
        if matches!(nda.state.as_str(), "refused" | "ended") {
            return Err(AgentError::Over(format!("NDA {} is {}", nda.nda, nda.state)));
        }
        self.voice.say_once(format!("NDA {} is {}", short(&nda.nda), nda.state));
        if !nda.session_open {
            return Ok(false);
        }
        let negotiations: Vec<NegotiationView> = api.get("/negotiations").await?;
        let ours = negotiations.iter().find(|n| n.nda == nda.nda && n.role == Role::Buyer);
        let Some(negotiation) = ours else {
            let bid = self.chosen_bid(&request.request, api).await?;
            let panel = self.instructions.panel;
            let body = json!({ "nda": nda.nda, "request": request.request, "bid": bid, "panel": panel });
            let opened: Value = api.post("/negotiations", &body).await?;
            let id = opened["negotiation"].as_str().unwrap_or_default();
            self.voice.say(&format!("negotiation {} opened under NDA {}", short(id), short(&nda.nda)));
            return Ok(false);
        };
        if negotiation.stage == "ended" {
            return Err(AgentError::Over(format!(
                "negotiation {} ended without a deal",
                negotiation.negotiation
            )));
        }
        self.bargain(negotiation, api).await?;
        let Some(id) = &negotiation.deal else { return Ok(false) };
        let deals: Vec<DealView> = api.get("/deals").await?;
        match deals.iter().find(|deal| deal.deal == *id) {
            Some(deal) => self.watch(deal, api).await,
            None => Ok(false),
        }
    }
}

impl Buyer {
    /// The bid that was chosen: the node marks it.
    async fn chosen_bid(&self, request: &str, api: &NodeApi) -> Result<String, AgentError> {
        let bids: Vec<BidView> = api.get(&format!("/requests/{request}/bids")).await?;
        let chosen = bids.into_iter().find(|bid| bid.chosen);
        chosen
            .map(|bid| bid.bid)
            .ok_or_else(|| AgentError::Over(format!("request {request} has no chosen bid")))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use nuncio_protocol::money::Usdc;

    use super::*;

    fn buyer() -> Buyer {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions/buyer.toml");
        Buyer::new("buyer", BuyerInstructions::load(&path).unwrap(), Vec::new())
    }

    fn bid(price: u64, citation: u16, clauses: &[&str]) -> BidView {
        let clauses: Vec<_> =
            clauses.iter().map(|kind| json!({ "id": kind, "threshold_bps": citation })).collect();
        BidView {
            bid: "b".into(),
            from: "did:key:z6Mk".into(),
            price: Usdc(price),
            pact: json!({ "clauses": clauses }),
            chosen: false,
        }
    }

    #[test]
    fn a_bid_is_taken_only_if_score_price_and_pact_all_fit() {
        let all = ["structure", "citation", "latency", "refusal"];
        let trust = |score_bps| TrustView { score_bps, ratings: 1, mandated: true };
        let nobody = TrustView { mandated: false, ..trust(9000) };
        let rows = [
            (bid(180_000_000, 10_000, &all), trust(5000), None),
            (bid(200_000_001, 10_000, &all), trust(5000), Some("over the budget")),
            (bid(180_000_000, 9_000, &all), trust(5000), Some("9000 bps of quotes")),
            (bid(180_000_000, 10_000, &all[1..]), trust(5000), Some("no clause on structure")),
            (bid(180_000_000, 10_000, &all), trust(3999), Some("score 3999")),
            (bid(180_000_000, 10_000, &all), nobody, Some("no principal")),
        ];
        for (bid, trust, expected) in rows {
            let reason = buyer().unfit(&bid, &trust);
            match expected {
                Some(part) => assert!(reason.as_deref().is_some_and(|r| r.contains(part)), "{reason:?}"),
                None => assert_eq!(reason, None),
            }
        }
    }
}
