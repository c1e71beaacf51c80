//! The model by itself. Whether the contracts do the same is the simulator's question.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};

use super::{Act, Ballot, ClaimHead, Keys, Law, Marks, Moment, Recovered, Side, State, TailWriter, Terms};
use crate::{
    abi::{
        self, Votes, call,
        sol::{Claim, IDealEscrow as E},
    },
    ids::MilestoneIndex,
    money::Usdc,
    typed::{self, Typed, UsdcDomain, u40},
};

const NOW: u64 = 1_000_000;
const BUYER: Address = Address::repeat_byte(0xb);
const SELLER: Address = Address::repeat_byte(0x5);
const JUROR: Address = Address::repeat_byte(0x1);
const PURSE: u64 = 1000;

/// Accounts whose signature of a digest is the hash of both.
struct Stamps(Vec<Address>);

fn stamp(account: Address, digest: B256) -> Bytes {
    let r = keccak256([account.as_slice(), digest.as_slice()].concat());
    [r.as_slice(), &[1; 32]].concat().into()
}

impl Keys for Stamps {
    fn recover(&self, digest: B256, signature: &[u8]) -> Recovered {
        let by = self.0.iter().find(|account| stamp(**account, digest).as_ref() == signature);
        by.map_or(Recovered::Stranger(Address::repeat_byte(0x99)), |account| Recovered::By(*account))
    }
}

fn law() -> Law {
    let at = abi::tests::deployment();
    let usdc = UsdcDomain { name: "USDC".into(), version: "2".into(), chain_id: 31337, address: at.usdc };
    Law::new(at, &usdc, (5, 60), Address::repeat_byte(0xf), BTreeMap::new())
}

/// Two milestones of 60 and 40, a jury's fee of 7, a reserve of 10.
fn terms(law: &Law) -> Arc<Terms> {
    let schedule = typed::Schedule::pack(&[(Usdc(60), 10), (Usdc(40), 20)]).unwrap();
    let deal = typed::Deal {
        buyer: BUYER,
        seller: SELLER,
        buyerPay: BUYER,
        sellerPay: SELLER,
        amounts: schedule.amounts,
        amounts2: schedule.amounts2,
        due: schedule.due,
        panel: typed::address_list_hash([JUROR]).unwrap(),
        end: u40(NOW + 100),
        window: 50,
        quorum: 1,
        fallback: 0,
        fallbackBps: 0,
        juryFee: 7,
        appealFee: 10,
        sellerBond: 0,
        flags: 0,
        meta: typed::Meta { start: u40(NOW), fundBy: u40(NOW + 10), ..abi::tests::deal().meta },
        ..abi::tests::deal()
    };
    Arc::new(Terms::new(deal, &law.at.contracts))
}

/// A state in which the buyer has credit, run act by act.
struct Run {
    law: Law,
    state: State,
    now: u64,
}

impl Run {
    fn new() -> Self {
        let law = law();
        let mut state = State::default();
        state.credit.insert(BUYER, PURSE);
        state.token.balances.insert(law.at.contracts.escrow, u128::from(PURSE));
        Self { law, state, now: NOW }
    }

    fn act(&mut self, act: &Act) -> Result<Vec<alloy_primitives::Log>, super::Refusal> {
        let keys = Stamps(vec![BUYER, SELLER, JUROR]);
        let moment = Moment { now: self.now, from: Address::repeat_byte(9) };
        self.state.perform(&self.law, &keys, moment, act)
    }

    fn open(&mut self, terms: &Arc<Terms>) {
        let fund = typed::Fund { deal: terms.id }.digest(&self.law.at.contracts);
        let act = Act::OpenFromCredit {
            terms: Arc::clone(terms),
            buyer: stamp(BUYER, fund),
            seller: stamp(SELLER, terms.id),
        };
        self.act(&act).unwrap();
    }

    fn verdict(&self, terms: &Arc<Terms>, milestone: u8, seller_bps: u16) -> Act {
        let verdict = typed::Verdict {
            deal: terms.id,
            milestone,
            round: 0,
            attempt: 0,
            sellerBps: seller_bps,
            evidence: B256::ZERO,
            votes: B256::ZERO,
        };
        let signature = stamp(JUROR, verdict.digest(&self.law.at.contracts));
        let mut tail = TailWriter::default();
        tail.member(JUROR, Some(&signature));
        let marks = Marks(Marks::PUSH);
        let ballot = Ballot { milestone, seller_bps, signers: 1, size: 1, marks, ..Ballot::default() };
        let (evidence, votes) = (B256::ZERO, B256::ZERO);
        Act::Verdict { terms: Arc::clone(terms), ballot, evidence, votes, tail: tail.bytes.into() }
    }

    /// All USDC, and all that the escrow owes.
    fn money(&self) -> (u128, u128) {
        let held = self.state.token.balances.values().sum();
        let deals = self.state.deals.values().map(|deal| u128::from(deal.held) + u128::from(deal.left));
        let credit = self.state.credit.values().map(|amount| u128::from(*amount));
        (held, deals.chain(credit).sum())
    }
}

