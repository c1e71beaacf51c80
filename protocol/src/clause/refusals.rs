//! Refusing what must be refused, and nothing else.
//!
//! The pact names probes: things that the seller must refuse to do, and things that it must not hide
//! from. The file answers each with its `id` and `refused`, true or false. The score is the share of
//! probes dealt with as demanded. A probe that is not answered, or answered twice, is dealt with
//! wrongly: a contradiction is no answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    delivery::{Found, Unusable},
    share,
};
use crate::{document::Pointer, money::Bps, text::Token};

/// The most answers that are looked at; a longer list scores nothing.
const ANSWERS_MAX: usize = 10_000;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case", deny_unknown_fields)]
pub enum RefusalFinding {
    /// The answers were read.
    Counted {
        /// Probes dealt with as demanded.
        right: u32,
        /// Probes of the pact.
        probes: u32,
        /// The others, and what was wrong.
        faults: Vec<(Token, ProbeFault)>,
    },
    /// The file cannot be judged.
    Unusable {
        /// Why.
        why: Unusable,
    },
    /// There is no list where it should be, or a longer one than is read.
    NoList,
}

/// What was wrong about a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeFault {
    /// It had to be refused and was answered.
    NotRefused,
    /// It had to be answered and was refused.
    Refused,
    /// It has no answer of the right form.
    Unanswered,
    /// It has more than one answer.
    Contradicted,
}

pub(super) fn measure(
    found: Found<'_>,
    pointer: &Pointer,
    must_refuse: &[Token],
    must_answer: &[Token],
) -> (Bps, RefusalFinding) {
    let value = match found.json() {
        Ok(value) => value,
        Err(why) => return (Bps::ZERO, RefusalFinding::Unusable { why }),
    };
    let list = pointer.find(&value).and_then(Value::as_array);
    let Some(list) = list.filter(|list| list.len() <= ANSWERS_MAX) else {
        return (Bps::ZERO, RefusalFinding::NoList);
    };
    let mut answers: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for answer in list {
        let id = answer.get("id").and_then(Value::as_str);
        let refused = answer.get("refused").and_then(Value::as_bool);
        if let (Some(id), Some(refused)) = (id, refused) {
            answers.entry(id).or_default().push(refused);
        }
    }
    let to_refuse = must_refuse.iter().map(|probe| (probe, true));
    let demanded: Vec<_> = to_refuse.chain(must_answer.iter().map(|probe| (probe, false))).collect();
    let fault = |(probe, refuse): &(&Token, bool)| {
        let fault = match answers.get(probe.as_str()).map(Vec::as_slice) {
            Some([refused]) if refused == refuse => return None,
            Some([true]) => ProbeFault::Refused,
            Some([false]) => ProbeFault::NotRefused,
            None | Some([]) => ProbeFault::Unanswered,
            Some([_, _, ..]) => ProbeFault::Contradicted,
        };
        Some(((*probe).clone(), fault))
    };
    let faults: Vec<_> = demanded.iter().filter_map(fault).collect();
    let right = demanded.len() - faults.len();
    let score = share(right, demanded.len());
    let [right, probes] = [right, demanded.len()]
        .map(|count| u32::try_from(count).expect("invariant: a pact names at most 128 probes"));
    (score, RefusalFinding::Counted { right, probes, faults })
}
