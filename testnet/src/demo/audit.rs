//! What outsiders do after the deal: a stranger verifies it, the regulator reads the agreement.
//!
//! The stranger is a fresh process with the bundle and an RPC address and no access to any node; others
//! bring a list of contracts, or a key. The regulator uses the stock `age` tool with its own key, and another key must open nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use super::{DemoError, report::Check};
use crate::{
    cluster::{Node, Places, program},
    process::Process,
};

/// How long a verification may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes an age key in a file and gives its recipient.
///
/// # Errors
/// [`DemoError::Missing`] without `age`.
pub fn age_key(path: &Path) -> Result<String, DemoError> {
    let output = tool(Command::new("age-keygen").arg("-o").arg(path))?;
    if !output.status.success() {
        return Err(DemoError::Missing(format!("age-keygen: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let key = fs::read_to_string(path).unwrap_or_default();
    let recipient = key.lines().find_map(|line| line.strip_prefix("# public key: "));
    recipient
        .map(str::to_owned)
        .ok_or_else(|| DemoError::Missing("age-keygen wrote no public key".to_owned()))
}

/// Exports the bundle from the buyer's node.
///
/// # Errors
/// [`DemoError`].
pub async fn export(node: &Node, deal: &str, places: &Places) -> Result<PathBuf, DemoError> {
    let bundle = places.root.join("bundle");
    let _: serde_json::Value =
        node.ask(&["audit", "export", deal, "--out", &bundle.to_string_lossy(), "--json"]).await?;
    Ok(bundle)
}

/// What a stranger says of a bundle.
#[derive(Debug)]
pub struct Opinion {
    /// The verifier's exit code.
    pub code: Option<i32>,
    /// The files that its findings name.
    pub named: Vec<String>,
    /// The acts that its events tell of.
    pub acts: Vec<String>,
}

/// Has a bundle verified by a fresh process that knows the bundle, the endpoint and these arguments.
///
/// # Errors
/// [`DemoError`] when the verifier cannot be run.
pub async fn verify(
    bundle: &Path,
    rpc: &str,
    more: &[(&str, &Path)],
    log: &Path,
) -> Result<Opinion, DemoError> {
    let mut command = Command::new(program());
    command.args(["audit", "verify", "--rpc", rpc, "--json"]).arg(bundle).env_clear();
    for (flag, path) in more {
        command.arg(flag).arg(path);
    }
    let _ = fs::remove_file(log);
    let mut process = Process::spawn("stranger", command, log)?;
    let code = process.finished(PATIENCE).await?.code();
    let said = fs::read_to_string(log).unwrap_or_default();
    let report = said.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let texts = |list: &str, key: &str| -> Vec<String> {
        let items = report.as_ref().and_then(|report| report[list].as_array());
        let texts = items.into_iter().flatten().filter_map(|item| item[key].as_str());
        texts.map(str::to_owned).collect()
    };
    Ok(Opinion { code, named: texts("findings", "file"), acts: texts("events", "act") })
}

/// Other strangers: one with its own list of contracts, one with another list, one who holds the
/// regulator's key, one whose endpoint is down.
///
/// # Errors
/// [`DemoError`].
pub(super) async fn strangers(
    bundle: &Path,
    places: &Places,
    rpc: &str,
    regulator: &Path,
) -> Result<Vec<Check>, DemoError> {
    let (own, log) = (places.root.join("network.json"), places.log("strangers"));
    let other = places.write("other-network.json", &with_another_escrow(&own)?)?;
    let check = |name: &str, ok: bool| Check { name: name.to_owned(), ok };
    let listed = verify(bundle, rpc, &[("--network", &own)], &log).await?;
    let stranger = verify(bundle, rpc, &[("--network", &other)], &log).await?;
    let refused = stranger.code == Some(1) && stranger.named == ["bundle.json"];
    let opened = verify(bundle, rpc, &[("--identity", regulator)], &log).await?;
    let papers = opened.acts.iter().filter(|act| *act == "paper.opened").count();
    // Nothing listens on the port of tcpmux here.
    let deaf = verify(bundle, "http://127.0.0.1:1", &[], &log).await?;
    Ok(vec![
        check("a stranger with its own list of contracts verifies the bundle", listed.code == Some(0)),
        check("a stranger who knows another escrow refuses it", refused),
        check("with the regulator's key what is sealed is opened and has the ids that were signed", {
            opened.code == Some(0) && papers >= 3
        }),
        check("a stranger whose endpoint is down says so and nothing of the bundle", deaf.code == Some(3)),
    ])
}

/// The network file with another address for the escrow.
fn with_another_escrow(path: &Path) -> Result<Vec<u8>, DemoError> {
    let broken = |error: &dyn std::fmt::Display| DemoError::Broken(format!("{}: {error}", path.display()));
    let text = fs::read(path).map_err(|error| broken(&error))?;
    let mut network: serde_json::Value = serde_json::from_slice(&text).map_err(|error| broken(&error))?;
    let escrow = nuncio_contracts::Contract::DealEscrow.name();
    let address = &mut network["deployment"]["contracts"][escrow]["address"];
    if !address.is_string() {
        return Err(broken(&"names no escrow"));
    }
    *address = alloy::primitives::Address::repeat_byte(0xee).to_string().into();
    serde_json::to_vec(&network).map_err(|error| broken(&error))
}

/// Whether the agreement opens for a key.
///
/// # Errors
/// [`DemoError::Missing`] without `age`.
pub fn opens(bundle: &Path, key: &Path) -> Result<bool, DemoError> {
    // The regulator's identity file gives the identity of the agreement's papers, which gives the papers.
    let scratch = tempfile::tempdir().map_err(|error| DemoError::Broken(error.to_string()))?;
    let inner = scratch.path().join("identities.txt");
    let sealed = bundle.join("sealed");
    for wrap in files(&sealed.join("regulators")) {
        let output = tool(Command::new("age").args(["-d", "-i"]).arg(key).arg("-o").arg(&inner).arg(wrap))?;
        if output.status.success() {
            let agreement = sealed.join("agreement.age");
            let output = tool(Command::new("age").args(["-d", "-i"]).arg(&inner).arg(agreement))?;
            return Ok(output.status.success() && !output.stdout.is_empty());
        }
    }
    Ok(false)
}

fn tool(command: &mut Command) -> Result<Output, DemoError> {
    command.output().map_err(|error| {
        DemoError::Missing(format!(
            "{}: {error}; install Debian's age",
            command.get_program().to_string_lossy()
        ))
    })
}

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
