//! What happened before the story: five small deals of earlier customers, settled and rated on the same chain.
//!
//! | buyer | seller | USDC | the jury gave | the buyer's rating |
//! |---|---|---|---|---|
//! | vault-1 | seller-careful | 64 | all | 96 |
//! | vault-2 | seller-careful | 100 | all | 92 |
//! | vault-1 | seller-cheap | 36 | all | 75 |
//! | vault-2 | seller-cheap | 49 | 40 % | 20 |
//! | buyer | vault-2 | 25 | all | 90 |
//!
//! The customers are the two archives: they store what they cannot read and judge nothing, so that
//! they may know a party. No juror is one of them, because it would judge a party that it dealt with.
//! Their agents are the seeds of trust of everybody on the stage.
//!
//! Real are the chain's part of these deals and everything that a reputation is made of: money from
//! a principal's credit through its mandate, a verdict signed by three seated jurors, their fee, the
//! ratings of both sides. Their agents signed it all with their own accounts, before this run of their
//! nodes began. What was delivered then is not played: its hash is that of a word.
//!
//! Deliberately absent: NDA, negotiation and evidence of these deals.

use alloy::primitives::{Address, B256, Bytes, U256, aliases::U40, keccak256};
use nuncio_protocol::{
    abi::Votes,
    money::Usdc,
    typed::{
        BUYER_MANDATED, Consent, Deal, Fund, Meta, Rating, SELLER_MANDATED, Schedule, Typed, Verdict,
        address_list_hash,
    },
};

use super::{DemoError, cast::CAST};
use crate::{
    chain::{Account, LocalChain},
    cluster::Node,
};

/// An earlier deal.
#[derive(Clone, Copy, Debug)]
struct Earlier {
    buyer: &'static str,
    seller: &'static str,
    usdc: u64,
    seller_bps: u16,
    /// The buyer's rating of the seller, and the seller's of the buyer.
    ratings: [i128; 2],
}

const fn earlier(
    buyer: &'static str,
    seller: &'static str,
    usdc: u64,
    seller_bps: u16,
    ratings: [i128; 2],
) -> Earlier {
    Earlier { buyer, seller, usdc, seller_bps, ratings }
}

const DEALS: [Earlier; 5] = [
    earlier("vault-1", "seller-careful", 64, 10_000, [96, 95]),
    earlier("vault-2", "seller-careful", 100, 10_000, [92, 95]),
    earlier("vault-1", "seller-cheap", 36, 10_000, [75, 90]),
    earlier("vault-2", "seller-cheap", 49, 4_000, [20, 60]),
    earlier("buyer", "vault-2", 25, 10_000, [90, 95]),
];
/// Who judged them.
const JURY: [&str; 3] = ["juror-1", "juror-2", "juror-3"];
/// What all three were paid together.
const FEE: Usdc = Usdc(3_000_000);
/// Seconds from a deal's opening to its due date, and from there to its end.
const DUE: u32 = 3600;

/// The ratings that the past left behind, two of each deal.
pub(super) const RATINGS: u64 = 2 * DEALS.len() as u64;
/// The members of the cast whose word counts from the start.
pub(super) const SEEDS: [&str; 2] = ["vault-1", "vault-2"];

