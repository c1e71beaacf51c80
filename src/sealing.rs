//! age files: sealed to X25519 recipients, opened with one identity.
//!
//! Everything that leaves a node sealed is an ordinary binary age file (C2SP
//! `age-encryption.org/v1`), so that whoever holds an identity opens it with the stock `age`
//! command. Identities can be made from 32 secret bytes and are then written as age writes its own.
//!
//! Deliberately absent: passphrases, armour, where identities are kept.

use std::{
    io::{Read, Write},
    str::FromStr,
};

use age::{DecryptError, Decryptor, Encryptor, secrecy::ExposeSecret, x25519};
use bech32::{Bech32, Hrp};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The longest plaintext that is opened, in bytes.
pub const PLAINTEXT_MAX: u64 = 64 << 20;
/// The most recipients of one file.
pub const RECIPIENTS_MAX: usize = 32;

/// Why something cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not an X25519 recipient (`age1…`).
    #[error("not an age recipient: {0:?}")]
    NotARecipient(String),
    /// Not an X25519 identity (`AGE-SECRET-KEY-1…`); its text is not repeated here.
    #[error("not an age identity")]
    NotAnIdentity,
    /// A file has 1 to 32 recipients.
    #[error("{0} recipients, a sealed file has 1 to {RECIPIENTS_MAX}")]
    Recipients(usize),
    /// The file is sealed to others.
    #[error("sealed to other keys than this one")]
    NotForThisKey,
    /// The file is not an age file, or was changed or cut short.
    #[error("not an intact age file")]
    Damaged,
    /// The plaintext passes the bound.
    #[error("the plaintext has more than {PLAINTEXT_MAX} bytes")]
    TooLarge,
}

/// Seals `plaintext` to 1 to 32 recipients (`age1…`), each of whom can open it alone.
///
/// # Errors
/// [`SealError::NotARecipient`] or [`SealError::Recipients`].
pub fn seal(recipients: &[String], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        return Err(SealError::Recipients(recipients.len()));
    }
    let mut keys = Vec::with_capacity(recipients.len());
    for text in recipients {
        let key = x25519::Recipient::from_str(text);
        keys.push(key.map_err(|_| SealError::NotARecipient(text.chars().take(80).collect()))?);
    }
    Ok(encrypt(&keys, plaintext))
}

fn encrypt(recipients: &[x25519::Recipient], plaintext: &[u8]) -> Vec<u8> {
    let encryptor = Encryptor::with_recipients(recipients.iter().map(|key| key as _))
        .expect("invariant: plain X25519 recipients are compatible, and there is one");
    let mut sealed = Vec::with_capacity(plaintext.len() + 512);
    encryptor
        .wrap_output(&mut sealed)
        .and_then(|mut writer| writer.write_all(plaintext).and_then(|()| writer.finish()))
        .expect("invariant: writing to memory does not fail");
    sealed
}

/// Opens an age file with an identity: `AGE-SECRET-KEY-1…` alone or as a line of an identity file.
///
/// # Errors
/// [`SealError::NotForThisKey`] when the file is sealed to others, [`SealError::Damaged`],
/// [`SealError::TooLarge`], [`SealError::NotAnIdentity`].
pub fn open(identity: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let key = read_identity(identity)?;
    let decryptor = Decryptor::new_buffered(sealed).map_err(|_| SealError::Damaged)?;
    let reader = decryptor.decrypt(std::iter::once(&key as _)).map_err(|error| {
        if matches!(error, DecryptError::NoMatchingKeys) {
            SealError::NotForThisKey
        } else {
            SealError::Damaged
        }
    })?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.take(PLAINTEXT_MAX + 1).read_to_end(&mut plaintext).map_err(|_| SealError::Damaged)?;
    if plaintext.len() as u64 > PLAINTEXT_MAX {
        return Err(SealError::TooLarge);
    }
    Ok(plaintext)
}

/// The recipient (`age1…`) of an identity.
///
/// # Errors
/// [`SealError::NotAnIdentity`].
pub fn recipient_of(identity: &str) -> Result<String, SealError> {
    Ok(read_identity(identity)?.to_public().to_string())
}

fn read_identity(text: &str) -> Result<x25519::Identity, SealError> {
    let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
    line.and_then(|line| x25519::Identity::from_str(line).ok()).ok_or(SealError::NotAnIdentity)
}

