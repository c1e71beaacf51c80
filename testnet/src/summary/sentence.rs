//! Where sentences begin and end in plain text, as byte ranges of the original.
//!
//! A sentence ends at `.`, `!`, `?` or their East Asian forms, with any closing quotes or brackets,
//! unless the dot belongs to an abbreviation, an initial, a number or a list mark. A blank line ends
//! whatever was open; what it cuts off without an end mark is a heading and no sentence.
//!
//! Deliberately absent: any change of the text. A sentence is a slice of what was handed in, so its
//! quote is verbatim by construction.

/// A sentence, as a slice of the text and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// First byte, counted from the start of the text.
    pub offset: usize,
    /// The sentence itself, end mark included, surrounding white space not.
    pub text: &'a str,
}

/// Words after which a dot does not end a sentence, lowercase and without the dot.
const ABBREVIATIONS: [&str; 23] = [
    "adm", "al", "approx", "ca", "cf", "co", "corp", "dept", "dr", "est", "etc", "gen", "gov", "inc", "jr",
    "ltd", "messrs", "mr", "mrs", "ms", "prof", "viz", "vs",
];

/// Words after which a dot does not end a sentence when a number follows.
const NUMBERED: [&str; 14] =
    ["art", "arts", "ch", "cl", "eq", "fig", "figs", "no", "nos", "p", "para", "paras", "pp", "sec"];

/// Names' endings: after these, a capital begins a new sentence.
const ENDINGS: [&str; 5] = ["co", "corp", "etc", "inc", "ltd"];

/// Splits a text into its sentences, in order.
#[must_use]
pub fn sentences(text: &str) -> Vec<Sentence<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let after = at + next.len_utf8();
        if next == '\n' && blank_line_follows(&text[after..]) {
            start = after;
        } else if is_wide_end(next) || (is_end(next) && ends_here(&text[start..at], &text[after..], next)) {
            let end = after + closing_len(&text[after..]);
            push(&mut found, text, start, end);
            start = end;
            at = end;
            continue;
        }
        at = after;
    }
    found
}

fn push<'a>(found: &mut Vec<Sentence<'a>>, text: &'a str, start: usize, end: usize) {
    let slice = &text[start..end];
    let sentence = slice.trim_start();
    if sentence.chars().any(char::is_alphabetic) {
        found.push(Sentence { offset: end - sentence.len(), text: sentence });
    }
}

const fn is_end(c: char) -> bool {
    matches!(c, '.' | '!' | '?')
}

/// End marks of scripts that put no space after them.
const fn is_wide_end(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '．')
}

const fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '」' | '』') || is_end(c)
}

fn closing_len(rest: &str) -> usize {
    rest.chars().take_while(|c| is_closing(*c)).map(char::len_utf8).sum()
}

/// Whether the rest of the text starts with a line that has nothing on it.
fn blank_line_follows(rest: &str) -> bool {
    rest.split_once('\n').is_some_and(|(line, _)| line.trim().is_empty())
}

/// Whether the mark between `before` and `rest` ends the sentence that began with `before`.
fn ends_here(before: &str, rest: &str, mark: char) -> bool {
    let rest = &rest[closing_len(rest)..];
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return false;
    }
    if mark != '.' {
        return true;
    }
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(before);
    // "1. Background." at the start of a sentence: the mark of a list.
    if word.trim_start().len() == before.trim_start().len() && word.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    let lower = word.to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    // "e.g." and "U.S." carry their own dots.
    let dotted = lower.split('.').count() > 1 && lower.split('.').all(|part| part.chars().count() <= 1);
    let next = rest.trim_start().chars().next();
    if NUMBERED.contains(&lower.as_str()) {
        return !next.is_some_and(|c| c.is_ascii_digit());
    }
    if !initial && !dotted && !ABBREVIATIONS.contains(&lower.as_str()) {
        return true;
    }
    // An abbreviation may still be the last word of its sentence.
    next.is_none()
        || blank_line_follows(rest.split_once('\n').map_or("", |(_, below)| below))
        || (ENDINGS.contains(&lower.as_str()) && next.is_some_and(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|sentence| sentence.text).collect()
    }

    #[test]
    fn abbreviations_numbers_and_initials_do_not_end_a_sentence() {
        let rows: [(&str, &[&str]); 10] = [
            ("A rise of 3.8 per cent. It held.", &["A rise of 3.8 per cent.", "It held."]),
            ("Docket No. 24-0817 was heard. Good.", &["Docket No. 24-0817 was heard.", "Good."]),
            ("It cost approx. $310 (cf. Annex 2). Fine!", &["It cost approx. $310 (cf. Annex 2).", "Fine!"]),
            ("The answer is no. It stays.", &["The answer is no.", "It stays."]),
            ("J. R. Smith, of the U.S. office, spoke.", &["J. R. Smith, of the U.S. office, spoke."]),
            ("Brightwell Exchange Ltd. operates it.", &["Brightwell Exchange Ltd. operates it."]),
            ("It is Brightwell Ltd. It has a licence.", &["It is Brightwell Ltd.", "It has a licence."]),
            ("1. Background. It began.", &["1. Background.", "It began."]),
            ("He said “stop.” They did.", &["He said “stop.”", "They did."]),
            ("結果は良い。次もある。", &["結果は良い。", "次もある。"]),
        ];
        for (text, expected) in rows {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn headings_are_no_sentences_and_end_what_was_open() {
        let text = "ANNUAL REPORT\n\nRevenue rose\nby a tenth. Costs fell.\n \nOutlook\n\nIt is fair.";
        assert_eq!(split(text), ["Revenue rose\nby a tenth.", "Costs fell.", "It is fair."]);
    }

    #[test]
    fn an_offset_counts_bytes_and_finds_the_sentence_again() {
        let text = "Ærvik – a port. €4.1 million “came back”. Œuvre ended?\n\nEnd.";
        let found = sentences(text);
        assert_eq!(found.len(), 4);
        for sentence in found {
            assert_eq!(&text[sentence.offset..sentence.offset + sentence.text.len()], sentence.text);
        }
    }

    #[test]
    fn any_text_can_be_split() {
        for text in ["", ".", "...", "\n\n\n", "no end mark", "a.b.c", "?!?!", "\u{feff}Hi. ", "1.", "…. x"]
        {
            let _ = sentences(text);
        }
    }
}
