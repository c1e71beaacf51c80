//! The agreement: the terms that both sides accepted, the panel that will judge, and the transcript
//! that led there.
//!
//! The EIP-712 `Deal` that both sign for the chain follows from this paper alone
//! ([`Agreement::deal`]), so nobody signs a deal that says something else.
//!
//! Deliberately absent: the offers themselves; only the head of their chain is here.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use super::{AgeRecipient, Document, Illegal, Paper, Party, TermSheet, rule};
use crate::{
    did::Did,
    ids::{Head, NegotiationId},
    money::Usdc,
    text::BoundedVec,
    typed::{self, BUYER_MANDATED, SELLER_MANDATED, address_list_hash, u40},
};

/// The terms that both sides accepted.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The negotiation that it ends.
    pub negotiation: NegotiationId,
    /// The accepted terms, whole.
    pub terms: Document<TermSheet>,
    /// Who pays.
    pub buyer: Party,
    /// Who delivers.
    pub seller: Party,
    /// Who judges.
    pub panel: Panel,
    /// The head of the session's frame chain at the acceptance.
    pub transcript_head: Head,
    /// Unix second from which due dates count.
    pub start_secs: u64,
    /// Last Unix second at which the deal may be opened.
    pub fund_by_secs: u64,
}

/// The panel as both sides drew it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// Digest of the panel request that both signed.
    pub request: B256,
    /// The beacon round that it was drawn from.
    pub beacon_round: u64,
    /// Which draw gave it: 0, 1 or 2.
    pub attempt: u8,
    /// The jurors, in the order of the draw.
    pub jurors: BoundedVec<Juror, 15>,
}

/// One juror of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Juror {
    /// Its seat in the jury contract's register.
    pub seat: u64,
    /// The account that signs votes and verdicts.
    pub account: Address,
    /// The identity that signs ballots.
    pub did: Did,
    /// Where a milestone's key is sealed to.
    pub age_recipient: AgeRecipient,
}

impl Agreement {
    /// The deal that both sides sign for the chain.
    ///
    /// # Panics
    /// Never: a document's content has obeyed [`Paper::check`].
    #[must_use]
    pub fn deal(document: &Document<Self>) -> typed::Deal {
        let (terms, buyer, seller) = (&document.terms, &document.buyer, &document.seller);
        let schedule = terms.schedule().expect("invariant: a term sheet's milestones pack");
        let last_due = terms.milestones.last().map_or(0, |milestone| milestone.due_secs);
        let end = document.start_secs + u64::from(last_due) + u64::from(terms.judging_secs);
        let panel = address_list_hash(document.panel.jurors.iter().map(|juror| juror.account))
            .expect("invariant: no juror sits twice");
        let vaults =
            address_list_hash(terms.vaults.iter().copied()).expect("invariant: no vault is named twice");
        let (fallback, fallback_bps) = terms.fallback.on_chain();
        let flag = |side: &Party, flag| if side.mandated { flag } else { 0 };
        typed::Deal {
            buyer: buyer.settlement,
            seller: seller.settlement,
            buyerPay: buyer.payee(),
            sellerPay: seller.payee(),
            amounts: schedule.amounts,
            amounts2: schedule.amounts2,
            due: schedule.due,
            panel,
            jury: terms.panel.jury,
            end: u40(end),
            window: terms.window_secs,
            quorum: terms.panel.quorum,
            fallback,
            fallbackBps: fallback_bps,
            juryFee: terms.panel.fee.0,
            appealFee: terms.appeal_fee.0,
            sellerBond: terms.seller_bond.0,
            flags: flag(buyer, BUYER_MANDATED) | flag(seller, SELLER_MANDATED),
            meta: typed::Meta {
                agreement: document.id().word(),
                nda: terms.nda.word(),
                pact: terms.pact.word(),
                panelRequest: document.panel.request,
                vaults,
                mandates: terms.mandates,
                reviewer: terms.reviewer.unwrap_or(Address::ZERO),
                start: u40(document.start_secs),
                fundBy: u40(document.fund_by_secs),
                kind: terms.kind.code(),
                jurisdiction: terms.jurisdiction.code(),
                beaconRound: document.panel.beacon_round,
                attempt: document.panel.attempt,
                salt: document.salt().number(),
            },
        }
    }

    /// All that the buying side puts into escrow.
    ///
    /// # Panics
    /// Never: a term sheet's amounts fit into the type together.
    #[must_use]
    pub fn buyer_total(&self) -> Usdc {
        self.terms.buyer_total().expect("invariant: a term sheet's amounts fit into the type")
    }
}

impl core::fmt::Debug for Agreement {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Agreement({}, terms {})", self.negotiation, self.terms.id())
    }
}

impl Paper for Agreement {
    const TYPE: &'static str = "agreement";

    fn authors(&self) -> Vec<Did> {
        vec![self.buyer.did, self.seller.did]
    }

    fn check(&self) -> Result<(), Illegal> {
        let (terms, panel) = (&self.terms, &self.panel);
        let sides = (terms.buyer, terms.seller) == (self.buyer.did, self.seller.did);
        rule::<Self>(sides, "buyer and seller are those of the terms")?;
        rule::<Self>(self.buyer.settlement != self.seller.settlement, "the two sides have two accounts")?;
        rule::<Self>(self.start_secs <= self.fund_by_secs, "the start is not after the last opening")?;
        rule::<Self>(panel.jurors.len() == usize::from(terms.panel.size), "the panel has the agreed size")?;
        let accounts = address_list_hash(panel.jurors.iter().map(|juror| juror.account));
        rule::<Self>(accounts.is_ok(), "no juror sits twice")?;
        let parties = [self.buyer.settlement, self.seller.settlement];
        let neutral = |account: &Address| !parties.contains(account);
        rule::<Self>(panel.jurors.iter().all(|j| neutral(&j.account)), "no party sits on the panel")?;
        rule::<Self>(terms.vaults.iter().all(neutral), "no party is a vault")?;
        rule::<Self>(panel.attempt <= 2, "a panel is drawn at most three times")
    }
}
