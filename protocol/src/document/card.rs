//! The agent card: which keys belong to one agent, and for whom it says it acts.
//!
//! Signed by the identity key *and* by the settlement account (over [`card_digest`] of its id), so
//! that nobody puts another's account on its card. The principal's word is not here: its mandate
//! names the card's hash.
//!
//! Deliberately absent: prices, reputation, and anything that a registry would have to confirm.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use super::{AgeRecipient, Illegal, Paper, Role, Salt, SessionKey, rule};
use crate::{
    did::{Did, PrincipalDid},
    ids::{PaperId, PeerKey},
    text::{BoundedVec, Name, Token},
    typed::{Contracts, card_digest},
};

/// An agent's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentCard {
    /// The identity that signs papers.
    pub agent: Did,
    /// What it is called.
    pub name: Name,
    /// For whom it acts.
    pub principal: PrincipalDid,
    /// The account that signs what contracts check.
    pub settlement: Address,
    /// The key that sessions are opened with.
    pub session: SessionKey,
    /// The node at which it is reached.
    pub node: PeerKey,
    /// Where papers outside of any NDA are sealed to.
    pub age_recipient: AgeRecipient,
    /// What its node does for others, in order.
    pub roles: BoundedVec<Role, 4>,
    /// Who operates the model behind it; jurors of one panel differ in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Token>,
    /// The family of that model; no juror shares it with a party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_family: Option<Token>,
    /// Unix second from which on it counts.
    pub valid_from_secs: u64,
    /// Unix second from which on it no longer counts.
    pub valid_until_secs: u64,
}

impl Paper for AgentCard {
    const TYPE: &'static str = "agent_card";
    const MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.agent]
    }

    fn countersigned(&self, id: PaperId, _: Salt, _: &Contracts) -> Option<(Address, B256)> {
        Some((self.settlement, card_digest(id)))
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(self.valid_from_secs < self.valid_until_secs, "a card counts for some time")?;
        rule::<Self>(!self.roles.is_empty(), "a card names a role")?;
        rule::<Self>(self.roles.is_sorted_by(|a, b| a < b), "roles are named in order, once each")?;
        rule::<Self>(self.node.as_bytes() != self.agent.key(), "the node's key is not the identity's")
    }
}
