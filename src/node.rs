//! The daemon's loop: one event at a time into the protocol, its effects out, in order.
//!
//! ```text
//! loop { event = next_event().await          one closed enum: client, net, chain, done, timer
//!        input = decode and bound(event)
//!        for effect in node.handle(input, now, rng) { perform(effect).await }   Persist first
//!        timer.set(node.deadline()) }
//! ```
//!
//! Nothing in the loop waits for the world except the disk. Own work (what was asked for and has
//! ended) is taken before new work by strangers, so that they cannot starve it.
//!
//! Deliberately absent: decisions about deals, and any knowledge of HTTP.

mod error;
mod handle;
mod thread;

use std::{pin::Pin, sync::Arc, time::Duration};

use nuncio_protocol::{
    guard::Mode,
    ids::{BlobId, CommandId, StreamId},
    input::{ChainUpdate, Fact, Input},
    job::JobId,
    journal::{ChainView, fees::GasPrice},
    ledger::LedgerEvent,
    node::Node,
    time::Timestamp,
};
use rand::{
    SeedableRng,
    rngs::{StdRng, SysRng},
};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{broadcast, mpsc},
    time::{Instant, Sleep, sleep_until},
};

use self::handle::Request;
pub use self::{error::DaemonError, handle::Handle, thread::NodeThread};
use crate::{
    audit::Exporter,
    chain::{Chain, ChainConfig, Notice},
    clock,
    effects::{Fatal, Performer},
    home::{Home, Preset},
    keys::Keys,
    net::{GossipId, Net, NetConfig, NetEvent},
    records,
    store::{Recorder, Store},
    trail::Trail,
    vault::Blobs,
};

/// Questions of local clients that may wait.
const REQUESTS: usize = 256;
/// Inputs that slow acts may have waiting.
const INPUTS: usize = 4096;
/// Events of net and chain that may wait.
const EVENTS: usize = 4096;
/// Events that a slow listener may fall behind before it has to ask for the backlog.
const LISTENERS: usize = 4096;
/// The longest sleep; a clock that jumps is noticed by then.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// By how much a deadline may be missed; the protocol counts whole milliseconds.
const TIMER_SLACK: Duration = Duration::from_millis(1);

/// What a daemon is told at its start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Multiaddresses to listen on.
    pub listen: Vec<String>,
    /// Multiaddresses of nodes to begin with.
    pub bootstrap: Vec<String>,
}

/// A running node.
#[derive(Debug)]
pub struct Daemon {
    node: Node,
    performer: Performer,
    rng: StdRng,
    net: mpsc::Receiver<NetEvent>,
    chain: mpsc::Receiver<Notice>,
    inputs: mpsc::Receiver<Input>,
    requests: mpsc::Receiver<Request>,
    listen: Arc<std::sync::Mutex<Vec<String>>>,
    view: Heads,
    next_command: u64,
    next_gossip: u64,
}

/// What the chain said last, as far as the journal needs it together.
#[derive(Debug, Default)]
struct Heads {
    latest: Option<(u64, u64)>,
    price: Option<GasPrice>,
    nonce_final: Option<u64>,
    final_time: u64,
}

/// One thing that happened.
enum Event {
    Input(Input),
    Request(Request),
    Net(NetEvent),
    Chain(Notice),
    Timer,
    Stop,
}

