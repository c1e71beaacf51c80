//! The command line: makes a node, runs it, and asks a running one.
//!
//! `init` makes keys, tokens, the signed card and the files of a home. `start` runs the node until it
//! is interrupted. `contracts` brings the contracts onto a chain and holds a chain against the release; like
//! `audit verify` it needs no node. Everything else but `config`, `tokens` and `mandate` asks the running
//! node over its API with the `readonly` token of the home; nothing is read behind its back. `approvals`
//! hands in what the principal signed elsewhere, with the `principal` token. `ndas destroy` is for a node that
//! is stopped, and `trust --oracle` asks somebody else's.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | done |
//! | 1 | failed |
//! | 2 | usage |
//! | 3 | the node cannot be reached |
//! | 4 | not authorised, or a wrong passphrase |
//! | 5 | waits for the principal's approval |
//! | 6 | refused by policy |
//! | 7 | not found |
//! | 8 | not in this state |
//! | 130 | interrupted |
//!
//! Answers go to standard output, as text or with `--json` as one JSON value; everything else goes to
//! standard error.
//!
//! Deliberately absent: acts of a deal. Those are the agent program's, over the API.

mod approvals;
mod ask;
mod audit;
mod contracts;
mod failure;
mod init;
mod mandate;
mod ndas;
mod oracle;
mod password;
mod shown;
mod start;
mod tokens;

use std::{env, path::PathBuf};

use clap::{Parser, Subcommand};
use nuncio_protocol::text::Token;
use serde_json::Value;

use self::shown::Table;
pub use self::{failure::Failure, init::Init, start::Start};
use crate::{
    api::Role,
    home::{Home, HomeError},
};

/// An agent's node: negotiates, settles and rates deals with strangers.
#[derive(Debug, Parser)]
#[command(name = "nuncio", version)]
pub struct Arguments {
    /// The node's folder. Without it: NUNCIO_HOME, else `nuncio` in the user's data folder.
    #[arg(long, global = true)]
    home: Option<PathBuf>,
    /// Prints one JSON value instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a node: keys, tokens, signed card, configuration.
    Init(Init),
    /// Runs the node until it is interrupted.
    Start(Start),
    /// Says how the node is and what is open.
    Status,
    /// Says who the node is and where it is reached.
    Id,
    /// Lists the nodes that are connected.
    Peers,
    /// Lists what agents offer or seek.
    Offers {
        /// Only those who do this kind of task.
        #[arg(long)]
        task_schema: Option<Token>,
        /// Only those in this market.
        #[arg(long)]
        domain: Option<Token>,
    },
    /// Lists the templates that deals can be made from, and which the agent may use.
    Templates {
        #[command(subcommand)]
        act: Option<TemplateAct>,
    },
    /// Lists NDAs, or ends one for good.
    Ndas {
        #[command(subcommand)]
        act: Option<ndas::Act>,
    },
    /// What waits for the principal.
    #[command(subcommand)]
    Approvals(approvals::Act),
    /// Lists deals.
    Deals,
    /// Says what settled records say about an agent, or everybody's scores.
    Trust {
        /// The agent, `did:key:…`.
        did: Option<String>,
        /// Asks the trust oracle at this address, `http://…`, instead of the own node.
        #[arg(long, requires = "did")]
        oracle: Option<String>,
    },
    /// Reports.
    #[command(subcommand)]
    Report(Report),
    /// Prints what the node has on record: decisions with their rules, papers, facts.
    Trail {
        /// The number of the first record.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        count: usize,
        /// Only records of this step, such as policy.decided.
        #[arg(long)]
        step: Option<String>,
    },
    /// Bundles that show a deal to a stranger.
    #[command(subcommand)]
    Audit(audit::Act),
    /// The contracts on a chain.
    #[command(subcommand)]
    Contracts(contracts::Act),
    /// The node's configuration.
    #[command(subcommand)]
    Config(Configuration),
    /// The API's tokens.
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// The principal's authority.
    #[command(subcommand)]
    Mandate(mandate::Act),
}

#[derive(Debug, Subcommand)]
enum TemplateAct {
    /// Shows one, whole.
    Show {
        /// Its name.
        name: Token,
    },
}

#[derive(Debug, Subcommand)]
enum Report {
    /// One line for each deal that was opened.
    Settlement,
}

#[derive(Debug, Subcommand)]
enum Configuration {
    /// Prints what is in force.
    Show,
}

