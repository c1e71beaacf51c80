//! What a local client may ask of its node, and what it is told.
//!
//! A command is already authorised: the shell has checked the token's role. What may be *done* is
//! still decided here, by policy and mandate, whoever asks. Errors say what to do next, because an
//! agent reads them.
//!
//! Deliberately absent: HTTP, JSON shapes for people, approvals (they are signatures, not commands).

use serde::{Deserialize, Serialize};

use crate::{
    audit::Index,
    document::{Categories, Clause, FileRef, Jurisdiction, Regulator, Signed},
    ids::{DealId, NegotiationId, PaperId},
    job::File,
    misconduct::Misconduct,
    money::{Bps, Usdc},
    policy::Rule,
    text::{BoundedVec, Line, Text, Token},
    view::View,
};

/// What a client wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Gossip a request.
    Request(NewRequest),
    /// Answer a request that was heard.
    Bid(NewBid),
    /// Take one bid, decline the others, and propose an NDA to its seller.
    Choose(Choice),
    /// Sign an NDA that was proposed to us.
    AcceptNda(PaperId),
    /// Turn it down.
    RefuseNda(PaperId),
    /// Begin to negotiate in the session of an NDA.
    Negotiate(NewNegotiation),
    /// Make an offer or counter-offer.
    Offer(NegotiationId, Proposal),
    /// Accept the other side's last offer.
    Accept(NegotiationId),
    /// End a negotiation without agreement.
    End(NegotiationId),
    /// Let the node itself make and answer offers with a fixed concession.
    Strategy(NegotiationId, Concession),
    /// Deliver a milestone.
    Deliver(DealId, u8, Vec<File>),
    /// Open the inputs (`None`) or a milestone's evidence.
    Files(DealId, Option<u8>),
    /// Rate the counterparty of a settled deal.
    Rate(DealId, u8),
    /// Sign the index of a bundle of a deal of ours.
    Attest(Box<Index>),
    /// Read something.
    Look(Look),
}

/// A request for bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// The sub-market.
    pub domain: Token,
    /// What is to be done, as the name of a task schema.
    pub task_schema: Token,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// The most the buyer means to spend, micro-USDC; published as a bucket.
    pub budget: Usdc,
    /// The least standing a bidder needs.
    pub min_standing: Bps,
    /// What the seller will work on; the bytes are held by the shell.
    pub inputs: BoundedVec<FileRef, 64>,
    /// What is wanted, in words.
    pub text: Text,
    /// How long bids are taken, seconds.
    pub expires_secs: u64,
}

/// A bid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBid {
    /// The request.
    pub request: PaperId,
    /// What the pact is called.
    pub title: Line,
    /// The clauses that the seller commits to.
    pub clauses: BoundedVec<Clause, 32>,
    /// The price asked, micro-USDC.
    pub price: Usdc,
    /// The last milestone's due time, seconds from the start.
    pub due_secs: u32,
    /// How long the bid stands, seconds.
    pub expires_secs: u64,
}

/// The choice of a bid, with the NDA that is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The request.
    pub request: PaperId,
    /// The bid.
    pub bid: PaperId,
    /// What may be shared.
    pub categories: Categories,
    /// How long the NDA lasts, seconds.
    pub duration_secs: u64,
    /// How long after its end keys must be destroyed, seconds.
    pub destroy_after_secs: u64,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// The regulators that may read what is sealed.
    pub regulators: BoundedVec<Regulator, 4>,
}

/// The beginning of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNegotiation {
    /// The NDA, by the name of its draft.
    pub nda: PaperId,
    /// Seats of the panel.
    pub size: u8,
    /// Signatures that a verdict needs.
    pub quorum: u8,
}

/// The negotiable part of the terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The whole price, micro-USDC.
    pub price: Usdc,
    /// Each milestone's title, share of the price and due time.
    pub milestones: Vec<ProposedMilestone>,
}

/// One milestone of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedMilestone {
    /// What it is called.
    pub title: Line,
    /// Its amount, micro-USDC.
    pub amount: Usdc,
    /// When it is due, seconds from the start.
    pub due_secs: u32,
}

/// A linear concession: the price moves from `from` to `to` over `rounds` own offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concession {
    /// The first own price, micro-USDC.
    pub from: Usdc,
    /// The last own price: anything at least as good is accepted.
    pub to: Usdc,
    /// Own offers on the way; the one after them asks `to` and is the strategy's last.
    pub rounds: u32,
}

