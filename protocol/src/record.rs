//! What a node stores: an append-only list of facts and decisions, from which its state is folded.
//!
//! Restart, audit and report read the same records. A record that holds matter of an NDA says so,
//! and is stored sealed with that NDA's storage key; ids and hashes stay clear.
//!
//! Deliberately absent: snapshots. A snapshot could only be a cache.

use serde::{Deserialize, Serialize};

use crate::{
    command::Event,
    deal::DealEvent,
    ids::{BlobId, CaseId, ContentHash, DealId, NdaId, NegotiationId, PaperId, PeerKey},
    job::{Job, JobId},
    journal::JournalEvent,
    misconduct::Misconduct,
    policy::Answer,
    stage::{jury::JuryEvent, market::MarketEvent, nda::NdaEvent, negotiation::NegotiationEvent},
    time::Timestamp,
    wire::{Direct, Receipt},
};

mod step;

/// Bytes that are kept ready for a record; an offer's has less.
const READY: usize = 2048;

/// One stored fact or decision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", content = "with", rename_all = "kebab-case")]
pub enum Record {
    /// A slow act was decided.
    Started {
        /// Its number.
        job: JobId,
        /// When.
        at: Timestamp,
        /// The NDA whose matter it holds.
        nda: Option<PaperId>,
        /// What.
        what: Job,
    },
    /// A slow act has its outcome, which stands in the records of the same batch.
    Finished {
        /// Its number.
        job: JobId,
        /// The sign guard's number, where it took a new one.
        guard: Option<u64>,
    },
    /// A message is to be delivered.
    Posted {
        /// Its number in the outbox.
        id: u64,
        /// To this node.
        to: PeerKey,
        /// The NDA whose matter it holds.
        nda: Option<PaperId>,
        /// The message.
        body: Box<Direct>,
    },
    /// The receiver has recorded it.
    Delivered {
        /// Its number in the outbox.
        id: u64,
    },
    /// The keys of an NDA are destroyed, and with them what every record holds that is sealed for it.
    Destroyed {
        /// The NDA, by the name of its draft.
        draft: PaperId,
        /// Its digest, for which records are sealed.
        nda: NdaId,
        /// The deals under it, whose secrets went as well.
        deals: Vec<DealId>,
        /// When.
        at: Timestamp,
    },
    /// What stands for a record whose NDA's keys are destroyed. It is read, and never stored.
    Gone {
        /// The NDA.
        nda: NdaId,
    },
    /// Requests and bids.
    Market(MarketEvent),
    /// An NDA, by the name of its draft.
    Nda {
        /// The draft.
        draft: PaperId,
        /// What happened.
        event: NdaEvent,
    },
    /// A negotiation.
    Negotiation {
        /// Which.
        id: NegotiationId,
        /// The NDA that covers it.
        nda: PaperId,
        /// What happened.
        event: NegotiationEvent,
    },
    /// A deal.
    Deal {
        /// Which.
        id: DealId,
        /// The NDA that covers it.
        nda: PaperId,
        /// What happened.
        event: Box<DealEvent>,
    },
    /// A case before a panel that we sit on.
    Case {
        /// Which.
        id: CaseId,
        /// What happened.
        event: CaseEvent,
    },
    /// A blob that we keep as a vault.
    Kept {
        /// The receipt that we gave, signed.
        receipt: Receipt,
        /// Who gave it to us.
        from: PeerKey,
    },
    /// Somebody fetched a blob from us.
    Served {
        /// The blob.
        blob: BlobId,
        /// Who fetched it.
        to: PeerKey,
        /// When.
        at: Timestamp,
    },
    /// Our own transactions.
    Journal(JournalEvent),
    /// A step of ours was answered by the policy.
    Decision(Decision),
    /// A peer broke a rule.
    Misconduct {
        /// Which peer.
        peer: PeerKey,
        /// How.
        what: Misconduct,
        /// When.
        at: Timestamp,
    },
    /// Somebody may want to know.
    Noted(Event),
}

/// What happened in a case, as one juror sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", content = "with", rename_all = "kebab-case")]
pub enum CaseEvent {
    /// The delivery came, for a panel that we are a member of.
    Taken {
        /// With everything needed to judge it.
        delivery: Box<crate::wire::Delivery>,
        /// Who sent it.
        from: PeerKey,
    },
    /// The evidence was opened: this is what the panel judges.
    Opened {
        /// The case and its times.
        case: Box<crate::stage::jury::Case>,
    },
    /// The panel's own business.
    Panel(JuryEvent),
    /// The verdict was handed to both parties.
    Reported,
}

/// A decision with its reason: which rule, which answer, about what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The step that was asked about, such as `offer` or `nda`.
    pub step: String,
    /// The answer.
    pub answer: Answer,
    /// SHA-256 of the canonical bytes of what was decided on.
    pub about: ContentHash,
    /// When.
    pub at: Timestamp,
}

impl Record {
    /// The record as it is stored, before it is sealed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(READY);
        serde_json::to_writer(&mut bytes, self).expect("invariant: records are JSON");
        bytes
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// What does not fit; the text quotes the record, so it is for nobody but this node.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The draft of the NDA whose storage key seals this record, where it holds such matter.
    #[must_use]
    pub fn nda(&self) -> Option<PaperId> {
        match self {
            Self::Started { nda, .. } | Self::Posted { nda, .. } => *nda,
            Self::Negotiation { nda, .. } | Self::Deal { nda, .. } => Some(*nda),
            Self::Finished { .. }
            | Self::Delivered { .. }
            | Self::Destroyed { .. }
            | Self::Gone { .. }
            | Self::Market(_)
            | Self::Nda { .. }
            | Self::Case { .. }
            | Self::Kept { .. }
            | Self::Served { .. }
            | Self::Journal(_)
            | Self::Decision(_)
            | Self::Misconduct { .. }
            | Self::Noted(_) => None,
        }
    }

    /// Whether what follows from it must wait until it is on disk.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        match self {
            Self::Negotiation { event, .. } => !matches!(event, NegotiationEvent::Offered { .. }),
            Self::Decision(_) | Self::Noted(_) | Self::Misconduct { .. } => false,
            Self::Started { what, .. } => !what.is_ephemeral(),
            // A new number of the guard is on disk before anything signed under it leaves. Else the
            // job is done again if this is lost; what it led to is in records of its own.
            Self::Finished { guard, .. } => guard.is_some(),
            Self::Posted { .. }
            | Self::Delivered { .. }
            | Self::Destroyed { .. }
            | Self::Gone { .. }
            | Self::Market(_)
            | Self::Nda { .. }
            | Self::Deal { .. }
            | Self::Case { .. }
            | Self::Kept { .. }
            | Self::Served { .. }
            | Self::Journal(_) => true,
        }
    }
}
