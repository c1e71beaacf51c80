//! `nuncio approvals`: what waits for the principal, and how its answer is handed in.
//!
//! `show` prints the typed data that the principal signs in its own wallet, by
//! `eth_signTypedData_v4`; `approve` takes the signature as a file. The principal's key never comes
//! here: whoever reads this machine, the agent program first of all, could use it.
//!
//! Deliberately absent: signing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Failure, ask, shown::Table};
use crate::api::Role;

/// What to do with what waits.
#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Lists deals that wait for the principal.
    List,
    /// Shows one, with the typed data to sign.
    Show {
        /// The deal.
        id: String,
    },
    /// Hands in the principal's signature.
    Approve {
        /// The deal.
        id: String,
        /// A file with the signature of the typed data: 0x and 130 hex digits.
        #[arg(long)]
        signature: PathBuf,
    },
    /// Says no.
    Refuse {
        /// The deal.
        id: String,
    },
}

impl Act {
    pub(super) async fn run(&self, home: &Path) -> Result<(Value, Table), Failure> {
        match self {
            Self::List => {
                let columns = &["id", "stage", "side", "price", "until_secs", "counterparty"];
                Ok((ask::get(home, "/approvals").await?, Table::Rows(columns)))
            }
            Self::Show { id } => {
                let all = ask::get(home, "/approvals").await?;
                let mut all = all.as_array().into_iter().flatten();
                let found = all.find(|approval| approval["id"] == id.as_str()).cloned();
                let none = || Failure::refused("NUN-NOT-FOUND", &format!("no approval {id} here"), None);
                Ok((found.ok_or_else(none)?, Table::Fields))
            }
            Self::Approve { id, signature } => {
                let signature = read(signature)?;
                let path = format!("/approvals/{id}");
                ask::post(home, &path, Role::Principal, &json!({ "signature": signature })).await?;
                Ok((json!({ "approved": id }), Table::Fields))
            }
            Self::Refuse { id } => {
                let path = format!("/approvals/{id}/refuse");
                ask::post(home, &path, Role::Principal, &json!({})).await?;
                Ok((json!({ "refused": id }), Table::Fields))
            }
        }
    }
}

/// The signature in a file, as wallets print it: plain or as a JSON string, in any case of letters.
fn read(file: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::usage(format!("{}: {error}", file.display()));
    let text = fs::read_to_string(file).map_err(unreadable)?;
    Ok(text.trim().trim_matches('"').to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_taken_as_wallets_print_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for text in ["0xABcd\n", "\"0xabcd\"", "0xabcd"] {
            fs::write(file.path(), text).unwrap();
            assert_eq!(read(file.path()).unwrap(), "0xabcd");
        }
        assert_eq!(read(Path::new("/no/such/file")).unwrap_err().code, 2);
    }
}
