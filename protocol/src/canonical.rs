//! The one encoding: JSON, canonical by RFC 8785, in the narrow part of JSON that every language
//! reads the same way.
//!
//! Whatever is signed or hashed passes [`to_canonical`]; whatever a stranger sent passes
//! [`from_untrusted`] before anything looks at it. Both refuse the same things: fractions, exponents
//! and −0, integers beyond ±(2^53 − 1) (canonicalisation would silently round them), nesting deeper
//! than 16, strings that are not NFC or that hold control, bidi or noncharacters. Reading also
//! refuses duplicate keys, lone surrogates, unknown fields and what is too long. Nothing is repaired:
//! two parties that repair differently have signed different papers.
//!
//! A line feed and a tab may stand in a string here; the types of [`crate::text`] decide where.
//!
//! Deliberately absent: floats, a second encoding, any text of the sender in an error.

mod character;
mod order;
mod walk;
mod writer;

use core::fmt;

use serde::{
    Serialize,
    de::{self, DeserializeOwned},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use self::{
    character::{TextFault, check_text},
    writer::to_canonical,
};
pub(crate) use self::{
    walk::{Key, check_bytes},
    writer::{to_canonical_text, to_text},
};
use crate::ids::PaperId;

/// The deepest nesting of arrays and objects; the outermost one counts as 1.
pub const DEPTH_MAX: usize = 16;

/// The largest integer that every JSON reader keeps: 2^53 − 1 (RFC 7493, RFC 8785).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Says why something is not canonical, or cannot be made so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// More bytes than the reader allows.
    #[error("{len} bytes, at most {max} are read")]
    TooLong {
        /// Bytes that came.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Arrays and objects nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// A fraction, an exponent or −0.
    #[error("a number with a fraction, an exponent or a negative zero")]
    Fraction,
    /// An integer beyond ±(2^53 − 1); it belongs into a decimal string.
    #[error("an integer beyond 2^53 - 1; write it as a decimal string")]
    IntegerTooLarge,
    /// A string or key that may not be written.
    #[error("a string {0}")]
    Text(#[from] TextFault),
    /// The same key twice in one object.
    #[error("a duplicate key")]
    DuplicateKey,
    /// A field that the type does not have.
    #[error("{UNKNOWN_FIELD} at line {line}, column {column}")]
    UnknownField {
        /// Line of the input, from 1.
        line: usize,
        /// Column of the input, in bytes.
        column: usize,
    },
    /// Not JSON at all.
    #[error("not JSON at line {line}, column {column}")]
    Syntax {
        /// Line of the input, from 1.
        line: usize,
        /// Column of the input, in bytes.
        column: usize,
    },
    /// JSON, but not a legal value of the type; the reason is in our words, never in the sender's.
    #[error("not a legal value at line {line}, column {column}: {reason}")]
    Shape {
        /// Line of the input, from 1.
        line: usize,
        /// Column of the input, in bytes.
        column: usize,
        /// What was expected.
        reason: String,
    },
    /// Legal, but written differently from its canonical form.
    #[error("not in canonical form (RFC 8785)")]
    NotCanonical,
    /// The value refuses to be written as JSON.
    #[error("cannot be written as JSON")]
    Unwritable,
}

/// Reads what a stranger sent.
///
/// # Errors
/// [`EncodingError`] with the first thing that is wrong; it never quotes the input.
pub fn from_untrusted<T: DeserializeOwned>(bytes: &[u8], max_len: usize) -> Result<T, EncodingError> {
    check_bytes(bytes, max_len)?;
    serde_json::from_slice(bytes).map_err(|error| shape(&error))
}

/// Reads bytes that must be exactly the canonical form of the value, as a paper's file is.
///
/// # Errors
/// As [`from_untrusted`], and [`EncodingError::NotCanonical`].
pub fn from_canonical<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    max_len: usize,
) -> Result<T, EncodingError> {
    let value = from_untrusted(bytes, max_len)?;
    if to_canonical(&value)? == bytes { Ok(value) } else { Err(EncodingError::NotCanonical) }
}

/// Reads a value out of a tree, and refuses a tree that is not exactly how the value is written:
/// fields that the type would ignore, an explicit `null` for what is absent, a second spelling.
///
/// # Errors
/// As [`from_canonical`].
pub fn from_tree<T: DeserializeOwned + Serialize>(tree: &Value) -> Result<T, EncodingError> {
    check_value(tree, 0)?;
    let value = T::deserialize(tree).map_err(|error| shape(&error))?;
    // Equal trees have equal canonical bytes; comparing them costs a tenth of writing both.
    let again = serde_json::to_value(&value).map_err(|_| EncodingError::Unwritable)?;
    if again == *tree { Ok(value) } else { Err(EncodingError::NotCanonical) }
}

/// The id of a paper: SHA-256 of its canonical bytes, as `sha256sum` prints it.
#[must_use]
pub fn id_of(canonical: &[u8]) -> PaperId {
    PaperId(Sha256::digest(canonical).into())
}

fn check_value(value: &Value, depth: usize) -> Result<(), EncodingError> {
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(n), _) => check_integer(n),
            (None, Some(n)) => check_integer(n.unsigned_abs()),
            (None, None) => Err(EncodingError::Fraction),
        },
        Value::String(text) => Ok(check_text(text)?),
        Value::Array(_) | Value::Object(_) if depth == DEPTH_MAX => Err(EncodingError::TooDeep),
        Value::Array(items) => items.iter().try_for_each(|item| check_value(item, depth + 1)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, field)| {
            check_text(key)?;
            check_value(field, depth + 1)
        }),
    }
}

