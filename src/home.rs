//! A node's home: where everything of one node lies, and what it was told about the world.
//!
//! ```text
//! HOME/config.toml      what the principal decided: name, roles, domains, policy, seeds of trust
//! HOME/network.json     the chain, its contracts, its endpoints, the beacon
//! HOME/card.json        the signed agent card
//! HOME/keys/            keys, sign guard, fixed-slot secrets
//! HOME/records/         the record store
//! HOME/blobs/           sealed blobs by hash
//! HOME/templates/       templates of one's own, one JSON file each; one replaces what comes with its name
//! HOME/staged/          files of our own, sealed to ourselves, by the hash of their bytes
//! HOME/tokens/          one bearer token per role, 0600
//! HOME/api.addr         where the local API listens, while it does
//! ```
//!
//! Unknown fields are refused: a misspelt limit must not be no limit.
//!
//! Deliberately absent: passphrases, and defaults for anything that spends money.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256};
use nuncio_contracts::{Contract, Deployment as Contracts, NotDeployed};
use nuncio_protocol::{
    abi::Deployment,
    beacon::BeaconChain,
    did::Did,
    document::{AgentCard, Role, Signed},
    node::{Me, Network, Timing},
    policy::Policy,
    template::{Template, Templates},
    text::{BoundedVec, Line, Token},
    typed,
};
use serde::{Deserialize, Serialize};

use crate::chain;

/// Says what is wrong with a home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is no node here.
    #[error("{0} holds no node")]
    NoNode(PathBuf),
    /// There is a node here already.
    #[error("{0} holds a node already")]
    Taken(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not say what it should.
    #[error("{path}: {why}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl HomeError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoNode(_) => "make one with `nuncio init`",
            Self::Taken(_) => "choose another folder with --home",
            Self::File { .. } => "check that the path exists and is yours",
            Self::Content { .. } => "correct the file; `nuncio config show` prints what is in force",
        }
    }
}

/// Which set of waiting times applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// A local chain with one-second blocks.
    Local,
    /// Base.
    Production,
}

/// What the principal decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which set of waiting times applies.
    pub network: Preset,
    /// What the agent is called.
    pub name: String,
    /// What the node does for others.
    pub roles: Vec<Role>,
    /// Markets that it announces itself in and listens to.
    pub domains: Vec<String>,
    /// Kinds of task that it does or asks for.
    pub task_schemas: Vec<String>,
    /// Hard limits.
    pub policy: Policy,
    /// Whose word counts at first.
    #[serde(default)]
    pub trust: Trust,
    /// Which contracts the node talks to, beside this release's.
    #[serde(default)]
    pub chain: OwnRisk,
}

/// Contracts of other builds that the principal has examined itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRisk {
    /// Keccak-256 of code that may stand at the addresses of the network file, beside the release's. No peer
    /// and no network file adds to this.
    #[serde(default)]
    pub allow_code: BTreeSet<B256>,
}

/// Where the walk of credibility begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Agents whose ratings count in full from the start, `did:key:…`. Principals with the same seeds
    /// compute the same scores. Without any it is the agent itself: then nobody else has a score
    /// before it has rated somebody.
    #[serde(default)]
    pub seeds: BTreeSet<Did>,
}

/// What every node of a network is told alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// Which contract stands where.
    pub deployment: Contracts,
    /// Endpoints of the chain.
    pub rpc: Vec<String>,
    /// The beacon.
    pub beacon: BeaconFile,
}

/// A drand beacon, as drand describes one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BeaconFile {
    /// Where it answers.
    pub urls: Vec<String>,
    /// Compressed, hexadecimal, 96 bytes.
    pub public_key: String,
    /// Seconds between two rounds.
    pub period: u64,
    /// When round 1 was, Unix seconds.
    pub genesis_time: u64,
}

/// A home that holds a node.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder.
    pub root: PathBuf,
    /// What the principal decided.
    pub config: Config,
    /// What it was told about the network.
    pub network: NetworkFile,
    /// The agent's card.
    pub card: Signed<AgentCard>,
}

