//! Which heads to believe when several endpoints speak, and which endpoint not to believe again.
//!
//! A head at `safe` or `finalized` counts when enough endpoints name the same hash at the same
//! number: two where there are two or three, a majority above that, the one where there is one.
//! Endpoints are never equally far, so the rule takes the highest number that enough of them have
//! reached and asks those that are ahead for their hash there.
//!
//! | what an endpoint does | what follows |
//! |---|---|
//! | another chain id | struck: it never counts again |
//! | another hash for a number it called final | struck |
//! | a final hash against enough others | struck |
//! | a safe hash against others | no agreement there; `safe` may move back |
//! | newest block more than a minute behind the best | stale: does not count until it has caught up |
//! | no answer | down: what it said of `safe` does not count until it answers |
//!
//! All endpoints lying together cannot be seen from here. The pinned code hashes of the contracts
//! and the limits on value bound the harm.
//!
//! Deliberately absent: latency, cost and choice of endpoints to write to: everything is handed to all.

use std::collections::BTreeMap;

use crate::{
    block::{Block, Heads, Level, Mark},
    ids::BlockHash,
};

#[cfg(test)]
mod tests;

/// An endpoint's newest block may be this far behind the best one, in seconds.
pub const STALE_SECS: u64 = 60;

/// How many numbers per level are remembered of each endpoint.
const MARKS_MAX: usize = 128;

/// An endpoint by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(pub usize);

/// Why an endpoint never counts again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Strike {
    /// It serves another chain.
    #[error("serves chain {actual} instead of {expected}")]
    WrongChain { expected: u64, actual: u64 },
    /// It gave two hashes for one final block.
    #[error("called two hashes final at {number}: {first} and {second}")]
    ChangedFinal { number: u64, first: BlockHash, second: BlockHash },
    /// It stands against enough others at a final block.
    #[error("calls {theirs} final at {number}, the others {agreed}")]
    Outvoted { number: u64, theirs: BlockHash, agreed: BlockHash },
}

/// A question that would let endpoints agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// Whom.
    pub endpoint: Endpoint,
    /// The number whose hash it should name.
    pub number: u64,
    /// The level that the hash will be counted at.
    pub level: Level,
}

/// What is known of all endpoints.
#[derive(Clone, Debug)]
pub struct Quorum {
    chain: u64,
    needed: usize,
    endpoints: Vec<Voice>,
}

#[derive(Clone, Debug, Default)]
struct Voice {
    latest: Option<Block>,
    up: bool,
    struck: Option<Strike>,
    safe: Marks,
    finalized: Marks,
}

/// What one endpoint said at one level: its head there, and hashes by number.
#[derive(Clone, Debug, Default)]
struct Marks {
    head: Option<u64>,
    hashes: BTreeMap<u64, BlockHash>,
}

impl Quorum {
    /// Silent endpoints of one chain.
    #[must_use]
    pub fn new(chain: u64, endpoints: usize) -> Self {
        Self { chain, needed: needed(endpoints), endpoints: vec![Voice::default(); endpoints] }
    }

