//! Authority: the principal's mandate to an agent, and its yes to one deal above the mandate.
//!
//! Both are signed by the principal's account alone, over the EIP-712 form that the contracts check,
//! made outside the agent's reach. The mandate's paper holds the limits of the chain and the policy
//! of the house; its id is the `policy` that the chain's form names, so one signature covers both.
//!
//! Deliberately absent: a default, and any way for an agent to widen what it was given.

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use super::{Categories, Illegal, Jurisdiction, Paper, Salt, rule};
use crate::{
    did::{Did, PrincipalDid},
    ids::{DealId, PaperId},
    money::Usdc,
    text::{BoundedVec, Line, Token},
    typed::{self, Contracts, SCOPE_BUY, SCOPE_SELL, Typed, u40},
};

/// A principal's authority to one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// The agent.
    pub agent: Did,
    /// The agent's account.
    pub account: Address,
    /// Who gives it.
    pub principal: PrincipalDid,
    /// The escrow in which the agent may bind the principal.
    pub spender: Address,
    /// The card that the principal has seen.
    pub card: PaperId,
    /// The agent's number in an ERC-8004 registry, 0 for none.
    pub agent_id: u64,
    /// Above this a single deal needs the principal's approval, micro-USDC.
    pub human_above: Usdc,
    /// The most that may be spent in one period, micro-USDC.
    pub per_period: Usdc,
    /// The period in seconds.
    pub period_secs: u32,
    /// What the agent may do, in order.
    pub scopes: BoundedVec<Scope, 2>,
    /// Unix second from which on it counts.
    pub valid_from_secs: u64,
    /// Unix second from which on it no longer counts.
    pub valid_until_secs: u64,
    /// Higher than any earlier one for the same agent and spender.
    pub serial: u16,
    /// What the node holds itself to besides.
    pub policy: Policy,
}

/// What an agent may do for its principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Buy with the principal's credit.
    Buy,
    /// Sell for the principal.
    Sell,
}

/// Limits that the node keeps and the chain does not know. An empty list allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The most that one deal may cost, micro-USDC.
    pub per_deal: Usdc,
    /// Markets that the agent may trade in, in order.
    pub domains: BoundedVec<Token, 32>,
    /// Laws that it may trade under, in order.
    pub jurisdictions: BoundedVec<Jurisdiction, 32>,
    /// What it may disclose.
    pub categories: Categories,
    /// What it must never do or say, for people and agents to read.
    pub red_lines: BoundedVec<Line, 32>,
}

impl Mandate {
    /// What the principal's account signs.
    #[must_use]
    pub fn typed(&self, id: PaperId) -> typed::Mandate {
        let bit = |scope: &Scope| match scope {
            Scope::Buy => SCOPE_BUY,
            Scope::Sell => SCOPE_SELL,
        };
        typed::Mandate {
            agent: self.account,
            principal: self.principal.address,
            spender: self.spender,
            card: self.card.word(),
            agentId: U256::from(self.agent_id),
            humanAbove: self.human_above.0,
            perPeriod: self.per_period.0,
            period: self.period_secs,
            scopes: self.scopes.iter().map(bit).sum(),
            validFrom: u40(self.valid_from_secs),
            validUntil: u40(self.valid_until_secs),
            policy: id.word(),
            serial: self.serial,
        }
    }
}

impl Paper for Mandate {
    const TYPE: &'static str = "mandate";
    const MAX_BYTES: usize = 32 * 1024;

    fn authors(&self) -> Vec<Did> {
        Vec::new()
    }

    fn countersigned(&self, id: PaperId, _: Salt, contracts: &Contracts) -> Option<(Address, B256)> {
        Some((self.principal.address, self.typed(id).digest(contracts)))
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.account != self.principal.address, "an agent is not its own principal")?;
        rule::<Self>(self.serial > 0, "serials count from 1")?;
        rule::<Self>(self.period_secs > 0, "a period lasts")?;
        rule::<Self>(self.valid_from_secs < self.valid_until_secs, "a mandate counts for some time")?;
        rule::<Self>(!self.scopes.is_empty(), "a mandate is for something")?;
        rule::<Self>(self.scopes.is_sorted_by(|a, b| a < b), "scopes are named in order, once each")?;
        let Policy { domains, jurisdictions, .. } = &self.policy;
        rule::<Self>(domains.is_sorted_by(|a, b| a < b), "domains are named in order, once each")?;
        rule::<Self>(jurisdictions.is_sorted_by(|a, b| a < b), "jurisdictions are named in order, once each")
    }
}

/// A principal's yes to one deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The deal, by the digest that both sides will sign.
    pub deal: DealId,
    /// Who approves.
    pub principal: PrincipalDid,
    /// The agent that asked.
    pub agent: Did,
    /// Last Unix second at which the deal may be opened with it.
    pub until_secs: u64,
}

impl Approval {
    /// What the principal's account signs.
    #[must_use]
    pub fn typed(&self) -> typed::Approve {
        typed::Approve { deal: self.deal.word(), until: u40(self.until_secs) }
    }
}

impl Paper for Approval {
    const TYPE: &'static str = "approval";
    const MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        Vec::new()
    }

    fn countersigned(&self, _: PaperId, _: Salt, contracts: &Contracts) -> Option<(Address, B256)> {
        Some((self.principal.address, self.typed().digest(contracts)))
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.until_secs > 0, "an approval ends")
    }
}
