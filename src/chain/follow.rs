//! The follower: one task that looks at the heads, walks the trail, and tells what changed.
//!
//! A look asks every endpoint for its chain id and its three heads, feeds the quorum, walks the
//! trail to the newest head of the best endpoint (`walk`), raises `safe` and `finalized` as far as
//! enough endpoints agree on blocks *and* logs, and asks about tracked transactions (`track`).
//! An endpoint that gives no answer is asked again after a pause that doubles up to a few seconds.
//!
//! It may not be dropped half-way: it owns the state; it ends when nobody listens or commands.
//!
//! Deliberately absent: any decision about money.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy_primitives::Address;
use futures::future::join_all;
use nuncio_protocol::{
    abi::ChainLog,
    block::{Block, Heads, Level, Mark},
    ids::TxHash,
    journal::{
        decide::Inclusion,
        fees::{GasPrice, Wei},
    },
    quorum::{Endpoint, Quorum, Strike},
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    ChainError, Command, Notice, Shared, Standing, Unfit, check,
    rpc::{At, Header, Rpc, RpcError},
    trail::Trail,
};

mod track;
mod walk;

/// The longest pause before an endpoint that gave no answer is asked again.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Nobody listens any more.
pub(super) struct Unheard;

/// The owner of all that is known of the endpoints and the newest blocks.
pub(super) struct Follower {
    shared: Arc<Shared>,
    quorum: Quorum,
    ears: Vec<Ear>,
    trail: Trail,
    /// Logs of blocks that other endpoints have not confirmed yet, by number.
    unconfirmed: BTreeMap<u64, Vec<ChainLog>>,
    /// Up to here enough endpoints gave the same logs.
    confirmed: Option<Mark>,
    /// An endpoint whose logs were not confirmed: another is walked along next.
    doubted: Option<Endpoint>,
    told: Option<Heads>,
    standing: watch::Sender<Standing>,
    tip: Wei,
    accounts: BTreeMap<Address, (u64, u64, Wei)>,
    tracked: BTreeMap<TxHash, Option<Inclusion>>,
    /// The heads at which all tracked transactions were last asked about.
    tracked_at: Option<Heads>,
}

/// How an endpoint was heard so far.
#[derive(Clone, Copy, Debug)]
struct Ear {
    checked: bool,
    up: bool,
    pause: Duration,
    again: Instant,
    last: Option<Heard>,
}

/// An endpoint's heads and the base fee of its newest block.
#[derive(Clone, Copy, Debug)]
struct Heard {
    heads: Heads,
    base_fee: Wei,
}

