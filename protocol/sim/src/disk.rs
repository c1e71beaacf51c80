//! A disk in memory under the real sign guard and the real secret slots.
//!
//! What was written and not synced is gone when the power goes. Handles share one platter, so that
//! whoever takes the power away keeps what lasted.
//!
//! Deliberately absent: torn and reordered writes. The formats are held against those where they are
//! defined; here they are used.

use std::{cell::RefCell, rc::Rc};

use nuncio_protocol::disk::{Disk, DiskAct, DiskCause, DiskError};

#[derive(Debug, Default)]
struct Platter {
    lasting: Vec<u8>,
    cached: Vec<u8>,
}

/// A handle on one disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryDisk(Rc<RefCell<Platter>>);

impl MemoryDisk {
    /// Takes the power away: only what was synced is left.
    pub(crate) fn lose_power(&self) {
        let mut platter = self.0.borrow_mut();
        platter.cached = platter.lasting.clone();
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("invariant: a disk in memory fits into it")
}

impl Disk for MemoryDisk {
    fn length(&self) -> Result<u64, DiskError> {
        Ok(self.0.borrow().cached.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), DiskError> {
        let platter = self.0.borrow();
        let found = platter.cached.get(place(offset)..place(offset) + buffer.len());
        let found = found.ok_or(DiskError { act: DiskAct::Read, offset, cause: DiskCause::PastEnd })?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let mut platter = self.0.borrow_mut();
        let (start, end) = (place(offset), place(offset) + bytes.len());
        if platter.cached.len() < end {
            platter.cached.resize(end, 0);
        }
        platter.cached[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn cut(&mut self, length: u64) -> Result<(), DiskError> {
        self.0.borrow_mut().cached.truncate(place(length));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        let mut platter = self.0.borrow_mut();
        platter.lasting = platter.cached.clone();
        Ok(())
    }
}
