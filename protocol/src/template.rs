//! Templates: kinds of deal that were thought through once, under a name that a principal can allow.
//!
//! A template says what a pact's clauses are, over which milestones the work is spread, how long the
//! windows are and what happens where no jury ever decides. Its clauses may leave numbers open; each
//! open number is a *parameter* with a range, written `{"parameter": "name"}` in its place. A seller
//! makes a pact by naming a template and its numbers; whoever holds the same template tells from the
//! pact alone that it was made from it ([`Template::admits`]), whatever the numbers, and which of them
//! are outside their range.
//!
//! Clauses, windows and fallback bind: terms on a pact from a template that both hold have them as the
//! template says. The schedule is where bargaining begins.
//!
//! A template is a JSON file; its id is the SHA-256 of its canonical bytes, on every chain the same.
//! What comes with the program stands in `protocol/templates`, beside the JSON Schema of its own kind;
//! a home adds its own or replaces one by its name.
//!
//! Deliberately absent: prices, parties and clauses that need a reader. And law: what a template's
//! words mean before a court is for those who sign.

mod library;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use library::{Listed, TEMPLATES_MAX, Templates};
pub use read::{SCHEMA, TemplateError};

use crate::{
    canonical::{id_of, to_canonical},
    document::{Clause, Fallback, Pact},
    ids::PaperId,
    money::{Bps, Usdc},
    text::{BoundedVec, Line, Text, Token},
};

/// The field that stands in a clause where a number is left open.
const OPEN: &str = "parameter";

/// A kind of deal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What it is called; the name that a policy allows.
    pub name: Token,
    /// What a pact that is made from it is called.
    pub title: Line,
    /// What it is for and what it leaves out, in words.
    pub about: Text,
    /// The kind of task that it fits.
    pub task_schema: Token,
    /// The numbers that its clauses leave open.
    pub parameters: BoundedVec<Parameter, 8>,
    /// The clauses, as a pact's, but for open numbers.
    pub clauses: Vec<Value>,
    /// Where bargaining about milestones begins.
    pub schedule: BoundedVec<Part, 8>,
    /// How long what is judged may be contested, and how long judging may take.
    pub windows: Windows,
    /// What happens to a delivered milestone that no quorum ever judged.
    pub fallback: Fallback,
}

/// A number that a template leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name in the clauses.
    pub name: Token,
    /// What it says, and in which unit.
    pub about: Line,
    /// What it is where nobody says otherwise.
    pub default: u64,
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

/// One milestone of a template's schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What is delivered.
    pub title: Line,
    /// Its share of the price.
    pub share_bps: Bps,
    /// Its share of the time until the last delivery.
    pub due_bps: Bps,
}

/// A template's windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Seconds in which a verdict may be appealed; 0: a full pass pays at once.
    pub appeal_secs: u32,
    /// Seconds from the last due date until what is delivered but not judged falls back.
    pub judging_secs: u32,
}

impl Template {
    /// The clauses with these numbers; those that are not named have their default.
    ///
    /// # Errors
    /// [`TemplateError::Unknown`] for a number that the template does not leave open,
    /// [`TemplateError::Range`] for one outside its range.
    pub fn clauses(&self, numbers: &BTreeMap<Token, u64>) -> Result<BoundedVec<Clause, 32>, TemplateError> {
        let parameter = |name: &Token| self.parameters.iter().find(|parameter| parameter.name == *name);
        for (name, value) in numbers {
            let parameter = parameter(name).ok_or_else(|| TemplateError::Unknown(name.clone()))?;
            parameter.check(*value)?;
        }
        let value = |name: &str| {
            let parameter = self.parameters.iter().find(|parameter| parameter.name.as_str() == name)?;
            Some(numbers.get(&parameter.name).copied().unwrap_or(parameter.default))
        };
        let mut tree = Value::Array(self.clauses.clone());
        fill(&mut tree, &value)?;
        serde_json::from_value(tree).map_err(|error| TemplateError::Form(error.to_string()))
    }

