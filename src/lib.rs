//! .

pub mod chain;
