//! What the node's API says, as far as an agent program looks at it.
//!
//! Fields that an agent does not use are ignored, so a newer node may say more. Text by peers comes
//! wrapped as `untrusted_text` and is never taken for anything but text.
//!
//! Deliberately absent: the API's whole shape; that is the node's OpenAPI document.

use alloy::primitives::Address;
use nuncio_protocol::money::Usdc;
use serde::Deserialize;
use serde_json::Value;

use crate::agent::rules::Terms;

/// `GET /status`.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeStatus {
    /// Peers connected now.
    #[serde(default)]
    pub peers: u64,
    /// Resident memory.
    #[serde(default)]
    pub rss_bytes: u64,
}

/// A side of an NDA and of what is under it: A proposed it and buys, B accepted it and sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The buyer's.
    A,
    /// The seller's.
    B,
}

/// One of `GET /requests`: a call for bids, heard or own.
#[derive(Clone, Debug, Deserialize)]
pub struct RequestView {
    /// Its id.
    pub id: String,
    /// Whether this node made it.
    pub ours: bool,
    /// What it says.
    pub request: RequestText,
    /// The bid that it went to.
    #[serde(default)]
    pub chosen: Option<String>,
}

/// What a request says, as far as a seller looks.
#[derive(Clone, Debug, Deserialize)]
pub struct RequestText {
    /// What is to be done.
    pub task_schema: String,
}

/// One of `GET /requests/{id}/bids`.
#[derive(Clone, Debug, Deserialize)]
pub struct BidView {
    /// Its id.
    pub id: String,
    /// What it says.
    pub bid: BidText,
    /// What the bidder lets itself be judged by.
    pub pact: Value,
    /// What settled records say about the bidder.
    pub trust: TrustView,
}

/// What a bid says.
#[derive(Clone, Debug, Deserialize)]
pub struct BidText {
    /// Who bids, `did:key:…`.
    pub seller: String,
    /// For how much.
    pub price: Usdc,
}

/// What settled records say about an agent; also `GET /trust/{did}`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TrustView {
    /// The worse of risk and standing, in basis points.
    pub score: u16,
    /// For admission, in basis points.
    pub risk: u16,
    /// For ranking, in basis points.
    pub standing: u16,
    /// Ratings of praise.
    #[serde(default)]
    pub praises: u32,
    /// Complaints.
    #[serde(default)]
    pub complaints: u32,
    /// Settled deals.
    #[serde(default)]
    pub deals: u64,
    /// What its deals came to.
    #[serde(default)]
    pub conduct: Conduct,
    /// The ratings that weigh most.
    #[serde(default)]
    pub because: Vec<Reason>,
}

/// What an agent's settled deals came to.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Conduct {
    /// What juries gave of the milestones that it sold.
    pub pact: PactScore,
}

/// What juries gave of one seller's milestones.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct PactScore {
    /// By value, in basis points.
    pub score: Option<u16>,
    /// Milestones judged.
    pub judged: u64,
    /// Of these, with nothing.
    pub failed: u64,
    /// Of these, in part.
    pub reduced: u64,
}

/// A rating that explains a score.
#[derive(Clone, Debug, Deserialize)]
pub struct Reason {
    /// On which deal.
    pub deal: String,
    /// Who rated, `did:key:…`.
    pub rater: String,
    /// How.
    pub value: i64,
    /// What it weighs.
    pub weight_bps: u64,
}

/// `GET /trust`, as far as nodes are compared.
#[derive(Clone, Debug, Deserialize)]
pub struct ScoresView {
    /// What the scores were computed from.
    pub computed: Computed,
}

/// What scores were computed from; equal where the scores are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Computed {
    /// Ratings that count.
    pub records: u64,
    /// Ratings that do not, because somebody is not known.
    pub left_out: u64,
    /// From whom credibility is walked.
    pub seeds: Vec<String>,
    /// The hash over the ratings.
    pub records_root: String,
    /// The hash over day and seeds.
    pub parameters_hash: String,
    /// The hash over all scores.
    pub scores_root: String,
}

/// `GET /reports/settlement`.
#[derive(Clone, Debug, Deserialize)]
pub struct SettlementReport {
    /// One for each deal that was opened.
    pub lines: Vec<SettlementLine>,
    /// All lines together.
    pub totals: Totals,
    /// What settled records say about the node's own agent.
    pub trust: TrustView,
}

/// One deal of a settlement report.
#[derive(Clone, Debug, Deserialize)]
pub struct SettlementLine {
    /// Which.
    pub deal: String,
}

/// Sums of a settlement report.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Totals {
    /// Paid to this side as a seller.
    pub income: Usdc,
    /// Paid by this side to sellers.
    pub spent: Usdc,
    /// Paid by this side to juries.
    pub spent_on_juries: Usdc,
}

impl SettlementReport {
    /// Whether it has this one line and no other.
    #[must_use]
    pub fn only(&self, deal: &str) -> bool {
        matches!(self.lines.as_slice(), [line] if line.deal == deal)
    }
}

