//! .
pub mod keys;
pub mod sealing;
pub mod store;
pub mod vault;
