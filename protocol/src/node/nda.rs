//! How this node makes NDAs: choose, draft, sign, anchor.

use alloy_primitives::Address;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::{Node, chain, not_found, not_now, papers};
use crate::{
    command::{Choice, Event, Refusal, Reply},
    document::{Categories, DealKind, Document, Jurisdiction, KeyError, Nda, Party, SessionKey, Signed},
    ids::{NdaId, PaperId, PeerKey},
    job::{Job, Payload, Signing, Slot},
    misconduct::Misconduct,
    policy::Answer,
    proof::Proof,
    record::Record,
    side::Side,
    stage::{market::MarketEvent, nda::NdaEvent},
    text::BoundedVec,
    typed::EthSignature,
    wire::{Direct, NdaDraft},
};

/// How long after its drafting an NDA may be anchored, seconds.
const ANCHOR_SECS: u64 = 600;

impl Node {
    pub(super) fn choose(
        &mut self,
        choice: Choice,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        let own =
            self.market.requests.get(&choice.request).ok_or_else(|| not_found("request", choice.request))?;
        if own.chosen.is_some() {
            return Err(not_now("this request went to a bid already"));
        }
        let bid = own.bids.get(&choice.bid).ok_or_else(|| not_found("bid", choice.bid))?;
        self.check_template(&bid.pact.document)?;
        let card = &bid.card.document;
        let (peer, did) = (card.node, card.agent);
        let others: Vec<PeerKey> = own
            .bids
            .iter()
            .filter(|(id, _)| **id != choice.bid)
            .map(|(_, other)| other.card.document.node)
            .filter(|other| *other != peer)
            .collect();
        self.decide_nda(choice.categories, choice.jurisdiction, &did.to_string())?;
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let draft = PaperId(
            Sha256::new()
                .chain_update(b"nuncio/draft/1")
                .chain_update(self.me.did.to_string())
                .chain_update(choice.bid.as_bytes())
                .chain_update(nonce)
                .finalize()
                .into(),
        );
        let at = self.now;
        let (request, bid) = (choice.request, choice.bid);
        self.record(Record::Market(MarketEvent::Chosen { request, bid }));
        self.record(Record::Nda { draft, event: NdaEvent::Chosen { choice, peer, at } });
        for other in others {
            self.post(other, None, Direct::Declined(request));
        }
        self.start(None, Job::NdaKeys { draft });
        Ok(Some(Reply::Paper(draft)))
    }

    /// Asks the policy and records its answer.
    fn decide_nda(
        &mut self,
        categories: Categories,
        jurisdiction: Jurisdiction,
        did: &str,
    ) -> Result<(), Refusal> {
        let answer = self.policy.answer_nda(categories, jurisdiction, did);
        self.decided("nda", &(categories, jurisdiction, did), &answer);
        match answer {
            Answer::Allow => Ok(()),
            Answer::Escalate(rule) => Err(Refusal::Approval(rule)),
            Answer::Refuse(rule) => Err(Refusal::Policy(rule)),
        }
    }

    pub(super) fn on_nda_keys(
        &mut self,
        draft: PaperId,
        session: [u8; 32],
        age: String,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(nda) = self.ndas.get(&draft) else { return };
        let made = match nda.side {
            Side::A => self.draft_nda(draft, session, age, rng),
            Side::B => self.key_nda(draft, session, age),
        };
        if let Err(why) = made {
            self.record(Record::Nda { draft, event: NdaEvent::Over });
            self.note(Event::Trouble { what: format!("NDA {draft}: {why}") });
        }
    }

    /// Our side of an NDA, with keys that were made for it.
    fn own_party(&self, session: [u8; 32], age: &str) -> Result<Party, String> {
        let card = &self.me.card.document;
        Ok(Party {
            did: card.agent,
            principal: card.principal,
            settlement: card.settlement,
            mandated: self.principal_of(card.settlement) == Some(card.principal.address),
            session: SessionKey::from_key(session).map_err(|e| e.to_string())?,
            age_recipient: age.parse().map_err(|e: KeyError| e.to_string())?,
            node: card.node,
        })
    }

