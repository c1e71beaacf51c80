//! The contracts from the node's side: what they say in logs, what they are told in calldata, and
//! why they refuse.
//!
//! A log comes in as bytes from an endpoint. [`Deployment::decode`] reads it as a [`ChainEvent`] if
//! one of our contracts wrote it; a log that claims to be one and does not decode is a lie of the
//! endpoint and says so. Calls are built in [`call`] and refusals are read in [`revert`].
//!
//! Deliberately absent: signing, digests, and any judgement of what an event means: that is the
//! ledger's work.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use crate::{block::Mark, ids::TxHash, typed::Contracts};

pub mod call;
mod decode;
pub mod event;
pub(crate) mod pack;
pub mod revert;
pub(crate) mod sol;
#[cfg(test)]
pub(crate) mod tests;

pub use decode::DecodeError;
pub use event::ChainEvent;
pub use sol::{AppealEnd, Cause, Claim, Source, Votes};

/// Where the contracts are. All of them are immutable, so the addresses say which rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Those in whose domains something is signed.
    pub contracts: Contracts,
    /// `DrandBeacon`.
    pub beacon: Address,
    /// The USDC that the escrow was built with.
    pub usdc: Address,
}

impl Deployment {
    /// The five whose logs are followed. USDC is not: its transfers are not our accounting.
    #[must_use]
    pub const fn followed(&self) -> [Address; 5] {
        let Contracts { mandates, accords, escrow, jury, .. } = self.contracts;
        [mandates, accords, escrow, jury, self.beacon]
    }
}

/// A log as an endpoint gave it, with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLog {
    /// The block that holds it.
    pub block: Mark,
    /// The transaction that caused it.
    pub tx: TxHash,
    /// Its place among the logs of the block.
    pub index: u64,
    /// The contract that wrote it.
    pub address: Address,
    /// At most four words, the first of which names the event.
    pub topics: Vec<B256>,
    /// Everything that is not indexed.
    pub data: Bytes,
}

/// The same values under another declaration of the same struct.
pub(crate) fn shape<A: SolValue, B: SolValue + From<<B::SolType as alloy_sol_types::SolType>::RustType>>(
    value: &A,
) -> B {
    B::abi_decode(&value.abi_encode()).expect("invariant: both declare the same fields")
}
