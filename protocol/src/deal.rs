//! The life of one deal after both sides have signed: the only file that knows the order of stages.
//!
//! | stage | what ends it | what then |
//! |---|---|---|
//! | agreed | `Opened` on chain | secrets, sealed agreement and inputs |
//! | | `fund_by` in a finalised block with the slot empty | over, the budget is free |
//! | open, per milestone: due | the seller delivers: sealed, stored, receipts, claim | judged |
//! | | due + grace passes unclaimed | anyone runs the timeout: refund |
//! | delivered | a quorum's verdict | it goes on chain |
//! | | `end` passes unjudged | anyone runs the timeout: the terms' fallback |
//! | verdict | settled on chain, at once or after its window | next milestone |
//! | all settled | `Closed` on chain | ratings, reports |
//!
//! Money is never moved here: the chain says what happened to it. The chain never calls back into
//! negotiation; negotiation never reads the chain; both meet only here.
//!
//! Deliberately absent: keys, the deal's secret, plaintext.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::{
    document::{Agreement, DeliveryClaim, Document, Manifest, Rating, Signed},
    ids::{BlobId, DealId, NegotiationId, PaperId, TxHash, VerdictId},
    job::{Class, StagedFile},
    side::Side,
    time::Timestamp,
    typed::{Deal as DealTerms, EthSignature},
    wire::{Assent, Delivery, Receipt, SeatAccepted, VerdictReady},
};

/// What happened to a deal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", content = "with", rename_all = "kebab-case")]
pub enum DealEvent {
    /// Both sides have signed, or one has and the chain shows it open.
    Agreed {
        /// The negotiation that it came from.
        negotiation: NegotiationId,
        /// Our side; the buyer is side A.
        side: Side,
        /// The agreement, from which the escrow's terms follow.
        agreement: Box<Document<Agreement>>,
        /// The buyer's signatures, as far as they arrived here.
        by_a: Option<Box<Assent>>,
        /// The seller's signatures, as far as they arrived here.
        by_b: Option<Box<Assent>>,
        /// The approval of the buyer's principal, where the escrow asks for it.
        #[serde(default)]
        approval: Option<EthSignature>,
        /// The panel, sorted by account.
        panel: Vec<SeatAccepted>,
        /// When.
        at: Timestamp,
    },
    /// A side's signatures arrived after the deal was open.
    Countersigned {
        /// Which side.
        side: Side,
        /// The signatures.
        assent: Box<Assent>,
    },
    /// The chain shows it open, under `safe`.
    Opened,
    /// It was not opened in time, and a finalised block shows that.
    Lapsed,
    /// The deal's secret is held; the buyer has it wrapped for the seller.
    SecretHeld,
    /// A package of ours is sealed and kept.
    Sealed {
        /// Its class.
        class: Class,
        /// Which delivery of the class.
        attempt: u8,
        /// The ciphertext.
        blob: BlobId,
        /// Its size in bytes.
        size: u64,
    },
    /// A class's identity is wrapped for a reader.
    Wrapped {
        /// The class.
        class: Class,
        /// The reader's age recipient.
        recipient: String,
        /// The age file.
        #[serde(with = "crate::hexed")]
        identity: Vec<u8>,
    },
    /// The buyer told us where the inputs lie.
    InputsAt(BlobId),
    /// The inputs are held here.
    InputsHeld,
    /// The seller's agent delivers.
    Delivering {
        /// The milestone.
        milestone: u8,
        /// Which delivery, from 0.
        attempt: u8,
        /// What is delivered.
        manifest: Box<Document<Manifest>>,
        /// The files, held by the shell.
        files: Vec<StagedFile>,
        /// The finding that it corrects.
        previous: Option<VerdictId>,
        /// When.
        at: Timestamp,
    },
    /// A vault's receipt for a package of ours.
    Receipted(Box<Receipt>),
    /// The seller's claim is signed.
    Claimed(Box<Signed<DeliveryClaim>>),
    /// A delivery came to the buyer, or went out from the seller.
    Delivered(Box<Delivery>),
    /// The evidence is held here.
    EvidenceHeld {
        /// The milestone.
        milestone: u8,
        /// Which delivery.
        attempt: u8,
    },
    /// A quorum's verdict.
    Verdict(Box<VerdictReady>),
    /// The chain shows a milestone settled, under `safe`.
    Settled {
        /// The milestone.
        milestone: u8,
        /// Micro-USDC to the seller.
        to_seller: u64,
        /// Micro-USDC to the buyer.
        to_buyer: u64,
        /// The transaction that did it, whatever the cause.
        #[serde(default)]
        tx: Option<TxHash>,
    },
    /// The chain shows all milestones settled, under `safe`.
    Closed,
    /// One side rated the other.
    Rated {
        /// Which side.
        by: Side,
        /// The rating.
        rating: Box<Signed<Rating>>,
        /// The signature for the contract, when it is ours.
        signature: Option<EthSignature>,
    },
}

