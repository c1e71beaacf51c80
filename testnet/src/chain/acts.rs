//! What was done on the chain, read from its logs: who opened, paid, judged, rated, and for how much gas.
//!
//! One transaction is one act, named by the most telling of its events. Everything comes from logs
//! and receipts, so a stranger with the same RPC makes the same list.
//!
//! Deliberately absent: calls that left no event, and anything that failed.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{Address, B256, TxHash, U256},
    providers::{DynProvider, Provider},
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use nuncio_contracts::interface::{Accords, DealEscrow, DrandBeacon, JuryPool, Mandates};
use nuncio_protocol::{
    abi::{ChainEvent, ChainLog, Deployment},
    block::Mark,
    ids,
    money::Usdc,
    typed::{Contracts, Deal},
};

use super::ChainError;

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// What it was, in words.
    pub act: &'static str,
    /// Which transaction.
    pub tx: TxHash,
    /// What it used.
    pub gas: u64,
    /// Its block.
    pub block: u64,
}

/// A milestone that is settled for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Of which deal.
    pub deal: B256,
    /// From 0.
    pub milestone: u8,
    /// Which delivery it was for.
    pub attempt: u8,
    /// The seller's share.
    pub seller_bps: u16,
    /// Paid to the seller's side.
    pub to_seller: Usdc,
    /// Paid back to the buyer's side.
    pub to_buyer: Usdc,
    /// In which transaction.
    pub tx: TxHash,
}

/// A rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Who rates.
    pub from: Address,
    /// Whom.
    pub about: Address,
    /// How well.
    pub value: i128,
}

/// Everything that happened from a block on.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// In order.
    pub acts: Vec<Act>,
    /// Deals opened, in order, with their terms.
    pub opened: Vec<(B256, Deal)>,
    /// The digest of the newest verdict on each milestone of each deal.
    pub judged: BTreeMap<(B256, u8), B256>,
    /// Who signed that verdict, by position in the sorted panel, those who added their name included.
    pub signers: BTreeMap<(B256, u8), U256>,
    /// In order.
    pub settlements: Vec<Settlement>,
    /// In order.
    pub ratings: Vec<Rating>,
}

/// Events from the one that tells most about a transaction to the one that tells least.
const TELLING: [(B256, &str); 23] = [
    (DealEscrow::Opened::SIGNATURE_HASH, "open the deal"),
    (DealEscrow::Voided::SIGNATURE_HASH, "void a deal"),
    (DealEscrow::Claimed::SIGNATURE_HASH, "claim a delivery"),
    (DealEscrow::Appealed::SIGNATURE_HASH, "appeal"),
    (JuryPool::RulingMade::SIGNATURE_HASH, "rule"),
    (DealEscrow::AppealClosed::SIGNATURE_HASH, "close an appeal"),
    (DealEscrow::Judged::SIGNATURE_HASH, "verdict"),
    (DealEscrow::Cosigned::SIGNATURE_HASH, "cosign a verdict"),
    (DealEscrow::Rated::SIGNATURE_HASH, "rate"),
    (DealEscrow::Released::SIGNATURE_HASH, "release"),
    (DealEscrow::Settled::SIGNATURE_HASH, "settle"),
    (DealEscrow::Closed::SIGNATURE_HASH, "close"),
    (DealEscrow::Paid::SIGNATURE_HASH, "pay out"),
    (DealEscrow::Withdrawn::SIGNATURE_HASH, "withdraw"),
    (DealEscrow::JurorsCredited::SIGNATURE_HASH, "pay the jurors"),
    (DealEscrow::Credited::SIGNATURE_HASH, "deposit"),
    (Accords::Anchored::SIGNATURE_HASH, "anchor the NDA"),
    (Accords::AgreementAnchored::SIGNATURE_HASH, "anchor an agreement"),
    (Mandates::Granted::SIGNATURE_HASH, "grant a mandate"),
    (Mandates::Revoked::SIGNATURE_HASH, "revoke a mandate"),
    (JuryPool::AppealRequested::SIGNATURE_HASH, "request an appeal panel"),
    (JuryPool::Seated::SIGNATURE_HASH, "take a seat"),
    (DrandBeacon::Proven::SIGNATURE_HASH, "prove a beacon round"),
];

