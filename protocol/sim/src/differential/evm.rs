//! The committed bytecode in a virtual machine that can be set back to its beginning at once.
//!
//! The beginning is shared and never changes; what a sequence does lies in a layer above it that is
//! thrown away. ecrecover is the precompile of every chain, asked once for each input: the sequences
//! repeat signatures, and its answer depends on its input alone.
//!
//! Deliberately absent: fees, nonces, blocks. Time is what each message says.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::{Address, Bytes, Log, TxKind, U256, address};
use revm::{
    Context, DatabaseCommit, DatabaseRef, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{ContextTr, Evm as Machine, TxEnv, result::ExecutionResult},
    database::{AccountState, Cache, CacheDB, EmptyDB},
    handler::{EthFrame, EthPrecompiles, MainnetContext, PrecompileProvider, instructions::EthInstructions},
    interpreter::{CallInputs, InterpreterResult, interpreter::EthInterpreter},
    primitives::{AddressSet, hardfork::SpecId},
    state::AccountInfo,
};

use crate::chain::{CHAIN_ID, GAS_MAX};

/// The state before the first act.
pub(super) type Ground = CacheDB<EmptyDB>;
type Layer = CacheDB<Arc<Ground>>;
type Setting = MainnetContext<Layer>;
type Runs = Machine<Setting, (), EthInstructions<EthInterpreter, Setting>, Remembering, EthFrame>;

const ECRECOVER: Address = address!("0x0000000000000000000000000000000000000001");
/// More inputs than this are not remembered.
const REMEMBERED_MAX: usize = 1 << 20;

/// What a message did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It went through, with these logs.
    Done(Vec<Log>),
    /// The contract refused, with these bytes.
    Reverted(Bytes),
    /// The machine stopped it.
    Halted(String),
}

impl Answer {
    /// In words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Done(_) => "ok".to_owned(),
            Self::Reverted(reason) => nuncio_protocol::abi::revert::reason(reason),
            Self::Halted(reason) => format!("halted: {reason}"),
        }
    }
}

/// A word of storage that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) account: Address,
    pub(super) slot: U256,
    pub(super) value: U256,
}

/// The machine.
pub(super) struct Evm {
    machine: Runs,
}

