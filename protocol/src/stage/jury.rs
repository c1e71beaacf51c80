//! A panel of jurors turns its members' ballots into one verdict, as one of them lives it.
//!
//! First each juror commits to its vote and signs the commitment. Whoever first sees another's
//! commitment signs a relay of it and sends it to all, so that what one honest juror has in time
//! all have in time. When no commitment can count any more, votes are revealed and relayed the same
//! way. Then everyone holds the same set, counts the same tally and signs the same verdict, dissenters
//! too; with the signatures of a quorum the run is over.
//!
//! | state | what ends it | deadline passes |
//! |---|---|---|
//! | committing | every member has relayed every other's one commitment | counts what came |
//! | revealing | everyone who committed has revealed | counts what came |
//! | signing | a quorum has signed the same verdict | no quorum |
//! | over | – | – |
//!
//! A member that commits twice is out of the run, and both its signatures are kept: its stake is
//! lost on them. The early end of committing costs nothing against silence, delay or half-sent
//! messages, because a commitment that every member has relayed is held by all. Only a member that
//! commits a second time within one message delay of that moment can make digests differ. It pays
//! with its stake, and what it can buy is another run, or that its own vote counts or does not: honest
//! members sign one verdict each, and a quorum is more than half.
//!
//! Without a quorum there is one more run with the next attempt, then the milestone counts as
//! delivered and not judged.
//!
//! Deliberately absent: the judging itself, sealed evidence, randomness (salts are handed in),
//! sending the verdict to the chain.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

mod case;
mod message;
mod receive;
mod tally;
mod want;

pub use case::{Case, Timing, VoteRelay};
pub use message::{
    Equivocation, JuryBody, JuryFault, JuryMessage, Relays, RunId, SignedCommit, SignedVerdict,
};
pub use tally::{
    ClauseTally, NoQuorum, Tally, Vote, belongs, commitment, consensus, failed, revealed, tally,
    verdict_paper, votes_digest,
};
pub use want::JuryWant;

use crate::{
    document::{Ballot, Document, VerdictPaper},
    time::Timestamp,
    transcript::Transcript,
    typed::{EthSignature, Typed, Verdict},
};

/// What happened in a run, as one juror saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "jury", rename_all = "snake_case", deny_unknown_fields)]
pub enum JuryEvent {
    /// This juror has made up its mind.
    Voted {
        /// Its ballot, shown to nobody yet.
        ballot: Document<Ballot>,
    },
    /// A commitment came in time.
    CommitSeen {
        /// Whose it is.
        author: Address,
        /// The commitment.
        signed: SignedCommit,
        /// The relay signatures it came with.
        relays: Relays,
    },
    /// A reveal came in time.
    RevealSeen {
        /// Whose it is.
        author: Address,
        /// Its ballot.
        ballot: Document<Ballot>,
        /// The relay signatures it came with.
        relays: Relays,
    },
    /// A member has seen something.
    Relayed {
        /// The relay digest.
        digest: B256,
        /// The member.
        by: Address,
        /// Its signature.
        signature: EthSignature,
    },
    /// The set of commitments is closed.
    CommitsClosed,
    /// The set of reveals is closed, and with it the tally.
    RevealsClosed,
    /// A member has signed a verdict.
    VerdictSeen {
        /// The member.
        by: Address,
        /// What it signed.
        signed: SignedVerdict,
    },
    /// A member signed two things where the rules allow one.
    Equivocated {
        /// The member.
        by: Address,
        /// Both signatures.
        proof: Equivocation,
    },
    /// The run is over.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// A quorum has signed the verdict.
    Judged,
    /// No quorum; the next attempt follows.
    NextRun {
        /// What was missing.
        missing: NoQuorum,
    },
    /// No quorum again: delivered, not judged.
    NotJudged {
        /// What was missing.
        missing: NoQuorum,
    },
}

/// Something seen, and who else is known to have seen it.
#[derive(Clone, Debug)]
struct Seen<T> {
    item: T,
    /// The relays that made it count, as it is sent on.
    came_with: Relays,
    /// All relays known, own one included.
    relays: Relays,
}

impl<T> Seen<T> {
    fn new(item: T, came_with: &Relays) -> Self {
        Self { item, came_with: came_with.clone(), relays: came_with.clone() }
    }
}

/// One run of a panel, as one of its members sees it.
#[derive(Clone, Debug)]
pub struct Jury {
    case: Case,
    me: Address,
    own: Option<Document<Ballot>>,
    /// At most two for each member.
    commits: BTreeMap<Address, Vec<Seen<SignedCommit>>>,
    /// At most one for each member.
    reveals: BTreeMap<Address, Seen<Document<Ballot>>>,
    /// The closed set: exactly one commitment for each author in it.
    closed: Option<BTreeMap<Address, B256>>,
    result: Option<Result<Tally, NoQuorum>>,
    /// At most one for each member.
    verdicts: BTreeMap<Address, SignedVerdict>,
    /// At most one for each member.
    equivocations: BTreeMap<Address, Equivocation>,
    outcome: Option<Outcome>,
}

