//! The worked example that a visitor runs first: real parts, a line per step, a table at the end.
//!
//! A story begins with an empty folder and ends with a verified bundle in it. What cannot go on ends
//! the demo with what was missing; what went on but came out wrong is a check that did not hold.
//!
//! Deliberately absent: simulation of any part.

pub mod audit;
pub mod cast;
mod fees;
mod gas;
mod happy;
mod memory;
pub(crate) mod narrator;
mod past;
mod principal;
pub mod report;
pub(crate) mod stage;
mod tamper;
mod trust;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use self::{
    narrator::Narrator,
    report::{Report, StoryReport},
};
use crate::{
    chain::ChainError,
    cluster::{ClusterError, Places},
    corpus::{Corpus, CorpusError},
    node_api::ApiError,
    patience::Late,
    process::ProcessError,
};

/// What a visitor may choose.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The filings to be summarised; the project's own where none is named.
    pub corpus: Option<PathBuf>,
    /// Where the report goes as JSON.
    pub json: Option<PathBuf>,
    /// Where everything is left for later.
    pub keep: Option<PathBuf>,
    /// Whether the buyer's mandate leaves the deal to its principal, who approves it.
    pub approve: bool,
    /// Whether every offer is told.
    pub verbose: bool,
}

/// Says why a demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is nothing to summarise.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A tool is not installed.
    #[error("{0}")]
    Missing(String),
    /// A folder or file cannot be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The chain is not as it should be.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A node is not there.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A process is not there.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A node does not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Something did not happen.
    #[error(transparent)]
    Late(#[from] Late),
    /// The story did not come to its end.
    #[error("{0}")]
    Broken(String),
}

impl DemoError {
    /// Whether the visitor must do something first.
    #[must_use]
    pub const fn is_precondition(&self) -> bool {
        match self {
            Self::Corpus(_) | Self::Missing(_) | Self::File { .. } => true,
            Self::Process(ProcessError::Start { .. })
            | Self::Cluster(ClusterError::Process(ProcessError::Start { .. })) => true,
            Self::Cluster(_)
            | Self::Process(_)
            | Self::Chain(_)
            | Self::Api(_)
            | Self::Late(_)
            | Self::Broken(_) => false,
        }
    }
}

/// Tells every story. May be dropped at any point: no process is left.
///
/// # Errors
/// [`DemoError`] where one cannot go on.
#[expect(clippy::print_stdout, reason = "the visitor watches the terminal")]
pub async fn run(options: &DemoOptions) -> Result<Report, DemoError> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folder = options.corpus.as_deref().unwrap_or(&own);
    let corpus = Corpus::load(folder).inspect_err(|error| {
        if let CorpusError::NothingUsable { skipped, .. } = error {
            skipped.iter().for_each(|skipped| println!("skipped {skipped}"));
        }
    })?;
    corpus.skipped.iter().for_each(|skipped| println!("skipped {skipped}"));
    println!("corpus {}: {} filings", folder.display(), corpus.filings.len());

    // Kept alive until the end: dropping it takes the folder away.
    let scratch = tempfile::tempdir().map_err(|source| DemoError::File { path: "/tmp".into(), source })?;
    let root = options.keep.as_deref().unwrap_or_else(|| scratch.path()).join(happy::NAME);
    empty(&root)?;
    let mut narrator = Narrator::new(options.verbose);
    let told = happy::tell(folder, Places::make(&root)?, options.approve, &mut narrator).await;
    let story = told.inspect_err(|_| {
        if options.keep.is_none() {
            println!("run again with --keep DIR to look at the logs");
        }
    })?;
    finish(options, vec![story])
}

#[expect(clippy::print_stdout, reason = "the visitor watches the terminal")]
fn finish(options: &DemoOptions, stories: Vec<StoryReport>) -> Result<Report, DemoError> {
    stories.iter().for_each(|story| println!("{story}"));
    let report = Report::new(stories);
    if let Some(path) = &options.json {
        let text =
            serde_json::to_string_pretty(&report).map_err(|error| DemoError::Broken(error.to_string()))?;
        fs::write(path, text + "\n").map_err(|source| DemoError::File { path: path.clone(), source })?;
    }
    Ok(report)
}

/// A story begins with an empty folder, or two runs would be mixed: logs say where processes listen.
pub(crate) fn empty(root: &Path) -> Result<(), DemoError> {
    let full = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
    if full {
        return Err(DemoError::Missing(format!(
            "{} is not empty; name another folder with --keep",
            root.display()
        )));
    }
    Ok(())
}
