//! A folder for nodes without a chain: a network file whose only endpoint is the one that a test names.

use std::path::{Path, PathBuf};

use nuncio_contracts::{Beacon, Constants, LocalOperator, Plan};
use nuncio_testnet::{
    beacon::BeaconKey,
    cluster::{Network, NetworkBeacon, Places},
};
use serde_json::json;

/// Nothing listens on the port of tcpmux here.
pub(crate) const DEAD: &str = "http://127.0.0.1:1";

/// Places with a network file whose only endpoint is this.
#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
pub(crate) fn places(root: &Path, rpc: &str) -> (Places, PathBuf) {
    let places = Places::make(root).unwrap();
    let key = BeaconKey::from_seed(b"refusals");
    let beacon = Beacon { public_key: key.public_uncompressed(), genesis: 1_700_000_000, period_secs: 1 };
    let operator = LocalOperator {
        operator: alloy::primitives::Address::repeat_byte(1),
        usdc_admin: alloy::primitives::Address::repeat_byte(2),
    };
    let plan = Plan::local(31_337, operator, beacon, Constants::LOCAL);
    let info = serde_json::from_value(json!({
        "public_key": hex::encode(key.public()),
        "period": 1,
        "genesis_time": 1_700_000_000,
        "hash": "00",
        "groupHash": "00",
        "schemeID": "bls-unchained-g1-rfc9380",
        "metadata": { "beaconID": "local" },
    }))
    .unwrap();
    let network = Network {
        deployment: &plan.deployment,
        rpc: vec![rpc.to_owned()],
        beacon: NetworkBeacon { urls: vec![DEAD.to_owned()], info },
    };
    let file = places.write("network.json", &serde_json::to_vec(&network).unwrap()).unwrap();
    (places, file)
}
