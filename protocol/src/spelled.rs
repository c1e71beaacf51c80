//! Values that are written as text: read from where the text stands, without a copy.
//!
//! Deliberately absent: spellings. Each type has its own.

use core::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{self, Visitor},
};

use crate::canonical::RULE;

/// Reads a string and parses it; what the parser says is a rule of ours, and may be shown.
///
/// # Errors
/// Where it is no string, and what the parser says.
pub(crate) fn by_rule<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    read(deserializer, |text| parse(text).map_err(|error| format!("{RULE}{error}")))
}

/// Reads a string and parses it.
///
/// # Errors
/// Where it is no string, and what the parser says.
pub(crate) fn read<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct Parsing<T, E, F>(F, PhantomData<(T, E)>);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Parsing<T, E, F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<R: de::Error>(self, text: &str) -> Result<T, R> {
            (self.0)(text).map_err(R::custom)
        }
    }

    deserializer.deserialize_str(Parsing(parse, PhantomData))
}
