//! Slow acts: what the shell is asked to do and later reports on, by id.
//!
//! A job is recorded before it is asked for, and its outcome is recorded before anything follows
//! from it. After a crash every job without an outcome is asked for again, so each must be safe to
//! repeat: the same signature for the same slot, the same blob under the same hash.
//!
//! A job says in its own fields what it was for, so that its outcome needs no other memory.
//!
//! Deliberately absent: how any of it is done, and every secret key.

use serde::{Deserialize, Serialize};

use crate::{
    audit::Index,
    document::{Announcement, Bid, DeliveryClaim, Document, Pact, Rating, Request, Signed},
    ids::{BlobId, CaseId, DealId, NegotiationId, PaperId, PeerKey},
    reputation::statement::TrustStatement,
    wire,
};

/// Numbers the jobs of one node; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// One signature slot of the sign guard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The slot's name, such as `negotiation/<id>`.
    pub name: String,
    /// Whether the slot takes one ordered set of digests for ever, durably, before any signature.
    pub exclusive: bool,
}

impl Slot {
    /// A slot for a commitment: one set of digests, ever.
    #[must_use]
    pub fn exclusive(name: String) -> Self {
        Self { name, exclusive: true }
    }

    /// A slot for statements that commit to nothing new, such as checkpoints.
    #[must_use]
    pub fn open(name: String) -> Self {
        Self { name, exclusive: false }
    }
}

/// What is to be signed, and by which key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "key", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Payload {
    /// The identity key (Ed25519) over exactly these bytes.
    Identity {
        /// The message.
        #[serde(with = "crate::hexed")]
        bytes: Vec<u8>,
    },
    /// The settlement key (secp256k1) over this EIP-712 digest.
    Typed {
        /// The digest.
        #[serde(with = "crate::hexed")]
        digest: [u8; 32],
    },
}

/// A set of signatures asked for together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// The slot that they belong to.
    pub slot: Slot,
    /// What to sign, in order.
    pub payloads: Vec<Payload>,
}

/// One signature: 64 bytes by the identity key, 65 (r, s, v) by the settlement key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(#[serde(with = "crate::hexed")] pub Vec<u8>);

impl core::fmt::Debug for Signature {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Signature({})", hex::encode(&self.0))
    }
}

/// A class of a deal's sealed papers; each has its own age identity, derived from the deal secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The agreement and the NDA.
    Agreement,
    /// What the buyer gives the seller to work on.
    Inputs,
    /// The evidence of one milestone, from 0.
    Milestone(u8),
}

impl Class {
    /// The label from which the identity is derived: `agreement`, `inputs`, `m1` to `m8`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Agreement => "agreement".into(),
            Self::Inputs => "inputs".into(),
            Self::Milestone(index) => format!("m{}", u16::from(index) + 1),
        }
    }
}

/// A file held by the shell under the hash of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedFile {
    /// The name inside the package.
    pub name: String,
    /// SHA-256 of the bytes.
    pub blob: BlobId,
}

/// A file in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name inside the package.
    pub name: String,
    /// Its media type, where the sender gave one.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What the signatures are for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "for", content = "what", rename_all = "kebab-case")]
pub enum Signing {
    /// Our own announcement.
    Announcement(Box<Document<Announcement>>),
    /// A request of ours.
    Request(Box<Document<Request>>),
    /// A bid of ours, with its pact and the request that it answers; the pact's proof comes first.
    Bid {
        /// The bid.
        bid: Box<Document<Bid>>,
        /// Its pact.
        pact: Box<Document<Pact>>,
        /// The request as it was heard: the directory forgets it with the process.
        request: Box<Signed<Request>>,
        /// The buyer's node.
        to: PeerKey,
    },
    /// An NDA, by paper id.
    Nda(PaperId),
    /// The panel request of a negotiation's attempt.
    PanelRequest(NegotiationId, u8),
    /// Our acceptance of a seat.
    Seat(Box<wire::SeatAccepted>, PeerKey),
    /// Acceptance or confirmation of the head.
    Agreement(NegotiationId),
    /// A delivery claim.
    Claim(Box<Document<DeliveryClaim>>),
    /// A receipt for a stored blob.
    Receipt(Box<wire::Receipt>, PeerKey),
    /// A vote or verdict of ours in a panel: deal, milestone, round, attempt, and the machine's key.
    Panel(CaseId, String),
    /// A checkpoint of the session under this NDA draft.
    Checkpoint(PaperId, crate::stage::session::Checkpoint),
    /// A rating.
    Rating(Box<Document<Rating>>),
    /// The index of a bundle.
    Bundle(Box<Document<Index>>),
    /// What settled records say about an agent.
    Statement(Box<Document<TrustStatement>>),
}

