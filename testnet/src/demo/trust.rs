//! What the nodes think of each other: before the story, after it, and whether all of them agree.
//!
//! Every node is asked for everybody's scores with the hashes of what they were computed from. Nodes
//! with the same seeds that follow the same chain must give the same bytes, whoever took part.
//!
//! Deliberately absent: any computation of scores. The nodes do that.

use std::{process::Command, time::Duration};

use futures::future::try_join_all;
use serde_json::Value;

use super::{
    DemoError,
    cast::{BUYER, CAST},
    report::{Reason, ScoresReport, TrustReport},
    stage::Stage,
};
use crate::{
    cluster::{Node, Token, program, run},
    node_api::{Computed, ScoresView, TrustView},
    patience::within,
};

/// How long the last rating may take until every node counts it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the nodes say once all of them have counted this many ratings. They are given time to agree;
/// the first node's answer is the one that the others are held against.
///
/// # Errors
/// [`DemoError`] where a node does not answer or does not count so many.
pub(super) async fn agreed(nodes: &[Node], ratings: u64) -> Result<ScoresReport, DemoError> {
    let apis = nodes.iter().map(|node| node.api(Token::Readonly)).collect::<Result<Vec<_>, _>>()?;
    let read = async || try_join_all(apis.iter().map(|api| api.get::<ScoresView>("/trust"))).await;
    let same = async || {
        let all = read().await.ok()?;
        let first = all.first()?.computed.clone();
        (first.records == ratings && all.iter().all(|scores| scores.computed == first)).then_some(())
    };
    // Whoever disagrees until the end is told of, not waited for again.
    let late = within(format!("all nodes agree on {ratings} ratings"), PATIENCE, same).await.err();
    let all = read().await?;
    let Some(first) = all.first().filter(|first| first.computed.records == ratings) else {
        return Err(late.map_or_else(|| DemoError::Broken("there is no node to ask".into()), Into::into));
    };
    let agreeing = nodes.iter().zip(&all).filter(|(_, scores)| scores.computed == first.computed);
    let same_on = agreeing.map(|(node, _)| node.name().to_owned()).collect();
    let Computed { records, left_out, seeds, records_root, parameters_hash, scores_root } =
        first.computed.clone();
    Ok(ScoresReport { records, left_out, seeds, records_root, parameters_hash, scores_root, same_on })
}

/// What the buyer's node says about those who trade.
pub(super) async fn of_traders(stage: &Stage) -> Result<Vec<(&'static str, TrustView)>, DemoError> {
    let mut all = Vec::new();
    for (part, node) in CAST.iter().zip(&stage.nodes).filter(|(part, _)| part.agent.is_some()) {
        let view: TrustView = stage.buyer().ask(&["trust", &node.identity().did, "--json"]).await?;
        all.push((part.name, view));
    }
    Ok(all)
}

/// One line about an agent.
pub(super) fn line(view: &TrustView) -> String {
    let pact = view.conduct.pact;
    let kept = pact.score.map_or_else(|| "no".to_owned(), |score| format!("{score} bps of its"));
    format!(
        "score {} bps (risk {}, standing {}), {} praised it, {} complained, {} deals, kept {kept} pacts over {} \
         milestones",
        view.score, view.risk, view.standing, view.praises, view.complaints, view.deals, pact.judged
    )
}

/// Before and after, side by side.
pub(super) fn compared(
    stage: &Stage,
    before: &[(&'static str, TrustView)],
    after: &[(&'static str, TrustView)],
) -> Vec<TrustReport> {
    let name = |did: &str| {
        let at = stage.nodes.iter().position(|node| node.identity().did == did);
        at.map_or_else(|| did.to_owned(), |at| CAST[at].name.to_owned())
    };
    let pairs = before.iter().zip(after);
    pairs
        .map(|((who, before), (_, after))| TrustReport {
            who: (*who).to_owned(),
            score: [before.score, after.score],
            risk: [before.risk, after.risk],
            standing: [before.standing, after.standing],
            pact: [before.conduct.pact.score, after.conduct.pact.score],
            deals: [before.deals, after.deals],
            because: after
                .because
                .iter()
                .map(|reason| Reason {
                    rater: name(&reason.rater),
                    deal: reason.deal.clone(),
                    value: reason.value,
                    weight_bps: reason.weight_bps,
                })
                .collect(),
        })
        .collect()
}

/// Whether a stranger, without a home, is told an agent's record by the first node's oracle, signed by that
/// node and computed to the same root as everybody's.
pub(super) async fn asked_by_a_stranger(stage: &Stage, about: usize, root: &str) -> Result<bool, DemoError> {
    let oracle = &stage.nodes[0];
    let did = &stage.nodes[about].identity().did;
    let mut command = Command::new(program());
    command.args(["trust", did, "--json", "--oracle", &oracle.oracle()?]).env_clear();
    let said = run("stranger", command, &stage.places.log("oracle")).await?;
    let said: Value = serde_json::from_str(&said).map_err(|error| DemoError::Broken(error.to_string()))?;
    let statement = &said["statement"];
    Ok(said["signed_by"] == oracle.identity().did.as_str()
        && statement["agent"] == did.as_str()
        && statement["anchored"] == true
        && statement["as_of"]["scores_root"] == root)
}

/// Whether the loser of the request was told.
pub(super) async fn told_no(stage: &Stage, winner: usize) -> Result<bool, DemoError> {
    let losers = CAST.iter().zip(&stage.nodes).enumerate().filter(|(index, (part, _))| {
        *index != winner && part.agent.is_some_and(|(program, _)| program == "seller")
    });
    for (_, (_, node)) in losers {
        let mut events = node.api(Token::Readonly)?.events(0);
        let declined = async {
            while let Ok(event) = events.next().await {
                if event.kind == "bid.declined" {
                    return true;
                }
            }
            false
        };
        if !tokio::time::timeout(PATIENCE, declined).await.unwrap_or(false) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The scores of one trader before and after.
pub(super) fn moved(report: &[TrustReport], index: usize) -> bool {
    let who = CAST[index].name;
    report.iter().any(|trust| {
        trust.who == who && trust.standing[0] != trust.standing[1] && trust.risk[0] != trust.risk[1]
    })
}

/// Whether the one who was chosen had the better score, and the buyer itself a history.
pub(super) fn apart(before: &[(&'static str, TrustView)], winner: usize) -> bool {
    let score = |name: &str| before.iter().find(|(who, _)| *who == name).map(|(_, view)| view.score);
    let sellers =
        CAST.iter().filter(|part| part.agent.is_some_and(|(program, _)| program == "seller")).map(|p| p.name);
    let best = score(CAST[winner].name);
    sellers.filter(|name| *name != CAST[winner].name).all(|name| score(name) < best)
        && score(CAST[BUYER].name) > Some(0)
}
