//! The daemon: it performs effects and feeds inputs, and decides nothing about deals.
//!
//! Spokes do not know each other: `net` alone knows libp2p, `chain` alone knows RPC endpoints, `store`
//! alone knows RocksDB, `keys` alone holds secrets, `vault` and `sealing` alone know age, `api` alone
//! knows JSON for people. Only `node` and `effects` see them all.

pub mod api;
pub mod audit;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod effects;
pub mod home;
pub mod keys;
pub mod net;
pub mod node;
pub mod records;
pub mod sealing;
pub mod store;
pub mod trail;
pub mod vault;
