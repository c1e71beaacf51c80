//! Bringing the contracts onto a chain and checking them there, with the real program, as an operator would.

use std::{
    path::Path,
    process::{Command, Output},
};

use alloy::providers::Provider;
use nuncio_contracts::{Contract, Deployment};
use nuncio_testnet::{
    chain::{
        anvil::{Anvil, AnvilOptions},
        reader,
    },
    cluster::program,
};
use serde_json::Value;

/// An endpoint at which nobody listens.
const DEAD: &str = "http://127.0.0.1:1";

#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
async fn anvil(folder: &Path) -> Anvil {
    let options = AnvilOptions { port: 0, load: None, dump: None };
    let anvil = Anvil::start(&options, &folder.join("anvil.log")).await.unwrap();
    let operator = nuncio_contracts::LocalOperator::ANVIL.operator;
    let ether = (operator, "0xde0b6b3a7640000");
    let () = reader(&anvil.rpc()).raw_request("anvil_setBalance".into(), ether).await.unwrap();
    anvil
}

#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
fn contracts(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("contracts").args(arguments).arg("--json").env("NUNCIO_LOG", "error").env_remove("HOME");
    command.output().unwrap()
}

/// The exit code and the answer.
fn answered(output: &Output) -> (Option<i32>, Value) {
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn deploy(rpc: &str, more: &[&str]) -> (Option<i32>, Value) {
    answered(&contracts(&[&["deploy", "--network", "anvil", "--rpc", rpc], more].concat()))
}

fn check(rpc: &str, more: &[&str]) -> (Option<i32>, Value) {
    answered(&contracts(&[&["check", "--rpc", rpc], more].concat()))
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_dry_run_says_what_it_takes_and_the_real_one_takes_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = anvil(folder.path()).await;
    let rpc = anvil.rpc();
    let (code, dry) = deploy(&rpc, &[]);
    assert_eq!((code, &dry["sent"]), (Some(0), &0.into()), "nobody is asked without a terminal: {dry}");
    let steps = dry["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["state"] == "open"), "{dry}");
    assert!(dry["gas"].as_u64().unwrap() > 5_000_000, "{dry}");
    let (code, missing) = check(&rpc, &[]);
    assert_eq!((code, &missing["contracts"][0]["state"]), (Some(1), &"missing".into()), "{missing}");

    let (code, real) = deploy(&rpc, &["--yes"]);
    assert_eq!((code, &real["sent"]), (Some(0), &steps.len().into()), "{real}");
    let (code, right) = check(&rpc, &["--network", "anvil"]);
    assert_eq!((code, &right["ok"]), (Some(0), &true.into()), "{right}");
    assert_eq!(right["contracts"].as_array().unwrap().len(), Contract::ALL.len());
    let (code, again) = deploy(&rpc, &["--yes"]);
    assert_eq!((code, &again["sent"], &again["gas"]), (Some(0), &0.into(), &0.into()), "{again}");
    anvil.stop().await;
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn other_code_is_told_from_other_immutables_and_from_none() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = anvil(folder.path()).await;
    let rpc = anvil.rpc();
    assert_eq!(deploy(&rpc, &["--yes"]).0, Some(0));
    let network = Deployment::named("anvil").unwrap();
    let provider = reader(&rpc);
    let set = async |contract: Contract, code: Vec<u8>| {
        let change = (network.address(contract).unwrap(), alloy::primitives::Bytes::from(code));
        let () = provider.raw_request("anvil_setCode".into(), change).await.unwrap();
    };
    let mut other = network.clone();
    other.constants.grace_secs += 1;
    set(Contract::DealEscrow, other.code(Contract::DealEscrow).unwrap().to_vec()).await;
    set(Contract::Mandates, vec![0xfe]).await;
    set(Contract::Accords, Vec::new()).await;
    let (code, found) = check(&rpc, &[]);
    assert_eq!(code, Some(1), "{found}");
    let state = |contract: Contract| {
        let rows = found["contracts"].as_array().unwrap();
        rows.iter().find(|row| row["contract"] == contract.name()).unwrap()["state"].clone()
    };
    assert_eq!(state(Contract::DealEscrow), "other immutables");
    assert_eq!(state(Contract::Mandates), "other code");
    assert_eq!(state(Contract::Accords), "missing");
    assert_eq!(state(Contract::JuryPool), "right");
    let hash = other.code_hash(Contract::DealEscrow).unwrap().to_string();
    let (_, found) = check(&rpc, &["--allow-code", &hash]);
    let rows = found["contracts"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["state"] == "allowed"), "{found}");
    anvil.stop().await;
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_wrong_network_a_dead_endpoint_and_a_missing_account_have_exit_codes_and_hints() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = anvil(folder.path()).await;
    let rpc = anvil.rpc();
    let rows: [(&[&str], i32, &str); 8] = [
        (&["deploy", "--network", "base", "--rpc", &rpc], 1, "serves chain 31337, the plan is for 8453"),
        (&["deploy", "--network", "base", "--rpc", &rpc, "--yes"], 2, "--yes without an account"),
        (&["deploy", "--network", "base"], 2, "no endpoint"),
        (&["deploy", "--network", "mainnet", "--rpc", &rpc], 2, "one of base, base-sepolia, anvil"),
        (&["deploy", "--network", "anvil", "--rpc", DEAD], 3, "no answer"),
        (
            &["check", "--network", "base-sepolia", "--rpc", &rpc],
            1,
            "serves chain 31337, base-sepolia is 84532",
        ),
        (&["check", "--rpc", DEAD], 3, "no answer"),
        (&["check", "--deployment", "/nonexistent", "--rpc", &rpc], 2, "/nonexistent"),
    ];
    for (arguments, code, words) in rows {
        let output = contracts(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{arguments:?}: {}", said(&output));
    }
    anvil.stop().await;
}
