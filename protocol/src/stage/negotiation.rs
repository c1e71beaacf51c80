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
//! | offering | the head needs a principal: the other side is asked to hold it | held | the hold's end |
//! | held | both sides are ready, the head is accepted | accepted | `fund_by` |
//! | held | declined, or its end passes | offering, nothing was signed | |
//! | accepted | the other side confirms: the deal has its id | agreed | |
//! | accepted | the chain shows the deal open: it is one, whatever arrived | agreed | |
//! | accepted | `fund_by` passes in a final block with the slot empty, or it is void | ended | |
//!
//! Offers are not commitments. `Accept` and `Confirm` are: the ordered set of digests is stored
//! before the first signature, and one slot takes one set for ever.
//!
//! Deliberately absent: rules about values (policy), signing, the chain.

mod event;
mod hold;

use std::collections::BTreeMap;

use alloy_primitives::Address;

pub use self::{
    event::NegotiationEvent,
    hold::{Hold, Thaw, no_better},
};
use crate::{
    command::Concession,
    document::{Agreement, Document, TermSheet},
    ids::{Head, NegotiationId, PaperId},
    money::Usdc,
    side::Side,
    time::Timestamp,
    typed::{Deal as DealTerms, EthSignature, PanelRequest},
    wire::{Assent, Begin, SeatAccepted},
};

/// Attempts at a panel that one request fixes.
pub const ATTEMPTS: u8 = 3;
/// Heads that are remembered of an offer that is said again and again.
const EARLIER_MAX: usize = 16;

/// One side's last offer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Who made it.
    pub by: Side,
    /// The sender's head after it.
    pub head: Head,
    /// Heads under which it was said before: the other side may have answered to one of them.
    earlier: Vec<Head>,
    /// The terms.
    pub terms: Document<TermSheet>,
    /// Whether the one who made it has to ask its principal before it confirms.
    pub reserved: bool,
}

impl Offer {
    /// Whether it was said under this head.
    #[must_use]
    pub fn was_said_at(&self, head: Head) -> bool {
        self.head == head || self.earlier.contains(&head)
    }

    fn say_again(&mut self, head: Head) {
        if self.earlier.len() == EARLIER_MAX {
            self.earlier.remove(0);
        }
        self.earlier.push(core::mem::replace(&mut self.head, head));
    }
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
    /// The seller's nonce.
    pub nonce: [u8; 16],
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
    /// What is held for a principal.
    pub hold: Option<Hold>,
    /// The best price that our principal was asked about and did not approve.
    pub unapproved: Option<Usdc>,
    /// The head that the other side would not hold.
    pub not_held: Option<Head>,
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
    pub fn begun(
        id: NegotiationId,
        nda: PaperId,
        begin: &Begin,
        nonce: [u8; 16],
        side: Side,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            nda,
            side,
            begin: begin.clone(),
            nonce,
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
            hold: None,
            unapproved: None,
            not_held: None,
            accepted: None,
            by_a: None,
            by_b: None,
            ended: false,
        }
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &NegotiationEvent) {
        match event {
            NegotiationEvent::Begun { begin, nonce, .. } => {
                self.begin = begin.as_ref().clone();
                self.nonce = *nonce;
            }
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
            NegotiationEvent::Offered { by, head, terms, reserved } => {
                self.rounds += 1;
                if *by == self.side {
                    self.ours = Some(terms.as_ref().clone());
                    self.conceded = self.conceded.saturating_add(1);
                } else {
                    self.theirs = Some(terms.as_ref().clone());
                }
                let terms = terms.as_ref().clone();
                let earlier = Vec::new();
                self.last = Some(Offer { by: *by, head: *head, earlier, terms, reserved: *reserved });
            }
            NegotiationEvent::Resaid { head } => {
                if let Some(last) = &mut self.last {
                    last.say_again(*head);
                }
            }
            NegotiationEvent::Held { by, head, agreement, asks } => {
                self.hold = Some(Hold::new(*by, *head, agreement, *asks));
            }
            NegotiationEvent::HoldAgreed => {
                if let Some(hold) = &mut self.hold {
                    hold.agreed = true;
                }
            }
            NegotiationEvent::Approved(signature) => {
                if let Some(hold) = &mut self.hold {
                    hold.approval = Some(*signature);
                }
            }
            NegotiationEvent::Ready { side, approval } => {
                if let Some(hold) = &mut self.hold {
                    hold.set_ready(*side, *approval);
                }
            }
            NegotiationEvent::Thawed(why) => self.thaw(*why),
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

    fn thaw(&mut self, why: Thaw) {
        let Some(hold) = self.hold.take() else { return };
        if why == Thaw::Peer && hold.by == self.side {
            self.not_held = Some(hold.head);
        }
        let asked = hold.waits()
            && match why {
                Thaw::Declined | Thaw::Lapsed => true,
                Thaw::Peer => false,
            };
        if asked {
            let price = hold.agreement.terms.price;
            self.unapproved = Some(match (self.side, self.unapproved) {
                (_, None) => price,
                (Side::A, Some(earlier)) => earlier.min(price),
                (Side::B, Some(earlier)) => earlier.max(price),
            });
        }
    }

    /// What the buyer's budget keeps for it: price, jury and one appeal of what is accepted or held.
    #[must_use]
    pub fn reserved(&self) -> Option<Usdc> {
        let accepted = self.accepted.as_ref().map(|accepted| &accepted.agreement);
        let held = self.hold.as_ref().map(|hold| &hold.agreement);
        accepted.or(held).map(|agreement| agreement.buyer_total())
    }

    /// Whether our principal was asked about this price or a better one, and did not approve it.
    #[must_use]
    pub fn unapproved(&self, price: Usdc) -> bool {
        self.unapproved.is_some_and(|unapproved| no_better(self.side, price, unapproved))
    }

    /// The attempt at a panel that is under way.
    #[must_use]
    pub fn current(&self) -> &Attempt {
        self.attempts.last().expect("a negotiation begins with its first attempt")
    }

    fn current_mut(&mut self) -> &mut Attempt {
        self.attempts.last_mut().expect("a negotiation begins with its first attempt")
    }

    /// Whether it is our turn to offer or accept. While a head is held it is nobody's.
    #[must_use]
    pub fn our_turn(&self) -> bool {
        let open = self.panel.is_some() && self.hold.is_none() && self.accepted.is_none() && !self.ended;
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
