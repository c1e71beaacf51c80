//! The walk along the drawn candidates: who is seated, who is skipped, and why.
//!
//! Rules are asked in the order of [`Reason`]'s variants and the first that speaks is the reason.
//! Only seats that were taken use up a principal or a provider.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::{Provider, Seat, SeatIndex};

/// At most this many seats of one provider sit on a panel.
const SEATS_PER_PROVIDER_MAX: usize = 2;

/// What keeps a seat off this deal's panel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions {
    /// The parties' principals.
    pub principals: BTreeSet<Address>,
    /// The model families that the parties declare.
    pub model_families: BTreeSet<String>,
    /// How long a seat must have been on the register. *(Seats bought for one deal come too late.)*
    pub age_secs_min: u64,
    /// When the beacon round of this draw was due, in Unix seconds: the same for every reader.
    pub drawn_at_secs: u64,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The register as read has no such seat.
    NotRegistered,
    /// It is leaving, suspended or slashed.
    Inactive,
    /// It joined too short a time before the draw.
    TooYoung,
    /// A party's principal answers for it.
    PartyPrincipal,
    /// It declares a party's model family.
    PartyModelFamily,
    /// Its principal has a seat on the panel already.
    PrincipalSeated,
    /// Its provider has two seats on the panel already.
    ProviderFull,
    /// Neither side held its acceptance in time.
    NotAccepted,
    /// It sits on the panel.
    Seated,
}

/// One candidate and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The candidate.
    pub seat: SeatIndex,
    /// What became of it.
    pub reason: Reason,
}

/// A whole walk, as it is kept for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// Every candidate that was looked at, in order; the walk stops when the panel is full.
    pub steps: Vec<Step>,
    /// The jurors' accounts in the order of the draw; nothing when too few candidates were left.
    pub panel: Option<Vec<Address>>,
}

/// Walks the candidates until `size` jurors are found.
///
/// `accepted` holds what each account signed to take its seat, whatever that is to the caller.
/// An account that holds several seats can be seated once: its principal is taken then.
#[must_use]
pub fn walk<Acceptance>(
    candidates: &[SeatIndex],
    seats: &BTreeMap<SeatIndex, Seat>,
    exclusions: &Exclusions,
    accepted: &BTreeMap<Address, Acceptance>,
    size: u8,
) -> Walk {
    let mut steps = Vec::with_capacity(candidates.len());
    let mut seated: Vec<&Seat> = Vec::with_capacity(usize::from(size));
    for &index in candidates {
        if seated.len() == usize::from(size) {
            break;
        }
        let seat = seats.get(&index);
        let reason = seat.map_or(Reason::NotRegistered, |seat| {
            judge(seat, exclusions, &seated, accepted.contains_key(&seat.holder))
        });
        steps.push(Step { seat: index, reason });
        if reason == Reason::Seated {
            seated.extend(seat);
        }
    }
    let full = size > 0 && seated.len() == usize::from(size);
    let panel = full.then(|| seated.iter().map(|seat| seat.holder).collect());
    Walk { steps, panel }
}

fn judge(seat: &Seat, exclusions: &Exclusions, seated: &[&Seat], accepted: bool) -> Reason {
    let old_enough = seat
        .joined_at_secs
        .checked_add(exclusions.age_secs_min)
        .is_some_and(|ripe| ripe <= exclusions.drawn_at_secs);
    let from = |provider: Provider| seated.iter().filter(|s| s.provider == provider).count();
    if !seat.active {
        Reason::Inactive
    } else if !old_enough {
        Reason::TooYoung
    } else if exclusions.principals.contains(&seat.principal) {
        Reason::PartyPrincipal
    } else if seat.model_family.as_ref().is_some_and(|f| exclusions.model_families.contains(f)) {
        Reason::PartyModelFamily
    } else if seated.iter().any(|s| s.principal == seat.principal || s.holder == seat.holder) {
        Reason::PrincipalSeated
    } else if from(seat.provider) >= SEATS_PER_PROVIDER_MAX {
        Reason::ProviderFull
    } else if !accepted {
        Reason::NotAccepted
    } else {
        Reason::Seated
    }
}
