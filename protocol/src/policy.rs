//! What this node may bind its principal to, and the one answer to every own step.
//!
//! Hard limits come from two places: the mandate on chain, which the escrow enforces, and the
//! policy file, which the node enforces before anything is signed. Each own step is answered
//! [`Answer::Allow`], [`Answer::Escalate`] or [`Answer::Refuse`] with the rule that decided, and the
//! answer is recorded with the hash of what it was about.
//!
//! An escalation waits for a signature by the principal's key; nothing approves by default.
//!
//! Deliberately absent: strategy. A strategy chooses among what is allowed here.

use serde::{Deserialize, Serialize};

use crate::{
    disclosure,
    document::{Categories, Category, Jurisdiction, TermSheet},
    money::Usdc,
};

/// The longest that a negotiation is held for a principal, seconds.
pub const HOLD_SECS_MAX: u64 = 86_400;

/// The hard limits of one node, from its principal's policy file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A deal above this is refused, micro-USDC.
    pub per_deal_max: Usdc,
    /// A deal above this waits for the principal, micro-USDC.
    pub human_above: Usdc,
    /// Open commitments together stay under this, micro-USDC.
    pub exposure_max: Usdc,
    /// Domains in which it deals; empty means any.
    pub domains: Vec<String>,
    /// Jurisdictions in which it deals; empty means any.
    pub jurisdictions: Vec<Jurisdiction>,
    /// Categories that it may grant in an NDA.
    pub categories: Categories,
    /// Templates, by name, that its deals are made from; empty means any, and pacts of its own as well.
    pub templates: Vec<String>,
    /// Counterparties, by DID, with whom it never deals.
    pub blocked: Vec<String>,
    /// Rounds of offers in one negotiation at most.
    pub rounds_max: u32,
    /// A negotiation ends after this many seconds.
    pub negotiation_secs_max: u64,
    /// Whether an NDA inside these limits is signed without asking the agent.
    pub sign_nda: bool,
    /// The smallest appeal window that is taken where a clause needs judgement, seconds.
    pub window_secs_min: u32,
    /// How long a principal, ours or theirs, has to approve one deal, seconds; at most a day, 0 for never.
    pub hold_secs: u64,
    /// A jury that costs more is refused, micro-USDC.
    pub jury_fee_max: Usdc,
    /// As a juror: a seat that is paid less is not taken, micro-USDC.
    pub seat_fee_min: Usdc,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            per_deal_max: Usdc(1_000_000_000),
            human_above: Usdc(500_000_000),
            exposure_max: Usdc(5_000_000_000),
            domains: Vec::new(),
            jurisdictions: Vec::new(),
            categories: Categories::of(&[Category::Offer, Category::SourceMaterial, Category::WorkProduct]),
            templates: Vec::new(),
            blocked: Vec::new(),
            rounds_max: 10_000,
            negotiation_secs_max: 3600,
            sign_nda: false,
            window_secs_min: 86_400,
            hold_secs: HOLD_SECS_MAX,
            jury_fee_max: Usdc(50_000_000),
            seat_fee_min: Usdc::ZERO,
        }
    }
}

/// The answer to an own step, with the rule that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "rule", rename_all = "kebab-case")]
pub enum Answer {
    /// Inside every limit.
    Allow,
    /// Only with the principal's signature.
    Escalate(Rule),
    /// Never.
    Refuse(Rule),
}

