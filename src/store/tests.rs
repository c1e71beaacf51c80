use std::{fs, path::PathBuf, process::Command};

use bytes::Bytes;
use nuncio_protocol::ids::NdaId;

use super::*;

fn row(key: u64) -> Row {
    let nda = key.is_multiple_of(3).then_some(NdaId([key as u8; 32]));
    Row { key, nda, value: Bytes::from(format!("record {key} {}", "x".repeat(key as usize % 700))) }
}

fn rows(keys: std::ops::Range<u64>) -> Vec<Row> {
    keys.map(row).collect()
}

fn loaded(dir: &Path) -> Vec<Row> {
    Store::open(dir).unwrap().load().map(Result::unwrap).collect()
}

/// The only log file of a database that was not closed in order.
fn log_file(dir: &Path) -> PathBuf {
    let mut logs: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.retain(|path| path.extension().is_some_and(|end| end == "log"));
    logs.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    logs.swap_remove(0)
}

/// Copies the files of an open database, as a crash would leave them.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "LOCK") {
            fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    copy
}

#[test]
fn rows_come_back_in_order_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.append(&rows(0..3), true).unwrap();
    store.append(&rows(3..40), false).unwrap();
    store.append(&[], true).unwrap();
    assert_eq!(store.next_key(), 40);
    drop(store);
    assert_eq!(loaded(dir.path()), rows(0..40));
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.next_key(), 40);
    assert_eq!(store.reader().load_from(35).map(Result::unwrap).collect::<Vec<_>>(), rows(35..40));
}

#[test]
fn a_row_that_does_not_follow_or_is_too_large_is_refused_and_nothing_is_added() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.append(&rows(0..2), true).unwrap();
    let again = store.append(&[row(2), row(2)], true).unwrap_err();
    assert!(matches!(again, StoreError::OutOfOrder { given: 2, next: 3 }), "{again}");
    let late = store.append(&[row(3)], true).unwrap_err();
    assert!(matches!(late, StoreError::OutOfOrder { given: 3, next: 2 }), "{late}");
    let huge = Row { value: Bytes::from(vec![0; VALUE_MAX + 1]), ..row(2) };
    assert!(matches!(store.append(&[huge], true), Err(StoreError::TooLarge { .. })));
    assert_eq!(store.load().count(), 2);
    store.append(&[row(2)], true).unwrap();
}

#[test]
fn a_step_is_there_whole_or_not_at_all_wherever_its_write_was_torn() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut ends = vec![(0, 0, Vec::new())];
    let mut next = 0;
    for step in [3, 1, 2] {
        store.append(&rows(next..next + step), true).unwrap();
        next += step;
        let note = fs::read(dir.path().join(synced::NAME)).unwrap();
        ends.push((fs::metadata(log_file(dir.path())).unwrap().len(), next, note));
    }
    let whole = fs::read(log_file(dir.path())).unwrap();
    let shortest = ends[1].0 as usize;
    for length in (shortest..whole.len()).step_by(7) {
        let copy = crashed(dir.path());
        fs::write(log_file(copy.path()), &whole[..length]).unwrap();
        let (_, expected, note) = ends.iter().rfind(|(end, _, _)| *end as usize <= length).unwrap();
        fs::write(copy.path().join(synced::NAME), note).unwrap();
        assert_eq!(loaded(copy.path()), rows(0..*expected), "cut at {length}");
    }
}

#[test]
fn damage_to_an_acknowledged_step_refuses_to_open_instead_of_dropping_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    for key in 0..6 {
        store.append(&[row(key)], true).unwrap();
    }
    let whole = fs::read(log_file(dir.path())).unwrap();
    for place in 0..whole.len() {
        let copy = crashed(dir.path());
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(log_file(copy.path()), &bytes).unwrap();
        let found = Store::open(copy.path()).and_then(|store| store.load().collect::<Result<Vec<_>, _>>());
        match found {
            Err(StoreError::Damaged(_) | StoreError::Lost { .. }) => {}
            Err(error) => panic!("byte {place}: {error}"),
            Ok(found) => assert_eq!(found, rows(0..6), "byte {place} was changed and rows are gone"),
        }
    }
}

