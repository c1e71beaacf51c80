//! .
pub mod sealing;
