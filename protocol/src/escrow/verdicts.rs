//! Verdicts of the first panel, their windows, and the jurors' fee.
//!
//! While a verdict waits neither share moves, and no other is taken but a later attempt at the same
//! milestone. The fee of a milestone belongs to the members whose signature is on its verdict.
//!
//! Deliberately absent: weights, and any judgement of what was judged.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    Turn,
    ballot::{Ballot, Marks},
    deal::{Accepted, Deal, Pending, Stage},
    deliveries::{bits, require_ascending, require_within},
    opening::require_bps,
    refusal::{Refusal, ensure, word},
    settling::{is_alone, require_unsettled},
    tail::{Tail, all_addresses},
    terms::{Terms, beside, list_hash},
};
use crate::{
    abi::sol::{IDealEscrow as E, Status},
    money::Bps,
    typed,
};

const PANEL_MAX: usize = 32;
const ATTEMPT_MAX: u8 = 7;
/// In the judgement's word: the shares were paid in the same act.
const PAID_BIT: usize = 232;
const FULL: u16 = Bps::FULL.get();

/// What the jurors signed, and what came with it.
struct Brought<'a, 'b> {
    ballot: &'a Ballot,
    digest: B256,
    tail: Tail<'b>,
}

impl Turn<'_> {
    pub(super) fn verdict(
        &mut self,
        terms: &Terms,
        ballot: &Ballot,
        evidence: B256,
        votes: B256,
        tail: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        ensure!(ballot.round == 0, E::WrongRound { round: word(ballot.round), wanted: U256::ZERO });
        ensure!(
            ballot.attempt <= ATTEMPT_MAX,
            E::AttemptOutOfRange { attempt: word(ballot.attempt), max: word(ATTEMPT_MAX) }
        );
        require_bps(ballot.seller_bps)?;
        self.finalise_if_over(terms, &mut deal)?;
        require_unsettled(terms, &deal, ballot.milestone)?;
        require_room(&deal, ballot)?;

        let digest = self.verdict_digest(terms, ballot, evidence, votes);
        let mut brought = Brought { ballot, digest, tail: Tail::open(tail, ballot.long) };
        let (judgement, shares, panel) = self.judge(terms, &mut deal, &mut brought)?;
        if deal.status() != Status::Open || !ballot.marks.has(Marks::PUSH) {
            self.emit(&E::Judged { deal: terms.id, judgement, evidence, votes });
            return self.store(terms, deal);
        }
        let due = self.book(terms, &mut deal)?;
        let judgement = judgement | U256::from(is_alone(&deal, due, shares)) << PAID_BIT;
        self.emit(&E::Judged { deal: terms.id, judgement, evidence, votes });
        self.tell(terms, &deal, due, shares);
        self.rate_from(terms, &mut deal, ballot.marks, &mut brought.tail)?;
        let closed = deal.status() == Status::Closed;
        if closed && deal.left != 0 && self.all_signed(terms, panel.len()) {
            self.credit_jurors(terms, &mut deal, &panel)?;
        }
        self.store(terms, deal)?;
        self.push(terms, due)
    }

    pub(super) fn cosign(
        &mut self,
        terms: &Terms,
        ballot: &Ballot,
        evidence: B256,
        votes: B256,
        tail: &Bytes,
    ) -> Result<(), Refusal> {
        let digest = self.verdict_digest(terms, ballot, evidence, votes);
        let key = (terms.id, ballot.milestone);
        let accepted = self.state.accepted.get(&key).copied().filter(|kept| kept.digest == digest);
        let Some(accepted) = accepted else {
            return Err(Refusal::by(&E::NotThePendingVerdict { given: digest }));
        };
        let deal = self.state.deals.get(&terms.id).copied();
        let over = deal.is_some_and(|deal| deal.status() == Status::Closed && deal.left == 0);
        ensure!(!over, E::NothingForJurors { deal: terms.id });
        let mut brought = Brought { ballot, digest, tail: Tail::open(tail, ballot.long) };
        self.roll(terms, &mut brought)?;
        let signers = accepted.signers | ballot.signers;
        self.state.accepted.insert(key, Accepted { digest, signers });
        self.emit(&E::Cosigned { deal: terms.id, milestone: ballot.milestone, signers: U256::from(signers) });
        Ok(())
    }

    pub(super) fn consent(
        &mut self,
        terms: &Terms,
        ballot: &Ballot,
        evidence: B256,
        votes: B256,
        tail: &Bytes,
    ) -> Result<(), Refusal> {
        let mut deal = self.live(terms)?;
        let digest = self.verdict_digest(terms, ballot, evidence, votes);
        let (verdict, _) = self.require_pending(terms, &deal, ballot, digest)?;
        let mut brought = Brought { ballot, digest, tail: Tail::open(tail, ballot.long) };
        ensure!(
            self.consented(terms, &mut brought)?,
            E::ConsentMissing { sellerBps: word(ballot.seller_bps) }
        );
        self.finalise(terms, &mut deal, verdict)?;
        self.pay(terms, deal)
    }

    pub(super) fn pay_jurors(&mut self, terms: &Terms, panel: &Bytes) -> Result<(), Refusal> {
        let kept = self.state.deals.get(&terms.id).copied();
        let is_ = kept.as_ref().map_or(Status::None, Deal::status);
        let closed = kept.and_then(|deal| match deal.stage {
            Stage::Closed { until } => Some((deal, until)),
            Stage::Open { .. } | Stage::Pending { .. } | Stage::Appealed { .. } | Stage::Void => None,
        });
        let Some((mut deal, until)) = closed else {
            return Err(Refusal::by(&E::WrongStatus { is_, wanted: Status::Closed }));
        };
        ensure!(deal.left != 0, E::NothingForJurors { deal: terms.id });
        let size = all_addresses(panel).len();
        let mut tail = Tail::open(panel, 0);
        require_size(size)?;
        let panel = tail.addresses(size)?;
        require_panel(terms, &panel)?;
        if !self.all_signed(terms, panel.len()) {
            self.require_from(until)?;
        }
        self.credit_jurors(terms, &mut deal, &panel)?;
        self.store(terms, deal)
    }

    // --- for consent and appeal ---

    pub(super) fn verdict_digest(&self, terms: &Terms, ballot: &Ballot, evidence: B256, votes: B256) -> B256 {
        self.escrow_digest(&typed::Verdict {
            deal: terms.id,
            milestone: ballot.milestone,
            round: ballot.round,
            attempt: ballot.attempt,
            sellerBps: ballot.seller_bps,
            evidence,
            votes,
        })
    }

    /// The verdict that is pending and the end of its window: as far as its numbers tell, and to the bit where its
    /// signers are kept.
    pub(super) fn require_pending(
        &self,
        terms: &Terms,
        deal: &Deal,
        ballot: &Ballot,
        digest: B256,
    ) -> Result<(Pending, u64), Refusal> {
        let Stage::Pending { verdict, until } = deal.stage else {
            let is_ = deal.status();
            return Err(Refusal::by(&E::WrongStatus { is_, wanted: Status::Pending }));
        };
        let Ballot { milestone, attempt, seller_bps, .. } = *ballot;
        let accepted = self.state.accepted.get(&(terms.id, milestone));
        let same = ballot.round == 0
            && verdict == Pending { milestone, seller_bps, attempt }
            && (terms.deal.juryFee == 0 || accepted.is_some_and(|kept| kept.digest == digest));
        ensure!(same, E::NotThePendingVerdict { given: digest });
        Ok((verdict, until))
    }

    // --- conditions ---

    /// A quorum signed; keeps who did where there is a fee. A verdict below a full pass that does not settle at once
    /// waits for its due time.
    fn judge(
        &mut self,
        terms: &Terms,
        deal: &mut Deal,
        brought: &mut Brought<'_, '_>,
    ) -> Result<(U256, (u64, u64), Vec<Address>), Refusal> {
        let ballot = brought.ballot;
        let panel = self.roll(terms, brought)?;
        let (quorum, size) = (terms.deal.quorum, panel.len());
        ensure!(
            usize::from(quorum) * 2 > size,
            E::NoMajority { quorum: word(quorum), size: word(size as u64) }
        );
        let signers = ballot.signers.count_ones();
        ensure!(
            signers >= u32::from(quorum),
            E::TooFewSigners { signers: word(signers), wanted: word(quorum) }
        );

        let pass = ballot.seller_bps == FULL;
        let at_once = self.consented(terms, brought)? || (pass && terms.deal.window == 0);
        if !at_once && !pass && !ballot.marks.has(Marks::SELLER_CONSENTS) {
            let due = terms.due_at(ballot.milestone);
            ensure!(self.now() >= due, E::TooEarlyToFail { timestamp: word(self.now()), due: word(due) });
        }
        if terms.deal.juryFee != 0 {
            let accepted = Accepted { digest: brought.digest, signers: ballot.signers };
            self.state.accepted.insert((terms.id, ballot.milestone), accepted);
        }
        let (until, shares) = self.accept(terms, deal, ballot, at_once)?;
        let judgement = beside(&[
            (u64::from(ballot.milestone), 8),
            (u64::from(ballot.attempt), 8),
            (u64::from(ballot.seller_bps), 16),
            (u64::from(ballot.signers), 32),
            (until, 40),
            (shares.0, 64),
            (shares.1, 64),
        ]);
        Ok((judgement, shares, panel))
    }

    /// Settles the milestone, or lets the verdict wait; says until when, and what both sides get.
    fn accept(
        &self,
        terms: &Terms,
        deal: &mut Deal,
        ballot: &Ballot,
        at_once: bool,
    ) -> Result<(u64, (u64, u64)), Refusal> {
        let Ballot { milestone, attempt, seller_bps, .. } = *ballot;
        if at_once {
            deal.free(self.now());
            return Ok((0, deal.settle(terms, milestone, seller_bps)?));
        }
        let until = self.now() + terms.window(self.law.grace);
        deal.stage = Stage::Pending { verdict: Pending { milestone, seller_bps, attempt }, until };
        Ok((until, (0, 0)))
    }

    /// Whether whoever loses by it consents. A consent that is given must be good even where none is needed.
    fn consented(&self, terms: &Terms, brought: &mut Brought<'_, '_>) -> Result<bool, Refusal> {
        let Brought { ballot, digest, ref mut tail } = *brought;
        let consent = self.escrow_digest(&typed::Consent { verdict: digest });
        let sides = [
            (Marks::BUYER_CONSENTS, terms.deal.buyer, ballot.seller_bps == 0),
            (Marks::SELLER_CONSENTS, terms.deal.seller, ballot.seller_bps == FULL),
        ];
        let mut all = true;
        for (mark, side, loses_nothing) in sides {
            if ballot.marks.has(mark) {
                self.require_signed(side, consent, tail.signature()?)?;
            }
            all &= loses_nothing || ballot.marks.has(mark);
        }
        Ok(all)
    }

    /// The panel of the terms, member by member: of one that signed with its key only the signature is there, and
    /// its address is who made it.
    fn roll(&self, terms: &Terms, brought: &mut Brought<'_, '_>) -> Result<Vec<Address>, Refusal> {
        let Brought { ballot, digest, ref mut tail } = *brought;
        let size = usize::from(ballot.size);
        require_within(ballot.signers, size)?;
        require_size(size)?;
        let mut panel = Vec::new();
        for i in 0..size {
            let member = if ballot.signers >> i & 1 == 0 {
                tail.address()?
            } else if tail.is_long() {
                let member = tail.address()?;
                self.require_voted(member, digest, tail.signature()?)?;
                member
            } else {
                let signer = self.recovered(digest, tail.signature()?);
                ensure!(signer != Address::ZERO, E::BadSignature { signer, digest });
                signer
            };
            panel.push(member);
        }
        require_panel(terms, &panel)?;
        Ok(panel)
    }

    // --- the fee ---

    /// Nobody can be missing: wherever somebody signed, everybody did.
    fn all_signed(&self, terms: &Terms, size: usize) -> bool {
        let milestones = (terms.id, 0)..=(terms.id, u8::MAX);
        self.state.accepted.range(milestones).all(|(_, kept)| kept.signers.count_ones() as usize == size)
    }

    /// Equal parts per milestone; what does not divide goes back to the buyer.
    fn credit_jurors(&mut self, terms: &Terms, deal: &mut Deal, panel: &[Address]) -> Result<(), Refusal> {
        let mut shares: Vec<_> = panel.iter().map(|juror| (*juror, 0)).collect();
        for ((_, milestone), kept) in self.state.accepted.range((terms.id, 0)..=(terms.id, u8::MAX)) {
            let share = terms.jury_fee_of(*milestone) / u64::from(kept.signers.count_ones());
            bits(kept.signers).for_each(|i| shares[i].1 += share);
        }
        shares.iter().try_for_each(|(_, share)| deal.lower(*share))?;
        self.credit_shares(terms.id, &shares)?;
        let rest = core::mem::take(&mut deal.left);
        self.credit(terms.deal.buyerPay, terms.id, rest)
    }
}

