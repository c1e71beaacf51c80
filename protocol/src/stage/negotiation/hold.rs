//! A head that is frozen while a principal decides.
//!
//! Whoever would accept a head that needs a principal, its own or the other side's, asks the other
//! side to hold it: nothing is signed, but the agreement and with it the escrow's digest are fixed,
//! with `fundBy` at the end of the hold. A principal approves that one digest. Each side says when it
//! is ready; once both are, the one that asked accepts and the other confirms as always.
//!
//! A hold ends unsigned when the other side declines it, when a principal declines, or when its time
//! is over: silence approves nothing. Terms that a principal did not approve are not put to it a
//! second time, nor are worse ones.
//!
//! Deliberately absent: whose threshold it was (no side learns the other's limits beyond that it has
//! to ask), and signatures by the agents.

use serde::{Deserialize, Serialize};

use crate::{
    document::{Agreement, Document},
    ids::Head,
    money::Usdc,
    side::Side,
    typed::{Deal as DealTerms, EthSignature},
};

/// A head that is held, and how far its principals are.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Who would accept.
    pub by: Side,
    /// Which head.
    pub head: Head,
    /// What would be signed.
    pub agreement: Document<Agreement>,
    /// What the escrow would hold.
    pub deal: DealTerms,
    /// Whether our principal is asked.
    pub asks: bool,
    /// Whether the other side holds it too.
    pub agreed: bool,
    /// Our principal's approval.
    pub approval: Option<EthSignature>,
    /// Whether the buyer waits for nobody any more.
    pub ready_a: bool,
    /// Whether the seller waits for nobody any more.
    pub ready_b: bool,
    /// The approval by the buyer's principal that the escrow asks for.
    pub for_escrow: Option<EthSignature>,
}

/// Why a hold ended without a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thaw {
    /// The other side does not hold, or holds no longer.
    Peer,
    /// Our principal said no.
    Declined,
    /// Its time is over.
    Lapsed,
}

impl Hold {
    /// What is held, before the other side has agreed to it.
    #[must_use]
    pub fn new(by: Side, head: Head, agreement: &Document<Agreement>, asks: bool) -> Self {
        Self {
            by,
            head,
            agreement: agreement.clone(),
            deal: Agreement::deal(agreement),
            asks,
            agreed: false,
            approval: None,
            ready_a: false,
            ready_b: false,
            for_escrow: None,
        }
    }

    /// The last Unix second of the hold, which is the deal's `fundBy`.
    #[must_use]
    pub fn until(&self) -> u64 {
        self.agreement.fund_by_secs
    }

    /// Whether a side waits for nobody any more.
    #[must_use]
    pub const fn ready(&self, side: Side) -> bool {
        match side {
            Side::A => self.ready_a,
            Side::B => self.ready_b,
        }
    }

    /// Whether our principal is still to decide.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.asks && self.agreed && self.approval.is_none()
    }

    pub(super) fn set_ready(&mut self, side: Side, approval: Option<EthSignature>) {
        match side {
            Side::A => (self.ready_a, self.for_escrow) = (true, approval),
            Side::B => self.ready_b = true,
        }
    }
}

/// Whether a price is no better for a side than one that its principal did not approve.
#[must_use]
pub fn no_better(side: Side, price: Usdc, unapproved: Usdc) -> bool {
    match side {
        Side::A => price >= unapproved,
        Side::B => price <= unapproved,
    }
}
