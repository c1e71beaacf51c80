//! What the chain tells this node, and what this node asks of it.
//!
//! Facts come from the ledger with their level; what money depends on asks for `Safe` at least. Own
//! transactions go through the journal: here they are only intended, by a key that makes the same
//! act the same intent however often it is asked for.

use alloy_primitives::Address;
use sha2::{Digest, Sha256};

use super::Node;
use crate::{
    abi,
    block::Level,
    command::Event,
    effect::Effect,
    ids::{DealId, IntentId, NdaId},
    input::{ChainUpdate, Fact},
    journal::{
        self, Call, Standing,
        wants::{Want, WantKey},
    },
    ledger::{
        LedgerEvent,
        state::{DealFact, SeatStanding},
    },
    panel::{Provider, Seat, SeatIndex},
    record::Record,
    typed::EthSignature,
};

impl Node {
    pub(super) fn on_chain(&mut self, update: ChainUpdate) {
        match update {
            ChainUpdate::Ledger(event) => {
                self.ledger.apply(&event);
                if !matches!(event, LedgerEvent::Heads { .. }) || self.heads_moved(&event) {
                    self.dirty.all = true;
                }
            }
            ChainUpdate::Head { view, time, final_time } => {
                self.chain_view = Some(view);
                self.chain_time = self.chain_time.max(time);
                self.final_time = self.final_time.max(final_time);
                let events = self.journal.on_head(view);
                self.journal_events(events);
                self.dirty.all = true;
            }
        }
    }

    fn heads_moved(&mut self, event: &LedgerEvent) -> bool {
        let LedgerEvent::Heads { safe, finalized } = event else { return false };
        let moved = (*safe, *finalized) != self.heads;
        self.heads = (*safe, *finalized);
        moved
    }

    /// `block.timestamp` of the newest block, Unix seconds.
    pub(super) fn time(&self) -> u64 {
        self.chain_time
    }

    /// `block.timestamp` of the newest final block, Unix seconds.
    pub(super) fn final_time(&self) -> u64 {
        self.final_time
    }

    pub(super) fn nda_level(&self, id: NdaId) -> Option<Level> {
        self.ledger.state().nda(id).map(|fact| self.ledger.level(&fact.at))
    }

    pub(super) fn deal_fact(&self, id: DealId) -> Option<&DealFact> {
        self.ledger.state().deal(id)
    }

    /// All registered seats, as the draw sees them.
    pub(super) fn registered(&self) -> impl Iterator<Item = Seat> + '_ {
        self.ledger.state().seats().map(|(index, fact)| Seat {
            index: SeatIndex(index.0),
            holder: fact.holder,
            principal: fact.principal,
            provider: Provider(fact.provider),
            model_family: None,
            joined_at_secs: fact.joined_at,
            active: fact.standing == SeatStanding::Active,
        })
    }

    /// The principal that an agent's mandate names, where one is in force before the escrow.
    pub(super) fn principal_of(&self, agent: Address) -> Option<Address> {
        let escrow = self.network.deployment.contracts.escrow;
        let mandate = self.ledger.state().mandate(agent, escrow)?;
        mandate.revoked.is_none().then_some(mandate.terms.principal)
    }

    /// Intends a call, unless the same act is under way, done, or was refused a moment ago.
    pub(super) fn intend(&mut self, why: &str, key: &[u8], call: Call) {
        let intent = IntentId(
            Sha256::new()
                .chain_update(b"nuncio/intent/1")
                .chain_update((why.len() as u64).to_be_bytes())
                .chain_update(why)
                .chain_update(key)
                .finalize()
                .into(),
        );
        let again = match self.journal.standing(intent) {
            None => true,
            Some(Standing::Refused { .. }) => {
                let pause = self.network.timing.retry * 8;
                self.refused.get(&intent).is_none_or(|at| self.now >= at.plus(pause))
            }
            Some(
                Standing::Intended
                | Standing::Prepared
                | Standing::Signed
                | Standing::Sent
                | Standing::Unknown
                | Standing::Mined { .. }
                | Standing::Lost { .. },
            ) => false,
        };
        if again {
            let events = self.journal.on_intend(intent, call, why);
            self.journal_events(events);
        }
    }

    fn journal_events(&mut self, events: Vec<journal::JournalEvent>) {
        for event in events {
            if let journal::Step::Refused { reason } = &event.step {
                self.refused.insert(event.intent, self.now);
                let why = self.journal.why(event.intent).unwrap_or_default();
                let what = format!("{why} refused in simulation: {reason}");
                self.note(Event::Trouble { what });
            }
            self.record(Record::Journal(event));
        }
    }

    pub(super) fn on_journal(&mut self, fact: Fact) {
        let events = match fact {
            Fact::Prepared { intent, quote } => {
                self.wanted.remove(&WantKey::Prepare(intent));
                self.journal.on_prepared(intent, quote)
            }
            Fact::Signed { intent, hash, raw } => {
                self.wanted.retain(|key| !matches!(key, WantKey::Sign(of, _) if *of == intent));
                self.journal.on_signed(intent, hash, raw)
            }
            Fact::Handed { hash, answer, head } => {
                self.wanted.retain(|key| !matches!(key, WantKey::Broadcast(of, _) if *of == hash));
                self.journal.on_handover(hash, &answer, head)
            }
            Fact::Included(inclusion) => self.journal.on_inclusion(inclusion),
            Fact::Gone { hash, block } => self.journal.on_gone(hash, block),
            Fact::Spent { nonce, by } => self.journal.on_spent(nonce, by),
        };
        self.journal_events(events);
        self.dirty.journal = true;
    }

    /// Asks for what the journal lacks; what is under way is not asked for twice.
    pub(super) fn drive_journal(&mut self) {
        let Some(view) = self.chain_view else { return };
        let wants = self.journal.wants(view);
        let keys: std::collections::BTreeSet<WantKey> = wants.iter().map(Want::key).collect();
        self.wanted.retain(|key| keys.contains(key));
        for want in wants {
            if self.wanted.insert(want.key()) {
                self.effects.push(Effect::Chain(want));
            }
        }
    }
}

/// A signature as our contracts take it: by a key, in the 64 bytes of EIP-2098.
pub(super) fn bytes(signature: &EthSignature) -> abi::call::Signature {
    signature.compact().to_vec().into()
}
