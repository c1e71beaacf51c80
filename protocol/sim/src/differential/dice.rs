//! Chance out of a seed.
//!
//! Deliberately absent: any other source of randomness.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Dice that fall the same way again for the same seed.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// For the `index`-th thing of a kind.
    pub(super) fn new(seed: u64, kind: u64, index: u64) -> Self {
        let mut bytes = [0; 32];
        for (chunk, value) in bytes.chunks_exact_mut(8).zip([seed, kind, index]) {
            chunk.copy_from_slice(&value.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(bytes))
    }

    /// From 0 up, less than `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    /// True in so many of a hundred throws.
    pub(super) fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// One of them by weight; the place in the list.
    pub(super) fn weighed(&mut self, weights: &[u64]) -> usize {
        let mut at = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return place,
            }
        }
        unreachable!("invariant: the throw is below the sum of the weights")
    }

    /// So many different ones of them, in their order.
    pub(super) fn some<T: Copy>(&mut self, of: &[T], count: usize) -> Vec<T> {
        let mut places: Vec<usize> = (0..of.len()).collect();
        while places.len() > count {
            let out = self.below(places.len() as u64) as usize;
            places.remove(out);
        }
        places.into_iter().map(|place| of[place]).collect()
    }
}
