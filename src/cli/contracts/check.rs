//! `nuncio contracts check`: is the code on a chain this release's, with that network's immutables?
//!
//! Without a network or a file, the chain that the endpoint serves says which network of this release is meant.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | every contract has the code it must have |
//! | 1 | one is missing or has other code, or the endpoint serves another chain |
//! | 2 | usage: no URL, an unknown network, a network file that cannot be read |
//! | 3 | the endpoint gives no usable answer: nothing is said about the contracts |
//!
//! Deliberately absent: the real USDC and registries of a chain. They are not of this project, and change.

use std::{collections::BTreeSet, path::PathBuf};

use alloy_primitives::B256;
use clap::Args;
use nuncio_contracts::{Contract as Named, Deployment};
use serde_json::{Value, json};

use super::{Failure, endpoint, network, shown, silent};
use crate::{
    chain::{Contract, Found, rpc::Rpc},
    cli::shown::Table,
    home::NetworkFile,
};

/// Compares the code on a chain with this release's.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Which network: anvil, base-sepolia or base.
    #[arg(long, value_parser = network, conflicts_with = "deployment")]
    network: Option<&'static Deployment>,
    /// A network file (`network.json`) instead.
    #[arg(long)]
    deployment: Option<PathBuf>,
    /// An endpoint of that chain, `http://…`. For anvil it is by default http://127.0.0.1:8545.
    #[arg(long)]
    rpc: Option<String>,
    /// Keccak-256 of code that is right too, `0x…`. May be repeated.
    #[arg(long)]
    allow_code: Vec<B256>,
}

const TABLE: Table = Table::Lines("contracts", &["contract", "state", "address", "expected", "found"]);

impl Check {
    /// Checks, prints what was found, and fails where it is not right.
    pub(in crate::cli) async fn run(self, json: bool) -> Result<(), Failure> {
        let rpc = endpoint(self.rpc.as_deref(), self.network)?;
        let chain_id = rpc.chain_id().await.map_err(|error| silent(&rpc, &error))?;
        let listed = self.listed(chain_id)?;
        if listed.chain_id != chain_id {
            let (url, expected) = (rpc.url(), listed.chain_id);
            let message = format!("{url} serves chain {chain_id}, {} is {expected}", listed.name);
            return Err(Failure::failed(message).hint("check the network against --rpc"));
        }
        let allowed = self.allow_code.iter().copied().collect();
        let (rows, wrong) = self::compare(&rpc, &listed, &allowed).await?;
        let answer = json!({
            "ok": wrong.is_empty(), "network": listed.name, "chain_id": chain_id, "contracts": rows,
        });
        shown::print(&answer, TABLE, json);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Failure::failed(format!("not as this release has it: {}", wrong.join(", "))).hint(
            "what is missing is brought by `nuncio contracts deploy`; never use a contract with other code",
        ))
    }

    fn listed(&self, chain_id: u64) -> Result<Deployment, Failure> {
        if let Some(path) = &self.deployment {
            let hint = "name the network file of a node, HOME/network.json";
            let file = NetworkFile::read(path).map_err(|error| Failure::usage(error).hint(hint))?;
            return Ok(file.deployment);
        }
        let unknown = || {
            Failure::usage(format!("chain {chain_id} is none that this release knows"))
                .hint("name a network file with --deployment")
        };
        self.network.or_else(|| Deployment::of_chain(chain_id)).cloned().ok_or_else(unknown)
    }
}

/// A row for each contract, and the names of those that are not right.
async fn compare(
    rpc: &Rpc,
    listed: &Deployment,
    allowed: &BTreeSet<B256>,
) -> Result<(Vec<Value>, Vec<String>), Failure> {
    let incomplete = |error| Failure::usage(error).hint("the list names contracts without those they need");
    let named: Vec<Named> = listed.contracts.keys().copied().collect();
    let contracts = Contract::of(listed, &named, allowed).map_err(incomplete)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (named, contract) in named.iter().zip(contracts) {
        let code = rpc.code(contract.address).await.map_err(|error| silent(rpc, &error))?;
        let found = contract.weigh(&code);
        let (state, actual) = match found {
            Found::Release => ("right", Some(contract.release)),
            Found::Allowed { actual } => ("allowed", Some(actual)),
            Found::Nothing => ("missing", None),
            Found::Other { actual } if named.is_code(&code) => ("other immutables", Some(actual)),
            Found::Other { actual } => ("other code", Some(actual)),
        };
        if !found.is_good() {
            wrong.push(format!("{} ({state})", contract.name));
        }
        rows.push(json!({
            "contract": contract.name, "state": state, "address": contract.address.to_string(),
            "expected": contract.release, "found": actual,
        }));
    }
    Ok((rows, wrong))
}
