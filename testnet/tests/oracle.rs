//! The trust oracle of a real node: open to anybody, bounded, and believed for its signature alone.
//!
//! No chain runs here: a node without a past says so, and signs that too.

mod world;

use std::{process::Command, time::Duration};

use nuncio_testnet::{
    cluster::{Node, NodeRole, Places, program},
    patience::within,
};
use serde_json::Value;
use world::{DEAD, places};

const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
async fn oracle(root: &std::path::Path) -> (Places, Node, String) {
    let (places, network) = places(root, DEAD);
    let principal = alloy::primitives::Address::repeat_byte(9);
    let mut node = Node::init(&places, "oracle", NodeRole::Vault, principal, &network).await.unwrap();
    node.start_with(&[], &["--oracle", "127.0.0.1:0"]).await.unwrap();
    let url = within("the oracle says where it is", PATIENCE, async || node.oracle().ok()).await.unwrap();
    (places, node, url)
}

/// `nuncio trust` by somebody without a home.
#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
fn ask(url: &str, did: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(program());
    let output = command.args(["trust", did, "--json", "--oracle", url]).env_clear().output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn anybody_is_told_what_a_node_knows_of_an_agent_under_its_signature() {
    let root = tempfile::tempdir().unwrap();
    let (_places, mut node, url) = oracle(root.path()).await;
    let did = node.identity().did.clone();
    let (code, said, error) = ask(&url, &did);
    assert_eq!(code, Some(0), "{error}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["signed_by"], &said["statement"]["agent"]), (&did.clone().into(), &did.clone().into()));
    assert_eq!((&said["statement"]["anchored"], &said["statement"]["deals"]), (&false.into(), &0.into()));

    // The same words again: nothing has changed, so nothing is signed anew.
    let get = async |path: String| reqwest::get(format!("{url}/oracle/v1/{path}")).await.unwrap();
    let [first, second] = [get(format!("trust/{did}")).await, get(format!("trust/{did}")).await];
    assert_eq!(first.bytes().await.unwrap(), second.bytes().await.unwrap());

    let stranger = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH";
    let (code, _, error) = ask(&url, stranger);
    assert_eq!(code, Some(7), "{error}");
    assert!(error.contains("NUN-UNKNOWN-AGENT"), "not a score of zero: {error}");
    assert_eq!(get("trust/did:web:x".into()).await.status(), 400);
    assert_eq!(get("deals".into()).await.status(), 404);
    let posted = reqwest::Client::new().post(format!("{url}/oracle/v1/trust/{did}")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    let document: Value = get("openapi.json".into()).await.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");

    node.stop().await;
    assert!(node.oracle().is_err(), "and it says no more where it was");
    assert_eq!(ask(&url, &did).0, Some(3));
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_flood_of_questions_is_told_when_to_come_again_and_the_node_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let (_places, mut node, url) = oracle(root.path()).await;
    let address = format!("{url}/oracle/v1/trust/{}", node.identity().did);
    let mut refused = None;
    for _ in 0..60 {
        let answer = reqwest::get(&address).await.unwrap();
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status(), 200);
    }
    let refused = refused.expect("one address is not answered without end");
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "NUN-TOO-MANY");
    let status: Value = node.ask(&["status", "--json"]).await.unwrap();
    assert!(status["rss_bytes"].as_u64().unwrap() > 0, "its own clients are served as before");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(reqwest::get(&address).await.unwrap().status(), 200);
    node.stop().await;
}
