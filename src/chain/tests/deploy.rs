//! Deploying, and whom the node talks to afterwards, on a real anvil.

use nuncio_contracts::{Beacon, Constants, Deployment, Done, LOCAL_CHAIN_ID, LocalOperator, Plan};
use serde_json::json;

use super::{
    super::deploy::{DeployError, Standing, carry_out, survey},
    *,
};

fn local() -> Plan {
    Plan::on(Deployment::of_chain(LOCAL_CHAIN_ID).unwrap())
}

fn sign(digest: B256) -> EthSignature {
    EthSignature(dev_key().sign_hash_sync(&digest).unwrap().as_bytes())
}

async fn deploy(rpc: &Rpc, plan: &Plan) -> Result<usize, DeployError> {
    let sent = carry_out(rpc, plan, dev_key().address(), sign, |_, _| {}).await?;
    Ok(sent.len())
}

/// Starts the service for a plan's contracts, with these hashes allowed.
async fn follow(anvil: &Anvil, plan: &Plan, allowed: BTreeSet<B256>) -> Result<Chain, ChainError> {
    let (sender, _events) = mpsc::channel(8);
    let contracts = Contract::of(&plan.deployment, plan.deployment.contracts.keys(), &allowed).unwrap();
    Chain::start(ChainConfig { contracts, ..config(vec![anvil.url()]) }, sender).await
}

#[tokio::test]
async fn every_contract_stands_where_the_release_computes_it_with_the_code_that_it_computes() {
    let anvil = Anvil::start(&["--block-time", "1"]).await;
    let (rpc, plan) = (Rpc::alone(&anvil.url()).unwrap(), local());
    assert_eq!(&plan.deployment, Deployment::named("anvil").unwrap());
    let before = survey(&rpc, &plan, dev_key().address()).await.unwrap();
    let guessed: Vec<u64> = before
        .steps
        .iter()
        .map(|step| match step {
            Standing::Open { gas } => gas.unwrap_or(0),
            Standing::Done => panic!("nothing stands yet"),
        })
        .collect();
    let sent = carry_out(&rpc, &plan, dev_key().address(), sign, |_, _| {}).await.unwrap();
    for sent in &sent {
        let (step, guess) = (&plan.steps[sent.step], guessed[sent.step]);
        if matches!(step.done, Done::Stands { .. }) {
            // What a dry run says, upon contracts that do not stand yet, is enough and not much more: a creation
            // by a contract is given 63 parts of 64 of what there is (EIP-150), and uses less.
            let enough = guess >= sent.gas && (guess - sent.gas) * 50 <= sent.gas;
            assert!(enough, "{}: {guess}, then {}", step.name, sent.gas);
        }
    }
    for contract in
        Contract::of(&plan.deployment, plan.deployment.contracts.keys(), &BTreeSet::new()).unwrap()
    {
        assert_eq!(contract.find(&rpc).await.unwrap(), Found::Release, "{}", contract.name);
    }
    follow(&anvil, &plan, BTreeSet::new()).await.unwrap();
}

#[tokio::test]
async fn a_deployment_that_was_broken_off_goes_on_and_a_whole_one_is_left_alone() {
    let anvil = Anvil::start(&[]).await;
    let (rpc, plan) = (Rpc::alone(&anvil.url()).unwrap(), local());
    for steps in [1, 4, 8] {
        let half = Plan { steps: plan.steps[..steps].to_vec(), ..plan.clone() };
        deploy(&rpc, &half).await.unwrap();
    }
    assert_eq!(anvil.nonce(dev_key().address()).await, 8, "nothing was sent twice");
    assert_eq!(deploy(&rpc, &plan).await.unwrap(), plan.steps.len() - 8);
    let after = survey(&rpc, &plan, dev_key().address()).await.unwrap();
    assert!(after.is_done());
    assert_eq!((after.gas(), deploy(&rpc, &plan).await.unwrap()), ((0, true), 0));
}

#[tokio::test]
async fn without_the_deterministic_deployer_or_on_another_chain_nothing_is_sent() {
    let bare = Anvil::start(&["--disable-default-create2-deployer"]).await;
    let error = deploy(&Rpc::alone(&bare.url()).unwrap(), &local()).await.unwrap_err();
    assert!(matches!(error, DeployError::NoDeployer { chain: LOCAL_CHAIN_ID, .. }), "{error}");
    assert!(error.hint().contains("deterministic-deployment-proxy"));
    let base = Plan::on(Deployment::named("base").unwrap());
    let error = deploy(&Rpc::alone(&bare.url()).unwrap(), &base).await.unwrap_err();
    assert!(
        matches!(error, DeployError::WrongChain { expected: 8453, actual: LOCAL_CHAIN_ID, .. }),
        "{error}"
    );
    assert_eq!(bare.nonce(dev_key().address()).await, 0);
}

