//! One node: everything it has agreed to, said and heard, and the one step that moves it.
//!
//! [`Node::handle`] takes one input and returns the effects in order: what is decided is recorded
//! first, in one batch, and everything else follows from the records. Slow acts are jobs; whatever
//! has been started and has no outcome is asked for again by [`Node::resume`], so a crash at any
//! instant costs time and nothing else.
//!
//! Each concern is a file under `node/`: it reads the state, decides, records. State changes happen
//! in `node/fold.rs` alone.
//!
//! Deliberately absent: clocks, keys, sockets, files. And plaintext of sealed papers, which passes
//! through one step and is gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use alloy_primitives::Address;
use rand_core::CryptoRng;

use crate::{
    abi::Deployment,
    beacon::BeaconChain,
    command::{Command, Event, Look, Refusal, Reply},
    deal::Deal,
    did::Did,
    document::{AgentCard, Chain, Signed},
    effect::Effect,
    ids::{BlobId, CaseId, CommandId, DealId, IntentId, NegotiationId, PaperId, PeerKey, StreamId},
    input::Input,
    job::{Job, JobId},
    journal::{ChainView, Journal, wants::WantKey},
    ledger::Ledger,
    misconduct::Misconduct,
    policy::Policy,
    record::Record,
    stage::{
        jury::{Jury, JuryMessage},
        market::{Directory, Market},
        nda::NdaState,
        negotiation::Negotiation,
    },
    template::Templates,
    text::{BoundedVec, Line, Token},
    time::Timestamp,
    typed,
    wire::{self, Receipt},
};

mod agree;
mod approval;
mod begin;
mod bundle;
mod chain;
mod deliver;
mod destroy;
mod evidence;
mod fees;
mod fold;
mod hold;
mod jobs;
mod judge;
mod mail;
mod market;
mod nda;
mod negotiate;
mod offer;
mod open;
mod oracle;
mod panel;
mod papers;
mod promise;
mod rate;
mod report;
mod session;
mod settle;
mod strategy;
mod template;
mod terms;
#[cfg(test)]
mod tests;
mod timing;
mod trust;
mod vault;
mod view;

pub use market::topic as market_topic;
pub use timing::Timing;

/// The network that a node works on.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where the contracts are.
    pub deployment: Deployment,
    /// USDC, as EIP-712 sees it.
    pub usdc: typed::UsdcDomain,
    /// The beacon that panels are drawn from.
    pub beacon: BeaconChain,
    /// Waiting times.
    pub timing: Timing,
}

impl Network {
    /// The chain as papers name it (CAIP-2).
    #[must_use]
    pub const fn chain(&self) -> Chain {
        Chain(self.deployment.contracts.chain_id)
    }
}

/// Who the node is.
#[derive(Clone, Debug)]
pub struct Me {
    /// Its agent's DID.
    pub did: Did,
    /// The signed card.
    pub card: Signed<AgentCard>,
    /// Domains in which it announces and listens.
    pub domains: BoundedVec<Token, 8>,
    /// Task schemas that it offers or asks for.
    pub task_schemas: BoundedVec<Token, 16>,
    /// Multiaddresses at which peers reach it.
    pub addresses: BoundedVec<Line, 8>,
    /// The agents from whose word credibility is walked.
    pub trust_seeds: BTreeSet<Did>,
}

impl Me {
    /// The settlement account.
    #[must_use]
    pub fn settlement(&self) -> Address {
        self.card.document.settlement
    }

    /// The principal's account.
    #[must_use]
    pub fn principal(&self) -> Address {
        self.card.document.principal.address
    }
}

/// A slow act that has no outcome yet.
#[derive(Debug)]
struct Pending {
    job: Job,
    at: Timestamp,
    /// When it may be asked for again after a failure.
    retry_at: Option<Timestamp>,
    /// Whether this process has asked for it.
    running: bool,
}

/// A case of ours as a juror.
#[derive(Debug)]
struct Case {
    delivery: wire::Delivery,
    panel: Option<Jury>,
    reported: bool,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    me: Me,
    policy: Policy,
    templates: Templates,
    network: Network,
    now: Timestamp,

