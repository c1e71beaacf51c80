//! .

pub mod net;