/// One milestone.
#[derive(Clone, Debug, Default)]
pub struct Milestone {
    /// What is being delivered: attempt, manifest, files.
    pub delivering: Option<Delivering>,
    /// The sealed evidence of the current attempt.
    pub sealed: Option<(BlobId, u64)>,
    /// Receipts for it, by vault.
    pub receipts: BTreeMap<Address, Receipt>,
    /// The claim.
    pub claim: Option<Signed<DeliveryClaim>>,
    /// The delivery as it went out or came in.
    pub delivered: Option<Delivery>,
    /// Whether its evidence is held here.
    pub held: bool,
    /// The verdict.
    pub verdict: Option<VerdictReady>,
    /// What the chain paid: to the seller, to the buyer, micro-USDC.
    pub settled: Option<(u64, u64)>,
    /// The transaction that paid it.
    pub settled_tx: Option<TxHash>,
}

/// A delivery of ours that is under way.
#[derive(Clone, Debug)]
pub struct Delivering {
    /// Which delivery, from 0.
    pub attempt: u8,
    /// What is delivered.
    pub manifest: Document<Manifest>,
    /// The files, held by the shell.
    pub files: Vec<StagedFile>,
    /// The finding that it corrects.
    pub previous: Option<VerdictId>,
    /// When it began.
    pub at: Timestamp,
}

/// A deal and how far it is.
#[derive(Clone, Debug)]
pub struct Deal {
    /// Its id.
    pub id: DealId,
    /// The NDA that covers it, by its draft.
    pub nda: PaperId,
    /// The negotiation that it came from.
    pub negotiation: NegotiationId,
    /// Our side; the buyer is side A.
    pub side: Side,
    /// The agreement.
    pub agreement: Document<Agreement>,
    /// What the escrow holds.
    pub terms: DealTerms,
    /// The buyer's signatures; missing where the deal was opened before they arrived here.
    pub by_a: Option<Assent>,
    /// The seller's signatures; likewise.
    pub by_b: Option<Assent>,
    /// The approval of the buyer's principal, where the escrow asks for it.
    pub approval: Option<EthSignature>,
    /// The panel, sorted by account.
    pub panel: Vec<SeatAccepted>,
    /// When both had signed.
    pub at: Timestamp,
    /// Whether the chain shows it open.
    pub opened: bool,
    /// Whether it can never open.
    pub lapsed: bool,
    /// Whether the deal's secret is held here.
    pub secret: bool,
    /// Our sealed packages that belong to the whole deal.
    pub papers: BTreeMap<Class, (BlobId, u64)>,
    /// Receipts for them, by class label and vault.
    pub paper_receipts: BTreeMap<(BlobId, Address), Receipt>,
    /// Identities wrapped for readers.
    pub wrapped: BTreeMap<(Class, String), Vec<u8>>,
    /// Where the inputs lie, for the seller.
    pub inputs: Option<BlobId>,
    /// Whether they are held here.
    pub inputs_held: bool,
    /// The milestones.
    pub milestones: Vec<Milestone>,
    /// Whether the chain shows all settled.
    pub closed: bool,
    /// The buyer's rating of the seller.
    pub rated_by_a: Option<(Signed<Rating>, Option<EthSignature>)>,
    /// The seller's rating of the buyer.
    pub rated_by_b: Option<(Signed<Rating>, Option<EthSignature>)>,
}

