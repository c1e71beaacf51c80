//! What outsiders do after the deal: a stranger verifies it, the regulator reads the agreement.
//!
//! The stranger is a fresh process with the bundle and an RPC address and no access to any node. The
//! regulator uses the stock `age` tool with its own key, and another key must open nothing.

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

/// Verifies a bundle as a stranger. The answer is the verifier's exit code.
///
/// # Errors
/// [`DemoError`] when the verifier cannot be run.
pub async fn verify(bundle: &Path, rpc: &str, log: &Path) -> Result<Option<i32>, DemoError> {
    let mut command = Command::new(program());
    command.args(["audit", "verify", "--rpc", rpc, "--json"]).arg(bundle).env_clear();
    let mut process = Process::spawn("stranger", command, log)?;
    Ok(process.finished(PATIENCE).await?.code())
}

/// Changes one byte in the middle of every file of a copy, one after the other; each must be refused.
///
/// # Errors
/// [`DemoError`].
pub async fn refuses_changes(bundle: &Path, rpc: &str, log: &Path) -> Result<Check, DemoError> {
    let mut ok = true;
    for path in files(bundle) {
        let Ok(original) = fs::read(&path) else { continue };
        let Some(middle) = original.len().checked_sub(1).map(|last| last / 2) else { continue };
        let mut changed = original.clone();
        changed[middle] ^= 1;
        let put = |bytes: &[u8]| {
            fs::write(&path, bytes).map_err(|error| DemoError::Broken(format!("{}: {error}", path.display())))
        };
        put(&changed)?;
        let code = verify(bundle, rpc, log).await;
        put(&original)?;
        ok &= code? == Some(1);
    }
    Ok(Check { name: "a stranger refuses the bundle with one byte changed, whichever file".into(), ok })
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

fn files(folder: &Path) -> Vec<PathBuf> {
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
