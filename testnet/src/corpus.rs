//! The texts that the deal is about: a folder of plain-text filings, read once and bounded.
//!
//! Every `.txt` file of the folder is looked at in order of name. What cannot serve is named with
//! its reason and left out: too long, not UTF-8, fewer than ten sentences, or one file too many.
//! A corpus without a single usable text is an error, so that nobody pays for a summary of nothing.
//!
//! Deliberately absent: subfolders, other formats, any repair of the text. What the buyer hands in
//! is what the seller quotes, byte for byte.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use nuncio_protocol::text::FileName;

use crate::summary::sentences;

/// Texts in one corpus, at most.
pub const TEXTS_MAX: usize = 32;
/// Bytes in one text, at most.
pub const TEXT_BYTES_MAX: u64 = 256 * 1024;
/// Bytes in all texts together, at most.
pub const CORPUS_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Characters in a file's name, at most: a delivery names it behind a prefix, and both must fit a paper.
pub const NAME_CHARS_MAX: usize = 100;
/// Sentences in one text, at least.
pub const SENTENCES_MIN: usize = 10;

/// One filing: its file name and its text, unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// The name of the file, without folder.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A file that is no part of the corpus, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The name of the file, without folder.
    pub name: String,
    /// What was wrong with it.
    pub reason: SkipReason,
}

/// Why a file is no part of the corpus.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// The name does not end in `.txt`.
    #[error("not a .txt file")]
    NotText,
    /// A folder, a device, a dangling link.
    #[error("not a regular file")]
    NotAFile,
    /// No paper could name it: a path, a hidden file, too long, not UTF-8.
    #[error("its name cannot stand in a paper; rename it")]
    Unnameable,
    /// Longer than one text may be.
    #[error("{bytes} bytes, at most {TEXT_BYTES_MAX} are read")]
    TooLong {
        /// Its size.
        bytes: u64,
    },
    /// The content is not UTF-8.
    #[error("not UTF-8 (byte {at})")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// Too little to summarise.
    #[error("{found} sentences, at least {SENTENCES_MIN} are needed")]
    TooFewSentences {
        /// What was found.
        found: usize,
    },
    /// The corpus is full without it.
    #[error("the corpus already has {TEXTS_MAX} texts or {CORPUS_BYTES_MAX} bytes")]
    CorpusFull,
    /// The system refused to read it.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
}

/// Says why a folder is not a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The folder itself cannot be listed.
    #[error("cannot read the folder {folder}: {source}")]
    Folder {
        /// The folder asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing in the folder can serve.
    #[error("no usable text in {folder} ({} files skipped)", skipped.len())]
    NothingUsable {
        /// The folder asked for.
        folder: PathBuf,
        /// Each file with its reason.
        skipped: Vec<Skipped>,
    },
}

/// The usable texts of a folder, in order of name, and what was left out.
#[derive(Debug)]
pub struct Corpus {
    /// At least one, at most [`TEXTS_MAX`].
    pub filings: Vec<Filing>,
    /// Every other file.
    pub skipped: Vec<Skipped>,
}

