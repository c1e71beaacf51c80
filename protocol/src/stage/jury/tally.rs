//! From revealed votes to one verdict: a pure function of the set, the same for every reader.
//!
//! For each clause the lower median of the revealed scores is held against the clause's threshold;
//! what passes and fails gives the seller's share by the pact's terms. Fewer reveals than the quorum,
//! or fewer scores than the quorum on any clause, decide nothing.
//!
//! A ballot whose juror could read nothing of the evidence is the lowest score on every clause. So where
//! such ballots reach the lower median the share is nothing, whatever the clauses are, and a juror who
//! does not know them can say so too. Where they do not, it cannot count the others.
//!
//! # The bytes
//!
//! `field` is as in [`crate::transcript`]; milestone, round and attempt are one byte each. A juror
//! commits to the id of its ballot, which names the juror, so that nobody can commit to a copy of
//! another's, and has a random salt, so that nobody can guess it.
//!
//! ```text
//! votes = SHA-256( field("nuncio/votes/1") ‖ field(deal) ‖ field(milestone ‖ round ‖ attempt)
//!                ‖ field(evidence) ‖ for each commitment, by ascending account of its juror:
//!                  field(account, 20 bytes) ‖ field(commitment, 32 bytes)
//!                  ‖ field("revealed" or nothing) )
//! ```
//!
//! Deliberately absent: signatures, time, who may sit on a panel.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use super::{case::Case, message::RunId};
use crate::{
    clause::{Term, Terms},
    did::Did,
    document::{Ballot, Chain, ClauseVerdict, Document, Salt, VerdictPaper},
    ids::{ContentHash, PaperId},
    money::Bps,
    text::Token,
    transcript::Transcript,
};

/// What a juror commits to: the id of its ballot.
#[must_use]
pub fn commitment(ballot: &Document<Ballot>) -> B256 {
    ballot.id().word()
}

/// One juror's part in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The commitment.
    pub commit: B256,
    /// The ballot, if it was revealed in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ballot: Option<Document<Ballot>>,
}

/// What became of one clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClauseTally {
    /// The lower median of the scores.
    pub median: Bps,
    /// Whether it reaches the clause's threshold.
    pub passed: bool,
    /// The share of the scores that lie on the same side of the threshold.
    pub agreed: Bps,
}

/// One run's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Clause by clause.
    pub clauses: BTreeMap<Token, ClauseTally>,
    /// The seller's share of the milestone.
    pub seller_share: Bps,
    /// The share of all scores that agree with the result of their clause.
    pub consensus: Bps,
    /// The hash over all commitments and reveals that the verdict names.
    pub votes: B256,
}

/// Says why a run decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NoQuorum {
    /// Too few members revealed a ballot.
    #[error("{revealed} ballots were revealed, {quorum} are needed")]
    TooFewReveals {
        /// Ballots revealed in time.
        revealed: u8,
        /// Votes that decide.
        quorum: u8,
    },
    /// Too many abstained on one clause.
    #[error("{scores} scores on the clause {clause}, {quorum} are needed")]
    TooManyAbstain {
        /// The clause.
        clause: Token,
        /// Scores given.
        scores: u8,
        /// Votes that decide.
        quorum: u8,
    },
    /// This juror read nothing, but so many did that it cannot say what they found.
    #[error("{unread} of {revealed} could read nothing, which does not decide for those who could")]
    OthersRead {
        /// Ballots that say so.
        unread: u8,
        /// Ballots revealed in time.
        revealed: u8,
    },
    /// A tally was reached, but too few members signed it in time.
    #[error("{signatures} members signed the verdict, {quorum} are needed")]
    TooFewSignatures {
        /// Signatures held.
        signatures: u8,
        /// Signatures that decide.
        quorum: u8,
    },
}

