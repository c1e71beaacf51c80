//! One endpoint: the few questions that Nuncio asks a chain, with answers in its own types.
//!
//! Answers are taken apart by hand-kept structs that read only what is used, so that an L2's own
//! transaction and header types pass. An error keeps apart what the chain said (a revert), what
//! the endpoint said, and that nothing came.
//!
//! Deliberately absent: filters, subscriptions, `pending`, and waiting for anything.

use alloy::{rpc::client::RpcClient, transports::TransportError};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use nuncio_protocol::{
    abi,
    block::{Block, Mark},
    ids::{BlockHash, TxHash},
    journal::{Call, Outcome, fees::Wei},
};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ChainLog,
    transport::{BoundedHttp, bounded_client},
};

/// The most logs that one answer may hold.
pub const LOGS_MAX: usize = 10_000;

/// How much of an endpoint's own words is kept, in characters.
const WORDS_MAX: usize = 200;

/// Why a question got no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The call reverts; the reason is decoded where the contracts declare it.
    #[error("reverts: {0}")]
    Reverted(String),
    /// The endpoint answers that it will not.
    #[error("the endpoint refuses: {0}")]
    Refused(String),
    /// No answer, or none that can be read.
    #[error("no answer: {0}")]
    Silent(String),
    /// An answer that cannot be true.
    #[error("an answer that makes no sense: {0}")]
    Nonsense(&'static str),
}

impl From<TransportError> for RpcError {
    fn from(error: TransportError) -> Self {
        let Some(payload) = error.as_error_resp() else {
            return Self::Silent(cut(&error.to_string()));
        };
        if let Some(data) = payload.as_revert_data() {
            return Self::Reverted(abi::revert::reason(&data));
        }
        // Code 3 is a revert that carries no data.
        let words = cut(&payload.message);
        if payload.code == 3 || words.contains("execution reverted") {
            Self::Reverted(words)
        } else {
            Self::Refused(words)
        }
    }
}

/// A tag or a number, as `eth_getBlockByNumber` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The newest block.
    Latest,
    /// The newest block under `safe`.
    Safe,
    /// The newest block under `finalized`.
    Final,
    /// The block of this number.
    Number(u64),
}

impl At {
    fn param(self) -> Value {
        match self {
            Self::Latest => json!("latest"),
            Self::Safe => json!("safe"),
            Self::Final => json!("finalized"),
            Self::Number(number) => json!(U64::from(number)),
        }
    }
}

/// A block's header with the price of its gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which block, after which, when.
    pub block: Block,
    /// `baseFeePerGas`.
    pub base_fee: Wei,
}

/// Where an endpoint found a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receipt {
    /// The number of the block that holds it.
    pub number: u64,
    /// The hash of that block.
    pub block: BlockHash,
    /// Whether its status is 1.
    pub succeeded: bool,
    /// Gas used.
    pub gas_used: u64,
}

impl Receipt {
    /// The block that holds it.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark { number: self.number, hash: self.block }
    }

    /// What it did.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        if self.succeeded { Outcome::Done } else { Outcome::Reverted }
    }
}

/// A client of one endpoint; clones share its connections.
#[derive(Clone, Debug)]
pub struct Rpc {
    url: String,
    client: RpcClient,
}

impl Rpc {
    /// A client for a URL; nothing is asked yet.
    ///
    /// # Errors
    /// [`RpcError::Silent`] where the text is no HTTP URL.
    pub fn new(http: &Client, url: &str) -> Result<Self, RpcError> {
        let parsed: Url = url.parse().map_err(|error| RpcError::Silent(format!("{url}: {error}")))?;
        let local = parsed.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127."));
        let client = RpcClient::new(BoundedHttp::new(http.clone(), parsed), local);
        Ok(Self { url: url.to_owned(), client })
    }

    /// A client with connections of its own, for whoever asks one endpoint and nobody else.
    ///
    /// # Errors
    /// [`RpcError::Silent`] where the text is no HTTP URL, or no client can be built.
    pub fn alone(url: &str) -> Result<Self, RpcError> {
        let http = bounded_client().map_err(|error| RpcError::Silent(cut(&error.to_string())))?;
        Self::new(&http, url)
    }

