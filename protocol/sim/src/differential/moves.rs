//! What happens next in a sequence: mostly what could happen, sometimes what must not.
//!
//! A move looks at the model, so that deep states are reached in a few steps; what comes out is plain
//! data that knows nothing of the state it was made for.
//!
//! Deliberately absent: a judgement of what must come of it.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolStruct;
use nuncio_protocol::{
    escrow::{Act, Deal, Law, State, Terms, deal::Pending, deal::Stage},
    typed::UsdcDomain,
};

use super::{
    actors::{Actors, Forgery},
    dice::Dice,
    pool::{DAWN, Prospect},
    script::{Step, What},
};

mod account;
mod appeal;
mod judge;
mod open;
mod settle;

/// Ends of signed messages, Unix seconds: few, so that signatures come again.
const UNTIL: [u64; 4] = [DAWN + 30, DAWN + 200, DAWN + 1000, DAWN + 100_000];
/// Of a hundred moves, so many are as an honest sender makes them.
const HONEST: u64 = 78;

/// Where everything is and who signs.
pub(super) struct Stagecraft {
    pub(super) actors: Actors,
    pub(super) law: Law,
    pub(super) usdc: UsdcDomain,
    domains: Domains,
}

impl Stagecraft {
    pub(super) fn new(actors: Actors, law: Law, usdc: UsdcDomain) -> Self {
        let escrow = law.at.contracts.escrow_domain().separator();
        let mandates = law.at.contracts.mandates_domain().separator();
        Self { actors, law, usdc, domains: Domains { escrow, mandates } }
    }

    /// What is signed in the domain of `Mandates`.
    pub(super) fn mandates_digest(&self, typed: &impl SolStruct) -> B256 {
        digest(self.domains.mandates, typed)
    }
}

/// EIP-712 domain separators.
#[derive(Clone, Copy)]
struct Domains {
    escrow: B256,
    mandates: B256,
}

/// A verdict as it was brought last.
#[derive(Clone, Debug)]
struct Brought {
    milestone: u8,
    attempt: u8,
    seller_bps: u16,
    evidence: B256,
    votes: B256,
}

/// One sequence in the making.
pub(super) struct Plot {
    craft: Rc<Stagecraft>,
    dice: Dice,
    now: u64,
    deals: Vec<Prospect>,
    brought: BTreeMap<(B256, u8), Brought>,
}

impl Plot {
    pub(super) fn new(craft: Rc<Stagecraft>, dice: Dice, deals: Vec<Prospect>) -> Self {
        Self { craft, dice, now: DAWN, deals, brought: BTreeMap::new() }
    }

    /// The next step.
    pub(super) fn next(&mut self, state: &State) -> Step {
        let prospect = self.deals[if self.dice.percent(80) { 0 } else { self.deals.len() - 1 }].clone();
        let deal = state.deals.get(&prospect.terms.id).copied();
        self.pass_time(&prospect, deal);
        let what = if self.dice.percent(5) {
            self.batch(state)
        } else if deal.is_some_and(|deal| matches!(deal.stage, Stage::Appealed { .. }))
            && self.dice.percent(30)
        {
            self.answer(&prospect, deal)
        } else {
            let (from, act) = self.act(state, &prospect, deal);
            What::Send { from, act: Box::new(act) }
        };
        Step { at: self.now, what }
    }

    fn act(&mut self, state: &State, prospect: &Prospect, deal: Option<Deal>) -> (Address, Act) {
        let sender = *self.dice.pick(&self.craft.actors.senders());
        // open, void, release, cancel, claim, verdict, cosign, consent, payout, appeal, rule, timeout,
        // pay jurors, rate, account
        let weights = match deal.map(|deal| deal.stage) {
            None => [120, 5, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 22],
            Some(Stage::Open { .. }) => [2, 1, 14, 5, 14, 50, 6, 1, 6, 1, 1, 12, 1, 1, 12],
            Some(Stage::Pending { .. }) => [1, 1, 4, 3, 3, 14, 6, 16, 14, 24, 1, 4, 1, 1, 10],
            Some(Stage::Appealed { .. }) => [1, 1, 5, 4, 2, 4, 3, 1, 3, 1, 50, 3, 1, 1, 10],
            Some(Stage::Closed { .. }) => [3, 1, 1, 1, 1, 2, 12, 1, 1, 1, 1, 1, 24, 24, 16],
            Some(Stage::Void) => [12, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8],
        };
        let act = match self.dice.weighed(&weights) {
            0 => self.open(prospect),
            1 => self.void(prospect),
            2 => self.release(prospect, deal),
            3 => self.cancel(prospect),
            4 => self.claim(prospect, deal),
            5 => self.verdict(prospect, deal),
            6 => self.cosign(prospect),
            7 => self.consent(prospect, deal),
            8 => self.payout(prospect),
            9 => self.appeal(prospect, deal),
            10 if self.dice.percent(50) => return self.settle_ruling(prospect, deal, sender),
            10 => Act::Rule { terms: Arc::clone(&prospect.terms) },
            11 => self.time_out(prospect, deal),
            12 => self.pay_jurors(prospect),
            13 => self.rate(prospect),
            _ => return self.account(state, prospect, sender),
        };
        (sender, act)
    }

