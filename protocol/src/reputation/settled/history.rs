//! How an agent's milestones failed, apart by kind of deal and jurisdiction, and what it disputed.
//!
//! | failure | what the chain shows |
//! |---|---|
//! | `rejected` | a jury gave nothing |
//! | `reduced` | a jury gave a part |
//! | `undelivered` | no claim came in time |
//! | `unjudged` | it was delivered, and no quorum decided |
//! | `cancelled` | both signed an end before it was done |
//!
//! A failure is the seller's; what a jury gave only after a correction is no failure and counted beside
//! them. As with conduct, a verdict counts only where the jury was paid, by strangers to both sides.
//!
//! Deliberately absent: which clause failed. That stands in the verdict's paper, which both parties hold.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::{Cause, Member, Seats};
use crate::{
    abi::AppealEnd,
    document::{DealKind, Jurisdiction},
    ids::{DealId, MilestoneIndex, TxHash},
    ledger::{
        At, State,
        state::{AppealFact, DealFact, SettledFact},
    },
    money::{Bps, Usdc},
};

/// Disputes that are told of one agent, the newest ones.
pub const DISPUTES_MAX: usize = 16;
/// Segments that are told of one agent; what is beyond them is in the last one, without kind and place.
pub const SEGMENTS_MAX: usize = 32;

/// What an agent sold in one kind of deal under one jurisdiction, by how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The kind of deal; nothing for a number that is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DealKind>,
    /// The jurisdiction; nothing for a number that is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Jurisdiction>,
    /// Milestones of closed deals.
    pub milestones: u32,
    /// Paid in full, by a jury or by the buyer.
    pub kept: u32,
    /// Of these, only after a correction.
    pub corrected: u32,
    /// A jury gave nothing.
    pub rejected: u32,
    /// A jury gave a part.
    pub reduced: u32,
    /// No claim came in time.
    pub undelivered: u32,
    /// Delivered, and no quorum decided.
    pub unjudged: u32,
    /// Both signed an end before it was done.
    pub cancelled: u32,
}

/// An appeal that an agent brought or met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// The deal.
    pub deal: DealId,
    /// Its milestone.
    pub milestone: MilestoneIndex,
    /// Whether the agent brought it.
    pub brought: bool,
    /// Whether the agent was the seller.
    pub sold: bool,
    /// What the first verdict gave to the seller.
    pub first_bps: Bps,
    /// How it ended; nothing while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<DisputeEnd>,
    /// What the seller's side got in the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_bps: Option<Bps>,
    /// The transaction of the appeal.
    pub tx: TxHash,
}

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeEnd {
    /// A panel ruled.
    Ruled,
    /// No panel ruled in time: the earlier verdict stood.
    Silent,
    /// It was given up.
    Abandoned,
    /// The sides settled it between them.
    Settled,
}

/// Segments and disputes of one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In the order of kind and jurisdiction.
    pub segments: Vec<Segment>,
    /// The newest first.
    pub disputes: Vec<Dispute>,
}

