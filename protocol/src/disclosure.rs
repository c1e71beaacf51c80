//! What may be said under an NDA: one category on every frame, and one way out.
//!
//! An NDA grants a set of categories, which is also the `scopes` word that is anchored on chain.
//! Before a frame leaves, [`Scope::check`] is asked; when one arrives, the receiver asks the same
//! question and quarantines what should not have come. Protocol frames that carry no information of
//! either side ([`Category::Protocol`]) are always allowed.
//!
//! Deliberately absent: any look at the content. A category is a label that its sender answers for.

use serde::{Deserialize, Serialize};

/// The class of information that a frame carries; the bit in the NDA's `scopes` is its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Handshakes, checkpoints, panel business: nothing about either side.
    Protocol,
    /// Prices, dates, milestones, criteria: what an offer is made of.
    Offer,
    /// Inputs and deliverables of the work.
    Work,
    /// How a capability is achieved: methods, models, tools.
    Method,
    /// Commercial facts beyond the offer: volumes, customers, costs.
    Commercial,
    /// Personal data.
    Personal,
}

impl Category {
    /// All categories, in bit order.
    pub const ALL: [Self; 6] =
        [Self::Protocol, Self::Offer, Self::Work, Self::Method, Self::Commercial, Self::Personal];

    /// The category's bit in an NDA's `scopes`.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << (self as u64)
    }

    /// The name used in papers and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Offer => "offer",
            Self::Work => "work",
            Self::Method => "method",
            Self::Commercial => "commercial",
            Self::Personal => "personal",
        }
    }

    /// Whether a frame of this category must be signed by itself and is shown to nobody before that
    /// signature holds; otherwise its receiver could forge a leak, and a leaker deny one.
    #[must_use]
    pub const fn signed_alone(self) -> bool {
        match self {
            Self::Protocol | Self::Offer => false,
            Self::Work | Self::Method | Self::Commercial | Self::Personal => true,
        }
    }
}

/// The categories that an NDA allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope(u64);

impl Scope {
    /// The scope of these categories; [`Category::Protocol`] is always part of it.
    #[must_use]
    pub fn of(categories: &[Category]) -> Self {
        Self(categories.iter().fold(Category::Protocol.bit(), |bits, c| bits | c.bit()))
    }

    /// The scope as the word that is anchored.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether a frame of this category may pass, in either direction.
    #[must_use]
    pub const fn allows(self, category: Category) -> bool {
        self.0 & category.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_what_it_names_and_protocol_business_only() {
        let scope = Scope::of(&[Category::Offer, Category::Work]);
        for category in Category::ALL {
            let named = matches!(category, Category::Protocol | Category::Offer | Category::Work);
            assert_eq!(scope.allows(category), named, "{}", category.name());
        }
        assert_eq!(scope.bits(), 0b111);
    }
}
