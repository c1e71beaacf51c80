//! The contracts' storage, word by word, in the model's words.
//!
//! Each word that a transaction may write has a meaning; a write without one is a difference, and so
//! is a word that is not what the model says. Money and deals are compared whole after every step,
//! all the rest at the end of a sequence.
//!
//! Deliberately absent: storage that only the deployment writes.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, U256, keccak256};
use nuncio_protocol::{
    abi::Deployment,
    escrow::{Act, State, Terms},
    typed::deposit_nonce,
};

use super::{actors::Actors, evm::Write};

/// Places in the storage of `DealEscrow`, of `Mandates` and of USDC.
const SLOT: u64 = 0;
const CREDIT: u64 = 1;
const NONCE: u64 = 2;
const CLAIMS: u64 = 3;
const SIGNED: u64 = 4;
const AUTHORITIES: u64 = 0;
const BURNT: u64 = 1;
const PAUSER: u64 = 1;
const BALANCES: u64 = 5;
const ALLOWANCES: u64 = 6;
const AUTHORIZATIONS: u64 = 11;
/// Of the pauser's word: nothing moves.
const PAUSED_BIT: usize = 160;
/// Of a balance's word: the account is barred.
const BARRED_BIT: usize = 255;
/// Of the salts with which anybody deposits by signature.
pub(super) const SALTS: u8 = 3;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Deal(B256),
    Credit(Address),
    Nonce(Address),
    Claims(B256),
    Accepted(B256, u8),
    Who(Address, Address),
    Limits(Address, Address),
    Burnt(Address, Address, Address),
    Balance(Address),
    Allowance(Address, Address),
    Used(Address, B256),
    Pauser,
}

/// All meanings that are known so far.
#[derive(Default)]
pub(super) struct Atlas {
    meanings: HashMap<(Address, U256), Meaning>,
}

fn inside(key: B256, at: U256) -> U256 {
    let at: B256 = at.into();
    keccak256([key.0, at.0].concat()).into()
}

fn of(account: Address, at: U256) -> U256 {
    inside(account.into_word(), at)
}

impl Atlas {
    /// The words of accounts.
    pub(super) fn of_accounts(actors: &Actors, at: &Deployment) -> Self {
        let mut atlas = Self::default();
        let (escrow, usdc, mandates) = (at.contracts.escrow, at.usdc, at.contracts.mandates);
        let everybody: Vec<Address> = actors.everybody().into_iter().chain([escrow, Address::ZERO]).collect();
        for account in &everybody {
            atlas.note(escrow, of(*account, U256::from(CREDIT)), Meaning::Credit(*account));
            atlas.note(escrow, of(*account, U256::from(NONCE)), Meaning::Nonce(*account));
            atlas.note(usdc, of(*account, U256::from(BALANCES)), Meaning::Balance(*account));
            for spender in &everybody {
                let place = of(*spender, of(*account, U256::from(ALLOWANCES)));
                atlas.note(usdc, place, Meaning::Allowance(*account, *spender));
            }
            for salt in 0..SALTS {
                let nonce = deposit_nonce(*account, B256::repeat_byte(salt));
                atlas.note_payment(usdc, *account, nonce);
            }
        }
        atlas.note(usdc, U256::from(PAUSER), Meaning::Pauser);
        for agent in actors.buyers.iter().chain(&actors.sellers).copied() {
            for spender in [escrow, actors.stranger] {
                let place = of(spender, of(agent, U256::from(AUTHORITIES)));
                atlas.note(mandates, place, Meaning::Who(agent, spender));
                atlas.note(mandates, place + U256::from(1), Meaning::Limits(agent, spender));
                for principal in actors.principals.iter().copied() {
                    let place = of(spender, of(agent, of(principal, U256::from(BURNT))));
                    atlas.note(mandates, place, Meaning::Burnt(principal, agent, spender));
                }
            }
        }
        atlas
    }

    /// The words of a deal.
    pub(super) fn add_deal(&mut self, terms: &Terms, at: &Deployment) {
        let (escrow, id) = (at.contracts.escrow, terms.id);
        self.note(escrow, inside(id, U256::from(SLOT)), Meaning::Deal(id));
        self.note(escrow, inside(id, U256::from(CLAIMS)), Meaning::Claims(id));
        let signed = inside(id, U256::from(SIGNED));
        for milestone in 0..8 {
            let place = inside(B256::from(U256::from(milestone)), signed);
            self.note(escrow, place, Meaning::Accepted(id, milestone));
        }
        self.note_payment(at.usdc, terms.deal.buyer, id);
    }

    fn note_payment(&mut self, usdc: Address, payer: Address, nonce: B256) {
        let place = inside(nonce, of(payer, U256::from(AUTHORIZATIONS)));
        self.note(usdc, place, Meaning::Used(payer, nonce));
    }

    fn note(&mut self, account: Address, slot: U256, meaning: Meaning) {
        self.meanings.insert((account, slot), meaning);
    }
}

/// What the storage holds, where it is not nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mirror {
    credit: BTreeMap<Address, u64>,
    balances: BTreeMap<Address, u128>,
    deals: BTreeMap<B256, U256>,
    rest: BTreeMap<Meaning, U256>,
}

