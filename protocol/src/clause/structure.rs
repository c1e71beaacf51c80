//! A delivered file obeys the agreed schema: full score or none.

use serde::{Deserialize, Serialize};

use super::{
    delivery::{Found, Unusable},
    schema::safe_validator,
};
use crate::{document::JsonSchema, money::Bps};

/// The most violations that a finding lists.
const LISTED_MAX: usize = 8;
/// The longest place that a finding quotes, in characters.
const PLACE_CHARS_MAX: usize = 120;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "structure", rename_all = "snake_case", deny_unknown_fields)]
pub enum StructureFinding {
    /// The file obeys.
    Obeys,
    /// The file cannot be judged.
    Unusable {
        /// Why.
        why: Unusable,
    },
    /// The file does not obey.
    Violates {
        /// The first violations, in the schema's order.
        first: Vec<Violation>,
    },
    /// The schema is not safe to run; such a pact should not have been signed.
    UnsafeSchema,
}

/// One place that does not obey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// JSON pointer into the file (RFC 6901), cut where it is long. Its words are the seller's.
    pub untrusted_text: String,
    /// JSON pointer into the schema.
    pub rule: String,
}

pub(super) fn measure(found: Found<'_>, schema: &JsonSchema) -> (Bps, StructureFinding) {
    let value = match found.json() {
        Ok(value) => value,
        Err(why) => return (Bps::ZERO, StructureFinding::Unusable { why }),
    };
    let Ok(validator) = safe_validator(schema.tree()) else {
        return (Bps::ZERO, StructureFinding::UnsafeSchema);
    };
    let first: Vec<Violation> = validator
        .iter_errors(&value)
        .take(LISTED_MAX)
        .map(|error| Violation {
            untrusted_text: error.instance_path().as_str().chars().take(PLACE_CHARS_MAX).collect(),
            rule: error.schema_path().as_str().to_owned(),
        })
        .collect();
    if first.is_empty() {
        (Bps::FULL, StructureFinding::Obeys)
    } else {
        (Bps::ZERO, StructureFinding::Violates { first })
    }
}
