//! Opened papers against their ids, for a reader who holds a key.
//!
//! The agreement must be the one whose id both sides signed, and must give the very deal that the
//! chain holds; NDA and pact likewise. With the pact the panel's tally is counted again from the
//! ballots, so that the seller's share follows from the votes and not from signatures alone.
//!
//! Deliberately absent: decryption, and any word of what was opened in the report.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};

use super::{
    Evidence, Finding, MilestoneProofs, Report, ReportEvent, VerdictProof,
    compose::{Files, milestone_path},
    papers::{DealProofs, NdaProofs},
    verify::{JSON_MAX, index_of},
};
use crate::{
    canonical::{from_canonical, id_of},
    clause::Terms,
    did::Did,
    document::{AgentCard, Agreement, Document, Pact, Signed},
    ids::{MilestoneIndex, PaperId},
    stage::jury::{Case, Timing, Vote, tally},
    time::Timestamp,
    typed::Contracts,
};

/// Checks the files of one sealed package, which was opened from `sealed`, against a verified bundle.
pub fn check_opened(bundle: &Files, sealed: &str, opened: &Files, report: &mut Report) {
    let mut check = Check { bundle, sealed, report };
    let Some(deal) = check.read::<DealProofs>("proofs/deal.json") else { return };
    if let Some(bytes) = opened.get("agreement.json") {
        check.paper("agreement.json", bytes, deal.terms.meta.agreement);
        let agreement = Document::<Agreement>::read(bytes);
        let follows = agreement.is_ok_and(|agreement| Agreement::deal(&agreement) == deal.terms);
        check.hold(follows, "id", "the deal on chain does not follow from the agreement");
    }
    if let Some(bytes) = opened.get("pact.json") {
        check.paper("pact.json", bytes, deal.terms.meta.pact);
        if let Ok(pact) = Document::<Pact>::read(bytes)
            && sealed == AGREEMENT
        {
            check.tallies(&deal, &pact);
        }
    }
    if let Some(bytes) = opened.get("nda.json")
        && let Some(nda) = check.read::<NdaProofs>("proofs/nda.json")
    {
        check.paper("nda.json", bytes, nda.paper.word());
    }
    report.ok = report.findings.is_empty();
}

/// The package of the agreement.
const AGREEMENT: &str = "sealed/agreement.age";

struct Check<'a> {
    bundle: &'a Files,
    sealed: &'a str,
    report: &'a mut Report,
}

impl Check<'_> {
    fn hold(&mut self, holds: bool, rule: &'static str, otherwise: impl Into<String>) {
        if !holds {
            let (file, message) = (self.sealed.to_owned(), otherwise.into());
            self.report.findings.push(Finding { file, offset: None, rule, message });
        }
    }

    /// Papers of a bundle that was verified read; of another one they are simply not there.
    fn read<T: serde::de::DeserializeOwned + serde::Serialize>(&self, path: &str) -> Option<T> {
        from_canonical(self.bundle.get(path)?, JSON_MAX).ok()
    }

    fn paper(&mut self, name: &str, bytes: &[u8], id: B256) {
        let (found, named) = (id_of(bytes), PaperId::from(id));
        self.hold(found == named, "id", format!("{name} has the id {found}, {named} was signed"));
        if found == named {
            let proof = Evidence::Signature { file: self.sealed.to_owned() };
            let event = ReportEvent { act: "paper.opened", who: name.to_owned(), amount: None, proof };
            self.report.events.push(event);
        }
    }

    /// Counts the votes of every milestone again.
    fn tallies(&mut self, deal: &DealProofs, pact: &Document<Pact>) {
        let Some(index) = index_of(self.bundle) else { return };
        let members = self.members();
        for milestone in 0..8 {
            let proofs: Option<MilestoneProofs> = self.read(&milestone_path(milestone));
            let Some(verdict) = proofs.and_then(|proofs| proofs.verdict) else { continue };
            let case = case(&verdict, index.deployment.contracts, deal.terms.quorum, pact, &members);
            let votes: BTreeMap<Address, Vote> = verdict
                .ballots
                .iter()
                .map(|proof| (proof.account, Vote { commit: proof.commit, ballot: proof.ballot.clone() }))
                .collect();
            // A ballot that was withheld for its quotation cannot be counted by a stranger.
            let shown = verdict.ballots.iter().all(|proof| proof.ballot.is_some() == proof.revealed);
            if shown {
                let share = tally(&case, &votes).map(|tally| tally.seller_share.get());
                let message = format!("milestone {milestone}: the votes do not give {}", verdict.seller_bps);
                self.hold(share == Ok(verdict.seller_bps), "tally", message);
            }
        }
    }

    /// Identities by account, from the cards.
    fn members(&self) -> BTreeMap<Address, Did> {
        let cards = self.bundle.keys().filter(|path| path.starts_with("cards/"));
        let cards = cards.filter_map(|path| self.read::<Signed<AgentCard>>(path));
        cards.map(|card| (card.document.settlement, card.document.agent)).collect()
    }
}

fn case(
    verdict: &VerdictProof,
    contracts: Contracts,
    quorum: u8,
    pact: &Document<Pact>,
    members: &BTreeMap<Address, Did>,
) -> Case {
    let milestone = MilestoneIndex(verdict.case.milestone);
    Case {
        contracts,
        deal: verdict.case.deal,
        milestone,
        round: verdict.case.round,
        attempt: verdict.case.attempt,
        evidence: PaperId(verdict.evidence.0),
        pact: pact.id(),
        terms: Some(Terms::of(pact, milestone)),
        members: members.clone(),
        quorum,
        // The run is over: its times decide nothing in a count.
        commit_until: Timestamp::default(),
        timing: Timing { relay_ms: 0, reveal_ms: 0, sign_ms: 0 },
        last_run: true,
    }
}