/// What a client wants to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Health, peers, chain, money.
    Status,
    /// Who this node is.
    Identity,
    /// The directory.
    Announcements,
    /// Requests heard and made.
    Requests,
    /// Bids for a request of ours.
    Bids(PaperId),
    /// All NDAs.
    Ndas,
    /// All negotiations.
    Negotiations,
    /// One negotiation.
    Negotiation(NegotiationId),
    /// All deals.
    Deals,
    /// One deal.
    Deal(DealId),
    /// What may be shown of a deal to a stranger.
    Bundle(DealId),
    /// The standing of an agent, by DID.
    Trust(String),
    /// One line per deal.
    Settlement,
    /// Events after this number.
    Events(u64),
}

/// The answer to a command.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A paper of ours has this id.
    Paper(PaperId),
    /// A negotiation has this id.
    Negotiation(NegotiationId),
    /// It is under way; events tell the rest.
    Accepted,
    /// What was to be read.
    View(Box<View>),
    /// The files of a package.
    Files(Vec<File>),
    /// The signed index of a bundle.
    Bundle(Box<Signed<Index>>),
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing here has that id.
    #[error("no {what} {id} here")]
    NotFound {
        /// What it should be.
        what: &'static str,
        /// The id as given.
        id: String,
    },
    /// It is not our turn, or the stage is over.
    #[error("not now: {why}")]
    NotNow {
        /// The state that stands against it.
        why: String,
    },
    /// The command contradicts itself or the protocol.
    #[error("invalid: {why}")]
    Invalid {
        /// What is wrong.
        why: String,
    },
    /// A rule of the policy or the mandate.
    #[error("refused by policy: {0}")]
    Policy(Rule),
    /// It needs the principal's signature first.
    #[error("waits for the principal: {0}")]
    Approval(Rule),
    /// The node signs nothing at present.
    #[error("cannot sign: {why}")]
    Signing {
        /// What the guard said.
        why: String,
    },
}

impl Refusal {
    /// The stable code of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "NUN-NOT-FOUND",
            Self::NotNow { .. } => "NUN-NOT-NOW",
            Self::Invalid { .. } => "NUN-INVALID",
            Self::Policy(_) => "NUN-POLICY",
            Self::Approval(_) => "NUN-APPROVAL",
            Self::Signing { .. } => "NUN-SIGNING",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "list what is here, or wait for its event",
            Self::NotNow { .. } => "read the object's stage and wait for the event that moves it",
            Self::Invalid { .. } => "correct the request; it was not carried out",
            Self::Policy(_) => "stay inside the limits, or ask the principal to change the policy",
            Self::Approval(_) => "the principal signs the digest with its own key",
            Self::Signing { .. } => "see `nuncio status`: the sign guard says why",
        }
    }
}

/// Something that happened, for whoever listens. Numbers and ids, no contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A request in one of our domains was heard.
    RequestHeard { request: PaperId },
    /// A seller answered a request of ours.
    BidReceived { request: PaperId, bid: PaperId },
    /// A request went to somebody else.
    BidDeclined { request: PaperId },
    /// Somebody proposes an NDA.
    NdaProposed { nda: PaperId },
    /// The other side refused.
    NdaRefused { nda: PaperId },
    /// An NDA is signed by both and anchored.
    NdaAnchored { nda: PaperId },
    /// The session under it is open.
    SessionOpen { nda: PaperId },
    /// A negotiation has begun.
    NegotiationBegun { negotiation: NegotiationId, nda: PaperId },
    /// Its panel is drawn and has accepted.
    PanelDrawn { negotiation: NegotiationId, attempt: u8 },
    /// The other side made an offer: it is our turn.
    Offer { negotiation: NegotiationId, round: u32 },
    /// Both accepted; the deal has its id.
    Agreed { negotiation: NegotiationId, deal: DealId },
    /// It ended without agreement.
    Ended { negotiation: NegotiationId },
    /// The money is in escrow.
    DealOpened { deal: DealId },
    /// The inputs can be read.
    InputsReady { deal: DealId },
    /// A milestone was delivered, with enough receipts.
    Delivered { deal: DealId, milestone: u8, attempt: u8 },
    /// A quorum signed a verdict.
    Verdict { deal: DealId, milestone: u8, seller_bps: u16 },
    /// A milestone is settled on chain.
    Settled { deal: DealId, milestone: u8, to_seller: Usdc, to_buyer: Usdc },
    /// All milestones are settled.
    Closed { deal: DealId },
    /// A rating is on chain.
    Rated { deal: DealId },
    /// A peer broke a rule.
    Misconduct { what: Misconduct },
    /// A step of ours waits or failed.
    Trouble { what: String },
}