impl Jury {
    /// Opens a run for the member `me` of the panel.
    #[must_use]
    pub const fn new(case: Case, me: Address) -> Self {
        Self {
            case,
            me,
            own: None,
            commits: BTreeMap::new(),
            reveals: BTreeMap::new(),
            closed: None,
            result: None,
            verdicts: BTreeMap::new(),
            equivocations: BTreeMap::new(),
            outcome: None,
        }
    }

    /// What is judged, and by when.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// The run that messages must name.
    #[must_use]
    pub const fn run(&self) -> RunId {
        let Case { deal, milestone, round, attempt, .. } = self.case;
        RunId { deal, milestone, round, attempt }
    }

    /// How the run ended, if it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The tally, once the reveals are closed and enough members spoke.
    #[must_use]
    pub fn tally(&self) -> Option<&Tally> {
        self.result.as_ref()?.as_ref().ok()
    }

    /// The verdict with the signatures held for it, fewer than the quorum or more.
    #[must_use]
    pub fn verdict(&self) -> Option<(Verdict, Relays)> {
        let verdict = self.case.verdict(self.tally()?);
        let votes = self.votes();
        let revealed = revealed(&self.case, &votes);
        let ours = |signed: &SignedVerdict| {
            signed.seller_share.get() == verdict.sellerBps && signed.votes == verdict.votes
        };
        let held = self.verdicts.iter().filter(|(by, signed)| revealed.contains_key(*by) && ours(signed));
        let held = held.map(|(by, signed)| (*by, signed.signature)).collect();
        Some((verdict, held))
    }

    /// The verdict as a paper, to be signed by the identities of all who revealed.
    #[must_use]
    pub fn paper(&self) -> Option<Document<VerdictPaper>> {
        verdict_paper(&self.case, self.tally()?, &self.votes())
    }

    /// The closed commitments with what they opened to; empty before the close.
    #[must_use]
    pub fn votes(&self) -> BTreeMap<Address, Vote> {
        let closed = self.closed.iter().flatten();
        let vote = |(author, commit): (&Address, &B256)| {
            let ballot = self.reveals.get(author).map(|seen| &seen.item);
            let ballot = ballot.filter(|ballot| commitment(ballot) == *commit).cloned();
            (*author, Vote { commit: *commit, ballot })
        };
        closed.map(vote).collect()
    }

    /// Members that signed two things where the rules allow one, with both signatures.
    #[must_use]
    pub const fn equivocations(&self) -> &BTreeMap<Address, Equivocation> {
        &self.equivocations
    }

    /// Folds one event into the state.
    pub fn apply(&mut self, event: &JuryEvent) {
        match event {
            JuryEvent::Voted { ballot } => self.own = Some(ballot.clone()),
            JuryEvent::CommitSeen { author, signed, relays } => {
                self.commits.entry(*author).or_default().push(Seen::new(*signed, relays));
            }
            JuryEvent::RevealSeen { author, ballot, relays } => {
                self.reveals.insert(*author, Seen::new(ballot.clone(), relays));
            }
            JuryEvent::Relayed { digest, by, signature } => self.apply_relay(*digest, *by, *signature),
            JuryEvent::CommitsClosed => self.closed = Some(self.single_commits()),
            JuryEvent::RevealsClosed => self.result = Some(tally(&self.case, &self.votes())),
            JuryEvent::VerdictSeen { by, signed } => {
                self.verdicts.insert(*by, *signed);
            }
            JuryEvent::Equivocated { by, proof } => {
                self.equivocations.insert(*by, proof.clone());
            }
            JuryEvent::Ended { outcome } => self.outcome = Some(outcome.clone()),
        }
    }

    /// What the passing of time alone brings.
    #[must_use]
    pub fn on_time(&self, now: Timestamp) -> Vec<JuryEvent> {
        self.with_consequences(Vec::new(), now)
    }

