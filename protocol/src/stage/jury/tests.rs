use std::collections::BTreeMap;

use k256::ecdsa::SigningKey;

use super::*;
use crate::{
    clause::{Term, Terms},
    did::Did,
    document::{Chain, ClauseResult, Consequence, Salt},
    ids::{DealId, MilestoneIndex, PaperId},
    money::Bps,
    text::BoundedVec,
    typed::Contracts,
};

/// A juror's key.
#[derive(Clone)]
struct Key(SigningKey);

impl Key {
    fn new(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    fn account(&self) -> Address {
        let point = self.0.verifying_key().to_encoded_point(false);
        Address::from_raw_public_key(&point.as_bytes()[1..])
    }

    fn sign(&self, digest: B256) -> EthSignature {
        let (rs, id) = self.0.sign_prehash_recoverable(digest.as_slice()).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&rs.to_bytes());
        bytes[64] = 27 + id.to_byte();
        EthSignature(bytes)
    }
}

fn did(number: u8) -> Did {
    let key = ed25519_dalek::SigningKey::from_bytes(&[number; 32]);
    Did::from_key(key.verifying_key().to_bytes()).unwrap()
}

fn bps(value: u16) -> Bps {
    Bps::new(value).unwrap()
}

/// One juror in the world: its machine, its key, and how it behaves.
struct Juror {
    jury: Jury,
    key: Key,
    number: u8,
    score: u16,
    up: bool,
    done: Vec<String>,
}

/// Jurors on a virtual clock, in milliseconds; every message takes `delay`.
struct World {
    now: Timestamp,
    delay: u64,
    jurors: Vec<Juror>,
    /// (arrives at, to, message), in no order.
    mail: Vec<(u64, Address, JuryMessage)>,
    /// Says whether a message from one juror (by number) to another is lost.
    lost: fn(u8, Address, &[Address], &JuryMessage) -> bool,
    record: BTreeMap<Address, Vec<JuryEvent>>,
}

const DELTA: u64 = 1_000;
const T: u64 = 10_000;

fn case(keys: &[Key]) -> Case {
    let members = keys.iter().zip(1..).map(|(key, number)| (key.account(), did(number))).collect();
    let term = |weight| Term {
        weight: bps(weight),
        threshold: bps(8_000),
        mandatory: false,
        consequence: Consequence::Reduce { bps: bps(1_000) },
    };
    let terms: BTreeMap<&str, Term> = [("faithful", term(6_000)), ("shape", term(4_000))].into();
    Case {
        contracts: Contracts {
            chain_id: 31_337,
            mandates: Address::repeat_byte(1),
            accords: Address::repeat_byte(2),
            escrow: Address::repeat_byte(3),
            jury: Address::repeat_byte(4),
        },
        deal: DealId([7; 32]),
        milestone: MilestoneIndex(1),
        round: 0,
        attempt: 0,
        evidence: PaperId([8; 32]),
        pact: PaperId([9; 32]),
        terms: serde_json::from_value::<Option<Terms>>(serde_json::to_value(terms).unwrap()).unwrap(),
        members,
        quorum: 3,
        commit_until: Timestamp(T),
        timing: Timing { relay_ms: DELTA, reveal_ms: 5_000, sign_ms: 5_000 },
        last_run: false,
    }
}

fn ballot(case: &Case, account: Address, score: u16, salt: u8) -> Document<Ballot> {
    let result = |clause: &str| ClauseResult {
        clause: clause.parse().unwrap(),
        pass: score >= 8_000,
        score_bps: bps(score),
        quote: None,
    };
    let content = Ballot {
        deal: case.deal,
        milestone: case.milestone,
        round: case.round,
        attempt: case.attempt,
        juror: case.members[&account],
        account,
        evidence: case.evidence,
        unread: false,
        clauses: [result("faithful"), result("shape")].into(),
        seller_bps: bps(score),
    };
    Document::new(Chain(31_337), Salt([salt; 16]), content).unwrap()
}

