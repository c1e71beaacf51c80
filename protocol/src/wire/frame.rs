//! The frames of a protected session: what two sides say to each other under an NDA.
//!
//! An offer is read on a path of its own, its paper straight from the text; every other body, and an
//! offer that is written differently from what our own nodes write, is read as any message.
//!
//! Deliberately absent: encryption, order and trust: nothing here has been verified.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::SeatAccepted;
use crate::{
    canonical::{EncodingError, Key, check_bytes, shape},
    disclosure,
    document::{Category, Document, Pact, Salt, TermSheet},
    ids::{ContentHash, Head, NegotiationId, PaperId},
    job::Signature,
    misconduct::Misconduct,
    proof::Proof,
    stage::session::Checkpoint,
    typed::EthSignature,
};

/// The frame part of a session message is at most this many bytes.
pub const FRAME_MAX: usize = 60 * 1024;

/// What stands before the terms in the frame of an offer without a checkpoint, and after them.
const OFFER: &str = r#"{"category":"offer","body":{"say":"offer","with":"#;
const RESERVED_OFFER: &str = r#"{"category":"offer","body":{"say":"reserved-offer","with":"#;
const END: &str = "}}";

/// Which of the two an offer is.
type Kind = fn(Box<Document<TermSheet>>) -> Say;

/// A frame of a protected session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// What class of information it carries.
    pub category: Category,
    /// What it says.
    pub body: Say,
    /// A checkpoint riding along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<SignedCheckpoint>,
}

/// A checkpoint and its signature by the sender's identity key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCheckpoint {
    /// What it covers.
    pub checkpoint: Checkpoint,
    /// 64 bytes.
    pub signature: Signature,
}

/// What a frame says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", content = "with", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Say {
    /// Nothing but the checkpoint.
    Checkpoint,
    /// Opens a negotiation about a bid.
    Begin(Box<Begin>),
    /// The other side's nonce; the negotiation has its id.
    Begun(#[serde(with = "crate::hexed")] [u8; 16]),
    /// Asks for a panel.
    PanelRequest(PanelAsk),
    /// The other side signed the same request.
    PanelSigned(EthSignature),
    /// The panel that follows from beacon, seats and acceptances.
    PanelFormed {
        /// Which attempt.
        attempt: u8,
        /// The beacon round's signature.
        #[serde(with = "crate::hexed")]
        beacon: Vec<u8>,
        /// The acceptances known to the sender.
        accepted: Vec<SeatAccepted>,
    },
    /// The same panel follows here.
    PanelAgreed(ContentHash),
    /// An offer or counter-offer.
    Offer(Box<Document<TermSheet>>),
    /// An offer that its maker confirms only with its principal: it is accepted by asking for a hold.
    ReservedOffer(Box<Document<TermSheet>>),
    /// Asks to hold the head for a principal.
    Hold(AskHold),
    /// The head is held here too.
    Held(Head),
    /// The sender waits for nobody any more.
    Ready(Ready),
    /// The head is not held, or no longer; nothing was signed.
    Unhold(Head),
    /// The head is accepted; firm until `fund_by`.
    Accept(Box<Acceptance>),
    /// Both have accepted.
    Confirm(Box<Assent>),
    /// The negotiation ends without agreement.
    End,
}

impl Say {
    /// The class of information that a frame with this body carries.
    #[must_use]
    pub const fn category(&self) -> Category {
        match self {
            Self::Checkpoint
            | Self::Begun(_)
            | Self::PanelRequest(_)
            | Self::PanelSigned(_)
            | Self::PanelFormed { .. }
            | Self::PanelAgreed(_)
            | Self::Held(_)
            | Self::Unhold(_)
            | Self::End => Category::Announcement,
            Self::Begin(_)
            | Self::Offer(_)
            | Self::ReservedOffer(_)
            | Self::Hold(_)
            | Self::Ready(_)
            | Self::Accept(_)
            | Self::Confirm(_) => Category::Offer,
        }
    }
}

impl Frame {
    /// The frame as it is said.
    ///
    /// # Errors
    /// [`EncodingError::Unwritable`]; never for what is made of values of ours.
    pub fn write(&self) -> Result<Vec<u8>, EncodingError> {
        let plain = self.category == Category::Offer && self.checkpoint.is_none();
        let (start, terms) = if let (true, Say::Offer(terms)) = (plain, &self.body) {
            (OFFER, terms)
        } else if let (true, Say::ReservedOffer(terms)) = (plain, &self.body) {
            (RESERVED_OFFER, terms)
        } else {
            return serde_json::to_vec(self).map_err(|_| EncodingError::Unwritable);
        };
        Ok([start, terms.text(), END].concat().into())
    }