/// Reads what happened from a block on.
///
/// # Errors
/// [`ChainError`].
pub async fn history(
    provider: &DynProvider,
    contracts: &Contracts,
    from_block: u64,
) -> Result<History, ChainError> {
    let Contracts { mandates, accords, escrow, jury, .. } = *contracts;
    // Only the escrow's logs are read, whose address is among the contracts'.
    let deployment = Deployment { contracts: *contracts, beacon: Address::ZERO, usdc: Address::ZERO };
    let filter = Filter::new().address(vec![mandates, accords, escrow, jury]).from_block(from_block);
    let logs = provider.get_logs(&filter).await?;
    let mut history = History::default();
    let mut told: BTreeMap<(u64, u64, TxHash), usize> = BTreeMap::new();
    let mut credited: BTreeSet<TxHash> = BTreeSet::new();
    for log in &logs {
        let place = (log.block_number, log.transaction_index, log.transaction_hash);
        let (Some(block), Some(index), Some(tx)) = place else { continue };
        if let Some(rank) = TELLING.iter().position(|(topic, _)| log.topic0() == Some(topic)) {
            let best = told.entry((block, index, tx)).or_insert(rank);
            *best = (*best).min(rank);
        }
        let of_deal = log.topics().get(2).is_some_and(|deal| !deal.is_zero());
        if log.topic0() == Some(&DealEscrow::Credited::SIGNATURE_HASH) && of_deal {
            credited.insert(tx);
        }
        if log.address() == escrow {
            history.note(&deployment, log, tx)?;
        }
    }
    for ((block, _, tx), rank) in told {
        let receipt = provider.get_transaction_receipt(tx).await?;
        let gas = receipt.map_or(0, |receipt| receipt.gas_used);
        let (topic, act) = TELLING[rank];
        // Credit of a deal, and nothing else of it, is what the jurors get.
        let jurors = topic == DealEscrow::Credited::SIGNATURE_HASH && credited.contains(&tx);
        history.acts.push(Act { act: if jurors { "pay the jurors" } else { act }, tx, gas, block });
    }
    Ok(history)
}

impl History {
    fn note(&mut self, deployment: &Deployment, log: &Log, tx: TxHash) -> Result<(), ChainError> {
        // The other events tell of acts only; they are named above.
        let Some(event) = deployment.decode(&raw(log, tx))? else { return Ok(()) };
        if let ChainEvent::Opened { deal, terms, .. } = event {
            self.opened.push((deal.word(), *terms));
        } else if let ChainEvent::Judged { deal, id, verdict, signers, settled, .. } = event {
            let key = (deal.word(), verdict.milestone);
            self.judged.insert(key, id.word());
            self.signers.insert(key, U256::from(signers.0));
            self.settlements.extend(settled.map(|(to_seller, to_buyer)| Settlement {
                deal: deal.word(),
                milestone: verdict.milestone,
                attempt: verdict.attempt,
                seller_bps: verdict.sellerBps,
                to_seller,
                to_buyer,
                tx,
            }));
        } else if let ChainEvent::Cosigned { deal, milestone, signers } = event {
            *self.signers.entry((deal.word(), milestone.0)).or_default() |= U256::from(signers.0);
        } else if let ChainEvent::Settled {
            deal, milestone, attempt, seller_bps, to_seller, to_buyer, ..
        } = event
        {
            self.settlements.push(Settlement {
                deal: deal.word(),
                milestone: milestone.0,
                attempt,
                seller_bps: seller_bps.get(),
                to_seller,
                to_buyer,
                tx,
            });
        } else if let ChainEvent::Rated { deal, by, value, .. } = event {
            let terms = self.opened.iter().find(|(id, _)| *id == deal.word());
            self.ratings.extend(terms.map(|(_, terms)| {
                let (from, about) = by.of(terms);
                Rating { from, about, value }
            }));
        }
        Ok(())
    }
}

/// The log as the protocol reads it.
pub(crate) fn raw(log: &Log, tx: TxHash) -> ChainLog {
    ChainLog {
        block: Mark {
            number: log.block_number.unwrap_or_default(),
            hash: ids::BlockHash(log.block_hash.unwrap_or_default().0),
        },
        tx: ids::TxHash(tx.0),
        index: log.log_index.unwrap_or_default(),
        address: log.address(),
        topics: log.topics().to_vec(),
        data: log.inner.data.data.clone(),
    }
}
