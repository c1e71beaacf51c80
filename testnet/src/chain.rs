//! The local chain: anvil, the project's contracts on it, and the money and mandates of the cast.
//!
//! `nuncio contracts deploy --network anvil` brings the contracts onto it, as it would for anybody: so they stand
//! where the release says, and a stranger needs no list to know them. anvil's first account pays, and mints.
//!
//! Transactions are sent without waiting and settled together: a block is mined on demand, so that
//! setting a stage of eleven principals takes a second and not a minute. Blocks mined so carry the
//! clock's time; the chain does not run ahead of it. Once the stage is set, blocks come by themselves.
//!
//! Deliberately absent: anything that the daemons do on the chain. They have accounts of their own.

pub mod acts;
pub mod anvil;
mod wallet;

use std::{path::Path, process::Command, time::Duration};

use alloy::{
    eips::{BlockId, eip2718::Encodable2718},
    network::{NetworkTransactionBuilder, TransactionBuilder, TransactionBuilderError},
    primitives::{Address, B256, Bytes, TxHash, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
    transports::{RpcError, TransportErrorKind},
};
use nuncio_contracts::{
    Constants, Contract, Deployment, LOCAL_CHAIN_ID, NotDeployed,
    interface::{DealEscrow, JuryPool, TestUsdc},
};
use nuncio_protocol::{
    abi,
    money::Usdc,
    typed::{Contracts, Mandate},
};

use self::anvil::{Anvil, AnvilOptions};
pub use self::wallet::Account;
use crate::{
    cluster::{ClusterError, program, run},
    patience::{Late, within},
    process::ProcessError,
};

/// Enough for any call of the stage's setting.
const CALL_GAS: u64 = 1_000_000;
/// What a test account pays at most; its ether is free.
const MAX_FEE: u128 = 20_000_000_000;
/// One thousand ether.
const PLENTY: U256 = U256::from_limbs([0x35c9_adc5_dea0_0000, 0x36, 0, 0]);
/// How long mining on demand may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says why the chain is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// anvil is not there.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The RPC refuses or is gone.
    #[error("rpc: {0}")]
    Rpc(#[from] RpcError<TransportErrorKind>),
    /// A transaction cannot be made.
    #[error("{act}: {source}")]
    Build {
        /// What it was for.
        act: String,
        /// What is missing.
        source: Box<TransactionBuilderError<alloy::network::Ethereum>>,
    },
    /// A transaction was mined and undone.
    #[error("{act} reverted: {reason} (transaction {tx})")]
    Reverted {
        /// What it was for.
        act: String,
        /// Which one.
        tx: TxHash,
        /// What the contract said, as the node tells it.
        reason: String,
    },
    /// A transaction was not mined.
    #[error(transparent)]
    Late(#[from] Late),
    /// A log that our contracts cannot have written.
    #[error(transparent)]
    Event(#[from] nuncio_protocol::abi::DecodeError),
    /// The contracts do not come onto it.
    #[error(transparent)]
    Deploy(Box<ClusterError>),
    /// The program that deploys says something else than it should.
    #[error("nuncio contracts deploy answered {0}")]
    Answer(String),
    /// The bindings do not know a contract.
    #[error(transparent)]
    NotDeployed(#[from] NotDeployed),
    /// A contract answered what its ABI does not say.
    #[error("{0}: an answer that is not of its ABI: {1}")]
    Abi(&'static str, alloy::sol_types::Error),
}

/// A sent transaction that nobody has waited for yet.
#[derive(Debug)]
struct Sent {
    act: String,
    tx: TxHash,
    request: TransactionRequest,
}

/// The chain with the contracts on it.
#[derive(Debug)]
pub struct LocalChain {
    anvil: Anvil,
    provider: DynProvider,
    operator: Account,
    deployment: Deployment,
    contracts: Contracts,
    abi: abi::Deployment,
    sent: Vec<Sent>,
}

impl LocalChain {
    /// Starts anvil and deploys everything. The state is kept in `folder/chain.json` at the end.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn start(folder: &Path) -> Result<Self, ChainError> {
        let options = AnvilOptions { port: 0, load: None, dump: Some(folder.join("chain.json")) };
        let anvil = Anvil::start(&options, &folder.join("logs/anvil.log")).await?;
        let provider = reader(&anvil.rpc());
        let deployment = network().clone();
        let contracts = contracts(&deployment)?;
        let abi = abi::Deployment {
            contracts,
            beacon: deployment.address(Contract::DrandBeacon)?,
            usdc: deployment.usdc.address,
        };
        let operator = Account::operator();
        let mut chain = Self { anvil, provider, operator, deployment, contracts, abi, sent: Vec::new() };
        chain.give_ether(chain.operator.address()).await?;
        let sent = deploy(&chain.rpc(), &folder.join("logs/deploy.log")).await?;
        chain.operator.has_sent(sent);
        Ok(chain)
    }

    /// Where it answers.
    #[must_use]
    pub fn rpc(&self) -> String {
        self.anvil.rpc()
    }

    /// What stands where.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Where signatures count.
    #[must_use]
    pub const fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// How calls of the contracts are written.
    #[must_use]
    pub const fn abi(&self) -> &abi::Deployment {
        &self.abi
    }

    /// Sends a call that anybody may send.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn call(&mut self, act: &str, to: Address, data: Bytes) -> Result<(), ChainError> {
        self.send_as_operator(act, to, data, CALL_GAS).await
    }

    /// `block.timestamp` of the newest block, Unix seconds.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn time(&self) -> Result<u64, ChainError> {
        let newest = self.provider.get_block(BlockId::latest()).await?;
        Ok(newest.map_or(0, |block| block.header.timestamp))
    }

    /// For reading.
    #[must_use]
    pub const fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// Gives an account ether for gas.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn give_ether(&self, account: Address) -> Result<(), ChainError> {
        let () = self.provider.raw_request("anvil_setBalance".into(), (account, PLENTY)).await?;
        Ok(())
    }

    /// Mints test USDC.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn mint(&mut self, to: Address, amount: Usdc) -> Result<(), ChainError> {
        let call = TestUsdc::mintCall { to, amount: U256::from(amount.0) };
        let usdc = self.deployment.usdc.address;
        self.send_as_operator("mint USDC", usdc, call.abi_encode().into(), CALL_GAS).await
    }

    /// Puts a principal's USDC into its credit in the escrow.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn deposit(&mut self, principal: &mut Account, amount: Usdc) -> Result<(), ChainError> {
        let escrow = self.contracts.escrow;
        self.allow(principal, escrow, amount).await?;
        let call = DealEscrow::depositCall { owner: principal.address(), amount: amount.0 };
        self.send("deposit credit", principal, escrow, call.abi_encode().into(), CALL_GAS).await
    }

    /// Seats a juror: its principal pays the stake in.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn seat(
        &mut self,
        principal: &mut Account,
        holder: Address,
        provider: u16,
    ) -> Result<(), ChainError> {
        let jury = self.contracts.jury;
        self.allow(principal, jury, Usdc(Constants::LOCAL.seat_stake)).await?;
        let call = JuryPool::joinCall { holder, provider };
        self.send("take a seat", principal, jury, call.abi_encode().into(), CALL_GAS).await
    }

    /// Puts a mandate in force that both sides have signed.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn grant(
        &mut self,
        mandate: &Mandate,
        principal: Bytes,
        agent: Bytes,
    ) -> Result<(), ChainError> {
        let call = self.abi().grant(mandate, principal, agent);
        self.send_as_operator("grant a mandate", call.to, call.data, CALL_GAS).await
    }

    async fn allow(&mut self, owner: &mut Account, spender: Address, amount: Usdc) -> Result<(), ChainError> {
        let call = TestUsdc::approveCall { spender, value: U256::from(amount.0) };
        let usdc = self.deployment.usdc.address;
        self.send("allow a transfer", owner, usdc, call.abi_encode().into(), CALL_GAS).await
    }

    async fn send_as_operator(
        &mut self,
        act: &str,
        to: Address,
        data: Bytes,
        gas: u64,
    ) -> Result<(), ChainError> {
        let nonce = self.operator.next_nonce();
        let wallet = self.operator.wallet();
        self.send_raw(act, self.operator.address(), nonce, &wallet, (to, data, gas)).await
    }

    async fn send(
        &mut self,
        act: &str,
        from: &mut Account,
        to: Address,
        data: Bytes,
        gas: u64,
    ) -> Result<(), ChainError> {
        let act = format!("{act} ({})", from.name());
        let nonce = from.next_nonce();
        self.send_raw(&act, from.address(), nonce, &from.wallet(), (to, data, gas)).await
    }

    async fn send_raw(
        &mut self,
        act: &str,
        from: Address,
        nonce: u64,
        wallet: &alloy::network::EthereumWallet,
        (to, data, gas): (Address, Bytes, u64),
    ) -> Result<(), ChainError> {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(data)
            .with_nonce(nonce)
            .with_chain_id(LOCAL_CHAIN_ID)
            .with_gas_limit(gas)
            .with_max_fee_per_gas(MAX_FEE)
            .with_max_priority_fee_per_gas(1_000_000_000);
        let signed = request
            .clone()
            .build(wallet)
            .await
            .map_err(|source| ChainError::Build { act: act.to_owned(), source: Box::new(source) })?;
        let pending = self.provider.send_raw_transaction(&signed.encoded_2718()).await?;
        self.sent.push(Sent { act: act.to_owned(), tx: *pending.tx_hash(), request });
        Ok(())
    }

    /// Mines until everything sent has happened, and fails if anything was undone.
    ///
    /// # Errors
    /// [`ChainError::Reverted`] with the reason, [`ChainError::Late`], [`ChainError::Rpc`].
    pub async fn settle(&mut self) -> Result<(), ChainError> {
        for Sent { act, tx, request } in std::mem::take(&mut self.sent) {
            let provider = &self.provider;
            let mined = within(format!("{act} is mined"), PATIENCE, async || {
                match provider.get_transaction_receipt(tx).await {
                    Ok(Some(receipt)) => Some(Ok(receipt)),
                    Ok(None) => {
                        let mined = provider.raw_request::<_, serde_json::Value>("evm_mine".into(), ()).await;
                        mined.err().map(Err)
                    }
                    Err(error) => Some(Err(error)),
                }
            });
            let receipt = mined.await??;
            if !receipt.status() {
                let reason = match self.provider.call(request).await {
                    Ok(_) => "no reason when called again".to_owned(),
                    Err(error) => error.to_string(),
                };
                return Err(ChainError::Reverted { act, tx, reason });
            }
        }
        Ok(())
    }

    /// What an account holds of USDC.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn balance(&self, account: Address) -> Result<Usdc, ChainError> {
        let call = TestUsdc::balanceOfCall { account };
        let answer = self.read(self.deployment.usdc.address, call.abi_encode()).await?;
        let amount = TestUsdc::balanceOfCall::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Abi("balanceOf", error))?;
        Ok(Usdc(amount.saturating_to()))
    }

    /// What an account has as credit in the escrow.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn credit(&self, account: Address) -> Result<Usdc, ChainError> {
        let call = DealEscrow::creditCall { owner: account };
        let answer = self.read(self.contracts.escrow, call.abi_encode()).await?;
        let amount = DealEscrow::creditCall::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Abi("credit", error))?;
        Ok(Usdc(amount))
    }

    /// What an account owns: what it holds and its credit.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn wealth(&self, account: Address) -> Result<Usdc, ChainError> {
        let (held, credit) = (self.balance(account).await?, self.credit(account).await?);
        Ok(held.checked_add(credit).expect("invariant: there is less USDC than 2^64 micro-USDC"))
    }

    /// What of a deal's money is still in the escrow and not yet anybody's.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn left(&self, deal: B256) -> Result<Usdc, ChainError> {
        let call = DealEscrow::dealOfCall { deal };
        let answer = self.read(self.contracts.escrow, call.abi_encode()).await?;
        let slot = DealEscrow::dealOfCall::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Abi("slot", error))?;
        // status 8, done 8, rated 2, round 6, openedAt 40, challengeUntil 40, held 64, then left 64.
        let left: U256 = (slot >> 168) & U256::from(u64::MAX);
        Ok(Usdc(left.to()))
    }

    /// The newest block's number.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn block(&self) -> Result<u64, ChainError> {
        Ok(self.provider.get_block_number().await?)
    }

    async fn read(&self, to: Address, data: Vec<u8>) -> Result<Bytes, ChainError> {
        let request = TransactionRequest::default().with_to(to).with_input(data);
        Ok(self.provider.call(request).await?)
    }

    /// Stops the chain; its state is then in `chain.json`.
    pub async fn stop(self) {
        self.anvil.stop().await;
    }
}

