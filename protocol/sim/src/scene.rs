//! One deal from the empty stage to the last rating, and what must be true at its end.
//!
//! However the network behaved and whoever died on the way: the escrow holds nothing of the deal,
//! every account has what the terms say to the micro-USDC, no act was sent to the chain twice, and
//! no slot of any guard was ever signed with two sets of digests. [`Scene::account`] says all of
//! that, or what is not so.
//!
//! Deliberately absent: how long it takes. A test sets its own limit.

use core::time::Duration;
use std::collections::BTreeSet;

use alloy_primitives::{Address, keccak256};
use nuncio_contracts::Constants;
use nuncio_protocol::{
    command::{Event, Look, Reply},
    ids::DealId,
    journal::Outcome,
    money::Usdc,
    view::{DealView, View},
};

use crate::{
    cast::{JUROR_PURSE, PURSE},
    chain::EscrowSlot,
    host::Who,
    trade::{AMOUNTS, Buyer, Seller},
    world::World,
};

/// How long the world goes on after the end, so that whatever is done twice is seen.
const AFTERMATH: Duration = Duration::from_secs(6);

/// A buyer, a seller, a jury and two vaults.
#[derive(Debug)]
pub struct Scene {
    /// The world that they live in.
    pub world: World,
    /// Who buys.
    pub buyer: Who,
    /// Who sells.
    pub seller: Who,
    /// Who judges.
    pub jurors: Vec<Who>,
    /// Who keeps the sealed papers.
    pub vaults: Vec<Who>,
}

/// How a deal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The deal's word in the escrow, without the times in it.
    pub slot: (u8, u8, u8, Usdc),
    /// What every principal and every agent's account owns, by the machine's name, micro-USDC.
    pub wealth: Vec<(String, Usdc, Usdc)>,
    /// Transactions of each machine.
    pub transactions: Vec<(String, usize)>,
}

impl Scene {
    /// Sets the stage with a jury of this many, of whom most make a verdict.
    #[must_use]
    pub fn new(seed: u64, jurors: u8) -> Self {
        Self::within(World::new(seed), jurors)
    }

    /// Sets the stage in a world of its own waiting times.
    #[must_use]
    pub fn within(mut world: World, jurors: u8) -> Self {
        let (buyer, seller) = world.traders();
        let vaults = world.vaults(2);
        let panel = (jurors, jurors / 2 + 1);
        let jurors = world.jurors(u16::from(jurors));
        world.employ(buyer, Buyer::with_panel(panel));
        world.employ(seller, Seller::default());
        Self { world, buyer, seller, jurors, vaults }
    }

    /// Plays until both have rated and the chain has been told, then a little longer.
    ///
    /// # Errors
    /// What was missing when the time was over.
    pub fn play(&mut self, limit: Duration) -> Result<Ending, String> {
        let parties = [self.buyer, self.seller];
        let done = self.world.run_until(limit, |world| {
            parties.into_iter().all(|who| {
                let noted = world.host(who).notes().iter().rev();
                noted.take(8).any(|(_, event)| matches!(event, Event::Rated { .. }))
            })
        });
        if !done {
            return Err(format!("not done after {:?}: {}", self.world.elapsed(), self.standing()));
        }
        for who in (0..self.world.hosts().len()).map(Who) {
            self.world.spare(who);
        }
        self.world.run(AFTERMATH);
        self.account().map_err(|why| format!("{why}: {}", self.standing()))
    }

    /// Where the parties are.
    fn standing(&mut self) -> String {
        let mut told = String::new();
        for who in [self.buyer, self.seller] {
            let trouble = self.world.host(who).notes().iter().rev().take(12);
            let trouble: Vec<String> = trouble.map(|(at, event)| format!("{at} {event:?}")).collect();
            for look in [Look::Status, Look::Requests, Look::Ndas, Look::Negotiations, Look::Deals] {
                let view = self.world.look(who, look);
                told.push_str(
                    &format!("\n{}: {view:?}", self.world.host(who).name())
                        .chars()
                        .take(900)
                        .collect::<String>(),
                );
            }
            told.push_str(&format!("\n{trouble:#?}"));
        }
        told
    }

