//! The panel of a deal: who may judge it, drawn so that neither side can steer the draw.
//!
//! First both sides sign a request that names beacon rounds which do not exist yet and the number
//! of seats on the register ([`check_request`]). When a round is out, anybody computes the same
//! ordered candidates from it ([`draw`]). The candidates are then walked in order ([`walk`]): a
//! seat that may not judge this deal is skipped with a [`Reason`], and the first `size` that are
//! left are the panel. The walk is kept with its reasons, so that a stranger can follow it.
//!
//! # The bytes of the draw
//!
//! All integers are big endian. `‖` is concatenation, `len(x)` the length of `x` in bytes as 4 bytes.
//!
//! ```text
//! field(x)  = len(x) ‖ x
//! seed      = SHA-256( field("nuncio/panel/1") ‖ field(chain id, 8 bytes) ‖ field(jury, 20 bytes)
//!                    ‖ field(randomness, 32 bytes) ‖ field(negotiation id, 32 bytes)
//!                    ‖ field(attempt, 1 byte) )
//! block(i)  = SHA-256( seed ‖ i as 8 bytes ),  i = 0, 1, 2, …
//! words     = the blocks one after the other, cut into words of 8 bytes
//! ```
//!
//! Words are taken in order. With `n` seats, a word `w ≥ 2^64 − (2^64 mod n)` is passed over, since
//! it would favour low seats; else the seat is `w mod n`. A seat already drawn is passed over. The
//! draw ends with `min(3 · size, n)` seats. `protocol/vectors/panel.json` holds worked cases.
//!
//! Deliberately absent: the register of seats itself, fees, weights, the larger panel of an appeal
//! (which the jury contract draws).

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    beacon::{Randomness, Round},
    ids::NegotiationId,
    transcript::Transcript,
};

mod walk;

pub use walk::{Exclusions, Reason, Step, Walk, walk};

/// The most jurors that one first panel may have; a verdict stays checkable in one call.
pub const SIZE_MAX: u8 = 15;

/// The most attempts at drawing a panel for one negotiation before the pair has to wait a day.
pub const ATTEMPTS_MAX: usize = 3;

/// How many rounds ahead of everything known a named round must be. *(After a stall of a clock or
/// of a sequencer, the "next" round may already be known to one side.)*
pub const ROUNDS_AHEAD_MIN: u64 = 3;

/// How many candidates are drawn for each place on the panel.
const CANDIDATES_PER_PLACE: u64 = 3;

/// A seat's place in the jury contract's append-only register, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeatIndex(pub u64);

/// Who operates the model behind a seat, as the register numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Provider(pub u16);

/// One seat as the register has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Its place in the register.
    pub index: SeatIndex,
    /// The account that signs votes and verdicts.
    pub holder: Address,
    /// The account that answers for the holder: one panel never has two seats of one principal.
    pub principal: Address,
    /// Whose infrastructure the seat says it judges with.
    pub provider: Provider,
    /// The model family it declares, if any; never the same as a party's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_family: Option<String>,
    /// When it joined, in Unix seconds of the block.
    pub joined_at_secs: u64,
    /// Whether it is neither leaving, suspended nor slashed.
    pub active: bool,
}

/// Everything that decides a draw.
#[derive(Clone, Copy, Debug)]
pub struct DrawInputs<'a> {
    /// The EIP-155 id of the chain that the register is on.
    pub chain_id: u64,
    /// The jury contract that holds the register.
    pub jury: Address,
    /// The beacon's randomness for the round that the request names for this attempt.
    pub randomness: &'a Randomness,
    /// The negotiation that the panel is for.
    pub negotiation: NegotiationId,
    /// 0 for the first draw, then 1 and 2.
    pub attempt: u8,
    /// How many seats the request says the register has; later seats are not drawn.
    pub seats: u64,
    /// How many jurors the panel shall have.
    pub size: u8,
}

/// Draws the ordered candidates for a panel: up to three for each place, no seat twice.
///
/// Total: no seats or no places give no candidates.
#[must_use]
pub fn draw(inputs: &DrawInputs<'_>) -> Vec<SeatIndex> {
    let wanted = (CANDIDATES_PER_PLACE * u64::from(inputs.size)).min(inputs.seats);
    let mut words = Words::new(seed(inputs));
    let mut drawn = Vec::new();
    while (drawn.len() as u64) < wanted {
        let seat = SeatIndex(words.below(inputs.seats));
        if !drawn.contains(&seat) {
            drawn.push(seat);
        }
    }
    drawn
}

