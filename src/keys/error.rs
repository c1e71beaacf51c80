//! What can go wrong with keys, each with what to do about it.

use std::{io, path::PathBuf};

use nuncio_protocol::{
    guard::GuardError,
    ids::{DealId, NdaId},
    slots::SlotsError,
};

use super::HomeError;
use crate::sealing::SealError;

/// Why keys cannot be made, unlocked or used. Names no secret.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The data folder cannot be taken.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// There are keys already.
    #[error("there are keys in {path} already")]
    AlreadyThere {
        /// The folder of the keys.
        path: PathBuf,
    },
    /// A key file is not there.
    #[error("{path} is missing")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A key file may not be read by this user.
    #[error("{path} may not be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A key file may be read by others.
    #[error("{path} has mode {mode:o}, other users may read it")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system failed on a key file.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The passphrase does not open the keys.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// A passphrase must not be empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// A key file is not what was written, or belongs to other keys.
    #[error("{path} is damaged or belongs to other keys")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The sign guard refuses or failed.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The secret slots refuse or failed.
    #[error(transparent)]
    Slots(#[from] SlotsError),
    /// Something cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No keys were ever offered in this proposal, or they were dropped.
    #[error("no keys are held for proposal {}", hex::encode(.proposal))]
    NoProposal {
        /// The proposal.
        proposal: [u8; 32],
    },
    /// The keys of this NDA were never made, or were destroyed.
    #[error("no keys are held for NDA {nda}")]
    NoNda {
        /// The NDA.
        nda: NdaId,
    },
    /// The secret of this deal is not held, or was destroyed.
    #[error("no secret is held for deal {deal}")]
    NoDeal {
        /// The deal.
        deal: DealId,
    },
    /// No key is held for a seat of this panel request, or it was destroyed.
    #[error("no key is held for panel request {}", hex::encode(.request))]
    NoSeat {
        /// The panel request.
        request: [u8; 32],
    },
    /// A wrapped deal secret is none, or is of another deal.
    #[error("the wrapped secret is not that of deal {deal}")]
    NotThisDeal {
        /// The deal that it was given for.
        deal: DealId,
    },
    /// A class of papers has 1 to 32 lowercase letters and digits.
    #[error("not a class of papers: {class:?}")]
    BadClass {
        /// What was given, cut to 40 characters.
        class: String,
    },
    /// A stored value does not open: changed, moved, or of another NDA.
    #[error("a stored value of NDA {nda} does not open")]
    BadRow {
        /// The NDA that it was read for.
        nda: NdaId,
    },
}

impl KeysError {
    /// Whether the caller must end the process: what is on disk is uncertain.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        match self {
            Self::Guard(error) => error.is_fatal(),
            Self::Slots(error) => error.is_fatal(),
            Self::Home(_)
            | Self::AlreadyThere { .. }
            | Self::Missing { .. }
            | Self::Unreadable { .. }
            | Self::TooOpen { .. }
            | Self::Io { .. }
            | Self::WrongPassphrase
            | Self::EmptyPassphrase
            | Self::Damaged { .. }
            | Self::Seal(_)
            | Self::NoProposal { .. }
            | Self::NoNda { .. }
            | Self::NoDeal { .. }
            | Self::NoSeat { .. }
            | Self::NotThisDeal { .. }
            | Self::BadClass { .. }
            | Self::BadRow { .. } => false,
        }
    }

    /// What a person can do about it, where there is something.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Home(HomeError::InUse { .. }) => "stop that process, or give this one another --home",
            Self::Home(HomeError::Io { .. }) | Self::Io { .. } => "check the folder's owner and free space",
            Self::AlreadyThere { .. } => "give another --home, or move the keys away first",
            Self::Missing { .. } => "run `nuncio init` for a new agent, or restore the whole keys folder",
            Self::Unreadable { .. } => "run as the user that made the keys, or `chown` them",
            Self::TooOpen { .. } => "`chmod 600` the file; if others could read it, consider its keys stolen",
            Self::WrongPassphrase => "try again; without the passphrase the keys are lost",
            Self::EmptyPassphrase => "give a passphrase",
            Self::Damaged { .. } => "restore the whole keys folder from one backup",
            Self::Guard(GuardError::Observe(_)) => {
                "find out what was signed since the backup, then reconcile explicitly"
            }
            Self::Guard(GuardError::Corrupt { .. } | GuardError::Foreign { .. })
            | Self::Slots(SlotsError::Corrupt { .. }) => {
                "do not delete the file: check the disk, then restore it from a backup"
            }
            Self::Guard(GuardError::UnknownFormat { .. }) => "start the newer program that wrote it",
            Self::Guard(GuardError::Disk(_)) | Self::Slots(SlotsError::Disk(_)) => {
                "make space or replace the disk, then start again"
            }
            Self::Guard(_)
            | Self::Slots(_)
            | Self::Seal(_)
            | Self::NoProposal { .. }
            | Self::NoNda { .. }
            | Self::NoDeal { .. }
            | Self::NoSeat { .. }
            | Self::NotThisDeal { .. }
            | Self::BadClass { .. }
            | Self::BadRow { .. } => return None,
        })
    }
}
