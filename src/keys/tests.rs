use std::{fs, os::unix::fs::PermissionsExt};

use alloy_primitives::{B256, Signature as EvmSignature};
use ed25519_dalek::{Signature as EdSignature, VerifyingKey};
use nuncio_protocol::{
    guard::{Observe, Slot},
    ids::{DealId, NdaId},
};
use tempfile::TempDir;

use super::*;
use crate::sealing::{self, SealError};

const NDA: NdaId = NdaId([1; 32]);
const DEAL: DealId = DealId([2; 32]);

fn created() -> (TempDir, Keys) {
    let home = tempfile::tempdir().unwrap();
    let keys = Keys::create(home.path(), "correct horse", Hardness::Local).unwrap();
    keys.compare(0).unwrap();
    (home, keys)
}

fn request(slot: &str, content: u8) -> SignRequest {
    SignRequest {
        slot: Slot::exclusive(slot.to_owned()),
        payloads: vec![
            Payload::Identity { bytes: vec![content; 64] },
            Payload::Typed { digest: B256::repeat_byte(content) },
        ],
    }
}

#[test]
fn keys_come_back_after_a_restart_with_the_right_passphrase_only() {
    let (home, keys) = created();
    let public = keys.public().clone();
    drop(keys);
    assert_eq!(PublicKeys::read(home.path()).unwrap(), public);
    let wrong = Keys::unlock(home.path(), "wrong horse").unwrap_err();
    assert!(matches!(wrong, KeysError::WrongPassphrase), "{wrong}");
    let keys = Keys::unlock(home.path(), "correct horse").unwrap();
    assert_eq!(*keys.public(), public);
}

#[test]
fn keys_are_never_overwritten_and_never_without_a_passphrase() {
    let (home, keys) = created();
    drop(keys);
    let again = Keys::create(home.path(), "x", Hardness::Local).unwrap_err();
    assert!(matches!(again, KeysError::AlreadyThere { .. }), "{again}");
    let other = tempfile::tempdir().unwrap();
    let empty = Keys::create(other.path(), "", Hardness::Local).unwrap_err();
    assert!(matches!(empty, KeysError::EmptyPassphrase), "{empty}");
}

