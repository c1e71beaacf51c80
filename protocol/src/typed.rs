//! What a contract must be able to check: EIP-712 structs, their domains and digests.
//!
//! The structs are exactly the ones that the contracts hash; each is signed in the domain of one
//! contract of one [`Contracts`] set, which [`Typed::digest`] picks by type, so that a signature
//! cannot be asked for in the wrong domain. The digest of an `Nda`, a `Deal` and a `Verdict` is the
//! id of the thing. Off chain, a panel request, a seat's acceptance and a commitment to a vote are
//! signed in the jury's domain.
//!
//! Shared with Solidity by `vectors/typed.json`: the same values give the same digests there.
//!
//! Deliberately absent: signing, providers, ABI calls, and ERC-1271 (only a chain can ask a wallet).

mod packing;
mod signature;
pub mod stored;
mod structs;

use std::borrow::Cow;

use alloy_primitives::{Address, B256, U256, aliases::U40, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct};
use serde::{Deserialize, Serialize};

pub use packing::{
    MILESTONES_MAX, PackError, Schedule, address_list_hash, deposit_nonce, join_nonce, unpack_amounts,
    unpack_due,
};
pub use signature::{EthSignature, SignatureError, recover};
pub use structs::{
    Agreement, Appeal, Approve, Breach, Cancel, Consent, Deal, Destroyed, Fund, Mandate, Meta, Nda,
    PanelRequest, Rating, Receipt, ReceiveWithAuthorization, Release, Revoke, SeatAccept, Verdict, Void,
    VoteCommit, Withdraw,
};

use crate::{
    ids::{DealId, NdaId, VerdictId},
    money::Usdc,
};

/// `Deal.flags`: the buyer is an agent; `buyerPay` is its principal.
pub const BUYER_MANDATED: u8 = 1;
/// `Deal.flags`: the seller is an agent; `sellerPay` is its principal.
pub const SELLER_MANDATED: u8 = 2;
/// `Mandate.scopes`: the agent may commit the principal's credit as a buyer.
pub const SCOPE_BUY: u32 = 1;
/// `Mandate.scopes`: the agent may sell for the principal.
pub const SCOPE_SELL: u32 = 2;

/// One set of contracts on one chain: where what is signed counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// The `Mandates` contract.
    pub mandates: Address,
    /// The `Accords` contract.
    pub accords: Address,
    /// The `DealEscrow` contract.
    pub escrow: Address,
    /// The `JuryPool` contract.
    pub jury: Address,
}

impl Contracts {
    /// The domain of `Mandates`.
    #[must_use]
    pub const fn mandates_domain(&self) -> Eip712Domain {
        self.domain("Mandates", self.mandates)
    }

    /// The domain of `Accords`.
    #[must_use]
    pub const fn accords_domain(&self) -> Eip712Domain {
        self.domain("Accords", self.accords)
    }

    /// The domain of `DealEscrow`.
    #[must_use]
    pub const fn escrow_domain(&self) -> Eip712Domain {
        self.domain("DealEscrow", self.escrow)
    }

    /// The domain of `JuryPool`.
    #[must_use]
    pub const fn jury_domain(&self) -> Eip712Domain {
        self.domain("JuryPool", self.jury)
    }

    const fn domain(&self, name: &'static str, contract: Address) -> Eip712Domain {
        Eip712Domain::new(
            Some(Cow::Borrowed(name)),
            Some(Cow::Borrowed("1")),
            Some(U256::from_limbs([self.chain_id, 0, 0, 0])),
            Some(contract),
            None,
        )
    }
}

/// A struct that is signed in the domain of one of our contracts.
pub trait Typed: SolStruct {
    /// The domain in which this type is signed.
    fn domain(contracts: &Contracts) -> Eip712Domain;

    /// The digest that is signed: `keccak256(0x1901 ‖ domain ‖ struct hash)`.
    fn digest(&self, contracts: &Contracts) -> B256 {
        self.eip712_signing_hash(&Self::domain(contracts))
    }
}

