//! The papers: what is signed, what it is called by, and how a stranger's becomes ours.
//!
//! A paper's content is a struct that implements [`Paper`]. [`Document`] completes it with `type`,
//! `v`, `chain` and a random salt (what a chain or a gossip carries only as a hash must not be
//! guessable), and exists only if the content obeys its own rules. Its canonical bytes are the file
//! `X.json`; their SHA-256 is its [`PaperId`]. [`Signed`] is what travels: a document and its proofs.
//! [`Signed::verify`] is the only way to a [`Verified`] paper: the chain is ours, exactly the DIDs
//! that the content names as authors have signed, each once, and so has the account that the content
//! may demand.
//!
//! Deliberately absent: time (whoever uses a paper compares its dates with its own clock), the order
//! in which papers come to be, and signatures of contract wallets (only a chain can ask them).

mod agreement;
mod announcement;
mod appeal;
mod authority;
mod ballot;
mod bid;
mod breach;
mod card;
mod delivery;
mod head;
mod nda;
mod pact;
mod party;
mod place;
mod rating;
mod receipt;
mod request;
mod terms;
mod verdict;

use core::{fmt, ops::Deref};
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser};
use serde_json::{Map, Value, value::RawValue};

pub use agreement::{Agreement, Juror, Panel};
pub use announcement::{Announcement, Requirements};
pub use appeal::Appeal;
pub use authority::{Approval, Mandate, Policy, Scope};
pub use ballot::{Ballot, ClauseResult};
pub use bid::Bid;
pub use breach::{BreachReport, DestructionAttestation, SecretKind};
pub use card::AgentCard;
pub use delivery::{DeliveryClaim, Leaf, Manifest, SOURCES};
pub use nda::{Categories, Category, Nda, Regulator};
pub use pact::{Clause, Consequence, JsonSchema, Pact, Pointer, SCHEMA_MAX_BYTES, Test};
pub use party::{AgeRecipient, KeyError, Party, Role, SessionKey};
pub use place::{BudgetBucket, Chain, DealKind, Jurisdiction, PlaceError, Salt};
pub use rating::{Rating, RatingValue};
pub use receipt::{Cause, SettlementReceipt};
pub use request::{FileRef, Request};
pub use terms::{Fallback, Milestone, PanelTerms, TermSheet};
pub use verdict::{ClauseVerdict, VerdictPaper};

use crate::{
    canonical::{
        EncodingError, check_bytes, from_canonical, from_tree, from_untrusted, id_of, refuse, shape,
        to_canonical_text, to_text,
    },
    did::Did,
    ids::PaperId,
    proof::{Proof, ProofError},
    text::BoundedVec,
    typed::{Contracts, EthSignature, recover},
};

/// The most proofs that one paper carries: a jury of 15, and one to spare.
pub const PROOFS_MAX: usize = 16;

/// Bytes that proofs and brackets add to a paper at most.
const PROOFS_BYTES: usize = 10 * 1024;

/// Content of a paper: what it says, who must sign it, and which rules it obeys in itself.
pub trait Paper: Serialize + DeserializeOwned + Clone + fmt::Debug + PartialEq {
    /// The value of `type`; no two papers share it.
    const TYPE: &'static str;
    /// The value of `v`.
    const V: u64 = 1;
    /// The most canonical bytes that a document of this type has.
    const MAX_BYTES: usize = 64 * 1024;
    /// The most bytes that it has with its proofs.
    const SIGNED_MAX_BYTES: usize = Self::MAX_BYTES + PROOFS_BYTES;
    /// Whether each of its strings and numbers is of a type that holds nothing but what may stand in a
    /// paper. Then text that was written from a value needs no second look.
    const NARROW: bool = false;

    /// The DIDs that must sign, each once.
    fn authors(&self) -> Vec<Did>;

    /// The account that must sign besides, and the digest for it, where the paper demands one.
    fn countersigned(&self, _id: PaperId, _salt: Salt, _contracts: &Contracts) -> Option<(Address, B256)> {
        None
    }

    /// The rules that this content must obey, whoever signs it.
    ///
    /// # Errors
    /// [`Illegal`] with the first rule that is broken.
    fn check(&self) -> Result<(), Illegal>;
}

/// A rule of a paper that its content breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{paper}: {rule}")]
pub struct Illegal {
    /// The paper's type.
    pub paper: &'static str,
    /// The rule, as a sentence.
    pub rule: &'static str,
}

/// Says `Ok` where the rule holds.
pub(crate) const fn rule<P: Paper>(holds: bool, rule: &'static str) -> Result<(), Illegal> {
    if holds { Ok(()) } else { Err(Illegal { paper: P::TYPE, rule }) }
}

