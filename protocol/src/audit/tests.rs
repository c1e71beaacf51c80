//! A bundle verifies as it is, and in no other way.

use std::collections::BTreeSet;

use super::*;
use crate::{canonical::to_canonical, ids::DealId, money::Usdc};

mod forgery;
mod world;

use world::World;

fn rules(report: &Report) -> BTreeSet<(&str, &str)> {
    report.findings.iter().map(|finding| (finding.file.as_str(), finding.rule)).collect()
}

#[test]
fn an_untouched_bundle_is_verified_and_tells_who_did_what() {
    let world = World::new();
    let report = verify(&world.bundle(), &world.chain);
    assert_eq!(report.findings, []);
    assert!(report.ok);
    assert_eq!(report.deal, Some(world.parts.deal));
    let acts: Vec<&str> = report.events.iter().map(|event| event.act).collect();
    for act in [
        "agreement.signed",
        "nda.signed",
        "panel.requested",
        "seat.accepted",
        "panel.drawn",
        "delivered",
        "stored",
        "verdict.signed",
        "verdict.accepted",
        "nda.anchored",
        "deal.opened",
        "milestone.to_seller",
        "paid",
        "deal.closed",
        "rated",
    ] {
        assert!(acts.contains(&act), "{act} is missing in {acts:?}");
    }
    let paid = report.events.iter().find(|event| event.act == "milestone.to_seller").unwrap();
    assert_eq!(paid.amount, Some(Usdc(54_000_000)));
    assert!(paid.who.starts_with("did:key:z6Mk"), "{}", paid.who);
}

#[test]
fn the_report_has_the_shape_that_programs_read() {
    let world = World::new();
    let report = serde_json::to_value(verify(&world.bundle(), &world.chain)).unwrap();
    assert_eq!(report["schema"], "nuncio.audit/1");
    assert_eq!(report["ok"], true);
    let events = report["events"].as_array().unwrap();
    let opened = events.iter().find(|event| event["act"] == "deal.opened").unwrap();
    assert_eq!(opened["proof"]["kind"], "log");
    assert_eq!(opened["proof"]["file"], LOGS);
    assert!(opened["proof"]["tx"].as_str().unwrap().starts_with("0x"));
    let signed = events.iter().find(|event| event["act"] == "agreement.signed").unwrap();
    let proof =
        serde_json::json!({ "kind": "signature", "file": "proofs/deal.json", "tx": null, "log": null });
    assert_eq!(signed["proof"], proof);
    let keys =
        |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&report), ["deal", "events", "findings", "ok", "schema"]);
    assert!(events.iter().all(|event| keys(event) == ["act", "amount", "proof", "who"]));
    let mut bundle = world.bundle();
    bundle.remove(LOGS);
    let report = serde_json::to_value(verify(&bundle, &world.chain)).unwrap();
    assert_eq!(keys(&report["findings"][0]), ["file", "message", "offset", "rule"]);
}

#[test]
fn a_single_byte_changed_anywhere_is_refused_and_the_file_is_named() {
    let world = World::new();
    let bundle = world.bundle();
    let total: usize = bundle.values().map(Vec::len).sum();
    let step = (total / 400).max(1);
    for (path, bytes) in &bundle {
        let spread = (0..bytes.len()).step_by(step).chain([bytes.len() - 1]);
        for at in spread {
            for bit in [1, 0x20, 0x80] {
                let mut changed = bundle.clone();
                changed.get_mut(path).unwrap()[at] ^= bit;
                let report = verify(&changed, &world.chain);
                assert!(!report.ok, "byte {at} of {path}");
                // The proof over the index is what shows that the index was changed.
                let named = report.findings.iter().any(|f| f.file == *path);
                assert!(named || path == INDEX, "byte {at} of {path}: {:?}", report.findings);
                assert!(report.events.is_empty());
            }
        }
    }
}

#[test]
fn missing_added_and_renamed_files_are_refused_by_name() {
    let world = World::new();
    let bundle = world.bundle();
    for path in bundle.keys() {
        let mut without = bundle.clone();
        let bytes = without.remove(path).unwrap();
        let report = verify(&without, &world.chain);
        assert!(rules(&report).contains(&(path.as_str(), "missing")), "{path}");
        let mut renamed = without;
        renamed.insert(format!("{path}.old"), bytes);
        let report = verify(&renamed, &world.chain);
        assert!(report.findings.iter().any(|f| f.file == *path), "{path}");
        assert!(!report.ok);
    }
    let mut added = bundle;
    added.insert("proofs/m2.json".into(), b"{}".to_vec());
    assert_eq!(rules(&verify(&added, &world.chain)), BTreeSet::from([("proofs/m2.json", "added")]));
}

#[test]
fn an_index_in_another_form_is_refused_though_it_says_the_same() {
    let world = World::new();
    for path in [INDEX, INDEX_PROOF] {
        let mut bundle = world.bundle();
        bundle.get_mut(path).unwrap().push(b'\n');
        assert_eq!(rules(&verify(&bundle, &world.chain)), BTreeSet::from([(path, "malformed")]));
    }
}