/// Counts the votes of a run. A ballot that is not the committed one, or does not belong to the run,
/// is taken as not revealed; a machine that follows the rules never hands any over.
///
/// # Errors
/// [`NoQuorum`] when too few spoke.
pub fn tally(case: &Case, votes: &BTreeMap<Address, Vote>) -> Result<Tally, NoQuorum> {
    let quorum = case.quorum;
    let ballots: Vec<_> = revealed(case, votes).into_values().collect();
    if ballots.len() < usize::from(quorum) {
        return Err(NoQuorum::TooFewReveals { revealed: small(ballots.len()), quorum });
    }
    let Some(terms) = &case.terms else { return tally_unread(case, votes, &ballots) };
    let (mut clauses, mut agreed, mut given) = (BTreeMap::new(), 0, 0);
    for (clause, term) in terms.clauses() {
        let found = Scores::of(&ballots, clause, term);
        let Some(Scores { count, median, passed, same }) = found.filter(|s| s.count >= usize::from(quorum))
        else {
            let (clause, scores) = (clause.clone(), small(found.map_or(0, |scores| scores.count)));
            return Err(NoQuorum::TooManyAbstain { clause, scores, quorum });
        };
        (agreed, given) = (agreed + same, given + count);
        clauses.insert(clause.clone(), ClauseTally { median, passed, agreed: share(same, count) });
    }
    let medians = clauses.iter().map(|(clause, tally)| (clause.clone(), tally.median)).collect();
    let seller_share = terms.seller_share(&medians);
    Ok(Tally { clauses, seller_share, consensus: share(agreed, given), votes: votes_hash(case, votes) })
}

/// The count of a juror who read nothing and does not know the clauses: nothing for the seller, where that
/// is the lower median of every clause.
fn tally_unread(
    case: &Case,
    votes: &BTreeMap<Address, Vote>,
    ballots: &[&Document<Ballot>],
) -> Result<Tally, NoQuorum> {
    let unread = ballots.iter().filter(|ballot| ballot.unread).count();
    if unread <= lower_middle(ballots.len()) {
        return Err(NoQuorum::OthersRead { unread: small(unread), revealed: small(ballots.len()) });
    }
    let (seller_share, consensus) = (Bps::ZERO, share(unread, ballots.len()));
    Ok(Tally { clauses: BTreeMap::new(), seller_share, consensus, votes: votes_hash(case, votes) })
}

/// How far ballots agree: of all scores that they give, the share on the side of its clause's median.
#[must_use]
pub fn consensus(terms: &Terms, ballots: &[&Document<Ballot>]) -> Bps {
    let scored = terms.clauses().iter().filter_map(|(clause, term)| Scores::of(ballots, clause, term));
    let (agreed, given) = scored.fold((0, 0), |(agreed, given), s| (agreed + s.same, given + s.count));
    share(agreed, given)
}

/// The clauses that fail by ballots, with the median of their scores.
#[must_use]
pub fn failed(terms: &Terms, ballots: &[&Document<Ballot>]) -> BTreeMap<Token, Bps> {
    let scored = terms.clauses().iter().filter_map(|(clause, term)| {
        let scores = Scores::of(ballots, clause, term)?;
        (!scores.passed).then(|| (clause.clone(), scores.median))
    });
    scored.collect()
}

/// What ballots say of one clause.
#[derive(Clone, Copy)]
struct Scores {
    count: usize,
    /// The lower median.
    median: Bps,
    /// Whether that reaches the threshold.
    passed: bool,
    /// Scores on the same side of the threshold.
    same: usize,
}

impl Scores {
    /// Nothing where nobody gave a score.
    fn of(ballots: &[&Document<Ballot>], clause: &Token, term: &Term) -> Option<Self> {
        let score = |ballot: &&Document<Ballot>| {
            if ballot.unread {
                return Some(Bps::ZERO);
            }
            ballot.clauses.iter().find(|result| result.clause == *clause).map(|result| result.score_bps)
        };
        let mut scores: Vec<Bps> = ballots.iter().filter_map(score).collect();
        scores.sort_unstable();
        let median = *scores.get(lower_middle(scores.len()))?;
        let passed = term.passes(median);
        let same = scores.iter().filter(|score| term.passes(**score) == passed).count();
        Some(Self { count: scores.len(), median, passed, same })
    }
}

/// The ballots that are in the tally, by the accounts of the jurors, who sign its verdict.
#[must_use]
pub fn revealed<'a>(
    case: &Case,
    votes: &'a BTreeMap<Address, Vote>,
) -> BTreeMap<Address, &'a Document<Ballot>> {
    let counted = |(account, vote): (&Address, &'a Vote)| {
        let ballot = vote.ballot.as_ref()?;
        let counts = belongs(case, *account, ballot) && commitment(ballot) == vote.commit;
        counts.then_some((*account, ballot))
    };
    votes.iter().filter_map(counted).collect()
}