impl Daemon {
    /// Starts a node from its home.
    ///
    /// # Errors
    /// [`DaemonError`].
    pub async fn start(home: &Home, keys: Keys, options: Options) -> Result<(Self, Handle), DaemonError> {
        let network = home.network.network(home.config.network).map_err(DaemonError::Home)?;
        let keys = Arc::new(keys);
        let (net_events, net_inbox) = mpsc::channel(EVENTS);
        let (chain_events, chain_inbox) = mpsc::channel(EVENTS);
        let (inputs, inputs_inbox) = mpsc::channel(INPUTS);
        let (requests, requests_inbox) = mpsc::channel(REQUESTS);
        let (events, _) = broadcast::channel(LISTENERS);

        let mut config = NetConfig::local();
        config.bootstrap = options.bootstrap;
        config.topics = home.config.domains.iter().map(|domain| crate::effects::topic(domain)).collect();
        if !options.listen.is_empty() {
            config.listen = options.listen;
        }
        let net = Net::start(&config, *keys.node_secret(), net_events)?;

        let account = home.settlement();
        let poll = match home.config.network {
            Preset::Local => Duration::from_millis(250),
            Preset::Production => Duration::from_secs(2),
        };
        let chain = Chain::start(
            ChainConfig {
                urls: home.network.rpc.clone(),
                chain_id: network.deployment.contracts.chain_id,
                contracts: home.network.contracts(&home.config.chain).map_err(DaemonError::Home)?,
                accounts: vec![account],
                start: 0,
                poll,
            },
            chain_events,
        )
        .await?;
        let urls = &home.network.beacon.urls;
        let base = urls.first().ok_or_else(|| DaemonError::Home("the beacon has no address".into()))?;
        let beacon = Arc::new(crate::chain::beacon::DrandClient::new(base)?);
        let staged = home.path("staged");
        std::fs::create_dir_all(&staged).map_err(|source| Fatal::File { path: staged.clone(), source })?;
        let store = Store::open(&home.path("records"))?;
        let (records, ndas) = records::load(&store, &keys)?;
        let trail = Trail::new(store.reader(), keys.clone());
        let sealing = keys.clone();
        let recorder = Recorder::start(store, move |entry| {
            records::to_row(&sealing, &entry).map_err(|error| error.to_string())
        })
        .map_err(|error| DaemonError::Home(format!("no thread for the records: {error}")))?;
        let performer = Performer {
            keys: keys.clone(),
            recorder,
            net: net.clone(),
            chain,
            blobs: Arc::new(Blobs::in_folder(&home.path("blobs"))?),
            staged,
            beacon,
            account,
            inputs,
            answers: std::collections::BTreeMap::new(),
            events: events.clone(),
            ndas,
            gossip: std::collections::BTreeMap::new(),
            fetching: std::collections::BTreeMap::new(),
        };
        let me = home.me(&[]).map_err(DaemonError::Home)?;
        let templates = home.templates().map_err(|error| DaemonError::Home(error.to_string()))?;
        let node = Node::resume(me, home.config.policy.clone(), network, records).with_templates(templates);
        if let Mode::Observe(why) = keys.compare(node.guard_seq())? {
            tracing::error!(%why, "the node observes and signs nothing");
        }
        let listen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let rng = StdRng::try_from_rng(&mut SysRng)
            .map_err(|_| DaemonError::Home("the system gives no randomness".into()))?;
        let exporter = Exporter::new(performer.blobs.clone(), &home.network.rpc);
        let handle = Handle { requests, events, net, listen: listen.clone(), exporter, trail };
        let daemon = Self {
            node,
            performer,
            rng,
            net: net_inbox,
            chain: chain_inbox,
            inputs: inputs_inbox,
            requests: requests_inbox,
            listen,
            view: Heads::default(),
            next_command: 0,
            next_gossip: 0,
        };
        Ok((daemon, handle))
    }

