//! Questions that somebody waits for: simulate, hand over, trace, read.
//!
//! Each runs as a task of its own. A task that cannot get an answer waits for the endpoints and
//! ends when nobody listens any more, so all of them may be dropped at any point: they only ask.
//!
//! Deliberately absent: deciding. A refusal is passed on, not weighed.

use alloy_primitives::{Address, Bytes};
use futures::future::join_all;
use nuncio_protocol::{
    ids::TxHash,
    journal::{
        Call,
        decide::{Handover, Quote},
        fees::GasPrice,
    },
};

use super::{
    Shared,
    rpc::{At, Rpc, RpcError},
};

/// What clients say to bytes that they have already.
const KNOWN: [&str; 4] = ["already known", "already imported", "known transaction", "already exists"];

/// Simulates until one endpoint gives a quote or enough of them refuse. `None` when nobody listens.
pub(super) async fn prepare(shared: &Shared, from: Address, call: &Call) -> Option<Result<Quote, String>> {
    loop {
        let mut refusals = 0;
        for rpc in shared.order() {
            match quote(rpc, from, call).await {
                Ok(quote) => return Some(Ok(quote)),
                Err(RpcError::Reverted(reason) | RpcError::Refused(reason)) => {
                    refusals += 1;
                    if refusals >= shared.needed {
                        return Some(Err(reason));
                    }
                }
                Err(RpcError::Silent(_) | RpcError::Nonsense(_)) => {}
            }
        }
        wait(shared).await?;
    }
}

async fn quote(rpc: &Rpc, from: Address, call: &Call) -> Result<Quote, RpcError> {
    // The call comes first: its revert data say why, which an estimate does not always pass on.
    rpc.call(Some(from), call).await?;
    let gas = rpc.estimate(from, call).await?;
    let nonce = rpc.nonce(from, At::Latest).await?;
    let header = rpc.header(At::Latest).await?.ok_or(RpcError::Nonsense("no newest block"))?;
    let price = GasPrice { base: header.base_fee, tip: rpc.tip().await? };
    Ok(Quote { gas, price, nonce })
}

/// Hands bytes to every endpoint, believed or not: one that has them is enough.
pub(super) async fn broadcast(shared: &Shared, raw: &Bytes) -> Handover {
    let answers = join_all(shared.rpcs.iter().map(|rpc| rpc.send(raw))).await;
    let mut said = String::new();
    for answer in answers {
        match answer {
            Ok(_) => return Handover::Taken,
            Err(error) => {
                let words = error.to_string();
                let lower = words.to_lowercase();
                if KNOWN.iter().any(|known| lower.contains(known)) {
                    return Handover::Taken;
                }
                said = words;
            }
        }
    }
    Handover::Unclear(said)
}

/// Finds who spent a nonce under `finalized`, agreed by enough endpoints. `None` when nobody listens.
pub(super) async fn trace(shared: &Shared, account: Address, nonce: u64) -> Option<TxHash> {
    loop {
        let finalized = shared.standing.borrow().finalized;
        let mut answers: Vec<TxHash> = Vec::new();
        for rpc in shared.order() {
            if let Ok(Some(hash)) = spender(rpc, account, nonce, finalized).await {
                answers.push(hash);
            }
            let agreed = answers
                .iter()
                .find(|hash| answers.iter().filter(|other| other == hash).count() >= shared.needed);
            if let Some(hash) = agreed {
                return Some(*hash);
            }
        }
        wait(shared).await?;
    }
}

/// The transaction that took the nonce, found by halving: the count of an account only grows.
async fn spender(
    rpc: &Rpc,
    account: Address,
    nonce: u64,
    finalized: u64,
) -> Result<Option<TxHash>, RpcError> {
    if rpc.nonce(account, At::Number(finalized)).await? <= nonce {
        return Ok(None);
    }
    // The nonce is spent in a block of (unspent, spent]. Recent blocks first: old state may be gone.
    let mut spent = finalized;
    let mut stride = 1;
    let mut unspent = loop {
        let Some(earlier) = finalized.checked_sub(stride) else { break None };
        if rpc.nonce(account, At::Number(earlier)).await? <= nonce {
            break Some(earlier);
        }
        spent = earlier;
        stride *= 2;
    };
    while unspent.map_or(0, |unspent| unspent + 1) < spent {
        let low = unspent.map_or(0, |unspent| unspent + 1);
        let middle = low + (spent - low) / 2;
        if rpc.nonce(account, At::Number(middle)).await? <= nonce {
            unspent = Some(middle);
        } else {
            spent = middle;
        }
    }
    rpc.sent_by(account, nonce, spent).await
}

/// Asks the endpoints one after the other until one answers.
pub(super) async fn read(shared: &Shared, call: &Call) -> Result<Bytes, RpcError> {
    let mut last = RpcError::Silent("no endpoint counts".into());
    for rpc in shared.order() {
        match rpc.call(None, call).await {
            Err(error @ (RpcError::Silent(_) | RpcError::Nonsense(_))) => last = error,
            answer => return answer,
        }
    }
    Err(last)
}

/// Waits for the endpoints; `None` when nobody listens any more.
async fn wait(shared: &Shared) -> Option<()> {
    tokio::select! {
        () = shared.events.closed() => None,
        () = tokio::time::sleep(shared.config.poll) => Some(()),
    }
}
