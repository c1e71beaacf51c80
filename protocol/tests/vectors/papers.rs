//! The papers, byte for byte; each against its schema; none valid as another.

use nuncio_protocol::{
    canonical::{EncodingError, id_of},
    document::{
        AgentCard, Agreement, Announcement, Appeal, Approval, Ballot, Bid, BreachReport, DeliveryClaim,
        DestructionAttestation, Document, Mandate, Manifest, Nda, Pact, Paper, PaperError, Rating, Request,
        SettlementReceipt, Signed, TermSheet, VerdictPaper,
    },
    money::Bps,
    reputation::statement::TrustStatement,
    text::BoundedVec,
};
use serde_json::{Map, Value, json};

use crate::{golden, samples, samples::each_paper};

/// A sample with what is done with it, whatever its type.
struct Sample {
    kind: &'static str,
    canonical: Vec<u8>,
    signed: Value,
    /// Reads `X.json` as this type.
    read: fn(&[u8]) -> Result<(), EncodingError>,
    /// Reads a paper with proofs as this type and checks it.
    verify: fn(&[u8]) -> Result<(), PaperError>,
}

fn read<T: Paper>(bytes: &[u8]) -> Result<(), EncodingError> {
    Document::<T>::read(bytes).map(drop)
}

fn verify<T: Paper>(bytes: &[u8]) -> Result<(), PaperError> {
    Signed::<T>::read(bytes)?.verify(&samples::contracts()).map(drop)
}

fn all() -> Vec<Sample> {
    macro_rules! make {
        ($($paper:ident: $make:ident),+) => {
            vec![$({
                let document = samples::document(samples::$make());
                Sample {
                    kind: <$paper as Paper>::TYPE,
                    canonical: document.canonical(),
                    signed: serde_json::to_value(samples::signed(document)).unwrap(),
                    read: read::<$paper>,
                    verify: verify::<$paper>,
                }
            }),+]
        };
    }
    each_paper!(make)
}

fn tree(sample: &Sample) -> Value {
    serde_json::from_slice(&sample.canonical).unwrap()
}

