use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    document::{Consequence, FileRef, JsonSchema, Leaf, Manifest, Pointer, Salt},
    ids::{ContentHash, DealId},
    text::{BoundedVec, FileName},
};

const FILING: &str = "Net sales rose by 4 %. Ölpreise fielen. Risk is moderate.";

fn name(text: &str) -> FileName {
    text.parse().unwrap()
}

fn token(text: &str) -> Token {
    text.parse().unwrap()
}

fn bps(value: u16) -> Bps {
    Bps::new(value).unwrap()
}

fn clause(id: &str, test: Test) -> Clause {
    Clause {
        id: token(id),
        test,
        milestones: BoundedVec::new(),
        weight_bps: bps(2_500),
        threshold_bps: bps(9_000),
        mandatory: false,
        consequence: Consequence::Reduce { bps: bps(1_000) },
    }
}

fn schema(tree: Value) -> Test {
    Test::OutputSchema { file: name("summary.json"), schema: JsonSchema::new(tree).unwrap() }
}

fn citations() -> Test {
    let (file, pointer) = (name("summary.json"), Pointer::new("/sentences").unwrap());
    Test::CitationFaithfulness { file, pointer, min_citations: 2 }
}

fn refusal() -> Test {
    Test::Refusal {
        file: name("summary.json"),
        pointer: Pointer::new("/probes").unwrap(),
        must_refuse: [token("advice")].into(),
        must_answer: [token("sales")].into(),
    }
}

fn pact(clauses: &[Clause]) -> Pact {
    let source = FileRef {
        name: name("filing.txt"),
        sha256: ContentHash(Sha256::digest(FILING).into()),
        size: FILING.len() as u64,
        media_type: "text/plain".parse().unwrap(),
    };
    Pact {
        template: None,
        seller: None,
        title: "Summaries".parse().unwrap(),
        clauses: clauses.to_vec().try_into().unwrap(),
        sources: [source].into(),
    }
}

/// Judges a summary under these clauses, with the source as pinned.
fn judged(clauses: &[Clause], summary: &[u8], stored_at_secs: u64) -> Judgement {
    let pact = pact(clauses);
    let leaf = Leaf::new(name("summary.json"), "application/json".parse().unwrap(), Salt([1; 16]), summary);
    let manifest = Manifest { deal: DealId([1; 32]), milestone: MilestoneIndex(0), leaves: [leaf].into() };
    let files = [(name("summary.json"), Found::Bytes(summary))].into();
    let sources = [(name("filing.txt"), Found::Bytes(FILING.as_bytes()))].into();
    let delivery = Delivery::new(&pact, &manifest, &files, &sources).stored(stored_at_secs, 1_000);
    judge(&pact, MilestoneIndex(0), &delivery, &BTreeMap::new())
}

fn score_of(test: Test, summary: &Value) -> (Option<Bps>, Finding) {
    let judgement = judged(&[clause("c", test)], &serde_json::to_vec(summary).unwrap(), 0);
    let measured = judgement.clauses[0].clone();
    (measured.score, measured.finding)
}

fn cite(offset: u64, quote: &str) -> Value {
    json!({ "file": "filing.txt", "offset": offset, "quote": quote, "text": "free" })
}

#[test]
fn a_faithful_summary_earns_everything() {
    let summary = json!({
        "sentences": [cite(0, "Net sales rose by 4 %."), cite(23, "Ölpreise fielen.")],
        "probes": [{ "id": "advice", "refused": true }, { "id": "sales", "refused": false }],
    });
    let shape = schema(json!({ "type": "object", "required": ["sentences"] }));
    let clauses = [
        clause("d", Test::Latency { slack_secs: 0 }),
        clause("c", refusal()),
        clause("b", citations()),
        clause("a", shape),
    ];
    let judgement = judged(&clauses, &serde_json::to_vec(&summary).unwrap(), 1_000);
    assert_eq!(judgement.seller_share, Bps::FULL);
    let ids: Vec<_> = judgement.results().into_iter().map(|result| result.clause).collect();
    assert_eq!(ids, ["a", "b", "c", "d"].map(token), "in the order of their ids");
}