/// A rule of the policy, with the values that mattered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Rule {
    /// A deal above the limit per deal.
    #[error("a deal of {amount} micro-USDC, at most {limit}")]
    PerDeal {
        /// The deal's amount.
        amount: Usdc,
        /// The limit.
        limit: Usdc,
    },
    /// A deal above the human threshold.
    #[error("a deal of {amount} micro-USDC needs the principal above {limit}")]
    HumanAbove {
        /// The deal's amount.
        amount: Usdc,
        /// The threshold.
        limit: Usdc,
    },
    /// A deal above the threshold of the mandate on chain.
    #[error("a deal of {amount} micro-USDC needs the principal above the mandate's {limit}")]
    MandateAbove {
        /// What the buyer pays in all.
        amount: Usdc,
        /// The mandate's threshold.
        limit: Usdc,
    },
    /// More in one period than the mandate on chain lets the agent spend.
    #[error("{amount} micro-USDC in one period with this deal, the mandate allows {limit}")]
    PerPeriod {
        /// What counts against the period with this deal.
        amount: Usdc,
        /// The mandate's limit.
        limit: Usdc,
    },
    /// A deal whose end and windows are after the day on which the NDA's keys are destroyed.
    #[error("the deal and its windows may last until {ends}, the NDA's keys are destroyed by {destroy_by}")]
    Outlives {
        /// The last second of the deal and its windows, Unix seconds.
        ends: u64,
        /// The NDA's `destroyBy`, Unix seconds.
        destroy_by: u64,
    },
    /// Open commitments above the limit.
    #[error("open commitments of {amount} micro-USDC, at most {limit}")]
    Exposure {
        /// Commitments with this one.
        amount: Usdc,
        /// The limit.
        limit: Usdc,
    },
    /// A category that the principal does not share.
    #[error("the category {category} is never shared")]
    RedLine {
        /// The category's name.
        category: String,
    },
    /// A domain outside the list.
    #[error("no deals in the domain {domain}")]
    Domain {
        /// The domain.
        domain: String,
    },
    /// A jurisdiction outside the list.
    #[error("no deals under the jurisdiction {jurisdiction}")]
    Jurisdiction {
        /// Which.
        jurisdiction: Jurisdiction,
    },
    /// A blocked counterparty.
    #[error("no deals with {did}")]
    Blocked {
        /// Its DID.
        did: String,
    },
    /// A pact that is made from no template of the list.
    #[error("no deals on the template {template}")]
    Template {
        /// The template's name; `none` for a pact that is made from none that is held here.
        template: String,
    },
    /// An appeal window below the minimum.
    #[error("an appeal window of {window} s, at least {minimum}")]
    Window {
        /// Seconds in the terms.
        window: u32,
        /// The least allowed.
        minimum: u32,
    },
    /// A jury that costs too much.
    #[error("a jury for {fee} micro-USDC, at most {limit}")]
    JuryFee {
        /// The fee in the terms.
        fee: Usdc,
        /// The limit.
        limit: Usdc,
    },
}

/// An own step on terms, with everything that the limits ask about it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The terms.
    pub terms: &'a TermSheet,
    /// What the limits count: as the buyer price, jury and one appeal together, as the seller the price.
    pub cost: Usdc,
    /// What is committed besides, micro-USDC.
    pub committed: Usdc,
    /// Whether any clause of the pact needs judgement.
    pub judged: bool,
    /// The sub-market of the request.
    pub domain: Option<&'a str>,
    /// The template that the pact is made from, where it is one that we hold.
    pub template: Option<&'a str>,
    /// The other side's DID.
    pub counterparty: &'a str,
    /// As a mandated buyer: the mandate's threshold, and what it allows in one period.
    pub mandate: Option<MandateLimits>,
    /// The last second of the deal and its windows, and the NDA's `destroyBy`, Unix seconds.
    pub lasts: (u64, u64),
}

/// What a mandate on chain lets the agent pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MandateLimits {
    /// A deal above this needs the principal's signature, micro-USDC.
    pub human_above: Usdc,
    /// What counts against the period already, firm acceptances included, micro-USDC.
    pub spent: Usdc,
    /// The most in one period, micro-USDC.
    pub per_period: Usdc,
}