#[test]
fn a_deal_from_opening_to_close_loses_no_micro_usdc() {
    let mut run = Run::new();
    let terms = terms(&run.law);
    run.open(&terms);
    for milestone in [0, 1] {
        let verdict = run.verdict(&terms, milestone, 10_000);
        run.act(&verdict).unwrap();
        run.now += 50;
        run.act(&Act::Payout { terms: Arc::clone(&terms) }).unwrap();
        let (all, owed) = run.money();
        assert_eq!(all, u128::from(PURSE));
        assert_eq!(owed, run.state.token.balance_of(run.law.at.contracts.escrow));
    }
    let mut panel = TailWriter::default();
    panel.addresses(&[JUROR]);
    run.act(&Act::PayJurors { terms: Arc::clone(&terms), panel: panel.bytes.into() }).unwrap();
    assert_eq!(run.state.token.balance_of(SELLER), 100);
    assert_eq!(run.state.token.balance_of(BUYER), 10);
    assert_eq!(run.state.credit_of(JUROR), 7);
    assert_eq!(run.state.credit_of(BUYER), PURSE - 117);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut run = Run::new();
    let terms = terms(&run.law);
    run.open(&terms);
    let verdict = run.verdict(&terms, 0, 10_000);
    run.act(&verdict).unwrap();
    run.now += 50;
    // The window is over, so the first thing that happens is that the verdict becomes final.
    let before = run.state.clone();
    let refused = run.act(&Act::Timeout { terms: Arc::clone(&terms), milestone: 9 }).unwrap_err();
    assert_eq!(format!("{refused:?}"), "NoSuchMilestone { milestone: 9, count: 2 }");
    assert_eq!(run.state, before);
}

#[test]
fn an_item_of_a_batch_fails_alone() {
    let mut run = Run::new();
    let terms = terms(&run.law);
    run.open(&terms);
    let good = run.verdict(&terms, 0, 10_000);
    let bad = Act::Payout { terms: Arc::clone(&terms) };
    let logs = run.act(&Act::SettleMany { items: vec![bad, good] }).unwrap();
    assert_eq!(logs.len(), 2);
    let failed = E::ItemFailed::decode_log_data(&logs[0].data).unwrap();
    assert_eq!(failed.selector, E::payoutCall::SELECTOR);
    assert_eq!(logs[1].topics()[0], E::Judged::SIGNATURE_HASH);
}

#[test]
fn a_node_says_the_same_in_calldata() {
    let law = law();
    let (at, terms) = (law.at, terms(&law));
    let deal = &terms.deal;
    let some = |byte: u8| Bytes::from(vec![byte; 64]);
    let (evidence, votes) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let verdict = typed::Verdict {
        deal: terms.id,
        milestone: 1,
        round: 0,
        attempt: 2,
        sellerBps: 5000,
        evidence,
        votes,
    };
    let long = Bytes::from(vec![3; 65]);
    let signed =
        Votes { panel: vec![JUROR, SELLER], signers: U256::from(3), signatures: vec![some(1), long.clone()] };
    let mut tail = TailWriter::default();
    tail.member(signed.panel[0], Some(&signed.signatures[0]));
    tail.member(signed.panel[1], Some(&signed.signatures[1]));
    tail.signature(&some(4));
    let marks = Marks(Marks::PUSH | Marks::BUYER_CONSENTS);
    let ballot = Ballot {
        milestone: 1,
        attempt: 2,
        seller_bps: 5000,
        signers: 3,
        size: 2,
        marks,
        long: tail.long,
        ..Ballot::default()
    };
    let t = || Arc::clone(&terms);
    let brought = Act::Verdict { terms: t(), ballot, evidence, votes, tail: tail.bytes.into() };
    assert_eq!(brought.call(&law), at.verdict(deal, &verdict, &signed, &[some(4), Bytes::new()]));

    let claim = Claim {
        milestone: 1,
        attempt: 2,
        manifest: evidence,
        size: 9,
        vaults: vec![JUROR, SELLER],
        receipts: U256::from(2),
        storedAt: vec![u40(NOW)],
        signatures: vec![some(5)],
    };
    let mut tail = TailWriter::default();
    tail.addresses(&claim.vaults);
    tail.plain(&NOW.to_be_bytes()[3..]);
    tail.signature(&some(5));
    let head = ClaimHead { milestone: 1, attempt: 2, vaults: 2, receipts: 1, signers: 2, size: 9, long: 0 };
    let claimed = Act::Claim { terms: t(), head, manifest: evidence, tail: tail.bytes.into() };
    assert_eq!(claimed.call(&law), at.claim(deal, &claim));

    let approved = call::approval(NOW, &some(7));
    let rating = typed::Rating { deal: terms.id, value: -3, feedbackHash: votes };
    let release = typed::Release { deal: terms.id, milestone: 1, evidence };
    let rows = [
        (Act::Payout { terms: t() }, at.payout(deal)),
        (Act::Timeout { terms: t(), milestone: 1 }, at.time_out(deal, MilestoneIndex(1))),
        (
            Act::OpenFromMandate { terms: t(), buyer: some(1), seller: some(2), approval: approved.clone() },
            at.open_from_mandate(deal, some(1), some(2), approved),
        ),
        (
            Act::Release { terms: t(), milestone: 1, push: true, evidence, signature: long.clone() },
            at.release(deal, &release, long, true),
        ),
        (
            Act::Rate { terms: t(), side: Side::Seller, value: -3, feedback: votes, signature: some(8) },
            at.rate(deal, &rating, SELLER, some(8)),
        ),
    ];
    for (act, call) in rows {
        assert_eq!(act.call(&law), call, "{}", act.name());
    }
}
