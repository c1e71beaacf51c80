//! Whether the story's receipts show what the committed table of gas says (`contracts/gas.json`).
//!
//! The table is measured by forge, each operation alone and in the steady state. A real deal differs in a few things
//! that can be seen on the chain: who is paid holds nothing yet, more jurors have signed than the quorum, the last
//! verdict closes the deal and may pay the jurors with it. For each of these there is a price below, by the EVM's
//! own rules; what is left over is the calldata, where a byte that happens to be zero costs 12 gas less, and the
//! order of the amounts. A hundredth of the figure is enough for that, and is what the table itself is held to.
//!
//! Deliberately absent: acts that the table does not have (adding a signature later, opening with an approval).

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, B256, TxHash, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol_types::{SolCall, SolEvent},
};
use nuncio_contracts::interface::{DealEscrow, TestUsdc};
use nuncio_protocol::abi::ChainEvent;
use serde::Deserialize;

use super::DemoError;
use crate::chain::{
    ChainError, LocalChain,
    acts::{Act, raw},
};

/// What an account adds that is paid USDC for the first time: a storage word is made instead of changed.
const FIRST_USDC: u64 = 17_100;
/// A signature beyond the quorum: its check (3,000), its 64 bytes of calldata (16 each), a turn of the loop.
const SIGNATURE: u64 = 3_000 + 64 * 16 + 250;
/// Reading who signed another milestone, when the deal closes: a cold word, and what is done with it.
const SIGNERS_READ: u64 = 2_100 + 300;
/// Credit: a cold word made (22,100) or changed (5,000), and what is done with it.
const FIRST_CREDIT: u64 = 22_100 + 400;
const MORE_CREDIT: u64 = 5_000 + 400;
/// Telling of it in a log of its own: three topics and a word.
const CREDIT_TOLD: u64 = 375 * 4 + 256;
/// Telling of all jurors' together: two topics and two words; and the word of each.
const SHARES_TOLD: u64 = 375 * 3 + 512;
const SHARE_TOLD: u64 = 256;
/// Counting what a juror has of three milestones: a turn of a loop for each, with two sums that are checked.
const SHARE_COUNTED: u64 = 3 * 500;
/// Seeing that no signature is missing on three milestones, whose words are read again later.
const NOBODY_MISSING: u64 = 3 * (100 + 200);
/// A second payee in one transaction: the token is warm by then, its balance is not.
const SECOND_PUSH: u64 = 12_000;
/// How far a receipt may be from a figure of the table, as parts of ten thousand.
const PLAIN_BPS: u64 = 100;
/// And from one with prices of the above.
const COMPOSED_BPS: u64 = 300;

#[derive(Deserialize)]
struct Row {
    op: String,
    gas: u64,
}

/// The committed table.
struct Table(Vec<Row>);

impl Table {
    fn read() -> Self {
        let rows = serde_json::from_str(include_str!("../../../contracts/gas.json"));
        Self(rows.expect("invariant: gas.json is written by scripts/contracts and committed"))
    }

    fn gas(&self, op: &str) -> Result<u64, DemoError> {
        let row = self.0.iter().find(|row| row.op == op);
        row.map(|row| row.gas).ok_or_else(|| DemoError::Broken(format!("gas.json has no operation {op}")))
    }
}

/// How the receipts stand to the table.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Receipts that were compared.
    pub(super) compared: usize,
    /// What is not as the table says, a sentence each.
    pub(super) drifts: Vec<String>,
}

/// Compares each act that the table has.
///
/// # Errors
/// [`DemoError`] where the chain does not answer or the table lacks an operation.
pub(super) async fn compare(
    chain: &LocalChain,
    acts: &[Act],
    approved: bool,
) -> Result<Comparison, DemoError> {
    let table = Table::read();
    let mut comparison = Comparison::default();
    for act in acts {
        let (expected, tolerance_bps) = match act.act {
            "anchor the NDA" => (table.gas("nda anchored")?, PLAIN_BPS),
            "open the deal" if !approved => {
                (table.gas("open, credit through the mandate, seller mandated")?, PLAIN_BPS)
            }
            "rate" => (table.gas("rating alone, sent by anybody")?, PLAIN_BPS),
            "verdict" => (verdict(chain, &table, act).await?, COMPOSED_BPS),
            "pay the jurors" => (jurors(chain, &table, act).await?, COMPOSED_BPS),
            _ => continue,
        };
        comparison.compared += 1;
        if act.gas.abs_diff(expected) * 10_000 > expected * tolerance_bps {
            comparison.drifts.push(format!("{} used {} gas, the table says {expected}", act.act, act.gas));
        }
    }
    Ok(comparison)
}