/// Says why a paper is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// It cannot be read or written.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// It breaks one of its own rules.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// It is for another chain.
    #[error("the paper is for {paper}, not for {ours}")]
    WrongChain {
        /// The chain that it names.
        paper: Chain,
        /// The chain that we are on.
        ours: Chain,
    },
    /// A proof does not count.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// One of its authors has not signed.
    #[error("{author} has not signed")]
    Unsigned {
        /// Who is missing.
        author: Did,
    },
    /// A proof by somebody who is no author, or a second one by an author.
    #[error("there are {proofs} proofs by {authors} authors")]
    TooManyProofs {
        /// Proofs that came.
        proofs: usize,
        /// Authors that the content names.
        authors: usize,
    },
    /// The account that the paper demands has not signed, or somebody else has.
    #[error("not countersigned by the account {account}")]
    NotCountersigned {
        /// Whose signature is missing.
        account: Address,
    },
    /// A paper that nobody signs came as a signed one.
    #[error("a paper of this type carries no signatures")]
    NobodySigns,
}

/// A complete, legal paper: `type`, `v`, `chain`, `salt` and the content. Dereferences to the content.
///
/// It never changes, so its canonical bytes and its id are made once, with it, and shared by its clones.
#[derive(Clone)]
pub struct Document<T: Paper>(Arc<Made<T>>);

struct Made<T> {
    id: PaperId,
    canonical: Box<str>,
    chain: Chain,
    salt: Salt,
    content: T,
}

impl<T: Paper> Document<T> {
    /// Completes a content into a paper.
    ///
    /// # Errors
    /// [`PaperError::Illegal`] for a broken rule, [`PaperError::Encoding`] for what cannot be written.
    pub fn new(chain: Chain, salt: Salt, content: T) -> Result<Self, PaperError> {
        content.check()?;
        let canonical = Self::write(chain, salt, &content)?;
        if !T::NARROW {
            check_bytes(canonical.as_bytes(), T::MAX_BYTES)?;
        } else if canonical.len() > T::MAX_BYTES {
            return Err(EncodingError::TooLong { len: canonical.len(), max: T::MAX_BYTES }.into());
        }
        Ok(Self::of(chain, salt, content, canonical))
    }

    /// Reads bytes that nobody has looked at, if they are exactly what is written from the paper that
    /// they say; nothing where they are not, or anything is wrong with them.
    ///
    /// (Rule: a stranger's bytes are walked before a type sees them. What is equal to text that we write
    /// has nothing that the walk would find.)
    pub(crate) fn as_written(bytes: &[u8]) -> Option<Self> {
        const { assert!(T::NARROW, "what a type would let pass is found by the walk alone") };
        if bytes.len() > T::MAX_BYTES {
            return None;
        }
        let (head, content) = head::read::<T>(core::str::from_utf8(bytes).ok()?, T::TYPE, T::V).ok()?;
        let again = Self::write(head.chain, head.salt, &content).ok()?;
        let sound = again.as_bytes() == bytes && content.check().is_ok();
        sound.then(|| Self::of(head.chain, head.salt, content, again))
    }

    /// Reads a paper that stands as text in bytes that have been checked, as a message of a peer has.
    ///
    /// # Errors
    /// [`PaperError`] with the first thing that is wrong.
    pub(crate) fn within(text: &RawValue) -> Result<Self, PaperError> {
        // Nearly every paper comes as it is written; then nothing is left to be named.
        if let Ok((head, content)) = head::read::<T>(text.get(), T::TYPE, T::V) {
            let again = Self::write(head.chain, head.salt, &content)?;
            if again == text.get() && again.len() <= T::MAX_BYTES {
                content.check()?;
                return Ok(Self::of(head.chain, head.salt, content, again));
            }
        }
        Self::from_fields(serde_json::from_str(text.get()).map_err(|error| shape(&error))?)
    }

    fn write(chain: Chain, salt: Salt, content: &T) -> Result<String, EncodingError> {
        to_text(&head::Written { kind: T::TYPE, v: T::V, chain, salt, content })
    }

    fn of(chain: Chain, salt: Salt, content: T, canonical: impl Into<Box<str>>) -> Self {
        let canonical = canonical.into();
        let id = id_of(canonical.as_bytes());
        Self(Arc::new(Made { id, canonical, chain, salt, content }))
    }

    /// Makes the paper that is written as this tree.
    fn complete(chain: Chain, salt: Salt, content: T, tree: &Value) -> Result<Self, PaperError> {
        content.check()?;
        let canonical = to_canonical_text(tree)?;
        let len = canonical.get().len();
        if len > T::MAX_BYTES {
            return Err(EncodingError::TooLong { len, max: T::MAX_BYTES }.into());
        }
        Ok(Self::of(chain, salt, content, canonical))
    }

