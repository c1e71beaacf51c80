//! The EIP-1559 envelope: what is signed, and what is sent once it is.
//!
//! Signing happens elsewhere: [`unsigned`] gives the 32 bytes to sign, [`assemble`] takes the 65
//! that came back. Bytes by another key than the account's are refused here, since a chain would
//! take them for the transaction of whoever signed.
//!
//! Deliberately absent: value transfers, access lists, contract creation, and keys.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, Signature, TxKind, U256},
};
use nuncio_protocol::{
    ids::TxHash,
    journal::Transaction,
    typed::{self, EthSignature, SignatureError},
};

/// Why a signature makes no transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes are nobody's signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Another key signed.
    #[error("signed by {actual} instead of {expected}")]
    WrongSigner { expected: Address, actual: Address },
}

/// The digest that the account's key signs.
#[must_use]
pub fn unsigned(transaction: &Transaction) -> B256 {
    envelope(transaction).signature_hash()
}

/// The transaction's hash and the bytes to hand over.
///
/// # Errors
/// [`EnvelopeError`] where the signature is not `account`'s for this transaction.
pub fn assemble(
    transaction: &Transaction,
    account: Address,
    signature: &EthSignature,
) -> Result<(TxHash, Bytes), EnvelopeError> {
    let envelope = envelope(transaction);
    let signer = typed::recover(envelope.signature_hash(), signature)?;
    if signer != account {
        return Err(EnvelopeError::WrongSigner { expected: account, actual: signer });
    }
    let signature = Signature::from_bytes_and_parity(&signature.0[..64], signature.0[64] == 28);
    let signed = envelope.into_signed(signature);
    Ok((TxHash::from(*signed.hash()), signed.encoded_2718().into()))
}

fn envelope(transaction: &Transaction) -> TxEip1559 {
    TxEip1559 {
        chain_id: transaction.chain,
        nonce: transaction.nonce,
        gas_limit: transaction.gas_limit,
        max_fee_per_gas: transaction.fees.max.0,
        max_priority_fee_per_gas: transaction.fees.tip.0,
        to: TxKind::Call(transaction.call.to),
        value: U256::ZERO,
        access_list: alloy::eips::eip2930::AccessList::default(),
        input: transaction.call.data.clone(),
    }
}

#[cfg(test)]
mod tests {
    use alloy::{
        consensus::TxEnvelope,
        eips::Decodable2718,
        signers::{SignerSync, local::PrivateKeySigner},
    };
    use nuncio_protocol::journal::{
        Call,
        fees::{Fees, Wei},
    };

    use super::*;

    fn transaction() -> Transaction {
        let call = Call { to: Address::repeat_byte(7), data: Bytes::from_static(b"data") };
        let fees = Fees { max: Wei(3_000_000_000), tip: Wei(1) };
        Transaction { chain: 31337, nonce: 4, gas_limit: 50_000, fees, call }
    }

    #[test]
    fn what_is_assembled_reads_back_as_the_account_s_transaction() {
        let key = PrivateKeySigner::random();
        let signature = EthSignature(key.sign_hash_sync(&unsigned(&transaction())).unwrap().as_bytes());
        let (hash, raw) = assemble(&transaction(), key.address(), &signature).unwrap();
        let read = TxEnvelope::decode_2718(&mut raw.as_ref()).unwrap();
        assert_eq!(read.tx_hash(), &hash.word());
        assert_eq!(alloy::primitives::keccak256(&raw), hash.word());
        let signer = read.signature().recover_address_from_prehash(&unsigned(&transaction()));
        assert_eq!(signer.unwrap(), key.address());
        assert_eq!(read.as_eip1559().unwrap().tx(), &envelope(&transaction()));
    }

    #[test]
    fn a_signature_by_another_key_or_for_another_transaction_is_refused() {
        let (key, other) = (PrivateKeySigner::random(), PrivateKeySigner::random());
        let digest = unsigned(&transaction());
        let foreign = EthSignature(other.sign_hash_sync(&digest).unwrap().as_bytes());
        let refused = assemble(&transaction(), key.address(), &foreign);
        let expected = EnvelopeError::WrongSigner { expected: key.address(), actual: other.address() };
        assert_eq!(refused, Err(expected));
        let own = EthSignature(key.sign_hash_sync(&digest).unwrap().as_bytes());
        let changed = Transaction { nonce: 5, ..transaction() };
        assert!(assemble(&changed, key.address(), &own).is_err());
    }
}
