//! All that can happen to a node, in one closed enum.
//!
//! Deliberately absent: anything that the node could ask for by itself, such as the time; that is an
//! argument of the step.

use alloy_primitives::Bytes;
use zeroize::Zeroizing;

use crate::{
    block::Mark,
    command::Command,
    ids::{BlobId, CommandId, IntentId, NdaId, PeerKey, StreamId, TxHash},
    job::{JobId, Outcome},
    journal::{
        ChainView,
        decide::{Handover, Inclusion, Quote},
    },
    ledger::LedgerEvent,
    misconduct::Misconduct,
};

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// The process is up: everything without an outcome is asked for again.
    Started,
    /// A deadline may have passed.
    Tick,
    /// A local client wants something.
    Command {
        /// Its number.
        id: CommandId,
        /// What it wants.
        command: Command,
    },
    /// A connection to a peer is up.
    PeerUp(PeerKey),
    /// The last connection to a peer is gone.
    PeerDown(PeerKey),
    /// A peer broke a rule before its bytes could be a message: the network has named it.
    Misbehaved {
        /// Who.
        peer: PeerKey,
        /// How.
        what: Misconduct,
    },
    /// A direct message.
    Message {
        /// Who sent it.
        from: PeerKey,
        /// The encoded envelope.
        bytes: Vec<u8>,
    },
    /// Something gossiped.
    Gossip {
        /// The network's number for it.
        id: u64,
        /// Who passed it on.
        from: PeerKey,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A peer opened a session stream.
    StreamOpened {
        /// The network's number for it.
        stream: StreamId,
        /// The peer.
        peer: PeerKey,
    },
    /// A stream that we asked for is open.
    StreamReady(StreamId),
    /// A frame came.
    StreamData {
        /// The stream.
        stream: StreamId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// A stream is gone.
    StreamClosed(StreamId),
    /// A peer gave us a blob; its bytes are stored under their hash.
    BlobOffered {
        /// The network's number for it.
        token: u64,
        /// Who gave it.
        from: PeerKey,
        /// What it says the blob is.
        header: Vec<u8>,
        /// SHA-256 of the bytes as received.
        blob: BlobId,
        /// How many bytes.
        size: u64,
    },
    /// A peer fetched a blob from our store.
    BlobServed {
        /// Who fetched it.
        to: PeerKey,
        /// The blob.
        blob: BlobId,
    },
    /// The session key that was asked for; wiped after the handshake.
    SessionKey {
        /// The NDA.
        nda: NdaId,
        /// X25519 secret.
        secret: Zeroizing<[u8; 32]>,
    },
    /// A slow act ended.
    Done(JobId, Outcome),
    /// The chain moved.
    Chain(ChainUpdate),
    /// A fact for the transaction journal.
    Journal(Fact),
}

/// How the chain moved.
#[derive(Debug)]
pub enum ChainUpdate {
    /// Logs came, or were taken back, or heads moved on.
    Ledger(LedgerEvent),
    /// A new block.
    Head {
        /// What the transaction journal needs to know.
        view: ChainView,
        /// `block.timestamp` of the newest block, Unix seconds.
        time: u64,
        /// `block.timestamp` of the newest final block, Unix seconds.
        final_time: u64,
    },
}

/// What became of an act of the transaction journal.
#[derive(Debug)]
pub enum Fact {
    /// The simulation passed, or why it did not.
    Prepared {
        /// Of this intent.
        intent: IntentId,
        /// Gas, price and nonce, or the reason.
        quote: Result<Quote, String>,
    },
    /// A version is signed.
    Signed {
        /// Of this intent.
        intent: IntentId,
        /// Its hash.
        hash: TxHash,
        /// Its bytes.
        raw: Bytes,
    },
    /// An endpoint answered to signed bytes.
    Handed {
        /// Which.
        hash: TxHash,
        /// What it said.
        answer: Handover,
        /// The newest block number then.
        head: u64,
    },
    /// A transaction was found in a block.
    Included(Inclusion),
    /// The block that held it is not canonical any more.
    Gone {
        /// Which transaction.
        hash: TxHash,
        /// Which block.
        block: Mark,
    },
    /// A nonce of ours is final under this hash.
    Spent {
        /// The nonce.
        nonce: u64,
        /// The hash.
        by: TxHash,
    },
}
