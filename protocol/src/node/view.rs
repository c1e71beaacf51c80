//! What this node shows of itself.

use std::collections::BTreeMap;

use alloy_primitives::Address;

use super::{Node, not_found};
use crate::{
    clause::Terms,
    command::{Look, Refusal},
    deal::{Deal, Milestone},
    document::{Ballot, Document, Pact},
    ids::MilestoneIndex,
    money::Usdc,
    side::Side,
    stage::{
        jury::{self, Vote},
        nda::NdaState,
        negotiation::Negotiation,
    },
    view::{
        BidView, DealView, EventView, FailedClause, MilestoneView, NdaView, NegotiationView, RequestView,
        StatusView, View,
    },
};

impl Node {
    pub(super) fn look(&self, look: &Look) -> Result<View, Refusal> {
        Ok(match look {
            Look::Status => View::Status(self.status()),
            Look::Identity => View::Identity(Box::new(self.me.card.clone())),
            Look::Announcements => View::Announcements(
                self.directory.listings(self.now).map(|l| l.announcement.document.clone()).collect(),
            ),
            Look::Requests => View::Requests(self.requests()),
            Look::Bids(request) => {
                let own = self.market.requests.get(request).ok_or_else(|| not_found("request", request))?;
                let bids = own.bids.iter().map(|(id, heard)| {
                    Ok(BidView {
                        id: *id,
                        bid: heard.bid.document.clone(),
                        pact: heard.pact.document.clone(),
                        template: self.templates.of(&heard.pact.document).map(|t| t.name.clone()),
                        card: heard.card.document.clone(),
                        trust: self.trust(&heard.card.document)?,
                    })
                });
                View::Bids(bids.collect::<Result<_, Refusal>>()?)
            }
            Look::Templates => {
                View::Templates(self.templates.all().map(|listed| self.template_view(listed)).collect())
            }
            Look::Template(name) => {
                let listed = self.templates.named(name).ok_or_else(|| not_found("template", name))?;
                View::Template(Box::new(self.template_view(listed)))
            }
            Look::Ndas => View::Ndas(self.ndas.iter().map(|(id, nda)| self.nda_view(*id, nda)).collect()),
            Look::Negotiations => {
                View::Negotiations(self.negotiations.values().map(|n| self.negotiation_view(n)).collect())
            }
            Look::Negotiation(id) => {
                let negotiation = self.negotiations.get(id).ok_or_else(|| not_found("negotiation", id))?;
                View::Negotiation(Box::new(self.negotiation_view(negotiation)))
            }
            Look::Deals => View::Deals(self.deals.values().map(|deal| self.deal_view(deal)).collect()),
            Look::Deal(id) => {
                let deal = self.deals.get(id).ok_or_else(|| not_found("deal", id))?;
                View::Deal(Box::new(self.deal_view(deal)))
            }
            Look::Bundle(id) => View::Bundle(Box::new(self.bundle(*id)?)),
            Look::Approvals => View::Approvals(self.approvals()),
            Look::Trust(did) => View::Trust(Box::new(self.trust_in(did)?)),
            Look::Scores => View::Scores(self.everybody()?),
            Look::Settlement => View::Settlement(Box::new(self.settlement_report()?)),
            Look::Events(after) => View::Events(
                self.events
                    .iter()
                    .filter(|(seq, _)| seq > after)
                    .map(|(seq, event)| EventView { seq: *seq, event: event.clone() })
                    .collect(),
            ),
        })
    }

    fn status(&self) -> StatusView {
        StatusView {
            did: self.me.did,
            peers: self.up.len(),
            known: self.directory.listings(self.now).count(),
            sessions: self.sessions(),
            open_deals: self.deals.values().filter(|deal| !deal.closed && !deal.lapsed).count(),
            jobs: self.jobs.len(),
            outbox: self.outbox.len(),
            chain_time: self.time(),
            records: self.next_record,
            misconduct: self.misconduct.values().sum(),
            alarm: self.journal.alarm().map(|(_, by)| by),
        }
    }

    fn requests(&self) -> Vec<RequestView> {
        let own = self.market.requests.iter().map(|(id, own)| RequestView {
            id: *id,
            ours: true,
            request: own.request.document.clone(),
            bids: own.bids.len(),
            chosen: own.chosen,
        });
        let heard = self.directory.requests(self.now).map(|request| RequestView {
            id: request.document.id(),
            ours: false,
            request: request.document.clone(),
            bids: 0,
            chosen: None,
        });
        own.chain(heard).collect()
    }

