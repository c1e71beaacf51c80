//! How a document comes to be: one small machine per file; what one hands to the next is a document.

pub mod jury;
pub mod market;
pub mod nda;
pub mod negotiation;
pub mod session;