    fn batch(&mut self, state: &State) -> What {
        let from = *self.dice.pick(&self.craft.actors.senders());
        let act = if self.dice.percent(20) {
            let deals = self.deals.iter().map(|prospect| Arc::clone(&prospect.terms)).collect();
            Act::PayoutMany { deals }
        } else {
            let count = 1 + self.dice.below(3);
            let mut items = Vec::new();
            for _ in 0..count {
                let prospect = self.dice.pick(&self.deals).clone();
                let deal = state.deals.get(&prospect.terms.id).copied();
                let item = match self.dice.below(11) {
                    0 => self.release(&prospect, deal),
                    1 => self.cancel(&prospect),
                    2 => self.claim(&prospect, deal),
                    3 | 4 => self.verdict(&prospect, deal),
                    5 => self.cosign(&prospect),
                    6 => self.consent(&prospect, deal),
                    7 => self.payout(&prospect),
                    8 => Act::Rule { terms: Arc::clone(&prospect.terms) },
                    9 => self.time_out(&prospect, deal),
                    _ if self.dice.percent(15) => self.open(&prospect),
                    _ if self.dice.percent(50) => self.pay_jurors(&prospect),
                    _ => self.rate(&prospect),
                };
                items.push(item);
            }
            Act::SettleMany { items }
        };
        What::Send { from, act: Box::new(act) }
    }

    /// Some seconds, or to a second at which something begins or ends.
    fn pass_time(&mut self, prospect: &Prospect, deal: Option<Deal>) {
        // Before the opening there is not much to wait for, and an end of the time in which it may be.
        let calm = if deal.is_none() && self.dice.percent(85) { 13 } else { 20 };
        match self.dice.below(calm) {
            0..13 => self.now += self.dice.below(3),
            13..18 => {
                let instants = instants(&prospect.terms, deal, &self.craft.law);
                let near = *self.dice.pick(&instants) + self.dice.below(3);
                self.now = self.now.max(near - 1);
            }
            _ => self.now += self.dice.below(60),
        }
    }

    // --- for all moves ---

    fn honest(&mut self) -> bool {
        self.dice.percent(HONEST)
    }

    fn milestone(&mut self, terms: &Terms, deal: Option<Deal>) -> u8 {
        let done = deal.map_or(0, |deal| deal.done);
        let open: Vec<u8> = (0..terms.count()).filter(|i| done >> i & 1 == 0).collect();
        if open.is_empty() || self.dice.percent(4) {
            self.dice.below(10) as u8
        } else {
            *self.dice.pick(&open)
        }
    }

    fn until(&mut self) -> u64 {
        let coming: Vec<u64> = UNTIL.into_iter().filter(|until| *until >= self.now).collect();
        if coming.is_empty() || self.dice.percent(5) {
            *self.dice.pick(&UNTIL)
        } else {
            *self.dice.pick(&coming)
        }
    }

    fn hash(&mut self) -> B256 {
        B256::repeat_byte(self.dice.below(2) as u8)
    }

    fn escrow_digest(&self, typed: &impl SolStruct) -> B256 {
        digest(self.craft.domains.escrow, typed)
    }

    fn mandates_digest(&self, typed: &impl SolStruct) -> B256 {
        self.craft.mandates_digest(typed)
    }

    /// A signature as good as the account can make it.
    fn sign(&mut self, account: Address, digest: B256) -> Bytes {
        let compact = self.dice.percent(80);
        self.craft.actors.sign(account, digest, compact)
    }

    /// In the only form that USDC takes.
    fn sign_full(&self, account: Address, digest: B256) -> Bytes {
        self.craft.actors.sign(account, digest, false)
    }

    fn forge(&mut self, account: Address, digest: B256) -> Bytes {
        let how = *self.dice.pick(&Forgery::ALL);
        self.craft.actors.forge(account, digest, how, &mut self.dice)
    }

    /// A good signature, or, one in so many, a bad one.
    fn sign_or_forge(&mut self, account: Address, digest: B256, one_in: u64) -> Bytes {
        if self.dice.below(one_in) == 0 { self.forge(account, digest) } else { self.sign(account, digest) }
    }
}

/// The digest of a typed struct in a domain.
fn digest(domain: B256, typed: &impl SolStruct) -> B256 {
    let hash = typed.eip712_hash_struct();
    alloy_primitives::keccak256([&[0x19, 0x01], domain.as_slice(), hash.as_slice()].concat())
}

/// The verdict that is pending or before the jury.
fn waiting(deal: Option<Deal>) -> Option<Pending> {
    match deal?.stage {
        Stage::Pending { verdict, .. } | Stage::Appealed { verdict, .. } => Some(verdict),
        Stage::Open { .. } | Stage::Closed { .. } | Stage::Void => None,
    }
}

/// When something begins or ends.
fn instants(terms: &Terms, deal: Option<Deal>, law: &Law) -> Vec<u64> {
    let window = match terms.deal.window {
        0 => law.grace,
        window => u64::from(window),
    };
    let mut instants = vec![terms.fund_by, terms.end, terms.end + window];
    for due in &terms.due[..usize::from(terms.count())] {
        let due = terms.start + u64::from(*due);
        instants.extend([due, due + law.grace]);
    }
    match deal.map(|deal| deal.stage) {
        Some(Stage::Pending { until, .. } | Stage::Closed { until }) => instants.extend([until; 4]),
        Some(Stage::Appealed { since, .. }) => instants.extend([since + law.appeal_limit; 4]),
        Some(Stage::Open { free_since }) => instants.extend([free_since + law.grace; 2]),
        Some(Stage::Void) | None => {}
    }
    instants
}
