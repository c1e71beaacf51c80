//! What a template promises: what comes with the program works, and a pact shows what it was made from.

use serde_json::json;

use super::*;
use crate::{did::Did, text::BoundError};

fn token(text: &str) -> Token {
    text.parse().unwrap()
}

fn summary() -> Listed {
    Templates::default().named(&token("filing-summary")).unwrap().clone()
}

fn numbers(pairs: &[(&str, u64)]) -> BTreeMap<Token, u64> {
    pairs.iter().map(|(name, value)| (token(name), *value)).collect()
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Template, TemplateError> {
    let mut tree = serde_json::to_value(summary().template).unwrap();
    change(&mut tree);
    Template::read(tree.to_string().as_bytes())
}

#[test]
fn every_template_that_comes_with_the_program_is_read_and_makes_a_pact_that_can_be_judged() {
    let names: Vec<_> = Templates::default().all().map(|listed| listed.template.name.to_string()).collect();
    assert_eq!(names, ["code-task", "dataset-delivery", "filing-summary", "translation"]);
    for Listed { id, template } in Templates::default().all() {
        let pact = template.pact(*id, &BTreeMap::new()).unwrap();
        assert_eq!(Templates::default().of(&pact), Some(template));
        assert!(!pact.needs_judgement(), "{}: no juror reads", template.name);
        let shares = template.scheduled(Usdc(100), 1000);
        assert_eq!(Usdc::sum(shares.iter().map(|(_, amount, _)| *amount)), Some(Usdc(100)));
        assert_eq!(shares.last().map(|(.., due)| *due), Some(1000));
    }
}

#[test]
fn numbers_inside_their_range_make_a_pact_and_others_are_refused_by_name() {
    let Listed { id, template } = summary();
    let pact = template.pact(id, &numbers(&[("citation_bps", 9000)])).unwrap();
    assert_eq!(pact.clauses[1].threshold_bps.get(), 9000);
    let range = template.clauses(&numbers(&[("citation_bps", 4999)])).unwrap_err();
    assert_eq!(range.to_string(), "citation_bps is 4999, at least 5000 and at most 10000");
    let unknown = template.clauses(&numbers(&[("generosity", 1)])).unwrap_err();
    assert_eq!(unknown, TemplateError::Unknown(token("generosity")));
}

#[test]
fn a_pact_shows_by_itself_whether_it_was_made_from_a_template() {
    let templates = Templates::default();
    let Listed { id, template } = summary();
    let made = template.pact(id, &numbers(&[("late_secs", 3600)])).unwrap();
    let seller = Did::from_key([1; 32]).ok();
    assert_eq!(templates.of(&Pact { seller, ..made.clone() }), Some(&template), "whoever sells by it");
    let with = |change: fn(&mut Vec<Clause>)| {
        let mut clauses = made.clauses.to_vec();
        change(&mut clauses);
        let clauses: Result<_, BoundError> = clauses.try_into();
        Pact { clauses: clauses.unwrap(), ..made.clone() }
    };
    let others = [
        ("a clause less", with(|clauses| drop(clauses.pop()))),
        ("a clause changed", with(|clauses| clauses[0].mandatory = false)),
        ("a number outside its range", with(|clauses| clauses[1].threshold_bps = Bps::new(100).unwrap())),
        ("another title", Pact { title: "Free lunch".parse().unwrap(), ..made.clone() }),
        ("another id", Pact { template: Some(PaperId([9; 32])), ..made.clone() }),
        ("no id", Pact { template: None, ..made.clone() }),
    ];
    for (what, pact) in others {
        assert_eq!(templates.of(&pact), None, "{what}");
    }
}

#[test]
fn one_open_number_is_the_same_wherever_it_stands() {
    let translation = Templates::default().named(&token("translation")).unwrap().clone();
    let pact = translation.template.pact(translation.id, &numbers(&[("segments_min", 7)])).unwrap();
    let mut tree = serde_json::to_value(&pact.clauses).unwrap();
    tree[1]["test"]["min_citations"] = json!(8);
    let pact = Pact { clauses: serde_json::from_value(tree).unwrap(), ..pact };
    assert_eq!(Templates::default().of(&pact), None);
}

#[test]
fn a_file_that_is_no_template_is_refused_with_the_place_or_the_rule() {
    type Change = fn(&mut Value);
    let rows: [(Change, &str); 10] = [
        (|t| t["generosity"] = json!(1), "generosity"),
        (|t| t["windows"]["appeal_secs"] = json!(-1), "/windows/appeal_secs"),
        (|t| t["clauses"][1]["threshold_bps"] = json!(20_000), "/clauses/1/threshold_bps"),
        (|t| t["schedule"][0]["share_bps"] = json!(1), "add up to 10000"),
        (|t| t["schedule"][2]["due_bps"] = json!(9_999), "due at the end"),
        (|t| t["parameters"][0]["default"] = json!(1), "citation_bps is 1"),
        (|t| t["parameters"][0]["min"] = json!(0), "a clause can fail"),
        (|t| t["parameters"][1]["name"] = json!("citation_bps"), "same name"),
        (|t| t["clauses"][2]["test"]["slack_secs"] = json!({ "parameter": "luck" }), "luck is no parameter"),
        (
            |t| t["clauses"][0]["test"] = json!({ "kind": "judged", "file": "a.txt", "question": "Good?" }),
            "window of zero",
        ),
    ];
    for (change, why) in rows {
        let error = changed(change).unwrap_err().to_string();
        assert!(error.contains(why), "{error}, not {why}");
    }
}

#[test]
fn a_template_of_ones_own_takes_the_place_of_the_one_with_its_name() {
    let own = changed(|t| t["windows"]["judging_secs"] = json!(600)).unwrap();
    let mut templates = Templates::default();
    let (count, theirs) = (templates.all().count(), summary());
    templates.add(own.clone()).unwrap();
    assert_eq!(templates.all().count(), count);
    let held = templates.named(&token("filing-summary")).unwrap();
    assert_eq!(held.template, own);
    assert_ne!(held.id, theirs.id, "the id says what is in it");
    let pact = theirs.template.pact(theirs.id, &BTreeMap::new()).unwrap();
    assert_eq!(templates.of(&pact), None, "what it replaced is not known any more");
}

#[test]
fn a_library_is_bounded() {
    let mut templates = Templates::default();
    let named = |n: usize| changed(|t| t["name"] = json!(format!("n{n}"))).unwrap();
    let mut added = (0..).map(|n| templates.add(named(n)));
    let full = added.find(Result::is_err).unwrap();
    assert_eq!(full, Err(TemplateError::TooMany(TEMPLATES_MAX)));
}