/// What a juror says who could read nothing.
fn unread(case: &Case, account: Address, salt: u8) -> Document<Ballot> {
    let content = Ballot {
        unread: true,
        clauses: BoundedVec::new(),
        seller_bps: Bps::ZERO,
        ..ballot(case, account, 0, salt).content().clone()
    };
    Document::new(Chain(31_337), Salt([salt; 16]), content).unwrap()
}

fn over_the_wire(message: &JuryMessage) -> JuryMessage {
    serde_json::from_slice(&serde_json::to_vec(message).unwrap()).unwrap()
}

impl World {
    fn new(scores: &[u16]) -> Self {
        let keys: Vec<Key> = (1..).map(Key::new).take(scores.len()).collect();
        let case = case(&keys);
        let juror = |((key, score), number): ((&Key, &u16), u8)| Juror {
            jury: Jury::new(case.clone(), key.account()),
            key: key.clone(),
            number,
            score: *score,
            up: true,
            done: Vec::new(),
        };
        let jurors = keys.iter().zip(scores).zip(1..).map(juror).collect();
        let lost = |_: u8, _: Address, _: &[Address], _: &JuryMessage| false;
        Self { now: Timestamp(1_000), delay: 100, jurors, mail: Vec::new(), lost, record: BTreeMap::new() }
    }

    /// Lets these jurors (by place) find no evidence that they could read.
    fn blind(&mut self, at: &[usize]) {
        for at in at {
            let juror = &mut self.jurors[*at];
            let case = Case { terms: None, ..juror.jury.case().clone() };
            juror.jury = Jury::new(case, juror.key.account());
        }
    }

    fn case(&self) -> &Case {
        self.jurors[0].jury.case()
    }

    fn account(&self, at: usize) -> Address {
        self.jurors[at].key.account()
    }

    fn note(&mut self, at: usize, events: Vec<JuryEvent>) {
        let account = self.account(at);
        for event in &events {
            self.jurors[at].jury.apply(event);
        }
        self.record.entry(account).or_default().extend(events);
    }

    /// Lets every juror do all that it wants now.
    fn act(&mut self) {
        let accounts: Vec<Address> = self.jurors.iter().map(|juror| juror.key.account()).collect();
        for at in 0..self.jurors.len() {
            while self.jurors[at].up {
                let juror = &self.jurors[at];
                let open = |want: &JuryWant| match want {
                    JuryWant::Judge | JuryWant::Sign { .. } => true,
                    JuryWant::Send { key, .. } => !juror.done.contains(key),
                };
                let Some(want) = juror.jury.wants(self.now).into_iter().find(open) else { break };
                match want {
                    JuryWant::Judge => {
                        let case = juror.jury.case();
                        let mine = match case.terms {
                            Some(_) => ballot(case, accounts[at], juror.score, juror.number),
                            None => unread(case, accounts[at], juror.number),
                        };
                        let events = juror.jury.on_vote(mine, self.now).unwrap();
                        self.note(at, events);
                    }
                    JuryWant::Sign { slot, digest, .. } => {
                        let signature = juror.key.sign(digest);
                        let events = juror.jury.on_signed(&slot, signature, self.now).unwrap();
                        self.note(at, events);
                    }
                    JuryWant::Send { key, to, message } => {
                        if !(self.lost)(juror.number, to, &accounts, &message) {
                            self.mail.push((self.now.0 + self.delay, to, *message));
                        }
                        self.jurors[at].done.push(key);
                    }
                }
            }
        }
    }