#[test]
fn missing_too_open_swapped_and_damaged_key_files_are_each_named() {
    let (home, keys) = created();
    drop(keys);
    let empty = tempfile::tempdir().unwrap();
    let missing = Keys::unlock(empty.path(), "correct horse").unwrap_err();
    assert!(matches!(missing, KeysError::Missing { .. }), "{missing}");

    let file = |name: &str| home.path().join("keys").join(name);
    fs::set_permissions(file("session.age"), fs::Permissions::from_mode(0o644)).unwrap();
    let open = Keys::unlock(home.path(), "correct horse").unwrap_err();
    assert!(matches!(open, KeysError::TooOpen { mode: 0o644, .. }), "{open}");
    fs::set_permissions(file("session.age"), fs::Permissions::from_mode(0o600)).unwrap();

    let session = fs::read(file("session.age")).unwrap();
    fs::copy(file("node.age"), file("session.age")).unwrap();
    let swapped = Keys::unlock(home.path(), "correct horse").unwrap_err();
    assert!(matches!(swapped, KeysError::Damaged { .. }), "{swapped}");
    fs::write(file("session.age"), &session[..session.len() - 1]).unwrap();
    let damaged = Keys::unlock(home.path(), "correct horse").unwrap_err();
    assert!(matches!(damaged, KeysError::Damaged { .. }), "{damaged}");
    fs::write(file("session.age"), session).unwrap();

    fs::remove_file(file("guard")).unwrap();
    let unguarded = Keys::unlock(home.path(), "correct horse").unwrap_err();
    assert!(matches!(unguarded, KeysError::Missing { .. }), "{unguarded}");
    for error in [missing, open, swapped, damaged, unguarded] {
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_second_process_on_the_same_keys_is_refused() {
    let (home, _keys) = created();
    let second = Keys::unlock(home.path(), "correct horse").unwrap_err();
    assert!(matches!(second, KeysError::Home(HomeError::InUse { .. })), "{second}");
}

#[test]
fn signatures_verify_with_standard_verifiers() {
    let (_home, keys) = created();
    let signatures = keys.sign(&request("negotiation/1", 7)).unwrap();
    let [Signature::Identity(identity), Signature::Typed(typed)] = signatures[..] else {
        panic!("one signature per payload, in order: {signatures:?}")
    };
    let verifier = VerifyingKey::from_bytes(&keys.public().identity).unwrap();
    verifier.verify_strict(&[7; 64], &EdSignature::from_bytes(&identity)).unwrap();
    let evm = EvmSignature::from_raw(&typed).unwrap();
    assert_eq!(evm.recover_address_from_prehash(&B256::repeat_byte(7)).unwrap(), keys.public().settlement);
    assert!(typed[64] == 27 || typed[64] == 28);
    assert_eq!(evm.normalize_s(), None, "s is in the lower half (EIP-2)");
}

#[test]
fn a_slot_is_signed_once_also_after_a_restart() {
    let (home, keys) = created();
    let first = keys.sign(&request("negotiation/1", 7)).unwrap();
    assert_eq!(keys.sign(&request("negotiation/1", 7)).unwrap(), first);
    assert!(matches!(keys.sign(&request("negotiation/1", 8)), Err(GuardError::SecondDigest { .. })));
    let seen = keys.guard_seq().unwrap();
    drop(keys);
    let keys = Keys::unlock(home.path(), "correct horse").unwrap();
    let early = keys.sign(&request("negotiation/1", 7)).unwrap_err();
    assert_eq!(early, GuardError::Observe(Observe::NotCompared));
    assert_eq!(keys.compare(seen), Ok(Mode::Signing));
    assert_eq!(keys.sign(&request("negotiation/1", 7)).unwrap(), first);
    assert!(matches!(keys.sign(&request("negotiation/1", 8)), Err(GuardError::SecondDigest { .. })));
}

#[test]
fn a_restored_backup_signs_nothing_until_reconciled() {
    let (home, keys) = created();
    keys.sign(&request("negotiation/1", 7)).unwrap();
    let guard = home.path().join("keys/guard");
    let backup = fs::read(&guard).unwrap();
    keys.sign(&request("negotiation/2", 7)).unwrap();
    let seen = keys.guard_seq().unwrap();
    drop(keys);
    fs::write(&guard, backup).unwrap();
    let keys = Keys::unlock(home.path(), "correct horse").unwrap();
    assert!(matches!(keys.compare(seen), Ok(Mode::Observe(Observe::Behind { guard: 1, records: 2 }))));
    assert!(matches!(keys.sign(&request("negotiation/2", 8)), Err(GuardError::Observe(_))));
    keys.reconcile(seen).unwrap();
    keys.sign(&request("negotiation/3", 8)).unwrap();
}

#[test]
fn an_ndas_keys_are_offered_before_it_has_an_id_and_kept_under_it() {
    let (home, keys) = created();
    let offered = keys.nda_prepare([9; 32]).unwrap();
    assert_eq!(keys.age_recipient_for([9; 32]).unwrap(), offered.recipient);
    assert_eq!(keys.nda_open(NDA, [9; 32]).unwrap(), offered);
    assert_eq!(keys.nda_open(NDA, [9; 32]).unwrap(), offered);
    let none = keys.nda_open(NdaId([5; 32]), [8; 32]).unwrap_err();
    assert!(matches!(none, KeysError::NoProposal { .. }), "{none}");
    let storage = keys.storage_key(NDA).unwrap();
    drop(keys);
    let keys = Keys::unlock(home.path(), "correct horse").unwrap();
    assert_eq!(keys.nda_public(NDA).unwrap(), offered);
    assert_eq!(keys.storage_key(NDA).unwrap(), storage);
    assert!(keys.nda_drop([8; 32]).is_ok_and(|there| !there));
}

#[test]
fn a_row_opens_in_its_own_place_only_and_never_after_the_ndas_keys_are_destroyed() {
    let (_home, keys) = created();
    keys.nda_prepare([9; 32]).unwrap();
    keys.nda_open(NDA, [9; 32]).unwrap();
    let sealed = keys.seal_row(NDA, 7, b"the offer").unwrap();
    assert!(!sealed.windows(5).any(|bytes| bytes == b"offer"));
    assert_eq!(keys.open_row(NDA, 7, &sealed).unwrap().as_slice(), b"the offer");
    let moved = keys.open_row(NDA, 8, &sealed).unwrap_err();
    assert!(matches!(moved, KeysError::BadRow { .. }), "{moved}");
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(keys.open_row(NDA, 7, &changed).is_err());
    }
    assert!(keys.destroy_nda(NDA).unwrap());
    assert!(!keys.destroy_nda(NDA).unwrap());
    let gone = keys.open_row(NDA, 7, &sealed).unwrap_err();
    assert!(matches!(gone, KeysError::NoNda { .. }), "{gone}");
}

#[test]
fn both_sides_of_a_deal_derive_the_same_identities_from_its_wrapped_secret() {
    let (_home, seller) = created();
    let (_other_home, buyer) = created();
    let theirs = buyer.nda_prepare([9; 32]).unwrap();
    buyer.nda_open(NDA, [9; 32]).unwrap();
    assert!(seller.deal_secret_create(DEAL).unwrap());
    assert!(!seller.deal_secret_create(DEAL).unwrap());
    let wrapped = seller.deal_secret_wrap(DEAL, &theirs.recipient).unwrap();
    let other = buyer.deal_secret_import(DealId([3; 32]), &wrapped, NDA).unwrap_err();
    assert!(matches!(other, KeysError::NotThisDeal { .. }), "{other}");
    buyer.deal_secret_import(DEAL, &wrapped, NDA).unwrap();
    buyer.deal_secret_import(DEAL, &wrapped, NDA).unwrap();
    for class in ["agreement", "m1", "m2"] {
        let identity = seller.class_identity(DEAL, class).unwrap();
        assert_eq!(buyer.class_identity(DEAL, class).unwrap(), identity);
    }
    assert_ne!(seller.class_recipient(DEAL, "m1").unwrap(), seller.class_recipient(DEAL, "m2").unwrap());
    let bad = seller.class_identity(DEAL, "M 1").unwrap_err();
    assert!(matches!(bad, KeysError::BadClass { .. }), "{bad}");
    assert!(buyer.destroy_deal(DEAL).unwrap());
    assert!(matches!(buyer.class_identity(DEAL, "m1"), Err(KeysError::NoDeal { .. })));
}

#[test]
fn a_juror_opens_its_milestone_and_nothing_else() {
    let (_home, seller) = created();
    let (_other_home, juror) = created();
    seller.deal_secret_create(DEAL).unwrap();
    let recipient = juror.juror_recipient([4; 32]).unwrap();
    assert_eq!(juror.juror_recipient([4; 32]).unwrap(), recipient);
    let wrapped = seller.class_identity_wrap(DEAL, "m1", &recipient).unwrap();
    let file = juror.juror_unwrap([4; 32], &wrapped).unwrap();
    let identity = std::str::from_utf8(&file).unwrap();
    assert!(identity.ends_with('\n'), "an age identity file");
    let sealed = |class| {
        let recipient = seller.class_recipient(DEAL, class).unwrap();
        sealing::seal(&[recipient], class.as_bytes()).unwrap()
    };
    assert_eq!(sealing::open(identity, &sealed("m1")).unwrap().as_slice(), b"m1");
    for class in ["m2", "agreement"] {
        assert_eq!(sealing::open(identity, &sealed(class)).unwrap_err(), SealError::NotForThisKey);
    }
    assert!(juror.destroy_seat([4; 32]).unwrap());
    assert!(matches!(juror.juror_unwrap([4; 32], &wrapped), Err(KeysError::NoSeat { .. })));
}

#[test]
fn no_secret_shows_in_debug_output_or_in_any_file_of_the_keys_in_the_clear() {
    let (home, keys) = created();
    keys.deal_secret_create(DEAL).unwrap();
    keys.nda_prepare([9; 32]).unwrap();
    keys.nda_open(NDA, [9; 32]).unwrap();
    let secrets = [
        keys.node_secret(),
        keys.session_secret(),
        keys.storage_key(NDA).unwrap(),
        Zeroizing::new(keys.identity.to_bytes()),
        Zeroizing::new(keys.settlement.to_bytes().0),
    ];
    let shown = format!("{keys:?}");
    for entry in fs::read_dir(home.path().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in &secrets {
            assert!(!bytes.windows(32).any(|window| window == secret.as_slice()), "{}", path.display());
            assert!(!shown.contains(&hex::encode(secret.as_slice())));
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}
