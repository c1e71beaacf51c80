//! A folder for nodes without a chain: a network file whose only endpoint is the one that a test names.

use std::path::{Path, PathBuf};

use nuncio_contracts::{Deployment, LOCAL_CHAIN_ID};
use nuncio_testnet::{
    beacon::{Beacon, LOCAL_SEED, Schedule},
    cluster::{Network, NetworkBeacon, Places},
};

/// Nothing listens on the port of tcpmux here.
pub(crate) const DEAD: &str = "http://127.0.0.1:1";

/// Places with a network file whose only endpoint is this.
#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
pub(crate) fn places(root: &Path, rpc: &str) -> (Places, PathBuf) {
    let places = Places::make(root).unwrap();
    let deployment = Deployment::of_chain(LOCAL_CHAIN_ID).unwrap();
    let nuncio_contracts::Beacon { genesis, period_secs, .. } = deployment.beacon;
    let beacon =
        Beacon::new(LOCAL_SEED.as_bytes(), Schedule { genesis: genesis.into(), period: period_secs });
    let network = Network {
        deployment,
        rpc: vec![rpc.to_owned()],
        beacon: NetworkBeacon { urls: vec![DEAD.to_owned()], info: beacon.info() },
    };
    let file = places.write("network.json", &serde_json::to_vec(&network).unwrap()).unwrap();
    (places, file)
}
