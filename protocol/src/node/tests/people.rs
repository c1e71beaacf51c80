//! Who takes part: 1 is the buyer, 2 the seller, 3 the one juror, 6 and 7 the vaults; principals are
//! 50 above. 8 is a vault of the seller's principal. Keys are known to everybody.

use alloy_primitives::{Address, B256};
use ed25519_dalek::Signer;

use crate::{
    abi::tests::deployment,
    beacon::BeaconChain,
    command::ProposedMilestone,
    did::{Did, PrincipalDid},
    document::{
        AgeRecipient, AgentCard, Announcement, Bid, BudgetBucket, Categories, Category, Chain, Clause,
        Consequence, DealKind, Document, Nda, Pact, Paper, Party, Request, Requirements, Role, Salt,
        SessionKey, Signed, Test,
    },
    ids::{NegotiationId, PaperId, PeerKey},
    job::{Payload, Signature},
    money::{Bps, Usdc},
    node::{Me, Network, Timing},
    proof::{Draft, Proof},
    template::{Listed, Templates},
    text::BoundedVec,
    time::Timestamp,
    typed::{EthSignature, PanelRequest, Typed, UsdcDomain, card_digest, u40},
    wire::{Begin, Listing, SeatAccepted},
};

/// When everything begins, Unix seconds.
pub(super) const NOW: u64 = 1_800_000_000;
/// Long after everything has ended.
const LATER: u64 = 1_900_000_000;

pub(super) const BUYER: u8 = 1;
pub(super) const SELLER: u8 = 2;
pub(super) const JUROR: u8 = 3;
const VAULTS: [u8; 2] = [6, 7];
pub(super) const SELLERS_VAULT: u8 = 8;

pub(super) fn usdc(whole: u64) -> Usdc {
    Usdc(whole * 1_000_000)
}

fn key(n: u8) -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[n; 32]).unwrap()
}

pub(super) fn account(n: u8) -> Address {
    Address::from_raw_public_key(&key(n).verifying_key().to_encoded_point(false).as_bytes()[1..])
}

pub(super) fn principal(n: u8) -> Address {
    account(50 + n)
}

pub(super) fn eth(n: u8, digest: B256) -> EthSignature {
    let (rs, id) = key(n).sign_prehash_recoverable(digest.as_slice()).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&rs.to_bytes());
    bytes[64] = 27 + id.to_byte();
    EthSignature(bytes)
}

fn identity(n: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[n; 32])
}

pub(super) fn did(n: u8) -> Did {
    Did::from_key(identity(n).verifying_key().to_bytes()).unwrap()
}

pub(super) fn node_key(n: u8) -> PeerKey {
    PeerKey([150 + n; 32])
}

pub(super) fn session_secret(n: u8) -> [u8; 32] {
    [100 + n; 32]
}

/// What the keys of `n` make of a payload.
pub(super) fn sign(n: u8, payload: &Payload) -> Signature {
    Signature(match payload {
        Payload::Identity { bytes } => identity(n).sign(bytes).to_bytes().to_vec(),
        Payload::Typed { digest } => eth(n, (*digest).into()).0.to_vec(),
    })
}

pub(super) fn prove(n: u8, paper: PaperId) -> Proof {
    let draft = Draft::new(did(n), Timestamp::from_secs(NOW));
    draft.attach(identity(n).sign(&draft.signing_input(paper)).to_bytes())
}

fn document<T: Paper>(salt: u8, content: T) -> Document<T> {
    Document::new(Chain(deployment().contracts.chain_id), Salt([salt; 16]), content).unwrap()
}

fn signed<T: Paper>(n: u8, document: Document<T>) -> Signed<T> {
    let proof = prove(n, document.id());
    let mut signed = Signed::unsigned(document);
    signed.proofs = [proof].into();
    signed
}

fn role(n: u8) -> Role {
    match n {
        JUROR => Role::Juror,
        6..=SELLERS_VAULT => Role::Vault,
        _ => Role::Trader,
    }
}

fn public(secret: [u8; 32]) -> [u8; 32] {
    x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret)).to_bytes()
}

fn card(n: u8) -> Signed<AgentCard> {
    let owner = if n == SELLERS_VAULT { SELLER } else { n };
    let content = AgentCard {
        agent: did(n),
        name: format!("Agent {n}").parse().unwrap(),
        principal: PrincipalDid { chain: 31337, address: principal(owner) },
        settlement: account(n),
        session: SessionKey::from_key(public(session_secret(n))).unwrap(),
        node: node_key(n),
        age_recipient: AgeRecipient::from_key([120 + n; 32]).unwrap(),
        roles: [role(n)].into(),
        provider: None,
        model_family: None,
        valid_from_secs: 1,
        valid_until_secs: LATER,
    };
    let mut signed = signed(n, document(n, content));
    signed.countersignature = Some(eth(n, card_digest(signed.document.id())));
    signed
}

/// Everybody as the directory lists them.
pub(super) fn listings() -> Vec<Listing> {
    let listing = |n: u8| {
        let card = card(n);
        let announcement = Announcement {
            agent: did(n),
            card: card.document.id(),
            seq: 1,
            expires_secs: LATER,
            domains: ["documents".parse().unwrap()].into(),
            task_schemas: ["summary/1".parse().unwrap()].into(),
            kinds: [DealKind::Service].into(),
            requires: Requirements { min_standing_bps: Bps::ZERO },
            roles: [role(n)].into(),
            node: node_key(n),
            addresses: BoundedVec::new(),
            settlement: account(n),
        };
        Listing { announcement: signed(n, document(n, announcement)), card }
    };
    [BUYER, SELLER, JUROR, SELLERS_VAULT].into_iter().chain(VAULTS).map(listing).collect()
}