fn schema(kind: &str) -> jsonschema::Validator {
    let path = format!("{}/vectors/schemas/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn the_papers_are_byte_for_byte_what_the_vectors_say() {
    let people: Vec<_> = samples::PEOPLE
        .map(|n| {
            json!({
                "ed25519_seed": hex::encode([n; 32]), "did": samples::did(n),
                "secp256k1_key": hex::encode([n; 32]), "account": samples::account(n),
            })
        })
        .collect();
    let papers: Map<_, _> = all()
        .iter()
        .map(|sample| {
            let entry = json!({
                "canonical": String::from_utf8(sample.canonical.clone()).unwrap(),
                "id": id_of(&sample.canonical),
                "proofs": sample.signed["proofs"],
                "countersignature": sample.signed.get("countersignature"),
            });
            (sample.kind.to_owned(), entry)
        })
        .collect();
    golden(
        "papers.json",
        &json!({
            "note": "`canonical` is the file X.json; its SHA-256 is `id`; `proofs` is X.proof.json.",
            "contracts": samples::contracts(),
            "people": people,
            "papers": papers,
        }),
    );
}

#[test]
fn every_sample_is_read_and_verified_and_has_its_own_type() {
    let samples = all();
    let kinds: std::collections::BTreeSet<_> = samples.iter().map(|sample| sample.kind).collect();
    assert_eq!(kinds.len(), samples.len());
    for sample in &samples {
        assert_eq!((sample.read)(&sample.canonical), Ok(()), "{}", sample.kind);
        let verified = (sample.verify)(sample.signed.to_string().as_bytes());
        let unsigned = sample.kind == Manifest::TYPE;
        assert_eq!(verified.is_ok(), !unsigned, "{}: {verified:?}", sample.kind);
    }
}

#[test]
fn no_paper_is_valid_as_another() {
    let samples = all();
    for sample in &samples {
        for other in samples.iter().filter(|other| other.kind != sample.kind) {
            assert!((other.read)(&sample.canonical).is_err(), "{} as {}", sample.kind, other.kind);
            assert!((other.verify)(sample.signed.to_string().as_bytes()).is_err());
            assert!(!schema(other.kind).is_valid(&tree(sample)), "{} as {}", sample.kind, other.kind);
            // Not even when it says that it is the other.
            let mut disguised = tree(sample);
            disguised["type"] = other.kind.into();
            let bytes = serde_json_canonicalizer::to_vec(&disguised).unwrap();
            assert!((other.read)(&bytes).is_err(), "{} disguised as {}", sample.kind, other.kind);
        }
    }
}

#[test]
fn every_sample_obeys_its_schema() {
    for sample in all() {
        let schema = schema(sample.kind);
        let faults: Vec<_> = schema.iter_errors(&tree(&sample)).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", sample.kind);
    }
    let proof = schema("proof");
    for sample in all() {
        assert!(sample.signed["proofs"].as_array().unwrap().iter().all(|p| proof.is_valid(p)));
    }
}

/// All places in a tree, as JSON Pointers.
fn places(tree: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match tree {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| places(value, &format!("{at}/{}", escape(key)), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{at}/{i}"), out));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every tree that differs from the sample in one place, with what was done there. Inside a clause's
/// schema everything is free.
fn changed(sample: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    places(sample, "", &mut all);
    let mut out = Vec::new();
    for at in all.iter().filter(|at| !at.contains("/schema")) {
        let mut change = |what: &str, with: &dyn Fn(&mut Value)| {
            let mut tree = sample.clone();
            with(tree.pointer_mut(at).unwrap());
            if tree != *sample {
                out.push((format!("{at}: {what}"), tree));
            }
        };
        change("null", &|value| *value = Value::Null);
        change("a list of null", &|value| *value = json!([null]));
        change("an unknown word", &|value| *value = json!("§"));
        change("a negative number", &|value| *value = json!(-1));
        change("2^53", &|value| *value = json!(1_u64 << 53));
        if let Some(fields) = sample.pointer(at).and_then(Value::as_object) {
            change("an unknown field", &|value| value["unknown"] = json!(1));
            for key in fields.keys() {
                change(&format!("without {key}"), &|value| {
                    value.as_object_mut().map(|fields| fields.remove(key));
                });
            }
        }
    }
    out
}

#[test]
fn the_reader_and_the_schema_refuse_the_same_changes() {
    // Rules between fields, which the schemas leave to the reader.
    let only_the_reader = ["without previous", "without verdict", "/leaves/0/name: an unknown word"];
    let (mut tried, mut differ) = (0, Vec::new());
    for sample in all() {
        let schema = schema(sample.kind);
        for (what, tree) in changed(&tree(&sample)) {
            let bytes = serde_json_canonicalizer::to_vec(&tree).unwrap();
            let (reads, obeys) = ((sample.read)(&bytes).is_ok(), schema.is_valid(&tree));
            let excused = obeys && only_the_reader.iter().any(|excuse| what.contains(excuse));
            if reads != obeys && !excused {
                differ.push(format!("{} {what}: reader {reads}, schema {obeys}", sample.kind));
            }
            tried += 1;
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(tried > 1000, "{tried} changes");
}

/// A ballot of a juror who could read nothing has no results, and says so in one way only.
#[test]
fn a_ballot_that_read_nothing_says_it_in_one_way() {
    let read_nothing =
        Ballot { unread: true, clauses: BoundedVec::new(), seller_bps: Bps::ZERO, ..samples::ballot() };
    let paper = samples::document(read_nothing).canonical();
    let tree: Value = serde_json::from_slice(&paper).unwrap();
    let schema = schema("ballot");
    assert!(schema.is_valid(&tree));
    let mut differ = Vec::new();
    let mut hold = |what: String, tree: &Value| {
        let bytes = serde_json_canonicalizer::to_vec(tree).unwrap();
        let (reads, obeys) = (read::<Ballot>(&bytes).is_ok(), schema.is_valid(tree));
        if reads != obeys {
            differ.push(format!("{what}: reader {reads}, schema {obeys}"));
        }
        obeys
    };
    assert!(hold("as it is".into(), &tree));
    for (what, tree) in changed(&tree) {
        hold(what, &tree);
    }
    for (field, value) in [("unread", json!(false)), ("seller_bps", json!(1))] {
        let mut tree = tree.clone();
        tree[field] = value;
        assert!(!hold(format!("another {field}"), &tree), "{field}");
    }
    let mut with_results: Value =
        serde_json::from_slice(&samples::document(samples::ballot()).canonical()).unwrap();
    for seller_bps in [0, 9400] {
        with_results["seller_bps"] = json!(seller_bps);
        with_results["unread"] = json!(true);
        assert!(!hold(format!("results and {seller_bps}"), &with_results));
    }
    assert!(differ.is_empty(), "{differ:#?}");
}
