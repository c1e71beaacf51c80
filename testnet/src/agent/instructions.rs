//! What a principal tells its agent, as a TOML file that the agent program reads at its start.
//!
//! Instructions are wishes. The limits that hold whatever an agent does are the mandate on chain and
//! the policy in the node.

use std::{fs, io, path::Path};

use nuncio_protocol::money::Usdc;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::rules::{Bargaining, BargainingError};

/// Says why instructions cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum InstructionsError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no TOML of this kind.
    #[error("{path}: {source}")]
    Form {
        /// Which file.
        path: String,
        /// What does not fit.
        source: Box<toml::de::Error>,
    },
    /// The bargaining makes no sense.
    #[error("{path}: {source}")]
    Bargaining {
        /// Which file.
        path: String,
        /// What does not fit.
        source: BargainingError,
    },
}

/// What a buyer wants.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyerInstructions {
    /// What is asked for, and of whom.
    pub request: Wanted,
    /// Which bids are good enough.
    pub bids: Filter,
    /// What the NDA shall say.
    pub nda: NdaWish,
    /// Who shall judge.
    pub panel: PanelWish,
    /// How to bargain.
    pub bargaining: Bargaining,
    /// The rating after a deal in which every milestone passed at once; each further attempt takes ten off.
    pub rating: u8,
}

/// A request for bids.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The market's domain.
    pub domain: String,
    /// What is to be done.
    pub task_schema: String,
    /// Which kind of deal.
    pub deal_kind: String,
    /// Under which rules.
    pub jurisdiction: String,
    /// At most this.
    pub budget: Usdc,
    /// In words, for people.
    pub text: String,
}

/// Which bids are good enough.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The bidder's score, at least: the worse of its two grades.
    pub min_standing_bps: u16,
    /// The share of its pacts that a bidder has kept by earlier verdicts, at least, where there are any.
    pub min_pact_bps: u16,
    /// The pact's threshold for verbatim citation, at least.
    pub min_citation_bps: u16,
    /// Clauses that the pact must have, by kind.
    pub clauses: Vec<String>,
    /// Bids to wait for.
    pub wanted: usize,
    /// And for how long at most, in seconds.
    pub wait_secs: u64,
}

/// What the NDA shall say.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NdaWish {
    /// What may be shared.
    pub categories: Vec<String>,
    /// For how long.
    pub duration_secs: u64,
    /// After which everything is destroyed, counted from its begin.
    pub destroy_after_secs: u64,
    /// Under which rules.
    pub jurisdiction: String,
    /// Who may read along, as age recipients.
    #[serde(default)]
    pub regulators: Vec<String>,
}

/// Who shall judge.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PanelWish {
    /// Seats.
    pub size: u8,
    /// Signatures that make a verdict.
    pub quorum: u8,
    /// What they are paid together, on top of the price.
    pub fee: Usdc,
}

/// What a seller offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SellerInstructions {
    /// Which requests to answer.
    pub market: Offered,
    /// What it lets itself be judged by.
    pub pact: PactOffer,
    /// Which NDAs to sign.
    pub nda: NdaRules,
    /// How to bargain.
    pub bargaining: Bargaining,
    /// The rating of a buyer who paid everything.
    pub rating: u8,
}

/// Which requests to answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offered {
    /// What it can do.
    pub task_schema: String,
    /// The price in its bids.
    pub price: Usdc,
    /// Seconds from the start of a deal to the last delivery.
    pub due_secs: u32,
}

/// The numbers of a pact; its clauses are a template's, or fixed by the task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PactOffer {
    /// The template that it is made from; nothing for clauses of its own.
    pub template: Option<String>,
    /// Quotes that must be verbatim, of all quotes.
    pub citation_bps: u16,
    /// Lateness that is forgiven, in seconds.
    pub late_secs: u32,
    /// Whether the work may be refused.
    pub may_refuse: bool,
}

/// Which NDAs to sign.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NdaRules {
    /// Categories it can keep apart.
    pub categories: Vec<String>,
    /// The longest duty.
    pub duration_secs_max: u64,
}

impl BuyerInstructions {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`InstructionsError`].
    pub fn load(path: &Path) -> Result<Self, InstructionsError> {
        let mut read: Self = load(path)?;
        read.bargaining = checked(path, read.bargaining)?;
        Ok(read)
    }
}

impl SellerInstructions {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`InstructionsError`].
    pub fn load(path: &Path) -> Result<Self, InstructionsError> {
        let mut read: Self = load(path)?;
        read.bargaining = checked(path, read.bargaining)?;
        Ok(read)
    }
}

fn load<T: DeserializeOwned>(path: &Path) -> Result<T, InstructionsError> {
    let shown = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|source| InstructionsError::Read { path: shown.clone(), source })?;
    toml::from_str(&text).map_err(|source| InstructionsError::Form { path: shown, source: Box::new(source) })
}

fn checked(path: &Path, bargaining: Bargaining) -> Result<Bargaining, InstructionsError> {
    let path = path.display().to_string();
    bargaining.checked().map_err(|source| InstructionsError::Bargaining { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions").join(name)
    }

    #[test]
    fn the_instructions_of_the_project_make_sense() {
        let buyer = BuyerInstructions::load(&file("buyer.toml")).unwrap();
        let careful = SellerInstructions::load(&file("seller-careful.toml")).unwrap();
        let cheap = SellerInstructions::load(&file("seller-cheap.toml")).unwrap();
        assert!(careful.pact.citation_bps >= buyer.bids.min_citation_bps);
        assert!(cheap.pact.citation_bps < buyer.bids.min_citation_bps, "the cheap one is to be declined");
        assert!(cheap.market.price < careful.market.price);
        assert_eq!(buyer.request.task_schema, crate::summary::TASK);
        assert_eq!(buyer.bargaining.limit.price, Usdc(180_000_000));
    }

    #[test]
    fn an_unknown_instruction_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        let text = fs::read_to_string(file("buyer.toml")).unwrap();
        fs::write(&path, format!("generosity = 3\n{text}")).unwrap();
        let error = BuyerInstructions::load(&path).unwrap_err().to_string();
        assert!(error.contains("generosity"), "{error}");
    }
}
