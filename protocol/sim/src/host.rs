//! One principal's machine: the node, and what a shell keeps for it.
//!
//! What outlives a crash and what does not is the whole point: keys, slots and guard on their disks,
//! synced records, blobs and staged files stay; the node itself, unsynced records, everything that
//! was under way and everything that was known of the chain are gone.
//!
//! Deliberately absent: performing. That needs the world.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;
use nuncio_protocol::{
    command::{Event, Refusal, Reply},
    ids::{BlobId, CommandId, NdaId, PaperId, TxHash},
    job::JobId,
    journal::decide::Inclusion,
    node::{Me, Node},
    policy::Policy,
    time::Timestamp,
};
use rand_chacha::ChaCha12Rng;

use crate::{agent::Agent, keys::Keys, store::Store};

/// Names a host of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub(crate) usize);

/// What a machine does that its node did not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    /// Seals noise in place of what it delivers.
    SealsNoise,
    /// Delivers without the pact that it is judged by.
    LeavesOutPact,
    /// Gives the jurors an identity that opens nothing.
    WrapsAnother,
    /// Hands out nothing of what it keeps.
    Withholds,
}

/// A blob that waits for the node's word on it.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) from: Who,
    pub(crate) life: u64,
    pub(crate) job: JobId,
}

/// What a running process knows and the next one does not.
#[derive(Debug, Default)]
pub(crate) struct Volatile {
    /// Blocks of the chain that were told already.
    pub(crate) told: usize,
    /// Transactions that are followed, and where each was last seen.
    pub(crate) tracked: BTreeMap<TxHash, Option<Inclusion>>,
    /// When the node wants to be woken.
    pub(crate) wake: Option<Timestamp>,
    /// When it last woke by itself, and how often within that second.
    pub(crate) woken: (u64, u32),
    /// Whether the agent's next turn is fixed.
    pub(crate) agent_due: bool,
    pub(crate) offers: BTreeMap<u64, Offer>,
    pub(crate) replies: BTreeMap<CommandId, Result<Reply, Refusal>>,
}

/// A machine.
#[derive(Debug)]
pub struct Host {
    pub(crate) name: String,
    pub(crate) principal: Address,
    pub(crate) me: Me,
    pub(crate) policy: Policy,
    pub(crate) keys: Keys,
    pub(crate) store: Store,
    pub(crate) blobs: BTreeMap<BlobId, Vec<u8>>,
    pub(crate) staged: BTreeMap<BlobId, Vec<u8>>,
    pub(crate) ndas: BTreeMap<PaperId, NdaId>,
    pub(crate) rng: ChaCha12Rng,
    pub(crate) node: Option<Node>,
    /// Counts its processes: what was meant for an earlier one is lost.
    pub(crate) life: u64,
    pub(crate) volatile: Volatile,
    pub(crate) agent: Option<Box<dyn Agent>>,
    /// Instants before and after effects so far, at each of which it could have died.
    pub(crate) moments: u64,
    pub(crate) next_number: u64,
    pub(crate) notes: Vec<(Timestamp, Event)>,
    pub(crate) tricks: BTreeSet<Trick>,
}

impl Host {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its principal's account.
    #[must_use]
    pub const fn principal(&self) -> Address {
        self.principal
    }

    /// Its agent's settlement account.
    #[must_use]
    pub fn account(&self) -> Address {
        self.keys.account()
    }

    /// Its keys, for what was signed with them.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its records.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The running node, if it runs.
    #[must_use]
    pub const fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// How many processes it has had.
    #[must_use]
    pub const fn lives(&self) -> u64 {
        self.life
    }

    /// Instants before and after effects so far, at each of which it could have died.
    #[must_use]
    pub const fn moments(&self) -> u64 {
        self.moments
    }

    /// What its node noted, and when.
    #[must_use]
    pub fn notes(&self) -> &[(Timestamp, Event)] {
        &self.notes
    }

    /// A number that no process of this machine has used.
    pub(crate) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}
