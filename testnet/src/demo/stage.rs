//! The stage: chain, contracts, beacon, money, mandates, seats, and daemons that have found each other.
//!
//! Everything that a story needs before anybody acts. Dropping the stage ends every process on it.

use std::{
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256, U256, aliases::U40};
use futures::future::{join_all, try_join_all};
use nuncio_protocol::{money::Usdc, typed::Mandate};
use serde::Deserialize;

use super::{
    DemoError,
    cast::{BUYER, CAST, Part, principals},
    narrator::Narrator,
    past,
};
use crate::{
    beacon::{Info, LOCAL_SEED},
    chain::{Account, LocalChain, network},
    cluster::{Network, NetworkBeacon, Node, Places, Token},
    patience::within,
    process::Process,
};

/// A node is in when it knows this many others.
const PEERS_MIN: u64 = 3;
/// A mandate's limits: above any deal of the story, below the purse.
const PER_PERIOD: u64 = 400_000_000;
/// Where a principal keeps larger deals to itself: below the deal of the story.
const HUMAN_ABOVE: Usdc = Usdc(100_000_000);
/// The one kind of deal that the buyer's principal allows its agent.
pub(super) const TEMPLATE: &str = "filing-summary";
/// How long strangers may take to find each other.
const DISCOVERY: Duration = Duration::from_secs(30);

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The chain with the contracts.
    pub(crate) chain: LocalChain,
    /// The nodes, in the order of the cast.
    pub(crate) nodes: Vec<Node>,
    /// Their principals, in the same order.
    pub(crate) principals: Vec<Account>,
    /// What each principal owned when the stage was set, credit included.
    pub(crate) before: Vec<Usdc>,
    /// What each agent's own account held then, fees of earlier deals included.
    pub(crate) agents_before: Vec<Usdc>,
    /// Where everything lies.
    pub(crate) places: Places,
    /// The block from which on the story counts.
    pub(crate) first_block: u64,
    beacon: Process,
}

impl Stage {
    /// Sets it for the cast of the worked example.
    ///
    /// With `approve`, the buyer's principal keeps deals like the one of the story to itself.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(crate) async fn set(
        places: Places,
        approve: bool,
        narrator: &mut Narrator,
    ) -> Result<Self, DemoError> {
        let mut cast = CAST;
        if approve {
            cast[BUYER].human_above = HUMAN_ABOVE;
        }
        let prepare = |node: &Node| -> Result<(), DemoError> {
            if node.name() == CAST[BUYER].name {
                node.allow_templates(&[TEMPLATE])?;
            }
            Ok(())
        };
        Self::raise(&cast, true, places, narrator, prepare).await
    }

    /// Sets it for a cast without a past; `prepare` sees each home before its node is started.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(crate) async fn set_for(
        cast: &[Part],
        places: Places,
        narrator: &mut Narrator,
        prepare: impl Fn(&Node) -> Result<(), DemoError>,
    ) -> Result<Self, DemoError> {
        Self::raise(cast, false, places, narrator, prepare).await
    }

    async fn raise(
        cast: &[Part],
        has_past: bool,
        places: Places,
        narrator: &mut Narrator,
        prepare: impl Fn(&Node) -> Result<(), DemoError>,
    ) -> Result<Self, DemoError> {
        let (info, beacon, url) = start_beacon(&places).await?;
        narrator
            .tell("beacon", &format!("{url}, chain {}, a round each {} s", &info.hash[..16], info.period));
        let mut chain = LocalChain::start(&places.root).await?;
        narrator.tell("chain", &format!("{}, escrow {}", chain.rpc(), chain.contracts().escrow));

        let network = Network {
            deployment: chain.deployment(),
            rpc: vec![chain.rpc()],
            beacon: NetworkBeacon { urls: vec![url], info },
        };
        let file =
            serde_json::to_vec_pretty(&network).map_err(|error| DemoError::Broken(error.to_string()))?;
        let file = places.write("network.json", &file)?;
        let mut principals = principals(cast);
        let made = cast.iter().zip(&principals);
        let made = made
            .map(|(part, principal)| Node::init(&places, part.name, part.role, principal.address(), &file));
        let mut nodes = try_join_all(made).await?;
        for node in &nodes {
            narrator
                .tell(node.name(), &format!("{} account {}", node.identity().did, node.identity().address));
        }
        nodes.iter().try_for_each(prepare)?;
        fund(cast, &mut chain, &mut principals, &nodes).await?;
        narrator.tell("principals", "mandates signed, credit deposited, seats taken");
        if has_past {
            let seeds = past::SEEDS.map(|name| nodes[past::place(name)].identity().did.as_str());
            nodes.iter().try_for_each(|node| node.trust(&seeds))?;
            past::happen(&mut chain, &principals, &nodes).await?;
            narrator.tell(
                "the past",
                "five small deals of earlier customers, judged, paid and rated on this chain",
            );
        }

        let (first, others) = nodes.split_first_mut().expect("invariant: the cast is not empty");
        // The first node answers anybody about anybody's record.
        first.start_with(&[], &["--oracle", "127.0.0.1:0"]).await?;
        let bootstrap = first.dialled_at().await?;
        let started = join_all(others.iter_mut().map(|node| node.start(&bootstrap))).await;
        started.into_iter().collect::<Result<Vec<()>, _>>()?;
        narrator.tell("nodes", &format!("{} daemons up; all know {}", nodes.len(), bootstrap.join(" ")));
        for node in &nodes {
            acquainted(node).await?;
        }
        narrator.tell("nodes", "found each other by gossip");

        let first_block = chain.block().await?;
        let mut before = Vec::new();
        for principal in &principals {
            before.push(chain.wealth(principal.address()).await?);
        }
        let mut agents_before = Vec::new();
        for node in &nodes {
            agents_before.push(chain.wealth(node.identity().address).await?);
        }
        Ok(Self { chain, nodes, principals, before, agents_before, places, first_block, beacon })
    }

    /// The buyer's node.
    #[must_use]
    pub(crate) fn buyer(&self) -> &Node {
        &self.nodes[BUYER]
    }

    /// The principal behind an agent's account.
    #[must_use]
    pub(crate) fn part_of(&self, account: Address) -> Option<usize> {
        let agent = self.nodes.iter().position(|node| node.identity().address == account);
        agent.or_else(|| self.principals.iter().position(|principal| principal.address() == account))
    }

    /// Takes it down in order: nodes, beacon, chain. The chain's state is kept.
    pub(crate) async fn strike(mut self) {
        join_all(self.nodes.iter_mut().map(Node::stop)).await;
        self.beacon.stop().await;
        self.chain.stop().await;
    }
}

