//! How an answer is printed: as it is with `--json`, else as fields or as a table.
//!
//! A peer's words are printed with their control characters escaped, so that they cannot move the
//! cursor or recolour what the node says.
//!
//! Deliberately absent: colours and widths of terminals.

use serde_json::Value;

/// How to print an answer for people.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// An object: one line for each field.
    Fields,
    /// A list of objects: these columns.
    Rows(&'static [&'static str]),
    /// An object of which one field is such a list; its other fields follow.
    Lines(&'static str, &'static [&'static str]),
    /// One field and nothing else.
    Only(&'static str),
}

/// Prints an answer.
#[expect(clippy::print_stdout, reason = "what a program is asked for goes to its standard output")]
pub(super) fn print(answer: &Value, table: Table, json: bool) {
    if json {
        println!("{answer}");
        return;
    }
    for line in lines(answer, table) {
        println!("{line}");
    }
}

pub(super) fn lines(answer: &Value, table: Table) -> Vec<String> {
    match table {
        Table::Fields => fields("", answer.as_object().into_iter().flatten()),
        Table::Rows(columns) => rows(answer, columns),
        Table::Lines(list, columns) => {
            let others = answer.as_object().into_iter().flatten().filter(|(name, _)| *name != list);
            let others = fields("", others);
            let gap = (!others.is_empty()).then(String::new);
            rows(&answer[list], columns).into_iter().chain(gap).chain(others).collect()
        }
        Table::Only(field) => vec![cell(&answer[field])],
    }
}

/// A line for each field; those of an object within an object have both names.
fn fields<'a>(within: &str, fields: impl Iterator<Item = (&'a String, &'a Value)>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in fields {
        let name = format!("{within}{name}");
        match value {
            Value::Object(inner) => lines.extend(self::fields(&format!("{name}."), inner.iter())),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                lines.extend(items.iter().map(|item| line(&name, &listed(item))));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                lines.push(line(&name, &cell(value)));
            }
        }
    }
    lines
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<25} {value}")
}

/// An object on one line.
fn listed(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name} {}", cell(value))).collect::<Vec<_>>().join(", ")
}

fn rows(list: &Value, columns: &[&str]) -> Vec<String> {
    let head: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let items = list.as_array().into_iter().flatten();
    let cells = items.map(|item| columns.iter().map(|column| cell(&item[column])).collect());
    let table: Vec<Vec<String>> = core::iter::once(head).chain(cells).collect();
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => plain(text),
        Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
            items.iter().map(cell).collect::<Vec<_>>().join(" ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => plain(&value.to_string()),
    }
}

fn plain(text: &str) -> String {
    let one = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_a_head_and_a_line_for_each_thing() {
        let deals = json!([{ "id": "0x12", "stage": "open" }, { "id": "0x3", "stage": null, "more": 1 }]);
        assert_eq!(lines(&deals, Table::Rows(&["id", "stage"])), ["id    stage", "0x12  open", "0x3   -"]);
        assert_eq!(lines(&json!({ "lines": deals }), Table::Lines("lines", &["id"])), ["id", "0x12", "0x3"]);
        let report = json!({ "lines": [{ "id": 1 }], "sums": { "in": "5" }, "why": [{ "by": "x", "n": 2 }] });
        let shown = lines(&report, Table::Lines("lines", &["id"]));
        let field = |name: &str, value: &str| format!("{name:<25} {value}");
        assert_eq!(shown, ["id", "1", "", &field("sums.in", "5"), &field("why", "by x, n 2")]);
        assert_eq!(lines(&json!({ "token": "ab", "role": "x" }), Table::Only("token")), ["ab"]);
    }

    #[test]
    fn a_peers_words_cannot_move_the_cursor() {
        assert_eq!(cell(&json!("a\u{1b}[2Jb\n")), "a\\u{1b}[2Jb\\n");
        assert_eq!(cell(&json!(["a", 1])), "a 1");
    }
}
