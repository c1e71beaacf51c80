//! The API over real sockets, before a node that notes what it is asked.

use std::sync::Mutex;

use futures::future::BoxFuture;
use nuncio_protocol::{
    command::{Command, Event, Look, NewPact, Refusal, Reply},
    document::{Announcement, Document},
    ids::{DealId, NegotiationId, PaperId},
    job::File,
    money::Usdc,
    policy::Rule,
    record::Record,
    template::Templates,
    view::{EventView, TemplateView, View},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::json;
use tokio::sync::broadcast;

use super::*;
use crate::{
    audit::ExportError,
    trail::{Entry, Page, TrailError},
};

/// Answers from a short script and keeps every command.
struct Scripted {
    asked: Mutex<Vec<(Command, Vec<Vec<u8>>)>>,
    events: broadcast::Sender<(u64, Event)>,
}

const PAPER: PaperId = PaperId([7; 32]);
const NEGOTIATION: NegotiationId = NegotiationId([8; 32]);

fn closed(byte: u8) -> Event {
    Event::Closed { deal: DealId([byte; 32]) }
}

/// One agent in `finance.filings` that does `summary/1` and `translation/1`.
fn announcement() -> Document<Announcement> {
    let vectors = include_str!("../../protocol/vectors/papers.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let paper = vectors["papers"]["announcement"]["canonical"].as_str().unwrap();
    Document::read(paper.as_bytes()).unwrap()
}

impl Scripted {
    fn new() -> Arc<Self> {
        Arc::new(Self { asked: Mutex::new(Vec::new()), events: broadcast::channel(16).0 })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a script has few lines")]
    fn answer(command: &Command) -> Result<Reply, Refusal> {
        let view = |view| Ok(Reply::View(Box::new(view)));
        match command {
            Command::Look(Look::Events(after)) => {
                let all = (1..=3).map(|seq| EventView { seq, event: closed(u8::try_from(seq).unwrap()) });
                view(View::Events(all.filter(|event| event.seq > *after).collect()))
            }
            Command::Look(Look::Deals) => view(View::Deals(Vec::new())),
            Command::Look(Look::Trust(did)) => Err(Refusal::UnknownAgent { did: did.clone() }),
            Command::Look(Look::Ndas) => view(View::Ndas(Vec::new())),
            Command::Look(Look::Announcements) => view(View::Announcements(vec![announcement()])),
            Command::Files(_, None) => {
                let source = File { name: "a.txt".into(), media_type: String::new(), bytes: b"A".to_vec() };
                Ok(Reply::Files(vec![source]))
            }
            Command::Request(_) | Command::Bid(_) => Ok(Reply::Paper(PAPER)),
            Command::Look(Look::Template(name)) => {
                let listed = Templates::default().named(name).cloned();
                let listed = listed.ok_or(Refusal::NotFound { what: "template", id: name.to_string() })?;
                view(View::Template(Box::new(TemplateView { allowed: true, listed })))
            }
            Command::Look(Look::Templates) => {
                let all = Templates::default();
                let all = all.all().map(|listed| TemplateView { allowed: false, listed: listed.clone() });
                view(View::Templates(all.collect()))
            }
            Command::Look(Look::Approvals) => view(View::Approvals(Vec::new())),
            Command::Offer(..) | Command::Deliver(..) | Command::Approve(..) => Ok(Reply::Accepted),
            Command::Accept(_) => {
                let (amount, limit) = (Usdc(2), Usdc(1));
                Err(Refusal::Approval(Rule::HumanAbove { amount, limit }))
            }
            _ => Err(Refusal::NotFound { what: "thing", id: "x".into() }),
        }
    }
}

impl Door for Scripted {
    fn ask(&self, command: Command, staged: Vec<Vec<u8>>) -> BoxFuture<'_, Result<Reply, Refusal>> {
        let answer = Self::answer(&command);
        self.asked.lock().unwrap().push((command, staged));
        Box::pin(async move { answer })
    }

    fn bundle(&self, deal: DealId) -> BoxFuture<'_, Result<Vec<u8>, ExportError>> {
        let unknown = Refusal::NotFound { what: "deal", id: deal.to_string() };
        let known = deal == DealId([1; 32]);
        Box::pin(async move { if known { Ok(b"archive".to_vec()) } else { Err(unknown.into()) } })
    }

    fn trail(&self, from: u64, _: usize, step: Option<String>) -> BoxFuture<'_, Result<Page, TrailError>> {
        let record = Record::Noted(closed(1));
        let entry = Entry { number: from + 4, step: record.step(), record };
        let fits = step.is_none_or(|step| step == entry.step);
        Box::pin(async move {
            let next = entry.number + 1;
            Ok(Page { entries: fits.then_some(entry).into_iter().collect(), next })
        })
    }

    fn events(&self) -> broadcast::Receiver<(u64, Event)> {
        self.events.subscribe()
    }

    fn peers(&self) -> Vec<door::Peer> {
        Vec::new()
    }

    fn listen(&self) -> Vec<String> {
        vec!["/ip4/127.0.0.1/tcp/1".into()]
    }
}

