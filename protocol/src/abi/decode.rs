//! From a log's words to a [`ChainEvent`].
//!
//! Every value is narrowed to the protocol's type here or the log is refused: a share above 10 000
//! basis points cannot come from our contracts, so an endpoint made it up.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEventInterface;

use super::{
    ChainEvent, ChainLog, Deployment,
    event::{Rater, SeatIndex, Signers},
    pack::{self, field},
    revert, shape,
    sol::{
        Cause,
        IAccords::IAccordsEvents,
        IDealEscrow::IDealEscrowEvents,
        IDrandBeacon::IDrandBeaconEvents,
        IJuryPool::{self, IJuryPoolEvents},
        IMandates::IMandatesEvents,
    },
};
use crate::{
    ids::{DealId, MilestoneIndex},
    money::{Bps, Usdc},
    typed::{Contracts, Verdict},
};

/// Says that a log is not what one of our contracts writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The words do not fit the event that the first topic names.
    #[error("log {index} in block {number} does not decode: {reason}")]
    Malformed { number: u64, index: u64, reason: String },
    /// A value that our contracts cannot write.
    #[error("log {index} in block {number} has an impossible {field}")]
    Impossible { number: u64, index: u64, field: &'static str },
}

/// What a field is called, where its value is impossible.
type Field = &'static str;

enum Fault {
    Words(alloy_sol_types::Error),
    Value(Field),
}

impl From<alloy_sol_types::Error> for Fault {
    fn from(error: alloy_sol_types::Error) -> Self {
        Self::Words(error)
    }
}

impl Deployment {
    /// Reads a log. `None` where no contract of ours wrote it.
    ///
    /// # Errors
    /// [`DecodeError`] where the address is ours and the content cannot be.
    pub fn decode(&self, log: &ChainLog) -> Result<Option<ChainEvent>, DecodeError> {
        let read: fn(&ChainLog, &Contracts) -> Result<ChainEvent, Fault> = match log.address {
            address if address == self.contracts.escrow => escrow,
            address if address == self.contracts.accords => accords,
            address if address == self.contracts.mandates => mandates,
            address if address == self.contracts.jury => jury,
            address if address == self.beacon => beacon,
            _ => return Ok(None),
        };
        let (number, index) = (log.block.number, log.index);
        read(log, &self.contracts).map(Some).map_err(|fault| match fault {
            Fault::Words(error) => DecodeError::Malformed { number, index, reason: error.to_string() },
            Fault::Value(field) => DecodeError::Impossible { number, index, field },
        })
    }
}

fn mandates(log: &ChainLog, _: &Contracts) -> Result<ChainEvent, Fault> {
    use IMandatesEvents as E;
    Ok(match E::decode_raw_log(&log.topics, &log.data)? {
        E::Granted(e) => {
            let mandate = Box::new(pack::unpack_mandate(&e.mandate));
            ChainEvent::Granted { mandate, spent: Usdc(e.spent) }
        }
        E::Revoked(e) => ChainEvent::Revoked {
            agent: e.agent,
            principal: e.principal,
            spender: e.spender,
            serial: e.serial,
        },
        E::Spent(e) => ChainEvent::Spent {
            agent: e.agent,
            principal: e.principal,
            deal: e.deal.into(),
            amount: usdc(e.spend, 0),
            spent: usdc(e.spend, 64),
            approved: e.spend.bit(128),
        },
    })
}

fn accords(log: &ChainLog, _: &Contracts) -> Result<ChainEvent, Fault> {
    use IAccordsEvents as E;
    Ok(match E::decode_raw_log(&log.topics, &log.data)? {
        E::Anchored(e) => ChainEvent::NdaAnchored { nda: e.nda.into(), terms: Box::new(shape(&e.terms)) },
        E::AgreementAnchored(e) => {
            ChainEvent::AgreementAnchored { id: e.agreement, terms: Box::new(shape(&e.terms)) }
        }
        E::BreachAlleged(e) => {
            ChainEvent::BreachAlleged { nda: e.nda.into(), by: e.by, evidence: e.evidence }
        }
        E::DestructionAttested(e) => {
            ChainEvent::DestructionAttested { nda: e.nda.into(), by: e.by, attestation: e.attestation }
        }
    })
}

