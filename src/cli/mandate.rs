//! `nuncio mandate countersign`: the agent's own signature under the mandate that a principal gives it.
//!
//! The chain takes a mandate with two signatures, the principal's and the agent's, so that nobody
//! makes another's agent its own. The principal's stands in the file; here the agent's is added, if
//! the mandate is for this agent, names its principal and card, and is for the escrow of its network.
//!
//! The keys must be free: the node does not run yet, or not now.
//!
//! Deliberately absent: the principal's key, sending to the chain, and principals that are contract
//! wallets (ERC-1271), whose signatures only a chain can check.

use std::{
    fs,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256, U256, aliases::U40};
use clap::Subcommand;
use nuncio_protocol::{
    guard::{Payload, SignRequest, Signature, Slot},
    typed::{self, EthSignature, Typed},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, password};
use crate::{home::Home, keys::Keys};

/// What to do with a mandate.
#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Adds the agent's signature to a mandate that the principal has signed.
    Countersign {
        /// The mandate as JSON, with the principal's `signature`.
        file: PathBuf,
    },
}

/// A mandate as a principal's wallet hands it over: the EIP-712 fields, large numbers as strings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Offered {
    agent: Address,
    principal: Address,
    spender: Address,
    card: B256,
    agent_id: U256,
    human_above: Decimal,
    per_period: Decimal,
    period: u32,
    scopes: u32,
    valid_from: u64,
    valid_until: u64,
    policy: B256,
    serial: u16,
    signature: EthSignature,
}

/// A number that JSON readers would round, as a decimal string.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Decimal(u64);

