//! Brings a plan onto a chain, and says beforehand what that takes.
//!
//! First the chain is looked at ([`survey`]): is it the plan's, has it the deterministic deployer, which steps show
//! as done already, what would the others cost. Then each open step is sent and waited for, one after the other
//! ([`carry_out`]). The chain itself is the record of how far a deployment got: broken off anywhere, the next run
//! looks again and goes on with what is missing, and where all stands it sends nothing.
//!
//! Where the deployer is missing nothing else is tried: created any other way, the contracts would stand at other
//! addresses. Code at a planned address that is not the planned code ends it too; CREATE2 cannot bring that about,
//! only a chain on which somebody sets code by hand, or an endpoint that lies.
//!
//! On a local chain a block is asked for while a step waits, so that nobody waits for the clock.
//!
//! Deliberately absent: keys (whoever calls signs the digest), replacement of a transaction that is not mined, and
//! the fee that a rollup takes for its data on L1, which `eth_estimateGas` does not know.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use nuncio_contracts::{CREATE2_DEPLOYER, CREATE2_DEPLOYER_CODE, Done, LOCAL_CHAIN_ID, Plan, Step};
use nuncio_protocol::{
    ids::TxHash,
    journal::{
        Call, Transaction,
        fees::{Fees, GAS_LIMIT_MAX, GasPrice, Wei},
    },
    typed::EthSignature,
};
use tokio::time::{Instant, sleep};

use super::{
    envelope::{self, EnvelopeError},
    rpc::{At, Receipt, Rpc, RpcError},
};

/// How long one step may take to be mined.
const PATIENCE: Duration = Duration::from_secs(180);

/// Why a plan is not carried out, or not further.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The endpoint serves another chain.
    #[error("{url} serves chain {actual}, the plan is for {expected}")]
    WrongChain { url: String, expected: u64, actual: u64 },
    /// The chain has no deterministic deployer.
    #[error("chain {chain} has no deterministic deployer at {CREATE2_DEPLOYER}: {found}")]
    NoDeployer { chain: u64, found: &'static str },
    /// Other code stands where a contract of the plan should.
    #[error("{step}: {address} has code {actual}, the plan puts {expected} there")]
    Occupied { step: String, address: Address, expected: B256, actual: B256 },
    /// The endpoint gives no answer that can be used.
    #[error("{url}: {error}")]
    Rpc { url: String, error: RpcError },
    /// A step would be undone.
    #[error("{step} would revert: {reason}")]
    WouldRevert { step: String, reason: String },
    /// A step needs more gas than one transaction may use (EIP-7825).
    #[error("{step} needs {gas} gas, one transaction may use {GAS_LIMIT_MAX}")]
    TooMuchGas { step: String, gas: u64 },
    /// The account cannot pay.
    #[error("{account} has {balance} wei, up to {needed} wei may be needed")]
    Poor { account: Address, balance: Wei, needed: Wei },
    /// The signature is not the account's.
    #[error(transparent)]
    Signature(#[from] EnvelopeError),
    /// A step was mined and undone, or does not show on the chain.
    #[error("{step} was mined in {tx} and is not done")]
    InVain { step: String, tx: TxHash },
    /// A step was not mined in time.
    #[error("{step} was sent as {tx} and not mined within {} s", PATIENCE.as_secs())]
    Late { step: String, tx: TxHash },
}

impl DeployError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::WrongChain { .. } => "check --network against --rpc; nothing was sent",
            Self::NoDeployer { .. } => {
                "anvil has it unless started with --disable-default-create2-deployer; elsewhere pay 0.01 ETH to \
                 0x3fAB184622Dc19b6109349B94811493BF2a45362 and send the presigned transaction of \
                 github.com/Arachnid/deterministic-deployment-proxy; nothing was sent"
            }
            Self::Occupied { .. } => {
                "ask another endpoint; on a local chain, start a new one; nothing was sent"
            }
            Self::Rpc { .. } => {
                "name another endpoint with --rpc; what stands already is left alone next time"
            }
            Self::WouldRevert { .. } => {
                "the account must be the one that the plan names; on a local chain, start a new one"
            }
            Self::TooMuchGas { .. } => "the contracts do not fit this chain",
            Self::Poor { .. } => "send ether to the account and run it again: it goes on where it stopped",
            Self::Signature(_) => "this is a bug: please report it",
            Self::InVain { .. } | Self::Late { .. } => {
                "look the transaction up, then run it again: it goes on where it stopped"
            }
        }
    }
}

