//! Daemons of different principals, each its own process in its own home.
//!
//! A node is made by `nuncio init`, started by `nuncio start`, and reached over what it writes into
//! its home: `api.addr` and one token per role. While it runs, nothing here looks into its home for
//! anything else.
//!
//! Deliberately absent: shared state between nodes, and any way to a running node's keys.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    beacon::Info,
    chain::Account,
    node_api::{ApiError, NodeApi},
    process::{Process, ProcessError},
};

/// The password of every home of a test cluster.
const PASSWORD: &str = "testnet";
/// How long a daemon may take from its start to its first answer.
const STARTUP: Duration = Duration::from_secs(30);
/// How long a command of the CLI may take.
const COMMAND: Duration = Duration::from_secs(60);

/// Says why a node is not there.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A process does not do what it should.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A command failed.
    #[error("{name}: `nuncio {command}` ended with {status}:\n{output}")]
    Command {
        /// Whose.
        name: String,
        /// Which.
        command: String,
        /// How.
        status: std::process::ExitStatus,
        /// What it said.
        output: String,
    },
    /// A command's answer is no JSON of the kind expected.
    #[error("{name}: `nuncio {command}` answered {output:?}: {source}")]
    Answer {
        /// Whose.
        name: String,
        /// Which.
        command: String,
        /// What it said.
        output: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// A file of the cluster cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An agent's account cannot be opened.
    #[error("{path}: {why}")]
    Keystore {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The API of a running node does not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// Buys and sells.
    Trader,
    /// Judges.
    Juror,
    /// Keeps sealed papers.
    Vault,
}

impl NodeRole {
    const fn flag(self) -> &'static str {
        match self {
            Self::Trader => "trader",
            Self::Juror => "juror",
            Self::Vault => "vault",
        }
    }
}

/// Which role's token a client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Everything but approvals.
    Admin,
    /// The agent program's: the tools of a deal, never an approval.
    Agent,
    /// Looks.
    Readonly,
    /// Exports.
    Auditor,
    /// Approves.
    Principal,
}

impl Token {
    const fn file(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::Readonly => "readonly",
            Self::Auditor => "auditor",
            Self::Principal => "principal",
        }
    }
}

/// What every node of a run is told about the network, as one file.
#[derive(Clone, Debug, Serialize)]
pub struct Network<'a> {
    /// Which contract stands where.
    pub deployment: &'a nuncio_contracts::Deployment,
    /// Endpoints of the chain.
    pub rpc: Vec<String>,
    /// The beacon.
    pub beacon: NetworkBeacon,
}

/// A beacon as nodes are told of it.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkBeacon {
    /// Where it answers.
    pub urls: Vec<String>,
    /// What it says of itself; nodes verify against this and not against what the URL says later.
    #[serde(flatten)]
    pub info: Info,
}

/// Who a node is, as `nuncio init --json` says.
#[derive(Clone, Debug, Deserialize)]
pub struct Identity {
    /// The agent, `did:key:…`.
    pub did: String,
    /// Its settlement account.
    pub address: Address,
    /// Its node key, as a libp2p peer id.
    pub peer_id: String,
    /// The id of its signed card.
    #[serde(rename = "card")]
    pub card_id: B256,
}

/// The places of a run.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder of the run.
    pub root: PathBuf,
}

impl Places {
    /// Makes the folders.
    ///
    /// # Errors
    /// [`ClusterError::File`].
    pub fn make(root: &Path) -> Result<Self, ClusterError> {
        for folder in ["logs", "homes"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(|source| ClusterError::File { path, source })?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The output of a process.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    /// The home of a node.
    #[must_use]
    pub fn home(&self, name: &str) -> PathBuf {
        self.root.join("homes").join(name)
    }

    /// Writes a file of the run.
    ///
    /// # Errors
    /// [`ClusterError::File`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, ClusterError> {
        let path = self.root.join(name);
        match fs::write(&path, bytes) {
            Ok(()) => Ok(path),
            Err(source) => Err(ClusterError::File { path, source }),
        }
    }
}

/// A node that has a home, running or not.
#[derive(Debug)]
pub struct Node {
    name: String,
    role: NodeRole,
    home: PathBuf,
    log: PathBuf,
    identity: Identity,
    process: Option<Process>,
}

impl Node {
    /// Makes a home for a principal's node.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn init(
        places: &Places,
        name: &str,
        role: NodeRole,
        principal: Address,
        network: &Path,
    ) -> Result<Self, ClusterError> {
        let (home, log) = (places.home(name), places.log(name));
        let network = network.to_string_lossy();
        let principal = principal.to_string();
        let mut arguments =
            vec!["init", "--json", "--network", "local", "--roles", role.flag(), "--name", name];
        arguments.extend(["--deployment", &network, "--principal", &principal]);
        let identity = ask(name, &home, &log, &arguments).await?;
        Ok(Self { name: name.to_owned(), role, home, log, identity, process: None })
    }