    fn nda_view(&self, nda: crate::ids::PaperId, state: &NdaState) -> NdaView {
        let anchored = state.id.is_some_and(|id| self.nda_level(id).is_some());
        let stage = match (&state.text, state.signed()) {
            _ if state.over => "over",
            (_, Some(_)) if anchored => "anchored",
            (_, Some(_)) => "signed",
            (Some(_), None) => "signing",
            (None, None) if state.side == Side::B => "proposed",
            (None, None) => "drafting",
        };
        let text = state.text.clone().or_else(|| state.draft.as_ref().map(|draft| draft.nda.clone()));
        NdaView {
            nda,
            id: state.id,
            side: state.side,
            stage,
            session: self.session_open(nda),
            bid: state.bid(),
            text,
            peer: state.peer,
        }
    }

    fn negotiation_view(&self, negotiation: &Negotiation) -> NegotiationView {
        let deal = self.deal_of(negotiation);
        let stage = match (&negotiation.panel, &negotiation.accepted, &negotiation.hold) {
            _ if deal.is_some() => "agreed",
            _ if negotiation.ended => "ended",
            (_, Some(_), _) => "accepted",
            (Some(_), None, Some(_)) => "held",
            (Some(_), None, None) => "offers",
            (None, None, _) => "panel",
        };
        NegotiationView {
            id: negotiation.id,
            nda: negotiation.nda,
            template: self.template_of(negotiation).map(|template| template.name.clone()),
            side: negotiation.side,
            stage,
            our_turn: negotiation.our_turn(),
            rounds: negotiation.rounds,
            frame_bytes: self.offer_bytes(negotiation.nda),
            panel: negotiation.panel.iter().flatten().map(|seat| seat.juror).collect(),
            ours: negotiation.ours.clone(),
            theirs: negotiation.theirs.clone(),
            deal,
            since: negotiation.at.0,
        }
    }

    fn deal_view(&self, deal: &Deal) -> DealView {
        let stage = match (deal.opened, deal.closed, deal.lapsed) {
            (_, _, true) => "lapsed",
            (_, true, _) => "closed",
            (true, false, false) => "open",
            (false, false, false) => "agreed",
        };
        let fact = self.deal_fact(deal.id);
        let counterparty = match deal.side {
            Side::A => deal.agreement.seller.did,
            Side::B => deal.agreement.buyer.did,
        };
        let rated = |account| fact.is_some_and(|fact| fact.ratings.iter().any(|r| r.rater == account));
        let milestones = deal.milestones.iter().enumerate().map(|(index, milestone)| {
            let index = u8::try_from(index).expect("a deal has at most 8 milestones");
            self.milestone_view(deal, index, milestone)
        });
        DealView {
            id: deal.id,
            nda: self.ndas.get(&deal.nda).and_then(|state| state.id),
            side: deal.side,
            stage,
            agreement: deal.agreement.id(),
            counterparty,
            price: deal.agreement.terms.price,
            inputs: deal.inputs_held || deal.papers.contains_key(&crate::job::Class::Inputs),
            panel: deal.panel.iter().map(|seat| seat.juror).collect(),
            quorum: deal.terms.quorum,
            milestones: milestones.collect(),
            rated: [rated(deal.terms.buyer), rated(deal.terms.seller)],
            opened_tx: fact.map(|fact| fact.opened.tx),
        }
    }

    fn milestone_view(&self, deal: &Deal, index: u8, milestone: &Milestone) -> MilestoneView {
        let fact = self.deal_fact(deal.id).and_then(|fact| fact.milestones.get(&MilestoneIndex(index)));
        let settled = fact.and_then(|fact| fact.settled.as_ref());
        let stage = if milestone.settled.is_some() {
            "settled"
        } else if milestone.verdict.is_some() {
            "judged"
        } else if milestone.delivered.is_some() {
            "delivered"
        } else if milestone.delivering.is_some() {
            "delivering"
        } else {
            "due"
        };
        // A delivery counts wherever it shows: with us, as a claim of ours, or on chain alone.
        let delivered = milestone.delivered.as_ref().map(|delivery| delivery.claim.document.attempt);
        let claimed = milestone.claim.as_ref().map(|claim| claim.document.attempt);
        let on_chain = fact.and_then(|fact| fact.claim.as_ref()).map(|claim| claim.attempt);
        let attempts = [delivered, claimed, on_chain].into_iter().flatten().max();
        // The records know the transaction before the chain is read again.
        let tx = settled.map(|settled| settled.at.tx).or(milestone.settled_tx);
        MilestoneView {
            index,
            amount: deal.agreement.terms.milestones.get(usize::from(index)).map_or(Usdc::ZERO, |m| m.amount),
            due_secs: self.due(deal, index),
            stage,
            attempts: attempts.map_or(0, |attempt| attempt.saturating_add(1)),
            verdict: milestone.verdict.as_ref().map(|verdict| verdict.seller_bps),
            consensus: self.consensus(deal, index),
            failed: self.failed(deal, index),
            to_seller: milestone.settled.map(|(to_seller, _)| Usdc(to_seller)),
            to_buyer: milestone.settled.map(|(_, to_buyer)| Usdc(to_buyer)),
            tx,
        }
    }

