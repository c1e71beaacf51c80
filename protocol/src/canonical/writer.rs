//! Writing: a value as the one text that RFC 8785 makes of it.
//!
//! serde writes strings and integers of the narrow JSON as the RFC does, and fields in the order in
//! which a type names them; so what is left to do is to put the members of every object in order.
//! Keys of plain ASCII are ordered by their bytes, which is the order of their UTF-16 units; for any
//! other key the library decides.
//!
//! Deliberately absent: a look at the values. Whoever writes what it does not know checks it as well.

use core::{cell::Cell, ops::Range};

use serde::Serialize;
use serde_json::{Value, ser::Formatter, value::RawValue};

use super::{DEPTH_MAX, EncodingError, check_bytes, check_value};

/// Writes a value in its one canonical form.
///
/// # Errors
/// [`EncodingError`] for a value outside the narrow JSON of this module.
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodingError> {
    let tree = serde_json::to_value(value).map_err(|_| EncodingError::Unwritable)?;
    check_value(&tree, 0)?;
    if holds_text(value)? {
        // A paper inside the value is text already, and the library takes none; the tree holds it parsed.
        return canonicalised(&tree);
    }
    // What has vanished from the tree is still refused: a key that is written twice, no number.
    serde_json_canonicalizer::to_vec(&value).map_err(|_| EncodingError::DuplicateKey)
}

/// Whether something inside a value is written as text that is JSON already.
fn holds_text<T: Serialize + ?Sized>(value: &T) -> Result<bool, EncodingError> {
    struct Watching<'c>(&'c Cell<bool>);

    impl Formatter for Watching<'_> {
        fn write_raw_fragment<W: ?Sized + std::io::Write>(
            &mut self,
            _: &mut W,
            _: &str,
        ) -> std::io::Result<()> {
            self.0.set(true);
            Ok(())
        }
    }

    let seen = Cell::new(false);
    let mut writer = serde_json::Serializer::with_formatter(std::io::sink(), Watching(&seen));
    value.serialize(&mut writer).map_err(|_| EncodingError::Unwritable)?;
    Ok(seen.get())
}

/// Writes a tree as the text of its one canonical form.
///
/// # Errors
/// As [`to_canonical`].
pub(crate) fn to_canonical_text(tree: &Value) -> Result<Box<RawValue>, EncodingError> {
    check_value(tree, 0)?;
    if keys_are_ascii(tree) {
        // A tree has its keys in the order of their bytes.
        return serde_json::value::to_raw_value(tree).map_err(|_| EncodingError::Unwritable);
    }
    raw(canonicalised(tree)?)
}

/// Writes a value of ours whose strings and numbers are legal by their types, and whose text is
/// compared with one that was checked, or is checked itself.
///
/// # Errors
/// [`EncodingError::DuplicateKey`], [`EncodingError::Unwritable`].
pub(crate) fn to_text<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodingError> {
    let text = serde_json::to_vec(value).map_err(|_| EncodingError::Unwritable)?;
    let mut sorting = Sorting { text: &text, at: 0, out: Vec::with_capacity(text.len()), spare: Vec::new() };
    match sorting.value(0) {
        Ok(()) => Ok(sorting.out),
        Err(Unsorted::Twice) => Err(EncodingError::DuplicateKey),
        Err(Unsorted::Unusual) => {
            // The tree would swallow a key that stands twice.
            check_bytes(&text, usize::MAX)?;
            canonicalised(&serde_json::from_slice(&text).map_err(|_| EncodingError::Unwritable)?)
        }
    }
}

/// JSON as the text that stands in a larger one.
///
/// # Errors
/// [`EncodingError::Unwritable`] for what is no JSON.
pub(crate) fn raw(text: Vec<u8>) -> Result<Box<RawValue>, EncodingError> {
    let text = String::from_utf8(text).map_err(|_| EncodingError::Unwritable)?;
    RawValue::from_string(text).map_err(|_| EncodingError::Unwritable)
}

