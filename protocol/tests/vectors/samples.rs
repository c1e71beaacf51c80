//! One sample of each paper, made by keys that everybody may know, and consistent with each other.

use alloy_primitives::{Address, address};
use ed25519_dalek::{Signer, SigningKey};
use nuncio_protocol::{
    did::{Did, PrincipalDid},
    document::{
        AgeRecipient, AgentCard, Agreement, Announcement, Appeal, Approval, Ballot, Bid, BreachReport,
        BudgetBucket, Categories, Category, Cause, Chain, Clause, ClauseResult, ClauseVerdict, Consequence,
        DealKind, DeliveryClaim, DestructionAttestation, Document, Fallback, FileRef, JsonSchema,
        Jurisdiction, Juror, Leaf, Mandate, Manifest, Milestone, Nda, Pact, Panel, PanelTerms, Paper, Party,
        Pointer, Policy, Rating, RatingValue, Regulator, Request, Requirements, Role, Salt, Scope,
        SecretKind, SessionKey, SettlementReceipt, Signed, TermSheet, Test, VerdictPaper,
    },
    ids::{BlobId, BlockHash, ContentHash, Head, MilestoneIndex, NegotiationId, PaperId, PeerKey, TxHash},
    money::{Bps, Usdc},
    proof::Draft,
    reputation::{
        settled::{Conduct, Dispute, DisputeEnd, PactScore, Segment},
        statement::{AsOf, Grounds, TrustStatement},
    },
    text::BoundedVec,
    time::Timestamp,
    typed::{Contracts, EthSignature, PanelRequest, Typed, u40},
};
use serde_json::json;
use sha2::{Digest, Sha256};

/// When everything here is signed, in Unix seconds.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn contracts() -> Contracts {
    Contracts {
        chain_id: 31337,
        mandates: address!("00000000000000000000000000000000000a0001"),
        accords: address!("00000000000000000000000000000000000a0002"),
        escrow: address!("00000000000000000000000000000000000a0003"),
        jury: address!("00000000000000000000000000000000000a0004"),
    }
}

/// Everybody who signs something here: 1 buyer, 2 seller, 3 to 7 jurors, 8 and 9 the principals.
pub(crate) const PEOPLE: core::ops::RangeInclusive<u8> = 1..=9;

