//! Golden vectors: what the papers and the typed structs look like, byte for byte, for every other
//! implementation to read.
//!
//! `UPDATE_VECTORS=1 cargo test -p nuncio-protocol --test vectors` writes the files anew; without it
//! they must already be right. A changed vector is a changed protocol.
#![cfg(test)]

mod papers;
mod samples;
mod signing;
mod typed;

/// Compares what we compute with the committed file.
fn golden(name: &str, value: &serde_json::Value) {
    let path = format!("{}/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = format!("{value:#}\n");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, &text).expect("the vectors can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("the vectors can be read");
    assert!(committed == text, "{name} differs; run with UPDATE_VECTORS=1 if this is meant");
}
