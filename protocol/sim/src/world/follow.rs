//! The chain as a node's shell sees it: blocks with logs, heads, and the transactions it tracks.
//!
//! A process that starts reads the chain from its first block on, as a daemon does.
//!
//! Deliberately absent: endpoints and their quorum.

use core::time::Duration;

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::{eip2718::Encodable2718, eip2930::AccessList};
use alloy_primitives::{Bytes, Signature, TxKind, U256};
use nuncio_protocol::{
    block::Level,
    guard::{Payload, SignRequest, Signature as Signed, Slot},
    ids::TxHash,
    input::{ChainUpdate, Fact, Input},
    journal::{ChainView, Transaction, wants::Want},
    ledger::LedgerEvent,
};

use super::{Due, PERIOD_SECS, What, World};
use crate::host::Who;

impl World {
    /// Mines a block, and lets everybody hear of it.
    pub(super) fn mine(&mut self) {
        self.chain.mine(self.now.secs());
        self.at(Duration::from_secs(PERIOD_SECS), Due::Mine);
        for who in (0..self.hosts.len()).map(Who) {
            let wait = self.weather.delay(&mut self.rng);
            self.due(wait, who, What::LookAtChain);
        }
    }

    /// Tells a node what is new on the chain, in the order in which a follower would.
    pub(super) fn look_at_chain(&mut self, who: Who) {
        let told = self.host(who).volatile.told;
        let news: Vec<_> =
            self.chain.blocks()[told..].iter().filter(|mined| !mined.logs.is_empty()).cloned().collect();
        self.host_mut(who).volatile.told = self.chain.blocks().len();
        for mined in news {
            let logged = LedgerEvent::Logged { block: mined.block, logs: mined.logs };
            if !self.step(who, Input::Chain(ChainUpdate::Ledger(logged))) {
                return;
            }
        }
        let heads = self.chain.heads();
        let moved = LedgerEvent::Heads { safe: heads.safe.number, finalized: heads.finalized.number };
        if !self.step(who, Input::Chain(ChainUpdate::Ledger(moved))) {
            return;
        }
        let nonce_final = self.chain.nonce_final(self.host(who).account());
        let view = ChainView { head: heads.latest.mark.number, price: self.chain.price(), nonce_final };
        let (time, final_time) = (heads.latest.time, self.chain.final_time());
        if self.step(who, Input::Chain(ChainUpdate::Head { view, time, final_time })) {
            self.follow_tracked(who);
        }
    }

    fn follow_tracked(&mut self, who: Who) {
        let tracked: Vec<_> = self.host(who).volatile.tracked.iter().map(|(hash, at)| (*hash, *at)).collect();
        for (hash, known) in tracked {
            let found = self.chain.find(hash);
            let (Some(now), false) = (found, found == known) else { continue };
            if now.level == Level::Final {
                self.host_mut(who).volatile.tracked.remove(&hash);
            } else {
                self.host_mut(who).volatile.tracked.insert(hash, found);
            }
            if !self.step(who, Input::Journal(Fact::Included(now))) {
                return;
            }
        }
    }

    /// Does what a node's transaction journal asks.
    pub(super) fn do_want(&mut self, who: Who, want: Want) {
        let fact = match want {
            Want::Prepare { intent, call } => {
                let account = self.host(who).account();
                Fact::Prepared { intent, quote: self.chain.prepare(account, &call) }
            }
            Want::Sign { intent, version, transaction } => {
                // A refusal of the guard stays where it is seen: among what it refused.
                let Some((hash, raw)) = self.sign_transaction(who, version, &transaction) else { return };
                Fact::Signed { intent, hash, raw }
            }
            Want::Broadcast { hash, raw, .. } => {
                let answer = self.chain.hand(&raw);
                Fact::Handed { hash, answer, head: self.chain.heads().latest.mark.number }
            }
            Want::Track { hashes, .. } => {
                let tracked = &mut self.host_mut(who).volatile.tracked;
                for hash in hashes {
                    tracked.insert(hash, None);
                }
                return self.follow_tracked(who);
            }
            Want::Trace { nonce, .. } => {
                let Some(by) = self.chain.spender(self.host(who).account(), nonce) else { return };
                Fact::Spent { nonce, by }
            }
        };
        let wait = self.weather.delay(&mut self.rng);
        self.due(wait, who, What::Input(Input::Journal(fact)));
    }

    fn sign_transaction(
        &mut self,
        who: Who,
        version: usize,
        transaction: &Transaction,
    ) -> Option<(TxHash, Bytes)> {
        let envelope = TxEip1559 {
            chain_id: transaction.chain,
            nonce: transaction.nonce,
            gas_limit: transaction.gas_limit,
            max_fee_per_gas: transaction.fees.max.0,
            max_priority_fee_per_gas: transaction.fees.tip.0,
            to: TxKind::Call(transaction.call.to),
            value: U256::ZERO,
            access_list: AccessList::default(),
            input: transaction.call.data.clone(),
        };
        let digest = envelope.signature_hash();
        let name = format!("tx/{}/{}/{version}", transaction.chain, transaction.nonce);
        let request = SignRequest { slot: Slot::exclusive(name), payloads: vec![Payload::Typed { digest }] };
        let signatures = self.host_mut(who).keys.sign(&request).ok()?;
        let Some(Signed::Typed(bytes)) = signatures.into_iter().next() else { return None };
        let signature = Signature::from_bytes_and_parity(&bytes[..64], bytes[64] == 28);
        let signed = envelope.into_signed(signature);
        Some((TxHash::from(*signed.hash()), signed.encoded_2718().into()))
    }
}
