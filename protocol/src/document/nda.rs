//! The NDA: what two parties may say to each other, for how long, and what they destroy afterwards.
//!
//! Both sign the paper; both sign its [`Nda::typed`] form, whose digest is the NdaId that a session
//! is bound to and that is anchored on chain. An NDA in force can carry many deals. What a frame
//! carries has one [`Category`]; whatever is not named here stays in the house.
//!
//! Deliberately absent: clauses in prose that no program could obey; conditions are for people.

use serde::{Deserialize, Serialize};

use super::{AgeRecipient, DealKind, Document, Illegal, Jurisdiction, Paper, Party, rule};
use crate::{
    did::Did,
    text::{BoundedVec, Line, Name},
    typed::{self, u40},
};

/// What two parties may say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nda {
    /// Who proposed it.
    pub a: Party,
    /// Who accepted it.
    pub b: Party,
    /// What may be shared.
    pub categories: Categories,
    /// Further conditions, for people to read.
    pub conditions: BoundedVec<Line, 16>,
    /// Unix second from which on it is in force.
    pub from_secs: u64,
    /// Unix second from which on nothing more may be shared.
    pub until_secs: u64,
    /// Unix second by which keys and copies are destroyed.
    pub destroy_by_secs: u64,
    /// Last Unix second at which it may be anchored.
    pub anchor_by_secs: u64,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// Who else may open what is sealed under it.
    pub regulators: BoundedVec<Regulator, 4>,
    /// What kind of deals it is for.
    pub kind: DealKind,
}

/// An authority that may open what is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regulator {
    /// What it is called.
    pub name: Name,
    /// Where copies of the keys are sealed to.
    pub age_recipient: AgeRecipient,
}

/// What kind of thing a frame carries; the number is its bit in `Nda.scopes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// What an announcement may say.
    Announcement = 0,
    /// Numbers and dates of an offer.
    Offer = 1,
    /// Terms and legal text.
    Legal = 2,
    /// Files that work is about.
    SourceMaterial = 3,
    /// Files that were made.
    WorkProduct = 4,
    /// How something works.
    Technical = 5,
    /// Figures of a business.
    Financial = 6,
    /// Free text between the agents.
    Correspondence = 7,
    /// Data about people.
    Personal = 8,
}

impl Category {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Announcement,
        Self::Offer,
        Self::Legal,
        Self::SourceMaterial,
        Self::WorkProduct,
        Self::Technical,
        Self::Financial,
        Self::Correspondence,
        Self::Personal,
    ];

    /// Its bit in `Nda.scopes`.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }
}

/// A set of categories; written as a list in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BoundedVec<Category, 9>", into = "Vec<Category>")]
pub struct Categories(u64);

impl Categories {
    /// The set of these.
    #[must_use]
    pub fn of(categories: &[Category]) -> Self {
        Self(categories.iter().fold(0, |bits, category| bits | category.bit()))
    }

    /// Whether the category is in the set.
    #[must_use]
    pub const fn contains(self, category: Category) -> bool {
        self.0 & category.bit() != 0
    }

    /// The bits that the chain carries.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The categories, in order.
    pub fn iter(self) -> impl Iterator<Item = Category> {
        Category::ALL.into_iter().filter(move |category| self.contains(*category))
    }
}

impl TryFrom<BoundedVec<Category, 9>> for Categories {
    type Error = Illegal;

    fn try_from(list: BoundedVec<Category, 9>) -> Result<Self, Illegal> {
        rule::<Nda>(list.is_sorted_by(|a, b| a < b), "categories are named in order, once each")?;
        Ok(Self::of(&list))
    }
}

impl From<Categories> for Vec<Category> {
    fn from(set: Categories) -> Self {
        set.iter().collect()
    }
}

impl Nda {
    /// The side with this DID.
    #[must_use]
    pub fn party(&self, did: Did) -> Option<&Party> {
        [&self.a, &self.b].into_iter().find(|party| party.did == did)
    }

    /// The side that is not this DID's.
    #[must_use]
    pub fn other(&self, did: Did) -> Option<&Party> {
        self.party(did)?;
        [&self.a, &self.b].into_iter().find(|party| party.did != did)
    }

    /// What both sides sign for the chain; its digest is the NdaId.
    #[must_use]
    pub fn typed(document: &Document<Self>) -> typed::Nda {
        typed::Nda {
            a: document.a.settlement,
            b: document.b.settlement,
            terms: document.id().word(),
            scopes: document.categories.bits(),
            from: u40(document.from_secs),
            until: u40(document.until_secs),
            destroyBy: u40(document.destroy_by_secs),
            anchorBy: u40(document.anchor_by_secs),
            jurisdiction: document.jurisdiction.code(),
            salt: document.salt().number(),
        }
    }
}

impl Paper for Nda {
    const TYPE: &'static str = "nda";
    const MAX_BYTES: usize = 16 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.a.did, self.b.did]
    }

    fn check(&self) -> Result<(), Illegal> {
        let (a, b) = (&self.a, &self.b);
        rule::<Self>(a.did != b.did, "the two sides are two agents")?;
        rule::<Self>(a.settlement != b.settlement, "the two sides have two accounts")?;
        rule::<Self>(a.session != b.session, "the two sides have two session keys")?;
        rule::<Self>(a.age_recipient != b.age_recipient, "the two sides have two age recipients")?;
        rule::<Self>(a.node != b.node, "the two sides have two nodes")?;
        rule::<Self>(self.categories != Categories::default(), "something may be shared")?;
        rule::<Self>(self.from_secs < self.until_secs, "an NDA is in force for some time")?;
        rule::<Self>(self.until_secs <= self.destroy_by_secs, "nothing is destroyed before the end")?;
        rule::<Self>(self.anchor_by_secs < self.until_secs, "an NDA is anchored before its end")
    }
}