    /// Runs until a point in time, or until nothing is left to happen.
    fn run_until(&mut self, end: u64) {
        loop {
            self.act();
            let mail = self.mail.iter().map(|(at, ..)| *at);
            let deadlines = self.jurors.iter().filter(|j| j.up).filter_map(|j| j.jury.deadline());
            let next = mail.chain(deadlines.map(|t| t.0)).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = Timestamp(next.max(self.now.0));
            let (due, later) = self.mail.drain(..).partition(|(at, ..)| *at <= self.now.0);
            self.mail = later;
            for (_, to, message) in due {
                self.deliver(to, &message).ok();
            }
            for at in 0..self.jurors.len() {
                if self.jurors[at].up {
                    let events = self.jurors[at].jury.on_time(self.now);
                    self.note(at, events);
                }
            }
        }
        self.now = Timestamp(self.now.0.max(end.min(1_000_000)));
    }

    fn run(&mut self) {
        self.run_until(u64::MAX);
    }

    fn deliver(&mut self, to: Address, message: &JuryMessage) -> Result<(), JuryFault> {
        let at = self.jurors.iter().position(|juror| juror.key.account() == to).unwrap();
        if !self.jurors[at].up {
            return Ok(());
        }
        let events = self.jurors[at].jury.on_message(&over_the_wire(message), self.now)?;
        self.note(at, events);
        Ok(())
    }

    /// A commitment signed by a juror's key, whatever its machine thinks.
    fn commit(&self, at: usize, commit: B256) -> JuryMessage {
        let signature = self.jurors[at].key.sign(self.case().commit_digest(commit));
        let body = JuryBody::Commit {
            author: self.account(at),
            signed: SignedCommit { commit, signature },
            relays: Relays::new(),
        };
        JuryMessage { run: self.jurors[at].jury.run(), body }
    }

    /// All verdict digests that these jurors would sign; one where nobody was split.
    fn digests(&self, at: &[usize]) -> Vec<B256> {
        let digest = |at: &usize| {
            let (verdict, _) = self.jurors[*at].jury.verdict().unwrap();
            verdict.digest(&self.case().contracts)
        };
        let mut digests: Vec<_> = at.iter().map(digest).collect();
        digests.dedup();
        digests
    }

    fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.jurors.iter().map(|juror| juror.jury.outcome().cloned()).collect()
    }
}

#[test]
fn five_jurors_reach_one_verdict_without_waiting_for_any_deadline() {
    let mut world = World::new(&[10_000; 5]);
    world.run();
    assert_eq!(world.outcomes(), vec![Some(Outcome::Judged); 5]);
    assert_eq!(world.digests(&[0, 1, 2, 3, 4]).len(), 1);
    let (verdict, signatures) = world.jurors[0].jury.verdict().unwrap();
    assert_eq!((verdict.sellerBps, signatures.len()), (10_000, 5));
    let digest = verdict.digest(&world.case().contracts);
    assert!(signatures.iter().all(|(by, signature)| signature.is_by(*by, digest)));
}

#[test]
fn the_early_verdict_comes_before_commitments_were_even_due() {
    let mut world = World::new(&[10_000; 5]);
    world.run_until(T - 1);
    assert_eq!(world.outcomes(), vec![Some(Outcome::Judged); 5]);
}

#[test]
fn dissenters_sign_the_one_verdict_and_the_median_decides() {
    let mut world = World::new(&[10_000, 9_000, 9_500, 0, 0]);
    world.run();
    let (verdict, signatures) = world.jurors[3].jury.verdict().unwrap();
    assert_eq!((verdict.sellerBps, signatures.len()), (9_000, 5));
    let tally = world.jurors[3].jury.tally().unwrap();
    assert_eq!(tally.consensus, bps(6_000), "three of five agree on each clause");
    let paper = world.jurors[3].jury.paper().unwrap();
    assert_eq!(paper.typed(), verdict, "the paper and the chain say the same");
    assert_eq!(paper.id(), world.jurors[0].jury.paper().unwrap().id());
}

#[test]
fn a_silent_juror_delays_the_verdict_and_cannot_stop_it() {
    let mut world = World::new(&[10_000; 5]);
    world.jurors[4].up = false;
    world.run();
    assert_eq!(world.outcomes()[..4], vec![Some(Outcome::Judged); 4]);
    assert_eq!(world.jurors[0].jury.votes().len(), 4);
    assert_eq!(world.digests(&[0, 1, 2, 3]).len(), 1);
}

