//! How the escrow and the jury take terms, verdicts and signatures: packed, since calldata costs.
//!
//! The terms are nine words of the deal's own fields and eight of its `Meta`. A call that needs
//! nothing of `Meta` brings ten words, the last being its struct hash; the contract computes the
//! deal's id from what came, so other terms speak of a deal that does not exist. What a call wants
//! of a verdict stands in one word, the head. Addresses and signatures follow each other in one
//! piece, the tail: 20 bytes an address, 64 a signature by a key (EIP-2098), any other with its
//! length in two bytes before it. Where the first panel votes, a signature by a key stands for the
//! address that it recovers to. The tail is no argument: it lies behind the encoded call, whose last
//! argument is the terms, and goes to the end of the calldata.
//!
//! Deliberately absent: checks of what is packed; the contract makes them.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolStruct};

use super::{
    call::Signature,
    sol::{Claim, Sitter, Source, Votes},
};
use crate::{
    ids::MilestoneIndex,
    typed::{self, Deal, Mandate, Meta, Rating, Verdict},
};

/// The words of the terms without `Meta`, and its hash.
pub(crate) type Brief = [U256; 10];
/// The words of the whole terms.
pub(crate) type Whole = [U256; 17];

/// Pay what is settled now.
pub(super) const PUSH: u8 = 1;
const BUYER_CONSENTS: u8 = 4;
const SELLER_CONSENTS: u8 = 8;

const COMPACT_BYTES: usize = 64;

/// The terms for a call that needs nothing of `Meta`.
pub(crate) fn brief(deal: &Deal) -> Brief {
    let all = whole(deal);
    let hash = U256::from_be_bytes(deal.meta.eip712_hash_struct().0);
    core::array::from_fn(|i| if i < 9 { all[i] } else { hash })
}

/// All terms.
pub(crate) fn whole(deal: &Deal) -> Whole {
    let meta = &deal.meta;
    [
        account(deal.buyer)
            | at(typed::seconds(deal.end), 160)
            | at(deal.window, 200)
            | at(deal.quorum, 232)
            | at(deal.fallback, 240)
            | at(deal.flags, 248),
        account(deal.seller) | at(deal.juryFee, 160) | at(deal.fallbackBps, 224),
        account(deal.buyerPay) | at(deal.appealFee, 160),
        account(deal.sellerPay) | at(deal.sellerBond, 160),
        account(deal.jury),
        deal.amounts,
        deal.amounts2,
        deal.due,
        word(deal.panel),
        word(meta.agreement),
        word(meta.nda),
        word(meta.pact),
        word(meta.panelRequest),
        word(meta.vaults),
        account(meta.mandates)
            | at(typed::seconds(meta.start), 160)
            | at(typed::seconds(meta.fundBy), 200)
            | at(meta.kind, 240),
        account(meta.reviewer)
            | at(meta.jurisdiction, 160)
            | at(meta.beaconRound, 176)
            | at(meta.attempt, 240),
        meta.salt,
    ]
}

/// What an opening's event says: the terms, and the source in what the jury's word has left.
/// `None` for a source that does not exist.
pub(super) fn unpack(words: &Whole) -> Option<(Source, Deal)> {
    let [w0, w1, w2, w3, w4, amounts, amounts2, due, panel, ..] = *words;
    let source = Source::try_from(field(w4, 160, 8) as u8).ok()?;
    let (_, meta) = words.split_last_chunk()?;
    let meta = unpack_meta(meta);
    let deal = Deal {
        buyer: address(w0),
        seller: address(w1),
        buyerPay: address(w2),
        sellerPay: address(w3),
        amounts,
        amounts2,
        due,
        panel: panel.into(),
        jury: address(w4),
        end: typed::u40(field(w0, 160, 40)),
        window: field(w0, 200, 32) as u32,
        quorum: field(w0, 232, 8) as u8,
        fallback: field(w0, 240, 8) as u8,
        fallbackBps: field(w1, 224, 16) as u16,
        juryFee: field(w1, 160, 64),
        appealFee: field(w2, 160, 64),
        sellerBond: field(w3, 160, 64),
        flags: field(w0, 248, 8) as u8,
        meta,
    };
    Some((source, deal))
}

