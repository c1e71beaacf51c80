//! The bytes behind the fixed words of a call: addresses and signatures without padding.
//!
//! Deliberately absent: a look at what is left over. The contract reads what its head announces and no more.

use alloy_primitives::{Address, Bytes};

use super::refusal::{Refusal, ensure, word};
use crate::abi::sol::IDealEscrow::TailTooShort;

const ADDRESS_BYTES: usize = 20;
const COMPACT_BYTES: usize = 64;
const LENGTH_BYTES: usize = 2;

/// What to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail<'a> {
    rest: &'a [u8],
    long: u64,
}

impl<'a> Tail<'a> {
    /// Bit k of `long`: the k-th signature has its length before it.
    pub(super) fn open(bytes: &'a Bytes, long: u64) -> Self {
        Self { rest: bytes, long }
    }

    pub(super) fn take(&mut self, size: usize) -> Result<&'a [u8], Refusal> {
        let has = self.rest.len();
        ensure!(size <= has, TailTooShort { has: word(has as u64), wanted: word(size as u64) });
        let (taken, rest) = self.rest.split_at(size);
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn addresses(&mut self, count: usize) -> Result<Vec<Address>, Refusal> {
        let bytes = self.take(count * ADDRESS_BYTES)?;
        Ok(bytes.chunks(ADDRESS_BYTES).map(Address::from_slice).collect())
    }

    pub(super) fn address(&mut self) -> Result<Address, Refusal> {
        self.take(ADDRESS_BYTES).map(Address::from_slice)
    }

    /// Whether the next signature has its length before it.
    pub(super) const fn is_long(&self) -> bool {
        self.long & 1 != 0
    }

    pub(super) fn signature(&mut self) -> Result<&'a [u8], Refusal> {
        let long = self.is_long();
        self.long >>= 1;
        let size = if long { self.number(LENGTH_BYTES)? as usize } else { COMPACT_BYTES };
        self.take(size)
    }

    /// The next bytes, at most sixteen, as a number.
    pub(super) fn number(&mut self, size: usize) -> Result<u128, Refusal> {
        Ok(self.take(size)?.iter().fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }
}

/// All whole addresses in a piece of bytes that holds nothing else.
pub(super) fn all_addresses(bytes: &Bytes) -> Vec<Address> {
    bytes.chunks_exact(ADDRESS_BYTES).map(Address::from_slice).collect()
}

/// What a sender puts into a tail, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TailWriter {
    /// So far.
    pub bytes: Vec<u8>,
    /// Bit k: the k-th signature has its length before it.
    pub long: u64,
    signatures: u32,
}

impl TailWriter {
    /// Appends addresses.
    pub fn addresses(&mut self, list: &[Address]) {
        list.iter().for_each(|address| self.bytes.extend_from_slice(address.as_slice()));
    }

    /// Appends a panel's member: its signature by key alone, or its address and any other signature it gave.
    pub fn member(&mut self, member: Address, signature: Option<&[u8]>) {
        if signature.is_none_or(|signature| signature.len() != COMPACT_BYTES) {
            self.addresses(&[member]);
        }
        if let Some(signature) = signature {
            self.signature(signature);
        }
    }

    /// Appends bytes.
    pub fn plain(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a signature; any but one of 64 bytes with its length.
    pub fn signature(&mut self, signature: &[u8]) {
        if signature.len() != COMPACT_BYTES {
            self.long |= 1 << self.signatures;
            let length = u16::try_from(signature.len()).unwrap_or(u16::MAX);
            self.plain(&length.to_be_bytes());
        }
        self.plain(signature);
        self.signatures += 1;
    }
}
