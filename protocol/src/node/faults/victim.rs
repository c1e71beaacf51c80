//! A seller's node in the state that a fault needs, and a buyer's hands that do what they like.
//!
//! The state comes from records, as after a restart; the session is a real one.

use alloy_primitives::B256;
use ed25519_dalek::Signer;
use rand_core::SeedableRng;
use zeroize::Zeroizing;

use super::{super::*, ChaCha20Rng, samples};
use crate::{
    abi::{shape, sol::IAccords, tests::log},
    block::{Block, Level, Mark},
    deal::DealEvent,
    disclosure::Scope,
    document::{Agreement, Category, Document, Nda, SessionKey},
    ids::{BlockHash, NdaId},
    input::ChainUpdate,
    ledger::LedgerEvent,
    proof::Draft,
    side::Side,
    stage::{
        nda::NdaEvent,
        negotiation::NegotiationEvent,
        session::{Binding, Handshake, Session},
    },
    typed::{EthSignature, Fund, PanelRequest, Typed},
    wire::{Assent, Begin, Direct, Envelope, NdaDraft, Say, SeatAccepted},
};

const DRAFT: PaperId = PaperId([0xd; 32]);
const BUYER_SESSION: [u8; 32] = [61; 32];
const SELLER_SESSION: [u8; 32] = [62; 32];

/// Somebody's node key.
pub(in crate::node) fn peer(n: u8) -> PeerKey {
    PeerKey([200 + n; 32])
}

/// Somebody's settlement account signs a digest.
pub(in crate::node) fn eth(n: u8, digest: B256) -> EthSignature {
    let (rs, v) = samples::settlement(n).sign_prehash_recoverable(digest.as_slice()).unwrap();
    EthSignature([rs.to_bytes().as_slice(), &[27 + v.to_byte()]].concat().try_into().unwrap())
}

/// A buyer's two signatures under an agreement, by whoever.
pub(in crate::node) fn assent(n: u8, agreement: &Document<Agreement>) -> Assent {
    let deal = Agreement::deal(agreement).id(&samples::contracts());
    let digest = Fund { deal: deal.word() }.digest(&samples::contracts());
    Assent { proof: prove(n, agreement.id()), signature: eth(n, digest) }
}

fn prove(n: u8, paper: PaperId) -> crate::proof::Proof {
    let draft = Draft::new(samples::did(n), Timestamp::from_secs(samples::NOW));
    draft.attach(samples::identity(n).sign(&draft.signing_input(paper)).to_bytes())
}

fn session_key(secret: [u8; 32]) -> SessionKey {
    let public = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret));
    SessionKey::from_key(public.to_bytes()).unwrap()
}

fn nda() -> Document<Nda> {
    let mut content = samples::nda();
    content.a.session = session_key(BUYER_SESSION);
    content.b.session = session_key(SELLER_SESSION);
    (content.a.node, content.b.node) = (peer(1), peer(2));
    samples::document(content)
}

pub(in crate::node) struct Victim {
    pub(in crate::node) node: Node,
    pub(in crate::node) nda: NdaId,
    pub(in crate::node) draft: PaperId,
    pub(in crate::node) negotiation: NegotiationId,
    pub(in crate::node) deal: DealId,
    pub(in crate::node) stream: StreamId,
    /// What the victim's clock says.
    clock: u64,
    rng: ChaCha20Rng,
}

impl Victim {
    pub(in crate::node) fn new(records: impl IntoIterator<Item = Record>) -> Self {
        Self::at(samples::NOW, records)
    }

    fn at(clock: u64, records: impl IntoIterator<Item = Record>) -> Self {
        let contracts = samples::contracts();
        let address = Address::repeat_byte;
        let me = Me {
            did: samples::did(2),
            card: samples::signed(samples::document(samples::card())),
            domains: BoundedVec::new(),
            task_schemas: BoundedVec::new(),
            addresses: BoundedVec::new(),
            trust_seeds: [samples::did(2)].into(),
        };
        let usdc = typed::UsdcDomain {
            name: "USDC".into(),
            version: "2".into(),
            chain_id: contracts.chain_id,
            address: address(6),
        };
        let network = Network {
            deployment: Deployment { contracts, beacon: address(5), usdc: address(6) },
            usdc,
            beacon: BeaconChain::quicknet(),
            timing: Timing::local(),
        };
        let agreement = samples::agreement();
        let mut victim = Self {
            node: Node::resume(me, Policy::default(), network, records),
            nda: Nda::typed(&nda()).id(&contracts),
            draft: DRAFT,
            negotiation: agreement.negotiation,
            deal: Agreement::deal(&samples::document(agreement)).id(&contracts),
            stream: StreamId(1 << 63),
            clock,
            rng: ChaCha20Rng::seed_from_u64(1),
        };
        // The clock first: what is folded in has no time of its own.
        victim.take(Input::Tick);
        victim
    }

