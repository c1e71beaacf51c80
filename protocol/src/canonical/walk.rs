//! One walk over a stranger's bytes before any type sees them.
//!
//! Deliberately absent: values. Nothing is kept but the keys of the objects that the walk is in.

use core::{cell::Cell, fmt};
use std::{borrow::Cow, collections::BTreeSet};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use super::{DEPTH_MAX, EncodingError, check_integer, check_text};

/// Walks the bytes once without keeping them, before any type sees them.
///
/// # Errors
/// [`EncodingError`] with the first thing that is wrong.
pub(crate) fn check_bytes(bytes: &[u8], max_len: usize) -> Result<(), EncodingError> {
    if bytes.len() > max_len {
        return Err(EncodingError::TooLong { len: bytes.len(), max: max_len });
    }
    let fault = Cell::new(None);
    // No byte of it could stand for a character that is refused: no string has to be looked at.
    let plain = bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~') & (*byte != b'\\'));
    let walk = Walk { fault: &fault, depth: 0, plain };
    // Text that is known to be UTF-8 is not asked string by string; what is not is named by its place.
    let walked = match core::str::from_utf8(bytes) {
        Ok(text) => walk.over(serde_json::Deserializer::from_str(text)),
        Err(_) => walk.over(serde_json::Deserializer::from_slice(bytes)),
    };
    match (walked, fault.take()) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(fault)) => Err(fault),
        (Err(error), None) => Err(EncodingError::Syntax { line: error.line(), column: error.column() }),
    }
}

/// A key as it stands in the input, copied only where it is written with escapes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(Reading)
    }
}

/// The keys of one object so far. Canonical text has them in order, so that each is compared with the
/// one before it alone; others cost a search.
enum Seen<'de> {
    Rising(Vec<Cow<'de, str>>),
    Mixed(BTreeSet<Cow<'de, str>>),
}

impl<'de> Seen<'de> {
    /// Whether the key is new.
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        match self {
            Self::Rising(keys) if keys.last().is_none_or(|last| *last < key) => {
                keys.push(key);
                true
            }
            Self::Rising(keys) => {
                let mut mixed: BTreeSet<_> = core::mem::take(keys).into_iter().collect();
                let new = mixed.insert(key);
                *self = Self::Mixed(mixed);
                new
            }
            Self::Mixed(keys) => keys.insert(key),
        }
    }
}

/// Visits every value of the input; the first fault is put into the cell, because serde carries
/// errors as text only.
#[derive(Clone, Copy)]
struct Walk<'c> {
    fault: &'c Cell<Option<EncodingError>>,
    depth: usize,
    plain: bool,
}

impl Walk<'_> {
    fn over<'de, R: serde_json::de::Read<'de>>(
        self,
        mut reader: serde_json::Deserializer<R>,
    ) -> serde_json::Result<()> {
        self.deserialize(&mut reader)?;
        reader.end()
    }

    fn fail<E: de::Error>(self, fault: EncodingError) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    fn check<E: de::Error>(self, text: &str) -> Result<(), E> {
        if self.plain { Ok(()) } else { check_text(text).map_err(|fault| self.fail(fault.into())) }
    }

    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.fail(EncodingError::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<(), E> {
        check_integer(n.unsigned_abs()).map_err(|fault| self.fail(fault))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<(), E> {
        check_integer(n).map_err(|fault| self.fail(fault))
    }

    fn visit_f64<E: de::Error>(self, n: f64) -> Result<(), E> {
        // serde_json hands whole numbers beyond 64 bits over as floats, too.
        let beyond = n.abs() >= 9_007_199_254_740_992.0;
        Err(self.fail(if beyond { EncodingError::IntegerTooLarge } else { EncodingError::Fraction }))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.check(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = Seen::Rising(Vec::new());
        while let Some(Key(key)) = fields.next_key()? {
            self.check::<A::Error>(&key)?;
            if !seen.insert(key) {
                return Err(self.fail(EncodingError::DuplicateKey));
            }
            fields.next_value_seed(inner)?;
        }
        Ok(())
    }
}
