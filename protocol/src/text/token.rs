//! Strings that programs compare: narrow enough that two spellings of one thing cannot exist.
//!
//! Deliberately absent: registries of known values; those belong to whoever compares.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BoundError, check_length, check_line};
use crate::canonical::refuse;

checked_string!(
    /// A word for programs, such as a domain (`finance.filings`) or a task schema
    /// (`summary/1`): 1 to 64 of `a-z 0-9 . _ / -`, beginning and ending with a letter or digit.
    Token, check_token
);
checked_string!(
    /// The name of one file in a flat folder, at most 128 characters: no path, nothing hidden,
    /// nothing that a file system or a shell takes for something else.
    FileName, check_file_name
);
checked_string!(
    /// A media type without parameters, such as `text/plain`, in lower case.
    MediaType, check_media_type
);

fn check_token(text: &str) -> Result<(), BoundError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let inner = |b: u8| plain(b) || matches!(b, b'.' | b'_' | b'/' | b'-');
    let bytes = text.as_bytes();
    let edges = bytes.first().is_some_and(|b| plain(*b)) && bytes.last().is_some_and(|b| plain(*b));
    if edges && bytes.len() <= 64 && bytes.iter().all(|b| inner(*b)) {
        return Ok(());
    }
    Err(BoundError::Form { expected: "1 to 64 of a-z 0-9 . _ / -, a letter or digit at both ends" })
}

fn check_file_name(text: &str) -> Result<(), BoundError> {
    check_length("file name", text, 128)?;
    check_line("file name", text)?;
    let special = text.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']);
    if special || text.starts_with(['.', ' ', '-']) || text.ends_with(['.', ' ']) {
        return Err(BoundError::Form { expected: "a plain file name without a path" });
    }
    Ok(())
}

fn check_media_type(text: &str) -> Result<(), BoundError> {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&-^_.+".contains(&b))
    };
    match text.split_once('/') {
        Some((kind, subtype)) if text.len() <= 127 && plain(kind) && plain(subtype) => Ok(()),
        _ => Err(BoundError::Form { expected: "a media type like text/plain" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        for good in ["a", "finance.filings", "summary/1", "a_b-c"] {
            assert!(good.parse::<Token>().is_ok(), "{good}");
        }
        for bad in ["", "A", "a b", "/a", "a/", "é", "a\n", &"a".repeat(65)] {
            assert!(bad.parse::<Token>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_name_leads_out_of_no_folder() {
        for good in ["summary.json", "10-K 2025.txt", "東京.txt", "a..b"] {
            assert!(good.parse::<FileName>().is_ok(), "{good}");
        }
        for bad in
            ["", ".", "..", "../a", "a/b", "a\\b", ".hidden", "-rf", "a.", "c:", "a\nb", &"a".repeat(129)]
        {
            assert!(bad.parse::<FileName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_media_type_has_two_parts_and_no_parameters() {
        for good in ["text/plain", "application/json", "application/vnd.age+x"] {
            assert!(good.parse::<MediaType>().is_ok(), "{good}");
        }
        for bad in ["", "text", "text/", "/plain", "Text/plain", "text/plain; charset=utf-8", "a/b/c"] {
            assert!(bad.parse::<MediaType>().is_err(), "{bad}");
        }
    }
}
