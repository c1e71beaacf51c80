//! `nuncio audit`: exports a deal's bundle, and verifies anybody's.
//!
//! `verify` needs no node and no home: a bundle, an endpoint, and at most an age identity. Its exit
//! code is 0 for verified, 1 for refused, 2 for usage, 3 where the endpoint gives no usable answer.
//!
//! Deliberately absent: any decision on a bundle; that is the protocol's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use nuncio_protocol::audit::{self, Evidence, Files, Report};
use serde_json::{Value, json};

use super::{Failure, ask};
use crate::{
    api::Role,
    audit::{FolderError, observe, open, read_folder, write_folder},
    vault,
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
        let identity = match &self.identity {
            Some(path) => {
                let text = fs::read_to_string(path);
                Some(text.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?)
            }
            None => None,
        };
        if !self.bundle.is_dir() {
            return Err(Failure::usage(format!("{} is no folder", self.bundle.display())));
        }
        let files = read_folder(&self.bundle)?;
        let index = audit::index_of(&files);
        let chain = match &index {
            Some(index) => {
                observe(&self.rpc, &index.deployment, index.from_block).await.map_err(|error| {
                    Failure { code: 3, ..Failure::failed(error) }.hint("name another endpoint with --rpc")
                })?
            }
            // Without an index nothing can be asked for; the verification says why.
            None => audit::OnChain::default(),
        };
        let mut report = audit::verify(&files, &chain);
        if let (Some(identity), true) = (&identity, report.ok) {
            open(&files, identity, &mut report);
        }
        print(&report, index.map(|index| index.deployment.contracts.escrow.to_string()), json);
        if report.ok {
            return Ok(());
        }
        Err(Failure::failed(format!("refused: {} findings", report.findings.len())))
    }
}

#[expect(clippy::print_stdout, reason = "what a program is asked for goes to its standard output")]
fn print(report: &Report, escrow: Option<String>, json: bool) {
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
    if let (true, Some(deal), Some(escrow)) = (report.ok, report.deal, escrow) {
        println!("verified: deal {deal} in the escrow {escrow}; compare this address with the one you know");
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self::failed(error)
    }
}
