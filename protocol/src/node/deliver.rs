//! Deliveries: sealed, stored at the vaults, claimed, sent to buyer and jurors, judged.
//!
//! Deliberately absent: what the chain is told of them.

use rand_core::CryptoRng;

use super::{Node, invalid, not_found, not_now, papers};
use crate::{
    command::{Event, Refusal, Reply},
    deal::{Deal, DealEvent},
    did::Did,
    document::{AgeRecipient, DeliveryClaim, Document, Leaf, Manifest, Salt},
    ids::{CaseId, ContentHash, DealId, MilestoneIndex, PeerKey},
    job::{Class, Fetching, File, Job, Signing, Slot},
    misconduct::Misconduct,
    proof::Proof,
    side::Side,
    text::{BoundError, BoundedVec},
    time::Timestamp,
    typed::{self, Typed},
    wire::{Delivery, Direct, Receipt, SeatAccepted, VaultPut, VerdictReady, receipts_needed},
};

/// The name under which the pact lies in every delivery.
const PACT: &str = "pact.json";

impl Node {
    pub(super) fn deliver(
        &mut self,
        id: DealId,
        index: u8,
        files: Vec<File>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let deal = self.deals.get(&id).ok_or_else(|| not_found("deal", id))?;
        let milestone =
            deal.milestones.get(usize::from(index)).ok_or_else(|| not_found("milestone", index))?;
        if deal.side != Side::B || !deal.opened || !deal.secret {
            return Err(not_now("the deal is not open, or its secret has not come"));
        }
        if milestone.settled.is_some() {
            return Err(not_now("this milestone is settled"));
        }
        if milestone.delivering.is_some() && milestone.verdict.is_none() {
            return Err(not_now("the last delivery is not judged yet"));
        }
        if milestone.verdict.as_ref().is_some_and(|verdict| verdict.seller_bps == 10_000) {
            return Err(not_now("this milestone has passed"));
        }
        let attempt = milestone.delivering.as_ref().map_or(0, |last| last.attempt + 1);
        let previous = milestone.verdict.clone();
        let pact = self.negotiations.get(&deal.negotiation).map(|n| n.begin.pact.clone());
        let pact = pact.ok_or_else(|| not_found("pact", deal.terms.meta.pact))?;
        let mut files: Vec<File> = files.into_iter().filter(|file| file.name != PACT).collect();
        files.push(File {
            name: PACT.into(),
            media_type: "application/json".into(),
            bytes: pact.canonical(),
        });
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let manifest = self.manifest(id, index, &files, rng).map_err(invalid)?;
        let files = files.into_iter().map(|file| self.stage(file.name, file.bytes)).collect();
        let at = self.now;
        let previous = previous.map(|verdict| typed_verdict(&verdict).id(&self.network.deployment.contracts));
        let manifest = Box::new(manifest);
        let event = DealEvent::Delivering { milestone: index, attempt, manifest, files, previous, at };
        self.deal_event(id, event);
        Ok(Some(Reply::Accepted))
    }

    /// The manifest of files, each leaf with a salt of its own.
    fn manifest(
        &self,
        deal: DealId,
        index: u8,
        files: &[File],
        rng: &mut dyn CryptoRng,
    ) -> Result<Document<Manifest>, String> {
        let mut leaves = BoundedVec::new();
        for file in files {
            let name = file.name.parse().map_err(|e: BoundError| e.to_string())?;
            let media_type = file.media_type.parse().map_err(|e: BoundError| e.to_string())?;
            let leaf = Leaf::new(name, media_type, Salt::random(rng), &file.bytes);
            leaves.push(leaf).map_err(|e| e.to_string())?;
        }
        let content = Manifest { deal, milestone: MilestoneIndex(index), leaves };
        papers::paper(self.network.chain(), content, rng).map_err(|e| e.to_string())
    }

    pub(super) fn drive_milestone(&mut self, id: DealId, index: u8, rng: &mut dyn CryptoRng) {
        self.settle_milestone(id, index);
        let Some(deal) = self.deals.get(&id) else { return };
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        if milestone.settled.is_some() {
            return;
        }
        match deal.side {
            Side::A => self.fetch_delivery(id, index),
            Side::B => self.push_delivery(id, index, rng),
        }
        self.bring_verdict(id, index);
        self.pay_out(id, index);
        self.time_out(id, index);
    }

