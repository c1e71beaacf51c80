//! Typed structs in stored records: their ABI encoding as hex.
//!
//! Deliberately absent: names of fields. Only the type itself reads it back.

use alloy_sol_types::SolValue;
use serde::{Deserializer, Serializer, de::Error};

/// Writes the ABI encoding as hex.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: SolValue, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    crate::hexed::serialize(&value.abi_encode(), serializer)
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// For anything else.
pub fn deserialize<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
where
    T: SolValue + From<<T::SolType as alloy_sol_types::SolType>::RustType>,
{
    let bytes: Vec<u8> = crate::hexed::deserialize(deserializer)?;
    T::abi_decode(&bytes).map_err(|_| D::Error::custom("not the ABI encoding of this type"))
}
