//! Who takes part: keys, contract wallets, juries that answer what they are told.
//!
//! A signature is made once and remembered with what it signs, so that the model can be told who
//! signed without any cryptography of its own. Wallets and juries are a few instructions each.
//!
//! Deliberately absent: secrets. The keys follow from their names.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use nuncio_protocol::escrow::{Keys, Recovered, Wallet};

use super::{dice::Dice, evm::Evm};
use crate::keys::sign_digest;

const COMPACT: usize = 64;
const FULL: usize = 65;
/// Secp256k1's order.
const ORDER: U256 =
    U256::from_be_slice(&hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));

/// Reads r, s and v behind the digest and answers by the owner's key.
const OWNED_BEFORE: [u8; 35] = hex!("6004355f5260a4355f1a602052604060646040376020608060805f60015afa50608051");
const OWNED_AFTER: [u8; 16] = hex!("14631626ba7e60e01b025f5260205ff3");
const PUSH20: u8 = 0x73;
const YES: [u8; 14] = hex!("631626ba7e60e01b5f5260205ff3");
/// A word of zeros; 31 bytes of the right word; a revert; all gas spent.
const NO: [&[u8]; 4] =
    [&hex!("60205ff3"), &hex!("631626ba7e60e01b5f52601f5ff3"), &hex!("5f5ffd"), &hex!("fe")];
/// Answers with the word stored under keccak256(deal ‖ milestone).
const JURY: [u8; 17] = hex!("604060045f3760405f20545f5260205ff3");
/// Before the address of the code that an account runs (EIP-7702): so a jury can answer and also send.
const DELEGATED: [u8; 3] = hex!("ef0100");

/// Everybody, by part.
pub(super) struct Actors {
    keys: BTreeMap<Address, SigningKey>,
    /// Accounts with code.
    pub(super) wallets: BTreeMap<Address, Wallet>,
    codes: Vec<(Address, Vec<u8>)>,
    pub(super) buyers: Vec<Address>,
    pub(super) sellers: Vec<Address>,
    pub(super) principals: Vec<Address>,
    pub(super) jurors: Vec<Address>,
    pub(super) vaults: Vec<Address>,
    /// Answer what they are told, and send.
    pub(super) juries: Vec<Address>,
    /// Answer nothing that counts: no code, a revert, a wallet's word, all gas spent.
    pub(super) silent_juries: Vec<Address>,
    pub(super) stranger: Address,
    ink: RefCell<Ink>,
}

/// Signatures that were made.
#[derive(Default)]
struct Ink {
    made: HashMap<(Address, B256), [u8; FULL]>,
    signed: HashMap<[u8; COMPACT], (Address, B256)>,
}

/// How a signature is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgery {
    /// Of something else.
    OtherDigest,
    /// By somebody else.
    OtherKey,
    /// The other `s`.
    HighS,
    /// The other `v`.
    OtherV,
    /// A `v` that does not exist.
    NoV,
    /// A byte too few.
    Short,
    /// None at all.
    Empty,
    /// Zeros.
    Zeros,
}

impl Forgery {
    pub(super) const ALL: [Self; 8] = [
        Self::OtherDigest,
        Self::OtherKey,
        Self::HighS,
        Self::OtherV,
        Self::NoV,
        Self::Short,
        Self::Empty,
        Self::Zeros,
    ];
}

fn named(name: &str, number: usize) -> B256 {
    keccak256(format!("nuncio/differential/{name}/{number}"))
}

fn place(name: &str, number: usize) -> Address {
    Address::from_word(named(name, number))
}

