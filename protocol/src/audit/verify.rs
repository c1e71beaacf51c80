//! A stranger's check of a bundle, with nothing but the bundle and the chain's own word.
//!
//! First every file is held against the signed index; where one is not what it should be, nothing in
//! the bundle is read further. Then cards, NDA, deal, panel, milestones and ratings are checked in
//! the order in which they came to be, then the logs against the chain, then the money.
//!
//! Deliberately absent: trust in the contracts. Whoever verifies compares the addresses in the index
//! with those that it knows.

use alloy_primitives::{Address, B256};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Evidence, Finding, INDEX, Index, LOGS, OnChain, Report, ReportEvent, SCHEMA,
    compose::{Draw, Files, card_path},
    logs::{LoggedAt, Subject},
    papers::{DealProofs, NdaProofs, PanelProofs, RatingProofs},
};
use crate::{
    abi::ChainEvent,
    beacon::Round,
    canonical,
    document::{AgentCard, Document, Signed},
    ids::PaperId,
    money::Usdc,
    typed::{self, Contracts, EthSignature, Fund, Typed, address_list_hash},
    wire::Assent,
};

mod files;
mod judged;
mod money;

/// The longest file of a bundle that is read as JSON, in bytes.
pub(super) const JSON_MAX: usize = 8 << 20;

/// Reads the index of a bundle, so that its verifier knows which contracts and blocks to ask for.
///
/// Nothing that it says is believed by this.
#[must_use]
pub fn index_of(files: &Files) -> Option<Index> {
    let document = Document::<Index>::read(files.get(INDEX)?).ok()?;
    Some(document.content().clone())
}

/// Verifies a bundle against the chain.
#[must_use]
pub fn verify(files: &Files, chain: &OnChain) -> Report {
    let mut findings = Vec::new();
    let index = files::check(files, &mut findings);
    let deal = index.as_ref().map(|index| index.deal);
    let mut events = Vec::new();
    if let (Some(index), true) = (&index, findings.is_empty()) {
        let mut examination = Examination {
            files,
            chain,
            index: index.content(),
            cards: Vec::new(),
            findings: Vec::new(),
            events: Vec::new(),
        };
        examination.run();
        (findings, events) = (examination.findings, examination.events);
    }
    Report { schema: SCHEMA, ok: findings.is_empty(), deal, events, findings }
}

/// One verification under way.
struct Examination<'a> {
    files: &'a Files,
    chain: &'a OnChain,
    index: &'a Index,
    cards: Vec<AgentCard>,
    findings: Vec<Finding>,
    events: Vec<ReportEvent>,
}