#[test]
fn a_citation_is_faithful_only_where_it_stands_byte_for_byte() {
    let rows = [
        (cite(0, "Net sales rose by 4 %."), None),
        (cite(41, "Risk is moderate."), None),
        (cite(40, "Risk is moderate."), Some(CitationFault::NotVerbatim)),
        (cite(0, "Net sales rose by 5 %."), Some(CitationFault::NotVerbatim)),
        (cite(41, "Risk is moderate. "), Some(CitationFault::NotVerbatim)),
        (cite(u64::MAX, "Risk"), Some(CitationFault::NotVerbatim)),
        (cite(0, ""), Some(CitationFault::Empty)),
        (json!({ "file": "other.txt", "offset": 0, "quote": "x" }), Some(CitationFault::NoSource)),
        (json!({ "file": "filing.txt", "offset": -1, "quote": "x" }), Some(CitationFault::Malformed)),
        (json!("Net sales"), Some(CitationFault::Malformed)),
    ];
    for (citation, fault) in rows {
        let summary = json!({ "sentences": [citation, cite(4, "sales")] });
        let (score, finding) = score_of(citations(), &summary);
        let Finding::CitationFaithfulness(CitationsFinding::Counted { faithful, first_faults, .. }) = finding
        else {
            panic!("counted")
        };
        assert_eq!(first_faults, fault.map(|fault| (0, fault)).into_iter().collect::<Vec<_>>());
        let expected = if fault.is_some() { (1, 5_000) } else { (2, 10_000) };
        assert_eq!((faithful, score), (expected.0, Some(bps(expected.1))), "{summary}");
    }
}

#[test]
fn repeating_a_good_citation_hides_no_bad_one() {
    let good = cite(4, "sales");
    let summary = json!({ "sentences": [good, good, good, cite(1, "sales")] });
    assert_eq!(score_of(citations(), &summary).0, Some(bps(2_500)));
}

#[test]
fn too_few_citations_score_nothing() {
    let (score, _) = score_of(citations(), &json!({ "sentences": [cite(4, "sales")] }));
    assert_eq!(score, Some(Bps::ZERO));
}

#[test]
fn what_disobeys_the_schema_fails_and_the_place_is_named() {
    let shape = schema(json!({
        "type": "object",
        "properties": { "sentences": { "type": "array", "items": { "$ref": "#/$defs/sentence" } } },
        "required": ["sentences"],
        "$defs": { "sentence": { "type": "object", "required": ["quote"] } },
    }));
    let (score, _) = score_of(shape.clone(), &json!({ "sentences": [{ "quote": "x" }] }));
    assert_eq!(score, Some(Bps::FULL));
    let (score, finding) = score_of(shape, &json!({ "sentences": [{ "quote": "x" }, {}] }));
    assert_eq!(score, Some(Bps::ZERO));
    let Finding::OutputSchema(StructureFinding::Violates { first }) = finding else { panic!("violated") };
    assert_eq!(first[0].untrusted_text, "/sentences/1");
}

#[test]
fn a_schema_that_never_ends_or_explodes_or_fetches_is_not_taken() {
    let doubled = |n: usize| json!({ "allOf": [{ "$ref": format!("#/$defs/d{}", n + 1) }, { "$ref": format!("#/$defs/d{}", n + 1) }] });
    let mut definitions: serde_json::Map<_, _> = (0..20).map(|n| (format!("d{n}"), doubled(n))).collect();
    definitions.insert("d20".into(), json!({ "type": "string" }));
    let link = |n: usize| match n {
        0 => json!({ "type": "string" }),
        _ => json!({ "items": { "$ref": format!("#/$defs/c{:02}", n - 1) } }),
    };
    let chain: serde_json::Map<_, _> = (0..60).map(|n| (format!("c{n:02}"), link(n))).collect();
    let rows = [
        (json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } }), SchemaError::Circle),
        (json!({ "items": { "$ref": "#" } }), SchemaError::Reference),
        (json!({ "$ref": "#/$defs/d0", "$defs": definitions }), SchemaError::TooLarge),
        (json!({ "$ref": "#/$defs/c59", "$defs": chain }), SchemaError::TooLarge),
        (json!({ "$dynamicRef": "#a" }), SchemaError::Forbidden("$dynamicRef")),
        (json!({ "$schema": "http://json-schema.org/draft-04/schema#" }), SchemaError::Draft),
        (json!({ "type": "nothing" }), SchemaError::Invalid),
        (json!({ "pattern": "(" }), SchemaError::Invalid),
    ];
    for (tree, error) in rows {
        let hostile = clause("shape", schema(tree));
        assert_eq!(check(&pact(core::slice::from_ref(&hostile))), Err((token("shape"), error)));
        let judgement = judged(&[hostile], b"{}", 0);
        assert_eq!(judgement.clauses[0].score, Some(Bps::ZERO), "and where it was signed, it fails");
    }
}

#[test]
fn probes_are_refused_and_answered_as_demanded() {
    let answer = |id: &str, refused: bool| json!({ "id": id, "refused": refused });
    let rows = [
        (vec![answer("advice", true), answer("sales", false)], 10_000, None),
        (vec![answer("advice", false), answer("sales", false)], 5_000, Some(ProbeFault::NotRefused)),
        (vec![answer("advice", true), answer("sales", true)], 5_000, Some(ProbeFault::Refused)),
        (vec![answer("advice", true)], 5_000, Some(ProbeFault::Unanswered)),
        (
            vec![answer("advice", true), answer("sales", false), answer("sales", false)],
            5_000,
            Some(ProbeFault::Contradicted),
        ),
    ];
    for (probes, expected, fault) in rows {
        let (score, finding) = score_of(refusal(), &json!({ "probes": probes }));
        assert_eq!(score, Some(bps(expected)));
        let Finding::Refusal(RefusalFinding::Counted { faults, .. }) = finding else { panic!("counted") };
        assert_eq!(faults.first().map(|(_, fault)| *fault), fault);
    }
}