    market: Market,
    ndas: BTreeMap<PaperId, NdaState>,
    negotiations: BTreeMap<NegotiationId, Negotiation>,
    /// The templates that negotiations' pacts are made from, where they are.
    made_from: BTreeMap<NegotiationId, Token>,
    deals: BTreeMap<DealId, Deal>,
    cases: BTreeMap<CaseId, Case>,
    kept: BTreeMap<BlobId, Receipt>,
    journal: Journal,
    jobs: BTreeMap<JobId, Pending>,
    outbox: BTreeMap<u64, mail::Outgoing>,
    misconduct: BTreeMap<PeerKey, u64>,
    /// When a peer left acceptances unconfirmed, the newest few.
    unconfirmed: BTreeMap<PeerKey, VecDeque<Timestamp>>,
    events: VecDeque<(u64, Event)>,
    /// The highest number of the sign guard that is recorded here.
    guard_seq: u64,
    next_record: u64,
    next_job: u64,
    next_message: u64,
    next_event: u64,

    ledger: Ledger,
    directory: Directory,
    /// Scores as of the last time that somebody asked.
    standings: Option<trust::Standings>,
    up: BTreeSet<PeerKey>,
    links: session::Links,
    /// When jurors were last invited, by negotiation; as the buyer, while its panel is open.
    invited: BTreeMap<NegotiationId, panel::Invited>,
    /// Openings of ours that nobody has answered yet, by NDA.
    begins: BTreeMap<PaperId, wire::Begin>,
    waiting: BTreeMap<JobId, CommandId>,
    chain_view: Option<ChainView>,
    /// `block.timestamp` of the newest block and of the newest final one, Unix seconds.
    chain_time: u64,
    final_time: u64,
    /// The numbers of the newest safe and final blocks.
    heads: (u64, u64),
    /// Acts of the journal that are under way.
    wanted: BTreeSet<WantKey>,
    /// When an intent was last refused in simulation.
    refused: BTreeMap<IntentId, Timestamp>,
    /// When a blob was last handed to a vault, by blob and vault.
    puts: BTreeMap<(BlobId, PeerKey), Timestamp>,
    /// Panel messages that this process has posted.
    sent: BTreeSet<String>,
    /// Panel messages that came before the evidence was open.
    early: Vec<(CaseId, JuryMessage)>,
    /// Ratings that this process has reported as seen on chain.
    rated: BTreeSet<DealId>,
    announced_at: Option<Timestamp>,
    next_stream: u64,

    batch: Vec<Record>,
    /// Bytes to keep before the batch is persisted.
    staged: Vec<Effect>,
    effects: Vec<Effect>,
    dirty: Dirty,
}

/// What changed in this step and must be looked at again.
#[derive(Debug, Default)]
struct Dirty {
    all: bool,
    ndas: BTreeSet<PaperId>,
    negotiations: BTreeSet<NegotiationId>,
    /// Negotiations whose session was opened anew.
    resay: BTreeSet<NegotiationId>,
    deals: BTreeSet<DealId>,
    cases: BTreeSet<CaseId>,
    journal: bool,
    outbox: bool,
}

impl Node {
    /// A node that continues from its stored records; an empty list makes a new one.
    ///
    /// Nothing is asked for before [`Input::Started`].
    #[must_use]
    pub fn resume(
        me: Me,
        policy: Policy,
        network: Network,
        records: impl IntoIterator<Item = Record>,
    ) -> Self {
        let ledger = Ledger::new(network.deployment);
        let journal = Journal::new(network.deployment.contracts.chain_id, network.timing.fees);
        let mut node = Self {
            me,
            policy,
            templates: Templates::default(),
            network,
            now: Timestamp::default(),
            market: Market::default(),
            ndas: BTreeMap::new(),
            negotiations: BTreeMap::new(),
            made_from: BTreeMap::new(),
            deals: BTreeMap::new(),
            cases: BTreeMap::new(),
            kept: BTreeMap::new(),
            journal,
            jobs: BTreeMap::new(),
            outbox: BTreeMap::new(),
            misconduct: BTreeMap::new(),
            unconfirmed: BTreeMap::new(),
            events: VecDeque::new(),
            guard_seq: 0,
            next_record: 0,
            next_job: 0,
            next_message: 0,
            next_event: 1,
            ledger,
            directory: Directory::default(),
            standings: None,
            up: BTreeSet::new(),
            links: session::Links::default(),
            invited: BTreeMap::new(),
            begins: BTreeMap::new(),
            waiting: BTreeMap::new(),
            chain_view: None,
            chain_time: 0,
            final_time: 0,
            heads: (0, 0),
            wanted: BTreeSet::new(),
            refused: BTreeMap::new(),
            puts: BTreeMap::new(),
            sent: BTreeSet::new(),
            early: Vec::new(),
            rated: BTreeSet::new(),
            announced_at: None,
            next_stream: 0,
            batch: Vec::new(),
            staged: Vec::new(),
            effects: Vec::new(),
            dirty: Dirty::default(),
        };
        for record in records {
            node.next_record += 1;
            node.apply(&record);
        }
        node.dirty = Dirty::default();
        node
    }

