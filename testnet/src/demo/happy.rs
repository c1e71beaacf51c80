//! The worked example: three milestones of 54, 63 and 63 USDC, delivered, judged, paid and rated.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256};
use nuncio_protocol::money::Usdc;
use serde_json::Value;

use super::{
    DemoError, audit,
    cast::{BUYER, CAST},
    narrator::Narrator,
    report::{
        Balance, Check, End, EscrowReport, MilestoneReport, PanelReport, RatingReport, StoryReport,
        Transaction,
    },
    stage::Stage,
};
use crate::{
    chain::acts::{History, history},
    cluster::{Places, Token},
    node_api::{DealView, NodeApi},
    process::Process,
};

/// The story's name, and its folder's.
pub(super) const NAME: &str = "happy";
/// From the first request to the last rating.
const PATIENCE: Duration = Duration::from_secs(80);
/// What the milestones are worth.
const AMOUNTS: [Usdc; 3] = [Usdc(54_000_000), Usdc(63_000_000), Usdc(63_000_000)];

/// Tells it from an empty stage to a verified bundle.
///
/// # Errors
/// [`DemoError`] where the story cannot go on; a check that does not hold is no error.
pub(super) async fn tell(
    corpus: &Path,
    places: Places,
    narrator: &mut Narrator,
) -> Result<StoryReport, DemoError> {
    let start = Instant::now();
    let regulator = places.root.join("regulator.key");
    let recipient = audit::age_key(&regulator)?;
    narrator.tell("regulator", &format!("reads with {recipient}"));
    let stage = Stage::set(places, narrator).await?;
    let agents = start_agents(&stage, corpus, &recipient)?;
    let deal = play(&stage, agents, narrator).await?;
    let mut story = settle_up(&stage, &deal).await?;

    let reported = reported_once(&stage, &story.deal).await?;
    story.check("the buyer's settlement report has one line for the deal", reported);
    let bundle = audit::export(stage.buyer(), &story.deal, &stage.places).await?;
    narrator.tell("buyer", &format!("audit export: {}", bundle.display()));
    let (rpc, log) = (stage.chain.rpc(), stage.places.log("stranger"));
    let verified = audit::verify(&bundle, &rpc, &log).await?;
    narrator.tell("a stranger", "verified the bundle from the chain and the papers alone");
    story.check("a stranger verifies the untouched bundle", verified == Some(0));
    story.checks.push(audit::refuses_changes(&bundle, &rpc, &log).await?);
    story.check(
        "the regulator opens the agreement with the stock age tool",
        audit::opens(&bundle, &regulator)?,
    );
    let other = stage.places.root.join("logs/nobody.key");
    audit::age_key(&other)?;
    story.check("another age key opens nothing", !audit::opens(&bundle, &other)?);
    narrator.tell("regulator", "opened the agreement");

    stage.strike().await;
    story.seconds = start.elapsed().as_secs_f64();
    story.ok = story.checks.iter().all(|check| check.ok);
    Ok(story)
}

/// The agent programs: processes that know their node's address, an agent token, and their instructions.
fn start_agents(stage: &Stage, corpus: &Path, regulator: &str) -> Result<Vec<Process>, DemoError> {
    let instructions = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions");
    let me = std::env::current_exe().map_err(|error| DemoError::Broken(error.to_string()))?;
    let mut agents = Vec::new();
    for (part, node) in CAST.iter().zip(&stage.nodes) {
        let Some((program, file)) = part.agent else { continue };
        let mut command = Command::new(&me);
        command.args(["agent", program, "--name", part.name, "--instructions"]).arg(instructions.join(file));
        if program == "buyer" {
            command.arg("--corpus").arg(corpus).args(["--regulator", regulator]);
        }
        command.envs(node.agent_environment()?);
        agents.push(Process::spawn(part.name, command, &stage.places.log(&format!("agent-{}", part.name)))?);
    }
    Ok(agents)
}