    /// Whether a pact has exactly this template's title and clauses, each open number inside its range
    /// and everywhere the same.
    #[must_use]
    pub fn admits(&self, pact: &Pact) -> bool {
        let Ok(made) = serde_json::to_value(&pact.clauses) else { return false };
        let Value::Array(made) = made else { return false };
        let mut numbers = BTreeMap::new();
        let mut pairs = self.clauses.iter().zip(&made);
        let fits = self.clauses.len() == made.len() && pairs.all(|(t, m)| matches(t, m, &mut numbers));
        let inside = |parameter: &Parameter| {
            numbers.get(parameter.name.as_str()).is_none_or(|value| parameter.check(*value).is_ok())
        };
        fits && pact.title == self.title && self.parameters.iter().all(inside)
    }

    /// The schedule for a price and a last due date, seconds from the start: title, amount and due date
    /// of each milestone. The last one takes what does not divide.
    #[must_use]
    pub fn scheduled(&self, price: Usdc, last_due_secs: u32) -> Vec<(Line, Usdc, u32)> {
        let mut left = price;
        let mut milestones = Vec::new();
        for (index, part) in self.schedule.iter().enumerate() {
            let last = index + 1 == self.schedule.len();
            let amount = if last { left } else { price.split(part.share_bps).0 };
            left = left.checked_sub(amount).unwrap_or_default();
            let due = u64::from(last_due_secs) * u64::from(part.due_bps.get()) / 10_000;
            let due = u32::try_from(due).expect("invariant: a share of a time is at most all of it");
            milestones.push((part.title.clone(), amount, due));
        }
        milestones
    }

    /// SHA-256 of the canonical bytes.
    ///
    /// # Errors
    /// [`TemplateError::Form`] for what cannot be written.
    pub fn id(&self) -> Result<PaperId, TemplateError> {
        let bytes = to_canonical(self).map_err(|error| TemplateError::Form(error.to_string()))?;
        Ok(id_of(&bytes))
    }
}

impl Parameter {
    fn check(&self, value: u64) -> Result<(), TemplateError> {
        let Self { ref name, min, max, .. } = *self;
        if (min..=max).contains(&value) {
            return Ok(());
        }
        Err(TemplateError::Range { name: name.clone(), value, min, max })
    }
}

/// The name of the number that is left open here, if one is.
fn open(tree: &Value) -> Option<&str> {
    let fields = tree.as_object().filter(|fields| fields.len() == 1)?;
    fields.get(OPEN)?.as_str()
}

/// Puts numbers into the open places.
fn fill(tree: &mut Value, value: &impl Fn(&str) -> Option<u64>) -> Result<(), TemplateError> {
    if let Some(name) = open(tree) {
        let known = value(name).ok_or_else(|| TemplateError::Form(format!("{name} is no parameter")))?;
        *tree = known.into();
        return Ok(());
    }
    match tree {
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, value)),
        Value::Object(fields) => fields.values_mut().try_for_each(|field| fill(field, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Whether a tree is the template's but for the open numbers, which are noted; one name, one number.
fn matches<'t>(template: &'t Value, made: &Value, numbers: &mut BTreeMap<&'t str, u64>) -> bool {
    if let Some(name) = open(template) {
        let Some(number) = made.as_u64() else { return false };
        return *numbers.entry(name).or_insert(number) == number;
    }
    match (template, made) {
        (Value::Array(template), Value::Array(made)) => {
            let mut pairs = template.iter().zip(made);
            template.len() == made.len() && pairs.all(|(t, m)| matches(t, m, numbers))
        }
        (Value::Object(template), Value::Object(made)) => {
            let mut fields = template.iter();
            let field = |(name, t): (&String, &'t Value), numbers: &mut BTreeMap<&'t str, u64>| {
                made.get(name).is_some_and(|m| matches(t, m, numbers))
            };
            template.len() == made.len() && fields.all(|pair| field(pair, numbers))
        }
        (template, made) => template == made,
    }
}
