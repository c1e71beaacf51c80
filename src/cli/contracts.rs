//! `nuncio contracts`: brings this release's contracts onto a chain, and holds a chain against the release.
//!
//! Neither needs a node or a home: a network of this release, or a network file, and an endpoint.
//!
//! Deliberately absent: choosing parameters. A network's are in `contracts/networks.json`, and other parameters
//! would be other contracts at other addresses.

mod check;
mod deploy;

use clap::Subcommand;
use nuncio_contracts::Deployment;

use super::{Failure, shown};
use crate::chain::rpc::{Rpc, RpcError};

/// The contracts on a chain.
#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Says what deploying takes, and does it once that is confirmed.
    Deploy(deploy::Deploy),
    /// Compares the code on a chain with this release's.
    Check(check::Check),
}

/// Where anvil listens unless it is told otherwise.
const ANVIL: &str = "http://127.0.0.1:8545";

/// A network of `contracts/networks.json`, by its name.
fn network(name: &str) -> Result<&'static Deployment, String> {
    Deployment::named(name).ok_or_else(|| {
        let names: Vec<&str> = Deployment::known().iter().map(|network| network.name.as_str()).collect();
        format!("one of {}", names.join(", "))
    })
}

/// The endpoint that was named, or anvil's own for its network.
fn endpoint(named: Option<&str>, network: Option<&Deployment>) -> Result<Rpc, Failure> {
    let local = network.is_some_and(Deployment::is_local).then_some(ANVIL);
    let Some(url) = named.or(local) else {
        return Err(Failure::usage("no endpoint").hint("name one of that chain with --rpc"));
    };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Failure::usage(format!("{url} is no http:// or https:// URL")));
    }
    Rpc::alone(url).map_err(Failure::usage)
}

fn silent(rpc: &Rpc, error: &RpcError) -> Failure {
    let failure = Failure { code: 3, ..Failure::failed(format!("{}: {error}", rpc.url())) };
    failure.hint("name another endpoint with --rpc")
}