    /// When time alone will bring something, if anything is still awaited.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.outcome.is_some() {
            None
        } else if self.closed.is_none() {
            Some(self.case.commits_close())
        } else if self.result.is_none() {
            Some(self.case.reveals_close())
        } else {
            Some(self.case.ends())
        }
    }

    fn with_consequences(&self, mut events: Vec<JuryEvent>, now: Timestamp) -> Vec<JuryEvent> {
        let mut after = self.clone();
        for event in &events {
            after.apply(event);
        }
        while let Some(event) = after.next_step(now) {
            after.apply(&event);
            events.push(event);
        }
        events
    }

    /// The next thing that follows from what is known and the time, if any.
    fn next_step(&self, now: Timestamp) -> Option<JuryEvent> {
        if self.outcome.is_some() {
            return None;
        }
        let Some(closed) = &self.closed else {
            let over = now >= self.case.commits_close() || self.all_have_relayed_all();
            return over.then_some(JuryEvent::CommitsClosed);
        };
        match &self.result {
            None => self.next_reveal(closed, now),
            Some(Err(missing)) => Some(JuryEvent::Ended { outcome: self.without_quorum(missing.clone()) }),
            Some(Ok(_)) => self.next_signature(now),
        }
    }

    fn next_reveal(&self, closed: &BTreeMap<Address, B256>, now: Timestamp) -> Option<JuryEvent> {
        if let Some(own) = &self.own
            && !self.reveals.contains_key(&self.me)
            && closed.get(&self.me) == Some(&commitment(own))
            && self.arrives(now) <= self.case.reveal_until(0)
        {
            let relays = Relays::new();
            return Some(JuryEvent::RevealSeen { author: self.me, ballot: own.clone(), relays });
        }
        let all = closed.keys().all(|author| self.reveals.contains_key(author));
        (all || now >= self.case.reveals_close()).then_some(JuryEvent::RevealsClosed)
    }

    fn next_signature(&self, now: Timestamp) -> Option<JuryEvent> {
        let held = self.verdict().map_or(0, |(_, signatures)| signatures.len());
        if held >= usize::from(self.case.quorum) {
            return Some(JuryEvent::Ended { outcome: Outcome::Judged });
        }
        let signatures = u8::try_from(held).expect("invariant: fewer than a quorum, which is a u8");
        let missing = NoQuorum::TooFewSignatures { signatures, quorum: self.case.quorum };
        (now >= self.case.ends()).then(|| JuryEvent::Ended { outcome: self.without_quorum(missing) })
    }

    fn without_quorum(&self, missing: NoQuorum) -> Outcome {
        if self.case.last_run { Outcome::NotJudged { missing } } else { Outcome::NextRun { missing } }
    }

    /// Whether every member is known to hold exactly one commitment of every member.
    fn all_have_relayed_all(&self) -> bool {
        self.case.members.keys().all(|author| {
            let Some([only]) = self.commits.get(author).map(Vec::as_slice) else { return false };
            self.case.members.keys().all(|member| member == author || only.relays.contains_key(member))
        })
    }

    fn single_commits(&self) -> BTreeMap<Address, B256> {
        let single = |(author, seen): (&Address, &Vec<Seen<SignedCommit>>)| match seen.as_slice() {
            [only] => Some((*author, only.item.commit)),
            [] | [_, _, ..] => None,
        };
        self.commits.iter().filter_map(single).collect()
    }

    fn apply_relay(&mut self, digest: B256, by: Address, signature: EthSignature) {
        let case = &self.case;
        for (author, commits) in &mut self.commits {
            for seen in commits {
                if relay_of_commit(case, *author, seen.item.commit) == digest {
                    seen.relays.insert(by, signature);
                }
            }
        }
        for (author, seen) in &mut self.reveals {
            if relay_of_reveal(case, *author, &seen.item) == digest {
                seen.relays.insert(by, signature);
            }
        }
    }

    /// When something sent now has reached everybody.
    const fn arrives(&self, now: Timestamp) -> Timestamp {
        now.plus(core::time::Duration::from_millis(self.case.timing.relay_ms))
    }

    fn others(&self) -> BTreeSet<Address> {
        self.case.members.keys().copied().filter(|member| *member != self.me).collect()
    }

    fn verdict_digest(&self, signed: &SignedVerdict) -> B256 {
        let Case { deal, milestone, round, attempt, evidence, .. } = &self.case;
        let verdict = Verdict {
            deal: deal.word(),
            milestone: milestone.0,
            round: *round,
            attempt: *attempt,
            sellerBps: signed.seller_share.get(),
            evidence: evidence.word(),
            votes: signed.votes,
        };
        verdict.digest(&self.case.contracts)
    }
}

fn relay_of_commit(case: &Case, author: Address, commit: B256) -> B256 {
    case.relay_digest(author, case.commit_digest(commit))
}

fn relay_of_reveal(case: &Case, author: Address, ballot: &Document<Ballot>) -> B256 {
    let subject = Transcript::new("nuncio/reveal/1").field(commitment(ballot)).finish();
    case.relay_digest(author, subject.into())
}

#[cfg(test)]
mod tests;
