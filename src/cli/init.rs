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
    home::{Config, Home, HomeError, NetworkFile, OwnRisk, Preset, Trust},
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
    /// An endpoint of the chain, `http://…`, instead of those in the description. May be repeated.
    #[arg(long)]
    rpc: Vec<String>,
    /// The principal's account.
    #[arg(long)]
    principal: Address,
    /// A market to be in. May be repeated.
    #[arg(long, default_values = ["documents"])]
    domain: Vec<String>,
    /// A kind of task to do or ask for. May be repeated.
    #[arg(long, default_values = ["filing-summary/1"])]
    task_schema: Vec<String>,
    /// An agent whose ratings count in full from the start, `did:key:…`. May be repeated; without any
    /// it is the agent itself.
    #[arg(long)]
    trust_seed: Vec<Did>,
}

fn role(text: &str) -> Result<Role, String> {
    serde_json::from_value(Value::from(text)).map_err(|_| "trader, juror, vault or relay".to_owned())
}

impl Init {
    pub(super) fn run(self, root: &Path) -> Result<Value, Failure> {
        if root.join("config.toml").exists() {
            return Err(HomeError::Taken(root.to_owned()).into());
        }
        let password = password::read(true)?;
        self.make(root, &password)
    }

    /// Makes the home and says who the node is.
    pub(super) fn make(mut self, root: &Path, password: &str) -> Result<Value, Failure> {
        for list in [&mut self.domain, &mut self.task_schema] {
            list.sort();
            list.dedup();
        }
        self.roles.sort();
        self.roles.dedup();
        let mut network = NetworkFile::read(&self.deployment)?;
        if !self.rpc.is_empty() {
            network.rpc = core::mem::take(&mut self.rpc);
        }
        network
            .network(self.network)
            .map_err(|why| HomeError::Content { path: self.deployment.clone(), why })?;
        let hardness = match self.network {
            Preset::Local => Hardness::Local,
            Preset::Production => Hardness::Production,
        };
        let keys = Keys::create(root, password, hardness)?;
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
            trust: Trust { seeds: self.trust_seed.iter().copied().collect() },
            chain: OwnRisk::default(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;
    use nuncio_contracts::{Beacon, Deployment};
    use nuncio_protocol::beacon::BeaconChain;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        init: Init,
    }

    /// The contracts that stand on nothing yet: anvil's.
    fn contracts() -> &'static Deployment {
        Deployment::named("anvil").unwrap()
    }

    /// The description of a network that nobody runs.
    fn network(folder: &Path) -> PathBuf {
        let Beacon { public_key, genesis, period_secs } = &contracts().beacon;
        let (genesis, period) = (u64::from(*genesis), u64::from(*period_secs));
        let beacon = BeaconChain::from_uncompressed("anvil's", public_key, genesis, period).unwrap();
        let text = json!({
            "deployment": contracts(),
            "rpc": ["http://127.0.0.1:1"],
            "beacon": {
                "urls": ["http://127.0.0.1:2"], "public_key": hex::encode(beacon.public_key()), "period": period,
                "genesis_time": genesis, "hash": "00",
            },
        });
        let path = folder.join("network.json");
        std::fs::write(&path, text.to_string()).unwrap();
        path
    }

    pub(in crate::cli) fn init(folder: &Path, principal: Address) -> Init {
        let deployment = network(folder).to_string_lossy().into_owned();
        let principal = principal.to_string();
        let line = ["x", "--network", "local", "--roles", "vault,trader", "--name", "n", "--domain", "b"];
        let rest = ["--domain", "a", "--deployment", &deployment, "--principal", &principal];
        Line::try_parse_from(line.into_iter().chain(rest)).unwrap().init
    }

    #[test]
    fn a_new_home_has_a_card_that_any_stranger_accepts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("home");
        let principal = Address::repeat_byte(0xaa);
        let answer = init(folder.path(), principal).make(&root, "password").unwrap();
        let home = Home::open(&root).unwrap();
        let contracts = crate::home::deployment(contracts()).unwrap().contracts;
        let card = home.card.clone().verify(&contracts).unwrap();
        assert_eq!(card.principal.address, principal);
        assert_eq!(card.roles.to_vec(), [Role::Trader, Role::Vault]);
        assert_eq!(answer["card"], format!("0x{}", card.id()));
        assert_eq!(answer["did"], card.agent.to_string());
        assert!(answer["peer_id"].as_str().unwrap().starts_with("12D3Koo"), "{answer}");
        assert_eq!(home.config.domains, ["a", "b"]);
        assert_eq!((home.config.policy.sign_nda, home.config.policy.window_secs_min), (false, 0));
        Tokens::read(&root).unwrap();
    }

    #[test]
    fn credibility_starts_from_the_configured_agents_or_from_oneself() {
        let folder = tempfile::tempdir().unwrap();
        let homes = [folder.path().join("lone"), folder.path().join("member")];
        let make = |root: &Path, seeds: Vec<Did>| {
            let init = Init { trust_seed: seeds, ..init(folder.path(), Address::repeat_byte(0xaa)) };
            init.make(root, "password").unwrap();
            let home = Home::open(root).unwrap();
            (home.card.document.agent, home.me(&[]).unwrap().trust_seeds)
        };
        let (lone, seeds) = make(&homes[0], Vec::new());
        assert_eq!(seeds, [lone].into());
        let (_, seeds) = make(&homes[1], vec![lone, lone]);
        assert_eq!(seeds, [lone].into(), "and not itself: who has the same seeds has the same scores");
    }

    #[test]
    fn a_beacon_that_the_contracts_were_not_built_with_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let init = init(folder.path(), Address::repeat_byte(0xaa));
        let text = std::fs::read_to_string(&init.deployment).unwrap();
        let mut network: Value = serde_json::from_str(&text).unwrap();
        network["beacon"]["period"] = 3.into();
        std::fs::write(&init.deployment, network.to_string()).unwrap();
        let failure = init.make(&folder.path().join("home"), "password").unwrap_err();
        assert!(failure.message.contains("not the one that the contracts were built with"), "{failure}");
    }

    #[test]
    fn a_home_is_never_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("home");
        let again = || init(folder.path(), Address::repeat_byte(0xaa));
        again().make(&root, "password").unwrap();
        let failure = again().run(&root).unwrap_err();
        assert_eq!((failure.code, failure.hint.is_some()), (1, true));
    }
}