#[test]
fn the_account_that_is_to_be_paid_for_a_missing_deployer_is_the_one_whose_first_transaction_makes_it() {
    let hint = DeployError::NoDeployer { chain: 1, found: "" }.hint();
    let account = hint.split_whitespace().find(|word| word.starts_with("0x")).unwrap();
    let account: Address = account.parse().unwrap();
    assert_eq!(account.create(0), nuncio_contracts::CREATE2_DEPLOYER);
}

#[tokio::test]
async fn an_account_that_cannot_pay_is_named_before_anything_is_sent() {
    let anvil = Anvil::start(&[]).await;
    anvil.ask("anvil_setBalance", json!([dev_key().address(), "0x1"])).await;
    let error = deploy(&Rpc::alone(&anvil.url()).unwrap(), &local()).await.unwrap_err();
    assert!(matches!(error, DeployError::Poor { balance: Wei(1), .. }), "{error}");
    assert_eq!(anvil.nonce(dev_key().address()).await, 0);
}

#[tokio::test]
async fn the_node_does_not_talk_to_other_code_at_the_right_address() {
    let anvil = Anvil::start(&[]).await;
    let (rpc, plan) = (Rpc::alone(&anvil.url()).unwrap(), local());
    deploy(&rpc, &plan).await.unwrap();
    let escrow = plan.deployment.address(nuncio_contracts::Contract::DealEscrow).unwrap();
    let mut code = rpc.code(escrow).await.unwrap().to_vec();
    code[100] ^= 1;
    anvil.ask("anvil_setCode", json!([escrow, Bytes::from(code.clone())])).await;
    let error = follow(&anvil, &plan, BTreeSet::new()).await.unwrap_err();
    let told = matches!(&error, ChainError::WrongCode { contract, actual, .. }
        if contract.name == "DealEscrow" && *actual == keccak256(&code));
    assert!(told, "{error}");
    assert!(error.hint().contains("chain.allow_code"), "{}", error.hint());
    // Nor does anybody deploy beside it.
    let error = deploy(&rpc, &plan).await.unwrap_err();
    assert!(matches!(error, DeployError::Occupied { address, .. } if address == escrow), "{error}");
}

#[tokio::test]
async fn the_right_code_with_other_immutables_is_another_contract_until_the_principal_allows_it() {
    let anvil = Anvil::start(&[]).await;
    let rpc = Rpc::alone(&anvil.url()).unwrap();
    let Deployment { beacon, constants, .. } = local().deployment;
    let hasty = Constants { grace_secs: 1, ..constants };
    let bent = Beacon { genesis: beacon.genesis + 1, ..beacon.clone() };
    for (constants, beacon, what) in [(hasty, beacon, "DealEscrow"), (constants, bent, "DrandBeacon")] {
        let plan = Plan::local(LOCAL_CHAIN_ID, LocalOperator::ANVIL, beacon, constants);
        deploy(&rpc, &plan).await.unwrap();
        // The network file says that all is well, and says it of its own constants.
        let error = follow(&anvil, &plan, BTreeSet::new()).await.unwrap_err();
        let named = matches!(&error, ChainError::WrongCode { contract, .. } if contract.name == what);
        assert!(named, "{error}");
        let hashes: BTreeSet<B256> =
            plan.deployment.contracts.values().map(|deployed| deployed.code_hash).collect();
        follow(&anvil, &plan, hashes).await.unwrap();
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_show_the_code_is_not_believed_until_it_does() {
    let anvil = Anvil::start(&["--block-time", "1", "--slots-in-an-epoch", "1"]).await;
    let proxy = Proxy::before(&anvil).await;
    proxy.tell(Lie::NoCode);
    let mut desk = Desk::open(config(vec![proxy.url()]), FeePolicy::default()).await;
    desk.until("it counts as down", |desk| matches!(desk.told.last(), Some(Notice::RpcDown { .. }))).await;
    assert_eq!(desk.view.head, 0, "nothing that it says is taken");
    proxy.tell(Lie::None);
    desk.until("there are heads", |desk| desk.view.head > 0).await;
}
