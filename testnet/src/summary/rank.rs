//! Which sentences of a corpus carry the most of it: a random walk over the graph of their likeness.
//!
//! Each sentence is a vector of its content words, weighted by how rare a word is in the corpus
//! (tf–idf) and scaled to length one. Two sentences are linked by their cosine; each keeps its
//! nearest neighbours only, so that the graph stays sparse. The importance of a sentence is its share
//! of a damped random walk over the links (PageRank on sentences, known as TextRank), found by
//! power iteration.
//!
//! Everything is computed in one fixed order, so the same corpus gives the same ranks.
//!
//! Deliberately absent: randomness, parallelism, any knowledge of the language but a list of words
//! that say little.

use std::collections::BTreeMap;

/// The chance that the walk follows a link and does not jump anywhere.
const DAMPING: f64 = 0.85;
/// Links kept for one sentence, at most.
const NEIGHBOURS_MAX: usize = 24;
/// A cosine below this is chance.
const LIKENESS_MIN: f64 = 0.05;
/// Rounds of the power iteration, at most; the change shrinks by [`DAMPING`] in each.
const ROUNDS_MAX: usize = 120;
/// The iteration ends when no more than this share of the walk still moves.
const STILL: f64 = 1e-9;

/// English words that say little about what a sentence is about, sorted.
const STOPWORDS: [&str; 116] = [
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "although",
    "among",
    "and",
    "any",
    "are",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "can",
    "cannot",
    "could",
    "did",
    "does",
    "during",
    "each",
    "either",
    "even",
    "every",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "her",
    "here",
    "him",
    "his",
    "how",
    "however",
    "into",
    "its",
    "itself",
    "just",
    "less",
    "made",
    "make",
    "many",
    "may",
    "might",
    "more",
    "most",
    "much",
    "must",
    "nor",
    "not",
    "now",
    "off",
    "once",
    "one",
    "only",
    "other",
    "our",
    "out",
    "over",
    "own",
    "said",
    "same",
    "shall",
    "she",
    "should",
    "since",
    "some",
    "still",
    "such",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "three",
    "through",
    "thus",
    "too",
    "two",
    "under",
    "until",
    "upon",
    "very",
    "was",
    "were",
    "what",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "within",
    "would",
    "you",
];

/// The vectors of a corpus' sentences.
#[derive(Debug)]
pub(super) struct Vectors {
    /// For each sentence its (word number, weight), by word number, of length one or empty.
    rows: Vec<Vec<(usize, f64)>>,
    words: usize,
}

