//! The contracts that a verifier believes, found without the bundle.
//!
//! Contracts are created by CREATE2 (EIP-1014): an address is a hash of the code and of what its
//! constructor was given. So whoever has this program can compute where this project's contracts stand:
//!
//! - on a chain whose contracts are listed, they are the listed ones;
//! - on any other chain with a known USDC, they are those with the production constants and quicknet;
//! - on a local chain, those with the constants and the beacon that the contracts named by the bundle
//!   say they have: contracts that lie about it stand at other addresses than these;
//! - or the verifier names its own list, and no other counts.
//!
//! What the contracts were built with is then read from the contracts themselves.
//!
//! Deliberately absent: any word of the bundle that is believed, and which endpoint to ask.

use alloy_primitives::{Address, Bytes, aliases::U40};
use alloy_sol_types::SolCall;
use nuncio_contracts::{
    Beacon, Constants, Contract, Deployment as Listed, Plan, Usdc,
    interface::{DealEscrow, DrandBeacon, JuryPool},
};
use nuncio_protocol::{abi::Deployment, audit::Built, beacon::BeaconChain, journal::Call, typed::Contracts};

use crate::chain::rpc::{Rpc, RpcError};

/// Finds the contracts and asks what they were built with; nothing where none stand.
///
/// # Errors
/// [`RpcError`] where the endpoint gives no usable answer.
pub(super) async fn built(
    rpc: &Rpc,
    claimed: &Deployment,
    named: Option<&Deployment>,
) -> Result<Option<Built>, RpcError> {
    let deployment = match named {
        Some(named) => Some(*named),
        None => known(claimed, rpc).await?,
    };
    let Some(deployment) = deployment else { return Ok(None) };
    let Some(beacon) = beacon(rpc, deployment.beacon).await? else { return Ok(None) };
    let seat_age = ask(rpc, deployment.contracts.jury, JuryPool::seatAgeCall {}).await?;
    let Some(seat_age_secs) = seat_age.map(|age: U40| age.to()) else { return Ok(None) };
    Ok(Some(Built { deployment, beacon, seat_age_secs }))
}

/// The contracts of this project on the chain of these.
async fn known(claimed: &Deployment, rpc: &Rpc) -> Result<Option<Deployment>, RpcError> {
    let Some(network) = Listed::of_chain(claimed.contracts.chain_id) else {
        return local(claimed, rpc).await;
    };
    if !network.contracts.is_empty() {
        return Ok(addresses(network));
    }
    let quicknet = BeaconChain::quicknet();
    Ok(addresses(&Plan::on(network, terms(&quicknet), Constants::PRODUCTION).deployment))
}

/// The contracts with the constants and the beacon that those named by the bundle say they have.
async fn local(claimed: &Deployment, rpc: &Rpc) -> Result<Option<Deployment>, RpcError> {
    let Some(beacon) = beacon(rpc, claimed.beacon).await? else { return Ok(None) };
    let (Some(constants), Some(usdc)) =
        (constants(rpc, claimed).await?, ask(rpc, claimed.contracts.escrow, DealEscrow::usdcCall {}).await?)
    else {
        return Ok(None);
    };
    let network = Listed {
        name: "local".to_owned(),
        chain_id: claimed.contracts.chain_id,
        usdc: Usdc { address: usdc, name: String::new(), version: String::new() },
        identity_registry: Address::ZERO,
        reputation_registry: Address::ZERO,
        contracts: std::collections::BTreeMap::new(),
    };
    Ok(addresses(&Plan::on(&network, terms(&beacon), constants).deployment))
}

async fn constants(rpc: &Rpc, claimed: &Deployment) -> Result<Option<Constants>, RpcError> {
    let Contracts { jury, escrow, .. } = claimed.contracts;
    let stake = ask(rpc, jury, JuryPool::stakeCall {}).await?;
    let times = [
        ask(rpc, jury, JuryPool::seatAgeCall {}).await?,
        ask(rpc, jury, JuryPool::roundGridCall {}).await?,
        ask(rpc, jury, JuryPool::roundDelayCall {}).await?,
        ask(rpc, jury, JuryPool::rulingTimeCall {}).await?,
        ask(rpc, jury, JuryPool::exitDelayCall {}).await?,
        ask(rpc, escrow, DealEscrow::graceCall {}).await?,
        ask(rpc, escrow, DealEscrow::appealLimitCall {}).await?,
    ];
    // A time above 136 years is none of ours.
    let secs = |time: Option<U40>| u32::try_from(time?.to::<u64>()).ok();
    let read = || {
        let [seat_age, grid, delay, ruling, exit, grace, appeal] = times.map(secs);
        Some(Constants {
            seat_stake: stake?,
            seat_age_secs: seat_age?,
            round_grid_secs: grid?,
            round_delay_secs: delay?,
            ruling_time_secs: ruling?,
            exit_delay_secs: exit?,
            grace_secs: grace?,
            appeal_limit_secs: appeal?,
        })
    };
    Ok(read())
}

/// The beacon that a beacon contract was built with.
async fn beacon(rpc: &Rpc, contract: Address) -> Result<Option<BeaconChain>, RpcError> {
    let key: Option<Bytes> = ask(rpc, contract, DrandBeacon::publicKeyCall {}).await?;
    let genesis = ask(rpc, contract, DrandBeacon::genesisCall {}).await?;
    let period = ask(rpc, contract, DrandBeacon::periodCall {}).await?;
    let read = || {
        let key: [u8; 192] = key?.as_ref().try_into().ok()?;
        BeaconChain::from_uncompressed("drand", &key, genesis?.to(), u64::from(period?)).ok()
    };
    Ok(read())
}

/// A beacon as the contract's constructor takes it.
fn terms(beacon: &BeaconChain) -> Beacon {
    let number = |secs: u64| u32::try_from(secs).unwrap_or_default();
    Beacon {
        public_key: beacon.public_key_uncompressed(),
        genesis: number(beacon.genesis_secs()),
        period_secs: number(beacon.period_secs()),
    }
}

fn addresses(listed: &Listed) -> Option<Deployment> {
    let at = |contract| listed.address(contract).ok();
    let contracts = Contracts {
        chain_id: listed.chain_id,
        mandates: at(Contract::Mandates)?,
        accords: at(Contract::Accords)?,
        escrow: at(Contract::DealEscrow)?,
        jury: at(Contract::JuryPool)?,
    };
    Some(Deployment { contracts, beacon: at(Contract::DrandBeacon)?, usdc: listed.usdc.address })
}

/// Asks a getter; nothing where the contract does not answer as its ABI says.
async fn ask<C: SolCall>(rpc: &Rpc, to: Address, call: C) -> Result<Option<C::Return>, RpcError> {
    let answer = rpc.call(None, &Call { to, data: call.abi_encode().into() }).await;
    match answer {
        Ok(answer) => Ok(C::abi_decode_returns(&answer).ok()),
        Err(RpcError::Reverted(_)) => Ok(None),
        Err(error @ (RpcError::Refused(_) | RpcError::Silent(_) | RpcError::Nonsense(_))) => Err(error),
    }
}