/// `Meta` out of its words.
fn unpack_meta(words: &[U256; 8]) -> Meta {
    let [agreement, nda, pact, request, vaults, w14, w15, salt] = *words;
    Meta {
        agreement: agreement.into(),
        nda: nda.into(),
        pact: pact.into(),
        panelRequest: request.into(),
        vaults: vaults.into(),
        mandates: address(w14),
        reviewer: address(w15),
        start: typed::u40(field(w14, 160, 40)),
        fundBy: typed::u40(field(w14, 200, 40)),
        kind: field(w14, 240, 16) as u16,
        jurisdiction: field(w15, 160, 16) as u16,
        beaconRound: field(w15, 176, 64),
        attempt: field(w15, 240, 8) as u8,
        salt,
    }
}

/// A mandate as it travels to where it is granted.
pub(crate) fn mandate(mandate: &Mandate) -> [U256; 6] {
    [
        account(mandate.agent)
            | at(typed::seconds(mandate.validFrom), 160)
            | at(typed::seconds(mandate.validUntil), 200)
            | at(mandate.serial, 240),
        account(mandate.principal) | at(mandate.humanAbove, 160) | at(mandate.period, 224),
        account(mandate.spender) | at(mandate.perPeriod, 160) | at(mandate.scopes, 224),
        word(mandate.card),
        mandate.agentId,
        word(mandate.policy),
    ]
}

/// The mandate that [`mandate`] packed.
pub(super) fn unpack_mandate(words: &[U256; 6]) -> Mandate {
    let [w0, w1, w2, card, agent_id, policy] = *words;
    Mandate {
        agent: address(w0),
        principal: address(w1),
        spender: address(w2),
        card: card.into(),
        agentId: agent_id,
        humanAbove: field(w1, 160, 64),
        perPeriod: field(w2, 160, 64),
        period: field(w1, 224, 32) as u32,
        scopes: field(w2, 224, 32) as u32,
        validFrom: typed::u40(field(w0, 160, 40)),
        validUntil: typed::u40(field(w0, 200, 40)),
        policy: policy.into(),
        serial: field(w0, 240, 16) as u16,
    }
}

/// A call, and its tail right behind it.
pub(crate) fn tailed<C: SolCall>(call: &C, tail: &[u8]) -> Vec<u8> {
    let mut data = call.abi_encode();
    data.extend_from_slice(tail);
    data
}

/// A verdict's head and tail, with the first panel's votes and the consents that are not empty.
pub(super) fn ballot(
    verdict: &Verdict,
    votes: &Votes,
    [buyer, seller]: &[Signature; 2],
    mut marks: u8,
) -> (U256, Signature) {
    let mut tail = Tail::default();
    tail.roll(votes);
    for (consent, mark) in [(buyer, BUYER_CONSENTS), (seller, SELLER_CONSENTS)] {
        if !consent.is_empty() {
            marks |= mark;
            tail.signature(consent);
        }
    }
    (head(verdict, votes, marks, tail.long), tail.bytes.into())
}

/// A ruling's head and tail: all addresses of the first panel, who has the seats that the walk looks at, then the drawn
/// seats' signatures.
pub(super) fn ruling(verdict: &Verdict, votes: &Votes, walked: &[Sitter]) -> (U256, Signature) {
    let mut tail = Tail::default();
    tail.addresses(&votes.panel);
    tail.sitters(walked);
    votes.signatures.iter().for_each(|signature| tail.signature(signature));
    (head(verdict, votes, 0, tail.long), tail.bytes.into())
}

/// Head and tail of a call that looks at a whole draw: the first panel, and who has the seats.
pub(super) fn bench(milestone: MilestoneIndex, panel: &[Address], walked: &[Sitter]) -> (U256, Signature) {
    let mut tail = Tail::default();
    tail.addresses(panel);
    tail.sitters(walked);
    (at(milestone.0, 0) | at(panel.len() as u64, 8), tail.bytes.into())
}

