//! Facts about the tree that a reader relies on. Each failure says what to do instead.
//!
//! Sizes are printed and never fail: long files are something to talk about, not a gate.

use std::{collections::BTreeSet, fs, process::Command};

use nuncio_testnet::source::{SourceFile, files, read, root, rust_files};

/// The visible top level, whole.
const TOP: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "contracts",
    "protocol",
    "scripts",
    "src",
    "testnet",
];
/// Names that the tools insist on, or that git keeps out.
const TOP_TOLERATED: [&str; 1] = ["target"];

const RUST: [&str; 4] = ["src", "protocol", "contracts/bindings", "testnet"];

fn all_rust() -> impl Iterator<Item = SourceFile> {
    RUST.into_iter().flat_map(rust_files)
}

#[test]
fn the_top_level_is_exactly_the_seven_names() {
    let found: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP_TOLERATED.contains(&name.as_str()))
        .collect();
    let expected: BTreeSet<String> = TOP.iter().map(|name| (*name).to_owned()).collect();
    let extra: Vec<_> = found.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(
        extra.is_empty() && missing.is_empty(),
        "top level: {extra:?} too many, {missing:?} missing. Tests of several processes live in testnet/tests, examples \
         and documents beside what they explain, tools in scripts/"
    );
}

#[test]
fn no_drawer_without_a_label() {
    for path in RUST.into_iter().chain(["contracts/src", "contracts/test", "scripts"]).flat_map(files) {
        for part in path.split('/') {
            let stem = part.split('.').next().unwrap_or(part).to_lowercase();
            let words = ["util", "utils", "helper", "helpers", "common", "manager", "misc", "stuff"];
            let drawer = words.into_iter().find(|drawer| stem.split(['_', '-']).any(|word| word == *drawer));
            if let Some(drawer) = drawer {
                panic!(
                    "{path}: a file called {drawer} fills up with whatever. Name it after the one thing it is"
                );
            }
        }
    }
}

#[test]
fn nothing_is_re_exported_wholesale() {
    for file in all_rust() {
        for (line, text) in file.lines_with("pub use") {
            assert!(
                !text.contains("::*"),
                "{}:{line}: name what you export; `*` makes two layers one ({})",
                file.path,
                text.trim()
            );
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let leftovers = [
        (["to", "do!"].concat(), "write it, or take the path away"),
        (["unimple", "mented!"].concat(), "write it, or take the path away"),
        (["db", "g!"].concat(), "use tracing, with fields"),
    ];
    let words = [["FIX", "ME"].concat(), ["TO", "DO"].concat(), ["XX", "X"].concat(), ["HA", "CK"].concat()];
    for file in all_rust()
        .chain(files("contracts/src").into_iter().map(read))
        .chain(files("scripts").into_iter().map(read))
    {
        for (word, instead) in &leftovers {
            if let Some((line, _)) = file.lines_with(word).next() {
                panic!("{}:{line}: {word} is left: {instead}", file.path);
            }
        }
        for (line, text) in (1..).zip(file.text.lines()) {
            for word in &words {
                let found = text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
                assert!(
                    !found,
                    "{}:{line}: {word} is left: do it now, or open an issue and take the note away",
                    file.path
                );
            }
        }
    }
}

#[test]
fn every_module_tells_its_story() {
    for file in all_rust() {
        // The tests of a module tell theirs by their names.
        let told = file.text.starts_with("//!") || file.path.ends_with("/tests.rs");
        assert!(
            told,
            "{}: begin with //!: what it is for, what it promises, what is deliberately absent",
            file.path
        );
    }
}

#[test]
fn an_exception_is_for_one_item_and_has_a_reason() {
    for file in all_rust() {
        for (line, text) in (1..).zip(file.text.lines()) {
            let code = text.trim_start();
            let silenced = code.starts_with("#![allow(") || code.starts_with("#[allow(");
            assert!(
                !silenced,
                "{}:{line}: say #[expect(lint, reason = \"...\")] on the item instead",
                file.path
            );
            let bare = code.starts_with("#[expect(") && code.ends_with(")]") && !code.contains("reason =");
            assert!(!bare, "{}:{line}: an expected lint needs its reason", file.path);
        }
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let documents = files("").into_iter().filter(|path| path.ends_with(".md"));
    for document in documents.map(read) {
        for target in document.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or(target);
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let found = root().join(folder).join(path).exists();
            assert!(
                found,
                "{}: the link to {target} leads nowhere; correct it or write what it promises",
                document.path
            );
        }
    }
}

#[test]
fn scripts_are_strict_executable_and_clean() {
    let mut checked = Vec::new();
    for path in files("scripts").into_iter().chain([".ci/run".to_owned()]) {
        let file = read(path);
        if !file.text.starts_with("#!") {
            continue;
        }
        assert!(
            file.text.starts_with("#!/usr/bin/env bash\n"),
            "{}: begin with #!/usr/bin/env bash",
            file.path
        );
        assert!(file.text.contains("\nset -euo pipefail\n"), "{}: say set -euo pipefail", file.path);
        checked.push(file.path);
    }
    assert!(checked.len() >= 4, "{checked:?}");
    let shellcheck = Command::new("shellcheck").arg("-x").args(&checked).current_dir(root()).output();
    // Where it is not installed, the strict mode above has to do.
    if let Ok(output) = shellcheck {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn sizes_are_known() {
    let mut long: Vec<(usize, String)> = all_rust()
        .map(|file| (file.production().lines().count(), file.path))
        .filter(|(lines, _)| *lines > 500)
        .collect();
    long.sort();
    for (lines, path) in long {
        println!("{path}: {lines} lines before its tests; ask which noun wants its own file");
    }
}
