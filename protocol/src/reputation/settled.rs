//! What settled deals say: the ratings that count, and each agent's conduct beside them.
//!
//! Both are read from the ledger alone, under `safe`, in the order of the chain, so everybody who
//! follows the same contracts and knows the same cards has the same records.
//!
//! A card counts where a principal has put its hash on chain with a mandate; before that anybody may
//! name any principal on a card, and two agents of one principal would pass for strangers. *(A rating
//! by an account without such a card is left out and counted as such.)* The fee of a record is what
//! the escrow credited to holders of seats whose principals are strangers to both sides. *(A fee paid
//! to one's own jurors costs nothing, and so does one that went back to the buyer.)* A deal that was
//! refunded counts like one that was paid: whoever failed in everything must not escape its rating.
//!
//! Conduct is counted, never averaged into a grade. Its share of the pact is what juries gave of the
//! milestones that they judged, by value; only deals whose jury was paid, as above, are in it. Which
//! clause of a pact failed is in the verdict's paper, which the two parties hold, and not on chain.
//!
//! Deliberately absent: scores, and everything that was only said.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

mod history;

pub use history::{DISPUTES_MAX, Dispute, DisputeEnd, History, SEGMENTS_MAX, Segment, history};

use super::Record;
use crate::{
    abi::{AppealEnd, Cause},
    did::Did,
    ids::{DealId, TxHash},
    ledger::{
        At, State,
        state::{DealFact, MilestoneFact, RatingFact, SettledFact},
    },
    money::{Bps, Usdc},
};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The agent behind a settlement account, by a card that its principal has put on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub did: Did,
    /// Who answers for it.
    pub principal: Address,
}

/// Where a record stands on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The deal.
    pub deal: DealId,
    /// The rater's account.
    pub rater: Address,
    /// The rating as given.
    pub value: i128,
    /// The hash of the rating paper.
    pub feedback: B256,
    /// Its transaction.
    pub tx: TxHash,
}

/// The ratings that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ratings {
    /// In the order of the chain.
    pub records: Vec<Record>,
    /// Where each of them stands, in the same order.
    pub sources: Vec<Source>,
    /// Ratings between accounts without a card that counts.
    pub left_out: u64,
}

/// What an agent's settled deals came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conduct {
    /// Closed deals in which it bought.
    pub bought: u64,
    /// Closed deals in which it sold.
    pub sold: u64,
    /// Micro-USDC that went to sellers in all of these.
    pub volume: Usdc,
    /// Micro-USDC that went back to buyers in all of these.
    pub refunded: Usdc,
    /// Milestones that it sold and never delivered.
    pub undelivered: u64,
    /// Appeals that it brought.
    pub appeals_brought: u64,
    /// Appeals that were brought against it.
    pub appeals_met: u64,
    /// Appeals, of either kind, on which a panel ruled.
    pub ruled: u64,
    /// What juries said of the milestones that it sold.
    pub pact: PactScore,
}

/// What juries gave of the milestones of one seller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PactScore {
    /// The share that its pacts were kept, by value; nothing where nobody judged yet.
    pub score: Option<Bps>,
    /// Milestones judged by a paid jury.
    pub judged: u64,
    /// Of these, in full.
    pub passed: u64,
    /// Of these, in part.
    pub reduced: u64,
    /// Of these, with nothing.
    pub failed: u64,
    /// Of these, only after a correction.
    pub corrected: u64,
    /// Micro-USDC that these milestones were worth.
    pub worth: Usdc,
    /// What of that the juries gave to the seller.
    pub kept: Usdc,
}

/// Reads the ratings that count. `sure` says whether the place of a fact is to be relied on.
#[must_use]
pub fn ratings(state: &State, members: &BTreeMap<Address, Member>, sure: impl Fn(&At) -> bool) -> Ratings {
    let seats = Seats::of(state);
    let mut found: Vec<(DealId, &DealFact, &RatingFact)> = Vec::new();
    for (id, deal) in state.deals() {
        if deal.closed.is_some_and(|closed| sure(&closed.at)) {
            found.extend(deal.ratings.iter().filter(|rating| sure(&rating.at)).map(|r| (id, deal, r)));
        }
    }
    found.sort_by_key(|(.., rating)| (rating.at.block.number, rating.at.log));
    let mut ratings = Ratings::default();
    for (id, deal, rating) in found {
        let (Some(rater), Some(subject)) = (members.get(&rating.rater), members.get(&rating.ratee)) else {
            ratings.left_out += 1;
            continue;
        };
        let (to_seller, to_buyer) = settled_sums(deal);
        ratings.records.push(Record {
            deal: id,
            rater: rater.did,
            subject: subject.did,
            rater_principal: rater.principal,
            subject_principal: subject.principal,
            value: add(to_seller, to_buyer),
            fee: seats.fee_of(deal, [rater.principal, subject.principal], &sure),
            day: u32::try_from(rating.at.time / DAY).unwrap_or(u32::MAX),
            positive: Record::is_praise(rating.value),
        });
        let RatingFact { rater, value, feedback, at, .. } = *rating;
        ratings.sources.push(Source { deal: id, rater, value, feedback, tx: at.tx });
    }
    ratings
}

