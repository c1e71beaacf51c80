//! A real anvil, and endpoints before it that are down or lie.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use futures::StreamExt;
use nuncio_protocol::{ids::TxHash, journal::Call};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{SPEAKER, SPEAKER_CODE};
use crate::chain::{
    rpc::{At, Rpc},
    transport::bounded_client,
};

/// anvil's first account.
pub(super) fn dev_key() -> PrivateKeySigner {
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80".parse().unwrap()
}

/// A chain in a process of its own; dies with this value.
pub(crate) struct Anvil {
    _process: Child,
    url: String,
    rpc: Rpc,
    http: reqwest::Client,
}

impl Anvil {
    pub(crate) async fn start(options: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(binary());
        command.args(["--hardfork", "osaka", "--silent", "--port", &port.to_string()]).args(options);
        let process = command.kill_on_drop(true).spawn().expect("anvil starts");
        let url = format!("http://127.0.0.1:{port}");
        let http = bounded_client().unwrap();
        let rpc = Rpc::new(&http, &url).unwrap();
        let up = async {
            while rpc.chain_id().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), up).await.expect("anvil answers");
        let anvil = Self { _process: process, url, rpc, http };
        anvil.ask("anvil_setCode", json!([SPEAKER, SPEAKER_CODE])).await;
        anvil
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.http.post(&self.url).json(&question).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(super) async fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            self.ask("evm_mine", json!([])).await;
        }
    }

    pub(super) async fn reorg(&self, depth: u64) {
        self.ask("anvil_reorg", json!([depth, []])).await;
    }

    pub(super) async fn base_fee(&self, wei: u64) {
        self.ask("anvil_setNextBlockBaseFeePerGas", json!([format!("{wei:#x}")])).await;
    }

    /// A dear transaction that the journal knows nothing of; anvil signs it itself.
    pub(super) async fn send_as(&self, account: Address, call: &Call) -> TxHash {
        let nonce = format!("{:#x}", self.nonce(account).await);
        let transaction = json!({ "from": account, "to": call.to, "input": call.data, "nonce": nonce,
            "gasPrice": "0x2e90edd000" });
        let hash = self.ask("eth_sendTransaction", json!([transaction])).await;
        hash.as_str().unwrap().parse().unwrap()
    }

    pub(super) async fn nonce(&self, account: Address) -> u64 {
        self.rpc.nonce(account, At::Latest).await.unwrap()
    }

    pub(super) async fn head(&self) -> u64 {
        self.rpc.header(At::Latest).await.unwrap().unwrap().block.mark.number
    }
}

/// What an endpoint does wrong.
#[derive(Clone, Copy)]
pub(super) enum Lie {
    None = 0,
    Down = 1,
    NoLogs = 2,
    NoCode = 3,
}

/// An endpoint that asks anvil and changes the answers.
pub(super) struct Proxy {
    url: String,
    lie: Arc<AtomicU8>,
}

impl Proxy {
    pub(super) async fn before(anvil: &Anvil) -> Self {
        let lie = Arc::new(AtomicU8::new(Lie::None as u8));
        let state = (anvil.http.clone(), anvil.url(), Arc::clone(&lie));
        let url = serve(Router::new().route("/", post(forward)).with_state(state)).await;
        Self { url, lie }
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    pub(super) fn tell(&self, lie: Lie) {
        self.lie.store(lie as u8, Ordering::SeqCst);
    }
}

async fn forward(
    State((http, url, lie)): State<(reqwest::Client, String, Arc<AtomicU8>)>,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let lie = lie.load(Ordering::SeqCst);
    if lie == Lie::Down as u8 {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    if lie == Lie::NoCode as u8 && question["method"] == "eth_getCode" {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let answer = http.post(url).json(&question).send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let mut answer: Value = answer.json().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    if lie == Lie::NoLogs as u8 && question["method"] == "eth_getLogs" {
        answer["result"] = json!([]);
    }
    Ok(Json(answer))
}

/// An endpoint whose answer does not end.
pub(super) async fn flood() -> String {
    let endless = || async {
        let chunk = bytes::Bytes::from(vec![b' '; 1 << 20]);
        let chunks = futures::stream::repeat(chunk).map(Ok::<_, std::io::Error>);
        axum::body::Body::from_stream(chunks)
    };
    serve(Router::new().route("/", post(endless))).await
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `NUNCIO_ANVIL`, or the one that the contracts' tools bring along.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("NUNCIO_ANVIL") {
        return path.into();
    }
    let pinned = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contracts/node_modules/.bin/anvil");
    assert!(pinned.exists(), "anvil is missing at {}: run `scripts/contracts build`", pinned.display());
    pinned
}
