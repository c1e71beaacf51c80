//! What one proposal and its counter-offer cost between two daemons, beside what the transport costs.
//!
//! Two *daemon processes* on loopback negotiate under an anchored NDA, with everything that a real
//! deal has: the encrypted session, a category on every frame and the disclosure guard, the hash
//! chain, signed checkpoints, the rules of both sides asked for each own offer and their answers
//! recorded, every offer sealed into the records. Both sides' strategies concede towards each other
//! so slowly that they never meet, so nobody but the two daemons is needed for a cycle.
//!
//! The yardstick is a [bare](crate::bare) libp2p stream between two processes that carries as many
//! bytes there and back as the offers' frames have, as the nodes report them.
//!
//! The two are measured in turn, bare, nuncio, bare, nuncio, …, because a shared machine is not
//! equally fast for long; each round is a window of time in which cycles are counted. The report
//! holds the medians. While the bare stream is measured the negotiation rests: both strategies have
//! been told to stop. Jurors and vaults are stopped once the panel stands; the chain goes on, and so
//! do both daemons' eyes on it.
//!
//! Deliberately absent: any assertion on the result. A slow machine is no failure.

mod report;
mod table;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

pub use self::report::BenchReport;
use self::table::Table;
use crate::{
    bare,
    cluster::Places,
    demo::{DemoError, empty, narrator::Narrator},
    process::Process,
};

/// Where the bare ping-pong listens.
pub const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";
/// How the bare server's one line begins; its address follows.
pub const BARE: &str = "bare ";
/// A frame on a session stream begins with its length.
const PREFIX: usize = 4;
/// A negotiation runs this long before its cycles are counted.
const WARM_UP: Duration = Duration::from_millis(100);

/// What is measured, how often and how long.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// Where the report goes as JSON.
    pub json: Option<PathBuf>,
    /// Times that each of the two is measured.
    pub rounds: u32,
    /// How long each measurement takes.
    pub window: Duration,
    /// Where everything is left for later.
    pub keep: Option<PathBuf>,
}

/// Measures how fast two daemons negotiate. May be dropped at any point: no process is left.
///
/// # Errors
/// [`DemoError`] where there is nothing to measure.
pub async fn negotiation(options: &BenchOptions) -> Result<BenchReport, DemoError> {
    // Kept alive until the end: dropping it takes the folder away.
    let scratch = tempfile::tempdir().map_err(|source| DemoError::File { path: "/tmp".into(), source })?;
    let root = options.keep.as_deref().unwrap_or_else(|| scratch.path()).join("negotiation");
    empty(&root)?;
    let mut narrator = Narrator::new(false);
    let table = Table::set(Places::make(&root)?, &mut narrator).await?;
    let bytes = table.frame_bytes().await?.map(|sealed| sealed + PREFIX);
    narrator.tell("bench", &format!("an offer has {} bytes there and {} back", bytes[0], bytes[1]));

    let (server, address) = start_bare(table.places()).await?;
    let mut samples = Vec::new();
    for round in 1..=options.rounds {
        let bare = driven(&address, bytes, options.window).await?;
        let nuncio = negotiated(&table, options.window).await?;
        narrator.tell("bench", &format!("round {round}: bare {bare:.0}/s, nuncio {nuncio:.0}/s"));
        samples.push((bare, nuncio));
    }
    server.stop().await;
    let memory = table.memory().await?;
    for (name, before, after) in &memory {
        let mib = |bytes: u64| bytes / (1024 * 1024);
        narrator.tell(name, &format!("{} MiB resident when idle, {} MiB now", mib(*before), mib(*after)));
    }
    table.strike().await;
    let report = BenchReport::new(bytes, &samples);
    finish(options, &report)?;
    Ok(report)
}

/// Cycles per second of the bare stream in one window.
async fn driven(address: &str, [there, back]: [usize; 2], window: Duration) -> Result<f64, DemoError> {
    let address = address.to_owned();
    let drive = async move { bare::drive(&address, there, back, window).await };
    // As a task, like a daemon's loop: beside the swarm, not on a thread that has to be woken for each cycle.
    let rate = tokio::spawn(drive).await.map_err(|error| DemoError::Broken(error.to_string()))?;
    rate.map_err(|error| DemoError::Broken(format!("the bare stream: {error:#}")))
}

/// Cycles per second in one window of an ongoing negotiation.
async fn negotiated(table: &Table, window: Duration) -> Result<f64, DemoError> {
    table.begin().await?;
    tokio::time::sleep(WARM_UP).await;
    let before = table.offers().await?;
    let start = Instant::now();
    tokio::time::sleep(window).await;
    let after = table.offers().await?;
    let took = start.elapsed();
    table.rest().await?;
    Ok(f64::from(after.saturating_sub(before)) / 2.0 / took.as_secs_f64())
}

/// The other end of the bare ping-pong, in a process of its own.
async fn start_bare(places: &Places) -> Result<(Process, String), DemoError> {
    let me = std::env::current_exe().map_err(|error| DemoError::Broken(error.to_string()))?;
    let mut command = Command::new(me);
    command.arg("bare");
    let mut server = Process::spawn("bare", command, &places.log("bare"))?;
    let line =
        server.line("listens", Duration::from_secs(10), |line| line.strip_prefix(BARE).map(str::to_owned));
    let address = line.await?;
    Ok((server, address))
}

#[expect(clippy::print_stdout, reason = "the visitor watches the terminal")]
fn finish(options: &BenchOptions, report: &BenchReport) -> Result<(), DemoError> {
    println!("{report}");
    let text = serde_json::to_string(report).map_err(|error| DemoError::Broken(error.to_string()))?;
    println!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, text + "\n").map_err(|source| DemoError::File { path: path.clone(), source })?;
    }
    Ok(())
}
