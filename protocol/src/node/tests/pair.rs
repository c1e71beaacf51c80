//! The two nodes in the middle of a negotiation: NDA signed and anchored, panel drawn, no offer yet.
//!
//! Frames travel over a real session. Signatures come from a signer that holds every exclusive slot
//! to one set of payloads. A node that crashes keeps what it persisted and what its keys signed.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::{B256, U256, aliases::U40};
use rand::{SeedableRng, rngs::StdRng};
use zeroize::Zeroizing;

use super::people::{self, BUYER, JUROR, NOW, SELLER, account, principal, usdc};
use crate::{
    abi::{
        ChainLog, Source, pack, shape,
        sol::{IAccords, IDealEscrow, IJuryPool, IMandates},
        tests::{deployment, log, opened_words},
    },
    block::{Block, Mark},
    command::{Command, Event, NewNegotiation, Proposal, Refusal, Reply},
    deal::Deal,
    document::{Categories, Category, Nda},
    effect::Effect,
    ids::{BlockHash, CommandId, NegotiationId, PaperId, StreamId},
    input::{ChainUpdate, Input},
    job::{Job, Outcome, Payload},
    journal::{
        ChainView,
        fees::{GasPrice, Wei},
    },
    ledger::LedgerEvent,
    money::Usdc,
    node::{Node, Timing},
    policy::Policy,
    record::Record,
    side::Side,
    stage::{
        market::MarketEvent,
        nda::NdaEvent,
        negotiation::{Negotiation, NegotiationEvent},
    },
    time::Timestamp,
    typed::{self, Approve, EthSignature, Typed, u40},
    wire::{Begin, NdaDraft},
};

pub(super) const DRAFT: PaperId = PaperId([0xd; 32]);
pub(super) const N: NegotiationId = NegotiationId([0x17; 32]);
/// The number under which the other side sees a stream.
const INBOUND: u64 = 1 << 63;

pub(super) struct Peer {
    pub(super) node: Node,
    policy: Policy,
    records: Vec<Record>,
    /// What each exclusive slot was signed for.
    pub(super) slots: BTreeMap<String, Vec<Payload>>,
    pub(super) events: Vec<Event>,
    replies: BTreeMap<u64, Result<Reply, Refusal>>,
    seq: u64,
}

/// How a pair begins.
pub(super) struct Start {
    pub(super) buyer: Policy,
    pub(super) seller: Policy,
    /// The threshold of the buyer's mandate, where it has one.
    pub(super) mandate: Option<Usdc>,
    /// What the buyer's mandate allows in one period.
    pub(super) per_period: Usdc,
    /// What the jury is paid.
    pub(super) fee: Usdc,
    /// The template that the bid's pact is made from, where it is.
    pub(super) template: Option<&'static str>,
}

impl Default for Start {
    fn default() -> Self {
        let policy = Policy {
            per_deal_max: usdc(1000),
            human_above: usdc(500),
            negotiation_secs_max: 1 << 20,
            ..Policy::default()
        };
        Self {
            buyer: policy.clone(),
            seller: policy,
            mandate: None,
            per_period: Usdc(u64::MAX),
            fee: Usdc::ZERO,
            template: None,
        }
    }
}

pub(super) struct Pair {
    peers: [Peer; 2],
    queue: VecDeque<(Side, Input)>,
    logs: Vec<ChainLog>,
    /// Unix seconds.
    pub(super) clock: u64,
    /// How far the chain's time is behind the clock, seconds.
    pub(super) chain_lag: u64,
    /// The newest final block's time, Unix seconds.
    pub(super) final_time: u64,
    /// Whether frames arrive.
    pub(super) linked: bool,
    rng: StdRng,
    commands: u64,
    block: u64,
    steps: u64,
    /// After this many steps, the node that took the last one crashes.
    pub(super) crash_at: Option<u64>,
}

