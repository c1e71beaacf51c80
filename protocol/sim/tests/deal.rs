//! The whole deal, through the contracts' real bytecode.

use core::time::Duration;

use nuncio_protocol::money::Usdc;
use nuncio_sim::scene::Scene;

#[test]
fn three_milestones_are_delivered_judged_by_five_and_paid_to_the_micro_usdc() {
    let mut scene = Scene::new(1, 5);
    let ending = scene.play(Duration::from_secs(90)).unwrap();
    println!("{ending:?} {:?}", scene.world.elapsed());
    assert_eq!(scene.deal(scene.buyer).unwrap().price, Usdc(180_000_000));
}

#[test]
fn explore() {
    let who: String = std::env::var("SIM_WHO").unwrap();
    let from: u64 = std::env::var("SIM_FROM").unwrap().parse().unwrap();
    let to: u64 = std::env::var("SIM_TO").unwrap().parse().unwrap();
    let step: u64 = std::env::var("SIM_STEP").unwrap().parse().unwrap();
    let stride: u64 = std::env::var("SIM_STRIDE").map_or(0, |s| s.parse().unwrap());
    let mut failed = 0;
    let mut at = from;
    while at < to {
        let start = std::time::Instant::now();
        let result = std::panic::catch_unwind(|| {
            let mut scene = Scene::new(1, 3);
            let target = match who.as_str() {
                "buyer" => scene.buyer,
                "seller" => scene.seller,
                "juror" => scene.jurors[0],
                _ => scene.vaults[0],
            };
            if who != "none" {
                scene.world.doom(target, if stride > 0 { nuncio_sim::Doom::Every { first: at, stride } } else if to == 1 { nuncio_sim::Doom::EachStep(nuncio_sim::Named::default()) } else { nuncio_sim::Doom::At(at) });
            }
            let ended = scene.play(Duration::from_secs(120));
            let deaths = scene.world.deaths().to_vec();
            (ended, deaths, scene.world.elapsed(), scene.world.host(target).moments())
        });
        match result {
            Ok((Ok(_), deaths, elapsed, moments)) => println!("{who} {at}: ok {elapsed:?} {moments} {:?} {:?} deaths {}", start.elapsed(), deaths.first().map(|d| (d.done, d.kept.clone(), d.lost.clone())), deaths.len()),
            Ok((Err(why), deaths, elapsed, moments)) => {
                failed += 1;
                println!("{who} {at}: FAILED {elapsed:?} {moments} {:?} deaths {:?}\n{why}", start.elapsed(), deaths);
            }
            Err(error) => {
                failed += 1;
                println!("{who} {at}: PANIC {:?}", error.downcast_ref::<String>());
            }
        }
        at += step;
    }
    println!("failed {failed}");
}