struct World {
    home: tempfile::TempDir,
    node: Arc<Scripted>,
    api: Api,
    client: Client,
}

impl World {
    async fn new(bind: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        Tokens::create(home.path()).unwrap();
        let node = Scripted::new();
        let about = About { peer_id: "12D3".into(), config: json!({ "name": "n" }) };
        let api = Api::start(home.path(), bind.parse().unwrap(), node.clone(), about).await.unwrap();
        let client = match api.address().strip_prefix("unix://") {
            Some(path) => Client::builder().unix_socket(path).build().unwrap(),
            None => Client::new(),
        };
        Self { home, node, api, client }
    }

    fn request(&self, method: Method, path: &str, role: Role) -> reqwest::RequestBuilder {
        let base =
            if self.api.address().starts_with("unix") { "http://localhost" } else { self.api.address() };
        let token = role.token(self.home.path()).unwrap();
        self.client.request(method, format!("{base}/api/v1{path}")).bearer_auth(token)
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.request(Method::POST, path, Role::Agent).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    fn last(&self) -> (Command, Vec<Vec<u8>>) {
        self.node.asked.lock().unwrap().last().cloned().unwrap()
    }
}

#[tokio::test]
async fn every_route_is_open_to_the_roles_that_the_table_names_and_to_nobody_else() {
    let world = World::new("127.0.0.1:0").await;
    for route in route::table() {
        let path = route
            .path
            .replace("{milestone}", "0")
            .replace("{id}", "x")
            .replace("{did}", "x")
            .replace("{name}", "x");
        let method = if route.method == "post" { Method::POST } else { Method::GET };
        for role in Role::ALL {
            let response = world.request(method.clone(), &path, role).send().await.unwrap();
            let refused = response.status() == StatusCode::FORBIDDEN;
            assert_eq!(refused, !role.may(route.right), "{} {path} as {}", route.method, role.name());
        }
        let bare = world.client.request(method, format!("{}/api/v1{path}", world.api.address()));
        for request in [bare.try_clone().unwrap(), bare.bearer_auth("0".repeat(64))] {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(response.json::<Value>().await.unwrap()["code"], "NUN-TOKEN");
        }
    }
}

#[test]
fn an_agent_acts_and_only_a_principal_hands_in_approvals() {
    let rows = [
        (Role::Admin, [true, true, true, true, true, false]),
        (Role::Principal, [true, true, false, true, true, true]),
        (Role::Agent, [true, true, true, false, false, false]),
        (Role::Readonly, [true, false, false, false, false, false]),
        (Role::Auditor, [true, false, false, true, false, false]),
    ];
    for (role, expected) in rows {
        let rights = [Right::Read, Right::ReadFiles, Right::Act, Right::Export, Right::Trail, Right::Approve];
        let rights = rights.map(|right| role.may(right));
        assert_eq!(rights, expected, "{}", role.name());
    }
}

#[tokio::test]
async fn a_request_that_names_another_host_or_origin_is_refused_before_its_token_is_looked_at() {
    let world = World::new("127.0.0.1:0").await;
    let port = world.api.address().rsplit(':').next().unwrap().to_owned();
    let (ip, name) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
    let rows = [
        (ip.clone(), None, StatusCode::OK),
        (name.clone(), None, StatusCode::OK),
        (name.clone(), Some(format!("http://{name}")), StatusCode::OK),
        (ip.clone(), Some(format!("http://{ip}")), StatusCode::OK),
        ("evil.example".into(), None, StatusCode::FORBIDDEN),
        (format!("evil.example:{port}"), None, StatusCode::FORBIDDEN),
        ("127.0.0.1".into(), None, StatusCode::FORBIDDEN),
        (format!("127.0.0.1:{port}.evil.example"), None, StatusCode::FORBIDDEN),
        (ip.clone(), Some("http://evil.example".into()), StatusCode::FORBIDDEN),
        (ip.clone(), Some(format!("https://{ip}")), StatusCode::FORBIDDEN),
        (ip.clone(), Some("null".into()), StatusCode::FORBIDDEN),
        (ip, Some("http://127.0.0.1".into()), StatusCode::FORBIDDEN),
    ];
    for (host, origin, status) in rows {
        let mut request = world.request(Method::GET, "/deals", Role::Readonly).header("host", &host);
        if let Some(origin) = &origin {
            request = request.header("origin", origin);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{host} {origin:?}");
    }
}

#[tokio::test]
async fn a_socket_in_the_home_serves_its_owner_and_is_gone_at_the_end() {
    let world = World::new("unix").await;
    let socket = world.home.path().join(SOCKET_FILE);
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let address = fs::read_to_string(world.home.path().join(ADDRESS_FILE)).unwrap();
    assert_eq!(address.trim(), format!("unix://{}", socket.display()));
    let response = world.request(Method::GET, "/deals", Role::Readonly).send().await.unwrap();
    assert_eq!((response.status(), response.text().await.unwrap().as_str()), (StatusCode::OK, "[]"));
    let World { home, api, .. } = world;
    drop(api);
    assert!(!socket.exists() && !home.path().join(ADDRESS_FILE).exists());
}

#[test]
fn no_address_that_other_machines_reach_is_ever_bound() {
    for text in ["0.0.0.0:0", "192.168.1.1:80", "[::]:0", "8.8.8.8:53"] {
        assert!(matches!(text.parse::<Bind>(), Err(ApiError::NotLoopback(_))), "{text}");
    }
    for text in ["localhost:1", "127.0.0.1", "", "tcp"] {
        assert!(matches!(text.parse::<Bind>(), Err(ApiError::NotAnAddress(_))), "{text}");
    }
    assert!(matches!("[::1]:0".parse(), Ok(Bind::Loopback(_))));
}

#[tokio::test]
async fn a_posted_body_is_json_bounded_and_says_nothing_unknown() {
    let world = World::new("127.0.0.1:0").await;
    let offer = format!("/negotiations/{NEGOTIATION}/offer");
    let plain = world.request(Method::POST, &offer, Role::Agent).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, problem) = world.post(&offer, json!({ "generosity": 1 })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("NUN-INVALID")));
    assert!(problem["message"].as_str().unwrap().contains("generosity"), "{problem}");
    let (status, problem) = world.post(&offer, json!({ "text": "x".repeat(body::BODY_MAX) })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("NUN-TOO-LARGE")));
    let missing = world.request(Method::GET, "/no/such/thing", Role::Agent).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.json::<Value>().await.unwrap()["code"], "NUN-NO-ROUTE");
    let wrong = world.request(Method::DELETE, "/deals", Role::Admin).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn what_the_node_refuses_arrives_with_code_message_and_hint() {
    let world = World::new("127.0.0.1:0").await;
    let (status, problem) = world.post(&format!("/negotiations/{NEGOTIATION}/accept"), json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("NUN-APPROVAL")));
    assert!(problem["hint"].as_str().unwrap().contains("principal"));
    let (status, problem) = world.post(&format!("/negotiations/{NEGOTIATION}/end"), json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NUN-NOT-FOUND")));
    let (status, problem) = world.post("/negotiations/12/end", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("NUN-INVALID")));
}

