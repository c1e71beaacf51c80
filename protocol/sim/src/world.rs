//! Nodes on one virtual clock: events in order of time, everything else by the seed.
//!
//! ```text
//! loop { (time, event) = earliest of the queue
//!        now = time
//!        input → node.handle(input, now, rng) → effects, performed in order, each may schedule events }
//! ```
//!
//! Between two effects a process can be made to die; it comes back a moment later from what it had
//! stored. Two worlds of one seed are the same world, record for record.
//!
//! Deliberately absent: threads, tasks, the wall clock, and any randomness but the seed's.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use nuncio_contracts::Beacon as BeaconTerms;
use nuncio_protocol::{
    abi::Deployment,
    beacon::BeaconChain,
    command::{Command, Look, Refusal, Reply},
    effect::Effect,
    ids::CommandId,
    input::Input,
    job::{Job, JobId},
    journal::{fees::FeePolicy, wants::Want},
    node::{Network, Node, Timing},
    record::Record,
    time::Timestamp,
    view::View,
};
use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};

use crate::{
    agent::{Agent, Desk},
    beacon::BeaconKey,
    chain::{Chain, Founding, Settler},
    death::{Death, Doom, Moment},
    host::{Host, Trick, Volatile, Who},
    weather::Weather,
};

mod follow;
mod peers;
mod perform;
mod secrets;

use peers::{Arrival, Peers};

/// When every world begins, Unix seconds.
const BEGIN: u64 = 1_800_000_000;
/// A beacon that has run for an hour, as a real one would have.
const BEACON_GENESIS: u64 = BEGIN - 3600;
/// Seconds between two rounds, and between two blocks.
const PERIOD_SECS: u64 = 1;
/// A process that died is started again after this.
const DOWN: Duration = Duration::from_millis(300);
/// An agent looks at its node at least this often.
const AGENT_POLL: Duration = Duration::from_secs(1);
/// An agent hears of something new after this.
const AGENT_HEARS: Duration = Duration::from_millis(5);
/// A node that wakes by itself more often than this within a second is turning in a circle.
const WAKES_MAX: u32 = 2000;

/// What is due.
#[derive(Debug)]
enum Due {
    Mine,
    Start(Who),
    For { who: Who, life: u64, what: What },
}

/// What is due for one process.
#[derive(Debug)]
enum What {
    Input(Input),
    Work(JobId, Box<Job>),
    Want(Want),
    LookAtChain,
    Wake,
    Agent,
    Arrival(Arrival),
}

/// The world.
#[derive(Debug)]
pub struct World {
    now: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Due>,
    next: u64,
    rng: ChaCha12Rng,
    chain: Chain,
    network: Network,
    beacon: BeaconKey,
    hosts: Vec<Host>,
    peers: Peers,
    weather: Weather,
    dooms: BTreeMap<Who, Doom>,
    deaths: Vec<Death>,
}