fn number(n: Side) -> u8 {
    match n {
        Side::A => BUYER,
        Side::B => SELLER,
    }
}

fn nda_id(nda: &crate::document::Document<Nda>) -> crate::ids::NdaId {
    Nda::typed(nda).id(&deployment().contracts)
}

fn records(side: Side, start: &Start) -> Vec<Record> {
    let pact = start.template.map_or_else(|| people::pact(people::punctual()), people::templated);
    let begin = Begin { fee: start.fee, ..people::begin_on(&pact) };
    let (request, seat) = people::panel(N);
    let at = Timestamp::from_secs(NOW);
    let negotiation = [
        NegotiationEvent::Begun { begin: Box::new(begin), nonce: [5; 16], side, at },
        NegotiationEvent::PanelAsked { request, at },
        NegotiationEvent::PanelSet { attempt: 0, members: vec![seat] },
    ];
    let negotiation = negotiation.into_iter().map(|event| Record::Negotiation { id: N, nda: DRAFT, event });
    under_nda(side, start).into_iter().chain(negotiation).collect()
}

/// Request, bid and NDA, as a side has them on record.
pub(super) fn under_nda(side: Side, start: &Start) -> Vec<Record> {
    let nda = people::nda(start.mandate.is_some());
    let id = nda_id(&nda);
    let pact = start.template.map_or_else(|| people::pact(people::punctual()), people::templated);
    let bid = people::bid(&pact);
    let request = people::request();
    let (request_id, bid_id) = (request.document.id(), bid.document.id());
    let (first, market) = match side {
        Side::A => {
            let choice = crate::command::Choice {
                request: request_id,
                bid: bid_id,
                categories: Categories::of(&[Category::Offer]),
                duration_secs: 1,
                destroy_after_secs: 1,
                jurisdiction: "EU".parse().unwrap(),
                regulators: crate::text::BoundedVec::new(),
            };
            let (bid, pact, card) = (Box::new(bid), Box::new(pact), Box::new(people::bidder()));
            let market = vec![
                MarketEvent::Requested { request: Box::new(request) },
                MarketEvent::BidHeard { bid, pact, card },
                MarketEvent::Chosen { request: request_id, bid: bid_id },
            ];
            let at = Timestamp::from_secs(NOW);
            (NdaEvent::Chosen { choice, peer: people::node_key(SELLER), at }, market)
        }
        Side::B => {
            let draft = Box::new(NdaDraft { draft: DRAFT, bid: bid_id, nda: nda.clone() });
            let (request, bid, pact) = (Box::new(request), Box::new(bid), Box::new(pact));
            let market = vec![MarketEvent::Answered { request, bid, pact }];
            (NdaEvent::Received { draft, peer: people::node_key(BUYER) }, market)
        }
    };
    let signed = |side: Side| {
        let n = number(side);
        NdaEvent::Signed { side, proof: people::prove(n, nda.id()), signature: people::eth(n, id.word()) }
    };
    let nda_events =
        [first, NdaEvent::Keyed { nda: Box::new(nda.clone()), id }, signed(Side::A), signed(Side::B)];
    let market = market.into_iter().map(Record::Market);
    let ndas = nda_events.into_iter().map(|event| Record::Nda { draft: DRAFT, event });
    market.chain(ndas).collect()
}

