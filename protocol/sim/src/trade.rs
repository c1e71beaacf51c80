//! Two programs that make one deal: a summary of a filing, in three milestones of 54, 63 and 63 USDC.
//!
//! The buyer asks for it, takes the first bid, offers 150 USDC, and takes 180 when the seller stays
//! there. The seller bids, signs the NDA, reads the inputs before it works, delivers each milestone
//! when the one before is settled. Both rate at the end.
//!
//! What either asks for is asked again when nothing came of it within a while: the node may have
//! died over it.
//!
//! Deliberately absent: good work. The summary says what the clauses look at.

use core::time::Duration;
use std::collections::BTreeMap;

use nuncio_protocol::{
    command::{
        Choice, Command, Look, NewBid, NewNegotiation, NewPact, NewRequest, Proposal, ProposedMilestone,
        Reply,
    },
    document::{Categories, Category, Clause, Consequence, FileRef, JsonSchema, Test},
    ids::{CommandId, ContentHash, DealId, NegotiationId, PaperId},
    job::File,
    money::{Bps, Usdc},
    side::Side,
    text::{BoundedVec, Line, Token},
    time::Timestamp,
    view::{BidView, DealView, NdaView, NegotiationView, RequestView, View},
};

use crate::agent::{Agent, Desk};

/// What each milestone costs in the end, micro-USDC.
pub const AMOUNTS: [Usdc; 3] = [Usdc(54_000_000), Usdc(63_000_000), Usdc(63_000_000)];
/// What the buyer offers first, by milestone, micro-USDC.
const OPENING: [Usdc; 3] = [Usdc(45_000_000), Usdc(52_500_000), Usdc(52_500_000)];
/// What the seller asks first, by milestone, micro-USDC.
const ASKED: [Usdc; 3] = [Usdc(58_500_000), Usdc(68_250_000), Usdc(68_250_000)];
/// When each milestone is due, seconds from the start.
const DUE: [u32; 3] = [300, 600, 900];
/// What is to be summarised.
const FILING: &[u8] = b"Item 7. Revenue rose by 12 per cent. Item 8. The auditors have no remarks.";
/// What has not shown itself after this is asked for again.
const PATIENCE: Duration = Duration::from_secs(3);
const DAY_SECS: u64 = 86_400;

/// When something was last asked for.
#[derive(Debug, Default)]
struct Asked(BTreeMap<String, Timestamp>);

impl Asked {
    /// Whether to ask now, because nobody did a moment ago.
    fn again(&mut self, what: String, now: Timestamp) -> bool {
        let due = self.0.get(&what).is_none_or(|at| now >= at.plus(PATIENCE));
        if due {
            self.0.insert(what, now);
        }
        due
    }
}

fn requests(desk: &mut Desk<'_>) -> Vec<RequestView> {
    match desk.look(Look::Requests) {
        Some(View::Requests(requests)) => requests,
        _ => Vec::new(),
    }
}

fn bids(desk: &mut Desk<'_>, request: PaperId) -> Vec<BidView> {
    match desk.look(Look::Bids(request)) {
        Some(View::Bids(bids)) => bids,
        _ => Vec::new(),
    }
}

fn ndas(desk: &mut Desk<'_>) -> Vec<NdaView> {
    match desk.look(Look::Ndas) {
        Some(View::Ndas(ndas)) => ndas,
        _ => Vec::new(),
    }
}

fn negotiations(desk: &mut Desk<'_>) -> Vec<NegotiationView> {
    match desk.look(Look::Negotiations) {
        Some(View::Negotiations(negotiations)) => negotiations,
        _ => Vec::new(),
    }
}

fn deals(desk: &mut Desk<'_>) -> Vec<DealView> {
    match desk.look(Look::Deals) {
        Some(View::Deals(deals)) => deals,
        _ => Vec::new(),
    }
}

fn token(word: &str) -> Token {
    word.parse().expect("invariant: a plain word is a token")
}

fn line(words: &str) -> Line {
    words.parse().expect("invariant: plain words are a line")
}

fn proposal(amounts: [Usdc; 3]) -> Proposal {
    let price = Usdc::sum(amounts).expect("invariant: three amounts are less than 2^64 micro-USDC");
    let milestone = |(index, (amount, due_secs))| ProposedMilestone {
        title: line(["draft", "revised", "final"][index]),
        amount,
        due_secs,
    };
    Proposal { price, milestones: amounts.into_iter().zip(DUE).enumerate().map(milestone).collect() }
}