impl World {
    /// A world with a chain and a beacon, and nobody in it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_timing(seed, Self::timing())
    }

    /// The waiting times of a local chain, with turns of the jury long enough for a juror that dies,
    /// or whose messages are lost, to come back. A jury that has heard everybody does not wait.
    #[must_use]
    pub fn timing() -> Timing {
        Timing { commit: Duration::from_secs(120), reveal: Duration::from_secs(120), ..Timing::local() }
    }

    /// A world in which nodes wait like this.
    ///
    /// # Panics
    /// Never: the beacon's key is one.
    #[must_use]
    pub fn with_timing(seed: u64, timing: Timing) -> Self {
        let beacon = BeaconKey::from_seed(b"nuncio-sim");
        let genesis = u32::try_from(BEACON_GENESIS).expect("invariant: the begin is before 2106");
        let period_secs = u32::try_from(PERIOD_SECS).expect("invariant: a second is short");
        let terms = BeaconTerms { public_key: beacon.public_uncompressed(), genesis, period_secs };
        let founding = Founding::new(BEGIN - 10, &terms);
        let beacon_chain = BeaconChain::new("sim", beacon.public(), BEACON_GENESIS, PERIOD_SECS)
            .expect("invariant: the key is a point and the period is not 0");
        let network = Network {
            deployment: founding.deployment,
            usdc: founding.usdc.clone(),
            beacon: beacon_chain,
            timing: Timing { fees: FeePolicy::default(), ..timing },
        };
        let mut world = Self {
            now: Timestamp::from_secs(BEGIN),
            queue: BTreeMap::new(),
            next: 0,
            rng: ChaCha12Rng::seed_from_u64(seed),
            chain: founding.chain,
            network,
            beacon,
            hosts: Vec::new(),
            peers: Peers::default(),
            weather: Weather::FAIR,
            dooms: BTreeMap::new(),
            deaths: Vec::new(),
        };
        world.at(Duration::ZERO, Due::Mine);
        world
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The time since the begin.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now.since(Timestamp::from_secs(BEGIN))
    }

    /// The chain.
    pub const fn chain(&mut self) -> &mut Chain {
        &mut self.chain
    }

    /// Where the contracts are.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.network.deployment
    }

    /// A machine.
    #[must_use]
    pub fn host(&self, who: Who) -> &Host {
        &self.hosts[who.0]
    }

    pub(crate) fn host_mut(&mut self, who: Who) -> &mut Host {
        &mut self.hosts[who.0]
    }

    /// All machines.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Processes that died so far.
    #[must_use]
    pub fn deaths(&self) -> &[Death] {
        &self.deaths
    }

    /// Changes the weather from now on.
    pub const fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Lets a machine's processes die.
    pub fn doom(&mut self, who: Who, doom: Doom) {
        self.dooms.insert(who, doom);
    }

    /// Lets a machine's processes live from now on.
    pub fn spare(&mut self, who: Who) {
        self.dooms.remove(&who);
    }

    /// Makes a machine cheat from now on.
    pub fn teach(&mut self, who: Who, trick: Trick) {
        self.host_mut(who).tricks.insert(trick);
    }

    /// Gives a machine its agent.
    pub fn employ(&mut self, who: Who, agent: impl Agent + 'static) {
        self.host_mut(who).agent = Some(Box::new(agent));
        self.wake_agent(who, AGENT_HEARS);
    }

    /// Runs until the condition holds; says whether it did within this time.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now.plus(limit);
        while !done(self) {
            let Some((&(time, number), _)) = self.queue.first_key_value() else { return false };
            if time > end {
                return false;
            }
            let Some(due) = self.queue.remove(&(time, number)) else { return false };
            self.now = time.max(self.now);
            self.happen(due);
        }
        true
    }

    /// Runs for this long.
    pub fn run(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    fn at(&mut self, wait: Duration, due: Due) {
        self.next += 1;
        self.queue.insert((self.now.plus(wait), self.next), due);
    }

    /// Schedules something for the process that a machine runs now.
    fn due(&mut self, wait: Duration, who: Who, what: What) {
        let life = self.host(who).life;
        self.at(wait, Due::For { who, life, what });
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Mine => self.mine(),
            Due::Start(who) => self.start(who),
            Due::For { who, life, what } => {
                let host = self.host(who);
                if host.life == life && host.node.is_some() {
                    self.happen_to(who, what);
                } else {
                    self.miss(what);
                }
            }
        }
    }

    fn happen_to(&mut self, who: Who, what: What) {
        match what {
            What::Input(input) => {
                self.step(who, input);
            }
            What::Work(id, job) => self.work(who, id, *job),
            What::Want(want) => self.do_want(who, want),
            What::LookAtChain => self.look_at_chain(who),
            What::Wake => self.wake(who),
            What::Agent => self.agent_turn(who),
            What::Arrival(arrival) => self.arrive(who, arrival),
        }
    }

    /// What was meant for a process that is gone.
    fn miss(&mut self, what: What) {
        if let What::Arrival(arrival) = what {
            self.turn_back(arrival);
        }
    }

    fn wake(&mut self, who: Who) {
        let now = self.now;
        let volatile = &mut self.host_mut(who).volatile;
        if volatile.wake != Some(now) {
            return;
        }
        volatile.wake = None;
        let (second, times) = volatile.woken;
        volatile.woken = if second == now.secs() { (second, times + 1) } else { (now.secs(), 0) };
        assert!(volatile.woken.1 < WAKES_MAX, "{} turns in a circle at {now}", self.host(who).name);
        self.step(who, Input::Tick);
    }

    /// Sets the machine's alarm to the node's deadline.
    fn set_alarm(&mut self, who: Who) {
        let now = self.now;
        let Some(deadline) = self.host(who).node.as_ref().and_then(Node::deadline) else { return };
        let at = deadline.max(now.plus(Duration::from_millis(1)));
        let volatile = &mut self.host_mut(who).volatile;
        if volatile.wake.is_none_or(|set| at < set) {
            volatile.wake = Some(at);
            self.due(at.since(now), who, What::Wake);
        }
    }

    fn wake_agent(&mut self, who: Who, wait: Duration) {
        let host = self.host_mut(who);
        if host.agent.is_some() && host.node.is_some() && !host.volatile.agent_due {
            host.volatile.agent_due = true;
            self.due(wait, who, What::Agent);
        }
    }

    fn agent_turn(&mut self, who: Who) {
        let Some(mut agent) = self.host_mut(who).agent.take() else { return };
        self.host_mut(who).volatile.agent_due = false;
        agent.act(&mut Desk::new(self, who));
        self.host_mut(who).agent = Some(agent);
        self.wake_agent(who, AGENT_POLL);
    }

    pub(crate) fn command_id(&mut self, who: Who) -> CommandId {
        CommandId(self.host_mut(who).number())
    }

    /// Shows what a node shows; no instant to die at, since looking changes nothing.
    pub(crate) fn look(&mut self, who: Who, look: Look) -> Option<Result<Reply, Refusal>> {
        let id = self.command_id(who);
        let command = Command::Look(look);
        let now = self.now;
        let Host { node, rng, .. } = self.host_mut(who);
        let effects = node.as_mut()?.handle(Input::Command { id, command }, now, rng);
        for effect in effects {
            self.perform(who, effect);
        }
        self.host_mut(who).volatile.replies.remove(&id)
    }

    /// One step of one node: the only place where what it decides is done. Says whether it lived on.
    pub(crate) fn step(&mut self, who: Who, input: Input) -> bool {
        let now = self.now;
        let Host { node, rng, .. } = self.host_mut(who);
        let Some(node) = node.as_mut() else { return false };
        let effects = node.handle(input, now, rng);
        let decided = effects.iter().flat_map(steps).collect();
        let mut moment = Moment { lost: decided, kept: Vec::new(), done: None };
        if !effects.is_empty() && self.dies(who, &moment) {
            return false;
        }
        for effect in effects {
            moment.kept = steps(&effect).collect();
            moment.done = Some(name(&effect));
            self.perform(who, effect);
            if !moment.kept.is_empty() {
                // One batch holds all that a step decided.
                moment.lost.clear();
            }
            if self.dies(who, &moment) {
                return false;
            }
        }
        self.set_alarm(who);
        true
    }

    /// Passes an instant at which the machine's process may be doomed to die.
    fn dies(&mut self, who: Who, moment: &Moment) -> bool {
        let host = self.host_mut(who);
        let number = host.moments;
        host.moments += 1;
        if !self.dooms.get_mut(&who).is_some_and(|doom| doom.strikes(number, moment)) {
            return false;
        }
        let Moment { lost, kept, done } = moment.clone();
        self.deaths.push(Death { who, moment: number, lost, kept, done });
        self.kill(who);
        true
    }

    /// Ends a machine's process as a power cut would, and starts it again a moment later.
    ///
    /// # Panics
    /// When guard or slots do not open again: what was synced must be enough.
    pub fn kill(&mut self, who: Who) {
        self.hang_up(who);
        let host = self.host_mut(who);
        host.node = None;
        host.life += 1;
        host.volatile = Volatile::default();
        host.store.lose_power();
        host.ndas.clear();
        let Host { keys, rng, .. } = host;
        if let Err(why) = keys.crash(rng) {
            panic!("{}: {why}", self.host(who).name);
        }
        self.at(DOWN, Due::Start(who));
    }

    /// Starts a machine's process from what it has stored.
    fn start(&mut self, who: Who) {
        let network = self.network.clone();
        let host = self.host_mut(who);
        let records = host.store.load();
        for record in &records {
            host.note_nda(record);
        }
        let node = Node::resume(host.me.clone(), host.policy.clone(), network, records);
        let mode = host.keys.compare(node.guard_seq());
        let signing = matches!(mode, Ok(nuncio_protocol::guard::Mode::Signing));
        assert!(signing, "{}: the guard is behind its records: {mode:?}", host.name);
        host.node = Some(node);
        if let Some(agent) = &mut host.agent {
            agent.restarted();
        }
        if self.step(who, Input::Started) && self.step(who, Input::Tick) {
            self.due(Duration::from_millis(1), who, What::LookAtChain);
            self.dial(who);
            self.wake_agent(who, AGENT_HEARS);
        }
    }

    /// A machine's own randomness.
    pub(crate) fn seeded(&mut self) -> ChaCha12Rng {
        ChaCha12Rng::from_rng(&mut self.rng)
    }

    /// Lets a principal do what comes before the story.
    pub(crate) fn settle(&mut self, settler: &Settler) {
        self.chain.settle(&self.network.deployment, settler);
    }

    /// Gives somebody a place in the world, and starts its node.
    pub(crate) fn move_in(&mut self, host: Host) -> Who {
        let who = Who(self.hosts.len());
        self.hosts.push(host);
        self.at(Duration::ZERO, Due::Start(who));
        who
    }

    /// How many agents somebody's node has heard of, its own included.
    pub fn knows(&mut self, who: Who) -> usize {
        let Some(Ok(Reply::View(view))) = self.look(who, Look::Status) else { return 0 };
        let View::Status(status) = *view else { return 0 };
        status.known
    }

    /// What the machines stored, as bytes, machine by machine.
    ///
    /// # Panics
    /// Never: records are JSON.
    #[must_use]
    pub fn chronicle(&self) -> Vec<(String, Vec<String>)> {
        let line = |record: &Record| serde_json::to_string(record).expect("invariant: records are JSON");
        let told = |host: &Host| (host.name.clone(), host.store.records().iter().map(line).collect());
        self.hosts.iter().map(told).collect()
    }

    /// The names of all steps that a machine has stored.
    #[must_use]
    pub fn steps_of(&self, who: Who) -> BTreeSet<&'static str> {
        self.host(who).store.records().iter().map(Record::step).collect()
    }
}

/// The steps that an effect stores.
fn steps(effect: &Effect) -> impl Iterator<Item = &'static str> {
    let records = if let Effect::Persist { records, .. } = effect { records.as_slice() } else { &[] };
    records.iter().map(Record::step).collect::<Vec<_>>().into_iter()
}

/// What an effect is called in an account of a death.
const fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Persist { .. } => "persist",
        Effect::Stage { .. } => "stage",
        Effect::Send { .. } => "send",
        Effect::Gossip { .. } => "gossip",
        Effect::SettleGossip { .. } => "settle-gossip",
        Effect::OpenStream { .. } => "open-stream",
        Effect::StreamSend { .. } => "stream-send",
        Effect::CloseStream { .. } => "close-stream",
        Effect::AnswerBlob { .. } => "answer-blob",
        Effect::SessionKey { .. } => "session-key",
        Effect::Perform(..) => "perform",
        Effect::Chain(_) => "chain",
        Effect::Reply { .. } => "reply",
        Effect::Notify { .. } => "notify",
        Effect::Ban(_) => "ban",
    }
}