/// Reads a file of a home.
fn read(path: PathBuf) -> Result<String, HomeError> {
    fs::read_to_string(&path).map_err(|source| HomeError::File { path, source })
}

/// Writes a file of a home.
///
/// # Errors
/// [`HomeError::File`].
pub fn write(path: PathBuf, text: &str) -> Result<(), HomeError> {
    fs::write(&path, text).map_err(|source| HomeError::File { path, source })
}

/// The contracts of a network as the protocol knows them.
///
/// # Errors
/// [`NotDeployed`] for the one that is missing.
pub fn deployment(network: &Contracts) -> Result<Deployment, NotDeployed> {
    Ok(Deployment {
        contracts: typed::Contracts {
            chain_id: network.chain_id,
            mandates: network.address(Contract::Mandates)?,
            accords: network.address(Contract::Accords)?,
            escrow: network.address(Contract::DealEscrow)?,
            jury: network.address(Contract::JuryPool)?,
        },
        beacon: network.address(Contract::DrandBeacon)?,
        usdc: network.usdc.address,
    })
}

impl NetworkFile {
    /// Reads a network file.
    ///
    /// # Errors
    /// [`HomeError::File`], [`HomeError::Content`].
    pub fn read(path: &Path) -> Result<Self, HomeError> {
        let text = read(path.to_owned())?;
        serde_json::from_str(&text)
            .map_err(|error| HomeError::Content { path: path.to_owned(), why: error.to_string() })
    }

    /// The contracts whose code must be there before the node talks to any: this release's, or one that the
    /// principal has allowed.
    ///
    /// # Errors
    /// A sentence about the one that is missing.
    pub fn contracts(&self, risk: &OwnRisk) -> Result<Vec<chain::Contract>, String> {
        chain::Contract::of(&self.deployment, self.deployment.contracts.keys(), &risk.allow_code)
            .map_err(|error| error.to_string())
    }

    /// The network as the protocol knows it.
    ///
    /// # Errors
    /// A sentence about what is missing or malformed.
    pub fn network(&self, preset: Preset) -> Result<Network, String> {
        let deployment = deployment(&self.deployment).map_err(|error| error.to_string())?;
        let mut key = [0; 96];
        alloy_primitives::hex::decode_to_slice(&self.beacon.public_key, &mut key)
            .map_err(|_| "the beacon's public key is not 96 bytes of hex".to_owned())?;
        let beacon = BeaconChain::new("drand", key, self.beacon.genesis_time, self.beacon.period)
            .map_err(|error| error.to_string())?;
        let built = &self.deployment.beacon;
        let told = (beacon.public_key_uncompressed(), beacon.genesis_secs(), beacon.period_secs());
        if told != (built.public_key, built.genesis.into(), built.period_secs.into()) {
            return Err("the beacon is not the one that the contracts were built with".to_owned());
        }
        let usdc = typed::UsdcDomain {
            name: self.deployment.usdc.name.clone(),
            version: self.deployment.usdc.version.clone(),
            chain_id: self.deployment.chain_id,
            address: self.deployment.usdc.address,
        };
        let timing = match preset {
            Preset::Local => Timing::local(),
            Preset::Production => Timing::production(),
        };
        Ok(Network { deployment, usdc, beacon, timing })
    }
}