/// How a chain stands to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// For each step of the plan, in order.
    pub steps: Vec<Standing>,
    /// What gas costs now.
    pub price: GasPrice,
    /// What the sender has.
    pub balance: Wei,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It shows as done.
    Done,
    /// It is to be sent.
    Open {
        /// What it would use; nothing where that shows only when the steps before it are done.
        gas: Option<u64>,
    },
}

impl Survey {
    /// The gas of all open steps, and whether that is all of it.
    #[must_use]
    pub fn gas(&self) -> (u64, bool) {
        let open = self.steps.iter().filter_map(|step| match step {
            Standing::Done => None,
            Standing::Open { gas } => Some(*gas),
        });
        open.fold((0, true), |(sum, whole), gas| (sum + gas.unwrap_or(0), whole && gas.is_some()))
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| *step == Standing::Done)
    }
}

/// A step that was sent and mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its place in the plan.
    pub step: usize,
    /// Its transaction.
    pub tx: TxHash,
    /// What it used.
    pub gas: u64,
}

/// Looks at a chain; sends nothing.
///
/// # Errors
/// [`DeployError`].
pub async fn survey(rpc: &Rpc, plan: &Plan, sender: Address) -> Result<Survey, DeployError> {
    Work { rpc, plan, sender }.survey().await
}

/// Sends what is open, each step when the one before it is done.
///
/// # Errors
/// [`DeployError`]; what was done until then stays done.
pub async fn carry_out(
    rpc: &Rpc,
    plan: &Plan,
    sender: Address,
    sign: impl Fn(B256) -> EthSignature,
    mut told: impl FnMut(&Step, Sent),
) -> Result<Vec<Sent>, DeployError> {
    let work = Work { rpc, plan, sender };
    let survey = work.survey().await?;
    work.afford(&survey)?;
    let mut all = Vec::new();
    for (index, (step, standing)) in plan.steps.iter().zip(&survey.steps).enumerate() {
        if *standing == Standing::Done {
            continue;
        }
        let (tx, receipt) = work.send(step, &sign).await?;
        if !receipt.succeeded || !work.is_done(step).await? {
            return Err(DeployError::InVain { step: step.name.clone(), tx });
        }
        let sent = Sent { step: index, tx, gas: receipt.gas_used };
        told(step, sent);
        all.push(sent);
    }
    Ok(all)
}

struct Work<'a> {
    rpc: &'a Rpc,
    plan: &'a Plan,
    sender: Address,
}

