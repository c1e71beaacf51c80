//! Deliveries and verdicts: claims, receipts, votes and signatures, milestone by milestone.
//!
//! A verdict stands if the jurors of the panel who revealed signed it, at least a quorum; what they
//! signed names the hash of all votes, which is recomputed from the commitments. Each ballot shown
//! is the one that was committed to, and belongs to this run.
//!
//! Deliberately absent: the medians and the seller's share that follows from them. Which clauses
//! weigh how much stands in the pact, and the pact is sealed.

use std::collections::BTreeSet;

use alloy_primitives::Address;

use super::Examination;
use crate::{
    abi::ChainEvent,
    audit::{
        compose::milestone_path,
        logs::LoggedAt,
        papers::{BallotProof, DealProofs, MilestoneProofs, VerdictProof},
    },
    document::{DeliveryClaim, Document},
    ids::{ContentHash, MilestoneIndex, PaperId},
    stage::jury::{RunId, commitment, votes_digest},
    typed::{Typed, Verdict, unpack_amounts},
    wire::{Receipt, receipts_needed},
};

impl Examination<'_> {
    pub(super) fn milestones(
        &mut self,
        deal: &DealProofs,
        members: &BTreeSet<Address>,
        real: &[(LoggedAt, ChainEvent)],
    ) {
        let count = unpack_amounts(deal.terms.amounts, deal.terms.amounts2).len();
        for index in 0..u8::try_from(count).unwrap_or(u8::MAX) {
            let file = milestone_path(index);
            let Some(proofs) = self.read::<MilestoneProofs>(&file) else { continue };
            self.hold(proofs.milestone == index, &file, "id", "the file is of another milestone");
            self.claim(&file, deal, &proofs);
            if let Some(verdict) = &proofs.verdict {
                self.verdict((&file, index), deal, members, verdict);
            }
            self.on_chain(&file, deal, index, &proofs, real);
        }
    }

    pub(super) fn receipt(&mut self, file: &str, receipt: &Receipt) {
        let digest = receipt.typed().digest(&self.contracts());
        let Some(signature) = &receipt.signature else {
            return self.find(file, "signature", format!("{} has not signed its receipt", receipt.vault));
        };
        if self.typed(file, digest, signature, receipt.vault) {
            self.signed("stored", receipt.vault, None, file);
        }
    }

    fn claim(&mut self, file: &str, deal: &DealProofs, proofs: &MilestoneProofs) {
        let Some(signed) = &proofs.claim else {
            let none = proofs.receipts.is_empty() && proofs.verdict.is_none();
            self.hold(none, file, "claim", "what is stored or judged was claimed");
            return;
        };
        let claim = &signed.document;
        match signed.clone().verify(&self.contracts()) {
            Ok(_) => self.signed("delivered", deal.terms.seller, None, file),
            Err(error) => self.find(file, "signature", error.to_string()),
        }
        let seller = self.card(deal.terms.seller).map(|card| card.agent);
        self.hold(seller == Some(claim.seller), file, "parties", "the claim is not the seller's");
        let here = (claim.deal, claim.milestone.0) == (self.index.deal, proofs.milestone);
        self.hold(here, file, "claim", "the claim is of another milestone");
        self.sealed(file, claim);
        for receipt in &proofs.receipts {
            let put = (receipt.put.deal, receipt.put.milestone, receipt.put.attempt);
            let same = put == (claim.deal, claim.milestone.0, claim.attempt)
                && (receipt.blob, receipt.size) == (claim.blob, claim.size)
                && receipt.put.manifest.0 == claim.manifest.0;
            self.hold(same, file, "receipt", format!("{} stored something else", receipt.vault));
            let named = deal.vaults.contains(&receipt.vault);
            self.hold(named, file, "receipt", format!("{} is no vault of the deal", receipt.vault));
            self.receipt(file, receipt);
        }
        if let Some(verdict) = &proofs.verdict {
            let vaults: BTreeSet<Address> = proofs.receipts.iter().map(|receipt| receipt.vault).collect();
            let (held, needed) = (vaults.len(), receipts_needed(deal.vaults.len()));
            let message = format!("{held} vaults gave a receipt for what was judged, {needed} are needed");
            self.hold(held >= needed, file, "receipt", message);
            // The verdict on an earlier delivery stands until the corrected one is judged.
            let earlier = verdict.case.attempt < claim.attempt;
            let same = verdict.case.attempt == claim.attempt && verdict.evidence.0 == claim.manifest.0;
            let judged = earlier || same;
            self.hold(judged, file, "verdict", "what was judged is not what was claimed");
        }
    }

    /// The sealed agreement and inputs are what the vaults' receipts name, where receipts are shown.
    pub(super) fn sealed_papers(&mut self, deal: &DealProofs) {
        for (path, manifest) in
            [("sealed/agreement.age", Some(deal.agreement.0)), ("sealed/inputs.age", None)]
        {
            let Some(entry) = self.index.files.iter().find(|entry| entry.path == path) else { continue };
            let of_it = |receipt: &&Receipt| {
                // Inputs have no manifest of their own: their receipts name the blob itself.
                receipt.put.manifest.0 == manifest.unwrap_or(receipt.blob.0)
            };
            let mut named = deal.receipts.iter().filter(of_it).map(|receipt| receipt.blob.0).peekable();
            let same = named.peek().is_none() || named.any(|blob| blob == entry.sha256.0);
            self.hold(same, path, "receipt", "it is not what the vaults gave their receipts for");
        }
    }

    /// The sealed evidence of the bundle is what was claimed.
    fn sealed(&mut self, file: &str, claim: &Document<DeliveryClaim>) {
        let path = format!("sealed/m{}.age", u16::from(claim.milestone.0) + 1);
        let held = self.index.files.iter().find(|entry| entry.path == path);
        if let Some(entry) = held {
            let same = (entry.sha256.0, entry.size) == (claim.blob.0, claim.size);
            self.hold(same, file, "claim", format!("{path} is not what was claimed"));
        }
    }

    fn verdict(
        &mut self,
        (file, index): (&str, u8),
        deal: &DealProofs,
        members: &BTreeSet<Address>,
        verdict: &VerdictProof,
    ) {
        let case = verdict.case;
        let here = (case.deal, case.milestone) == (self.index.deal, index);
        self.hold(here, file, "verdict", "the verdict is of another milestone");
        let run = RunId {
            deal: case.deal,
            milestone: MilestoneIndex(case.milestone),
            round: case.round,
            attempt: case.attempt,
        };
        let evidence = PaperId(verdict.evidence.0);
        let sorted = verdict.ballots.is_sorted_by(|a, b| a.account < b.account);
        self.hold(sorted, file, "votes", "ballots stand by account, once each");
        let votes = verdict.ballots.iter().map(|ballot| (ballot.account, ballot.commit, ballot.revealed));
        let hash = ContentHash(votes_digest(run, evidence, votes).0);
        self.hold(hash == verdict.votes, file, "votes", format!("the votes hash to {hash}"));
        for ballot in &verdict.ballots {
            let seated = members.contains(&ballot.account);
            self.hold(seated, file, "votes", format!("{} is not on the panel", ballot.account));
            self.ballot(file, verdict, ballot);
        }
        self.one_mind(file, verdict);
        let digest = typed(verdict).digest(&self.contracts());
        let mut signers = BTreeSet::new();
        for (juror, signature) in &verdict.signatures {
            let revealed = verdict.ballots.iter().any(|b| b.account == *juror && b.revealed);
            let entitled = members.contains(juror) && revealed;
            self.hold(entitled, file, "verdict", format!("{juror} signed without a revealed ballot"));
            if self.typed(file, digest, signature, *juror) && entitled && signers.insert(*juror) {
                self.signed("verdict.signed", *juror, None, file);
            }
        }
        let quorum = usize::from(deal.terms.quorum);
        let message = format!("{} jurors signed, the quorum is {quorum}", signers.len());
        self.hold(signers.len() >= quorum, file, "verdict", message);
    }

    fn ballot(&mut self, file: &str, verdict: &VerdictProof, proof: &BallotProof) {
        let Some(ballot) = &proof.ballot else { return };
        let (who, case) = (proof.account, verdict.case);
        let same = proof.revealed && commitment(ballot) == proof.commit;
        self.hold(same, file, "votes", format!("the ballot of {who} is not the committed one"));
        let run = (ballot.deal, ballot.milestone.0, ballot.round, ballot.attempt, ballot.evidence.0);
        let ours = (case.deal, case.milestone, case.round, case.attempt, verdict.evidence.0);
        let agent = self.card(who).map(|card| card.agent);
        let belongs = run == ours && ballot.account == who && agent == Some(ballot.juror);
        self.hold(belongs, file, "votes", format!("the ballot of {who} is of another run or juror"));
    }

    /// Where all jurors found the same share, the verdict can say no other.
    fn one_mind(&mut self, file: &str, verdict: &VerdictProof) {
        let revealed = || verdict.ballots.iter().filter(|ballot| ballot.revealed);
        let shares: Option<BTreeSet<u16>> =
            revealed().map(|ballot| Some(ballot.ballot.as_ref()?.seller_bps.get())).collect();
        let Some(shares) = shares else { return };
        if let (1, Some(share)) = (shares.len(), shares.first()) {
            let message = format!("all jurors found {share}, the verdict says {}", verdict.seller_bps);
            self.hold(*share == verdict.seller_bps, file, "votes", message);
        }
    }

    /// What the chain accepted is what the bundle shows.
    fn on_chain(
        &mut self,
        file: &str,
        deal: &DealProofs,
        index: u8,
        proofs: &MilestoneProofs,
        real: &[(LoggedAt, ChainEvent)],
    ) {
        let judged = real.iter().rev().find_map(|(at, event)| {
            let ChainEvent::Judged { id, verdict, .. } = event else { return None };
            (verdict.milestone == index).then_some((at, *id))
        });
        let Some((at, id)) = judged else { return };
        let ours = proofs.verdict.as_ref().map(|verdict| typed(verdict).id(&self.contracts()));
        let message = format!("the chain accepted verdict {id}, which the bundle does not show");
        self.hold(ours == Some(id), file, "verdict", message);
        self.logged("verdict.accepted", deal.terms.seller, None, at);
    }
}

fn typed(verdict: &VerdictProof) -> Verdict {
    Verdict {
        deal: verdict.case.deal.word(),
        milestone: verdict.case.milestone,
        round: verdict.case.round,
        attempt: verdict.case.attempt,
        sellerBps: verdict.seller_bps,
        evidence: verdict.evidence.word(),
        votes: verdict.votes.word(),
    }
}
