//! Two nodes and the network between them: what they sign, when, and what a crash changes.

mod approval;
mod claims;
mod commitment;
mod invitations;
mod oracle;
mod pair;
mod people;
mod templates;
mod terms;