    /// The URL as configured.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `eth_chainId`.
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        let id: U64 = self.ask("eth_chainId", json!([])).await?;
        Ok(id.to())
    }

    /// A header, or `None` where there is no such block.
    pub async fn header(&self, at: At) -> Result<Option<Header>, RpcError> {
        let raw: Option<RawHeader> = self.ask("eth_getBlockByNumber", json!([at.param(), false])).await?;
        Ok(raw.map(Header::from))
    }

    /// The header with this hash, or `None` where the endpoint does not know it.
    pub async fn header_of(&self, hash: BlockHash) -> Result<Option<Header>, RpcError> {
        let raw: Option<RawHeader> = self.ask("eth_getBlockByHash", json!([hash.word(), false])).await?;
        Ok(raw.map(Header::from))
    }

    /// The logs of these contracts in one block.
    pub async fn logs_of(&self, contracts: &[Address], block: BlockHash) -> Result<Vec<ChainLog>, RpcError> {
        self.logs(json!({ "address": contracts, "blockHash": block.word() })).await
    }

    /// The logs of these contracts in a range of blocks, both ends included.
    pub async fn logs_between(
        &self,
        contracts: &[Address],
        (from, to): (u64, u64),
    ) -> Result<Vec<ChainLog>, RpcError> {
        let (from, to) = (U64::from(from), U64::from(to));
        self.logs(json!({ "address": contracts, "fromBlock": from, "toBlock": to })).await
    }

    /// The receipt of a transaction, or `None` where no block holds it.
    pub async fn receipt(&self, hash: TxHash) -> Result<Option<Receipt>, RpcError> {
        let raw: Option<RawReceipt> = self.ask("eth_getTransactionReceipt", json!([hash.word()])).await?;
        Ok(raw.map(|raw| Receipt {
            number: raw.block_number.to(),
            block: raw.block_hash.into(),
            succeeded: raw.status == U64::from(1),
            gas_used: raw.gas_used.to(),
        }))
    }

    /// The account's number of mined transactions at a block.
    pub async fn nonce(&self, account: Address, at: At) -> Result<u64, RpcError> {
        let count: U64 = self.ask("eth_getTransactionCount", json!([account, at.param()])).await?;
        Ok(count.to())
    }

    /// The account's balance in wei at the newest block.
    pub async fn balance(&self, account: Address) -> Result<Wei, RpcError> {
        let balance: U256 = self.ask("eth_getBalance", json!([account, "latest"])).await?;
        Ok(Wei(balance.try_into().map_err(|_| RpcError::Nonsense("a balance above 2^128 wei"))?))
    }

    /// The code at an address.
    pub async fn code(&self, address: Address) -> Result<Bytes, RpcError> {
        self.code_at(address, At::Latest).await
    }

    /// The code that stood at an address under a block.
    pub async fn code_at(&self, address: Address, at: At) -> Result<Bytes, RpcError> {
        self.ask("eth_getCode", json!([address, at.param()])).await
    }

    /// Runs a call on the newest block without sending it.
    pub async fn call(&self, from: Option<Address>, call: &Call) -> Result<Bytes, RpcError> {
        self.ask("eth_call", json!([call_param(from, call), "latest"])).await
    }

    /// The gas that a call would use on the newest block.
    pub async fn estimate(&self, from: Address, call: &Call) -> Result<u64, RpcError> {
        let gas: U64 = self.ask("eth_estimateGas", json!([call_param(Some(from), call), "latest"])).await?;
        Ok(gas.to())
    }

    /// The same on a block at whose end these addresses had these codes (a state override of geth's).
    pub async fn estimate_upon(
        &self,
        from: Address,
        call: &Call,
        codes: &[(Address, Bytes)],
    ) -> Result<u64, RpcError> {
        let overrides: serde_json::Map<String, Value> =
            codes.iter().map(|(at, code)| (at.to_string(), json!({ "code": code }))).collect();
        let params = json!([call_param(Some(from), call), "latest", overrides]);
        let gas: U64 = self.ask("eth_estimateGas", params).await?;
        Ok(gas.to())
    }

    /// Has a block made at once, which only a local chain does.
    pub async fn mine(&self) -> Result<(), RpcError> {
        let _: Value = self.ask("evm_mine", json!([])).await?;
        Ok(())
    }

    /// A tip that the endpoint takes to be enough.
    pub async fn tip(&self) -> Result<Wei, RpcError> {
        let tip: U256 = self.ask("eth_maxPriorityFeePerGas", json!([])).await?;
        Ok(Wei(tip.try_into().map_err(|_| RpcError::Nonsense("a tip above 2^128 wei"))?))
    }

    /// Hands signed bytes over.
    pub async fn send(&self, raw: &Bytes) -> Result<TxHash, RpcError> {
        let hash: B256 = self.ask("eth_sendRawTransaction", json!([raw])).await?;
        Ok(hash.into())
    }

    /// The transaction of this account and nonce in a block, where the block holds one.
    pub async fn sent_by(
        &self,
        account: Address,
        nonce: u64,
        number: u64,
    ) -> Result<Option<TxHash>, RpcError> {
        let at = At::Number(number).param();
        let block: Option<RawBody> = self.ask("eth_getBlockByNumber", json!([at, true])).await?;
        let found = block.and_then(|block| {
            block.transactions.into_iter().find(|tx| tx.from == account && tx.nonce == U64::from(nonce))
        });
        Ok(found.map(|tx| tx.hash.into()))
    }

    async fn logs(&self, filter: Value) -> Result<Vec<ChainLog>, RpcError> {
        let raw: Vec<RawLog> = self.ask("eth_getLogs", json!([filter])).await?;
        if raw.len() > LOGS_MAX {
            return Err(RpcError::Nonsense("more logs than one answer may hold"));
        }
        raw.into_iter().map(RawLog::read).collect()
    }

    async fn ask<T>(&self, method: &'static str, params: Value) -> Result<T, RpcError>
    where
        T: serde::de::DeserializeOwned + std::fmt::Debug + Send + Sync + Unpin + 'static,
    {
        Ok(self.client.request::<Value, T>(method, params).await?)
    }
}

