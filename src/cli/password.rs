//! Where the passphrase of the keys comes from: `NUNCIO_PASSWORD`, else the terminal without echo.
//!
//! Deliberately absent: a flag. Arguments are seen by every user of the machine.

use std::{
    env,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use zeroize::Zeroizing;

use super::Failure;

const VARIABLE: &str = "NUNCIO_PASSWORD";

/// The passphrase; asked for twice where it is new.
///
/// # Errors
/// [`Failure`] where there is neither a variable nor a terminal, or the two differ.
pub(super) fn read(new: bool) -> Result<Zeroizing<String>, Failure> {
    if let Ok(password) = env::var(VARIABLE) {
        return Ok(Zeroizing::new(password));
    }
    let first = ask("Passphrase: ")?;
    if new && *first != *ask("Again: ")? {
        return Err(Failure::usage("the two passphrases differ"));
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let none = |_: io::Error| {
        Failure::usage("no passphrase: there is no terminal to ask on").hint(format!("set {VARIABLE}"))
    };
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(none)?;
    let _quiet = Quiet::new(&terminal).map_err(none)?;
    (&terminal).write_all(prompt.as_bytes()).map_err(none)?;
    let mut line = Zeroizing::new(String::new());
    BufReader::new(&terminal).read_line(&mut line).map_err(none)?;
    (&terminal).write_all(b"\n").map_err(none)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal without echo, until dropped.
struct Quiet<'t>(&'t File);

impl<'t> Quiet<'t> {
    fn new(terminal: &'t File) -> io::Result<Self> {
        stty(terminal, "-echo").map(|()| Self(terminal))
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // The terminal is gone, or echoes again.
        let _ = stty(self.0, "echo");
    }
}

/// POSIX `stty` is on every system that has a terminal.
fn stty(terminal: &File, mode: &str) -> io::Result<()> {
    let status = Command::new("stty").arg(mode).stdin(Stdio::from(terminal.try_clone()?)).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("stty failed")) }
}
