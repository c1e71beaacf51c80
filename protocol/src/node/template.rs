//! Deals that are made from a template: which one a pact comes from, and what that binds.
//!
//! The template of a negotiation is that of the bid that it began with. Windows and fallback are then
//! the template's, where both hold it; who does not hold it sees a pact like any other, with the network's
//! windows and a refund.
//!
//! Deliberately absent: sending templates. A pact carries all its clauses.

use super::{Node, invalid, not_found};
use crate::{
    command::{NewPact, Refusal},
    document::{Fallback, Pact},
    ids::NegotiationId,
    policy::Rule,
    side::Side,
    stage::negotiation::Negotiation,
    template::{Listed, Template, TemplateError, Templates, Windows},
    text::{BoundedVec, Token},
    view::TemplateView,
    wire::Begin,
};

impl Node {
    /// The same node with another library of templates than the one that comes with the program.
    #[must_use]
    pub fn with_templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self.made_from.clear();
        let all: Vec<NegotiationId> = self.negotiations.keys().copied().collect();
        all.into_iter().for_each(|id| self.note_template(id));
        self
    }

    /// Finds out, once for each negotiation, which template its pact is made from.
    pub(super) fn note_template(&mut self, id: NegotiationId) {
        let Some(negotiation) = self.negotiations.get(&id) else { return };
        let Begin { request, bid, .. } = &negotiation.begin;
        let requests = &self.market.requests;
        let pact = match negotiation.side {
            Side::A => requests.get(request).and_then(|own| own.bids.get(bid)).map(|heard| &heard.pact),
            Side::B => self.market.bids.get(bid).map(|own| &own.pact),
        };
        let template = pact.and_then(|pact| self.templates.of(&pact.document));
        if let Some(name) = template.map(|template| template.name.clone()) {
            self.made_from.insert(id, name);
        }
    }

    /// The template of ours that a negotiation's pact is made from.
    pub(super) fn template_of(&self, negotiation: &Negotiation) -> Option<&Template> {
        let name = self.made_from.get(&negotiation.id)?;
        self.templates.named(name).map(|listed| &listed.template)
    }

    /// Windows and fallback of terms in this negotiation.
    pub(super) fn frame(&self, negotiation: &Negotiation) -> (Windows, Fallback) {
        let timing = &self.network.timing;
        self.template_of(negotiation).map_or(
            (
                Windows { appeal_secs: timing.window_secs, judging_secs: timing.judging_secs },
                Fallback::Refund {},
            ),
            |template| (template.windows, template.fallback),
        )
    }

    /// The pact of a bid of ours, without its signature.
    pub(super) fn new_pact(&self, new: NewPact) -> Result<Pact, Refusal> {
        let (template, title, clauses) = match new {
            NewPact::Own { title, clauses } => (None, title, clauses),
            NewPact::Template { name, numbers } => {
                let Listed { id, template } =
                    self.templates.named(&name).ok_or_else(|| not_found("template", &name))?;
                let clauses =
                    template.clauses(&numbers).map_err(|error: TemplateError| invalid(error.to_string()))?;
                (Some(*id), template.title.clone(), clauses)
            }
        };
        let pact = Pact { template, seller: Some(self.me.did), title, clauses, sources: BoundedVec::new() };
        self.check_template(&pact)?;
        Ok(pact)
    }

    /// Refuses a pact that is made from no template that the policy allows.
    pub(super) fn check_template(&self, pact: &Pact) -> Result<(), Refusal> {
        let name = self.templates.of(pact).map(|template| template.name.as_str());
        self.policy.not_made_from(name).map_or(Ok(()), |rule| Err(Refusal::Policy(rule)))
    }

    /// Refuses a kind of task for which no allowed template is held, where the policy has a list.
    pub(super) fn check_task(&self, task_schema: &Token) -> Result<(), Refusal> {
        let mut fitting = self.templates.all().filter(|listed| listed.template.task_schema == *task_schema);
        let allowed =
            |listed: &Listed| self.policy.not_made_from(Some(listed.template.name.as_str())).is_none();
        if self.policy.templates.is_empty() || fitting.any(allowed) {
            return Ok(());
        }
        Err(Refusal::Policy(Rule::Template { template: format!("any for {task_schema}") }))
    }

    pub(super) fn template_view(&self, listed: &Listed) -> TemplateView {
        let allowed = self.policy.not_made_from(Some(listed.template.name.as_str())).is_none();
        TemplateView { allowed, listed: listed.clone() }
    }
}
