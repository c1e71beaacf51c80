//! What may happen in a deal between two agents, and nothing of how it is carried out.
//!
//! Time, randomness, bytes and chain facts come in; records to persist, bytes to send, digests to
//! sign and calls to submit go out, in order. The same inputs give the same outputs, whatever the
//! machine: nothing here reads a clock, opens a socket or a file, starts a thread, or holds a
//! signing key.

pub mod beacon;
pub mod canonical;
pub mod clause;
pub mod did;
pub mod document;
pub mod ids;
pub mod money;
pub mod panel;
pub mod proof;
pub mod reputation;
pub mod stage;

pub mod audit;
pub mod text;
pub mod time;
pub mod transcript;
pub mod typed;
