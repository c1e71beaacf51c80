//! What the settled records say about an agent, as this node computes it from the ledger.
//!
//! The walk of credibility starts from the seeds that the principal configured; all nodes with the
//! same seeds compute the same scores, and publish by which hashes. Everything is computed at the
//! first question after the ledger's safe facts, the known cards or the day have changed, and kept
//! until they change again. It takes time in proportion to all ratings, inside the node's step; a
//! ledger so large that this is felt wants it done as a slow act, outside.
//!
//! Deliberately absent: choosing. A score is shown to the agent; the agent decides. And the view from
//! one member's own partners: everybody with the same seeds sees the same.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};

use super::{Node, invalid, not_now};
use crate::{
    block::Level,
    command::Refusal,
    did::Did,
    document::{AgentCard, Document},
    ledger::{At, Position},
    money::Bps,
    reputation::{
        self, Parameters, Score,
        settled::{self, Conduct, History, Member, Ratings, Source},
    },
    view::{Computed, MemberView, Reason, ScoresView, TrustView},
};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Everybody's scores as of one position of the ledger.
#[derive(Debug)]
pub(super) struct Standings {
    key: Key,
    members: BTreeMap<Address, Member>,
    ratings: Ratings,
    scores: BTreeMap<Did, Score>,
    conduct: BTreeMap<Address, Conduct>,
    history: BTreeMap<Address, History>,
    computed: Computed,
}

/// What scores depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    position: Position,
    cards: u64,
    day: u32,
}

impl Node {
    /// Computes the scores, unless nothing has changed that they depend on.
    pub(super) fn refresh_standings(&mut self) {
        let day = u32::try_from(self.time() / DAY).unwrap_or(u32::MAX);
        let key = Key { position: self.ledger.position(), cards: self.directory.changes(), day };
        if self.standings.as_ref().is_none_or(|held| held.key != key) {
            self.standings = Some(self.compute_standings(key));
        }
    }

    fn compute_standings(&self, key: Key) -> Standings {
        let members = self.anchored();
        let sure = |at: &At| self.ledger.level(at) >= Level::Safe;
        let state = self.ledger.state();
        let ratings = settled::ratings(state, &members, sure);
        let conduct = settled::conduct(state, &members, sure);
        let history = settled::history(state, &members, sure);
        let parameters = Parameters { seeds: self.me.trust_seeds.clone(), day: key.day };
        let scores = reputation::scores(&ratings.records, &parameters);
        let computed = Computed {
            records: ratings.records.len() as u64,
            left_out: ratings.left_out,
            block: key.position.block(),
            day: key.day,
            seeds: parameters.seeds.iter().copied().collect(),
            records_root: B256::new(reputation::records_root(&ratings.records)),
            parameters_hash: B256::new(reputation::parameters_hash(&parameters)),
            scores_root: B256::new(reputation::scores_root(&scores)),
        };
        Standings { key, members, ratings, scores, conduct, history, computed }
    }

    /// The agents whose cards their principals have put on chain, by account.
    fn anchored(&self) -> BTreeMap<Address, Member> {
        let cards = self.directory.cards().chain([&self.me.card.document]);
        cards.filter_map(|card| Some((card.settlement, self.member(card)?))).collect()
    }

    fn member(&self, card: &Document<AgentCard>) -> Option<Member> {
        let escrow = self.network.deployment.contracts.escrow;
        let mandate = self.ledger.state().mandate(card.settlement, escrow)?;
        let anchored = self.ledger.level(&mandate.at) >= Level::Safe
            && mandate.terms.card == card.id().word()
            && mandate.terms.principal == card.principal.address;
        anchored.then_some(Member { did: card.agent, principal: card.principal.address })
    }