    /// Reads what a stranger sent as a frame.
    ///
    /// # Errors
    /// [`EncodingError`] with the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, EncodingError> {
        if let Some(offer) = Self::read_written(bytes) {
            return Ok(offer);
        }
        check_bytes(bytes, FRAME_MAX)?;
        match Self::read_offer(bytes) {
            Some(offer) => Ok(offer),
            None => serde_json::from_slice(bytes).map_err(|error| shape(&error)),
        }
    }

    /// Reads an offer without a checkpoint that is written as [`Self::write`] writes it.
    fn read_written(bytes: &[u8]) -> Option<Self> {
        let offers: [(&str, Kind); 2] = [(OFFER, Say::Offer), (RESERVED_OFFER, Say::ReservedOffer)];
        offers.into_iter().find_map(|(start, say)| {
            let terms = bytes.strip_prefix(start.as_bytes())?.strip_suffix(END.as_bytes())?;
            let body = say(Box::new(Document::as_written(terms)?));
            Some(Self { category: Category::Offer, body, checkpoint: None })
        })
    }

    /// Reads the one body that is said at machine speed, its paper as the text that it is; nothing where
    /// it is another, or something is wrong with it.
    fn read_offer(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        let Outline { category, body, checkpoint } = serde_json::from_str(text).ok()?;
        let offer: Kind = match body.say.0.as_ref() {
            "offer" => Say::Offer,
            "reserved-offer" => Say::ReservedOffer,
            _ => return None,
        };
        let terms = Document::within(body.with?).ok()?;
        Some(Self { category, body: offer(Box::new(terms)), checkpoint })
    }

    /// Whether the frame may be looked at.
    ///
    /// (Rule: what stands above the offer class is signed itself and shown to nobody before that
    /// holds. No body of this version does, so none carries such a signature.)
    ///
    /// # Errors
    /// [`Misconduct::Unsigned`] for a category above the offer class, [`Misconduct::Mislabelled`] for
    /// a label below what the body carries, by which it would escape the NDA's scope.
    pub fn check(&self) -> Result<(), Misconduct> {
        if self.category > Category::Offer {
            return Err(Misconduct::Unsigned { category: disclosure::name(self.category).into() });
        }
        let carried = self.body.category();
        if carried > self.category {
            return Err(Misconduct::Mislabelled {
                said: disclosure::name(self.category).into(),
                carried: disclosure::name(carried).into(),
            });
        }
        Ok(())
    }
}

/// A frame whose body is still text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outline<'a> {
    category: Category,
    #[serde(borrow)]
    body: Body<'a>,
    #[serde(default)]
    checkpoint: Option<SignedCheckpoint>,
}

/// A body by its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    say: Key<'a>,
    #[serde(borrow, default)]
    with: Option<&'a RawValue>,
}

/// Opens a negotiation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// Half of what the negotiation's id is made of.
    #[serde(with = "crate::hexed")]
    pub nonce: [u8; 16],
    /// The buyer's request.
    pub request: PaperId,
    /// The seller's bid.
    pub bid: PaperId,
    /// The bid's pact with the sources of this deal filled in.
    pub pact: Document<Pact>,
    /// Seats of the panel.
    pub size: u8,
    /// Signatures that a verdict needs.
    pub quorum: u8,
    /// What the panel is paid together, micro-USDC.
    pub fee: crate::money::Usdc,
    /// The negotiation before it under the same NDA; its id then follows from that one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<NegotiationId>,
}

impl Begin {
    /// What one seat is paid if every member signs every verdict; more if some do not.
    #[must_use]
    pub fn seat_fee(&self) -> crate::money::Usdc {
        crate::money::Usdc(self.fee.0 / u64::from(self.size.max(1)))
    }
}

/// Asks the other side to hold a head: from it, `until` and `salt` both compose the same agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskHold {
    /// The head that would be accepted.
    pub head: Head,
    /// The end of the hold, Unix seconds: start and `fundBy` of the deal.
    pub until: u64,
    /// The salt of the agreement.
    pub salt: Salt,
}

