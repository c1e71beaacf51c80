//! Who takes part in the worked example: eleven principals and their nodes, strangers to each other.
//!
//! | who | node | agent program |
//! |---|---|---|
//! | a research house | `buyer` | buyer |
//! | a careful bureau | `seller-careful` | seller |
//! | a cheap bureau | `seller-cheap` | seller |
//! | five experts | `juror-1` … `juror-5` | none |
//! | two archives | `vault-1`, `vault-2` | none |
//!
//! The archives have bought from both bureaus before, see `past`.
//!
//! The last one, the regulator, has no node: an age key and the stock `age` tool are all it needs.

use nuncio_protocol::{
    money::Usdc,
    typed::{SCOPE_BUY, SCOPE_SELL},
};

use crate::{chain::Account, cluster::NodeRole};

/// A principal before its node exists.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The node's name.
    pub name: &'static str,
    /// What the node is for.
    pub role: NodeRole,
    /// The instructions of its agent program, if it has one, and which program that is.
    pub agent: Option<(&'static str, &'static str)>,
    /// What its mandate allows.
    pub scopes: u32,
    /// The test USDC that it begins with.
    pub purse: Usdc,
    /// What of it is put into the escrow's credit.
    pub credit: Usdc,
    /// The provider of its juror's judgement, as declared with the seat.
    pub provider: u16,
}

pub(crate) const PASSIVE: Part = Part {
    name: "",
    role: NodeRole::Vault,
    agent: None,
    scopes: 0,
    purse: Usdc(0),
    credit: Usdc(0),
    provider: 0,
};

pub(crate) const fn juror(name: &'static str, provider: u16) -> Part {
    Part { name, role: NodeRole::Juror, purse: Usdc(150_000_000), provider, ..PASSIVE }
}

/// An archive. It deals for itself too, apart from what it keeps for others.
const fn vault(name: &'static str, scopes: u32, usdc: u64) -> Part {
    let purse = Usdc(usdc * 1_000_000);
    Part { name, scopes, purse, credit: purse, ..PASSIVE }
}

/// The cast in order of appearance; the first is the bootstrap node.
pub const CAST: [Part; 10] = [
    vault("vault-1", SCOPE_BUY, 150),
    vault("vault-2", SCOPE_BUY | SCOPE_SELL, 200),
    juror("juror-1", 1),
    juror("juror-2", 2),
    juror("juror-3", 3),
    juror("juror-4", 4),
    juror("juror-5", 5),
    Part {
        name: "seller-careful",
        role: NodeRole::Trader,
        agent: Some(("seller", "seller-careful.toml")),
        scopes: SCOPE_SELL,
        ..PASSIVE
    },
    Part {
        name: "seller-cheap",
        role: NodeRole::Trader,
        agent: Some(("seller", "seller-cheap.toml")),
        scopes: SCOPE_SELL,
        ..PASSIVE
    },
    Part {
        name: "buyer",
        role: NodeRole::Trader,
        agent: Some(("buyer", "buyer.toml")),
        scopes: SCOPE_BUY,
        purse: Usdc(1_000_000_000),
        credit: Usdc(500_000_000),
        ..PASSIVE
    },
];

/// The buyer's place in the cast.
pub const BUYER: usize = 9;

/// The principals' accounts, in the order of a cast.
#[must_use]
pub fn principals(cast: &[Part]) -> Vec<Account> {
    cast.iter().map(|part| Account::random(&format!("principal of {}", part.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cast_is_the_one_of_the_story() {
        let count = |role| CAST.iter().filter(|part| part.role == role).count();
        assert_eq!((count(NodeRole::Trader), count(NodeRole::Juror), count(NodeRole::Vault)), (3, 5, 2));
        assert_eq!(CAST[BUYER].name, "buyer");
        let mut providers: Vec<_> =
            CAST.iter().filter(|p| p.role == NodeRole::Juror).map(|p| p.provider).collect();
        providers.dedup();
        assert!(providers.len() >= 3, "at least three providers");
    }
}
