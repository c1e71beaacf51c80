//! What follows from an agreement: the escrow opens, secrets and sealed papers go where they belong.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{Node, chain, not_found, not_now, papers};
use crate::{
    abi,
    block::Level,
    command::{Event, Refusal, Reply},
    deal::{Deal, DealEvent},
    effect::Effect,
    ids::{BlobId, CommandId, ContentHash, DealId, PaperId, PeerKey},
    job::{Class, Fetching, File, Job, StagedFile},
    misconduct::Misconduct,
    record::Record,
    side::Side,
    wire::{Direct, VaultPut},
};

/// The milestone number of papers that belong to the whole deal.
pub(super) const WHOLE_DEAL: u8 = 255;
/// The longest that a seller leaves the opening to the buyer, seconds.
const SELLER_WAITS_SECS: u64 = 150;

impl Node {
    pub(super) fn deal_event(&mut self, id: DealId, event: DealEvent) {
        if let Some(nda) = self.deals.get(&id).map(|deal| deal.nda) {
            self.record(Record::Deal { id, nda, event: Box::new(event) });
        }
    }

    /// Asks for everything that a deal still lacks.
    pub(super) fn drive_deal(&mut self, id: DealId, rng: &mut dyn CryptoRng) {
        let Some(deal) = self.deals.get(&id) else { return };
        if deal.lapsed || deal.closed && self.rated.contains(&id) {
            return;
        }
        if !deal.opened {
            return self.open_deal(id);
        }
        match deal.side {
            Side::A => self.prepare_deal(id),
            Side::B => self.fetch_inputs(id),
        }
        for milestone in 0..self.deals.get(&id).map_or(0, |deal| deal.milestones.len()) {
            let milestone = u8::try_from(milestone).expect("a deal has at most 8 milestones");
            self.drive_milestone(id, milestone, rng);
        }
        self.drive_rating(id);
    }

    /// Sends the opening, unless the chain shows it already or its time is over.
    fn open_deal(&mut self, id: DealId) {
        let Some(deal) = self.deals.get(&id) else { return };
        let shown = self.deal_fact(id).map(|fact| self.ledger.level(&fact.opened));
        if shown.is_some_and(|level| level >= Level::Safe) {
            self.deal_event(id, DealEvent::Opened);
            return self.note(Event::DealOpened { deal: id });
        }
        let fund_by = crate::typed::seconds(deal.terms.meta.fundBy);
        if self.can_never_open(id, fund_by) {
            return self.deal_event(id, DealEvent::Lapsed);
        }
        // The buyer opens; after half of the time, and soon where there is much of it, the seller does it
        // too, so that neither waits for the other.
        let agreed = deal.at.secs();
        let half = agreed + (fund_by.saturating_sub(agreed) / 2).min(SELLER_WAITS_SECS);
        let ours = deal.side == Side::A || self.now.secs() >= half;
        if ours && self.now.secs() < fund_by && shown.is_none() {
            let (Some(by_a), Some(by_b)) = (&deal.by_a, &deal.by_b) else { return };
            let (buyer, seller) = (chain::bytes(&by_a.signature), chain::bytes(&by_b.signature));
            let approval =
                deal.approval.map(|approval| abi::call::approval(fund_by, &chain::bytes(&approval)));
            let deployment = &self.network.deployment;
            let call = if deal.terms.flags & crate::typed::BUYER_MANDATED != 0 {
                deployment.open_from_mandate(&deal.terms, buyer, seller, approval.unwrap_or_default())
            } else {
                deployment.open_from_credit(&deal.terms, buyer, seller)
            };
            self.intend("open", id.as_bytes(), call);
        }
    }

    fn counterparty(&self, deal: &Deal) -> Option<(PeerKey, String)> {
        let (text, _) = self.ndas.get(&deal.nda)?.signed()?;
        let party = match deal.side {
            Side::A => &text.b,
            Side::B => &text.a,
        };
        Some((party.node, party.age_recipient.to_string()))
    }

    /// The nodes of a deal's vaults, as far as they are known.
    pub(super) fn vault_peers(&self, deal: &Deal) -> Vec<PeerKey> {
        let vaults = deal.agreement.terms.vaults.iter();
        vaults.filter_map(|v| self.directory.settlement(*v)).map(|l| l.card.document.node).collect()
    }

