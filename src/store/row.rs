//! One row: its format, whether it is sealed under an NDA, and the value.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | format, 1 |
//! | 1 | 0: the value is in the clear; 1: it is sealed under the NDA whose id follows |
//! | 2..34 | the NDA's id, only after a 1 |
//! | then | the value |

use bytes::Bytes;
use nuncio_protocol::ids::NdaId;

use super::StoreError;

const FORMAT: u8 = 1;

/// One record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number: the order of the node's decisions.
    pub key: u64,
    /// The NDA whose storage key sealed the value, if one did.
    pub nda: Option<NdaId>,
    /// The record's bytes.
    pub value: Bytes,
}

impl Row {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(34 + self.value.len());
        bytes.push(FORMAT);
        match &self.nda {
            None => bytes.push(0),
            Some(nda) => {
                bytes.push(1);
                bytes.extend_from_slice(nda.as_bytes());
            }
        }
        bytes.extend_from_slice(&self.value);
        bytes
    }

    pub(super) fn decode(key: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged(format!("record {key} is not one"));
        let (format, rest) = bytes.split_first().ok_or_else(damaged)?;
        if *format > FORMAT {
            return Err(StoreError::NewerRow { key, found: *format, known: FORMAT });
        }
        let (nda, value) = match rest.split_first() {
            Some((0, value)) if *format == FORMAT => (None, value),
            Some((1, rest)) if *format == FORMAT => {
                let (nda, value) = rest.split_first_chunk::<32>().ok_or_else(damaged)?;
                (Some(NdaId(*nda)), value)
            }
            Some(_) | None => return Err(damaged()),
        };
        Ok(Self { key, nda, value: Bytes::copy_from_slice(value) })
    }
}

/// The number that a key stands for.
pub(super) fn number(key: &[u8]) -> Result<u64, StoreError> {
    let bytes = key.try_into().map_err(|_| StoreError::Damaged("a key is not a number".into()))?;
    Ok(u64::from_be_bytes(bytes))
}
