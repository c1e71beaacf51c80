//! A stranger's check of a bundle, with nothing but the bundle and the chain's own word.
//!
//! First every file is held against the signed index; where one is not what it should be, nothing in
//! the bundle is read further. Then the contracts that the index names are held against those that the
//! verifier found by itself, then cards, NDA, deal, panel, milestones and ratings are checked in the
//! order in which they came to be, then the logs against the chain, then the money.
//!
//! Deliberately absent: how contracts are found and asked; the shell has done that.

use alloy_primitives::{Address, B256};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Evidence, Finding, INDEX, Index, LOGS, OnChain, Report, ReportEvent, SCHEMA,
    compose::{Files, card_path},
    logs::{LoggedAt, Subject},
    papers::{DealProofs, NdaProofs, PanelProofs, RatingProofs},
};
use crate::{
    abi::ChainEvent,
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
mod origin;
mod panel;

/// The longest file of a bundle that is read as JSON, in bytes.
pub(super) const JSON_MAX: usize = 8 << 20;

/// Reads the index of a bundle. Nothing that it says is believed by this.
pub(super) fn index_of(files: &Files) -> Option<Index> {
    let document = Document::<Index>::read(files.get(INDEX)?).ok()?;
    Some(document.content().clone())
}

/// Holds every file against the signed index, which needs no chain.
///
/// # Errors
/// The report that refuses the bundle; each changed, missing, added or renamed file is named in it.
pub fn intact(files: &Files) -> Result<Index, Report> {
    let mut findings = Vec::new();
    let index = files::check(files, &mut findings);
    let deal = index.as_ref().map(|index| index.deal);
    match index {
        Some(index) if findings.is_empty() => Ok(index.content().clone()),
        Some(_) | None => Err(Report { schema: SCHEMA, ok: false, deal, events: Vec::new(), findings }),
    }
}

/// Verifies a bundle against the chain.
#[must_use]
pub fn verify(files: &Files, chain: &OnChain) -> Report {
    let index = match intact(files) {
        Ok(index) => index,
        Err(refused) => return refused,
    };
    let (cards, findings, events) = (Vec::new(), Vec::new(), Vec::new());
    let mut examination = Examination { files, chain, index: &index, cards, findings, events };
    examination.run();
    let Examination { findings, events, .. } = examination;
    Report { schema: SCHEMA, ok: findings.is_empty(), deal: Some(index.deal), events, findings }
}

/// One verification under way.
struct Examination<'a> {
    files: &'a Files,
    chain: &'a OnChain,
    index: &'a Index,
    cards: Vec<Document<AgentCard>>,
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
        let built = match &self.chain.built {
            Ok(built) => built,
            Err(why) => return self.find(INDEX, "contracts", why.to_string()),
        };
        if !self.as_built(built) {
            return;
        }
        self.cards();
        let Some(deal) = self.deal() else { return };
        self.exporter(&deal);
        self.nda(&deal);
        let Some(panel) = self.read::<PanelProofs>("proofs/panel.json") else { return };
        let subject = Subject {
            deployment: &built.deployment,
            deal: self.index.deal,
            terms: &deal.terms,
            request: &panel.request,
        };
        let real = subject.select(self.chain);
        self.logs(&real);
        self.mandates(&deal, &real);
        let members = self.panel(built, (&deal, &panel), &real);
        self.milestones(&deal, &members, &real);
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

    fn card(&self, account: Address) -> Option<&Document<AgentCard>> {
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
                Ok(card) => self.cards.push(card.document().clone()),
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
        self.sealed_papers(&deal);
        for receipt in &deal.receipts {
            let ours = receipt.put.deal == id && deal.vaults.contains(&receipt.vault);
            self.hold(ours, FILE, "receipt", format!("a receipt of {} is not of this deal", receipt.vault));
            self.receipt(FILE, receipt);
        }
        Some(deal)
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