impl Vectors {
    pub(super) fn new<'a>(sentences: impl IntoIterator<Item = &'a str>) -> Self {
        let mut numbers = BTreeMap::new();
        let mut rows: Vec<BTreeMap<usize, f64>> = Vec::new();
        for sentence in sentences {
            let mut row = BTreeMap::new();
            for word in content_words(sentence) {
                let next = numbers.len();
                *row.entry(*numbers.entry(word).or_insert(next)).or_insert(0.0) += 1.0;
            }
            rows.push(row);
        }
        let mut seen_in = vec![0_u32; numbers.len()];
        for number in rows.iter().flat_map(BTreeMap::keys) {
            seen_in[*number] += 1;
        }
        let all = rows.len() as f64;
        let weigh = |(number, count): (usize, f64)| {
            (number, (1.0 + count.ln()) * (1.0 + all / f64::from(seen_in[number])).ln())
        };
        let rows = rows.into_iter().map(|row| unit(row.into_iter().map(weigh).collect())).collect();
        Self { rows, words: numbers.len() }
    }

    /// The cosine of two sentences, 0 to 1.
    pub(super) fn likeness(&self, a: usize, b: usize) -> f64 {
        let (mut left, mut right) = (self.rows[a].iter().peekable(), self.rows[b].iter().peekable());
        let mut sum = 0.0;
        while let (Some((i, x)), Some((j, y))) = (left.peek(), right.peek()) {
            match i.cmp(j) {
                std::cmp::Ordering::Less => drop(left.next()),
                std::cmp::Ordering::Greater => drop(right.next()),
                std::cmp::Ordering::Equal => {
                    sum += x * y;
                    left.next();
                    right.next();
                }
            }
        }
        sum
    }

    /// Each sentence's share of the walk; all of them together are 1.
    pub(super) fn importance(&self) -> Vec<f64> {
        let links = self.links();
        let count = self.rows.len();
        let even = 1.0 / count as f64;
        let mut shares = vec![even; count];
        for _ in 0..ROUNDS_MAX {
            let mut next = vec![0.0; count];
            let mut stranded = 0.0;
            for (from, row) in links.iter().enumerate() {
                if row.is_empty() {
                    stranded += shares[from];
                }
                for (to, weight) in row {
                    next[*to] += shares[from] * weight;
                }
            }
            for share in &mut next {
                *share = (1.0 - DAMPING) * even + DAMPING * (*share + stranded * even);
            }
            let moved: f64 = shares.iter().zip(&next).map(|(old, new)| (old - new).abs()).sum();
            shares = next;
            if moved < STILL {
                break;
            }
        }
        shares
    }

    /// For each sentence its nearest others with weights that add up to one.
    fn links(&self) -> Vec<Vec<(usize, f64)>> {
        let mut with_word: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.words];
        for (at, row) in self.rows.iter().enumerate() {
            for (word, weight) in row {
                with_word[*word].push((at, *weight));
            }
        }
        // A word in a large part of the corpus links everything to everything and tells nothing apart.
        let common = (self.rows.len() / 5).max(NEIGHBOURS_MAX);
        let mut likeness = vec![0.0; self.rows.len()];
        let mut links = Vec::with_capacity(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            let mut touched = Vec::new();
            for (word, weight) in row.iter().filter(|(word, _)| with_word[*word].len() <= common) {
                for (other, other_weight) in with_word[*word].iter().filter(|(other, _)| *other != at) {
                    if likeness[*other] == 0.0 {
                        touched.push(*other);
                    }
                    likeness[*other] += weight * other_weight;
                }
            }
            let mut near: Vec<(usize, f64)> =
                touched.into_iter().map(|other| (other, std::mem::take(&mut likeness[other]))).collect();
            near.retain(|(_, cosine)| *cosine >= LIKENESS_MIN);
            near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            near.truncate(NEIGHBOURS_MAX);
            let sum: f64 = near.iter().map(|(_, cosine)| cosine).sum();
            links.push(near.into_iter().map(|(other, cosine)| (other, cosine / sum)).collect());
        }
        links
    }
}

/// Words of three letters or more that are no stopwords, lowercase, plural endings cut; numbers as they are.
fn content_words(sentence: &str) -> impl Iterator<Item = String> + '_ {
    sentence.split(|c: char| !c.is_alphanumeric()).filter_map(|word| {
        let lower = word.to_lowercase();
        if lower.chars().count() < 3 || STOPWORDS.binary_search(&lower.as_str()).is_ok() {
            return None;
        }
        let plural = lower.len() > 4 && lower.ends_with('s') && !lower.ends_with("ss");
        Some(if plural { lower[..lower.len() - 1].to_owned() } else { lower })
    })
}

fn unit(mut row: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
    let length = row.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
    for (_, weight) in &mut row {
        *weight /= length;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stopwords_are_sorted_so_that_they_can_be_searched() {
        assert!(STOPWORDS.is_sorted());
    }

    #[test]
    fn the_sentence_that_the_others_speak_of_ranks_first() {
        let sentences = [
            "The bridge inspection found cracks in the northern pier.",
            "Cracks in a pier were not known before the inspection of the bridge.",
            "The northern pier will be repaired before the bridge opens.",
            "Lunch was served at noon by volunteers.",
            "The repaired bridge needs another inspection.",
        ];
        let shares = Vectors::new(sentences).importance();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let least = (0..sentences.len()).min_by(|a, b| shares[*a].total_cmp(&shares[*b]));
        assert_eq!(least, Some(3));
    }

    #[test]
    fn a_sentence_is_like_itself_and_unlike_what_shares_no_word() {
        let vectors =
            Vectors::new(["Salt prices rose sharply.", "Salt prices rose sharply.", "Nobody came.", ""]);
        assert!((vectors.likeness(0, 1) - 1.0).abs() < 1e-9);
        assert_eq!(vectors.likeness(0, 2), 0.0);
        assert_eq!(vectors.likeness(3, 3), 0.0);
        assert_eq!(vectors.importance().len(), 4);
    }
}
