//! What the network tells its owner.
//!
//! Events of one kind from one peer come in order: the frames of a stream, the direct messages of a
//! peer. Between kinds there is no order. Deliberately absent: anything of libp2p.

use std::{fmt, time::Duration};

use bytes::Bytes;
use nuncio_protocol::{
    ids::{BlobId, PeerKey, StreamId},
    misconduct::Misconduct,
};

use super::config::{BLOB_MAX, GOSSIP_MAX};

/// A gossip message that waits for its verdict: SHA-256 of topic and bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GossipId(pub [u8; 32]);

impl fmt::Debug for GossipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GossipId({})", hex::encode(self.0))
    }
}

/// A blob that a peer offers; unique within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferToken(pub u64);

/// A blob that a peer asks for; unique within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WantToken(pub u64);

/// What becomes of a gossip message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is passed on.
    Accept,
    /// It goes no further and nobody is blamed: stale, or already known.
    Ignore,
    /// It goes no further and whoever passed it on loses standing: it breaks a rule.
    Reject,
}

/// How a peer broke the rules of the wire. It is counted by the owner, who may ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It announced a frame above the stream's limit; the stream is closed.
    OversizedFrame {
        /// The length announced, in bytes.
        announced: usize,
        /// The largest allowed.
        max: usize,
    },
    /// It passed on a gossip message above the limit; the message goes no further.
    OversizedGossip {
        /// The length, in bytes.
        bytes: usize,
    },
    /// It offered or answered a blob above the limit.
    OversizedBlob {
        /// The length announced, in bytes.
        announced: u64,
    },
    /// The bytes of a blob do not hash to its id.
    WrongBlob {
        /// The id that they were sent under.
        blob: BlobId,
    },
    /// It sent a blob request of no known kind.
    UnknownRequest {
        /// The byte that names the kind.
        kind: u8,
    },
    /// It speaks another protocol than this network's; the connection is closed.
    ForeignProtocol,
}

impl Misbehaviour {
    /// As what it is counted.
    #[must_use]
    pub fn misconduct(&self) -> Misconduct {
        let oversized = |what: &str, size: u64, limit: usize| Misconduct::Oversized {
            what: what.to_owned(),
            size,
            limit: limit as u64,
        };
        match *self {
            Self::OversizedFrame { announced, max } => oversized("frame", announced as u64, max),
            Self::OversizedGossip { bytes } => oversized("gossip", bytes as u64, GOSSIP_MAX),
            Self::OversizedBlob { announced } => oversized("blob", announced, BLOB_MAX),
            Self::WrongBlob { .. } => Misconduct::WrongEvidence,
            Self::UnknownRequest { .. } => Misconduct::malformed("blob request"),
            Self::ForeignProtocol => Misconduct::WrongDomain { what: "protocol".to_owned() },
        }
    }
}

/// Why a blob was not sent or fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// No connection to the peer, or the peer does not take blobs.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The peer answered no; the text is the peer's and not to be trusted.
    #[error("the peer refused the blob")]
    Refused {
        /// The peer's words, at most 256 bytes.
        untrusted_text: String,
    },
    /// The peer does not have the blob.
    #[error("the peer does not have the blob")]
    NotFound,
    /// The bytes received are not the blob asked for.
    #[error("the bytes received do not hash to the blob's id")]
    WrongHash,
    /// More than 64 MiB.
    #[error("the blob is larger than allowed")]
    TooLarge,
    /// No progress for too long.
    #[error("the transfer stood still for too long")]
    TimedOut,
    /// The stream broke before the transfer was over.
    #[error("the transfer broke off")]
    Broken,
}

/// A peer that this node is connected with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// The peer's node key.
    pub peer: PeerKey,
    /// The addresses of its connections.
    pub addresses: Vec<String>,
    /// Whether this node opened the first of them.
    pub dialed: bool,
    /// How long the peer has been connected.
    pub connected_for: Duration,
    /// The last measured round trip.
    pub round_trip: Option<Duration>,
}