    /// The one deal, as a party's node shows it.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn deal(&mut self, who: Who) -> Result<DealView, String> {
        let name = self.world.host(who).name().to_owned();
        let Some(Ok(Reply::View(view))) = self.world.look(who, Look::Deals) else {
            return Err(format!("{name} does not answer"));
        };
        let View::Deals(deals) = *view else { return Err(format!("{name} answers something else")) };
        match deals.as_slice() {
            [deal] => Ok(deal.clone()),
            _ => Err(format!("{name} has {} deals", deals.len())),
        }
    }

    /// Holds the end against the terms.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn account(&mut self) -> Result<Ending, String> {
        let deal = self.deal(self.buyer)?.id;
        let theirs = self.deal(self.seller)?.id;
        same("the seller's deal", &theirs, &deal)?;
        let at = *self.world.deployment();
        let slot = self.world.chain().slot(&at, deal);
        check_slot(slot)?;
        let wealth = self.check_wealth()?;
        let transactions = self.check_transactions()?;
        self.check_signatures(deal)?;
        let slot = (slot.status(), slot.done(), slot.rated(), slot.left());
        Ok(Ending { slot, wealth, transactions })
    }

    fn check_wealth(&mut self) -> Result<Vec<(String, Usdc, Usdc)>, String> {
        let at = *self.world.deployment();
        let price = AMOUNTS.iter().map(|amount| amount.0).sum::<u64>();
        let mut told = Vec::new();
        let mut credit = Usdc::ZERO;
        for who in (0..self.world.hosts().len()).map(Who) {
            let host = self.world.host(who);
            let (name, principal, account) = (host.name().to_owned(), host.principal(), host.account());
            let expected = if who == self.buyer {
                PURSE.0 - price
            } else if who == self.seller {
                price
            } else if self.jurors.contains(&who) {
                JUROR_PURSE.0 - Constants::LOCAL.seat_stake
            } else {
                0
            };
            let chain = self.world.chain();
            let (owned, of_agent) = (chain.wealth(&at, principal), chain.wealth(&at, account));
            credit = Usdc::sum([credit, chain.credit(&at, principal), chain.credit(&at, account)])
                .unwrap_or_default();
            same(&format!("what {name}'s principal owns"), &owned, &Usdc(expected))?;
            same(&format!("what {name}'s agent owns"), &of_agent, &Usdc::ZERO)?;
            told.push((name, owned, of_agent));
        }
        let held = self.world.chain().balance(&at, at.contracts.escrow);
        same("what the escrow holds", &held, &credit)?;
        Ok(told)
    }

    /// Each call was mined once, and did what it was for. The payouts of one deal are the same call, and one
    /// that has nothing to pay reverts.
    fn check_transactions(&mut self) -> Result<Vec<(String, usize)>, String> {
        let mut seen = BTreeSet::new();
        let selector = keccak256("payout(uint256[10])");
        for receipt in self.world.chain().receipts() {
            if receipt.outcome != Outcome::Done {
                return Err(format!("{} reverted", receipt.hash));
            }
            let payout = receipt.call.data.starts_with(&selector[..4]).then_some(receipt.hash);
            if !seen.insert((receipt.from, receipt.call.to, receipt.call.data.clone(), payout)) {
                return Err(format!("{} was sent a second time, as {}", receipt.call.data, receipt.hash));
            }
        }
        let count = |account: Address| seen.iter().filter(|(from, ..)| *from == account).count();
        let told = self.world.hosts().iter().map(|host| (host.name().to_owned(), count(host.account())));
        Ok(told.collect())
    }

    fn check_signatures(&self, deal: DealId) -> Result<(), String> {
        for host in self.world.hosts() {
            for (slot, sets) in host.keys().witness() {
                same(
                    &format!("sets of digests that {} signed as {slot} for {deal}", host.name()),
                    &sets.len(),
                    &1,
                )?;
            }
            if let Some(refused) = host.keys().refused().first() {
                return Err(format!(
                    "{} asked for a signature that its guard refused: {refused}",
                    host.name()
                ));
            }
        }
        Ok(())
    }
}

fn check_slot(slot: EscrowSlot) -> Result<(), String> {
    same("milestones done", &slot.done(), &0b111)?;
    same("sides that rated", &slot.rated(), &0b11)?;
    same("what is left in the escrow", &slot.left(), &Usdc::ZERO)
}

fn same<T: PartialEq + core::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}