#[test]
fn an_index_signed_by_somebody_else_is_refused() {
    let world = World::new();
    let (files, index) = world.composed();
    let bundle = Index::seal(&world.attest(index, 9), files).unwrap();
    assert_eq!(rules(&verify(&bundle, &world.chain)), BTreeSet::from([(INDEX_PROOF, "signature")]));
}

/// A bundle whose exporter lies in its parts, and signs the lie.
fn with_a_lie(lie: impl FnOnce(&mut World)) -> Report {
    let mut world = World::new();
    lie(&mut world);
    verify(&world.bundle(), &world.chain)
}

#[test]
fn an_exporter_cannot_make_up_what_others_signed() {
    let zero = crate::typed::EthSignature([0; 65]);
    let rows: [(&str, fn(&mut World)); 8] = [
        ("proofs/nda.json", |w| w.parts.nda.by_b = w.parts.nda.by_a.clone()),
        ("proofs/nda.json", |w| w.parts.nda.terms.scopes += 1),
        ("proofs/deal.json", |w| w.parts.terms.by_seller = w.parts.terms.by_buyer.clone()),
        ("proofs/deal.json", |w| w.parts.terms.vaults = [w.account(1), w.account(2)].into()),
        ("proofs/panel.json", |w| w.parts.panel.by_seller = w.parts.panel.by_buyer),
        ("proofs/m1.json", |w| w.verdict().seller_bps = 9_999),
        ("proofs/m1.json", |w| w.parts.milestones[0].receipts = Vec::new().try_into().unwrap()),
        ("proofs/ratings.json", |w| w.rating_value(1)),
    ];
    for (index, (file, lie)) in rows.into_iter().enumerate() {
        let report = with_a_lie(lie);
        assert!(report.findings.iter().any(|f| f.file == file), "row {index}: {:?}", report.findings);
    }
    let unsigned = with_a_lie(|world| {
        let juror = world.verdict().signatures[0].0;
        world.verdict().signatures = [(juror, zero)].into();
    });
    assert!(rules(&unsigned).contains(&("proofs/m1.json", "signature")));
    assert!(rules(&unsigned).contains(&("proofs/m1.json", "verdict")), "and there is no quorum");
}

#[test]
fn a_deal_of_another_id_is_refused() {
    let report = with_a_lie(|world| world.parts.deal = DealId([1; 32]));
    assert!(rules(&report).contains(&("proofs/deal.json", "id")), "{:?}", report.findings);
}

#[test]
fn a_panel_that_the_beacon_did_not_draw_is_refused() {
    let world = World::new();
    let (mut files, _) = world.composed();
    let mut panel: PanelProofs = serde_json::from_slice(&files["proofs/panel.json"]).unwrap();
    panel.walk.swap(0, 1);
    files.insert("proofs/panel.json".into(), to_canonical(&panel).unwrap());
    let report = verify(&world.sign_again(files), &world.chain);
    assert_eq!(rules(&report), BTreeSet::from([("proofs/panel.json", "panel")]));

    let report = with_a_lie(|world| world.later_seats());
    assert!(rules(&report).contains(&("proofs/panel.json", "panel")), "seats that joined too late");
}

#[test]
fn logs_that_the_chain_does_not_have_and_logs_left_out_are_refused() {
    let world = World::new();
    let bundle = world.bundle();
    // The fourth log is of a seat that joined after the request; the next two are mandates.
    for index in (0..world.chain.logs.len()).filter(|index| *index != 3) {
        let mut other = world.chain.clone();
        other.logs.remove(index);
        assert!(rules(&verify(&bundle, &other)).contains(&(LOGS, "log")), "log {index}");
    }
    let (mut files, _) = world.composed();
    let mut logs: Logs = serde_json::from_slice(&files[LOGS]).unwrap();
    logs.logs.pop();
    files.insert(LOGS.into(), to_canonical(&logs).unwrap());
    let report = verify(&world.sign_again(files), &world.chain);
    assert_eq!(rules(&report), BTreeSet::from([(LOGS, "log")]));
}

#[test]
fn another_chain_shows_nothing() {
    let world = World::new();
    let other = OnChain { chain_id: 1, ..world.chain.clone() };
    let report = verify(&world.bundle(), &other);
    assert_eq!(rules(&report), BTreeSet::from([(INDEX, "chain")]));
    assert!(report.events.is_empty());
    let unopened = OnChain { logs: Vec::new(), ..world.chain.clone() };
    assert!(!verify(&world.bundle(), &unopened).ok);
}

#[test]
fn a_payout_that_does_not_add_up_is_refused() {
    let mut world = World::new();
    world.pay_less();
    let report = verify(&world.bundle(), &world.chain);
    assert!(rules(&report).contains(&(LOGS, "money")), "{:?}", report.findings);
}
