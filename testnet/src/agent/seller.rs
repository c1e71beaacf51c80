//! The seller's agent: bids, signs, bargains, works, delivers, rates.
//!
//! | what the node says | what the agent does |
//! |---|---|
//! | a request for our task without our bid | bids, naming its pact |
//! | an NDA that waits for us | accepts it within its rules, or refuses it |
//! | our turn | offers or accepts, by its rules |
//! | an open deal, the inputs there, a milestone to deliver | summarises and delivers |
//! | a failed delivery | delivers again, with the most careful work it has |
//! | the deal is closed and not rated | rates the buyer |
//!
//! The texts come from the node and are data: whatever they say, they are only summarised.
//!
//! Deliberately absent: an end. A seller works until it is stopped.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Agent, AgentError, Voice,
    instructions::SellerInstructions,
    rules::{Move, Side},
    voice::short,
};
use crate::{
    corpus::Filing,
    node_api::{
        self, DealView, InputsView, MilestoneView, NdaText, NdaView, NegotiationView, NodeApi, RequestView,
    },
    summary::{ANSWER, SCHEMA, Stage, summarise},
};

/// Sells summaries.
#[derive(Debug)]
pub struct Seller {
    instructions: SellerInstructions,
    voice: Voice,
    /// Acts already asked for in this run, by id, while the node has not shown them yet.
    asked: BTreeSet<String>,
}

impl Seller {
    /// A seller with its instructions.
    #[must_use]
    pub fn new(name: &str, instructions: SellerInstructions) -> Self {
        Self { instructions, voice: Voice::new(name), asked: BTreeSet::new() }
    }

    async fn bid(&mut self, request: &RequestView, api: &NodeApi) -> Result<(), AgentError> {
        let market = &self.instructions.market;
        let (kind, offer) = self.offer()?;
        let body = json!({ kind: offer, "price": market.price, "due_secs": market.due_secs });
        let bid: Value = api.post(&format!("/requests/{}/bids", request.id), &body).await?;
        let id = bid["bid"].as_str().unwrap_or_default();
        let by = self.instructions.pact.template.as_deref().unwrap_or("its own pact");
        let what = format!("bid {} of {} on request {}", short(id), market.price, short(&request.id));
        self.voice.say(&format!("{what}, judged by {by}"));
        Ok(())
    }

    /// What it lets itself be judged by: a template with its numbers, or clauses of its own.
    fn offer(&self) -> Result<(&'static str, Value), AgentError> {
        let offer = &self.instructions.pact;
        let Some(name) = &offer.template else { return Ok(("pact", self.pact()?)) };
        let numbers = json!({ "citation_bps": offer.citation_bps, "late_secs": offer.late_secs });
        Ok(("template", json!({ "name": name, "numbers": numbers })))
    }

    /// The pact of its own: what is judged, how much it counts, and what follows.
    fn pact(&self) -> Result<Value, AgentError> {
        let schema: Value =
            serde_json::from_str(SCHEMA).map_err(|error| AgentError::Work(error.to_string()))?;
        let offer = &self.instructions.pact;
        let fail = json!({ "kind": "fail" });
        let reduce = json!({ "kind": "reduce", "bps": 1000 });
        let clause = |id: &str, test: Value, weight_bps: u16, threshold_bps: u16, consequence: &Value| {
            json!({
                "id": id, "test": test, "milestones": [], "weight_bps": weight_bps,
                "threshold_bps": threshold_bps, "mandatory": consequence == &fail, "consequence": consequence,
            })
        };
        let structure = json!({ "kind": "output_schema", "file": "summary.json", "schema": schema });
        let citation = json!({
            "kind": "citation_faithfulness", "file": "summary.json", "pointer": "/sentences", "min_citations": 1,
        });
        let latency = json!({ "kind": "latency", "slack_secs": offer.late_secs });
        let refusal = json!({
            "kind": "refusal", "file": "summary.json", "pointer": "/answers",
            "must_refuse": [], "must_answer": [ANSWER],
        });
        let mut clauses = vec![
            clause("structure", structure, 3000, 10_000, &fail),
            clause("citation", citation, 4000, offer.citation_bps, &fail),
            clause("latency", latency, 1500, 10_000, &reduce),
        ];
        if !offer.may_refuse {
            clauses.push(clause("refusal", refusal, 1500, 10_000, &fail));
        }
        Ok(json!({ "title": "Extractive summary of filings", "clauses": clauses }))
    }

