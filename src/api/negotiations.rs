//! Negotiations: opened under an NDA, moved by offers, ended by an acceptance or by leaving.
//!
//! Offers name a price, its split over the milestones and their due times; everything else in the
//! term sheet follows from pact, policy and network and is written by the node.
//!
//! Deliberately absent: wishes outside these three. A pact is chosen with its bid.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
};
use nuncio_protocol::{
    command::{Command, Concession, Event, Look, NewNegotiation, Proposal, ProposedMilestone, Reply},
    ids::{NegotiationId, PaperId},
    money::{Bps, Usdc},
    template::Template,
    text::{BoundError, Line},
    view::View,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    App,
    body::{Body, Nothing},
    field::id,
    problem::Problem,
    templates, view,
};

/// The other side answers an opening within this, or the client learns the id from the event.
const OPENING: Duration = Duration::from_secs(10);

/// `POST /negotiations`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    nda: PaperId,
    request: PaperId,
    bid: PaperId,
    panel: Seats,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seats {
    size: u8,
    quorum: u8,
    fee: Usdc,
}

/// `POST /negotiations/{id}/offer`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    price: Usdc,
    /// Each milestone's share; where it is absent, the template's schedule, up to the one due date named.
    split_bps: Option<Vec<Bps>>,
    due_secs: Vec<u32>,
    /// What is delivered, for each milestone; numbered where absent.
    titles: Option<Vec<Line>>,
}

impl Offer {
    /// The proposal by a template's schedule.
    fn scheduled(&self, template: &Template) -> Result<Proposal, Problem> {
        let ([last_due], None) = (&self.due_secs[..], &self.titles) else {
            return Err(Problem::invalid(
                "without split_bps an offer names one due date, the last, and no titles",
            ));
        };
        let milestones = template.scheduled(self.price, *last_due).into_iter();
        let milestones = milestones
            .map(|(title, amount, due_secs)| ProposedMilestone { title, amount, due_secs })
            .collect();
        Ok(Proposal { price: self.price, milestones })
    }

    /// The proposal: each share rounded down, the last milestone takes what is left.
    fn proposal(self) -> Result<Proposal, Problem> {
        let split_bps = self.split_bps.unwrap_or_default();
        let count = split_bps.len();
        let titles = self.titles.map_or_else(|| numbered(count), Ok)?;
        if count == 0 || self.due_secs.len() != count || titles.len() != count {
            return Err(Problem::invalid("split_bps, due_secs and titles name the same milestones, 1 to 8"));
        }
        let whole: u32 = split_bps.iter().map(|share| u32::from(share.get())).sum();
        if whole != 10_000 {
            return Err(Problem::invalid(format!("split_bps adds up to {whole}, not to 10000")));
        }
        let mut left = self.price;
        let mut milestones = Vec::new();
        for (index, ((share, due_secs), title)) in
            split_bps.into_iter().zip(self.due_secs).zip(titles).enumerate()
        {
            let amount = if index + 1 == count { left } else { self.price.split(share).0 };
            left = left.checked_sub(amount).ok_or_else(Problem::strange)?;
            milestones.push(ProposedMilestone { title, amount, due_secs });
        }
        Ok(Proposal { price: self.price, milestones })
    }
}

fn numbered(count: usize) -> Result<Vec<Line>, Problem> {
    let titles = (1..=count).map(|number| format!("milestone {number}").parse());
    titles.collect::<Result<_, BoundError>>().map_err(|error| Problem::invalid(error.to_string()))
}

/// `GET /negotiations`.
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Negotiations(all) = app.look(Look::Negotiations).await? else { return Err(Problem::strange()) };
    all.iter().map(view::negotiation).collect::<Result<Value, _>>().map(Json)
}

/// `GET /negotiations/{id}`.
pub(super) async fn one(
    State(app): State<App>,
    Path(negotiation): Path<String>,
) -> Result<Json<Value>, Problem> {
    let look = Look::Negotiation(id("negotiation", &negotiation)?);
    let View::Negotiation(found) = app.look(look).await? else { return Err(Problem::strange()) };
    view::negotiation(&found).map(Json)
}

/// `POST /negotiations`: answers with the id that both nonces make, or with `null` where the other
/// side takes its time.
pub(super) async fn open(
    State(app): State<App>,
    Body(opening): Body<Opening>,
) -> Result<Json<Value>, Problem> {
    let nda = opening.nda;
    let View::Requests(requests) = app.look(Look::Requests).await? else { return Err(Problem::strange()) };
    let chosen = requests.iter().find(|request| request.id == opening.request);
    if chosen.and_then(|request| request.chosen) != Some(opening.bid) {
        return Err(Problem::not_found("chosen bid", &opening.bid.to_string()));
    }
    let Seats { size, quorum, fee } = opening.panel;
    // Listening begins before the act, so that its event cannot be missed.
    let events = app.node.events();
    let new = NewNegotiation { nda, size, quorum, fee };
    let negotiation = match app.ask(Command::Negotiate(new), Vec::new()).await? {
        Reply::Negotiation(id) => Some(id),
        Reply::Accepted => tokio::time::timeout(OPENING, begun(nda, events)).await.ok().flatten(),
        Reply::Paper(_)
        | Reply::Held(..)
        | Reply::View(_)
        | Reply::Files(_)
        | Reply::Bundle(_)
        | Reply::Statement(_) => {
            return Err(Problem::strange());
        }
    };
    Ok(Json(json!({ "negotiation": negotiation })))
}

