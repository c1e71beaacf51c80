//! The virtual machine: one state, and calls that change it or only try.
//!
//! revm runs the contracts' real bytecode under the rules of Osaka, which are Base's.
//!
//! Deliberately absent: blocks, signatures, nonces of anybody but senders.

use alloy_primitives::{Address, Bytes, TxKind, U256, address, hex};
use nuncio_protocol::abi::revert;
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};

/// The deterministic deployment proxy that every chain has, and its code.
const DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");
const DEPLOYER_CODE: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);
/// The most gas of one transaction (EIP-7825).
pub(crate) const GAS_MAX: u64 = 1 << 24;
/// What a block may use.
const BLOCK_GAS: u64 = 1 << 30;
/// One thousand ether.
const PLENTY: U256 = U256::from_limbs([0x35c9_adc5_dea0_0000, 0x36, 0, 0]);

/// A message to a contract, with the block that it runs in.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) from: Address,
    pub(super) nonce: u64,
    pub(super) to: Address,
    pub(super) data: Bytes,
    pub(super) gas: u64,
    /// `maxFeePerGas` and `maxPriorityFeePerGas`; nothing for a call that nobody pays for.
    pub(super) fees: Option<(u128, u128)>,
    pub(super) block: u64,
    pub(super) time: u64,
}

/// The state of all accounts.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    db: CacheDB<EmptyDB>,
    chain_id: u64,
    base_fee: u64,
}

impl Machine {
    pub(super) fn new(chain_id: u64, base_fee: u64) -> Self {
        let mut db = CacheDB::new(EmptyDB::new());
        let code = Bytecode::new_raw(Bytes::from_static(&DEPLOYER_CODE));
        db.insert_account_info(DEPLOYER, AccountInfo::from_bytecode(code));
        Self { db, chain_id, base_fee }
    }

    pub(super) const fn state(&self) -> &CacheDB<EmptyDB> {
        &self.db
    }

    /// Gives an account ether for gas.
    pub(super) fn endow(&mut self, account: Address) {
        let nonce = self.nonce(account);
        let info = AccountInfo { balance: PLENTY, nonce, ..AccountInfo::default() };
        self.db.insert_account_info(account, info);
    }

    /// The number of an account's transactions so far.
    pub(super) fn nonce(&mut self, account: Address) -> u64 {
        let loaded = self.db.load_account(account).expect("invariant: an empty database never fails");
        loaded.info.nonce
    }

    /// Whether an address has code.
    pub(super) fn has_code(&mut self, address: Address) -> bool {
        let loaded = self.db.load_account(address).expect("invariant: an empty database never fails");
        !loaded.info.is_empty_code_hash()
    }

    /// Runs a message and keeps what it did; `Err` where no block could hold it.
    pub(super) fn run(&mut self, message: &Message) -> Result<ExecutionResult, String> {
        let (chain_id, base_fee) = (self.chain_id, self.base_fee);
        let context = context(&mut self.db, chain_id, base_fee, message);
        let mut evm = context.build_mainnet();
        evm.transact_commit(transaction(message, chain_id)).map_err(|error| error.to_string())
    }

    /// Runs a message and forgets what it did.
    pub(super) fn attempt(&mut self, message: &Message) -> Result<ExecutionResult, String> {
        let (chain_id, base_fee) = (self.chain_id, self.base_fee);
        let context = context(&mut self.db, chain_id, base_fee, message);
        let mut evm = context.build_mainnet();
        let ran = evm.transact(transaction(message, chain_id)).map_err(|error| error.to_string())?;
        Ok(ran.result)
    }
}

/// What a message answered, or the contract's reason against it.
pub(super) fn outcome(result: &ExecutionResult) -> Result<&Bytes, String> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.data()),
        ExecutionResult::Revert { output, .. } => Err(revert::reason(output)),
        ExecutionResult::Halt { reason, .. } => Err(format!("halted: {reason:?}")),
    }
}

type Mainnet<'a> = revm::handler::MainnetContext<&'a mut CacheDB<EmptyDB>>;

fn context<'a>(db: &'a mut CacheDB<EmptyDB>, chain_id: u64, base_fee: u64, message: &Message) -> Mainnet<'a> {
    Context::mainnet()
        .with_db(db)
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
            cfg.chain_id = chain_id;
            cfg.disable_nonce_check = message.fees.is_none();
        })
        .modify_block_chained(|block| {
            block.number = U256::from(message.block);
            block.timestamp = U256::from(message.time);
            block.gas_limit = BLOCK_GAS;
            block.basefee = if message.fees.is_some() { base_fee } else { 0 };
        })
}

fn transaction(message: &Message, chain_id: u64) -> TxEnv {
    let (max, tip) = message.fees.unwrap_or_default();
    TxEnv {
        tx_type: 2,
        caller: message.from,
        gas_limit: message.gas,
        gas_price: max,
        gas_priority_fee: Some(tip),
        kind: TxKind::Call(message.to),
        data: message.data.clone(),
        nonce: message.nonce,
        chain_id: Some(chain_id),
        ..TxEnv::default()
    }
}
