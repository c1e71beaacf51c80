//! The trail: the newest blocks of the chain that is followed, each the parent of the next.
//!
//! A new head either continues the trail, or the trail has to be walked back until it meets the
//! head's ancestors. Blocks under `finalized` are cut off at the old end: nothing goes back there.
//!
//! Deliberately absent: asking anybody for a block.

use std::collections::VecDeque;

use nuncio_protocol::block::{Block, Mark};

/// What to do next so that the trail leads to a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The head is the newest block.
    There,
    /// Get the block of this number, which the head's chain has and the trail has not.
    Get(u64),
    /// The newest block is not an ancestor of the block that was offered.
    Drop(Mark),
}

/// Blocks in a row, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    blocks: VecDeque<Block>,
}

impl Trail {
    /// The newest block.
    pub(crate) fn tip(&self) -> Option<&Block> {
        self.blocks.back()
    }

    /// The step that brings the trail closer to a head.
    pub(crate) fn toward(&self, head: Mark) -> Step {
        let Some(tip) = self.tip() else { return Step::Get(head.number) };
        if tip.mark == head {
            Step::There
        } else if head.number <= tip.mark.number && self.at(head.number) == Some(head) {
            // An endpoint that lags shows an older block of the same chain.
            Step::There
        } else if head.number <= tip.mark.number {
            Step::Drop(tip.mark)
        } else {
            Step::Get(tip.mark.number + 1)
        }
    }

    /// Adds the block that follows the newest one, or says which block has to go because it does not.
    pub(crate) fn push(&mut self, block: Block) -> Result<(), Mark> {
        match self.tip() {
            Some(tip) if tip.mark.hash != block.parent => Err(tip.mark),
            Some(_) | None => {
                self.blocks.push_back(block);
                Ok(())
            }
        }
    }

    /// Takes the newest block off. The oldest one stays: what it stands on is final.
    pub(crate) fn pop(&mut self) -> Option<Block> {
        if self.blocks.len() > 1 { self.blocks.pop_back() } else { None }
    }

    /// Forgets blocks before this number, but never the newest.
    pub(crate) fn cut(&mut self, before: u64) {
        while self.blocks.len() > 1 && self.blocks.front().is_some_and(|block| block.mark.number < before) {
            self.blocks.pop_front();
        }
    }

    /// The block of this number, where the trail has one.
    pub(crate) fn block(&self, number: u64) -> Option<&Block> {
        let first = self.blocks.front()?.mark.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.blocks.get(index)
    }

    /// The hash of this number's block, where the trail has one.
    pub(crate) fn at(&self, number: u64) -> Option<Mark> {
        self.block(number).map(|block| block.mark)
    }

    /// The number of the oldest block.
    pub(crate) fn start(&self) -> Option<u64> {
        self.blocks.front().map(|block| block.mark.number)
    }
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::ids::BlockHash;

    use super::*;

    fn block(number: u64, fork: u8, parent_fork: u8) -> Block {
        let hash = |number: u64, fork: u8| BlockHash([[number as u8, fork]; 16].concat().try_into().unwrap());
        let mark = Mark { number, hash: hash(number, fork) };
        Block { mark, parent: hash(number.saturating_sub(1), parent_fork), time: number }
    }

    fn trail(to: u64) -> Trail {
        let mut trail = Trail::default();
        for number in 10..=to {
            trail.push(block(number, 0, 0)).unwrap();
        }
        trail
    }

    #[test]
    fn the_next_block_is_asked_for_until_the_head_is_reached() {
        let mut trail = trail(12);
        let head = block(14, 0, 0).mark;
        assert_eq!(trail.toward(head), Step::Get(13));
        trail.push(block(13, 0, 0)).unwrap();
        trail.push(block(14, 0, 0)).unwrap();
        assert_eq!(trail.toward(head), Step::There);
    }

    #[test]
    fn a_fork_is_walked_back_to_the_common_block() {
        let mut trail = trail(13);
        let head = block(13, 1, 1).mark;
        assert_eq!(trail.toward(head), Step::Drop(block(13, 0, 0).mark));
        trail.pop();
        assert_eq!(trail.toward(head), Step::Get(13));
        assert_eq!(trail.push(block(13, 1, 1)), Err(block(12, 0, 0).mark));
        trail.pop();
        trail.push(block(12, 1, 0)).unwrap();
        trail.push(block(13, 1, 1)).unwrap();
        assert_eq!((trail.toward(head), trail.at(11)), (Step::There, Some(block(11, 0, 0).mark)));
    }

    #[test]
    fn an_endpoint_that_lags_on_the_same_chain_takes_nothing_back() {
        assert_eq!(trail(13).toward(block(11, 0, 0).mark), Step::There);
    }

    #[test]
    fn what_is_final_is_cut_and_the_last_block_is_never_lost() {
        let mut trail = trail(15);
        trail.cut(13);
        assert_eq!((trail.start(), trail.at(12)), (Some(13), None));
        trail.cut(99);
        assert_eq!(trail.tip().map(|tip| tip.mark.number), Some(15));
        assert_eq!(trail.pop(), None);
    }
}
