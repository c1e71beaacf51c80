//! How a bundle is made: the node's part, the chain's word and the sealed files become named bytes.
//!
//! The walk of the panel is done here over the very logs that the bundle carries, so that its reader
//! finds the same reasons.
//!
//! Deliberately absent: signing (the node does, over the index), fetching, writing to disk.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    FileEntry, INDEX, INDEX_PROOF, Index, LOGS, Logs, OnChain,
    logs::{LoggedAt, Subject, register},
    papers::{DealProofs, MilestoneProofs, NdaProofs, PanelProofs, RatingProofs},
};
use crate::{
    abi::{ChainEvent, Deployment},
    beacon::{BeaconChain, Round},
    canonical::{EncodingError, to_canonical},
    did::Did,
    document::{AgentCard, Signed},
    ids::{BlobId, ContentHash, DealId, NegotiationId},
    panel::{DrawInputs, Exclusions, Walk, draw, walk},
    text::BoundError,
    typed::{Deal, seconds},
    wire::SeatAccepted,
};

/// Named bytes: a bundle, or a bundle in the making.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why a bundle cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// The chain that was asked is another one.
    #[error("the endpoint serves chain {actual}, the deal is on {expected}")]
    WrongChain {
        /// Of the deal.
        expected: u64,
        /// Of the endpoint.
        actual: u64,
    },
    /// A sealed file that the bundle needs is not here.
    #[error("the sealed file {path} ({blob}) is not held here")]
    Missing {
        /// Its place in the bundle.
        path: String,
        /// Its hash.
        blob: BlobId,
    },
    /// The panel of the deal does not follow from what is held here.
    #[error("the panel does not recompute: {0}")]
    Panel(&'static str),
    /// There is more than a bundle may hold.
    #[error(transparent)]
    TooMuch(#[from] BoundError),
    /// Something cannot be written canonically.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
}

/// A wrapped identity: an age file that gives a reader the key of one class of papers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrappedIdentity {
    /// Its place in the bundle, which names the class and the reader.
    pub path: String,
    /// The age file.
    #[serde(with = "crate::hexed")]
    pub bytes: Vec<u8>,
}

/// What a node knows of one of its deals and may show to a stranger.
#[derive(Clone, Debug, Serialize)]
pub struct Parts {
    /// The deal.
    pub deal: DealId,
    /// The agent of the node.
    pub exporter: Did,
    /// The contracts.
    pub deployment: Deployment,
    /// The beacon.
    pub beacon: BeaconChain,
    /// How long a seat must have been on the register at the draw.
    pub seat_age_secs: u64,
    /// Now, Unix seconds.
    pub created_secs: u64,
    /// Cards of parties, vaults and drawn jurors.
    pub cards: Vec<Signed<AgentCard>>,
    /// The NDA.
    pub nda: NdaProofs,
    /// The deal.
    pub terms: DealProofs,
    /// The panel; its walk is filled in when the logs are there.
    pub panel: PanelProofs,
    /// The milestones.
    pub milestones: Vec<MilestoneProofs>,
    /// The ratings.
    pub ratings: RatingProofs,
    /// Identities for their readers.
    pub identities: Vec<WrappedIdentity>,
    /// Sealed packages, by their place in the bundle.
    pub sealed: Vec<(String, BlobId)>,
}

impl Parts {
    /// Makes the bundle, all but the signature: its files, and the index to be signed.
    ///
    /// # Errors
    /// [`ComposeError`].
    pub fn compose(
        &self,
        chain: &OnChain,
        mut sealed: BTreeMap<BlobId, Vec<u8>>,
    ) -> Result<(Files, Index), ComposeError> {
        let expected = self.deployment.contracts.chain_id;
        if chain.chain_id != expected {
            return Err(ComposeError::WrongChain { expected, actual: chain.chain_id });
        }
        let subject = Subject {
            deployment: &self.deployment,
            deal: self.deal,
            terms: &self.terms.terms,
            request: &self.panel.request,
        };
        let logs = subject.select(chain);
        let mut panel = self.panel.clone();
        panel.walk = self.walk(&logs)?.steps;
        let mut files = Files::new();
        for card in &self.cards {
            files.insert(card_path(card), to_canonical(card)?);
        }
        files.insert("proofs/nda.json".into(), to_canonical(&self.nda)?);
        files.insert("proofs/deal.json".into(), to_canonical(&self.terms)?);
        files.insert("proofs/panel.json".into(), to_canonical(&panel)?);
        for milestone in &self.milestones {
            files.insert(milestone_path(milestone.milestone), to_canonical(milestone)?);
        }
        files.insert("proofs/ratings.json".into(), to_canonical(&self.ratings)?);
        for identity in &self.identities {
            files.insert(identity.path.clone(), identity.bytes.clone());
        }
        for (path, blob) in &self.sealed {
            let missing = || ComposeError::Missing { path: path.clone(), blob: *blob };
            files.insert(path.clone(), sealed.remove(blob).ok_or_else(missing)?);
        }
        let logs = Logs { logs: logs.into_iter().map(|(at, _)| at).collect() };
        files.insert(LOGS.into(), to_canonical(&logs)?);
        let index = Index {
            deal: self.deal,
            exporter: self.exporter,
            deployment: self.deployment,
            beacon: self.beacon.clone(),
            seat_age_secs: self.seat_age_secs,
            from_block: chain.blocks.0,
            to_block: chain.blocks.1,
            created_secs: self.created_secs,
            files: entries(&files).try_into()?,
        };
        Ok((files, index))
    }

