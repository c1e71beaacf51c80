//! The table at which two daemons sit: from an empty folder to a negotiation whose panel stands.
//!
//! The same agents as in the worked example bring their nodes there, with the same wishes; then they
//! leave, and the nodes' own strategies bargain.
//!
//! Deliberately absent: an agreement.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use nuncio_protocol::{
    command::Concession,
    money::Usdc,
    typed::{SCOPE_BUY, SCOPE_SELL},
};
use serde_json::Value;

use crate::{
    agent::{
        Agent, AgentError, Buyer, Seller,
        instructions::{BuyerInstructions, SellerInstructions},
    },
    cluster::{ClusterError, Node, NodeRole, Places, Token},
    corpus::Corpus,
    demo::{
        DemoError,
        cast::{PASSIVE, Part, juror},
        narrator::Narrator,
        stage::Stage,
    },
    node_api::{NegotiationView, NodeApi, NodeStatus},
    patience::within,
};

/// Who is needed for a negotiation: vaults that the terms can name, a panel of three, two sides.
const CAST: [Part; 7] = [
    Part { name: "vault-1", ..PASSIVE },
    Part { name: "vault-2", ..PASSIVE },
    juror("juror-1", 1),
    juror("juror-2", 2),
    juror("juror-3", 3),
    Part { name: "seller", role: NodeRole::Trader, scopes: SCOPE_SELL, ..PASSIVE },
    Part {
        name: "buyer",
        role: NodeRole::Trader,
        scopes: SCOPE_BUY,
        purse: Usdc(1_000_000_000),
        credit: Usdc(500_000_000),
        ..PASSIVE
    },
];

/// From the first request to a panel that stands.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the buyer begins with, and where it would end.
const BID: [Usdc; 2] = [Usdc(100_000_000), Usdc(110_000_000)];
/// What the seller begins with, and where it would end.
const ASK: [Usdc; 2] = [Usdc(200_000_000), Usdc(190_000_000)];
/// Own offers of a concession that does not end by itself while it is measured.
const ENDLESS: u32 = 1_000_000_000;
/// The principals' limit of rounds: above what any measurement reaches.
const ROUNDS_MAX: u32 = 2_000_000_000;

/// Two daemons in one negotiation.
#[derive(Debug)]
pub(super) struct Table {
    stage: Stage,
    buyer: NodeApi,
    seller: NodeApi,
    negotiation: String,
    /// Resident memory of both before anything happened, by name.
    idle: Vec<(String, u64)>,
}

impl Table {
    /// Sets the stage and goes on until the panel stands and the first offer is made.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn set(places: Places, narrator: &mut Narrator) -> Result<Self, DemoError> {
        let mut stage = Stage::set_for(&CAST, places, narrator, widen).await?;
        let idle = resident(&stage.nodes).await?;
        let api = |name| {
            let node = stage.nodes.iter().find(|node| node.name() == name);
            node.ok_or_else(|| DemoError::Broken(format!("{name} is not in the cast")))?
                .api(Token::Agent)
                .map_err(DemoError::from)
        };
        let (buyer, seller) = (api("buyer")?, api("seller")?);
        let negotiation = meet(&buyer, &seller).await?;
        narrator.tell("bench", &format!("negotiation {negotiation} has its panel"));
        for node in &mut stage.nodes {
            if node.role() != NodeRole::Trader {
                node.stop().await;
            }
        }
        let table = Self { stage, buyer, seller, negotiation, idle };
        // A few offers each, so that both directions have a frame to be weighed.
        table.begin().await?;
        table.rest().await?;
        Ok(table)
    }

    /// Where everything lies.
    pub(super) const fn places(&self) -> &Places {
        &self.stage.places
    }

    /// Sealed bytes of an offer's frame, the buyer's and the seller's.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn frame_bytes(&self) -> Result<[usize; 2], DemoError> {
        Ok(self.look(&self.buyer).await?.frame_bytes)
    }

    /// Offers so far, of both sides.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn offers(&self) -> Result<u32, DemoError> {
        Ok(self.look(&self.buyer).await?.rounds)
    }

    /// Lets both nodes bargain.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn begin(&self) -> Result<(), DemoError> {
        self.concede(ENDLESS).await
    }

    /// Lets both nodes end what they are at, and waits until neither offers any more.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn rest(&self) -> Result<(), DemoError> {
        self.concede(1).await?;
        let mut last = None;
        let still = async || {
            let offers = self.offers().await.ok()?;
            (last.replace(offers) == Some(offers)).then_some(())
        };
        Ok(within("both sides rest", PATIENCE, still).await?)
    }

    /// Both sides' resident bytes, before anything happened and now, by name.
    ///
    /// # Errors
    /// [`DemoError`].
    pub(super) async fn memory(&self) -> Result<Vec<(String, u64, u64)>, DemoError> {
        let traders = self.stage.nodes.iter().filter(|node| node.role() == NodeRole::Trader);
        let mut rows = Vec::new();
        for (name, now) in resident(traders).await? {
            let before = self.idle.iter().find(|(idle, _)| *idle == name).map_or(0, |(_, bytes)| *bytes);
            rows.push((name, before, now));
        }
        Ok(rows)
    }

    /// Takes everything down.
    pub(super) async fn strike(self) {
        self.stage.strike().await;
    }

    async fn concede(&self, rounds: u32) -> Result<(), DemoError> {
        // The seller first: the buyer's strategy makes the next offer at once when it is its turn.
        for (api, [from, to]) in [(&self.seller, ASK), (&self.buyer, BID)] {
            let path = format!("/negotiations/{}/strategy", self.negotiation);
            let _: Value = api.post(&path, &Concession { from, to, rounds }).await?;
        }
        Ok(())
    }

    async fn look(&self, api: &NodeApi) -> Result<NegotiationView, DemoError> {
        Ok(api.get(&format!("/negotiations/{}", self.negotiation)).await?)
    }
}

