//! Bundles by somebody who can sign, deploy and register, and lies: each lie has its name.

use alloy_primitives::Address;

use super::{with_a_lie, world::World, *};
use crate::beacon::BeaconChain;

/// Verifies what this world's exporter made against what another chain says.
fn against(world: &World, lie: impl FnOnce(&mut OnChain)) -> Report {
    let mut chain = world.chain.clone();
    lie(&mut chain);
    verify(&world.bundle(), &chain)
}

fn built(chain: &mut OnChain) -> &mut Built {
    chain.built.as_mut().unwrap()
}

#[test]
fn a_beacon_of_the_exporters_own_is_refused() {
    // Another key that somebody holds the secret of, and quicknet at another pace.
    let generator = "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e\
                     024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";
    let own = hex::decode(generator).unwrap().try_into().unwrap();
    let quicknet = BeaconChain::quicknet();
    let (genesis, period) = (quicknet.genesis_secs(), quicknet.period_secs());
    let beacons = [
        BeaconChain::new("quicknet", own, genesis, period).unwrap(),
        BeaconChain::new("quicknet", *quicknet.public_key(), genesis, period * 10).unwrap(),
    ];
    for beacon in beacons {
        let report = against(&World::new(), |chain| built(chain).beacon = beacon);
        assert_eq!(rules(&report), BTreeSet::from([(INDEX, "beacon")]));
        assert!(report.events.is_empty(), "nothing is told of a deal whose judges were chosen");
    }
    let same = BeaconChain::new("another name", *quicknet.public_key(), genesis, period).unwrap();
    assert!(against(&World::new(), |chain| built(chain).beacon = same).ok);
}

#[test]
fn contracts_of_the_exporters_own_are_refused_and_so_is_a_seat_age_that_is_not_the_chains() {
    let world = World::new();
    let contract = Address::repeat_byte(0xee);
    let lies: [fn(&mut Built, Address); 5] = [
        |built, at| built.deployment.contracts.escrow = at,
        |built, at| built.deployment.contracts.jury = at,
        |built, at| built.deployment.contracts.accords = at,
        |built, at| built.deployment.beacon = at,
        |built, at| built.deployment.usdc = at,
    ];
    for lie in lies {
        let report = against(&world, |chain| lie(built(chain), contract));
        assert!(rules(&report).contains(&(INDEX, "contracts")), "{:?}", report.findings);
    }
    let report = against(&world, |chain| chain.built = Err(Unbuilt::Unasked));
    assert_eq!(rules(&report), BTreeSet::from([(INDEX, "contracts")]));
    let report = against(&world, |chain| built(chain).seat_age_secs += 1);
    assert_eq!(rules(&report), BTreeSet::from([(INDEX, "seat-age")]));
}

#[test]
fn a_log_of_another_contract_proves_nothing() {
    let world = World::new();
    let report = against(&world, |chain| {
        let escrow = chain.logs.last().unwrap().address;
        for log in chain.logs.iter_mut().filter(|log| log.address == escrow) {
            log.address = Address::repeat_byte(0xee);
        }
    });
    assert!(rules(&report).contains(&(LOGS, "log")));
    assert!(report.findings.iter().any(|finding| finding.message.contains("not open on this chain")));
}

#[test]
fn only_a_side_of_the_deal_tells_of_it() {
    let report = with_a_lie(|world| world.export_as(3));
    assert_eq!(rules(&report), BTreeSet::from([(INDEX, "exporter")]));
}

#[test]
fn a_card_that_hides_the_principal_behind_the_juror_is_refused() {
    let report = with_a_lie(|world| world.grant(1, |mandate| mandate.principal = world_account(53)));
    let file = World::card_file(1);
    assert_eq!(rules(&report), BTreeSet::from([(file.as_str(), "mandate")]));
    let report = with_a_lie(|world| world.grant(2, |mandate| mandate.card = [7; 32].into()));
    let file = World::card_file(2);
    assert_eq!(rules(&report), BTreeSet::from([(file.as_str(), "mandate")]));
}

#[test]
fn a_juror_without_a_card_is_refused() {
    let report = with_a_lie(|world| world.forget_card(4));
    assert!(rules(&report).contains(&("proofs/panel.json", "card")), "{:?}", report.findings);
}

#[test]
fn sybils_that_accepted_seats_which_nobody_drew_for_them_make_no_verdict() {
    let report = with_a_lie(World::judge_by_sybils);
    let found = rules(&report);
    assert!(found.contains(&("proofs/m1.json", "votes")), "{:?}", report.findings);
    assert!(found.contains(&("proofs/m1.json", "verdict")), "their signatures are no quorum");
    assert!(!report.events.iter().any(|event| event.act == "verdict.signed"));
}

#[test]
fn a_request_that_leaves_out_a_ripe_seat_or_counts_one_too_many_is_refused() {
    let world = World::new();
    let ripe = against(&world, |chain| {
        let joined = chain.times[&1];
        chain.times.insert(4, joined);
    });
    assert_eq!(rules(&ripe), BTreeSet::from([("proofs/panel.json", "seats")]));
    let fewer = against(&world, |chain| {
        chain.logs.remove(2);
    });
    assert!(rules(&fewer).contains(&("proofs/panel.json", "seats")));
}

#[test]
fn an_allegation_cannot_be_left_out_by_ending_the_index_early() {
    let mut world = World::new();
    world.allege_breach();
    let (mut files, mut index) = world.composed();
    let mut logs: Logs = serde_json::from_slice(&files[LOGS]).unwrap();
    let accords = world.chain.built.as_ref().unwrap().deployment.contracts.accords;
    let anchored = logs.logs.iter().filter(|at| at.log.address == accords).count();
    assert_eq!(anchored, 2, "the NDA and the allegation");
    let place = logs.logs.iter().rposition(|at| at.log.address == accords).unwrap();
    logs.logs.remove(place);
    files.insert(LOGS.into(), to_canonical(&logs).unwrap());
    index.files = super::super::compose::entries(&files).try_into().unwrap();
    index.to_block = 0;
    let bundle = Index::seal(&world.attest(index, 1), files).unwrap();
    let report = verify(&bundle, &world.chain);
    assert_eq!(rules(&report), BTreeSet::from([(LOGS, "log")]));
    assert!(report.events.iter().any(|event| event.act == "nda.breach_alleged"), "and it is told");
}

#[test]
fn a_sealed_paper_that_the_vaults_never_saw_is_refused() {
    let report = with_a_lie(World::swap_agreement);
    assert_eq!(rules(&report), BTreeSet::from([("sealed/agreement.age", "receipt")]));
}

fn world_account(n: u8) -> Address {
    World::new().account(n)
}
