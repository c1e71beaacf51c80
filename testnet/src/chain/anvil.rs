//! The local chain as a process: anvil under Osaka's rules, a block a second, each block final after two.
//!
//! With anvil's own 32 slots in an epoch, `safe` would lie half a minute behind; one slot makes it
//! follow the head. The port is the system's choice. What happened can be kept in one file and
//! served again.
//!
//! Deliberately absent: any notion of what runs on the chain.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::process::{Process, ProcessError};

/// How long anvil may take to answer.
const STARTUP: Duration = Duration::from_secs(30);

/// How the chain is started.
#[derive(Clone, Debug, Default)]
pub struct AnvilOptions {
    /// A fixed port, or 0 for one of the system's choice.
    pub port: u16,
    /// A state to begin with, as kept by `dump`.
    pub load: Option<PathBuf>,
    /// Where the state is kept when the chain stops.
    pub dump: Option<PathBuf>,
}

/// A running anvil.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    port: u16,
}

impl Anvil {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// [`ProcessError`] when it is not installed, ends or stays silent.
    pub async fn start(options: &AnvilOptions, log: &Path) -> Result<Self, ProcessError> {
        let mut command = Command::new(program());
        command.args(["--host", "127.0.0.1", "--port", &options.port.to_string(), "--accounts", "0"]).args([
            "--hardfork",
            "osaka",
            "--block-time",
            "1",
            "--slots-in-an-epoch",
            "1",
        ]);
        if let Some(path) = &options.load {
            command.arg("--load-state").arg(path);
        }
        if let Some(path) = &options.dump {
            command.arg("--dump-state").arg(path).arg("--preserve-historical-states");
        }
        let mut process = Process::spawn("anvil", command, log)?;
        let port = process.line("listens", STARTUP, listening_port).await?;
        Ok(Self { process, port })
    }

    /// Where it answers.
    #[must_use]
    pub fn rpc(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits for it to end, which it does not do unless something is wrong or someone ends it.
    pub async fn ended(&mut self) -> ProcessError {
        loop {
            let day = Duration::from_secs(86_400);
            if let Err(error) = self.process.until("serves", day, async || None::<()>).await {
                return error;
            }
        }
    }

    /// Stops it; it keeps its state first if it was started so.
    pub async fn stop(self) {
        self.process.stop().await;
    }
}

fn listening_port(line: &str) -> Option<u16> {
    line.strip_prefix("Listening on ")?.rsplit(':').next()?.trim().parse().ok()
}

/// The pinned anvil that `scripts/contracts install` has put beside the contracts, or one on the path.
fn program() -> PathBuf {
    if let Some(named) = env::var_os("NUNCIO_ANVIL") {
        return named.into();
    }
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    if pinned.exists() { pinned } else { "anvil".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line_that_anvil_prints() {
        assert_eq!(listening_port("Listening on 127.0.0.1:40123"), Some(40_123));
        assert_eq!(listening_port("Block Number: 3"), None);
    }
}
