//! The ledger: what the chain says, as a fold of the contracts' logs that can be taken back.
//!
//! Blocks with logs of ours come in one after the other; each is a page. The newest pages may be
//! torn out again by a reorg, newest first, until they stand under `finalized`. The ledger keeps
//! the state up to the last final page and the pages after it, so that the state is always exactly
//! the fold of the canonical logs: a page that is torn out leaves nothing behind.
//!
//! Every fact carries the place of its log ([`At`]); [`Ledger::level`] says how far that can be
//! trusted now. What money depends on asks for `Safe` or `Final` and never for the fact alone.
//!
//! Deliberately absent: which endpoint said so (the quorum's work), and any decision by a fact.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    abi::{ChainLog, Deployment},
    block::{Block, Level, Mark},
    ids::TxHash,
};

mod fold;
pub mod state;
#[cfg(test)]
mod tests;

pub use state::State;

/// Where on the chain a fact is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The block.
    pub block: Mark,
    /// `block.timestamp`, Unix seconds.
    pub time: u64,
    /// The transaction.
    pub tx: TxHash,
    /// The log's place in the block.
    pub log: u64,
}

/// What happens to the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ledger", rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A block of the canonical chain with all the logs that our contracts wrote in it, in order.
    Logged { block: Block, logs: Vec<ChainLog> },
    /// This block and all after it are not part of the chain any more.
    Dropped { block: Mark },
    /// The heads below which blocks are safe and final.
    Heads { safe: u64, finalized: u64 },
}

/// A block with logs that may still be torn out.
#[derive(Clone, Debug)]
struct Page {
    block: Block,
    logs: Vec<ChainLog>,
}

/// What the chain says, and how surely.
#[derive(Clone, Debug)]
pub struct Ledger {
    deployment: Deployment,
    /// Up to the last final page.
    settled: State,
    /// After that, oldest first. Bounded by the distance from `finalized` to the newest block.
    pages: VecDeque<Page>,
    /// `settled` and all pages.
    state: State,
    /// The last final page.
    settled_tip: Option<u64>,
    safe: u64,
    finalized: u64,
    /// Times that pages were torn out.
    torn: u64,
}

/// How far the facts under `safe` go: two equal positions of one ledger have the same facts there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    torn: u64,
    page: Option<u64>,
}

impl Position {
    /// The newest block with facts of ours that is under `safe`.
    #[must_use]
    pub const fn block(self) -> Option<u64> {
        self.page
    }
}

impl Ledger {
    /// An empty ledger of these contracts.
    #[must_use]
    pub fn new(deployment: Deployment) -> Self {
        Self {
            deployment,
            settled: State::default(),
            pages: VecDeque::new(),
            state: State::default(),
            settled_tip: None,
            safe: 0,
            finalized: 0,
            torn: 0,
        }
    }

    /// Folds one event in. A block that does not come after the last one changes nothing: after a
    /// restart the same blocks are read again.
    pub fn apply(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::Logged { block, logs } => self.write(*block, logs),
            LedgerEvent::Dropped { block } => self.tear(*block),
            &LedgerEvent::Heads { safe, finalized } => {
                self.finalized = finalized.max(self.finalized);
                self.safe = safe.max(self.finalized);
                self.bind();
            }
        }
    }

    /// What the chain says now.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// How far a fact can be trusted now.
    ///
    /// Meaningful for places of facts in [`Ledger::state`]: those are canonical.
    #[must_use]
    pub const fn level(&self, at: &At) -> Level {
        if at.block.number <= self.finalized {
            Level::Final
        } else if at.block.number <= self.safe {
            Level::Safe
        } else {
            Level::Seen
        }
    }

    /// The contracts whose ledger this is.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The position that the facts under `safe` belong to.
    #[must_use]
    pub fn position(&self) -> Position {
        let safe = |page: &&Page| page.block.mark.number <= self.safe.max(self.finalized);
        let newest = self.pages.iter().rev().find(safe).map(|page| page.block.mark.number);
        Position { torn: self.torn, page: newest.or(self.settled_tip) }
    }

    /// The number of the newest page.
    #[must_use]
    pub fn tip(&self) -> Option<u64> {
        self.pages.back().map(|page| page.block.mark.number).or(self.settled_tip)
    }

    /// The number of the last final page, after which logs are to be read again after a restart.
    #[must_use]
    pub const fn settled_tip(&self) -> Option<u64> {
        self.settled_tip
    }

    fn write(&mut self, block: Block, logs: &[ChainLog]) {
        if self.tip().is_some_and(|tip| block.mark.number <= tip) {
            return;
        }
        fold::page(&mut self.state, &self.deployment, block, logs);
        self.pages.push_back(Page { block, logs: logs.to_vec() });
        self.bind();
    }

    /// A block without logs has no page, yet what stands above it goes with it.
    fn tear(&mut self, from: Mark) {
        let Mark { number, hash } = from;
        let other =
            self.pages.iter().any(|page| page.block.mark.number == number && page.block.mark.hash != hash);
        if other || self.tip().is_none_or(|tip| tip < number) {
            return;
        }
        self.torn += 1;
        self.pages.retain(|page| page.block.mark.number < number);
        self.state = self.settled.clone();
        for page in &self.pages {
            fold::page(&mut self.state, &self.deployment, page.block, &page.logs);
        }
    }

    /// Moves pages under `finalized` where they cannot be torn out.
    fn bind(&mut self) {
        while self.pages.front().is_some_and(|page| page.block.mark.number <= self.finalized) {
            let page = self.pages.pop_front().expect("the front was just seen");
            fold::page(&mut self.settled, &self.deployment, page.block, &page.logs);
            self.settled_tip = Some(page.block.mark.number);
        }
    }
}
