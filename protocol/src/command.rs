//! What a local client may ask of its node, and what it is told.
//!
//! A command is already authorised: the shell has checked the token's role. What may be *done* is
//! still decided here, by policy and mandate, whoever asks. Errors say what to do next, because an
//! agent reads them.
//!
//! An approval is a command only in form: it carries the principal's signature, and without that it
//! says nothing, whoever sends it.
//!
//! Deliberately absent: HTTP, JSON shapes for people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    audit::Index,
    document::{Categories, Clause, FileRef, Jurisdiction, Regulator, Signed},
    ids::{DealId, NegotiationId, PaperId},
    job::File,
    misconduct::Misconduct,
    money::{Bps, Usdc},
    policy::Rule,
    reputation::statement::TrustStatement,
    stage::negotiation::Thaw,
    text::{BoundedVec, Line, Text, Token},
    typed::EthSignature,
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
    /// The principal's signature over a deal that waits for it.
    Approve(DealId, EthSignature),
    /// The principal's no to a deal that waits for it.
    Decline(DealId),
    /// Let the node itself make and answer offers with a fixed concession.
    Strategy(NegotiationId, Concession),
    /// Deliver a milestone.
    Deliver(DealId, u8, Vec<File>),
    /// Open the inputs (`None`) or a milestone's evidence.
    Files(DealId, Option<u8>),
    /// Rate the counterparty of a settled deal.
    Rate(DealId, u8),
    /// Sign what settled records say about an agent, by DID, for anybody to quote.
    StateTrust(String),
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
    /// By what the seller lets itself be judged.
    pub pact: NewPact,
    /// The price asked, micro-USDC.
    pub price: Usdc,
    /// The last milestone's due time, seconds from the start.
    pub due_secs: u32,
    /// How long the bid stands, seconds.
    pub expires_secs: u64,
}

/// Where the pact of a bid comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NewPact {
    /// Clauses of one's own.
    Own {
        /// What the pact is called.
        title: Line,
        /// The clauses that the seller commits to.
        clauses: BoundedVec<Clause, 32>,
    },
    /// A template that the node holds.
    Template {
        /// Its name.
        name: Token,
        /// The numbers that it leaves open; those that are not named have their default.
        numbers: BTreeMap<Token, u64>,
    },
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
    /// What the panel is paid together, micro-USDC; on top of the price, from the buyer's side.
    pub fee: Usdc,
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
    /// The templates that the node holds.
    Templates,
    /// One template, by name.
    Template(Token),
    /// All NDAs.
    Ndas,
    /// All negotiations.
    Negotiations,
    /// One negotiation.
    Negotiation(NegotiationId),
    /// What waits for the principal.
    Approvals,
    /// All deals.
    Deals,
    /// One deal.
    Deal(DealId),
    /// What may be shown of a deal to a stranger.
    Bundle(DealId),
    /// The standing of an agent, by DID.
    Trust(String),
    /// The standing of everybody.
    Scores,
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
    /// The other side is asked to hold this deal, until this Unix second at most, for a principal.
    Held(DealId, u64),
    /// What was to be read.
    View(Box<View>),
    /// The files of a package.
    Files(Vec<File>),
    /// The signed index of a bundle.
    Bundle(Box<Signed<Index>>),
    /// A signed statement about an agent.
    Statement(Box<Signed<TrustStatement>>),
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
    /// Nobody of that name was heard of.
    #[error("no agent {did} is known here")]
    UnknownAgent {
        /// The DID as given.
        did: String,
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
    /// The principal was asked about this price or a better one and did not approve it.
    #[error("the principal did not approve {unapproved} micro-USDC, this is no better: {price}")]
    Unapproved {
        /// The price now.
        price: Usdc,
        /// The best price that was not approved.
        unapproved: Usdc,
    },
    /// An approval that the principal did not sign.
    #[error(
        "not approved: the signature is not by the principal {principal} over this deal and its deadline"
    )]
    NotThePrincipal {
        /// The principal that the agent's card names.
        principal: alloy_primitives::Address,
    },
    /// A pact that could not be judged.
    #[error("clause {clause} cannot be judged: {why}")]
    Unjudgeable {
        /// The clause.
        clause: Token,
        /// What is wrong with it.
        why: String,
    },
    /// Our clock and the chain's time differ too much to promise anything.
    #[error("our clock says {clock_secs}, the chain {chain_secs}: at most {limit_secs} s apart")]
    Clock {
        /// Our clock, Unix seconds.
        clock_secs: u64,
        /// `block.timestamp` of the newest block, Unix seconds; 0 before the first.
        chain_secs: u64,
        /// The most that they may differ, seconds.
        limit_secs: u64,
    },
    /// The other side did not confirm too often.
    #[error("the other side is paused until {until_secs}: it did not confirm {count} times within an hour")]
    Paused {
        /// Until when, Unix seconds.
        until_secs: u64,
        /// How often.
        count: usize,
    },
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
            Self::UnknownAgent { .. } => "NUN-UNKNOWN-AGENT",
            Self::NotNow { .. } => "NUN-NOT-NOW",
            Self::Invalid { .. } => "NUN-INVALID",
            Self::Policy(_) => "NUN-POLICY",
            Self::Approval(_) | Self::Unapproved { .. } => "NUN-APPROVAL",
            Self::NotThePrincipal { .. } => "NUN-NOT-APPROVED",
            Self::Unjudgeable { .. } => "NUN-PACT",
            Self::Clock { .. } => "NUN-CLOCK",
            Self::Paused { .. } => "NUN-PAUSED",
            Self::Signing { .. } => "NUN-SIGNING",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "list what is here, or wait for its event",
            Self::UnknownAgent { .. } => {
                "an agent is known once its announcement was heard; `nuncio offers` lists those"
            }
            Self::NotNow { .. } => "read the object's stage and wait for the event that moves it",
            Self::Invalid { .. } => "correct the request; it was not carried out",
            Self::Policy(_) => "stay inside the limits, or ask the principal to change the policy",
            Self::Approval(_) => "the principal signs the digest with its own key",
            Self::Unapproved { .. } => {
                "offer terms that are better for us, or let the principal raise its limit"
            }
            Self::NotThePrincipal { .. } => {
                "sign the typed data of GET /approvals with the principal's key; the 65-byte signatures of plain \
                 keys are taken, those of contract wallets (ERC-1271) are not"
            }
            Self::Unjudgeable { .. } => {
                "use a schema of draft 2020-12 of bounded size that refers to its own $defs only, without circles"
            }
            Self::Clock { .. } => {
                "set the clock by NTP, or wait until the chain's endpoint follows; nothing was committed"
            }
            Self::Paused { .. } => "wait, or choose another counterparty",
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
    /// Our principal has to approve a deal before anybody signs it, until this Unix second.
    ApprovalNeeded { negotiation: NegotiationId, deal: DealId, until_secs: u64 },
    /// A hold ended, and nothing was signed.
    Thawed { negotiation: NegotiationId, why: Thaw },
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