    /// As the buyer: the secret, the sealed agreement, the sealed inputs, the regulators' keys.
    fn prepare_deal(&mut self, id: DealId) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let Some((_, recipient)) = self.counterparty(deal) else { return };
        if !deal.secret {
            self.start(Some(nda), Job::CreateDealSecret { deal: id, recipient });
            return;
        }
        let agreement = deal.agreement.clone();
        if !deal.papers.contains_key(&Class::Agreement) {
            let files = self.agreement_files(id);
            self.start(Some(nda), Job::Seal { deal: id, class: Class::Agreement, attempt: 0, files });
        }
        let Some(deal) = self.deals.get(&id) else { return };
        if !deal.papers.contains_key(&Class::Inputs) {
            let request = agreement.terms.request.and_then(|id| self.market.requests.get(&id));
            let files = request
                .map(|own| &own.request.document.inputs)
                .into_iter()
                .flat_map(|inputs| inputs.iter())
                .map(|file| StagedFile { name: file.name.to_string(), blob: BlobId(file.sha256.0) })
                .collect();
            self.start(Some(nda), Job::Seal { deal: id, class: Class::Inputs, attempt: 0, files });
        }
        self.wrap_for_regulators(id);
        self.store_papers(id);
    }

    /// As the buyer: one identity file for each regulator that the NDA names.
    fn wrap_for_regulators(&mut self, id: DealId) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let Some((text, _)) = self.ndas.get(&nda).and_then(|state| state.signed()) else { return };
        let recipients: Vec<String> = text.regulators.iter().map(|r| r.age_recipient.to_string()).collect();
        let mut missing = Vec::new();
        for class in self.classes(deal) {
            for recipient in &recipients {
                if !deal.wrapped.contains_key(&(class, recipient.clone())) {
                    missing.push((class, recipient.clone()));
                }
            }
        }
        for (class, recipient) in missing {
            self.start(Some(nda), Job::WrapClass { deal: id, class, recipient });
        }
    }

    /// All classes of papers that a deal has.
    fn classes(&self, deal: &Deal) -> Vec<Class> {
        let milestones = (0..deal.milestones.len())
            .map(|index| Class::Milestone(u8::try_from(index).expect("a deal has at most 8 milestones")));
        [Class::Agreement, Class::Inputs].into_iter().chain(milestones).collect()
    }

    /// As the buyer: the sealed papers go to every vault until its receipt is held.
    fn store_papers(&mut self, id: DealId) {
        let Some(deal) = self.deals.get(&id) else { return };
        let nda = deal.nda;
        let mut puts = Vec::new();
        for (class, (blob, _)) in &deal.papers {
            let manifest = match class {
                Class::Agreement => ContentHash(deal.terms.meta.agreement.0),
                Class::Inputs | Class::Milestone(_) => ContentHash(blob.0),
            };
            for vault in deal.agreement.terms.vaults.iter() {
                if deal.paper_receipts.contains_key(&(*blob, *vault)) {
                    continue;
                }
                if let Some(listing) = self.directory.settlement(*vault) {
                    let header = VaultPut { deal: id, milestone: WHOLE_DEAL, attempt: 0, manifest };
                    puts.push(Job::PutBlob { to: listing.card.document.node, header, blob: *blob });
                }
            }
        }
        for put in puts {
            self.put_once(Some(nda), put);
        }
    }

    /// Hands a blob to a vault, once per process and receipt: a lost receipt is asked for by handing it over again.
    pub(super) fn put_once(&mut self, nda: Option<PaperId>, put: Job) {
        let Job::PutBlob { to, blob, .. } = &put else { return };
        let key = (*blob, *to);
        let again = self.puts.get(&key).is_none_or(|at| self.now >= at.plus(self.network.timing.resend * 4));
        if again && !self.is_pending(|job| *job == put) {
            self.puts.insert(key, self.now);
            self.start(nda, put);
        }
    }

    pub(super) fn on_secret_created(&mut self, id: DealId, wrapped: Vec<u8>) {
        let Some(deal) = self.deals.get(&id) else { return };
        let (nda, Some((peer, _))) = (deal.nda, self.counterparty(deal)) else { return };
        self.deal_event(id, DealEvent::SecretHeld);
        self.post(peer, Some(nda), Direct::DealSecret(id, wrapped));
    }

    pub(super) fn on_deal_secret(
        &mut self,
        from: PeerKey,
        id: DealId,
        wrapped: Vec<u8>,
    ) -> Result<(), Misconduct> {
        let Some(deal) = self.deals.get(&id) else { return Ok(()) };
        let Some((peer, _)) = self.counterparty(deal) else { return Ok(()) };
        if deal.side != Side::B || peer != from {
            return Err(Misconduct::OutOfTurn);
        }
        if !deal.secret {
            let draft = deal.nda;
            self.start(Some(draft), Job::ImportDealSecret { deal: id, draft, wrapped });
        }
        Ok(())
    }

    pub(super) fn on_secret_imported(&mut self, id: DealId) {
        self.deal_event(id, DealEvent::SecretHeld);
    }

    pub(super) fn on_class_wrapped(
        &mut self,
        id: DealId,
        class: Class,
        recipient: String,
        identity: Vec<u8>,
    ) {
        self.deal_event(id, DealEvent::Wrapped { class, recipient, identity });
    }

    pub(super) fn on_sealed(&mut self, id: DealId, class: Class, attempt: u8, blob: BlobId, size: u64) {
        let Some(deal) = self.deals.get(&id) else { return };
        let (nda, peer) = (deal.nda, self.counterparty(deal).map(|(peer, _)| peer));
        self.deal_event(id, DealEvent::Sealed { class, attempt, blob, size });
        if class == Class::Inputs
            && let Some(peer) = peer
        {
            self.post(peer, Some(nda), Direct::Inputs(id, blob));
        }
    }

    pub(super) fn on_inputs(&mut self, from: PeerKey, id: DealId, blob: BlobId) -> Result<(), Misconduct> {
        let Some(deal) = self.deals.get(&id) else { return Ok(()) };
        let Some((peer, _)) = self.counterparty(deal) else { return Ok(()) };
        if deal.side != Side::B || peer != from {
            return Err(Misconduct::OutOfTurn);
        }
        match deal.inputs {
            Some(held) if held == blob => Ok(()),
            Some(_) => Err(Misconduct::WrongEvidence),
            None => {
                self.deal_event(id, DealEvent::InputsAt(blob));
                Ok(())
            }
        }
    }

    /// As the seller: get the inputs from the vaults, or from the buyer.
    fn fetch_inputs(&mut self, id: DealId) {
        let Some(deal) = self.deals.get(&id) else { return };
        if let (Some(blob), false, true) = (deal.inputs, deal.inputs_held, deal.secret) {
            let mut from = self.vault_peers(deal);
            from.extend(self.counterparty(deal).map(|(peer, _)| peer));
            let nda = deal.nda;
            self.start(Some(nda), Job::GetBlob { from, blob, then: Fetching::Inputs { deal: id } });
        }
    }

    pub(super) fn on_inputs_held(&mut self, id: DealId) {
        if self.deals.get(&id).is_some_and(|deal| !deal.inputs_held) {
            self.deal_event(id, DealEvent::InputsHeld);
            self.note(Event::InputsReady { deal: id });
        }
    }

    pub(super) fn open_files(
        &mut self,
        command: CommandId,
        id: DealId,
        milestone: Option<u8>,
    ) -> Result<Option<Reply>, Refusal> {
        let deal = self.deals.get(&id).ok_or_else(|| not_found("deal", id))?;
        let (class, blob) = match milestone {
            None => (Class::Inputs, deal.inputs.filter(|_| deal.inputs_held)),
            Some(index) => {
                let milestone = deal.milestones.get(usize::from(index));
                let held = milestone.filter(|m| m.held).and_then(|m| m.delivered.as_ref());
                (Class::Milestone(index), held.map(|delivery| delivery.claim.document.blob))
            }
        };
        let blob = blob.or_else(|| deal.papers.get(&class).map(|(blob, _)| *blob));
        let blob = blob.ok_or_else(|| not_now("these papers are not here yet"))?;
        let nda = deal.nda;
        self.start_for(command, Some(nda), Job::Open { deal: id, class, blob });
        Ok(None)
    }

    pub(super) fn on_files_opened(&mut self, command: Option<CommandId>, files: Vec<File>) {
        if let Some(command) = command {
            let reply = Ok(Reply::Files(files));
            self.effects.push(Effect::Reply { command, result: reply });
        }
    }

    /// The files of the agreement's package, handed to the shell under their hashes.
    fn agreement_files(&mut self, id: DealId) -> Vec<StagedFile> {
        let Some(deal) = self.deals.get(&id) else { return Vec::new() };
        let proofs: Vec<_> = deal.by_a.iter().chain(&deal.by_b).map(|by| &by.proof).collect();
        let mut files = vec![
            ("agreement.json".to_owned(), deal.agreement.canonical()),
            ("agreement.proof.json".to_owned(), papers::encode(&proofs)),
        ];
        if let Some(negotiation) = self.negotiations.get(&deal.negotiation) {
            files.push(("pact.json".into(), negotiation.begin.pact.canonical()));
        }
        if let Some(state) = self.ndas.get(&deal.nda)
            && let (Some(text), Some(a), Some(b)) = (&state.text, &state.by_a, &state.by_b)
        {
            files.push(("nda.json".into(), text.canonical()));
            files.push(("nda.proof.json".into(), papers::encode(&[a.0.clone(), b.0.clone()])));
        }
        files.into_iter().map(|(name, bytes)| self.stage(name, bytes)).collect()
    }

    /// Hands bytes to the shell to be kept under their hash.
    pub(super) fn stage(&mut self, name: String, bytes: Vec<u8>) -> StagedFile {
        let blob = BlobId(Sha256::digest(&bytes).into());
        self.staged.push(Effect::Stage { blob, bytes });
        StagedFile { name, blob }
    }
}