impl Examination<'_> {
    fn run(&mut self) {
        let contracts = self.index.deployment.contracts;
        if self.chain.chain_id != contracts.chain_id {
            let (ours, theirs) = (contracts.chain_id, self.chain.chain_id);
            self.find(INDEX, "chain", format!("the bundle is of chain {ours}, the endpoint serves {theirs}"));
            return;
        }
        self.cards();
        let Some(deal) = self.deal() else { return };
        self.nda(&deal);
        let Some(panel) = self.read::<PanelProofs>("proofs/panel.json") else { return };
        let subject = Subject {
            deployment: &self.index.deployment,
            deal: self.index.deal,
            terms: &deal.terms,
            request: &panel.request,
        };
        let real = subject.select(self.chain);
        self.logs(&real);
        self.panel(&deal, &panel, &real);
        self.milestones(&deal, &panel, &real);
        self.ratings(&deal, &real);
        self.money(&deal, &real);
    }

    fn find(&mut self, file: &str, rule: &'static str, message: impl Into<String>) {
        let finding = Finding { file: file.to_owned(), offset: None, rule, message: message.into() };
        self.findings.push(finding);
    }

    /// Notes what does not hold, and says whether it does.
    fn hold(&mut self, holds: bool, file: &str, rule: &'static str, otherwise: impl Into<String>) -> bool {
        if !holds {
            self.find(file, rule, otherwise);
        }
        holds
    }

    fn signed(&mut self, act: &'static str, who: Address, amount: Option<Usdc>, file: &str) {
        let (who, proof) = (self.name(who), Evidence::Signature { file: file.to_owned() });
        self.events.push(ReportEvent { act, who, amount, proof });
    }

    fn logged(&mut self, act: &'static str, who: Address, amount: Option<Usdc>, at: &LoggedAt) {
        let proof = Evidence::Log { file: LOGS.to_owned(), tx: at.log.tx, log: at.log.index };
        let who = self.name(who);
        self.events.push(ReportEvent { act, who, amount, proof });
    }

    /// The DID that a card binds to an account, else the account.
    fn name(&self, account: Address) -> String {
        self.card(account).map_or_else(|| account.to_string(), |card| card.agent.to_string())
    }

    fn card(&self, account: Address) -> Option<&AgentCard> {
        self.cards.iter().find(|card| card.settlement == account)
    }

    const fn contracts(&self) -> Contracts {
        self.index.deployment.contracts
    }

    /// Reads a file of the bundle; one that is missing or malformed is a finding.
    fn read<T: DeserializeOwned + Serialize>(&mut self, path: &str) -> Option<T> {
        let Some(bytes) = self.files.get(path) else {
            self.find(path, "missing", "a bundle has this file");
            return None;
        };
        match canonical::from_canonical(bytes, JSON_MAX) {
            Ok(value) => Some(value),
            Err(error) => {
                self.find(path, "malformed", error.to_string());
                None
            }
        }
    }

    fn cards(&mut self) {
        let paths: Vec<String> =
            self.files.keys().filter(|path| path.starts_with("cards/")).cloned().collect();
        for path in paths {
            let Some(card) = self.read::<Signed<AgentCard>>(&path) else { continue };
            let named = card_path(&card) == path;
            self.hold(named, &path, "id", "the file is not named after the card's account");
            match card.verify(&self.contracts()) {
                Ok(card) => self.cards.push(card.document().content().clone()),
                Err(error) => self.find(&path, "signature", error.to_string()),
            }
        }
    }

    /// One side's two signatures: on the paper by the identity, on the digest by the account.
    fn assent(
        &mut self,
        (file, act): (&str, &'static str),
        (paper, digest): (PaperId, B256),
        by: Address,
        assent: &Assent,
    ) {
        let Some(did) = self.card(by).map(|card| card.agent) else {
            self.find(file, "card", format!("there is no card of {by}"));
            return;
        };
        let proof = assent.proof.verify(paper, did);
        if let Err(error) = &proof {
            self.find(file, "signature", error.to_string());
        }
        if self.typed(file, digest, &assent.signature, by) && proof.is_ok() {
            self.signed(act, by, None, file);
        }
    }

    fn typed(&mut self, file: &str, digest: B256, signature: &EthSignature, by: Address) -> bool {
        let holds = signature.is_by(by, digest);
        self.hold(holds, file, "signature", format!("{by} has not signed {digest}"))
    }

    fn nda(&mut self, deal: &DealProofs) {
        const FILE: &str = "proofs/nda.json";
        let Some(nda) = self.read::<NdaProofs>(FILE) else { return };
        let id = nda.terms.id(&self.contracts());
        self.hold(nda.id == id, FILE, "id", format!("the NDA's id is {id}, not {}", nda.id));
        self.hold(deal.terms.meta.nda == id.word(), FILE, "id", "the deal names another NDA");
        self.hold(nda.terms.terms == nda.paper.word(), FILE, "id", "the NDA is of another paper");
        let (a, b) = (nda.terms.a, nda.terms.b);
        let same = (a, b) == (deal.terms.buyer, deal.terms.seller);
        self.hold(same, FILE, "parties", "the NDA's sides are not the deal's");
        self.assent((FILE, "nda.signed"), (nda.paper, id.word()), a, &nda.by_a);
        self.assent((FILE, "nda.signed"), (nda.paper, id.word()), b, &nda.by_b);
    }

    fn deal(&mut self) -> Option<DealProofs> {
        const FILE: &str = "proofs/deal.json";
        let deal = self.read::<DealProofs>(FILE)?;
        let contracts = self.contracts();
        let id = deal.terms.id(&contracts);
        let named = self.index.deal;
        if !self.hold(id == named, FILE, "id", format!("the deal's id is {id}, not {named}")) {
            return None;
        }
        let agreement = deal.terms.meta.agreement == deal.agreement.word();
        self.hold(agreement, FILE, "id", "the deal is of another agreement");
        let vaults = address_list_hash(deal.vaults.iter().copied());
        self.hold(vaults == Ok(deal.terms.meta.vaults), FILE, "id", "the deal names other vaults");
        let fund = Fund { deal: id.word() }.digest(&contracts);
        let act = "agreement.signed";
        self.assent((FILE, act), (deal.agreement, fund), deal.terms.buyer, &deal.by_buyer);
        self.assent((FILE, act), (deal.agreement, id.word()), deal.terms.seller, &deal.by_seller);
        for receipt in &deal.receipts {
            let ours = receipt.put.deal == id && deal.vaults.contains(&receipt.vault);
            self.hold(ours, FILE, "receipt", format!("a receipt of {} is not of this deal", receipt.vault));
            self.receipt(FILE, receipt);
        }
        Some(deal)
    }

    fn panel(&mut self, deal: &DealProofs, panel: &PanelProofs, real: &[(LoggedAt, ChainEvent)]) {
        const FILE: &str = "proofs/panel.json";
        let (terms, request, contracts) = (&deal.terms, &panel.request, self.contracts());
        let digest = request.digest(&contracts);
        self.hold(digest == terms.meta.panelRequest, FILE, "id", "the deal names another panel request");
        let fixed = (request.jury, request.beaconRound, request.attempt, request.quorum);
        let agreed = (terms.jury, terms.meta.beaconRound, terms.meta.attempt, terms.quorum);
        self.hold(
            fixed == agreed,
            FILE,
            "panel",
            "jury, round, attempt and quorum are not those of the terms",
        );
        for (by, signature) in [(terms.buyer, &panel.by_buyer), (terms.seller, &panel.by_seller)] {
            if self.typed(FILE, digest, signature, by) {
                self.signed("panel.requested", by, None, FILE);
            }
        }
        self.beacon(FILE);
        for seat in &panel.accepted {
            let named = seat.request == digest.0;
            self.hold(named, FILE, "panel", format!("{} accepted a seat for another request", seat.juror));
            let accept = seat.typed().digest(&contracts);
            if self.typed(FILE, accept, &seat.signature, seat.juror) {
                self.signed("seat.accepted", seat.juror, None, FILE);
            }
        }
        let draw = Draw {
            beacon: &self.index.beacon,
            seat_age_secs: self.index.seat_age_secs,
            terms,
            panel,
            cards: self.cards.iter().collect(),
        };
        let walked = match draw.walk(contracts.chain_id, real) {
            Ok(walked) => walked,
            Err(why) => return self.find(FILE, "panel", why),
        };
        self.hold(walked.steps == panel.walk, FILE, "panel", "the walk gives other reasons");
        let Some(members) = walked.panel else {
            return self.find(FILE, "panel", "too few seats are left after the walk");
        };
        let hash = address_list_hash(members.iter().copied());
        if self.hold(hash == Ok(terms.panel), FILE, "panel", "the draw gives another panel") {
            for member in members {
                self.signed("panel.drawn", member, None, FILE);
            }
        }
    }

    /// The beacon of the index is the one that the contract was built with, where that was asked.
    fn beacon(&mut self, file: &str) {
        let beacon = &self.index.beacon;
        let first = beacon.time_of(Round(1));
        let ours = (first, beacon.time_of(Round(2)).saturating_sub(first));
        if let Some(theirs) = self.chain.beacon {
            let message = format!("genesis and period are {ours:?}, the beacon contract has {theirs:?}");
            self.hold(ours == theirs, file, "beacon", message);
        }
    }

    fn ratings(&mut self, deal: &DealProofs, real: &[(LoggedAt, ChainEvent)]) {
        const FILE: &str = "proofs/ratings.json";
        let Some(proofs) = self.read::<RatingProofs>(FILE) else { return };
        for rating in &proofs.ratings {
            let sides = [deal.terms.buyer, deal.terms.seller];
            let side = |did| sides.into_iter().find(|side| self.card(*side).is_some_and(|c| c.agent == did));
            let (Some(rater), Some(ratee)) = (side(rating.from), side(rating.about)) else {
                self.find(FILE, "parties", "a rating is not between the two sides");
                continue;
            };
            if let Err(error) = rating.proof.verify(rating.paper, rating.from) {
                self.find(FILE, "signature", error.to_string());
                continue;
            }
            let typed = typed::Rating {
                deal: self.index.deal.word(),
                value: i128::from(rating.value.get()),
                feedbackHash: rating.paper.word(),
            };
            if let Some(signature) = &rating.signature {
                self.typed(FILE, typed.digest(&self.contracts()), signature, rater);
            }
            let on_chain = real.iter().find_map(|(_, event)| {
                let ChainEvent::Rated { by, value, feedback, .. } = event else { return None };
                let (by, of) = by.of(&deal.terms);
                (by == rater).then_some((of, *value, *feedback))
            });
            if let Some(said) = on_chain {
                let same = said == (ratee, typed.value, typed.feedbackHash);
                self.hold(same, FILE, "rating", format!("{rater} rated otherwise on chain"));
            } else {
                self.signed("rating.signed", rater, None, FILE);
            }
        }
    }
}
