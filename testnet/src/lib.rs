//! What doubts the rest: a cluster of real processes, and the stories that it lives through.
//!
//! A *cluster* is a local chain with the contracts, a local beacon, and daemons of different
//! principals, each its own operating-system process in its own home, talking only over sockets.
//! *Agent programs* stand behind the daemons' local API and nothing else. A *story* is what happens
//! between them, with every claim checked against the chain.
//!
//! Nothing depends on this crate.

pub mod agent;
pub mod bare;
pub mod beacon;
pub mod bench;
pub mod chain;
pub mod cluster;
pub mod corpus;
pub mod demo;
pub mod node_api;
pub mod patience;
pub mod process;
pub mod serve;
pub mod shutdown;
pub mod source;
pub mod summary;
