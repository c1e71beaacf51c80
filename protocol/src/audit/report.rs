//! What a verification says: one line for each act with what proves it, and what is wrong.
//!
//! As JSON it is `{"schema","ok","deal","events":[{"act","who","amount","proof":{"kind","file","tx","log"}}],
//! "findings":[{"file","offset","rule","message"}]}`; every key is always there, `null` where it says nothing.
//!
//! Deliberately absent: wording for people; whoever prints it words it.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    ids::{DealId, TxHash},
    money::Usdc,
};

/// The shape of [`Report`] in JSON.
pub const SCHEMA: &str = "nuncio.audit/1";

/// The outcome of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Whether nothing was found wrong.
    pub ok: bool,
    /// The deal, where the index could be read.
    pub deal: Option<DealId>,
    /// What happened, in the order of a deal.
    pub events: Vec<ReportEvent>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// One act and its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportEvent {
    /// What was done.
    pub act: &'static str,
    /// By whom, or to whom: a DID where a card binds it to the account, else the account.
    pub who: String,
    /// Micro-USDC, where money is spoken of.
    pub amount: Option<Usdc>,
    /// What shows it.
    pub proof: Evidence,
}

/// What shows an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A signature in this file.
    Signature {
        /// Where it lies.
        file: String,
    },
    /// A log on chain.
    Log {
        /// Where the bundle has it.
        file: String,
        /// Its transaction.
        tx: TxHash,
        /// Its place in the block.
        log: u64,
    },
}

/// Every key always, so that a reader needs no table of which kind has which.
impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, file, tx, log) = match self {
            Self::Signature { file } => ("signature", file, None, None),
            Self::Log { file, tx, log } => ("log", file, Some(tx), Some(log)),
        };
        let mut proof = serializer.serialize_struct("Evidence", 4)?;
        proof.serialize_field("kind", kind)?;
        proof.serialize_field("file", file)?;
        proof.serialize_field("tx", &tx)?;
        proof.serialize_field("log", &log)?;
        proof.end()
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The byte at which it shows, where one can be named.
    pub offset: Option<u64>,
    /// Which rule.
    pub rule: &'static str,
    /// As a sentence, with the values that mattered.
    pub message: String,
}
