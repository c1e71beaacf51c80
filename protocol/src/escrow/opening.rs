//! How a deal comes to be, or never does.
//!
//! Three ways in, which differ in where the buyer's money comes from. Each checks the same: the id was
//! never used, the terms make sense, the time is not over, both sides signed.
//!
//! Deliberately absent: any way back. An id that was used stays used.

use alloy_primitives::{Address, B256, Bytes};

use super::{
    Turn,
    deal::Deal,
    refusal::{Refusal, ensure, word},
    terms::Terms,
};
use crate::{
    abi::sol::{IDealEscrow as E, Source, Status},
    money::Bps,
    typed::{self, SCOPE_BUY, SCOPE_SELL},
};

const KNOWN_FLAGS: u8 = typed::BUYER_MANDATED | typed::SELLER_MANDATED;
/// The last of the fallbacks, and the first.
const PRINCIPALS: u8 = 2;
const REFUND: u8 = 0;

impl Turn<'_> {
    pub(super) fn open_with_authorization(
        &mut self,
        terms: &Terms,
        buyer: &Bytes,
        seller: &Bytes,
    ) -> Result<(), Refusal> {
        let total = self.open(terms, seller, Source::Authorization)?;
        let deal = &terms.deal;
        if terms.buyer_mandated() {
            self.require_principal(deal.buyer, deal.buyerPay, SCOPE_BUY)?;
        }
        self.receive(deal.buyer, u128::from(total), (0, terms.fund_by + 1), terms.id, buyer)
    }

    pub(super) fn open_from_credit(
        &mut self,
        terms: &Terms,
        buyer: &Bytes,
        seller: &Bytes,
    ) -> Result<(), Refusal> {
        let total = self.open(terms, seller, Source::Credit)?;
        ensure!(!terms.buyer_mandated(), wrong_source(terms, Source::Credit));
        self.require_funded(terms, buyer)?;
        self.take(terms.deal.buyer, total)
    }

    pub(super) fn open_from_mandate(
        &mut self,
        terms: &Terms,
        buyer: &Bytes,
        seller: &Bytes,
        approval: &Bytes,
    ) -> Result<(), Refusal> {
        ensure!(terms.buyer_mandated(), wrong_source(terms, Source::Mandate));
        let total = self.open(terms, seller, Source::Mandate)?;
        self.require_funded(terms, buyer)?;
        let deal = &terms.deal;
        self.take(deal.buyerPay, total)?;
        let who = (deal.buyer, self.escrow(), deal.buyerPay);
        self.spend(who, SCOPE_BUY, terms.id, total, approval)
    }

    pub(super) fn void_deal(&mut self, terms: &Terms, by: Address, signature: &Bytes) -> Result<(), Refusal> {
        self.require_unused(terms.id)?;
        require_signer(terms, by)?;
        self.require_signed(by, self.escrow_digest(&typed::Void { deal: terms.id }), signature)?;
        self.state.deals.insert(terms.id, Deal::void());
        self.emit(&E::Voided { deal: terms.id, by });
        Ok(())
    }

    /// Everything but the buyer's money, of which it says the amount.
    fn open(&mut self, terms: &Terms, seller: &Bytes, source: Source) -> Result<u64, Refusal> {
        let deal = &terms.deal;
        self.require_unused(terms.id)?;
        require_parties(terms)?;
        let known = self.law.at.contracts.mandates;
        if deal.flags != 0 {
            ensure!(deal.meta.mandates == known, E::WrongMandates { named: deal.meta.mandates, known });
        }
        let total = require_amounts(terms)?;
        self.require_times(terms)?;
        self.require_signed(deal.seller, terms.id, seller)?;

        let opened = Deal::opened(typed::seconds(deal.meta.start), total + deal.sellerBond);
        self.state.deals.insert(terms.id, opened);
        self.emit(&E::Opened {
            deal: terms.id,
            buyer: deal.buyer,
            seller: deal.seller,
            terms: terms.opened_words(source),
        });
        if terms.seller_mandated() {
            self.require_principal(deal.seller, deal.sellerPay, SCOPE_SELL)?;
        }
        if deal.sellerBond != 0 {
            self.take_bond(terms)?;
        }
        Ok(total)
    }

    fn take_bond(&mut self, terms: &Terms) -> Result<(), Refusal> {
        let deal = &terms.deal;
        if !terms.seller_mandated() {
            return self.take(deal.seller, deal.sellerBond);
        }
        self.take(deal.sellerPay, deal.sellerBond)?;
        let who = (deal.seller, self.escrow(), deal.sellerPay);
        self.spend(who, SCOPE_SELL, terms.id, deal.sellerBond, &Bytes::new())
    }

    fn require_funded(&self, terms: &Terms, signature: &Bytes) -> Result<(), Refusal> {
        let fund = self.escrow_digest(&typed::Fund { deal: terms.id });
        self.require_signed(terms.deal.buyer, fund, signature)
    }

    fn require_unused(&self, id: B256) -> Result<(), Refusal> {
        let is_ = self.state.deals.get(&id).map_or(Status::None, Deal::status);
        ensure!(is_ == Status::None, E::WrongStatus { is_, wanted: Status::None });
        Ok(())
    }

    fn require_principal(&self, agent: Address, named: Address, scope: u32) -> Result<(), Refusal> {
        let mandated = self.principal_of(agent, self.escrow(), scope);
        ensure!(mandated == named, E::WrongPrincipal { named, mandated });
        Ok(())
    }

    /// The last claim is over before what was not judged falls back.
    fn require_times(&self, terms: &Terms) -> Result<(), Refusal> {
        let (start, fund_by, end) = (terms.start, terms.fund_by, terms.end);
        ensure!(start <= fund_by, E::StartAfterFundBy { start: word(start), fundBy: word(fund_by) });
        ensure!(
            self.now() <= fund_by,
            E::FundByPassed { fundBy: word(fund_by), timestamp: word(self.now()) }
        );
        let latest = terms.due.iter().max().copied().unwrap_or_default();
        let earliest = (start + u64::from(latest) + self.law.grace).max(fund_by);
        ensure!(end >= earliest, E::EndTooEarly { end: word(end), earliest: word(earliest) });
        Ok(())
    }
}

