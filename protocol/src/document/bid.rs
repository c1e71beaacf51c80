//! The bid: a seller's answer to a request, sent to the buyer alone.
//!
//! It names a price, a time and the pact that the seller will be judged by; the pact comes with it.
//! It is an invitation to negotiate, not yet a commitment.
//!
//! Deliberately absent: terms; they are found in the session.

use serde::{Deserialize, Serialize};

use super::{Illegal, Paper, rule};
use crate::{did::Did, ids::PaperId, money::Usdc};

/// A seller's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bid {
    /// The request that it answers.
    pub request: PaperId,
    /// Who asked.
    pub buyer: Did,
    /// Who offers.
    pub seller: Did,
    /// The seller's card.
    pub card: PaperId,
    /// By what the work will be judged.
    pub pact: PaperId,
    /// What it shall cost, micro-USDC.
    pub price: Usdc,
    /// Seconds from the start of the deal to the last delivery.
    pub due_secs: u32,
    /// Unix second from which on it no longer counts.
    pub expires_secs: u64,
}

impl Paper for Bid {
    const TYPE: &'static str = "bid";
    const MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.seller]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.buyer != self.seller, "nobody bids on its own request")?;
        rule::<Self>(self.price > Usdc::ZERO, "a bid has a price")
    }
}