impl Follower {
    pub(super) fn new(shared: Arc<Shared>, quorum: Quorum, standing: watch::Sender<Standing>) -> Self {
        let ear = |_| Ear {
            checked: false,
            up: true,
            pause: shared.config.poll,
            again: Instant::now(),
            last: None,
        };
        let ears = (0..shared.rpcs.len()).map(ear).collect();
        Self {
            shared,
            quorum,
            ears,
            trail: Trail::default(),
            unconfirmed: BTreeMap::new(),
            confirmed: None,
            doubted: None,
            told: None,
            standing,
            tip: Wei::default(),
            accounts: BTreeMap::new(),
            tracked: BTreeMap::new(),
            tracked_at: None,
        }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let mut again = false;
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(Command::Track(hashes)) => {
                        self.tracked.extend(hashes.into_iter().map(|hash| (hash, None)));
                        self.tracked_at = None;
                        continue;
                    }
                    None => return,
                },
                () = tokio::time::sleep(self.shared.config.poll), if !again => {}
                () = std::future::ready(()), if again => {}
            }
            match self.look().await {
                Ok(more) => again = more,
                Err(Unheard) => return,
            }
        }
    }

    /// One look; says whether there is more to walk at once.
    async fn look(&mut self) -> Result<bool, Unheard> {
        self.hear().await?;
        self.ask().await?;
        if self.quorum.heads().is_none() {
            return Ok(false);
        }
        let more = self.walk().await?;
        self.tell_heads().await?;
        self.follow_tracked().await?;
        Ok(more)
    }

    async fn tell(&self, notice: Notice) -> Result<(), Unheard> {
        if self.shared.tell(notice).await { Ok(()) } else { Err(Unheard) }
    }

    async fn tell_struck(&self, struck: Vec<(Endpoint, Strike)>) -> Result<(), Unheard> {
        for (endpoint, strike) in struck {
            let url = self.rpc(endpoint).url().to_owned();
            tracing::warn!(url, %strike, "an RPC endpoint is not believed any more");
            self.tell(Notice::Struck { url, strike }).await?;
        }
        Ok(())
    }

    fn rpc(&self, endpoint: Endpoint) -> &Rpc {
        &self.shared.rpcs[endpoint.0]
    }

    /// The endpoint to walk along: the best that is not in doubt, else the best.
    fn guide(&self) -> Option<Endpoint> {
        let preferred = self.quorum.preferred();
        let undoubted = preferred.iter().find(|endpoint| Some(**endpoint) != self.doubted);
        undoubted.or_else(|| preferred.first()).copied()
    }

    /// Asks everybody who is due for chain and heads.
    async fn hear(&mut self) -> Result<(), Unheard> {
        let now = Instant::now();
        let due = (0..self.ears.len())
            .map(Endpoint)
            .filter(|endpoint| self.ears[endpoint.0].again <= now && self.quorum.struck(*endpoint).is_none());
        let asked = due.map(|endpoint| {
            let Ear { checked, last, .. } = self.ears[endpoint.0];
            let shared = Arc::clone(&self.shared);
            async move { (endpoint, heads(&shared, endpoint, checked, last).await) }
        });
        let answers = join_all(asked.collect::<Vec<_>>()).await;
        for (endpoint, answer) in answers {
            match answer {
                Ok(heard) => self.heard(endpoint, heard).await?,
                Err(Unusable::Silent(error)) => self.unheard(endpoint, error).await?,
                Err(Unusable::Wrong(actual)) => {
                    let strike = self.quorum.on_chain_id(endpoint, actual);
                    self.tell_struck(strike.map(|strike| (endpoint, strike)).into_iter().collect()).await?;
                }
            }
        }
        Ok(())
    }

    async fn heard(&mut self, endpoint: Endpoint, heard: Heard) -> Result<(), Unheard> {
        let poll = self.shared.config.poll;
        let ear = &mut self.ears[endpoint.0];
        let was_up = ear.up;
        *ear = Ear { checked: true, up: true, pause: poll, again: Instant::now(), last: Some(heard) };
        if !was_up {
            let url = self.rpc(endpoint).url().to_owned();
            tracing::info!(url, "an RPC endpoint answers again");
            self.tell(Notice::RpcUp { url }).await?;
        }
        let struck = self.quorum.on_heads(endpoint, heard.heads);
        self.tell_struck(struck).await
    }

    async fn unheard(&mut self, endpoint: Endpoint, error: RpcError) -> Result<(), Unheard> {
        self.quorum.on_silence(endpoint);
        let ear = &mut self.ears[endpoint.0];
        let was_up = ear.up;
        ear.up = false;
        ear.again = Instant::now() + ear.pause;
        ear.pause = (ear.pause * 2).min(PAUSE_MAX);
        if was_up {
            let url = self.rpc(endpoint).url().to_owned();
            tracing::warn!(url, %error, "an RPC endpoint gives no answer");
            self.tell(Notice::RpcDown { url, error }).await?;
        }
        Ok(())
    }

    /// Asks those ahead for the hashes that let them agree with those behind.
    async fn ask(&mut self) -> Result<(), Unheard> {
        for ask in self.quorum.asks() {
            match self.rpc(ask.endpoint).header(At::Number(ask.number)).await {
                Ok(Some(header)) => {
                    let struck = self.quorum.on_hash(ask.endpoint, header.block.mark, ask.level);
                    self.tell_struck(struck).await?;
                }
                Ok(None) => {}
                Err(error) => self.unheard(ask.endpoint, error).await?,
            }
        }
        Ok(())
    }

    /// Tells the heads, as far as the trail leads and logs are confirmed, where they moved.
    async fn tell_heads(&mut self) -> Result<(), Unheard> {
        let Some(heads) = self.believed().await else { return Ok(()) };
        let order = self.quorum.preferred();
        if self.told == Some(heads) {
            self.standing.send_modify(|standing| standing.order = order);
            return Ok(());
        }
        let Some(guide) = self.guide() else { return Ok(()) };
        // What is final stays on the trail until a later block is; without it nothing is told.
        let Some(&Block { time: final_time, .. }) = self.trail.block(heads.finalized.number) else {
            return Ok(());
        };
        if let Ok(tip) = self.rpc(guide).tip().await {
            self.tip = tip;
        }
        let price = GasPrice { base: self.base_fee(guide), tip: self.tip };
        let (head, finalized) = (heads.latest.mark.number, heads.finalized.number);
        self.standing.send_replace(Standing { order, head, finalized });
        self.told = Some(heads);
        self.trail.cut(finalized);
        self.tell(Notice::Heads { heads, final_time, price }).await?;
        self.tell_accounts(guide).await
    }

    /// The trail's newest block, and the agreed heads below it that are confirmed.
    async fn believed(&mut self) -> Option<Heads> {
        let latest = *self.trail.tip()?;
        let agreed = self.quorum.heads()?;
        self.confirm(agreed.safe).await;
        let confirmed = self.confirmed?;
        let lower = |mark: Mark| if mark.number > confirmed.number { confirmed } else { mark };
        let finalized = lower(self.quorum.agreed(Level::Final)?);
        Some(Heads { latest, safe: lower(agreed.safe), finalized })
    }

    fn base_fee(&self, endpoint: Endpoint) -> Wei {
        self.ears[endpoint.0].last.map(|heard| heard.base_fee).unwrap_or_default()
    }

    async fn tell_accounts(&mut self, guide: Endpoint) -> Result<(), Unheard> {
        for address in self.shared.config.accounts.clone() {
            let rpc = self.rpc(guide);
            let asked = tokio::try_join!(
                rpc.nonce(address, At::Latest),
                rpc.nonce(address, At::Final),
                rpc.balance(address)
            );
            let Ok((nonce, nonce_final, balance)) = asked else { continue };
            if self.accounts.insert(address, (nonce, nonce_final, balance))
                != Some((nonce, nonce_final, balance))
            {
                self.tell(Notice::Account { address, nonce, nonce_final, balance }).await?;
            }
        }
        Ok(())
    }
}