/// Whether a ballot is this member's, for this run, on clauses that apply, each once and in order.
#[must_use]
pub fn belongs(case: &Case, account: Address, ballot: &Document<Ballot>) -> bool {
    let Ballot { deal, milestone, round, attempt, evidence, .. } = *ballot.content();
    let run = (deal, milestone, round, attempt, evidence);
    run == (case.deal, case.milestone, case.round, case.attempt, case.evidence)
        && ballot.chain() == Chain(case.contracts.chain_id)
        && ballot.account == account
        && case.members.get(&account) == Some(&ballot.juror)
        && ballot
            .clauses
            .iter()
            .all(|result| case.terms.as_ref().is_none_or(|terms| terms.applies(&result.clause)))
        && ballot.clauses.is_sorted_by(|a, b| a.clause < b.clause)
}

/// The verdict as a paper, the same for every juror: its salt is taken from the votes' hash, which
/// nobody can guess who has not seen the ballots.
#[must_use]
pub fn verdict_paper(
    case: &Case,
    tally: &Tally,
    votes: &BTreeMap<Address, Vote>,
) -> Option<Document<VerdictPaper>> {
    let ballots = revealed(case, votes);
    let mut ids: Vec<_> = ballots.values().map(|ballot| ballot.id()).collect();
    ids.sort_unstable();
    let mut signers: Vec<Did> = ballots.values().map(|ballot| ballot.juror).collect();
    signers.sort_unstable();
    let clause = |(clause, tally): (&Token, &ClauseTally)| {
        let (clause, pass) = (clause.clone(), tally.passed);
        ClauseVerdict { clause, pass, score_bps: tally.median }
    };
    let clauses: Vec<_> = tally.clauses.iter().map(clause).collect();
    let content = VerdictPaper {
        deal: case.deal,
        milestone: case.milestone,
        round: case.round,
        attempt: case.attempt,
        evidence: case.evidence,
        pact: case.pact,
        clauses: clauses.try_into().ok()?,
        seller_bps: tally.seller_share,
        consensus_bps: tally.consensus,
        votes: ContentHash(tally.votes.0),
        ballots: ids.try_into().ok()?,
        signers: signers.try_into().ok()?,
    };
    let mut salt = [0; 16];
    salt.copy_from_slice(&tally.votes[..16]);
    Document::new(Chain(case.contracts.chain_id), Salt(salt), content).ok()
}

fn votes_hash(case: &Case, votes: &BTreeMap<Address, Vote>) -> B256 {
    let revealed = revealed(case, votes);
    let run = RunId { deal: case.deal, milestone: case.milestone, round: case.round, attempt: case.attempt };
    let votes = votes.iter().map(|(account, vote)| (*account, vote.commit, revealed.contains_key(account)));
    votes_digest(run, case.evidence, votes)
}

/// The hash of the votes of a run: for each commitment, by ascending account, whether it was revealed.
///
/// Whoever has the commitments alone can compute it, without a ballot.
#[must_use]
pub fn votes_digest(
    run: RunId,
    evidence: PaperId,
    votes: impl IntoIterator<Item = (Address, B256, bool)>,
) -> B256 {
    let mut hash = Transcript::new("nuncio/votes/1")
        .field(run.deal.as_bytes())
        .field([run.milestone.0, run.round, run.attempt])
        .field(evidence.as_bytes());
    for (account, commit, revealed) in votes {
        let shown: &[u8] = if revealed { b"revealed" } else { b"" };
        hash = hash.field(account).field(commit).field(shown);
    }
    hash.finish().into()
}

/// The place of the lower median among this many scores in order.
const fn lower_middle(scores: usize) -> usize {
    scores.saturating_sub(1) / 2
}

fn share(part: usize, whole: usize) -> Bps {
    let bps = (part * 10_000).checked_div(whole).unwrap_or(0);
    let bps = u16::try_from(bps).expect("invariant: a part is at most the whole");
    Bps::new(bps).expect("invariant: a part is at most the whole")
}

fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}