/// Reads everybody's conduct, by settlement account.
#[must_use]
pub fn conduct(
    state: &State,
    members: &BTreeMap<Address, Member>,
    sure: impl Fn(&At) -> bool,
) -> BTreeMap<Address, Conduct> {
    let seats = Seats::of(state);
    let mut all: BTreeMap<Address, Conduct> = BTreeMap::new();
    for (_, deal) in state.deals().filter(|(_, deal)| deal.closed.is_some_and(|closed| sure(&closed.at))) {
        let (buyer, seller) = (deal.terms.buyer, deal.terms.seller);
        let (to_seller, to_buyer) = settled_sums(deal);
        for side in [buyer, seller] {
            let conduct = all.entry(side).or_default();
            *(if side == buyer { &mut conduct.bought } else { &mut conduct.sold }) += 1;
            conduct.volume = add(conduct.volume, to_seller);
            conduct.refunded = add(conduct.refunded, to_buyer);
            for appeal in deal.milestones.values().filter_map(|milestone| milestone.appeal.as_ref()) {
                *(if appeal.by == side { &mut conduct.appeals_brought } else { &mut conduct.appeals_met }) +=
                    1;
                conduct.ruled += u64::from(matches!(appeal.end, Some((AppealEnd::Ruled, _))));
            }
        }
        let principals =
            [buyer, seller].map(|side| members.get(&side).map_or(side, |member| member.principal));
        let priced = seats.fee_of(deal, principals, &sure) > Usdc::ZERO;
        let conduct = all.entry(seller).or_default();
        for settled in deal.milestones.values().filter_map(|milestone| milestone.settled.as_ref()) {
            conduct.undelivered += u64::from(settled.cause == Cause::Undelivered);
            let judged = matches!(settled.cause, Cause::Judged | Cause::Ruled);
            if judged && priced {
                conduct.pact.enter(settled);
            }
        }
    }
    all
}

impl PactScore {
    fn enter(&mut self, settled: &SettledFact) {
        self.judged += 1;
        let share = settled.seller_bps;
        *(if share == Bps::FULL {
            &mut self.passed
        } else if share == Bps::ZERO {
            &mut self.failed
        } else {
            &mut self.reduced
        }) += 1;
        self.corrected += u64::from(settled.attempt > 0);
        let amount = add(settled.to_seller, settled.to_buyer);
        self.worth = add(self.worth, amount);
        self.kept = add(self.kept, amount.split(share).0);
        let bps = u128::from(self.kept.0) * 10_000 / u128::from(self.worth.0.max(1));
        let bps = u16::try_from(bps).ok().and_then(|bps| Bps::new(bps).ok());
        self.score = Some(bps.expect("invariant: a share of an amount is at most all of it"));
    }
}

/// Who holds seats, and for which principals.
struct Seats(BTreeMap<Address, BTreeSet<Address>>);

impl Seats {
    fn of(state: &State) -> Self {
        let mut holders: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for (_, seat) in state.seats() {
            holders.entry(seat.holder).or_default().insert(seat.principal);
        }
        Self(holders)
    }

    /// What a deal's jury got, as far as its jurors are strangers to both sides.
    fn fee_of(&self, deal: &DealFact, principals: [Address; 2], sure: impl Fn(&At) -> bool) -> Usdc {
        let own = |principal: &Address| {
            principals.contains(principal)
                || [deal.terms.buyerPay, deal.terms.sellerPay].contains(principal)
                || [deal.terms.buyer, deal.terms.seller].contains(principal)
        };
        let stranger =
            |owner: &Address| self.0.get(owner).is_some_and(|principals| !principals.iter().any(own));
        let paid = deal.credited.iter().filter(|(owner, _, at)| sure(at) && stranger(owner));
        paid.fold(Usdc::ZERO, |sum, (_, amount, _)| add(sum, *amount))
    }
}

/// What of a deal went to the seller's and what back to the buyer's side, all milestones together.
#[must_use]
pub fn settled_sums(deal: &DealFact) -> (Usdc, Usdc) {
    let settled = |milestone: &MilestoneFact| milestone.settled.as_ref().map(|s| (s.to_seller, s.to_buyer));
    let sums = deal.milestones.values().filter_map(settled);
    sums.fold((Usdc::ZERO, Usdc::ZERO), |(a, b), (seller, buyer)| (add(a, seller), add(b, buyer)))
}

/// Money on chain never passes 2^64 micro-USDC; a total that did would stay at the end of the type.
const fn add(a: Usdc, b: Usdc) -> Usdc {
    Usdc(a.0.saturating_add(b.0))
}

#[cfg(test)]
mod tests;