/// A full pass by a quorum of three of five that pays at once, with the jurors' fee on.
async fn verdict(chain: &LocalChain, table: &Table, act: &Act) -> Result<u64, DemoError> {
    let told = Told::read(chain, act).await?;
    let mut gas = table.gas("verdict 3 of 5, pushed, jurors paid, no claim")?;
    gas += SIGNATURE * u64::from(told.signatures).saturating_sub(3);
    gas += SECOND_PUSH * told.paid.len().saturating_sub(1) as u64;
    for payee in &told.paid {
        if held(chain, *payee, act.block - 1).await? == U256::ZERO {
            gas += FIRST_USDC;
        }
    }
    if told.closes {
        let closing = table.gas("verdict 3 of 5, pushed, which closes")?;
        gas += closing - table.gas("verdict 3 of 5, pushed")? + SIGNERS_READ * u64::from(told.milestone);
    }
    if !told.jurors.is_empty() {
        gas += SHARES_TOLD;
    }
    Ok(gas + told.credits(chain, act).await?)
}

/// The jurors paid by themselves because all have signed. The table has three after the time for signing, each for the
/// first time, and what does not divide goes to a buyer who has credit.
async fn jurors(chain: &LocalChain, table: &Table, act: &Act) -> Result<u64, DemoError> {
    let measured = table.gas("jurors paid, three for the first time")?;
    let credits = 3 * (FIRST_CREDIT + SHARE_COUNTED + SHARE_TOLD) + MORE_CREDIT + CREDIT_TOLD;
    Ok(measured - credits + NOBODY_MISSING + Told::read(chain, act).await?.credits(chain, act).await?)
}

/// What the logs of one transaction tell.
#[derive(Debug, Default)]
struct Told {
    milestone: u8,
    signatures: u32,
    closes: bool,
    paid: Vec<Address>,
    credited: Vec<Address>,
    jurors: Vec<Address>,
}

impl Told {
    async fn read(chain: &LocalChain, act: &Act) -> Result<Self, DemoError> {
        let receipt = chain.provider().get_transaction_receipt(act.tx).await.map_err(ChainError::Rpc)?;
        let mut told = Self::default();
        for log in receipt.iter().flat_map(|receipt| receipt.inner.logs()) {
            told.note(chain, log, act.tx)?;
        }
        Ok(told)
    }

    /// What it costs that credit grew, without the log that tells of all jurors' together.
    async fn credits(&self, chain: &LocalChain, act: &Act) -> Result<u64, DemoError> {
        let jurors = self.jurors.iter().map(|juror| (juror, SHARE_COUNTED + SHARE_TOLD));
        let mut gas = 0;
        for (owner, told) in jurors.chain(self.credited.iter().map(|owner| (owner, CREDIT_TOLD))) {
            let first = credit(chain, *owner, act.block - 1).await? == 0;
            gas += told + if first { FIRST_CREDIT } else { MORE_CREDIT };
        }
        Ok(gas)
    }

    fn note(
        &mut self,
        chain: &LocalChain,
        log: &alloy::rpc::types::Log,
        tx: TxHash,
    ) -> Result<(), DemoError> {
        if let Ok(event) = TestUsdc::Transfer::decode_log(&log.inner) {
            self.paid.push(event.to);
        } else if let Ok(event) = DealEscrow::JurorsCredited::decode_log(&log.inner) {
            self.jurors.extend(event.shares.iter().map(|share| Address::from_word(B256::from(*share))));
        } else if let Ok(event) = DealEscrow::Credited::decode_log(&log.inner) {
            self.credited.push(event.owner);
        } else if log.topic0() == Some(&DealEscrow::Closed::SIGNATURE_HASH) {
            self.closes = true;
        } else if let Some(ChainEvent::Judged { verdict, signers, .. }) =
            chain.abi().decode(&raw(log, tx)).map_err(ChainError::Event)?
        {
            self.milestone = verdict.milestone;
            self.signatures = signers.0.count_ones();
        }
        Ok(())
    }
}

async fn held(chain: &LocalChain, account: Address, block: u64) -> Result<U256, DemoError> {
    let call = TestUsdc::balanceOfCall { account };
    then(chain, chain.deployment().usdc.address, &call, block).await
}

async fn credit(chain: &LocalChain, owner: Address, block: u64) -> Result<u64, DemoError> {
    let call = DealEscrow::creditCall { owner };
    then(chain, chain.contracts().escrow, &call, block).await
}

/// What a view gave at the end of a block.
async fn then<C: SolCall>(
    chain: &LocalChain,
    to: Address,
    call: &C,
    block: u64,
) -> Result<C::Return, DemoError> {
    let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
    let answer = chain.provider().call(request).block(BlockId::number(block)).await;
    let answer = answer.map_err(ChainError::Rpc)?;
    Ok(C::abi_decode_returns(&answer).map_err(|error| ChainError::Abi(C::SIGNATURE, error))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_operation_that_the_story_is_held_against() {
        let table = Table::read();
        for op in [
            "nda anchored",
            "open, credit through the mandate, seller mandated",
            "verdict 3 of 5, pushed",
            "verdict 3 of 5, pushed, which closes",
            "verdict 3 of 5, pushed, jurors paid, no claim",
            "rating alone, sent by anybody",
            "jurors paid, three for the first time",
        ] {
            assert!(table.gas(op).unwrap() > 21_000, "{op}");
        }
        assert!(table.gas("a thing that nobody does").is_err());
    }
}
