//! The testnet's one program: the cluster, its beacon, its agents, its stories and its measurements.
//!
//! Exit codes: 0 done and every check held; 1 it failed; 2 usage or a missing precondition; 130
//! interrupted. Whatever the end, no process that was started here is left.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use nuncio_testnet::{
    agent::{
        self, Buyer, Seller,
        instructions::{BuyerInstructions, SellerInstructions},
    },
    bare,
    beacon::{self, Beacon, Schedule},
    bench::{self, BenchOptions},
    corpus::Corpus,
    demo::{self, DemoOptions},
    node_api::NodeApi,
    serve,
    shutdown::{Outcome, or_interrupted},
};

/// Local clusters of real daemons, and what happens between them.
#[derive(Debug, Parser)]
#[command(name = "nuncio-testnet", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One whole deal between strangers, on real parts.
    Demo {
        /// A folder of plain-text filings instead of the project's own.
        #[arg(long)]
        corpus: Option<PathBuf>,
        /// Where the report goes as JSON, schema nuncio.demo/1.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Where bundle, chain, keys, logs and homes are left.
        #[arg(long)]
        keep: Option<PathBuf>,
        /// Tells every offer too.
        #[arg(long)]
        verbose: bool,
    },
    /// A local beacon in drand's format.
    Beacon {
        /// Where to listen; port 0 is the system's choice.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// The time of round 1, in Unix seconds.
        #[arg(long)]
        genesis: u64,
        /// Seconds between two rounds.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        period: u32,
        /// What the key is made of. Whoever knows it knows every round: for test networks only.
        #[arg(long)]
        seed: String,
    },
    /// Measures what the machine and the program can do.
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// The other end of the bare ping-pong that a measurement is held against.
    #[command(hide = true)]
    Bare,
    /// An agent program behind a node's API (`NUNCIO_API`, `NUNCIO_TOKEN`).
    Agent {
        #[command(subcommand)]
        role: AgentRole,
    },
    /// Serves the chain that a story has left behind.
    Chain {
        /// The folder with `chain.json`.
        dir: PathBuf,
        /// The port, instead of the one that the chain had, which the kept homes know.
        #[arg(long)]
        port: Option<u16>,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Offers and counter-offers per second between two daemons, beside a bare stream of the same bytes.
    Negotiation {
        /// Where the report goes as JSON, schema nuncio.bench/1.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Times that each of the two is measured, in turn.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(5..=101))]
        rounds: u32,
        /// How long each measurement takes, in milliseconds.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(20..=60_000))]
        millis: u64,
        /// Where chain, logs and homes are left.
        #[arg(long)]
        keep: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum AgentRole {
    /// Buys one summary of a corpus, and ends when the deal is closed and rated.
    Buyer {
        /// What its principal tells it.
        #[arg(long)]
        instructions: PathBuf,
        /// The folder of filings.
        #[arg(long)]
        corpus: PathBuf,
        /// Who else may read what is sealed, as an age recipient.
        #[arg(long)]
        regulator: Vec<String>,
        /// Its name in its own lines.
        #[arg(long, default_value = "buyer")]
        name: String,
    },
    /// Sells summaries until it is stopped.
    Seller {
        /// What its principal tells it.
        #[arg(long)]
        instructions: PathBuf,
        /// Its name in its own lines.
        #[arg(long, default_value = "seller")]
        name: String,
    },
}

/// An end that is no success, with what to say.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn usage(error: impl ToString) -> Self {
        Self { code: 2, message: error.to_string() }
    }

    fn failed(error: impl ToString) -> Self {
        Self { code: 1, message: error.to_string() }
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("NUNCIO_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::failed(error)),
    };
    // An interrupt drops the work; every process that it owns ends with it.
    match runtime.block_on(or_interrupted(perform(arguments.command))) {
        Outcome::Done(Ok(())) => ExitCode::SUCCESS,
        Outcome::Done(Err(failure)) => report(&failure),
        Outcome::Interrupted => ExitCode::from(130),
    }
}

async fn perform(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo { corpus, json, keep, verbose } => {
            let options = DemoOptions { corpus, json, keep, verbose };
            match demo::run(&options).await {
                Ok(report) if report.ok => Ok(()),
                Ok(_) => Err(Failure::failed("a check did not hold")),
                Err(error) if error.is_precondition() => Err(Failure::usage(error)),
                Err(error) => Err(Failure::failed(error)),
            }
        }
        Command::Bench { what: Bench::Negotiation { json, rounds, millis, keep } } => {
            let options = BenchOptions { json, rounds, window: Duration::from_millis(millis), keep };
            let measured = bench::negotiation(&options).await;
            measured.map(drop).map_err(|error| match error.is_precondition() {
                true => Failure::usage(error),
                false => Failure::failed(error),
            })
        }
        Command::Bare => {
            let (address, server) = bare::serve(bench::LOOPBACK).await.map_err(Failure::failed)?;
            say(&format!("{}{address}", bench::BARE));
            server.await.map_err(Failure::failed)
        }
        Command::Beacon { listen, genesis, period, seed } => {
            let (listener, address) = beacon::listen(listen).await.map_err(Failure::usage)?;
            let beacon = Beacon::new(seed.as_bytes(), Schedule { genesis, period });
            say(&format!("beacon http://{address} key {}", beacon.info().public_key));
            beacon.serve(listener).await.map_err(Failure::failed)
        }
        Command::Agent { role: AgentRole::Buyer { instructions, corpus, regulator, name } } => {
            let mut instructions = BuyerInstructions::load(&instructions).map_err(Failure::usage)?;
            instructions.nda.regulators.extend(regulator);
            let corpus = Corpus::load(&corpus).map_err(Failure::usage)?;
            let api = NodeApi::from_env().map_err(Failure::usage)?;
            let mut buyer = Buyer::new(&name, instructions, corpus.filings);
            agent::run(&mut buyer, &api).await.map_err(Failure::failed)
        }
        Command::Agent { role: AgentRole::Seller { instructions, name } } => {
            let instructions = SellerInstructions::load(&instructions).map_err(Failure::usage)?;
            let api = NodeApi::from_env().map_err(Failure::usage)?;
            let mut seller = Seller::new(&name, instructions);
            agent::run(&mut seller, &api).await.map_err(Failure::failed)
        }
        Command::Chain { dir, port } => serve::chain(&dir, port).await.map_err(|error| match error {
            serve::ServeError::NoChain(_) => Failure::usage(error),
            serve::ServeError::Folder(_) | serve::ServeError::Process(_) => Failure::failed(error),
        }),
    }
}

#[expect(clippy::print_stdout, reason = "what a program is asked for goes to its standard output")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "what went wrong goes to the standard error")]
fn report(failure: &Failure) -> ExitCode {
    eprintln!("nuncio-testnet: {}", failure.message);
    ExitCode::from(failure.code)
}
