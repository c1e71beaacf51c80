//! The name of each kind of step that a node stores: where a process can be made to die in a test.
//!
//! A name is `<what>.<step>`, the same in every version; two kinds never share one. Whoever looks
//! for what a crash breaks dies before and after the batch that holds a step, and calls the place by
//! this name.
//!
//! Deliberately absent: acting on a name. Nothing here, and nothing in a daemon, dies by it.

use super::{CaseEvent, Record};
use crate::{
    deal::DealEvent,
    journal,
    stage::{jury::JuryEvent, market::MarketEvent, nda::NdaEvent, negotiation::NegotiationEvent},
};

impl Record {
    /// The name of the step that this record stores, such as `negotiation.accepted` or `deal.opened`.
    #[must_use]
    pub const fn step(&self) -> &'static str {
        match self {
            Self::Started { .. } => "job.started",
            Self::Finished { .. } => "job.finished",
            Self::Posted { .. } => "message.posted",
            Self::Delivered { .. } => "message.delivered",
            Self::Destroyed { .. } => "nda.destroyed",
            Self::Gone { .. } => "record.gone",
            Self::Market(event) => market(event),
            Self::Nda { event, .. } => nda(event),
            Self::Negotiation { event, .. } => negotiation(event),
            Self::Deal { event, .. } => deal(event),
            Self::Case { event, .. } => case(event),
            Self::Kept { .. } => "vault.kept",
            Self::Served { .. } => "vault.served",
            Self::Journal(event) => transaction(&event.step),
            Self::Decision(_) => "policy.decided",
            Self::Misconduct { .. } => "peer.misconduct",
            Self::Noted(_) => "event.noted",
        }
    }
}

const fn market(event: &MarketEvent) -> &'static str {
    match event {
        MarketEvent::Announced { .. } => "market.announced",
        MarketEvent::Requested { .. } => "market.requested",
        MarketEvent::Answered { .. } => "market.answered",
        MarketEvent::BidHeard { .. } => "market.bid-heard",
        MarketEvent::Chosen { .. } => "market.chosen",
    }
}

const fn nda(event: &NdaEvent) -> &'static str {
    match event {
        NdaEvent::Chosen { .. } => "nda.chosen",
        NdaEvent::Drafted(_) => "nda.drafted",
        NdaEvent::Received { .. } => "nda.received",
        NdaEvent::Keyed { .. } => "nda.keyed",
        NdaEvent::Signed { .. } => "nda.signed",
        NdaEvent::Over => "nda.over",
    }
}

const fn negotiation(event: &NegotiationEvent) -> &'static str {
    match event {
        NegotiationEvent::Begun { .. } => "negotiation.begun",
        NegotiationEvent::PanelAsked { .. } => "panel.asked",
        NegotiationEvent::PanelSigned { .. } => "panel.signed",
        NegotiationEvent::Drawn { .. } => "panel.drawn",
        NegotiationEvent::SeatAccepted(_) => "panel.seat-accepted",
        NegotiationEvent::PanelProposed { .. } => "panel.proposed",
        NegotiationEvent::PanelSet { .. } => "panel.set",
        NegotiationEvent::AttemptFailed { .. } => "panel.attempt-failed",
        NegotiationEvent::Offered { .. } => "negotiation.offered",
        NegotiationEvent::Resaid { .. } => "negotiation.resaid",
        NegotiationEvent::Held { .. } => "negotiation.held",
        NegotiationEvent::HoldAgreed => "negotiation.hold-agreed",
        NegotiationEvent::Approved(_) => "negotiation.approved",
        NegotiationEvent::Ready { .. } => "negotiation.ready",
        NegotiationEvent::Thawed(_) => "negotiation.thawed",
        NegotiationEvent::Strategy(_) => "negotiation.strategy",
        NegotiationEvent::Accepted { .. } => "negotiation.accepted",
        NegotiationEvent::Assented { .. } => "negotiation.assented",
        NegotiationEvent::Ended => "negotiation.ended",
    }
}

const fn deal(event: &DealEvent) -> &'static str {
    match event {
        DealEvent::Agreed { .. } => "deal.agreed",
        DealEvent::Countersigned { .. } => "deal.countersigned",
        DealEvent::Opened => "deal.opened",
        DealEvent::Lapsed => "deal.lapsed",
        DealEvent::SecretHeld => "deal.secret-held",
        DealEvent::Sealed { .. } => "deal.sealed",
        DealEvent::Wrapped { .. } => "deal.wrapped",
        DealEvent::InputsAt(_) => "deal.inputs-at",
        DealEvent::InputsHeld => "deal.inputs-held",
        DealEvent::Delivering { .. } => "deal.delivering",
        DealEvent::Receipted(_) => "deal.receipted",
        DealEvent::Claimed(_) => "deal.claimed",
        DealEvent::Delivered(_) => "deal.delivered",
        DealEvent::EvidenceHeld { .. } => "deal.evidence-held",
        DealEvent::Verdict(_) => "deal.verdict",
        DealEvent::Settled { .. } => "deal.settled",
        DealEvent::Closed => "deal.closed",
        DealEvent::Rated { .. } => "deal.rated",
    }
}

const fn case(event: &CaseEvent) -> &'static str {
    match event {
        CaseEvent::Taken { .. } => "case.taken",
        CaseEvent::Opened { .. } => "case.opened",
        CaseEvent::Panel(JuryEvent::Voted { .. }) => "case.voted",
        CaseEvent::Panel(JuryEvent::CommitSeen { .. }) => "case.commit-seen",
        CaseEvent::Panel(JuryEvent::RevealSeen { .. }) => "case.reveal-seen",
        CaseEvent::Panel(JuryEvent::Relayed { .. }) => "case.relayed",
        CaseEvent::Panel(JuryEvent::CommitsClosed) => "case.commits-closed",
        CaseEvent::Panel(JuryEvent::RevealsClosed) => "case.reveals-closed",
        CaseEvent::Panel(JuryEvent::VerdictSeen { .. }) => "case.verdict-seen",
        CaseEvent::Panel(JuryEvent::Equivocated { .. }) => "case.equivocated",
        CaseEvent::Panel(JuryEvent::Ended { .. }) => "case.ended",
        CaseEvent::Reported => "case.reported",
    }
}

const fn transaction(step: &journal::Step) -> &'static str {
    match step {
        journal::Step::Intended { .. } => "transaction.intended",
        journal::Step::Refused { .. } => "transaction.refused",
        journal::Step::Prepared { .. } => "transaction.prepared",
        journal::Step::Signed { .. } => "transaction.signed",
        journal::Step::Sent { .. } => "transaction.sent",
        journal::Step::Unknown { .. } => "transaction.unknown",
        journal::Step::Replaced { .. } => "transaction.replaced",
        journal::Step::Seen { .. } => "transaction.seen",
        journal::Step::Unseen { .. } => "transaction.unseen",
        journal::Step::Safe { .. } => "transaction.safe",
        journal::Step::Final { .. } => "transaction.final",
        journal::Step::Lost { .. } => "transaction.lost",
        journal::Step::Acknowledged => "transaction.acknowledged",
    }
}
