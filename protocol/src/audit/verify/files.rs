//! Every file against the signed index: none changed, missing, added or renamed.
//!
//! The index is held by the exporter's proof, and both are read in one form only, so that no byte of
//! either can change unnoticed.
//!
//! Deliberately absent: what the files say.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{
    audit::{FileEntry, Finding, INDEX, INDEX_PROOF, Index, compose::Files},
    canonical::from_canonical,
    document::Document,
    ids::ContentHash,
    proof::Proof,
    text::BoundedVec,
};

/// The longest proof file, in bytes.
const PROOF_MAX: usize = 4 * 1024;

/// Reads the index, and notes every file that is not what it says.
pub(super) fn check(files: &Files, findings: &mut Vec<Finding>) -> Option<Document<Index>> {
    let index = match index(files) {
        Ok(index) => index,
        Err(finding) => {
            findings.push(finding);
            return None;
        }
    };
    let named: BTreeMap<&str, &FileEntry> =
        index.files.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let is_index = |path: &str| path == INDEX || path == INDEX_PROOF;
    let mut added: BTreeMap<ContentHash, &str> = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| !is_index(path)) {
        match named.get(path.as_str()) {
            Some(entry) => findings.extend(changed(entry, bytes)),
            None => {
                added.insert(ContentHash(Sha256::digest(bytes).into()), path);
                findings.push(finding(path, "added", "the index does not name this file"));
            }
        }
    }
    for entry in named.values().filter(|entry| !files.contains_key(&entry.path)) {
        findings.push(match added.get(&entry.sha256) {
            Some(now) => finding(&entry.path, "renamed", format!("its bytes lie under {now}")),
            None => finding(&entry.path, "missing", "the index names this file"),
        });
    }
    Some(index)
}

fn index(files: &Files) -> Result<Document<Index>, Finding> {
    let bytes = files.get(INDEX).ok_or_else(|| finding(INDEX, "missing", "a bundle has an index"))?;
    let index = Document::<Index>::read(bytes).map_err(|e| finding(INDEX, "malformed", e.to_string()))?;
    let bytes = files
        .get(INDEX_PROOF)
        .ok_or_else(|| finding(INDEX_PROOF, "missing", "the index is signed by its exporter"))?;
    let proofs: BoundedVec<Proof, 1> =
        from_canonical(bytes, PROOF_MAX).map_err(|e| finding(INDEX_PROOF, "malformed", e.to_string()))?;
    let [proof] = &proofs[..] else {
        return Err(finding(INDEX_PROOF, "signature", "there is one proof, the exporter's"));
    };
    proof
        .verify(index.id(), index.exporter)
        .map_err(|error| finding(INDEX_PROOF, "signature", error.to_string()))?;
    Ok(index)
}

fn changed(entry: &FileEntry, bytes: &[u8]) -> Option<Finding> {
    let size = bytes.len() as u64;
    if size != entry.size {
        let message = format!("{size} bytes, the index says {}", entry.size);
        let offset = Some(size.min(entry.size));
        return Some(Finding { offset, ..finding(&entry.path, "changed", message) });
    }
    let hash = ContentHash(Sha256::digest(bytes).into());
    let message = || format!("SHA-256 is {hash}, the index says {}", entry.sha256);
    (hash != entry.sha256).then(|| finding(&entry.path, "changed", message()))
}

fn finding(file: &str, rule: &'static str, message: impl Into<String>) -> Finding {
    Finding { file: file.to_owned(), offset: None, rule, message: message.into() }
}