    /// Reads the file `X.json`: exactly the canonical bytes.
    ///
    /// # Errors
    /// [`EncodingError`] with the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, EncodingError> {
        from_canonical(bytes, T::MAX_BYTES)
    }

    /// The canonical bytes: the file `X.json`.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        self.text().as_bytes().to_vec()
    }

    /// The canonical bytes where they are kept.
    pub(crate) fn text(&self) -> &str {
        &self.0.canonical
    }

    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn id(&self) -> PaperId {
        self.0.id
    }

    /// The chain that the paper is for.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.0.chain
    }

    /// The random salt.
    #[must_use]
    pub fn salt(&self) -> Salt {
        self.0.salt
    }

    /// What the paper says.
    #[must_use]
    pub fn content(&self) -> &T {
        &self.0.content
    }

    fn from_fields(mut fields: Map<String, Value>) -> Result<Self, PaperError> {
        let mut header = |name| fields.remove(name).unwrap_or(Value::Null);
        let [kind, v, chain_text, salt_text] = ["type", "v", "chain", "salt"].map(&mut header);
        rule::<T>(kind == T::TYPE, "the field `type` names this type of paper")?;
        rule::<T>(v == T::V, "the field `v` is a version that we know")?;
        let (chain, salt) = (from_tree(&chain_text)?, from_tree(&salt_text)?);
        let mut tree = Value::Object(fields);
        // The tree is exactly how the content is written, so the whole of it is the paper's text.
        let content = from_tree(&tree)?;
        if let Value::Object(fields) = &mut tree {
            let head = [("type", kind), ("v", v), ("chain", chain_text), ("salt", salt_text)];
            fields.extend(head.map(|(name, value)| (name.to_owned(), value)));
        }
        Self::complete(chain, salt, content, &tree)
    }
}

impl<T: Paper> Deref for Document<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.content
    }
}

impl<T: Paper> fmt::Debug for Document<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the content: papers are spoken of by their ids.
        write!(f, "{}({})", T::TYPE, self.id())
    }
}

/// Equal ids are equal papers: the id is a hash of all that is written.
impl<T: Paper> PartialEq for Document<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl<T: Paper> Serialize for Document<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: &RawValue = serde_json::from_str(self.text()).map_err(ser::Error::custom)?;
        text.serialize(serializer)
    }
}

impl<'de, T: Paper> Deserialize<'de> for Document<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_fields(Map::deserialize(deserializer)?).map_err(refuse)
    }
}

/// A paper with its proofs, as it travels; says nothing until [`Signed::verify`] is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Paper")]
pub struct Signed<T: Paper> {
    /// The paper.
    pub document: Document<T>,
    /// One proof of each author, in any order.
    pub proofs: BoundedVec<Proof, PROOFS_MAX>,
    /// The signature of the account that the paper demands, where it demands one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countersignature: Option<EthSignature>,
}

impl<T: Paper> Signed<T> {
    /// A paper that nobody has signed yet.
    #[must_use]
    pub const fn unsigned(document: Document<T>) -> Self {
        Self { document, proofs: BoundedVec::new(), countersignature: None }
    }

    /// Reads a paper with its proofs from a stranger.
    ///
    /// # Errors
    /// [`EncodingError`] with the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, EncodingError> {
        from_untrusted(bytes, T::SIGNED_MAX_BYTES)
    }

    /// Says whether `author` has signed, whoever else has: for a paper on its way between two.
    ///
    /// # Errors
    /// [`PaperError::Unsigned`] or the [`ProofError`] of its proof.
    pub fn verify_by(&self, author: Did) -> Result<(), PaperError> {
        let mine = self.proofs.iter().find(|proof| proof.signer() == Some(author));
        Ok(mine.ok_or(PaperError::Unsigned { author })?.verify(self.document.id(), author)?)
    }

    /// Checks chain, authors and signatures: the way in.
    ///
    /// # Errors
    /// [`PaperError`] with the first thing that does not hold.
    pub fn verify(self, contracts: &Contracts) -> Result<Verified<T>, PaperError> {
        let ours = Chain(contracts.chain_id);
        if self.document.chain() != ours {
            return Err(PaperError::WrongChain { paper: self.document.chain(), ours });
        }
        let id = self.document.id();
        let authors = self.document.authors();
        let demanded = self.document.countersigned(id, self.document.salt(), contracts);
        if authors.is_empty() && demanded.is_none() {
            return Err(PaperError::NobodySigns);
        }
        for author in &authors {
            self.verify_by(*author)?;
        }
        if self.proofs.len() != authors.len() {
            return Err(PaperError::TooManyProofs { proofs: self.proofs.len(), authors: authors.len() });
        }
        match (demanded, self.countersignature) {
            (None, None) => {}
            (None, Some(_)) => return Err(PaperError::NobodySigns),
            (Some((account, digest)), signature) => {
                let signed = signature.is_some_and(|s| recover(digest, &s) == Ok(account));
                if !signed {
                    return Err(PaperError::NotCountersigned { account });
                }
            }
        }
        Ok(Verified { id, signed: self })
    }
}

/// A paper whose signatures have been checked. Dereferences to the content.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<T: Paper> {
    id: PaperId,
    signed: Signed<T>,
}

impl<T: Paper> Verified<T> {
    /// The paper's id.
    #[must_use]
    pub const fn id(&self) -> PaperId {
        self.id
    }

    /// The paper.
    #[must_use]
    pub const fn document(&self) -> &Document<T> {
        &self.signed.document
    }

    /// The paper with its proofs, to be stored or shown to others.
    #[must_use]
    pub const fn signed(&self) -> &Signed<T> {
        &self.signed
    }

    /// The paper with its proofs, given up.
    #[must_use]
    pub fn into_signed(self) -> Signed<T> {
        self.signed
    }
}

impl<T: Paper> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.signed.document.content()
    }
}