impl Mirror {
    /// What the storage must hold for this state.
    pub(super) fn of(state: &State, pauser: Address) -> Self {
        let mut mirror = Self {
            credit: state.credit.clone(),
            balances: state.token.balances.clone(),
            deals: state.deals.iter().map(|(id, deal)| (*id, deal.word())).collect(),
            rest: BTreeMap::new(),
        };
        let rest = &mut mirror.rest;
        for ((id, milestone), seconds) in &state.claims {
            let word = rest.entry(Meaning::Claims(*id)).or_default();
            *word += U256::from(*seconds) << (32 * usize::from(*milestone));
        }
        for ((id, milestone), accepted) in &state.accepted {
            let word = U256::from_be_bytes(accepted.digest.0) << 32 | U256::from(accepted.signers);
            rest.insert(Meaning::Accepted(*id, *milestone), word);
        }
        for (account, next) in &state.nonce {
            rest.insert(Meaning::Nonce(*account), U256::from(*next));
        }
        for ((agent, spender), authority) in &state.mandates.authorities {
            let [who, limits] = authority.words();
            rest.insert(Meaning::Who(*agent, *spender), who);
            rest.insert(Meaning::Limits(*agent, *spender), limits);
        }
        for ((principal, agent, spender), serial) in &state.mandates.burnt {
            rest.insert(Meaning::Burnt(*principal, *agent, *spender), U256::from(*serial));
        }
        for ((holder, spender), amount) in &state.token.allowances {
            rest.insert(Meaning::Allowance(*holder, *spender), *amount);
        }
        for (payer, nonce) in &state.token.used {
            rest.insert(Meaning::Used(*payer, *nonce), U256::from(1));
        }
        for account in &state.token.barred {
            rest.insert(Meaning::Balance(*account), U256::from(1) << BARRED_BIT);
        }
        let paused = U256::from(state.token.paused) << PAUSED_BIT;
        rest.insert(Meaning::Pauser, U256::from_be_bytes(pauser.into_word().0) | paused);
        mirror
    }

    /// Takes over what a transaction wrote.
    pub(super) fn take(&mut self, atlas: &Atlas, writes: &[Write]) -> Result<(), String> {
        for write in writes {
            let Some(meaning) = atlas.meanings.get(&(write.account, write.slot)) else {
                return Err(format!("a write without a meaning: {write:?}"));
            };
            self.set(*meaning, write.value);
        }
        Ok(())
    }

    fn set(&mut self, meaning: Meaning, value: U256) {
        match meaning {
            Meaning::Credit(account) => put(&mut self.credit, account, value.to::<u64>()),
            Meaning::Deal(id) => put(&mut self.deals, id, value),
            Meaning::Balance(account) => {
                let barred = U256::from(1) << BARRED_BIT;
                put(&mut self.balances, account, (value & !barred).to::<u128>());
                put(&mut self.rest, meaning, value & barred);
            }
            Meaning::Nonce(_)
            | Meaning::Claims(_)
            | Meaning::Accepted(..)
            | Meaning::Who(..)
            | Meaning::Limits(..)
            | Meaning::Burnt(..)
            | Meaning::Allowance(..)
            | Meaning::Used(..)
            | Meaning::Pauser => put(&mut self.rest, meaning, value),
        }
    }

    /// Whether money and deals are as the model has them.
    pub(super) fn agrees(&self, state: &State) -> Result<(), String> {
        if self.credit != state.credit {
            return Err(unlike("credit", &state.credit, &self.credit));
        }
        if self.balances != state.token.balances {
            return Err(unlike("balances", &state.token.balances, &self.balances));
        }
        let same = self.deals.len() == state.deals.len()
            && state.deals.iter().all(|(id, deal)| self.deals.get(id) == Some(&deal.word()));
        if same {
            return Ok(());
        }
        let words: BTreeMap<B256, U256> = state.deals.iter().map(|(id, deal)| (*id, deal.word())).collect();
        Err(unlike("deals", &words, &self.deals))
    }

    /// Whether everything is.
    pub(super) fn agrees_whole(&self, state: &State, pauser: Address) -> Result<(), String> {
        self.agrees(state)?;
        let model = Self::of(state, pauser);
        if self.rest == model.rest { Ok(()) } else { Err(unlike("state", &model.rest, &self.rest)) }
    }
}

fn put<K: Ord, V: Default + PartialEq>(map: &mut BTreeMap<K, V>, key: K, value: V) {
    if value == V::default() {
        map.remove(&key);
    } else {
        map.insert(key, value);
    }
}

/// Where two maps differ.
fn unlike<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    what: &str,
    model: &BTreeMap<K, V>,
    contract: &BTreeMap<K, V>,
) -> String {
    let keys = model.keys().chain(contract.keys());
    let differing = keys.filter(|key| model.get(*key) != contract.get(*key));
    let lines: std::collections::BTreeSet<String> = differing
        .map(|key| format!("{what} {key:?}: model {:?}, contract {:?}", model.get(key), contract.get(key)))
        .collect();
    lines.into_iter().collect::<Vec<_>>().join("; ")
}

/// The deals that an act speaks of.
pub(super) fn deals_of(act: &Act) -> Vec<&Terms> {
    match act {
        Act::PayoutMany { deals } => deals.iter().map(AsRef::as_ref).collect(),
        Act::SettleMany { items } => items.iter().flat_map(deals_of).collect(),
        other => other.terms().map(AsRef::as_ref).into_iter().collect(),
    }
}