#[test]
fn a_commitment_that_only_one_has_in_time_reaches_all_through_its_relay() {
    let mut world = World::new(&[10_000; 5]);
    // Juror 5 sends its commitment to juror 1 only.
    world.lost = |from, to, all, message| match &message.body {
        JuryBody::Commit { author, .. } => from == 5 && *author == all[4] && to != all[0],
        JuryBody::Reveal { .. } | JuryBody::Verdict(_) => false,
    };
    world.run();
    assert!(world.jurors.iter().all(|juror| juror.jury.votes().len() == 5));
    assert_eq!(world.digests(&[0, 1, 2, 3, 4]).len(), 1);
}

#[test]
fn a_late_commitment_counts_with_relays_and_not_without() {
    let mut world = World::new(&[10_000; 5]);
    world.jurors[4].up = false;
    world.run_until(T - 1);
    let mine = ballot(world.case(), world.account(4), 10_000, 5);
    let message = world.commit(4, commitment(&mine));
    world.now = Timestamp(T);
    let late = world.deliver(world.account(0), &message);
    let until = Timestamp(T);
    assert_eq!(late, Err(JuryFault::Late { at: Timestamp(T), until, relays: 0 }));

    let JuryBody::Commit { author, signed, .. } = message.body else { panic!("a commitment") };
    let digest = relay_of_commit(world.case(), author, signed.commit);
    let relay = |world: &World, at: usize| (world.account(at), world.jurors[at].key.sign(digest));
    let relays: Relays = [relay(&world, 1), relay(&world, 2)].into();
    let body = JuryBody::Commit { author, signed, relays };
    let message = JuryMessage { run: message.run, body };
    world.now = Timestamp(T + 2 * DELTA - 1);
    assert_eq!(world.deliver(world.account(0), &message), Ok(()), "two relays are two delays of time");
    world.now = Timestamp(T + 2 * DELTA);
    let until = world.now;
    let late = world.deliver(world.account(3), &message);
    assert_eq!(late, Err(JuryFault::Late { at: until, until, relays: 2 }));
}

#[test]
fn a_juror_that_reveals_to_half_the_panel_does_not_split_the_digest() {
    let mut world = World::new(&[10_000, 10_000, 9_000, 0, 0]);
    world.lost = |from, to, all, message| match &message.body {
        JuryBody::Reveal { author, .. } => from == 5 && *author == all[4] && (to == all[2] || to == all[3]),
        JuryBody::Commit { .. } | JuryBody::Verdict(_) => false,
    };
    world.run();
    assert_eq!(world.digests(&[0, 1, 2, 3, 4]).len(), 1);
    assert!(world.jurors.iter().all(|juror| juror.jury.votes().values().all(|v| v.ballot.is_some())));
}

#[test]
fn a_juror_that_never_reveals_is_not_counted_and_does_not_sign() {
    let mut world = World::new(&[10_000, 10_000, 10_000, 10_000, 0]);
    world.lost = |from, _, _, message| from == 5 && matches!(message.body, JuryBody::Reveal { .. });
    world.run();
    assert_eq!(world.digests(&[0, 1, 2, 3]).len(), 1);
    let (_, signatures) = world.jurors[0].jury.verdict().unwrap();
    assert!(!signatures.contains_key(&world.account(4)));
    assert_eq!(world.outcomes()[0], Some(Outcome::Judged));
}

