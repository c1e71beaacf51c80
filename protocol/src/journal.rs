//! The journal of our own transactions: one lane of nonces per account, from intent to final.
//!
//! Somebody intends an act. It is simulated, gets gas, fees and the next nonce, is signed, and the
//! signed bytes are stored before they leave. From then on the journal only finds out what became
//! of them: seen in a block, under `safe`, under `finalized`. While no block takes them it offers
//! an eighth more for the same nonce, up to a cap, and hands the same bytes over again now and then.
//!
//! ```text
//! intended ── simulation reverts ──> refused (nothing was signed: may be intended again)
//!    │ prepared: gas, fees, nonce
//! prepared ─ signed ─> signed ─ handed over ─> sent <── gone again ── seen ─> safe ─> final
//!    ^                                          │  └── in a block ────^
//!    └──────────── replaced: higher fees ───────┘
//!                                    no clear answer ─> unknown ── nonce final by another hash ─> lost
//! ```
//!
//! *Unknown* is a state of its own: a transaction without an answer may still be mined, so it fails
//! only on proof. An intent has one nonce for ever: whatever is lost, doubled or reordered, two
//! transactions for one intent can never both be mined. The next intent is prepared only when all
//! before it were seen, so that its simulation meets the state that they leave.
//!
//! The state is a fold of [`JournalEvent`]s; `on_*` decide which events an observation means, and
//! [`Journal::wants`] names the acts whose outcome is not recorded yet. After a restart all of them
//! are wanted again, which is the whole of the recovery.
//!
//! Deliberately absent: keys, endpoints, and any cache of nonces other than the events themselves.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes};
use serde::{Deserialize, Serialize};

use crate::{
    block::{Level, Mark},
    ids::{IntentId, TxHash},
};

pub mod decide;
pub mod fees;
#[cfg(test)]
mod tests;
pub mod wants;

use fees::{FeePolicy, Fees, GasPrice};

/// What is to be called, and why: the part of a transaction that never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// The calldata.
    pub data: Bytes,
}

/// A transaction as it is signed (EIP-1559, no value, no access list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The chain it is valid on.
    pub chain: u64,
    /// Its place in the account's lane.
    pub nonce: u64,
    /// The gas it may use.
    pub gas_limit: u64,
    /// What it offers per unit of gas.
    pub fees: Fees,
    /// What it calls.
    pub call: Call,
}

/// One recorded step of one intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEvent {
    /// Whose step.
    pub intent: IntentId,
    /// What happened.
    pub step: Step,
}

/// What happened to an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The act was decided; `why` is for people and names no content.
    Intended { call: Call, why: String },
    /// The simulation reverted, or no allowed gas suffices; nothing was signed.
    Refused { reason: String },
    /// The simulation passed; from here on the nonce belongs to this intent.
    Prepared { nonce: u64, gas_limit: u64, fees: Fees },
    /// A version was signed. Stored before the bytes leave.
    Signed { hash: TxHash, raw: Bytes },
    /// An endpoint has the bytes; `head` is the newest block number then.
    Sent { hash: TxHash, head: u64 },
    /// The bytes may or may not have arrived; `said` is the endpoint's answer, cut.
    Unknown { hash: TxHash, head: u64, said: String },
    /// No block took it in time: the same nonce gets a version with these fees.
    Replaced { fees: Fees },
    /// A version is in a block.
    Seen { hash: TxHash, block: Mark, outcome: Outcome },
    /// The block of that version is not part of the chain any more.
    Unseen { hash: TxHash },
    /// The block stands under `safe`.
    Safe { hash: TxHash, block: Mark },
    /// The block stands under `finalized`: the end.
    Final { hash: TxHash, block: Mark },
    /// A transaction that is not ours took the nonce, and that is final: the end.
    Lost { by: TxHash },
    /// A person has looked at the foreign transaction; the lane may go on.
    Acknowledged,
}

/// What a mined transaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Status 1.
    Done,
    /// Status 0: the nonce is spent, the state is as before.
    Reverted,
}

/// Where an intent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Decided, not simulated yet.
    Intended,
    /// The simulation reverted; may be intended again.
    Refused { reason: String },
    /// Has a nonce; its newest version waits for a signature.
    Prepared,
    /// Its newest version is signed and was never handed over.
    Signed,
    /// Handed over and waiting for a block.
    Sent,
    /// May have been handed over.
    Unknown,
    /// In a block, at this level.
    Mined { hash: TxHash, block: Mark, outcome: Outcome, level: Level },
    /// Its nonce went to a foreign transaction, finally.
    Lost { by: TxHash },
}

/// What the journal has to know of the chain to decide and to want; never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainView {
    /// The newest block's number.
    pub head: u64,
    /// What gas costs.
    pub price: GasPrice,
    /// The account's number of transactions under `finalized`.
    pub nonce_final: u64,
}

