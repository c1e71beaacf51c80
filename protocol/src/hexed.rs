//! Bytes as lowercase hex in JSON, for fields that have no type of their own.
//!
//! Deliberately absent: prefixes and upper case; one value has one form.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Writes bytes as hex.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

/// Reads exactly what [`serialize`] writes.
///
/// # Errors
/// For anything that is not lowercase hex of a length that fits.
pub fn deserialize<'de, T: TryFrom<Vec<u8>>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || D::Error::custom("expected bytes as lowercase hex");
    if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return Err(wrong());
    }
    let bytes = hex::decode(text).map_err(|_| wrong())?;
    bytes.try_into().map_err(|_| wrong())
}