#[test]
fn a_juror_that_commits_twice_is_out_of_the_run_and_both_signatures_are_kept() {
    let mut world = World::new(&[10_000, 10_000, 10_000, 10_000, 0]);
    world.jurors[4].up = false;
    world.run_until(3_000);
    let [first, second] = [B256::repeat_byte(1), B256::repeat_byte(2)].map(|commit| world.commit(4, commit));
    world.deliver(world.account(0), &first).unwrap();
    world.deliver(world.account(1), &second).unwrap();
    world.run();
    assert_eq!(world.digests(&[0, 1, 2, 3]).len(), 1);
    for juror in &world.jurors[..4] {
        assert!(!juror.jury.votes().contains_key(&world.account(4)));
        let Some(Equivocation::Commits { first, second }) = juror.jury.equivocations().get(&world.account(4))
        else {
            panic!("both commitments are kept")
        };
        for signed in [first, second] {
            let digest = world.case().commit_digest(signed.commit);
            assert!(signed.signature.is_by(world.account(4), digest));
        }
    }
}

#[test]
fn a_juror_that_signs_two_verdicts_is_convicted_by_both() {
    let mut world = World::new(&[10_000; 5]);
    world.run();
    let juror = &world.jurors[4];
    let other = SignedVerdict {
        seller_share: Bps::ZERO,
        votes: B256::repeat_byte(3),
        signature: EthSignature([0; 65]),
    };
    let signature = juror.key.sign(juror.jury.verdict_digest(&other));
    let body = JuryBody::Verdict(SignedVerdict { signature, ..other });
    let message = JuryMessage { run: juror.jury.run(), body };
    world.deliver(world.account(0), &message).unwrap();
    let proofs = world.jurors[0].jury.equivocations();
    assert!(matches!(proofs.get(&world.account(4)), Some(Equivocation::Verdicts { .. })));
}

#[test]
fn a_stranger_and_a_forger_are_named() {
    let mut world = World::new(&[10_000; 5]);
    let stranger = Key::new(77);
    let commit = B256::repeat_byte(1);
    let signature = stranger.sign(world.case().commit_digest(commit));
    let run = world.jurors[0].jury.run();
    let signed = SignedCommit { commit, signature };
    let by = |author| JuryMessage { run, body: JuryBody::Commit { author, signed, relays: Relays::new() } };
    let outside = world.deliver(world.account(0), &by(stranger.account()));
    assert_eq!(outside, Err(JuryFault::NotAMember(stranger.account())));
    let forged = world.deliver(world.account(0), &by(world.account(1)));
    assert_eq!(forged, Err(JuryFault::WrongSignature(world.account(1))));
    assert!(forged.unwrap_err().misconduct().is_some());
    let other = RunId { attempt: 1, ..run };
    let message = JuryMessage { run: other, ..by(world.account(1)) };
    assert_eq!(world.deliver(world.account(0), &message), Err(JuryFault::OtherRun(other)));
}

#[test]
fn nobody_can_commit_to_a_copy_of_anothers_ballot() {
    let world = World::new(&[10_000; 5]);
    let copied = ballot(world.case(), world.account(0), 10_000, 1);
    assert!(belongs(world.case(), world.account(0), &copied));
    assert!(!belongs(world.case(), world.account(1), &copied));
}

#[test]
fn without_a_quorum_there_is_one_more_run_and_then_no_verdict() {
    for last_run in [false, true] {
        let mut world = World::new(&[10_000; 5]);
        for juror in &mut world.jurors {
            let case = Case { last_run, ..juror.jury.case().clone() };
            juror.jury = Jury::new(case, juror.key.account());
            juror.up = juror.number <= 2;
        }
        world.run();
        let missing = NoQuorum::TooFewReveals { revealed: 2, quorum: 3 };
        let expected = if last_run { Outcome::NotJudged { missing } } else { Outcome::NextRun { missing } };
        assert_eq!(world.outcomes()[0], Some(expected));
    }
}

