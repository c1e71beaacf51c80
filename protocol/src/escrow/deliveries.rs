//! Claims of a delivery, and what happens to a milestone that nobody claimed or nobody judged.
//!
//! Deliberately absent: a judgement of lateness. Jurors judge it by `storedAt`.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    Turn,
    ballot::ClaimHead,
    deal::{Pending, Stage},
    refusal::{Refusal, ensure, word},
    settling::{Outcome, is_alone, require_unsettled},
    tail::Tail,
    terms::{Terms, list_hash},
};
use crate::{
    abi::sol::{Cause, IDealEscrow as E},
    typed::{self, u40},
};

/// `Deal.fallback`: both sides have one more window to sign a cancellation.
const PRINCIPALS: u8 = 2;
const STORED_AT_BYTES: usize = 5;

impl Turn<'_> {
    pub(super) fn claim(
        &mut self,
        terms: &Terms,
        head: &ClaimHead,
        manifest: B256,
        tail: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        require_unsettled(terms, &deal, head.milestone)?;
        let until = terms.due_at(head.milestone) + self.law.grace;
        ensure!(self.now() < until, E::ClaimTooLate { timestamp: word(self.now()), until: word(until) });
        let key = (terms.id, head.milestone);
        ensure!(!self.state.claims.contains_key(&key), E::AlreadyClaimed { milestone: word(head.milestone) });
        self.state.claims.insert(key, self.now());
        deal.claimed = true;
        self.state.deals.insert(terms.id, deal);

        let mut tail = Tail::open(tail, head.long);
        let vaults = tail.addresses(usize::from(head.vaults))?;
        require_vaults(terms, &vaults)?;
        let stored_at = self.require_receipts(terms, head, manifest, &vaults, &mut tail)?;
        self.emit(&E::Claimed {
            deal: terms.id,
            milestone: head.milestone,
            attempt: head.attempt,
            manifest,
            size: head.size,
            vaults: U256::from(head.signers),
            storedAt: stored_at.into_iter().map(u40).collect(),
        });
        Ok(())
    }

    pub(super) fn time_out(&mut self, terms: &Terms, milestone: u8) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        self.finalise_if_over(terms, &mut deal)?;
        require_unsettled(terms, &deal, milestone)?;
        let claimed = self.state.claims.contains_key(&(terms.id, milestone));
        if let Some((Pending { milestone: pending, .. }, time)) = deal.waiting() {
            // A delivery must not end unjudged because a verdict on another was in the way of its own.
            let free = !claimed && pending != milestone;
            ensure!(free, E::VerdictPending { milestone: word(pending), challengeUntil: word(time) });
        }
        let (cause, from, bps) = if claimed {
            let more = if terms.deal.fallback == PRINCIPALS { terms.window(self.law.grace) } else { 0 };
            let free_since = if let Stage::Open { free_since } = deal.stage { free_since } else { 0 };
            let from = (terms.end + more).max(free_since + self.law.grace);
            (Cause::Unjudged, from, terms.deal.fallbackBps)
        } else {
            (Cause::Undelivered, terms.due_at(milestone) + self.law.grace, 0)
        };
        self.require_from(from)?;
        let outcome = Outcome::without_panel(milestone, cause, bps);
        let shares = deal.settle(terms, milestone, bps)?;
        let due = self.book(terms, &mut deal)?;
        let word = outcome.paid(shares, is_alone(&deal, due, shares));
        self.emit(&E::Settled { deal: terms.id, outcome: word });
        self.pay_told(terms, deal, due, shares)
    }

    /// Its time has come.
    pub(super) fn require_from(&self, from: u64) -> Result<(), Refusal> {
        ensure!(self.now() >= from, E::NotYet { timestamp: word(self.now()), from: word(from) });
        Ok(())
    }

    /// All but one of the vaults, and at least two; each receipt is a time and a signature.
    fn require_receipts(
        &self,
        terms: &Terms,
        head: &ClaimHead,
        manifest: B256,
        vaults: &[Address],
        tail: &mut Tail<'_>,
    ) -> Result<Vec<u64>, Refusal> {
        require_within(head.signers, vaults.len())?;
        let (given, wanted) = (usize::from(head.receipts), vaults.len().saturating_sub(1).max(2));
        ensure!(
            given >= wanted,
            E::TooFewReceipts { receipts: word(given as u64), wanted: word(wanted as u64) }
        );
        let mut stored_at = Vec::new();
        for vault in bits(head.signers).map(|i| vaults[i]) {
            require_count(given, stored_at.len() + 1, stored_at.len() < given)?;
            let at = tail.number(STORED_AT_BYTES)? as u64;
            ensure!(at <= self.now(), E::StoredInFuture { storedAt: word(at), timestamp: word(self.now()) });
            let receipt = typed::Receipt {
                deal: terms.id,
                milestone: head.milestone,
                attempt: head.attempt,
                manifest,
                size: head.size,
                storedAt: u40(at),
            };
            self.require_signed(vault, self.escrow_digest(&receipt), tail.signature()?)?;
            stored_at.push(at);
        }
        require_count(given, stored_at.len(), stored_at.len() == given)?;
        Ok(stored_at)
    }
}

/// The vaults of the terms, strictly ascending, none of them a party.
fn require_vaults(terms: &Terms, vaults: &[Address]) -> Result<(), Refusal> {
    let (given, wanted) = (list_hash(vaults), terms.deal.meta.vaults);
    ensure!(given == wanted, E::WrongVaults { given, terms: wanted });
    require_ascending(vaults)?;
    for vault in vaults {
        ensure!(!terms.is_party(*vault), E::VaultIsParty { account: *vault });
    }
    Ok(())
}

pub(super) fn require_ascending(list: &[Address]) -> Result<(), Refusal> {
    for pair in list.windows(2) {
        ensure!(pair[0] < pair[1], E::UnsortedAddresses { before: pair[0], after_: pair[1] });
    }
    Ok(())
}

/// No bit is set beyond the list.
pub(super) fn require_within(signers: u32, size: usize) -> Result<(), Refusal> {
    ensure!(
        u64::from(signers) >> size.min(63) == 0,
        E::SignerOutOfPanel { signers: word(signers), size: word(size as u64) }
    );
    Ok(())
}

/// There are as many signatures as signers.
pub(super) fn require_count(given: usize, wanted: usize, holds: bool) -> Result<(), Refusal> {
    ensure!(holds, E::SignatureCount { given: word(given as u64), wanted: word(wanted as u64) });
    Ok(())
}

/// The places of the bits that are set.
pub(super) fn bits(word: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |i| word >> i & 1 != 0)
}
