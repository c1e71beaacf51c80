//! What the README tells a stranger to type works, typed in that order into one shell.
//!
//! Every `sh` block is run but the one that runs this test's own suite.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the testnet is a folder of the project").to_owned()
}

/// The `sh` blocks of a page, in order.
fn blocks(page: &str) -> Vec<&str> {
    let after = page.split("```sh\n").skip(1);
    after.map(|rest| rest.split("```").next().unwrap_or(rest)).collect()
}

#[test]
fn every_block_of_commands_is_found() {
    assert_eq!(blocks("a\n```sh\none\n```\nb\n```json\n{}\n```\n```sh\ntwo\n```\n"), ["one\n", "two\n"]);
}

#[test]
#[ignore = "real processes: scripts/test stories"]
fn the_commands_of_the_readme_work_in_the_order_of_the_page() {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let typed: Vec<&str> = blocks(&page).into_iter().filter(|block| *block != "./scripts/test\n").collect();
    assert!(
        typed.iter().any(|block| block.contains("audit verify")),
        "the page shows how a deal is verified"
    );
    let home = tempfile::tempdir().unwrap();
    let kept = |name: &str, below: &str| {
        std::env::var_os(name)
            .map_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(below), Into::into)
    };
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{}", typed.concat());
    let log = home.path().join("typed.log");
    let out = fs::File::create(&log).unwrap();
    let mut shell = Command::new("bash");
    // What this test's cargo says of its package is part of what build scripts are run for: with it all would be built anew.
    for (name, _) in std::env::vars_os() {
        let said = name.to_string_lossy();
        if ["CARGO_MANIFEST_", "CARGO_PKG_", "OUT_DIR"].iter().any(|prefix| said.starts_with(prefix)) {
            shell.env_remove(&name);
        }
    }
    let status = shell
        .args(["-c", &script])
        .current_dir(root())
        // A visitor's home is empty; the tools that this machine has stay where they are.
        .env("CARGO_HOME", kept("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", kept("RUSTUP_HOME", ".rustup"))
        .env("XDG_CACHE_HOME", kept("XDG_CACHE_HOME", ".cache"))
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .status()
        .unwrap();
    assert!(status.success(), "{status}: {}", fs::read_to_string(&log).unwrap());
}