/// Why an endpoint's heads cannot be used.
enum Unusable {
    Silent(RpcError),
    Wrong(u64),
}

impl From<RpcError> for Unusable {
    fn from(error: RpcError) -> Self {
        Self::Silent(error)
    }
}

/// One endpoint's heads. Its chain is looked at again with every new block, its code once.
///
/// While the newest block stays the same nothing else is asked: `safe` moves with new blocks.
async fn heads(
    shared: &Shared,
    endpoint: Endpoint,
    checked: bool,
    last: Option<Heard>,
) -> Result<Heard, Unusable> {
    let rpc = &shared.rpcs[endpoint.0];
    let missing = || RpcError::Nonsense("it has no newest, safe or final block");
    let latest = rpc.header(At::Latest).await?.ok_or_else(missing)?;
    if let Some(heard) = last.filter(|heard| heard.heads.latest == latest.block) {
        return Ok(heard);
    }
    let (chain, safe, finalized) =
        tokio::try_join!(rpc.chain_id(), rpc.header(At::Safe), rpc.header(At::Final))?;
    if chain != shared.config.chain_id {
        return Err(Unusable::Wrong(chain));
    }
    if !checked {
        match check(rpc, &shared.config).await {
            Ok(()) => {}
            Err(Unfit::Silent(error)) => return Err(Unusable::Silent(error)),
            Err(Unfit::Wrong(ChainError::WrongChain { actual, .. })) => return Err(Unusable::Wrong(actual)),
            Err(Unfit::Wrong(error)) => return Err(Unusable::Silent(RpcError::Silent(error.to_string()))),
        }
    }
    let mark = |header: Option<Header>| header.map(|header| header.block.mark).ok_or_else(missing);
    let heads = Heads { latest: latest.block, safe: mark(safe)?, finalized: mark(finalized)? };
    Ok(Heard { heads, base_fee: latest.base_fee })
}
