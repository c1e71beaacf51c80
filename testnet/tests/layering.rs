//! Who may know whom, held against the code as it is.
//!
//! Between crates: what `cargo metadata` says. Inside a crate: what the `use` lines say. Each
//! failure names the file and what to do instead.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use nuncio_testnet::source::{SourceFile, root, rust_files};
use serde_json::Value;

/// What the protocol may be built from: data, papers, pure cryptography. Nothing that reads a clock,
/// opens a socket or starts a thread; those come in as an `Input` and go out as an `Effect`.
const PROTOCOL_MAY_USE: [&str; 25] = [
    "alloy-primitives",
    "alloy-sol-types",
    "base64",
    "bech32",
    "bls12_381",
    "bs58",
    "bytes",
    "chacha20poly1305",
    "drand-verify",
    "ed25519-dalek",
    "hex",
    "hkdf",
    "jsonschema",
    "k256",
    "rand_core",
    "serde",
    "serde_json",
    "serde_json_canonicalizer",
    "sha2",
    "sha3",
    "snow",
    "thiserror",
    "unicode-normalization",
    "x25519-dalek",
    "zeroize",
];

/// What must not be under the protocol at any depth.
const PROTOCOL_NEVER: [&str; 14] = [
    "alloy-network",
    "alloy-provider",
    "alloy-transport",
    "async-std",
    "axum",
    "hyper",
    "libp2p",
    "mio",
    "nuncio",
    "reqwest",
    "rocksdb",
    "smol",
    "socket2",
    "tokio",
];

/// For each crate of ours, the crates of ours that it may use.
const OURS: [(&str, &[&str]); 5] = [
    ("nuncio-protocol", &[]),
    ("nuncio-contracts", &[]),
    ("nuncio-sim", &["nuncio-contracts", "nuncio-protocol"]),
    ("nuncio", &["nuncio-contracts", "nuncio-protocol"]),
    ("nuncio-testnet", &["nuncio", "nuncio-contracts", "nuncio-protocol", "nuncio-sim"]),
];

const SPOKES: [&str; 7] = ["api", "chain", "jury", "keys", "net", "store", "vault"];

/// For each crate that one spoke alone may name, that spoke.
const OWNED: [(&str, &str); 7] = [
    ("libp2p", "net"),
    ("libp2p_stream", "net"),
    ("rocksdb", "store"),
    ("object_store", "vault"),
    ("axum", "api"),
    ("utoipa", "api"),
    ("utoipa_axum", "api"),
];

struct Workspace {
    packages: BTreeMap<String, Value>,
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
}

fn workspace() -> Workspace {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let meta: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata has this shape");
    let text = |value: &Value| value.as_str().expect("cargo metadata has this shape").to_owned();
    let mut names = BTreeMap::new();
    let mut packages = BTreeMap::new();
    for package in meta["packages"].as_array().expect("cargo metadata has this shape") {
        names.insert(text(&package["id"]), text(&package["name"]));
        if package["source"].is_null() {
            packages.insert(text(&package["name"]), package.clone());
        }
    }
    let mut edges = BTreeMap::new();
    for node in meta["resolve"]["nodes"].as_array().expect("cargo metadata has this shape") {
        let normal = |dep: &&Value| {
            dep["dep_kinds"]
                .as_array()
                .expect("cargo metadata has this shape")
                .iter()
                .any(|kind| kind["kind"].is_null())
        };
        let deps = node["deps"]
            .as_array()
            .expect("cargo metadata has this shape")
            .iter()
            .filter(normal)
            .map(|dep| text(&dep["pkg"]));
        edges.insert(text(&node["id"]), deps.collect());
    }
    Workspace { packages, names, edges }
}

/// Without the platform, cargo would fetch the crates of every other one.
fn host() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("cargo metadata has this shape");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

impl Workspace {
    /// Names of the normal dependencies that a crate of ours declares.
    fn declared(&self, package: &str) -> BTreeSet<String> {
        let deps = self.packages[package]["dependencies"].as_array().expect("cargo metadata has this shape");
        let normal = deps.iter().filter(|dep| dep["kind"].is_null());
        normal.map(|dep| dep["name"].as_str().expect("cargo metadata has this shape").to_owned()).collect()
    }

