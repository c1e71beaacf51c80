//! How terms are agreed: a panel is drawn, offers alternate, one head is accepted and confirmed.
//!
//! | stage | what happens | next | deadline |
//! |---|---|---|---|
//! | asking | both sign one `PanelRequest` for a future beacon round | waiting | the attempt's deadline |
//! | waiting | the round comes, candidates are invited and accept | formed | the attempt's deadline |
//! | formed | the other side computes the same panel | offering | the attempt's deadline |
//! | any of these | the deadline passes | asking, next attempt; after the third: ended | |
//! | offering | strict alternation, the buyer first | offering | the policy's time and round limits |
//! | offering | the head is accepted: firm | accepted | `fund_by` |
//! | accepted | the other side confirms: the deal has its id | agreed | |
//! | accepted | `fund_by` passes and the chain shows the slot empty | ended | |
//!
//! Offers are not commitments. `Accept` and `Confirm` are: the ordered set of digests is stored
//! before the first signature, and one slot takes one set for ever.
//!
//! Deliberately absent: rules about values (policy), signing, the chain.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::{
    command::Concession,
    document::{Agreement, Document, TermSheet},
    ids::{Head, NegotiationId, PaperId},
    side::Side,
    time::Timestamp,
    typed::{self, Deal as DealTerms, EthSignature, PanelRequest},
    wire::{Assent, Begin, SeatAccepted},
};

/// Attempts at a panel that one request fixes.
pub const ATTEMPTS: u8 = 3;

/// What happened in a negotiation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", content = "with", rename_all = "kebab-case")]
pub enum NegotiationEvent {
    /// Both nonces are known.
    Begun {
        /// The buyer's opening.
        begin: Box<Begin>,
        /// Our side; the buyer is side A.
        side: Side,
        /// When.
        at: Timestamp,
    },
    /// A panel is asked for.
    PanelAsked {
        /// The typed request.
        #[serde(with = "typed::stored")]
        request: PanelRequest,
        /// When.
        at: Timestamp,
    },
    /// One side signed the request.
    PanelSigned {
        /// Which attempt.
        attempt: u8,
        /// Which side.
        side: Side,
        /// The signature.
        signature: EthSignature,
    },
    /// The beacon round is verified.
    Drawn {
        /// Which attempt.
        attempt: u8,
        /// The round's signature.
        #[serde(with = "crate::hexed")]
        beacon: Vec<u8>,
    },
    /// A juror accepted its seat.
    SeatAccepted(Box<SeatAccepted>),
    /// The panel that both computed.
    PanelSet {
        /// Which attempt.
        attempt: u8,
        /// The members, sorted by account.
        members: Vec<SeatAccepted>,
    },
    /// We computed the panel and told the other side.
    PanelProposed {
        /// Which attempt.
        attempt: u8,
        /// The members, sorted by account.
        members: Vec<SeatAccepted>,
    },
    /// No panel formed in time.
    AttemptFailed {
        /// Which attempt.
        attempt: u8,
    },
    /// An offer, ours or theirs.
    Offered {
        /// Who made it.
        by: Side,
        /// The sender's head after it.
        head: Head,
        /// The terms.
        terms: Box<Document<TermSheet>>,
    },
    /// The node answers offers by itself from now on.
    Strategy(Concession),
    /// A head is accepted: these are the papers. Stored before the first signature.
    Accepted {
        /// By whom.
        by: Side,
        /// Which head.
        head: Head,
        /// The agreement, from which the escrow's terms follow.
        agreement: Box<Document<Agreement>>,
    },
    /// One side's signatures.
    Assented {
        /// Which side.
        side: Side,
        /// The signatures.
        assent: Box<Assent>,
    },
    /// It is over without agreement.
    Ended,
}

/// One side's last offer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Who made it.
    pub by: Side,
    /// The sender's head after it.
    pub head: Head,
    /// The terms.
    pub terms: Document<TermSheet>,
}

/// What was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// By whom.
    pub by: Side,
    /// Which head.
    pub head: Head,
    /// The agreement.
    pub agreement: Document<Agreement>,
    /// What the escrow will hold.
    pub deal: DealTerms,
}

/// One attempt at a panel.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// The request.
    pub request: Option<PanelRequest>,
    /// When it was made.
    pub at: Timestamp,
    /// The buyer's signature.
    pub by_a: Option<EthSignature>,
    /// The seller's signature.
    pub by_b: Option<EthSignature>,
    /// The verified round's signature.
    pub beacon: Option<Vec<u8>>,
    /// Acceptances by account.
    pub accepted: BTreeMap<Address, SeatAccepted>,
    /// The panel that we told the other side.
    pub proposed: Option<Vec<SeatAccepted>>,
}

