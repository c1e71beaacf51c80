//! .

pub mod bare;
