//! What the chain says of a deal: which logs speak of it, and how they stand in a bundle.
//!
//! A log belongs to a deal if it names the deal or its NDA, if it changes a mandate of one of the two
//! agents, if it says something of a seat from which the panel was drawn, or if it proves the round.
//! One rule, asked by whoever exports and by whoever verifies, so that nothing can be left out.
//!
//! Deliberately absent: where logs come from. The shell asks its endpoint, a stranger another one.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::{
    abi::{ChainEvent, ChainLog, Deployment},
    beacon::BeaconChain,
    ids::{DealId, NdaId},
    panel::{Provider, Seat, SeatIndex},
    typed::{Deal, PanelRequest, seconds},
};

/// Where the logs lie in a bundle.
pub const LOGS: &str = "chain/logs.json";

/// The chain's own word, as one endpoint gave it.
#[derive(Clone, Debug)]
pub struct OnChain {
    /// EIP-155 id.
    pub chain_id: u64,
    /// The blocks that were looked at, both included.
    pub blocks: (u64, u64),
    /// All logs of the contracts in these blocks, in order.
    pub logs: Vec<ChainLog>,
    /// `block.timestamp` of blocks by number: of all that hold a log about seats, at least.
    pub times: BTreeMap<u64, u64>,
    /// What a verifier found the contracts to be, or why it takes none. Who exports needs none.
    pub built: Result<Built, Unbuilt>,
}

/// Why there are no contracts to hold a bundle against.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbuilt {
    /// Nobody has looked.
    #[error("the contracts were not looked for")]
    Unasked,
    /// Nothing stands where a contract must.
    #[error("there is no code of {contract} at {address}")]
    Nothing {
        /// Which contract.
        contract: String,
        /// Where it must stand.
        address: Address,
    },
    /// Something else stands there.
    #[error("{contract} at {address} has the code {actual}, the verifier knows {expected}")]
    Other {
        /// Which contract.
        contract: String,
        /// Where it must stand.
        address: Address,
        /// Keccak-256 of the code that the verifier knows.
        expected: B256,
        /// Keccak-256 of the code there.
        actual: B256,
    },
}

/// What a verifier believes: contracts of its own list whose code it has seen, and what they were built
/// with. Nothing of it comes from a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The contracts.
    pub deployment: Deployment,
    /// The beacon that the jury's draws are proven with.
    pub beacon: BeaconChain,
    /// How long a seat must have been on the register at a draw.
    pub seat_age_secs: u64,
}

/// The file `chain/logs.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// In the order of the chain.
    pub logs: Vec<LoggedAt>,
}

/// A log and when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedAt {
    /// `block.timestamp`, Unix seconds; 0 where it was not asked for.
    pub time: u64,
    /// The log, raw.
    pub log: ChainLog,
}

/// What logs are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) deal: DealId,
    pub(super) terms: &'a Deal,
    pub(super) request: &'a PanelRequest,
}

impl Subject<'_> {
    /// The logs that speak of the deal, in the order of the chain, each with what it says.
    ///
    /// A log of ours that does not decode cannot be real, and is left out: nothing will rest on it.
    pub(super) fn select(&self, chain: &OnChain) -> Vec<(LoggedAt, ChainEvent)> {
        let decoded = chain.logs.iter().filter_map(|log| {
            let event = self.deployment.decode(log).ok().flatten()?;
            let time = chain.times.get(&log.block.number).copied().unwrap_or_default();
            self.concerns(&event).then(|| (LoggedAt { time, log: log.clone() }, event))
        });
        decoded.collect()
    }

    fn is_seat(&self, seat: u64) -> bool {
        seat < seconds(self.request.seats)
    }

    fn is_agent(&self, account: Address) -> bool {
        account == self.terms.buyer || account == self.terms.seller
    }

    /// Whether an event is about the deal.
    pub(super) fn concerns(&self, event: &ChainEvent) -> bool {
        use ChainEvent as E;
        let nda = NdaId::from(self.terms.meta.nda);
        let escrow = self.deployment.contracts.escrow;
        match event {
            E::Granted { mandate, .. } => self.is_agent(mandate.agent) && mandate.spender == escrow,
            E::Revoked { agent, spender, .. } => self.is_agent(*agent) && *spender == escrow,
            E::NdaAnchored { nda: of, .. }
            | E::BreachAlleged { nda: of, .. }
            | E::DestructionAttested { nda: of, .. } => *of == nda,
            E::Credited { deal, .. } => *deal == Some(self.deal),
            E::Spent { deal, .. }
            | E::Opened { deal, .. }
            | E::Voided { deal, .. }
            | E::Claimed { deal, .. }
            | E::Judged { deal, .. }
            | E::Cosigned { deal, .. }
            | E::Settled { deal, .. }
            | E::Appealed { deal, .. }
            | E::AppealClosed { deal, .. }
            | E::Paid { deal, .. }
            | E::JurorsCredited { deal, .. }
            | E::Debited { deal, .. }
            | E::Closed { deal, .. }
            | E::Rated { deal, .. }
            | E::AppealRequested { deal, .. }
            | E::Redrawn { deal, .. }
            | E::Testified { deal, .. }
            | E::Ruled { deal, .. }
            | E::AppealSilent { deal, .. } => *deal == self.deal,
            E::Seated { seat, .. }
            | E::SeatLeft { seat }
            | E::SeatSuspended { seat, .. }
            | E::SeatSlashed { seat, .. } => self.is_seat(seat.0),
            E::Proven { round, .. } => *round == self.request.beaconRound,
            E::AgreementAnchored { .. }
            | E::Withdrawn { .. }
            | E::ItemFailed { .. }
            | E::StakeWithdrawn { .. }
            | E::PotChanged { .. }
            | E::Owed { .. }
            | E::Collected { .. } => false,
        }
    }
}

/// The register of seats as it stood at a second, without the model families that cards declare.
pub(super) fn register(logs: &[(LoggedAt, ChainEvent)], until: u64) -> BTreeMap<SeatIndex, Seat> {
    let mut seats = BTreeMap::new();
    for (at, event) in logs.iter().filter(|(at, _)| at.time <= until) {
        if let ChainEvent::Seated { seat, holder, principal, provider } = event {
            let index = SeatIndex(seat.0);
            let seat = Seat {
                index,
                holder: *holder,
                principal: *principal,
                provider: Provider(*provider),
                model_family: None,
                joined_at_secs: at.time,
                active: true,
            };
            seats.insert(index, seat);
        } else if let ChainEvent::SeatLeft { seat }
        | ChainEvent::SeatSuspended { seat, .. }
        | ChainEvent::SeatSlashed { seat, .. } = event
        {
            seats.entry(SeatIndex(seat.0)).and_modify(|seat: &mut Seat| seat.active = false);
        }
    }
    seats
}
