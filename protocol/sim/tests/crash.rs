//! Killed at any instant and started again from what it had stored, a node ends where it would have.
//!
//! Two ways to die. *By name*: one run in which a machine's process dies over every kind of step that
//! it stores, once when the step is decided and not stored, once when it is stored and nothing else is
//! done. *By number*: an instant lies before the first effect of each step and after each effect; a
//! run begins to die at one instant and dies again at every 97th after it. The nine runs of each party
//! begin twelve instants apart, which is 9 of the 97 instants that a first death can lie at, less than
//! a tenth of all. `every_instant_of_*` go through them one by one, each with a world of its own, and
//! take the better part of an hour: `cargo test -p nuncio-sim --test crash -- --ignored`.
//!
//! Three jurors judge here instead of five: that changes how many messages there are and not which.

use core::time::Duration;
use std::collections::BTreeSet;

use nuncio_sim::{
    Doom, Named, Who,
    scene::{Ending, Scene},
};

const SEED: u64 = 1;
const JURORS: u8 = 3;
/// An acceptance whose offer was lost is firm for five minutes; then the two begin again.
const PATIENCE: Duration = Duration::from_secs(900);
/// From one death to the next; longer than what a start alone does.
const STRIDE: u64 = 97;
/// Between the first deaths of two runs.
const APART: u64 = 12;

/// What is only told; it rides on the batch of what it tells of.
const NOTED: &str = "event.noted";

fn play(pick: impl Fn(&Scene) -> Who, doom: Doom) -> (Scene, Ending) {
    let mut scene = Scene::new(SEED, JURORS);
    let who = pick(&scene);
    scene.world.doom(who, doom.clone());
    match scene.play(PATIENCE) {
        Ok(ending) => (scene, ending),
        Err(why) => panic!("seed {SEED}, {who:?} {doom:?}: {why}\ndeaths: {:#?}", scene.world.deaths()),
    }
}

/// The end without any death.
fn undisturbed() -> (Scene, Ending) {
    let mut scene = Scene::new(SEED, JURORS);
    let ending = scene.play(PATIENCE).expect("nobody dies and the deal ends");
    (scene, ending)
}

/// Everything but the number of transactions: an act whose simulation was lost is simulated again,
/// and an NDA that was never signed leaves none.
fn assert_same(found: &Ending, expected: &Ending) {
    assert_eq!((&found.slot, &found.wealth), (&expected.slot, &expected.wealth));
    assert_eq!(found.transactions, expected.transactions, "transactions");
}

/// Dies over every kind of step that this machine stores in the happy deal, before and after.
#[expect(clippy::print_stdout, reason = "which steps were died over is what this test has to tell")]
fn dies_over_each_step(pick: impl Fn(&Scene) -> Who + Copy) {
    let (calm, expected) = undisturbed();
    let named: BTreeSet<&str> = calm.world.steps_of(pick(&calm));
    let (scene, ending) = play(pick, Doom::EachStep(Named::default()));
    assert_same(&ending, &expected);
    let deaths = scene.world.deaths();
    let before: BTreeSet<&str> = deaths.iter().flat_map(|death| death.lost.iter().copied()).collect();
    let after: BTreeSet<&str> = deaths.iter().flat_map(|death| death.kept.iter().copied()).collect();
    let missed: Vec<_> = named
        .iter()
        .filter(|step| **step != NOTED && (!before.contains(*step) || !after.contains(*step)))
        .collect();
    println!("{} deaths over {} steps: {named:?}", deaths.len(), named.len());
    assert!(missed.is_empty(), "nobody died over {missed:?}");
}

#[test]
fn a_buyer_that_dies_over_each_step_ends_in_the_same_place() {
    dies_over_each_step(|scene| scene.buyer);
}

#[test]
fn a_seller_that_dies_over_each_step_ends_in_the_same_place() {
    dies_over_each_step(|scene| scene.seller);
}

#[test]
fn a_vault_that_dies_over_each_step_ends_in_the_same_place() {
    dies_over_each_step(|scene| scene.vaults[0]);
}

/// With one of three gone for a while the others reach a verdict without it, so that what it does
/// itself may differ; where the deal ends does not.
#[test]
fn a_juror_that_dies_over_each_step_changes_no_verdict() {
    let (_, expected) = undisturbed();
    let (scene, ending) = play(|scene| scene.jurors[0], Doom::EachStep(Named::default()));
    assert_same(&ending, &expected);
    let over: BTreeSet<&str> =
        scene.world.deaths().iter().flat_map(|death| death.kept.iter().copied()).collect();
    println!("{} deaths over {over:?}", scene.world.deaths().len());
    for step in ["case.taken", "case.opened", "case.voted", "case.commit-seen"] {
        assert!(over.contains(step), "nobody died over {step}");
    }
}

fn dies_again_and_again(pick: impl Fn(&Scene) -> Who + Copy) {
    let (_, expected) = undisturbed();
    for run in 0..STRIDE.div_ceil(APART) {
        let doom = Doom::Every { first: run * APART, stride: STRIDE };
        let (scene, ending) = play(pick, doom);
        assert!(!scene.world.deaths().is_empty());
        assert_same(&ending, &expected);
    }
}

#[test]
fn a_buyer_that_dies_again_and_again_ends_in_the_same_place() {
    dies_again_and_again(|scene| scene.buyer);
}

#[test]
fn a_seller_that_dies_again_and_again_ends_in_the_same_place() {
    dies_again_and_again(|scene| scene.seller);
}

fn dies_at_every_instant(pick: impl Fn(&Scene) -> Who + Copy) {
    let (calm, expected) = undisturbed();
    for instant in 0..calm.world.host(pick(&calm)).moments() {
        let (_, ending) = play(pick, Doom::At(instant));
        assert_same(&ending, &expected);
    }
}

#[test]
#[ignore = "half an hour: each instant has a world of its own"]
fn every_instant_of_the_buyer() {
    dies_at_every_instant(|scene| scene.buyer);
}

#[test]
#[ignore = "half an hour: each instant has a world of its own"]
fn every_instant_of_the_seller() {
    dies_at_every_instant(|scene| scene.seller);
}
