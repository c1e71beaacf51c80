//! The whole deal, through the contracts' real bytecode.

use core::time::Duration;

use nuncio_protocol::{command::Event, money::Usdc, node::Timing};
use nuncio_sim::{Weather, World, scene::Scene};

/// From the first request to the last rating.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn three_milestones_are_delivered_judged_by_five_and_paid_to_the_micro_usdc() {
    let mut scene = Scene::new(1, 5);
    let ending = scene.play(PATIENCE).unwrap();
    let deal = scene.deal(scene.buyer).unwrap();
    let amounts: Vec<Usdc> = deal.milestones.iter().map(|milestone| milestone.amount).collect();
    assert_eq!(amounts, [54_000_000, 63_000_000, 63_000_000].map(Usdc));
    assert_eq!((deal.panel.len(), deal.quorum, deal.rated), (5, 3, [true, true]));
    let owns = |name: &str| ending.wealth.iter().find(|(who, _, _)| who == name).map(|(_, owned, _)| *owned);
    assert_eq!(owns("buyer"), Some(Usdc(820_000_000)));
    assert_eq!(owns("seller"), Some(Usdc(180_000_000)));
    let sent = |name: &str| ending.transactions.iter().find(|(who, _)| who == name).map(|(_, sent)| *sent);
    // The NDA, the opening and a rating; three verdicts and a rating.
    assert_eq!((sent("buyer"), sent("seller")), (Some(3), Some(4)));
}

/// Nobody has to ask for what a verdict gives: the node of whoever gets it ends the window.
#[test]
fn a_pass_is_paid_when_its_window_is_over() {
    const WINDOW_SECS: u32 = 20;
    let timing = Timing { window_secs: WINDOW_SECS, ..World::timing() };
    let mut scene = Scene::within(World::with_timing(2, timing), 3);
    let ending = scene.play(Duration::from_secs(240)).unwrap();
    let sent = |name: &str| ending.transactions.iter().find(|(who, _)| who == name).map(|(_, sent)| *sent);
    // As without windows, and a payout for each milestone.
    assert_eq!((sent("buyer"), sent("seller")), (Some(3), Some(7)));
    let notes = scene.world.host(scene.seller).notes();
    let first =
        |is: &dyn Fn(&Event) -> bool| notes.iter().find(|(_, event)| is(event)).map(|(at, _)| at.secs());
    for index in 0..3 {
        let judged =
            first(&|e| matches!(e, Event::Verdict { milestone, .. } if *milestone == index)).unwrap();
        let settled =
            first(&|e| matches!(e, Event::Settled { milestone, .. } if *milestone == index)).unwrap();
        assert!(settled >= judged + u64::from(WINDOW_SECS), "milestone {index}: {judged}, {settled}");
    }
}

#[test]
fn a_network_that_loses_doubles_and_reorders_costs_time_and_nothing_else() {
    for seed in [11, 12, 13] {
        let mut scene = Scene::new(seed, 3);
        scene.world.set_weather(Weather::FOUL);
        if let Err(why) = scene.play(Duration::from_secs(600)) {
            panic!("seed {seed}: {why}");
        }
    }
}

#[test]
fn a_parted_network_costs_time_and_nothing_else() {
    let mut scene = Scene::new(21, 3);
    for _ in 0..12 {
        scene.world.run(Duration::from_secs(2));
        let (buyer, seller) = (scene.buyer, scene.seller);
        scene.world.part(buyer, seller, Duration::from_millis(700));
    }
    scene.play(Duration::from_secs(600)).unwrap();
}

#[test]
fn one_seed_is_one_run_record_for_record() {
    let tell = |seed| {
        let mut world = World::new(seed);
        world.traders();
        world.vaults(1);
        world.run(Duration::from_secs(12));
        world.chronicle()
    };
    assert_eq!(tell(5), tell(5));
    assert_ne!(tell(5), tell(6));
    let play = || {
        let mut scene = Scene::new(3, 3);
        scene.world.set_weather(Weather::FOUL);
        scene.world.run(Duration::from_secs(40));
        scene.world.chronicle()
    };
    assert_eq!(play(), play());
}