impl Home {
    /// Opens a home.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn open(root: &Path) -> Result<Self, HomeError> {
        let path = root.join("config.toml");
        if !path.exists() {
            return Err(HomeError::NoNode(root.to_owned()));
        }
        let content = |path: PathBuf, why: String| HomeError::Content { path, why };
        let config = toml::from_str(&read(path.clone())?).map_err(|e| content(path, e.to_string()))?;
        let network = NetworkFile::read(&root.join("network.json"))?;
        let path = root.join("card.json");
        let card = Signed::read(read(path.clone())?.as_bytes()).map_err(|e| content(path, e.to_string()))?;
        Ok(Self { root: root.to_owned(), config, network, card })
    }

    /// Writes a new home's files; the keys are there already.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn write(&self) -> Result<(), HomeError> {
        let config = toml::to_string_pretty(&self.config).map_err(|error| HomeError::Content {
            path: self.root.join("config.toml"),
            why: error.to_string(),
        })?;
        let json = |value: serde_json::Result<String>| value.expect("invariant: plain values are JSON");
        write(self.root.join("network.json"), &json(serde_json::to_string_pretty(&self.network)))?;
        write(self.root.join("card.json"), &json(serde_json::to_string(&self.card)))?;
        write(self.root.join("config.toml"), &config)
    }

    /// The templates that come with the program, and those in `HOME/templates`.
    ///
    /// # Errors
    /// [`HomeError`] with the first file that is none: a principal's list must mean what it says.
    pub fn templates(&self) -> Result<Templates, HomeError> {
        let mut templates = Templates::default();
        let folder = self.path("templates");
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(templates),
            Err(source) => return Err(HomeError::File { path: folder, source }),
        };
        let paths = files.map(|file| file.map(|file| file.path())).collect::<io::Result<Vec<_>>>();
        let mut paths = paths.map_err(|source| HomeError::File { path: folder, source })?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        for path in paths {
            let template = Template::read(read(path.clone())?.as_bytes());
            let added = template.and_then(|template| templates.add(template));
            added.map_err(|error| HomeError::Content { path, why: error.to_string() })?;
        }
        let unknown = |name: &&String| name.parse().map_or(true, |name| templates.named(&name).is_none());
        if let Some(name) = self.config.policy.templates.iter().find(unknown) {
            let why = format!("policy.templates names {name}, which is held nowhere here");
            return Err(HomeError::Content { path: self.path("config.toml"), why });
        }
        Ok(templates)
    }

    /// A path inside.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Who the node is, reachable at these multiaddresses.
    ///
    /// # Errors
    /// A sentence about what is malformed.
    pub fn me(&self, addresses: &[String]) -> Result<Me, String> {
        let tokens = |texts: &[String]| -> Result<Vec<Token>, String> {
            texts.iter().map(|text| text.parse().map_err(|e| format!("{text}: {e}"))).collect()
        };
        let domains: BoundedVec<Token, 8> =
            tokens(&self.config.domains)?.try_into().map_err(|e| format!("domains: {e}"))?;
        let task_schemas: BoundedVec<Token, 16> =
            tokens(&self.config.task_schemas)?.try_into().map_err(|e| format!("task_schemas: {e}"))?;
        let mut lines: BoundedVec<Line, 8> = BoundedVec::new();
        for address in addresses.iter().take(8) {
            let line = address.parse().map_err(|e| format!("{address}: {e}"))?;
            lines.push(line).map_err(|e| e.to_string())?;
        }
        let did = self.card.document.agent;
        let seeds = &self.config.trust.seeds;
        let trust_seeds = if seeds.is_empty() { BTreeSet::from([did]) } else { seeds.clone() };
        Ok(Me { did, card: self.card.clone(), domains, task_schemas, addresses: lines, trust_seeds })
    }

    /// The settlement account.
    #[must_use]
    pub fn settlement(&self) -> Address {
        self.card.document.settlement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::a_home;

    #[test]
    fn a_home_adds_templates_of_its_own_and_refuses_a_file_that_is_none_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut home = a_home(folder.path());
        let built_in = home.templates().unwrap();
        let own = home.path("templates");
        fs::create_dir(&own).unwrap();
        let name: Token = "filing-summary".parse().unwrap();
        let mut template = built_in.named(&name).unwrap().template.clone();
        template.windows.judging_secs = 60;
        let replaced = own.join("mine.json");
        fs::write(&replaced, serde_json::to_string(&template).unwrap()).unwrap();
        let templates = home.templates().unwrap();
        assert_eq!(templates.named(&name).unwrap().template, template);
        assert_eq!(templates.all().count(), built_in.all().count());

        home.config.policy.templates = vec!["filing-summary".into(), "free-lunch".into()];
        let unknown = home.templates().unwrap_err().to_string();
        assert!(unknown.contains("free-lunch"), "{unknown}");
        fs::write(own.join("z.json"), "{}").unwrap();
        let refused = home.templates().unwrap_err().to_string();
        assert!(refused.contains("z.json") && refused.contains("required"), "{refused}");
    }
}
