//! How an NDA comes to be: drafted, keyed by both sides, signed by both, anchored.
//!
//! | state | what happens | next |
//! |---|---|---|
//! | – | we choose a bid | chosen |
//! | chosen | our keys are made | drafted, the draft is posted |
//! | – | a draft comes | received |
//! | received | agent or policy accepts, our keys are made | keyed, we sign |
//! | drafted | the whole NDA comes back, signed by them | keyed, we sign |
//! | keyed | both signatures are held | signed; the proposer anchors it |
//! | any of these | refused, or `anchor_by` passes unanchored | over |
//!
//! The side that got the draft signs first, so whoever proposes cannot collect a signature and wait.
//!
//! Deliberately absent: the session, and the chain's word that it is anchored (the ledger has it).

use serde::{Deserialize, Serialize};

use crate::{
    command::Choice,
    document::{Document, Nda},
    ids::{NdaId, PaperId, PeerKey},
    proof::Proof,
    side::Side,
    time::Timestamp,
    typed::EthSignature,
    wire::NdaDraft,
};

/// What happened to an NDA.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", content = "with", rename_all = "kebab-case")]
pub enum NdaEvent {
    /// We chose a bid; our keys for the NDA are being made.
    Chosen {
        /// The choice.
        choice: Choice,
        /// The other side's node.
        peer: PeerKey,
        /// When.
        at: Timestamp,
    },
    /// Our draft is complete.
    Drafted(Box<NdaDraft>),
    /// Somebody's draft came.
    Received {
        /// The draft.
        draft: Box<NdaDraft>,
        /// Who sent it.
        peer: PeerKey,
    },
    /// All keys are known: this is the text that both sign.
    Keyed {
        /// The text.
        nda: Box<Document<Nda>>,
        /// Its EIP-712 digest.
        id: NdaId,
    },
    /// One side's signatures.
    Signed {
        /// Which side.
        side: Side,
        /// On the paper.
        proof: Proof,
        /// For the contract.
        signature: EthSignature,
    },
    /// It will not be.
    Over,
}

/// An NDA and how far it is.
#[derive(Clone, Debug)]
pub struct NdaState {
    /// The other side's node.
    pub peer: PeerKey,
    /// Our side.
    pub side: Side,
    /// What we chose, when it was us.
    pub choice: Option<Choice>,
    /// When we chose.
    pub at: Timestamp,
    /// The draft.
    pub draft: Option<NdaDraft>,
    /// The text, once all keys are in it.
    pub text: Option<Document<Nda>>,
    /// Its digest.
    pub id: Option<NdaId>,
    /// Side A's signatures.
    pub by_a: Option<(Proof, EthSignature)>,
    /// Side B's signatures.
    pub by_b: Option<(Proof, EthSignature)>,
    /// Whether it was refused or lapsed.
    pub over: bool,
}

impl NdaState {
    /// The state after the first event, where that event can be the first.
    #[must_use]
    pub fn first(event: &NdaEvent) -> Option<Self> {
        let (peer, side, choice, draft, at) = match event {
            NdaEvent::Chosen { choice, peer, at } => (*peer, Side::A, Some(choice.clone()), None, *at),
            NdaEvent::Received { draft, peer } => {
                (*peer, Side::B, None, Some(draft.as_ref().clone()), Timestamp::default())
            }
            NdaEvent::Drafted(_) | NdaEvent::Keyed { .. } | NdaEvent::Signed { .. } | NdaEvent::Over => {
                return None;
            }
        };
        Some(Self {
            peer,
            side,
            choice,
            at,
            draft,
            text: None,
            id: None,
            by_a: None,
            by_b: None,
            over: false,
        })
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &NdaEvent) {
        match event {
            NdaEvent::Chosen { .. } | NdaEvent::Received { .. } => {}
            NdaEvent::Drafted(draft) => self.draft = Some(draft.as_ref().clone()),
            NdaEvent::Keyed { nda, id } => {
                self.text = Some(nda.as_ref().clone());
                self.id = Some(*id);
            }
            NdaEvent::Signed { side: Side::A, proof, signature } => {
                self.by_a = Some((proof.clone(), *signature));
            }
            NdaEvent::Signed { side: Side::B, proof, signature } => {
                self.by_b = Some((proof.clone(), *signature));
            }
            NdaEvent::Over => self.over = true,
        }
    }

    /// The text and its id once both sides have signed it.
    #[must_use]
    pub fn signed(&self) -> Option<(&Document<Nda>, NdaId)> {
        if self.over || self.by_a.is_none() || self.by_b.is_none() {
            return None;
        }
        self.text.as_ref().zip(self.id)
    }

    /// The bid that led to it.
    #[must_use]
    pub fn bid(&self) -> Option<PaperId> {
        self.choice.as_ref().map(|choice| choice.bid).or_else(|| self.draft.as_ref().map(|draft| draft.bid))
    }
}
