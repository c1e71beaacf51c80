//! What this node may show of one of its deals to a stranger, and its signature under it.
//!
//! Papers are shown by their ids and signatures, never by their words. The shell adds what the chain
//! says and the sealed files, and comes back with an index that names every file; the identity key
//! signs that, in the name of this agent and for a deal of its own only.
//!
//! Deliberately absent: plaintext, secrets, and other deals under the same NDA.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use rand_core::CryptoRng;

use super::{Node, invalid, not_found, not_now, papers};
use crate::{
    audit::{
        BallotProof, DealProofs, Index, MilestoneProofs, NdaProofs, PanelProofs, Parts, RatingProof,
        RatingProofs, VerdictProof, WrappedIdentity,
    },
    beacon,
    command::{Refusal, Reply},
    deal::{Deal, Milestone},
    document::{AgentCard, Ballot, Document, Nda, Rating, Signed},
    effect::Effect,
    ids::{BlobId, CommandId, DealId},
    job::{Class, Job, SignRequest, Signing, Slot},
    proof::Proof,
    stage::jury::Vote,
    text::{BoundError, BoundedVec},
    typed::EthSignature,
    wire::{Assent, VerdictReady},
};

impl Node {
    /// What may be shown of a deal.
    pub(super) fn bundle(&self, id: DealId) -> Result<Parts, Refusal> {
        let deal = self.deals.get(&id).ok_or_else(|| not_found("deal", id))?;
        if !deal.opened {
            return Err(not_now("a deal is shown after it was opened"));
        }
        let milestones = (0_u8..).zip(&deal.milestones);
        let milestones: Result<_, BoundError> =
            milestones.map(|(index, milestone)| milestone_proofs(index, milestone)).collect();
        Ok(Parts {
            deal: id,
            exporter: self.me.did,
            deployment: self.network.deployment,
            beacon: self.network.beacon.clone(),
            seat_age_secs: self.network.timing.seat_age_secs,
            created_secs: self.now.secs(),
            cards: self.cards_of(deal)?,
            nda: self.nda_proofs(deal)?,
            terms: deal_proofs(deal)?,
            panel: self.panel_proofs(deal)?,
            milestones: milestones.map_err(|error| invalid(error.to_string()))?,
            ratings: RatingProofs { ratings: ratings(deal) },
            identities: self.identities(deal),
            sealed: sealed(deal),
        })
    }

    /// Signs the index of a bundle.
    pub(super) fn attest(
        &mut self,
        command: CommandId,
        index: Index,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let deal = self.deals.get(&index.deal).ok_or_else(|| not_found("deal", index.deal))?;
        let ours = (index.exporter, index.deployment) == (self.me.did, self.network.deployment);
        if !ours || index.beacon != self.network.beacon {
            return Err(invalid("the index is not by this agent, or of another network"));
        }
        let (nda, slot) = (deal.nda, Slot::open(format!("bundle/{}", index.deal)));
        let index = papers::paper(self.network.chain(), index, rng).map_err(|e| invalid(e.to_string()))?;
        let payloads = vec![papers::payload(self.me.did, self.now, index.id())];
        let job =
            Job::Sign { request: SignRequest { slot, payloads }, then: Signing::Bundle(Box::new(index)) };
        self.start_for(command, Some(nda), job);
        Ok(None)
    }

    pub(super) fn on_index_signed(
        &mut self,
        index: Document<Index>,
        proof: Proof,
        command: Option<CommandId>,
    ) {
        if let Some(command) = command {
            let reply = Reply::Bundle(Box::new(papers::signed(index, proof)));
            self.effects.push(Effect::Reply { command, result: Ok(reply) });
        }
    }

