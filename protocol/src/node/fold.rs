//! The fold: how each record changes the state, in the step that decides it and in every later start.
//!
//! Nothing else changes what must survive a crash. A record says what has been decided; to apply it decides
//! nothing, and cannot fail.
//!
//! Deliberately absent: the records' form, and the order in which they reach the disk.

use super::{Node, Pending, mail::Outgoing, papers};
use crate::{
    deal::Deal,
    ids::{NegotiationId, PaperId},
    misconduct::Misconduct,
    record::Record,
    stage::{
        nda::{NdaEvent, NdaState},
        negotiation::{Negotiation, NegotiationEvent},
    },
    wire::Envelope,
};

/// Events kept for replay.
const EVENTS_MAX: usize = 16_384;

impl Node {
    /// Folds a record in and puts it into this step's batch.
    pub(super) fn record(&mut self, record: Record) {
        self.apply(&record);
        self.batch.push(record);
    }

    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Started { job, at, what, .. } => {
                self.next_job = self.next_job.max(job.0 + 1);
                let pending = Pending { job: what.clone(), at: *at, retry_at: None, running: false };
                self.jobs.insert(*job, pending);
            }
            Record::Finished { job, guard } => {
                self.guard_seq = self.guard_seq.max(guard.unwrap_or_default());
                self.jobs.remove(job);
            }
            Record::Posted { id, to, body, .. } => {
                self.next_message = self.next_message.max(id + 1);
                let envelope = Envelope { id: *id, body: body.as_ref().clone() };
                let bytes = papers::encode(&envelope);
                self.outbox.insert(*id, Outgoing { to: *to, bytes, sent: None });
                self.dirty.outbox = true;
            }
            Record::Delivered { id } => {
                self.outbox.remove(id);
            }
            Record::Destroyed { draft, .. } => {
                if let Some(nda) = self.ndas.get_mut(draft) {
                    nda.apply(&NdaEvent::Over);
                }
            }
            Record::Gone { .. } => {}
            Record::Market(event) => self.market.apply(event),
            Record::Nda { draft, event } => {
                self.dirty.ndas.insert(*draft);
                match self.ndas.get_mut(draft) {
                    Some(nda) => nda.apply(event),
                    None => {
                        if let Some(first) = NdaState::first(event) {
                            self.ndas.insert(*draft, first);
                        }
                    }
                }
            }
            Record::Negotiation { id, nda, event } => self.apply_negotiation(*id, *nda, event),
            Record::Deal { id, nda, event } => {
                self.dirty.deals.insert(*id);
                match self.deals.get_mut(id) {
                    Some(deal) => deal.apply(event),
                    None => {
                        if let Some(first) = Deal::first(*id, *nda, event) {
                            self.deals.insert(*id, first);
                        }
                    }
                }
            }
            Record::Case { id, event } => self.apply_case(*id, event),
            Record::Kept { receipt, .. } => {
                self.kept.insert(receipt.blob, receipt.clone());
            }
            Record::Served { .. } | Record::Decision(_) => {}
            Record::Journal(event) => {
                self.dirty.journal = true;
                self.journal.apply(event);
            }
            Record::Misconduct { peer, what, at } => {
                *self.misconduct.entry(*peer).or_default() += 1;
                if *what == Misconduct::NotConfirmed {
                    self.note_unconfirmed(*peer, *at);
                }
            }
            Record::Noted(event) => {
                if self.events.len() == EVENTS_MAX {
                    self.events.pop_front();
                }
                self.events.push_back((self.next_event, event.clone()));
                self.next_event += 1;
            }
        }
    }

    fn apply_negotiation(&mut self, id: NegotiationId, nda: PaperId, event: &NegotiationEvent) {
        self.dirty.negotiations.insert(id);
        match self.negotiations.get_mut(&id) {
            Some(negotiation) => negotiation.apply(event),
            None => {
                if let NegotiationEvent::Begun { begin, nonce, side, at } = event {
                    self.negotiations.insert(id, Negotiation::begun(id, nda, begin, *nonce, *side, *at));
                    self.note_template(id);
                }
            }
        }
    }
}
