//! The templates that a node holds: those that come with the program, and its home's own.
//!
//! Deliberately absent: which of them are allowed; the policy says that.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Template, TemplateError};
use crate::{document::Pact, ids::PaperId, text::Token};

/// Templates in one library at most.
pub const TEMPLATES_MAX: usize = 64;

/// What comes with the program.
const BUILT_IN: [&str; 4] = [
    include_str!("../../templates/code-task.json"),
    include_str!("../../templates/dataset-delivery.json"),
    include_str!("../../templates/filing-summary.json"),
    include_str!("../../templates/translation.json"),
];

/// A template with its id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// SHA-256 of its canonical bytes.
    pub id: PaperId,
    /// Itself.
    #[serde(flatten)]
    pub template: Template,
}

/// Templates by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Templates(BTreeMap<Token, Listed>);

impl Default for Templates {
    fn default() -> Self {
        let mut templates = Self(BTreeMap::new());
        for text in BUILT_IN {
            let template = Template::read(text.as_bytes());
            let added = template.and_then(|template| templates.add(template));
            added.expect("invariant: the tests read every template that comes with the program");
        }
        templates
    }
}

impl Templates {
    /// Takes a template in; one of the same name goes.
    ///
    /// # Errors
    /// [`TemplateError::TooMany`].
    pub fn add(&mut self, template: Template) -> Result<(), TemplateError> {
        if self.0.len() >= TEMPLATES_MAX && !self.0.contains_key(&template.name) {
            return Err(TemplateError::TooMany(TEMPLATES_MAX));
        }
        let id = template.id()?;
        self.0.insert(template.name.clone(), Listed { id, template });
        Ok(())
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Listed> {
        self.0.values()
    }

    /// The template of this name.
    #[must_use]
    pub fn named(&self, name: &Token) -> Option<&Listed> {
        self.0.get(name)
    }

    /// The template that a pact was made from, where this library holds it and the pact is what it makes.
    #[must_use]
    pub fn of(&self, pact: &Pact) -> Option<&Template> {
        let id = pact.template?;
        let listed = self.0.values().find(|listed| listed.id == id)?;
        listed.template.admits(pact).then_some(&listed.template)
    }
}