fn escrow(log: &ChainLog, contracts: &Contracts) -> Result<ChainEvent, Fault> {
    use IDealEscrowEvents as E;
    Ok(match E::decode_raw_log(&log.topics, &log.data)? {
        E::Opened(e) => {
            let (source, terms) = pack::unpack(&e.terms).ok_or(Fault::Value("source"))?;
            ChainEvent::Opened { deal: e.deal.into(), source, terms: Box::new(terms) }
        }
        E::Voided(e) => ChainEvent::Voided { deal: e.deal.into(), by: e.by },
        E::Claimed(e) => ChainEvent::Claimed {
            deal: e.deal.into(),
            milestone: milestone(e.milestone)?,
            attempt: e.attempt,
            manifest: e.manifest,
            size: e.size,
            vaults: signers(e.vaults)?,
            stored_at: e.storedAt.iter().map(|at| at.to()).collect(),
        },
        E::Judged(e) => judged(contracts, e.deal, e.judgement, [e.evidence, e.votes])?,
        E::Cosigned(e) => ChainEvent::Cosigned {
            deal: e.deal.into(),
            milestone: milestone(e.milestone)?,
            signers: signers(e.signers)?,
        },
        E::Settled(e) => settled(e.deal.into(), e.outcome, B256::ZERO)?,
        E::Released(e) => settled(e.deal.into(), e.outcome, e.evidence)?,
        E::Appealed(e) => ChainEvent::Appealed {
            deal: e.deal.into(),
            milestone: milestone(e.milestone)?,
            by: e.by,
            verdict: e.verdict.into(),
            deposit: Usdc(e.deposit),
        },
        E::AppealClosed(e) => ChainEvent::AppealClosed {
            deal: e.deal.into(),
            milestone: milestone(e.milestone)?,
            end: e.end,
            to_jurors: Usdc(e.toJurors),
            to_appellant: Usdc(e.toAppellant),
            to_other: Usdc(e.toOther),
        },
        E::Paid(e) => ChainEvent::Paid {
            deal: e.deal.into(),
            to_seller: usdc(e.amounts, 0),
            to_buyer: usdc(e.amounts, 64),
        },
        E::Credited(e) => ChainEvent::Credited {
            owner: e.owner,
            deal: (!e.deal.is_zero()).then(|| DealId::from(e.deal)),
            amount: usdc(e.amount, 0),
            refused: e.amount.bit(64),
        },
        E::JurorsCredited(e) => ChainEvent::JurorsCredited {
            deal: e.deal.into(),
            shares: e.shares.into_iter().map(|share| (account(share), usdc(share, 160))).collect(),
        },
        E::Debited(e) => ChainEvent::Debited { owner: e.owner, deal: e.deal.into(), amount: Usdc(e.amount) },
        E::Withdrawn(e) => ChainEvent::Withdrawn { owner: e.owner, to: e.to, amount: usdc(e.withdrawal, 0) },
        E::Closed(e) => ChainEvent::Closed {
            deal: e.deal.into(),
            to_seller: usdc(e.amounts, 0),
            to_buyer: usdc(e.amounts, 64),
            jury_fee: usdc(e.amounts, 128),
        },
        E::Rated(e) => ChainEvent::Rated {
            deal: e.deal.into(),
            by: if e.rating.bit(128) { Rater::Seller } else { Rater::Buyer },
            value: low_half(e.rating).cast_signed(),
            feedback: e.feedbackHash,
        },
        E::ItemFailed(e) => ChainEvent::ItemFailed {
            index: e.index.try_into().map_err(|_| Fault::Value("index"))?,
            reason: revert::reason(&e.reason),
        },
    })
}

/// From the lowest bit up: milestone 8, attempt 8, share 16, signers 32, end of the window 40, and where that
/// is 0 what each side gets, 64 each, and whether it was paid.
fn judged(
    contracts: &Contracts,
    deal: B256,
    word: U256,
    [evidence, votes]: [B256; 2],
) -> Result<ChainEvent, Fault> {
    let verdict = Verdict {
        deal,
        milestone: milestone(byte(word, 0))?.0,
        round: 0,
        attempt: byte(word, 8),
        sellerBps: share(half(word, 16))?.get(),
        evidence,
        votes,
    };
    let challenge_until = field(word, 64, 40);
    Ok(ChainEvent::Judged {
        deal: deal.into(),
        id: verdict.id(contracts),
        verdict: Box::new(verdict),
        signers: signers(U256::from(field(word, 32, 32)))?,
        challenge_until,
        settled: (challenge_until == 0).then(|| (usdc(word, 104), usdc(word, 168))),
        paid: word.bit(232),
    })
}

/// From the lowest bit up: milestone 8, cause 8, round 8, attempt 8, share 16, to the seller 64, to the buyer 64,
/// and whether it was paid.
fn settled(deal: DealId, word: U256, evidence: B256) -> Result<ChainEvent, Fault> {
    Ok(ChainEvent::Settled {
        deal,
        milestone: milestone(byte(word, 0))?,
        cause: Cause::try_from(byte(word, 8)).map_err(|_| Fault::Value("cause"))?,
        round: byte(word, 16),
        attempt: byte(word, 24),
        seller_bps: share(half(word, 32))?,
        to_seller: usdc(word, 48),
        to_buyer: usdc(word, 112),
        paid: word.bit(176),
        evidence,
    })
}

