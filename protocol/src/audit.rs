//! The audit bundle: everything about one deal that a stranger needs, and the stranger's own check.
//!
//! First a node gives its [`Parts`]: cards, ids and signatures, no terms. Together with what the
//! chain says ([`OnChain`]) and the sealed files they become a bundle ([`Parts::compose`]):
//!
//! ```text
//! bundle.json            the index: names every other file with size and SHA-256
//! bundle.proof.json      the exporter's proof over the index
//! cards/<account>.json   public agent cards of parties, vaults and drawn jurors
//! proofs/nda.json        NdaId, what it is the digest of, both sides' signatures
//! proofs/deal.json       the same for the deal, and its vaults
//! proofs/panel.json      request, beacon signature, acceptances, and the walk with its reasons
//! proofs/m1.json …       claim, vaults' receipts, votes, verdict and the jurors' signatures
//! proofs/ratings.json    values and hashes, signed
//! sealed/…               age files, and identities as age files for their readers
//! chain/logs.json        the raw logs that speak of the deal
//! ```
//!
//! [`intact`] holds every file against the index, and needs no chain. [`verify`] then takes the chain's
//! own word and believes nothing else: the contracts named are those that the verifier found by itself
//! ([`Built`]), beacon and seat age are what they were built with, the parties are whom the mandates
//! name; every signature is held against the key on a card or the account in a typed struct, every id
//! is recomputed, the panel drawn again, every log compared with the chain, the money added up.
//!
//! Deliberately absent: plaintext (opening what is sealed is the shell's work), and the tally itself,
//! which needs the pact.

mod compose;
mod index;
mod logs;
mod opened;
mod papers;
mod report;
#[cfg(test)]
mod tests;
mod verify;

pub use compose::{ComposeError, Files, Parts, WrappedIdentity};
pub use index::{FileEntry, INDEX, INDEX_PROOF, Index};
pub use logs::{Built, LOGS, LoggedAt, Logs, OnChain, Unbuilt};
pub use opened::check_opened;
pub use papers::{
    BallotProof, DealProofs, MilestoneProofs, NdaProofs, PanelProofs, RatingProof, RatingProofs, VerdictProof,
};
pub use report::{Evidence, Finding, Report, ReportEvent, SCHEMA};
pub use verify::{intact, verify};
