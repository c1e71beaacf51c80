//! How an agent bargains: three issues, each conceded step by step, and one test for what is good enough.
//!
//! The issues are the price, how the price is spread over the milestones, and when each milestone is
//! due. For each an agent has an opening and a limit; with every offer it moves one step from the one
//! to the other, and then stays. It accepts what is at least as good, on every issue, as what it
//! would offer next; otherwise it offers that. So two agents whose limits leave room always agree,
//! and neither ever passes its limit.
//!
//! | issue | the buyer wants | the seller wants |
//! |---|---|---|
//! | price | less | more |
//! | split: what is paid up to each milestone | less, late | more, early |
//! | due dates | early | late |
//!
//! Deliberately absent: any guess about the other side.

use nuncio_protocol::money::Usdc;
use serde::{Deserialize, Serialize};

/// What is bargained about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The whole price.
    pub price: Usdc,
    /// Each milestone's share of it, in basis points; together 10 000.
    pub split_bps: Vec<u16>,
    /// When each milestone is due, in seconds from the deal's start, ascending.
    pub due_secs: Vec<u32>,
}

/// Which way an agent pulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Pays.
    Buyer,
    /// Is paid.
    Seller,
}

/// An agent's instructions for bargaining.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bargaining {
    /// The first offer.
    pub opening: Terms,
    /// The worst that may be agreed.
    pub limit: Terms,
    /// Offers from the one to the other, at least 1.
    pub steps: u32,
}

/// What an agent does when it is its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Makes an offer.
    Offer(Terms),
    /// Takes the other side's last one.
    Accept,
}

/// Says why instructions make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BargainingError {
    /// The milestones of opening and limit do not match.
    #[error("opening and limit need the same number of milestones, 1 to 8, in split_bps and due_secs")]
    Milestones,
    /// A split is not the whole.
    #[error("split_bps adds up to {0}, not to 10000")]
    Split(u32),
    /// No step leads anywhere.
    #[error("steps must be at least 1")]
    Steps,
}

impl Bargaining {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// [`BargainingError`].
    pub fn checked(self) -> Result<Self, BargainingError> {
        let count = self.opening.split_bps.len();
        let counts = [self.limit.split_bps.len(), self.opening.due_secs.len(), self.limit.due_secs.len()];
        if !(1..=8).contains(&count) || counts != [count; 3] {
            return Err(BargainingError::Milestones);
        }
        for terms in [&self.opening, &self.limit] {
            let sum = terms.split_bps.iter().copied().map(u32::from).sum();
            if sum != 10_000 {
                return Err(BargainingError::Split(sum));
            }
        }
        if self.steps == 0 { Err(BargainingError::Steps) } else { Ok(self) }
    }

    /// The offer after `made` offers of one's own.
    #[must_use]
    pub fn offer(&self, made: u32) -> Terms {
        let step = u64::from(made.min(self.steps));
        let steps = u64::from(self.steps);
        let between = |from: u64, to: u64| {
            if to >= from { from + (to - from) * step / steps } else { from - (from - to) * step / steps }
        };
        // Whole USDC: a bargain in millionths helps nobody.
        let whole =
            |amount: u64| if amount == self.limit.price.0 { amount } else { amount / 1_000_000 * 1_000_000 };
        let price = Usdc(whole(between(self.opening.price.0, self.limit.price.0)));
        let narrow = |wide: u64| u16::try_from(wide).expect("invariant: between two shares lies a share");
        let paid = cumulative(&self.opening.split_bps).zip(cumulative(&self.limit.split_bps));
        let paid = paid.map(|(from, to)| narrow(between(u64::from(from), u64::from(to))));
        let split_bps = paid
            .scan(0, |before, now| {
                let share = now.saturating_sub(*before);
                *before = now;
                Some(share)
            })
            .collect();
        let dates = self.opening.due_secs.iter().zip(&self.limit.due_secs);
        let seconds = |wide: u64| u32::try_from(wide).expect("invariant: between two offsets lies an offset");
        let due_secs = dates.map(|(from, to)| seconds(between(u64::from(*from), u64::from(*to)))).collect();
        Terms { price, split_bps, due_secs }
    }

    /// What to do when it is our turn: `made` offers are ours, and the last of theirs lies on the table.
    #[must_use]
    pub fn answer(&self, side: Side, theirs: Option<&Terms>, made: u32) -> Move {
        let next = self.offer(made);
        match theirs {
            Some(theirs) if at_least_as_good(side, theirs, &next) => Move::Accept,
            _ => Move::Offer(next),
        }
    }
}