    /// The scores of an agent that is known here.
    pub(super) fn trust_in(&self, did: &str) -> Result<TrustView, Refusal> {
        let agent: Did = did.parse().map_err(|error| invalid(format!("{did}: {error}")))?;
        let card = if agent == self.me.did {
            Some(&self.me.card.document)
        } else {
            self.directory.agent(&agent).map(|listing| &listing.card.document)
        };
        let card = card.ok_or_else(|| Refusal::UnknownAgent { did: did.to_owned() })?;
        self.trust(card)
    }

    /// The scores of a card's agent.
    pub(super) fn trust(&self, card: &AgentCard) -> Result<TrustView, Refusal> {
        self.standings().map(|standings| standings.about(card.agent, card.settlement))
    }

    /// What [`Node::refresh_standings`] has computed.
    fn standings(&self) -> Result<&Standings, Refusal> {
        self.standings.as_ref().ok_or_else(|| not_now("nothing is computed yet"))
    }

    /// Everybody's scores.
    pub(super) fn everybody(&self) -> Result<ScoresView, Refusal> {
        let standings = self.standings()?;
        let members = standings.scores.iter().map(|(agent, score)| MemberView {
            agent: *agent,
            score: score.risk.min(score.standing),
            risk: score.risk,
            standing: score.standing,
            credibility: whole(score.credibility),
            praises: score.praises,
            complaints: score.complaints,
        });
        Ok(ScoresView { computed: standings.computed.clone(), members: members.collect() })
    }
}

impl Standings {
    fn about(&self, agent: Did, account: Address) -> TrustView {
        // A card that is not on chain borrows nothing from the account that it names.
        let anchored = self.members.get(&account).is_some_and(|member| member.did == agent);
        let score = self.scores.get(&agent);
        let conduct = self.conduct.get(&account).filter(|_| anchored).copied().unwrap_or_default();
        let history = self.history.get(&account).filter(|_| anchored).cloned().unwrap_or_default();
        let grade = |of: fn(&Score) -> Bps| score.map_or(Bps::ZERO, of);
        let (risk, standing) = (grade(|s| s.risk), grade(|s| s.standing));
        let because = score.into_iter().flat_map(|score| &score.because);
        TrustView {
            agent,
            anchored,
            score: risk.min(standing),
            risk,
            standing,
            credibility: score.map_or(Bps::ZERO, |score| whole(score.credibility)),
            evidence_bps: score.map_or(0, |score| weight_bps(score.evidence)),
            praises: score.map_or(0, |score| score.praises),
            complaints: score.map_or(0, |score| score.complaints),
            ratings: self.ratings.records.iter().filter(|record| record.subject == agent).count() as u64,
            deals: conduct.bought + conduct.sold,
            volume: conduct.volume,
            conduct,
            segments: history.segments,
            disputes: history.disputes,
            because: because.filter_map(|because| self.reason(agent, because)).collect(),
            computed: self.computed.clone(),
        }
    }

    fn reason(&self, subject: Did, because: &reputation::Because) -> Option<Reason> {
        let records = self.ratings.records.iter().zip(&self.ratings.sources);
        let mut ours = records.filter(|(record, _)| {
            record.deal == because.deal && record.rater == because.rater && record.subject == subject
        });
        let (_, Source { value, tx, .. }) = ours.next()?;
        Some(Reason {
            deal: because.deal,
            rater: because.rater,
            value: i64::try_from(*value).unwrap_or(if *value < 0 { i64::MIN } else { i64::MAX }),
            positive: because.positive,
            day: because.day,
            weight_bps: weight_bps(because.weight),
            tx: *tx,
        })
    }
}

/// Units of 2^-32 as basis points, rounded down.
const fn weight_bps(weight: u64) -> u64 {
    ((weight as u128 * 10_000) >> 32) as u64
}

/// A share of one in units of 2^-32.
fn whole(share: u64) -> Bps {
    let bps = u16::try_from(weight_bps(share)).ok().and_then(|bps| Bps::new(bps).ok());
    bps.expect("invariant: credibility is at most one")
}
