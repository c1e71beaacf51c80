//! Logs against the chain, and the money that they show.
//!
//! The bundle's logs must be exactly those that the chain has of the deal: none made up, none left
//! out. From them the money is added up: what went into escrow, what each milestone gave to whom,
//! what was paid.
//!
//! Deliberately absent: USDC's own transfers; the escrow's logs say what it did, and its code holds
//! the sum.

use std::collections::BTreeMap;

use alloy_primitives::Address;

use super::Examination;
use crate::{
    abi::ChainEvent,
    audit::{
        LOGS,
        logs::{LoggedAt, Logs},
        papers::DealProofs,
    },
    ids::MilestoneIndex,
    money::Usdc,
    typed::{Deal, unpack_amounts},
};

/// What was added up so far.
#[derive(Default)]
struct Sums {
    anchored: bool,
    opened: bool,
    appealed: bool,
    /// To the seller and to the buyer.
    settled: BTreeMap<MilestoneIndex, (Usdc, Usdc)>,
    /// Micro-USDC pushed or credited, by payee.
    paid: BTreeMap<Address, u128>,
    /// The jury's fee, once the deal is closed.
    closed: Option<Usdc>,
}

impl Examination<'_> {
    /// Holds the bundle's logs against those of the chain.
    ///
    /// Logs of the escrow that are newer than the bundle are missing from it too: a bundle that does
    /// not show how a deal went on would show another deal.
    pub(super) fn logs(&mut self, real: &[(LoggedAt, ChainEvent)]) {
        let Some(Logs { logs }) = self.read::<Logs>(LOGS) else { return };
        let escrow = self.contracts().escrow;
        // An index that ends early hides nothing from before the last log that it shows.
        let newest = logs.iter().map(|at| at.log.block.number).max().unwrap_or_default();
        let until = self.index.to_block.max(newest);
        for log in &logs {
            if !real.iter().any(|(at, _)| at == log) {
                let (tx, index) = (log.log.tx, log.log.index);
                self.find(LOGS, "log", format!("the chain has no such log {index} in transaction {tx}"));
            }
        }
        for (at, _) in real {
            let due = at.log.block.number <= until || at.log.address == escrow;
            if due && !logs.contains(at) {
                let (tx, index) = (at.log.tx, at.log.index);
                self.find(LOGS, "log", format!("log {index} of transaction {tx} is left out"));
            }
        }
        let sorted = logs.is_sorted_by_key(|at| (at.log.block.number, at.log.index));
        self.hold(sorted, LOGS, "log", "logs stand in the order of the chain");
    }

    /// Adds the money up, and tells what happened to it.
    pub(super) fn money(&mut self, deal: &DealProofs, real: &[(LoggedAt, ChainEvent)]) {
        let amounts = unpack_amounts(deal.terms.amounts, deal.terms.amounts2);
        let mut sums = Sums::default();
        for (at, event) in real {
            self.moved(deal, &amounts, (at, event), &mut sums);
        }
        self.hold(sums.anchored, LOGS, "chain", "the NDA is not anchored on this chain");
        self.hold(sums.opened, LOGS, "chain", "the deal is not open on this chain");
        if let Some(fee) = sums.closed {
            let all = sums.settled.len() == amounts.len();
            self.hold(all, LOGS, "money", "the deal was closed with a milestone unsettled");
            if !sums.appealed {
                self.paid_out(deal, &sums, fee);
            }
        }
    }

    fn moved(
        &mut self,
        deal: &DealProofs,
        amounts: &[Usdc],
        (at, event): (&LoggedAt, &ChainEvent),
        sums: &mut Sums,
    ) {
        use ChainEvent as E;
        let terms = &deal.terms;
        match event {
            E::NdaAnchored { .. } => {
                sums.anchored = true;
                self.logged("nda.anchored", terms.buyer, None, at);
            }
            E::Opened { terms: on_chain, .. } => {
                sums.opened = true;
                self.hold(**on_chain == *terms, LOGS, "id", "the deal was opened with other terms");
                let price = Usdc::sum(amounts.iter().copied());
                self.logged("deal.opened", terms.buyer, price, at);
            }
            E::Settled { milestone, to_seller, to_buyer, paid, .. } => {
                self.settled(terms, amounts, (*milestone, *to_seller, *to_buyer), at, sums);
                if *paid {
                    self.shares(terms, [*to_seller, *to_buyer], at, sums);
                }
            }
            E::Judged { verdict, settled: Some((to_seller, to_buyer)), paid, .. } => {
                let milestone = MilestoneIndex(verdict.milestone);
                self.settled(terms, amounts, (milestone, *to_seller, *to_buyer), at, sums);
                if *paid {
                    self.shares(terms, [*to_seller, *to_buyer], at, sums);
                }
            }
            E::Paid { to_seller, to_buyer, .. } => self.shares(terms, [*to_seller, *to_buyer], at, sums),
            E::Credited { owner, amount, refused: false, .. } => self.paid(*owner, *amount, at, sums),
            E::JurorsCredited { shares, .. } => {
                for (juror, share) in shares {
                    self.paid(*juror, *share, at, sums);
                }
            }
            E::Closed { jury_fee, to_seller, to_buyer, .. } => {
                self.shares(terms, [*to_seller, *to_buyer], at, sums);
                sums.closed = Some(*jury_fee);
                self.logged("deal.closed", terms.buyer, None, at);
            }
            E::Appealed { by, deposit, .. } => {
                sums.appealed = true;
                self.logged("appealed", *by, Some(*deposit), at);
            }
            E::Debited { owner, amount, .. } => self.logged("escrow.funded", *owner, Some(*amount), at),
            E::Claimed { .. } => self.logged("delivery.claimed", terms.seller, None, at),
            E::Rated { by, .. } => self.logged("rated", by.of(terms).0, None, at),
            E::Ruled { .. } => self.logged("appeal.ruled", terms.jury, None, at),
            E::Voided { by, .. } => self.logged("deal.voided", *by, None, at),
            E::Spent { principal, amount, .. } => self.logged("mandate.spent", *principal, Some(*amount), at),
            E::Granted { mandate, .. } => self.logged("mandate.granted", mandate.principal, None, at),
            E::Revoked { principal, .. } => self.logged("mandate.revoked", *principal, None, at),
            E::BreachAlleged { by, .. } => self.logged("nda.breach_alleged", *by, None, at),
            E::DestructionAttested { by, .. } => self.logged("nda.destroyed", *by, None, at),
            // Told where verdicts and panels are, or of no weight for the money.
            E::Judged { settled: None, .. }
            | E::Credited { refused: true, .. }
            | E::Cosigned { .. }
            | E::AppealClosed { .. }
            | E::AppealRequested { .. }
            | E::Redrawn { .. }
            | E::Testified { .. }
            | E::AppealSilent { .. }
            | E::Seated { .. }
            | E::SeatLeft { .. }
            | E::SeatSuspended { .. }
            | E::SeatSlashed { .. }
            | E::Proven { .. }
            | E::AgreementAnchored { .. }
            | E::Withdrawn { .. }
            | E::ItemFailed { .. }
            | E::StakeWithdrawn { .. }
            | E::PotChanged { .. }
            | E::Owed { .. }
            | E::Collected { .. } => {}
        }
    }

    /// A milestone is settled once, and both shares are all of it.
    fn settled(
        &mut self,
        terms: &Deal,
        amounts: &[Usdc],
        (milestone, to_seller, to_buyer): (MilestoneIndex, Usdc, Usdc),
        at: &LoggedAt,
        sums: &mut Sums,
    ) {
        let amount = amounts.get(usize::from(milestone.0)).copied();
        let whole = to_seller.checked_add(to_buyer) == amount && amount.is_some();
        let once = sums.settled.insert(milestone, (to_seller, to_buyer)).is_none();
        let message = format!("milestone {} was not settled once and whole", milestone.0);
        self.hold(whole && once, LOGS, "money", message);
        self.logged("milestone.to_seller", terms.seller, Some(to_seller), at);
        self.logged("milestone.to_buyer", terms.buyer, Some(to_buyer), at);
    }

    /// Both payees' shares.
    fn shares(&mut self, terms: &Deal, [to_seller, to_buyer]: [Usdc; 2], at: &LoggedAt, sums: &mut Sums) {
        self.paid(terms.sellerPay, to_seller, at, sums);
        self.paid(terms.buyerPay, to_buyer, at, sums);
    }

    fn paid(&mut self, to: Address, amount: Usdc, at: &LoggedAt, sums: &mut Sums) {
        if amount != Usdc::ZERO {
            *sums.paid.entry(to).or_default() += u128::from(amount.0);
            self.logged("paid", to, Some(amount), at);
        }
    }

    /// After a close without an appeal, each side has exactly its due.
    fn paid_out(&mut self, deal: &DealProofs, sums: &Sums, fee: Usdc) {
        let terms = &deal.terms;
        if terms.buyerPay == terms.sellerPay {
            return;
        }
        let settled = |side: fn(&(Usdc, Usdc)) -> Usdc| -> u128 {
            sums.settled.values().map(|both| u128::from(side(both).0)).sum()
        };
        let seller = settled(|both| both.0) + u128::from(terms.sellerBond);
        // The reserve for an appeal and what is left of the jury's fee go back to the buyer.
        let reserve = u128::from(terms.juryFee) + u128::from(terms.appealFee);
        let buyer = settled(|both| both.1) + reserve.saturating_sub(u128::from(fee.0));
        for (who, due) in [(terms.sellerPay, seller), (terms.buyerPay, buyer)] {
            let got = sums.paid.get(&who).copied().unwrap_or_default();
            self.hold(got == due, LOGS, "money", format!("{who} was due {due} and got {got} micro-USDC"));
        }
    }
}