    /// How many have to agree.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.needed
    }

    /// An endpoint named its chain. The strike, where this is the one that struck it.
    pub fn on_chain_id(&mut self, from: Endpoint, actual: u64) -> Option<Strike> {
        let expected = self.chain;
        (actual != expected).then(|| self.strike(from, Strike::WrongChain { expected, actual }))?
    }

    /// An endpoint named its heads. The strikes that follow, of whomever they hit.
    pub fn on_heads(&mut self, from: Endpoint, heads: Heads) -> Vec<(Endpoint, Strike)> {
        let Some(voice) = self.endpoints.get_mut(from.0) else { return Vec::new() };
        if voice.struck.is_some() {
            return Vec::new();
        }
        voice.up = true;
        voice.latest = Some(heads.latest);
        voice.safe.head = Some(heads.safe.number);
        drop(voice.safe.hashes.split_off(&(heads.safe.number + 1)));
        voice.safe.keep(heads.safe);
        let highest = voice.finalized.head.unwrap_or_default();
        voice.finalized.head = Some(heads.finalized.number.max(highest));
        self.on_final(from, heads.finalized)
    }

    /// An endpoint answered an [`Ask`].
    pub fn on_hash(&mut self, from: Endpoint, mark: Mark, level: Level) -> Vec<(Endpoint, Strike)> {
        let Some(voice) = self.endpoints.get_mut(from.0) else { return Vec::new() };
        if voice.struck.is_some() {
            return Vec::new();
        }
        voice.up = true;
        match level {
            Level::Final => self.on_final(from, mark),
            Level::Safe => {
                voice.safe.keep(mark);
                Vec::new()
            }
            Level::Seen => Vec::new(),
        }
    }

    /// An endpoint gave no answer.
    pub fn on_silence(&mut self, from: Endpoint) {
        if let Some(voice) = self.endpoints.get_mut(from.0) {
            voice.up = false;
        }
    }

    /// The highest block that enough endpoints agree on at this level; nothing is agreed below `Safe`.
    #[must_use]
    pub fn agreed(&self, level: Level) -> Option<Mark> {
        let reach = self.reach(level)?;
        let mut numbers: Vec<u64> = self
            .counting(level)
            .flat_map(|(_, voice)| voice.marks(level).hashes.range(..=reach).map(|(number, _)| *number))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().rev().find_map(|number| self.majority(level, number))
    }

    /// The newest block among the endpoints that count.
    #[must_use]
    pub fn latest(&self) -> Option<Block> {
        self.counting(Level::Safe).filter_map(|(_, voice)| voice.latest).max_by_key(|block| block.mark.number)
    }

    /// What is believed as a whole: the newest block that any counting endpoint has, and what is agreed below it.
    #[must_use]
    pub fn heads(&self) -> Option<Heads> {
        Some(Heads {
            latest: self.latest()?,
            safe: self.agreed(Level::Safe)?,
            finalized: self.agreed(Level::Final)?,
        })
    }

    /// Whom to ask what, so that those ahead can agree with those behind.
    #[must_use]
    pub fn asks(&self) -> Vec<Ask> {
        [Level::Safe, Level::Final].into_iter().flat_map(|level| self.asks_at(level)).collect()
    }

    /// Why an endpoint never counts again, where that is so.
    #[must_use]
    pub fn struck(&self, endpoint: Endpoint) -> Option<&Strike> {
        self.endpoints.get(endpoint.0)?.struck.as_ref()
    }

    /// Endpoints that count now, those with the newest block first.
    #[must_use]
    pub fn preferred(&self) -> Vec<Endpoint> {
        let mut counting: Vec<_> = self.counting(Level::Safe).collect();
        counting.sort_by_key(|(_, voice)| core::cmp::Reverse(voice.latest.map(|block| block.mark.number)));
        counting.into_iter().map(|(endpoint, _)| endpoint).collect()
    }

    fn on_final(&mut self, from: Endpoint, mark: Mark) -> Vec<(Endpoint, Strike)> {
        let Mark { number, hash } = mark;
        let known = self.endpoints[from.0].finalized.hashes.get(&number).copied();
        if let Some(first) = known.filter(|first| *first != hash) {
            let strike = self.strike(from, Strike::ChangedFinal { number, first, second: hash });
            return strike.into_iter().map(|strike| (from, strike)).collect();
        }
        self.endpoints[from.0].finalized.keep(mark);
        self.strike_outvoted(number)
    }

    fn strike_outvoted(&mut self, number: u64) -> Vec<(Endpoint, Strike)> {
        let Some(agreed) = self.majority(Level::Final, number).filter(|_| self.needed > 1) else {
            return Vec::new();
        };
        let outvoted: Vec<_> = self
            .counting(Level::Final)
            .filter_map(|(endpoint, voice)| Some((endpoint, *voice.finalized.hashes.get(&number)?)))
            .filter(|(_, theirs)| *theirs != agreed.hash)
            .collect();
        let struck = outvoted.into_iter().filter_map(|(endpoint, theirs)| {
            let strike = Strike::Outvoted { number, theirs, agreed: agreed.hash };
            self.strike(endpoint, strike).map(|strike| (endpoint, strike))
        });
        struck.collect()
    }

    fn strike(&mut self, endpoint: Endpoint, strike: Strike) -> Option<Strike> {
        let voice = self.endpoints.get_mut(endpoint.0)?;
        if voice.struck.is_some() {
            return None;
        }
        voice.struck = Some(strike.clone());
        Some(strike)
    }

    /// The highest number that enough endpoints have reached.
    fn reach(&self, level: Level) -> Option<u64> {
        let mut heads: Vec<u64> =
            self.counting(level).filter_map(|(_, voice)| voice.marks(level).head).collect();
        heads.sort_unstable_by(|a, b| b.cmp(a));
        heads.get(self.needed.checked_sub(1)?).copied()
    }

    fn majority(&self, level: Level, number: u64) -> Option<Mark> {
        let mut votes: BTreeMap<BlockHash, usize> = BTreeMap::new();
        for (_, voice) in self.counting(level) {
            if let Some(hash) = voice.marks(level).hashes.get(&number) {
                *votes.entry(*hash).or_default() += 1;
            }
        }
        let hash = votes.into_iter().find(|(_, count)| *count >= self.needed)?.0;
        Some(Mark { number, hash })
    }

    fn asks_at(&self, level: Level) -> Vec<Ask> {
        let Some(number) = self.reach(level) else { return Vec::new() };
        self.counting(level)
            .filter(|(_, voice)| voice.up)
            .filter(|(_, voice)| voice.marks(level).head.is_some_and(|head| head > number))
            .filter(|(_, voice)| !voice.marks(level).hashes.contains_key(&number))
            .map(|(endpoint, _)| Ask { endpoint, number, level })
            .collect()
    }

    /// Those whose word counts at a level. What was once final stays said even by who is down now.
    fn counting(&self, level: Level) -> impl Iterator<Item = (Endpoint, &Voice)> {
        let best = self.endpoints.iter().filter(|voice| voice.struck.is_none() && voice.up);
        let newest = best.filter_map(|voice| voice.latest).map(|block| block.time).max().unwrap_or_default();
        self.endpoints.iter().enumerate().filter_map(move |(index, voice)| {
            let fresh = voice.latest.is_some_and(|block| block.time + STALE_SECS >= newest);
            let counts = voice.struck.is_none() && ((voice.up && fresh) || level == Level::Final);
            counts.then_some((Endpoint(index), voice))
        })
    }
}

/// One of one, two of two or three, more than half above.
const fn needed(endpoints: usize) -> usize {
    if endpoints == 2 { 2 } else { endpoints / 2 + 1 }
}

impl Voice {
    const fn marks(&self, level: Level) -> &Marks {
        match level {
            Level::Seen | Level::Safe => &self.safe,
            Level::Final => &self.finalized,
        }
    }
}

impl Marks {
    fn keep(&mut self, mark: Mark) {
        self.hashes.insert(mark.number, mark.hash);
        while self.hashes.len() > MARKS_MAX {
            self.hashes.pop_first();
        }
    }
}
