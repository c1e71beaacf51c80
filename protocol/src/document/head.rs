//! The head of a paper: `type`, `v`, `chain` and `salt` stand among the fields of its content.
//!
//! Text is read straight into head and content, and written straight from them, without a tree in
//! between: an offer is read and made thousands of times in a negotiation.
//!
//! Deliberately absent: rules, and what the content says.

use core::fmt;

use serde::{
    Deserializer, Serialize,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess, Visitor, value::CowStrDeserializer},
    forward_to_deserialize_any,
};

use super::{Chain, Salt};
use crate::canonical::Key;

/// What every paper says besides its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) chain: Chain,
    pub(super) salt: Salt,
}

/// A paper as it is written, but for the order of its fields.
#[derive(Serialize)]
pub(super) struct Written<'a, T> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) v: u64,
    pub(super) chain: Chain,
    pub(super) salt: Salt,
    #[serde(flatten)]
    pub(super) content: &'a T,
}

/// Reads a paper of this type and version, if the text is one.
pub(super) fn read<T: DeserializeOwned>(text: &str, kind: &str, v: u64) -> serde_json::Result<(Head, T)> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let content = T::deserialize(Beheaded { reader: &mut reader, found: &mut found })?;
    reader.end()?;
    let Found { kind: found_kind, v: found_v, chain: Some(chain), salt: Some(salt) } = found else {
        return Err(de::Error::missing_field("salt"));
    };
    if found_kind.as_deref() != Some(kind) || found_v != Some(v) {
        return Err(de::Error::custom("another type"));
    }
    Ok((Head { chain, salt }, content))
}

/// The head as far as it was met.
#[derive(Debug, Default)]
struct Found {
    kind: Option<String>,
    v: Option<u64>,
    chain: Option<Chain>,
    salt: Option<Salt>,
}

/// A reader that keeps the head's fields from the content.
struct Beheaded<'a, D> {
    reader: D,
    found: &'a mut Found,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Beheaded<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.reader.deserialize_map(Fields { inner: visitor, found: self.found })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The content's visitor, or its map, without the head.
struct Fields<'a, I> {
    inner: I,
    found: &'a mut Found,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Fields<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Fields { inner: fields, found: self.found })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(Key(key)) = self.inner.next_key()? {
            match key.as_ref() {
                "type" => self.found.kind = Some(self.inner.next_value()?),
                "v" => self.found.v = Some(self.inner.next_value()?),
                "chain" => self.found.chain = Some(self.inner.next_value()?),
                "salt" => self.found.salt = Some(self.inner.next_value()?),
                _ => return seed.deserialize(CowStrDeserializer::new(key)).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(seed)
    }
}
