//! The fewest steps that still show a difference.
//!
//! Steps are left out, in halves first and one by one at last, as long as what is left still differs,
//! whichever way.
//!
//! Deliberately absent: simpler arguments. A step stays as it was or goes.

use super::{Difference, Differential, script::Step, told};

impl Differential {
    pub(super) fn shrunk(&mut self, sequence: u64, steps: Vec<Step>, unlike: String) -> Difference {
        let steps_before = steps.len();
        let (mut steps, mut unlike) = (steps, unlike);
        let mut size = steps.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < steps.len() {
                let mut fewer = steps.clone();
                fewer.drain(from..(from + size).min(steps.len()));
                match self.replay(&fewer) {
                    Some((length, still)) => {
                        fewer.truncate(length);
                        (steps, unlike) = (fewer, still);
                    }
                    None => from += size,
                }
            }
            size /= 2;
        }
        let steps = steps.iter().map(told).collect();
        Difference { seed: self.seed, sequence, steps_before, steps, unlike }
    }

    /// How many steps it takes until both differ, and how.
    fn replay(&mut self, steps: &[Step]) -> Option<(usize, String)> {
        let mut live = self.begin();
        for (number, step) in steps.iter().enumerate() {
            if let Err(unlike) = self.step(&mut live, step, false) {
                return Some((number + 1, unlike));
            }
        }
        self.end(&mut live, true).err().map(|unlike| (steps.len(), unlike))
    }
}
