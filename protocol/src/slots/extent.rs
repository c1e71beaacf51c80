//! The bytes of the secret slots: extents of one header block and 64 bodies of 256 bytes.
//!
//! The header names the format, the extent's number and the file's salt, and has one mark byte per
//! body. A byte is the smallest thing that a disk writes, so a mark is never torn and writing one
//! cannot harm its neighbours. All of a header but its marks is known beforehand: what a torn
//! write leaves of it can be told from damage.
//!
//! A body is nonce (24) ‖ XChaCha20-Poly1305 of: kind (1), id (32), length (1), secret, zeros.
//! The associated data is the salt and the body's place, so a body cannot be moved.

use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{SECRET_MAX, SecretKind, SecretName};

pub(super) const BODIES: usize = 64;
pub(super) const BODY: usize = 256;
pub(super) const HEADER: usize = 512;
pub(super) const EXTENT: u64 = (HEADER + BODIES * BODY) as u64;
const MARKS_AT: usize = 64;
const MAGIC: &[u8; 15] = b"nuncio slots 1\n";
const NONCE: usize = 24;
const PLAIN: usize = BODY - NONCE - 16;
const _: () = assert!(34 + SECRET_MAX <= PLAIN && SECRET_MAX <= 255);

/// The place of a body, counted over all extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u32);

impl Place {
    pub(super) const fn body_offset(self) -> u64 {
        let (extent, index) = self.split();
        extent * EXTENT + (HEADER + index * BODY) as u64
    }

    pub(super) const fn mark_offset(self) -> u64 {
        let (extent, index) = self.split();
        extent * EXTENT + (MARKS_AT + index) as u64
    }

    const fn split(self) -> (u64, usize) {
        (self.0 as u64 / BODIES as u64, self.0 as usize % BODIES)
    }
}

/// What a mark byte says of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// No secret, or one whose writing never ended.
    Free,
    /// A secret.
    Used,
    /// A secret that is being destroyed.
    Dying,
}

impl Mark {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Free => 0,
            Self::Used => 0xa5,
            Self::Dying => 0x5a,
        }
    }

    const fn read(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Free),
            0xa5 => Some(Self::Used),
            0x5a => Some(Self::Dying),
            _ => None,
        }
    }
}

/// The header of a new extent.
pub(super) fn header(number: u32, salt: &[u8; 32]) -> [u8; HEADER] {
    let mut block = [0; HEADER];
    block[..15].copy_from_slice(MAGIC);
    block[16..20].copy_from_slice(&number.to_be_bytes());
    block[20..52].copy_from_slice(salt);
    block
}

/// The salt that the first header names, if it is one.
pub(super) fn salt(block: &[u8; HEADER]) -> Option<[u8; 32]> {
    let named: [u8; 32] = block[20..52].try_into().expect("32 bytes of the header");
    let expected = header(0, &named);
    same_but_marks(block, &expected).then_some(named)
}

/// Whether a block is the header of this extent.
pub(super) fn is_header(block: &[u8; HEADER], number: u32, salt: &[u8; 32]) -> bool {
    same_but_marks(block, &header(number, salt))
}

/// Whether a block can be what a torn write left of a new header: each byte is written or still zero.
pub(super) fn is_torn_header(block: &[u8; HEADER], number: u32, salt: &[u8; 32]) -> bool {
    block.iter().zip(header(number, salt)).all(|(found, new)| *found == 0 || *found == new)
}

fn same_but_marks(block: &[u8; HEADER], expected: &[u8; HEADER]) -> bool {
    let after = MARKS_AT + BODIES;
    block[..MARKS_AT] == expected[..MARKS_AT] && block[after..] == expected[after..]
}

/// The marks of a header, each with its index; an error is the index of a byte that is no mark.
pub(super) fn marks(block: &[u8; HEADER]) -> impl Iterator<Item = Result<Mark, usize>> {
    block[MARKS_AT..MARKS_AT + BODIES].iter().enumerate().map(|(i, byte)| Mark::read(*byte).ok_or(i))
}

/// Seals a secret of at most [`SECRET_MAX`] bytes for its place.
pub(super) fn seal(
    key: &[u8; 32],
    salt: &[u8; 32],
    place: Place,
    name: &SecretName,
    secret: &[u8],
    rng: &mut dyn CryptoRng,
) -> Vec<u8> {
    let mut plain = Zeroizing::new([0u8; PLAIN]);
    plain[0] = name.kind.byte();
    plain[33] = u8::try_from(secret.len()).expect("invariant: a longer secret was refused");
    plain[1..33].copy_from_slice(&name.id);
    plain[34..34 + secret.len()].copy_from_slice(secret);
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let ad = associated(salt, place);
    let sealed = cipher(key)
        .encrypt(&XNonce::from(nonce), Payload { msg: &plain[..], aad: &ad })
        .expect("invariant: 216 bytes are within what the cipher takes");
    [&nonce[..], &sealed].concat()
}

/// Opens a body; `None` when it is not one for this place under this key.
pub(super) fn open(
    key: &[u8; 32],
    salt: &[u8; 32],
    place: Place,
    body: &[u8; BODY],
) -> Option<(SecretName, Zeroizing<Vec<u8>>)> {
    let nonce: [u8; NONCE] = body[..NONCE].try_into().expect("24 bytes of the body");
    let ad = associated(salt, place);
    let sealed = Payload { msg: &body[NONCE..], aad: &ad };
    let plain = Zeroizing::new(cipher(key).decrypt(&XNonce::from(nonce), sealed).ok()?);
    let kind = SecretKind::read(plain[0])?;
    let id = plain[1..33].try_into().expect("32 bytes of the plaintext");
    let secret = plain.get(34..34 + usize::from(plain[33]))?;
    Some((SecretName { kind, id }, Zeroizing::new(secret.to_vec())))
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

fn associated(salt: &[u8; 32], place: Place) -> Vec<u8> {
    [b"nuncio/slots/1".as_slice(), salt, &place.0.to_be_bytes()].concat()
}