impl Work<'_> {
    async fn survey(&self) -> Result<Survey, DeployError> {
        let (expected, actual) = (self.plan.deployment.chain_id, self.heard(self.rpc.chain_id().await)?);
        if actual != expected {
            return Err(DeployError::WrongChain { url: self.rpc.url().to_owned(), expected, actual });
        }
        let deployer = self.heard(self.rpc.code(CREATE2_DEPLOYER).await)?;
        if keccak256(&deployer) != CREATE2_DEPLOYER_CODE {
            let found = if deployer.is_empty() { "there is no code" } else { "there is other code" };
            return Err(DeployError::NoDeployer { chain: actual, found });
        }
        let price = self.price().await?;
        let balance = self.heard(self.rpc.balance(self.sender).await)?;
        // The codes of contracts that do not stand yet: later ones call them when they are constructed.
        let mut planned: Vec<(Address, Bytes)> = Vec::new();
        let mut steps = Vec::new();
        for step in &self.plan.steps {
            if self.is_done(step).await? {
                steps.push(Standing::Done);
                continue;
            }
            let gas = match &step.done {
                Done::Stands { .. } => self.gas_upon(step, &planned).await?,
                Done::Answers { .. } if steps.iter().any(|standing| *standing != Standing::Done) => None,
                Done::Answers { .. } => Some(self.gas(step).await?),
            };
            if let Done::Stands { contract, address } = step.done {
                let code = self.plan.deployment.code(contract);
                planned
                    .push((address, code.expect("invariant: a plan's deployment has all that it creates")));
            }
            steps.push(Standing::Open { gas });
        }
        Ok(Survey { steps, price, balance })
    }

    /// Whether a step shows as done.
    async fn is_done(&self, step: &Step) -> Result<bool, DeployError> {
        match &step.done {
            Done::Stands { contract, address } => {
                let code = self.heard(self.rpc.code(*address).await)?;
                let expected = self.plan.deployment.code_hash(*contract);
                let expected = expected.expect("invariant: a plan's deployment has all that it creates");
                let actual = keccak256(&code);
                if !code.is_empty() && actual != expected {
                    let (step, address) = (step.name.clone(), *address);
                    return Err(DeployError::Occupied { step, address, expected, actual });
                }
                Ok(!code.is_empty())
            }
            Done::Answers { view, word } => {
                match self.rpc.call(None, &Call { to: step.to, data: view.clone() }).await {
                    Ok(answer) => Ok(answer.get(..32) == Some(word.as_slice())),
                    Err(RpcError::Reverted(_)) => Ok(false),
                    Err(error) => self.heard(Err(error)),
                }
            }
        }
    }

    async fn gas(&self, step: &Step) -> Result<u64, DeployError> {
        let estimated = self.rpc.estimate(self.sender, &call(step)).await;
        self.bounded(step, estimated)
    }

    /// The gas of a creation while contracts before it are planned only; nothing where the endpoint cannot tell.
    async fn gas_upon(&self, step: &Step, planned: &[(Address, Bytes)]) -> Result<Option<u64>, DeployError> {
        if planned.is_empty() {
            return self.gas(step).await.map(Some);
        }
        match self.rpc.estimate_upon(self.sender, &call(step), planned).await {
            Err(RpcError::Refused(_)) => Ok(None),
            estimated => self.bounded(step, estimated).map(Some),
        }
    }

    fn bounded(&self, step: &Step, estimated: Result<u64, RpcError>) -> Result<u64, DeployError> {
        let step = step.name.clone();
        match estimated {
            Err(RpcError::Reverted(reason)) => Err(DeployError::WouldRevert { step, reason }),
            estimated => match self.heard(estimated)? {
                gas if gas > GAS_LIMIT_MAX => Err(DeployError::TooMuchGas { step, gas }),
                gas => Ok(gas),
            },
        }
    }

    async fn price(&self) -> Result<GasPrice, DeployError> {
        let newest = self.heard(self.rpc.header(At::Latest).await)?;
        let newest = newest.ok_or(RpcError::Nonsense("no newest block"));
        let tip = self.heard(self.rpc.tip().await)?;
        Ok(GasPrice { base: self.heard(newest)?.base_fee, tip })
    }

    /// Whether the account can pay for what is known, at the highest price that is offered.
    fn afford(&self, survey: &Survey) -> Result<(), DeployError> {
        let (gas, _) = survey.gas();
        let needed = fees(survey.price).max.times(with_margin(gas));
        if survey.balance < needed {
            return Err(DeployError::Poor { account: self.sender, balance: survey.balance, needed });
        }
        Ok(())
    }

    async fn send(
        &self,
        step: &Step,
        sign: &impl Fn(B256) -> EthSignature,
    ) -> Result<(TxHash, Receipt), DeployError> {
        let transaction = Transaction {
            chain: self.plan.deployment.chain_id,
            nonce: self.heard(self.rpc.nonce(self.sender, At::Latest).await)?,
            gas_limit: with_margin(self.gas(step).await?).min(GAS_LIMIT_MAX),
            fees: fees(self.price().await?),
            call: call(step),
        };
        let signature = sign(envelope::unsigned(&transaction));
        let (tx, raw) = envelope::assemble(&transaction, self.sender, &signature)?;
        self.heard(self.rpc.send(&raw).await)?;
        let local = transaction.chain == LOCAL_CHAIN_ID;
        let pause = Duration::from_millis(if local { 20 } else { 1_000 });
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(receipt) = self.heard(self.rpc.receipt(tx).await)? {
                return Ok((tx, receipt));
            }
            if local {
                self.heard(self.rpc.mine().await)?;
            }
            sleep(pause).await;
        }
        Err(DeployError::Late { step: step.name.clone(), tx })
    }

    fn heard<T>(&self, answer: Result<T, RpcError>) -> Result<T, DeployError> {
        answer.map_err(|error| DeployError::Rpc { url: self.rpc.url().to_owned(), error })
    }
}

fn call(step: &Step) -> Call {
    Call { to: step.to, data: step.data.clone() }
}

/// A tenth more than was estimated: the block after the next may know a little more.
const fn with_margin(gas: u64) -> u64 {
    gas + gas / 10
}

/// Room for the base fee to double.
const fn fees(price: GasPrice) -> Fees {
    Fees { max: price.base.times(2).plus(price.tip), tip: price.tip }
}