/// Lets it happen.
///
/// # Errors
/// [`DemoError`].
pub(super) async fn happen(
    chain: &mut LocalChain,
    principals: &[Account],
    nodes: &[Node],
) -> Result<(), DemoError> {
    let agents: Vec<Account> = nodes.iter().map(Node::account).collect::<Result<_, _>>()?;
    let mut jurors: Vec<&Account> = JURY.iter().map(|name| &agents[place(name)]).collect();
    jurors.sort_unstable_by_key(|juror| juror.address());
    let now = chain.time().await?;
    let mut deals = Vec::new();
    for earlier in &DEALS {
        let deal = terms(chain, earlier, principals, &agents, &jurors, now)?;
        let (buyer, seller) = (&agents[place(earlier.buyer)], &agents[place(earlier.seller)]);
        let fund = buyer.sign(&Fund { deal: deal.digest(chain.contracts()) }, chain.contracts());
        let accepted = seller.sign(&deal, chain.contracts());
        let call = chain.abi().open_from_mandate(&deal, fund, accepted, Bytes::new());
        chain.call("open an earlier deal", call.to, call.data).await?;
        deals.push(deal);
    }
    chain.settle().await?;
    for (earlier, deal) in DEALS.iter().zip(&deals) {
        let (buyer, seller) = (&agents[place(earlier.buyer)], &agents[place(earlier.seller)]);
        let verdict = Verdict {
            deal: deal.digest(chain.contracts()),
            milestone: 0,
            round: 0,
            attempt: 0,
            sellerBps: earlier.seller_bps,
            evidence: keccak256("an earlier delivery"),
            votes: keccak256("three votes"),
        };
        let votes = Votes {
            panel: jurors.iter().map(|juror| juror.address()).collect(),
            signers: U256::from((1_u32 << jurors.len()) - 1),
            signatures: jurors.iter().map(|juror| juror.sign(&verdict, chain.contracts())).collect(),
        };
        let consent = Consent { verdict: verdict.digest(chain.contracts()) };
        // Whoever lost by it agreed, so that nobody had to wait for a window.
        let consents = if earlier.seller_bps == 10_000 {
            [Bytes::new(), Bytes::new()]
        } else {
            [buyer, seller].map(|side| side.sign(&consent, chain.contracts()))
        };
        let call = chain.abi().verdict(deal, &verdict, &votes, &consents);
        chain.call("judge an earlier deal", call.to, call.data).await?;
    }
    chain.settle().await?;
    for (earlier, deal) in DEALS.iter().zip(&deals) {
        let sides = [&agents[place(earlier.buyer)], &agents[place(earlier.seller)]];
        for (side, value) in sides.into_iter().zip(earlier.ratings) {
            let rating = Rating {
                deal: deal.digest(chain.contracts()),
                value,
                feedbackHash: keccak256("an earlier rating"),
            };
            let signature = side.sign(&rating, chain.contracts());
            let call = chain.abi().rate(deal, &rating, side.address(), signature);
            chain.call("rate an earlier deal", call.to, call.data).await?;
        }
    }
    chain.settle().await?;
    Ok(())
}

fn terms(
    chain: &LocalChain,
    earlier: &Earlier,
    principals: &[Account],
    agents: &[Account],
    jurors: &[&Account],
    now: u64,
) -> Result<Deal, DemoError> {
    let wrong = |error: nuncio_protocol::typed::PackError| DemoError::Broken(error.to_string());
    let schedule = Schedule::pack(&[(Usdc(earlier.usdc * 1_000_000), DUE)]).map_err(wrong)?;
    let (buyer, seller) = (place(earlier.buyer), place(earlier.seller));
    let time = |secs: u64| U40::from(now + secs);
    Ok(Deal {
        buyer: agents[buyer].address(),
        seller: agents[seller].address(),
        buyerPay: principals[buyer].address(),
        sellerPay: principals[seller].address(),
        amounts: schedule.amounts,
        amounts2: schedule.amounts2,
        due: schedule.due,
        panel: address_list_hash(jurors.iter().map(|juror| juror.address())).map_err(wrong)?,
        jury: chain.contracts().jury,
        end: time(u64::from(2 * DUE)),
        window: 0,
        quorum: 2,
        fallback: 0,
        fallbackBps: 0,
        juryFee: FEE.0,
        appealFee: 0,
        sellerBond: 0,
        flags: BUYER_MANDATED | SELLER_MANDATED,
        meta: Meta {
            agreement: keccak256("an earlier agreement"),
            nda: B256::ZERO,
            pact: keccak256("an earlier pact"),
            panelRequest: B256::ZERO,
            vaults: B256::ZERO,
            mandates: chain.contracts().mandates,
            reviewer: Address::ZERO,
            start: time(0),
            fundBy: time(300),
            kind: 0,
            jurisdiction: 0,
            beaconRound: 0,
            attempt: 0,
            salt: U256::from_be_bytes(rand::random::<[u8; 32]>()),
        },
    })
}

/// A name's place in the cast.
pub(super) fn place(name: &str) -> usize {
    CAST.iter().position(|part| part.name == name).expect("invariant: only names of the cast are used here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::NodeRole;

    #[test]
    fn no_juror_has_dealt_with_anybody_and_every_buyer_can_pay() {
        for deal in DEALS {
            for side in [deal.buyer, deal.seller] {
                assert_ne!(CAST[place(side)].role, NodeRole::Juror, "{side}");
            }
            let bought = DEALS.iter().filter(|other| other.buyer == deal.buyer);
            let cost: u64 = bought.map(|other| other.usdc * 1_000_000 + FEE.0).sum();
            assert!(cost <= CAST[place(deal.buyer)].credit.0, "{}", deal.buyer);
        }
        for name in JURY {
            assert_eq!(CAST[place(name)].role, NodeRole::Juror);
        }
    }
}
