//! Audit bundles outside the protocol: exported by a node, read by a stranger.
//!
//! A node adds to its own part what the chain says and its sealed files, signs the index and gives
//! the whole as one archive ([`export`]). A stranger reads the folder, finds the contracts by itself
//! ([`anchor`]), asks one endpoint for the same logs ([`observe`]) and hands both to the protocol's
//! verification; with an age identity it also opens what is sealed to that ([`open`]).
//!
//! Deliberately absent: what a bundle must be; that is [`nuncio_protocol::audit`].

mod anchor;
mod export;
mod folder;
mod observe;
mod open;

pub use export::{ExportError, Exporter};
pub use folder::{FolderError, read_folder, write_folder};
pub use observe::{Asking, ObserveError, observe};
pub use open::open;
