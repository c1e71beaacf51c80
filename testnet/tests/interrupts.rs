//! An interrupt ends everything that was started, whatever it was doing.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Processes whose command line names a folder.
#[expect(clippy::unwrap_used, reason = "a step of the tests below")]
fn naming(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let line = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("cmdline")).ok();
    entries.filter_map(line).filter(|line| line.contains(folder)).collect()
}

#[test]
fn an_interrupted_beacon_is_gone_with_exit_code_130() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nuncio-testnet"))
        .args(["beacon", "--genesis", "1", "--seed", "x"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("beacon http://127.0.0.1:"), "{line}");
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn an_interrupted_demo_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_str().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nuncio-testnet"))
        .args(["demo", "--keep", name])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    // anvil and the first daemons are up once several command lines name the folder.
    while naming(name).len() < 3 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(naming(name), [""; 0]);
}
