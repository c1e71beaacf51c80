use super::*;

const TODAY: u32 = 20_000;

fn did(number: u8) -> Did {
    let key = ed25519_dalek::SigningKey::from_bytes(&[number; 32]);
    Did::from_key(key.verifying_key().to_bytes()).unwrap()
}

fn rating(rater: u8, subject: u8, days_ago: u32, positive: bool) -> Record {
    let mut deal = [0; 32];
    deal[..6].copy_from_slice(&[rater, subject, u8::from(positive), 0, 0, 0]);
    deal[6..10].copy_from_slice(&days_ago.to_be_bytes());
    Record {
        deal: DealId(deal),
        rater: did(rater),
        subject: did(subject),
        rater_principal: Address::repeat_byte(rater),
        subject_principal: Address::repeat_byte(subject),
        value: Usdc(180_000_000),
        fee: Usdc(1_000_000),
        day: TODAY - days_ago,
        positive,
    }
}

fn parameters() -> Parameters {
    Parameters { seeds: [did(1), did(2)].into(), day: TODAY }
}

fn score(records: &[Record], member: u8) -> Score {
    scores(records, &parameters())[&did(member)].clone()
}

/// Two seeds that praised member 3, who praised member 4.
fn honest() -> Vec<Record> {
    vec![rating(1, 3, 5, true), rating(2, 3, 4, true), rating(3, 4, 3, true)]
}

fn ring(members: core::ops::Range<u8>) -> Vec<Record> {
    let pairs = members.clone().flat_map(|a| members.clone().map(move |b| (a, b)));
    pairs.filter(|(a, b)| a != b).map(|(a, b)| rating(a, b, 1, true)).collect()
}

#[test]
fn praise_by_credible_members_raises_both_grades() {
    let score = score(&honest(), 3);
    assert!(score.standing > Bps::new(7_000).unwrap() && score.risk > Bps::new(7_000).unwrap());
    assert_eq!((score.praises, score.complaints, score.deals), (2, 0, 2));
    assert_eq!(score.volume, Usdc(360_000_000));
    assert_eq!(score.because.len(), 2);
}

#[test]
fn a_ring_without_an_honest_friend_gains_nothing_whatever_its_size_and_volume() {
    let mut records = honest();
    records.extend(ring(100..130));
    for member in 100..130 {
        let score = score(&records, member);
        assert_eq!((score.credibility, score.evidence), (0, 0));
        assert_eq!((score.standing, score.risk), (Bps::ZERO, Bps::ZERO));
    }
    for member in [3, 4] {
        assert_eq!(score(&records, member), score(&honest(), member), "and nobody else moves");
    }
}

#[test]
fn a_ring_cannot_praise_or_slander_an_honest_member() {
    let mut records = honest();
    records.extend(ring(100..120));
    records.extend((100..120).map(|rater| rating(rater, 3, 0, false)));
    let (before, after) = (score(&honest(), 3), score(&records, 3));
    assert_eq!((before.standing, before.risk), (after.standing, after.risk));
}

#[test]
fn an_unknown_member_starts_at_the_bottom() {
    let unknown = score(&[rating(9, 10, 0, true)], 10);
    assert_eq!((unknown.standing, unknown.risk), (Bps::ZERO, Bps::ZERO));
}

#[test]
fn recent_records_weigh_more_than_old_ones() {
    let fresh = score(&[rating(1, 3, 0, true)], 3);
    let old = score(&[rating(1, 3, 120, true)], 3);
    assert!(fresh.risk > old.risk);
    assert!(fresh.standing > old.standing);
    assert!(fresh.standing.get() - old.standing.get() < fresh.risk.get() - old.risk.get());
}

#[test]
fn a_complaint_outlives_praise_and_weighs_more() {
    let praised = [rating(1, 3, 30, true), rating(2, 3, 30, true)];
    let mut complained = praised.to_vec();
    complained.push(rating(1, 3, 29, false));
    let (good, bad) = (score(&praised, 3), score(&complained, 3));
    assert!(good.risk.get() - bad.risk.get() > good.standing.get() - bad.standing.get());
    assert!(bad.risk < bad.standing);
}

#[test]
fn only_the_newest_rating_of_a_day_counts() {
    let mut first = rating(1, 3, 0, true);
    first.deal = DealId([9; 32]);
    let second = rating(1, 3, 0, false);
    let score = score(&[first, second], 3);
    assert_eq!((score.praises, score.complaints), (0, 1));
    assert_eq!(score.deals, 2, "the history stands beside");
}

#[test]
fn a_deal_with_oneself_or_without_a_fee_says_nothing() {
    let mut own = rating(1, 3, 0, true);
    own.subject_principal = own.rater_principal;
    let mut free = rating(2, 3, 0, true);
    free.fee = Usdc::ZERO;
    let score = score(&[own, free], 3);
    assert_eq!((score.evidence, score.standing), (0, Bps::ZERO));
}

#[test]
fn a_deal_of_cents_carries_cents_of_credibility() {
    let mut small = rating(1, 3, 0, true);
    small.value = Usdc(10_000);
    let (small, large) = (score(&[small], 3), score(&[rating(1, 3, 0, true)], 3));
    assert!(small.credibility < large.credibility / 50);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    about: String,
    parameters: Parameters,
    records: Vec<Record>,
    records_root: String,
    parameters_hash: String,
    scores_root: String,
}

#[test]
fn another_implementation_gets_the_same_bytes() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../vectors/reputation.json")).unwrap();
    assert!(!vectors.about.is_empty());
    assert_eq!(hex::encode(records_root(&vectors.records)), vectors.records_root);
    assert_eq!(hex::encode(parameters_hash(&vectors.parameters)), vectors.parameters_hash);
    let scores = scores(&vectors.records, &vectors.parameters);
    assert_eq!(hex::encode(scores_root(&scores)), vectors.scores_root);
}

#[test]
fn every_field_of_a_record_is_in_the_root() {
    let records = honest();
    let base = records_root(&records);
    let edits: [fn(&mut Record); 6] = [
        |r| r.deal = DealId([0; 32]),
        |r| r.value = Usdc(1),
        |r| r.fee = Usdc(2),
        |r| r.day = 1,
        |r| r.positive = false,
        |r| core::mem::swap(&mut r.rater, &mut r.subject),
    ];
    for edit in edits {
        let mut changed = records.clone();
        edit(&mut changed[0]);
        assert_ne!(records_root(&changed), base);
    }
    let later = Parameters { day: TODAY + 1, ..parameters() };
    assert_ne!(parameters_hash(&later), parameters_hash(&parameters()));
}

#[test]
fn nobody_can_have_more_than_the_best_grade_or_more_than_one() {
    let many: Vec<_> = (0..400).map(|days| rating(1, 3, days, true)).collect();
    let score = score(&many, 3);
    assert!(score.credibility <= ONE);
    assert!(score.standing <= Bps::FULL && score.standing > Bps::new(9_900).unwrap());
    assert_eq!(score.because.len(), EXPLAINED_MAX);
}