/// Watches until the buyer's agent has rated the seller and the deal is rated both ways.
async fn play(
    stage: &Stage,
    mut agents: Vec<Process>,
    narrator: &mut Narrator,
) -> Result<DealView, DemoError> {
    let api = stage.buyer().api(Token::Readonly)?;
    let mut events = api.events(0);
    let end = Instant::now() + PATIENCE;
    loop {
        if let Ok(event) = tokio::time::timeout(Duration::from_millis(100), events.next()).await {
            narrator.event("buyer", &event?);
        }
        for agent in &agents {
            narrator.relay(agent.name(), agent.log());
        }
        // A seller that ends has failed; the buyer ends when it is done, or failed.
        for agent in &mut agents {
            if let Some(status) = agent.ended().filter(|status| !status.success()) {
                return Err(DemoError::Broken(format!(
                    "{}'s agent ended with {status}: {}",
                    agent.name(),
                    agent.tail()
                )));
            }
        }
        let buyer_done =
            agents.iter_mut().any(|agent| agent.name() == CAST[BUYER].name && agent.ended().is_some());
        if buyer_done && let Some(deal) = rated_both_ways(stage, &api).await? {
            return Ok(deal);
        }
        if Instant::now() >= end {
            return Err(DemoError::Broken(format!("the deal was not done in {} s", PATIENCE.as_secs())));
        }
    }
}

/// The closed deal, once both ratings are on the chain.
async fn rated_both_ways(stage: &Stage, api: &NodeApi) -> Result<Option<DealView>, DemoError> {
    let history = history(stage.chain.provider(), stage.chain.contracts(), stage.first_block).await?;
    if history.ratings.len() < 2 {
        return Ok(None);
    }
    let deals: Vec<DealView> = api.get("/deals").await?;
    Ok(deals.into_iter().find(|deal| deal.stage == "closed"))
}

/// Reads the end from the chain and holds it against the terms.
async fn settle_up(stage: &Stage, deal: &DealView) -> Result<StoryReport, DemoError> {
    let history = history(stage.chain.provider(), stage.chain.contracts(), stage.first_block).await?;
    let Some(opened) = history.opened.iter().find(|(id, _)| id.to_string() == deal.id) else {
        return Err(DemoError::Broken(format!("deal {} was never opened on chain", deal.id)));
    };
    let (id, terms) = (opened.0, &opened.1);
    let amounts: Vec<Usdc> =
        terms.amounts.as_limbs().iter().copied().filter(|amount| *amount > 0).map(Usdc).collect();
    let total = Usdc::sum(amounts.iter().copied()).unwrap_or_default();
    let seller = stage.part_of(terms.seller).unwrap_or(BUYER);
    let mut balances = Vec::new();
    let mut credit = Usdc::ZERO;
    for (index, principal) in stage.principals.iter().enumerate() {
        let (before, after) = (stage.before[index], stage.chain.wealth(principal.address()).await?);
        let expected = if index == BUYER {
            before.checked_sub(total).and_then(|rest| rest.checked_sub(Usdc(terms.juryFee)))
        } else if index == seller {
            before.checked_add(total)
        } else {
            Some(before)
        };
        let expected =
            expected.ok_or_else(|| DemoError::Broken("the terms are more than the buyer has".into()))?;
        let credited = stage.chain.credit(principal.address()).await?;
        credit = credit.checked_add(credited).unwrap_or_default();
        balances.push(Balance {
            who: CAST[index].name.to_owned(),
            address: principal.address().to_string(),
            before,
            after,
            expected,
        });
    }
    let mut jurors_earned = Usdc::ZERO;
    for (part, node) in CAST.iter().zip(&stage.nodes).filter(|(part, _)| part.provider > 0) {
        let earned = stage.chain.wealth(node.identity().address).await?;
        let expected = earned;
        jurors_earned = jurors_earned.checked_add(earned).unwrap_or_default();
        credit = credit.checked_add(stage.chain.credit(node.identity().address).await?).unwrap_or_default();
        let address = node.identity().address.to_string();
        balances.push(Balance {
            who: format!("{} (fees)", part.name),
            address,
            before: Usdc::ZERO,
            after: earned,
            expected,
        });
    }
    let held = stage.chain.balance(stage.chain.contracts().escrow).await?;
    let left = stage.chain.left(id).await?;
    let mut story = StoryReport {
        story: NAME,
        ok: false,
        seconds: 0.0,
        outcome: if deal.stage == "closed" { End::Completed } else { End::Blocked },
        nda: terms.meta.nda.to_string(),
        agreement: hex::encode(terms.meta.agreement),
        deal: deal.id.clone(),
        panel: panel(deal, terms.meta.beaconRound, terms.quorum),
        milestones: milestones(&history, id, &amounts, deal),
        balances,
        escrow: EscrowReport { left, credit },
        transactions: transactions(&history),
        ratings: ratings(stage, &history),
        checks: Vec::new(),
    };
    check(&mut story, &amounts, held, jurors_earned, Usdc(terms.juryFee));
    Ok(story)
}

