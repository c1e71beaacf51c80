//! Who can open what, with the daemon's own sealing, keys and blobs.

use nuncio_protocol::ids::DealId;

use super::*;
use crate::{
    keys::Hardness,
    sealing::SealError,
    vault::{Blobs, File as Packed},
};

const DEAL: DealId = DealId([2; 32]);
const REQUEST: [u8; 32] = [8; 32];
const CLASSES: [Class; 5] =
    [Class::Agreement, Class::Inputs, Class::Milestone(0), Class::Milestone(1), Class::Milestone(2)];

fn keys() -> (tempfile::TempDir, Arc<Keys>) {
    let home = tempfile::tempdir().unwrap();
    let keys = Keys::create(home.path(), "correct horse", Hardness::Local).unwrap();
    keys.compare(0).unwrap();
    (home, Arc::new(keys))
}

/// A package of each class, as a party's node seals and keeps it.
async fn sealed(party: &Keys, blobs: &Blobs) -> Vec<(Class, BlobId)> {
    let mut kept = Vec::new();
    for class in CLASSES {
        let recipient = party.class_recipient(DEAL, &class.label()).unwrap();
        let file = Packed { name: "paper.txt".into(), bytes: class.label().into_bytes() };
        let sealed = sealing::seal(&[recipient], &vault::pack(&[file]).unwrap()).unwrap();
        kept.push((class, blobs.put(sealed.into()).await.unwrap()));
    }
    kept
}

/// A class's identity, wrapped as the party's node does it for a reader.
fn wrapped(party: &Keys, class: Class, recipient: &str) -> Vec<u8> {
    let job = Job::WrapClass { deal: DEAL, class, recipient: recipient.to_owned() };
    let Outcome::Wrapped(wrapped) = secret_work(party, &BTreeMap::new(), job).unwrap() else {
        panic!("a wrap was asked for");
    };
    wrapped
}

/// What a juror's node does with evidence, given this wrap.
async fn try_to_open(juror: &Arc<Keys>, wrapped: &[u8], blobs: &Blobs, blob: BlobId) -> Outcome {
    let (juror, wrapped) = (Arc::clone(juror), wrapped.to_vec());
    open(blobs, blob, move || class_identity(&juror, REQUEST, &wrapped)).await
}

/// What a juror's node makes of evidence, given this wrap; nothing where it never will.
async fn judge_opens(juror: &Arc<Keys>, wrapped: &[u8], blobs: &Blobs, blob: BlobId) -> Option<Vec<u8>> {
    let opened = try_to_open(juror, wrapped, blobs, blob).await;
    if let Outcome::Files(files) = opened {
        return Some(files[0].bytes.clone());
    }
    assert!(matches!(opened, Outcome::Failed { permanent: true, .. }), "{opened:?}");
    None
}

#[tokio::test]
async fn a_jurors_key_opens_its_milestone_and_nothing_else() {
    let ((_a, party), (_b, juror), (_c, another)) = (keys(), keys(), keys());
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_folder(folder.path()).unwrap();
    party.deal_secret_create(DEAL).unwrap();
    let packages = sealed(&party, &blobs).await;
    let recipient = juror.juror_recipient(REQUEST).unwrap();
    let ours = Class::Milestone(1);
    let wrap = wrapped(&party, ours, &recipient);
    for (class, blob) in &packages {
        let opened = judge_opens(&juror, &wrap, &blobs, *blob).await;
        let expected = (*class == ours).then(|| class.label().into_bytes());
        assert_eq!(opened, expected, "{}", class.label());
        // The seat's own key is no key of any paper.
        let bare = juror.juror_unwrap(REQUEST, &blobs.get(*blob).await.unwrap());
        assert!(matches!(bare, Err(KeysError::Seal(SealError::NotForThisKey))), "{}", class.label());
    }
    // What is wrapped for another juror, or came for another seat of the same one, opens nothing.
    let other = another.juror_recipient(REQUEST).unwrap();
    for (class, blob) in &packages {
        let theirs = wrapped(&party, *class, &other);
        assert_eq!(judge_opens(&juror, &theirs, &blobs, *blob).await, None);
    }
    juror.juror_recipient([9; 32]).unwrap();
    let elsewhere = juror.juror_unwrap([9; 32], &wrap);
    assert!(matches!(elsewhere, Err(KeysError::Seal(SealError::NotForThisKey))));
    // What is no wrap of anything never opens.
    assert_eq!(judge_opens(&juror, b"not age", &blobs, packages[3].1).await, None);
    // Once the seat's key is destroyed, the milestone is closed to this juror too. That is no fault of the
    // evidence, on which it therefore does not vote.
    juror.destroy_seat(REQUEST).unwrap();
    let opened = try_to_open(&juror, &wrap, &blobs, packages[3].1).await;
    assert!(matches!(opened, Outcome::Failed { permanent: false, .. }), "{opened:?}");
}

#[test]
fn no_secret_stands_in_debug_output_or_errors_of_the_keys() {
    let (home, keys) = keys();
    keys.deal_secret_create(DEAL).unwrap();
    let identity = keys.class_identity(DEAL, "m1").unwrap();
    let secret = keys.node_secret();
    let damaged = keys.juror_unwrap(REQUEST, b"not age").unwrap_err();
    let foreign = sealing::open(&identity, b"not age").unwrap_err();
    let strange = sealing::recipient_of("AGE-SECRET-KEY-1ZANZIBAR").unwrap_err();
    let wrong = Keys::create(home.path(), "battery staple", Hardness::Local).unwrap_err();
    let said = [
        format!("{keys:?}"),
        format!("{damaged:?} {damaged}"),
        format!("{foreign:?} {foreign}"),
        format!("{strange:?} {strange}"),
        format!("{wrong:?} {wrong}"),
    ];
    for forbidden in [
        identity.as_str(),
        &hex::encode(*secret),
        "ZANZIBAR",
        "correct horse",
        "battery staple",
        &format!("{:?}", *secret),
    ] {
        assert!(said.iter().all(|text| !text.contains(forbidden)), "{said:?}");
    }
}
