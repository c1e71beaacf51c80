//! Standing among strangers, computed by everyone from the same settled records.
//!
//! A rating counts only where it refers to a deal that settled, or was ruled on, between the two. Its
//! weight grows with the deal's value up to 100 USDC and is nothing for a deal without a fee or with
//! oneself; per rater, subject and day the newest one counts. It counts as much as its rater is
//! credible ([`Score::credibility`], walked from the published seeds). Two grades come out, and a
//! careful reader goes by the worse:
//!
//! - **risk** forgets praise in 60 days and complaints in 120, and takes a complaint four times;
//! - **standing** forgets in two years and takes both alike, so that slander moves it little.
//!
//! With `P` the praise and `B` the complaints so weighed, a grade is
//! `(P + 0.6) / (P + B + 1) · P / (P + 0.1)`. Both grades are nothing where nobody credible has
//! spoken: new identities are free, so an unknown one starts at the bottom.
//!
//! Everything is whole numbers in units of 2^-32, members in the order of the bytes of their DIDs,
//! records in the order of the chain, so that any third party gets the same bytes:
//! `records_root` and `parameters_hash` give `scores_root`.
//!
//! What counts as a record is read from the ledger in [`settled`].
//!
//! Deliberately absent: private views, allegations that nobody ruled on.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

mod fixed;
pub mod settled;
pub mod statement;
mod walk;

use fixed::{Decay, Fixed, ONE, divided, times, weight_of};
use walk::Tie;

use crate::{
    did::Did,
    ids::DealId,
    money::{Bps, Usdc},
    transcript::Transcript,
};

/// The most ratings that explain one score.
const EXPLAINED_MAX: usize = 8;

/// One rating that counts: given on a deal that settled, or was ruled on, on chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The deal.
    pub deal: DealId,
    /// Who rates.
    pub rater: Did,
    /// Who is rated.
    pub subject: Did,
    /// The account that answers for the rater.
    pub rater_principal: Address,
    /// The account that answers for the subject.
    pub subject_principal: Address,
    /// What the deal was worth.
    pub value: Usdc,
    /// What was paid for judging it; a deal without a fee costs nothing to fake.
    pub fee: Usdc,
    /// The day of the rating, in days since the Unix epoch.
    pub day: u32,
    /// Praise, or a complaint.
    pub positive: bool,
}

impl Record {
    /// Decides what praise is: 50 of 100 and more. On chain a rating may have any size.
    #[must_use]
    pub const fn is_praise(value: i128) -> bool {
        value >= 50
    }

    fn weight(&self) -> Fixed {
        let self_dealt = self.rater == self.subject || self.rater_principal == self.subject_principal;
        if self_dealt || self.fee == Usdc::ZERO { 0 } else { weight_of(self.value) }
    }
}

/// What a computation depends on besides the records; published with its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The members that credibility starts from.
    pub seeds: BTreeSet<Did>,
    /// The day that the scores are for, in days since the Unix epoch; later records count as of it.
    pub day: u32,
}

/// What is known of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// How much the member's own word counts, in units of 2^-32, at most one.
    pub credibility: u64,
    /// The grade for prices and admission: 10 000 is best.
    pub risk: Bps,
    /// The grade for discovery and tiers: 10 000 is best.
    pub standing: Bps,
    /// How much was said, by weight and credibility, unfaded, in units of 2^-32.
    pub evidence: u64,
    /// Ratings of praise that count.
    pub praises: u32,
    /// Complaints that count.
    pub complaints: u32,
    /// Deals that the member was rated on.
    pub deals: u32,
    /// What these deals were worth together; beside the grades, never in them.
    pub volume: Usdc,
    /// The ratings that weigh most in the standing, the heaviest first.
    pub because: Vec<Because>,
}

/// A rating that explains a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// On which deal.
    pub deal: DealId,
    /// Who rated.
    pub rater: Did,
    /// When, in days since the Unix epoch.
    pub day: u32,
    /// Praise, or a complaint.
    pub positive: bool,
    /// What it weighs today, in units of 2^-32.
    pub weight: u64,
}

/// The grade `(P + 0.6) / (P + B + 1) · P / (P + 0.1)`.
fn grade(praise: Fixed, blame: Fixed) -> Bps {
    let prior =
        divided(praise.saturating_add(ONE * 6 / 10), praise.saturating_add(blame).saturating_add(ONE));
    let known = divided(praise, praise.saturating_add(ONE / 10));
    let bps = (u128::from(times(prior, known)) * 10_000) >> 32;
    let bps = u16::try_from(bps).expect("invariant: both factors are at most one");
    Bps::new(bps).expect("invariant: both factors are at most one")
}

/// Computes everybody's score. Records must be in the order of the chain (block, log index).
#[must_use]
pub fn scores(records: &[Record], parameters: &Parameters) -> BTreeMap<Did, Score> {
    let units = units(records);
    let members: BTreeSet<Did> = records
        .iter()
        .flat_map(|record| [record.rater, record.subject])
        .chain(parameters.seeds.iter().copied())
        .collect();
    let number: BTreeMap<Did, usize> = members.iter().copied().zip(0..).collect();
    let seeds: Vec<usize> = parameters.seeds.iter().map(|seed| number[seed]).collect();
    let credibility = walk::credibility(members.len(), &seeds, &ties(&units, &number));

    let fade = Fade::new();
    let mut books = vec![Book::default(); members.len()];
    for ((rater, subject, day), unit) in &units {
        let book = &mut books[number[subject]];
        book.enter(*rater, *day, unit, times(credibility[number[rater]], unit.weight), parameters, &fade);
    }
    for ((deal, subject), value) in deals(records) {
        books[number[&subject]].settle(deal, value);
    }
    let closed = books.into_iter().zip(credibility).map(|(book, credibility)| book.close(credibility));
    members.into_iter().zip(closed).collect()
}

