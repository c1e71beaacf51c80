//! What may be said under an NDA: one category on every frame, and one way out.
//!
//! An NDA grants a set of categories, which is also the `scopes` word that is anchored on chain.
//! Before a frame leaves, [`Scope::allows`] is asked; when one arrives, the receiver asks the same
//! question and quarantines what should not have come. What everybody may hear anyway
//! ([`Category::Announcement`]: handshakes, panel business, checkpoints) always passes.
//!
//! Deliberately absent: any look at the content. A category is a label that its sender answers for.

use crate::document::{Categories, Category};

/// The categories that may pass in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope(Categories);

impl Scope {
    /// What an NDA with these categories allows.
    #[must_use]
    pub const fn of(categories: Categories) -> Self {
        Self(categories)
    }

    /// Whether a frame of this category may pass, in either direction.
    #[must_use]
    pub fn allows(self, category: Category) -> bool {
        category == Category::Announcement || self.0.contains(category)
    }
}

/// The name of a category in errors and counters.
#[must_use]
pub const fn name(category: Category) -> &'static str {
    match category {
        Category::Announcement => "announcement",
        Category::Offer => "offer",
        Category::Legal => "legal",
        Category::SourceMaterial => "source-material",
        Category::WorkProduct => "work-product",
        Category::Technical => "technical",
        Category::Financial => "financial",
        Category::Correspondence => "correspondence",
        Category::Personal => "personal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_what_it_names_and_announcements_only() {
        let scope = Scope::of(Categories::of(&[Category::Offer, Category::WorkProduct]));
        for category in Category::ALL {
            let named = matches!(category, Category::Announcement | Category::Offer | Category::WorkProduct);
            assert_eq!(scope.allows(category), named, "{}", name(category));
        }
    }
}