/// One of `GET /ndas`.
#[derive(Clone, Debug, Deserialize)]
pub struct NdaView {
    /// The name of its draft, by which the API knows it.
    pub nda: String,
    /// Its digest, once all keys are in it.
    #[serde(default)]
    pub id: Option<String>,
    /// This node's side.
    pub side: Side,
    /// `drafting`, `proposed`, `signing`, `signed`, `anchored` or `over`.
    pub stage: String,
    /// Whether a session is open under it.
    pub session: bool,
    /// The bid that led to it.
    #[serde(default)]
    pub bid: Option<String>,
    /// What it says, as far as it is known.
    #[serde(default)]
    pub text: Option<NdaText>,
}

/// What an NDA says, as far as a seller looks.
#[derive(Clone, Debug, Deserialize)]
pub struct NdaText {
    /// What may be shared.
    pub categories: Vec<String>,
    /// From when on, Unix seconds.
    pub from_secs: u64,
    /// Until when, Unix seconds.
    pub until_secs: u64,
}

/// One of `GET /negotiations`.
#[derive(Clone, Debug, Deserialize)]
pub struct NegotiationView {
    /// Its id.
    pub id: String,
    /// The NDA it is under, by its draft.
    pub nda: String,
    /// The template that the pact is made from, if it is one that this node holds.
    #[serde(default)]
    pub template: Option<String>,
    /// This node's side.
    pub side: Side,
    /// `panel`, `offers`, `accepted`, `agreed` or `ended`.
    pub stage: String,
    /// Whether this node is to offer or accept.
    pub our_turn: bool,
    /// Offers so far, of both sides; they alternate.
    pub rounds: u32,
    /// Sealed bytes of the newest offer's frame: ours, theirs.
    #[serde(default)]
    pub frame_bytes: [usize; 2],
    /// Who will judge, once drawn: settlement accounts.
    #[serde(default)]
    pub panel: Vec<String>,
    /// Their newest offer.
    #[serde(default)]
    pub theirs: Option<Sheet>,
    /// The deal that came of it.
    #[serde(default)]
    pub deal: Option<String>,
}

/// The negotiable part of a term sheet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Sheet {
    /// The whole price.
    pub price: Usdc,
    /// In order of their due dates.
    pub milestones: Vec<SheetMilestone>,
}

/// One milestone of a term sheet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SheetMilestone {
    /// What it costs.
    pub amount: Usdc,
    /// Seconds from the start of the deal until it is due.
    pub due_secs: u32,
}

impl Sheet {
    /// The sheet as shares and dates. A share that is no whole basis point is rounded down.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let whole = u128::from(self.price.0).max(1);
        let share = |amount: Usdc| u16::try_from(u128::from(amount.0) * 10_000 / whole).unwrap_or(u16::MAX);
        Terms {
            price: self.price,
            split_bps: self.milestones.iter().map(|milestone| share(milestone.amount)).collect(),
            due_secs: self.milestones.iter().map(|milestone| milestone.due_secs).collect(),
        }
    }
}

/// One of `GET /deals`.
#[derive(Clone, Debug, Deserialize)]
pub struct DealView {
    /// Its id.
    pub id: String,
    /// This node's side.
    pub side: Side,
    /// `agreed`, `open`, `closed` or `lapsed`.
    pub stage: String,
    /// The agreement's id.
    pub agreement: String,
    /// The other side, `did:key:…`.
    pub counterparty: String,
    /// Whether the inputs can be read.
    pub inputs: bool,
    /// Who judges: settlement accounts.
    #[serde(default)]
    pub panel: Vec<Address>,
    /// In order.
    pub milestones: Vec<MilestoneView>,
    /// Whether each side's rating is on chain: buyer's, seller's.
    pub rated: [bool; 2],
}

impl DealView {
    /// Whether this node's own rating is on chain.
    #[must_use]
    pub const fn rated_by_us(&self) -> bool {
        match self.side {
            Side::A => self.rated[0],
            Side::B => self.rated[1],
        }
    }
}

/// One milestone.
#[derive(Clone, Debug, Deserialize)]
pub struct MilestoneView {
    /// From 0.
    pub index: u8,
    /// What it is worth.
    pub amount: Usdc,
    /// `due`, `delivering`, `delivered`, `judged` or `settled`.
    pub stage: String,
    /// Deliveries so far.
    #[serde(default)]
    pub attempts: u8,
    /// The seller's share in the newest verdict, in basis points.
    #[serde(default)]
    pub verdict: Option<u16>,
    /// How far its jurors agree, in basis points.
    #[serde(default)]
    pub consensus: Option<u16>,
}

/// `GET /deals/{id}/inputs`: the texts to work on.
#[derive(Clone, Debug, Deserialize)]
pub struct InputsView {
    /// In the order of the manifest.
    pub files: Vec<FileView>,
}

/// A file as the API carries it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Its type.
    pub media_type: String,
    /// Its content: a peer's words, whatever they say.
    pub text: UntrustedText,
}

/// Text by a peer, wrapped so that no program takes it for an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum UntrustedText {
    /// As the API wraps it.
    Wrapped {
        /// The words.
        untrusted_text: String,
    },
    /// One's own, which need no wrapping.
    Own(String),
}

impl UntrustedText {
    /// The words.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Wrapped { untrusted_text } => untrusted_text,
            Self::Own(text) => text,
        }
    }
}
