//! What a node shows of itself to its own clients: read-only, typed, without secrets.
//!
//! The local API turns these into its own shapes. What a peer wrote in free text is wrapped, so that
//! nobody takes it for the node's own words.
//!
//! Deliberately absent: keys, plaintext of sealed papers, other people's bids on other requests.

mod trust;

pub use trust::{Computed, MemberView, Reason, ScoresView, TrustView};

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::Serialize;

use crate::{
    audit::Parts,
    command::Event,
    did::Did,
    document::{AgentCard, Announcement, Bid, Document, Nda, Pact, Request, Signed, TermSheet},
    ids::{DealId, NdaId, NegotiationId, PaperId, PeerKey, TxHash},
    money::{Bps, Usdc},
    side::Side,
    template::Listed,
    text::Token,
};

/// One thing that was asked to be shown.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum View {
    /// Health.
    Status(StatusView),
    /// Who the node is.
    Identity(Box<Signed<AgentCard>>),
    /// The directory.
    Announcements(Vec<Document<Announcement>>),
    /// Requests heard and made.
    Requests(Vec<RequestView>),
    /// Bids for one request.
    Bids(Vec<BidView>),
    /// The templates that the node holds.
    Templates(Vec<TemplateView>),
    /// One template.
    Template(Box<TemplateView>),
    /// NDAs.
    Ndas(Vec<NdaView>),
    /// Negotiations.
    Negotiations(Vec<NegotiationView>),
    /// One negotiation.
    Negotiation(Box<NegotiationView>),
    /// What waits for the principal.
    Approvals(Vec<ApprovalView>),
    /// Deals.
    Deals(Vec<DealView>),
    /// One deal.
    Deal(Box<DealView>),
    /// What may be shown of a deal to a stranger.
    Bundle(Box<Parts>),
    /// Standing of an agent.
    Trust(Box<TrustView>),
    /// Standing of everybody.
    Scores(ScoresView),
    /// One line per deal, and what they come to.
    Settlement(Box<SettlementReport>),
    /// Events with their numbers.
    Events(Vec<EventView>),
}

/// Health, and what is open.
#[derive(Clone, Debug, Serialize)]
pub struct StatusView {
    /// The agent.
    pub did: Did,
    /// Nodes with a connection.
    pub peers: usize,
    /// Agents in the directory.
    pub known: usize,
    /// Sessions in use.
    pub sessions: usize,
    /// Deals that are neither closed nor lapsed.
    pub open_deals: usize,
    /// Slow acts without outcome.
    pub jobs: usize,
    /// Messages without receipt.
    pub outbox: usize,
    /// `block.timestamp` of the newest block, Unix seconds.
    pub chain_time: u64,
    /// Records stored so far.
    pub records: u64,
    /// Counted misconduct of peers.
    pub misconduct: u64,
    /// A transaction that is not ours took a nonce of ours: the key may be stolen.
    pub alarm: Option<TxHash>,
}

/// A request, and whether it is ours.
#[derive(Clone, Debug, Serialize)]
pub struct RequestView {
    /// Its id.
    pub id: PaperId,
    /// Whether we made it.
    pub ours: bool,
    /// What it says.
    pub request: Document<Request>,
    /// Bids for it, when it is ours.
    pub bids: usize,
    /// The bid that it went to.
    pub chosen: Option<PaperId>,
}

/// A bid with what the buyer filters by.
#[derive(Clone, Debug, Serialize)]
pub struct BidView {
    /// Its id.
    pub id: PaperId,
    /// What it says.
    pub bid: Document<Bid>,
    /// The clauses that the seller commits to.
    pub pact: Document<Pact>,
    /// The template of ours that the pact is made from, if it is.
    pub template: Option<Token>,
    /// Who the seller is.
    pub card: Document<AgentCard>,
    /// What the settled records say about the seller.
    pub trust: TrustView,
}

