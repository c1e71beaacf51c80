//! Whether an account signed: by its key, or, for a wallet, by what its code says.
//!
//! Who holds which key is not known here; whoever runs the model knows what it signed and answers
//! as ecrecover would.
//!
//! Deliberately absent: cryptography.

use alloy_primitives::{Address, B256, keccak256};
use alloy_sol_types::SolStruct;

use super::{
    Turn,
    refusal::{Refusal, ensure},
};
use crate::abi::sol::IDealEscrow::BadSignature;

/// What ecrecover says of a digest and a signature of 65 bytes with a low `s`, or 64 of EIP-2098.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// This account's key signed.
    By(Address),
    /// An account that has no part in anything.
    Stranger(Address),
    /// There is no such signature.
    Nobody,
}

/// Who signed what.
pub trait Keys {
    /// Whose signature this is. The form, length and `s`, is right.
    fn recover(&self, digest: B256, signature: &[u8]) -> Recovered;
}

/// An account with code, by what it answers to `isValidSignature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wallet {
    /// Yes to 65 bytes by this account's key.
    Owner(Address),
    /// Yes to everything.
    Yes,
    /// A word that is not the magic one, too few bytes, a revert, or all gas spent: no.
    No,
}

const COMPACT: usize = 64;
const FULL: usize = 65;
/// Half of secp256k1's order, rounded down: the largest `s` (EIP-2).
const S_MAX: [u8; 32] =
    alloy_primitives::hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/// Why the bytes have no right form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Good,
    Length,
    HighS,
    V,
}

/// The form of a signature with a separate `v`.
pub(super) fn full_form(signature: &[u8]) -> Form {
    if signature.len() != FULL {
        Form::Length
    } else if signature[32..COMPACT] > S_MAX[..] {
        Form::HighS
    } else if ![27, 28].contains(&signature[COMPACT]) {
        Form::V
    } else {
        Form::Good
    }
}

/// The form of a signature whose `v` is the highest bit of `s` (EIP-2098).
fn is_compact(signature: &[u8]) -> bool {
    let s = |i: usize| if i == 0 { signature[32] & 0x7f } else { signature[32 + i] };
    signature.len() == COMPACT && !(0..32).map(s).gt(S_MAX)
}

impl Turn<'_> {
    /// What is signed in the escrow's domain.
    pub(super) fn escrow_digest(&self, typed: &impl SolStruct) -> B256 {
        digest(self.law.domains.escrow, typed)
    }

    /// What is signed in the domain of `Mandates`.
    pub(super) fn mandates_digest(&self, typed: &impl SolStruct) -> B256 {
        digest(self.law.domains.mandates, typed)
    }

    /// What is signed in USDC's domain.
    pub(super) fn usdc_digest(&self, typed: &impl SolStruct) -> B256 {
        digest(self.law.domains.usdc, typed)
    }

    /// By key in either form, or by a wallet.
    pub(super) fn signed(&self, signer: Address, digest: B256, signature: &[u8]) -> bool {
        let says = || self.wallet_says(signer, digest, signature) == Some(true);
        signer != Address::ZERO && (self.by_key(signer, digest, signature) || says())
    }

    /// By key in either form.
    fn by_key(&self, signer: Address, digest: B256, signature: &[u8]) -> bool {
        let formed = is_compact(signature) || full_form(signature) == Form::Good;
        formed && self.keys.recover(digest, signature) == Recovered::By(signer)
    }

    /// A juror's vote, which its key signs whoever sends it: anybody can show it for ever.
    pub(super) fn require_voted(
        &self,
        juror: Address,
        digest: B256,
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let voted = juror != Address::ZERO && self.by_key(juror, digest, signature);
        ensure!(voted, BadSignature { signer: juror, digest });
        Ok(())
    }

    /// Whose key made a signature of EIP-2098; zero when it is malformed, malleable or nobody's.
    pub(super) fn recovered(&self, digest: B256, signature: &[u8]) -> Address {
        match self.keys.recover(digest, signature) {
            Recovered::By(account) | Recovered::Stranger(account) if is_compact(signature) => account,
            Recovered::By(_) | Recovered::Stranger(_) | Recovered::Nobody => Address::ZERO,
        }
    }

    /// What a wallet says; nothing where there is no wallet.
    pub(super) fn wallet_says(&self, account: Address, digest: B256, signature: &[u8]) -> Option<bool> {
        self.law.wallets.get(&account).map(|wallet| match wallet {
            Wallet::Owner(owner) => {
                signature.len() == FULL && self.keys.recover(digest, signature) == Recovered::By(*owner)
            }
            Wallet::Yes => true,
            Wallet::No => false,
        })
    }

    /// Signed, or sent by the account itself, which then need not sign. In a batch the escrow is the sender, and
    /// nobody.
    pub(super) fn require_signed(
        &self,
        signer: Address,
        digest: B256,
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let sender = Some(self.moment.from).filter(|sender| *sender != self.escrow());
        self.require_signed_before(sender, (signer, digest), signature)
    }

    /// The same where the sender is another than the act's.
    pub(super) fn require_signed_before(
        &self,
        sender: Option<Address>,
        (signer, digest): (Address, B256),
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let sent = signature.is_empty() && sender == Some(signer) && signer != Address::ZERO;
        ensure!(sent || self.signed(signer, digest, signature), BadSignature { signer, digest });
        Ok(())
    }
}

fn digest(domain: B256, typed: &impl SolStruct) -> B256 {
    let hash = typed.eip712_hash_struct();
    keccak256([&[0x19, 0x01], domain.as_slice(), hash.as_slice()].concat())
}
