//! How a paper comes to be: one machine for each stage of a deal.
//!
//! Stages never import stages: what one hands to the next is a document.

pub mod jury;
