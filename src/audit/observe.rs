//! The chain's own word about the contracts of a deal, by one endpoint.
//!
//! Both who exports and who verifies come through here, so that both see the same kind of thing.
//!
//! Deliberately absent: agreement of several endpoints. A stranger chooses the endpoint that it
//! trusts, and may ask another one again.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use nuncio_contracts::Deployment as Listed;
use nuncio_protocol::{
    abi::Deployment,
    audit::{OnChain, Unbuilt},
};

use super::anchor;
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
    /// Nobody has said which contracts are to be believed there.
    #[error("chain {chain_id} is none that this program knows the contracts of")]
    UnknownChain {
        /// The chain.
        chain_id: u64,
    },
    /// The list of contracts to be believed is none.
    #[error("the list of contracts: {0}")]
    List(String),
    /// The contracts have said more than is looked at.
    #[error("more than {LOGS_MAX} logs since block {from}")]
    TooMuch {
        /// The first block.
        from: u64,
    },
}

/// Who asks, and what it has to know of the contracts beforehand.
#[derive(Clone, Copy, Debug)]
pub enum Asking<'a> {
    /// A node about its own network.
    Exporter(&'a Deployment),
    /// A stranger about the contracts that a bundle claims, with its own list where it has one.
    Verifier {
        /// By the bundle.
        claimed: &'a Deployment,
        /// By the verifier.
        named: Option<&'a Listed>,
        /// Hashes of code that the verifier takes beside the release's.
        allowed: &'a BTreeSet<B256>,
    },
}

/// Reads everything that the contracts wrote since they were created.
///
/// # Errors
/// [`ObserveError`].
pub async fn observe(url: &str, asking: Asking<'_>) -> Result<OnChain, ObserveError> {
    let failed = |error| ObserveError::Rpc { url: url.to_owned(), error };
    let rpc = Rpc::alone(url).map_err(failed)?;
    let chain_id = rpc.chain_id().await.map_err(failed)?;
    let newest = rpc.header(At::Latest).await.map_err(failed)?;
    let newest = newest.ok_or_else(|| failed(RpcError::Nonsense("no newest block")))?;
    let to = newest.block.mark.number;
    let mut chain = OnChain {
        chain_id,
        blocks: (to, to),
        logs: Vec::new(),
        times: BTreeMap::new(),
        built: Err(Unbuilt::Unasked),
    };
    let (Asking::Exporter(deployment) | Asking::Verifier { claimed: deployment, .. }) = asking;
    if chain_id != deployment.contracts.chain_id {
        // Another chain has nothing to say; the verification names both.
        return Ok(chain);
    }
    let mut deployment = *deployment;
    if let Asking::Verifier { named, allowed, .. } = asking {
        let listed = named.or_else(|| Listed::of_chain(chain_id));
        let listed = listed.ok_or(ObserveError::UnknownChain { chain_id })?;
        chain.built = anchor::built(&rpc, listed, allowed).await?;
        let Ok(built) = &chain.built else { return Ok(chain) };
        deployment = built.deployment;
    }
    let from = first_block(&rpc, &deployment, to).await.map_err(failed)?;
    chain.blocks = (from, to);
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
    let blocks: BTreeSet<u64> = seats.map(|log| log.block.number).collect();
    for number in blocks {
        let header = rpc.header(At::Number(number)).await.map_err(failed)?;
        let header =
            header.ok_or_else(|| failed(RpcError::Nonsense("a log in a block that is not there")))?;
        chain.times.insert(number, header.block.time);
    }
    Ok(chain)
}

/// The first block in which one of the contracts can have written a log.
///
/// An endpoint that keeps no old state cannot say when code came to be; then everything is looked at.
async fn first_block(rpc: &Rpc, deployment: &Deployment, newest: u64) -> Result<u64, RpcError> {
    // Some contracts serve several deployments and are older than the others.
    let mut first = newest;
    for contract in deployment.followed() {
        let (mut without, mut with) = (0, newest);
        while without < with {
            let middle = without + (with - without) / 2;
            match rpc.code_at(contract, At::Number(middle)).await {
                Ok(code) if code.is_empty() => without = middle + 1,
                Ok(_) => with = middle,
                Err(RpcError::Silent(error)) => return Err(RpcError::Silent(error)),
                Err(RpcError::Refused(_) | RpcError::Reverted(_) | RpcError::Nonsense(_)) => return Ok(0),
            }
        }
        first = first.min(with);
    }
    Ok(first)
}