/// An age X25519 identity made from 32 secret bytes.
pub struct AgeIdentity(StaticSecret);

impl AgeIdentity {
    /// The identity whose scalar is these bytes.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*secret))
    }

    /// Who can be sealed to (`age1…`).
    #[must_use]
    pub fn recipient(&self) -> String {
        recipient_from_key(PublicKey::from(&self.0).as_bytes())
    }

    /// The secret as age writes it (`AGE-SECRET-KEY-1…`), without a line end.
    #[must_use]
    pub fn secret_text(&self) -> Zeroizing<String> {
        let hrp = Hrp::parse_unchecked("AGE-SECRET-KEY-");
        let text = bech32::encode_upper::<Bech32>(hrp, self.0.as_bytes());
        Zeroizing::new(text.expect("invariant: 32 bytes are within what Bech32 takes"))
    }
}

impl std::fmt::Debug for AgeIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgeIdentity(of {})", self.recipient())
    }
}

/// The recipient (`age1…`) whose X25519 public key is these bytes, as seats name it on papers.
#[must_use]
pub fn recipient_from_key(key: &[u8; 32]) -> String {
    let text = bech32::encode_lower::<Bech32>(Hrp::parse_unchecked("age"), key);
    text.expect("invariant: 32 bytes are within what Bech32 takes")
}

/// The X25519 public key of a recipient (`age1…`).
///
/// # Errors
/// [`SealError::NotARecipient`].
pub fn recipient_key(recipient: &str) -> Result<[u8; 32], SealError> {
    let wrong = || SealError::NotARecipient(recipient.chars().take(80).collect());
    x25519::Recipient::from_str(recipient).map_err(|_| wrong())?;
    let (_, bytes) = bech32::decode(recipient).map_err(|_| wrong())?;
    bytes.try_into().map_err(|_| wrong())
}

/// A fresh identity from the system's randomness, as text, with its recipient.
#[must_use]
pub fn generate() -> (Zeroizing<String>, String) {
    let identity = x25519::Identity::generate();
    let text = Zeroizing::new(identity.to_string().expose_secret().to_owned());
    (text, identity.to_public().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_opens_a_sealed_file_alone_and_nobody_else_does() {
        let (mine, to_me) = generate();
        let (yours, to_you) = generate();
        let (other, _) = generate();
        let sealed = seal(&[to_me, to_you], b"terms").unwrap();
        assert_eq!(open(&mine, &sealed).unwrap().as_slice(), b"terms");
        assert_eq!(open(&yours, &sealed).unwrap().as_slice(), b"terms");
        assert_eq!(open(&other, &sealed).unwrap_err(), SealError::NotForThisKey);
    }

    #[test]
    fn a_changed_or_shortened_file_does_not_open() {
        let (mine, to_me) = generate();
        let sealed = seal(&[to_me], &[9; 300]).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open(&mine, &changed).is_err(), "byte {place}");
            assert!(open(&mine, &sealed[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_derived_identity_is_one_that_age_reads() {
        let derived = AgeIdentity::from_secret(&[5; 32]);
        let read = x25519::Identity::from_str(&derived.secret_text()).unwrap();
        assert_eq!(read.to_public().to_string(), derived.recipient());
        assert_eq!(read.to_string().expose_secret(), derived.secret_text().as_str());
        let sealed = seal(&[derived.recipient()], b"x").unwrap();
        let file = format!("# created by nuncio\n{}\n", derived.secret_text().as_str());
        assert_eq!(open(&file, &sealed).unwrap().as_slice(), b"x");
        let key = recipient_key(&derived.recipient()).unwrap();
        assert_eq!(recipient_from_key(&key), derived.recipient());
    }

    #[test]
    fn what_is_no_recipient_is_named_and_an_identity_is_never_repeated() {
        assert_eq!(seal(&[], b""), Err(SealError::Recipients(0)));
        let wrong = "age1wrong".to_owned();
        assert_eq!(seal(std::slice::from_ref(&wrong), b""), Err(SealError::NotARecipient(wrong)));
        assert_eq!(open("AGE-SECRET-KEY-1SECRETSECRET", b"").unwrap_err().to_string(), "not an age identity");
    }
}
