//! The announcement: what an agent offers or seeks, so little that anybody may read it.
//!
//! Gossiped per domain, kept in bounded directories, replaced by a higher `seq`, gone when it
//! expires. With its proof it has at most 4 KiB. Enums, buckets and words for programs only.
//!
//! Deliberately absent: prices, names of customers, free text.

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::{DealKind, Illegal, Paper, Role, rule};
use crate::{
    did::Did,
    ids::{PaperId, PeerKey},
    money::Bps,
    text::{BoundedVec, Line, Token},
};

/// What an agent offers or seeks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// Who announces.
    pub agent: Did,
    /// Its card.
    pub card: PaperId,
    /// Counts the agent's announcements; the highest one counts.
    pub seq: u64,
    /// Unix second from which on it no longer counts.
    pub expires_secs: u64,
    /// The markets it is in.
    pub domains: BoundedVec<Token, 8>,
    /// The kinds of task it does.
    pub task_schemas: BoundedVec<Token, 16>,
    /// The kinds of deal it seeks.
    pub kinds: BoundedVec<DealKind, 5>,
    /// What it asks of a counterparty.
    pub requires: Requirements,
    /// What its node does for others, in order.
    pub roles: BoundedVec<Role, 4>,
    /// The node at which it is reached.
    pub node: PeerKey,
    /// Multiaddresses of that node.
    pub addresses: BoundedVec<Line, 8>,
    /// The account that signs what contracts check.
    pub settlement: Address,
}

/// What an agent asks of a counterparty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// The lowest standing.
    pub min_standing_bps: Bps,
}

impl Paper for Announcement {
    const TYPE: &'static str = "announcement";
    const MAX_BYTES: usize = 3 * 1024 + 512;
    const SIGNED_MAX_BYTES: usize = 4 * 1024;

    fn authors(&self) -> Vec<Did> {
        vec![self.agent]
    }

    fn check(&self) -> Result<(), Illegal> {
        rule::<Self>(!self.domains.is_empty(), "an announcement is in a market")?;
        rule::<Self>(self.domains.is_sorted_by(|a, b| a < b), "domains are named in order, once each")?;
        rule::<Self>(self.task_schemas.is_sorted_by(|a, b| a < b), "schemas are named in order, once each")?;
        rule::<Self>(self.kinds.is_sorted_by(|a, b| a < b), "kinds are named in order, once each")?;
        rule::<Self>(self.roles.is_sorted_by(|a, b| a < b), "roles are named in order, once each")
    }
}
