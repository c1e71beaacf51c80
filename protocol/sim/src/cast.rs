//! Who lives in a world: principals with their agents, in the roles of a deal.
//!
//! Each has a card signed by identity and settlement key, a mandate where it trades, a seat where it
//! judges; all keys come from the world's seed.
//!
//! Deliberately absent: programs. An agent is employed where a test needs one.

use alloy_primitives::{Address, B256, U256, aliases::U40};
use k256::ecdsa::SigningKey;
use nuncio_protocol::{
    did::{Did, PrincipalDid},
    document::{AgeRecipient, AgentCard, Chain, Document, Role, Salt, SessionKey, Signed},
    guard::{Payload, SignRequest, Signature, Slot},
    ids::PeerKey,
    money::Usdc,
    node::Me,
    policy::Policy,
    proof::Draft,
    typed::{EthSignature, Mandate, SCOPE_BUY, SCOPE_SELL, Typed, card_digest},
};
use rand_chacha::ChaCha12Rng;
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    chain::{CHAIN_ID, Settler},
    host::{Host, Volatile, Who},
    keys::{Keys, account, sign_digest},
    seal,
    store::Store,
    world::World,
};

/// What the buyer's principal owns at the begin, of which half is credit, micro-USDC.
pub const PURSE: Usdc = Usdc(1_000_000_000);
/// What a juror's principal owns at the begin; the stake is paid of it, micro-USDC.
pub const JUROR_PURSE: Usdc = Usdc(150_000_000);
/// A mandate's limit per period, and the amount above which it asks its principal, micro-USDC.
const PER_PERIOD: u64 = 400_000_000;

/// Who somebody is to be.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// What its node is for.
    pub role: Role,
    /// What its principal begins with, micro-USDC.
    pub purse: Usdc,
    /// What of it becomes credit in the escrow, micro-USDC.
    pub credit: Usdc,
    /// What its mandate allows; none without any.
    pub scopes: u32,
    /// The provider that its seat declares, for a juror.
    pub provider: Option<u16>,
    /// The principal's limits.
    pub policy: Policy,
}

impl Part {
    /// Somebody with a role and nothing else.
    #[must_use]
    pub fn new(name: &str, role: Role) -> Self {
        let policy = Policy { window_secs_min: 0, ..Policy::default() };
        let (purse, credit) = (Usdc::ZERO, Usdc::ZERO);
        Self { name: name.to_owned(), role, purse, credit, scopes: 0, provider: None, policy }
    }

    /// A buyer with money.
    #[must_use]
    pub fn buyer() -> Self {
        let credit = Usdc(PURSE.0 / 2);
        Self { purse: PURSE, credit, scopes: SCOPE_BUY, ..Self::new("buyer", Role::Trader) }
    }

    /// A seller.
    #[must_use]
    pub fn seller() -> Self {
        Self { scopes: SCOPE_SELL, ..Self::new("seller", Role::Trader) }
    }
}

impl World {
    /// A buyer with money, and a seller.
    pub fn traders(&mut self) -> (Who, Who) {
        (self.add(Part::buyer()), self.add(Part::seller()))
    }

    /// Jurors of different principals and providers, each with a seat.
    pub fn jurors(&mut self, count: u16) -> Vec<Who> {
        let juror = |provider: u16| Part {
            purse: JUROR_PURSE,
            provider: Some(provider),
            ..Part::new(&format!("juror-{provider}"), Role::Juror)
        };
        (1..=count).map(|provider| self.add(juror(provider))).collect()
    }

    /// Vaults of different principals.
    pub fn vaults(&mut self, count: usize) -> Vec<Who> {
        (1..=count).map(|number| self.add(Part::new(&format!("vault-{number}"), Role::Vault))).collect()
    }