    /// One step: takes an input, returns what must be done, in order.
    pub fn handle(&mut self, input: Input, now: Timestamp, rng: &mut dyn CryptoRng) -> Vec<Effect> {
        self.now = self.now.max(now);
        match input {
            Input::Started => self.on_started(),
            Input::Tick => self.on_tick(rng),
            Input::Command { id, command } => self.on_command(id, command, rng),
            Input::PeerUp(peer) => self.on_peer_up(peer),
            Input::PeerDown(peer) => {
                self.up.remove(&peer);
            }
            Input::Misbehaved { peer, what } => self.misbehaved(peer, what),
            Input::Message { from, bytes } => self.on_message(from, &bytes),
            Input::Gossip { id, from, bytes } => self.on_gossip(id, from, &bytes),
            Input::StreamOpened { stream, peer } => self.on_stream_opened(stream, peer),
            Input::StreamReady(stream) => self.on_stream_ready(stream),
            Input::StreamData { stream, bytes } => self.on_stream_data(stream, &bytes, rng),
            Input::StreamClosed(stream) => self.on_stream_closed(stream),
            Input::BlobOffered { token, from, header, blob, size } => {
                self.on_blob_offered(token, from, &header, blob, size);
            }
            Input::BlobServed { to, blob } => {
                let at = self.now;
                self.record(Record::Served { blob, to, at });
            }
            Input::SessionKey { nda, secret } => self.on_session_key(nda, secret, rng),
            Input::Done(job, outcome) => self.on_done(job, outcome, rng),
            Input::Chain(update) => self.on_chain(update),
            Input::Journal(fact) => self.on_journal(fact),
        }
        self.drive(rng);
        self.flush()
    }

    /// The highest number of the sign guard in the records: a guard behind it was rolled back.
    #[must_use]
    pub const fn guard_seq(&self) -> u64 {
        self.guard_seq
    }

    /// The number of the next record.
    #[must_use]
    pub const fn next_record(&self) -> u64 {
        self.next_record
    }

