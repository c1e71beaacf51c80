//! The rating: what one side of a settled deal says about the other.
//!
//! Ratings, verdicts and settlements form a graph: each rating names what it rests on, so that a
//! score can be followed down to the chain. The paper's hash is the `feedbackHash` there.
//!
//! Deliberately absent: scores; everybody computes them from the same records.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Document, Illegal, Paper, rule};
use crate::{
    canonical::refuse,
    did::Did,
    ids::{DealId, PaperId, TxHash, VerdictId},
    text::{BoundedVec, Text},
    typed,
};

/// What one side says about the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// The deal.
    pub deal: DealId,
    /// Who rates.
    pub from: Did,
    /// Who is rated.
    pub about: Did,
    /// 0 for the worst, 100 for the best.
    pub value: RatingValue,
    /// In words, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// The verdicts that it rests on, in order.
    pub verdicts: BoundedVec<VerdictId, 16>,
    /// The transactions that settled the deal, in order.
    pub settlements: BoundedVec<TxHash, 16>,
    /// Earlier ratings by the same rater that it follows, in order.
    pub parents: BoundedVec<PaperId, 8>,
}

/// A whole number from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RatingValue(u8);

impl RatingValue {
    /// A value, refused above 100.
    ///
    /// # Errors
    /// [`Illegal`].
    pub fn new(value: u8) -> Result<Self, Illegal> {
        rule::<Rating>(value <= 100, "a rating is from 0 to 100")?;
        Ok(Self(value))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for RatingValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u8::deserialize(deserializer)?).map_err(refuse)
    }
}

impl Rating {
    /// What the rater's account signs for the chain.
    #[must_use]
    pub fn typed(document: &Document<Self>) -> typed::Rating {
        typed::Rating {
            deal: document.deal.word(),
            value: i128::from(document.value.get()),
            feedbackHash: document.id().word(),
        }
    }
}

impl Paper for Rating {
    const TYPE: &'static str = "rating";
    const MAX_BYTES: usize = 24 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.from]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.from != self.about, "nobody rates itself")?;
        rule::<Self>(self.verdicts.is_sorted_by(|a, b| a < b), "verdicts are named in order, once each")?;
        rule::<Self>(
            self.settlements.is_sorted_by(|a, b| a < b),
            "settlements are named in order, once each",
        )?;
        rule::<Self>(self.parents.is_sorted_by(|a, b| a < b), "parents are named in order, once each")
    }
}
