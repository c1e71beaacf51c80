//! Sealing for one X25519 recipient, with randomness out of the seed.
//!
//! Daemons seal with age, which draws from the system's randomness: the same seed would give other
//! ciphertexts, other blob ids and another run. So this world has a sealing of its own, built from
//! the same parts (X25519, HKDF-SHA256, ChaCha20-Poly1305) and with the same promise: whoever holds
//! the identity opens it, nobody else does, and a changed byte is noticed.
//!
//! Deliberately absent: the age format, and any claim that these bytes are one.

use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce, aead::Aead};
use hkdf::Hkdf;
use nuncio_protocol::{document::AgeRecipient, job::File};
use rand_core::CryptoRng;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

/// The recipient of an identity of 32 secret bytes.
pub(crate) fn recipient(identity: &[u8; 32]) -> AgeRecipient {
    let public = PublicKey::from(&StaticSecret::from(*identity)).to_bytes();
    AgeRecipient::from_key(public).expect("invariant: a clamped scalar gives no point of small order")
}

/// Seals bytes to a recipient.
pub(crate) fn seal(to: &AgeRecipient, plain: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
    let mut secret = [0; 32];
    rng.fill_bytes(&mut secret);
    let secret = StaticSecret::from(secret);
    let ours = PublicKey::from(&secret).to_bytes();
    let shared = secret.diffie_hellman(&PublicKey::from(*to.key())).to_bytes();
    let body = cipher(&shared, &ours, to.key())
        .encrypt(&Nonce::default(), plain)
        .expect("invariant: bytes in memory are within what the cipher takes");
    [ours.as_slice(), &body].concat()
}

/// Opens bytes with an identity; `None` when they are sealed to another, or changed.
pub(crate) fn open(identity: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (theirs, body) = sealed.split_first_chunk::<32>()?;
    let secret = StaticSecret::from(*identity);
    let shared = secret.diffie_hellman(&PublicKey::from(*theirs)).to_bytes();
    let to = PublicKey::from(&secret).to_bytes();
    cipher(&shared, theirs, &to).decrypt(&Nonce::default(), body).ok()
}

/// One key per ephemeral key, so that one nonce serves.
fn cipher(shared: &[u8; 32], ephemeral: &[u8; 32], to: &[u8; 32]) -> ChaCha20Poly1305 {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(&[ephemeral.as_slice(), to].concat()), shared)
        .expand(b"nuncio/sim/seal/1", &mut key)
        .expect("invariant: HKDF gives 32 bytes");
    ChaCha20Poly1305::new(&Key::from(key))
}

/// The identity of one class of a deal's papers.
pub(crate) fn class_identity(deal_secret: &[u8], label: &str) -> [u8; 32] {
    let mut identity = [0; 32];
    Hkdf::<Sha256>::new(None, deal_secret)
        .expand(label.as_bytes(), &mut identity)
        .expect("invariant: HKDF gives 32 bytes");
    identity
}

/// Files as one run of bytes, in order of names.
pub(crate) fn pack(mut files: Vec<(String, Vec<u8>)>) -> Vec<u8> {
    files.sort();
    let mut package = Vec::new();
    for (name, bytes) in files {
        for part in [name.as_bytes(), &bytes] {
            package.extend((part.len() as u64).to_be_bytes());
            package.extend(part);
        }
    }
    package
}

/// The files of a package.
pub(crate) fn unpack(mut package: &[u8]) -> Option<Vec<File>> {
    let mut files = Vec::new();
    while !package.is_empty() {
        let name = String::from_utf8(part(&mut package)?).ok()?;
        let bytes = part(&mut package)?;
        files.push(File { name, media_type: String::new(), bytes });
    }
    Some(files)
}

fn part(package: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = package.split_first_chunk::<8>()?;
    let (bytes, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
    *package = rest;
    Some(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn only_the_recipient_opens_and_a_changed_byte_is_noticed() {
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let sealed = seal(&recipient(&[7; 32]), b"terms", &mut rng);
        assert_eq!(open(&[7; 32], &sealed).unwrap(), b"terms");
        assert_eq!(open(&[8; 32], &sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(open(&[7; 32], &changed), None, "byte {place}");
        }
    }

    #[test]
    fn a_package_gives_back_its_files() {
        let package = pack(vec![("b".into(), vec![1, 2]), ("a".into(), Vec::new())]);
        let files = unpack(&package).unwrap();
        let named: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).collect();
        assert_eq!(named, [("a", [].as_slice()), ("b", &[1, 2])]);
        assert_eq!(unpack(&package[..package.len() - 1]), None);
    }
}
