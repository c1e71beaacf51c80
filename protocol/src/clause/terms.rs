//! What scores are worth: weights, thresholds, consequences.
//!
//! The share is the mean of the scores, weighed by the clauses' weights; each failed clause whose
//! consequence is a reduction takes that much off; a failed mandatory clause, or a failed one whose
//! consequence is to fail, makes it zero. Rounded down once, at the end.
//!
//! Deliberately absent: what the clauses measure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    document::{Clause, Consequence, Pact},
    ids::MilestoneIndex,
    money::Bps,
    text::Token,
};

/// What one clause is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Its weight among the milestone's clauses.
    pub weight: Bps,
    /// The lowest score that passes.
    pub threshold: Bps,
    /// Whether the milestone fails where this fails.
    pub mandatory: bool,
    /// What a failure costs.
    pub consequence: Consequence,
}

impl Term {
    /// Whether a score passes the clause.
    #[must_use]
    pub fn passes(&self, score: Bps) -> bool {
        score >= self.threshold
    }
}

/// What the clauses of one milestone are worth, by their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Terms(BTreeMap<Token, Term>);

impl Terms {
    /// The terms of the clauses that apply to a milestone.
    #[must_use]
    pub fn of(pact: &Pact, milestone: MilestoneIndex) -> Self {
        let term = |clause: &Clause| Term {
            weight: clause.weight_bps,
            threshold: clause.threshold_bps,
            mandatory: clause.mandatory,
            consequence: clause.consequence,
        };
        Self(pact.clauses_of(milestone).map(|clause| (clause.id.clone(), term(clause))).collect())
    }

    /// Clause by clause, in the order of their ids.
    #[must_use]
    pub const fn clauses(&self) -> &BTreeMap<Token, Term> {
        &self.0
    }

    /// Whether a clause applies to the milestone.
    #[must_use]
    pub fn applies(&self, clause: &Token) -> bool {
        self.0.contains_key(clause)
    }

    /// The seller's share of the milestone, given the scores; a clause without one counts as not met
    /// at all. A milestone without clauses earns nothing.
    #[must_use]
    pub fn seller_share(&self, scores: &BTreeMap<Token, Bps>) -> Bps {
        let (mut earned, mut weights, mut reduction) = (0, 0, 0);
        for (clause, term) in &self.0 {
            let score = scores.get(clause).copied().unwrap_or(Bps::ZERO);
            let weight = u64::from(term.weight.get());
            earned += u64::from(score.get()) * weight;
            weights += weight;
            if term.passes(score) {
                continue;
            }
            match term.consequence {
                Consequence::Reduce { bps } if !term.mandatory => reduction += u64::from(bps.get()),
                Consequence::Reduce { .. } | Consequence::Fail {} => return Bps::ZERO,
            }
        }
        let share = earned.checked_div(weights).unwrap_or(0).saturating_sub(reduction);
        let share = u16::try_from(share).expect("invariant: a mean of shares is a share");
        Bps::new(share).expect("invariant: a mean of shares is a share")
    }
}