#[tokio::test]
async fn a_request_keeps_its_inputs_and_names_them_by_hash() {
    let world = World::new("127.0.0.1:0").await;
    let body = json!({
        "domain": "documents", "task_schema": "filing-summary/1", "deal_kind": "service", "jurisdiction": "EU",
        "budget": "200000000", "text": "Summarise.", "standing": { "min_standing_bps": 4000 },
        "inputs": [{ "name": "a.txt", "media_type": "text/plain", "text": "abc" }],
    });
    let (status, answer) = world.post("/requests", body).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({ "request": PAPER })));
    let (command, staged) = world.last();
    let Command::Request(new) = command else { panic!("{command:?}") };
    assert_eq!((new.inputs.len(), staged), (1, vec![b"abc".to_vec()]));
    assert_eq!((new.budget, new.min_standing.get(), new.expires_secs), (Usdc(200_000_000), 4000, 3600));
}

#[tokio::test]
async fn the_market_is_asked_by_task_schema_and_by_domain() {
    let world = World::new("127.0.0.1:0").await;
    let listed = async |query: &str| {
        let path = format!("/market/announcements{query}");
        let response = world.request(Method::GET, &path, Role::Readonly).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    for (query, count) in [
        ("", 1),
        ("?task_schema=summary/1", 1),
        ("?task_schema=summary/1&domain=finance.filings", 1),
        ("?task_schema=summary/2", 0),
        ("?domain=summary/1", 0),
    ] {
        let (status, list) = listed(query).await;
        assert_eq!((status, list.as_array().unwrap().len()), (StatusCode::OK, count), "{query}");
    }
    assert_eq!(listed("?schema=summary/1").await.0, StatusCode::BAD_REQUEST, "a misspelt name is no filter");
}

#[tokio::test]
async fn the_trail_is_paged_through_by_the_principal() {
    let world = World::new("127.0.0.1:0").await;
    let page = async |query: &str, role| {
        let response = world.request(Method::GET, &format!("/trail{query}"), role).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let (status, first) = page("?from=7", Role::Principal).await;
    assert_eq!((status, &first["next"]), (StatusCode::OK, &json!(12)));
    assert_eq!(
        (&first["entries"][0]["number"], &first["entries"][0]["step"]),
        (&json!(11), &json!("event.noted"))
    );
    let (_, none) = page("?from=7&step=policy.decided", Role::Principal).await;
    assert_eq!(
        (&none["entries"], &none["next"]),
        (&json!([]), &json!(12)),
        "a page without a fit goes on where it stopped"
    );
    assert_eq!(page("", Role::Agent).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_delivery_takes_the_sources_along() {
    let world = World::new("127.0.0.1:0").await;
    let path = format!("/deals/{}/milestones/1/delivery", DealId([1; 32]));
    let file = json!({ "name": "summary.json", "media_type": "application/json", "text": "{}" });
    let (status, _) = world.post(&path, json!({ "files": [file] })).await;
    assert_eq!(status, StatusCode::OK);
    let (Command::Deliver(_, 1, files), _) = world.last() else { panic!("no delivery") };
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["summary.json", "source.a.txt"]);
}

#[tokio::test]
async fn a_listener_hears_the_backlog_and_then_what_happens_each_once() {
    let world = World::new("127.0.0.1:0").await;
    let request = world.request(Method::GET, "/events?after=1", Role::Readonly).header("last-event-id", "2");
    let mut stream = request.send().await.unwrap();
    // Number 3 is in the backlog and comes again live.
    for seq in [3, 4] {
        world.node.events.send((seq, closed(4))).unwrap();
    }
    let mut heard = String::new();
    while !heard.contains("id: 4") || !heard.ends_with("\n\n") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let ids: Vec<_> = heard.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["3", "4"]);
    assert!(heard.contains("event: deal.closed\n"), "{heard}");
    assert!(heard.contains(&format!("data: {{\"deal\":\"{}\"}}\n", DealId([3; 32]))), "{heard}");
}

#[tokio::test]
async fn an_agent_that_nobody_heard_of_is_an_error_with_a_hint_and_never_a_score() {
    let world = World::new("127.0.0.1:0").await;
    let response = world.request(Method::GET, "/trust/did:key:z6Mk", Role::Readonly).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "NUN-UNKNOWN-AGENT");
    assert!(problem["hint"].as_str().unwrap().contains("nuncio offers"), "{problem}");
}

#[tokio::test]
async fn the_document_of_the_api_is_served() {
    let world = World::new("127.0.0.1:0").await;
    let response = world.request(Method::GET, "/openapi.json", Role::Readonly).send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap(), openapi());
}