/// A slow act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Job {
    /// Sign through the guard. Outcome: [`Outcome::Signed`].
    Sign {
        /// Slot and payloads.
        request: SignRequest,
        /// What for.
        then: Signing,
    },
    /// Create, or find again, our keys for an NDA that is being drafted. Outcome: [`Outcome::NdaKeys`].
    NdaKeys {
        /// The draft that they are for.
        draft: PaperId,
    },
    /// Create, or find again, our key for a seat. Outcome: [`Outcome::Recipient`].
    SeatKey {
        /// The invitation.
        invite: Box<wire::SeatInvite>,
        /// EIP-712 digest of the panel request, which names the key.
        #[serde(with = "crate::hexed")]
        request: [u8; 32],
        /// Who invited.
        from: PeerKey,
    },
    /// Create the deal's secret, or find it again, and wrap it. Outcome: [`Outcome::Wrapped`].
    CreateDealSecret {
        /// The deal.
        deal: DealId,
        /// The counterparty's age recipient under the NDA.
        recipient: String,
    },
    /// Take over the deal's secret from the counterparty. Outcome: [`Outcome::Done`].
    ImportDealSecret {
        /// The deal.
        deal: DealId,
        /// The draft whose keys unwrap it.
        draft: PaperId,
        /// The age file.
        #[serde(with = "crate::hexed")]
        wrapped: Vec<u8>,
    },
    /// Wrap the identity of one class for one reader. Outcome: [`Outcome::Wrapped`].
    WrapClass {
        /// The deal.
        deal: DealId,
        /// The class.
        class: Class,
        /// The reader's age recipient.
        recipient: String,
    },
    /// Pack and seal files for a class, and keep the ciphertext. Outcome: [`Outcome::Sealed`].
    Seal {
        /// The deal.
        deal: DealId,
        /// The class.
        class: Class,
        /// Which delivery of the class, from 0.
        attempt: u8,
        /// What goes in.
        files: Vec<StagedFile>,
    },
    /// Store a blob of ours at a vault. Outcome: [`Outcome::Done`].
    PutBlob {
        /// The vault's node.
        to: PeerKey,
        /// What it is told.
        header: wire::VaultPut,
        /// The ciphertext.
        blob: BlobId,
    },
    /// Fetch a blob from whoever has it, first come. Outcome: [`Outcome::Done`], it is then held here.
    GetBlob {
        /// Whom to ask, in order.
        from: Vec<PeerKey>,
        /// The ciphertext.
        blob: BlobId,
        /// What for.
        then: Fetching,
    },
    /// Open a sealed package of ours. Outcome: [`Outcome::Files`].
    Open {
        /// The deal.
        deal: DealId,
        /// The class.
        class: Class,
        /// The ciphertext.
        blob: BlobId,
    },
    /// Open a package with an identity that was wrapped for our juror key. Outcome: [`Outcome::Files`].
    OpenEvidence {
        /// The case.
        case: CaseId,
        /// EIP-712 digest of the panel request, which names our key.
        #[serde(with = "crate::hexed")]
        request: [u8; 32],
        /// The age file with the identity.
        #[serde(with = "crate::hexed")]
        wrapped: Vec<u8>,
        /// The ciphertext.
        blob: BlobId,
    },
    /// Fetch a beacon round. Outcome: [`Outcome::Beacon`].
    Beacon {
        /// The round.
        round: u64,
    },
}

/// What a fetched blob is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fetching {
    /// The inputs of a deal, for its seller.
    Inputs {
        /// The deal.
        deal: DealId,
    },
    /// A milestone's evidence, for its buyer.
    Delivery {
        /// The deal.
        deal: DealId,
        /// The milestone.
        milestone: u8,
    },
    /// A milestone's evidence, for a juror.
    Evidence {
        /// The case.
        case: CaseId,
    },
}

/// How a job ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Done, with nothing to say.
    Done,
    /// Signatures in the order of the payloads.
    Signed {
        /// The signatures.
        signatures: Vec<Signature>,
        /// The sign guard's number after them.
        guard: u64,
    },
    /// An age recipient.
    Recipient([u8; 32]),
    /// Our keys for an NDA.
    NdaKeys {
        /// X25519 public key for the session.
        session: [u8; 32],
        /// age recipient.
        age: String,
    },
    /// An age file.
    Wrapped(Vec<u8>),
    /// A ciphertext is held under this hash.
    Sealed {
        /// Its hash.
        blob: BlobId,
        /// Its size in bytes.
        size: u64,
    },
    /// The files of a package.
    Files(Vec<File>),
    /// A beacon round's signature, not yet verified.
    Beacon {
        /// 48 bytes.
        signature: Vec<u8>,
    },
    /// It did not work; it is tried again later unless `permanent`.
    Failed {
        /// Why, without contents.
        why: String,
        /// Whether trying again makes no sense.
        permanent: bool,
    },
}