impl Evm {
    pub(super) fn new(ground: Arc<Ground>) -> Self {
        let machine = Context::mainnet()
            .with_db(CacheDB::new(ground))
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.chain_id = CHAIN_ID;
                cfg.disable_nonce_check = true;
            })
            .modify_block_chained(|block| {
                block.number = U256::from(1);
                block.gas_limit = u64::MAX;
                block.basefee = 0;
            })
            .build_mainnet()
            .with_precompiles(Remembering::new(SpecId::OSAKA));
        Self { machine }
    }

    /// Back to the beginning.
    pub(super) fn rewind(&mut self) {
        self.layer().cache = Cache::default();
    }

    /// All that was done becomes the beginning.
    pub(super) fn settle(&mut self) {
        let layer = self.layer();
        let Cache { accounts, contracts, .. } = std::mem::take(&mut layer.cache);
        let ground = Arc::make_mut(&mut layer.db);
        ground.cache.contracts.extend(contracts);
        for (address, account) in accounts {
            if account.account_state != AccountState::NotExisting {
                let kept = ground.cache.accounts.entry(address).or_default();
                kept.info = account.info;
                kept.storage.extend(account.storage);
            }
        }
    }

    /// Sends a message and keeps what it did.
    pub(super) fn send(
        &mut self,
        time: u64,
        from: Address,
        to: Address,
        data: Bytes,
    ) -> (Answer, Vec<Write>) {
        let (result, state) = self.run(time, from, to, data);
        let mut writes = Vec::new();
        for (account, after) in &state {
            for (slot, word) in &after.storage {
                if word.is_changed() {
                    writes.push(Write { account: *account, slot: *slot, value: word.present_value });
                }
            }
        }
        self.layer().commit(state);
        let answer = match result {
            ExecutionResult::Success { logs, .. } => Answer::Done(logs),
            ExecutionResult::Revert { output, .. } => Answer::Reverted(output),
            ExecutionResult::Halt { reason, .. } => Answer::Halted(format!("{reason:?}")),
        };
        (answer, writes)
    }

    /// Asks a view.
    pub(super) fn ask(&mut self, time: u64, to: Address, data: Bytes) -> Option<Bytes> {
        let (result, _) = self.run(time, Address::ZERO, to, data);
        result.is_success().then(|| result.into_output()).flatten()
    }

    /// Writes a word into an account's storage.
    pub(super) fn write(&mut self, write: Write) {
        let Write { account, slot, value } = write;
        self.layer()
            .insert_account_storage(account, slot, value)
            .expect("invariant: an empty database never fails");
    }

    /// Puts code at an address.
    pub(super) fn put_code(&mut self, account: Address, code: Vec<u8>) {
        let code = Bytecode::new_raw(code.into());
        self.layer().insert_account_info(account, AccountInfo::from_bytecode(code));
    }

    /// The code at an address.
    pub(super) fn code(&self, account: Address) -> Vec<u8> {
        let ground = &self.machine.ctx.journaled_state.database.db;
        let info = ground.basic_ref(account).expect("invariant: an empty database never fails");
        let hash = info.unwrap_or_default().code_hash;
        let code = ground.code_by_hash_ref(hash).expect("invariant: an empty database never fails");
        code.original_byte_slice().to_vec()
    }

    fn layer(&mut self) -> &mut Layer {
        &mut self.machine.ctx.journaled_state.database
    }

    fn run(
        &mut self,
        time: u64,
        from: Address,
        to: Address,
        data: Bytes,
    ) -> (ExecutionResult, revm::state::EvmState) {
        self.machine.ctx.block.timestamp = U256::from(time);
        let message = TxEnv {
            tx_type: 2,
            caller: from,
            gas_limit: GAS_MAX,
            gas_priority_fee: Some(0),
            kind: TxKind::Call(to),
            data,
            chain_id: Some(CHAIN_ID),
            ..TxEnv::default()
        };
        let ran = self.machine.transact(message).expect("invariant: nothing but a contract can refuse this");
        (ran.result, ran.state)
    }
}

/// The precompiles of the chain, with a memory for ecrecover.
struct Remembering {
    precompiles: EthPrecompiles,
    answers: HashMap<[u8; 128], InterpreterResult>,
}

impl Remembering {
    fn new(spec: SpecId) -> Self {
        Self { precompiles: EthPrecompiles::new(spec), answers: HashMap::new() }
    }
}

impl<C: ContextTr<Cfg: revm::context::Cfg<Spec = SpecId>>> PrecompileProvider<C> for Remembering {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        PrecompileProvider::<C>::set_spec(&mut self.precompiles, spec)
    }

    fn run(&mut self, context: &mut C, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        if inputs.bytecode_address != ECRECOVER {
            return self.precompiles.run(context, inputs);
        }
        let Ok(input) = <[u8; 128]>::try_from(&*inputs.input.as_bytes(context)) else {
            return self.precompiles.run(context, inputs);
        };
        if let Some(known) = self.answers.get(&input) {
            let mut known = known.clone();
            let used = known.gas.total_gas_spent();
            known.gas = revm::interpreter::Gas::new(inputs.gas_limit);
            if known.gas.record_regular_cost(used) {
                return Ok(Some(known));
            }
        }
        let answer = self.precompiles.run(context, inputs)?;
        if let Some(answer) = &answer
            && answer.is_ok()
            && self.answers.len() < REMEMBERED_MAX
        {
            self.answers.insert(input, answer.clone());
        }
        Ok(answer)
    }

    fn warm_addresses(&self) -> &AddressSet {
        self.precompiles.warm_addresses()
    }
}
