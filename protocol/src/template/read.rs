//! How a template is read: by the JSON Schema of its kind first, then by what the schema cannot say.
//!
//! A template that is read is one that works: with its default numbers, with all of them at their
//! least and with all at their most it makes a pact that is legal and can be judged.
//!
//! Deliberately absent: files. Bytes come in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Parameter, Template};
use crate::{
    canonical, clause,
    document::{Pact, Paper},
    ids::PaperId,
    money::Bps,
    text::{BoundedVec, Token},
};

/// The JSON Schema of templates, as text.
pub const SCHEMA: &str = include_str!("../../templates/template.schema.json");
/// The most bytes that a template has.
const BYTES_MAX: usize = 64 * 1024;

/// Why something is no template, or makes no pact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is not what the schema describes.
    #[error("{at}: {why}")]
    Schema {
        /// Where, as a JSON Pointer; the empty one is the whole.
        at: String,
        /// What does not fit.
        why: String,
    },
    /// It cannot be read as one.
    #[error("{0}")]
    Form(String),
    /// It contradicts itself.
    #[error("{0}")]
    Rule(&'static str),
    /// With some of its numbers it makes no pact that could be judged.
    #[error("clause {clause} cannot be judged: {why}")]
    Unjudgeable {
        /// The clause.
        clause: Token,
        /// What is wrong with it.
        why: String,
    },
    /// A number that the template does not leave open.
    #[error("the template has no parameter {0}")]
    Unknown(Token),
    /// A number outside its range.
    #[error("{name} is {value}, at least {min} and at most {max}")]
    Range {
        /// Which.
        name: Token,
        /// As given.
        value: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A library holds no more.
    #[error("at most {0} templates")]
    TooMany(usize),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] with the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, TemplateError> {
        let form = |why: String| TemplateError::Form(why);
        let tree: Value =
            canonical::from_untrusted(bytes, BYTES_MAX).map_err(|error| form(error.to_string()))?;
        let schema: Value = serde_json::from_str(SCHEMA).map_err(|error| form(error.to_string()))?;
        let schema = jsonschema::validator_for(&schema).map_err(|error| form(error.to_string()))?;
        if let Err(fault) = schema.validate(&tree) {
            let at = fault.instance_path().to_string();
            return Err(TemplateError::Schema { at, why: fault.to_string() });
        }
        let template: Self = serde_json::from_value(tree).map_err(|error| form(error.to_string()))?;
        template.check()?;
        Ok(template)
    }

    fn check(&self) -> Result<(), TemplateError> {
        let rule = |holds: bool, rule| if holds { Ok(()) } else { Err(TemplateError::Rule(rule)) };
        let names: BTreeSet<_> = self.parameters.iter().map(|parameter| &parameter.name).collect();
        rule(names.len() == self.parameters.len(), "no two parameters have the same name")?;
        for parameter in &self.parameters {
            parameter.check(parameter.default)?;
        }
        let share =
            |part: fn(&super::Part) -> Bps| self.schedule.iter().map(move |p| u32::from(part(p).get()));
        rule(share(|p| p.share_bps).sum::<u32>() == 10_000, "the shares of the schedule add up to 10000")?;
        rule(share(|p| p.share_bps).all(|bps| bps > 0), "every milestone has a share")?;
        rule(share(|p| p.due_bps).is_sorted(), "milestones stand in the order of their due dates")?;
        rule(share(|p| p.due_bps).last() == Some(10_000), "the last milestone is due at the end")?;
        let bounds: [fn(&Parameter) -> u64; 3] = [|p| p.default, |p| p.min, |p| p.max];
        for bound in bounds {
            let numbers: BTreeMap<_, _> =
                self.parameters.iter().map(|p| (p.name.clone(), bound(p))).collect();
            self.check_pact(&self.pact(PaperId([0; 32]), &numbers)?)?;
        }
        Ok(())
    }

    fn check_pact(&self, pact: &Pact) -> Result<(), TemplateError> {
        pact.check().map_err(|illegal| TemplateError::Rule(illegal.rule))?;
        clause::check(pact)
            .map_err(|(clause, why)| TemplateError::Unjudgeable { clause, why: why.to_string() })?;
        let contested = !pact.needs_judgement() || self.windows.appeal_secs > 0;
        let rule = |holds: bool, rule| if holds { Ok(()) } else { Err(TemplateError::Rule(rule)) };
        rule(contested, "a window of zero is for clauses that give the same result on every machine")?;
        rule(self.admits(pact), "clauses are written as a pact writes them, every field named")
    }

    /// The pact that it makes with these numbers, without seller and sources.
    ///
    /// # Errors
    /// As [`Template::clauses`].
    pub fn pact(&self, id: PaperId, numbers: &BTreeMap<Token, u64>) -> Result<Pact, TemplateError> {
        Ok(Pact {
            template: Some(id),
            seller: None,
            title: self.title.clone(),
            clauses: self.clauses(numbers)?,
            sources: BoundedVec::new(),
        })
    }
}