pub(super) fn me(n: u8) -> Me {
    Me {
        did: did(n),
        card: card(n),
        domains: ["documents".parse().unwrap()].into(),
        task_schemas: BoundedVec::new(),
        addresses: BoundedVec::new(),
        trust_seeds: [did(n)].into(),
    }
}

pub(super) fn network() -> Network {
    let deployment = deployment();
    let usdc = UsdcDomain {
        name: "USDC".into(),
        version: "2".into(),
        chain_id: deployment.contracts.chain_id,
        address: deployment.usdc,
    };
    Network { deployment, usdc, beacon: BeaconChain::quicknet(), timing: Timing::local() }
}

/// The NDA between buyer and seller; the buyer acts for its principal where `mandated`.
pub(super) fn nda(mandated: bool) -> Document<Nda> {
    let party = |n: u8, mandated: bool| Party {
        did: did(n),
        principal: PrincipalDid { chain: 31337, address: principal(n) },
        settlement: account(n),
        mandated,
        session: SessionKey::from_key(public(session_secret(n))).unwrap(),
        age_recipient: AgeRecipient::from_key([120 + n; 32]).unwrap(),
        node: node_key(n),
    };
    let content = Nda {
        a: party(BUYER, mandated),
        b: party(SELLER, false),
        categories: Categories::of(&[Category::Offer]),
        conditions: BoundedVec::new(),
        from_secs: NOW - 100,
        until_secs: LATER,
        destroy_by_secs: LATER,
        anchor_by_secs: NOW,
        jurisdiction: "EU".parse().unwrap(),
        regulators: BoundedVec::new(),
        kind: DealKind::Service,
    };
    document(20, content)
}

pub(super) fn clause(test: Test) -> Clause {
    Clause {
        id: "c".parse().unwrap(),
        test,
        milestones: BoundedVec::new(),
        weight_bps: Bps::FULL,
        threshold_bps: Bps::FULL,
        mandatory: true,
        consequence: Consequence::Fail {},
    }
}

/// The pact of the bid, judged by `test`.
pub(super) fn pact(test: Test) -> Signed<Pact> {
    let pact = Pact {
        template: None,
        seller: Some(did(SELLER)),
        title: "Summary".parse().unwrap(),
        clauses: [clause(test)].into(),
        sources: BoundedVec::new(),
    };
    signed(SELLER, document(21, pact))
}

/// A pact of the bid, made from a template that comes with the program.
pub(super) fn templated(name: &str) -> Signed<Pact> {
    let templates = Templates::default();
    let Listed { id, template } = templates.named(&name.parse().unwrap()).unwrap();
    let pact = template.pact(*id, &std::collections::BTreeMap::new()).unwrap();
    signed(SELLER, document(21, Pact { seller: Some(did(SELLER)), ..pact }))
}

pub(super) fn punctual() -> Test {
    Test::Latency { slack_secs: 0 }
}

pub(super) fn request() -> Signed<Request> {
    let request = Request {
        buyer: did(BUYER),
        seq: 1,
        expires_secs: LATER,
        domain: "documents".parse().unwrap(),
        task_schema: "summary/1".parse().unwrap(),
        kind: DealKind::Service,
        jurisdiction: "EU".parse().unwrap(),
        budget: BudgetBucket::of(usdc(200)),
        min_standing_bps: Bps::ZERO,
        inputs: BoundedVec::new(),
        text: "Summarise.".parse().unwrap(),
    };
    signed(BUYER, document(22, request))
}

pub(super) fn bid(pact: &Signed<Pact>) -> Signed<Bid> {
    let bid = Bid {
        request: request().document.id(),
        buyer: did(BUYER),
        seller: did(SELLER),
        card: card(SELLER).document.id(),
        pact: pact.document.id(),
        price: usdc(200),
        due_secs: 3600,
        expires_secs: LATER,
    };
    signed(SELLER, document(23, bid))
}

pub(super) fn bidder() -> Signed<AgentCard> {
    card(SELLER)
}

/// The opening of the negotiation that both are in.
pub(super) fn begin() -> Begin {
    begin_on(&pact(punctual()))
}

/// The opening of a negotiation on the bid with this pact.
pub(super) fn begin_on(pact: &Signed<Pact>) -> Begin {
    let template = &pact.document;
    let content = Pact { template: Some(template.id()), ..template.content().clone() };
    Begin {
        nonce: [4; 16],
        request: request().document.id(),
        bid: bid(pact).document.id(),
        pact: document(24, content),
        size: 1,
        quorum: 1,
        fee: Usdc::ZERO,
        again: None,
    }
}

/// The panel's request, and the one member's acceptance.
pub(super) fn panel(negotiation: NegotiationId) -> (PanelRequest, SeatAccepted) {
    let contracts = deployment().contracts;
    let request = PanelRequest {
        negotiation: B256::new(negotiation.0),
        jury: contracts.jury,
        beaconRound: 1000,
        seats: u40(1),
        size: 1,
        quorum: 1,
        attempt: 0,
    };
    let mut seat = SeatAccepted {
        negotiation,
        request: request.digest(&contracts).0,
        juror: account(JUROR),
        recipient: [9; 32],
        fee: Usdc::ZERO,
        until: LATER,
        signature: EthSignature([0; 65]),
    };
    seat.signature = eth(JUROR, seat.typed().digest(&contracts));
    (request, seat)
}

/// One milestone that is the whole deal.
pub(super) fn whole(amount: Usdc) -> ProposedMilestone {
    ProposedMilestone { title: "all of it".parse().unwrap(), amount, due_secs: 3600 }
}
