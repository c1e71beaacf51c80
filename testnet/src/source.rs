//! The workspace's own source, read as text by the tests that hold its layers and its tidiness.
//!
//! Paths are as seen from the root of the workspace. What git ignores (build products, packages of
//! npm) is no source. Comments and tests of a file are told apart from its production code by their
//! first marks only.
//!
//! Deliberately absent: a parser. What a test here cannot see, a reader can.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("testnet/ lies in the workspace").to_owned()
}

/// A file with its text, named as seen from the workspace.
#[derive(Debug)]
pub struct SourceFile {
    /// With `/` between folders.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl SourceFile {
    /// Numbered lines of production code that contain a text, comments left out.
    pub fn lines_with(&self, wanted: &str) -> impl Iterator<Item = (usize, &str)> {
        let numbered = (1..).zip(self.production().lines());
        numbered.filter(move |(_, line)| {
            let code = line.split("//").next().unwrap_or(line);
            code.match_indices(wanted).any(|(at, _)| is_word(code, at, wanted))
        })
    }

    /// The text before the file's tests; nothing where the whole file is tests.
    #[must_use]
    pub fn production(&self) -> &str {
        let tests = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        let end = if tests { Some(0) } else { self.text.find("#[cfg(test)]") };
        &self.text[..end.unwrap_or(self.text.len())]
    }

    /// Whether it is a module of that name in a folder, or lies under it.
    #[must_use]
    pub fn is_part_of(&self, folder: &str, module: &str) -> bool {
        let under = format!("{folder}/{module}");
        self.path.strip_prefix(&under).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    }
}

/// Whether the match does not begin or end in the middle of a longer word.
fn is_word(code: &str, at: usize, wanted: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let before = code[..at].chars().next_back();
    let after = code[at + wanted.len()..].chars().next();
    let starts = wanted.starts_with(part) && before.is_some_and(part);
    let ends = wanted.ends_with(part) && after.is_some_and(part);
    !starts && !ends
}

/// All Rust files under a folder, in order of path; none where the folder does not exist.
#[must_use]
pub fn rust_files(folder: &str) -> Vec<SourceFile> {
    files(folder).into_iter().filter(|path| path.ends_with(".rs")).map(read).collect()
}

/// Paths of all files under a folder that belong to the project, in order.
#[must_use]
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            // What git ignores: build products and npm's packages.
            let product = ["target", "node_modules", "out", "cache", ".git"].iter().any(|skip| name == *skip);
            if product {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(
                    path.strip_prefix(root()).expect("found under the root").to_string_lossy().into_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

/// Reads a file; one that cannot be read is empty.
#[must_use]
pub fn read(path: String) -> SourceFile {
    let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
    SourceFile { path, text }
}
