//! Credibility: how much a member's word counts, walked from the published seeds.
//!
//! A seed starts with 1. In each of exactly 30 rounds a member passes on 85 % of its credibility over
//! the praise it gave, in proportion to the weights; nobody has more than 1. The denominator holds
//! every rating the member ever gave, complaints and faded ones too, and at least one full deal.
//! *(Were they to fade, one fresh rating would carry a member's whole credibility; without the
//! least of one, so would a deal of cents.)* What nobody credible ever praised has nothing,
//! whatever it and its like say of each other.
//!
//! Deliberately absent: time.

use super::fixed::{Fixed, ONE, divided, times};

const ROUNDS: usize = 30;
/// What is passed on in each round: 1 - 0.15.
const PASSED_ON: Fixed = ONE * 85 / 100;

/// All ratings between two members, without their dates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie {
    pub(super) rater: usize,
    pub(super) subject: usize,
    pub(super) praise: Fixed,
    pub(super) all: Fixed,
}

/// Everybody's credibility; members are numbered, ties are in the order of (rater, subject).
pub(super) fn credibility(members: usize, seeds: &[usize], ties: &[Tie]) -> Vec<Fixed> {
    let mut given = vec![0_u64; members];
    for tie in ties {
        given[tie.rater] = given[tie.rater].saturating_add(tie.all);
    }
    let mut start = vec![0; members];
    for seed in seeds {
        start[*seed] = ONE;
    }
    let shares: Vec<Fixed> =
        ties.iter().map(|tie| times(PASSED_ON, divided(tie.praise, given[tie.rater].max(ONE)))).collect();
    let mut credibility = start.clone();
    for _ in 0..ROUNDS {
        let mut next = start.clone();
        for (tie, share) in ties.iter().zip(&shares) {
            let passed = times(credibility[tie.rater], *share);
            next[tie.subject] = next[tie.subject].saturating_add(passed);
        }
        for member in &mut next {
            *member = (*member).min(ONE);
        }
        credibility = next;
    }
    credibility
}