fn canonicalised(tree: &Value) -> Result<Vec<u8>, EncodingError> {
    serde_json_canonicalizer::to_vec(tree).map_err(|_| EncodingError::Unwritable)
}

fn keys_are_ascii(tree: &Value) -> bool {
    match tree {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(keys_are_ascii),
        Value::Object(fields) => fields.iter().all(|(key, field)| key.is_ascii() && keys_are_ascii(field)),
    }
}

/// Why members were not put in order.
enum Unsorted {
    /// A key stands twice in one object.
    Twice,
    /// A key that is not plain ASCII, spaces between tokens, or a depth that is not written.
    Unusual,
}

/// Puts the members of every object of JSON without spaces in the order of their keys.
struct Sorting<'t> {
    text: &'t [u8],
    at: usize,
    out: Vec<u8>,
    spare: Vec<u8>,
}

impl Sorting<'_> {
    fn value(&mut self, depth: usize) -> Result<(), Unsorted> {
        match self.peek()? {
            b'{' | b'[' if depth == DEPTH_MAX => Err(Unsorted::Unusual),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'"' => self.string().map(drop),
            b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => {
                let rest = &self.text[self.at..];
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']'));
                self.take(end.unwrap_or(rest.len()));
                Ok(())
            }
            _ => Err(Unsorted::Unusual),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Unsorted> {
        self.take(1);
        let start = self.out.len();
        // Where each member stands in what is written, and its key.
        let mut members: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        let mut rising = true;
        while self.peek()? != b'}' {
            if !members.is_empty() {
                self.expect(b',')?;
                self.take(1);
            }
            let from = self.out.len();
            let key = self.string()?;
            if !self.out[key.clone()].iter().all(|byte| matches!(byte, b' '..=b'~' if *byte != b'\\')) {
                return Err(Unsorted::Unusual);
            }
            self.expect(b':')?;
            self.take(1);
            self.value(depth)?;
            rising &= members.last().is_none_or(|(_, last)| self.out[last.clone()] < self.out[key.clone()]);
            members.push((from..self.out.len(), key));
        }
        self.take(1);
        if rising {
            return Ok(());
        }
        let out = &self.out;
        members.sort_unstable_by(|(_, a), (_, b)| out[a.clone()].cmp(&out[b.clone()]));
        if members.windows(2).any(|pair| out[pair[0].1.clone()] == out[pair[1].1.clone()]) {
            return Err(Unsorted::Twice);
        }
        self.spare.clear();
        for (member, _) in members {
            if !self.spare.is_empty() {
                self.spare.push(b',');
            }
            self.spare.extend_from_slice(&out[member]);
        }
        self.out.truncate(start);
        self.out.extend_from_slice(&self.spare);
        self.out.push(b'}');
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Unsorted> {
        self.take(1);
        while self.peek()? != b']' {
            self.value(depth)?;
            if self.peek()? == b',' {
                self.take(1);
            }
        }
        self.take(1);
        Ok(())
    }

    /// Takes a string; gives where its characters stand in what is written.
    fn string(&mut self) -> Result<Range<usize>, Unsorted> {
        self.expect(b'"')?;
        let from = self.out.len() + 1;
        let mut end = self.at + 1;
        loop {
            let rest = self.text.get(end..).ok_or(Unsorted::Unusual)?;
            let next = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(Unsorted::Unusual)?;
            end += next + 1;
            if rest[next] == b'"' {
                break;
            }
            // What follows a backslash is one byte, or no quote.
            end += 1;
        }
        self.take(end - self.at);
        Ok(from..self.out.len() - 1)
    }

    fn peek(&self) -> Result<u8, Unsorted> {
        self.text.get(self.at).copied().ok_or(Unsorted::Unusual)
    }

    fn expect(&self, byte: u8) -> Result<(), Unsorted> {
        if self.peek()? == byte { Ok(()) } else { Err(Unsorted::Unusual) }
    }

    fn take(&mut self, count: usize) {
        self.out.extend_from_slice(&self.text[self.at..self.at + count]);
        self.at += count;
    }
}