    async fn answer(&mut self, nda: &NdaView, api: &NodeApi) -> Result<(), AgentError> {
        let id = &nda.nda;
        let Some(text) = &nda.text else { return Ok(()) };
        self.asked.insert(id.clone());
        match self.objection(text) {
            None => {
                let _: Value = api.post(&format!("/ndas/{id}/accept"), &json!({})).await?;
                self.voice.say(&format!("NDA {} accepted", short(id)));
            }
            Some(reason) => {
                let _: Value = api.post(&format!("/ndas/{id}/refuse"), &json!({ "reason": reason })).await?;
                self.voice.say(&format!("NDA {} refused: {reason}", short(id)));
            }
        }
        Ok(())
    }

    /// Why an NDA is not to be signed.
    fn objection(&self, text: &NdaText) -> Option<String> {
        let rules = &self.instructions.nda;
        if let Some(strange) = text.categories.iter().find(|category| !rules.categories.contains(category)) {
            return Some(format!("category {strange} cannot be kept apart"));
        }
        let duration = text.until_secs.saturating_sub(text.from_secs);
        (duration > rules.duration_secs_max)
            .then(|| format!("{duration} s is longer than {} s", rules.duration_secs_max))
    }

    async fn bargain(&mut self, negotiation: &NegotiationView, api: &NodeApi) -> Result<(), AgentError> {
        let id = &negotiation.id;
        // The buyer opens: without an offer of theirs there is nothing to answer.
        let Some(theirs) = negotiation.theirs.as_ref().map(node_api::Sheet::terms) else { return Ok(()) };
        match self.instructions.bargaining.answer(Side::Seller, Some(&theirs), negotiation.rounds / 2) {
            Move::Accept => {
                let _: Value = api.post(&format!("/negotiations/{id}/accept"), &json!({})).await?;
                self.voice.say(&format!("negotiation {}: accepted {}", short(id), theirs.price));
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

    async fn deliver(
        &mut self,
        deal: &DealView,
        milestone: &MilestoneView,
        api: &NodeApi,
    ) -> Result<(), AgentError> {
        let inputs: InputsView = api.get(&format!("/deals/{}/inputs", deal.id)).await?;
        if inputs.files.is_empty() {
            return Ok(());
        }
        let filings: Vec<Filing> = inputs
            .files
            .into_iter()
            .map(|file| Filing { name: file.name, text: file.text.words().to_owned() })
            .collect();
        // A second try is made with the most careful work there is.
        let stage = match (milestone.attempts, milestone.index) {
            (0, 0) => Stage::Draft,
            (0, 1) => Stage::Revised,
            _ => Stage::Final,
        };
        let summary = tokio::task::spawn_blocking(move || summarise(&filings, stage))
            .await
            .map_err(|error| AgentError::Work(error.to_string()))?;
        let text = serde_json::to_string(&summary).map_err(|error| AgentError::Work(error.to_string()))?;
        let body =
            json!({ "files": [{ "name": "summary.json", "media_type": "application/json", "text": text }] });
        let path = format!("/deals/{}/milestones/{}/delivery", deal.id, milestone.index);
        let _: Value = api.post(&path, &body).await?;
        self.voice.say(&format!(
            "deal {} milestone {}: delivered {stage:?}, {} sentences, {} bytes",
            short(&deal.id),
            milestone.index,
            summary.sentences.len(),
            text.len()
        ));
        Ok(())
    }

    async fn work(&mut self, deal: &DealView, api: &NodeApi) -> Result<(), AgentError> {
        match deal.stage.as_str() {
            "open" if deal.inputs => {
                let Some(next) = deal.milestones.iter().find(|milestone| milestone.stage != "settled") else {
                    return Ok(());
                };
                let failed = next.stage == "judged" && next.verdict.is_some_and(|share| share < 10_000);
                let key = format!("{}/{}/{}", deal.id, next.index, next.attempts);
                if (next.stage == "due" || failed) && self.asked.insert(key) {
                    self.deliver(deal, next, api).await?;
                }
                Ok(())
            }
            "closed" if !deal.rated_by_us() && self.asked.insert(format!("{}/rating", deal.id)) => {
                let value = self.instructions.rating;
                let _: Value =
                    api.post(&format!("/deals/{}/rating", deal.id), &json!({ "value": value })).await?;
                self.voice.say(&format!("rated …{} with {value}", short(&deal.counterparty)));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Agent for Seller {
    async fn step(&mut self, api: &NodeApi) -> Result<bool, AgentError> {
        let requests: Vec<RequestView> = api.get("/requests").await?;
        for request in requests.iter().filter(|request| !request.ours) {
            let wanted = request.request.task_schema == self.instructions.market.task_schema;
            if wanted && self.asked.insert(request.id.clone()) {
                self.bid(request, api).await?;
            }
        }
        let ndas: Vec<NdaView> = api.get("/ndas").await?;
        for nda in ndas.iter().filter(|nda| nda.side == node_api::Side::B && nda.stage == "proposed") {
            if !self.asked.contains(&nda.nda) {
                self.answer(nda, api).await?;
            }
        }
        let negotiations: Vec<NegotiationView> = api.get("/negotiations").await?;
        for negotiation in negotiations.iter().filter(|n| n.our_turn && n.side == node_api::Side::B) {
            self.bargain(negotiation, api).await?;
        }
        let deals: Vec<DealView> = api.get("/deals").await?;
        for deal in deals.iter().filter(|deal| deal.side == node_api::Side::B) {
            self.work(deal, api).await?;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use nuncio_protocol::template::Templates;

    use super::*;

    #[test]
    fn an_nda_outside_the_rules_is_refused_with_the_reason() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions/seller-careful.toml");
        let seller = Seller::new("seller", SellerInstructions::load(&path).unwrap());
        let nda = |categories: &[&str], duration_secs| NdaText {
            categories: categories.iter().map(|category| (*category).to_owned()).collect(),
            from_secs: 0,
            until_secs: duration_secs,
        };
        assert_eq!(seller.objection(&nda(&["offer", "work_product"], 86_400)), None);
        assert!(seller.objection(&nda(&["personal"], 86_400)).unwrap().contains("personal"));
        assert!(seller.objection(&nda(&["offer"], u64::MAX)).unwrap().contains("longer"));
    }

    fn seller(instructions: &str) -> Seller {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions").join(instructions);
        Seller::new("seller", SellerInstructions::load(&path).unwrap())
    }

    #[test]
    fn the_careful_one_bids_with_a_template_and_the_cheap_one_with_clauses_of_its_own() {
        let (kind, offer) = seller("seller-careful.toml").offer().unwrap();
        assert_eq!((kind, &offer["name"]), ("template", &json!("filing-summary")));
        let templates = Templates::default();
        let template = &templates.named(&"filing-summary".parse().unwrap()).unwrap().template;
        let numbers = serde_json::from_value(offer["numbers"].clone()).unwrap();
        let clauses = template.clauses(&numbers).unwrap();
        assert_eq!(clauses.iter().map(|c| u32::from(c.weight_bps.get())).sum::<u32>(), 10_000);
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        assert_eq!(template.clauses[0]["test"]["schema"], schema, "what the agent writes is what is judged");
        let (kind, offer) = seller("seller-cheap.toml").offer().unwrap();
        assert_eq!((kind, offer["clauses"].as_array().unwrap().len()), ("pact", 3));
    }
}
