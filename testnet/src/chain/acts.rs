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
    sol_types::{SolEvent, SolEventInterface},
};
use nuncio_contracts::interface::{Accords, DealEscrow, DrandBeacon, JuryPool, Mandates};
use nuncio_protocol::{money::Usdc, typed::Contracts};

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
    /// Deals opened, in order.
    pub opened: Vec<DealEscrow::Opened>,
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
const TELLING: [(B256, &str); 21] = [
    (DealEscrow::Opened::SIGNATURE_HASH, "open the deal"),
    (DealEscrow::Voided::SIGNATURE_HASH, "void a deal"),
    (DealEscrow::Claimed::SIGNATURE_HASH, "claim a delivery"),
    (DealEscrow::Appealed::SIGNATURE_HASH, "appeal"),
    (DealEscrow::AppealClosed::SIGNATURE_HASH, "close an appeal"),
    (DealEscrow::Judged::SIGNATURE_HASH, "verdict"),
    (DealEscrow::Cosigned::SIGNATURE_HASH, "cosign a verdict"),
    (DealEscrow::Rated::SIGNATURE_HASH, "rate"),
    (DealEscrow::Settled::SIGNATURE_HASH, "settle"),
    (DealEscrow::Closed::SIGNATURE_HASH, "close"),
    (DealEscrow::Paid::SIGNATURE_HASH, "pay out"),
    (DealEscrow::Withdrawn::SIGNATURE_HASH, "withdraw"),
    (DealEscrow::Credited::SIGNATURE_HASH, "deposit"),
    (Accords::Anchored::SIGNATURE_HASH, "anchor the NDA"),
    (Accords::AgreementAnchored::SIGNATURE_HASH, "anchor an agreement"),
    (Mandates::Granted::SIGNATURE_HASH, "grant a mandate"),
    (Mandates::Revoked::SIGNATURE_HASH, "revoke a mandate"),
    (JuryPool::RulingMade::SIGNATURE_HASH, "rule"),
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
            history.note(log, tx)?;
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
    fn note(&mut self, log: &Log, tx: TxHash) -> Result<(), ChainError> {
        let event = DealEscrow::DealEscrowEvents::decode_log(&log.inner)
            .map_err(|error| ChainError::Abi("an event of DealEscrow", error))?;
        // The other events tell of acts only; they are named above.
        if let DealEscrow::DealEscrowEvents::Opened(opened) = event.data {
            self.opened.push(opened);
        } else if let DealEscrow::DealEscrowEvents::Judged(judged) = event.data {
            let key = (judged.deal, judged.verdict.milestone);
            self.judged.insert(key, judged.digest);
            self.signers.insert(key, judged.signers);
        } else if let DealEscrow::DealEscrowEvents::Cosigned(cosigned) = event.data {
            *self.signers.entry((cosigned.deal, cosigned.milestone)).or_default() |= cosigned.signers;
        } else if let DealEscrow::DealEscrowEvents::Settled(settled) = event.data {
            self.settlements.push(Settlement {
                deal: settled.deal,
                milestone: settled.milestone,
                attempt: settled.attempt,
                seller_bps: settled.sellerBps,
                to_seller: Usdc(settled.toSeller),
                to_buyer: Usdc(settled.toBuyer),
                tx,
            });
        } else if let DealEscrow::DealEscrowEvents::Rated(rated) = event.data {
            self.ratings.push(Rating { from: rated.rater, about: rated.ratee, value: rated.value });
        }
        Ok(())
    }
}
