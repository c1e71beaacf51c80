//! What the node's API says, as far as an agent program looks at it.
//!
//! Fields that an agent does not use are ignored, so a newer node may say more. Text by peers comes
//! wrapped as `untrusted_text` and is never taken for anything but text.
//!
//! Deliberately absent: the API's whole shape; that is the node's OpenAPI document.

use nuncio_protocol::money::Usdc;
use serde::Deserialize;
use serde_json::Value;

use crate::agent::rules::Terms;

/// `GET /status`.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeStatus {
    /// The agent's identity, `did:key:…`.
    pub did: String,
    /// Peers connected now.
    #[serde(default)]
    pub peers: u64,
    /// Resident memory.
    #[serde(default)]
    pub rss_bytes: u64,
}

/// Which side of a deal this node is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It pays.
    Buyer,
    /// It works.
    Seller,
}

/// One of `GET /requests`: a call for bids, heard or own.
#[derive(Clone, Debug, Deserialize)]
pub struct RequestView {
    /// Its id.
    pub request: String,
    /// Whether this node made it.
    #[serde(default)]
    pub own: bool,
    /// What is to be done.
    pub task_schema: String,
    /// What the buyer would pay at most.
    pub budget: Usdc,
    /// This node's bid on it, if there is one.
    #[serde(default)]
    pub my_bid: Option<String>,
    /// Whether bids still make sense.
    #[serde(default = "yes")]
    pub open: bool,
}

/// One of `GET /requests/{id}/bids`.
#[derive(Clone, Debug, Deserialize)]
pub struct BidView {
    /// Its id.
    pub bid: String,
    /// Who bids, `did:key:…`.
    pub from: String,
    /// For how much.
    pub price: Usdc,
    /// What the bidder lets itself be judged by.
    pub pact: Value,
    /// Whether this node has chosen it.
    #[serde(default)]
    pub chosen: bool,
}

/// `POST /requests/{id}/choose`.
#[derive(Clone, Debug, Deserialize)]
pub struct ChosenView {
    /// The NDA now proposed to the bidder.
    pub nda: String,
}

/// `GET /trust/{did}`.
#[derive(Clone, Debug, Deserialize)]
pub struct TrustView {
    /// The score that this node computes, in basis points.
    pub score_bps: u16,
    /// Ratings it rests on.
    #[serde(default)]
    pub ratings: u64,
    /// Whether an agent with these means may be asked at all: a mandate in force, an anchored card.
    #[serde(default = "yes")]
    pub mandated: bool,
}

/// One of `GET /ndas`.
#[derive(Clone, Debug, Deserialize)]
pub struct NdaView {
    /// Its id.
    pub nda: String,
    /// `proposed`, `signed`, `anchored`, `in_force`, `refused`, `ended`.
    pub state: String,
    /// Whether this node is to answer it.
    #[serde(default)]
    pub your_turn: bool,
    /// Whether frames can be exchanged now.
    #[serde(default)]
    pub session_open: bool,
    /// The request that it is about, on the side that knows.
    #[serde(default)]
    pub request: Option<String>,
    /// What may be shared.
    #[serde(default)]
    pub categories: Vec<String>,
    /// For how long, in seconds.
    #[serde(default)]
    pub duration_secs: u64,
    /// When all of it is destroyed, in seconds from its begin.
    #[serde(default)]
    pub destroy_after_secs: u64,
}

/// One of `GET /negotiations`.
#[derive(Clone, Debug, Deserialize)]
pub struct NegotiationView {
    /// Its id.
    pub negotiation: String,
    /// The NDA it is under.
    pub nda: String,
    /// This node's side.
    pub role: Role,
    /// `drawing`, `offers`, `accepting`, `agreed`, `ended`.
    pub stage: String,
    /// Whether this node is to move.
    pub your_turn: bool,
    /// Offers made by this node.
    #[serde(default)]
    pub offers_made: u32,
    /// What lies on the table.
    #[serde(default)]
    pub last: LastOffers,
    /// Who will judge, once drawn.
    #[serde(default)]
    pub panel: Option<PanelView>,
    /// What became of it.
    #[serde(default)]
    pub deal: Option<String>,
}

/// The newest offer of each side.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LastOffers {
    /// The other side's.
    #[serde(default)]
    pub theirs: Option<Terms>,
    /// This node's.
    #[serde(default)]
    pub ours: Option<Terms>,
}

/// The jurors of a deal.
#[derive(Clone, Debug, Deserialize)]
pub struct PanelView {
    /// The beacon round that drew them.
    pub round: u64,
    /// Seats.
    pub size: u8,
    /// Signatures that make a verdict.
    pub quorum: u8,
    /// Settlement accounts, sorted.
    pub jurors: Vec<String>,
}

/// One of `GET /deals`.
#[derive(Clone, Debug, Deserialize)]
pub struct DealView {
    /// Its id.
    pub deal: String,
    /// The agreement's.
    #[serde(default)]
    pub agreement: String,
    /// The NDA's.
    #[serde(default)]
    pub nda: String,
    /// This node's side.
    pub role: Role,
    /// `opening`, `open`, `closed`, `void`.
    pub state: String,
    /// The other side, `did:key:…`.
    #[serde(default)]
    pub peer: String,
    /// Who judges.
    #[serde(default)]
    pub panel: Option<PanelView>,
    /// In order.
    pub milestones: Vec<MilestoneView>,
    /// Whether this node has rated the other side.
    #[serde(default)]
    pub rated: bool,
}

/// One milestone.
#[derive(Clone, Debug, Deserialize)]
pub struct MilestoneView {
    /// From 0.
    pub index: u8,
    /// What it is worth.
    pub amount: Usdc,
    /// `waiting`, `delivered`, `failed`, `judged`, `paid`, `refunded`.
    pub state: String,
    /// Deliveries so far.
    #[serde(default)]
    pub attempts: u8,
    /// The panel's share for the seller, once judged.
    #[serde(default)]
    pub seller_bps: Option<u16>,
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

const fn yes() -> bool {
    true
}