const fn wrong_source(terms: &Terms, source: Source) -> E::WrongSource {
    let flags = alloy_primitives::U256::from_limbs([terms.deal.flags as u64, 0, 0, 0]);
    E::WrongSource { flags, source }
}

/// Whoever speaks for a deal is one of the two that sign it.
pub(super) fn require_signer(terms: &Terms, by: Address) -> Result<(), Refusal> {
    ensure!([terms.deal.buyer, terms.deal.seller].contains(&by), E::NotAParty { account: by });
    Ok(())
}

/// Everybody is named, and neither side signs or is paid for the other.
fn require_parties(terms: &Terms) -> Result<(), Refusal> {
    let deal = &terms.deal;
    let named = [deal.buyer, deal.seller, deal.buyerPay, deal.sellerPay, deal.jury];
    ensure!(!named.contains(&Address::ZERO), E::ZeroAddress {});
    for account in [deal.buyer, deal.buyerPay] {
        ensure!(account != deal.seller && account != deal.sellerPay, E::BuyerIsSeller { account });
    }
    ensure!(deal.panel != B256::ZERO && deal.quorum != 0, E::NoPanel {});
    ensure!(deal.flags <= KNOWN_FLAGS, E::UnknownFlags { flags: word(deal.flags), known: word(KNOWN_FLAGS) });
    Ok(())
}

/// Nothing that the deal can ever hold passes an amount: milestones, fees, bond and an appeal deposit of the seller.
fn require_amounts(terms: &Terms) -> Result<u64, Refusal> {
    let (deal, count) = (&terms.deal, usize::from(terms.count()));
    ensure!(terms.amounts[0] != 0, E::NoMilestone {});
    if let Some(gap) = terms.amounts[..count].iter().position(|amount| *amount == 0) {
        return Err(Refusal::by(&E::GapInAmounts { milestone: word(gap as u64) }));
    }
    let beyond = terms.due[count..].iter().any(|due| *due != 0);
    ensure!(!beyond, E::DueWithoutAmount { milestone: word(count as u64) });
    let total = terms.buyer_total();
    let most = total + u128::from(deal.appealFee) + u128::from(deal.sellerBond);
    ensure!(most <= u128::from(u64::MAX), E::TooManyFunds { total: word(most), max: word(u64::MAX) });
    let (rule, bps) = (deal.fallback, deal.fallbackBps);
    require_bps(bps)?;
    let sound = rule <= PRINCIPALS && (rule != REFUND || bps == 0);
    ensure!(sound, E::BadFallback { fallback_: word(rule), fallbackBps: word(bps) });
    Ok(total as u64)
}

/// A share is at most the whole.
pub(super) fn require_bps(bps: u16) -> Result<(), Refusal> {
    let max = Bps::FULL.get();
    ensure!(bps <= max, E::BpsTooHigh { bps: word(bps), max: word(max) });
    Ok(())
}