impl Pair {
    pub(super) fn new(start: Start) -> Self {
        let contracts = deployment().contracts;
        let nda = people::nda(start.mandate.is_some());
        let terms = Nda::typed(&nda);
        let (a, b, id) = (terms.a, terms.b, terms.id(&contracts).word());
        let seated = IJuryPool::Seated {
            seat: U40::ZERO,
            holder: account(JUROR),
            principal: principal(JUROR),
            provider: 1,
        };
        let mut logs = vec![
            log(contracts.accords, &IAccords::Anchored { nda: id, a, b, terms: shape(&terms) }),
            log(contracts.jury, &seated),
        ];
        if let Some(human_above) = start.mandate {
            let mandate = typed::Mandate {
                agent: a,
                principal: principal(BUYER),
                spender: contracts.escrow,
                card: B256::ZERO,
                agentId: U256::ZERO,
                humanAbove: human_above.0,
                perPeriod: start.per_period.0,
                period: 86_400,
                scopes: 1,
                validFrom: u40(1),
                validUntil: u40(NOW * 2),
                policy: B256::ZERO,
                serial: 1,
            };
            let granted = IMandates::Granted {
                agent: a,
                principal: principal(BUYER),
                spender: contracts.escrow,
                mandate: pack::mandate(&mandate),
                spent: 0,
            };
            logs.push(log(contracts.mandates, &granted));
        }
        let peer = |side: Side, policy: Policy| {
            let records = records(side, &start);
            let node = resume(side, &policy, &records);
            let (slots, replies) = (BTreeMap::new(), BTreeMap::new());
            Peer { node, policy, records, slots, events: Vec::new(), replies, seq: 0 }
        };
        let mut pair = Self {
            peers: [peer(Side::A, start.buyer.clone()), peer(Side::B, start.seller.clone())],
            queue: VecDeque::new(),
            logs,
            clock: NOW,
            chain_lag: 0,
            final_time: NOW - 2,
            linked: true,
            rng: StdRng::seed_from_u64(7),
            commands: 0,
            block: 1,
            steps: 0,
            crash_at: None,
        };
        pair.wake(Side::A);
        pair.wake(Side::B);
        pair.meet();
        assert!(pair.peer(Side::A).node.session_open(DRAFT) && pair.peer(Side::B).node.session_open(DRAFT));
        pair
    }

    pub(super) fn peer(&self, side: Side) -> &Peer {
        &self.peers[side as usize]
    }

    pub(super) fn node(&mut self, side: Side) -> (&mut Node, &mut StdRng) {
        (&mut self.peers[side as usize].node, &mut self.rng)
    }

    pub(super) fn negotiation(&self, side: Side) -> &Negotiation {
        &self.peer(side).node.negotiations[&N]
    }

    /// The deals that a side holds.
    pub(super) fn deals(&self, side: Side) -> Vec<&Deal> {
        self.peer(side).node.deals.values().collect()
    }

    /// Whether a side has asked its keys for anything that commits.
    pub(super) fn signed(&self, side: Side) -> bool {
        self.peer(side).slots.keys().any(|slot| slot.starts_with("negotiation/"))
    }

    /// What a started node is told before anything else.
    fn wake(&mut self, side: Side) {
        let known = self.logs.clone();
        self.peers[side as usize].node.now = Timestamp::from_secs(self.clock);
        for listing in people::listings() {
            let now = Timestamp::from_secs(self.clock);
            let _ = self.peers[side as usize].node.directory.list(listing, now);
        }
        self.step(side, Input::Chain(ChainUpdate::Ledger(self.logged(1, known))));
        self.step(side, self.heads());
        self.step(side, Input::Started);
        self.step(side, Input::Tick);
    }

    fn logged(&self, number: u64, logs: Vec<ChainLog>) -> LedgerEvent {
        let hash = |number: u64| BlockHash([u8::try_from(number).unwrap(); 32]);
        let mark = Mark { number, hash: hash(number) };
        let block = Block { mark, parent: hash(number - 1), time: self.clock };
        let logs = (0..).zip(logs).map(|(index, log)| ChainLog { block: mark, index, ..log }).collect();
        LedgerEvent::Logged { block, logs }
    }

    fn heads(&self) -> Input {
        let price = GasPrice { base: Wei(1), tip: Wei(1) };
        let view = ChainView { head: self.block, price, nonce_final: 0 };
        let time = self.clock - self.chain_lag;
        Input::Chain(ChainUpdate::Head { view, time, final_time: self.final_time })
    }