impl Corpus {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`CorpusError`] when the folder cannot be listed or holds no usable text.
    pub fn load(folder: &Path) -> Result<Self, CorpusError> {
        let unlisted = |source| CorpusError::Folder { folder: folder.to_owned(), source };
        let mut paths = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
            .map_err(unlisted)?;
        paths.sort();
        let mut corpus = Self { filings: Vec::new(), skipped: Vec::new() };
        let mut room = CORPUS_BYTES_MAX;
        for path in paths {
            match read(&path, room, corpus.filings.len()) {
                Ok(filing) => {
                    room -= filing.text.len() as u64;
                    corpus.filings.push(filing);
                }
                Err(reason) => corpus.skipped.push(Skipped { name: shown_name(&path), reason }),
            }
        }
        if corpus.filings.is_empty() {
            return Err(CorpusError::NothingUsable { folder: folder.to_owned(), skipped: corpus.skipped });
        }
        Ok(corpus)
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

fn read(path: &Path, room: u64, taken: usize) -> Result<Filing, SkipReason> {
    if path.extension().is_none_or(|extension| extension != "txt") {
        return Err(SkipReason::NotText);
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.chars().count() > NAME_CHARS_MAX || name.parse::<FileName>().is_err() {
        return Err(SkipReason::Unnameable);
    }
    let meta = fs::metadata(path).map_err(|error| SkipReason::Unreadable(error.kind()))?;
    if !meta.is_file() {
        return Err(SkipReason::NotAFile);
    }
    if meta.len() > TEXT_BYTES_MAX {
        return Err(SkipReason::TooLong { bytes: meta.len() });
    }
    let bytes = fs::read(path).map_err(|error| SkipReason::Unreadable(error.kind()))?;
    let size = bytes.len() as u64;
    let text = String::from_utf8(bytes)
        .map_err(|error| SkipReason::NotUtf8 { at: error.utf8_error().valid_up_to() })?;
    let found = sentences(&text).len();
    if found < SENTENCES_MIN {
        return Err(SkipReason::TooFewSentences { found });
    }
    if taken == TEXTS_MAX || size > room {
        return Err(SkipReason::CorpusFull);
    }
    Ok(Filing { name: name.to_owned(), text })
}

fn shown_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: &str = "One is here. Two is here. Three is here. Four is here. Five is here. \
        Six is here. Seven is here. Eight is here. Nine is here. Ten is here.";

    #[test]
    fn the_corpus_of_the_project_is_usable_and_nothing_of_it_is_skipped() {
        let corpus = Corpus::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap();
        assert_eq!(corpus.skipped, []);
        assert!((6..=8).contains(&corpus.filings.len()), "{}", corpus.filings.len());
        for filing in &corpus.filings {
            let found = sentences(&filing.text).len();
            assert!((40..=80).contains(&found), "{}: {found} sentences", filing.name);
        }
    }

    #[test]
    fn every_file_that_cannot_serve_is_named_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        put("a.txt", TEN.as_bytes());
        put("b.pdf", TEN.as_bytes());
        put("c.txt", b"Too short. By far.");
        put("d.txt", b"Latin \xe9 is not UTF-8.");
        put("what?.txt", TEN.as_bytes());
        put("e.txt", &vec![b'x'; TEXT_BYTES_MAX as usize + 1]);
        fs::create_dir(folder.path().join("f.txt")).unwrap();
        let corpus = Corpus::load(folder.path()).unwrap();
        assert_eq!(corpus.filings, [Filing { name: "a.txt".into(), text: TEN.into() }]);
        let reasons: Vec<_> = corpus.skipped.iter().map(|skipped| skipped.reason.clone()).collect();
        assert_eq!(
            reasons,
            [
                SkipReason::NotText,
                SkipReason::TooFewSentences { found: 2 },
                SkipReason::NotUtf8 { at: 6 },
                SkipReason::TooLong { bytes: TEXT_BYTES_MAX + 1 },
                SkipReason::NotAFile,
                SkipReason::Unnameable,
            ]
        );
    }

    #[test]
    fn a_folder_without_a_usable_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "Nothing much.").unwrap();
        let Err(CorpusError::NothingUsable { skipped, .. }) = Corpus::load(folder.path()) else {
            panic!("a corpus of one sentence")
        };
        assert_eq!(skipped.len(), 1);
        assert!(matches!(Corpus::load(&folder.path().join("absent")), Err(CorpusError::Folder { .. })));
    }

    #[test]
    fn a_corpus_is_bounded_in_count_and_size() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..TEXTS_MAX + 3 {
            fs::write(folder.path().join(format!("{n:03}.txt")), TEN).unwrap();
        }
        let corpus = Corpus::load(folder.path()).unwrap();
        assert_eq!(corpus.filings.len(), TEXTS_MAX);
        assert!(corpus.skipped.iter().all(|skipped| skipped.reason == SkipReason::CorpusFull));
        assert_eq!(corpus.skipped.len(), 3);
    }
}