/// One side waits for nobody any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The head that is held.
    pub head: Head,
    /// `Approve` by the buyer's principal, where its mandate asks the escrow for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<EthSignature>,
}

/// Asks for a panel; `seats` and the round are checked by the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelAsk {
    /// The beacon round.
    pub beacon_round: u64,
    /// Registered seats.
    pub seats: u64,
    /// Which attempt.
    pub attempt: u8,
    /// EIP-712 signature over `PanelRequest`.
    pub signature: EthSignature,
}

/// Acceptance of the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The head that is accepted.
    pub head: Head,
    /// From when the due dates count, Unix seconds.
    pub start: u64,
    /// Until when the deal may be opened, Unix seconds.
    pub fund_by: u64,
    /// The salt of the agreement.
    pub salt: Salt,
    /// The signatures.
    pub assent: Assent,
}

/// One side's signatures under an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assent {
    /// The proof on the agreement paper.
    pub proof: Proof,
    /// The signature that the escrow checks: `Fund` by the buyer, `Deal` by the seller.
    pub signature: EthSignature,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(category: Category, body: Say) -> Frame {
        Frame { category, body, checkpoint: None }
    }

    #[test]
    fn a_frame_above_the_offer_class_is_not_looked_at_without_a_signature_of_its_own() {
        for category in Category::ALL {
            let checked = frame(category, Say::End).check();
            let expected = match category {
                Category::Announcement | Category::Offer => Ok(()),
                Category::Legal
                | Category::SourceMaterial
                | Category::WorkProduct
                | Category::Technical
                | Category::Financial
                | Category::Correspondence
                | Category::Personal => {
                    Err(Misconduct::Unsigned { category: disclosure::name(category).into() })
                }
            };
            assert_eq!(checked, expected);
        }
    }

    /// The canonical text of a term sheet.
    fn terms() -> String {
        let papers = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/papers.json"));
        let papers: serde_json::Value = serde_json::from_str(papers).unwrap();
        papers["papers"]["term_sheet"]["canonical"].as_str().unwrap().to_owned()
    }

    /// An offer by the path that every other body takes.
    fn as_any_message(text: &str) -> Result<Frame, EncodingError> {
        crate::canonical::from_untrusted(text.as_bytes(), FRAME_MAX)
    }

    #[test]
    fn an_offer_says_the_same_on_either_path_however_it_is_written() {
        let terms = terms();
        let spaced = terms.replace("\":", "\" : ").replace(",\"", ",\n\"");
        assert_ne!(spaced, terms);
        for say in ["offer", "reserved-offer"] {
            for text in [
                format!(r#"{{"category":"offer","body":{{"say":"{say}","with":{terms}}}}}"#),
                format!(r#"{{"body":{{"with":{terms},"say":"{say}"}},"category":"offer"}}"#),
                format!(r#"{{"category":"offer","body":{{"say":"{say}","with":{spaced}}}}}"#),
            ] {
                let frame = Frame::read(text.as_bytes()).unwrap();
                let other = as_any_message(&text).unwrap();
                assert_eq!(serde_json::to_vec(&frame).unwrap(), serde_json::to_vec(&other).unwrap());
                let (Say::Offer(read) | Say::ReservedOffer(read)) = frame.body else { panic!("no offer") };
                assert_eq!(read.canonical(), terms.as_bytes());
                assert_eq!(*read, Document::read(terms.as_bytes()).unwrap());
            }
        }
    }

    #[test]
    fn an_offer_is_written_as_any_frame_is_and_read_as_it_is_written() {
        let terms: Document<TermSheet> = Document::read(terms().as_bytes()).unwrap();
        let signed = SignedCheckpoint {
            checkpoint: Checkpoint { own: 1, peer: 2, head: Head([3; 32]) },
            signature: Signature(vec![4; 64]),
        };
        for say in [Say::Offer, Say::ReservedOffer] {
            for (category, checkpoint) in [
                (Category::Offer, None),
                (Category::Offer, Some(signed.clone())),
                (Category::Announcement, None),
            ] {
                let frame = Frame { category, body: say(Box::new(terms.clone())), checkpoint };
                let written = frame.write().unwrap();
                assert_eq!(written, serde_json::to_vec(&frame).unwrap());
                let plain = category == Category::Offer && frame.checkpoint.is_none();
                assert_eq!(Frame::read_written(&written).is_some(), plain);
                assert_eq!(Frame::read(&written).unwrap().write().unwrap(), written);
            }
        }
    }

    /// Where the strings and numbers of a value stand, as JSON pointers.
    fn leaves(value: &serde_json::Value, at: &str) -> Vec<String> {
        use serde_json::Value;
        let within = |(key, inner): (String, &Value)| leaves(inner, &format!("{at}/{key}"));
        match value {
            Value::Null | Value::Bool(_) => Vec::new(),
            Value::Number(_) | Value::String(_) => vec![at.to_owned()],
            Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).flat_map(within).collect(),
            Value::Array(items) => {
                items.iter().enumerate().map(|(k, v)| (k.to_string(), v)).flat_map(within).collect()
            }
        }
    }

    #[test]
    fn nothing_in_an_offer_holds_what_no_paper_may() {
        let terms: serde_json::Value = serde_json::from_str(&terms()).unwrap();
        let wrong = ["\u{0}", "a\rb", "e\u{301}", "pay \u{202e}001", "\u{ffff}"].map(serde_json::Value::from);
        let numbers = [serde_json::Value::from(1_u64 << 53), 1.5.into(), (-1).into()];
        for wrong in wrong.into_iter().chain(numbers) {
            for leaf in leaves(&terms, "") {
                let mut spoilt = terms.clone();
                *spoilt.pointer_mut(&leaf).unwrap() = wrong.clone();
                // A tree has its keys in order.
                let text = serde_json::to_string(&spoilt).unwrap();
                assert!(Document::<TermSheet>::as_written(text.as_bytes()).is_none(), "{leaf}: {wrong}");
            }
        }
        assert!(leaves(&terms, "").len() > 30, "every string and number of the sample");
    }

    #[test]
    fn an_offer_with_anything_wrong_is_refused_in_the_words_of_any_message() {
        let terms = terms();
        let upper = |name: &str| {
            let from = terms.find(&format!("\"{name}\":\"0x")).unwrap() + name.len() + 6;
            format!("{}{}{}", &terms[..from], terms[from..from + 40].to_uppercase(), &terms[from + 40..])
        };
        assert_ne!(upper("escrow"), terms, "an address of the sample has letters");
        for wrong in [
            upper("escrow"),
            terms.replacen("\"escrow\"", "\"escrow_\"", 1),
            terms.replacen("\"v\":1", "\"v\":2", 1),
            terms.replacen("\"type\":\"term_sheet\"", "\"type\":\"pact\"", 1),
            terms.replacen("\"type\":\"term_sheet\",", "", 1),
            terms.replacen('{', "{\"reviewer\":null,", 1),
            terms.replacen("\"salt\":\"", "\"salt\":\"0", 1),
            terms.replacen("\"price\":\"", "\"price\":\"1", 1),
            "7".to_owned(),
        ] {
            assert_ne!(wrong, terms);
            let text = format!(r#"{{"category":"offer","body":{{"say":"offer","with":{wrong}}}}}"#);
            let refused = Frame::read(text.as_bytes()).unwrap_err();
            assert_eq!(refused, as_any_message(&text).unwrap_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_stands_beside_what_a_message_says() {
        for body in [
            r#""say":"end","x":1"#,
            r#""say":"begun","with":"00000000000000000000000000000000","x":1"#,
            r#""x":{},"say":"end""#,
        ] {
            let text = format!(r#"{{"category":"offer","body":{{{body}}}}}"#);
            assert!(
                matches!(
                    Frame::read(text.as_bytes()),
                    Err(EncodingError::UnknownField { .. } | EncodingError::Shape { .. })
                ),
                "{text}"
            );
        }
        for text in [
            r#"{"id":1,"body":{"say":"ask-directory","x":1}}"#,
            r#"{"id":1,"body":{"say":"received","with":1,"x":1}}"#,
        ] {
            let read = crate::canonical::from_untrusted::<crate::wire::Envelope>(text.as_bytes(), 1000);
            assert!(
                matches!(read, Err(EncodingError::UnknownField { .. } | EncodingError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_escapes_the_scope_of_an_nda_under_a_smaller_label() {
        let ready = || Say::Ready(Ready { head: Head([1; 32]), approval: None });
        frame(Category::Offer, ready()).check().unwrap();
        let refused = frame(Category::Announcement, ready()).check().unwrap_err();
        let (said, carried) = ("announcement".into(), "offer".into());
        assert_eq!(refused, Misconduct::Mislabelled { said, carried });
    }
}
