//! The work that the seller is paid for: an extractive summary of a corpus of filings.
//!
//! The texts are split into sentences, the sentences ranked by a random walk over their likeness,
//! and the best are quoted, each with its file and byte offset, so that anybody can check every quote
//! against the source. The three stages of the work differ in what is chosen:
//!
//! - *draft*: the best sentence of each filing, nothing more;
//! - *revised*: about a twelfth of all sentences, the best of the corpus, every filing heard;
//! - *final*: about an eighth, where each next sentence must add something new (maximal marginal
//!   relevance), and near repetitions are left out.
//!
//! A corpus without a sentence is refused openly: its answer is marked so and nothing is quoted.
//!
//! Deliberately absent: any sentence that is not in the source.

mod rank;
mod sentence;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::rank::Vectors;
pub use self::sentence::{Sentence, sentences};
use crate::corpus::Filing;

/// The task schema that a summary answers to.
pub const TASK: &str = "filing-summary/1";
/// The JSON Schema of a delivered summary; the pact's clause on output structure names exactly this.
pub const SCHEMA: &str = include_str!("../schemas/filing-summary.json");
/// What a summary answers to; the pact's clause on refusals names exactly this.
pub const ANSWER: &str = "corpus";
/// Quotes in one summary, at most.
pub const QUOTES_MAX: usize = 64;

/// Shorter sentences say too little to stand alone, longer ones are mostly tables.
const WORDS: std::ops::RangeInclusive<usize> = 6..=80;
/// How much relevance weighs against novelty when the final is chosen.
const RELEVANCE: f64 = 0.7;
/// Two sentences more alike than this say the same.
const REPETITION: f64 = 0.6;

/// How far the work has come; one per milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The first milestone: one sentence of each filing.
    Draft,
    /// The second: the most important sentences, every filing heard.
    Revised,
    /// The third: more sentences, without repetition.
    Final,
}

impl Stage {
    /// The stages in the order of their milestones.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Revised, Self::Final];
}

/// What is delivered, as `summary.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Always [`TASK`].
    pub task: String,
    /// Which of the three it is.
    pub stage: Stage,
    /// The quotes, most important first.
    pub sentences: Vec<Quote>,
    /// One answer, to [`ANSWER`]: whether the work was declined; then there are no quotes.
    pub answers: Vec<Answer>,
}

/// Whether one thing that was asked for was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What was asked for.
    pub id: String,
    /// Whether it was declined.
    pub refused: bool,
}

/// A sentence of the source, verbatim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// The name of the filing.
    pub file: String,
    /// Where the sentence begins in it, in bytes of UTF-8.
    pub offset: u64,
    /// The sentence.
    pub quote: String,
    /// Its place by importance, from 1.
    pub rank: u32,
}

struct Candidate<'a> {
    file: usize,
    sentence: Sentence<'a>,
}

/// Summarises filings at one stage. The same filings give the same summary.
#[must_use]
pub fn summarise(filings: &[Filing], stage: Stage) -> Summary {
    let candidates = candidates(filings);
    let vectors = Vectors::new(candidates.iter().map(|candidate| candidate.sentence.text));
    let importance = vectors.importance();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]).then(a.cmp(b)));
    let heard = best_of_each_file(&order, &candidates);
    let chosen = match stage {
        Stage::Draft => heard,
        Stage::Revised => filled(heard, &order, candidates.len() / 12),
        Stage::Final => novel(&order, &importance, &vectors, &candidates, candidates.len() / 8),
    };
    let quotes = order.iter().filter(|at| chosen.contains(at)).zip(1..).map(|(at, rank)| {
        let Candidate { file, sentence } = &candidates[*at];
        Quote {
            file: filings[*file].name.clone(),
            offset: sentence.offset as u64,
            quote: sentence.text.to_owned(),
            rank,
        }
    });
    let sentences: Vec<_> = quotes.collect();
    let answer = Answer { id: ANSWER.to_owned(), refused: sentences.is_empty() };
    Summary { task: TASK.to_owned(), stage, sentences, answers: vec![answer] }
}

/// Sentences that can stand alone; where a filing has none, all of its sentences.
fn candidates(filings: &[Filing]) -> Vec<Candidate<'_>> {
    let mut all = Vec::new();
    for (file, filing) in filings.iter().enumerate() {
        let found = sentences(&filing.text);
        let printable = |s: &&Sentence<'_>| {
            !s.text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        };
        let stands_alone = |s: &&Sentence<'_>| WORDS.contains(&s.text.split_whitespace().count());
        let any = found.iter().filter(printable).any(|s| stands_alone(&s));
        let kept = found.iter().filter(printable).filter(|s| !any || stands_alone(s));
        all.extend(kept.map(|sentence| Candidate { file, sentence: *sentence }));
    }
    all
}

