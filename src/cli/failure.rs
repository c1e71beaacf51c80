//! An end that is no success: exit code, what happened, what to do.
//!
//! Deliberately absent: stack traces.

use core::fmt::Display;

use crate::{effects::Fatal, keys::KeysError, node::DaemonError};

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// Exit code 1.
    pub fn failed(message: impl Display) -> Self {
        Self { code: 1, message: message.to_string(), hint: None }
    }

    /// Exit code 2.
    pub fn usage(message: impl Display) -> Self {
        Self { code: 2, ..Self::failed(message) }
    }

    /// Exit code 3.
    pub fn unreachable(message: impl Display) -> Self {
        let hint = "start it with `nuncio start`, or name its folder with --home";
        Self { code: 3, ..Self::failed(message).hint(hint) }
    }

    /// The exit code of an error of the API.
    #[must_use]
    pub fn refused(code: &str, message: &str, hint: Option<String>) -> Self {
        let exit = match code {
            "NUN-TOKEN" | "NUN-ROLE" | "NUN-NOT-APPROVED" | "NUN-HOST" | "NUN-ORIGIN" => 4,
            "NUN-APPROVAL" => 5,
            "NUN-POLICY" => 6,
            "NUN-NOT-FOUND" | "NUN-NO-ROUTE" => 7,
            "NUN-NOT-NOW" | "NUN-PAUSED" => 8,
            _ => 1,
        };
        Self { code: exit, message: format!("{code}: {message}"), hint }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Display) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }

    fn hinted(error: impl Display, hint: Option<&'static str>) -> Self {
        Self { hint: hint.map(str::to_owned), ..Self::failed(error) }
    }
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let hint = error.hint();
        let code = if matches!(error, KeysError::WrongPassphrase) { 4 } else { 1 };
        Self { code, ..Self::hinted(error, hint) }
    }
}

impl From<Fatal> for Failure {
    fn from(error: Fatal) -> Self {
        let hint = error.hint();
        Self::hinted(error, hint)
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        let hint = error.hint();
        Self::hinted(error, hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_the_node_has_its_exit_code() {
        let rows = [
            ("NUN-TOKEN", 4),
            ("NUN-ROLE", 4),
            ("NUN-NOT-APPROVED", 4),
            ("NUN-APPROVAL", 5),
            ("NUN-POLICY", 6),
            ("NUN-NOT-FOUND", 7),
            ("NUN-NOT-NOW", 8),
            ("NUN-INVALID", 1),
            ("NUN-SIGNING", 1),
        ];
        for (code, exit) in rows {
            assert_eq!(Failure::refused(code, "", None).code, exit, "{code}");
        }
    }
}
