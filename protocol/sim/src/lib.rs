//! A world of nodes on a virtual clock, for tests that have to be repeated.
//!
//! Real nodes of `nuncio-protocol`, the contracts' real bytecode, a real beacon, real guards and
//! slots; what is simulated is what lies between them: time, the network, disks and crashes. One
//! seed gives one world, and the same world again, record for record.
//!
//! ```
//! use core::time::Duration;
//! use nuncio_sim::World;
//!
//! let mut world = World::new(7);
//! let (buyer, seller) = world.traders();
//! let met = world.run_until(Duration::from_secs(60), |world| {
//!     [buyer, seller].into_iter().all(|who| world.knows(who) == 2)
//! });
//! assert!(met, "the two have not heard of each other");
//! ```
//!
//! Sealing is a stand-in of the same strength, because age draws from the system's randomness; what
//! the blobs hold is therefore no age file. Everything else that a peer, a contract or a stranger
//! would check is what a daemon would give them.
//!
//! A machine may be taught a [`Trick`]; its node stays as it is.
//!
//! Deliberately absent: endpoints that lie, reorganisations, torn writes, and nodes that are not
//! honest. The first has its own tests beside the quorum, the third beside guard and slots.

mod agent;
pub mod beacon;
mod cast;
pub mod chain;
mod death;
pub mod differential;
mod disk;
mod host;
mod keys;
pub mod scene;
mod seal;
mod store;
pub mod trade;
mod weather;
mod world;

pub use agent::{Agent, Desk};
pub use cast::{JUROR_PURSE, PURSE, Part};
pub use death::{Death, Doom, Named};
pub use host::{Host, Trick, Who};
pub use keys::{Keys, Witness};
pub use store::Store;
pub use weather::Weather;
pub use world::World;
