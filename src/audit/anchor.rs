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

#[cfg(test)]
mod tests {
    use alloy_primitives::Bytes;
    use nuncio_contracts::{Beacon, LOCAL_CHAIN_ID, LocalOperator, Plan};
    use serde_json::json;

    use super::*;
    use crate::{
        audit::{Asking, observe},
        chain::{deploy::carry_out, tests::anvil::Anvil},
        keys::Account,
    };

    /// The release's contracts on anvil's chain, and a second set: as genuine, with a beacon of somebody's own.
    fn sets() -> [Plan; 2] {
        let release = Plan::on(Listed::of_chain(LOCAL_CHAIN_ID).unwrap());
        let Listed { beacon, constants, .. } = release.deployment.clone();
        let own = Beacon { genesis: beacon.genesis + 1, ..beacon };
        [release, Plan::local(LOCAL_CHAIN_ID, LocalOperator::ANVIL, own, constants)]
    }

    async fn deploy(anvil: &Anvil, plan: &Plan) {
        let (rpc, account) = (Rpc::alone(&anvil.url()).unwrap(), Account::anvil());
        carry_out(&rpc, plan, account.address(), |digest| account.sign(digest), |_, _| {}).await.unwrap();
    }

    /// What a verifier believes of a bundle that is about the second set.
    async fn verifier(
        anvil: &Anvil,
        named: Option<&Listed>,
        allowed: &BTreeSet<B256>,
    ) -> Result<Built, Unbuilt> {
        let claimed = home::deployment(&sets()[1].deployment).unwrap();
        let asking = Asking::Verifier { claimed: &claimed, named, allowed };
        observe(&anvil.url(), asking).await.unwrap().built
    }

    #[tokio::test]
    async fn a_second_set_of_contracts_on_a_local_chain_is_not_believed_unless_the_verifier_names_it() {
        let anvil = Anvil::start(&[]).await;
        let ([release, second], none) = (sets(), BTreeSet::new());
        deploy(&anvil, &second).await;
        let missing = verifier(&anvil, None, &none).await;
        assert!(matches!(missing, Err(Unbuilt::Nothing { .. })), "{missing:?}");
        deploy(&anvil, &release).await;
        let built = verifier(&anvil, None, &none).await.unwrap();
        assert_eq!(built.deployment, home::deployment(&release.deployment).unwrap());
        assert_eq!(built.beacon.genesis_secs(), u64::from(release.deployment.beacon.genesis));
        // To list them is not enough: their code is not what this release has for this chain.
        let listed = verifier(&anvil, Some(&second.deployment), &none).await;
        assert!(matches!(listed, Err(Unbuilt::Other { .. })), "{listed:?}");
        let hashes = second.deployment.contracts.values().map(|deployed| deployed.code_hash).collect();
        let built = verifier(&anvil, Some(&second.deployment), &hashes).await.unwrap();
        assert_eq!(built.deployment, home::deployment(&second.deployment).unwrap());
    }

    #[tokio::test]
    async fn other_code_at_the_right_address_is_named_with_both_hashes() {
        let anvil = Anvil::start(&[]).await;
        let [release, _] = sets();
        deploy(&anvil, &release).await;
        let jury = release.deployment.address(Contract::JuryPool).unwrap();
        anvil.ask("anvil_setCode", json!([jury, Bytes::from_static(&[0])])).await;
        let built = verifier(&anvil, None, &BTreeSet::new()).await;
        let expected = release.deployment.code_hash(Contract::JuryPool).unwrap();
        let named = matches!(&built, Err(Unbuilt::Other { contract, expected: told, .. })
            if contract == "JuryPool" && *told == expected);
        assert!(named, "{built:?}");
    }

    #[tokio::test]
    async fn of_a_chain_that_nobody_knows_nothing_is_believed_without_a_list() {
        let anvil = Anvil::start(&["--chain-id", "4242"]).await;
        let mut claimed = home::deployment(&sets()[0].deployment).unwrap();
        claimed.contracts.chain_id = 4242;
        let asking = Asking::Verifier { claimed: &claimed, named: None, allowed: &BTreeSet::new() };
        let error = observe(&anvil.url(), asking).await.unwrap_err();
        assert!(matches!(error, ObserveError::UnknownChain { chain_id: 4242 }), "{error}");
    }
}