impl TryFrom<String> for Decimal {
    type Error = core::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Offered {
    fn typed(&self) -> typed::Mandate {
        typed::Mandate {
            agent: self.agent,
            principal: self.principal,
            spender: self.spender,
            card: self.card,
            agentId: self.agent_id,
            humanAbove: self.human_above.0,
            perPeriod: self.per_period.0,
            period: self.period,
            scopes: self.scopes,
            validFrom: U40::saturating_from(self.valid_from),
            validUntil: U40::saturating_from(self.valid_until),
            policy: self.policy,
            serial: self.serial,
        }
    }

    /// Why this agent does not take it, if it does not.
    fn objection(&self, home: &Home, contracts: &typed::Contracts) -> Option<String> {
        let card = &home.card.document;
        let differs = |what: &str, theirs: String, ours: String| {
            (theirs != ours).then(|| format!("the mandate's {what} is {theirs}, ours is {ours}"))
        };
        differs("agent", self.agent.to_string(), card.settlement.to_string())
            .or_else(|| differs("principal", self.principal.to_string(), card.principal.address.to_string()))
            .or_else(|| differs("card", self.card.to_string(), card.id().word().to_string()))
            .or_else(|| differs("escrow", self.spender.to_string(), contracts.escrow.to_string()))
            .or_else(|| {
                let signed = self.signature.is_by(self.principal, self.typed().digest(contracts));
                (!signed).then(|| format!("the principal {} has not signed this", self.principal))
            })
    }

    /// The agent's signature. One mandate for each serial: the slot refuses a second one.
    fn countersign(
        &self,
        root: &Path,
        contracts: &typed::Contracts,
        password: &str,
    ) -> Result<EthSignature, Failure> {
        let keys = Keys::unlock(root, password).map_err(Failure::failed)?;
        // The records stay closed: what this slot holds is in the guard itself.
        keys.compare(0).map_err(Failure::failed)?;
        let request = SignRequest {
            slot: Slot::exclusive(format!("mandate/{}/{}", self.spender, self.serial)),
            payloads: vec![Payload::Typed { digest: self.typed().digest(contracts) }],
        };
        match keys.sign(&request).map_err(Failure::failed)?.as_slice() {
            [Signature::Typed(signature)] => Ok(EthSignature(*signature)),
            _ => Err(Failure::failed("the keys gave another signature than was asked for")),
        }
    }
}

impl Act {
    pub(super) fn run(&self, root: &Path) -> Result<Value, Failure> {
        let Self::Countersign { file } = self;
        let unreadable = |error: String| Failure::usage(format!("{}: {error}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        let offered: Offered = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let home = Home::open(root)?;
        let contracts = contracts(&home)?;
        if let Some(why) = offered.objection(&home, &contracts) {
            return Err(Failure::failed(why).hint("have the principal sign a mandate for this agent's card"));
        }
        let signature = offered.countersign(root, &contracts, &password::read(false)?)?;
        Ok(json!({ "signature": signature }))
    }
}

fn contracts(home: &Home) -> Result<typed::Contracts, Failure> {
    let network = home.network.network(home.config.network).map_err(Failure::failed)?;
    Ok(network.deployment.contracts)
}

#[cfg(test)]
mod tests {
    use alloy::signers::{SignerSync, local::PrivateKeySigner};

    use super::*;
    use crate::cli::init::tests::init;

    fn offered(home: &Home, principal: &PrivateKeySigner, change: impl FnOnce(&mut Offered)) -> Offered {
        let card = &home.card.document;
        let contracts = contracts(home).unwrap();
        let paper = json!({
            "agent": card.settlement, "principal": principal.address(), "spender": contracts.escrow,
            "card": card.id().word(), "agentId": "0", "humanAbove": "400000000", "perPeriod": "400000000",
            "period": 86_400, "scopes": 1, "validFrom": 1, "validUntil": 2, "policy": B256::ZERO, "serial": 1,
            "signature": format!("0x{}", "00".repeat(65)),
        });
        let mut offered: Offered = serde_json::from_value(paper).unwrap();
        change(&mut offered);
        let digest = offered.typed().digest(&contracts);
        offered.signature = EthSignature(principal.sign_hash_sync(&digest).unwrap().as_bytes());
        offered
    }

    #[test]
    fn an_agent_countersigns_its_own_mandate_and_no_second_one_under_that_serial() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("home");
        let principal = PrivateKeySigner::random();
        init(folder.path(), principal.address()).make(&root, "password").unwrap();
        let home = Home::open(&root).unwrap();
        let contracts = contracts(&home).unwrap();
        let mandate = offered(&home, &principal, |_| {});
        assert_eq!(mandate.objection(&home, &contracts), None);
        let signature = mandate.countersign(&root, &contracts, "password").unwrap();
        assert!(signature.is_by(home.settlement(), mandate.typed().digest(&contracts)));
        let wider = offered(&home, &principal, |mandate| mandate.scopes = 3);
        assert_eq!(wider.objection(&home, &contracts), None);
        assert!(wider.countersign(&root, &contracts, "password").is_err());
    }

    #[test]
    fn a_mandate_for_somebody_else_or_by_somebody_else_is_not_countersigned() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("home");
        let principal = PrivateKeySigner::random();
        init(folder.path(), principal.address()).make(&root, "password").unwrap();
        let home = Home::open(&root).unwrap();
        let contracts = contracts(&home).unwrap();
        let other = Address::repeat_byte(7);
        let rows: [(&str, fn(&mut Offered, Address)); 4] = [
            ("agent", |mandate, other| mandate.agent = other),
            ("principal", |mandate, other| mandate.principal = other),
            ("card", |mandate, _| mandate.card = B256::ZERO),
            ("escrow", |mandate, other| mandate.spender = other),
        ];
        for (what, change) in rows {
            let mandate = offered(&home, &principal, |mandate| change(mandate, other));
            let why = mandate.objection(&home, &contracts).unwrap();
            assert!(why.contains(what), "{why}");
        }
        let mut unsigned = offered(&home, &principal, |_| {});
        unsigned.per_period = Decimal(u64::MAX);
        assert!(unsigned.objection(&home, &contracts).unwrap().contains("has not signed"));
    }
}
