//! What was tried, and how it ended: by function, and by the name of the error.
//!
//! Deliberately absent: times.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Bytes, Log};
use alloy_sol_types::SolEvent;
use nuncio_contracts::interface::DealEscrow;
use nuncio_protocol::abi::revert;

/// How a call that went through is counted.
pub const DONE: &str = "ok";
/// Under which name items of batches are counted.
pub const ITEM: &str = "item of a batch";
/// `Error(string)` and `Panic(uint256)`, which differ by what they hold.
const TOLD: [[u8; 4]; 2] = [[0x08, 0xc3, 0x79, 0xa0], [0x4e, 0x48, 0x7b, 0x71]];

/// Counts by function and ending.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// The counts so far.
#[derive(Default)]
pub(super) struct Tally {
    counts: HashMap<(&'static str, Ending), u64>,
}

/// A text by all of it, an error by its selector.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Ending {
    Done,
    Refused(Bytes),
}

impl Tally {
    pub(super) fn count(&mut self, function: &'static str, ended: Result<&[Log], &Bytes>) {
        let ending = match ended {
            Ok(logs) => {
                let failed = logs
                    .iter()
                    .filter(|log| log.topics().first() == Some(&DealEscrow::ItemFailed::SIGNATURE_HASH));
                for log in failed {
                    let event = DealEscrow::ItemFailed::decode_log_data(&log.data)
                        .expect("invariant: the ABI is the bytecode's");
                    self.add(ITEM, refused(&event.reason));
                }
                Ending::Done
            }
            Err(reason) => refused(reason),
        };
        self.add(function, ending);
    }

    fn add(&mut self, function: &'static str, ending: Ending) {
        *self.counts.entry((function, ending)).or_default() += 1;
    }

    /// The counts with names.
    pub(super) fn named(&self) -> Counts {
        let mut named = Counts::new();
        for ((function, ending), count) in &self.counts {
            let name = match ending {
                Ending::Done => DONE.to_owned(),
                Ending::Refused(reason) => name(reason),
            };
            *named.entry((*function).to_owned()).or_default().entry(name).or_default() += count;
        }
        named
    }
}

fn refused(reason: &Bytes) -> Ending {
    let told = TOLD.iter().any(|selector| reason.starts_with(selector));
    // Of the values only their number matters, since a name is read with all of them there.
    let kept = if told { reason.clone() } else { blank(reason) };
    Ending::Refused(kept)
}

fn blank(reason: &Bytes) -> Bytes {
    let mut blank = vec![0; reason.len()];
    let selector = reason.len().min(4);
    blank[..selector].copy_from_slice(&reason[..selector]);
    blank.into()
}

/// The name of an error, a text as it is.
fn name(reason: &Bytes) -> String {
    let whole = revert::reason(reason);
    match whole.split_once(" {") {
        Some((name, _)) => name.to_owned(),
        None => whole,
    }
}
