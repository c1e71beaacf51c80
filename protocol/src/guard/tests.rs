use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::disk::faulty::FaultyDisk;

const OWNER: [u8; 32] = [7; 32];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn slot(number: u8) -> Slot {
    Slot::exclusive(format!("negotiation/{}", hex::encode([number; 32])))
}

fn set(content: u8) -> Vec<SlotDigest> {
    vec![
        SlotDigest { key: SigningKeyRole::Identity, hash: [content; 32] },
        SlotDigest { key: SigningKeyRole::Settlement, hash: [content ^ 0xff; 32] },
    ]
}

/// A guard on an ordinary disk with slots 0.. claimed, slot i by set i.
fn written(claims: u8) -> FaultyDisk {
    let mut disk = FaultyDisk::default();
    let mut guard = Guard::create(&mut disk, &OWNER, &mut rng(1)).unwrap();
    guard.compare(0).unwrap();
    for i in 0..claims {
        assert_eq!(guard.claim(&slot(i), &set(i)), Ok(Claim::New { seq: u64::from(i) + 1 }));
    }
    disk
}

fn reopened(disk: FaultyDisk, seen: u64) -> Result<Guard<FaultyDisk>, GuardError> {
    let mut guard = Guard::open(disk, &OWNER)?;
    guard.compare(seen)?;
    Ok(guard)
}

#[test]
fn a_slot_takes_one_ordered_set_of_digests_for_ever() {
    let mut guard = reopened(written(3), 3).unwrap();
    let before = guard.disk.operations();
    assert_eq!(guard.claim(&slot(1), &set(1)), Ok(Claim::Same));
    assert_eq!(guard.disk.operations(), before, "signing the same again costs no write");
    let mut swapped = set(1);
    swapped.reverse();
    for other in [set(2), swapped, set(1)[..1].to_vec(), [set(1), set(2)].concat()] {
        let refused = guard.claim(&slot(1), &other);
        let expected = GuardError::SecondDigest { slot: slot(1).name, first: set(1), second: other };
        assert_eq!(refused, Err(expected));
    }
    assert_eq!(guard.claim(&slot(3), &set(1)), Ok(Claim::New { seq: 4 }));
}

#[test]
fn the_same_hash_for_another_key_is_another_digest() {
    let mut guard = reopened(written(1), 1).unwrap();
    let mut other = set(0);
    other[0].key = SigningKeyRole::Settlement;
    assert!(matches!(guard.claim(&slot(0), &other), Err(GuardError::SecondDigest { .. })));
}

#[test]
fn a_repeated_slot_costs_no_write_and_cannot_reopen_a_claimed_one() {
    let mut guard = reopened(written(1), 1).unwrap();
    let before = guard.disk.operations();
    let checkpoints = Slot::repeated("session/1".to_owned());
    assert_eq!(guard.claim(&checkpoints, &set(1)), Ok(Claim::Repeated { count: 1 }));
    assert_eq!(guard.claim(&checkpoints, &set(2)), Ok(Claim::Repeated { count: 2 }));
    assert_eq!(guard.disk.operations(), before);
    let disguised = Slot::repeated(slot(0).name);
    assert!(matches!(guard.claim(&disguised, &set(9)), Err(GuardError::SecondDigest { .. })));
}

#[test]
fn a_request_of_the_wrong_shape_is_refused_by_name() {
    let mut guard = reopened(written(0), 0).unwrap();
    for name in [String::new(), "a b".to_owned(), "ä".to_owned(), "n".repeat(129)] {
        let refused = guard.claim(&Slot::exclusive(name), &set(1));
        assert!(matches!(refused, Err(GuardError::BadName { .. })));
    }
    assert_eq!(guard.claim(&slot(1), &[]), Err(GuardError::BadCount { count: 0 }));
    let nine = vec![set(1)[0]; 9];
    assert_eq!(guard.claim(&slot(1), &nine), Err(GuardError::BadCount { count: 9 }));
    let longest = Slot::exclusive("n".repeat(NAME_MAX));
    assert_eq!(guard.claim(&longest, &[set(1)[0]; 8]), Ok(Claim::New { seq: 1 }));
    let guard = reopened(guard.disk, 1).unwrap();
    assert_eq!(guard.claimed(&longest.name), Some(&[set(1)[0]; 8][..]));
}