    /// The NDA is signed by both and anchored.
    pub(in crate::node) fn under_nda() -> Self {
        Self::with(samples::NOW, [])
    }

    /// Both signed the request for this round, and it has just come.
    pub(in crate::node) fn asked(round: u64) -> Self {
        let request = PanelRequest { beaconRound: round, ..request() };
        let digest = request.digest(&samples::contracts());
        let signed = |side, n| NegotiationEvent::PanelSigned { attempt: 0, side, signature: eth(n, digest) };
        let clock = BeaconChain::quicknet().time_of(crate::beacon::Round(round));
        let at = Timestamp::from_secs(clock);
        Self::with(
            clock,
            negotiation(
                clock,
                [NegotiationEvent::PanelAsked { request, at }, signed(Side::A, 1), signed(Side::B, 2)],
            ),
        )
    }

    /// The panel is set, and the seller's offer is the newest.
    pub(in crate::node) fn negotiating() -> Self {
        Self::with(samples::NOW, negotiation(samples::NOW, offered()))
    }

    /// The buyer has accepted that offer.
    pub(in crate::node) fn accepted() -> Self {
        let agreement = samples::document(samples::agreement());
        let by_a = NegotiationEvent::Assented { side: Side::A, assent: Box::new(assent(1, &agreement)) };
        let accepted = NegotiationEvent::Accepted {
            by: Side::A,
            head: agreement.transcript_head,
            agreement: Box::new(agreement),
        };
        let events = offered().into_iter().chain([accepted, by_a]);
        Self::with(samples::NOW, negotiation(samples::NOW, events))
    }

    /// The deal is agreed, with jurors 3 to 7.
    pub(in crate::node) fn dealing() -> Self {
        let agreement = samples::document(samples::agreement());
        let both = Box::new(assent(1, &agreement));
        let event = DealEvent::Agreed {
            negotiation: agreement.negotiation,
            side: Side::B,
            agreement: Box::new(agreement),
            by_a: Some(both.clone()),
            by_b: Some(both),
            approval: None,
            panel: (3..=7).map(seat).collect(),
            at: Timestamp::from_secs(samples::NOW),
        };
        let deal = Agreement::deal(&samples::document(samples::agreement())).id(&samples::contracts());
        Self::with(samples::NOW, [Record::Deal { id: deal, nda: DRAFT, event: Box::new(event) }])
    }

    fn with(clock: u64, records: impl IntoIterator<Item = Record>) -> Self {
        let mut victim = Self::at(clock, nda_records().into_iter().chain(records));
        let terms = Nda::typed(&nda());
        let anchored =
            IAccords::Anchored { nda: victim.nda.word(), a: terms.a, b: terms.b, terms: shape(&terms) };
        let mut anchored = log(samples::contracts().accords, &anchored);
        let mark = Mark { number: 1, hash: BlockHash([1; 32]) };
        anchored.block = mark;
        let block = Block { mark, parent: BlockHash([0; 32]), time: clock };
        let logged = LedgerEvent::Logged { block, logs: vec![anchored] };
        victim.take(Input::Chain(ChainUpdate::Ledger(logged)));
        victim.take(Input::Chain(ChainUpdate::Ledger(LedgerEvent::Heads { safe: 1, finalized: 1 })));
        assert_eq!(victim.node.nda_level(victim.nda), Some(Level::Final));
        victim
    }

    pub(in crate::node) fn take(&mut self, input: Input) -> Vec<Effect> {
        self.node.handle(input, Timestamp::from_secs(self.clock), &mut self.rng)
    }

    /// What was recorded as misconduct in these effects.
    pub(in crate::node) fn misconduct(effects: &[Effect]) -> Vec<Misconduct> {
        let persisted = effects.iter().filter_map(|effect| {
            let Effect::Persist { records, .. } = effect else { return None };
            Some(records)
        });
        let counted = persisted.flatten().filter_map(|record| {
            let Record::Misconduct { what, .. } = record else { return None };
            Some(what.clone())
        });
        counted.collect()
    }

    /// Takes an input and gives what it was counted as; the counter must agree.
    pub(in crate::node) fn counted(&mut self, input: Input) -> Vec<Misconduct> {
        let before: u64 = self.node.misconduct.values().sum();
        let effects = self.take(input);
        let counted = Self::misconduct(&effects);
        let after: u64 = self.node.misconduct.values().sum();
        assert_eq!(after - before, counted.len() as u64);
        counted
    }

    /// A direct message by the buyer.
    pub(in crate::node) fn told(&mut self, body: Direct) -> Vec<Misconduct> {
        let bytes = serde_json::to_vec(&Envelope { id: 1, body }).unwrap();
        self.counted(Input::Message { from: peer(1), bytes })
    }

