//! A disk in memory that fails on demand: it dies at a chosen operation and forgets as disks do.
//!
//! Writes go to a cache and wait; a sync moves them to the part that lasts. [`FaultyDisk::power_loss`]
//! keeps an arbitrary part of what waited: any subset of the writes, each torn anywhere, in any
//! order. [`FaultyDisk::killed`] keeps all of it, unsynced, as a page cache outlives a process.

use rand_core::Rng;

use super::{Disk, DiskAct, DiskCause, DiskError};

/// A disk whose every failure a test can choose.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyDisk {
    durable: Vec<u8>,
    cache: Vec<u8>,
    waiting: Vec<Waiting>,
    operations: u32,
    dies_at: Option<u32>,
    dead: bool,
}

#[derive(Clone, Debug)]
enum Waiting {
    Write { offset: usize, bytes: Vec<u8> },
    Cut(usize),
}

impl Waiting {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                if content.len() < offset + bytes.len() {
                    content.resize(offset + bytes.len(), 0);
                }
                content[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            Self::Cut(length) => content.truncate(*length),
        }
    }
}

impl FaultyDisk {
    /// Exactly these bytes, all of them lasting.
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        Self { durable: bytes.clone(), cache: bytes, ..Self::default() }
    }

    /// Dies at the `operation`th change or sync from now on, counted from 0.
    pub(crate) fn dying_at(mut self, operation: u32) -> Self {
        self.dies_at = Some(self.operations + operation);
        self
    }

    /// The number of changes and syncs asked for so far.
    pub(crate) fn operations(&self) -> u32 {
        self.operations
    }

    /// What a reader sees now.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.cache
    }

    /// The disk as the next process finds it: nothing lost, nothing synced in addition.
    pub(crate) fn killed(mut self) -> Self {
        self.dies_at = None;
        self.dead = false;
        self
    }

    /// The disk after the power went: what was synced, and any part of what was not.
    pub(crate) fn power_loss(self, rng: &mut impl Rng) -> Self {
        let mut content = self.durable;
        let mut waiting = self.waiting;
        for i in (1..waiting.len()).rev() {
            if rng.next_u32() & 3 == 0 {
                waiting.swap(i, rng.next_u32() as usize % (i + 1));
            }
        }
        for one in waiting {
            match one {
                Waiting::Cut(length) => {
                    if rng.next_u32() & 1 == 0 {
                        content.truncate(length);
                    }
                }
                Waiting::Write { offset, bytes } => tear(offset, &bytes, &mut content, rng),
            }
        }
        Self::holding(content)
    }

    fn operate(&mut self, act: DiskAct, offset: u64) -> Result<(), DiskError> {
        let due = self.dies_at == Some(self.operations);
        self.operations += 1;
        self.dead |= due;
        if self.dead { Err(DiskError { act, offset, cause: DiskCause::Full }) } else { Ok(()) }
    }
}

/// Applies a write piece by piece, each piece with even odds.
fn tear(offset: usize, bytes: &[u8], content: &mut Vec<u8>, rng: &mut impl Rng) {
    let all = rng.next_u32() & 3 == 0;
    let mut at = 0;
    while at < bytes.len() {
        let step = 1 + rng.next_u32() as usize % bytes.len();
        let end = (at + step).min(bytes.len());
        if all || rng.next_u32() & 1 == 0 {
            Waiting::Write { offset: offset + at, bytes: bytes[at..end].to_vec() }.apply(content);
        }
        at = end;
    }
}

impl Disk for FaultyDisk {
    fn length(&self) -> Result<u64, DiskError> {
        Ok(self.cache.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), DiskError> {
        let start = offset as usize;
        let Some(found) = self.cache.get(start..start + buffer.len()) else {
            return Err(DiskError { act: DiskAct::Read, offset, cause: DiskCause::PastEnd });
        };
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let alive = self.operate(DiskAct::Write, offset);
        let write = Waiting::Write { offset: offset as usize, bytes: bytes.to_vec() };
        write.apply(&mut self.cache);
        self.waiting.push(write);
        alive
    }

    fn cut(&mut self, length: u64) -> Result<(), DiskError> {
        self.operate(DiskAct::Cut, length)?;
        let cut = Waiting::Cut(length as usize);
        cut.apply(&mut self.cache);
        self.waiting.push(cut);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        self.operate(DiskAct::Sync, 0)?;
        for one in self.waiting.drain(..) {
            one.apply(&mut self.durable);
        }
        Ok(())
    }
}
