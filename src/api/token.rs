//! Bearer tokens: one per role, and what each role may do.
//!
//! | role | reads | reads files | acts | exports | reads the trail | hands in approvals |
//! |---|---|---|---|---|---|---|
//! | `admin` | yes | yes | yes | yes | yes | no |
//! | `principal` | yes | yes | no | yes | yes | yes |
//! | `agent` | yes | yes | yes | no | no | no |
//! | `readonly` | yes | no | no | no | no | no |
//! | `auditor` | yes | no | no | yes | no | no |
//!
//! A token is 256 random bits in `HOME/tokens/<role>`, mode 0600. The node keeps SHA-256 of each and
//! compares hashes without stopping at the first difference, so time tells nothing about a token.
//!
//! Deliberately absent: expiry (a token is replaced by writing another and restarting), and any role
//! that approves by its token: what is handed in is a signature by the principal's key.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    str::FromStr,
};

use rand::rngs::SysRng;
use rand_core::TryRng;
use sha2::{Digest, Sha256};

/// For whom a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Operates the node.
    Admin,
    /// The person or firm behind the agent; looks, and hands in what it signed with its own key elsewhere.
    Principal,
    /// The agent program.
    Agent,
    /// Looks.
    Readonly,
    /// Looks and exports.
    Auditor,
}

/// What a route asks of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// State: ids, stages, amounts, papers in the open.
    Read,
    /// What lies under an NDA: inputs and deliveries, opened.
    ReadFiles,
    /// Everything that commits, says or delivers something.
    Act,
    /// A deal's whole bundle.
    Export,
    /// Everything on record: decisions, offers, papers.
    Trail,
    /// The principal's signed yes, or its no, to a deal that waits for it.
    Approve,
}

/// Why a home has no usable tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold 64 hex digits.
    #[error("{0} holds no token of 64 lowercase hex digits")]
    Content(PathBuf),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Entropy,
    /// A name that is no role's.
    #[error("{0} is no role: admin, principal, agent, readonly or auditor")]
    NoRole(String),
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Principal, Self::Agent, Self::Readonly, Self::Auditor];

    /// Its name, which is its file's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Principal => "principal",
            Self::Agent => "agent",
            Self::Readonly => "readonly",
            Self::Auditor => "auditor",
        }
    }

    /// Whether the role has a right.
    #[must_use]
    pub const fn may(self, right: Right) -> bool {
        match right {
            Right::Read => true,
            Right::ReadFiles => matches!(self, Self::Admin | Self::Principal | Self::Agent),
            Right::Act => matches!(self, Self::Admin | Self::Agent),
            Right::Export => matches!(self, Self::Admin | Self::Principal | Self::Auditor),
            Right::Trail => matches!(self, Self::Admin | Self::Principal),
            Right::Approve => matches!(self, Self::Principal),
        }
    }

    /// Its file in a home.
    #[must_use]
    pub fn path(self, home: &Path) -> PathBuf {
        home.join("tokens").join(self.name())
    }

    /// Its token, as a client of this home sends it.
    ///
    /// # Errors
    /// [`TokenError::File`], [`TokenError::Content`].
    pub fn token(self, home: &Path) -> Result<String, TokenError> {
        let path = self.path(home);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|source| TokenError::File { path: path.clone(), source })?;
        let token = text.trim();
        let plain = token.len() == 64 && token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if plain { Ok(token.to_owned()) } else { Err(TokenError::Content(path)) }
    }
}

impl FromStr for Role {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| TokenError::NoRole(text.to_owned()))
    }
}

/// What the node keeps of its tokens.
#[derive(Debug)]
pub struct Tokens([(Role, [u8; 32]); 5]);

impl Tokens {
    /// Makes fresh tokens in a home that has none.
    ///
    /// # Errors
    /// [`TokenError::File`], [`TokenError::Entropy`].
    pub fn create(home: &Path) -> Result<(), TokenError> {
        let folder = home.join("tokens");
        let made = DirBuilder::new().mode(0o700).recursive(true).create(&folder);
        made.map_err(|source| TokenError::File { path: folder, source })?;
        for role in Role::ALL {
            let mut bytes = [0; 32];
            SysRng.try_fill_bytes(&mut bytes).map_err(|_| TokenError::Entropy)?;
            let path = role.path(home);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let written = file.and_then(|mut file| writeln!(file, "{}", hex::encode(bytes)));
            written.map_err(|source| TokenError::File { path, source })?;
        }
        Ok(())
    }

    /// Reads a home's tokens.
    ///
    /// # Errors
    /// [`TokenError::File`], [`TokenError::Content`].
    pub fn read(home: &Path) -> Result<Self, TokenError> {
        let hash = |role: Role| Ok((role, Sha256::digest(role.token(home)?.as_bytes()).into()));
        let [a, b, c, d, e] = Role::ALL;
        Ok(Self([hash(a)?, hash(b)?, hash(c)?, hash(d)?, hash(e)?]))
    }

    /// Whose token this is. Every hash is compared whole.
    #[must_use]
    pub fn role(&self, token: &str) -> Option<Role> {
        let presented: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for (role, held) in &self.0 {
            let difference = presented.iter().zip(held).fold(0, |all, (a, b)| all | (a ^ b));
            if difference == 0 {
                found = Some(*role);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_role_has_its_own_token_that_nobody_else_can_read() {
        let home = tempfile::tempdir().unwrap();
        Tokens::create(home.path()).unwrap();
        let tokens = Tokens::read(home.path()).unwrap();
        for role in Role::ALL {
            let token = role.token(home.path()).unwrap();
            assert_eq!(tokens.role(&token), Some(role));
            assert_eq!(fs::metadata(role.path(home.path())).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(tokens.role(&token[1..]), None);
            assert_eq!(role.name().parse::<Role>().unwrap(), role);
        }
        assert_eq!(tokens.role(""), None);
        assert!(matches!(Tokens::create(home.path()), Err(TokenError::File { .. })), "never overwritten");
    }

    #[test]
    fn a_token_that_is_none_is_named_with_its_file() {
        let home = tempfile::tempdir().unwrap();
        Tokens::create(home.path()).unwrap();
        fs::write(Role::Agent.path(home.path()), "secret").unwrap();
        assert!(matches!(Tokens::read(home.path()), Err(TokenError::Content(_))));
    }
}