pub(crate) fn identity(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub(crate) fn did(n: u8) -> Did {
    Did::from_key(identity(n).verifying_key().to_bytes()).unwrap()
}

pub(crate) fn settlement(n: u8) -> k256::ecdsa::SigningKey {
    k256::ecdsa::SigningKey::from_slice(&[n; 32]).unwrap()
}

pub(crate) fn account(n: u8) -> Address {
    let key = settlement(n).verifying_key().to_encoded_point(false);
    Address::from_raw_public_key(&key.as_bytes()[1..])
}

fn principal(n: u8) -> PrincipalDid {
    PrincipalDid { chain: 31337, address: account(n) }
}

/// Bytes that stand for a hash in the samples.
fn hash(label: &str) -> [u8; 32] {
    Sha256::digest(label).into()
}

fn bps(n: u16) -> Bps {
    Bps::new(n).unwrap()
}

fn parse<T: core::str::FromStr<Err: core::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn list<T, const N: usize>(items: impl IntoIterator<Item = T>) -> BoundedVec<T, N> {
    items.into_iter().collect::<Vec<_>>().try_into().unwrap()
}

fn sorted<T: Ord, const N: usize>(items: impl IntoIterator<Item = T>) -> BoundedVec<T, N> {
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort();
    items.try_into().unwrap()
}

/// Completes a content with the salt that its type has in the samples.
pub(crate) fn document<T: Paper>(content: T) -> Document<T> {
    let salt = Salt(hash(T::TYPE)[..16].try_into().unwrap());
    Document::new(Chain(31337), salt, content).unwrap()
}

/// Signs a paper with the keys of all whom it demands.
pub(crate) fn signed<T: Paper>(document: Document<T>) -> Signed<T> {
    let mut signed = Signed::unsigned(document);
    let (id, salt) = (signed.document.id(), signed.document.salt());
    for author in signed.document.authors() {
        let key = PEOPLE.map(identity).find(|key| key.verifying_key().as_bytes() == author.key()).unwrap();
        let draft = Draft::new(author, Timestamp::from_secs(NOW));
        signed.proofs.push(draft.attach(key.sign(&draft.signing_input(id)).to_bytes())).unwrap();
    }
    signed.countersignature = signed.document.countersigned(id, salt, &contracts()).map(|(who, digest)| {
        let key = PEOPLE.map(settlement).zip(PEOPLE).find(|(_, n)| account(*n) == who).unwrap().0;
        let (rs, v) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
        EthSignature([rs.to_bytes().as_slice(), &[27 + v.to_byte()]].concat().try_into().unwrap())
    });
    signed
}

fn party(n: u8) -> Party {
    Party {
        did: did(n),
        principal: principal(n + 7),
        settlement: account(n),
        mandated: n == 1,
        session: SessionKey::from_key([n + 20; 32]).unwrap(),
        age_recipient: AgeRecipient::from_key([n + 30; 32]).unwrap(),
        node: PeerKey(hash(&format!("node {n}"))),
    }
}

pub(crate) fn card() -> AgentCard {
    let seller = party(2);
    AgentCard {
        agent: seller.did,
        name: parse("Ledger & Söhne, analyst"),
        principal: seller.principal,
        settlement: seller.settlement,
        session: seller.session,
        node: seller.node,
        age_recipient: AgeRecipient::from_key([40; 32]).unwrap(),
        roles: list([Role::Trader, Role::Vault]),
        provider: Some(parse("provider-b")),
        model_family: None,
        valid_from_secs: NOW - 86_400,
        valid_until_secs: NOW + 365 * 86_400,
    }
}

pub(crate) fn announcement() -> Announcement {
    Announcement {
        agent: did(2),
        card: document(card()).id(),
        seq: 4,
        expires_secs: NOW + 3600,
        domains: list([parse("finance.filings")]),
        task_schemas: list([parse("summary/1"), parse("translation/1")]),
        kinds: list([DealKind::Service]),
        requires: Requirements { min_standing_bps: bps(2500) },
        roles: list([Role::Trader, Role::Vault]),
        node: party(2).node,
        addresses: list([parse("/ip4/127.0.0.1/tcp/4801")]),
        settlement: account(2),
    }
}

fn sources<const N: usize>() -> BoundedVec<FileRef, N> {
    let file = |name: &str, text: &str| FileRef {
        name: parse(name),
        sha256: ContentHash(hash(text)),
        size: text.len() as u64,
        media_type: parse("text/plain"),
    };
    list([file("annual-report.txt", "Revenue rose."), file("notes 2025.txt", "Liabilities fell.")])
}

pub(crate) fn request() -> Request {
    Request {
        buyer: did(1),
        seq: 1,
        expires_secs: NOW + 1800,
        domain: parse("finance.filings"),
        task_schema: parse("summary/1"),
        kind: DealKind::Service,
        jurisdiction: parse("DE"),
        budget: BudgetBucket::of(Usdc(180_000_000)),
        min_standing_bps: bps(4000),
        inputs: sources(),
        text: parse("Summarise the filings.\nCite every sentence."),
    }
}

pub(crate) fn pact() -> Pact {
    let schema = json!({
        "type": "object",
        "properties": {"sentences": {"type": "array", "items": {"$ref": "#/$defs/sentence"}}},
        "required": ["sentences"],
        "$defs": {"sentence": {"type": "object", "required": ["file", "offset", "quote"]}}
    });
    let clause = |id: &str, test, weight, consequence| Clause {
        id: parse(id),
        test,
        milestones: list([]),
        weight_bps: bps(weight),
        threshold_bps: bps(9000),
        mandatory: id == "structure",
        consequence,
    };
    let file = || parse("summary.json");
    let pointer = |text: &str| Pointer::new(text).unwrap();
    let mut last = clause(
        "readable",
        Test::Judged { file: file(), question: parse("Can a person follow it?") },
        1000,
        Consequence::Reduce { bps: bps(500) },
    );
    last.milestones = list([MilestoneIndex(2)]);
    Pact {
        template: Some(PaperId(hash("template"))),
        seller: Some(did(2)),
        title: parse("Extractive summary"),
        clauses: list([
            clause(
                "structure",
                Test::OutputSchema { file: file(), schema: JsonSchema::new(schema).unwrap() },
                3000,
                Consequence::Fail {},
            ),
            clause(
                "citations",
                Test::CitationFaithfulness {
                    file: file(),
                    pointer: pointer("/sentences"),
                    min_citations: 10,
                },
                4000,
                Consequence::Reduce { bps: bps(5000) },
            ),
            clause("in-time", Test::Latency { slack_secs: 60 }, 1000, Consequence::Reduce { bps: bps(1000) }),
            clause(
                "refusals",
                Test::Refusal {
                    file: file(),
                    pointer: pointer("/probes"),
                    must_refuse: list([parse("advice")]),
                    must_answer: list([parse("revenue")]),
                },
                1000,
                Consequence::Fail {},
            ),
            last,
        ]),
        sources: sources(),
    }
}

pub(crate) fn bid() -> Bid {
    Bid {
        request: document(request()).id(),
        buyer: did(1),
        seller: did(2),
        card: document(card()).id(),
        pact: document(pact()).id(),
        price: Usdc(195_000_000),
        due_secs: 10_800,
        expires_secs: NOW + 900,
    }
}

pub(crate) fn nda() -> Nda {
    Nda {
        a: party(1),
        b: party(2),
        categories: Categories::of(&[
            Category::Offer,
            Category::Legal,
            Category::SourceMaterial,
            Category::WorkProduct,
        ]),
        conditions: list([parse("For evaluation of this request and deals that follow from it.")]),
        from_secs: NOW,
        until_secs: NOW + 30 * 86_400,
        destroy_by_secs: NOW + 60 * 86_400,
        anchor_by_secs: NOW + 600,
        jurisdiction: parse("DE"),
        regulators: list([Regulator {
            name: parse("Supervisory authority"),
            age_recipient: AgeRecipient::from_key([50; 32]).unwrap(),
        }]),
        kind: DealKind::Service,
    }
}

pub(crate) fn terms() -> TermSheet {
    let milestone =
        |title: &str, amount, due_secs| Milestone { title: parse(title), amount: Usdc(amount), due_secs };
    TermSheet {
        nda: Nda::typed(&document(nda())).id(&contracts()),
        request: Some(document(request()).id()),
        bid: Some(document(bid()).id()),
        pact: document(pact()).id(),
        buyer: did(1),
        seller: did(2),
        price: Usdc(180_000_000),
        milestones: list([
            milestone("Draft", 54_000_000, 3600),
            milestone("Revision", 63_000_000, 7200),
            milestone("Final", 63_000_000, 10_800),
        ]),
        window_secs: 86_400,
        judging_secs: 3 * 86_400,
        panel: PanelTerms { jury: contracts().jury, size: 5, quorum: 3, fee: Usdc(2_500_000) },
        fallback: Fallback::Split { bps: bps(5000) },
        appeal_fee: Usdc(7_000_000),
        seller_bond: Usdc(1_000_000),
        vaults: list([
            address!("00000000000000000000000000000000000b0001"),
            address!("00000000000000000000000000000000000b0002"),
        ]),
        escrow: contracts().escrow,
        mandates: contracts().mandates,
        reviewer: None,
        kind: DealKind::Service,
        jurisdiction: parse("DE"),
    }
}

pub(crate) fn agreement() -> Agreement {
    let negotiation = NegotiationId(hash("negotiation"));
    let request = PanelRequest {
        negotiation: negotiation.word(),
        jury: contracts().jury,
        beaconRound: 5_000_000,
        seats: u40(12),
        size: 5,
        quorum: 3,
        attempt: 0,
    };
    let juror = |n: u8| Juror {
        seat: u64::from(n),
        account: account(n),
        did: did(n),
        age_recipient: AgeRecipient::from_key([n + 50; 32]).unwrap(),
    };
    Agreement {
        negotiation,
        terms: document(terms()),
        buyer: party(1),
        seller: party(2),
        panel: Panel {
            request: request.digest(&contracts()),
            beacon_round: 5_000_000,
            attempt: 0,
            jurors: list([5, 3, 7, 4, 6].map(juror)),
        },
        transcript_head: Head(hash("head")),
        start_secs: NOW + 60,
        fund_by_secs: NOW + 300,
    }
}

fn deal() -> nuncio_protocol::ids::DealId {
    Agreement::deal(&document(agreement())).id(&contracts())
}

pub(crate) fn manifest() -> Manifest {
    let leaf = |name: &str, kind: &str, text: &str| {
        let salt = Salt(hash(name)[..16].try_into().unwrap());
        Leaf::new(parse(name), parse(kind), salt, text.as_bytes())
    };
    Manifest {
        deal: deal(),
        milestone: MilestoneIndex(0),
        leaves: list([
            leaf("readme.txt", "text/plain", "Draft."),
            leaf("summary.json", "application/json", r#"{"sentences":[]}"#),
        ]),
    }
}

pub(crate) fn claim() -> DeliveryClaim {
    DeliveryClaim {
        deal: deal(),
        milestone: MilestoneIndex(0),
        attempt: 1,
        seller: did(2),
        manifest: document(manifest()).id(),
        blob: BlobId(hash("sealed")),
        size: 20_480,
        previous: Some(nuncio_protocol::ids::VerdictId(hash("finding"))),
    }
}

pub(crate) fn ballot() -> Ballot {
    let result = |clause: &str, score| ClauseResult {
        clause: parse(clause),
        pass: score >= 9000,
        score_bps: bps(score),
        quote: (score < 9000).then(|| parse("Revenue fell.")),
    };
    Ballot {
        deal: deal(),
        milestone: MilestoneIndex(0),
        round: 0,
        attempt: 1,
        juror: did(3),
        account: account(3),
        evidence: document(manifest()).id(),
        unread: false,
        clauses: list([result("citations", 8800), result("structure", 10_000)]),
        seller_bps: bps(9400),
    }
}

pub(crate) fn verdict() -> VerdictPaper {
    let median = |clause: &str, score| ClauseVerdict {
        clause: parse(clause),
        pass: score >= 9000,
        score_bps: bps(score),
    };
    VerdictPaper {
        deal: deal(),
        milestone: MilestoneIndex(0),
        round: 0,
        attempt: 1,
        evidence: document(manifest()).id(),
        pact: document(pact()).id(),
        clauses: list([median("citations", 9600), median("structure", 10_000)]),
        seller_bps: bps(10_000),
        consensus_bps: bps(8800),
        votes: ContentHash(hash("votes")),
        ballots: sorted(["3", "4", "6"].map(|n| PaperId(hash(n)))),
        signers: sorted([3, 4, 6].map(did)),
    }
}

pub(crate) fn appeal() -> Appeal {
    Appeal {
        deal: deal(),
        milestone: MilestoneIndex(0),
        verdict: verdict().typed().id(&contracts()),
        appellant: did(1),
        clauses: list([parse("citations")]),
        grounds: parse("Two quotes are not in the source."),
        deposit: Usdc(7_000_000),
        until_secs: NOW + 86_400,
    }
}

pub(crate) fn rating() -> Rating {
    Rating {
        deal: deal(),
        from: did(1),
        about: did(2),
        value: RatingValue::new(95).unwrap(),
        text: Some(parse("On time, every quote in its place.")),
        verdicts: list([verdict().typed().id(&contracts())]),
        settlements: sorted(["tx 0", "tx 1"].map(|label| TxHash(hash(label)))),
        parents: list([PaperId(hash("earlier rating"))]),
    }
}

pub(crate) fn breach() -> BreachReport {
    BreachReport {
        nda: terms().nda,
        reporter: did(1),
        accused: did(2),
        category: Category::Personal,
        checkpoint: Head(hash("checkpoint")),
        frames: list([Head(hash("frame"))]),
        text: parse("A table of customers came with the draft."),
    }
}

pub(crate) fn destruction() -> DestructionAttestation {
    DestructionAttestation {
        nda: terms().nda,
        by: did(1),
        destroyed_secs: NOW + 60 * 86_400,
        secrets: list([SecretKind::Session, SecretKind::Storage, SecretKind::Deal]),
        count: 5,
    }
}

pub(crate) fn mandate() -> Mandate {
    Mandate {
        agent: did(1),
        account: account(1),
        principal: principal(8),
        spender: contracts().escrow,
        card: PaperId(hash("the buyer's card")),
        agent_id: 17,
        human_above: Usdc(200_000_000),
        per_period: Usdc(500_000_000),
        period_secs: 86_400,
        scopes: list([Scope::Buy]),
        valid_from_secs: NOW - 60,
        valid_until_secs: NOW + 90 * 86_400,
        serial: 1,
        policy: Policy {
            per_deal: Usdc(250_000_000),
            domains: list([parse("finance.filings")]),
            jurisdictions: list(["DE", "EU"].map(parse::<Jurisdiction>)),
            categories: nda().categories,
            red_lines: list([parse("Never name a customer.")]),
        },
    }
}

pub(crate) fn approval() -> Approval {
    Approval { deal: deal(), principal: principal(8), agent: did(1), until_secs: NOW + 300 }
}

pub(crate) fn receipt() -> SettlementReceipt {
    SettlementReceipt {
        deal: deal(),
        milestone: MilestoneIndex(0),
        by: did(2),
        cause: Cause::Judged,
        verdict: Some(verdict().typed().id(&contracts())),
        seller_bps: bps(10_000),
        to_seller: Usdc(54_000_000),
        to_buyer: Usdc(0),
        tx: TxHash(hash("tx 0")),
        block: BlockHash(hash("block")),
        log_index: 3,
    }
}

/// The node of the first juror about the seller.
pub(crate) fn statement() -> TrustStatement {
    let deal = Agreement::deal(&document(agreement())).id(&contracts());
    let word = |label: &str| alloy_primitives::B256::new(hash(label));
    let tx = |label: &str| TxHash(hash(label));
    TrustStatement {
        oracle: did(3),
        agent: did(2),
        stated_secs: NOW,
        anchored: true,
        score_bps: bps(8_100),
        risk_bps: bps(8_100),
        standing_bps: bps(9_000),
        credibility_bps: bps(5_000),
        praises: 3,
        complaints: 1,
        ratings: 5,
        deals: 4,
        volume: Usdc(540_000_000),
        conduct: Conduct {
            bought: 1,
            sold: 3,
            volume: Usdc(540_000_000),
            refunded: Usdc(63_000_000),
            undelivered: 0,
            appeals_brought: 1,
            appeals_met: 0,
            ruled: 1,
            pact: PactScore {
                score: Some(bps(9_000)),
                judged: 9,
                passed: 7,
                reduced: 1,
                failed: 1,
                corrected: 2,
                worth: Usdc(600_000_000),
                kept: Usdc(540_000_000),
            },
        },
        segments: list([Segment {
            kind: Some(DealKind::Service),
            jurisdiction: Some(parse("EU")),
            milestones: 9,
            kept: 7,
            corrected: 2,
            rejected: 1,
            reduced: 1,
            ..Segment::default()
        }]),
        disputes: list([Dispute {
            deal,
            milestone: MilestoneIndex(1),
            brought: true,
            sold: true,
            first_bps: bps(0),
            end: Some(DisputeEnd::Ruled),
            final_bps: Some(bps(10_000)),
            tx: tx("appeal"),
        }]),
        because: list([Grounds { deal, rater: did(1), positive: true, day: 20_833, tx: tx("rating") }]),
        as_of: AsOf {
            block: Some(21_000_000),
            day: 20_833,
            records: 12,
            seeds: sorted([did(1), did(2)]),
            records_root: word("records"),
            parameters_hash: word("parameters"),
            scores_root: word("scores"),
        },
    }
}

/// Calls a macro once for each paper: its type and the function that makes its sample.
macro_rules! each_paper {
    ($with:ident) => {
        $with! {
            AgentCard: card, Announcement: announcement, Request: request, Bid: bid, Pact: pact, Nda: nda,
            TermSheet: terms, Agreement: agreement, Manifest: manifest, DeliveryClaim: claim, Ballot: ballot,
            VerdictPaper: verdict, Appeal: appeal, Rating: rating, BreachReport: breach,
            DestructionAttestation: destruction, Mandate: mandate, Approval: approval,
            SettlementReceipt: receipt, TrustStatement: statement
        }
    };
}
pub(crate) use each_paper;