/// Buys one summary.
#[derive(Debug)]
pub struct Buyer {
    asked: Asked,
    /// The seats of the panel, and how many of them make a verdict.
    panel: (u8, u8),
}

impl Buyer {
    /// A buyer that asks for a panel of so many seats, of which so many make a verdict.
    #[must_use]
    pub fn with_panel(panel: (u8, u8)) -> Self {
        Self { asked: Asked::default(), panel }
    }

    fn request(&mut self, desk: &mut Desk<'_>) {
        let blob = desk.stage(FILING);
        let input = FileRef {
            name: "filing.txt".parse().expect("invariant: a plain name is a file name"),
            sha256: ContentHash(blob.0),
            size: FILING.len() as u64,
            media_type: "text/plain".parse().expect("invariant: text/plain is a media type"),
        };
        let _ = desk.ask(Command::Request(NewRequest {
            domain: token("documents"),
            task_schema: token("filing-summary/1"),
            jurisdiction: "EU".parse().expect("invariant: EU is a jurisdiction"),
            budget: Usdc(200_000_000),
            min_standing: Bps::ZERO,
            inputs: [input].into(),
            text: "Summarise a filing.".parse().expect("invariant: a plain sentence is a text"),
            expires_secs: 3600,
        }));
    }

    fn choose(request: PaperId, bid: PaperId, desk: &mut Desk<'_>) {
        let _ = desk.ask(Command::Choose(Choice {
            request,
            bid,
            categories: Categories::of(&[Category::Offer, Category::SourceMaterial, Category::WorkProduct]),
            duration_secs: 30 * DAY_SECS,
            destroy_after_secs: 60 * DAY_SECS,
            jurisdiction: "EU".parse().expect("invariant: EU is a jurisdiction"),
            regulators: BoundedVec::new(),
        }));
    }

    fn bargain(&mut self, negotiation: &NegotiationView, desk: &mut Desk<'_>) {
        let id = negotiation.id;
        let price = negotiation.theirs.as_ref().map(|theirs| theirs.price);
        let limit = proposal(AMOUNTS);
        let command = match price {
            None => Command::Offer(id, proposal(OPENING)),
            Some(price) if price > limit.price => Command::Offer(id, limit),
            Some(_) => Command::Accept(id),
        };
        if self.asked.again(format!("turn/{id}/{}", negotiation.rounds), desk.now()) {
            let _ = desk.ask(command);
        }
    }
}

impl Agent for Buyer {
    fn act(&mut self, desk: &mut Desk<'_>) {
        let now = desk.now();
        let requests = requests(desk);
        let Some(request) = requests.iter().find(|request| request.ours) else {
            if self.asked.again("request".into(), now) {
                self.request(desk);
            }
            return;
        };
        let Some(chosen) = request.chosen else {
            if let Some(bid) = bids(desk, request.id).first()
                && self.asked.again("choose".into(), now)
            {
                Self::choose(request.id, bid.id, desk);
            }
            return;
        };
        let ndas = ndas(desk);
        let Some(nda) = ndas.iter().find(|nda| nda.bid == Some(chosen)) else { return };
        let negotiations = negotiations(desk);
        let Some(negotiation) = negotiations.iter().find(|n| n.nda == nda.nda && n.stage != "ended") else {
            if nda.session && self.asked.again("negotiate".into(), now) {
                let (size, quorum) = self.panel;
                let _ = desk.ask(Command::Negotiate(NewNegotiation {
                    nda: nda.nda,
                    size,
                    quorum,
                    fee: Usdc::ZERO,
                }));
            }
            return;
        };
        if negotiation.our_turn {
            return self.bargain(negotiation, desk);
        }
        for deal in deals(desk) {
            if deal.stage == "closed" && !deal.rated[0] && self.asked.again(format!("rate/{}", deal.id), now)
            {
                let _ = desk.ask(Command::Rate(deal.id, 95));
            }
        }
    }

    fn restarted(&mut self) {
        self.asked = Asked::default();
    }
}

/// Sells one summary.
#[derive(Debug, Default)]
pub struct Seller {
    asked: Asked,
    /// The question for a deal's inputs.
    reading: Option<(DealId, CommandId)>,
    inputs: BTreeMap<DealId, Vec<File>>,
}

