//! What a peer can do wrong, one by one: each has its name, is counted once, and costs nothing else.

use rand_chacha::ChaCha20Rng;

use super::*;
use crate::{
    beacon::{BeaconChain, Round},
    document::{AgentCard, Announcement, Chain, Document},
    ids::{ContentHash, Head, MilestoneIndex},
    money::Bps,
    stage::jury::{Equivocation, JuryBody, JuryEvent, RunId, SignedVerdict},
    typed::{EthSignature, PanelRequest, Typed, Verdict},
    wire::{Acceptance, Direct, Envelope, Gossip, Listing, PanelAsk, Say, VerdictReady},
};

#[expect(dead_code, unused_imports, unused_macros, reason = "the vectors use all of it, these tests some")]
#[path = "../../tests/vectors/samples.rs"]
pub(super) mod samples;
pub(super) mod victim;

use victim::{Victim, assent, eth, peer};

/// The round of quicknet whose signature stands below.
const ROUND: u64 = 1000;
const BEACON: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn malformed_oversized_unknown_and_doubled_messages_each_have_their_name() {
    let what = || "message".to_owned();
    let sound = text(&Envelope { id: 1, body: Direct::Received(5) });
    let size = wire::MESSAGE_MAX as u64 + 1;
    let rows = [
        (b"{".to_vec(), Misconduct::Malformed { what: what() }),
        (vec![b' '; wire::MESSAGE_MAX + 1], Misconduct::Oversized { what: what(), size, limit: size - 1 }),
        (sound.replacen('{', r#"{"more":1,"#, 1).into(), Misconduct::UnknownField { what: what() }),
        (sound.replacen('{', r#"{"id":1,"#, 1).into(), Misconduct::DuplicateKey { what: what() }),
    ];
    let mut victim = Victim::new([]);
    for (bytes, named) in rows {
        let counted = victim.counted(Input::Message { from: peer(1), bytes });
        assert_eq!(counted, [named]);
    }
    assert_eq!(victim.counted(Input::Message { from: peer(1), bytes: sound.into() }), []);
}

#[test]
fn gossip_that_is_malformed_of_another_chain_or_stale_goes_no_further() {
    let gossip = |announcement: Document<Announcement>| {
        let card = samples::signed(samples::document(samples::card()));
        let listing = Listing { announcement: samples::signed(announcement), card };
        text(&Gossip::Announcement(Box::new(listing))).into_bytes()
    };
    let of_chain = |chain, seq| {
        let content = Announcement { seq, ..samples::announcement() };
        gossip(Document::new(Chain(chain), crate::document::Salt([seq as u8; 16]), content).unwrap())
    };
    let mut victim = Victim::new([]);
    let mut hear = |bytes: Vec<u8>| victim.counted(Input::Gossip { id: 1, from: peer(3), bytes });
    assert_eq!(hear(b"[]".to_vec()), [Misconduct::malformed("gossip")]);
    let domain = Misconduct::WrongDomain { what: "announcement".into() };
    assert_eq!(hear(of_chain(1, 4)), [domain]);
    assert_eq!(hear(of_chain(31337, 4)), [], "the right chain is taken");
    assert_eq!(hear(of_chain(31337, 3)), [Misconduct::StaleAnnouncement { got: 3, held: 4 }]);
    assert_eq!(victim.node.directory.listings(victim.node.now).count(), 1, "the newer one is kept");
    let effects = victim.take(Input::Gossip { id: 9, from: peer(3), bytes: of_chain(1, 5) });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::SettleGossip { id: 9, good: false })));
}

#[test]
fn a_handshake_under_an_nda_that_is_not_in_force_is_refused() {
    let mut victim = Victim::new([]);
    let stream = StreamId(1 << 63);
    victim.take(Input::StreamOpened { stream, peer: peer(1) });
    assert_eq!(victim.counted(Input::StreamData { stream, bytes: vec![9; 80] }), [Misconduct::WrongNda]);
    // The right id by the wrong peer is no better.
    let mut victim = Victim::under_nda();
    let hello = [victim.nda.as_bytes().as_slice(), &[0; 48]].concat();
    victim.take(Input::StreamOpened { stream, peer: peer(3) });
    let effects = victim.take(Input::StreamData { stream, bytes: hello });
    assert_eq!(Victim::misconduct(&effects), [Misconduct::WrongNda]);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::CloseStream { .. })));
}

