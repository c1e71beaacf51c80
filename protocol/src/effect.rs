//! All that a node can do to the world, in the order in which it must be done.
//!
//! Bytes that records refer to are kept first; then `Persist` comes before everything else, so that nothing is said or paid that could be forgotten;
//! then sends, then slow acts and transactions. Whoever performs them performs them in order and
//! stops the process when `Persist` fails.
//!
//! Deliberately absent: conditions. An effect is performed or the process ends.

use crate::{
    command::{Event, Refusal, Reply},
    ids::{BlobId, CommandId, NdaId, PaperId, PeerKey, StreamId},
    job::{Job, JobId},
    journal::wants::Want,
    record::Record,
};

/// One act on the world.
#[derive(Debug)]
pub enum Effect {
    /// Append these records in one batch; when `durable`, return only after they are synced.
    Persist {
        /// What to append, in order, from this sequence number on.
        first: u64,
        /// The records.
        records: Vec<Record>,
        /// Whether to sync. Offers are recorded with the next durable batch.
        durable: bool,
    },
    /// Keep bytes under their hash, before anything refers to them.
    Stage {
        /// SHA-256 of the bytes.
        blob: BlobId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Send a direct message.
    Send {
        /// To this node.
        to: PeerKey,
        /// The encoded envelope.
        bytes: Vec<u8>,
    },
    /// Publish on a topic.
    Gossip {
        /// The topic.
        topic: String,
        /// The encoded paper.
        bytes: Vec<u8>,
    },
    /// Say whether a gossiped message may be passed on.
    SettleGossip {
        /// The network's number for it.
        id: u64,
        /// Whether it was good.
        good: bool,
    },
    /// Open a session stream to a peer.
    OpenStream {
        /// Our number for it.
        stream: StreamId,
        /// The peer.
        peer: PeerKey,
    },
    /// Send one frame on a stream.
    StreamSend {
        /// The stream.
        stream: StreamId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Close a stream.
    CloseStream {
        /// The stream.
        stream: StreamId,
    },
    /// Accept or refuse a blob that a peer offers; when good it has been stored already.
    AnswerBlob {
        /// The network's number for it.
        token: u64,
        /// Whether it was good.
        good: bool,
    },
    /// Hand in the session key of an NDA: [`crate::input::Input::SessionKey`].
    SessionKey {
        /// The NDA in force.
        nda: NdaId,
        /// The draft that its keys were made for.
        draft: PaperId,
    },
    /// Start a slow act.
    Perform(JobId, Job),
    /// Do what the transaction journal asks.
    Chain(Want),
    /// Answer a local client.
    Reply {
        /// Its request.
        command: CommandId,
        /// The answer.
        result: Result<Reply, Refusal>,
    },
    /// Tell whoever listens.
    Notify {
        /// Its number, for replay.
        seq: u64,
        /// What happened.
        event: Event,
    },
    /// Stop talking to a peer for a while.
    Ban(PeerKey),
}
