//! What is wrong with a node's own world, with the real program: each is named, tells what to do, and
//! loses nothing.
//!
//! No chain runs here: a node whose endpoint is down starts, and waits for it.

mod world;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use axum::{Json, Router, routing::post};
use nuncio_testnet::{
    cluster::{Node, NodeRole, Places, Token, program},
    patience::within,
    process::Process,
};
use serde_json::{Value, json};
use world::{DEAD, places};

const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
async fn node(root: &Path, rpc: &str) -> (Places, Node) {
    let (places, file) = places(root, rpc);
    let principal = alloy::primitives::Address::repeat_byte(9);
    let node = Node::init(&places, "node", NodeRole::Trader, principal, &file).await.unwrap();
    (places, node)
}

fn start(home: &Path, password: &str) -> Command {
    let mut command = Command::new(program());
    command.arg("--home").arg(home).env("NUNCIO_PASSWORD", password).env("NUNCIO_LOG", "warn");
    command.args(["start", "--listen", "/ip4/127.0.0.1/tcp/0", "--api", "127.0.0.1:0"]);
    command
}

/// The exit code, and everything that the refused program said.
fn refused(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Every file of a home but those that a start may touch.
#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
fn contents(home: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = ["keys", "tokens"]
        .iter()
        .flat_map(|folder| fs::read_dir(home.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_wrong_password_is_named_and_the_right_one_opens_what_it_left() {
    let root = tempfile::tempdir().unwrap();
    let (_places, mut node) = node(root.path(), DEAD).await;
    let before = contents(node.home());
    let (code, said) = refused(&start(node.home(), "not the one").output().unwrap());
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("wrong passphrase") && said.contains("hint: "), "{said}");
    assert!(!said.contains("not the one"), "the password is repeated nowhere: {said}");
    assert_eq!(contents(node.home()), before);
    node.start(&[]).await.unwrap();
    node.stop().await;
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_data_folder_in_use_names_the_process_that_has_it_and_that_one_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let (_places, mut node) = node(root.path(), DEAD).await;
    node.start(&[]).await.unwrap();
    let holder = node.process().unwrap().id();
    let (code, said) = refused(&start(node.home(), "testnet").output().unwrap());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("is in use by process {holder}")) && said.contains("hint: "), "{said}");
    let _: Value = node.api(Token::Readonly).unwrap().get("/status").await.unwrap();
    node.stop().await;
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn an_endpoint_on_another_chain_is_refused_with_both_ids() {
    let answer = |Json(question): Json<Value>| async move {
        Json(json!({ "jsonrpc": "2.0", "id": question["id"], "result": "0x1" }))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/", post(answer));
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let root = tempfile::tempdir().unwrap();
    let (places, node) = node(root.path(), &url).await;
    let mut process = Process::spawn("node", start(node.home(), "testnet"), &places.log("refused")).unwrap();
    let status = process.finished(PATIENCE).await.unwrap();
    let said = fs::read_to_string(places.log("refused")).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("serves chain 1, the configuration says 31337") && said.contains("hint: "),
        "{said}"
    );
    server.abort();
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn an_endpoint_that_is_down_is_named_once_and_the_node_waits_for_it() {
    let root = tempfile::tempdir().unwrap();
    let (places, mut node) = node(root.path(), DEAD).await;
    node.start(&[]).await.unwrap();
    let log = places.log("node");
    let told = async || {
        let text = fs::read_to_string(&log).ok()?;
        text.contains("an endpoint of the chain does not answer").then_some(text)
    };
    let text = within("the endpoint is named", PATIENCE, told).await.unwrap();
    assert!(text.contains(DEAD) && text.contains("nothing is lost"), "{text}");
    let status: Value = node.api(Token::Readonly).unwrap().get("/status").await.unwrap();
    assert!(status.is_object(), "and it still answers");
    node.stop().await;
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_full_disk_ends_the_node_by_name_and_nothing_that_was_answered_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let (places, mut node) = node(root.path(), DEAD).await;
    // No file may pass 192 KiB: what is longest, the records' log, is full first.
    let mut limited = Command::new("sh");
    let program = program();
    limited.args(["-c", "trap '' XFSZ; ulimit -f 384; exec \"$0\" \"$@\""]).arg(&program);
    let own = start(node.home(), "testnet");
    limited.args(own.get_args()).env("NUNCIO_PASSWORD", "testnet").env("NUNCIO_LOG", "error");
    let mut process = Process::spawn("node", limited, &places.log("full")).unwrap();
    let api = async || node.api(Token::Agent).ok();
    let api = process.until("has its address", PATIENCE, api).await.unwrap();
    let mut kept = Vec::new();
    for _ in 0..4_000 {
        match api.post::<Value>("/requests", &request()).await {
            Ok(answer) => kept.push(answer),
            Err(_) if process.ended().is_some() => break,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    let status = process.finished(PATIENCE).await.unwrap();
    let said = fs::read_to_string(places.log("full")).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("no space left") && said.contains("hint: make space"), "{said}");
    assert!(kept.len() > 10, "the limit came too early to show anything: {}", kept.len());

    node.start(&[]).await.unwrap();
    let api = node.api(Token::Agent).unwrap();
    let again: Value = api.get("/requests").await.unwrap();
    let text = again.to_string();
    for answer in &kept {
        let id = answer["request"].as_str().unwrap();
        assert!(text.contains(id), "request {id} was answered and is gone");
    }
    let _: Value = api.post("/requests", &request()).await.unwrap();
    node.stop().await;
}

fn request() -> Value {
    json!({
        "domain": "documents",
        "task_schema": "filing-summary/1",
        "deal_kind": "service",
        "jurisdiction": "EU",
        "budget": "200000000",
        "text": "Nothing in particular.",
        "expires_secs": 3600,
    })
}
