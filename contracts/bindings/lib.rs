//! The contracts as Rust sees them.
//!
//! `abi/*.json` holds, for every contract under `src/`, the ABI and the bytecode that the pinned compiler gives;
//! this crate embeds them, so that nothing here needs a Solidity compiler. [`Contract`] names each artefact,
//! [`Creation`] joins its code with the arguments of its constructor, [`Plan`] puts creations in order and knows
//! every address before the first transaction is sent, and [`Deployment`] is what is written down: which contract
//! stands where, on which chain, with which parameters. [`interface`] has the typed calls and events.
//!
//! What can go wrong is drift, between the sources and `abi/` (`scripts/contracts abi --check`), between `abi/` and
//! `networks.json` (a test), and between what this crate was built with and what stands on a chain
//! ([`Deployment::code`] says what must).
//!
//! Deliberately absent: a provider, a signer, a transaction. This crate says what to send and never sends it.

mod code;
mod contract;
mod creation;
mod deployment;
pub mod interface;
mod plan;

pub use contract::Contract;
pub use creation::{Beacon, Constants, Creation};
pub use deployment::{Deployed, Deployment, LOCAL_CHAIN_ID, NotDeployed, Usdc};
pub use plan::{CREATE2_DEPLOYER, CREATE2_DEPLOYER_CODE, Done, LocalOperator, Plan, Step};