/// The lane of one account on one chain.
#[derive(Clone, Debug)]
pub struct Journal {
    chain: u64,
    policy: FeePolicy,
    /// The first nonce that no intent holds, once one does.
    next: Option<u64>,
    /// In order of intent. Only our own decisions add to it.
    entries: Vec<Entry>,
    by_intent: BTreeMap<IntentId, usize>,
    by_hash: BTreeMap<TxHash, usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    intent: IntentId,
    call: Call,
    why: String,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Intended,
    Refused { reason: String },
    InLane(Passage),
}

/// An intent that holds a nonce.
#[derive(Clone, Debug)]
struct Passage {
    nonce: u64,
    gas_limit: u64,
    /// Signed versions, oldest first; any of them may be mined. Bounded by the fee cap.
    versions: Vec<Version>,
    /// Fees of the version that waits for a signature.
    unsigned: Option<Fees>,
    place: Place,
    acknowledged: bool,
}

#[derive(Clone, Debug)]
struct Version {
    hash: TxHash,
    raw: Bytes,
    fees: Fees,
    /// The head when it was first handed over.
    since: Option<u64>,
    /// The head when it was last handed over.
    last: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Waiting,
    Unknown,
    Mined { hash: TxHash, block: Mark, outcome: Outcome, level: Level },
    Lost { by: TxHash },
}

impl Journal {
    /// An empty lane.
    #[must_use]
    pub const fn new(chain: u64, policy: FeePolicy) -> Self {
        Self {
            chain,
            policy,
            next: None,
            entries: Vec::new(),
            by_intent: BTreeMap::new(),
            by_hash: BTreeMap::new(),
        }
    }

    /// Folds one recorded event in. Events that do not fit change nothing: a record that is read
    /// twice must not move a nonce.
    pub fn apply(&mut self, event: &JournalEvent) {
        if let Step::Intended { call, why } = &event.step {
            return self.enter(event.intent, call, why);
        }
        let Some(&index) = self.by_intent.get(&event.intent) else { return };
        let entry = &mut self.entries[index];
        match (&mut entry.stage, &event.step) {
            (stage @ Stage::Intended, Step::Refused { reason }) => {
                *stage = Stage::Refused { reason: reason.clone() };
            }
            (stage @ Stage::Intended, &Step::Prepared { nonce, gas_limit, fees }) => {
                if self.next.is_some_and(|next| nonce < next) {
                    return;
                }
                self.next = Some(nonce + 1);
                *stage = Stage::InLane(Passage::new(nonce, gas_limit, fees));
            }
            (Stage::InLane(passage), step) => {
                passage.apply(step);
                if let Step::Signed { hash, .. } = step {
                    self.by_hash.insert(*hash, index);
                }
            }
            (Stage::Intended | Stage::Refused { .. }, _) => {}
        }
    }

    /// Where an intent stands, or `None` where it was never intended.
    #[must_use]
    pub fn standing(&self, intent: IntentId) -> Option<Standing> {
        let entry = &self.entries[*self.by_intent.get(&intent)?];
        Some(match &entry.stage {
            Stage::Intended => Standing::Intended,
            Stage::Refused { reason } => Standing::Refused { reason: reason.clone() },
            Stage::InLane(passage) => passage.standing(),
        })
    }

    /// Why an intent was made.
    #[must_use]
    pub fn why(&self, intent: IntentId) -> Option<&str> {
        Some(&self.entries[*self.by_intent.get(&intent)?].why)
    }

    /// Whose transaction a hash is, where it is one of ours.
    #[must_use]
    pub fn owner(&self, hash: TxHash) -> Option<IntentId> {
        self.by_hash.get(&hash).map(|&index| self.entries[index].intent)
    }

    /// The transaction that took a nonce of ours and that nobody has looked at yet. Somebody else
    /// may hold the key: until it is acknowledged nothing new is prepared or signed.
    #[must_use]
    pub fn alarm(&self) -> Option<(IntentId, TxHash)> {
        self.entries.iter().find_map(|entry| match &entry.stage {
            Stage::InLane(Passage { place: Place::Lost { by }, acknowledged: false, .. }) => {
                Some((entry.intent, *by))
            }
            Stage::Intended | Stage::Refused { .. } | Stage::InLane(_) => None,
        })
    }

    /// The most that transactions without a block may still cost.
    #[must_use]
    pub fn committed(&self) -> fees::Wei {
        self.passages().filter(|(_, _, passage)| passage.is_open()).fold(
            fees::Wei::default(),
            |sum, (_, _, passage)| {
                let dearest = passage.versions.iter().map(|version| version.fees.max);
                let dearest = dearest.chain(passage.unsigned.map(|fees| fees.max)).max();
                sum.plus(dearest.unwrap_or_default().times(passage.gas_limit))
            },
        )
    }

