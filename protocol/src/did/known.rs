//! The spellings of a few keys, so that those of two partners are worked out once.
//!
//! Every offer names both sides. To print a key in base58 and to find out whether one is a strong
//! point of the curve costs more than everything else that is done with an offer, and each time the
//! answer is the same. What is remembered is a pure function of the key, the newest few of each
//! thread, so remembering changes nothing but the time.
//!
//! Deliberately absent: keys that were refused, and any meaning of being known.

use core::cell::RefCell;

use super::{Did, ED25519};

/// How many are remembered; a negotiation names two.
const KNOWN: usize = 8;
/// What every spelling begins with.
const METHOD: &str = "did:key:";
/// Longest spelling: the method, `z`, and 34 bytes in base58.
const LENGTH_MAX: usize = METHOD.len() + 1 + 47;

thread_local! {
    static NEWEST: RefCell<Newest> = const { RefCell::new(Newest { known: [None; KNOWN], next: 0 }) };
}

/// The newest few.
struct Newest {
    known: [Option<(Did, Spelling)>; KNOWN],
    next: usize,
}

/// A DID as text.
#[derive(Clone, Copy)]
pub(super) struct Spelling {
    text: [u8; LENGTH_MAX],
    length: usize,
}

impl Spelling {
    /// How a DID is spelled.
    pub(super) fn of(did: Did) -> Self {
        NEWEST.with_borrow_mut(|newest| {
            if let Some((_, spelling)) = newest.known.iter().flatten().find(|(known, _)| *known == did) {
                return *spelling;
            }
            let spelling = Self::spell(did);
            newest.known[newest.next] = Some((did, spelling));
            newest.next = (newest.next + 1) % KNOWN;
            spelling
        })
    }

    fn spell(did: Did) -> Self {
        let mut bytes = [0; 34];
        bytes[..2].copy_from_slice(&ED25519);
        bytes[2..].copy_from_slice(&did.0);
        let mut text = [0; LENGTH_MAX];
        text[..METHOD.len()].copy_from_slice(METHOD.as_bytes());
        text[METHOD.len()] = b'z';
        let digits = bs58::encode(bytes).onto(&mut text[METHOD.len() + 1..]);
        let digits = digits.expect("invariant: 34 bytes are at most 47 base58 digits");
        Self { text, length: METHOD.len() + 1 + digits }
    }

    /// `did:key:z…`.
    pub(super) fn did(&self) -> &str {
        core::str::from_utf8(&self.text[..self.length]).expect("invariant: base58 is ASCII")
    }

    /// `z…`.
    pub(super) fn multibase(&self) -> &str {
        &self.did()[METHOD.len()..]
    }
}

/// The DID that is spelled so, where it was printed or read lately.
pub(super) fn find(text: &str) -> Option<Did> {
    NEWEST.with_borrow(|newest| {
        let mut known = newest.known.iter().flatten();
        known.find(|(_, spelling)| spelling.text[..spelling.length] == *text.as_bytes()).map(|(did, _)| *did)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(seed: u8) -> Did {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        Did::from_key(key.verifying_key().to_bytes()).unwrap()
    }

    #[test]
    fn what_is_remembered_and_what_is_worked_out_are_the_same() {
        let all: Vec<_> = (0..3 * KNOWN as u8).map(did).collect();
        for _ in 0..2 {
            for did in &all {
                let text = Spelling::of(*did).did().to_owned();
                assert_eq!(find(&text), Some(*did), "just printed");
                assert_eq!(text, Spelling::spell(*did).did());
                assert_eq!(text.parse(), Ok(*did));
            }
        }
        assert_eq!(find(&Spelling::spell(all[0]).did()), None, "the oldest are forgotten");
        assert_eq!(find("did:key:z"), None);
    }
}