    /// Adds somebody, whose node starts at once.
    ///
    /// # Panics
    /// When a contract refuses what its principal does.
    pub fn add(&mut self, part: Part) -> Who {
        let mut rng = self.seeded();
        let mut keys = Keys::create(&mut rng);
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let principal_key =
            SigningKey::from_slice(&secret).expect("invariant: nearly every 32 bytes are a secp256k1 key");
        let principal = account(&principal_key);
        let card = card(&part, principal, &mut keys, self.now().secs(), &mut rng);
        let mandate = (part.scopes != 0).then(|| self.mandate(&part, &card, &principal_key, &mut keys));
        let settler = Settler {
            principal,
            account: keys.account(),
            purse: part.purse,
            credit: part.credit,
            seat: part.provider,
            mandate,
        };
        self.settle(&settler);
        let list = |text: &str| text.parse().expect("invariant: a plain word is a token");
        let me = Me {
            did: card.document.agent,
            trust_seeds: [card.document.agent].into(),
            card,
            domains: [list("documents")].into(),
            task_schemas: [list("filing-summary/1")].into(),
            addresses: [].into(),
        };
        let host = Host {
            name: part.name,
            principal,
            me,
            policy: part.policy,
            keys,
            store: Store::default(),
            blobs: BTreeMap::new(),
            staged: BTreeMap::new(),
            ndas: BTreeMap::new(),
            rng,
            node: None,
            life: 0,
            volatile: Volatile::default(),
            agent: None,
            moments: 0,
            next_number: 0,
            notes: Vec::new(),
            tricks: BTreeSet::new(),
        };
        self.move_in(host)
    }

    fn mandate(
        &self,
        part: &Part,
        card: &Signed<AgentCard>,
        principal: &SigningKey,
        keys: &mut Keys,
    ) -> (Mandate, alloy_primitives::Bytes, alloy_primitives::Bytes) {
        let contracts = &self.deployment().contracts;
        let now = self.now().secs();
        let mandate = Mandate {
            agent: keys.account(),
            principal: account(principal),
            spender: contracts.escrow,
            card: card.document.id().word(),
            agentId: U256::ZERO,
            humanAbove: PER_PERIOD,
            perPeriod: PER_PERIOD,
            period: 86_400,
            scopes: part.scopes,
            validFrom: U40::saturating_from(now - 60),
            validUntil: U40::saturating_from(now + 30 * 86_400),
            policy: B256::ZERO,
            serial: 1,
        };
        let digest = mandate.digest(contracts);
        let request = SignRequest {
            slot: Slot::exclusive(format!("mandate/{}/{}", mandate.spender, mandate.serial)),
            payloads: vec![Payload::Typed { digest }],
        };
        let signed = keys.sign(&request).expect("invariant: a new guard signs");
        let Some(Signature::Typed(by_agent)) = signed.first() else {
            unreachable!("invariant: a typed payload is signed by the settlement key")
        };
        let by_principal = sign_digest(principal, digest);
        (mandate, by_principal.to_vec().into(), by_agent.to_vec().into())
    }
}

/// The card, signed by the identity and countersigned by the settlement account.
fn card(
    part: &Part,
    principal: Address,
    keys: &mut Keys,
    now: u64,
    rng: &mut ChaCha12Rng,
) -> Signed<AgentCard> {
    let agent = Did::from_key(keys.identity()).expect("invariant: a verifying key is a point");
    let mut session = [0; 32];
    rng.fill_bytes(&mut session);
    let recipient: AgeRecipient = seal::recipient(&session);
    let content = AgentCard {
        agent,
        name: part.name.parse().expect("invariant: names of the cast are names"),
        principal: PrincipalDid { chain: CHAIN_ID, address: principal },
        settlement: keys.account(),
        session: SessionKey::from_key(*recipient.key()).expect("invariant: a public key is a strong point"),
        node: PeerKey(keys.node()),
        age_recipient: recipient,
        roles: [part.role].into(),
        provider: None,
        model_family: None,
        valid_from_secs: now - 60,
        valid_until_secs: now + 365 * 86_400,
    };
    let document =
        Document::new(Chain(CHAIN_ID), Salt::random(rng), content).expect("invariant: the card is legal");
    let id = document.id();
    let draft = Draft::new(agent, nuncio_protocol::time::Timestamp::from_secs(now));
    let request = SignRequest {
        slot: Slot::exclusive(format!("paper/{id}")),
        payloads: vec![
            Payload::Identity { bytes: draft.signing_input(id).to_vec() },
            Payload::Typed { digest: card_digest(id) },
        ],
    };
    keys.compare(0).expect("invariant: a new guard has signed nothing");
    let mut signed = Signed::unsigned(document);
    for signature in keys.sign(&request).expect("invariant: a new guard signs") {
        match signature {
            Signature::Identity(bytes) => signed.proofs = [draft.attach(bytes)].into(),
            Signature::Typed(bytes) => signed.countersignature = Some(EthSignature(bytes)),
        }
    }
    signed
}
