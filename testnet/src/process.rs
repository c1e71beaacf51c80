//! Child processes that never outlive us: each in a group of its own, its output in a file.
//!
//! A terminal's Ctrl-C reaches the foreground group only, so children do not see it; whoever owns a
//! [`Process`] ends it. [`Process::stop`] asks first and then insists; dropping insists at once. The
//! whole group is ended, so that what a child has started ends with it.
//!
//! Deliberately absent: restarts, and any reading of the output while it is written, except for
//! waiting on one line of it.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use crate::patience::{Late, within};

/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);

/// Says why a process is not there.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It cannot be started.
    #[error("cannot start {name} ({program}): {source}")]
    Start {
        /// Who it is in the cluster.
        name: String,
        /// What was to be run.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it did what was waited for.
    #[error("{name} ended with {status}; its last words are in {log}:\n{tail}")]
    Ended {
        /// Who it is in the cluster.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// Where its output is.
        log: PathBuf,
        /// The end of it.
        tail: String,
    },
    /// It runs and does not do what was waited for.
    #[error("{name}: {late}; its output is in {log}")]
    Late {
        /// Who it is in the cluster.
        name: String,
        /// What was waited for.
        late: Late,
        /// Where its output is.
        log: PathBuf,
    },
    /// Its files cannot be used.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A running child in its own process group.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts a command; both output streams are appended to `log`.
    ///
    /// # Errors
    /// [`ProcessError::Start`] or [`ProcessError::File`].
    pub fn spawn(name: &str, mut command: Command, log: &Path) -> Result<Self, ProcessError> {
        let unusable = |source| ProcessError::File { path: log.to_owned(), source };
        let output = File::options().create(true).append(true).open(log).map_err(unusable)?;
        let errors = output.try_clone().map_err(unusable)?;
        let child =
            command.process_group(0).stdin(Stdio::null()).stdout(output).stderr(errors).spawn().map_err(
                |source| ProcessError::Start {
                    name: name.to_owned(),
                    program: command.get_program().to_string_lossy().into_owned(),
                    source,
                },
            )?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), ended: None })
    }

    /// Who it is in the cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which is its group's too.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output is.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Waits until the output holds what `find` looks for in a line.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] or [`ProcessError::Late`].
    pub async fn line<T>(
        &mut self,
        what: &'static str,
        patience: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ProcessError> {
        let path = self.log.clone();
        let read = async || fs::read_to_string(&path).ok()?.lines().find_map(&find);
        self.until(what, patience, read).await
    }

    /// Waits until `check` has an answer, and gives up when the process ends.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] or [`ProcessError::Late`].
    pub async fn until<T>(
        &mut self,
        what: &'static str,
        patience: Duration,
        mut check: impl AsyncFnMut() -> Option<T>,
    ) -> Result<T, ProcessError> {
        let both = async || match check().await {
            Some(found) => Some(Ok(found)),
            None => self.ended().map(Err),
        };
        let outcome = within(what, patience, both).await;
        let name = self.name.clone();
        match outcome {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(status)) => {
                Err(ProcessError::Ended { name, status, log: self.log.clone(), tail: self.tail() })
            }
            Err(late) => Err(ProcessError::Late { name, late, log: self.log.clone() }),
        }
    }

    /// Waits for the process to end by itself.
    ///
    /// # Errors
    /// [`ProcessError::Late`] when it does not.
    pub async fn finished(&mut self, patience: Duration) -> Result<ExitStatus, ProcessError> {
        let outcome = within("ends", patience, async || self.ended()).await;
        outcome.map_err(|late| ProcessError::Late { name: self.name.clone(), late, log: self.log.clone() })
    }

    /// Asks it to end, and ends it after [`GRACE`].
    pub async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        if within("ends", GRACE, async || self.ended()).await.is_err() {
            tracing::warn!(name = self.name, "did not end when asked; it is killed");
        }
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(self) {
        drop(self);
    }

    /// The last lines of its output.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.child.id()).expect("invariant: Linux process ids fit in 31 bits");
        // A group without members is what we want anyway.
        let _ = killpg(Pid::from_raw(group), signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The leader may be gone and its children not: the group is always ended.
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(id: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    fn shell(script: &str, log: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::spawn("shell", command, log).unwrap()
    }

    #[tokio::test]
    async fn nothing_that_a_child_started_outlives_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let mut parent = shell("sleep 300 & echo child $!; wait", &folder.path().join("log"));
        let seconds = Duration::from_secs(10);
        let child = parent
            .line("names its child", seconds, |line| line.strip_prefix("child ")?.parse::<u32>().ok())
            .await
            .unwrap();
        let both = [parent.id(), child];
        assert!(both.into_iter().all(alive));
        drop(parent);
        within("both are gone", seconds, async || (!both.into_iter().any(alive)).then_some(()))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_process_that_ends_early_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("echo no such port >&2; exit 3", &folder.path().join("log"));
        let error = process.line("is ready", Duration::from_secs(10), |_| None::<()>).await;
        // The last words may be all there is, and that is not what was waited for.
        let Err(ProcessError::Ended { status, tail, .. }) = error else { panic!("{error:?}") };
        assert_eq!((status.code(), tail.as_str()), (Some(3), "no such port"));
    }

    #[tokio::test]
    async fn stopping_asks_before_it_kills() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done", &log);
        process.line("is up", Duration::from_secs(10), |line| (line == "up").then_some(())).await.unwrap();
        process.stop().await;
        let said = fs::read_to_string(log).unwrap();
        // The shell may tell of its own child in between: the whole group is asked.
        assert!(said.starts_with("up\n") && said.ends_with("bye\n"), "{said:?}");
    }
}