/// The principals allow more rounds than any deal needs.
fn widen(node: &Node) -> Result<(), DemoError> {
    let path = node.home().join("config.toml");
    let file = |source| DemoError::Cluster(ClusterError::File { path: path.clone(), source });
    let unfit = |error: &dyn core::fmt::Display| DemoError::Broken(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(file)?;
    let mut config: toml::Table = toml::from_str(&text).map_err(|error| unfit(&error))?;
    let policy = config.get_mut("policy").and_then(toml::Value::as_table_mut);
    let policy = policy.ok_or_else(|| unfit(&"no policy"))?;
    policy.insert("rounds_max".to_owned(), i64::from(ROUNDS_MAX).into());
    let text = toml::to_string_pretty(&config).map_err(|error| unfit(&error))?;
    std::fs::write(&path, text).map_err(file)
}

/// The two agents act until their nodes negotiate and the buyer has made its first offer.
async fn meet(buyer: &NodeApi, seller: &NodeApi) -> Result<String, DemoError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let broken = |error: &dyn core::fmt::Display| DemoError::Broken(error.to_string());
    let wishes = folder.join("instructions");
    let mut wanted = BuyerInstructions::load(&wishes.join("buyer.toml")).map_err(|error| broken(&error))?;
    wanted.bids.wanted = 1;
    (wanted.panel.size, wanted.panel.quorum) = (3, 2);
    // Nobody at this table has a past.
    (wanted.bids.min_standing_bps, wanted.bids.min_pact_bps) = (0, 0);
    let offered = SellerInstructions::load(&wishes.join("seller-careful.toml"));
    let corpus = Corpus::load(&folder.join("corpus"))?;
    let mut buying = Buyer::new("buyer", wanted, corpus.filings);
    let mut selling = Seller::new("seller", offered.map_err(|error| broken(&error))?);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let negotiations: Vec<NegotiationView> = buyer.get("/negotiations").await?;
        if let Some(under_way) = negotiations.iter().find(|n| n.rounds > 0) {
            return Ok(under_way.id.clone());
        }
        for stepped in [selling.step(seller).await, buying.step(buyer).await] {
            match stepped {
                Ok(_) => {}
                // The node was faster; look again.
                Err(AgentError::Api(error)) if error.is_conflict() => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(DemoError::Broken(format!("no negotiation in {} s", PATIENCE.as_secs())))
}

async fn resident(nodes: impl IntoIterator<Item = &Node>) -> Result<Vec<(String, u64)>, DemoError> {
    let mut rows = Vec::new();
    for node in nodes {
        let status: NodeStatus = node.api(Token::Readonly)?.get("/status").await?;
        rows.push((node.name().to_owned(), status.rss_bytes));
    }
    Ok(rows)
}