/// The seed of a draw; see the module's text for its bytes.
#[must_use]
pub fn seed(inputs: &DrawInputs<'_>) -> [u8; 32] {
    Transcript::new("nuncio/panel/1")
        .field(inputs.chain_id.to_be_bytes())
        .field(inputs.jury)
        .field(inputs.randomness.as_bytes())
        .field(inputs.negotiation.as_bytes())
        .field([inputs.attempt])
        .finish()
}

/// An endless, fair sequence of words out of one seed.
struct Words {
    seed: [u8; 32],
    next_block: u64,
    block: [u8; 32],
    used: usize,
}

impl Words {
    const fn new(seed: [u8; 32]) -> Self {
        Self { seed, next_block: 0, block: [0; 32], used: 32 }
    }

    fn word(&mut self) -> u64 {
        if self.used == self.block.len() {
            let hash = Sha256::new().chain_update(self.seed).chain_update(self.next_block.to_be_bytes());
            self.block = hash.finalize().into();
            self.next_block += 1;
            self.used = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.block[self.used..self.used + 8]);
        self.used += 8;
        u64::from_be_bytes(word)
    }

    /// A number below `bound`, each as likely as any other; `bound` is at least 1.
    fn below(&mut self, bound: u64) -> u64 {
        // 2^64 mod bound, in 64 bits; words from 2^64 minus this on are the uneven rest.
        let uneven = bound.wrapping_neg() % bound;
        loop {
            let word = self.word();
            if word <= u64::MAX - uneven {
                return word % bound;
            }
        }
    }
}

/// Says why a panel request is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A round that may be known to somebody, or soon.
    #[error("beacon round {round} is too near: {earliest} is the first that may be named")]
    RoundTooNear {
        /// The round that was named.
        round: Round,
        /// The first round that may be named now.
        earliest: Round,
    },
    /// The rounds of later attempts must be later rounds.
    #[error("beacon round {later} does not follow {earlier}")]
    RoundsNotAscending {
        /// The round of the earlier attempt.
        earlier: Round,
        /// The round of the attempt after it.
        later: Round,
    },
    /// Every attempt has its round, named at the first request.
    #[error("{0} beacon rounds named, one for each of {ATTEMPTS_MAX} attempts is needed")]
    RoundCount(usize),
    /// More than half of the panel must decide, and a panel is not larger than it can be checked.
    #[error(
        "a quorum of {quorum} among {size}: panels have 1 to {SIZE_MAX} seats and decide by more than half"
    )]
    Quorum {
        /// Places on the panel.
        size: u8,
        /// Votes that decide.
        quorum: u8,
    },
    /// A draw needs as many seats as places.
    #[error("{seats} seats are registered, the panel has {size}")]
    TooFewSeats {
        /// Seats on the register.
        seats: u64,
        /// Places on the panel.
        size: u8,
    },
}

/// What a panel request says of the draw.
#[derive(Clone, Copy, Debug)]
pub struct RequestedDraw<'a> {
    /// One beacon round for each attempt, all fixed at the first request.
    pub rounds: &'a [Round],
    /// Seats on the register when the request is made.
    pub seats: u64,
    /// Places on the panel.
    pub size: u8,
    /// Votes that decide.
    pub quorum: u8,
}

/// Checks a panel request before it is signed: rounds nobody can know yet, and sane sizes.
///
/// `clock` is the round due by the own clock, `verified` the newest round ever verified: whichever
/// is later counts, so that neither a slow clock nor a silent beacon opens a known round.
///
/// # Errors
/// The first rule that is broken, as a [`RequestError`].
pub fn check_request(request: &RequestedDraw<'_>, clock: Round, verified: Round) -> Result<(), RequestError> {
    let RequestedDraw { rounds, seats, size, quorum } = *request;
    if rounds.len() != ATTEMPTS_MAX {
        return Err(RequestError::RoundCount(rounds.len()));
    }
    let earliest = clock.max(verified).plus(ROUNDS_AHEAD_MIN);
    if rounds[0] < earliest {
        return Err(RequestError::RoundTooNear { round: rounds[0], earliest });
    }
    for pair in rounds.windows(2) {
        if pair[1] <= pair[0] {
            return Err(RequestError::RoundsNotAscending { earlier: pair[0], later: pair[1] });
        }
    }
    if size == 0 || size > SIZE_MAX || quorum > size || quorum <= size / 2 {
        return Err(RequestError::Quorum { size, quorum });
    }
    if seats < u64::from(size) {
        return Err(RequestError::TooFewSeats { seats, size });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
