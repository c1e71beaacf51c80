//! The open market: announcements, requests, bids, and the choice that ends it.
//!
//! Deliberately absent: ranking. The agent program filters bids by pact, standing and price.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use nuncio_protocol::{
    command::{Choice, Command, Look, NewBid, NewPact, NewRequest, Reply},
    document::{AgeRecipient, Announcement, Categories, Category, Clause, DealKind, Jurisdiction, Regulator},
    ids::PaperId,
    money::{Bps, Usdc},
    text::{BoundError, BoundedVec, Line, Text, Token},
    view::View,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, body::Body, field::id, files::TextFile, problem::Problem, view};

/// How long bids are taken, and a bid stands, unless the client says otherwise.
const EXPIRES_SECS: u64 = 3600;

/// `POST /requests`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    domain: Token,
    /// What is to be done; where it is absent, the template's.
    task_schema: Option<Token>,
    template: Option<Token>,
    deal_kind: DealKind,
    jurisdiction: Jurisdiction,
    budget: Usdc,
    #[serde(default)]
    standing: Standing,
    #[serde(default)]
    inputs: Vec<TextFile>,
    /// What is wanted; where it is absent, what the template is for.
    text: Option<Text>,
    expires_secs: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    min_standing_bps: Bps,
}

/// `POST /requests/{id}/bids`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offered {
    pact: Option<OfferedPact>,
    template: Option<OfferedTemplate>,
    price: Usdc,
    due_secs: u32,
    expires_secs: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferedPact {
    title: Line,
    clauses: BoundedVec<Clause, 32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferedTemplate {
    name: Token,
    #[serde(default)]
    numbers: BTreeMap<Token, u64>,
}

impl Offered {
    fn new_pact(pact: Option<OfferedPact>, template: Option<OfferedTemplate>) -> Result<NewPact, Problem> {
        match (pact, template) {
            (Some(OfferedPact { title, clauses }), None) => Ok(NewPact::Own { title, clauses }),
            (None, Some(OfferedTemplate { name, numbers })) => Ok(NewPact::Template { name, numbers }),
            (None, None) | (Some(_), Some(_)) => {
                Err(Problem::invalid("a bid names either a pact of its own or a template"))
            }
        }
    }
}

/// `POST /requests/{id}/choose`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    bid: PaperId,
    nda: WantedNda,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedNda {
    categories: Vec<Category>,
    duration_secs: u64,
    /// From the NDA's begin, as its end is; the protocol counts from the end.
    destroy_after_secs: u64,
    jurisdiction: Jurisdiction,
    #[serde(default)]
    regulators: Vec<AgeRecipient>,
}

/// What an announcement must name to be listed; nothing asked for lists all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sought {
    task_schema: Option<Token>,
    domain: Option<Token>,
}

impl Sought {
    fn fits(&self, announcement: &Announcement) -> bool {
        let names =
            |wanted: &Option<Token>, named: &[Token]| wanted.as_ref().is_none_or(|w| named.contains(w));
        names(&self.task_schema, &announcement.task_schemas) && names(&self.domain, &announcement.domains)
    }
}

/// `GET /market/announcements`, with `?task_schema=` and `?domain=`.
pub(super) async fn announcements(
    State(app): State<App>,
    query: Result<Query<Sought>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(sought) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let View::Announcements(mut all) = app.look(Look::Announcements).await? else {
        return Err(Problem::strange());
    };
    all.retain(|announcement| sought.fits(announcement));
    Ok(Json(view::plain(&all)?))
}

/// `GET /requests`.
pub(super) async fn requests(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Requests(all) = app.look(Look::Requests).await? else { return Err(Problem::strange()) };
    all.iter().map(view::request).collect::<Result<Value, _>>().map(Json)
}