/// The most important sentence of each filing, up to [`QUOTES_MAX`].
fn best_of_each_file(order: &[usize], candidates: &[Candidate<'_>]) -> BTreeSet<usize> {
    let mut best = BTreeMap::new();
    for at in order {
        best.entry(candidates[*at].file).or_insert(*at);
    }
    best.into_values().take(QUOTES_MAX).collect()
}

/// Adds the most important of the rest until there are `count`.
fn filled(mut chosen: BTreeSet<usize>, order: &[usize], count: usize) -> BTreeSet<usize> {
    let least = (chosen.len() * 2).min(order.len());
    for at in order {
        if chosen.len() >= count.max(least).min(QUOTES_MAX) {
            break;
        }
        chosen.insert(*at);
    }
    chosen
}

/// Chooses one by one what is important and unlike all that is chosen, every filing heard first.
fn novel(
    order: &[usize],
    importance: &[f64],
    vectors: &Vectors,
    candidates: &[Candidate<'_>],
    count: usize,
) -> BTreeSet<usize> {
    let mut chosen = best_of_each_file(order, candidates);
    let count = count.max(chosen.len() * 3).min(QUOTES_MAX).min(order.len());
    let Some(top) = order.first().map(|at| importance[*at]) else { return chosen };
    // Each candidate's likeness to the nearest chosen one, kept up to date as the choice grows.
    let mut nearest: Vec<f64> = (0..candidates.len())
        .map(|at| chosen.iter().map(|other| vectors.likeness(at, *other)).fold(0.0, f64::max))
        .collect();
    while chosen.len() < count {
        let worth = |at: usize| RELEVANCE * importance[at] / top - (1.0 - RELEVANCE) * nearest[at];
        let open = order.iter().copied().filter(|at| !chosen.contains(at) && nearest[*at] <= REPETITION);
        let Some(next) = open.max_by(|a, b| worth(*a).total_cmp(&worth(*b)).then(b.cmp(a))) else { break };
        chosen.insert(next);
        for (at, near) in nearest.iter_mut().enumerate() {
            *near = near.max(vectors.likeness(at, next));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::Corpus;

    fn filings() -> Vec<Filing> {
        Corpus::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap().filings
    }

    #[test]
    fn every_quote_is_verbatim_at_its_offset() {
        let filings = filings();
        for stage in Stage::ALL {
            for quote in summarise(&filings, stage).sentences {
                let source = filings.iter().find(|filing| filing.name == quote.file).unwrap();
                let from = usize::try_from(quote.offset).unwrap();
                assert_eq!(&source.text[from..from + quote.quote.len()], quote.quote);
            }
        }
    }

    #[test]
    fn each_stage_says_more_than_the_one_before_and_hears_every_filing() {
        let filings = filings();
        let all = Stage::ALL.map(|stage| summarise(&filings, stage));
        assert_eq!(all[0].sentences.len(), filings.len());
        for pair in all.windows(2) {
            assert!(pair[0].sentences.len() < pair[1].sentences.len());
        }
        for summary in &all {
            let heard: BTreeSet<_> = summary.sentences.iter().map(|quote| &quote.file).collect();
            assert_eq!(heard.len(), filings.len());
            let ranks: Vec<_> = summary.sentences.iter().map(|quote| quote.rank).collect();
            assert!(ranks.iter().copied().eq(1..=u32::try_from(ranks.len()).unwrap()));
        }
    }

    #[test]
    fn the_final_repeats_nothing() {
        let filings = filings();
        let done = summarise(&filings, Stage::Final);
        let vectors = Vectors::new(done.sentences.iter().map(|quote| quote.quote.as_str()));
        for a in 0..done.sentences.len() {
            for b in 0..a {
                assert!(vectors.likeness(a, b) < 0.8, "{:?} {:?}", done.sentences[a], done.sentences[b]);
            }
        }
        let mut twice = filings.clone();
        twice.extend(
            filings.iter().map(|f| Filing { name: format!("copy-{}", f.name), text: f.text.clone() }),
        );
        let most = summarise(&twice, Stage::Final);
        let mut quotes: Vec<_> = most.sentences.iter().map(|quote| &quote.quote).collect();
        let all = quotes.len();
        quotes.sort();
        quotes.dedup();
        // Every file is heard once, a copy too; beyond that nothing is said twice.
        assert!(all - quotes.len() <= filings.len(), "{} repetitions", all - quotes.len());
    }

    #[test]
    fn the_same_filings_give_the_same_summary() {
        let filings = filings();
        for stage in Stage::ALL {
            assert_eq!(summarise(&filings, stage), summarise(&filings, stage));
        }
    }

    #[test]
    fn nothing_to_summarise_is_refused_openly() {
        let refusal =
            summarise(&[Filing { name: "empty.txt".into(), text: "HEADING ONLY".into() }], Stage::Draft);
        assert!(refusal.answers[0].refused && refusal.sentences.is_empty());
    }

    #[test]
    fn what_is_delivered_fits_the_schema_that_the_pact_names() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let check = jsonschema::validator_for(&schema).unwrap();
        for stage in Stage::ALL {
            let summary = serde_json::to_value(summarise(&filings(), stage)).unwrap();
            assert!(check.is_valid(&summary));
        }
        let refusal = serde_json::to_value(summarise(&[], Stage::Final)).unwrap();
        assert!(check.is_valid(&refusal));
        let mut wrong = refusal;
        wrong["answers"][0]["refused"] = false.into();
        assert!(!check.is_valid(&wrong), "neither refused nor a quote");
    }
}