impl Deal {
    /// The state after [`DealEvent::Agreed`], or `None` for any other event.
    #[must_use]
    pub fn first(id: DealId, nda: PaperId, event: &DealEvent) -> Option<Self> {
        let DealEvent::Agreed { negotiation, side, agreement, by_a, by_b, approval, panel, at } = event
        else {
            return None;
        };
        Some(Self {
            id,
            nda,
            negotiation: *negotiation,
            side: *side,
            milestones: vec![Milestone::default(); agreement.terms.milestones.len()],
            agreement: agreement.as_ref().clone(),
            terms: Agreement::deal(agreement),
            by_a: by_a.as_deref().cloned(),
            by_b: by_b.as_deref().cloned(),
            approval: *approval,
            panel: panel.clone(),
            at: *at,
            opened: false,
            lapsed: false,
            secret: false,
            papers: BTreeMap::new(),
            paper_receipts: BTreeMap::new(),
            wrapped: BTreeMap::new(),
            inputs: None,
            inputs_held: false,
            closed: false,
            rated_by_a: None,
            rated_by_b: None,
        })
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &DealEvent) {
        match event {
            DealEvent::Agreed { .. } => {}
            DealEvent::Countersigned { side: Side::A, assent } => self.by_a = Some(assent.as_ref().clone()),
            DealEvent::Countersigned { side: Side::B, assent } => self.by_b = Some(assent.as_ref().clone()),
            DealEvent::Opened => self.opened = true,
            DealEvent::Lapsed => self.lapsed = true,
            DealEvent::SecretHeld => self.secret = true,
            DealEvent::Sealed { class: Class::Milestone(index), blob, size, .. } => {
                if let Some(milestone) = self.milestones.get_mut(usize::from(*index)) {
                    milestone.sealed = Some((*blob, *size));
                }
            }
            DealEvent::Sealed { class, blob, size, .. } => {
                self.papers.insert(*class, (*blob, *size));
            }
            DealEvent::Wrapped { class, recipient, identity } => {
                self.wrapped.insert((*class, recipient.clone()), identity.clone());
            }
            DealEvent::InputsAt(blob) => self.inputs = Some(*blob),
            DealEvent::InputsHeld => self.inputs_held = true,
            DealEvent::Delivering { milestone, attempt, manifest, files, previous, at } => {
                if let Some(milestone) = self.milestones.get_mut(usize::from(*milestone)) {
                    let settled = milestone.settled;
                    *milestone = Milestone {
                        delivering: Some(Delivering {
                            attempt: *attempt,
                            manifest: manifest.as_ref().clone(),
                            files: files.clone(),
                            previous: *previous,
                            at: *at,
                        }),
                        settled,
                        ..Milestone::default()
                    };
                }
            }
            DealEvent::Receipted(receipt) => self.apply_receipt(receipt),
            DealEvent::Claimed(claim) => {
                if let Some(milestone) = self.milestones.get_mut(usize::from(claim.document.milestone.0)) {
                    milestone.claim = Some(claim.as_ref().clone());
                }
            }
            DealEvent::Delivered(delivery) => {
                if let Some(milestone) =
                    self.milestones.get_mut(usize::from(delivery.claim.document.milestone.0))
                {
                    milestone.delivered = Some(delivery.as_ref().clone());
                }
            }
            DealEvent::EvidenceHeld { milestone, .. } => {
                if let Some(milestone) = self.milestones.get_mut(usize::from(*milestone)) {
                    milestone.held = true;
                }
            }
            DealEvent::Verdict(verdict) => {
                if let Some(milestone) = self.milestones.get_mut(usize::from(verdict.case.milestone)) {
                    milestone.verdict = Some(verdict.as_ref().clone());
                }
            }
            DealEvent::Settled { milestone, to_seller, to_buyer, tx } => {
                if let Some(milestone) = self.milestones.get_mut(usize::from(*milestone)) {
                    milestone.settled = Some((*to_seller, *to_buyer));
                    milestone.settled_tx = *tx;
                }
            }
            DealEvent::Closed => self.closed = true,
            DealEvent::Rated { by: Side::A, rating, signature } => {
                self.rated_by_a = Some((rating.as_ref().clone(), *signature));
            }
            DealEvent::Rated { by: Side::B, rating, signature } => {
                self.rated_by_b = Some((rating.as_ref().clone(), *signature));
            }
        }
    }

    fn apply_receipt(&mut self, receipt: &Receipt) {
        match self.milestones.get_mut(usize::from(receipt.put.milestone)) {
            Some(milestone) => {
                milestone.receipts.insert(receipt.vault, receipt.clone());
            }
            None => {
                self.paper_receipts.insert((receipt.blob, receipt.vault), receipt.clone());
            }
        }
    }

    /// Whether this sealed blob belongs to the deal and is held here.
    #[must_use]
    pub fn holds(&self, blob: BlobId) -> bool {
        let papers = self.papers.values().any(|(held, _)| *held == blob);
        papers
            || self.milestones.iter().any(|milestone| milestone.sealed.is_some_and(|(held, _)| held == blob))
    }

    /// Money that the deal may still cost us: price, jury and one appeal until it lapses or closes, for
    /// the buyer.
    #[must_use]
    pub fn committed(&self) -> crate::money::Usdc {
        if self.side == Side::B || self.lapsed || self.closed {
            return crate::money::Usdc::ZERO;
        }
        self.agreement.buyer_total()
    }
}