/// `POST /requests`.
pub(super) async fn request(
    State(app): State<App>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Problem> {
    if wanted.deal_kind != DealKind::Service {
        return Err(Problem::invalid("deal_kind: only `service` is dealt with"));
    }
    let template = match wanted.template {
        Some(name) => Some(super::templates::named(&app, name).await?.listed.template),
        None => None,
    };
    let task_schema = match (wanted.task_schema, &template) {
        (Some(named), Some(template)) if named != template.task_schema => {
            return Err(Problem::invalid(format!(
                "task_schema is not the template's {}",
                template.task_schema
            )));
        }
        (Some(named), _) => named,
        (None, Some(template)) => template.task_schema.clone(),
        (None, None) => return Err(Problem::invalid("a request names a task_schema or a template")),
    };
    let text = wanted.text.or(template.map(|template| template.about));
    let text = text.ok_or_else(|| Problem::invalid("a request says what is wanted, or names a template"))?;
    let references: Vec<_> = wanted.inputs.iter().map(TextFile::reference).collect::<Result<_, _>>()?;
    let inputs = references.try_into().map_err(|e: BoundError| Problem::invalid(format!("inputs: {e}")))?;
    let staged = wanted.inputs.into_iter().map(TextFile::into_bytes).collect();
    let new = NewRequest {
        domain: wanted.domain,
        task_schema,
        jurisdiction: wanted.jurisdiction,
        budget: wanted.budget,
        min_standing: wanted.standing.min_standing_bps,
        inputs,
        text,
        expires_secs: wanted.expires_secs.unwrap_or(EXPIRES_SECS),
    };
    named("request", app.ask(Command::Request(new), staged).await?)
}

/// `GET /requests/{id}/bids`.
pub(super) async fn bids(
    State(app): State<App>,
    Path(request): Path<String>,
) -> Result<Json<Value>, Problem> {
    let request = id("request", &request)?;
    let View::Bids(all) = app.look(Look::Bids(request)).await? else { return Err(Problem::strange()) };
    all.iter().map(view::bid).collect::<Result<Value, _>>().map(Json)
}

/// `POST /requests/{id}/bids`.
pub(super) async fn bid(
    State(app): State<App>,
    Path(request): Path<String>,
    Body(offered): Body<Offered>,
) -> Result<Json<Value>, Problem> {
    let new = NewBid {
        request: id("request", &request)?,
        pact: Offered::new_pact(offered.pact, offered.template)?,
        price: offered.price,
        due_secs: offered.due_secs,
        expires_secs: offered.expires_secs.unwrap_or(EXPIRES_SECS),
    };
    named("bid", app.ask(Command::Bid(new), Vec::new()).await?)
}

/// `POST /requests/{id}/choose`.
pub(super) async fn choose(
    State(app): State<App>,
    Path(request): Path<String>,
    Body(Chosen { bid, nda }): Body<Chosen>,
) -> Result<Json<Value>, Problem> {
    let destroy_after_secs = nda.destroy_after_secs.checked_sub(nda.duration_secs).ok_or_else(|| {
        Problem::invalid("destroy_after_secs is less than duration_secs; both count from the NDA's begin")
    })?;
    let choice = Choice {
        request: id("request", &request)?,
        bid,
        categories: Categories::of(&nda.categories),
        duration_secs: nda.duration_secs,
        destroy_after_secs,
        jurisdiction: nda.jurisdiction,
        regulators: regulators(nda.regulators)?,
    };
    named("nda", app.ask(Command::Choose(choice), Vec::new()).await?)
}

fn regulators(recipients: Vec<AgeRecipient>) -> Result<BoundedVec<Regulator, 4>, Problem> {
    let wrong = |error: BoundError| Problem::invalid(format!("regulators: {error}"));
    let named = recipients.into_iter().enumerate().map(|(index, age_recipient)| {
        let name = format!("regulator {}", index + 1).parse()?;
        Ok(Regulator { name, age_recipient })
    });
    let named: Vec<_> = named.collect::<Result<_, _>>().map_err(wrong)?;
    named.try_into().map_err(wrong)
}

/// The id of the paper that came of it, under its name.
fn named(name: &str, reply: Reply) -> Result<Json<Value>, Problem> {
    match reply {
        Reply::Paper(id) => Ok(Json(json!({ name: id }))),
        Reply::Accepted
        | Reply::Held(..)
        | Reply::Negotiation(_)
        | Reply::View(_)
        | Reply::Files(_)
        | Reply::Bundle(_)
        | Reply::Statement(_) => Err(Problem::strange()),
    }
}