    /// Both see each other, and the session is opened.
    pub(super) fn meet(&mut self) {
        self.linked = true;
        self.queue.push_back((Side::A, Input::PeerUp(people::node_key(SELLER))));
        self.queue.push_back((Side::B, Input::PeerUp(people::node_key(BUYER))));
        self.run();
    }

    /// The line between them breaks, and what is on it is lost.
    pub(super) fn part(&mut self) {
        self.linked = false;
        self.lose_frames();
        for side in [Side::A, Side::B] {
            let other = people::node_key(number(side.other()));
            let stream = match side {
                Side::A => StreamId(self.peer(Side::A).node.next_stream),
                Side::B => StreamId(INBOUND + self.peer(Side::A).node.next_stream),
            };
            // In this order, or the node would open the next stream on a line that is gone.
            self.step(side, Input::PeerDown(other));
            self.step(side, Input::StreamClosed(stream));
        }
    }

    fn lose_frames(&mut self) {
        self.queue.retain(|(_, input)| {
            !matches!(
                input,
                Input::StreamOpened { .. }
                    | Input::StreamReady(_)
                    | Input::StreamData { .. }
                    | Input::SessionKey { .. }
            )
        });
    }

    /// Time passes, and the chain with it; nothing becomes final by that alone.
    pub(super) fn pass(&mut self, secs: u64) {
        self.clock += secs;
        self.block += 1;
        for side in [Side::A, Side::B] {
            self.queue.push_back((side, self.heads()));
            self.queue.push_back((side, Input::Tick));
        }
        self.run();
    }

    /// A block with this log of the escrow is seen by both, and safe.
    pub(super) fn mine(&mut self, event: &impl alloy_sol_types::SolEvent) {
        self.block += 1;
        let logs = vec![log(deployment().contracts.escrow, event)];
        self.logs.extend(logs.clone());
        let number = self.block;
        for side in [Side::A, Side::B] {
            let event = self.logged(number, logs.clone());
            self.queue.push_back((side, Input::Chain(ChainUpdate::Ledger(event))));
            let heads = LedgerEvent::Heads { safe: number, finalized: 0 };
            self.queue.push_back((side, Input::Chain(ChainUpdate::Ledger(heads))));
        }
        self.run();
    }

    pub(super) fn opened(&mut self, deal: &typed::Deal) {
        let id = deal.id(&deployment().contracts).word();
        let (buyer, seller) = (deal.buyer, deal.seller);
        let terms = opened_words(deal, Source::Credit);
        self.mine(&IDealEscrow::Opened { deal: id, buyer, seller, terms });
    }

    pub(super) fn ask(&mut self, side: Side, command: Command) -> Result<Reply, Refusal> {
        self.commands += 1;
        let id = self.commands;
        self.queue.push_back((side, Input::Command { id: CommandId(id), command }));
        self.run();
        let gone = Refusal::NotNow { why: "the node crashed meanwhile".into() };
        self.peers[side as usize].replies.remove(&id).unwrap_or(Err(gone))
    }

    pub(super) fn offer(&mut self, side: Side, price: Usdc) -> Result<Reply, Refusal> {
        let milestones = vec![people::whole(price)];
        self.ask(side, Command::Offer(N, Proposal { price, milestones }))
    }

    pub(super) fn begin(&mut self) -> Result<Reply, Refusal> {
        self.ask(
            Side::A,
            Command::Negotiate(NewNegotiation { nda: DRAFT, size: 1, quorum: 1, fee: Usdc::ZERO }),
        )
    }

    /// The principal of a side signs what waits for it.
    pub(super) fn approval(&self, side: Side) -> (crate::ids::DealId, EthSignature) {
        let [waiting] = &self.peer(side).node.approvals()[..] else { panic!("nothing waits, or too much") };
        let approve = Approve { deal: waiting.id.word(), until: u40(waiting.until_secs) };
        (waiting.id, people::eth(50 + number(side), approve.digest(&deployment().contracts)))
    }