/// A template, and whether the agent may use it.
#[derive(Clone, Debug, Serialize)]
pub struct TemplateView {
    /// Whether the policy allows deals on it.
    pub allowed: bool,
    /// The template with its id.
    #[serde(flatten)]
    pub listed: Listed,
}

/// An NDA.
#[derive(Clone, Debug, Serialize)]
pub struct NdaView {
    /// The name of its draft, by which it is referred to here.
    pub nda: PaperId,
    /// Its digest, once all keys are in it.
    pub id: Option<NdaId>,
    /// Our side.
    pub side: Side,
    /// `drafting`, `proposed`, `signing`, `signed`, `anchored` or `over`.
    pub stage: &'static str,
    /// Whether a session is open under it.
    pub session: bool,
    /// The bid that led to it.
    pub bid: Option<PaperId>,
    /// The text, as far as it is known.
    pub text: Option<Document<Nda>>,
    /// The other side's node.
    pub peer: PeerKey,
}

/// A negotiation.
#[derive(Clone, Debug, Serialize)]
pub struct NegotiationView {
    /// Its id.
    pub id: NegotiationId,
    /// The NDA, by its draft.
    pub nda: PaperId,
    /// The template of ours that the pact is made from, if it is; windows and fallback are then as it says.
    pub template: Option<Token>,
    /// Our side; the buyer is side A.
    pub side: Side,
    /// `panel`, `offers`, `held`, `accepted`, `agreed` or `ended`.
    pub stage: &'static str,
    /// Whether it is our turn to offer or accept.
    pub our_turn: bool,
    /// Offers so far.
    pub rounds: u32,
    /// Sealed bytes of the newest offer's frame in this session, ours and theirs; 0 before there is one.
    pub frame_bytes: [usize; 2],
    /// The panel's members.
    pub panel: Vec<Address>,
    /// Our newest offer.
    pub ours: Option<Document<TermSheet>>,
    /// Their newest offer.
    pub theirs: Option<Document<TermSheet>>,
    /// The deal that came of it.
    pub deal: Option<DealId>,
    /// When it was opened, Unix milliseconds.
    pub since: u64,
}

/// A deal that waits for our principal before anybody signs it.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalView {
    /// The deal, by the digest that both sides would sign.
    pub id: DealId,
    /// The negotiation.
    pub negotiation: NegotiationId,
    /// Our side; the buyer is side A.
    pub side: Side,
    /// `open`, or `approved` while the other side is not ready.
    pub stage: &'static str,
    /// The other side.
    pub counterparty: Did,
    /// All milestones together, micro-USDC.
    pub price: Usdc,
    /// Last Unix second at which it may be approved, and opened with it.
    pub until_secs: u64,
    /// Whose signature it takes.
    pub principal: Address,
    /// What that signature is over: the EIP-712 digest of `Approve(deal, until)`.
    pub digest: B256,
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// The `Mandates` contract, in whose domain it is signed.
    pub mandates: Address,
    /// The agreement that the deal stands for.
    pub agreement: PaperId,
    /// The terms.
    pub terms: Document<TermSheet>,
}

/// A deal.
#[derive(Clone, Debug, Serialize)]
pub struct DealView {
    /// Its id.
    pub id: DealId,
    /// The NDA's digest.
    pub nda: Option<NdaId>,
    /// Our side; the buyer is side A.
    pub side: Side,
    /// `agreed`, `open`, `closed` or `lapsed`.
    pub stage: &'static str,
    /// The agreement.
    pub agreement: PaperId,
    /// The other side.
    pub counterparty: Did,
    /// All milestones together, micro-USDC.
    pub price: Usdc,
    /// Whether the inputs can be read.
    pub inputs: bool,
    /// The panel's members.
    pub panel: Vec<Address>,
    /// Signatures that a verdict needs.
    pub quorum: u8,
    /// The milestones.
    pub milestones: Vec<MilestoneView>,
    /// Whether each side's rating is on chain: buyer's, seller's.
    pub rated: [bool; 2],
    /// The transaction that opened it.
    pub opened_tx: Option<TxHash>,
}