/// One rating that counts: the newest of its rater, subject and day.
#[derive(Clone, Copy, Debug)]
struct Unit {
    deal: DealId,
    weight: Fixed,
    positive: bool,
}

fn units(records: &[Record]) -> BTreeMap<(Did, Did, u32), Unit> {
    let weighed = records.iter().map(|record| (record, record.weight())).filter(|(_, weight)| *weight > 0);
    let unit = |(record, weight): (&Record, Fixed)| {
        (
            (record.rater, record.subject, record.day),
            Unit { deal: record.deal, weight, positive: record.positive },
        )
    };
    weighed.map(unit).collect()
}

fn ties(units: &BTreeMap<(Did, Did, u32), Unit>, number: &BTreeMap<Did, usize>) -> Vec<Tie> {
    let mut ties: Vec<Tie> = Vec::new();
    for ((rater, subject, _), unit) in units {
        let (rater, subject) = (number[rater], number[subject]);
        let praise = if unit.positive { unit.weight } else { 0 };
        match ties.last_mut() {
            Some(tie) if tie.rater == rater && tie.subject == subject => {
                tie.praise = tie.praise.saturating_add(praise);
                tie.all = tie.all.saturating_add(unit.weight);
            }
            Some(_) | None => ties.push(Tie { rater, subject, praise, all: unit.weight }),
        }
    }
    ties
}

fn deals(records: &[Record]) -> BTreeMap<(DealId, Did), Usdc> {
    records.iter().map(|record| ((record.deal, record.subject), record.value)).collect()
}

/// The three tables of the two grades.
struct Fade {
    days_60: Decay,
    days_120: Decay,
    days_730: Decay,
}

impl Fade {
    fn new() -> Self {
        Self { days_60: Decay::days_60(), days_120: Decay::days_120(), days_730: Decay::days_730() }
    }
}

/// A member's account while it is being added up.
#[derive(Clone, Debug, Default)]
struct Book {
    recent: [Fixed; 2],
    lasting: [Fixed; 2],
    evidence: Fixed,
    praises: u32,
    complaints: u32,
    deals: BTreeSet<DealId>,
    volume: Usdc,
    because: Vec<Because>,
}

impl Book {
    fn enter(
        &mut self,
        rater: Did,
        day: u32,
        unit: &Unit,
        mass: Fixed,
        parameters: &Parameters,
        fade: &Fade,
    ) {
        let age = parameters.day.saturating_sub(day);
        let lasting = times(mass, fade.days_730.after(age));
        let (side, recent) = if unit.positive {
            self.praises += 1;
            (0, times(mass, fade.days_60.after(age)))
        } else {
            self.complaints += 1;
            (1, times(mass, fade.days_120.after(age)).saturating_mul(4))
        };
        self.recent[side] = self.recent[side].saturating_add(recent);
        self.lasting[side] = self.lasting[side].saturating_add(lasting);
        self.evidence = self.evidence.saturating_add(mass);
        if lasting > 0 {
            let at = self.because.partition_point(|other| other.weight >= lasting);
            self.because.insert(
                at,
                Because { deal: unit.deal, rater, day, positive: unit.positive, weight: lasting },
            );
            self.because.truncate(EXPLAINED_MAX);
        }
    }

    fn settle(&mut self, deal: DealId, value: Usdc) {
        if self.deals.insert(deal) {
            self.volume = Usdc(self.volume.0.saturating_add(value.0));
        }
    }

    fn close(self, credibility: Fixed) -> Score {
        Score {
            credibility,
            risk: grade(self.recent[0], self.recent[1]),
            standing: grade(self.lasting[0], self.lasting[1]),
            evidence: self.evidence,
            praises: self.praises,
            complaints: self.complaints,
            deals: u32::try_from(self.deals.len()).unwrap_or(u32::MAX),
            volume: self.volume,
            because: self.because,
        }
    }
}

/// The hash over all records in their order.
#[must_use]
pub fn records_root(records: &[Record]) -> [u8; 32] {
    let mut hash = Transcript::new("nuncio/ratings/1");
    for record in records {
        hash = hash
            .field(record.deal.as_bytes())
            .field(record.rater.key())
            .field(record.subject.key())
            .field(record.rater_principal)
            .field(record.subject_principal)
            .field(record.value.0.to_be_bytes())
            .field(record.fee.0.to_be_bytes())
            .field(record.day.to_be_bytes())
            .field([u8::from(record.positive)]);
    }
    hash.finish()
}

/// The hash over the parameters; the algorithm's own constants stand behind the label.
#[must_use]
pub fn parameters_hash(parameters: &Parameters) -> [u8; 32] {
    let hash = Transcript::new("nuncio/reputation/1").field(parameters.day.to_be_bytes());
    parameters.seeds.iter().fold(hash, |hash, seed| hash.field(seed.key())).finish()
}

/// The hash over everybody's numbers, in the order of the bytes of their DIDs.
#[must_use]
pub fn scores_root(scores: &BTreeMap<Did, Score>) -> [u8; 32] {
    let mut hash = Transcript::new("nuncio/scores/1");
    for (member, score) in scores {
        hash = hash
            .field(member.key())
            .field(score.credibility.to_be_bytes())
            .field(score.risk.get().to_be_bytes())
            .field(score.standing.get().to_be_bytes())
            .field(score.evidence.to_be_bytes())
            .field(score.praises.to_be_bytes())
            .field(score.complaints.to_be_bytes())
            .field(score.deals.to_be_bytes())
            .field(score.volume.0.to_be_bytes());
    }
    hash.finish()
}

#[cfg(test)]
mod tests;