    /// Starts the daemon and waits until its API answers.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn start(&mut self, bootstrap: &[String]) -> Result<(), ClusterError> {
        self.start_with(bootstrap, &[]).await
    }

    /// As [`Node::start`], with further arguments.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn start_with(&mut self, bootstrap: &[String], more: &[&str]) -> Result<(), ClusterError> {
        let mut command = nuncio(&self.home);
        command.args(["start", "--listen", "/ip4/127.0.0.1/tcp/0", "--api", "127.0.0.1:0"]).args(more);
        for address in bootstrap {
            command.args(["--bootstrap", address]);
        }
        // An address of an earlier run would be taken for this one's.
        let address = self.home.join("api.addr");
        let _ = fs::remove_file(&address);
        let mut process = Process::spawn(&self.name, command, &self.log)?;
        let home = self.home.clone();
        process
            .until("answers", STARTUP, async || {
                let api = client(&home, Token::Readonly).ok()?;
                api.get::<serde_json::Value>("/status").await.ok()
            })
            .await?;
        self.process = Some(process);
        Ok(())
    }

    /// Its name in the cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    #[must_use]
    pub const fn role(&self) -> NodeRole {
        self.role
    }

    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A client of the running daemon with one role's token.
    ///
    /// # Errors
    /// [`ClusterError`] when the home has no address or token.
    pub fn api(&self, token: Token) -> Result<NodeApi, ClusterError> {
        client(&self.home, token)
    }

    /// What an agent program needs to reach this node and no more.
    ///
    /// # Errors
    /// [`ClusterError::File`].
    pub fn agent_environment(&self) -> Result<[(&'static str, String); 2], ClusterError> {
        let address = read(&self.home.join("api.addr"))?;
        let token = read(&self.home.join("tokens").join(Token::Agent.file()))?;
        Ok([("NUNCIO_API", address), ("NUNCIO_TOKEN", token)])
    }

    /// Where other nodes dial it.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn dialled_at(&self) -> Result<Vec<String>, ClusterError> {
        #[derive(Deserialize)]
        struct Listening {
            listen: Vec<String>,
        }
        let Listening { listen } = self.api(Token::Readonly)?.get("/id").await?;
        let peer = &self.identity.peer_id;
        let whole = |address: String| {
            if address.contains("/p2p/") { address } else { format!("{address}/p2p/{peer}") }
        };
        Ok(listen.into_iter().map(whole).collect())
    }

    /// Asks this node's home through the CLI.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub async fn ask<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, ClusterError> {
        ask(&self.name, &self.home, &self.log, arguments).await
    }

    /// The agent's account, as its principal opens it with any wallet before the daemon runs.
    ///
    /// # Errors
    /// [`ClusterError::Keystore`], also while the daemon runs.
    pub fn account(&self) -> Result<Account, ClusterError> {
        let path = self.home.join("keys/settlement.json");
        let wrong = |why: String| ClusterError::Keystore { path: path.clone(), why };
        if self.process.is_some() {
            return Err(wrong("its daemon runs".to_owned()));
        }
        Account::open(&self.name, &path, PASSWORD).map_err(|error| wrong(error.to_string()))
    }

    /// Writes the agents whose word counts from the start into the node's configuration, as its
    /// principal would with an editor.
    ///
    /// # Errors
    /// [`ClusterError::File`].
    pub fn trust(&self, seeds: &[&str]) -> Result<(), ClusterError> {
        self.configure("trust", "seeds", seeds)
    }

    /// Writes the templates that the agent's deals may be made from into the policy, as its principal
    /// would with an editor.
    ///
    /// # Errors
    /// [`ClusterError::File`].
    pub fn allow_templates(&self, templates: &[&str]) -> Result<(), ClusterError> {
        self.configure("policy", "templates", templates)
    }

    /// Sets a list of texts in a table of the node's configuration.
    fn configure(&self, table: &str, key: &str, values: &[&str]) -> Result<(), ClusterError> {
        let path = self.home.join("config.toml");
        let file = |source| ClusterError::File { path: path.clone(), source };
        let text = fs::read_to_string(&path).map_err(file)?;
        let mut config: toml::Table = text.parse().map_err(|error| file(io::Error::other(error)))?;
        let values: Vec<toml::Value> = values.iter().map(|value| (*value).into()).collect();
        let entry = config.entry(table).or_insert_with(|| toml::Table::new().into());
        let entry =
            entry.as_table_mut().ok_or_else(|| file(io::Error::other(format!("{table} is no table"))))?;
        entry.insert(key.to_owned(), values.into());
        fs::write(&path, config.to_string()).map_err(file)
    }

    /// Where its trust oracle answers, if it serves one.
    ///
    /// # Errors
    /// [`ClusterError::File`] where it serves none.
    pub fn oracle(&self) -> Result<String, ClusterError> {
        read(&self.home.join("oracle.addr"))
    }

    /// Its process, while it runs.
    pub const fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Stops it as an operator would.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.process.take();
    }
}