impl Actors {
    pub(super) fn new() -> Self {
        let mut actors = Self {
            keys: BTreeMap::new(),
            wallets: BTreeMap::new(),
            codes: Vec::new(),
            buyers: Vec::new(),
            sellers: Vec::new(),
            principals: Vec::new(),
            jurors: Vec::new(),
            vaults: Vec::new(),
            juries: Vec::new(),
            silent_juries: Vec::new(),
            stranger: Address::ZERO,
            ink: RefCell::default(),
        };
        actors.buyers = actors.people("buyer", 3);
        actors.sellers = actors.people("seller", 3);
        actors.principals = actors.people("principal", 3);
        actors.jurors = actors.people("juror", 6);
        actors.vaults = actors.people("vault", 5);
        actors.stranger = actors.person("stranger", 0);
        for part in ["buyer", "seller", "principal", "juror", "vault"] {
            let wallet = actors.owned(part);
            actors.list(part).push(wallet);
        }
        let yes = actors.wallet("yes", 0, Wallet::Yes, YES.to_vec());
        actors.buyers.push(yes);
        actors.jurors.push(yes);
        for (number, code) in NO.into_iter().enumerate() {
            let wallet = actors.wallet("no", number, Wallet::No, code.to_vec());
            let part = ["seller", "juror", "vault", "buyer"][number];
            actors.list(part).push(wallet);
            actors.silent_juries.push(wallet);
        }
        actors.silent_juries.push(actors.stranger);
        let answering = place("answering", 0);
        actors.codes.push((answering, JURY.to_vec()));
        for number in 0..2 {
            // Asked about a signature it answers with a word that it was never told.
            let code = [&DELEGATED[..], answering.as_slice()].concat();
            let jury = actors.wallet("jury", number, Wallet::No, code);
            actors.juries.push(jury);
        }
        actors
    }

    fn list(&mut self, part: &str) -> &mut Vec<Address> {
        match part {
            "buyer" => &mut self.buyers,
            "seller" => &mut self.sellers,
            "principal" => &mut self.principals,
            "juror" => &mut self.jurors,
            _ => &mut self.vaults,
        }
    }

    fn people(&mut self, name: &str, count: usize) -> Vec<Address> {
        (0..count).map(|number| self.person(name, number)).collect()
    }

    fn person(&mut self, name: &str, number: usize) -> Address {
        let key = SigningKey::from_slice(named(name, number).as_slice())
            .expect("invariant: nearly every 32 bytes are a secp256k1 key");
        let point = key.verifying_key().to_encoded_point(false);
        let account = Address::from_raw_public_key(&point.as_bytes()[1..]);
        self.keys.insert(account, key);
        account
    }

    fn owned(&mut self, part: &str) -> Address {
        let owner = self.person(&format!("owner of {part}"), 0);
        let code = [&OWNED_BEFORE[..], &[PUSH20], owner.as_slice(), &OWNED_AFTER].concat();
        self.wallet(&format!("owned {part}"), 0, Wallet::Owner(owner), code)
    }

    fn wallet(&mut self, name: &str, number: usize, wallet: Wallet, code: Vec<u8>) -> Address {
        let account = place(name, number);
        self.wallets.insert(account, wallet);
        self.codes.push((account, code));
        account
    }

    /// Puts the code of wallets and juries into the machine.
    pub(super) fn move_in(&self, evm: &mut Evm) {
        for (account, code) in &self.codes {
            evm.put_code(*account, code.clone());
        }
    }

    /// All accounts that money may come to.
    pub(super) fn everybody(&self) -> BTreeSet<Address> {
        let lists = [&self.buyers, &self.sellers, &self.principals, &self.jurors, &self.vaults, &self.juries];
        lists.into_iter().flatten().copied().chain([self.stranger]).collect()
    }

    /// Accounts that can send a transaction.
    pub(super) fn senders(&self) -> Vec<Address> {
        self.everybody().into_iter().filter(|account| self.keys.contains_key(account)).collect()
    }