/// One life of a node: claims slots 0..4 by `content`, dies at the given operation. Whatever was
/// granted goes to the list of what is signed, and at once into the records.
fn live(disk: &mut FaultyDisk, content: u8, signed: &mut BTreeMap<String, Vec<SlotDigest>>, seen: &mut u64) {
    let Ok(mut guard) = Guard::open(disk, &OWNER) else { panic!("the guard does not open") };
    match guard.compare(*seen) {
        Ok(mode) => assert_eq!(mode, Mode::Signing, "a crash alone never puts the guard behind"),
        Err(error) => return assert!(error.is_fatal(), "{error}"),
    }
    for i in 0..4 {
        match guard.claim(&slot(i), &set(content)) {
            Ok(_) => {
                let before = signed.entry(slot(i).name).or_insert_with(|| set(content));
                assert_eq!(*before, set(content), "two sets signed for one slot");
                *seen = guard.seq();
            }
            Err(GuardError::SecondDigest { first, .. }) => {
                if let Some(signed) = signed.get(&slot(i).name) {
                    assert_eq!(*signed, first);
                }
            }
            Err(error) => return assert!(error.is_fatal(), "{error}"),
        }
    }
}

#[test]
fn no_crash_at_any_disk_operation_lets_two_sets_be_signed_for_one_slot() {
    for seed in 0..300 {
        let mut random = rng(seed);
        for first_death in 0..12 {
            let mut signed = BTreeMap::new();
            let mut seen = 0;
            let mut disk = written(0);
            for (life, content) in [1, 2, 3].into_iter().enumerate() {
                let death = first_death / (1 + life as u32);
                disk = disk.dying_at(death);
                live(&mut disk, content, &mut signed, &mut seen);
                let power = !(seed + life as u64).is_multiple_of(3);
                disk = if power { disk.power_loss(&mut random) } else { disk.killed() };
            }
            live(&mut disk, 4, &mut signed, &mut seen);
            let guard = reopened(disk, seen).unwrap();
            for i in 0..4 {
                let filled = guard.claimed(&slot(i).name).unwrap();
                assert!(signed.get(&slot(i).name).is_none_or(|set| set == filled), "seed {seed}");
            }
        }
    }
}

#[test]
fn nothing_is_granted_before_its_record_is_synced() {
    for death in 0..2 {
        let mut disk = written(1).dying_at(2 + death);
        let mut guard = Guard::open(&mut disk, &OWNER).unwrap();
        guard.compare(1).unwrap();
        let failed = guard.claim(&slot(1), &set(1));
        assert!(matches!(failed, Err(GuardError::Disk(_))), "operation {death} of the claim failed");
        assert_eq!(guard.claim(&slot(1), &set(1)), Err(GuardError::Broken), "and it is not tried again");
        assert_eq!(guard.claim(&slot(0), &set(0)), Err(GuardError::Broken));
    }
}

#[test]
fn what_a_killed_process_left_in_the_cache_is_synced_before_it_is_trusted() {
    for seed in 0..50 {
        let mut disk = written(1).dying_at(3);
        let mut guard = Guard::open(&mut disk, &OWNER).unwrap();
        guard.compare(1).unwrap();
        assert!(guard.claim(&slot(1), &set(1)).is_err(), "the sync failed, the record is in the cache");
        let mut guard = reopened(disk.killed(), 1).unwrap();
        assert_eq!(guard.claim(&slot(1), &set(1)), Ok(Claim::Same));
        let mut guard = reopened(guard.disk.power_loss(&mut rng(seed)), 2).unwrap();
        assert!(matches!(guard.claim(&slot(1), &set(2)), Err(GuardError::SecondDigest { .. })));
    }
}

