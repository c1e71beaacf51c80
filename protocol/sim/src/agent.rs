//! The program behind a node: it looks at what the node shows, and asks for the next thing.
//!
//! An agent remembers nothing that matters. What it decides follows from what its node shows, so
//! that a node that crashed in the middle of a request is simply asked again.
//!
//! Deliberately absent: the local API. Commands go to the node as the API would hand them on.

use core::fmt::Debug;

use nuncio_protocol::{
    command::{Command, Look, Refusal, Reply},
    ids::BlobId,
    input::Input,
    time::Timestamp,
    view::View,
};
use sha2::{Digest, Sha256};

use crate::{host::Who, world::World};

/// A program that works for a principal.
pub trait Agent: Debug {
    /// One turn: look, then ask.
    fn act(&mut self, desk: &mut Desk<'_>);

    /// The node has a new process: what was asked of the old one may be lost.
    fn restarted(&mut self);
}

/// The agent's place before its node.
#[derive(Debug)]
pub struct Desk<'a> {
    world: &'a mut World,
    who: Who,
}

impl<'a> Desk<'a> {
    pub(crate) const fn new(world: &'a mut World, who: Who) -> Self {
        Self { world, who }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Looks at something. Nothing comes back from a node that is down or has no such thing.
    pub fn look(&mut self, look: Look) -> Option<View> {
        match self.world.look(self.who, look)? {
            Ok(Reply::View(view)) => Some(*view),
            Ok(_) | Err(_) => None,
        }
    }

    /// Asks for something; the answer, if it came at once.
    pub fn ask(&mut self, command: Command) -> Option<Result<Reply, Refusal>> {
        let id = self.world.command_id(self.who);
        self.world.step(self.who, Input::Command { id, command });
        self.world.host_mut(self.who).volatile.replies.remove(&id)
    }

    /// Keeps bytes that a command will name by their hash.
    pub fn stage(&mut self, bytes: &[u8]) -> BlobId {
        let blob = BlobId(Sha256::digest(bytes).into());
        self.world.host_mut(self.who).staged.insert(blob, bytes.to_vec());
        blob
    }

    /// Asks for something that is answered later; gives the number by which to ask for the answer.
    pub fn ask_later(&mut self, command: Command) -> nuncio_protocol::ids::CommandId {
        let id = self.world.command_id(self.who);
        self.world.step(self.who, Input::Command { id, command });
        id
    }

    /// The answer to an earlier question, once.
    pub fn answer(&mut self, id: nuncio_protocol::ids::CommandId) -> Option<Result<Reply, Refusal>> {
        self.world.host_mut(self.who).volatile.replies.remove(&id)
    }
}
