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
    /// What is committed besides, micro-USDC.
    pub committed: Usdc,
    /// Whether any clause of the pact needs judgement.
    pub judged: bool,
    /// The sub-market of the request.
    pub domain: Option<&'a str>,
    /// The other side's DID.
    pub counterparty: &'a str,
    /// As a mandated buyer: what we pay in all, and the mandate's threshold.
    pub mandate_above: Option<(Usdc, Usdc)>,
}

impl Policy {
    /// Whether terms may be offered or accepted.
    ///
    /// A window below the minimum is for pacts without judgement only.
    #[must_use]
    pub fn answer(&self, step: &Step<'_>) -> Answer {
        let terms = step.terms;
        let amount = terms.price;
        if let Some(rule) = self.never(step.domain, step.counterparty) {
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
        if amount > self.human_above {
            return Answer::Escalate(Rule::HumanAbove { amount, limit: self.human_above });
        }
        match step.mandate_above {
            Some((amount, limit)) if amount > limit => Answer::Escalate(Rule::MandateAbove { amount, limit }),
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
