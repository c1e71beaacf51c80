//! NDAs: those that there are, and the end of one.
//!
//! `destroy` is for the principal of a node that is stopped: the keys of the NDA and of its deals are
//! overwritten, and a record says so, by which the next start passes over what cannot be read any more.
//!
//! Deliberately absent: a way back.

use std::path::Path;

use clap::Subcommand;
use nuncio_protocol::{ids::PaperId, node::Node};
use serde_json::{Value, json};

use super::{Failure, ask, password, shown::Table};
use crate::{clock, home::Home, keys::Keys, records, store::Store};

/// What to do with NDAs.
#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Destroys the keys of one whose deals are over, while no node runs here.
    Destroy {
        /// The NDA, by its draft's id.
        nda: PaperId,
    },
}

impl Act {
    pub(super) async fn run(act: Option<Self>, home: &Path) -> Result<(Value, Table), Failure> {
        match act {
            None => {
                Ok((ask::get(home, "/ndas").await?, Table::Rows(&["nda", "id", "side", "stage", "session"])))
            }
            Some(Self::Destroy { nda }) => Ok((destroy(home, nda)?, Table::Fields)),
        }
    }
}

fn destroy(root: &Path, draft: PaperId) -> Result<Value, Failure> {
    let home = Home::open(root)?;
    let keys = Keys::unlock(root, &password::read(false)?)?;
    let mut store = Store::open(&home.path("records")).map_err(Failure::failed)?;
    let (records, _) = records::load(&store, &keys)?;
    let number = records.len() as u64;
    let me = home.me(&[]).map_err(Failure::failed)?;
    let network = home.network.network(home.config.network).map_err(Failure::failed)?;
    let node = Node::resume(me, home.config.policy.clone(), network, records);
    let refused = |refusal: nuncio_protocol::command::Refusal| {
        Failure::refused(refusal.code(), &refusal.to_string(), Some(refusal.hint().to_owned()))
    };
    let (nda, deals) = node.destruction(draft).map_err(refused)?;
    let answer = json!({ "nda": draft, "id": nda, "deals": deals, "destroyed": true });
    records::destroy(&mut store, &keys, number, (draft, nda, deals), clock::now())?;
    Ok(answer)
}