    /// Cards of both parties and the panel, which must be known, and of vaults and other candidates,
    /// where they are.
    fn cards_of(&self, deal: &Deal) -> Result<Vec<Signed<AgentCard>>, Refusal> {
        let needed = [deal.terms.buyer, deal.terms.seller];
        let needed = needed.into_iter().chain(deal.panel.iter().map(|seat| seat.juror));
        let mut cards: BTreeMap<Address, Signed<AgentCard>> = BTreeMap::new();
        for account in needed {
            let card = self.signed_card(account);
            let card = card.ok_or_else(|| not_now(&format!("the card of {account} is not known now")))?;
            cards.insert(account, card.clone());
        }
        let vaults = deal.agreement.terms.vaults.iter().copied();
        for account in vaults.chain(self.drawn(deal)) {
            if let Some(card) = self.signed_card(account) {
                cards.insert(account, card.clone());
            }
        }
        Ok(cards.into_values().collect())
    }

    /// Holders of the drawn seats: what their cards declare decides the walk.
    fn drawn(&self, deal: &Deal) -> Vec<Address> {
        let attempt = self
            .negotiations
            .get(&deal.negotiation)
            .and_then(|negotiation| negotiation.attempts.get(usize::from(deal.terms.meta.attempt)));
        let drawn = attempt.and_then(|attempt| {
            let (request, beacon) = (attempt.request.as_ref()?, attempt.beacon.as_ref()?);
            self.candidates(request, beacon)
        });
        let drawn = drawn.unwrap_or_default();
        self.registered().filter(|seat| drawn.contains(&seat.index)).map(|seat| seat.holder).collect()
    }

    fn signed_card(&self, account: Address) -> Option<&Signed<AgentCard>> {
        if account == self.me.settlement() {
            return Some(&self.me.card);
        }
        self.directory.settlement(account).map(|listing| &listing.card)
    }

    fn nda_proofs(&self, deal: &Deal) -> Result<NdaProofs, Refusal> {
        let state = self.ndas.get(&deal.nda).ok_or_else(|| not_found("NDA", deal.nda))?;
        let unsigned = || not_now("the NDA is not signed by both sides");
        let (text, id) = state.text.as_ref().zip(state.id).ok_or_else(unsigned)?;
        let assent = |held: &Option<(Proof, EthSignature)>| {
            let (proof, signature) = held.clone().ok_or_else(unsigned)?;
            Ok(Assent { proof, signature })
        };
        let (by_a, by_b) = (assent(&state.by_a)?, assent(&state.by_b)?);
        Ok(NdaProofs { id, paper: text.id(), terms: Nda::typed(text), by_a, by_b })
    }

    fn panel_proofs(&self, deal: &Deal) -> Result<PanelProofs, Refusal> {
        let unknown = || not_now("how the panel was drawn is not held here");
        let negotiation = self.negotiations.get(&deal.negotiation).ok_or_else(unknown)?;
        let attempt = negotiation.attempts.get(usize::from(deal.terms.meta.attempt)).ok_or_else(unknown)?;
        let beacon = attempt.beacon.as_deref().and_then(|signature| signature.try_into().ok());
        // Only the members' acceptances: one that came after the walk would change it.
        let accepted = deal.panel.clone().try_into();
        Ok(PanelProofs {
            request: attempt.request.clone().ok_or_else(unknown)?,
            by_buyer: attempt.by_a.ok_or_else(unknown)?,
            by_seller: attempt.by_b.ok_or_else(unknown)?,
            beacon: beacon::Proof(beacon.ok_or_else(unknown)?),
            accepted: accepted.map_err(|error: BoundError| invalid(error.to_string()))?,
            walk: Vec::new(),
        })
    }

    /// Identities that were wrapped for readers, in files that name class and reader.
    fn identities(&self, deal: &Deal) -> Vec<WrappedIdentity> {
        let text = self.ndas.get(&deal.nda).and_then(|state| state.text.as_ref());
        let regulators: Vec<String> = text
            .map(|text| text.regulators.iter().map(|regulator| regulator.age_recipient.to_string()).collect())
            .unwrap_or_default();
        let wrapped = deal.wrapped.iter().map(|((class, recipient), bytes)| {
            let readers = if regulators.contains(recipient) { "regulators" } else { "jurors" };
            let path = format!("sealed/{readers}/{}.{recipient}.age", class.label());
            WrappedIdentity { path, bytes: bytes.clone() }
        });
        wrapped.collect()
    }
}

