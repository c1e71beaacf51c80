//! Writing: a value as the one text that RFC 8785 makes of it.
//!
//! serde writes strings and integers of the narrow JSON as the RFC does, and fields in the order in
//! which a type names them; so what is left to do is to put the members of every object in order,
//! which happens while they are written where all keys are plain ASCII. For any other key the library
//! decides.
//!
//! Deliberately absent: a look at the values. Whoever writes what it does not know checks it as well.

use core::cell::Cell;

use serde::Serialize;
use serde_json::{Value, ser::Formatter, value::RawValue};

use super::{
    EncodingError, check_bytes, check_value,
    order::{Ordered, Unordered},
};

/// Writes a value in its one canonical form.
///
/// # Errors
/// [`EncodingError`] for a value outside the narrow JSON of this module.
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodingError> {
    let tree = serde_json::to_value(value).map_err(|_| EncodingError::Unwritable)?;
    check_value(&tree, 0)?;
    if holds_text(value)? {
        // A paper inside the value is text already, and the library takes none; the tree holds it parsed.
        return canonicalised(&tree);
    }
    // What has vanished from the tree is still refused: a key that is written twice, no number.
    serde_json_canonicalizer::to_vec(&value).map_err(|_| EncodingError::DuplicateKey)
}

/// Whether something inside a value is written as text that is JSON already.
fn holds_text<T: Serialize + ?Sized>(value: &T) -> Result<bool, EncodingError> {
    struct Watching<'c>(&'c Cell<bool>);

    impl Formatter for Watching<'_> {
        fn write_raw_fragment<W: ?Sized + std::io::Write>(
            &mut self,
            _: &mut W,
            _: &str,
        ) -> std::io::Result<()> {
            self.0.set(true);
            Ok(())
        }
    }

    let seen = Cell::new(false);
    let mut writer = serde_json::Serializer::with_formatter(std::io::sink(), Watching(&seen));
    value.serialize(&mut writer).map_err(|_| EncodingError::Unwritable)?;
    Ok(seen.get())
}

/// Writes a tree as the text of its one canonical form.
///
/// # Errors
/// As [`to_canonical`].
pub(crate) fn to_canonical_text(tree: &Value) -> Result<Box<RawValue>, EncodingError> {
    check_value(tree, 0)?;
    if keys_are_ascii(tree) {
        // A tree has its keys in the order of their bytes.
        return serde_json::value::to_raw_value(tree).map_err(|_| EncodingError::Unwritable);
    }
    raw(canonicalised(tree)?)
}

/// Writes a value of ours whose strings and numbers are legal by their types, or whose text is compared
/// with one that was checked, or is checked itself.
///
/// # Errors
/// [`EncodingError::DuplicateKey`], [`EncodingError::Unwritable`].
pub(crate) fn to_text<T: Serialize>(value: &T) -> Result<String, EncodingError> {
    let ordered = Ordered::new();
    value.serialize(&mut ordered.serializer()).map_err(|_| EncodingError::Unwritable)?;
    let text = match ordered.into_text() {
        Ok(text) => text,
        Err(Unordered::Twice) => return Err(EncodingError::DuplicateKey),
        Err(Unordered::Unusual(text)) => {
            // The tree would swallow a key that stands twice.
            check_bytes(&text, usize::MAX)?;
            canonicalised(&serde_json::from_slice(&text).map_err(|_| EncodingError::Unwritable)?)?
        }
    };
    String::from_utf8(text).map_err(|_| EncodingError::Unwritable)
}

/// JSON as the text that stands in a larger one.
///
/// # Errors
/// [`EncodingError::Unwritable`] for what is no JSON.
fn raw(text: Vec<u8>) -> Result<Box<RawValue>, EncodingError> {
    let text = String::from_utf8(text).map_err(|_| EncodingError::Unwritable)?;
    RawValue::from_string(text).map_err(|_| EncodingError::Unwritable)
}

fn canonicalised(tree: &Value) -> Result<Vec<u8>, EncodingError> {
    serde_json_canonicalizer::to_vec(tree).map_err(|_| EncodingError::Unwritable)
}

fn keys_are_ascii(tree: &Value) -> bool {
    match tree {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(keys_are_ascii),
        Value::Object(fields) => fields.iter().all(|(key, field)| key.is_ascii() && keys_are_ascii(field)),
    }
}
