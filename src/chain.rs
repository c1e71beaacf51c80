//! The chain as a service: follows heads and logs, simulates, hands over, and finds out what became
//! of a transaction.
//!
//! One task polls the endpoints and owns what is known of them; the rule by which they are believed
//! is the protocol's. Blocks are followed by their parent hashes, so a reorg is told before the new
//! branch is. Everything that takes time is started here and comes back as a [`Notice`] under the id
//! that it was started with. While no endpoint answers, jobs wait and the follower tries again more
//! and more rarely; nothing has to be restarted.
//!
//! What is read counts as the newest block says it, until enough endpoints agree on its block under
//! `safe` and `finalized`, and on its logs. Receipts and logs are taken only from blocks by hash.
//!
//! Deliberately absent: keys and signing, nonces of our own (the journal's), `pending`,
//! subscriptions, any wait for a confirmation, and any meaning of a log.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{Address, B256, Bytes};
use nuncio_protocol::{
    abi::ChainLog,
    block::{Block, Heads, Mark},
    ids::{IntentId, TxHash},
    journal::{
        Call,
        decide::{Handover, Inclusion, Quote},
        fees::{GasPrice, Wei},
    },
    quorum::{Endpoint, Strike},
};
use tokio::sync::{mpsc, watch};

pub mod beacon;
mod code;
pub mod deploy;
pub mod envelope;
mod follow;
mod jobs;
pub mod rpc;
#[cfg(test)]
pub(crate) mod tests;
mod trail;
mod transport;

pub use code::{Contract, Found};
use follow::Follower;
use rpc::{Rpc, RpcError};

/// What the service is told at its start.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Endpoints, HTTP. With three of them one may lie or be down.
    pub urls: Vec<String>,
    /// The chain that all of them have to serve.
    pub chain_id: u64,
    /// The contracts whose logs are followed.
    pub contracts: Vec<Contract>,
    /// Accounts of ours, whose nonces and balance are told at every head.
    pub accounts: Vec<Address>,
    /// The first block whose logs are wanted.
    pub start: u64,
    /// Time between two looks at the heads: a quarter of a second locally, the block time elsewhere.
    pub poll: Duration,
}

/// What the service has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The heads moved, and this is what gas costs; `final_time` is the `block.timestamp` of the
    /// newest final block, Unix seconds.
    Heads { heads: Heads, final_time: u64, price: GasPrice },
    /// A block of the followed chain holds logs of our contracts: all of them, in order. Blocks come
    /// in ascending order; those without such logs are left out.
    Logged { block: Block, logs: Vec<ChainLog> },
    /// This block and all after it are not part of the chain any more.
    Dropped { block: Mark },
    /// A tracked transaction is in a block, or its block rose to a higher level.
    Included(Inclusion),
    /// The block of a tracked transaction is not part of the chain any more.
    Gone { hash: TxHash, block: Mark },
    /// The outcome of [`Chain::prepare`]; `Err` holds the reason of the refusal.
    Prepared { intent: IntentId, result: Result<Quote, String> },
    /// The outcome of [`Chain::broadcast`].
    HandedOver { hash: TxHash, answer: Handover, head: u64 },
    /// The outcome of [`Chain::trace`].
    Spent { account: Address, nonce: u64, by: TxHash },
    /// An account of ours: transactions mined in the newest block and under `finalized`, and wei.
    Account { address: Address, nonce: u64, nonce_final: u64, balance: Wei },
    /// An endpoint gives no answer; told once.
    RpcDown { url: String, error: RpcError },
    /// It answers again.
    RpcUp { url: String },
    /// It is not believed again until the next start.
    Struck { url: String, strike: Strike },
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// No endpoint is configured.
    #[error("no RPC endpoint is configured")]
    NoEndpoint,
    /// An endpoint's address is none.
    #[error("{url} is no RPC endpoint: {error}")]
    BadUrl { url: String, error: RpcError },
    /// An endpoint serves another chain.
    #[error("{url} serves chain {actual}, the configuration says {expected}")]
    WrongChain { url: String, expected: u64, actual: u64 },
    /// There is no contract where one has to be.
    #[error("{url} has no code for {} at {}", contract.name, contract.address)]
    NoCode { url: String, contract: Box<Contract> },
    /// There is another contract, or this one with other immutables.
    #[error(
        "{url} has code {actual} for {} at {}, this release has {} there",
        contract.name, contract.address, contract.release
    )]
    WrongCode { url: String, contract: Box<Contract>, actual: B256 },
    /// The HTTP client cannot be built.
    #[error("no HTTP client: {0}")]
    Http(#[source] reqwest::Error),
}

impl ChainError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoEndpoint => "name at least one URL under chain.rpc",
            Self::BadUrl { .. } => "an endpoint is an http:// or https:// URL",
            Self::WrongChain { .. } => "check the network against the URL; nothing was signed or sent",
            Self::NoCode { .. } => {
                "check the contracts' addresses against the network; nothing was signed or sent"
            }
            Self::WrongCode { .. } => {
                "ask `nuncio contracts check`; code that you have examined yourself can be allowed by its hash under \
                 chain.allow_code in config.toml; nothing was signed or sent"
            }
            Self::Http(_) => "check the system's TLS certificates",
        }
    }
}

/// A handle on the service; clones are cheap, and it ends with the last of them.
#[derive(Clone, Debug)]
pub struct Chain {
    shared: Arc<Shared>,
    /// Without a bound, for only our own journal fills it.
    commands: mpsc::UnboundedSender<Command>,
}