/// Reads everybody's history, by settlement account.
#[must_use]
pub fn history(
    state: &State,
    members: &BTreeMap<Address, Member>,
    sure: impl Fn(&At) -> bool,
) -> BTreeMap<Address, History> {
    let seats = Seats::of(state);
    let mut segments: BTreeMap<Address, BTreeMap<(u16, u16), Segment>> = BTreeMap::new();
    let mut disputes: BTreeMap<Address, Vec<(u64, Dispute)>> = BTreeMap::new();
    for (id, deal) in state.deals() {
        for (index, milestone) in &deal.milestones {
            let Some(appeal) = milestone.appeal.as_ref().filter(|appeal| sure(&appeal.at)) else { continue };
            let first = milestone.verdict.as_ref().and_then(|verdict| Bps::new(verdict.terms.sellerBps).ok());
            let settled = milestone.settled.as_ref().filter(|settled| sure(&settled.at));
            for side in [deal.terms.buyer, deal.terms.seller] {
                let dispute = dispute((id, *index), deal, side, appeal, first, settled);
                disputes.entry(side).or_default().push((appeal.at.block.number, dispute));
            }
        }
        if !deal.closed.is_some_and(|closed| sure(&closed.at)) {
            continue;
        }
        let sides = [deal.terms.buyer, deal.terms.seller];
        let principals = sides.map(|side| members.get(&side).map_or(side, |member| member.principal));
        let priced = seats.fee_of(deal, principals, &sure) > Usdc::ZERO;
        let place = (deal.terms.meta.kind, deal.terms.meta.jurisdiction);
        let segment = segments.entry(deal.terms.seller).or_default().entry(place).or_default();
        for settled in deal.milestones.values().filter_map(|milestone| milestone.settled.as_ref()) {
            segment.enter(settled, priced);
        }
    }
    let accounts: std::collections::BTreeSet<_> = segments.keys().chain(disputes.keys()).copied().collect();
    let of = |account: Address| {
        let mut disputes = disputes.remove(&account).unwrap_or_default();
        disputes
            .sort_by_key(|(block, dispute)| (core::cmp::Reverse(*block), dispute.deal, dispute.milestone));
        disputes.truncate(DISPUTES_MAX);
        let disputes = disputes.into_iter().map(|(_, dispute)| dispute).collect();
        (account, History { segments: bounded(segments.remove(&account).unwrap_or_default()), disputes })
    };
    accounts.into_iter().map(of).collect()
}

fn dispute(
    (deal, milestone): (DealId, MilestoneIndex),
    fact: &DealFact,
    side: Address,
    appeal: &AppealFact,
    first: Option<Bps>,
    settled: Option<&SettledFact>,
) -> Dispute {
    let end = appeal.end.as_ref().and_then(|(end, _)| match end {
        AppealEnd::Ruled => Some(DisputeEnd::Ruled),
        AppealEnd::Silent => Some(DisputeEnd::Silent),
        AppealEnd::Abandoned => Some(DisputeEnd::Abandoned),
        AppealEnd::Settled => Some(DisputeEnd::Settled),
        // The decoder takes no other number.
        AppealEnd::__Invalid => None,
    });
    Dispute {
        deal,
        milestone,
        brought: appeal.by == side,
        sold: fact.terms.seller == side,
        first_bps: first.unwrap_or(Bps::ZERO),
        end,
        final_bps: settled.map(|settled| settled.seller_bps),
        tx: appeal.at.tx,
    }
}

/// The segments with their kinds and places, those beyond the bound as one.
fn bounded(all: BTreeMap<(u16, u16), Segment>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for ((kind, jurisdiction), segment) in all {
        let named = Segment {
            kind: DealKind::from_code(kind),
            jurisdiction: Jurisdiction::from_code(jurisdiction),
            ..segment
        };
        if segments.len() < SEGMENTS_MAX {
            segments.push(named);
        } else if let Some(last) = segments.last_mut() {
            last.merge(&named);
        }
    }
    segments
}

impl Segment {
    fn enter(&mut self, settled: &SettledFact, priced: bool) {
        self.milestones += 1;
        let full = settled.seller_bps == Bps::FULL;
        match settled.cause {
            Cause::Judged | Cause::Ruled if !priced => {}
            Cause::Judged | Cause::Ruled if full => {
                self.kept += 1;
                self.corrected += u32::from(settled.attempt > 0);
            }
            Cause::Judged | Cause::Ruled if settled.seller_bps == Bps::ZERO => self.rejected += 1,
            Cause::Judged | Cause::Ruled => self.reduced += 1,
            Cause::Released => self.kept += 1,
            Cause::Cancelled => self.cancelled += 1,
            Cause::Undelivered => self.undelivered += 1,
            Cause::Unjudged => self.unjudged += 1,
            // The decoder takes no other number.
            Cause::__Invalid => {}
        }
    }

    fn merge(&mut self, other: &Self) {
        (self.kind, self.jurisdiction) = (None, None);
        self.milestones += other.milestones;
        self.kept += other.kept;
        self.corrected += other.corrected;
        self.rejected += other.rejected;
        self.reduced += other.reduced;
        self.undelivered += other.undelivered;
        self.unjudged += other.unjudged;
        self.cancelled += other.cancelled;
    }
}
