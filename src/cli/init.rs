//! `nuncio init`: makes a node out of a network's description, a principal and a passphrase.
//!
//! Keys first, because everything else names them; the configuration last, because its presence says
//! that a node is here. The card is signed by the identity and countersigned by the settlement
//! account, in a slot of the sign guard like everything else.
//!
//! Deliberately absent: the mandate. The principal signs that with its own key.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_primitives::Address;
use clap::Args;
use nuncio_protocol::{
    did::{Did, PrincipalDid},
    document::{AgentCard, Chain, Document, Role, Salt, SessionKey, Signed},
    guard::{Payload, SignRequest, Signature, Slot},
    ids::PeerKey,
    money::Usdc,
    policy::Policy,
    proof::Draft,
    text::BoundError,
    time::Timestamp,
    typed::{EthSignature, card_digest},
};
use rand::rngs::SysRng;
use rand_core::UnwrapErr;
use serde_json::{Value, json};

use super::{Failure, password};
use crate::{
    api::Tokens,
    home::{Config, Home, HomeError, NetworkFile, Preset},
    keys::{Hardness, Keys},
    net::print_peer_id,
};

/// How long a card counts, seconds: five years.
const CARD_SECS: u64 = 5 * 365 * 86_400;
/// The card's key for papers outside of any NDA lies in the slot of this panel request, which no
/// digest can be.
const CARD_SLOT: [u8; 32] = [0; 32];

/// Makes a node.
#[derive(Debug, Args)]
pub struct Init {
    /// Which set of waiting times and key hardness applies.
    #[arg(long, value_enum)]
    network: Preset,
    /// What the node does: trader, juror, vault, relay; separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<Role>,
    /// What the agent is called.
    #[arg(long)]
    name: String,
    /// The network's description: contracts, endpoints, beacon.
    #[arg(long)]
    deployment: PathBuf,
    /// The principal's account.
    #[arg(long)]
    principal: Address,
    /// A market to be in. May be repeated.
    #[arg(long, default_values = ["documents"])]
    domain: Vec<String>,
    /// A kind of task to do or ask for. May be repeated.
    #[arg(long, default_values = ["filing-summary/1"])]
    task_schema: Vec<String>,
}

fn role(text: &str) -> Result<Role, String> {
    serde_json::from_value(Value::from(text)).map_err(|_| "trader, juror, vault or relay".to_owned())
}

impl Init {
    pub(super) fn run(mut self, root: &Path) -> Result<Value, Failure> {
        if root.join("config.toml").exists() {
            return Err(HomeError::Taken(root.to_owned()).into());
        }
        for list in [&mut self.domain, &mut self.task_schema] {
            list.sort();
            list.dedup();
        }
        self.roles.sort();
        self.roles.dedup();
        let network = NetworkFile::read(&self.deployment)?;
        network.network(self.network).map_err(|why| HomeError::Content { path: self.deployment.clone(), why })?;
        let hardness = match self.network {
            Preset::Local => Hardness::Local,
            Preset::Production => Hardness::Production,
        };
        let keys = Keys::create(root, &password::read(true)?, hardness).map_err(Failure::failed)?;
        Tokens::create(root)?;
        let chain = network.deployment.chain_id;
        let card = self.card(&keys, chain)?;
        let peer_id = print_peer_id(card.document.node).map_err(Failure::failed)?;
        let answer = json!({
            "did": card.document.agent,
            "address": card.document.settlement,
            "peer_id": peer_id,
            "card": card.document.id().word(),
        });
        let home = Home { root: root.to_owned(), config: self.config(), network, card };
        home.me(&[]).map_err(Failure::usage)?;
        home.write()?;
        Ok(answer)
    }

    /// The card, signed by the identity and countersigned by the settlement account.
    fn card(&self, keys: &Keys, chain: u64) -> Result<Signed<AgentCard>, Failure> {
        let wrong = |error: BoundError| Failure::usage(error);
        let public = keys.public();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(Failure::failed)?.as_secs();
        let agent = Did::from_key(public.identity).map_err(Failure::failed)?;
        let content = AgentCard {
            agent,
            name: self.name.parse().map_err(wrong)?,
            principal: PrincipalDid { chain, address: self.principal },
            settlement: public.settlement,
            session: SessionKey::from_key(public.session).map_err(Failure::failed)?,
            node: PeerKey(public.node),
            age_recipient: keys
                .juror_recipient(CARD_SLOT)
                .map_err(Failure::failed)?
                .parse()
                .map_err(Failure::failed)?,
            roles: self.roles.clone().try_into().map_err(wrong)?,
            provider: None,
            model_family: None,
            valid_from_secs: now,
            valid_until_secs: now + CARD_SECS,
        };
        let salt = Salt::random(&mut UnwrapErr(SysRng));
        let document = Document::new(Chain(chain), salt, content).map_err(Failure::usage)?;
        let id = document.id();
        let draft = Draft::new(agent, Timestamp::from_secs(now));
        let request = SignRequest {
            slot: Slot::exclusive(format!("paper/{id}")),
            payloads: vec![
                Payload::Identity { bytes: draft.signing_input(id).to_vec() },
                Payload::Typed { digest: card_digest(id) },
            ],
        };
        // Keys that were just made have signed nothing that records could know of.
        keys.compare(0).map_err(Failure::failed)?;
        let mut signed = Signed::unsigned(document);
        for signature in keys.sign(&request).map_err(Failure::failed)? {
            match signature {
                Signature::Identity(signature) => {
                    signed.proofs.push(draft.attach(signature)).map_err(Failure::failed)?;
                }
                Signature::Typed(signature) => signed.countersignature = Some(EthSignature(signature)),
            }
        }
        Ok(signed)
    }

    fn config(&self) -> Config {
        let policy = Policy { per_deal_max: Usdc(1_000_000_000), ..Policy::default() };
        let policy = match self.network {
            // A local chain has minutes, not days, and no clause there needs a reader.
            Preset::Local => Policy { window_secs_min: 0, ..policy },
            Preset::Production => policy,
        };
        Config {
            network: self.network,
            name: self.name.clone(),
            roles: self.roles.clone(),
            domains: self.domain.clone(),
            task_schemas: self.task_schema.clone(),
            policy,
        }
    }
}
