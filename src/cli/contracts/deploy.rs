//! `nuncio contracts deploy`: a dry run, and after a confirmation the real one.
//!
//! A dry run says for each step whether it is done, and what the others would use at the price of now. Nothing is
//! sent before somebody has typed the network's name, or has said `--yes`. What stands already is left alone, so
//! the same command goes on with a deployment that was broken off.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | all stands, or the dry run is done |
//! | 1 | it cannot be done, or not further |
//! | 2 | usage: an unknown network, no endpoint, `--yes` without an account |
//! | 3 | the endpoint gives no usable answer |
//! | 4 | the passphrase does not open the keystore |
//!
//! Deliberately absent: a key on the command line.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
};

use alloy_primitives::{Address, U256, utils::format_ether};
use clap::Args;
use nuncio_contracts::{Deployment, Done, Plan, Step};
use nuncio_protocol::journal::fees::Wei;
use serde_json::{Value, json};

use super::{super::password, Failure, endpoint, network, shown};
use crate::{
    chain::deploy::{DeployError, Sent, Standing, Survey, carry_out, survey},
    cli::shown::Table,
    keys::Account,
};

/// Deploys the contracts.
#[derive(Debug, Args)]
pub(in crate::cli) struct Deploy {
    /// Where: anvil, base-sepolia or base.
    #[arg(long, value_parser = network)]
    network: &'static Deployment,
    /// An endpoint of that chain, `http://…`. For anvil it is by default http://127.0.0.1:8545.
    #[arg(long)]
    rpc: Option<String>,
    /// The account that pays: a Web3 keystore file (version 3). Its passphrase comes from NUNCIO_PASSWORD, or is
    /// asked for. On anvil it is by default anvil's first account. Without an account this is a dry run.
    #[arg(long)]
    keystore: Option<PathBuf>,
    /// Sends without asking for the network's name.
    #[arg(long)]
    yes: bool,
}

const TABLE: Table = Table::Lines("steps", &["step", "state", "address", "gas", "tx"]);

impl Deploy {
    pub(in crate::cli) async fn run(self, json: bool) -> Result<(Value, Table), Failure> {
        let rpc = endpoint(self.rpc.as_deref(), Some(self.network))?;
        let account = self.account()?;
        if self.yes && account.is_none() {
            let hint = "name the account that pays with --keystore, or leave --yes away for a dry run";
            return Err(Failure::usage("--yes without an account").hint(hint));
        }
        let plan = Plan::on(self.network);
        let sender = account.as_ref().map(Account::address);
        let survey = survey(&rpc, &plan, sender.unwrap_or_default()).await?;
        let answer = Answer { plan: &plan, survey: &survey, sender };
        let Some(account) = account.filter(|_| !survey.is_done()) else {
            return Ok((answer.say(&[]), TABLE));
        };
        if !self.yes && !self.confirmed(&answer, json)? {
            return Ok((answer.say(&[]), TABLE));
        }
        let told = |step: &Step, sent: Sent| tracing::info!(tx = %sent.tx, gas = sent.gas, "{}", step.name);
        let sent = carry_out(&rpc, &plan, account.address(), |digest| account.sign(digest), told).await?;
        Ok((answer.say(&sent), TABLE))
    }

    fn account(&self) -> Result<Option<Account>, Failure> {
        match &self.keystore {
            Some(path) => Ok(Some(Account::open(path, &password::read(false)?)?)),
            None => Ok(self.network.is_local().then(Account::anvil)),
        }
    }

    /// Shows the dry run and has the network's name typed; without a terminal nobody is asked.
    fn confirmed(&self, answer: &Answer<'_>, json: bool) -> Result<bool, Failure> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(false);
        }
        let name = &self.network.name;
        let mut terminal = io::stderr();
        let mut ask = || -> io::Result<String> {
            if !json {
                for line in shown::lines(&answer.say(&[]), TABLE) {
                    writeln!(terminal, "{line}")?;
                }
            }
            write!(terminal, "\nType {name} to deploy there: ")?;
            let mut typed = String::new();
            io::stdin().lock().read_line(&mut typed)?;
            Ok(typed)
        };
        Ok(ask().map_err(Failure::failed)?.trim() == name)
    }
}

/// What is printed, before and after.
struct Answer<'a> {
    plan: &'a Plan,
    survey: &'a Survey,
    sender: Option<Address>,
}

impl Answer<'_> {
    fn say(&self, sent: &[Sent]) -> Value {
        let Survey { steps, price, .. } = self.survey;
        let (gas, whole) = self.survey.gas();
        let paid = sent.iter().map(|sent| sent.gas).sum::<u64>();
        let gas = if sent.is_empty() { gas } else { paid };
        let per_gas = price.base.plus(price.tip);
        let rows = self.plan.steps.iter().zip(steps).enumerate().map(|(index, (step, standing))| {
            let sent = sent.iter().find(|sent| sent.step == index);
            row(step, *standing, sent)
        });
        json!({
            "network": self.plan.deployment.name,
            "chain_id": self.plan.deployment.chain_id,
            "sender": self.sender,
            "sent": sent.len(),
            "steps": rows.collect::<Vec<_>>(),
            "gas": gas,
            "gas_is_all": whole || !sent.is_empty(),
            "gas_price_wei": per_gas,
            "cost_eth": ether(per_gas.times(gas)),
            "not_included": "what the chain takes for the data on L1",
        })
    }
}

fn row(step: &Step, standing: Standing, sent: Option<&Sent>) -> Value {
    let (contract, address) = match &step.done {
        Done::Stands { contract, address } => (Some(contract), *address),
        Done::Answers { .. } => (None, step.to),
    };
    let (state, gas) = match (sent, standing) {
        (Some(sent), _) => ("sent", Some(sent.gas)),
        (None, Standing::Done) => ("stands", None),
        (None, Standing::Open { gas }) => ("open", gas),
    };
    json!({
        "step": step.name, "contract": contract, "address": address.to_string(), "state": state, "gas": gas,
        "tx": sent.map(|sent| sent.tx),
    })
}

fn ether(wei: Wei) -> String {
    format_ether(U256::from(wei.0))
}

impl From<DeployError> for Failure {
    fn from(error: DeployError) -> Self {
        let code = if matches!(error, DeployError::Rpc { .. }) { 3 } else { 1 };
        let hint = error.hint();
        Self { code, ..Self::failed(error) }.hint(hint)
    }
}
