//! What the node shows, in the API's shape: views of the protocol, with peers' words wrapped.
//!
//! Every place where free text of a peer can stand is named here. It becomes
//! `{"untrusted_text": "…"}`, also where the text happens to be our own: one shape for a program.
//! Words of narrow types (tokens, file names, DIDs) are compared by programs and stay bare.
//!
//! Deliberately absent: any other change; what the protocol shows is what is served.

use nuncio_protocol::view::{ApprovalView, BidView, NdaView, NegotiationView, RequestView};
use serde::Serialize;
use serde_json::{Value, json};

use super::problem::Problem;

/// A value as JSON.
pub(super) fn plain(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|_| Problem::strange())
}

/// A request: its wish is free text.
pub(super) fn request(view: &RequestView) -> Result<Value, Problem> {
    shown(view, &[&["request", "text"]])
}

/// A bid: its pact has a title and may ask questions, its card has a name.
pub(super) fn bid(view: &BidView) -> Result<Value, Problem> {
    let texts: [&[&str]; 3] =
        [&["pact", "title"], &["pact", "clauses", "*", "test", "question"], &["card", "name"]];
    shown(view, &texts)
}

/// An NDA: conditions and names of regulators.
pub(super) fn nda(view: &NdaView) -> Result<Value, Problem> {
    shown(view, &[&["text", "conditions", "*"], &["text", "regulators", "*", "name"]])
}

/// A negotiation: titles of milestones.
pub(super) fn negotiation(view: &NegotiationView) -> Result<Value, Problem> {
    shown(view, &[&["ours", "milestones", "*", "title"], &["theirs", "milestones", "*", "title"]])
}

/// A deal that waits for the principal: titles of milestones.
pub(super) fn approval(view: &ApprovalView) -> Result<Value, Problem> {
    shown(view, &[&["terms", "milestones", "*", "title"]])
}

fn shown(view: &impl Serialize, texts: &[&[&str]]) -> Result<Value, Problem> {
    let mut value = plain(view)?;
    for path in texts {
        wrap(&mut value, path);
    }
    Ok(value)
}

/// Wraps the text at a path, `*` being every item of a list; what is not there stays not there.
fn wrap(value: &mut Value, path: &[&str]) {
    match path {
        [] if value.is_string() => *value = json!({ "untrusted_text": value.take() }),
        [] => {}
        ["*", rest @ ..] => value.as_array_mut().into_iter().flatten().for_each(|item| wrap(item, rest)),
        [name, rest @ ..] => {
            if let Some(inner) = value.get_mut(*name) {
                wrap(inner, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_words_are_wrapped_wherever_they_stand() {
        let mut value =
            json!({ "a": { "text": "x" }, "list": [{ "t": "y" }, { "t": 1 }, {}], "words": ["z"] });
        for path in [&["a", "text"][..], &["list", "*", "t"], &["words", "*"], &["missing", "t"], &["a", "*"]]
        {
            wrap(&mut value, path);
        }
        let text = |text: &str| json!({ "untrusted_text": text });
        let expected = json!({
            "a": { "text": text("x") }, "list": [{ "t": text("y") }, { "t": 1 }, {}], "words": [text("z")],
        });
        assert_eq!(value, expected);
    }
}