/// Runs a command of the CLI without a home, to its end.
///
/// # Errors
/// [`ClusterError`]; an exit code other than 0 is [`ClusterError::Command`].
pub async fn run(name: &str, mut command: Command, log: &Path) -> Result<String, ClusterError> {
    let said = tempfile::NamedTempFile::new_in(log.parent().unwrap_or_else(|| Path::new(".")))
        .map_err(|source| ClusterError::File { path: log.to_owned(), source })?;
    let shown: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    // Through a shell the two streams could be parted; a file for each is simpler and shows both.
    let output = said.path().to_owned();
    command.env("NUNCIO_LOG", "error");
    let mut process = Process::spawn(name, command, &output)?;
    let status = process.finished(COMMAND).await?;
    let output = fs::read_to_string(&output).unwrap_or_default();
    if status.success() {
        Ok(output)
    } else {
        Err(ClusterError::Command { name: name.to_owned(), command: shown.join(" "), status, output })
    }
}

async fn ask<T: DeserializeOwned>(
    name: &str,
    home: &Path,
    log: &Path,
    arguments: &[&str],
) -> Result<T, ClusterError> {
    let mut command = nuncio(home);
    command.args(arguments);
    let output = run(name, command, log).await?;
    // Warnings may precede the answer, which is one line or the whole.
    let answer = output.find('{').map_or(output.as_str(), |at| &output[at..]);
    serde_json::from_str(answer).map_err(|source| ClusterError::Answer {
        name: name.to_owned(),
        command: arguments.join(" "),
        output: output.clone(),
        source,
    })
}

/// The daemon's program on a home.
fn nuncio(home: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("--home").arg(home).env("NUNCIO_PASSWORD", PASSWORD);
    command
}

/// The program that was built beside this one.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(named) = env::var_os("NUNCIO_BIN") {
        return named.into();
    }
    let beside = env::current_exe().ok().and_then(|me| {
        // Tests run from target/debug/deps, the program from target/debug.
        me.ancestors().skip(1).take(2).map(|folder| folder.join("nuncio")).find(|path| path.is_file())
    });
    beside.unwrap_or_else(|| "nuncio".into())
}

fn client(home: &Path, token: Token) -> Result<NodeApi, ClusterError> {
    let address = read(&home.join("api.addr"))?;
    let token = read(&home.join("tokens").join(token.file()))?;
    Ok(NodeApi::new(&address, &token)?)
}

fn read(path: &Path) -> Result<String, ClusterError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(ClusterError::File { path: path.to_owned(), source }),
    }
}