fn deal_proofs(deal: &Deal) -> Result<DealProofs, Refusal> {
    let unsigned = || not_now("the other side's signature has not arrived here");
    let wrong = |error: BoundError| invalid(error.to_string());
    Ok(DealProofs {
        terms: deal.terms.clone(),
        agreement: deal.agreement.id(),
        by_buyer: deal.by_a.clone().ok_or_else(unsigned)?,
        by_seller: deal.by_b.clone().ok_or_else(unsigned)?,
        vaults: deal.agreement.terms.vaults.to_vec().try_into().map_err(wrong)?,
        receipts: deal.paper_receipts.values().cloned().collect::<Vec<_>>().try_into().map_err(wrong)?,
    })
}

fn milestone_proofs(index: u8, milestone: &Milestone) -> Result<MilestoneProofs, BoundError> {
    let delivered = milestone.delivered.as_ref();
    let claim = milestone.claim.clone().or_else(|| delivered.map(|delivery| delivery.claim.clone()));
    let receipts = delivered.map(|delivery| delivery.receipts.clone()).unwrap_or_default();
    let verdict = milestone.verdict.as_ref().map(verdict_proof).transpose()?;
    Ok(MilestoneProofs { milestone: index, claim, receipts: receipts.try_into()?, verdict })
}

/// A verdict with its votes; a ballot that quotes from the evidence is shown by its id alone.
fn verdict_proof(ready: &VerdictReady) -> Result<VerdictProof, BoundError> {
    let votes: BTreeMap<Address, Vote> = serde_json::from_str(&ready.transcript).unwrap_or_default();
    let ballots: Vec<BallotProof> = votes
        .into_iter()
        .map(|(account, vote)| {
            let revealed = vote.ballot.is_some();
            BallotProof { account, commit: vote.commit, revealed, ballot: vote.ballot.filter(no_quotes) }
        })
        .collect();
    let mut signatures = ready.signatures.clone();
    signatures.sort_unstable_by_key(|(account, _)| *account);
    Ok(VerdictProof {
        case: ready.case,
        seller_bps: ready.seller_bps,
        evidence: ready.evidence,
        votes: ready.votes,
        ballots: ballots.try_into()?,
        signatures: signatures.try_into()?,
    })
}

fn no_quotes(ballot: &Document<Ballot>) -> bool {
    ballot.clauses.iter().all(|result| result.quote.is_none())
}

fn ratings(deal: &Deal) -> BoundedVec<RatingProof, 2> {
    let proof = |held: &Option<(Signed<Rating>, Option<EthSignature>)>| {
        let (rating, signature) = held.as_ref()?;
        Some(RatingProof {
            from: rating.document.from,
            about: rating.document.about,
            value: rating.document.value,
            paper: rating.document.id(),
            proof: rating.proofs.first()?.clone(),
            signature: *signature,
        })
    };
    let both: Vec<_> = [&deal.rated_by_a, &deal.rated_by_b].into_iter().filter_map(proof).collect();
    both.try_into().expect("invariant: a deal has two sides")
}

/// Sealed packages that are held here, by the names of their classes.
fn sealed(deal: &Deal) -> Vec<(String, BlobId)> {
    let mut blobs: BTreeMap<Class, BlobId> =
        deal.papers.iter().map(|(class, (blob, _))| (*class, *blob)).collect();
    if let (Some(blob), true) = (deal.inputs, deal.inputs_held) {
        blobs.insert(Class::Inputs, blob);
    }
    for (index, milestone) in (0_u8..).zip(&deal.milestones) {
        if let (Some(delivery), true) = (&milestone.delivered, milestone.held) {
            blobs.insert(Class::Milestone(index), delivery.claim.document.blob);
        }
    }
    blobs.into_iter().map(|(class, blob)| (format!("sealed/{}.age", class.label()), blob)).collect()
}
