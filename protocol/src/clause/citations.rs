//! Faithfulness as proof: every quotation stands, byte for byte, where it says.
//!
//! The file lists citations, each an object with `file`, `offset` (in bytes of UTF-8) and `quote`;
//! other fields are free. A citation is faithful if the source of that name, which the pact pins, has
//! exactly the quote's bytes from `offset` on. The score is the share of faithful ones; fewer than
//! the agreed number score nothing. The same passage twice is faithful once. *(Else one good
//! quotation, repeated, would hide the bad ones.)*

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    delivery::{Delivery, Unusable},
    share,
};
use crate::{document::Pointer, money::Bps, text::FileName};

/// The most citations that are looked at; a longer list scores nothing.
const CITATIONS_MAX: usize = 10_000;
/// The most faults that a finding lists.
const LISTED_MAX: usize = 16;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "citations", rename_all = "snake_case", deny_unknown_fields)]
pub enum CitationsFinding {
    /// The list was read.
    Counted {
        /// Faithful ones.
        faithful: u32,
        /// Citations given.
        given: u32,
        /// The fewest that were agreed.
        needed: u32,
        /// The first unfaithful ones: their place in the list, from 0, and why.
        first_faults: Vec<(u32, CitationFault)>,
    },
    /// The file cannot be judged.
    Unusable {
        /// Why.
        why: Unusable,
    },
    /// There is no list where it should be, or a longer one than is read.
    NoList,
}

/// Why a citation is not faithful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationFault {
    /// It has no `file`, `offset` and `quote` of the right types.
    Malformed,
    /// The quotation is empty.
    Empty,
    /// The pact pins no source of this name, or nobody has its bytes.
    NoSource,
    /// The source says something else there.
    NotVerbatim,
    /// The same passage stands earlier in the list.
    Repeated,
}

pub(super) fn measure(
    delivery: &Delivery<'_>,
    file: &FileName,
    pointer: &Pointer,
    needed: u32,
) -> (Bps, CitationsFinding) {
    let value = match delivery.file(file).json() {
        Ok(value) => value,
        Err(why) => return (Bps::ZERO, CitationsFinding::Unusable { why }),
    };
    let list = pointer.find(&value).and_then(Value::as_array);
    let Some(list) = list.filter(|list| list.len() <= CITATIONS_MAX) else {
        return (Bps::ZERO, CitationsFinding::NoList);
    };
    let mut seen = BTreeSet::new();
    let mut faithful = 0_u32;
    let mut first_faults = Vec::new();
    for (citation, at) in list.iter().zip(0_u32..) {
        match check(citation, delivery, &mut seen) {
            Ok(()) => faithful += 1,
            Err(fault) if first_faults.len() < LISTED_MAX => first_faults.push((at, fault)),
            Err(_) => {}
        }
    }
    let given = u32::try_from(list.len()).expect("invariant: the list is bounded");
    let score = if given < needed { Bps::ZERO } else { share(faithful as usize, list.len()) };
    (score, CitationsFinding::Counted { faithful, given, needed, first_faults })
}

fn check<'v>(
    citation: &'v Value,
    delivery: &Delivery<'_>,
    seen: &mut BTreeSet<(&'v str, u64, usize)>,
) -> Result<(), CitationFault> {
    let (Some(file), Some(offset), Some(quote)) = (
        citation.get("file").and_then(Value::as_str),
        citation.get("offset").and_then(Value::as_u64),
        citation.get("quote").and_then(Value::as_str),
    ) else {
        return Err(CitationFault::Malformed);
    };
    if quote.is_empty() {
        return Err(CitationFault::Empty);
    }
    let source = delivery.source(file).bytes().map_err(|_| CitationFault::NoSource)?;
    let stands = usize::try_from(offset).ok().and_then(|start| source.get(start..));
    if !stands.is_some_and(|rest| rest.starts_with(quote.as_bytes())) {
        return Err(CitationFault::NotVerbatim);
    }
    if seen.insert((file, offset, quote.len())) { Ok(()) } else { Err(CitationFault::Repeated) }
}
