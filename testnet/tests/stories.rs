//! The stories with real processes: daemons, agents, chain, beacon. `scripts/test stories` runs them.
//!
//! Each takes a minute and a dozen processes, so plain `cargo test` skips them; what needs no daemon
//! runs always.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
fn testnet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nuncio-testnet")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Runs the demo and gives its report.
fn demo(corpus: Option<&Path>) -> Value {
    demo_with(corpus, &[])
}

/// Runs the demo with further flags and gives its report.
#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
fn demo_with(corpus: Option<&Path>, flags: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("demo.json");
    let mut arguments = vec!["demo", "--json", json.to_str().unwrap()];
    arguments.extend(flags);
    arguments.extend(corpus.iter().flat_map(|corpus| ["--corpus", corpus.to_str().unwrap()]));
    let output = testnet(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&fs::read(json).unwrap()).unwrap()
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn three_milestones_are_delivered_judged_paid_and_rated_among_strangers() {
    let report = demo(None);
    let story = &report["stories"][0];
    assert_eq!(report["schema"], "nuncio.demo/1");
    assert_eq!((&report["ok"], &story["outcome"]), (&true.into(), &"completed".into()));
    let checks: Vec<&str> =
        story["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    let tried = |what: &str| -> usize {
        let check = checks.iter().find(|check| check.contains(what)).unwrap();
        check.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(tried("refuses a changed byte") >= 200);
    assert!(tried("refuses a missing file") >= 20 && tried("refuses a renamed file") >= 20);
    assert!(tried("refuses an added file") >= 1);
    assert!(tried("what the table of gas says") >= 7, "the opening too");
    let amounts: Vec<_> =
        story["milestones"].as_array().unwrap().iter().map(|milestone| &milestone["to_seller"]).collect();
    assert_eq!(amounts, ["54000000", "63000000", "63000000"]);
    for balance in story["balances"].as_array().unwrap() {
        assert_eq!(balance["after"], balance["expected"], "{}", balance["who"]);
    }
    for who in [0, 2] {
        let [before, after] = [0, 1].map(|at| story["trust"][who]["score"][at].as_u64().unwrap());
        assert!(before > 0 && after > before, "{}", story["trust"][who]);
    }
    assert_eq!(story["scores"]["same_on"].as_array().unwrap().len(), 10);
    assert!(story["seconds"].as_f64().unwrap() < 90.0, "{}", story["seconds"]);
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn a_corpus_that_nobody_prepared_is_summarised_too() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (1..40)
        .map(|n| format!("The harbour of town {n} moved {} crates of fish – more than before. ", n * 13 % 97))
        .collect();
    fs::write(folder.path().join("fish.txt"), text).unwrap();
    fs::write(folder.path().join("too-short.txt"), "Nothing to see.").unwrap();
    assert_eq!(demo(Some(folder.path()))["ok"], true);
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn two_daemons_negotiate_by_themselves_and_the_benchmark_says_how_fast() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("bench.json");
    let short = ["--rounds", "5", "--millis", "50"];
    let output = testnet(&[&["bench", "negotiation", "--json", json.to_str().unwrap()], &short[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!((&report["schema"], &report["rounds"]), (&"nuncio.bench/1".into(), &5.into()));
    for direction in report["bytes"].as_array().unwrap() {
        assert!(direction.as_u64().unwrap() > 1000, "an offer is a whole term sheet: {report}");
    }
    let number = |field: &str| report[field].as_f64().unwrap();
    assert!(number("bare_per_s") > 0.0 && number("nuncio_per_s") > 0.0, "{report}");
    assert!((number("ratio") - number("nuncio_per_s") / number("bare_per_s")).abs() < 1e-9, "{report}");
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn a_deal_above_the_mandates_threshold_is_approved_by_the_principals_own_key() {
    let report = demo_with(None, &["--approve"]);
    assert_eq!((&report["ok"], &report["stories"][0]["outcome"]), (&true.into(), &"completed".into()));
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn nothing_said_under_an_nda_and_no_key_stands_in_any_log_at_the_most_talkative_level() {
    const MARKER: &str = "zanzibarine";
    let folder = tempfile::tempdir().unwrap();
    let (corpus, kept) = (folder.path().join("corpus"), folder.path().join("kept"));
    fs::create_dir(&corpus).unwrap();
    let text: String = (1..40)
        .map(|n| {
            format!("The {MARKER} quay of town {n} moved {} crates of fish – more than before. ", n * 13 % 97)
        })
        .collect();
    fs::write(corpus.join("fish.txt"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nuncio-testnet"))
        .args(["demo", "--corpus", corpus.to_str().unwrap(), "--keep", kept.to_str().unwrap()])
        .env("NUNCIO_LOG", "debug,nuncio=trace,nuncio_protocol=trace")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    let story = kept.join("happy");
    let mut forbidden = vec![
        // Evidence and inputs, the agreement and the pact in it, offers, the request's text.
        MARKER.to_owned(),
        "Extractive summary of filings".to_owned(),
        "the sentences that matter".to_owned(),
        // age writes every secret key like this, in lower or upper case.
        "AGE-SECRET-KEY-1".to_owned(),
        "age-secret-key-1".to_owned(),
    ];
    let homes = fs::read_dir(story.join("homes")).unwrap().map(|home| home.unwrap().path());
    let mut nodes = Vec::new();
    for home in homes {
        let tokens = fs::read_dir(home.join("tokens")).unwrap().map(|token| token.unwrap().path());
        forbidden.extend(tokens.map(|token| fs::read_to_string(token).unwrap().trim().to_owned()));
        nodes.push(home.file_name().unwrap().to_str().unwrap().to_owned());
    }
    assert!(nodes.len() >= 10, "{nodes:?}");
    let mut lines = 0;
    for node in nodes {
        let log = fs::read_to_string(story.join("logs").join(format!("{node}.log"))).unwrap();
        lines += log.lines().count();
        for word in &forbidden {
            let line = log.lines().find(|line| line.contains(word.as_str()));
            assert_eq!(line, None, "{word} stands in the log of {node}");
        }
    }
    assert!(lines > 1000, "{lines} lines are too few to show anything");
}

#[test]
fn a_corpus_without_a_usable_text_is_a_missing_precondition() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short.txt"), "One sentence.").unwrap();
    let output = testnet(&["demo", "--corpus", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let told = said(&output);
    assert!(told.contains("short.txt: 1 sentences, at least 10 are needed"), "{told}");
}

#[test]
fn a_misspelt_option_is_usage() {
    assert_eq!(testnet(&["demo", "--corpse", "."]).status.code(), Some(2));
    assert_eq!(testnet(&["chain", "/nonexistent"]).status.code(), Some(2));
    assert_eq!(testnet(&["bench", "negotiation", "--rounds", "4"]).status.code(), Some(2));
}

#[test]
fn an_agent_without_a_node_says_what_is_missing() {
    let instructions = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions/seller-careful.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_nuncio-testnet"))
        .args(["agent", "seller", "--instructions"])
        .arg(instructions)
        .env_remove("NUNCIO_API")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("NUNCIO_API"), "{}", said(&output));
}
