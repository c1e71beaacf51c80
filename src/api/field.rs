//! Fields of bodies as the OpenAPI document names them, and ids in paths.
//!
//! What is optional here has a default in the type that reads it; a test sends every body with and
//! without its optional fields.
//!
//! Deliberately absent: a schema language. Ids and amounts are strings of a known form.

use core::str::FromStr;

use super::problem::Problem;

/// An id in a path.
///
/// # Errors
/// [`Problem::invalid`], naming what it should be.
pub(super) fn id<T: FromStr>(what: &str, text: &str) -> Result<T, Problem>
where
    T::Err: core::fmt::Display,
{
    text.parse().map_err(|error| Problem::invalid(format!("{what}: {error}")))
}

/// What stands in a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Free text, or one of few words.
    Text,
    /// 64 hex digits.
    Id,
    /// Micro-USDC as a decimal string.
    Amount,
    /// A whole number from 0.
    Number,
    /// A list of strings.
    Texts,
    /// A list of whole numbers.
    Numbers,
    /// Whole numbers by name.
    NumbersByName,
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of such objects.
    Objects(&'static [Field]),
    /// A list of clauses, as the pact's schema has them.
    Clauses,
}

/// A field of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

const fn must(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: true, about }
}

const fn may(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: false, about }
}

const FILES: &[Field] = &[
    must("name", Kind::Text, "A plain file name without a path."),
    must("media_type", Kind::Text, "Such as text/plain."),
    must("text", Kind::Text, "The file's content."),
];

pub(super) const REQUEST: &[Field] = &[
    must("domain", Kind::Text, "The sub-market."),
    may("task_schema", Kind::Text, "What is to be done, as the name of a task schema; the template's."),
    may("template", Kind::Text, "The template that gives task schema and text where they are absent."),
    must("deal_kind", Kind::Text, "`service`."),
    must("jurisdiction", Kind::Text, "Two capital letters."),
    must("budget", Kind::Amount, "The most that may be spent; published as a bucket."),
    may(
        "standing",
        Kind::Object(&[must("min_standing_bps", Kind::Number, "The least standing, basis points.")]),
        "What a bidder needs.",
    ),
    may("inputs", Kind::Objects(FILES), "What the work is about; only hashes are published."),
    may("text", Kind::Text, "What is wanted, in words; what the template is for."),
    may("expires_secs", Kind::Number, "How long bids are taken, seconds; 3600."),
];

pub(super) const BID: &[Field] = &[
    may(
        "pact",
        Kind::Object(&[
            must("title", Kind::Text, "What it is called."),
            must("clauses", Kind::Clauses, "By what deliveries are judged."),
        ]),
        "What the seller lets itself be judged by; either this or a template.",
    ),
    may(
        "template",
        Kind::Object(&[
            must("name", Kind::Text, "Its name."),
            may(
                "numbers",
                Kind::NumbersByName,
                "The numbers that it leaves open; those absent have their default.",
            ),
        ]),
        "The template that the pact is made from.",
    ),
    must("price", Kind::Amount, "The price asked."),
    must("due_secs", Kind::Number, "The last milestone's due time, seconds from the start."),
    may("expires_secs", Kind::Number, "How long the bid stands, seconds; 3600."),
];

pub(super) const CHOICE: &[Field] = &[
    must("bid", Kind::Id, "The bid that is taken."),
    must(
        "nda",
        Kind::Object(&[
            must("categories", Kind::Texts, "What may be shared, such as offer or source_material."),
            must("duration_secs", Kind::Number, "How long it lasts."),
            must("destroy_after_secs", Kind::Number, "When everything is destroyed, from its begin."),
            must("jurisdiction", Kind::Text, "Two capital letters."),
            may("regulators", Kind::Texts, "Who may open what is sealed, as age recipients; at most 4."),
        ]),
        "The NDA that is proposed.",
    ),
];

pub(super) const REASON: &[Field] = &[may("reason", Kind::Text, "For one's own records; not sent.")];

pub(super) const NEGOTIATION: &[Field] = &[
    must("nda", Kind::Id, "The NDA, by its draft's id."),
    must("request", Kind::Id, "The request."),
    must("bid", Kind::Id, "The chosen bid."),
    must(
        "panel",
        Kind::Object(&[
            must("size", Kind::Number, "Seats."),
            must("quorum", Kind::Number, "Signatures that make a verdict."),
            must("fee", Kind::Amount, "What the jurors are paid together, on top of the price."),
        ]),
        "Who shall judge.",
    ),
];

pub(super) const OFFER: &[Field] = &[
    must("price", Kind::Amount, "The whole price."),
    may(
        "split_bps",
        Kind::Numbers,
        "Each milestone's share, basis points, together 10000; the template's schedule.",
    ),
    must(
        "due_secs",
        Kind::Numbers,
        "When each is due, seconds from the start, ascending; without split_bps the last alone.",
    ),
    may("titles", Kind::Texts, "What each delivers."),
];

pub(super) const APPROVAL: &[Field] = &[must(
    "signature",
    Kind::Text,
    "EIP-712 `Approve(deal, until)` by the principal's plain key: 0x and 130 hex digits, r, s, v.",
)];

pub(super) const STRATEGY: &[Field] = &[
    must("from", Kind::Amount, "The first own price."),
    must("to", Kind::Amount, "The last own price; anything at least as good is accepted."),
    must("rounds", Kind::Number, "Own offers on the way."),
];

pub(super) const DELIVERY: &[Field] = &[must("files", Kind::Objects(FILES), "What was made.")];

pub(super) const RATING: &[Field] = &[must("value", Kind::Number, "0 to 100.")];