    /// As the seller: seal, store at every vault, claim, wrap for the jurors, send.
    fn push_delivery(&mut self, id: DealId, index: u8, rng: &mut dyn CryptoRng) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        let Some(delivering) = milestone.delivering.clone() else { return };
        let class = Class::Milestone(index);
        let Some((blob, _)) = milestone.sealed else {
            let files = delivering.files.clone();
            self.start(Some(nda), Job::Seal { deal: id, class, attempt: delivering.attempt, files });
            return;
        };
        let vaults = deal.agreement.terms.vaults.to_vec();
        let header = VaultPut {
            deal: id,
            milestone: index,
            attempt: delivering.attempt,
            manifest: ContentHash(delivering.manifest.id().0),
        };
        let missing: Vec<PeerKey> = vaults
            .iter()
            .filter(|vault| !milestone.receipts.contains_key(*vault))
            .filter_map(|vault| self.directory.settlement(*vault))
            .map(|listing| listing.card.document.node)
            .collect();
        let enough = milestone.receipts.len() >= receipts_needed(vaults.len());
        let (claimed, delivered) = (milestone.claim.is_some(), milestone.delivered.is_some());
        if !delivered {
            for to in missing {
                self.put_once(Some(nda), Job::PutBlob { to, header: header.clone(), blob });
            }
        }
        if enough && !claimed {
            self.claim(id, index, rng);
        } else if claimed && !delivered {
            self.wrap_for_jurors(id, index);
            self.send_delivery(id, index);
        }
    }

    fn claim(&mut self, id: DealId, index: u8, rng: &mut dyn CryptoRng) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        let (Some(delivering), Some((blob, size))) = (&milestone.delivering, milestone.sealed) else {
            return;
        };
        let attempt = delivering.attempt;
        let pending = self.is_pending(|job| {
            let Job::Sign { then: Signing::Claim(claim), .. } = job else { return false };
            (claim.deal, claim.milestone.0, claim.attempt) == (id, index, attempt)
        });
        if pending {
            return;
        }
        let content = DeliveryClaim {
            deal: id,
            milestone: MilestoneIndex(index),
            attempt,
            seller: self.me.did,
            manifest: delivering.manifest.id(),
            blob,
            size,
            previous: delivering.previous,
        };
        let Ok(claim) = papers::paper(self.network.chain(), content, rng) else { return };
        let payload = papers::payload(self.me.did, self.now, claim.id());
        let slot = Slot::exclusive(format!("claim/{id}/{index}/{attempt}"));
        self.sign(Some(nda), slot, vec![payload], Signing::Claim(Box::new(claim)));
    }

    pub(super) fn on_claim_signed(&mut self, claim: Document<DeliveryClaim>, proof: Proof) {
        let id = claim.deal;
        self.deal_event(id, DealEvent::Claimed(Box::new(papers::signed(claim, proof))));
    }

    fn wrap_for_jurors(&mut self, id: DealId, index: u8) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let class = Class::Milestone(index);
        let missing: Vec<String> = deal
            .panel
            .iter()
            .map(recipient_of)
            .filter(|recipient| !deal.wrapped.contains_key(&(class, recipient.clone())))
            .collect();
        for recipient in missing {
            self.start(Some(nda), Job::WrapClass { deal: id, class, recipient });
        }
    }

    fn send_delivery(&mut self, id: DealId, index: u8) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let class = Class::Milestone(index);
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        let (Some(claim), Some(delivering)) = (&milestone.claim, &milestone.delivering) else { return };
        let mut jurors = Vec::new();
        for seat in &deal.panel {
            let recipient = recipient_of(seat);
            let Some(identity) = deal.wrapped.get(&(class, recipient)) else { return };
            jurors.push((seat.juror, identity.clone()));
        }
        let delivery = Delivery {
            claim: claim.clone(),
            manifest: delivering.manifest.clone(),
            receipts: milestone.receipts.values().cloned().collect(),
            seats: deal.panel.clone(),
            identity: Vec::new(),
        };
        let buyer = self.counterparty_peer(deal);
        let attempt = delivering.attempt;
        let jurors: Vec<_> = jurors
            .into_iter()
            .filter_map(|(juror, identity)| {
                Some((self.directory.settlement(juror)?.card.document.node, identity))
            })
            .collect();
        // Addresses come from the directory, which a new process fills by and by. Who is not known yet
        // is waited for, but for half of the time only in which a panel commits.
        let stored = delivery.receipts.iter().map(|receipt| receipt.stored_at).max().unwrap_or_default();
        let late = Timestamp::from_secs(stored).plus(self.network.timing.commit / 2);
        let enough = if self.now < late { deal.panel.len() } else { usize::from(deal.terms.quorum) };
        if jurors.len() < enough {
            return;
        }
        self.deal_event(id, DealEvent::Delivered(Box::new(delivery.clone())));
        self.deal_event(id, DealEvent::EvidenceHeld { milestone: index, attempt });
        if let Some(buyer) = buyer {
            self.post(buyer, Some(nda), Direct::Delivery(Box::new(delivery.clone())));
        }
        for (peer, identity) in jurors {
            let delivery = Delivery { identity, ..delivery.clone() };
            self.post(peer, Some(nda), Direct::Delivery(Box::new(delivery)));
        }
        self.note(Event::Delivered { deal: id, milestone: index, attempt });
    }

    pub(super) fn counterparty_peer(&self, deal: &Deal) -> Option<PeerKey> {
        let (text, _) = self.ndas.get(&deal.nda)?.signed()?;
        Some(match deal.side {
            Side::A => text.b.node,
            Side::B => text.a.node,
        })
    }

    /// What a receipt must be to count for a deal's vaults.
    pub(super) fn check_receipt(&self, receipt: &Receipt) -> Result<(), Misconduct> {
        let typed = typed_receipt(receipt);
        let signature = receipt.signature.ok_or_else(|| Misconduct::bad_signature("receipt"))?;
        let digest = typed.digest(&self.network.deployment.contracts).0;
        self.check_typed(digest, &signature, receipt.vault, "receipt")
    }

    pub(super) fn on_receipt(&mut self, receipt: Receipt) -> Result<(), Misconduct> {
        let id = receipt.put.deal;
        let Some(deal) = self.deals.get(&id) else { return Ok(()) };
        if !deal.agreement.terms.vaults.contains(&receipt.vault) {
            return Err(Misconduct::NotAMember { what: "receipt".into() });
        }
        self.check_receipt(&receipt)?;
        let held = match deal.milestones.get(usize::from(receipt.put.milestone)) {
            Some(milestone) => {
                let ours = milestone.delivering.as_ref().is_some_and(|delivering| {
                    delivering.attempt == receipt.put.attempt
                        && delivering.manifest.id().0 == receipt.put.manifest.0
                        && milestone.sealed.is_some_and(|(blob, _)| blob == receipt.blob)
                });
                !ours || milestone.receipts.contains_key(&receipt.vault)
            }
            None => deal.paper_receipts.contains_key(&(receipt.blob, receipt.vault)),
        };
        if !held {
            self.deal_event(id, DealEvent::Receipted(Box::new(receipt)));
        }
        Ok(())
    }

    /// What a delivery must be, for buyer and juror alike.
    pub(super) fn check_delivery(
        &self,
        delivery: &Delivery,
        vaults: usize,
        seller: Did,
    ) -> Result<(), Misconduct> {
        let claim = &delivery.claim.document;
        delivery.claim.verify_by(seller).map_err(|_| Misconduct::bad_signature("claim"))?;
        if claim.manifest != delivery.manifest.id() {
            return Err(Misconduct::WrongEvidence);
        }
        let mut from = std::collections::BTreeSet::new();
        for receipt in &delivery.receipts {
            self.check_receipt(receipt)?;
            let same = receipt.blob == claim.blob
                && receipt.put.deal == claim.deal
                && receipt.put.milestone == claim.milestone.0
                && receipt.put.attempt == claim.attempt
                && receipt.put.manifest.0 == claim.manifest.0;
            if !same {
                return Err(Misconduct::WrongEvidence);
            }
            from.insert(receipt.vault);
        }
        if from.len() < receipts_needed(vaults) { Err(Misconduct::WrongEvidence) } else { Ok(()) }
    }

    /// As the buyer: a delivery came.
    pub(super) fn on_delivery(&mut self, from: PeerKey, delivery: Delivery) -> Result<(), Misconduct> {
        let claim = &delivery.claim.document;
        let (id, index, attempt) = (claim.deal, claim.milestone.0, claim.attempt);
        let Some(deal) = self.deals.get(&id) else { return self.on_case_delivery(from, delivery) };
        if deal.side != Side::A || self.counterparty_peer(deal) != Some(from) {
            return Err(Misconduct::OutOfTurn);
        }
        let milestone =
            deal.milestones.get(usize::from(index)).ok_or_else(|| Misconduct::malformed("claim"))?;
        let newer = milestone.delivered.as_ref().is_none_or(|held| held.claim.document.attempt < attempt);
        if !newer {
            return Ok(());
        }
        let vaults = &deal.agreement.terms.vaults;
        if delivery.receipts.iter().any(|receipt| !vaults.contains(&receipt.vault)) {
            return Err(Misconduct::NotAMember { what: "receipt".into() });
        }
        self.check_delivery(&delivery, vaults.len(), deal.agreement.seller.did)?;
        self.deal_event(id, DealEvent::Delivered(Box::new(delivery)));
        self.note(Event::Delivered { deal: id, milestone: index, attempt });
        Ok(())
    }

    /// As the buyer: get the evidence from the vaults, or from the seller.
    fn fetch_delivery(&mut self, id: DealId, index: u8) {
        let Some(deal) = self.deals.get(&id) else { return };
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return };
        let (Some(delivery), false) = (&milestone.delivered, milestone.held) else { return };
        let blob = delivery.claim.document.blob;
        let mut from = self.vault_peers(deal);
        from.extend(self.counterparty_peer(deal));
        let then = Fetching::Delivery { deal: id, milestone: index };
        let nda = deal.nda;
        self.start(Some(nda), Job::GetBlob { from, blob, then });
    }

    pub(super) fn on_delivery_held(&mut self, id: DealId, index: u8) {
        let attempt = self
            .deals
            .get(&id)
            .and_then(|deal| deal.milestones.get(usize::from(index)))
            .and_then(|milestone| milestone.delivered.as_ref())
            .map(|delivery| delivery.claim.document.attempt);
        if let Some(attempt) = attempt {
            self.deal_event(id, DealEvent::EvidenceHeld { milestone: index, attempt });
        }
    }

    /// A panel's verdict, to either party.
    pub(super) fn on_verdict(&mut self, verdict: VerdictReady) -> Result<(), Misconduct> {
        let CaseId { deal: id, milestone: index, attempt, .. } = verdict.case;
        let Some(deal) = self.deals.get(&id) else { return Ok(()) };
        let Some(milestone) = deal.milestones.get(usize::from(index)) else { return Ok(()) };
        let newer = milestone.verdict.as_ref().is_none_or(|held| held.case.attempt < attempt);
        if !newer || milestone.settled.is_some() {
            return Ok(());
        }
        let digest = typed_verdict(&verdict).digest(&self.network.deployment.contracts);
        let mut signers = std::collections::BTreeSet::new();
        for (juror, signature) in &verdict.signatures {
            if !deal.panel.iter().any(|seat| seat.juror == *juror) {
                return Err(Misconduct::NotAMember { what: "verdict".into() });
            }
            self.check_typed(digest.0, signature, *juror, "verdict")?;
            signers.insert(*juror);
        }
        if signers.len() < usize::from(deal.terms.quorum) {
            return Err(Misconduct::bad_signature("verdict"));
        }
        let seller_bps = verdict.seller_bps;
        self.deal_event(id, DealEvent::Verdict(Box::new(verdict)));
        self.note(Event::Verdict { deal: id, milestone: index, seller_bps });
        Ok(())
    }
}

/// A receipt as the vault signs it.
pub(super) fn typed_receipt(receipt: &Receipt) -> typed::Receipt {
    receipt.typed()
}

/// A verdict as the jurors sign it.
pub(super) fn typed_verdict(verdict: &VerdictReady) -> typed::Verdict {
    typed::Verdict {
        deal: verdict.case.deal.word(),
        milestone: verdict.case.milestone,
        round: verdict.case.round,
        attempt: verdict.case.attempt,
        sellerBps: verdict.seller_bps,
        evidence: verdict.evidence.word(),
        votes: verdict.votes.word(),
    }
}

/// A juror's age recipient as text.
fn recipient_of(seat: &SeatAccepted) -> String {
    AgeRecipient::from_key(seat.recipient).map(|recipient| recipient.to_string()).unwrap_or_default()
}
