//! Files between JSON and the node: text in, text out, and the sources that a delivery must carry.
//!
//! Files to work on are kept by the node under SHA-256 of their bytes, which is what a request names.
//! A delivery carries them again, under [`SOURCES`], with exactly the bytes that the pact pins: the
//! jurors see nothing but the delivery.
//!
//! Deliberately absent: uploads of binary files; work here is text.

use nuncio_protocol::{
    document::{FileRef, SOURCES},
    ids::ContentHash,
    job::File,
    text::BoundError,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// A file as a client sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFile {
    name: String,
    media_type: String,
    text: String,
}

impl TextFile {
    /// What a request says of the file.
    pub(super) fn reference(&self) -> Result<FileRef, Problem> {
        let wrong = |error: BoundError| Problem::invalid(format!("the file {}: {error}", self.name));
        Ok(FileRef {
            name: self.name.parse().map_err(wrong)?,
            sha256: ContentHash(Sha256::digest(&self.text).into()),
            size: self.text.len() as u64,
            media_type: self.media_type.parse().map_err(wrong)?,
        })
    }

    /// Its bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    /// The file as the node takes it.
    pub(super) fn into_file(self) -> File {
        File { name: self.name, media_type: self.media_type, bytes: self.text.into_bytes() }
    }
}

/// A delivery with the sources that are not in it yet.
pub(super) fn with_sources(mut delivery: Vec<File>, sources: Vec<File>) -> Vec<File> {
    for source in sources {
        let name = format!("{SOURCES}{}", source.name);
        if delivery.iter().all(|file| file.name != name) {
            let media_type = media_type(&source);
            delivery.push(File { name, media_type, bytes: source.bytes });
        }
    }
    delivery
}

/// Opened files, as they are served.
pub(super) fn shown(files: Vec<File>) -> Value {
    let files = files.into_iter().map(|file| {
        let media_type = media_type(&file);
        let name = file.name;
        match String::from_utf8(file.bytes) {
            Ok(text) => {
                json!({ "name": name, "media_type": media_type, "text": { "untrusted_text": text } })
            }
            Err(error) => {
                use base64::{Engine, engine::general_purpose::STANDARD};
                let bytes = STANDARD.encode(error.as_bytes());
                json!({ "name": name, "media_type": media_type, "base64": bytes })
            }
        }
    });
    json!({ "files": files.collect::<Vec<_>>() })
}

/// What a file holds: as its sender said, else as its name says; a sealed package has names only.
fn media_type(file: &File) -> String {
    if !file.media_type.is_empty() {
        return file.media_type.clone();
    }
    let by_name = match file.name.rsplit_once('.').map(|(_, end)| end) {
        Some("json") => "application/json",
        Some("txt" | "md" | "csv") => "text/plain",
        Some(_) | None if core::str::from_utf8(&file.bytes).is_ok() => "text/plain",
        Some(_) | None => "application/octet-stream",
    };
    by_name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.into(), media_type: String::new(), bytes: text.into() }
    }

    #[test]
    fn a_delivery_carries_each_source_once_with_its_own_bytes() {
        let own = format!("{SOURCES}b.txt");
        let delivery = vec![file("summary.json", "{}"), file(&own, "mine")];
        let all = with_sources(delivery, vec![file("a.txt", "A"), file("b.txt", "B")]);
        let names: Vec<_> = all.iter().map(|file| file.name.clone()).collect();
        assert_eq!(names, ["summary.json".to_owned(), own, format!("{SOURCES}a.txt")]);
        assert_eq!((all[2].bytes.as_slice(), all[2].media_type.as_str()), (&b"A"[..], "text/plain"));
        for file in &all {
            assert!(file.name.parse::<nuncio_protocol::text::FileName>().is_ok(), "{}", file.name);
        }
    }

    #[test]
    fn a_request_names_a_file_by_the_hash_of_its_bytes() {
        let sent =
            |name: &str| TextFile { name: name.into(), media_type: "text/plain".into(), text: "abc".into() };
        let reference = sent("a.txt").reference().unwrap();
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((reference.sha256.to_string().as_str(), reference.size), (hash, 3));
        assert!(sent("../a").reference().unwrap_err().message.contains("../a"));
    }

    #[test]
    fn opened_files_are_a_peers_words_and_bytes_that_are_no_text_are_no_text() {
        let shown = shown(vec![file("a.txt", "hi"), File { bytes: vec![0xff], ..file("b.bin", "") }]);
        assert_eq!(shown["files"][0]["text"]["untrusted_text"], "hi");
        assert_eq!(shown["files"][1]["base64"], "/w==");
        assert_eq!(shown["files"][1]["media_type"], "application/octet-stream");
    }
}
