//! How this node keeps sealed papers for others: stored under their hash, receipted with a signature.

use super::Node;
use crate::{
    canonical,
    document::Role,
    effect::Effect,
    ids::{BlobId, PeerKey},
    job::{Payload, Signing, Slot},
    misconduct::Misconduct,
    record::Record,
    typed::{EthSignature, Typed},
    wire::{Direct, Receipt, VaultPut},
};

/// The header of a blob is at most this many bytes.
const HEADER_MAX: usize = 4 * 1024;

impl Node {
    pub(super) fn on_blob_offered(
        &mut self,
        token: u64,
        from: PeerKey,
        header: &[u8],
        blob: BlobId,
        size: u64,
    ) {
        let put = canonical::from_untrusted::<VaultPut>(header, HEADER_MAX);
        let good = self.me.card.document.roles.contains(&Role::Vault) && put.is_ok();
        self.effects.push(Effect::AnswerBlob { token, good });
        match put {
            Ok(put) if good => self.keep(from, put, blob, size),
            Ok(_) => {}
            Err(error) => self.misbehaved(from, Misconduct::unreadable(&error, "blob header")),
        }
    }

    /// Signs a receipt for what is stored already; the same blob gets the same receipt again.
    fn keep(&mut self, from: PeerKey, put: VaultPut, blob: BlobId, size: u64) {
        if let Some(receipt) = self.kept.get(&blob).filter(|held| held.put == put) {
            let receipt = Box::new(receipt.clone());
            return self.post(from, None, Direct::Receipt(receipt));
        }
        let receipt = Receipt {
            put,
            blob,
            size,
            stored_at: self.now.secs(),
            vault: self.me.settlement(),
            signature: None,
        };
        let digest = super::deliver::typed_receipt(&receipt).digest(&self.network.deployment.contracts).0;
        let slot = Slot::open(format!("receipt/{blob}"));
        self.sign(None, slot, vec![Payload::Typed { digest }], Signing::Receipt(Box::new(receipt), from));
    }

    pub(super) fn on_receipt_signed(&mut self, mut receipt: Receipt, to: PeerKey, signature: EthSignature) {
        receipt.signature = Some(signature);
        self.record(Record::Kept { receipt: receipt.clone(), from: to });
        self.post(to, None, Direct::Receipt(Box::new(receipt)));
    }

    /// Whether a vault's blob may be handed out: it is ciphertext, so to whoever knows its hash.
    #[must_use]
    pub fn keeps(&self, blob: BlobId) -> bool {
        self.kept.contains_key(&blob) || self.deals.values().any(|deal| deal.holds(blob))
    }
}