#[test]
fn rows_that_were_acknowledged_and_are_gone_are_a_named_loss() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.append(&rows(0..4), true).unwrap();
    store.db.delete_cf(store.records(), 3u64.to_be_bytes()).unwrap();
    drop(store);
    let lost = Store::open(dir.path()).unwrap_err();
    assert!(matches!(lost, StoreError::Lost { acknowledged: 4, found: 3 }), "{lost}");
    fs::remove_file(dir.path().join(synced::NAME)).unwrap();
    let unknown = Store::open(dir.path()).unwrap_err();
    assert!(matches!(unknown, StoreError::Damaged(_)), "{unknown}");
    assert!(unknown.hint().is_some());
}

#[test]
fn a_newer_format_of_the_whole_or_of_one_row_refuses_to_start_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.append(&rows(0..2), true).unwrap();
    let (key, newer) = (2u64.to_be_bytes(), [9, 0, 1]);
    store.db.put_cf(store.records(), key, newer).unwrap();
    let rows: Vec<_> = store.load().collect();
    assert!(matches!(rows[2], Err(StoreError::NewerRow { key: 2, found: 9, known: 1 })));
    store.db.put(FORMAT_KEY, 7u32.to_be_bytes()).unwrap();
    drop(store);
    let newer = Store::open(dir.path()).unwrap_err();
    assert!(matches!(newer, StoreError::NewerFormat { found: 7, known: 1 }), "{newer}");
}

#[test]
fn a_gap_is_never_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.append(&rows(0..5), true).unwrap();
    store.db.delete_cf(store.records(), 2u64.to_be_bytes()).unwrap();
    let found: Vec<_> = store.load().take(3).collect();
    assert!(matches!(found[2], Err(StoreError::Gap { expected: 2, found: 3 })));
}

#[test]
fn records_in_use_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let _store = Store::open(dir.path()).unwrap();
    let second = Store::open(dir.path()).unwrap_err();
    assert!(matches!(second, StoreError::InUse), "{second}");
}

/// Says in the child process of the test below where to write until the disk is full.
const FULL_DISK: &str = "NUNCIO_TEST_FULL_DISK";

#[test]
fn a_full_disk_ends_the_node_and_loses_nothing_that_was_acknowledged() {
    if let Some(dir) = std::env::var_os(FULL_DISK) {
        return write_until_full(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "store::tests::a_full_disk_ends_the_node_and_loses_nothing_that_was_acknowledged";
    // A limit on file size (256 KiB) stands for the full disk; without the trap it would be a signal.
    let limited = "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\"";
    let child = Command::new("sh")
        .args(["-c", limited, std::env::current_exe().unwrap().to_str().unwrap()])
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(FULL_DISK, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
    let acknowledged = said.split("rows kept: ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let acknowledged: u64 = acknowledged.unwrap().parse().unwrap();
    assert!(acknowledged > 10, "the limit came too early to show anything");
    let mut store = Store::open(dir.path()).unwrap();
    let found: Vec<_> = store.load().map(Result::unwrap).collect();
    assert!(found.len() as u64 >= acknowledged);
    assert_eq!(found, (0..found.len() as u64).map(bulky).collect::<Vec<_>>());
    store.append(&[bulky(store.next_key())], true).unwrap();
}

fn bulky(key: u64) -> Row {
    Row { key, nda: None, value: Bytes::from(vec![key as u8; 4096]) }
}

fn write_until_full(dir: &Path) {
    let mut store = Store::open(dir).unwrap();
    for key in 0..10_000 {
        match store.append(&[bulky(key)], true) {
            Ok(()) => {}
            Err(error) => {
                assert!(matches!(error, StoreError::Full(_)) && error.is_fatal(), "{error}");
                assert!(matches!(store.append(&[bulky(key)], true), Err(StoreError::Failed)));
                println!("rows kept: {key} ");
                return;
            }
        }
    }
    panic!("the disk was never full");
}
