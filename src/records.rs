//! Records as rows of the store: JSON, sealed with the storage key of the NDA whose matter they hold.
//!
//! A row is bound to its number, so that none can be moved. What was written must read back: a record
//! that does not is named by its number, and the node does not start without it. Passing over it would
//! give every later record another number than it has on disk, and forget what was agreed. The one
//! exception is explained by a record of its own: what was sealed for an NDA whose keys are destroyed.
//!
//! Deliberately absent: what a record says, in any error. Only its number is told.

use std::collections::BTreeMap;

use nuncio_protocol::{
    ids::{DealId, NdaId, PaperId},
    record::Record,
    stage::nda::NdaEvent,
    time::Timestamp,
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
pub(crate) fn to_row(keys: &Keys, (number, nda, record): &Entry) -> Result<Row, KeysError> {
    let plain = record.encode();
    let value = match nda {
        Some(nda) => keys.seal_row(*nda, *number, &plain)?,
        None => plain,
    };
    Ok(Row { key: *number, nda: *nda, value: value.into() })
}

/// The record that a row holds, or what stands for it where the keys of its NDA are not held any more.
///
/// Only for rows that a start has read already: then every missing key is one that was destroyed.
///
/// # Errors
/// [`RecordsError`] for everything else.
pub(crate) fn from_row_or_gone(keys: &Keys, row: &Row) -> Result<Record, RecordsError> {
    match (from_row(keys, row), row.nda) {
        (Err(RecordsError::Sealed { error: KeysError::NoNda { .. }, .. }), Some(nda)) => {
            Ok(Record::Gone { nda })
        }
        (read, _) => read,
    }
}

/// The record that a row holds.
///
/// # Errors
/// [`RecordsError`].
pub(crate) fn from_row(keys: &Keys, row: &Row) -> Result<Record, RecordsError> {
    let number = row.key;
    let opened = row.nda.map(|nda| keys.open_row(nda, number, &row.value));
    let opened = opened.transpose().map_err(|error| RecordsError::Sealed { number, error })?;
    let plain = opened.as_ref().map_or(&row.value[..], |plain| plain.as_slice());
    // The reader's own words may repeat what it read.
    Record::decode(plain).map_err(|error| RecordsError::Senseless { number, column: error.column() })
}

/// All records, and the digests of the NDAs that they name by their drafts.
///
/// A record whose NDA's keys are gone is passed over if another one says that they were destroyed, and
/// something stands in its place, so that every later one keeps its number. A destruction that the last
/// process did not finish is finished here.
///
/// # Errors
/// [`Fatal`] for a store that cannot be read, and for the first record that cannot: a node that went
/// on without it would have forgotten what it agreed to.
pub(crate) fn load(store: &Store, keys: &Keys) -> Result<(Vec<Record>, BTreeMap<PaperId, NdaId>), Fatal> {
    let (mut records, mut sealed_for, mut ndas) = (Vec::new(), Vec::new(), BTreeMap::new());
    let (mut gaps, mut destroyed) = (BTreeMap::new(), BTreeMap::new());
    for row in store.load() {
        let row = row?;
        let record = match from_row(keys, &row) {
            Err(error @ RecordsError::Sealed { error: KeysError::NoNda { nda }, .. }) => {
                gaps.entry(nda).or_insert(error);
                Record::Gone { nda }
            }
            read => read?,
        };
        match &record {
            Record::Nda { draft, event: NdaEvent::Keyed { id, .. } } => {
                ndas.insert(*draft, *id);
            }
            Record::Destroyed { nda, deals, .. } => {
                destroyed.insert(*nda, deals.clone());
            }
            Record::Started { .. }
            | Record::Finished { .. }
            | Record::Posted { .. }
            | Record::Delivered { .. }
            | Record::Gone { .. }
            | Record::Market(_)
            | Record::Nda { .. }
            | Record::Negotiation { .. }
            | Record::Deal { .. }
            | Record::Case { .. }
            | Record::Kept { .. }
            | Record::Served { .. }
            | Record::Journal(_)
            | Record::Decision(_)
            | Record::Misconduct { .. }
            | Record::Noted(_) => {}
        }
        sealed_for.push(row.nda);
        records.push(record);
    }
    let unexplained = gaps.into_iter().find(|(nda, _)| !destroyed.contains_key(nda));
    if let Some((_, error)) = unexplained {
        return Err(error.into());
    }
    for (nda, deals) in destroyed {
        destroy_keys(keys, nda, &deals)?;
        for (record, _) in records.iter_mut().zip(&sealed_for).filter(|(_, of)| **of == Some(nda)) {
            *record = Record::Gone { nda };
        }
    }
    Ok((records, ndas))
}

/// Destroys the keys of an NDA and the secrets of the deals under it, once a record says so that stays.
///
/// # Errors
/// [`Fatal`] where the record or the keys cannot be written; the next start finishes what was begun.
pub(crate) fn destroy(
    store: &mut Store,
    keys: &Keys,
    number: u64,
    (draft, nda, deals): (PaperId, NdaId, Vec<DealId>),
    at: Timestamp,
) -> Result<(), Fatal> {
    let record = Record::Destroyed { draft, nda, deals: deals.clone(), at };
    store.append(&[to_row(keys, &(number, None, record))?], true)?;
    destroy_keys(keys, nda, &deals)
}

fn destroy_keys(keys: &Keys, nda: NdaId, deals: &[DealId]) -> Result<(), Fatal> {
    for deal in deals {
        keys.destroy_deal(*deal)?;
    }
    keys.destroy_nda(nda)?;
    Ok(())
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

    /// A store with a record in the clear, two sealed ones, and one more in the clear.
    fn stored(keys: &Keys, folder: &std::path::Path) -> Store {
        let mut store = Store::open(folder).unwrap();
        let noted = || Record::Noted(Event::NdaAnchored { nda: DRAFT });
        let records = [(None, noted()), (Some(NDA), under_nda()), (Some(NDA), under_nda()), (None, noted())];
        let row = |(key, (nda, record))| to_row(keys, &(key, nda, record)).unwrap();
        let rows: Vec<Row> = (0..).zip(records).map(row).collect();
        store.append(&rows, true).unwrap();
        store
    }

    fn steps(records: &[Record]) -> Vec<&'static str> {
        records.iter().map(Record::step).collect()
    }

    #[test]
    fn a_start_passes_over_what_was_sealed_with_keys_that_a_record_says_are_destroyed() {
        let (home, keys) = keys();
        let folder = home.path().join("records");
        let mut store = stored(&keys, &folder);
        let (records, _) = load(&store, &keys).unwrap();
        let number = records.len() as u64;
        destroy(&mut store, &keys, number, (DRAFT, NDA, Vec::new()), Timestamp(7)).unwrap();
        drop(store);
        let store = Store::open(&folder).unwrap();
        let (records, _) = load(&store, &keys).unwrap();
        let gone = "record.gone";
        assert_eq!(steps(&records), ["event.noted", gone, gone, "event.noted", "nda.destroyed"]);
        assert!(matches!(keys.storage_key(NDA), Err(KeysError::NoNda { .. })));
    }

    #[test]
    fn missing_keys_that_no_record_explains_stop_the_start() {
        let (home, keys) = keys();
        let store = stored(&keys, &home.path().join("records"));
        keys.destroy_nda(NDA).unwrap();
        let error = load(&store, &keys).unwrap_err().to_string();
        assert!(error.contains("record 1"), "{error}");
    }

    #[test]
    fn a_damaged_record_stops_the_start_whatever_was_destroyed() {
        let (home, keys) = keys();
        let other = NdaId([9; 32]);
        keys.nda_prepare([8; 32]).unwrap();
        keys.nda_open(other, [8; 32]).unwrap();
        let mut store = stored(&keys, &home.path().join("records"));
        let mut row = to_row(&keys, &(4, Some(other), under_nda())).unwrap();
        let mut value = row.value.to_vec();
        *value.last_mut().unwrap() ^= 1;
        row.value = value.into();
        store.append(&[row], true).unwrap();
        destroy(&mut store, &keys, 5, (DRAFT, NDA, Vec::new()), Timestamp(7)).unwrap();
        let error = load(&store, &keys).unwrap_err().to_string();
        assert!(error.contains("record 4 does not open"), "{error}");
    }

    #[test]
    fn a_destruction_that_broke_off_is_finished_by_the_next_start() {
        let (home, keys) = keys();
        let mut store = stored(&keys, &home.path().join("records"));
        let record = Record::Destroyed { draft: DRAFT, nda: NDA, deals: Vec::new(), at: Timestamp(7) };
        store.append(&[to_row(&keys, &(4, None, record)).unwrap()], true).unwrap();
        assert!(keys.storage_key(NDA).is_ok(), "the process died between the two");
        let (records, _) = load(&store, &keys).unwrap();
        assert_eq!(steps(&records)[1..3], ["record.gone"; 2]);
        assert!(keys.storage_key(NDA).is_err());
    }
}