#[test]
fn a_changed_byte_anywhere_is_named_and_nothing_is_signed() {
    let whole = written(3).bytes().to_vec();
    for place in 0..whole.len() {
        for change in [0x01, 0x80, whole[place].max(1)] {
            let mut bytes = whole.clone();
            bytes[place] ^= change;
            let error = reopened(FaultyDisk::holding(bytes), 3).unwrap_err();
            assert!(matches!(error, GuardError::Corrupt { .. }), "byte {place}: {error}");
        }
    }
}

#[test]
fn a_torn_end_that_no_record_has_seen_is_cut_and_one_that_was_seen_is_not() {
    let whole = written(3).bytes().to_vec();
    for cut in 1..512 {
        let torn = FaultyDisk::holding(whole[..whole.len() - cut].to_vec());
        let mut guard = reopened(torn.clone(), 2).unwrap();
        assert_eq!((guard.seq(), guard.mode()), (2, Mode::Signing));
        assert_eq!(guard.claim(&slot(2), &set(9)), Ok(Claim::New { seq: 3 }));
        assert!(reopened(guard.disk, 3).is_ok());
        let seen = reopened(torn, 3).unwrap_err();
        assert!(matches!(seen, GuardError::Corrupt { record: 3, .. }), "{seen}");
    }
}

#[test]
fn a_guard_behind_the_records_signs_nothing_until_reconciled() {
    let mut guard = reopened(written(2), 5).unwrap();
    let behind = Observe::Behind { guard: 2, records: 5 };
    assert_eq!(guard.mode(), Mode::Observe(behind));
    assert_eq!(guard.claim(&slot(0), &set(0)), Err(GuardError::Observe(behind)));
    let checkpoints = Slot::repeated("session/1".to_owned());
    assert_eq!(guard.claim(&checkpoints, &set(0)), Err(GuardError::Observe(behind)));
    assert_eq!(guard.reconcile(4), Err(GuardError::NothingToReconcile { seen: 4 }));
    guard.reconcile(5).unwrap();
    assert_eq!(guard.claim(&slot(9), &set(9)), Ok(Claim::New { seq: 7 }));
    let mut guard = reopened(guard.disk, 7).unwrap();
    assert_eq!(guard.claim(&slot(9), &set(9)), Ok(Claim::Same));
    assert_eq!(guard.reconcile(9), Err(GuardError::NothingToReconcile { seen: 9 }));
}

#[test]
fn nothing_is_signed_before_the_guard_was_compared_with_the_records() {
    let mut guard = Guard::open(written(1), &OWNER).unwrap();
    let refused = guard.claim(&slot(0), &set(0));
    assert_eq!(refused, Err(GuardError::Observe(Observe::NotCompared)));
}

#[test]
fn records_cannot_be_dropped_swapped_or_taken_from_another_guard() {
    let whole = written(3).bytes().to_vec();
    let block = |i: usize| whole[i * BLOCK..(i + 1) * BLOCK].to_vec();
    let mut foreign = FaultyDisk::default();
    let mut other = Guard::create(&mut foreign, &OWNER, &mut rng(2)).unwrap();
    other.compare(0).unwrap();
    other.claim(&slot(0), &set(0)).unwrap();
    let taken = foreign.bytes()[BLOCK..].to_vec();
    for blocks in [
        vec![block(0), block(2), block(3)],
        vec![block(0), block(2), block(1), block(3)],
        vec![block(0), block(1), block(1), block(2)],
        vec![block(0), taken, block(2), block(3)],
    ] {
        let disk = FaultyDisk::holding(blocks.concat());
        assert!(matches!(reopened(disk, 0), Err(GuardError::Corrupt { .. })));
    }
}

#[test]
fn the_guard_of_another_identity_or_a_newer_program_is_refused_by_name() {
    let foreign = Guard::open(written(1), &[8; 32]).unwrap_err();
    assert_eq!(foreign, GuardError::Foreign { owner: OWNER });
    assert!(matches!(Guard::open(FaultyDisk::default(), &OWNER), Err(GuardError::Corrupt { record: 0, .. })));
    let again = Guard::create(written(1), &OWNER, &mut rng(3));
    assert!(matches!(again, Err(GuardError::Corrupt { record: 0, .. })));
}