/// A pending verdict makes room only for a later attempt at the same milestone, and never once it is a pass.
fn require_room(deal: &Deal, ballot: &Ballot) -> Result<(), Refusal> {
    let Some((waits, time)) = deal.waiting() else { return Ok(()) };
    let is_ = deal.status();
    ensure!(is_ != Status::Appealed, E::WrongStatus { is_, wanted: Status::Open });
    ensure!(
        waits.milestone == ballot.milestone,
        E::VerdictPending { milestone: word(waits.milestone), challengeUntil: word(time) }
    );
    ensure!(waits.seller_bps != FULL, E::PassIsNotReplaced { milestone: word(ballot.milestone) });
    ensure!(
        ballot.attempt > waits.attempt,
        E::AttemptNotHigher { attempt: word(ballot.attempt), pending: word(waits.attempt) }
    );
    Ok(())
}

fn require_size(size: usize) -> Result<(), Refusal> {
    ensure!(size <= PANEL_MAX, E::PanelTooLarge { size: word(size as u64), max: word(PANEL_MAX as u64) });
    Ok(())
}

/// The panel of the terms, strictly ascending, none of them a party.
fn require_panel(terms: &Terms, panel: &[Address]) -> Result<(), Refusal> {
    let (given, wanted) = (list_hash(panel), terms.deal.panel);
    ensure!(given == wanted, E::WrongPanel { given, terms: wanted });
    require_ascending(panel)?;
    for member in panel {
        ensure!(!terms.is_party(*member), E::JurorIsParty { account: *member });
    }
    Ok(())
}
