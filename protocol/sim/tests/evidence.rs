//! A seller that delivers what cannot be judged is judged all the same.

use core::time::Duration;

use nuncio_protocol::{
    command::Event,
    deal::DealEvent,
    money::Usdc,
    record::Record,
    wire::{Delivery, Direct},
};
use nuncio_sim::{Trick, Who, World, scene::Scene};

/// The first milestone is due after 300 seconds, and is settled from then on.
const PATIENCE: Duration = Duration::from_secs(420);

/// Plays until the first milestone is settled; says what the jury found and who got what.
fn first_milestone(scene: &mut Scene) -> Option<(u16, Usdc, Usdc)> {
    let buyer = scene.buyer;
    let settled = |event: &Event| {
        let Event::Settled { milestone: 0, to_seller, to_buyer, .. } = event else { return None };
        Some((*to_seller, *to_buyer))
    };
    let judged = |event: &Event| {
        let Event::Verdict { milestone: 0, seller_bps, .. } = event else { return None };
        Some(*seller_bps)
    };
    scene.world.run_until(PATIENCE, |world| {
        world.host(buyer).notes().iter().any(|(_, event)| settled(event).is_some())
    });
    let notes = || scene.world.host(buyer).notes().iter().map(|(_, event)| event);
    let (to_seller, to_buyer) = notes().find_map(settled)?;
    Some((notes().find_map(judged)?, to_seller, to_buyer))
}

const NOTHING_FOR_THE_SELLER: Option<(u16, Usdc, Usdc)> = Some((0, Usdc(0), Usdc(54_000_000)));

#[test]
fn an_honest_delivery_is_paid() {
    let mut scene = Scene::new(31, 3);
    assert_eq!(first_milestone(&mut scene), Some((10_000, Usdc(54_000_000), Usdc(0))));
}

#[test]
fn noise_in_place_of_evidence_fails() {
    let mut scene = Scene::new(32, 3);
    scene.world.teach(scene.seller, Trick::SealsNoise);
    assert_eq!(first_milestone(&mut scene), NOTHING_FOR_THE_SELLER);
}

#[test]
fn evidence_without_its_pact_fails() {
    let mut scene = Scene::new(33, 3);
    scene.world.teach(scene.seller, Trick::LeavesOutPact);
    assert_eq!(first_milestone(&mut scene), NOTHING_FOR_THE_SELLER);
}

#[test]
fn evidence_that_the_jurors_cannot_open_fails() {
    let mut scene = Scene::new(34, 3);
    scene.world.teach(scene.seller, Trick::WrapsAnother);
    assert_eq!(first_milestone(&mut scene), NOTHING_FOR_THE_SELLER);
}

#[test]
fn evidence_that_nobody_hands_out_fails() {
    let mut scene = Scene::new(35, 3);
    let keepers: Vec<Who> = scene.vaults.iter().copied().chain([scene.seller]).collect();
    for who in keepers {
        scene.world.teach(who, Trick::Withholds);
    }
    assert_eq!(first_milestone(&mut scene), NOTHING_FOR_THE_SELLER);
}

/// Vaults that hand nothing out cost the seller nothing while it does.
#[test]
fn the_seller_hands_out_what_its_vaults_withhold() {
    let mut scene = Scene::new(36, 3);
    for who in scene.vaults.clone() {
        scene.world.teach(who, Trick::Withholds);
    }
    assert_eq!(first_milestone(&mut scene), Some((10_000, Usdc(54_000_000), Usdc(0))));
}

/// The buyer has the seller's signed claim too, and would gain if jurors took it from the buyer beside an
/// identity that opens nothing.
#[test]
fn a_claim_that_somebody_else_passes_on_is_no_delivery() {
    let mut scene = Scene::new(37, 3);
    let (buyer, seller) = (scene.buyer, scene.seller);
    let sent = |world: &World| {
        world.host(seller).store().records().iter().find_map(|record| {
            let Record::Deal { event, .. } = record else { return None };
            let DealEvent::Delivered(delivery) = event.as_ref() else { return None };
            Some(delivery.clone())
        })
    };
    assert!(scene.world.run_until(PATIENCE, |world| sent(world).is_some()));
    let forged = Delivery { identity: vec![7; 80], ..*sent(&scene.world).unwrap() };
    for juror in scene.jurors.clone() {
        scene.world.forge(buyer, juror, Direct::Delivery(Box::new(forged.clone())));
    }
    assert_eq!(first_milestone(&mut scene), Some((10_000, Usdc(54_000_000), Usdc(0))));
    for juror in &scene.jurors {
        let noted = scene.world.host(*juror).notes();
        assert!(noted.iter().any(|(_, event)| matches!(event, Event::Misconduct { .. })), "it is counted");
    }
}