    fn walk(&self, logs: &[(LoggedAt, ChainEvent)]) -> Result<Walk, ComposeError> {
        let draw = Draw {
            beacon: &self.beacon,
            seat_age_secs: self.seat_age_secs,
            terms: &self.terms.terms,
            panel: &self.panel,
            cards: self.cards.iter().map(|card| card.document.content()).collect(),
        };
        draw.walk(self.deployment.contracts.chain_id, logs).map_err(ComposeError::Panel)
    }
}

impl Index {
    /// Puts the signed index beside the files that it names: the bundle.
    ///
    /// # Errors
    /// [`EncodingError`] where a proof cannot be written.
    pub fn seal(signed: &Signed<Self>, mut files: Files) -> Result<Files, EncodingError> {
        files.insert(INDEX_PROOF.into(), to_canonical(&signed.proofs)?);
        files.insert(INDEX.into(), signed.document.canonical());
        Ok(files)
    }
}

/// Everything that decides who sits on the panel.
pub(super) struct Draw<'a> {
    pub(super) beacon: &'a BeaconChain,
    pub(super) seat_age_secs: u64,
    pub(super) terms: &'a Deal,
    pub(super) panel: &'a PanelProofs,
    pub(super) cards: Vec<&'a AgentCard>,
}

impl Draw<'_> {
    /// Draws and walks again, from the beacon's signature and the register's logs alone.
    ///
    /// # Errors
    /// What does not hold, as a sentence.
    pub(super) fn walk(&self, chain_id: u64, logs: &[(LoggedAt, ChainEvent)]) -> Result<Walk, &'static str> {
        let request = &self.panel.request;
        let round = Round(request.beaconRound);
        let randomness = self
            .beacon
            .verify(round, &self.panel.beacon)
            .map_err(|_| "the beacon's signature does not verify")?;
        let drawn_at_secs = self.beacon.time_of(round);
        let candidates = draw(&DrawInputs {
            chain_id,
            jury: request.jury,
            randomness: &randomness,
            negotiation: NegotiationId(request.negotiation.0),
            attempt: request.attempt,
            seats: seconds(request.seats),
            size: request.size,
        });
        let card = |account| self.cards.iter().find(|card| card.settlement == account);
        let mut seats = register(logs, drawn_at_secs);
        for seat in seats.values_mut() {
            let family = card(seat.holder).and_then(|card| card.model_family.as_ref());
            seat.model_family = family.map(ToString::to_string);
        }
        let parties = [self.terms.buyer, self.terms.seller].map(card);
        if parties.iter().any(Option::is_none) {
            return Err("a party's card is missing");
        }
        let exclusions = Exclusions {
            principals: parties.iter().flatten().map(|card| card.principal.address).collect(),
            model_families: parties
                .iter()
                .flatten()
                .filter_map(|card| card.model_family.as_ref().map(ToString::to_string))
                .collect(),
            age_secs_min: self.seat_age_secs,
            drawn_at_secs,
        };
        let accepted: BTreeMap<_, &SeatAccepted> =
            self.panel.accepted.iter().map(|seat| (seat.juror, seat)).collect();
        Ok(walk(&candidates, &seats, &exclusions, &accepted, request.size))
    }
}

/// Where a card lies.
pub(super) fn card_path(card: &Signed<AgentCard>) -> String {
    format!("cards/0x{}.json", hex::encode(card.document.settlement))
}

/// Where a milestone's proofs lie.
pub(super) fn milestone_path(index: u8) -> String {
    format!("proofs/m{}.json", u16::from(index) + 1)
}

/// The index's lines for these files.
pub(super) fn entries(files: &Files) -> Vec<FileEntry> {
    let entry = |(path, bytes): (&String, &Vec<u8>)| FileEntry {
        path: path.clone(),
        size: bytes.len() as u64,
        sha256: ContentHash(Sha256::digest(bytes).into()),
    };
    files.iter().map(entry).collect()
}