    pub(super) fn approve(&mut self, side: Side) -> Result<Reply, Refusal> {
        let (deal, signature) = self.approval(side);
        self.ask(side, Command::Approve(deal, signature))
    }

    pub(super) fn count(&self, side: Side, like: impl Fn(&Event) -> bool) -> usize {
        self.peer(side).events.iter().filter(|event| like(event)).count()
    }

    /// A node dies and comes back with what it persisted; the session is shaken hands for again.
    pub(super) fn crash(&mut self, side: Side) {
        self.part();
        self.queue.retain(|(of, _)| *of != side);
        let peer = &mut self.peers[side as usize];
        peer.node = resume(side, &peer.policy, &peer.records);
        self.wake(side);
        self.meet();
    }

    fn run(&mut self) {
        while let Some((side, input)) = self.queue.pop_front() {
            self.step(side, input);
            self.steps += 1;
            if self.crash_at == Some(self.steps) {
                self.crash_at = None;
                self.crash(side);
            }
        }
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    fn step(&mut self, side: Side, input: Input) {
        let now = Timestamp::from_secs(self.clock);
        let peer = &mut self.peers[side as usize];
        let other = side.other();
        for effect in peer.node.handle(input, now, &mut self.rng) {
            match effect {
                Effect::Persist { records, .. } => {
                    let stored = serde_json::to_string(&records).unwrap();
                    peer.records.extend(serde_json::from_str::<Vec<Record>>(&stored).unwrap());
                }
                Effect::OpenStream { stream, .. } if self.linked => {
                    let inbound = StreamId(INBOUND + stream.0);
                    let opened =
                        Input::StreamOpened { stream: inbound, peer: people::node_key(number(side)) };
                    self.queue.push_back((other, opened));
                    self.queue.push_back((side, Input::StreamReady(stream)));
                }
                Effect::StreamSend { stream, bytes } if self.linked => {
                    let theirs = StreamId(stream.0 ^ INBOUND);
                    self.queue.push_back((other, Input::StreamData { stream: theirs, bytes }));
                }
                Effect::SessionKey { nda, .. } => {
                    let secret = Zeroizing::new(people::session_secret(number(side)));
                    self.queue.push_back((side, Input::SessionKey { nda, secret }));
                }
                Effect::Perform(id, Job::Sign { request, .. }) => {
                    if request.slot.exclusive {
                        let payloads = request.payloads.clone();
                        let held = peer.slots.entry(request.slot.name.clone()).or_insert(payloads);
                        assert_eq!(*held, request.payloads, "one slot, one set of digests, for ever");
                    }
                    peer.seq += 1;
                    let signatures =
                        request.payloads.iter().map(|payload| people::sign(number(side), payload)).collect();
                    let outcome = Outcome::Signed { signatures, guard: peer.seq };
                    self.queue.push_back((side, Input::Done(id, outcome)));
                }
                Effect::Reply { command, result } => {
                    peer.replies.insert(command.0, result);
                }
                Effect::Notify { event, .. } => peer.events.push(event),
                Effect::OpenStream { .. }
                | Effect::StreamSend { .. }
                | Effect::CloseStream { .. }
                | Effect::Perform(..)
                | Effect::Stage { .. }
                | Effect::Send { .. }
                | Effect::Gossip { .. }
                | Effect::SettleGossip { .. }
                | Effect::AnswerBlob { .. }
                | Effect::Chain(_)
                | Effect::Ban(_) => {}
            }
        }
    }
}

fn resume(side: Side, policy: &Policy, records: &[Record]) -> Node {
    let mut network = people::network();
    // Neither announcements nor checkpoints matter here.
    network.timing = Timing { announce: core::time::Duration::from_secs(1 << 30), ..network.timing };
    Node::resume(people::me(number(side)), policy.clone(), network, records.iter().cloned())
}
