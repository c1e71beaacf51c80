//! Records as rows of the store: JSON, sealed with the storage key of the NDA whose matter they hold.
//!
//! A row is bound to its number, so that none can be moved. What was written must read back: a record
//! that does not is named by its number, and the node does not start without it. Passing over it would
//! give every later record another number than it has on disk, and forget what was agreed.
//!
//! Deliberately absent: what a record says, in any error. Only its number is told.

use std::collections::BTreeMap;

use nuncio_protocol::{
    ids::{NdaId, PaperId},
    record::Record,
    stage::nda::NdaEvent,
};

use crate::{
    effects::Fatal,
    keys::{Keys, KeysError},
    store::{Row, Store},
};

/// Why a record cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// Its seal does not open.
    #[error("record {number} does not open: {error}")]
    Sealed {
        /// The record's number.
        number: u64,
        /// What the keys say.
        error: KeysError,
    },
    /// It is none that this program knows.
    #[error("record {number} makes no sense to this program at byte {column}")]
    Senseless {
        /// The record's number.
        number: u64,
        /// Where reading stopped.
        column: usize,
    },
}

impl RecordsError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Sealed { .. } => {
                "records and keys do not belong together: restore HOME/records and HOME/keys from one backup"
            }
            Self::Senseless { .. } => {
                "start the program that wrote it, or restore HOME/records and HOME/keys from one backup"
            }
        }
    }
}

/// A record on its way to the disk: its number, the NDA that it is sealed for, and itself.
pub(crate) type Entry = (u64, Option<NdaId>, Record);

/// A record as it is stored under its number.
///
/// # Errors
/// [`KeysError::NoNda`] where its NDA has no storage key.
#[expect(clippy::unwrap_in_result, reason = "a record is JSON by its type")]
pub(crate) fn to_row(keys: &Keys, (number, nda, record): &Entry) -> Result<Row, KeysError> {
    let plain = serde_json::to_vec(record).expect("invariant: records are JSON");
    let value = match nda {
        Some(nda) => keys.seal_row(*nda, &number.to_be_bytes(), &plain)?,
        None => plain,
    };
    Ok(Row { key: *number, nda: *nda, value: value.into() })
}

/// The record that a row holds.
///
/// # Errors
/// [`RecordsError`].
pub(crate) fn from_row(keys: &Keys, row: &Row) -> Result<Record, RecordsError> {
    let number = row.key;
    let opened = row.nda.map(|nda| keys.open_row(nda, &number.to_be_bytes(), &row.value));
    let opened = opened.transpose().map_err(|error| RecordsError::Sealed { number, error })?;
    let plain = opened.as_ref().map_or(&row.value[..], |plain| plain.as_slice());
    // The reader's own words may repeat what it read.
    serde_json::from_slice(plain).map_err(|error| RecordsError::Senseless { number, column: error.column() })
}

/// All records, and the digests of the NDAs that they name by their drafts.
///
/// # Errors
/// [`Fatal`] for a store that cannot be read, and for the first record that cannot: a node that went
/// on without it would have forgotten what it agreed to.
pub(crate) fn load(store: &Store, keys: &Keys) -> Result<(Vec<Record>, BTreeMap<PaperId, NdaId>), Fatal> {
    let (mut records, mut ndas) = (Vec::new(), BTreeMap::new());
    for row in store.load() {
        let record = from_row(keys, &row?)?;
        if let Record::Nda { draft, event: NdaEvent::Keyed { id, .. } } = &record {
            ndas.insert(*draft, *id);
        }
        records.push(record);
    }
    Ok((records, ndas))
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::{
        command::Event,
        ids::{NegotiationId, PeerKey},
        stage::negotiation::NegotiationEvent,
        wire::Direct,
    };

    use super::*;
    use crate::keys::Hardness;

    const DRAFT: PaperId = PaperId([7; 32]);
    const NDA: NdaId = NdaId([1; 32]);

    fn keys() -> (tempfile::TempDir, Keys) {
        let home = tempfile::tempdir().unwrap();
        let keys = Keys::create(home.path(), "correct horse", Hardness::Local).unwrap();
        keys.nda_prepare(DRAFT.0).unwrap();
        keys.nda_open(NDA, DRAFT.0).unwrap();
        (home, keys)
    }

    fn under_nda() -> Record {
        Record::Negotiation { id: NegotiationId([2; 32]), nda: DRAFT, event: NegotiationEvent::Ended }
    }

    #[test]
    fn records_read_back_and_matter_of_an_nda_is_sealed_on_disk() {
        let (_home, keys) = keys();
        let marker = hex::encode("quixotic");
        let secret = Record::Posted {
            id: 3,
            to: PeerKey([4; 32]),
            nda: Some(DRAFT),
            body: Box::new(Direct::DealSecret(nuncio_protocol::ids::DealId([5; 32]), b"quixotic".to_vec())),
        };
        for (number, record) in
            [under_nda(), secret, Record::Noted(Event::NdaAnchored { nda: DRAFT })].into_iter().enumerate()
        {
            let nda = record.nda().map(|_| NDA);
            let row = to_row(&keys, &(number as u64, nda, record.clone())).unwrap();
            assert_eq!(row.nda, nda);
            assert!(!row.value.windows(marker.len()).any(|window| window == marker.as_bytes()));
            let back = from_row(&keys, &row).unwrap();
            assert_eq!(serde_json::to_value(back).unwrap(), serde_json::to_value(record).unwrap());
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_refused_by_its_number_and_never_passed_over() {
        let (_home, keys) = keys();
        let row = to_row(&keys, &(17, Some(NDA), under_nda())).unwrap();
        let mut changed = row.value.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        let rows = [
            Row { value: changed.into(), ..row.clone() },
            Row { key: 18, ..row.clone() },
            Row { nda: None, ..row.clone() },
            Row {
                nda: None,
                value: br#"{"record":"quixotic-7f3a","with":{}}"#.to_vec().into(),
                ..row.clone()
            },
        ];
        for row in rows {
            let error = from_row(&keys, &row).unwrap_err();
            assert!(error.to_string().contains(&format!("record {}", row.key)), "{error}");
            assert!(!error.to_string().contains("quixotic"), "no word of what it says: {error}");
            assert!(error.hint().contains("backup"));
        }
        keys.destroy_nda(NDA).unwrap();
        let gone = from_row(&keys, &row).unwrap_err();
        assert!(
            matches!(gone, RecordsError::Sealed { number: 17, error: KeysError::NoNda { .. } }),
            "{gone}"
        );
    }
}
