//! A chain of its own time: the real contracts in a virtual machine, a pool, blocks, three heads.
//!
//! Transactions come as signed bytes and are read as any chain reads them: envelope, signer, nonce,
//! fees. A block takes what fits, in order of account and nonce, and is never undone. `safe` is one
//! block behind the newest, `finalized` two, as on a local chain with one slot per epoch.
//!
//! What a test asks of it, it reads as a stranger would: balances, credit, slots, and every
//! transaction that was ever mined.
//!
//! Deliberately absent: reorganisations, a fee market, endpoints that lie.

use std::collections::BTreeMap;

use alloy_consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes, keccak256};
use nuncio_protocol::{
    abi::ChainLog,
    block::{Block, Heads, Level, Mark},
    ids::{BlockHash, TxHash},
    journal::{
        Call, Outcome,
        decide::{Handover, Inclusion, Quote},
        fees::{GasPrice, Wei},
    },
};
use revm::{
    context::result::ExecutionResult,
    database::{CacheDB, EmptyDB},
};

mod founding;
mod machine;
mod money;

pub use money::EscrowSlot;

pub use founding::{Founding, Settler};

pub(crate) use founding::OPERATOR;
pub(crate) use machine::GAS_MAX;

use machine::{Machine, Message, outcome};

/// The local chain's id, as anvil has it.
pub const CHAIN_ID: u64 = 31_337;
/// The base fee of every block, wei.
const BASE_FEE: u64 = 1_000_000_000;
/// A tip that is always enough, wei.
const TIP: u128 = 1_000_000_000;
/// Blocks from the newest to the `safe` head, and to `finalized`.
const SAFE_BEHIND: usize = 1;
const FINAL_BEHIND: usize = 2;

/// A block with the logs of the contracts that nodes follow.
#[derive(Clone, Debug)]
pub struct Mined {
    /// Which block, when.
    pub block: Block,
    /// Logs, in order.
    pub logs: Vec<ChainLog>,
}

/// A mined transaction.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Which.
    pub hash: TxHash,
    /// Who sent it.
    pub from: Address,
    /// With which nonce.
    pub nonce: u64,
    /// What it called.
    pub call: Call,
    /// In which block.
    pub block: Mark,
    /// What it did.
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
struct Pooled {
    hash: TxHash,
    from: Address,
    tx: TxEnvelope,
}

/// The chain.
#[derive(Clone, Debug)]
pub struct Chain {
    machine: Machine,
    followed: Vec<Address>,
    blocks: Vec<Mined>,
    pool: Vec<Pooled>,
    receipts: Vec<Receipt>,
    by_hash: BTreeMap<TxHash, usize>,
    /// Logs of acts before the next block.
    waiting: Vec<ChainLog>,
}