    /// Names of everything that a crate is linked with.
    fn reached(&self, package: &str) -> BTreeSet<&str> {
        let mut open = vec![self.packages[package]["id"].as_str().expect("cargo metadata has this shape")];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            for next in &self.edges[id] {
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

#[test]
fn the_protocol_is_built_from_pure_crates_only() {
    let workspace = workspace();
    for name in workspace.declared("nuncio-protocol") {
        assert!(
            PROTOCOL_MAY_USE.contains(&name.as_str()),
            "protocol/Cargo.toml names {name}. If it needs the world (time, network, files, threads), add an Input or an \
             Effect and let src/ do it; if it is pure, add it to the list in this test with its reason beside it in Cargo.toml"
        );
    }
    let reached = workspace.reached("nuncio-protocol");
    for name in PROTOCOL_NEVER {
        assert!(
            !reached.contains(name),
            "nuncio-protocol is linked with {name}: find it with `cargo tree -p nuncio-protocol -i {name}` and turn off \
             the feature that brings it"
        );
    }
}

#[test]
fn crates_of_the_workspace_look_only_downwards() {
    let workspace = workspace();
    let known: BTreeSet<_> = OURS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found: BTreeSet<_> = workspace.packages.keys().cloned().collect();
    assert_eq!(found, known, "a new crate needs its place in the table of this test");
    for (name, may_use) in OURS {
        for dep in workspace.declared(name).iter().filter(|dep| known.contains(*dep)) {
            assert!(
                may_use.contains(&dep.as_str()),
                "{name} depends on {dep}. Move what it needs down into nuncio-protocol, or the caller up"
            );
        }
    }
}

#[test]
fn the_protocol_reads_no_clock_no_file_and_no_order_of_hashing() {
    let banned = [
        ("std::time::Instant", "take `now: Timestamp` as an argument"),
        ("SystemTime", "take `now: Timestamp` as an argument"),
        ("std::net", "ask for bytes to be sent with an Effect"),
        ("std::fs", "go through the Disk trait, or an Effect"),
        ("std::env", "take the value as an argument"),
        ("std::thread", "return an Effect; the answer comes back as an Input"),
        ("HashMap", "use BTreeMap: order is part of the meaning"),
        ("HashSet", "use BTreeSet: order is part of the meaning"),
        ("rand::rng", "take the rng as an argument"),
        ("OsRng", "take the rng as an argument"),
        ("thread_rng", "take the rng as an argument"),
    ];
    for file in rust_files("protocol/src") {
        for (word, instead) in banned {
            if let Some((line, _)) = file.lines_with(word).next() {
                panic!("{}:{line} names {word}: {instead}", file.path);
            }
        }
    }
}

#[test]
fn spokes_never_touch_spokes() {
    for file in rust_files("src") {
        let Some(spoke) = SPOKES.into_iter().find(|spoke| file.is_part_of("src", spoke)) else { continue };
        for other in SPOKES.into_iter().filter(|other| *other != spoke) {
            if let Some(line) = names_module(&file, other).first() {
                panic!(
                    "{}:{line}: the spoke {spoke} names its sibling {other}. Send an Event to the node's loop and let \
                     src/effects.rs call {other}; a type that both need belongs into nuncio-protocol",
                    file.path
                );
            }
        }
    }
}

#[test]
fn a_heavy_crate_is_known_to_one_spoke_alone() {
    for file in rust_files("src") {
        for (name, spoke) in OWNED {
            if file.is_part_of("src", spoke) {
                continue;
            }
            if let Some((line, _)) = file.lines_with(&format!("{name}::")).next() {
                panic!(
                    "{}:{line} names {name}, which only src/{spoke} knows: give src/{spoke}.rs a type of its own for it",
                    file.path
                );
            }
        }
    }
}

#[test]
fn stages_never_import_stages() {
    let stages: BTreeSet<String> = rust_files("protocol/src/stage")
        .into_iter()
        .filter_map(|file| {
            let rest = file.path.strip_prefix("protocol/src/stage/")?;
            Some(rest.split(['/', '.']).next()?.to_owned())
        })
        .collect();
    for file in rust_files("protocol/src/stage") {
        for other in stages.iter().filter(|other| !file.is_part_of("protocol/src/stage", other)) {
            let (absolute, relative) = (format!("stage::{other}"), format!("super::{other}"));
            let named = file.lines_with(&absolute).chain(file.lines_with(&relative)).next();
            if let Some((line, text)) = named {
                panic!(
                    "{}:{line}: a stage imports the stage {other} ({}). What one stage hands to the next is a paper: put \
                     it under protocol/src/document, and let deal.rs carry it over",
                    file.path,
                    text.trim()
                );
            }
        }
    }
}

#[test]
fn documents_know_nothing_of_stages_nodes_or_effects() {
    for file in rust_files("protocol/src/document") {
        for module in ["stage", "node", "effect", "input", "deal"] {
            if let Some(line) = names_module(&file, module).first() {
                panic!(
                    "{}:{line}: a paper imports {module}. A paper is data; move the decision into its stage",
                    file.path
                );
            }
        }
    }
}

/// Lines of production code that name a module at the root of the file's crate, alone or in a list.
fn names_module(file: &SourceFile, module: &str) -> Vec<usize> {
    let code = file.production();
    let mut found: Vec<usize> =
        file.lines_with(&format!("crate::{module}::")).map(|(line, _)| line).collect();
    found.extend(file.lines_with(&format!("crate::{module};")).map(|(line, _)| line));
    // use crate::{net::X, store}; may run over several lines.
    for (at, _) in code.match_indices("use crate::{") {
        let list = &code[at + "use crate::{".len()..];
        let list = &list[..list.find(';').unwrap_or(list.len())];
        if top_names(list).any(|name| name == module) {
            found.push(code[..at].lines().count() + 1);
        }
    }
    found
}

/// The first segment of each item of a use list, its closing brace included.
fn top_names(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let items = list.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' => return depth == 0,
            _ => {}
        }
        false
    });
    items.map(|item| item.trim().split([':', '}', ' ']).next().unwrap_or_default())
}

#[test]
fn a_use_list_is_read_as_the_compiler_reads_it() {
    let file = SourceFile {
        path: "src/net/x.rs".into(),
        text: "use crate::{\n    clock::Clock,\n    node::{Event, store},\n    vault,\n};\n".into(),
    };
    assert_eq!(names_module(&file, "vault"), [1]);
    assert_eq!(names_module(&file, "clock"), [1]);
    assert_eq!(names_module(&file, "store"), [0; 0]);
    let plain = SourceFile { path: "src/net/y.rs".into(), text: "\nuse crate::store::Store;\n".into() };
    assert_eq!(names_module(&plain, "store"), [2]);
}
