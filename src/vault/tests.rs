use std::{io::Write, path::Path, process::Command};

use bytes::Bytes;
use nuncio_protocol::{
    ids::{BlobId, PeerKey},
    time::Timestamp,
};

use super::*;
use crate::sealing;

fn file(name: &str, bytes: &[u8]) -> File {
    File { name: name.to_owned(), bytes: bytes.to_vec() }
}

#[test]
fn the_same_files_pack_to_the_same_bytes_whatever_their_order() {
    let files = [file("b.txt", b"two"), file("a/c.json", b"{}"), file("a.txt", &[7; 1000])];
    let mut turned = files.clone();
    turned.reverse();
    let archive = pack(&files).unwrap();
    assert_eq!(pack(&turned).unwrap(), archive);
    let names: Vec<_> = unpack(&archive).unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["a.txt", "a/c.json", "b.txt"]);
    assert_eq!(unpack(&pack(&[]).unwrap()), Ok(vec![]));
}

#[test]
fn only_plain_relative_names_are_packed_or_unpacked() {
    let long = "n".repeat(101);
    for name in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a b", "ä", "a\\b", &long] {
        assert!(matches!(pack(&[file(name, b"x")]), Err(PackError::Name(_))), "{name:?}");
    }
    let twice = pack(&[file("a", b"1"), file("a", b"2")]);
    assert_eq!(twice, Err(PackError::Twice("a".to_owned())));
    let many: Vec<_> = (0..=FILES_MAX).map(|i| file(&i.to_string(), b"")).collect();
    assert_eq!(pack(&many), Err(PackError::TooMany));
    let huge = [file("huge", &vec![0; PACK_MAX])];
    assert!(matches!(pack(&huge), Err(PackError::TooLarge(_))));
}

#[test]
fn an_archive_with_anything_else_in_it_is_refused() {
    let built = |kind, path: &str, mtime| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(0);
        header.set_mode(0o644);
        header.set_mtime(mtime);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, &b""[..]).unwrap();
        archive.into_inner().unwrap()
    };
    assert!(unpack(&built(tar::EntryType::Regular, "a", 0)).is_ok());
    assert!(matches!(unpack(&built(tar::EntryType::Regular, "../a", 0)), Err(PackError::Name(_))));
    assert!(matches!(unpack(&built(tar::EntryType::Regular, "/a", 0)), Err(PackError::Name(_))));
    for kind in [tar::EntryType::Symlink, tar::EntryType::Directory, tar::EntryType::Link] {
        assert!(matches!(unpack(&built(kind, "a", 0)), Err(PackError::Malformed(_))), "{kind:?}");
    }
    assert!(matches!(unpack(&built(tar::EntryType::Regular, "a", 1)), Err(PackError::Malformed(_))));
    let archive = pack(&[file("a", &[1; 600])]).unwrap();
    for place in 0..archive.len() {
        let mut changed = archive.clone();
        changed[place] ^= 1;
        let content = (512..512 + 600).contains(&place);
        assert_eq!(unpack(&changed).is_ok(), content, "byte {place}: only content may differ");
        assert!(unpack(&archive[..place]).is_err(), "cut at {place}");
    }
}

#[tokio::test]
async fn a_blob_is_kept_by_its_hash_and_a_damaged_one_is_never_given() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_folder(dir.path()).unwrap();
    let blob = blobs.put(Bytes::from_static(b"abc")).await.unwrap();
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(blob.to_string(), known, "SHA-256 of the bytes as `sha256sum` prints it");
    assert_eq!(blobs.put(Bytes::from_static(b"abc")).await.unwrap(), blob);
    assert!(blobs.has(blob).await.unwrap());
    assert_eq!(blobs.get(blob).await.unwrap(), Bytes::from_static(b"abc"));
    let other = BlobId([0; 32]);
    assert!(!blobs.has(other).await.unwrap());
    assert!(matches!(blobs.get(other).await, Err(BlobError::NotFound(id)) if id == other));
    std::fs::write(dir.path().join("ba").join(known), b"abd").unwrap();
    assert!(matches!(blobs.get(blob).await, Err(BlobError::Damaged { .. })));
    blobs.put(Bytes::from_static(b"abc")).await.unwrap();
    assert!(blobs.get(blob).await.is_ok(), "fetched again from elsewhere, it is whole");
    let huge = blobs.put(Bytes::from(vec![0; BLOB_MAX as usize + 1])).await;
    assert!(matches!(huge, Err(BlobError::TooLarge { .. })));
}

#[tokio::test]
async fn every_fetch_leaves_an_access_to_record() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_folder(dir.path()).unwrap();
    let blob = blobs.put(Bytes::from_static(b"abc")).await.unwrap();
    let (by, at) = (PeerKey([5; 32]), Timestamp(7));
    let fetch = blobs.fetch(blob, by, at).await;
    assert_eq!(fetch.access, Access { blob, by, at, outcome: AccessOutcome::Given(3) });
    assert_eq!(fetch.blob.unwrap(), Bytes::from_static(b"abc"));
    let none = blobs.fetch(BlobId([0; 32]), by, at).await;
    assert_eq!(none.access.outcome, AccessOutcome::NotFound);
    let text = serde_json::to_string(&fetch.access).unwrap();
    assert_eq!(serde_json::from_str::<Access>(&text).unwrap(), fetch.access);
}

/// Runs the stock `age`; gives what it printed, or `None` when it refused.
fn stock_age(arguments: &[&str]) -> Option<Vec<u8>> {
    let run = Command::new("age").args(arguments).output();
    let output = run.expect("the stock `age` command is needed for this test: apt-get install age");
    output.status.success().then_some(output.stdout)
}

fn written(dir: &Path, name: &str, bytes: &[u8]) -> String {
    let path = dir.join(name);
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_stock_age_command_opens_what_is_sealed_here_and_seals_what_is_opened_here() {
    let dir = tempfile::tempdir().unwrap();
    let (regulator, to_regulator) = sealing::generate();
    let (other, _) = sealing::generate();
    let class = sealing::AgeIdentity::from_secret(&[5; 32]);
    let archive = pack(&[file("agreement.json", b"{}")]).unwrap();

    let own = written(dir.path(), "regulator.key", format!("{}\n", regulator.as_str()).as_bytes());
    let foreign = written(dir.path(), "other.key", format!("{}\n", other.as_str()).as_bytes());
    let identity = format!("{}\n", class.secret_text().as_str());
    let wrap = seal(&[to_regulator], identity.as_bytes()).unwrap();
    let wrapped = written(dir.path(), "class.age", &wrap);
    let sealed = seal(&[class.recipient()], &archive).unwrap();
    let paper = written(dir.path(), "paper.age", &sealed);

    let opened = stock_age(&["-d", "-i", &own, &wrapped]).unwrap();
    assert_eq!(opened, identity.as_bytes());
    let class_key = written(dir.path(), "class.key", &opened);
    assert_eq!(stock_age(&["-d", "-i", &class_key, &paper]).unwrap(), archive);
    assert_eq!(stock_age(&["-d", "-i", &foreign, &wrapped]), None);
    assert_eq!(stock_age(&["-d", "-i", &own, &paper]), None, "the paper is sealed to its class alone");

    let plain = written(dir.path(), "plain", b"from stock age");
    let theirs = stock_age(&["-r", &class.recipient(), &plain]).unwrap();
    assert_eq!(open(&identity, &theirs).unwrap().as_slice(), b"from stock age");
}
