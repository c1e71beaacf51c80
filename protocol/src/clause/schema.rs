//! A JSON Schema that a stranger wrote and that is safe to run.
//!
//! JSON Schema can fetch from anywhere, refer to itself without end and double its work with each
//! reference. What is taken here is draft 2020-12 with references to its own `$defs` only, none of
//! them in a circle, and of bounded size when all references are written out. Patterns run in linear
//! time; `format` says nothing.
//!
//! Deliberately absent: other drafts, anchors, dynamic references, network, files.

use std::collections::BTreeMap;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::delivery::bounded;
use crate::{
    document::{Clause, Pact, Test},
    text::Token,
};

/// The most values in a schema once its references are written out.
const VALUES_MAX: usize = 2_000;
/// The deepest nesting of a schema, with references followed.
const DEPTH_MAX: usize = 64;
/// The largest compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 18;
/// Keywords that reach out of the schema or around it.
const FORBIDDEN: [&str; 7] =
    ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"];

/// Says why a schema is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Too many values, or nested too deeply, once references are written out.
    #[error("larger than {VALUES_MAX} values or deeper than {DEPTH_MAX} with its references written out")]
    TooLarge,
    /// A keyword that reaches out of the schema.
    #[error("uses {0}")]
    Forbidden(&'static str),
    /// A reference to anything but an entry of its own `$defs`.
    #[error("a reference to something other than #/$defs/…")]
    Reference,
    /// References in a circle.
    #[error("references in a circle")]
    Circle,
    /// Another draft than 2020-12.
    #[error("a draft other than 2020-12")]
    Draft,
    /// Not a JSON Schema.
    #[error("not a JSON Schema of draft 2020-12")]
    Invalid,
}

/// Says whether a pact can be judged safely: every schema in it is bounded and compiles. Asked
/// before a pact is signed.
///
/// # Errors
/// The id of the first clause whose schema is not taken, and why.
pub fn check(pact: &Pact) -> Result<(), (Token, SchemaError)> {
    let schema = |clause: &Clause| match &clause.test {
        Test::OutputSchema { schema, .. } => {
            safe_validator(schema.tree()).map(drop).map_err(|error| (clause.id.clone(), error))
        }
        Test::CitationFaithfulness { .. }
        | Test::Latency { .. }
        | Test::Refusal { .. }
        | Test::Judged { .. } => Ok(()),
    };
    pact.clauses.iter().try_for_each(schema)
}

/// Checks a schema and makes it ready to run.
pub(super) fn safe_validator(schema: &Value) -> Result<Validator, SchemaError> {
    let mut values_left = VALUES_MAX;
    if !bounded(schema, DEPTH_MAX, &mut values_left) {
        return Err(SchemaError::TooLarge);
    }
    if schema.get("$schema").is_some_and(|draft| draft != "https://json-schema.org/draft/2020-12/schema") {
        return Err(SchemaError::Draft);
    }
    Survey { definitions: schema.get("$defs"), known: BTreeMap::new() }.extent(schema)?;
    compile(schema)
}

fn compile(schema: &Value) -> Result<Validator, SchemaError> {
    let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(patterns)
        .should_validate_formats(false)
        .offline()
        .build(schema)
        .map_err(|_| SchemaError::Invalid)
}

/// How large a schema is with its references written out.
#[derive(Clone, Copy)]
struct Extent {
    values: usize,
    height: usize,
}

impl Extent {
    const ONE_VALUE: Self = Self { values: 1, height: 1 };

    /// Takes in a part, one level below.
    fn with(self, part: Self) -> Result<Self, SchemaError> {
        let values = self.values.saturating_add(part.values);
        let height = self.height.max(part.height.saturating_add(1));
        if values > VALUES_MAX || height > DEPTH_MAX {
            return Err(SchemaError::TooLarge);
        }
        Ok(Self { values, height })
    }
}

/// Measures a schema whose references may be references again.
struct Survey<'a> {
    definitions: Option<&'a Value>,
    /// The extent of each definition; nothing while it is being measured.
    known: BTreeMap<&'a str, Option<Extent>>,
}

impl<'a> Survey<'a> {
    /// The schema as handed in nests no deeper than [`DEPTH_MAX`], and references make no circle, so
    /// this ends.
    fn extent(&mut self, schema: &'a Value) -> Result<Extent, SchemaError> {
        let mut extent = Extent::ONE_VALUE;
        match schema {
            Value::Array(items) => {
                for item in items {
                    extent = extent.with(self.extent(item)?)?;
                }
            }
            Value::Object(fields) => {
                for (key, field) in fields {
                    if let Some(keyword) = FORBIDDEN.iter().find(|keyword| *keyword == key) {
                        return Err(SchemaError::Forbidden(keyword));
                    }
                    let part = match field.as_str() {
                        Some(target) if key == "$ref" => self.referenced(target)?,
                        Some(_) | None => self.extent(field)?,
                    };
                    extent = extent.with(part)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(extent)
    }

    fn referenced(&mut self, target: &'a str) -> Result<Extent, SchemaError> {
        let name = target.strip_prefix("#/$defs/").ok_or(SchemaError::Reference)?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let definition = self.definitions.and_then(|all| all.get(name));
        let Some(definition) = definition.filter(|_| plain) else { return Err(SchemaError::Reference) };
        match self.known.get(name) {
            Some(None) => return Err(SchemaError::Circle),
            Some(Some(extent)) => return Ok(*extent),
            None => {}
        }
        self.known.insert(name, None);
        let extent = self.extent(definition)?;
        self.known.insert(name, Some(extent));
        Ok(extent)
    }
}
