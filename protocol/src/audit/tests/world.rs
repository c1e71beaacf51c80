//! One small deal, signed by everybody, and the chain that it happened on.
//!
//! 1 is the buyer, 2 the seller, 3 to 5 the jurors, 6 and 7 the vaults; principals are 50 above. The
//! beacon is quicknet's round 1000.

use alloy_primitives::{Address, B256, U256, aliases::U40};
use alloy_sol_types::SolEvent;
use ed25519_dalek::Signer;
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    abi::{
        ChainLog, Source, pack, shape,
        sol::{IAccords, IDealEscrow, IJuryPool, IMandates},
        tests::{amounts, deployment, judgement, log, opened_words},
    },
    beacon::{self, BeaconChain, Round},
    block::Mark,
    did::{Did, PrincipalDid},
    document::{
        AgeRecipient, AgentCard, Ballot, Chain, ClauseResult, DeliveryClaim, Document, Paper, Rating,
        RatingValue, Role, Salt, SessionKey, Signed,
    },
    ids::{BlobId, BlockHash, CaseId, ContentHash, MilestoneIndex, NegotiationId, PaperId, PeerKey, TxHash},
    money::Bps,
    proof::Draft,
    stage::jury::{RunId, votes_digest},
    text::BoundedVec,
    time::Timestamp,
    typed::{self, EthSignature, Fund, PanelRequest, Schedule, Typed, address_list_hash, u40},
    wire::{Assent, Receipt, SeatAccepted, VaultPut},
};

const ROUND: u64 = 1000;
const BEACON: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
const PRICE: u64 = 54_000_000;
const MANIFEST: PaperId = PaperId([0x3a; 32]);
const EVIDENCE: &[u8] = b"age-encryption.org/v1 evidence";
const AGREEMENT: &[u8] = b"age-encryption.org/v1 agreement";
const JURORS: [u8; 3] = [3, 4, 5];
const VAULTS: [u8; 2] = [6, 7];
/// The block of the seat that joined after the request.
const LATE: u64 = 4;
/// Accounts without a seat.
const SYBILS: [u8; 3] = [11, 12, 13];

fn key(n: u8) -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[n; 32]).unwrap()
}

fn account(n: u8) -> Address {
    Address::from_raw_public_key(&key(n).verifying_key().to_encoded_point(false).as_bytes()[1..])
}

fn eth(n: u8, digest: B256) -> EthSignature {
    let (rs, id) = key(n).sign_prehash_recoverable(digest.as_slice()).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&rs.to_bytes());
    bytes[64] = 27 + id.to_byte();
    EthSignature(bytes)
}

fn identity(n: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[n; 32])
}