fn call_param(from: Option<Address>, call: &Call) -> Value {
    match from {
        Some(from) => json!({ "from": from, "to": call.to, "input": call.data }),
        None => json!({ "to": call.to, "input": call.data }),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(WORDS_MAX).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHeader {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
    base_fee_per_gas: Option<U64>,
}

impl From<RawHeader> for Header {
    fn from(raw: RawHeader) -> Self {
        let mark = Mark { number: raw.number.to(), hash: raw.hash.into() };
        let block = Block { mark, parent: raw.parent_hash.into(), time: raw.timestamp.to() };
        let base_fee = Wei(u128::from(raw.base_fee_per_gas.unwrap_or_default().to::<u64>()));
        Self { block, base_fee }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    block_hash: B256,
    block_number: U64,
    status: U64,
    gas_used: U64,
}

#[derive(Debug, Deserialize)]
struct RawBody {
    transactions: Vec<RawTransaction>,
}

#[derive(Debug, Deserialize)]
struct RawTransaction {
    hash: B256,
    from: Address,
    #[serde(default)]
    nonce: U64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_hash: Option<B256>,
    block_number: Option<U64>,
    transaction_hash: Option<B256>,
    log_index: Option<U64>,
    #[serde(default)]
    removed: bool,
}

impl RawLog {
    fn read(self) -> Result<ChainLog, RpcError> {
        let missing = RpcError::Nonsense("a log of no block");
        let (Some(hash), Some(number)) = (self.block_hash, self.block_number) else { return Err(missing) };
        let (Some(tx), Some(index)) = (self.transaction_hash, self.log_index) else { return Err(missing) };
        if self.removed {
            return Err(RpcError::Nonsense("a removed log"));
        }
        Ok(ChainLog {
            block: Mark { number: number.to(), hash: hash.into() },
            tx: tx.into(),
            index: index.to(),
            address: self.address,
            topics: self.topics,
            data: self.data,
        })
    }
}
