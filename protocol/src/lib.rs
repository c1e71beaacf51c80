//! What may happen in a deal between two agents, and nothing of how it is carried out.
//!
//! Time, randomness, bytes and chain facts come in; records to persist, bytes to send, digests to
//! sign and calls to submit go out, in order. The same inputs give the same outputs, whatever the
//! machine: nothing here reads a clock, opens a socket or a file, starts a thread, or holds a
//! signing key.
//!
//! In reading order, which is also the order of permission: a module uses only what stands above it.
//! Values, encoding and signatures; papers; what is judged and how panels are drawn; policy and
//! disclosure; messages, jobs, effects and inputs; the stages in which documents come to be; the
//! deal, which alone knows their order; the node, which routes.

/// The samples of papers name this crate as its users do.
#[cfg(test)]
extern crate self as nuncio_protocol;

mod spelled;

pub mod hexed;
pub mod ids;
pub mod money;
pub mod text;
pub mod time;

pub mod canonical;
pub mod did;
pub mod proof;
pub mod transcript;
pub mod typed;

pub mod document;

pub mod beacon;
pub mod clause;
pub mod panel;
pub mod reputation;

pub mod abi;
pub mod block;
pub mod escrow;
pub mod journal;
pub mod ledger;
pub mod quorum;

pub mod disk;
pub mod guard;
pub mod slots;

pub mod disclosure;
pub mod misconduct;
pub mod policy;
pub mod template;

pub mod command;
pub mod job;
pub mod record;
pub mod row;
pub mod side;
pub mod wire;

pub mod effect;
pub mod input;

pub mod stage;

pub mod audit;

pub mod deal;
pub mod node;
pub mod view;