    /// As the one who chose: write the draft, with the keys of the other side's card in its place.
    fn draft_nda(
        &mut self,
        draft: PaperId,
        session: [u8; 32],
        age: String,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), String> {
        let state = self.ndas.get(&draft).ok_or("gone")?;
        let (choice, peer, at) = (state.choice.clone().ok_or("not ours")?, state.peer, state.at);
        let card = self
            .market
            .requests
            .get(&choice.request)
            .and_then(|own| own.bids.get(&choice.bid))
            .map(|bid| bid.card.document.content().clone())
            .ok_or("the bid is gone")?;
        let them = Party {
            did: card.agent,
            principal: card.principal,
            settlement: card.settlement,
            mandated: self.principal_of(card.settlement) == Some(card.principal.address),
            session: card.session,
            age_recipient: card.age_recipient,
            node: card.node,
        };
        let from = at.secs();
        let until = from + choice.duration_secs;
        let content = Nda {
            a: self.own_party(session, &age)?,
            b: them,
            categories: choice.categories,
            conditions: BoundedVec::new(),
            from_secs: from,
            until_secs: until,
            destroy_by_secs: until + choice.destroy_after_secs,
            anchor_by_secs: from + ANCHOR_SECS,
            jurisdiction: choice.jurisdiction,
            regulators: choice.regulators,
            kind: DealKind::Service,
        };
        let nda = papers::paper(self.network.chain(), content, rng).map_err(|e| e.to_string())?;
        let wire = NdaDraft { draft, bid: choice.bid, nda };
        self.record(Record::Nda { draft, event: NdaEvent::Drafted(Box::new(wire.clone())) });
        self.post(peer, None, Direct::NdaDraft(Box::new(wire)));
        Ok(())
    }

    pub(super) fn on_nda_draft(&mut self, from: PeerKey, draft: NdaDraft) -> Result<(), Misconduct> {
        let name = draft.draft;
        if self.ndas.contains_key(&name) {
            return Ok(());
        }
        let card = &self.me.card.document;
        let ours = self.market.bids.contains_key(&draft.bid);
        let sound = draft.nda.b.did == self.me.did
            && draft.nda.b.settlement == card.settlement
            && draft.nda.a.node == from
            && draft.nda.chain() == self.network.chain();
        if !ours || !sound {
            return Err(Misconduct::TermsDiffer { what: "nda draft".into() });
        }
        let (categories, jurisdiction, did) =
            (draft.nda.categories, draft.nda.jurisdiction, draft.nda.a.did.to_string());
        let event = NdaEvent::Received { draft: Box::new(draft), peer: from };
        self.record(Record::Nda { draft: name, event });
        if self.decide_nda(categories, jurisdiction, &did).is_err() {
            self.record(Record::Nda { draft: name, event: NdaEvent::Over });
            self.post(from, None, Direct::NdaRefused(name));
            return Ok(());
        }
        self.note(Event::NdaProposed { nda: name });
        if self.policy.sign_nda {
            self.start(None, Job::NdaKeys { draft: name });
        }
        Ok(())
    }

    pub(super) fn accept_nda(&mut self, draft: PaperId) -> Result<Option<Reply>, Refusal> {
        let nda = self.ndas.get(&draft).ok_or_else(|| not_found("nda", draft))?;
        if nda.side != Side::B || nda.over || nda.text.is_some() {
            return Err(not_now("this NDA does not wait for us"));
        }
        self.start(None, Job::NdaKeys { draft });
        Ok(Some(Reply::Accepted))
    }

    pub(super) fn refuse_nda(&mut self, draft: PaperId) -> Result<Option<Reply>, Refusal> {
        let nda = self.ndas.get(&draft).ok_or_else(|| not_found("nda", draft))?;
        if nda.by_b.is_some() || nda.over {
            return Err(not_now("this NDA is signed or over"));
        }
        let peer = nda.peer;
        self.record(Record::Nda { draft, event: NdaEvent::Over });
        self.post(peer, None, Direct::NdaRefused(draft));
        Ok(Some(Reply::Accepted))
    }

    /// As the one who got the draft: put our keys in; this is the text that both sign.
    fn key_nda(&mut self, draft: PaperId, session: [u8; 32], age: String) -> Result<(), String> {
        let state = self.ndas.get(&draft).ok_or("gone")?;
        if state.text.is_some() || state.over {
            return Ok(());
        }
        let draft_text = &state.draft.as_ref().ok_or("no draft")?.nda;
        let content = Nda { b: self.own_party(session, &age)?, ..draft_text.content().clone() };
        let nda = Document::new(draft_text.chain(), draft_text.salt(), content).map_err(|e| e.to_string())?;
        self.key(draft, nda);
        Ok(())
    }

    fn key(&mut self, draft: PaperId, nda: Document<Nda>) {
        let id = self.nda_digest(&nda);
        self.record(Record::Nda { draft, event: NdaEvent::Keyed { nda: Box::new(nda.clone()), id } });
        let payloads =
            vec![papers::payload(self.me.did, self.now, nda.id()), Payload::Typed { digest: *id.as_bytes() }];
        self.sign(None, Slot::exclusive(format!("nda/{draft}")), payloads, Signing::Nda(draft));
    }

    pub(super) fn nda_digest(&self, nda: &Document<Nda>) -> NdaId {
        Nda::typed(nda).id(&self.network.deployment.contracts)
    }

