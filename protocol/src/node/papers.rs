//! How the node writes papers and messages: one encoding, one way to sign.

use rand_core::CryptoRng;
use serde::Serialize;

use crate::{
    canonical,
    did::Did,
    document::{Chain, Document, Paper, PaperError, Salt, Signed},
    ids::PaperId,
    job::{Payload, Signature},
    proof::{Draft, Proof},
    time::Timestamp,
};

/// The canonical bytes of a message of ours.
pub(super) fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    canonical::to_canonical(message).expect("our own messages are built from bounded, legal values")
}

/// A new paper with a fresh salt.
pub(super) fn paper<T: Paper>(
    chain: Chain,
    content: T,
    rng: &mut dyn CryptoRng,
) -> Result<Document<T>, PaperError> {
    Document::new(chain, Salt::random(rng), content)
}

/// What the identity key signs for the paper of this id.
pub(super) fn payload(did: Did, at: Timestamp, paper: PaperId) -> Payload {
    Payload::Identity { bytes: Draft::new(did, at).signing_input(paper).to_vec() }
}

/// The proof that such a signature makes; one of another length is a proof of nothing.
pub(super) fn proof(did: Did, at: Timestamp, signature: &Signature) -> Proof {
    let bytes = <[u8; 64]>::try_from(signature.0.as_slice()).unwrap_or([0; 64]);
    Draft::new(did, at).attach(bytes)
}

/// A paper with one proof.
pub(super) fn signed<T: Paper>(document: Document<T>, proof: Proof) -> Signed<T> {
    let mut signed = Signed::unsigned(document);
    signed.proofs = [proof].into();
    signed
}