    /// An account's signature of a digest, as good as it can be; in the short form where it is asked for.
    pub(super) fn sign(&self, account: Address, digest: B256, compact: bool) -> Bytes {
        match self.wallets.get(&account) {
            Some(Wallet::Owner(owner)) => self.by_key(*owner, digest).into(),
            Some(Wallet::Yes | Wallet::No) => Bytes::from_static(&[7; 3]),
            None if self.keys.contains_key(&account) => {
                let full = self.by_key(account, digest);
                if compact { shortened(&full).into() } else { full.into() }
            }
            None => Bytes::from_static(&[7; COMPACT]),
        }
    }

    /// A signature that is wrong for an account with a key.
    pub(super) fn forge(&self, account: Address, digest: B256, how: Forgery, dice: &mut Dice) -> Bytes {
        let signer = match self.wallets.get(&account) {
            Some(Wallet::Owner(owner)) => *owner,
            Some(Wallet::Yes | Wallet::No) | None => account,
        };
        if !self.keys.contains_key(&signer) {
            return Bytes::new();
        }
        let full = self.by_key(signer, digest);
        // Other than the contracts, a wallet's code takes a high `s`.
        let how = if how == Forgery::HighS && signer != account { Forgery::NoV } else { how };
        match how {
            Forgery::OtherDigest => self.by_key(signer, keccak256(digest)).into(),
            Forgery::OtherKey => {
                let by = self.by_key(self.stranger, digest);
                if dice.percent(50) { by.into() } else { shortened(&by).into() }
            }
            Forgery::HighS => {
                let mut high = full;
                let s = ORDER - U256::from_be_slice(&full[32..COMPACT]);
                high[32..COMPACT].copy_from_slice(&s.to_be_bytes::<32>());
                high[COMPACT] = 55 - full[COMPACT];
                high.into()
            }
            Forgery::OtherV => {
                let mut other = full;
                other[COMPACT] = 55 - full[COMPACT];
                other.into()
            }
            Forgery::NoV => {
                let mut other = full;
                other[COMPACT] -= 27;
                other.into()
            }
            Forgery::Short => Bytes::copy_from_slice(&full[..COMPACT - 1]),
            Forgery::Empty => Bytes::new(),
            Forgery::Zeros => {
                let mut zeros = [0; FULL];
                zeros[COMPACT] = 27;
                zeros.into()
            }
        }
    }

    fn by_key(&self, account: Address, digest: B256) -> [u8; FULL] {
        let mut ink = self.ink.borrow_mut();
        if let Some(made) = ink.made.get(&(account, digest)) {
            return *made;
        }
        let made = sign_digest(&self.keys[&account], digest);
        ink.made.insert((account, digest), made);
        ink.signed.insert(shortened(&made), (account, digest));
        made
    }
}

/// The form of EIP-2098: `v` in the highest bit of `s`.
fn shortened(full: &[u8; FULL]) -> [u8; COMPACT] {
    nuncio_protocol::typed::EthSignature(*full).compact()
}

/// Whose key made a signature, whoever that is.
fn made_by(digest: B256, short: &[u8; COMPACT]) -> Option<Address> {
    let mut scalars = *short;
    scalars[COMPACT / 2] &= 0x7f;
    let odd = short[COMPACT / 2] & 0x80 != 0;
    let signature = Signature::from_slice(&scalars).ok()?;
    let key = VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, RecoveryId::new(odd, false))
        .ok()?;
    Some(Address::from_raw_public_key(&key.to_encoded_point(false).as_bytes()[1..]))
}

impl Keys for Actors {
    fn recover(&self, digest: B256, signature: &[u8]) -> Recovered {
        let short = match <[u8; FULL]>::try_from(signature) {
            Ok(full) if [27, 28].contains(&full[COMPACT]) => shortened(&full),
            Ok(_) => return Recovered::Nobody,
            Err(_) => match signature.try_into() {
                Ok(short) => short,
                Err(_) => return Recovered::Nobody,
            },
        };
        match self.ink.borrow().signed.get(&short) {
            Some((by, of)) if *of == digest => Recovered::By(*by),
            Some(_) | None => made_by(digest, &short).map_or(Recovered::Nobody, Recovered::Stranger),
        }
    }
}
