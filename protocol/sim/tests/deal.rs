//! The whole deal, through the contracts' real bytecode.

use core::time::Duration;

use nuncio_sim::{
    World,
    trade::{Buyer, Seller},
};

#[test]
fn happy() {
    let start = std::time::Instant::now();
    let mut world = World::new(1);
    let (buyer, seller) = world.traders();
    world.jurors(5);
    world.vaults(2);
    world.employ(buyer, Buyer::default());
    world.employ(seller, Seller::default());
    println!("made {:?}", start.elapsed());
    let mut shown = 0;
    let mut last = 0;
    let done = world.run_until(Duration::from_secs(200), |world| {
        let notes = world.host(buyer).notes();
        for (at, note) in &notes[shown..] {
            println!("{at} buyer {note:?}");
        }
        shown = notes.len();
        let notes = world.host(seller).notes();
        for (at, note) in &notes[last..] {
            println!("{at} seller {note:?}");
        }
        last = notes.len();
        world
            .host(buyer)
            .notes()
            .iter()
            .any(|(_, note)| matches!(note, nuncio_protocol::command::Event::Rated { .. }))
    });
    println!("ran {:?} virtual {:?}", start.elapsed(), world.elapsed());
    for host in world.hosts() {
        println!("{} moments {} records {}", host.name(), host.moments(), host.store().records().len());
        for (at, note) in host.notes() {
            if matches!(
                note,
                nuncio_protocol::command::Event::Trouble { .. }
                    | nuncio_protocol::command::Event::Misconduct { .. }
            ) {
                println!("{at} {} {note:?}", host.name());
            }
        }
    }
    assert!(done);
}