    /// The buyer's end of a session.
    pub(in crate::node) fn session(&mut self) -> Session {
        let (nda, contracts) = (nda(), samples::contracts());
        let binding = Binding {
            chain_id: contracts.chain_id,
            registry: contracts.accords.into_array(),
            nda: self.nda,
            did_a: nda.a.did.to_string(),
            did_b: nda.b.did.to_string(),
        };
        let secret = Zeroizing::new(BUYER_SESSION);
        let mut handshake =
            Handshake::new(&binding, Side::A, &secret, nda.b.session.key(), &mut self.rng).unwrap();
        let hello = [self.nda.as_bytes().as_slice(), &handshake.write().unwrap()].concat();
        let stream = self.stream;
        self.take(Input::StreamOpened { stream, peer: peer(1) });
        self.take(Input::StreamData { stream, bytes: hello });
        let key = Input::SessionKey { nda: self.nda, secret: Zeroizing::new(SELLER_SESSION) };
        let reply = self.take(key).into_iter().find_map(|effect| {
            let Effect::StreamSend { bytes, .. } = effect else { return None };
            Some(bytes)
        });
        handshake.read(&reply.expect("the seller answers the handshake")).unwrap();
        handshake.finish(self.nda, Scope::of(nda.categories)).unwrap()
    }

    /// The buyer says something.
    pub(in crate::node) fn said(&mut self, session: &mut Session, body: &Say) -> Vec<Misconduct> {
        let frame = wire::Frame { category: Category::Offer, body: body.clone(), checkpoint: None };
        self.said_raw(session, &serde_json::to_vec(&frame).unwrap())
    }

    /// The buyer sends these bytes as a frame.
    pub(in crate::node) fn said_raw(&mut self, session: &mut Session, frame: &[u8]) -> Vec<Misconduct> {
        let (bytes, _) = session.seal(Category::Offer, frame, &mut self.rng).unwrap();
        self.counted(Input::StreamData { stream: self.stream, bytes })
    }
}

fn nda_records() -> Vec<Record> {
    let nda = nda();
    let id: NdaId = Nda::typed(&nda).id(&samples::contracts());
    let signed = |side, n| NdaEvent::Signed { side, proof: prove(n, nda.id()), signature: eth(n, id.word()) };
    let draft = NdaDraft { draft: DRAFT, bid: PaperId([0xb; 32]), nda: nda.clone() };
    let events = [
        NdaEvent::Received { draft: Box::new(draft), peer: peer(1) },
        NdaEvent::Keyed { nda: Box::new(nda.clone()), id },
        signed(Side::A, 1),
        signed(Side::B, 2),
    ];
    events.map(|event| Record::Nda { draft: DRAFT, event }).into()
}

fn negotiation(clock: u64, events: impl IntoIterator<Item = NegotiationEvent>) -> Vec<Record> {
    let begin = Begin {
        nonce: [1; 16],
        request: PaperId([0xe; 32]),
        bid: PaperId([0xb; 32]),
        pact: samples::document(samples::pact()),
        size: 5,
        quorum: 3,
        fee: crate::money::Usdc::ZERO,
        again: None,
    };
    let at = Timestamp::from_secs(clock);
    let begun = NegotiationEvent::Begun { begin: Box::new(begin), nonce: [2; 16], side: Side::B, at };
    let id = samples::agreement().negotiation;
    let record = |event| Record::Negotiation { id, nda: DRAFT, event };
    core::iter::once(begun).chain(events).map(record).collect()
}

fn offered() -> Vec<NegotiationEvent> {
    let agreement = samples::agreement();
    let at = Timestamp::from_secs(samples::NOW);
    vec![
        NegotiationEvent::PanelAsked { request: request(), at },
        NegotiationEvent::PanelSet { attempt: 0, members: (3..=7).map(seat).collect() },
        NegotiationEvent::Offered {
            by: Side::B,
            head: agreement.transcript_head,
            terms: Box::new(agreement.terms),
            reserved: false,
        },
    ]
}

fn request() -> PanelRequest {
    PanelRequest {
        negotiation: samples::agreement().negotiation.word(),
        jury: samples::contracts().jury,
        beaconRound: 5_000_000,
        seats: typed::u40(12),
        size: 5,
        quorum: 3,
        attempt: 0,
    }
}

fn seat(n: u8) -> SeatAccepted {
    SeatAccepted {
        negotiation: samples::agreement().negotiation,
        request: request().digest(&samples::contracts()).0,
        juror: samples::account(n),
        recipient: [n + 50; 32],
        fee: crate::money::Usdc(2_500_000),
        until: samples::NOW + 3600,
        signature: EthSignature([0; 65]),
    }
}