/// What jobs and follower both need.
#[derive(Debug)]
struct Shared {
    config: ChainConfig,
    rpcs: Vec<Rpc>,
    needed: usize,
    events: mpsc::Sender<Notice>,
    standing: watch::Receiver<Standing>,
}

/// What the follower tells the jobs.
#[derive(Clone, Debug, Default)]
struct Standing {
    /// Endpoints that count, the best first.
    order: Vec<Endpoint>,
    /// The newest block.
    head: u64,
    /// The newest final block.
    finalized: u64,
}

#[derive(Debug)]
enum Command {
    Track(Vec<TxHash>),
}

impl Chain {
    /// Checks the endpoints that answer and starts to follow the chain. An endpoint that is down is
    /// checked when it comes up.
    ///
    /// # Errors
    /// [`ChainError`]: a configuration that cannot be right.
    pub async fn start(config: ChainConfig, events: mpsc::Sender<Notice>) -> Result<Self, ChainError> {
        let http = transport::bounded_client().map_err(ChainError::Http)?;
        let rpc = |url: &String| {
            Rpc::new(&http, url).map_err(|error| ChainError::BadUrl { url: url.clone(), error })
        };
        let rpcs = config.urls.iter().map(rpc).collect::<Result<Vec<_>, _>>()?;
        if rpcs.is_empty() {
            return Err(ChainError::NoEndpoint);
        }
        for rpc in &rpcs {
            match check(rpc, &config).await {
                Ok(()) | Err(Unfit::Silent(_)) => {}
                Err(Unfit::Wrong(error)) => return Err(error),
            }
        }
        let (commands, inbox) = mpsc::unbounded_channel();
        let (told, standing) = watch::channel(Standing::default());
        let quorum = nuncio_protocol::quorum::Quorum::new(config.chain_id, rpcs.len());
        let shared = Shared { needed: quorum.needed(), config, rpcs, events, standing };
        let shared = Arc::new(shared);
        tokio::spawn(Follower::new(Arc::clone(&shared), quorum, told).run(inbox));
        Ok(Self { shared, commands })
    }

    /// Simulates a call on the newest block: [`Notice::Prepared`] follows, once an endpoint answers.
    pub fn prepare(&self, intent: IntentId, from: Address, call: Call) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            if let Some(result) = jobs::prepare(&shared, from, &call).await {
                shared.tell(Notice::Prepared { intent, result }).await;
            }
        });
    }

    /// Hands signed bytes to all endpoints: [`Notice::HandedOver`] follows.
    pub fn broadcast(&self, hash: TxHash, raw: Bytes) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let answer = jobs::broadcast(&shared, &raw).await;
            let head = shared.standing.borrow().head;
            shared.tell(Notice::HandedOver { hash, answer, head }).await;
        });
    }

    /// Follows transactions by hash until they are final: [`Notice::Included`] and [`Notice::Gone`]
    /// follow. Tracking a hash again tells where it stands again.
    pub fn track(&self, hashes: Vec<TxHash>) {
        // The follower outlives every handle but not a closed event channel; then nobody listens.
        self.commands.send(Command::Track(hashes)).ok();
    }

    /// Finds the transaction that holds an account's nonce under `finalized`: [`Notice::Spent`]
    /// follows, once enough endpoints name the same.
    pub fn trace(&self, account: Address, nonce: u64) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            if let Some(by) = jobs::trace(&shared, account, nonce).await {
                shared.tell(Notice::Spent { account, nonce, by }).await;
            }
        });
    }

    /// Runs a view on the newest block of the best endpoint. May be dropped half-way.
    ///
    /// # Errors
    /// [`RpcError`] of the last endpoint asked.
    pub async fn read(&self, call: &Call) -> Result<Bytes, RpcError> {
        jobs::read(&self.shared, call).await
    }
}

impl Shared {
    /// Tells a notice; when nobody listens any more there is nothing left to do.
    async fn tell(&self, notice: Notice) -> bool {
        self.events.send(notice).await.is_ok()
    }

    /// The endpoints that count, the best first; before the first heads all of them.
    fn order(&self) -> Vec<&Rpc> {
        let order = self.standing.borrow().order.clone();
        if order.is_empty() {
            return self.rpcs.iter().collect();
        }
        order.iter().filter_map(|endpoint| self.rpcs.get(endpoint.0)).collect()
    }

    fn addresses(&self) -> Vec<Address> {
        self.config.contracts.iter().map(|contract| contract.address).collect()
    }
}

/// Why an endpoint is not talked to.
enum Unfit {
    /// It gives no answer: it may be asked again.
    Silent(RpcError),
    /// Its chain is not the one that was configured.
    Wrong(ChainError),
}

/// Checks an endpoint's chain, and the code of every contract there.
async fn check(rpc: &Rpc, config: &ChainConfig) -> Result<(), Unfit> {
    let url = || rpc.url().to_owned();
    let actual = rpc.chain_id().await.map_err(Unfit::Silent)?;
    if actual != config.chain_id {
        return Err(Unfit::Wrong(ChainError::WrongChain { url: url(), expected: config.chain_id, actual }));
    }
    for contract in &config.contracts {
        let named = || Box::new(contract.clone());
        match contract.find(rpc).await.map_err(Unfit::Silent)? {
            Found::Release => {}
            Found::Allowed { actual } => {
                tracing::warn!(contract = contract.name, code = %actual, "not this release's code; the principal allows it");
            }
            Found::Nothing => return Err(Unfit::Wrong(ChainError::NoCode { url: url(), contract: named() })),
            Found::Other { actual } => {
                return Err(Unfit::Wrong(ChainError::WrongCode { url: url(), contract: named(), actual }));
            }
        }
    }
    Ok(())
}