#[tokio::test]
async fn a_bundle_is_given_whole_to_an_auditor() {
    let world = World::new("127.0.0.1:0").await;
    let path = |byte: u8| format!("/audit/{}", DealId([byte; 32]));
    let response = world.request(Method::GET, &path(1), Role::Auditor).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-tar");
    assert_eq!(response.bytes().await.unwrap().as_ref(), b"archive");
    let response = world.request(Method::GET, &path(2), Role::Auditor).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_approval_is_a_signature_and_an_agents_token_never_hands_one_in() {
    let world = World::new("127.0.0.1:0").await;
    let path = format!("/approvals/{}", DealId([1; 32]));
    let body = json!({ "signature": format!("0x{}", "11".repeat(65)) });
    for role in [Role::Agent, Role::Admin, Role::Readonly, Role::Auditor] {
        for path in [path.clone(), format!("{path}/refuse")] {
            let response = world.request(Method::POST, &path, role).json(&body).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{}", role.name());
        }
    }
    assert!(world.node.asked.lock().unwrap().is_empty(), "the node never heard of it");
    let response = world.request(Method::POST, &path, Role::Principal).json(&body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let (Command::Approve(deal, signature), _) = world.last() else { panic!("no approval") };
    assert_eq!((deal, signature.0), (DealId([1; 32]), [0x11; 65]));
    // What a contract wallet (ERC-1271) would give is longer, and refused with the reason.
    let wallet = json!({ "signature": format!("0x{}", "11".repeat(130)) });
    let response = world.request(Method::POST, &path, Role::Principal).json(&wallet).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let problem: Value = response.json().await.unwrap();
    assert!(problem["message"].as_str().unwrap().contains("plain key"), "{problem}");
}

#[tokio::test]
async fn what_waits_for_the_principal_is_shown_with_the_typed_data_that_its_wallet_signs() {
    let world = World::new("127.0.0.1:0").await;
    let response = world.request(Method::GET, "/approvals", Role::Principal).send().await.unwrap();
    assert_eq!((response.status(), response.text().await.unwrap().as_str()), (StatusCode::OK, "[]"));
}

#[tokio::test]
async fn templates_are_listed_with_whether_the_agent_may_use_them_and_shown_whole() {
    let world = World::new("127.0.0.1:0").await;
    let get = async |path: &str| {
        let response = world.request(Method::GET, path, Role::Readonly).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let (_, all) = get("/templates").await;
    assert_eq!((&all[2]["name"], &all[2]["allowed"]), (&json!("filing-summary"), &json!(false)));
    let (_, one) = get("/templates/translation").await;
    assert_eq!((&one["windows"]["appeal_secs"], &one["fallback"]["kind"]), (&json!(0), &json!("split")));
    let (status, problem) = get("/templates/free-lunch").await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NUN-NOT-FOUND")));
}

#[tokio::test]
async fn a_request_that_names_a_template_says_what_it_is_for_and_needs_no_more_words() {
    let world = World::new("127.0.0.1:0").await;
    let body = |more: Value| {
        let mut body = json!({
            "domain": "documents", "deal_kind": "service", "jurisdiction": "EU", "budget": "1",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (status, _) = world.post("/requests", body(json!({ "template": "translation" }))).await;
    assert_eq!(status, StatusCode::OK);
    let (Command::Request(new), _) = world.last() else { panic!("no request") };
    assert_eq!(new.task_schema.as_str(), "translation/1");
    assert!(new.text.as_str().contains("segments"), "{}", new.text.as_str());
    let rows = [
        (json!({}), "task_schema or a template"),
        (json!({ "task_schema": "translation/1" }), "what is wanted"),
        (json!({ "template": "translation", "task_schema": "code-task/1" }), "translation/1"),
    ];
    for (more, why) in rows {
        let (status, problem) = world.post("/requests", body(more)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["message"].as_str().unwrap().contains(why), "{problem}");
    }
}

#[tokio::test]
async fn a_bid_names_a_template_with_its_numbers_or_a_pact_of_its_own_and_never_both() {
    let world = World::new("127.0.0.1:0").await;
    let path = format!("/requests/{PAPER}/bids");
    let template = json!({ "name": "filing-summary", "numbers": { "citation_bps": 9000 } });
    let bid = json!({ "template": template, "price": "1", "due_secs": 60 });
    assert_eq!(world.post(&path, bid.clone()).await.0, StatusCode::OK);
    let (Command::Bid(new), _) = world.last() else { panic!("no bid") };
    let NewPact::Template { name, numbers } = new.pact else { panic!("no template") };
    assert_eq!(
        (name.as_str(), numbers.values().copied().collect::<Vec<_>>()),
        ("filing-summary", vec![9000])
    );
    let mut both = bid.clone();
    both["pact"] = json!({ "title": "t", "clauses": [] });
    let neither = json!({ "price": "1", "due_secs": 60 });
    for body in [both, neither] {
        let (status, problem) = world.post(&path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["message"].as_str().unwrap().contains("either"), "{problem}");
    }
}