    /// When the node wants to be woken by [`Input::Tick`] at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let jobs = self.jobs.values().filter_map(|pending| pending.retry_at);
        let outbox = self.outbox.values().filter_map(|m| Some(m.sent?.plus(self.network.timing.resend)));
        let cases = self.cases.iter().filter_map(|(id, case)| match &case.panel {
            Some(panel) => panel.deadline(),
            None => self.evidence_deadline(*id),
        });
        let others = [self.announcement_due(), self.negotiation_deadline(), self.checkpoint_deadline()];
        jobs.chain(outbox).chain(cases).chain(others.into_iter().flatten()).min()
    }

    fn on_started(&mut self) {
        self.dirty.all = true;
    }

    fn on_tick(&mut self, rng: &mut dyn CryptoRng) {
        self.dirty.all = true;
        self.announce_when_due(rng);
        self.checkpoint_when_due();
    }

    fn on_command(&mut self, id: CommandId, command: Command, rng: &mut dyn CryptoRng) {
        let answer = match command {
            Command::Request(request) => self.make_request(id, request, rng),
            Command::Bid(bid) => self.make_bid(id, bid, rng),
            Command::Choose(choice) => self.choose(choice, rng),
            Command::AcceptNda(draft) => self.accept_nda(draft),
            Command::RefuseNda(draft) => self.refuse_nda(draft),
            Command::Negotiate(new) => self.begin_negotiation(new, rng),
            Command::Offer(id, proposal) => self.offer(id, &proposal, rng),
            Command::Accept(id) => self.accept_offer(id, rng),
            Command::End(id) => self.end_negotiation(id, rng),
            Command::Approve(deal, signature) => self.approve(deal, signature),
            Command::Decline(deal) => self.decline(deal, rng),
            Command::Strategy(id, concession) => self.set_strategy(id, concession),
            Command::Deliver(deal, milestone, files) => self.deliver(deal, milestone, files, rng),
            Command::Files(deal, milestone) => self.open_files(id, deal, milestone),
            Command::Rate(deal, value) => self.rate(deal, value, rng),
            Command::StateTrust(did) => self.state_trust(id, &did, rng),
            Command::Attest(index) => self.attest(id, *index, rng),
            Command::Look(look)
                if matches!(look, Look::Trust(_) | Look::Scores | Look::Bids(_) | Look::Settlement) =>
            {
                self.refresh_standings();
                self.look(&look).map(|view| Some(Reply::View(Box::new(view))))
            }
            Command::Look(look) => self.look(&look).map(|view| Some(Reply::View(Box::new(view)))),
        };
        match answer {
            Ok(Some(reply)) => self.effects.push(Effect::Reply { command: id, result: Ok(reply) }),
            Ok(None) => {}
            Err(refusal) => self.effects.push(Effect::Reply { command: id, result: Err(refusal) }),
        }
    }

    /// Tells whoever listens.
    fn note(&mut self, event: Event) {
        self.record(Record::Noted(event));
    }

    /// Counts a peer's misconduct, and stops talking to one that keeps at it.
    fn misbehaved(&mut self, peer: PeerKey, what: Misconduct) {
        let at = self.now;
        self.record(Record::Misconduct { peer, what: what.clone(), at });
        self.note(Event::Misconduct { what });
        if self.misconduct.get(&peer).copied().unwrap_or_default() >= self.network.timing.misconduct_max {
            self.effects.push(Effect::Ban(peer));
        }
    }

    /// Looks at everything that changed and asks for what follows, until nothing changes any more.
    fn drive(&mut self, rng: &mut dyn CryptoRng) {
        loop {
            let dirty = core::mem::take(&mut self.dirty);
            for id in dirty.resay {
                self.resay(id, rng);
            }
            let ndas = if dirty.all { self.ndas.keys().copied().collect() } else { dirty.ndas };
            let negotiations =
                if dirty.all { self.negotiations.keys().copied().collect() } else { dirty.negotiations };
            let deals = if dirty.all { self.deals.keys().copied().collect() } else { dirty.deals };
            let cases = if dirty.all { self.cases.keys().copied().collect() } else { dirty.cases };
            for id in ndas {
                self.drive_nda(id);
            }
            for id in negotiations {
                self.drive_negotiation(id, rng);
            }
            for id in deals {
                self.drive_deal(id, rng);
            }
            for id in cases {
                self.drive_case(id, rng);
            }
            if dirty.journal || dirty.all {
                self.drive_journal();
            }
            if dirty.outbox || dirty.all {
                self.drive_outbox();
            }
            if !self.dirty.any() {
                break;
            }
        }
        self.drive_jobs();
    }

    /// Puts the batch in front of everything else.
    fn flush(&mut self) -> Vec<Effect> {
        let mut effects = core::mem::take(&mut self.staged);
        let records = core::mem::take(&mut self.batch);
        let mut notes = Vec::new();
        if !records.is_empty() {
            let noted = records.iter().filter_map(|record| {
                let Record::Noted(event) = record else { return None };
                Some(event.clone())
            });
            let noted: Vec<Event> = noted.collect();
            let first = self.next_event - noted.len() as u64;
            notes.extend((first..).zip(noted).map(|(seq, event)| Effect::Notify { seq, event }));
            let durable = records.iter().any(Record::is_durable);
            let first = self.next_record;
            self.next_record += records.len() as u64;
            effects.push(Effect::Persist { first, records, durable });
        }
        effects.append(&mut self.effects);
        effects.append(&mut notes);
        effects
    }

    /// A number for a stream that we open; the network numbers inbound ones from the upper half.
    fn stream(&mut self) -> StreamId {
        self.next_stream += 1;
        StreamId(self.next_stream)
    }
}

impl Dirty {
    fn any(&self) -> bool {
        self.all
            || self.journal
            || self.outbox
            || !self.ndas.is_empty()
            || !self.negotiations.is_empty()
            || !self.deals.is_empty()
            || !self.cases.is_empty()
    }
}

/// Nothing of that id is here.
fn not_found(what: &'static str, id: impl core::fmt::Display) -> Refusal {
    Refusal::NotFound { what, id: id.to_string() }
}

/// It cannot be done in this state.
fn not_now(why: &str) -> Refusal {
    Refusal::NotNow { why: why.into() }
}

/// What was asked makes no sense.
fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::Invalid { why: why.into() }
}

#[cfg(test)]
mod faults;