/// A milestone.
#[derive(Clone, Debug, Serialize)]
pub struct MilestoneView {
    /// Its place, from 0.
    pub index: u8,
    /// Its amount, micro-USDC.
    pub amount: Usdc,
    /// When it is due, Unix seconds.
    pub due_secs: u64,
    /// `due`, `delivering`, `delivered`, `judged` or `settled`.
    pub stage: &'static str,
    /// Deliveries so far.
    pub attempts: u8,
    /// The seller's share in the newest verdict.
    pub verdict: Option<u16>,
    /// How far its jurors agree: 8800 for 0.88.
    pub consensus: Option<u16>,
    /// The clauses that failed in the newest verdict.
    pub failed: Vec<FailedClause>,
    /// Micro-USDC to the seller, once settled.
    pub to_seller: Option<Usdc>,
    /// Micro-USDC to the buyer, once settled.
    pub to_buyer: Option<Usdc>,
    /// The transaction that settled it.
    pub tx: Option<TxHash>,
}

/// A clause that a delivery did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedClause {
    /// The clause.
    pub clause: Token,
    /// How it is measured: the kind of failure.
    pub kind: &'static str,
    /// The median of the jurors' scores.
    pub score: Bps,
    /// What would have passed.
    pub threshold: Bps,
}

/// What a principal's deals came to, and what others think of its agent.
#[derive(Clone, Debug, Serialize)]
pub struct SettlementReport {
    /// The agent.
    pub agent: Did,
    /// The principal's account, to which the money goes.
    pub principal: Address,
    /// In the order of their ids.
    pub lines: Vec<SettlementLine>,
    /// All lines together, and fees earned as a juror.
    pub totals: Totals,
    /// How often each kind of clause failed in what the agent sold, by the newest verdicts.
    pub failures: BTreeMap<&'static str, u32>,
    /// What settled records say about the agent.
    pub trust: TrustView,
}

/// Sums of a settlement report, micro-USDC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Paid to us as a seller.
    pub income: Usdc,
    /// Paid by us as a buyer, to sellers.
    pub spent: Usdc,
    /// Paid by us as a buyer, to juries.
    pub spent_on_juries: Usdc,
    /// Paid back to us as a buyer.
    pub refunded: Usdc,
    /// Earned as a juror.
    pub jury_income: Usdc,
    /// Prices of ours in escrow, on either side.
    pub in_escrow: Usdc,
}

/// One line of a settlement report.
#[derive(Clone, Debug, Serialize)]
pub struct SettlementLine {
    /// The deal.
    pub deal: DealId,
    /// Our side.
    pub side: Side,
    /// The other side.
    pub counterparty: Did,
    /// All milestones together, micro-USDC.
    pub price: Usdc,
    /// Micro-USDC paid to the seller.
    pub to_seller: Usdc,
    /// Micro-USDC paid back to the buyer.
    pub to_buyer: Usdc,
    /// Micro-USDC credited to the jury, on top of the price.
    pub to_jury: Usdc,
    /// Micro-USDC still in escrow.
    pub in_escrow: Usdc,
    /// Milestones settled, of all.
    pub milestones: [usize; 2],
    /// Deliveries that the milestones took.
    pub deliveries: u64,
    /// The counterparty's rating of us, 0 to 100.
    pub rated: Option<u8>,
    /// Our rating of the counterparty, 0 to 100.
    pub rating: Option<u8>,
    /// When it was opened, Unix seconds.
    pub opened_secs: Option<u64>,
    /// When it was closed, Unix seconds.
    pub closed_secs: Option<u64>,
    /// The transaction that opened it.
    pub tx: Option<TxHash>,
    /// Whether it is closed.
    pub closed: bool,
}

/// An event with its number.
#[derive(Clone, Debug, Serialize)]
pub struct EventView {
    /// Its number, from 1.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