/// A provider for a loopback address.
///
/// # Panics
/// On an address that is no URL; an anvil's own always is.
#[must_use]
pub fn reader(rpc: &str) -> DynProvider {
    let url = rpc.parse().expect("invariant: a loopback address is a URL");
    ProviderBuilder::new().connect_http(url).erased()
}

/// Brings the contracts onto the chain, and says how many transactions that took.
async fn deploy(rpc: &str, log: &Path) -> Result<u64, ChainError> {
    let mut command = Command::new(program());
    command.args(["contracts", "deploy", "--network", "anvil", "--rpc", rpc, "--yes", "--json"]);
    let said = run("deploy", command, log).await.map_err(|error| ChainError::Deploy(Box::new(error)))?;
    let answer: Option<serde_json::Value> = serde_json::from_str(&said).ok();
    answer.and_then(|answer| answer["sent"].as_u64()).ok_or(ChainError::Answer(said))
}

/// The network that every local chain is.
///
/// # Panics
/// When the release has no network of that id.
#[must_use]
pub fn network() -> &'static Deployment {
    Deployment::of_chain(LOCAL_CHAIN_ID)
        .expect("invariant: a test of the contracts reads it from networks.json")
}

fn contracts(deployment: &Deployment) -> Result<Contracts, NotDeployed> {
    Ok(Contracts {
        chain_id: deployment.chain_id,
        mandates: deployment.address(Contract::Mandates)?,
        accords: deployment.address(Contract::Accords)?,
        escrow: deployment.address(Contract::DealEscrow)?,
        jury: deployment.address(Contract::JuryPool)?,
    })
}