impl Policy {
    /// Whether terms may be offered or accepted.
    ///
    /// A window below the minimum is for pacts without judgement only.
    #[must_use]
    pub fn answer(&self, step: &Step<'_>) -> Answer {
        let terms = step.terms;
        let amount = step.cost;
        if let Some(rule) = self.never(step.domain, step.counterparty) {
            return Answer::Refuse(rule);
        }
        if let Some(rule) = self.not_made_from(step.template) {
            return Answer::Refuse(rule);
        }
        if amount > self.per_deal_max {
            return Answer::Refuse(Rule::PerDeal { amount, limit: self.per_deal_max });
        }
        let exposure = step.committed.checked_add(amount).unwrap_or(Usdc(u64::MAX));
        if exposure > self.exposure_max {
            return Answer::Refuse(Rule::Exposure { amount: exposure, limit: self.exposure_max });
        }
        let jurisdiction = terms.jurisdiction;
        if !self.jurisdictions.is_empty() && !self.jurisdictions.contains(&jurisdiction) {
            return Answer::Refuse(Rule::Jurisdiction { jurisdiction });
        }
        if step.judged && terms.window_secs < self.window_secs_min {
            return Answer::Refuse(Rule::Window { window: terms.window_secs, minimum: self.window_secs_min });
        }
        let fee = terms.panel.fee;
        if fee > self.jury_fee_max {
            return Answer::Refuse(Rule::JuryFee { fee, limit: self.jury_fee_max });
        }
        let (ends, destroy_by) = step.lasts;
        if ends > destroy_by {
            return Answer::Refuse(Rule::Outlives { ends, destroy_by });
        }
        // No signature of the principal makes the escrow pay more in a period than its mandate says.
        if let Some(MandateLimits { spent, per_period, .. }) = step.mandate {
            let amount = spent.checked_add(amount).unwrap_or(Usdc(u64::MAX));
            if amount > per_period {
                return Answer::Refuse(Rule::PerPeriod { amount, limit: per_period });
            }
        }
        if amount > self.human_above {
            return Answer::Escalate(Rule::HumanAbove { amount, limit: self.human_above });
        }
        match step.mandate {
            Some(MandateLimits { human_above: limit, .. }) if amount > limit => {
                Answer::Escalate(Rule::MandateAbove { amount, limit })
            }
            Some(_) | None => Answer::Allow,
        }
    }

    /// The rule that forbids dealing in this domain, or with this agent, at all.
    ///
    /// A domain that nobody knows any more is in no list.
    #[must_use]
    pub fn never(&self, domain: Option<&str>, counterparty: &str) -> Option<Rule> {
        let listed = domain.is_some_and(|domain| self.domains.iter().any(|listed| listed == domain));
        if !self.domains.is_empty() && !listed {
            return Some(Rule::Domain { domain: domain.unwrap_or("unknown").into() });
        }
        let blocked = self.blocked.iter().any(|blocked| blocked == counterparty);
        blocked.then(|| Rule::Blocked { did: counterparty.into() })
    }

    /// The rule that forbids a pact made from this template, or from none that we hold.
    #[must_use]
    pub fn not_made_from(&self, template: Option<&str>) -> Option<Rule> {
        let listed = template.is_some_and(|name| self.templates.iter().any(|listed| listed == name));
        let free = self.templates.is_empty() || listed;
        (!free).then(|| Rule::Template { template: template.unwrap_or("none").into() })
    }

    /// Whether an NDA with these categories, under this jurisdiction, with this counterparty, may be signed.
    #[must_use]
    pub fn answer_nda(&self, categories: Categories, jurisdiction: Jurisdiction, did: &str) -> Answer {
        if let Some(category) = categories.iter().find(|c| !self.categories.contains(*c)) {
            return Answer::Refuse(Rule::RedLine { category: disclosure::name(category).into() });
        }
        if !self.jurisdictions.is_empty() && !self.jurisdictions.contains(&jurisdiction) {
            return Answer::Refuse(Rule::Jurisdiction { jurisdiction });
        }
        if self.blocked.iter().any(|blocked| blocked == did) {
            return Answer::Refuse(Rule::Blocked { did: did.into() });
        }
        Answer::Allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usdc(whole: u64) -> Usdc {
        Usdc(whole * 1_000_000)
    }

    fn step(terms: &TermSheet) -> Step<'_> {
        Step {
            terms,
            cost: terms.buyer_total().unwrap(),
            committed: Usdc::ZERO,
            judged: false,
            domain: None,
            template: None,
            counterparty: "did:y",
            mandate: None,
            lasts: (10, 20),
        }
    }

