//! The local chain with the project's own contracts: money in, seats taken, everything there again later.

use nuncio_contracts::{Constants, Deployment, LOCAL_CHAIN_ID};
use nuncio_protocol::{beacon::BeaconChain, money::Usdc};
use nuncio_testnet::{
    beacon::{BeaconKey, LOCAL_SEED},
    chain::{
        Account, LocalChain,
        acts::history,
        anvil::{Anvil, AnvilOptions},
        reader,
    },
};

#[test]
fn the_local_networks_beacon_has_the_key_that_the_testnet_signs_with() {
    let beacon = &Deployment::of_chain(LOCAL_CHAIN_ID).unwrap().beacon;
    assert_eq!(beacon.public_key, BeaconKey::from_seed(LOCAL_SEED.as_bytes()).public_uncompressed());
}

#[test]
fn networks_with_money_have_quicknet() {
    let quicknet = BeaconChain::quicknet();
    for network in Deployment::known().iter().filter(|network| !network.is_local()) {
        let beacon = &network.beacon;
        assert_eq!(beacon.public_key, quicknet.public_key_uncompressed(), "{}", network.name);
        let pace = (u64::from(beacon.genesis), u64::from(beacon.period_secs));
        assert_eq!(pace, (quicknet.genesis_secs(), quicknet.period_secs()), "{}", network.name);
    }
}

#[tokio::test]
#[ignore = "real processes: scripts/test stories"]
async fn a_principal_pays_in_a_juror_takes_a_seat_and_the_chain_can_be_served_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    let mut chain = LocalChain::start(folder.path()).await.unwrap();
    assert_eq!(chain.deployment(), Deployment::named("anvil").unwrap(), "where the release says");
    let (mut buyer, mut expert) = (Account::random("buyer"), Account::random("expert"));
    let holder = Account::random("juror").address();
    for principal in [&buyer, &expert] {
        chain.give_ether(principal.address()).await.unwrap();
        chain.mint(principal.address(), Usdc(300_000_000)).await.unwrap();
    }
    chain.settle().await.unwrap();
    chain.deposit(&mut buyer, Usdc(200_000_000)).await.unwrap();
    chain.seat(&mut expert, holder, 7).await.unwrap();
    chain.settle().await.unwrap();

    assert_eq!(chain.balance(buyer.address()).await.unwrap(), Usdc(100_000_000));
    assert_eq!(chain.credit(buyer.address()).await.unwrap(), Usdc(200_000_000));
    assert_eq!(chain.wealth(buyer.address()).await.unwrap(), Usdc(300_000_000));
    let staked = 300_000_000 - Constants::LOCAL.seat_stake;
    assert_eq!(chain.balance(expert.address()).await.unwrap(), Usdc(staked));
    let told = history(chain.provider(), chain.contracts(), 0).await.unwrap();
    let acts: Vec<_> = told.acts.iter().map(|act| act.act).collect();
    assert_eq!(acts, ["deposit", "take a seat"]);
    assert!(told.acts.iter().all(|act| act.gas > 21_000));

    // A call that cannot succeed is told with its name and reason.
    chain.deposit(&mut buyer, Usdc(200_000_000)).await.unwrap();
    let error = chain.settle().await.unwrap_err().to_string();
    assert!(error.starts_with("deposit credit (buyer) reverted"), "{error}");

    let contracts = *chain.contracts();
    chain.stop().await;
    let options = AnvilOptions { port: 0, load: Some(folder.path().join("chain.json")), dump: None };
    let again = Anvil::start(&options, &folder.path().join("logs/again.log")).await.unwrap();
    let provider = reader(&again.rpc());
    let told = history(&provider, &contracts, 0).await.unwrap();
    assert_eq!(told.acts.len(), 2, "the logs are still there");
    again.stop().await;
}
