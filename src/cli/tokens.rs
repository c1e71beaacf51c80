//! The API's tokens: where each lies, and one when it is asked for.
//!
//! Deliberately absent: listing the tokens themselves; a terminal remembers.

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Failure, shown::Table};
use crate::api::{Role, TokenError};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Lists roles, and where their tokens lie.
    List,
    /// Prints the token of one role.
    Show {
        /// admin, principal, agent, readonly or auditor.
        role: Role,
    },
}

impl Tokens {
    pub(super) fn run(&self, home: &Path) -> Result<(Value, Table), Failure> {
        match self {
            Self::List => {
                let roles = Role::ALL.map(|role| json!({ "role": role.name(), "path": role.path(home) }));
                Ok((json!(roles), Table::Rows(&["role", "path"])))
            }
            Self::Show { role } => {
                let token = role.token(home)?;
                Ok((json!({ "role": role.name(), "token": token }), Table::Only("token")))
            }
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self { code: 4, ..Self::failed(error).hint("tokens are made by `nuncio init`") }
    }
}
