//! A stored value under an NDA: sealed for its row, so that destroying one key empties every copy.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | format, 1 |
//! | 1..25 | the nonce, random |
//! | then | XChaCha20-Poly1305 of the value; associated data: `nuncio/row/1`, the NDA, the row's key |
//!
//! The key is the NDA's storage key. A value that was changed, moved to another row or put under
//! another NDA does not open.
//!
//! Deliberately absent: where the key comes from, and when it is destroyed.

use chacha20poly1305::{
    AeadInOut, Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload, inout::InOutBuf},
};
use zeroize::Zeroizing;

use crate::ids::NdaId;

/// The first byte of a sealed row.
const FORMAT: u8 = 1;
/// Bytes of a nonce.
pub const NONCE: usize = 24;
/// Bytes before the sealed value.
const HEADER: usize = 1 + NONCE;
/// Bytes after it.
const TAG: usize = 16;

/// Seals a value for its row. The nonce must be fresh from a good source of randomness.
#[must_use]
pub fn seal(key: &[u8; 32], nonce: [u8; NONCE], nda: NdaId, row: u64, value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEADER + value.len() + TAG);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(value);
    let body = InOutBuf::from(&mut sealed[HEADER..]);
    let tag = XChaCha20Poly1305::new(&Key::from(*key))
        .encrypt_inout_detached(&XNonce::from(nonce), &associated(nda, row), body)
        .expect("invariant: a value in memory is within what the cipher takes");
    sealed.extend_from_slice(&tag);
    sealed
}

/// Opens a value that was sealed for this row; nothing when it was not.
#[must_use]
pub fn open(key: &[u8; 32], nda: NdaId, row: u64, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (&FORMAT, rest) = sealed.split_first()? else { return None };
    let (nonce, body) = rest.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: body, aad: &associated(nda, row) };
    let opened = XChaCha20Poly1305::new(&Key::from(*key)).decrypt(&XNonce::from(*nonce), payload);
    opened.ok().map(Zeroizing::new)
}

fn associated(nda: NdaId, row: u64) -> [u8; 52] {
    let mut bytes = [0; 52];
    bytes[..12].copy_from_slice(b"nuncio/row/1");
    bytes[12..44].copy_from_slice(&nda.0);
    bytes[44..].copy_from_slice(&row.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_in_its_own_place_only() {
        let (key, nda) = ([1; 32], NdaId([2; 32]));
        let sealed = seal(&key, [3; NONCE], nda, 4, b"terms");
        assert_eq!(open(&key, nda, 4, &sealed).unwrap().as_slice(), b"terms");
        assert!(open(&[0; 32], nda, 4, &sealed).is_none());
        assert!(open(&key, NdaId([0; 32]), 4, &sealed).is_none());
        assert!(open(&key, nda, 5, &sealed).is_none());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open(&key, nda, 4, &changed).is_none(), "byte {place}");
            assert!(open(&key, nda, 4, &sealed[..place]).is_none(), "cut at {place}");
        }
    }
}
