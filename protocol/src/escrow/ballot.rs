//! The heads of calls that bring a verdict or a claim: one word of numbers.
//!
//! Deliberately absent: consistency. A head may promise what its tail does not hold; the contract notices.

use alloy_primitives::U256;

use super::terms::beside;

/// What a ballot asks for besides the verdict, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u8);

impl Marks {
    /// Pay what is settled now.
    pub const PUSH: u8 = 1;
    /// The tail has the buyer's consent.
    pub const BUYER_CONSENTS: u8 = 4;
    /// The tail has the seller's consent.
    pub const SELLER_CONSENTS: u8 = 8;
    /// The tail ends with a rating by the buyer.
    pub const BUYER_RATES: u8 = 16;
    /// The tail ends with a rating by the seller.
    pub const SELLER_RATES: u8 = 32;

    /// Whether a bit is set.
    #[must_use]
    pub const fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }
}

/// The head of a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// On which milestone.
    pub milestone: u8,
    /// 0 for the first panel.
    pub round: u8,
    /// Of which delivery.
    pub attempt: u8,
    /// The seller's share.
    pub seller_bps: u16,
    /// Bit i: the i-th member signed.
    pub signers: u32,
    /// Members of the panel.
    pub size: u8,
    /// What else.
    pub marks: Marks,
    /// Bit k: the k-th signature of the tail has its length before it.
    pub long: u64,
}

impl Ballot {
    /// The word of the call.
    #[must_use]
    pub fn word(&self) -> U256 {
        beside(&[
            (u64::from(self.milestone), 8),
            (u64::from(self.round), 8),
            (u64::from(self.attempt), 8),
            (u64::from(self.seller_bps), 16),
            (u64::from(self.signers), 32),
            (u64::from(self.size), 8),
            (0, 8),
            (u64::from(self.marks.0), 8),
            (self.long, 64),
        ])
    }
}

/// The head of a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimHead {
    /// Of which milestone.
    pub milestone: u8,
    /// Which delivery.
    pub attempt: u8,
    /// Addresses of vaults in the tail.
    pub vaults: u8,
    /// Receipts in the tail.
    pub receipts: u8,
    /// Bit i: the i-th vault signed.
    pub signers: u32,
    /// Of the delivery, bytes.
    pub size: u64,
    /// Bit k: the k-th signature of the tail has its length before it.
    pub long: u64,
}

impl ClaimHead {
    /// The word of the call.
    #[must_use]
    pub fn word(&self) -> U256 {
        beside(&[
            (u64::from(self.milestone), 8),
            (u64::from(self.attempt), 8),
            (u64::from(self.vaults), 8),
            (u64::from(self.receipts), 8),
            (u64::from(self.signers), 32),
            (self.size, 64),
            (self.long, 64),
        ])
    }
}
