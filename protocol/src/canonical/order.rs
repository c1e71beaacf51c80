//! The members of objects put in order while they are written.
//!
//! Each object's members are moved to their places when it ends, so no text is looked at twice. Keys of
//! plain ASCII are ordered by their bytes, which is the order of their UTF-16 units (RFC 8785, 3.2.3).
//! Whatever cannot be ordered so is written as it comes, and said to be unusual.
//!
//! Deliberately absent: a look at the values.

use core::{
    cell::{Cell, RefCell},
    ops::Range,
};
use std::io::{self, Write};

use serde_json::{Serializer, ser::Formatter};

use super::DEPTH_MAX;

/// Why members are not in order.
pub(super) enum Unordered {
    /// A key stands twice in one object.
    Twice,
    /// A key is not plain ASCII, something is text already, or it is nested too deep: the text, which is
    /// JSON with its members in any order.
    Unusual(Vec<u8>),
}

/// Bytes that are kept ready for a text; an offer has less.
const READY: usize = 2048;

/// A text in the making.
pub(super) struct Ordered {
    text: RefCell<Vec<u8>>,
    twice: Cell<bool>,
    unusual: Cell<bool>,
}

impl Ordered {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let text = RefCell::new(Vec::with_capacity(READY));
        Self { text, twice: Cell::new(false), unusual: Cell::new(false) }
    }

    /// Writes one value into the text.
    pub(super) fn serializer(&self) -> Serializer<Out<'_>, Arranging<'_>> {
        let arranging =
            Arranging { ordered: self, open: Vec::new(), members: Vec::new(), spare: Vec::new(), depth: 0 };
        Serializer::with_formatter(Out(self), arranging)
    }

    /// What was written.
    pub(super) fn into_text(self) -> Result<Vec<u8>, Unordered> {
        let text = self.text.into_inner();
        if self.twice.get() {
            Err(Unordered::Twice)
        } else if self.unusual.get() {
            Err(Unordered::Unusual(text))
        } else {
            Ok(text)
        }
    }

    fn len(&self) -> usize {
        self.text.borrow().len()
    }
}

/// Where the text goes.
pub(super) struct Out<'o>(&'o Ordered);

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.text.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A member of an object in the text: where it stands, its key first, and where its key ends.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    key_end: usize,
    end: usize,
}

impl Member {
    /// The key without its quotes.
    const fn key(&self) -> Range<usize> {
        self.start + 1..self.key_end - 1
    }
}

/// Follows what is written, and puts the members of an object in order when it ends.
pub(super) struct Arranging<'o> {
    ordered: &'o Ordered,
    /// For every object that is open, its first place among the members.
    open: Vec<usize>,
    members: Vec<Member>,
    spare: Vec<u8>,
    depth: usize,
}

impl Arranging<'_> {
    fn deeper(&mut self) {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            self.ordered.unusual.set(true);
        }
    }

    fn newest(&mut self) -> &mut Member {
        self.members.last_mut().expect("invariant: a member begins with its key")
    }

    fn order(&mut self, first: usize) {
        let members = &mut self.members[first..];
        let Some(start) = members.first().map(|member| member.start) else { return };
        let mut text = self.ordered.text.borrow_mut();
        if members.windows(2).all(|pair| text[pair[0].key()] < text[pair[1].key()]) {
            return;
        }
        members.sort_unstable_by(|a, b| text[a.key()].cmp(&text[b.key()]));
        if members.windows(2).any(|pair| text[pair[0].key()] == text[pair[1].key()]) {
            return self.ordered.twice.set(true);
        }
        self.spare.clear();
        for member in members {
            if !self.spare.is_empty() {
                self.spare.push(b',');
            }
            self.spare.extend_from_slice(&text[member.start..member.end]);
        }
        text[start..].copy_from_slice(&self.spare);
    }
}

impl Formatter for Arranging<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deeper();
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.deeper();
        self.open.push(self.members.len());
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        let start = self.ordered.len();
        self.members.push(Member { start, key_end: start, end: start });
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.ordered.len();
        let member = self.newest();
        member.key_end = end;
        let key = member.key();
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
        if !self.ordered.text.borrow()[key].iter().all(plain) {
            self.ordered.unusual.set(true);
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.newest().end = self.ordered.len();
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        let first = self.open.pop().expect("invariant: an object that ends has begun");
        if !self.ordered.unusual.get() {
            self.order(first);
        }
        self.members.truncate(first);
        writer.write_all(b"}")
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        // Nobody says that its members are in order.
        self.ordered.unusual.set(true);
        writer.write_all(text.as_bytes())
    }
}