fn check(story: &mut StoryReport, amounts: &[Usdc], held: Usdc, jurors: Usdc, jury_fee: Usdc) {
    let as_agreed = story.balances.iter().all(|balance| balance.after == balance.expected);
    story.check("every balance is as the terms say, to the micro-USDC", as_agreed);
    story.check("the price is 180 USDC as 54, 63 and 63", amounts == AMOUNTS);
    let paid = story.milestones.iter().all(|m| m.to_seller == m.amount && m.to_buyer == Usdc::ZERO);
    story.check(
        "every milestone was paid in full on a verdict",
        paid && story.milestones.len() == amounts.len(),
    );
    story.check("nothing of the deal is left in the escrow", story.escrow.left == Usdc::ZERO);
    story.check("the escrow holds exactly the credit of its owners", held == story.escrow.credit);
    story.check("the jurors earned exactly the jury's fee", jurors == jury_fee);
    let accounts: std::collections::BTreeSet<_> = story.panel.jurors.iter().collect();
    let drawn = accounts.len() == 5 && story.panel.size == 5 && story.panel.quorum == 3;
    story.check("five different jurors were drawn, three make a verdict", drawn);
    story.check("both sides rated each other on chain", story.ratings.len() == 2);
}

impl StoryReport {
    fn check(&mut self, name: &str, ok: bool) {
        self.checks.push(Check { name: name.to_owned(), ok });
    }
}

fn panel(deal: &DealView, round: u64, quorum: u8) -> PanelReport {
    let jurors = deal.panel.clone();
    PanelReport { round, size: jurors.len(), quorum, jurors }
}

fn milestones(history: &History, deal: B256, amounts: &[Usdc], view: &DealView) -> Vec<MilestoneReport> {
    let settled = history.settlements.iter().filter(|settlement| settlement.deal == deal);
    settled
        .map(|settlement| {
            let index = usize::from(settlement.milestone);
            let attempts = view.milestones.get(index).map_or(settlement.attempt + 1, |m| m.attempts);
            let verdict = history.judged.get(&(deal, settlement.milestone));
            MilestoneReport {
                index: settlement.milestone,
                amount: amounts.get(index).copied().unwrap_or_default(),
                attempts,
                to_seller: settlement.to_seller,
                to_buyer: settlement.to_buyer,
                verdict: verdict.map(ToString::to_string).unwrap_or_default(),
                tx: settlement.tx.to_string(),
            }
        })
        .collect()
}

fn transactions(history: &History) -> Vec<Transaction> {
    let told = |act: &crate::chain::acts::Act| Transaction {
        act: act.act.to_owned(),
        tx: act.tx.to_string(),
        gas: act.gas,
    };
    history.acts.iter().map(told).collect()
}

fn ratings(stage: &Stage, history: &History) -> Vec<RatingReport> {
    let name = |account: Address| {
        stage.part_of(account).map_or_else(|| account.to_string(), |index| CAST[index].name.to_owned())
    };
    let told = history.ratings.iter().map(|rating| RatingReport {
        from: name(rating.from),
        about: name(rating.about),
        value: i64::try_from(rating.value).unwrap_or_default(),
    });
    told.collect()
}

/// What the buyer's principal looks at: whether its report has exactly one line for the deal.
async fn reported_once(stage: &Stage, deal: &str) -> Result<bool, DemoError> {
    let report: Value = stage.buyer().ask(&["report", "settlement", "--json"]).await?;
    let lines = report.as_array().or_else(|| report["lines"].as_array());
    Ok(lines.is_some_and(|lines| lines.iter().filter(|line| line["deal"] == deal).count() == 1))
}