macro_rules! signed_in {
    ($domain:ident: $($name:ident),+) => {
        $(impl Typed for $name {
            fn domain(contracts: &Contracts) -> Eip712Domain {
                contracts.$domain()
            }
        })+
    };
}

signed_in!(mandates_domain: Mandate, Revoke, Approve);
signed_in!(accords_domain: Nda, Agreement, Breach, Destroyed);
signed_in!(escrow_domain: Deal, Fund, Void, Cancel, Release, Receipt, Verdict, Consent, Appeal, Rating, Withdraw);
signed_in!(jury_domain: PanelRequest, SeatAccept, VoteCommit);

impl Nda {
    /// The id of this NDA: its digest.
    #[must_use]
    pub fn id(&self, contracts: &Contracts) -> NdaId {
        self.digest(contracts).into()
    }
}

impl Deal {
    /// The id of this deal: its digest.
    #[must_use]
    pub fn id(&self, contracts: &Contracts) -> DealId {
        self.digest(contracts).into()
    }
}

impl Deal {
    /// What opening takes from the buying side: all amounts and both fees. The contract refuses terms whose
    /// sum does not fit into the type; here it stays at the largest value.
    #[must_use]
    pub fn total(&self) -> Usdc {
        let amounts = unpack_amounts(self.amounts, self.amounts2);
        let all = amounts.into_iter().chain([Usdc(self.juryFee), Usdc(self.appealFee)]);
        all.fold(Usdc::ZERO, |sum, amount| Usdc(sum.0.saturating_add(amount.0)))
    }
}

impl Verdict {
    /// The id of this verdict: its digest.
    #[must_use]
    pub fn id(&self, contracts: &Contracts) -> VerdictId {
        self.digest(contracts).into()
    }
}

/// The USDC contract as EIP-712 sees it. Its name differs between chains (`USD Coin` on Base, `USDC`
/// on Base Sepolia), so it is configured, never assumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsdcDomain {
    /// The contract's EIP-712 name.
    pub name: String,
    /// The contract's EIP-712 version, `2` on Base.
    pub version: String,
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// The token's address.
    pub address: Address,
}

impl UsdcDomain {
    /// The digest of an EIP-3009 authorization, by which the buyer's own float opens a deal.
    #[must_use]
    pub fn digest(&self, authorization: &ReceiveWithAuthorization) -> B256 {
        authorization.eip712_signing_hash(&self.domain())
    }

    /// The token's EIP-712 domain.
    #[must_use]
    pub fn domain(&self) -> Eip712Domain {
        Eip712Domain::new(
            Some(Cow::Owned(self.name.clone())),
            Some(Cow::Owned(self.version.clone())),
            Some(U256::from(self.chain_id)),
            Some(self.address),
            None,
        )
    }
}

/// The authorization that opens `deal` from the buyer's own balance: its nonce is the deal's id and
/// it ends with `fundBy`, so it is the buyer's acceptance and good for nothing else.
#[must_use]
pub fn opening_authorization(
    deal: &Deal,
    total: crate::money::Usdc,
    contracts: &Contracts,
) -> ReceiveWithAuthorization {
    ReceiveWithAuthorization {
        from: deal.buyer,
        to: contracts.escrow,
        value: U256::from(total.0),
        validAfter: U256::ZERO,
        validBefore: U256::from(seconds(deal.meta.fundBy)) + U256::from(1),
        nonce: deal.id(contracts).word(),
    }
}

/// A point in chain time as the contracts hold it; what lies beyond the year 36 812 is its end.
#[must_use]
pub fn u40(secs: u64) -> U40 {
    U40::saturating_from(secs)
}

/// Chain time back as seconds.
#[must_use]
pub fn seconds(time: U40) -> u64 {
    time.to::<u64>()
}

/// What the settlement key signs to say that it belongs to the agent of this card:
/// `keccak256("nuncio/card/1" ‖ id)`. It is no EIP-712 digest and no transaction.
#[must_use]
pub fn card_digest(card: crate::ids::PaperId) -> B256 {
    keccak256([b"nuncio/card/1".as_slice(), card.as_bytes()].concat())
}