/// Whether `theirs` is no worse for `side` than `ours` on any issue.
fn at_least_as_good(side: Side, theirs: &Terms, ours: &Terms) -> bool {
    if theirs.split_bps.len() != ours.split_bps.len() || theirs.due_secs.len() != ours.due_secs.len() {
        return false;
    }
    let paid = || cumulative(&theirs.split_bps).zip(cumulative(&ours.split_bps));
    let due = || theirs.due_secs.iter().zip(&ours.due_secs);
    match side {
        Side::Buyer => {
            theirs.price <= ours.price && paid().all(|(t, o)| t <= o) && due().all(|(t, o)| t <= o)
        }
        Side::Seller => {
            theirs.price >= ours.price && paid().all(|(t, o)| t >= o) && due().all(|(t, o)| t >= o)
        }
    }
}

fn cumulative(shares: &[u16]) -> impl Iterator<Item = u16> + '_ {
    shares.iter().scan(0_u16, |sum, share| {
        *sum = sum.saturating_add(*share);
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(usdc: u64, split: [u16; 3], due: [u32; 3]) -> Terms {
        Terms { price: Usdc(usdc * 1_000_000), split_bps: split.to_vec(), due_secs: due.to_vec() }
    }

    fn buyer() -> Bargaining {
        Bargaining {
            opening: terms(150, [2000, 3000, 5000], [40, 80, 120]),
            limit: terms(180, [3000, 3500, 3500], [60, 120, 180]),
            steps: 3,
        }
    }

    fn seller() -> Bargaining {
        Bargaining {
            opening: terms(210, [5000, 2500, 2500], [90, 180, 270]),
            limit: terms(175, [3000, 3500, 3500], [60, 120, 180]),
            steps: 5,
        }
    }

    /// Plays it out; the buyer begins. Gives the terms agreed and how many offers were made.
    fn play(buyer: &Bargaining, seller: &Bargaining) -> Option<(Terms, u32)> {
        let (mut last, mut offers) = (None, 0);
        for turn in 0..100 {
            let (side, rules) = if turn % 2 == 0 { (Side::Buyer, buyer) } else { (Side::Seller, seller) };
            match rules.answer(side, last.as_ref(), turn / 2) {
                Move::Accept => return last.map(|terms| (terms, offers)),
                Move::Offer(terms) => last = Some(terms),
            }
            offers += 1;
        }
        None
    }

    #[test]
    fn the_worked_example_ends_at_180_usdc_as_54_63_63() {
        let (agreed, offers) = play(&buyer(), &seller()).unwrap();
        assert_eq!(agreed, terms(180, [3000, 3500, 3500], [60, 120, 180]));
        assert!(offers >= 6, "{offers}");
    }

    #[test]
    fn no_offer_passes_the_limit() {
        for made in [3, 4, 1000, u32::MAX] {
            assert_eq!(buyer().offer(made), buyer().limit);
        }
        assert_eq!(buyer().offer(0), buyer().opening);
        for made in 0..10 {
            let split = seller().offer(made).split_bps;
            assert_eq!(split.into_iter().map(u32::from).sum::<u32>(), 10_000);
        }
    }

    #[test]
    fn without_room_there_is_no_agreement() {
        let mut proud = seller();
        proud.limit.price = Usdc(181_000_000);
        assert_eq!(play(&buyer(), &proud), None);
        let mut hasty = buyer();
        hasty.limit.due_secs = vec![10, 20, 30];
        assert_eq!(play(&hasty, &seller()), None);
    }

    #[test]
    fn a_bargain_on_other_milestones_is_never_good_enough() {
        let two = Terms { price: Usdc(1), split_bps: vec![5000, 5000], due_secs: vec![1, 2] };
        assert!(matches!(buyer().answer(Side::Buyer, Some(&two), 0), Move::Offer(_)));
    }

    #[test]
    fn instructions_that_make_no_sense_are_refused() {
        let mut wrong = buyer();
        wrong.limit.split_bps[0] = 3001;
        assert_eq!(wrong.checked(), Err(BargainingError::Split(10_001)));
        let mut wrong = buyer();
        wrong.limit.due_secs.pop();
        assert_eq!(wrong.checked(), Err(BargainingError::Milestones));
        assert_eq!(Bargaining { steps: 0, ..buyer() }.checked(), Err(BargainingError::Steps));
    }
}