    /// How far the jurors of a milestone's verdict agree, by the ballots that came with it.
    fn consensus(&self, deal: &Deal, index: u8) -> Option<u16> {
        let (pact, ballots) = self.judged(deal, index)?;
        let terms = Terms::of(pact, MilestoneIndex(index));
        (!ballots.is_empty()).then(|| jury::consensus(&terms, &ballots.iter().collect::<Vec<_>>()).get())
    }

    /// The clauses that failed in a milestone's verdict, by the ballots that came with it.
    pub(super) fn failed(&self, deal: &Deal, index: u8) -> Vec<FailedClause> {
        let Some((pact, ballots)) = self.judged(deal, index) else { return Vec::new() };
        let terms = Terms::of(pact, MilestoneIndex(index));
        let failed = jury::failed(&terms, &ballots.iter().collect::<Vec<_>>());
        let clauses = pact.clauses.iter().filter_map(|clause| {
            let score = *failed.get(&clause.id)?;
            let (kind, threshold) = (clause.test.kind(), clause.threshold_bps);
            Some(FailedClause { clause: clause.id.clone(), kind, score, threshold })
        });
        clauses.collect()
    }

    /// The pact of a milestone's newest verdict, and the ballots that came with it.
    fn judged(&self, deal: &Deal, index: u8) -> Option<(&Pact, Vec<Document<Ballot>>)> {
        let verdict = deal.milestones.get(usize::from(index))?.verdict.as_ref()?;
        let votes: BTreeMap<Address, Vote> = serde_json::from_str(&verdict.transcript).ok()?;
        let ballots = votes.into_values().filter_map(|vote| vote.ballot).collect();
        Some((&self.negotiations.get(&deal.negotiation)?.begin.pact, ballots))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use crate::{
        abi::{
            Cause, ChainLog, Source,
            sol::IDealEscrow,
            tests::{log, opened_words, outcome_by},
        },
        block::{Block, Mark},
        deal::DealEvent,
        ids::{BlockHash, TxHash},
        input::{ChainUpdate, Input},
        ledger::LedgerEvent,
        node::faults::{samples, victim::Victim},
        record::Record,
    };

    fn placed(mut log: ChainLog, number: u64) -> ChainLog {
        log.block = Mark { number, hash: BlockHash([u8::try_from(number).unwrap(); 32]) };
        log.tx = TxHash([u8::try_from(number).unwrap(); 32]);
        log
    }

    #[test]
    fn a_milestone_that_timed_out_shows_its_transaction_and_the_deliveries_that_the_chain_knows() {
        let mut node = Victim::dealing();
        let (deal, escrow) = (node.deal.word(), samples::contracts().escrow);
        let terms = node.node.deals[&node.deal].terms.clone();
        let words = opened_words(&terms, Source::Credit);
        let opened = IDealEscrow::Opened { deal, buyer: terms.buyer, seller: terms.seller, terms: words };
        let claimed = IDealEscrow::Claimed {
            deal,
            milestone: 0,
            attempt: 1,
            manifest: B256::repeat_byte(3),
            size: 9,
            vaults: alloy_primitives::U256::from(3),
            storedAt: Vec::new(),
        };
        let outcome = outcome_by(Cause::Unjudged, [0, 1], 5_000, [27_000_000; 2]);
        let settled = IDealEscrow::Settled { deal, outcome };
        let logs = [log(escrow, &opened), log(escrow, &claimed), log(escrow, &settled)];
        for (number, log) in (2..).zip(logs) {
            let log = placed(log, number);
            let block = Block { mark: log.block, parent: BlockHash([0; 32]), time: samples::NOW };
            node.take(Input::Chain(ChainUpdate::Ledger(LedgerEvent::Logged { block, logs: vec![log] })));
        }
        let view = node.node.deal_view(&node.node.deals[&node.deal]);
        assert_eq!((view.milestones[0].attempts, view.milestones[0].tx), (2, Some(TxHash([4; 32]))));
    }

    #[test]
    fn a_settled_milestone_shows_its_transaction_before_the_chain_is_read_again() {
        let mut node = Victim::dealing();
        let tx = TxHash([7; 32]);
        let event = DealEvent::Settled { milestone: 1, to_seller: 0, to_buyer: 63_000_000, tx: Some(tx) };
        let nda = node.draft;
        node.node.record(Record::Deal { id: node.deal, nda, event: Box::new(event) });
        let view = node.node.deal_view(&node.node.deals[&node.deal]);
        let milestone = &view.milestones[1];
        assert_eq!((milestone.stage, milestone.tx, milestone.attempts), ("settled", Some(tx), 0));
        assert_eq!(view.milestones[2].tx, None);
    }
}