#[test]
fn a_juror_restarted_from_its_record_is_where_it_was_and_signs_the_same() {
    let mut world = World::new(&[10_000; 5]);
    world.run_until(1_150);
    let events = serde_json::to_vec(&world.record[&world.account(2)]).unwrap();
    let case = world.case().clone();
    let mut again = Jury::new(case, world.account(2));
    for event in serde_json::from_slice::<Vec<JuryEvent>>(&events).unwrap() {
        again.apply(&event);
    }
    assert_eq!(again.wants(world.now), world.jurors[2].jury.wants(world.now));
    world.jurors[2].jury = again;
    world.jurors[2].done.clear();
    world.run();
    assert_eq!(world.outcomes(), vec![Some(Outcome::Judged); 5]);
    assert_eq!(world.digests(&[0, 1, 2, 3, 4]).len(), 1);
}

#[test]
fn a_signature_that_nothing_waits_for_is_not_taken() {
    let world = World::new(&[10_000; 5]);
    let signature = world.jurors[0].key.sign(B256::ZERO);
    let refused = world.jurors[0].jury.on_signed("vote/other", signature, world.now);
    assert_eq!(refused, Err(JuryFault::NotWanted("vote/other".into())));
}

#[test]
fn evidence_that_nobody_can_read_fails_by_a_verdict_of_all() {
    let mut world = World::new(&[10_000; 5]);
    world.blind(&[0, 1, 2, 3, 4]);
    world.run();
    assert_eq!(world.outcomes(), vec![Some(Outcome::Judged); 5]);
    let (verdict, signatures) = world.jurors[0].jury.verdict().unwrap();
    assert_eq!((verdict.sellerBps, signatures.len()), (0, 5));
    assert_eq!(world.digests(&[0, 1, 2, 3, 4]).len(), 1);
    let tally = world.jurors[0].jury.tally().unwrap();
    assert_eq!((tally.clauses.len(), tally.consensus), (0, Bps::FULL));
}

/// Whoever could read counts the others as the lowest score, and whoever could not needs no clause for that.
#[test]
fn where_most_could_read_nothing_those_who_could_sign_the_same_verdict() {
    for blind in [vec![0, 1, 2], vec![1, 2, 3, 4]] {
        let mut world = World::new(&[10_000; 5]);
        world.blind(&blind);
        world.run();
        assert_eq!(world.outcomes(), vec![Some(Outcome::Judged); 5]);
        assert_eq!(world.digests(&[0, 1, 2, 3, 4]).len(), 1);
        let (verdict, signatures) = world.jurors[4].jury.verdict().unwrap();
        assert_eq!((verdict.sellerBps, signatures.len()), (0, 5));
    }
}

#[test]
fn where_most_could_read_their_verdict_stands_and_the_others_sign_none() {
    let mut world = World::new(&[10_000; 5]);
    world.blind(&[0, 1]);
    world.run();
    let (verdict, signatures) = world.jurors[4].jury.verdict().unwrap();
    assert_eq!((verdict.sellerBps, signatures.len()), (10_000, 3), "two zeros are below the median of five");
    assert_eq!(world.jurors[4].jury.tally().unwrap().consensus, bps(6_000));
    assert!([0, 1].iter().all(|at| !signatures.contains_key(&world.account(*at))));
    let missing = NoQuorum::OthersRead { unread: 2, revealed: 5 };
    assert!(world.jurors[0].jury.tally().is_none());
    assert_eq!(tally(world.jurors[0].jury.case(), &world.jurors[0].jury.votes()), Err(missing));
}

#[test]
fn a_ballot_has_results_or_says_that_nothing_was_read() {
    let world = World::new(&[10_000; 5]);
    let good = unread(world.case(), world.account(0), 1).content().clone();
    let paper = |content| Document::new(Chain(31_337), Salt([1; 16]), content);
    assert!(paper(good.clone()).is_ok());
    assert!(paper(Ballot { unread: false, ..good.clone() }).is_err());
    assert!(paper(Ballot { seller_bps: bps(1), ..good.clone() }).is_err());
    let read = ballot(world.case(), world.account(0), 10_000, 1).content().clone();
    assert!(paper(Ballot { unread: true, seller_bps: Bps::ZERO, ..read }).is_err());
}
