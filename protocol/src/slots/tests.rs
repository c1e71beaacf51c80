use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::disk::faulty::FaultyDisk;

const KEY: [u8; 32] = [3; 32];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn name(number: u8) -> SecretName {
    SecretName { kind: SecretKind::Nda, id: [number; 32] }
}

fn laid_out(secrets: u8) -> FaultyDisk {
    let mut disk = FaultyDisk::default();
    let mut random = rng(1);
    let mut slots = Slots::create(&mut disk, &KEY, &mut random).unwrap();
    for i in 0..secrets {
        assert_eq!(slots.put(name(i), &[i; 96], &mut random), Ok(Put::New));
    }
    disk
}

#[test]
fn a_secret_is_found_again_and_not_in_the_clear_on_disk() {
    let disk = laid_out(3);
    assert!(!disk.bytes().windows(16).any(|bytes| bytes == [2; 16]));
    let mut slots = Slots::open(disk, &KEY, &mut rng(2)).unwrap();
    assert_eq!(slots.get(&name(2)), Some(&[2; 96][..]));
    assert_eq!(slots.get(&SecretName { kind: SecretKind::Deal, id: [2; 32] }), None);
    assert_eq!(slots.ids(SecretKind::Nda).count(), 3);
    assert_eq!(slots.put(name(2), &[2; 96], &mut rng(3)), Ok(Put::Same));
    let other = slots.put(name(2), &[9; 96], &mut rng(3));
    assert_eq!(other, Err(SlotsError::Occupied { name: name(2) }));
    let long = slots.put(name(9), &[0; SECRET_MAX + 1], &mut rng(3));
    assert_eq!(long, Err(SlotsError::TooLong { length: SECRET_MAX + 1 }));
}

#[test]
fn a_destroyed_secret_leaves_nothing_in_its_place_and_the_place_is_used_again() {
    let mut disk = laid_out(3);
    let body = Place(1).body_offset() as usize;
    let before = disk.bytes()[body..body + BODY].to_vec();
    let mut slots = Slots::open(&mut disk, &KEY, &mut rng(2)).unwrap();
    assert_eq!(slots.destroy(&name(1), &mut rng(3)), Ok(true));
    assert_eq!(slots.destroy(&name(1), &mut rng(3)), Ok(false));
    assert_eq!(disk.bytes()[body..body + BODY], [0; BODY]);
    assert!(!disk.bytes().windows(24).any(|bytes| bytes == &before[..24]));
    let mut slots = Slots::open(&mut disk, &KEY, &mut rng(2)).unwrap();
    assert_eq!(slots.get(&name(1)), None);
    slots.put(name(7), &[7; 32], &mut rng(4)).unwrap();
    assert_ne!(disk.bytes()[body..body + BODY], [0; BODY]);
}

#[test]
fn the_file_grows_by_extents_without_moving_a_secret() {
    let disk = laid_out(200);
    assert_eq!(disk.bytes().len() as u64, 4 * EXTENT);
    let slots = Slots::open(disk, &KEY, &mut rng(2)).unwrap();
    for i in 0..200 {
        assert_eq!(slots.get(&name(i)), Some(&[i; 96][..]));
    }
}

/// What is known of each secret from outside: certainly there, certainly gone, or in between.
type Known = BTreeMap<u8, Option<bool>>;

fn live(disk: &mut FaultyDisk, known: &mut Known, random: &mut ChaCha20Rng) {
    let mut slots = match Slots::open(disk, &KEY, random) {
        Ok(slots) => slots,
        Err(error) => return assert!(error.is_fatal(), "{error}"),
    };
    for (number, there) in known.iter_mut() {
        let held = slots.get(&name(*number));
        assert!(held.is_none_or(|secret| secret == [*number; 96]));
        match there {
            Some(true) => assert!(held.is_some(), "secret {number} was acknowledged and is lost"),
            Some(false) => assert!(held.is_none(), "secret {number} was destroyed and is back"),
            None => *there = Some(held.is_some()),
        }
    }
    for number in 0..3 {
        let gone = slots.destroy(&name(number), random);
        known.insert(number, gone.is_ok().then_some(false));
        if gone.is_err() {
            return;
        }
    }
    for number in 62..68 {
        let put = slots.put(name(number), &[number; 96], random);
        known.insert(number, put.is_ok().then_some(true));
        if put.is_err() {
            return;
        }
    }
}

#[test]
fn no_crash_at_any_disk_operation_loses_a_kept_secret_or_revives_a_destroyed_one() {
    let whole = laid_out(61);
    for seed in 0..40 {
        let mut random = rng(seed);
        for death in 0..48 {
            let mut known: Known = (0..61).map(|number| (number, Some(true))).collect();
            let mut disk = whole.clone().dying_at(death);
            live(&mut disk, &mut known, &mut random);
            disk = if seed % 3 == 0 { disk.killed() } else { disk.power_loss(&mut random) };
            disk = disk.dying_at(death / 3);
            live(&mut disk, &mut known, &mut random);
            disk = disk.power_loss(&mut random);
            live(&mut disk, &mut known, &mut random);
            let last = Slots::open(disk, &KEY, &mut random).unwrap();
            assert_eq!(last.ids(SecretKind::Nda).count(), 64, "seed {seed}, death {death}");
        }
    }
}

#[test]
fn a_changed_byte_never_changes_a_secret_and_damage_to_one_is_named() {
    let whole = laid_out(2).bytes().to_vec();
    for place in 0..HEADER + 3 * BODY {
        for change in [0x01, 0x80, whole[place].max(1)] {
            let mut bytes = whole.clone();
            bytes[place] ^= change;
            match Slots::open(FaultyDisk::holding(bytes), &KEY, &mut rng(2)) {
                Err(error) => assert!(matches!(error, SlotsError::Corrupt { .. }), "byte {place}: {error}"),
                Ok(slots) => {
                    assert_eq!(slots.get(&name(0)), Some(&[0; 96][..]), "byte {place}");
                    assert_eq!(slots.get(&name(1)), Some(&[1; 96][..]), "byte {place}");
                }
            }
        }
    }
}

#[test]
fn a_file_cut_short_or_under_another_key_is_refused_by_name() {
    let whole = laid_out(70).bytes().to_vec();
    for length in [0, 100, EXTENT as usize - 1] {
        let short = Slots::open(FaultyDisk::holding(whole[..length].to_vec()), &KEY, &mut rng(2));
        assert!(matches!(short, Err(SlotsError::Corrupt { extent: 0, .. })));
    }
    let other = Slots::open(FaultyDisk::holding(whole), &[4; 32], &mut rng(2));
    assert!(matches!(other, Err(SlotsError::Corrupt { .. })));
}

#[test]
fn after_a_failed_write_nothing_more_is_taken() {
    let mut disk = laid_out(1).dying_at(0);
    let mut slots = Slots::open(&mut disk, &KEY, &mut rng(2)).unwrap();
    let failed = slots.put(name(5), &[5; 32], &mut rng(2)).unwrap_err();
    assert!(failed.is_fatal());
    assert_eq!(slots.put(name(5), &[5; 32], &mut rng(2)), Err(SlotsError::Broken));
    assert_eq!(slots.destroy(&name(0), &mut rng(2)), Err(SlotsError::Broken));
}