    /// 180 USDC to the seller, 15 to the jury and 5 for an appeal.
    fn terms() -> TermSheet {
        let text = include_str!("../vectors/papers.json");
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let paper = vectors["papers"]["term_sheet"]["canonical"].as_str().unwrap();
        let mut terms =
            crate::document::Document::<TermSheet>::read(paper.as_bytes()).unwrap().content().clone();
        (terms.price, terms.panel.fee, terms.appeal_fee) = (usdc(180), usdc(15), usdc(5));
        terms
    }

    #[test]
    fn limits_count_what_the_buyer_pays_in_all_and_not_the_price_alone() {
        let terms = terms();
        let (step, all) = (step(&terms), usdc(200));
        let with = |policy: Policy| policy.answer(&step);
        assert_eq!(with(Policy::default()), Answer::Allow);
        let limit = usdc(199);
        let rows = [
            (
                Policy { per_deal_max: limit, ..Policy::default() },
                Answer::Refuse(Rule::PerDeal { amount: all, limit }),
            ),
            (
                Policy { exposure_max: limit, ..Policy::default() },
                Answer::Refuse(Rule::Exposure { amount: all, limit }),
            ),
            (
                Policy { human_above: limit, ..Policy::default() },
                Answer::Escalate(Rule::HumanAbove { amount: all, limit }),
            ),
        ];
        for (policy, answer) in rows {
            assert_eq!(with(policy), answer);
        }
    }

    #[test]
    fn what_the_mandate_cannot_pay_in_this_period_is_refused_before_anybody_signs() {
        let terms = terms();
        let with = |spent: u64, human_above: u64| {
            let limits =
                MandateLimits { human_above: usdc(human_above), spent: usdc(spent), per_period: usdc(500) };
            Policy::default().answer(&Step { mandate: Some(limits), ..step(&terms) })
        };
        assert_eq!(with(300, 200), Answer::Allow, "to the last micro-USDC");
        let over = Rule::PerPeriod { amount: usdc(501), limit: usdc(500) };
        assert_eq!(with(301, 200), Answer::Refuse(over.clone()));
        assert_eq!(with(301, 10), Answer::Refuse(over), "no signature makes the escrow pay more");
        let above = Rule::MandateAbove { amount: usdc(200), limit: usdc(199) };
        assert_eq!(with(300, 199), Answer::Escalate(above));
    }

    #[test]
    fn a_deal_that_outlives_the_ndas_keys_is_refused() {
        let terms = terms();
        let with = |lasts| Policy::default().answer(&Step { lasts, ..step(&terms) });
        assert_eq!(with((20, 20)), Answer::Allow);
        assert_eq!(with((21, 20)), Answer::Refuse(Rule::Outlives { ends: 21, destroy_by: 20 }));
    }

    #[test]
    fn a_list_of_templates_leaves_no_other_pact_and_no_list_leaves_all() {
        let listed = Policy { templates: vec!["translation".into()], ..Policy::default() };
        let rule = |name: &str| Some(Rule::Template { template: name.into() });
        assert_eq!(listed.not_made_from(Some("translation")), None);
        assert_eq!(listed.not_made_from(Some("code-task")), rule("code-task"));
        assert_eq!(listed.not_made_from(None), rule("none"));
        assert_eq!(Policy::default().not_made_from(None), None);
        let terms = terms();
        assert_eq!(listed.answer(&step(&terms)), Answer::Refuse(rule("none").unwrap()));
    }

    #[test]
    fn a_domain_that_nobody_knows_is_in_no_list_and_a_blocked_agent_is_never_dealt_with() {
        let policy =
            Policy { domains: vec!["documents".into()], blocked: vec!["did:x".into()], ..Policy::default() };
        let domain = |domain: &str| Some(Rule::Domain { domain: domain.into() });
        let rows = [
            (Some("documents"), "did:y", None),
            (Some("images"), "did:y", domain("images")),
            (None, "did:y", domain("unknown")),
            (Some("documents"), "did:x", Some(Rule::Blocked { did: "did:x".into() })),
        ];
        for (market, did, expected) in rows {
            assert_eq!(policy.never(market, did), expected, "{market:?} {did}");
        }
        assert_eq!(Policy::default().never(None, "did:x"), None, "an empty list means any");
    }
}