    fn enter(&mut self, intent: IntentId, call: &Call, why: &str) {
        if let Some(&index) = self.by_intent.get(&intent) {
            let entry = &mut self.entries[index];
            if matches!(entry.stage, Stage::Refused { .. }) {
                entry.stage = Stage::Intended;
            }
            return;
        }
        self.by_intent.insert(intent, self.entries.len());
        self.entries.push(Entry { intent, call: call.clone(), why: why.to_owned(), stage: Stage::Intended });
    }

    fn passages(&self) -> impl Iterator<Item = (IntentId, &Call, &Passage)> {
        self.entries.iter().filter_map(|entry| match &entry.stage {
            Stage::InLane(passage) => Some((entry.intent, &entry.call, passage)),
            Stage::Intended | Stage::Refused { .. } => None,
        })
    }

    fn passage(&self, intent: IntentId) -> Option<&Passage> {
        match &self.entries[*self.by_intent.get(&intent)?].stage {
            Stage::InLane(passage) => Some(passage),
            Stage::Intended | Stage::Refused { .. } => None,
        }
    }

    fn passage_of(&self, hash: TxHash) -> Option<(IntentId, &Passage)> {
        let intent = self.owner(hash)?;
        self.passage(intent).map(|passage| (intent, passage))
    }
}

impl Passage {
    const fn new(nonce: u64, gas_limit: u64, fees: Fees) -> Self {
        Self {
            nonce,
            gas_limit,
            versions: Vec::new(),
            unsigned: Some(fees),
            place: Place::Waiting,
            acknowledged: false,
        }
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Signed { hash, ref raw } => self.keep(hash, raw),
            Step::Sent { hash, head } => self.handed(hash, head, Place::Waiting),
            Step::Unknown { hash, head, .. } => self.handed(hash, head, Place::Unknown),
            Step::Replaced { fees } => {
                let dearer = self.versions.last().is_some_and(|last| last.fees.max < fees.max);
                if dearer && self.unsigned.is_none() && self.is_open() {
                    self.unsigned = Some(fees);
                }
            }
            Step::Seen { hash, block, outcome } if !self.is_over() => {
                self.place = Place::Mined { hash, block, outcome, level: Level::Seen };
            }
            Step::Unseen { hash } if !self.is_over() && self.is_mined_as(hash) => self.place = Place::Waiting,
            Step::Safe { hash, .. } if self.is_mined_as(hash) => self.raise(Level::Safe),
            Step::Final { hash, .. } if self.is_mined_as(hash) => {
                self.raise(Level::Final);
                self.versions.iter_mut().for_each(|version| version.raw = Bytes::new());
            }
            Step::Lost { by } if self.is_open() => self.place = Place::Lost { by },
            Step::Acknowledged => self.acknowledged = true,
            Step::Seen { .. } | Step::Unseen { .. } | Step::Safe { .. } | Step::Final { .. } => {}
            Step::Lost { .. } | Step::Intended { .. } | Step::Refused { .. } | Step::Prepared { .. } => {}
        }
    }

    fn keep(&mut self, hash: TxHash, raw: &Bytes) {
        if self.versions.iter().any(|version| version.hash == hash) {
            return;
        }
        let Some(fees) = self.unsigned.take() else { return };
        self.versions.push(Version { hash, raw: raw.clone(), fees, since: None, last: None });
    }

    fn handed(&mut self, hash: TxHash, head: u64, place: Place) {
        let Some(version) = self.versions.iter_mut().find(|version| version.hash == hash) else { return };
        version.since.get_or_insert(head);
        version.last = Some(head);
        if self.is_open() {
            self.place = place;
        }
    }

    fn raise(&mut self, to: Level) {
        if let Place::Mined { level, .. } = &mut self.place {
            *level = to.max(*level);
        }
    }

    fn is_mined_as(&self, version: TxHash) -> bool {
        matches!(self.place, Place::Mined { hash, .. } if hash == version)
    }

    /// Whether nothing can change its place any more.
    const fn is_over(&self) -> bool {
        matches!(self.place, Place::Mined { level: Level::Final, .. } | Place::Lost { .. })
    }

    /// Whether no block and no proof has decided it.
    const fn is_open(&self) -> bool {
        matches!(self.place, Place::Waiting | Place::Unknown)
    }

    fn standing(&self) -> Standing {
        match self.place {
            Place::Mined { hash, block, outcome, level } => Standing::Mined { hash, block, outcome, level },
            Place::Lost { by } => Standing::Lost { by },
            Place::Unknown => Standing::Unknown,
            Place::Waiting if self.unsigned.is_some() => Standing::Prepared,
            Place::Waiting if self.versions.last().is_some_and(|version| version.since.is_none()) => {
                Standing::Signed
            }
            Place::Waiting => Standing::Sent,
        }
    }
}
