//! Which characters a string may hold, so that it looks like what it is.
//!
//! Deliberately absent: repair. A text that would have to be changed is refused.

use unicode_normalization::is_nfc;

/// Says why a string may not stand in a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Not in Unicode normalization form C.
    #[error("is not in normalization form C")]
    NotNfc,
    /// A control character other than line feed and tab.
    #[error("holds a control character")]
    Control,
    /// A character that changes the direction of what surrounds it.
    #[error("holds a bidirectional control character")]
    Bidi,
    /// A code point that is no character (RFC 7493).
    #[error("holds a noncharacter")]
    Noncharacter,
}

/// Checks the characters of one string.
///
/// # Errors
/// The first [`TextFault`].
pub fn check_text(text: &str) -> Result<(), TextFault> {
    // Printable ASCII is in normalization form C and holds nothing that is refused.
    if text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    for c in text.chars() {
        match c {
            '\n' | '\t' => {}
            c if c.is_control() => return Err(TextFault::Control),
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                return Err(TextFault::Bidi);
            }
            '\u{fdd0}'..='\u{fdef}' => return Err(TextFault::Noncharacter),
            c if u32::from(c) & 0xfffe == 0xfffe => return Err(TextFault::Noncharacter),
            _ => {}
        }
    }
    if is_nfc(text) { Ok(()) } else { Err(TextFault::NotNfc) }
}