    /// Runs until `stop` resolves.
    ///
    /// # Errors
    /// [`Fatal`] when something that must be kept cannot be.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Fatal> {
        tokio::pin!(stop);
        self.step(Input::Started).await?;
        self.step(Input::Tick).await?;
        let timer = sleep_until(wake(&self.node));
        tokio::pin!(timer);
        loop {
            // One timer, set anew only for an earlier deadline: a frame moves the next one by less than the
            // clock shows, and every setting wakes whoever waits for the system's events.
            let due = wake(&self.node);
            if timer.is_elapsed() || due + TIMER_SLACK < timer.deadline() {
                timer.as_mut().reset(due);
            }
            let event = tokio::select! {
                () = &mut stop => Event::Stop,
                event = next_event(
                    &mut self.inputs, &mut self.requests, &mut self.chain, &mut self.net, timer.as_mut(),
                ) => event,
            };
            match event {
                Event::Stop => break,
                Event::Timer => self.step(Input::Tick).await?,
                Event::Input(input) => self.step(input).await?,
                Event::Request(request) => self.on_request(request).await?,
                Event::Net(event) => self.on_net(event).await?,
                Event::Chain(notice) => self.on_chain(notice).await?,
            }
        }
        Ok(())
    }

    /// One step: the only place where effects are performed.
    async fn step(&mut self, input: Input) -> Result<(), Fatal> {
        for effect in self.node.handle(input, clock::now(), &mut self.rng) {
            self.performer.perform(effect).await?;
        }
        Ok(())
    }

    async fn on_request(&mut self, request: Request) -> Result<(), Fatal> {
        for bytes in &request.staged {
            self.performer.stage(BlobId(Sha256::digest(bytes).into()), bytes)?;
        }
        self.next_command += 1;
        let id = CommandId(self.next_command);
        self.performer.answers.insert(id, request.answer);
        self.step(Input::Command { id, command: request.command }).await
    }

    async fn on_net(&mut self, event: NetEvent) -> Result<(), Fatal> {
        let input = match event {
            NetEvent::Listening { addr } => {
                tracing::info!(%addr, "listening");
                if let Ok(mut listen) = self.listen.lock() {
                    listen.push(addr);
                }
                return Ok(());
            }
            NetEvent::PeerUp { peer } => Input::PeerUp(peer),
            NetEvent::PeerDown { peer } => Input::PeerDown(peer),
            NetEvent::Message { from, bytes } => Input::Message { from, bytes: bytes.into() },
            NetEvent::SendFailed { .. } => return Ok(()),
            NetEvent::Gossip { id, from, bytes, .. } => {
                let number = self.number_gossip(id);
                Input::Gossip { id: number, from, bytes: bytes.into() }
            }
            NetEvent::StreamOpened { stream, peer } => Input::StreamOpened { stream, peer },
            NetEvent::StreamReady { stream } => Input::StreamReady(stream),
            NetEvent::StreamData { stream, bytes } => Input::StreamData { stream, bytes: bytes.into() },
            NetEvent::StreamClosed { stream } => Input::StreamClosed(StreamId(stream.0)),
            NetEvent::BlobOffered { token, from, blob, header, body } => {
                let size = body.len() as u64;
                if let Err(error) = self.performer.blobs.put(body).await {
                    tracing::error!(%error, "a blob was not kept");
                    self.performer.net.answer_offer(token, Err("not kept".into()));
                    return Ok(());
                }
                Input::BlobOffered { token: token.0, from, header: header.into(), blob, size }
            }
            NetEvent::BlobSent { job, result } => {
                self.performer.on_sent(JobId(job), result.map_err(|error| error.to_string()));
                return Ok(());
            }
            NetEvent::BlobWanted { token, from, blob } => {
                self.performer.hand_out(token, from, blob, self.node.keeps(blob));
                return Ok(());
            }
            NetEvent::BlobFetched { job, result } => {
                self.performer.on_fetched(JobId(job), result.ok());
                return Ok(());
            }
            NetEvent::Misbehaved { peer, what } => Input::Misbehaved { peer, what: what.misconduct() },
        };
        self.step(input).await
    }

    fn number_gossip(&mut self, id: GossipId) -> u64 {
        self.next_gossip += 1;
        self.performer.gossip.insert(self.next_gossip, id);
        self.next_gossip
    }

    async fn on_chain(&mut self, notice: Notice) -> Result<(), Fatal> {
        let input = match notice {
            Notice::Heads { heads, final_time, price } => {
                self.view.latest = Some((heads.latest.mark.number, heads.latest.time));
                self.view.price = Some(price);
                self.view.final_time = final_time;
                let (safe, finalized) = (heads.safe.number, heads.finalized.number);
                self.step(Input::Chain(ChainUpdate::Ledger(LedgerEvent::Heads { safe, finalized }))).await?;
                return self.tell_head().await;
            }
            Notice::Account { nonce_final, .. } => {
                self.view.nonce_final = Some(nonce_final);
                return self.tell_head().await;
            }
            Notice::Logged { block, logs } => {
                Input::Chain(ChainUpdate::Ledger(LedgerEvent::Logged { block, logs }))
            }
            Notice::Dropped { block } => Input::Chain(ChainUpdate::Ledger(LedgerEvent::Dropped { block })),
            Notice::Included(inclusion) => Input::Journal(Fact::Included(inclusion)),
            Notice::Gone { hash, block } => Input::Journal(Fact::Gone { hash, block }),
            Notice::Prepared { intent, result } => Input::Journal(Fact::Prepared { intent, quote: result }),
            Notice::HandedOver { hash, answer, head } => Input::Journal(Fact::Handed { hash, answer, head }),
            Notice::Spent { nonce, by, .. } => Input::Journal(Fact::Spent { nonce, by }),
            Notice::RpcDown { url, error } => {
                let hint =
                    "the node waits, nothing is lost; check it, or name others under rpc in network.json";
                tracing::warn!(%url, %error, hint, "an endpoint of the chain does not answer");
                return Ok(());
            }
            Notice::RpcUp { url } => {
                tracing::info!(%url, "an endpoint of the chain answers again");
                return Ok(());
            }
            Notice::Struck { url, strike } => {
                tracing::error!(%url, ?strike, "an endpoint of the chain is not believed any more");
                return Ok(());
            }
        };
        self.step(input).await
    }

    /// Tells the protocol of a new block once everything about it is known.
    async fn tell_head(&mut self) -> Result<(), Fatal> {
        let Heads { latest: Some((head, time)), price: Some(price), nonce_final: Some(nonce_final), .. } =
            self.view
        else {
            return Ok(());
        };
        let view = ChainView { head, price, nonce_final };
        let final_time = self.view.final_time;
        self.step(Input::Chain(ChainUpdate::Head { view, time, final_time })).await
    }
}

/// When the loop wakes by itself.
fn wake(node: &Node) -> Instant {
    let now = clock::now();
    let wait = node.deadline().map_or(SLEEP_MAX, |at: Timestamp| at.since(now)).min(SLEEP_MAX);
    Instant::now() + wait
}

/// Waits for the next thing that happens: own work first, strangers last.
async fn next_event(
    inputs: &mut mpsc::Receiver<Input>,
    requests: &mut mpsc::Receiver<Request>,
    chain: &mut mpsc::Receiver<Notice>,
    net: &mut mpsc::Receiver<NetEvent>,
    timer: Pin<&mut Sleep>,
) -> Event {
    tokio::select! {
        biased;
        Some(input) = inputs.recv() => Event::Input(input),
        Some(notice) = chain.recv() => Event::Chain(notice),
        Some(request) = requests.recv() => Event::Request(request),
        event = net.recv() => event.map_or(Event::Stop, Event::Net),
        () = timer => Event::Timer,
    }
}
