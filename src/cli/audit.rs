//! `nuncio audit`: exports a deal's bundle, and verifies anybody's.
//!
//! `verify` needs no node and no home: a bundle, an endpoint, and at most an age identity. First the files
//! are held against the signed index, which asks nobody; then the chain is asked.
//!
//! | exit code of `verify` | means |
//! |---|---|
//! | 0 | verified |
//! | 1 | refused: the findings name each file; also where the endpoint serves another chain than the bundle's, or one where the contracts that count do not stand, have other code or lack its logs |
//! | 2 | usage: no folder, no URL, an identity or a network file that cannot be read, a chain whose contracts nobody has named |
//! | 3 | the endpoint gives no usable answer: nothing is said about the bundle |
//!
//! Deliberately absent: any decision on a bundle; that is the protocol's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use alloy_primitives::B256;
use clap::{Args, Subcommand};
use nuncio_contracts::Deployment as Listed;
use nuncio_protocol::audit::{self, Evidence, Files, Finding, Report};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Failure, ask};
use crate::{
    api::Role,
    audit::{Asking, FolderError, ObserveError, observe, open, read_folder, write_folder},
    home::NetworkFile,
    sealing, vault,
};

/// Bundles that show a deal to a stranger.
#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Writes the bundle of a deal of the running node into a folder.
    Export(Export),
    /// Verifies a bundle against a chain.
    Verify(Verify),
}

/// Writes a bundle.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The deal, `0x…`.
    deal: String,
    /// The folder to write; it must not be there, or be empty.
    #[arg(long)]
    out: PathBuf,
}

/// Verifies a bundle.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The folder.
    bundle: PathBuf,
    /// An endpoint of the chain, `http://…`.
    #[arg(long)]
    rpc: String,
    /// An age identity file: what it opens is checked against its id.
    #[arg(long)]
    identity: Option<PathBuf>,
    /// A network file (`network.json`) whose contracts are the only ones that count. Without it they are
    /// those of this release, which it knows for Base, Base Sepolia and anvil's chain.
    #[arg(long)]
    network: Option<PathBuf>,
    /// Keccak-256 of code that may stand at their addresses beside this release's, `0x…`. May be repeated.
    #[arg(long)]
    allow_code: Vec<B256>,
}

impl Export {
    pub(super) async fn run(self, home: &Path) -> Result<Value, Failure> {
        let path = format!("/audit/{}", self.deal);
        let archive = ask::bytes(home, &path, Role::Auditor).await?;
        let files = vault::unpack(&archive).map_err(Failure::failed)?;
        let files: Files = files.into_iter().map(|file| (file.name, file.bytes)).collect();
        write_folder(&self.out, &files)?;
        Ok(json!({ "deal": self.deal, "bundle": self.out, "files": files.len() }))
    }
}

impl Verify {
    /// Verifies, prints the report, and fails where the bundle is refused.
    pub(super) async fn run(self, json: bool) -> Result<(), Failure> {
        let identity = self.identity.as_deref().map(identity).transpose()?;
        let named = self.network.as_deref().map(named).transpose()?;
        if !self.rpc.starts_with("http://") && !self.rpc.starts_with("https://") {
            return Err(Failure::usage(format!("{} is no http:// or https:// URL", self.rpc)));
        }
        if !self.bundle.is_dir() {
            return Err(Failure::usage(format!("{} is no folder", self.bundle.display())));
        }
        let mut report = match read_folder(&self.bundle) {
            Ok(files) => {
                self.examine(&files, named.as_ref(), identity.as_ref().map(|text| text.as_str())).await?
            }
            Err(error) => refused(&self.bundle, error)?,
        };
        report.ok = report.findings.is_empty();
        print(&report, json);
        if report.ok {
            return Ok(());
        }
        let names: Vec<&str> = report.findings.iter().map(|finding| finding.file.as_str()).collect();
        Err(Failure::failed(format!("refused: {} findings, first in {}", names.len(), names[0]))
            .hint("ask the exporter for the bundle again; each finding names its file"))
    }

    async fn examine(
        &self,
        files: &Files,
        named: Option<&Listed>,
        identity: Option<&str>,
    ) -> Result<Report, Failure> {
        let index = match audit::intact(files) {
            Ok(index) => index,
            Err(refused) => return Ok(refused),
        };
        let allowed = self.allow_code.iter().copied().collect();
        let asking = Asking::Verifier { claimed: &index.deployment, named, allowed: &allowed };
        let chain = observe(&self.rpc, asking).await.map_err(unobserved)?;
        let mut report = audit::verify(files, &chain);
        if let (Some(identity), true) = (identity, report.ok) {
            open(files, identity, &mut report);
        }
        Ok(report)
    }
}

fn unobserved(error: ObserveError) -> Failure {
    match error {
        ObserveError::UnknownChain { .. } | ObserveError::List(_) => Failure::usage(error)
            .hint("name a network file with --network that lists the contracts you believe"),
        ObserveError::Rpc { .. } | ObserveError::TooMuch { .. } => {
            let hint = "nothing is said about the bundle; name another endpoint with --rpc";
            Failure { code: 3, ..Failure::failed(error) }.hint(hint)
        }
    }
}

fn identity(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let checked = sealing::recipient_of(&text);
    checked.map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display())).hint("name a file made by `age-keygen`")
    })?;
    Ok(text)
}

fn named(path: &Path) -> Result<Listed, Failure> {
    let network = NetworkFile::read(path)
        .map_err(|error| Failure::usage(error).hint("name the network file of a node, HOME/network.json"))?;
    Ok(network.deployment)
}

/// A folder that is none of a bundle is refused by name, like a bundle with a wrong file.
fn refused(bundle: &Path, error: FolderError) -> Result<Report, Failure> {
    let message = error.to_string();
    let (file, rule) = match error {
        FolderError::NotPlain(path) | FolderError::Name(path) => (path, "added"),
        FolderError::TooMuch => (bundle.to_owned(), "size"),
        FolderError::File { .. } | FolderError::Taken(_) => return Err(Failure::usage(message)),
    };
    let file = file.strip_prefix(bundle).unwrap_or(&file).to_string_lossy().into_owned();
    let finding = Finding { file, offset: None, rule, message };
    Ok(Report { schema: audit::SCHEMA, ok: false, deal: None, events: Vec::new(), findings: vec![finding] })
}

#[expect(clippy::print_stdout, reason = "what a program is asked for goes to its standard output")]
fn print(report: &Report, json: bool) {
    if json {
        let report = serde_json::to_string(report).expect("invariant: a report is JSON");
        println!("{report}");
        return;
    }
    for event in &report.events {
        let amount = event.amount.map(|amount| amount.to_string()).unwrap_or_default();
        let proof = match &event.proof {
            Evidence::Signature { file } => format!("signature in {file}"),
            Evidence::Log { tx, log, .. } => format!("log {log} of {tx}"),
        };
        println!("{:<22} {:<60} {amount:>14}  {proof}", event.act, event.who);
    }
    for finding in &report.findings {
        println!("REFUSED {} [{}] {}", finding.file, finding.rule, finding.message);
    }
    if let (true, Some(deal)) = (report.ok, report.deal) {
        println!("verified: deal {deal}");
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let hint = match error {
            FolderError::Taken(_) => "name a folder with --out that is not there yet",
            FolderError::File { .. } => "check that the folder is yours and the disk has space",
            FolderError::NotPlain(_) | FolderError::Name(_) | FolderError::TooMuch => {
                "a bundle holds plain files and folders only"
            }
        };
        Self::failed(error).hint(hint)
    }
}
