//! The worked example: three milestones of 54, 63 and 63 USDC, delivered, judged, paid and rated.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, U256};
use nuncio_protocol::{money::Usdc, typed::address_list_hash};

use super::{
    DemoError, audit,
    cast::{BUYER, CAST},
    fees, gas,
    memory::Peak,
    narrator::Narrator,
    past, principal,
    report::{
        Balance, Check, End, EscrowReport, MilestoneReport, PanelReport, RatingReport, ScoresReport,
        StoryReport, Transaction,
    },
    stage::{Stage, TEMPLATE},
    tamper, trust,
};
use crate::{
    chain::acts::{History, history},
    cluster::{Places, Token},
    node_api::{DealView, NegotiationView, NodeApi, SettlementReport, TrustView},
    process::Process,
};

/// The story's name, and its folder's.
pub(super) const NAME: &str = "happy";
/// From the first request to the last rating.
const PATIENCE: Duration = Duration::from_secs(80);
/// Receipts that the table of gas has a figure for: NDA, three verdicts, two ratings.
const RECEIPTS_MIN: usize = 6;
/// What the milestones are worth.
const AMOUNTS: [Usdc; 3] = [Usdc(54_000_000), Usdc(63_000_000), Usdc(63_000_000)];

/// Tells it from an empty stage to a verified bundle.
///
/// # Errors
/// [`DemoError`] where the story cannot go on; a check that does not hold is no error.
pub(super) async fn tell(
    corpus: &Path,
    places: Places,
    approve: bool,
    narrator: &mut Narrator,
) -> Result<StoryReport, DemoError> {
    let start = Instant::now();
    let regulator = places.root.join("regulator.key");
    let recipient = audit::age_key(&regulator)?;
    narrator.tell("regulator", &format!("reads with {recipient}"));
    let stage = Stage::set(places, approve, narrator).await?;
    let before = tell_histories(&stage, narrator).await?;
    let agents = start_agents(&stage, corpus, &recipient)?;
    let mut memory = Peak::new(&stage)?;
    let deal = play(&stage, agents, &mut memory, narrator).await?;
    let mut story = settle_up(&stage, &deal).await?;
    story.memory = memory.report();
    check_template(&stage, &mut story).await?;
    remember(&stage, &mut story, &before, narrator).await?;

    check_reports(&stage, &mut story).await?;
    check_gas(&stage, &mut story, approve).await?;
    let bundle = audit::export(stage.buyer(), &story.deal, &stage.places).await?;
    narrator.tell("buyer", &format!("audit export: {}", bundle.display()));
    let (rpc, log) = (stage.chain.rpc(), stage.places.log("stranger"));
    let verified = audit::verify(&bundle, &rpc, &[], &log).await?;
    narrator.tell("a stranger", "verified the bundle from the chain and the papers alone");
    story.check("a stranger verifies the untouched bundle", verified.code == Some(0));
    story.checks.extend(audit::strangers(&bundle, &stage.places, &rpc, &regulator).await?);
    story.checks.extend(tamper::refuses_changes(&bundle, &rpc, &log).await?);
    narrator.tell("a stranger", "refused every change to it");
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

/// Waits until every node has computed the same past, and tells it.
async fn tell_histories(
    stage: &Stage,
    narrator: &mut Narrator,
) -> Result<Vec<(&'static str, TrustView)>, DemoError> {
    let scores = trust::agreed(&stage.nodes, past::RATINGS).await?;
    narrator.tell("trust", &format!("{} nodes compute scores {}", scores.same_on.len(), scores.scores_root));
    let before = trust::of_traders(stage).await?;
    for (who, view) in &before {
        narrator.tell(who, &trust::line(view));
    }
    Ok(before)
}

/// What the story changed in what all nodes think of those who traded.
async fn remember(
    stage: &Stage,
    story: &mut StoryReport,
    before: &[(&'static str, TrustView)],
    narrator: &mut Narrator,
) -> Result<(), DemoError> {
    story.scores = trust::agreed(&stage.nodes, past::RATINGS + 2).await?;
    let after = trust::of_traders(stage).await?;
    for (who, view) in &after {
        narrator.tell(who, &trust::line(view));
    }
    story.trust = trust::compared(stage, before, &after);
    let winner = past::place("seller-careful");
    let paid = story.balances.iter().any(|b| b.who == CAST[winner].name && b.after > b.before);
    story.check("the seller with the better history was chosen", paid && trust::apart(before, winner));
    story.check("the other seller was told no", trust::told_no(stage, winner).await?);
    let both = trust::moved(&story.trust, BUYER) && trust::moved(&story.trust, winner);
    story.check("scores moved for both", both);
    let others = story.scores.same_on.len() == stage.nodes.len();
    story.check("nodes that took no part compute the same scores", others);
    let asked = trust::asked_by_a_stranger(stage, winner, &story.scores.scores_root).await?;
    narrator.tell("a stranger", "asked the oracle of a node that took no part, and checked its signature");
    story.check("a stranger is told the same by an oracle, under its signature", asked);
    Ok(())
}

/// Both sides' nodes know the deal as one of the kind that the buyer's principal allows.
async fn check_template(stage: &Stage, story: &mut StoryReport) -> Result<(), DemoError> {
    let sides = [BUYER, past::place("seller-careful")];
    let mut made = Vec::new();
    for side in sides {
        let all: Vec<NegotiationView> = stage.nodes[side].api(Token::Readonly)?.get("/negotiations").await?;
        made.extend(all.into_iter().map(|negotiation| negotiation.template));
    }
    let template = !made.is_empty() && made.iter().all(|name| name.as_deref() == Some(TEMPLATE));
    story.check("the deal is made from the one template that the buyer's principal allows", template);
    Ok(())
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
    memory: &mut Peak,
    narrator: &mut Narrator,
) -> Result<DealView, DemoError> {
    let api = stage.buyer().api(Token::Readonly)?;
    let mut events = api.events(0);
    let end = Instant::now() + PATIENCE;
    loop {
        if let Ok(event) = tokio::time::timeout(Duration::from_millis(100), events.next()).await {
            let event = event?;
            narrator.event("buyer", &event);
            if event.kind == "approval.needed" {
                let deal = event.data["deal"].as_str().unwrap_or_default();
                principal::approve(stage, deal, narrator).await?;
            }
        }
        memory.look().await;
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

/// The closed deal, once both ratings are on the chain and the jurors are paid.
async fn rated_both_ways(stage: &Stage, api: &NodeApi) -> Result<Option<DealView>, DemoError> {
    let history = history(stage.chain.provider(), stage.chain.contracts(), stage.first_block).await?;
    let Some((opened, _)) = history.opened.first().filter(|_| history.ratings.len() >= 2) else {
        return Ok(None);
    };
    // The jurors have their fee once nothing of the deal is left in the escrow.
    if stage.chain.left(*opened).await? > Usdc::ZERO {
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
    let panel_known = address_list_hash(deal.panel.iter().copied()) == Ok(terms.panel);
    let mut jurors = deal.panel.clone();
    jurors.sort_unstable();
    let signers: Vec<U256> = (0..u8::try_from(amounts.len()).unwrap_or(u8::MAX))
        .map(|milestone| history.signers.get(&(id, milestone)).copied().unwrap_or_default())
        .collect();
    let fees = fees::earned(Usdc(terms.juryFee), &jurors, &signers);
    let fee = Usdc::sum(fees.values().copied()).unwrap_or_default();
    let mut balances = Vec::new();
    let mut credit = Usdc::ZERO;
    for (index, principal) in stage.principals.iter().enumerate() {
        let (before, after) = (stage.before[index], stage.chain.wealth(principal.address()).await?);
        let expected = if index == BUYER {
            before.checked_sub(total).and_then(|rest| rest.checked_sub(fee))
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
    let jurors = CAST.iter().zip(&stage.nodes).zip(&stage.agents_before);
    for ((part, node), before) in jurors.filter(|((part, _), _)| part.provider > 0) {
        let after = stage.chain.wealth(node.identity().address).await?;
        let fee = fees.get(&node.identity().address).copied().unwrap_or_default();
        let expected = before.checked_add(fee).unwrap_or_default();
        let earned = after.checked_sub(*before).unwrap_or_default();
        jurors_earned = jurors_earned.checked_add(earned).unwrap_or_default();
        credit = credit.checked_add(stage.chain.credit(node.identity().address).await?).unwrap_or_default();
        let address = node.identity().address.to_string();
        balances.push(Balance {
            who: format!("{} (fees)", part.name),
            address,
            before: *before,
            after,
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
        fee,
        escrow: EscrowReport { left, credit },
        transactions: transactions(&history),
        ratings: ratings(stage, &history),
        trust: Vec::new(),
        scores: ScoresReport::default(),
        memory: Vec::new(),
        checks: Vec::new(),
    };
    let asked = Usdc(terms.juryFee);
    story.check("the panel of the story is the one in the terms", panel_known);
    check(&mut story, &amounts, held, (jurors_earned, fee, asked));
    Ok(story)
}

fn check(story: &mut StoryReport, amounts: &[Usdc], held: Usdc, (jurors, owed, asked): (Usdc, Usdc, Usdc)) {
    let as_agreed = story.balances.iter().all(|balance| balance.after == balance.expected);
    story.check("every balance is as the terms say, to the micro-USDC", as_agreed);
    story.check("the price is 180 USDC as 54, 63 and 63", amounts == AMOUNTS);
    let paid = story.milestones.iter().all(|m| m.to_seller == m.amount && m.to_buyer == Usdc::ZERO);
    story.check(
        "every milestone was paid in full on a verdict",
        paid && story.milestones.len() == amounts.len(),
    );
    let agreed = story.milestones.iter().all(|m| m.consensus == Some(10_000));
    story.check("the buyer sees how far the jurors of each milestone agreed: wholly", agreed);
    story.check("nothing of the deal is left in the escrow", story.escrow.left == Usdc::ZERO);
    story.check("the escrow holds exactly the credit of its owners", held == story.escrow.credit);
    // At most a micro-USDC per juror and milestone does not divide.
    let dust = Usdc(story.panel.size as u64 * amounts.len() as u64);
    let whole = owed <= asked && asked <= owed.checked_add(dust).unwrap_or(owed);
    story.check("the jury's fee is not nothing", asked > Usdc::ZERO);
    story.check("the jurors who signed earned the jury's fee", jurors == owed && whole);
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
    let jurors: Vec<String> = deal.panel.iter().map(ToString::to_string).collect();
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
                consensus: view.milestones.get(index).and_then(|m| m.consensus),
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

/// The table of gas is about this deal.
async fn check_gas(stage: &Stage, story: &mut StoryReport, approved: bool) -> Result<(), DemoError> {
    let history = history(stage.chain.provider(), stage.chain.contracts(), stage.first_block).await?;
    let gas::Comparison { compared, drifts } = gas::compare(&stage.chain, &history.acts, approved).await?;
    let name = format!("receipts that show what the table of gas says: {compared}");
    story.check(&name, drifts.is_empty() && compared >= RECEIPTS_MIN);
    for drift in drifts {
        story.check(&drift, false);
    }
    Ok(())
}

/// What the two principals look at: one line for the deal, and what it came to.
async fn check_reports(stage: &Stage, story: &mut StoryReport) -> Result<(), DemoError> {
    let price = Usdc::sum(story.milestones.iter().map(|milestone| milestone.amount)).unwrap_or_default();
    let jury = story.fee;
    let of = |who: &str| story.trust.iter().find(|trust| trust.who == who).map(|trust| trust.score[1]);
    let winner = past::place("seller-careful");
    let (buyer_score, seller_score) = (of(CAST[BUYER].name), of(CAST[winner].name));

    let buyer: SettlementReport = stage.buyer().ask(&["report", "settlement", "--json"]).await?;
    let line = buyer.only(&story.deal);
    let spent = (buyer.totals.spent, buyer.totals.spent_on_juries) == (price, jury);
    story.check("the buyer's settlement report has one line for the deal", line);
    story.check(
        "it says what the deal cost, the jury's fee apart",
        spent && buyer_score == Some(buyer.trust.score),
    );

    let seller: SettlementReport = stage.nodes[winner].ask(&["report", "settlement", "--json"]).await?;
    let earned = seller.only(&story.deal) && seller.totals.income == price;
    story.check(
        "the seller's settlement report shows its income and its reputation",
        earned && seller_score == Some(seller.trust.score),
    );
    Ok(())
}
