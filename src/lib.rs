//! .
pub mod keys;
pub mod sealing;