/// Starts the process of the local network's beacon.
async fn start_beacon(places: &Places) -> Result<(Info, Process, String), DemoError> {
    let nuncio_contracts::Beacon { genesis, period_secs, .. } = network().beacon;
    let me = std::env::current_exe().map_err(|error| DemoError::Broken(error.to_string()))?;
    let mut command = Command::new(me);
    command.args([
        "beacon",
        "--genesis",
        &genesis.to_string(),
        "--period",
        &period_secs.to_string(),
        "--seed",
        LOCAL_SEED,
    ]);
    let mut process = Process::spawn("beacon", command, &places.log("beacon"))?;
    let url = process
        .line("listens", Duration::from_secs(10), |line| {
            line.strip_prefix("beacon ")?.split(' ').next().map(str::to_owned)
        })
        .await?;
    let info: Info = within("the beacon answers", Duration::from_secs(10), async || {
        reqwest::get(format!("{url}/info")).await.ok()?.json().await.ok()
    })
    .await?;
    Ok((info, process, url))
}

/// What the principals do before their agents may act: pay in, sign mandates, take seats.
async fn fund(
    cast: &[Part],
    chain: &mut LocalChain,
    principals: &mut [Account],
    nodes: &[Node],
) -> Result<(), DemoError> {
    for (part, principal) in cast.iter().zip(principals.iter()) {
        chain.give_ether(principal.address()).await?;
        if part.purse > Usdc::ZERO {
            chain.mint(principal.address(), part.purse).await?;
        }
    }
    for node in nodes {
        chain.give_ether(node.identity().address).await?;
    }
    chain.settle().await?;
    for ((part, principal), node) in cast.iter().zip(principals.iter_mut()).zip(nodes) {
        if part.credit > Usdc::ZERO {
            chain.deposit(principal, part.credit).await?;
        }
        if part.provider > 0 {
            chain.seat(principal, node.identity().address, part.provider).await?;
        }
        mandate(chain, principal, node, part).await?;
    }
    chain.settle().await?;
    Ok(())
}

/// The principal signs first, the agent's node countersigns, anybody sends.
async fn mandate(
    chain: &mut LocalChain,
    principal: &Account,
    node: &Node,
    part: &Part,
) -> Result<(), DemoError> {
    #[derive(Deserialize)]
    struct Countersigned {
        signature: alloy::primitives::Bytes,
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let mandate = Mandate {
        agent: node.identity().address,
        principal: principal.address(),
        spender: chain.contracts().escrow,
        card: node.identity().card_id,
        agentId: U256::ZERO,
        humanAbove: part.human_above.0,
        perPeriod: PER_PERIOD,
        period: 86_400,
        scopes: part.scopes,
        validFrom: U40::from(now - 60),
        validUntil: U40::from(now + 30 * 86_400),
        policy: B256::ZERO,
        serial: 1,
    };
    let signature = principal.sign(&mandate, chain.contracts());
    let paper = serde_json::json!({
        "agent": mandate.agent, "principal": mandate.principal, "spender": mandate.spender, "card": mandate.card,
        "agentId": mandate.agentId.to_string(), "humanAbove": mandate.humanAbove.to_string(),
        "perPeriod": mandate.perPeriod.to_string(), "period": mandate.period, "scopes": mandate.scopes,
        "validFrom": mandate.validFrom.to::<u64>(), "validUntil": mandate.validUntil.to::<u64>(),
        "policy": mandate.policy, "serial": mandate.serial, "signature": signature,
    });
    let path = node.home().join("mandate.json");
    std::fs::write(&path, paper.to_string())
        .map_err(|source| crate::cluster::ClusterError::File { path: path.clone(), source })?;
    let path = path.to_string_lossy();
    let Countersigned { signature: agent } = node.ask(&["mandate", "countersign", &path, "--json"]).await?;
    chain.grant(&mandate, signature, agent).await?;
    Ok(())
}

async fn acquainted(node: &Node) -> Result<(), DemoError> {
    let api = node.api(Token::Readonly)?;
    let known = async || {
        let status: crate::node_api::NodeStatus = api.get("/status").await.ok()?;
        (status.peers >= PEERS_MIN).then_some(())
    };
    within(format!("{} knows {PEERS_MIN} others", node.name()), DISCOVERY, known).await?;
    Ok(())
}