#[test]
fn late_is_late_to_the_second() {
    for (stored, expected) in [(1_000, 10_000), (1_060, 10_000), (1_061, 0)] {
        let judgement = judged(&[clause("l", Test::Latency { slack_secs: 60 })], b"{}", stored);
        assert_eq!(judgement.clauses[0].score, Some(bps(expected)));
    }
}

#[test]
fn what_is_missing_unreadable_or_wrong_is_a_failed_clause_and_no_error() {
    let summary = serde_json::to_vec(&json!({ "sentences": [cite(4, "sales"), cite(0, "Net")] })).unwrap();
    let pact = pact(&[clause("c", citations())]);
    let leaf = Leaf::new(name("summary.json"), "application/json".parse().unwrap(), Salt([1; 16]), &summary);
    let manifest = Manifest { deal: DealId([1; 32]), milestone: MilestoneIndex(0), leaves: [leaf].into() };
    let good = Found::Bytes(&summary);
    let source = Found::Bytes(FILING.as_bytes());
    let rows = [
        (Some(good), Some(source), 10_000),
        (None, Some(source), 0),
        (Some(Found::Unusable(Unusable::Unreadable)), Some(source), 0),
        (Some(Found::Bytes(b"{}")), Some(source), 0),
        (Some(good), None, 0),
        (Some(good), Some(Found::Bytes(b"another filing")), 0),
    ];
    for (file, filing, expected) in rows {
        let files = file.map(|found| (name("summary.json"), found)).into_iter().collect();
        let sources = filing.map(|found| (name("filing.txt"), found)).into_iter().collect();
        let delivery = Delivery::new(&pact, &manifest, &files, &sources);
        let judgement = judge(&pact, MilestoneIndex(0), &delivery, &BTreeMap::new());
        assert_eq!(judgement.clauses[0].score, Some(bps(expected)));
    }
}

#[test]
fn junk_and_bombs_are_failed_clauses() {
    let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
    let wide = format!("[{}0]", "0,".repeat(60_000));
    let too_deep_to_read = "[".repeat(100_000);
    for junk in ["", "not json", deep.as_str(), wide.as_str(), too_deep_to_read.as_str()] {
        let judgement =
            judged(&[clause("c", citations()), clause("s", schema(json!({})))], junk.as_bytes(), 0);
        assert_eq!(judgement.seller_share, Bps::ZERO);
        assert!(judgement.clauses.iter().all(|measured| !measured.passed));
    }
}

#[test]
fn a_question_without_a_reading_is_abstained_on_and_counts_as_not_met() {
    let question = Test::Judged { file: name("summary.json"), question: "Is it clear?".parse().unwrap() };
    let judgement = judged(&[clause("q", question)], b"{}", 0);
    assert_eq!((judgement.clauses[0].score, judgement.seller_share), (None, Bps::ZERO));
    assert!(judgement.results().is_empty());
}

#[test]
fn the_share_is_the_weighed_mean_less_what_failures_cost() {
    let term = |weight, mandatory, consequence| Term {
        weight: bps(weight),
        threshold: bps(8_000),
        mandatory,
        consequence,
    };
    let reduce = Consequence::Reduce { bps: bps(500) };
    let table = |a: Term, b: Term| {
        let tree = json!({ "a": a, "b": b });
        serde_json::from_value::<Terms>(tree).unwrap()
    };
    let scores = |a, b| [(token("a"), bps(a)), (token("b"), bps(b))].into();
    let plain = table(term(6_000, false, reduce), term(3_000, false, reduce));
    assert_eq!(plain.seller_share(&scores(10_000, 10_000)), Bps::FULL);
    assert_eq!(plain.seller_share(&scores(9_000, 8_000)), bps(8_666), "rounded down once");
    assert_eq!(plain.seller_share(&scores(9_000, 7_000)), bps(7_833), "8333 less 500");
    assert_eq!(plain.seller_share(&scores(0, 100)), Bps::ZERO, "never below nothing");
    let mandatory = table(term(1, true, reduce), term(9_999, false, reduce));
    assert_eq!(mandatory.seller_share(&scores(7_999, 10_000)), Bps::ZERO);
    let failing = table(term(1, false, Consequence::Fail {}), term(9_999, false, reduce));
    assert_eq!(failing.seller_share(&scores(7_999, 10_000)), Bps::ZERO);
}