impl Seller {
    /// The clauses: a summary of the agreed form, in time.
    fn clauses() -> BoundedVec<Clause, 32> {
        let schema = serde_json::json!({
            "type": "object", "required": ["title", "bytes_read"],
            "properties": { "title": { "type": "string" }, "bytes_read": { "type": "integer", "minimum": 1 } },
        });
        let share = |bps| Bps::new(bps).expect("invariant: at most 10 000");
        let structure = Clause {
            id: token("structure"),
            test: Test::OutputSchema {
                file: "summary.json".parse().expect("invariant: a plain name is a file name"),
                schema: JsonSchema::new(schema)
                    .expect("invariant: the schema is small and refers to nothing"),
            },
            milestones: BoundedVec::new(),
            weight_bps: share(7000),
            threshold_bps: Bps::FULL,
            mandatory: true,
            consequence: Consequence::Fail {},
        };
        let latency = Clause {
            id: token("latency"),
            test: Test::Latency { slack_secs: 0 },
            milestones: BoundedVec::new(),
            weight_bps: share(3000),
            threshold_bps: Bps::FULL,
            mandatory: false,
            consequence: Consequence::Reduce { bps: share(1000) },
        };
        [structure, latency].into()
    }

    fn bid(request: PaperId, desk: &mut Desk<'_>) {
        let _ = desk.ask(Command::Bid(NewBid {
            request,
            pact: NewPact::Own { title: line("Summary of a filing"), clauses: Self::clauses() },
            price: Usdc(195_000_000),
            due_secs: 900,
            expires_secs: 3600,
        }));
    }

    fn bargain(&mut self, id: NegotiationId, negotiation: &NegotiationView, desk: &mut Desk<'_>) {
        let Some(theirs) = &negotiation.theirs else { return };
        let good = theirs.price >= proposal(AMOUNTS).price;
        let command = if good { Command::Accept(id) } else { Command::Offer(id, proposal(ASKED)) };
        if self.asked.again(format!("turn/{id}/{}", negotiation.rounds), desk.now()) {
            let _ = desk.ask(command);
        }
    }

    /// The inputs, once the node has opened them.
    fn read(&mut self, deal: DealId, desk: &mut Desk<'_>) -> Option<Vec<File>> {
        if let Some((of, question)) = self.reading
            && of == deal
            && let Some(answer) = desk.answer(question)
        {
            self.reading = None;
            if let Ok(Reply::Files(files)) = answer {
                self.inputs.insert(deal, files);
            }
        }
        if let Some(files) = self.inputs.get(&deal) {
            return Some(files.clone());
        }
        if self.asked.again(format!("read/{deal}"), desk.now()) {
            self.reading = Some((deal, desk.ask_later(Command::Files(deal, None))));
        }
        None
    }

    fn work(&mut self, deal: &DealView, desk: &mut Desk<'_>) {
        let now = desk.now();
        if deal.stage == "closed" {
            if !deal.rated[1] && self.asked.again(format!("rate/{}", deal.id), now) {
                let _ = desk.ask(Command::Rate(deal.id, 90));
            }
            return;
        }
        let Some(next) = deal.milestones.iter().find(|milestone| milestone.stage != "settled") else {
            return;
        };
        if deal.stage != "open" || !deal.inputs || next.stage != "due" {
            return;
        }
        let Some(inputs) = self.read(deal.id, desk) else { return };
        let read: usize = inputs.iter().map(|file| file.bytes.len()).sum();
        let summary = serde_json::json!({ "title": "Summary", "bytes_read": read });
        let file = File {
            name: "summary.json".into(),
            media_type: "application/json".into(),
            bytes: serde_json::to_vec(&summary).expect("invariant: plain values are JSON"),
        };
        if self.asked.again(format!("deliver/{}/{}", deal.id, next.index), now) {
            let _ = desk.ask(Command::Deliver(deal.id, next.index, vec![file]));
        }
    }
}

impl Agent for Seller {
    fn act(&mut self, desk: &mut Desk<'_>) {
        let now = desk.now();
        let negotiations = negotiations(desk);
        for request in requests(desk) {
            let first = negotiations.is_empty() && self.asked.again(format!("bid/{}", request.id), now);
            if !request.ours && first && ndas(desk).is_empty() {
                Self::bid(request.id, desk);
            }
        }
        for nda in ndas(desk) {
            let waits = nda.side == Side::B && nda.stage == "proposed";
            if waits && self.asked.again(format!("sign/{}", nda.nda), now) {
                let _ = desk.ask(Command::AcceptNda(nda.nda));
            }
        }
        for negotiation in negotiations.iter().filter(|negotiation| negotiation.our_turn) {
            self.bargain(negotiation.id, negotiation, desk);
        }
        for deal in deals(desk) {
            self.work(&deal, desk);
        }
    }

    fn restarted(&mut self) {
        self.asked = Asked::default();
        self.reading = None;
    }
}