#[test]
fn frames_of_a_session_are_held_to_the_same_rules_as_messages() {
    let mut victim = Victim::under_nda();
    let mut session = victim.session();
    let frame = |text: &str| text.replace("NEVER", "checkpoint").into_bytes();
    let what = || "frame".to_owned();
    let rows = [
        (frame("{"), Misconduct::Malformed { what: what() }),
        (
            frame(r#"{"category":"offer","body":{"say":"NEVER"},"more":1}"#),
            Misconduct::UnknownField { what: what() },
        ),
        (
            frame(r#"{"category":"offer","category":"offer","body":{"say":"NEVER"}}"#),
            Misconduct::DuplicateKey { what: what() },
        ),
    ];
    for (bytes, named) in rows {
        assert_eq!(victim.said_raw(&mut session, &bytes), [named]);
    }
    let stream = victim.stream;
    let long = victim.counted(Input::StreamData { stream, bytes: vec![0; 70_000] });
    assert!(matches!(long[..], [Misconduct::Oversized { size: 70_000, .. }]), "{long:?}");
    assert!(victim.node.session_open(victim.draft), "the session goes on");
}

#[test]
fn an_accept_of_an_offer_that_is_not_the_newest_binds_nobody() {
    let mut victim = Victim::negotiating();
    let mut session = victim.session();
    let agreement = samples::document(samples::agreement());
    let stale = Acceptance {
        head: Head([1; 32]),
        start: agreement.start_secs,
        fund_by: agreement.fund_by_secs,
        salt: agreement.salt(),
        assent: assent(1, &agreement),
    };
    let accept = Say::Accept(Box::new(stale));
    assert_eq!(victim.said(&mut session, &accept), [Misconduct::StaleAccept]);
    assert_eq!(victim.said(&mut session, &accept), [Misconduct::StaleAccept], "nor when it comes again");
    let negotiation = &victim.node.negotiations[&victim.negotiation];
    assert!(negotiation.accepted.is_none() && !negotiation.ended);
}

#[test]
fn a_second_digest_for_one_slot_is_named_and_a_second_signature_of_the_first_is_none() {
    let mut victim = Victim::accepted();
    let mut session = victim.session();
    let held = samples::document(samples::agreement());
    let acceptance = |agreement: &Document<crate::document::Agreement>, by: u8| {
        Say::Accept(Box::new(Acceptance {
            head: agreement.transcript_head,
            start: agreement.start_secs,
            fund_by: agreement.fund_by_secs,
            salt: agreement.salt(),
            assent: assent(by, agreement),
        }))
    };
    assert_eq!(victim.said(&mut session, &acceptance(&held, 1)), [], "the same digests again");
    let other = crate::document::Agreement { start_secs: held.start_secs + 1, ..samples::agreement() };
    let other = samples::document(other);
    let slot = format!("negotiation/{}", victim.negotiation);
    let second = Misconduct::SecondDigest { slot };
    assert_eq!(victim.said(&mut session, &acceptance(&other, 1)), [second]);
    let forged = victim.said(&mut session, &acceptance(&other, 3));
    assert_eq!(forged, [Misconduct::bad_signature("agreement")], "nobody is blamed for another's signature");
    let accepted = victim.node.negotiations[&victim.negotiation].accepted.as_ref().unwrap();
    assert_eq!(accepted.agreement.id(), held.id(), "the first stands");
}

#[test]
fn a_second_panel_request_for_one_attempt_is_a_second_digest_too() {
    let mut victim = Victim::asked(ROUND);
    let mut session = victim.session();
    let request = victim.node.negotiations[&victim.negotiation].current().request.clone().unwrap();
    let ask = |request: &PanelRequest, by: u8| {
        let signature = eth(by, request.digest(&samples::contracts()));
        let seats = typed::seconds(request.seats);
        Say::PanelRequest(PanelAsk { beacon_round: request.beaconRound, seats, attempt: 0, signature })
    };
    assert_eq!(victim.said(&mut session, &ask(&request, 1)), []);
    let other = PanelRequest { beaconRound: ROUND + 7, ..request };
    let slot = format!("panel/{}/0", victim.negotiation);
    assert_eq!(victim.said(&mut session, &ask(&other, 1)), [Misconduct::SecondDigest { slot }]);
}

#[test]
fn a_panel_that_does_not_recompute_is_not_taken() {
    let mut victim = Victim::asked(ROUND);
    let mut session = victim.session();
    // The beacon is right, and no seat of the register follows from it.
    let sound = hex::decode(BEACON).unwrap();
    assert!(
        BeaconChain::quicknet()
            .verify(Round(ROUND), &crate::beacon::Proof(sound.clone().try_into().unwrap()))
            .is_ok()
    );
    for beacon in [sound, vec![0; 48]] {
        let formed = Say::PanelFormed { attempt: 0, beacon, accepted: Vec::new() };
        assert_eq!(victim.said(&mut session, &formed), [Misconduct::WrongPanel]);
    }
    assert!(victim.node.negotiations[&victim.negotiation].panel.is_none());
}

#[test]
fn a_verdict_or_vote_by_a_stranger_to_the_panel_is_not_taken() {
    let mut victim = Victim::dealing();
    let case = CaseId { deal: victim.deal, milestone: 0, round: 0, attempt: 0 };
    let typed = Verdict {
        deal: case.deal.word(),
        milestone: 0,
        round: 0,
        attempt: 0,
        sellerBps: 0,
        evidence: [1; 32].into(),
        votes: [2; 32].into(),
    };
    let signed = |by: u8| (samples::account(by), eth(by, typed.digest(&samples::contracts())));
    let verdict = |signatures: Vec<(Address, EthSignature)>| {
        let ready = VerdictReady {
            case,
            seller_bps: 0,
            evidence: ContentHash([1; 32]),
            votes: ContentHash([2; 32]),
            transcript: String::new(),
            signatures,
        };
        Direct::Verdict(Box::new(ready))
    };
    let stranger = Misconduct::NotAMember { what: "verdict".into() };
    assert_eq!(victim.told(verdict(vec![signed(3), signed(4), signed(9)])), [stranger]);
    let forged = verdict(vec![signed(3), signed(4), (samples::account(5), signed(6).1)]);
    assert_eq!(victim.told(forged), [Misconduct::bad_signature("verdict")]);
    assert!(victim.node.deals[&victim.deal].milestones[0].verdict.is_none());

    let run = RunId { deal: case.deal, milestone: MilestoneIndex(0), round: 0, attempt: 0 };
    let vote = SignedVerdict { seller_share: Bps::FULL, votes: [2; 32].into(), signature: signed(9).1 };
    let message = JuryMessage { run, body: JuryBody::Verdict(vote) };
    let stranger = Misconduct::NotAMember { what: "vote".into() };
    assert_eq!(victim.told(Direct::Jury(case, Box::new(message))), [stranger]);
}

/// Two verdicts of one juror, as a juror who holds them sees them.
#[test]
fn a_juror_that_signs_two_verdicts_for_one_run_is_counted_whoever_brought_them() {
    let mut victim = Victim::dealing();
    let id = CaseId { deal: victim.deal, milestone: 0, round: 0, attempt: 0 };
    let juror = samples::account(3);
    let content = AgentCard { agent: samples::did(3), settlement: juror, node: peer(3), ..samples::card() };
    let card = samples::signed(samples::document(content));
    let announcement = Announcement {
        agent: samples::did(3),
        card: card.document.id(),
        settlement: juror,
        node: peer(3),
        ..samples::announcement()
    };
    let listing = Listing { announcement: samples::signed(samples::document(announcement)), card };
    victim.node.directory.list(listing, Timestamp::from_secs(samples::NOW)).unwrap();
    let verdict = |seller_share: Bps| SignedVerdict {
        seller_share,
        votes: [2; 32].into(),
        signature: eth(3, [1; 32].into()),
    };
    let proof = Equivocation::Verdicts { first: verdict(Bps::FULL), second: verdict(Bps::ZERO) };
    let before = victim.node.misconduct.get(&peer(3)).copied().unwrap_or_default();
    victim.node.panel_events(id, vec![JuryEvent::Equivocated { by: juror, proof }]);
    let slot = format!("vote/{}/0/0/0", id.deal);
    let effects = victim.take(Input::Tick);
    assert_eq!(Victim::misconduct(&effects), [Misconduct::SecondDigest { slot }]);
    assert_eq!(victim.node.misconduct[&peer(3)], before + 1, "the signer, not the messenger");
}

#[test]
fn what_is_said_again_to_the_letter_is_no_fault_and_another_one_of_its_number_is() {
    let mut victim = Victim::new([]);
    let content = Announcement { seq: 7, ..samples::announcement() };
    let gossip = |content: &Announcement| {
        let card = samples::signed(samples::document(samples::card()));
        let announcement = samples::signed(samples::document(content.clone()));
        text(&Gossip::Announcement(Box::new(Listing { announcement, card }))).into_bytes()
    };
    let mut heard = |bytes: Vec<u8>| victim.counted(Input::Gossip { id: 1, from: peer(1), bytes });
    assert_eq!(heard(gossip(&content)), []);
    assert_eq!(heard(gossip(&content)), [], "as a peer says it that has started again");
    let stale = |got| vec![Misconduct::StaleAnnouncement { got, held: 7 }];
    let other = Announcement { expires_secs: content.expires_secs + 1, ..content.clone() };
    assert_eq!(heard(gossip(&other)), stale(7), "another one under the same number");
    assert_eq!(heard(gossip(&Announcement { seq: 6, ..content.clone() })), stale(6), "an older one");

    let request = samples::signed(samples::document(samples::request()));
    let bytes = text(&Gossip::Request(Box::new(request.clone()))).into_bytes();
    let gossip =
        |victim: &mut Victim| victim.counted(Input::Gossip { id: 2, from: peer(1), bytes: bytes.clone() });
    assert_eq!(gossip(&mut victim), []);
    victim.node.now = Timestamp::from_secs(request.document.expires_secs + 1);
    assert_eq!(gossip(&mut victim), [], "known already, and over: the sender's clock may be behind ours");
    let mut fresh = Victim::new([]);
    fresh.node.now = Timestamp::from_secs(request.document.expires_secs + 1);
    assert_eq!(gossip(&mut fresh).len(), 1, "over when it first comes");
}

#[test]
fn what_the_network_names_is_counted_and_a_peer_that_keeps_at_it_is_banned() {
    let mut victim = Victim::new([]);
    let max = victim.node.network.timing.misconduct_max;
    let what = Misconduct::Oversized { what: "frame".into(), size: 1 << 30, limit: 1 << 16 };
    for count in 1..=max {
        let effects = victim.take(Input::Misbehaved { peer: peer(1), what: what.clone() });
        assert_eq!(Victim::misconduct(&effects), core::slice::from_ref(&what));
        let banned = effects.iter().any(|effect| matches!(effect, Effect::Ban(by) if *by == peer(1)));
        assert_eq!(banned, count >= max, "after {count}");
        assert!(matches!(effects[0], Effect::Persist { .. }), "it is recorded first");
    }
    assert_eq!(victim.node.misconduct[&peer(1)], max);
    assert!(!victim.node.misconduct.contains_key(&peer(2)), "and nobody else is");
}

#[test]
fn a_count_of_misconduct_survives_a_restart() {
    let mut victim = Victim::new([]);
    let effects = victim.take(Input::Message { from: peer(1), bytes: b"{".to_vec() });
    let records = effects.into_iter().find_map(|effect| {
        let Effect::Persist { records, .. } = effect else { return None };
        Some(records)
    });
    let again = Victim::new(records.unwrap());
    assert_eq!(again.node.misconduct[&peer(1)], 1);
}

#[test]
fn every_misconduct_tells_the_principal_what_to_do() {
    let all = [
        Misconduct::malformed("x"),
        Misconduct::UnknownField { what: "x".into() },
        Misconduct::DuplicateKey { what: "x".into() },
        Misconduct::Oversized { what: "x".into(), size: 2, limit: 1 },
        Misconduct::WrongDomain { what: "x".into() },
        Misconduct::StaleAnnouncement { got: 1, held: 2 },
        Misconduct::StaleAccept,
        Misconduct::SecondDigest { slot: "x".into() },
        Misconduct::WrongNda,
        Misconduct::WrongPanel,
        Misconduct::NotAMember { what: "x".into() },
    ];
    let names: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), all.len(), "each has a name of its own");
    assert!(all.iter().all(|what| what.hint().len() > 20));
}