impl Chain {
    fn genesis(time: u64) -> Self {
        let mark = Mark { number: 0, hash: BlockHash(keccak256(time.to_be_bytes()).0) };
        let block = Block { mark, parent: BlockHash([0; 32]), time };
        Self {
            machine: Machine::new(CHAIN_ID, BASE_FEE),
            followed: Vec::new(),
            blocks: vec![Mined { block, logs: Vec::new() }],
            pool: Vec::new(),
            receipts: Vec::new(),
            by_hash: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    /// The state of all accounts, for a machine that goes on from here.
    pub(crate) const fn ground(&self) -> &CacheDB<EmptyDB> {
        self.machine.state()
    }

    /// All blocks, by number.
    #[must_use]
    pub fn blocks(&self) -> &[Mined] {
        &self.blocks
    }

    /// Every transaction that nodes sent and that was mined, in order.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// The newest block and the heads behind it.
    #[must_use]
    pub fn heads(&self) -> Heads {
        let behind = |count: usize| self.blocks[(self.blocks.len() - 1).saturating_sub(count)].block;
        Heads { latest: behind(0), safe: behind(SAFE_BEHIND).mark, finalized: behind(FINAL_BEHIND).mark }
    }

    /// `block.timestamp` of the newest final block, Unix seconds.
    #[must_use]
    pub fn final_time(&self) -> u64 {
        self.blocks[(self.blocks.len() - 1).saturating_sub(FINAL_BEHIND)].block.time
    }

    /// What gas costs.
    #[must_use]
    pub const fn price(&self) -> GasPrice {
        GasPrice { base: Wei(BASE_FEE as u128), tip: Wei(TIP) }
    }

    /// Simulates a call against the newest block.
    ///
    /// # Errors
    /// The contract's reason.
    pub fn prepare(&mut self, from: Address, call: &Call) -> Result<Quote, String> {
        let nonce = self.machine.nonce(from);
        let tried = self.attempt(from, call, GAS_MAX)?;
        outcome(&tried)?;
        let mut gas = tried.gas().total_gas_spent().max(tried.gas().floor_gas());
        // Inner calls get 63 of 64 parts of what is left, so that a call may need more than it uses.
        while outcome(&self.attempt(from, call, gas)?).is_err() && gas < GAS_MAX {
            gas = (gas + gas / 8).min(GAS_MAX);
        }
        Ok(Quote { gas, price: self.price(), nonce })
    }

    fn attempt(&mut self, from: Address, call: &Call, gas: u64) -> Result<ExecutionResult, String> {
        let newest = self.heads().latest;
        let message = Message {
            from,
            nonce: 0,
            to: call.to,
            data: call.data.clone(),
            gas,
            fees: None,
            block: newest.mark.number,
            time: newest.time,
        };
        self.machine.attempt(&message)
    }

    /// Reads a contract as it stands now.
    ///
    /// # Errors
    /// The contract's reason.
    pub fn read(&mut self, to: Address, data: Vec<u8>) -> Result<Bytes, String> {
        let tried = self.attempt(Address::ZERO, &Call { to, data: data.into() }, GAS_MAX)?;
        outcome(&tried).cloned()
    }

    /// Takes signed bytes into the pool. The same bytes twice are one transaction.
    pub fn hand(&mut self, raw: &[u8]) -> Handover {
        let hash = TxHash(keccak256(raw).0);
        if self.by_hash.contains_key(&hash) || self.pool.iter().any(|pooled| pooled.hash == hash) {
            return Handover::Taken;
        }
        let mut bytes = raw;
        let Ok(tx) = TxEnvelope::decode_2718(&mut bytes) else {
            return Handover::Unclear("not a transaction".into());
        };
        let Ok(from) = tx.recover_signer() else { return Handover::Unclear("signed by nobody".into()) };
        if tx.chain_id() != Some(CHAIN_ID) {
            return Handover::Unclear("for another chain".into());
        }
        if tx.nonce() < self.machine.nonce(from) {
            return Handover::Unclear("nonce too low".into());
        }
        let rivals: Vec<&Pooled> = self
            .pool
            .iter()
            .filter(|pooled| pooled.from == from && pooled.tx.nonce() == tx.nonce())
            .collect();
        if rivals.iter().any(|rival| tx.max_fee_per_gas() * 10 < rival.tx.max_fee_per_gas() * 11) {
            return Handover::Unclear("replacement transaction underpriced".into());
        }
        self.pool.retain(|pooled| pooled.from != from || pooled.tx.nonce() != tx.nonce());
        self.pool.push(Pooled { hash, from, tx });
        Handover::Taken
    }

    /// Mines a block at this time, Unix seconds, later than the block before.
    pub fn mine(&mut self, time: u64) {
        let parent = self.heads().latest;
        let time = time.max(parent.time + 1);
        let number = parent.mark.number + 1;
        let mut pool = std::mem::take(&mut self.pool);
        pool.sort_by_key(|pooled| (pooled.from, pooled.tx.nonce()));
        let hash = pool.iter().fold(
            keccak256([parent.mark.hash.as_bytes().as_slice(), &time.to_be_bytes()].concat()),
            |hash, pooled| keccak256([hash.as_slice(), pooled.hash.as_bytes()].concat()),
        );
        let mark = Mark { number, hash: BlockHash(hash.0) };
        let mut logs = std::mem::take(&mut self.waiting);
        for log in &mut logs {
            log.block = mark;
        }
        for pooled in pool {
            match self.machine.nonce(pooled.from) {
                next if pooled.tx.nonce() > next => self.pool.push(pooled),
                next if pooled.tx.nonce() < next => {}
                _ => self.include(pooled, mark, time, &mut logs),
            }
        }
        let block = Block { mark, parent: parent.mark.hash, time };
        self.blocks.push(Mined { block, logs });
    }

    fn include(&mut self, pooled: Pooled, block: Mark, time: u64, logs: &mut Vec<ChainLog>) {
        let tx = &pooled.tx;
        let to = tx.to().unwrap_or_default();
        let message = Message {
            from: pooled.from,
            nonce: tx.nonce(),
            to,
            data: tx.input().clone(),
            gas: tx.gas_limit(),
            fees: Some((tx.max_fee_per_gas(), tx.max_priority_fee_per_gas().unwrap_or_default())),
            block: block.number,
            time,
        };
        // What no block can hold, because its fees or its gas do not suffice, is dropped from the pool.
        let Ok(ran) = self.machine.run(&message) else { return };
        self.keep_logs(&ran, block, pooled.hash, logs);
        let outcome = if ran.is_success() { Outcome::Done } else { Outcome::Reverted };
        self.by_hash.insert(pooled.hash, self.receipts.len());
        self.receipts.push(Receipt {
            hash: pooled.hash,
            from: pooled.from,
            nonce: message.nonce,
            call: Call { to, data: message.data },
            block,
            outcome,
        });
    }

    fn keep_logs(&self, ran: &ExecutionResult, block: Mark, tx: TxHash, logs: &mut Vec<ChainLog>) {
        for log in ran.logs().iter().filter(|log| self.followed.contains(&log.address)) {
            logs.push(ChainLog {
                block,
                tx,
                index: logs.len() as u64,
                address: log.address,
                topics: log.topics().to_vec(),
                data: log.data.data.clone(),
            });
        }
    }

    /// Where a transaction stands.
    #[must_use]
    pub fn find(&self, hash: TxHash) -> Option<Inclusion> {
        let receipt = &self.receipts[*self.by_hash.get(&hash)?];
        let level = self.heads().level(receipt.block.number)?;
        Some(Inclusion { hash, block: receipt.block, outcome: receipt.outcome, level })
    }

    /// An account's number of transactions under `finalized`.
    #[must_use]
    pub fn nonce_final(&self, account: Address) -> u64 {
        let last = self.heads().finalized.number;
        let spent = self.receipts.iter().filter(|r| r.from == account && r.block.number <= last);
        spent.map(|receipt| receipt.nonce + 1).max().unwrap_or_default()
    }

    /// The transaction that holds a nonce under `finalized`.
    #[must_use]
    pub fn spender(&self, account: Address, nonce: u64) -> Option<TxHash> {
        let held = self.receipts.iter().find(|r| r.from == account && r.nonce == nonce)?;
        (self.find(held.hash)?.level == Level::Final).then_some(held.hash)
    }

    /// Does something without a signature, before the story begins.
    ///
    /// # Panics
    /// When the contract refuses.
    fn act(&mut self, what: &str, from: Address, to: Address, data: Bytes) {
        let newest = self.heads().latest;
        let nonce = self.machine.nonce(from);
        let (block, time) = (newest.mark.number + 1, newest.time + 1);
        let message = Message { from, nonce, to, data, gas: GAS_MAX, fees: None, block, time };
        let ran = self.machine.run(&message).unwrap_or_else(|error| panic!("{what}: {error}"));
        if let Err(reason) = outcome(&ran) {
            panic!("{what}: {reason}");
        }
        let tx = TxHash(
            keccak256(
                [B256::from(newest.mark.hash.0).as_slice(), what.as_bytes(), &nonce.to_be_bytes()].concat(),
            )
            .0,
        );
        let mut logs = std::mem::take(&mut self.waiting);
        self.keep_logs(&ran, newest.mark, tx, &mut logs);
        self.waiting = logs;
    }
}