/// One thing that happened on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetEvent {
    /// This node can be reached at `addr` (with `/p2p/…`, ready to be given to others).
    Listening {
        /// The multiaddr.
        addr: String,
    },
    /// A peer is connected.
    PeerUp {
        /// The peer.
        peer: PeerKey,
    },
    /// The last connection with a peer is gone.
    PeerDown {
        /// The peer.
        peer: PeerKey,
    },
    /// A direct message. It may come twice when a connection breaks before its receipt is known.
    Message {
        /// Who sent it.
        from: PeerKey,
        /// Its bytes.
        bytes: Bytes,
    },
    /// A direct message whose receipt the peer did not confirm within ten seconds. It may yet have
    /// arrived.
    SendFailed {
        /// Who should have got it.
        to: PeerKey,
        /// Its bytes.
        bytes: Bytes,
    },
    /// A gossip message that waits for [`Net::settle_gossip`](super::Net::settle_gossip).
    Gossip {
        /// Names it in the verdict.
        id: GossipId,
        /// The node that wrote and signed it, not the one that passed it on.
        from: PeerKey,
        /// The topic it came on.
        topic: String,
        /// Its bytes.
        bytes: Bytes,
    },
    /// A peer opened a session stream; its id is in the upper half of `u64`.
    StreamOpened {
        /// The stream.
        stream: StreamId,
        /// The peer.
        peer: PeerKey,
    },
    /// A session stream that this node asked for is open.
    StreamReady {
        /// The stream.
        stream: StreamId,
    },
    /// A frame of a session stream.
    StreamData {
        /// The stream.
        stream: StreamId,
        /// The frame.
        bytes: Bytes,
    },
    /// A session stream is over, or could not be opened; the last event of every stream.
    StreamClosed {
        /// The stream.
        stream: StreamId,
    },
    /// A peer offers a blob whose bytes hash to its id; answer with
    /// [`Net::answer_offer`](super::Net::answer_offer).
    BlobOffered {
        /// Names the offer in the answer.
        token: OfferToken,
        /// Who offers it.
        from: PeerKey,
        /// SHA-256 of the body, checked.
        blob: BlobId,
        /// What the peer says about it.
        header: Bytes,
        /// The blob.
        body: Bytes,
    },
    /// The end of a [`Net::put_blob`](super::Net::put_blob).
    BlobSent {
        /// The caller's number.
        job: u64,
        /// Whether the peer took it.
        result: Result<(), BlobError>,
    },
    /// A peer asks for a blob; answer with [`Net::answer_blob`](super::Net::answer_blob).
    BlobWanted {
        /// Names the question in the answer.
        token: WantToken,
        /// Who asks.
        from: PeerKey,
        /// What is asked for.
        blob: BlobId,
    },
    /// The end of a [`Net::get_blob`](super::Net::get_blob); the bytes hash to the id asked for.
    BlobFetched {
        /// The caller's number.
        job: u64,
        /// The blob.
        result: Result<Bytes, BlobError>,
    },
    /// A peer broke a rule of the wire.
    Misbehaved {
        /// The peer.
        peer: PeerKey,
        /// What it did.
        what: Misbehaviour,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_misbehaviour_on_the_wire_is_counted_under_its_name() {
        let oversized = |what: &str, size: u64, limit: usize| Misconduct::Oversized {
            what: what.to_owned(),
            size,
            limit: limit as u64,
        };
        let rows = [
            (Misbehaviour::OversizedFrame { announced: 9, max: 8 }, oversized("frame", 9, 8)),
            (Misbehaviour::OversizedGossip { bytes: 7 }, oversized("gossip", 7, GOSSIP_MAX)),
            (Misbehaviour::OversizedBlob { announced: u64::MAX }, oversized("blob", u64::MAX, BLOB_MAX)),
            (Misbehaviour::WrongBlob { blob: BlobId([1; 32]) }, Misconduct::WrongEvidence),
            (
                Misbehaviour::UnknownRequest { kind: 9 },
                Misconduct::Malformed { what: "blob request".to_owned() },
            ),
            (Misbehaviour::ForeignProtocol, Misconduct::WrongDomain { what: "protocol".to_owned() }),
        ];
        for (seen, counted) in rows {
            assert_eq!(seen.misconduct(), counted);
        }
    }
}