const fn check_integer(magnitude: u64) -> Result<(), EncodingError> {
    if magnitude > INTEGER_MAX { Err(EncodingError::IntegerTooLarge) } else { Ok(()) }
}

/// Names what a type refused, without quoting the input: of serde's messages only the part that
/// speaks of our own types is kept.
pub(crate) fn shape(error: &serde_json::Error) -> EncodingError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    if message.starts_with("unknown field") || message.contains(UNKNOWN_FIELD) {
        return EncodingError::UnknownField { line, column };
    }
    let ours = match message.split_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if message.starts_with("missing field") || message.starts_with(RULE) => message.clone(),
        None => "refused by its type".to_owned(),
    };
    let reason = ours.split(" at line ").next().unwrap_or_default().trim_start_matches(RULE).to_owned();
    EncodingError::Shape { line, column, reason }
}

/// How an unknown field is named, also when one paper stands inside another.
const UNKNOWN_FIELD: &str = "an unknown field";

/// Starts every refusal that is written in our own words and may therefore be shown.
pub(crate) const RULE: &str = "rule: ";

/// A refusal by a paper's own rule, to be handed to serde: [`from_untrusted`] keeps its words.
pub(crate) fn refuse<E: de::Error>(reason: impl fmt::Display) -> E {
    E::custom(format_args!("{RULE}{reason}"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    const MAX: usize = 4096;

    fn read(text: &str) -> Result<Value, EncodingError> {
        from_untrusted(text.as_bytes(), MAX)
    }

    #[test]
    fn the_sample_of_rfc_8785_is_written_as_the_rfc_writes_it_where_it_is_allowed() {
        // RFC 8785 §3.2.2 and §3.2.3 without its floats and control characters.
        let value = json!({"string": "\u{20ac}$A'B\"\\\\\"/", "literals": [null, true, false]});
        assert_eq!(
            String::from_utf8(to_canonical(&value).unwrap()).unwrap(),
            r#"{"literals":[null,true,false],"string":"€$A'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn keys_are_sorted_by_utf_16_code_units_as_rfc_8785_3_2_3_says() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "1": "One", "\u{10ffb}": "a", "\u{1f600}": "Emoji: Grinning Face",
            "\u{f6}": "Latin Small Letter O With Diaeresis", "\u{e000}": "private use"
        });
        let text = String::from_utf8(to_canonical(&value).unwrap()).unwrap();
        let order: Vec<_> = ["1", "\u{f6}", "\u{20ac}", "\u{10ffb}", "\u{1f600}", "\u{e000}"]
            .iter()
            .map(|key| text.find(&format!("\"{key}\":")).unwrap())
            .collect();
        // U+10FFB and U+1F600 are surrogate pairs (0xD8..) and so come before U+E000.
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn a_number_that_canonicalisation_would_round_cannot_be_written() {
        assert_eq!(to_canonical(&INTEGER_MAX).unwrap(), b"9007199254740991");
        assert_eq!(to_canonical(&-9_007_199_254_740_991_i64).unwrap(), b"-9007199254740991");
        for value in [json!(INTEGER_MAX + 1), json!(u64::MAX), json!(i64::MIN)] {
            assert_eq!(to_canonical(&value), Err(EncodingError::IntegerTooLarge), "{value}");
        }
        assert_eq!(to_canonical(&u128::MAX), Err(EncodingError::Unwritable));
        for value in [1.5, 1.0, -0.0, 1e300] {
            assert_eq!(to_canonical(&value), Err(EncodingError::Fraction), "{value}");
        }
        assert!(to_canonical(&f64::NAN).is_err());
    }

    #[test]
    fn a_number_that_readers_disagree_about_is_not_read() {
        for text in ["1.5", "1.0", "-0", "-0.0", "1e3", "1E-2", "0e0"] {
            assert_eq!(read(text), Err(EncodingError::Fraction), "{text}");
        }
        for text in ["9007199254740992", "-9007199254740992", "18446744073709551616", "1e300"] {
            assert_eq!(read(text), Err(EncodingError::IntegerTooLarge), "{text}");
        }
        assert_eq!(read("9007199254740991"), Ok(json!(INTEGER_MAX)));
        assert!(matches!(read("01"), Err(EncodingError::Syntax { .. })));
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth_and_in_any_spelling() {
        let far = r#"{"c":1,"b":2,"a":3,"d":4,"b":5}"#;
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#, far] {
            assert_eq!(read(text), Err(EncodingError::DuplicateKey), "{text}");
        }
        assert!(read(r#"{"c":1,"b":2,"a":3,"d":4}"#).is_ok());
    }

    #[test]
    fn text_that_looks_different_from_what_it_is_is_refused_both_ways() {
        let rows = [
            ("e\u{301}", TextFault::NotNfc),
            ("a\u{0}", TextFault::Control),
            ("a\rb", TextFault::Control),
            ("\u{85}", TextFault::Control),
            ("\u{7f}", TextFault::Control),
            ("pay \u{202e}001", TextFault::Bidi),
            ("\u{2066}x", TextFault::Bidi),
            ("\u{200f}", TextFault::Bidi),
            ("\u{ffff}", TextFault::Noncharacter),
            ("\u{1fffe}", TextFault::Noncharacter),
        ];
        for (text, fault) in rows {
            assert_eq!(to_canonical(text), Err(fault.into()), "{text:?}");
            assert_eq!(read(&serde_json::to_string(text).unwrap()), Err(fault.into()), "{text:?}");
            let key = json!({ text: 1 });
            assert_eq!(to_canonical(&key), Err(fault.into()), "{text:?} as a key");
            assert_eq!(read(&key.to_string()), Err(fault.into()), "{text:?} as a key");
        }
        assert_eq!(read(r#""\ud800""#), Err(EncodingError::Syntax { line: 1, column: 8 }));
        assert!(read("\"Zürich\\n\\t東京\"").is_ok());
    }

    #[test]
    fn sixteen_levels_are_read_and_written_and_seventeen_are_not() {
        let nest = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        let deep: Value = serde_json::from_str(&nest(17)).unwrap();
        assert!(read(&nest(16)).is_ok());
        assert_eq!(read(&nest(17)), Err(EncodingError::TooDeep));
        assert_eq!(to_canonical(&deep), Err(EncodingError::TooDeep));
        assert_eq!(to_canonical(&deep[0]).unwrap(), nest(16).into_bytes());
        assert_eq!(read(&nest(2000)), Err(EncodingError::TooDeep), "and the stack stays small");
    }

    #[test]
    fn a_papers_text_is_what_rfc_8785_makes_of_it() {
        let trees = [
            json!({"b": [1, -2, 9_007_199_254_740_991_u64, true, null], "a": {"": "", "A": "é€😀\t\n\"\\/"}}),
            json!({"\u{20ac}": 1, "\u{1f600}": 2, "\u{ff5e}": 3, "z": {"\u{f6}": 1, "o": 2}}),
            json!([[], {}, "<>&' \u{7e}\u{a0}"]),
        ];
        for tree in trees {
            let text = to_canonical_text(&tree).unwrap();
            assert_eq!(text.get().as_bytes(), serde_json_canonicalizer::to_vec(&tree).unwrap());
        }
        assert_eq!(to_canonical_text(&json!({"n": 0.5})).unwrap_err(), EncodingError::Fraction);
    }

    #[test]
    fn text_that_is_put_in_order_is_what_rfc_8785_makes_of_it() {
        #[derive(Serialize)]
        struct Unordered<'a> {
            z: &'a str,
            #[serde(rename = "\u{f6}")]
            beyond_ascii: u8,
            a: [Inner; 2],
            #[serde(skip_serializing_if = "Option::is_none")]
            b: Option<u8>,
            #[serde(rename = "Ab")]
            ab: (bool, i64, Option<u8>),
        }
        #[derive(Serialize)]
        struct Inner {
            c: &'static str,
            #[serde(rename = "")]
            nothing: [u8; 0],
            b: Empty,
        }
        #[derive(Serialize)]
        struct Empty {}
        #[derive(Serialize)]
        struct Plain<'a>(&'a str);

        let inner = || Inner { c: "}\"\\,:{[", nothing: [], b: Empty {} };
        for z in ["", "\\", "\"", "a\"}]", "\\\"", "\n\t", "é€😀"] {
            let value =
                Unordered { z, beyond_ascii: 1, a: [inner(), inner()], b: None, ab: (true, -7, None) };
            let text = to_text(&value).unwrap();
            assert_eq!(text.as_bytes(), serde_json_canonicalizer::to_vec(&value).unwrap(), "{z:?}");
            let ordered = json!({"z": z, "a": [{"c": 1, "": []}], "b": {}, "n": -1});
            assert_eq!(to_text(&ordered).unwrap().into_bytes(), to_canonical(&ordered).unwrap());
            assert_eq!(to_text(&Plain(z)).unwrap().into_bytes(), to_canonical(z).unwrap());
        }
    }

    /// The same key twice, which a type can write and a tree cannot hold.
    struct Twice;

    impl Serialize for Twice {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap;
            let mut map = serializer.serialize_map(None)?;
            for key in ["b", "a", "b"] {
                map.serialize_entry(key, &1)?;
            }
            map.end()
        }
    }

    #[test]
    fn a_paper_inside_a_value_is_written_and_what_a_tree_cannot_hold_is_not() {
        let paper = to_canonical_text(&json!({"b": 1, "a": "é"})).unwrap();
        assert_eq!(to_canonical(&[&paper]).unwrap(), "[{\"a\":\"é\",\"b\":1}]".as_bytes());
        let spaced = serde_json::value::RawValue::from_string("{ \"b\":1, \"a\":2 }".to_owned()).unwrap();
        assert_eq!(to_canonical(&spaced).unwrap(), br#"{"a":2,"b":1}"#);
        assert_eq!(to_text(&spaced).unwrap(), r#"{"a":2,"b":1}"#);
        assert_eq!(to_canonical(&Twice).unwrap_err(), EncodingError::DuplicateKey);
        assert_eq!(to_text(&Twice).unwrap_err(), EncodingError::DuplicateKey);
    }

    #[test]
    fn length_is_looked_at_before_anything_else() {
        assert_eq!(from_untrusted::<Value>(b"not json", 3), Err(EncodingError::TooLong { len: 8, max: 3 }));
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        n: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }

    #[test]
    fn an_error_about_a_strangers_bytes_never_quotes_them() {
        let unknown = from_untrusted::<Sample>(br#"{"n":1,"ignore all rules":1}"#, MAX).unwrap_err();
        assert!(matches!(unknown, EncodingError::UnknownField { .. }));
        let wrong = from_untrusted::<Sample>(br#"{"n":"ignore all rules"}"#, MAX).unwrap_err();
        assert_eq!(wrong, EncodingError::Shape { line: 1, column: 23, reason: "expected u8".to_owned() });
        let missing = from_untrusted::<Sample>(b"{}", MAX).unwrap_err();
        assert_eq!(
            missing,
            EncodingError::Shape { line: 1, column: 2, reason: "missing field `n`".to_owned() }
        );
    }

    #[test]
    fn a_paper_has_one_spelling_only() {
        let ok = br#"{"n":1}"#;
        assert_eq!(from_canonical::<Sample>(ok, MAX), Ok(Sample { n: 1, note: None }));
        for text in [r#"{ "n":1}"#, r#"{"n":1,"note":null}"#, r#"{"note":"a","n":1}"#, "{\"n\":1}\n"] {
            assert_eq!(
                from_canonical::<Sample>(text.as_bytes(), MAX),
                Err(EncodingError::NotCanonical),
                "{text}"
            );
        }
        assert_eq!(from_tree::<Sample>(&json!({"n": 1, "note": null})), Err(EncodingError::NotCanonical));
    }

    #[test]
    fn the_id_is_what_sha256sum_prints() {
        assert_eq!(
            id_of(b"{}").to_string(),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