    pub(super) fn on_nda_signed_here(&mut self, draft: PaperId, proof: Proof, signature: EthSignature) {
        let Some(state) = self.ndas.get(&draft) else { return };
        let (side, peer) = (state.side, state.peer);
        let Some(text) = state.text.clone() else { return };
        let event = NdaEvent::Signed { side, proof: proof.clone(), signature };
        self.record(Record::Nda { draft, event });
        match side {
            Side::A => self.post(peer, None, Direct::NdaComplete(draft, Box::new(proof), signature)),
            Side::B => {
                let signed = Box::new(papers::signed(text, proof));
                self.post(peer, None, Direct::NdaSigned(signed, signature));
            }
        }
    }

    pub(super) fn on_nda_signed(
        &mut self,
        from: PeerKey,
        signed: &Signed<Nda>,
        signature: &EthSignature,
    ) -> Result<(), Misconduct> {
        let text = &signed.document;
        let found = self.ndas.iter().find(|(_, state)| {
            state.peer == from
                && state.side == Side::A
                && state.draft.as_ref().is_some_and(|draft| draft.nda.salt() == text.salt())
        });
        let Some((&draft, state)) = found else { return Ok(()) };
        if state.text.is_some() || state.over {
            return Ok(());
        }
        let mut expected = state.draft.as_ref().ok_or(Misconduct::OutOfTurn)?.nda.content().clone();
        let (did, account) = (expected.b.did, expected.b.settlement);
        expected.b.session = text.b.session;
        expected.b.age_recipient = text.b.age_recipient;
        if expected != *text.content() || text.chain() != self.network.chain() {
            return Err(Misconduct::TermsDiffer { what: "nda".into() });
        }
        signed.verify_by(did).map_err(|_| Misconduct::bad_signature("nda"))?;
        let id = self.nda_digest(text);
        self.check_typed(*id.as_bytes(), signature, account, "nda")?;
        let Some(proof) = signed.proofs.first().cloned() else {
            return Err(Misconduct::bad_signature("nda"));
        };
        let nda = text.clone();
        self.key(draft, nda);
        let event = NdaEvent::Signed { side: Side::B, proof, signature: *signature };
        self.record(Record::Nda { draft, event });
        Ok(())
    }

    pub(super) fn on_nda_complete(
        &mut self,
        from: PeerKey,
        draft: PaperId,
        proof: &Proof,
        signature: &EthSignature,
    ) -> Result<(), Misconduct> {
        let Some(state) = self.ndas.get(&draft) else { return Ok(()) };
        let (Some(text), Some(id)) = (&state.text, state.id) else { return Err(Misconduct::OutOfTurn) };
        if state.peer != from || state.side != Side::B || state.by_a.is_some() {
            return Ok(());
        }
        proof.verify(text.id(), text.a.did).map_err(|_| Misconduct::bad_signature("nda"))?;
        self.check_typed(*id.as_bytes(), signature, text.a.settlement, "nda")?;
        let event = NdaEvent::Signed { side: Side::A, proof: proof.clone(), signature: *signature };
        self.record(Record::Nda { draft, event });
        Ok(())
    }

    pub(super) fn on_nda_refused(&mut self, from: PeerKey, draft: PaperId) -> Result<(), Misconduct> {
        if self.ndas.get(&draft).is_some_and(|nda| nda.peer == from && nda.by_b.is_none() && !nda.over) {
            self.record(Record::Nda { draft, event: NdaEvent::Over });
            self.note(Event::NdaRefused { nda: draft });
        }
        Ok(())
    }

    /// Anchors what both signed, and opens the session once the chain shows it.
    pub(super) fn drive_nda(&mut self, draft: PaperId) {
        let Some(state) = self.ndas.get(&draft) else { return };
        let Some((text, id)) = state.signed() else { return };
        let side = state.side;
        let anchored = self.nda_level(id).is_some();
        if anchored {
            self.open_session_when_needed(draft);
        } else if side == Side::A && self.now.secs() <= text.anchor_by_secs {
            let (Some(a), Some(b)) = (&state.by_a, &state.by_b) else { return };
            let (a, b) = (chain::bytes(&a.1), chain::bytes(&b.1));
            let call = self.network.deployment.anchor_nda(&Nda::typed(text), a, b);
            self.intend("anchor-nda", id.as_bytes(), call);
        }
    }

    /// Whether a secp256k1 signature over a digest is by this account.
    pub(super) fn check_typed(
        &self,
        digest: [u8; 32],
        signature: &EthSignature,
        account: Address,
        what: &str,
    ) -> Result<(), Misconduct> {
        if signature.is_by(account, digest.into()) { Ok(()) } else { Err(Misconduct::bad_signature(what)) }
    }
}