/// Runs one command.
///
/// # Errors
/// [`Failure`], with its exit code.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { home, json, command } = arguments;
    // Whoever verifies a bundle, asks an oracle or looks after contracts needs no home, and may have no place for one.
    let homeless = matches!(
        command,
        Command::Audit(audit::Act::Verify(_))
            | Command::Trust { oracle: Some(_), .. }
            | Command::Contracts(_)
    );
    let home = if homeless { PathBuf::new() } else { home.map_or_else(default_home, Ok)? };
    let ask = async |path: &str| ask::get(&home, path).await;
    let (answer, table) = match command {
        Command::Init(init) => (init.run(&home)?, Table::Fields),
        Command::Start(start) => return start.run(&home, json).await,
        Command::Status => (ask("/status").await?, Table::Fields),
        Command::Id => (ask("/id").await?, Table::Fields),
        Command::Peers => (ask("/peers").await?, Table::Rows(&["peer", "addresses", "connected_secs"])),
        Command::Offers { task_schema, domain } => {
            let asked = [("task_schema", task_schema), ("domain", domain)];
            let asked = asked.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
            let path = format!("/market/announcements?{}", asked.collect::<Vec<_>>().join("&"));
            (ask(&path).await?, Table::Rows(&["agent", "domains", "task_schemas", "roles", "expires_secs"]))
        }
        Command::Templates { act: None } => {
            (ask("/templates").await?, Table::Rows(&["name", "allowed", "task_schema", "title", "id"]))
        }
        Command::Templates { act: Some(TemplateAct::Show { name }) } => {
            (ask(&format!("/templates/{name}")).await?, Table::Fields)
        }
        Command::Ndas { act } => ndas::Act::run(act, &home).await?,
        Command::Deals => {
            (ask("/deals").await?, Table::Rows(&["id", "side", "stage", "price", "counterparty"]))
        }
        Command::Approvals(act) => act.run(&home).await?,
        Command::Trust { did: Some(did), oracle: Some(oracle) } => {
            (oracle::ask(&oracle, &did).await?, Table::Fields)
        }
        Command::Trust { did: Some(did), oracle: None } => {
            (ask(&format!("/trust/{did}")).await?, Table::Fields)
        }
        Command::Trust { did: None, .. } => {
            let columns = &["agent", "score", "risk", "standing", "credibility", "praises", "complaints"];
            (ask("/trust").await?, Table::Lines("members", columns))
        }
        Command::Report(Report::Settlement) => {
            let columns = &[
                "deal",
                "side",
                "price",
                "to_seller",
                "to_buyer",
                "to_jury",
                "in_escrow",
                "milestones",
                "rated",
                "closed",
            ];
            (ask("/reports/settlement").await?, Table::Lines("lines", columns))
        }
        Command::Trail { from, count, step } => {
            let step = step.map_or_else(String::new, |step| format!("&step={step}"));
            let path = format!("/trail?from={from}&count={count}{step}");
            let page = ask::bytes(&home, &path, Role::Principal).await?;
            let page = serde_json::from_slice(&page).map_err(Failure::failed)?;
            (page, Table::Lines("entries", &["number", "step", "record"]))
        }
        Command::Audit(audit::Act::Export(export)) => (export.run(&home).await?, Table::Fields),
        Command::Audit(audit::Act::Verify(verify)) => return verify.run(json).await,
        Command::Contracts(contracts::Act::Deploy(deploy)) => deploy.run(json).await?,
        Command::Contracts(contracts::Act::Check(check)) => return check.run(json).await,
        Command::Config(Configuration::Show) => (config(&home)?, Table::Fields),
        Command::Tokens(act) => act.run(&home)?,
        Command::Mandate(act) => (act.run(&home)?, Table::Fields),
    };
    shown::print(&answer, table, json);
    Ok(())
}

#[expect(
    clippy::unwrap_in_result,
    reason = "what is expected cannot fail; the invariant is named where it stands"
)]
fn config(home: &std::path::Path) -> Result<Value, Failure> {
    let home = Home::open(home)?;
    Ok(serde_json::to_value(&home.config).expect("invariant: a configuration is JSON"))
}

/// `NUNCIO_HOME`, else the user's data folder by the XDG base directory rules.
fn default_home() -> Result<PathBuf, Failure> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = || set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
    set("NUNCIO_HOME")
        .or_else(|| Some(data()?.join("nuncio")))
        .ok_or_else(|| Failure::usage("no home: neither --home nor NUNCIO_HOME nor HOME is set"))
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let hint = error.hint();
        Self::failed(error).hint(hint)
    }
}

/// A new home in this folder, whose files lie beside it.
#[cfg(test)]
pub(crate) fn a_home(folder: &std::path::Path) -> Home {
    let root = folder.join("home");
    let principal = alloy_primitives::Address::repeat_byte(0xaa);
    init::tests::init(folder, principal).make(&root, "password").expect("a new home is made");
    Home::open(&root).expect("and opens")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