fn jury(log: &ChainLog, _: &Contracts) -> Result<ChainEvent, Fault> {
    use IJuryPoolEvents as E;
    Ok(match E::decode_raw_log(&log.topics, &log.data)? {
        E::Seated(e) => ChainEvent::Seated {
            seat: SeatIndex(e.seat.to()),
            holder: e.holder,
            principal: e.principal,
            provider: e.provider,
        },
        E::SeatVacated(e) => ChainEvent::SeatLeft { seat: SeatIndex(e.seat.to()) },
        E::SeatSuspended(e) => ChainEvent::SeatSuspended {
            seat: SeatIndex(e.seat.to()),
            lost: Usdc(e.lost),
            stake: Usdc(e.stake),
        },
        E::SeatSlashed(e) => ChainEvent::SeatSlashed {
            seat: SeatIndex(e.seat.to()),
            lost: Usdc(e.lost),
            digests: [e.digestA, e.digestB],
        },
        E::StakeWithdrawn(e) => ChainEvent::StakeWithdrawn {
            seat: SeatIndex(e.seat.to()),
            principal: e.principal,
            amount: Usdc(e.amount),
        },
        E::AppealRequested(e) => ChainEvent::AppealRequested {
            deal: e.deal.into(),
            milestone: milestone(byte(e.draw, 0))?,
            seats: field(e.draw, 16, 40),
            deadline: field(e.draw, 96, 40),
            round: field(e.draw, 136, 64),
        },
        E::Redrawn(e) => ChainEvent::Redrawn {
            deal: e.deal.into(),
            milestone: milestone(e.milestone)?,
            round: e.round,
            deadline: e.deadline.to(),
        },
        E::Testified(e) => ChainEvent::Testified {
            deal: e.deal.into(),
            milestone: milestone(e.milestone)?,
            seat: SeatIndex(e.seat.to()),
            digest: e.digest,
            seller_bps: share(e.sellerBps)?,
        },
        E::RulingMade(e) => ruled(&e)?,
        E::AppealSilent(e) => {
            ChainEvent::AppealSilent { deal: e.deal.into(), milestone: milestone(e.milestone)? }
        }
        E::PotChanged(e) => ChainEvent::PotChanged { pot: Usdc(e.pot) },
        E::Owed(e) => ChainEvent::Owed { to: e.to, amount: Usdc(e.amount) },
        E::Collected(e) => ChainEvent::Collected { to: e.to, amount: Usdc(e.amount) },
    })
}

fn ruled(e: &IJuryPool::RulingMade) -> Result<ChainEvent, Fault> {
    let milestone = milestone(byte(e.ruling, 0))?;
    let bps = half(e.ruling, 24);
    share(bps)?;
    let verdict = Verdict {
        deal: e.deal,
        milestone: milestone.0,
        round: byte(e.ruling, 8),
        attempt: byte(e.ruling, 16),
        sellerBps: bps,
        evidence: e.evidence,
        votes: e.votes,
    };
    let (deal, signers) = (e.deal.into(), signers(U256::from(field(e.ruling, 40, 32)))?);
    Ok(ChainEvent::Ruled { deal, milestone, verdict: Box::new(verdict), signers })
}

fn beacon(log: &ChainLog, _: &Contracts) -> Result<ChainEvent, Fault> {
    let IDrandBeaconEvents::Proven(e) = IDrandBeaconEvents::decode_raw_log(&log.topics, &log.data)?;
    Ok(ChainEvent::Proven { round: e.round, randomness: e.randomness })
}

fn usdc(word: U256, shift: usize) -> Usdc {
    Usdc(field(word, shift, 64))
}

/// The account in the lowest 160 bits.
fn account(word: U256) -> Address {
    Address::from_word(word.into())
}

fn byte(word: U256, shift: usize) -> u8 {
    u8::try_from(field(word, shift, 8)).expect("invariant: eight bits")
}

fn half(word: U256, shift: usize) -> u16 {
    u16::try_from(field(word, shift, 16)).expect("invariant: sixteen bits")
}

fn low_half(word: U256) -> u128 {
    u128::from(field(word, 64, 64)) << 64 | u128::from(field(word, 0, 64))
}

const fn milestone(index: u8) -> Result<MilestoneIndex, Fault> {
    if index < 8 { Ok(MilestoneIndex(index)) } else { Err(Fault::Value("milestone")) }
}

fn share(bps: u16) -> Result<Bps, Fault> {
    Bps::new(bps).map_err(|_| Fault::Value("share"))
}

fn signers(bits: U256) -> Result<Signers, Fault> {
    bits.try_into().map(Signers).map_err(|_| Fault::Value("set of signers"))
}