/// Waits for the negotiation under this NDA. May be dropped.
async fn begun(wanted: PaperId, mut events: Receiver<(u64, Event)>) -> Option<NegotiationId> {
    loop {
        match events.recv().await {
            Ok((_, Event::NegotiationBegun { negotiation, nda })) if nda == wanted => {
                return Some(negotiation);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// `POST /negotiations/{id}/offer`.
pub(super) async fn offer(
    State(app): State<App>,
    Path(negotiation): Path<String>,
    Body(offer): Body<Offer>,
) -> Result<Json<Value>, Problem> {
    let negotiation = id("negotiation", &negotiation)?;
    let proposal = if offer.split_bps.is_some() {
        offer.proposal()?
    } else {
        let look = Look::Negotiation(negotiation);
        let View::Negotiation(found) = app.look(look).await? else { return Err(Problem::strange()) };
        let name = found.template.ok_or_else(|| {
            Problem::invalid("split_bps may be absent only where the pact is made from a template")
        })?;
        offer.scheduled(&templates::named(&app, name).await?.listed.template)?
    };
    app.act(Command::Offer(negotiation, proposal)).await
}

/// `POST /negotiations/{id}/accept`: `{}` where it is accepted, `{"held": …}` where a principal is asked first.
pub(super) async fn accept(
    State(app): State<App>,
    Path(negotiation): Path<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::Accept(id("negotiation", &negotiation)?)).await
}

/// `POST /negotiations/{id}/end`.
pub(super) async fn end(
    State(app): State<App>,
    Path(negotiation): Path<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::End(id("negotiation", &negotiation)?)).await
}

/// `POST /negotiations/{id}/strategy`.
pub(super) async fn strategy(
    State(app): State<App>,
    Path(negotiation): Path<String>,
    Body(concession): Body<Concession>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::Strategy(id("negotiation", &negotiation)?, concession)).await
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::template::Templates;

    use super::*;

    fn offer(price: u64, split: &[u16], due: &[u32]) -> Offer {
        let split_bps = split.iter().map(|bps| Bps::new(*bps).unwrap()).collect();
        Offer { price: Usdc(price), split_bps: Some(split_bps), due_secs: due.to_vec(), titles: None }
    }

    #[test]
    fn an_offer_splits_its_price_to_the_last_micro_usdc() {
        let rows = [
            (180_000_000, &[3000, 3500, 3500][..], vec![54_000_000, 63_000_000, 63_000_000]),
            (100, &[3333, 3333, 3334], vec![33, 33, 34]),
            (1, &[5000, 5000], vec![0, 1]),
        ];
        for (price, split, amounts) in rows {
            let due: Vec<_> = (1..).take(split.len()).collect();
            let proposal = offer(price, split, &due).proposal().unwrap();
            let made: Vec<_> = proposal.milestones.iter().map(|milestone| milestone.amount.0).collect();
            assert_eq!(made, amounts);
            assert_eq!(Usdc::sum(proposal.milestones.iter().map(|m| m.amount)), Some(proposal.price));
        }
    }

    #[test]
    fn an_offer_without_a_split_is_the_templates_schedule_up_to_the_last_due_date() {
        let templates = Templates::default();
        let template = &templates.named(&"filing-summary".parse().unwrap()).unwrap().template;
        let offer = |due: &[u32]| Offer { split_bps: None, ..offer(180_000_000, &[], due) };
        let proposal = offer(&[600]).scheduled(template).unwrap();
        let made: Vec<_> =
            proposal.milestones.iter().map(|m| (m.title.as_str(), m.amount.0, m.due_secs)).collect();
        let expected = [("Draft", 54_000_000, 199), ("Revised", 63_000_000, 400), ("Final", 63_000_000, 600)];
        assert_eq!(made, expected);
        assert!(offer(&[1, 2]).scheduled(template).unwrap_err().message.contains("one due date"));
    }

    #[test]
    fn an_offer_that_contradicts_itself_is_refused_with_the_reason() {
        for (split, due, why) in [
            (&[5000, 4000][..], &[1, 2][..], "9000"),
            (&[5000, 5000], &[1], "same milestones"),
            (&[], &[], "same milestones"),
        ] {
            let problem = offer(10, split, due).proposal().unwrap_err();
            assert!(problem.message.contains(why), "{}", problem.message);
        }
    }
}