/// A negotiation and how far it is.
#[derive(Clone, Debug)]
pub struct Negotiation {
    /// Its id.
    pub id: NegotiationId,
    /// The NDA that covers it, by its draft.
    pub nda: PaperId,
    /// Our side; the buyer is side A.
    pub side: Side,
    /// How it was opened.
    pub begin: Begin,
    /// When.
    pub at: Timestamp,
    /// The current attempt at a panel.
    pub attempt: u8,
    /// All attempts.
    pub attempts: Vec<Attempt>,
    /// The panel, sorted by account.
    pub panel: Option<Vec<SeatAccepted>>,
    /// Offers so far.
    pub rounds: u32,
    /// The newest offer.
    pub last: Option<Offer>,
    /// Our newest offer.
    pub ours: Option<Document<TermSheet>>,
    /// Their newest offer.
    pub theirs: Option<Document<TermSheet>>,
    /// The strategy that answers for us.
    pub strategy: Option<Concession>,
    /// Own offers since the strategy was set.
    pub conceded: u32,
    /// What was accepted.
    pub accepted: Option<Accepted>,
    /// The buyer's signatures.
    pub by_a: Option<Assent>,
    /// The seller's signatures.
    pub by_b: Option<Assent>,
    /// Whether it is over without agreement.
    pub ended: bool,
}

impl Negotiation {
    /// The state after [`NegotiationEvent::Begun`].
    #[must_use]
    pub fn begun(id: NegotiationId, nda: PaperId, begin: &Begin, side: Side, at: Timestamp) -> Self {
        Self {
            id,
            nda,
            side,
            begin: begin.clone(),
            at,
            attempt: 0,
            attempts: vec![Attempt::default()],
            panel: None,
            rounds: 0,
            last: None,
            ours: None,
            theirs: None,
            strategy: None,
            conceded: 0,
            accepted: None,
            by_a: None,
            by_b: None,
            ended: false,
        }
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &NegotiationEvent) {
        match event {
            NegotiationEvent::Begun { .. } => {}
            NegotiationEvent::PanelAsked { request, at } => {
                let attempt = self.current_mut();
                attempt.request = Some(request.clone());
                attempt.at = *at;
            }
            NegotiationEvent::PanelSigned { attempt, side, signature } => {
                let Some(attempt) = self.attempts.get_mut(usize::from(*attempt)) else { return };
                match side {
                    Side::A => attempt.by_a = Some(*signature),
                    Side::B => attempt.by_b = Some(*signature),
                }
            }
            NegotiationEvent::Drawn { attempt, beacon } => {
                if let Some(attempt) = self.attempts.get_mut(usize::from(*attempt)) {
                    attempt.beacon = Some(beacon.clone());
                }
            }
            NegotiationEvent::SeatAccepted(seat) => {
                self.current_mut().accepted.insert(seat.juror, seat.as_ref().clone());
            }
            NegotiationEvent::PanelProposed { attempt, members } => {
                if let Some(attempt) = self.attempts.get_mut(usize::from(*attempt)) {
                    attempt.proposed = Some(members.clone());
                }
            }
            NegotiationEvent::PanelSet { members, .. } => self.panel = Some(members.clone()),
            NegotiationEvent::AttemptFailed { attempt } => {
                self.attempt = attempt + 1;
                self.attempts.push(Attempt::default());
            }
            NegotiationEvent::Offered { by, head, terms } => {
                self.rounds += 1;
                if *by == self.side {
                    self.ours = Some(terms.as_ref().clone());
                    self.conceded = self.conceded.saturating_add(1);
                } else {
                    self.theirs = Some(terms.as_ref().clone());
                }
                self.last = Some(Offer { by: *by, head: *head, terms: terms.as_ref().clone() });
            }
            NegotiationEvent::Strategy(concession) => {
                self.strategy = Some(*concession);
                self.conceded = 0;
            }
            NegotiationEvent::Accepted { by, head, agreement } => {
                self.accepted = Some(Accepted {
                    by: *by,
                    head: *head,
                    deal: Agreement::deal(agreement),
                    agreement: agreement.as_ref().clone(),
                });
            }
            NegotiationEvent::Assented { side: Side::A, assent } => self.by_a = Some(assent.as_ref().clone()),
            NegotiationEvent::Assented { side: Side::B, assent } => self.by_b = Some(assent.as_ref().clone()),
            NegotiationEvent::Ended => self.ended = true,
        }
    }

    /// The attempt at a panel that is under way.
    #[must_use]
    pub fn current(&self) -> &Attempt {
        self.attempts.last().expect("a negotiation begins with its first attempt")
    }

    fn current_mut(&mut self) -> &mut Attempt {
        self.attempts.last_mut().expect("a negotiation begins with its first attempt")
    }

    /// Whether it is our turn to offer or accept.
    #[must_use]
    pub fn our_turn(&self) -> bool {
        let open = self.panel.is_some() && self.accepted.is_none() && !self.ended;
        open && match &self.last {
            Some(last) => last.by != self.side,
            None => self.side == Side::A,
        }
    }

    /// Whether the strategy makes another offer when it is our turn; else the agent is asked.
    #[must_use]
    pub fn strategy_goes_on(&self) -> bool {
        self.strategy.is_some_and(|strategy| self.conceded <= strategy.rounds)
    }

    /// Both sides' signatures under what was accepted.
    #[must_use]
    pub fn agreed(&self) -> Option<(&Accepted, &Assent, &Assent)> {
        let accepted = self.accepted.as_ref()?;
        Some((accepted, self.by_a.as_ref()?, self.by_b.as_ref()?))
    }
}