fn did(n: u8) -> Did {
    Did::from_key(identity(n).verifying_key().to_bytes()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_secs(BeaconChain::quicknet().time_of(Round(ROUND)))
}

fn prove(n: u8, paper: PaperId) -> crate::proof::Proof {
    let draft = Draft::new(did(n), now());
    draft.attach(identity(n).sign(&draft.signing_input(paper)).to_bytes())
}

fn document<T: Paper>(salt: u8, content: T) -> Document<T> {
    Document::new(Chain(deployment().contracts.chain_id), Salt([salt; 16]), content).unwrap()
}

fn card(n: u8, role: Role) -> Signed<AgentCard> {
    let content = AgentCard {
        agent: did(n),
        name: format!("Agent {n}").parse().unwrap(),
        principal: PrincipalDid { chain: 31337, address: account(50 + n) },
        settlement: account(n),
        session: SessionKey::from_key([100 + n; 32]).unwrap(),
        node: PeerKey([150 + n; 32]),
        age_recipient: AgeRecipient::from_key([120 + n; 32]).unwrap(),
        roles: [role].into(),
        provider: None,
        model_family: None,
        valid_from_secs: 1,
        valid_until_secs: 4_000_000_000,
    };
    let document = document(n, content);
    let id = document.id();
    let mut signed = Signed::unsigned(document);
    signed.proofs = [prove(n, id)].into();
    signed.countersignature = Some(eth(n, typed::card_digest(id)));
    signed
}

fn assent(n: u8, paper: PaperId, digest: B256) -> Assent {
    Assent { proof: prove(n, paper), signature: eth(n, digest) }
}

pub(super) struct World {
    pub(super) parts: Parts,
    pub(super) chain: OnChain,
    /// Who signs the index.
    exporter: u8,
}

impl World {
    pub(super) fn new() -> Self {
        let contracts = deployment().contracts;
        let (nda, nda_proofs) = nda();
        let (request, panel) = panel();
        let terms = terms(nda, &request);
        let deal = terms.id(&contracts);
        let agreement = PaperId(terms.meta.agreement.0);
        let terms_proofs = DealProofs {
            by_buyer: assent(1, agreement, Fund { deal: deal.word() }.digest(&contracts)),
            by_seller: assent(2, agreement, deal.word()),
            agreement,
            terms,
            vaults: VAULTS.map(account).into(),
            receipts: BoundedVec::new(),
        };
        let parties = [(1, Role::Trader), (2, Role::Trader), (6, Role::Vault), (7, Role::Vault)];
        let jurors = JURORS.map(|n| (n, Role::Juror));
        let parts = Parts {
            deal,
            exporter: did(1),
            deployment: deployment(),
            beacon: BeaconChain::quicknet(),
            seat_age_secs: 100,
            created_secs: now().secs() + 1000,
            cards: parties.into_iter().chain(jurors).map(|(n, role)| card(n, role)).collect(),
            nda: nda_proofs,
            terms: terms_proofs,
            panel,
            milestones: vec![milestone(deal)],
            ratings: RatingProofs { ratings: [rating(deal)].into() },
            identities: vec![WrappedIdentity {
                path: "sealed/regulators/m1.age1x.age".into(),
                bytes: vec![7; 9],
            }],
            sealed: vec![("sealed/m1.age".into(), blob())],
        };
        let chain = chain(&parts);
        Self { parts, chain, exporter: 1 }
    }

    #[expect(clippy::unused_self, reason = "reads as the account of somebody in this world")]
    pub(super) fn account(&self, n: u8) -> Address {
        account(n)
    }

    pub(super) fn composed(&self) -> (Files, Index) {
        let held = [EVIDENCE, AGREEMENT].map(|bytes| (BlobId(Sha256::digest(bytes).into()), bytes.to_vec()));
        let sealed = held.into();
        self.parts.compose(&self.chain, sealed).unwrap()
    }

    /// The index as `n` signs it.
    #[expect(clippy::unused_self, reason = "reads as an act in this world")]
    pub(super) fn attest(&self, index: Index, n: u8) -> Signed<Index> {
        let document = document(0xb, index);
        let id = document.id();
        let mut signed = Signed::unsigned(document);
        signed.proofs = [prove(n, id)].into();
        signed
    }

    pub(super) fn bundle(&self) -> Files {
        let (files, index) = self.composed();
        Index::seal(&self.attest(index, self.exporter), files).unwrap()
    }

    /// Other files under an index of their own, signed by the exporter.
    pub(super) fn sign_again(&self, files: Files) -> Files {
        let (_, mut index) = self.composed();
        index.files = super::super::compose::entries(&files).try_into().unwrap();
        Index::seal(&self.attest(index, self.exporter), files).unwrap()
    }

    pub(super) fn verdict(&mut self) -> &mut VerdictProof {
        self.parts.milestones[0].verdict.as_mut().unwrap()
    }

    pub(super) fn rating_value(&mut self, value: u8) {
        let mut rating = self.parts.ratings.ratings[0].clone();
        rating.value = RatingValue::new(value).unwrap();
        self.parts.ratings.ratings = [rating].into();
    }

    /// The bundle is by somebody else.
    pub(super) fn export_as(&mut self, n: u8) {
        self.parts.exporter = did(n);
        self.exporter = n;
    }

    /// The mandate on chain says something else.
    pub(super) fn grant(&mut self, n: u8, change: impl FnOnce(&mut typed::Mandate)) {
        let mut mandate = mandate(&self.parts, n);
        let before = granted(&mandate);
        change(&mut mandate);
        let held = self.chain.logs.iter_mut().find(|log| log.topics == before.topics).unwrap();
        let after = granted(&mandate);
        (held.topics, held.data) = (after.topics, after.data);
    }

    /// Where the card of somebody lies.
    pub(super) fn card_file(n: u8) -> String {
        format!("cards/0x{}.json", hex::encode(account(n)))
    }

    /// The card of somebody is not shown.
    pub(super) fn forget_card(&mut self, n: u8) {
        self.parts.cards.retain(|card| card.document.settlement != account(n));
    }

    /// Nothing was brought on chain, and three accounts without seats accept, vote and sign.
    pub(super) fn judge_by_sybils(&mut self) {
        let contracts = deployment().contracts;
        let mut accepted = self.parts.panel.accepted.to_vec();
        accepted.extend(SYBILS.map(|n| accept(&self.parts.panel.request, n)));
        self.parts.panel.accepted = accepted.try_into().unwrap();
        self.parts.cards.extend(SYBILS.map(|n| card(n, Role::Juror)));
        self.parts.milestones[0].verdict = Some(verdict(self.parts.deal, &SYBILS));
        let judged = IDealEscrow::Judged::SIGNATURE_HASH;
        self.chain.logs.retain(|log| log.topics[0] != judged || log.address != contracts.escrow);
    }

    /// Side B alleges a breach of the NDA while the deal runs.
    pub(super) fn allege_breach(&mut self) {
        let (accords, nda) = (deployment().contracts.accords, self.parts.nda.id.word());
        let event = IAccords::BreachAlleged { nda, by: account(2), evidence: B256::repeat_byte(3) };
        let place = self.chain.logs.len() - 2;
        let mut alleged = log(accords, &event);
        let before = &self.chain.logs[place - 1];
        (alleged.block, alleged.tx, alleged.index) = (before.block, TxHash([0xbb; 32]), before.index + 1);
        self.chain.logs.insert(place, alleged);
    }

    /// The bundle's agreement is not what the vaults hold.
    pub(super) fn swap_agreement(&mut self) {
        let contracts = deployment().contracts;
        let put = VaultPut {
            deal: self.parts.deal,
            milestone: 255,
            attempt: 0,
            manifest: ContentHash(self.parts.terms.agreement.0),
        };
        let other = BlobId([0x0d; 32]);
        let mut receipt =
            Receipt { put, blob: other, size: 1, stored_at: 1, vault: account(6), signature: None };
        receipt.signature = Some(eth(6, receipt.typed().digest(&contracts)));
        self.parts.terms.receipts = [receipt].into();
        self.parts.sealed.push(("sealed/agreement.age".into(), BlobId(Sha256::digest(AGREEMENT).into())));
    }

    /// The register's seats joined a moment before the draw.
    pub(super) fn later_seats(&mut self) {
        for time in self.chain.times.values_mut() {
            *time = now().secs() - 1;
        }
    }

    /// The escrow's log of the close, which tells of the payments, says one micro-USDC less for the seller.
    pub(super) fn pay_less(&mut self) {
        let deal = self.parts.deal.word();
        let less = IDealEscrow::Closed { deal, amounts: amounts([PRICE - 1, 2_000_000, 0]) };
        let paid = log(deployment().contracts.escrow, &less);
        let wanted = IDealEscrow::Closed::SIGNATURE_HASH;
        let held = self.chain.logs.iter_mut().find(|log| log.topics[0] == wanted).unwrap();
        held.data = paid.data;
    }
}

fn blob() -> BlobId {
    BlobId(Sha256::digest(EVIDENCE).into())
}

fn nda() -> (B256, NdaProofs) {
    let contracts = deployment().contracts;
    let paper = PaperId([0x1d; 32]);
    let terms = typed::Nda {
        a: account(1),
        b: account(2),
        terms: paper.word(),
        scopes: 3,
        from: u40(1),
        until: u40(4_000_000_000),
        destroyBy: u40(4_000_000_000),
        anchorBy: u40(3_000_000_000),
        jurisdiction: 83,
        salt: U256::from(9),
    };
    let id = terms.id(&contracts);
    let (by_a, by_b) = (assent(1, paper, id.word()), assent(2, paper, id.word()));
    (id.word(), NdaProofs { id, paper, terms, by_a, by_b })
}

fn panel() -> (PanelRequest, PanelProofs) {
    let contracts = deployment().contracts;
    let request = PanelRequest {
        negotiation: B256::repeat_byte(0x22),
        jury: contracts.jury,
        beaconRound: ROUND,
        seats: u40(3),
        size: 3,
        quorum: 2,
        attempt: 0,
    };
    let digest = request.digest(&contracts);
    let proofs = PanelProofs {
        request: request.clone(),
        by_buyer: eth(1, digest),
        by_seller: eth(2, digest),
        beacon: beacon::Proof(hex::decode(BEACON).unwrap().try_into().unwrap()),
        accepted: JURORS.map(|n| accept(&request, n)).into(),
        walk: Vec::new(),
    };
    (request, proofs)
}

fn accept(request: &PanelRequest, n: u8) -> SeatAccepted {
    let contracts = deployment().contracts;
    let mut seat = SeatAccepted {
        negotiation: NegotiationId([0x22; 32]),
        request: request.digest(&contracts).0,
        juror: account(n),
        recipient: [n; 32],
        fee: Usdc::ZERO,
        until: 4_000_000_000,
        signature: EthSignature([0; 65]),
    };
    seat.signature = eth(n, seat.typed().digest(&contracts));
    seat
}

fn terms(nda: B256, request: &PanelRequest) -> typed::Deal {
    let contracts = deployment().contracts;
    let schedule = Schedule::pack(&[(Usdc(PRICE), 3600)]).unwrap();
    typed::Deal {
        buyer: account(1),
        seller: account(2),
        buyerPay: account(51),
        sellerPay: account(52),
        amounts: schedule.amounts,
        amounts2: schedule.amounts2,
        due: schedule.due,
        panel: address_list_hash(JURORS.map(account)).unwrap(),
        jury: contracts.jury,
        end: u40(2_000_000_000),
        window: 0,
        quorum: 2,
        fallback: 0,
        fallbackBps: 0,
        juryFee: 0,
        appealFee: 2_000_000,
        sellerBond: 0,
        flags: 3,
        meta: typed::Meta {
            agreement: B256::repeat_byte(0xa9),
            nda,
            pact: B256::repeat_byte(0xac),
            panelRequest: request.digest(&contracts),
            vaults: address_list_hash(VAULTS.map(account)).unwrap(),
            mandates: contracts.mandates,
            reviewer: Address::ZERO,
            start: u40(1_700_000_000),
            fundBy: u40(1_700_000_300),
            kind: 1,
            jurisdiction: 83,
            beaconRound: ROUND,
            attempt: 0,
            salt: U256::from(5),
        },
    }
}

fn milestone(deal: DealId) -> MilestoneProofs {
    let contracts = deployment().contracts;
    let manifest = MANIFEST;
    let size = EVIDENCE.len() as u64;
    let claim = document(
        7,
        DeliveryClaim {
            deal,
            milestone: MilestoneIndex(0),
            attempt: 0,
            seller: did(2),
            manifest,
            blob: blob(),
            size,
            previous: None,
        },
    );
    let proof = prove(2, claim.id());
    let mut claim = Signed::unsigned(claim);
    claim.proofs = [proof].into();
    let receipt = |n: u8| {
        let put = VaultPut { deal, milestone: 0, attempt: 0, manifest: ContentHash(manifest.0) };
        let mut receipt =
            Receipt { put, blob: blob(), size, stored_at: 1_700_000_400, vault: account(n), signature: None };
        receipt.signature = Some(eth(n, receipt.typed().digest(&contracts)));
        receipt
    };
    MilestoneProofs {
        milestone: 0,
        claim: Some(claim),
        receipts: VAULTS.map(receipt).into(),
        verdict: Some(verdict(deal, &JURORS)),
    }
}

/// A verdict for the full share by these.
fn verdict(deal: DealId, by: &[u8; 3]) -> VerdictProof {
    let contracts = deployment().contracts;
    let manifest = MANIFEST;
    let ballot = |n: u8| {
        let clauses = [ClauseResult {
            clause: "citations".parse().unwrap(),
            pass: true,
            score_bps: Bps::FULL,
            quote: None,
        }];
        let ballot = Ballot {
            deal,
            milestone: MilestoneIndex(0),
            round: 0,
            attempt: 0,
            juror: did(n),
            account: account(n),
            evidence: manifest,
            unread: false,
            clauses: clauses.into(),
            seller_bps: Bps::FULL,
        };
        let ballot = document(n, ballot);
        BallotProof { account: account(n), commit: ballot.id().word(), revealed: true, ballot: Some(ballot) }
    };
    let mut ballots = by.map(ballot);
    ballots.sort_by_key(|ballot| ballot.account);
    let run = RunId { deal, milestone: MilestoneIndex(0), round: 0, attempt: 0 };
    let votes = votes_digest(run, manifest, ballots.iter().map(|b| (b.account, b.commit, b.revealed)));
    let verdict = typed::Verdict {
        deal: deal.word(),
        milestone: 0,
        round: 0,
        attempt: 0,
        sellerBps: 10_000,
        evidence: manifest.word(),
        votes,
    };
    let mut signatures = by.map(|n| (account(n), eth(n, verdict.digest(&contracts))));
    signatures.sort_by_key(|(account, _)| *account);
    VerdictProof {
        case: CaseId { deal, milestone: 0, round: 0, attempt: 0 },
        seller_bps: 10_000,
        evidence: ContentHash(manifest.0),
        votes: ContentHash(votes.0),
        ballots: ballots.into(),
        signatures: signatures.into(),
    }
}

fn rating(deal: DealId) -> RatingProof {
    let paper = document(
        8,
        Rating {
            deal,
            from: did(1),
            about: did(2),
            value: RatingValue::new(90).unwrap(),
            text: None,
            verdicts: BoundedVec::new(),
            settlements: BoundedVec::new(),
            parents: BoundedVec::new(),
        },
    );
    let digest = Rating::typed(&paper).digest(&deployment().contracts);
    RatingProof {
        from: did(1),
        about: did(2),
        value: paper.value,
        paper: paper.id(),
        proof: prove(1, paper.id()),
        signature: Some(eth(1, digest)),
    }
}

fn chain(parts: &Parts) -> OnChain {
    let contracts = deployment().contracts;
    let (deal, terms) = (parts.deal.word(), &parts.terms.terms);
    let escrow = contracts.escrow;
    let verdict = parts.milestones[0].verdict.as_ref().unwrap();
    let typed = typed::Verdict {
        deal,
        milestone: 0,
        round: 0,
        attempt: 0,
        sellerBps: 10_000,
        evidence: verdict.evidence.word(),
        votes: verdict.votes.word(),
    };
    let mut logs: Vec<ChainLog> = (0..).zip(JURORS).map(|(seat, n)| seated(seat, n)).collect();
    // A seat that joined after the request is none of this deal's business.
    logs.push(seated(3, 9));
    logs.extend([1, 2].map(|n| granted(&mandate(parts, n))));
    let nda = parts.nda.id.word();
    let (a, b) = (terms.buyer, terms.seller);
    logs.push(log(contracts.accords, &IAccords::Anchored { nda, a, b, terms: shape(&parts.nda.terms) }));
    let words = opened_words(terms, Source::Mandate);
    let opened = IDealEscrow::Opened { deal, buyer: a, seller: b, terms: words };
    logs.push(log(escrow, &opened));
    let judged = IDealEscrow::Judged {
        deal,
        judgement: judgement(&typed, 7, 0, (PRICE, 0)),
        evidence: typed.evidence,
        votes: typed.votes,
    };
    logs.push(log(escrow, &judged));
    logs.push(log(escrow, &IDealEscrow::Closed { deal, amounts: amounts([PRICE, 2_000_000, 0]) }));
    let feedback = parts.ratings.ratings[0].paper.word();
    let rated = IDealEscrow::Rated { deal, rating: U256::from(90), feedbackHash: feedback };
    logs.push(log(escrow, &rated));
    let mut times = std::collections::BTreeMap::new();
    for (number, log) in (1..).zip(&mut logs) {
        log.block = Mark { number, hash: BlockHash([u8::try_from(number).unwrap(); 32]) };
        log.tx = TxHash([u8::try_from(number).unwrap(); 32]);
        if log.address == contracts.jury {
            let joined = if number == LATE { 200 } else { 1000 };
            times.insert(number, now().secs() - joined + number);
        }
    }
    let last = logs.len() as u64;
    let built = Built {
        deployment: deployment(),
        beacon: BeaconChain::quicknet(),
        seat_age_secs: parts.seat_age_secs,
    };
    OnChain { chain_id: 31337, blocks: (0, last), logs, times, built: Ok(built) }
}

/// The mandate under which an agent acts, for the card of the bundle.
fn mandate(parts: &Parts, n: u8) -> typed::Mandate {
    let card = parts.cards.iter().find(|card| card.document.settlement == account(n)).unwrap();
    typed::Mandate {
        agent: account(n),
        principal: account(50 + n),
        spender: deployment().contracts.escrow,
        card: card.document.id().word(),
        agentId: U256::ZERO,
        humanAbove: PRICE,
        perPeriod: PRICE,
        period: 86_400,
        scopes: 3,
        validFrom: u40(1),
        validUntil: u40(4_000_000_000),
        policy: B256::ZERO,
        serial: 1,
    }
}

fn granted(mandate: &typed::Mandate) -> ChainLog {
    let (agent, principal, spender) = (mandate.agent, mandate.principal, mandate.spender);
    let event = IMandates::Granted { agent, principal, spender, mandate: pack::mandate(mandate), spent: 0 };
    log(deployment().contracts.mandates, &event)
}

fn seated(seat: u64, n: u8) -> ChainLog {
    let event = IJuryPool::Seated {
        seat: U40::from(seat),
        holder: account(n),
        principal: account(50 + n),
        provider: u16::from(n),
    };
    log(deployment().contracts.jury, &event)
}
