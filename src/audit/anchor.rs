//! The contracts that a verifier believes, found without the bundle.
//!
//! Where they stand is known beforehand: the release computes it for its networks, anvil's among them, and for any
//! other chain the verifier brings its own list. Then the code at each address is read and must be the release's
//! with that network's immutables, or one that the verifier has allowed by its hash. So beacon, seat age and token
//! are what the list says: code with others is other code. A second set of contracts, however genuine, is none of
//! these; a bundle that is about it is refused.
//!
//! Deliberately absent: any word of the bundle or of a contract that is believed, and which endpoint to ask.

use std::collections::BTreeSet;

use alloy_primitives::B256;
use nuncio_contracts::{Contract, Deployment as Listed};
use nuncio_protocol::{
    audit::{Built, Unbuilt},
    beacon::BeaconChain,
};

use super::ObserveError;
use crate::{
    chain::{self, Found, rpc::Rpc},
    home,
};

/// Reads the code of the listed contracts, and says what they are.
///
/// # Errors
/// [`ObserveError`] where the endpoint gives no usable answer, or the list is incomplete.
pub(super) async fn built(
    rpc: &Rpc,
    listed: &Listed,
    allowed: &BTreeSet<B256>,
) -> Result<Result<Built, Unbuilt>, ObserveError> {
    let incomplete = |error: &dyn core::fmt::Display| ObserveError::List(error.to_string());
    let own = chain::Contract::of(listed, &Contract::OWN, allowed).map_err(|error| incomplete(&error))?;
    for contract in own {
        let found = contract.find(rpc).await;
        let found = found.map_err(|error| ObserveError::Rpc { url: rpc.url().to_owned(), error })?;
        let chain::Contract { name: contract, address, release: expected, .. } = contract;
        match found {
            Found::Release | Found::Allowed { .. } => {}
            Found::Nothing => return Ok(Err(Unbuilt::Nothing { contract, address })),
            Found::Other { actual } => {
                return Ok(Err(Unbuilt::Other { contract, address, expected, actual }));
            }
        }
    }
    let beacon = &listed.beacon;
    let (genesis, period) = (beacon.genesis.into(), beacon.period_secs.into());
    let beacon = BeaconChain::from_uncompressed("drand", &beacon.public_key, genesis, period)
        .map_err(|error| incomplete(&error))?;
    let deployment = home::deployment(listed).map_err(|error| incomplete(&error))?;
    Ok(Ok(Built { deployment, beacon, seat_age_secs: listed.constants.seat_age_secs.into() }))
}
