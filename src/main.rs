//! The `nuncio` program: reads the command line, sets up the log, and says how it ended.
//!
//! Deliberately absent: everything else; see [`nuncio::cli`].

use std::{io::IsTerminal, process::ExitCode};

use clap::Parser;
use nuncio::cli::{self, Arguments, Failure};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("NUNCIO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::failed(error)),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

#[expect(clippy::print_stderr, reason = "what went wrong goes to the standard error")]
fn report(failure: &Failure) -> ExitCode {
    eprintln!("nuncio: {}", failure.message);
    if let Some(hint) = &failure.hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(failure.code)
}
