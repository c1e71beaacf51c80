//! The chain's own word about the contracts of a deal, by one endpoint.
//!
//! Both who exports and who verifies come through here, so that both see the same kind of thing.
//!
//! Deliberately absent: agreement of several endpoints. A stranger chooses the endpoint that it
//! trusts, and may ask another one again.

use alloy_primitives::{Bytes, U256, keccak256};
use nuncio_protocol::{abi::Deployment, audit::OnChain, journal::Call};

use crate::chain::rpc::{At, Rpc, RpcError};

/// The most blocks that one question spans; more is refused by many endpoints.
const SPAN: u64 = 2_000;

/// The most logs that are looked at.
const LOGS_MAX: usize = 200_000;

/// Why the chain could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The endpoint gives no answer that can be used.
    #[error("{url}: {error}")]
    Rpc {
        /// Which endpoint.
        url: String,
        /// What it said.
        error: RpcError,
    },
    /// The contracts have said more than is looked at.
    #[error("more than {LOGS_MAX} logs since block {from}")]
    TooMuch {
        /// The first block.
        from: u64,
    },
}

/// Reads everything that the contracts wrote from a block on.
///
/// # Errors
/// [`ObserveError`].
pub async fn observe(url: &str, deployment: &Deployment, from: u64) -> Result<OnChain, ObserveError> {
    let failed = |error| ObserveError::Rpc { url: url.to_owned(), error };
    let rpc = Rpc::alone(url).map_err(failed)?;
    let chain_id = rpc.chain_id().await.map_err(failed)?;
    let newest = rpc.header(At::Latest).await.map_err(failed)?;
    let newest = newest.ok_or_else(|| failed(RpcError::Nonsense("no newest block")))?;
    let to = newest.block.mark.number;
    let mut chain = OnChain { chain_id, blocks: (from.min(to), to), ..OnChain::default() };
    if chain_id != deployment.contracts.chain_id {
        // Another chain has nothing to say; the verification names both.
        return Ok(chain);
    }
    let mut next = from;
    while next <= to {
        let last = to.min(next.saturating_add(SPAN - 1));
        let logs = rpc.logs_between(&deployment.followed(), (next, last)).await.map_err(failed)?;
        chain.logs.extend(logs);
        if chain.logs.len() > LOGS_MAX {
            return Err(ObserveError::TooMuch { from });
        }
        next = last + 1;
    }
    chain.logs.sort_by_key(|log| (log.block.number, log.index));
    let seats = chain.logs.iter().filter(|log| log.address == deployment.contracts.jury);
    let blocks: std::collections::BTreeSet<u64> = seats.map(|log| log.block.number).collect();
    for number in blocks {
        let header = rpc.header(At::Number(number)).await.map_err(failed)?;
        let header =
            header.ok_or_else(|| failed(RpcError::Nonsense("a log in a block that is not there")))?;
        chain.times.insert(number, header.block.time);
    }
    let genesis = read(&rpc, deployment, "genesis()").await.map_err(failed)?;
    let period = read(&rpc, deployment, "period()").await.map_err(failed)?;
    chain.beacon = Some((genesis, period));
    Ok(chain)
}

/// A number that the beacon contract was built with.
async fn read(rpc: &Rpc, deployment: &Deployment, getter: &str) -> Result<u64, RpcError> {
    let data = Bytes::copy_from_slice(&keccak256(getter)[..4]);
    let word = rpc.call(None, &Call { to: deployment.beacon, data }).await?;
    let word = U256::try_from_be_slice(&word).and_then(|word| word.try_into().ok());
    word.ok_or(RpcError::Nonsense("a beacon's genesis or period that is no number"))
}
