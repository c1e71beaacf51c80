//! How the node writes papers and messages: one encoding, one way to sign.

use serde::Serialize;

use crate::{
    canonical,
    did::Did,
    document::Paper,
    ids::PaperId,
    job::{Payload, Signature},
    proof::{Draft, Proof},
    time::Timestamp,
};

/// The canonical bytes of a message of ours.
pub(super) fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    canonical::to_canonical(message).expect("our own messages are built from bounded, legal values")
}

/// What the identity key signs for a paper.
pub(super) fn payload<T: Paper>(did: &Did, at: Timestamp, paper: &T) -> Payload {
    payload_of(did, at, paper.id())
}

/// What the identity key signs for the paper of this id.
pub(super) fn payload_of(did: &Did, at: Timestamp, paper: PaperId) -> Payload {
    Payload::Identity { bytes: Draft::new(*did, at).signing_input(paper).to_vec() }
}

/// The proof that such a signature makes.
pub(super) fn proof(did: &Did, at: Timestamp, signature: &Signature) -> Proof {
    let bytes = <[u8; 64]>::try_from(signature.0.as_slice()).unwrap_or([0; 64]);
    Draft::new(*did, at).attach(bytes)
}

/// A fresh 128-bit salt, 32 hex digits.
pub(super) fn salt(rng: &mut dyn rand_core::CryptoRng) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    hex::encode(bytes)
}