/// Who appeals, until when, and before how many seats.
pub(super) fn plea(by: Address, until: u64, seats: u64) -> U256 {
    beside(by, until) | at(seats, 200)
}

fn head(verdict: &Verdict, votes: &Votes, marks: u8, long: u64) -> U256 {
    at(verdict.milestone, 0)
        | at(verdict.round, 8)
        | at(verdict.attempt, 16)
        | at(verdict.sellerBps, 24)
        | votes.signers << 40
        | at(votes.panel.len() as u64, 72)
        | at(marks, 88)
        | at(long, 96)
}

/// A claim's head and tail.
pub(super) fn claim(claim: &Claim) -> (U256, Signature) {
    let mut tail = Tail::default();
    tail.addresses(&claim.vaults);
    for (stored_at, signature) in claim.storedAt.iter().zip(&claim.signatures) {
        tail.bytes.extend_from_slice(&stored_at.to_be_bytes::<5>());
        tail.signature(signature);
    }
    let head = at(claim.milestone, 0)
        | at(claim.attempt, 8)
        | at(claim.vaults.len() as u64, 16)
        | at(claim.signatures.len() as u64, 24)
        | claim.receipts << 32
        | at(claim.size, 64)
        | at(tail.long, 128);
    (head, tail.bytes.into())
}

/// The value of a rating, and by which side it is.
pub(super) fn rating(deal: &Deal, rating: &Rating, by: Address) -> U256 {
    U256::from(rating.value.cast_unsigned()) | at(u8::from(by == deal.seller), 128)
}

/// Addresses without padding.
pub(super) fn addresses(list: &[Address]) -> Signature {
    let mut tail = Tail::default();
    tail.addresses(list);
    tail.bytes.into()
}

/// An address in the low bits and a number above it.
pub(crate) fn beside(low: Address, high: u64) -> U256 {
    account(low) | at(high, 160)
}

#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    /// Bit k: the k-th signature has its length before it.
    long: u64,
    signatures: u32,
}

impl Tail {
    fn addresses(&mut self, list: &[Address]) {
        list.iter().for_each(|address| self.bytes.extend_from_slice(address.as_slice()));
    }

    fn sitters(&mut self, list: &[Sitter]) {
        list.iter().for_each(|Sitter { holder, principal }| self.addresses(&[*holder, *principal]));
    }

    /// Member by member. A bit without a signature has an address, and a signature without a bit is
    /// left out: the contract refuses the one and never sees the other.
    fn roll(&mut self, votes: &Votes) {
        let mut signatures = votes.signatures.iter();
        for (i, member) in votes.panel.iter().enumerate() {
            let signature = votes.signers.bit(i).then(|| signatures.next()).flatten();
            if signature.is_none_or(|signature| signature.len() != COMPACT_BYTES) {
                self.addresses(core::slice::from_ref(member));
            }
            signature.into_iter().for_each(|signature| self.signature(signature));
        }
    }

    fn signature(&mut self, signature: &Signature) {
        if signature.len() != COMPACT_BYTES {
            self.long |= 1 << self.signatures;
            let length = u16::try_from(signature.len()).unwrap_or(u16::MAX);
            self.bytes.extend_from_slice(&length.to_be_bytes());
        }
        self.bytes.extend_from_slice(signature);
        self.signatures += 1;
    }
}

fn account(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

fn word(hash: B256) -> U256 {
    hash.into()
}

fn at<T>(value: T, shift: usize) -> U256
where
    u64: From<T>,
{
    U256::from(u64::from(value)) << shift
}

fn address(word: U256) -> Address {
    Address::from_word(word.into())
}

/// `bits`, at most 64, of a word from `shift` on.
pub(super) fn field(word: U256, shift: usize, bits: usize) -> u64 {
    let limb: u64 = (word >> shift).as_limbs()[0];
    if bits == 64 { limb } else { limb & ((1 << bits) - 1) }
}
