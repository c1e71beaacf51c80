// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Receipt, Verdict, Withdraw} from "./Deal.sol";
import {Approve, Mandate, Revoke} from "./Mandate.sol";
import {Agreement, Breach, Destroyed, Nda} from "./Nda.sol";

/// @title The EIP-712 struct hashes of everything that is signed
/// @notice A struct of static fields has the same words in calldata as in its EIP-712 encoding, so many hashes are one
/// copy and one keccak. That of a deal is in Packing. A field with dirty upper bits gives a digest that nobody signed, and reading it reverts.
library Hashes {
    bytes32 internal constant META = keccak256(
        "Meta(bytes32 agreement,bytes32 nda,bytes32 pact,bytes32 panelRequest,bytes32 vaults,address mandates,address reviewer,uint40 start,uint40 fundBy,uint16 kind,uint16 jurisdiction,uint64 beaconRound,uint8 attempt,uint256 salt)"
    );
    bytes32 internal constant DEAL = keccak256(
        "Deal(address buyer,address seller,address buyerPay,address sellerPay,uint256 amounts,uint256 amounts2,uint256 due,bytes32 panel,address jury,uint40 end,uint32 window,uint8 quorum,uint8 fallback,uint16 fallbackBps,uint64 juryFee,uint64 appealFee,uint64 sellerBond,uint8 flags,Meta meta)Meta(bytes32 agreement,bytes32 nda,bytes32 pact,bytes32 panelRequest,bytes32 vaults,address mandates,address reviewer,uint40 start,uint40 fundBy,uint16 kind,uint16 jurisdiction,uint64 beaconRound,uint8 attempt,uint256 salt)"
    );
    bytes32 internal constant FUND = keccak256("Fund(bytes32 deal)");
    bytes32 internal constant VOID = keccak256("Void(bytes32 deal)");
    bytes32 internal constant CANCEL = keccak256("Cancel(bytes32 deal,uint16 sellerBps,uint40 until)");
    bytes32 internal constant RELEASE = keccak256("Release(bytes32 deal,uint8 milestone,bytes32 evidence)");
    bytes32 internal constant RECEIPT = keccak256(
        "Receipt(bytes32 deal,uint8 milestone,uint8 attempt,bytes32 manifest,uint64 size,uint40 storedAt)"
    );
    bytes32 internal constant VERDICT = keccak256(
        "Verdict(bytes32 deal,uint8 milestone,uint8 round,uint8 attempt,uint16 sellerBps,bytes32 evidence,bytes32 votes)"
    );
    bytes32 internal constant CONSENT = keccak256("Consent(bytes32 verdict)");
    bytes32 internal constant APPEAL = keccak256("Appeal(bytes32 verdict,uint40 until)");
    bytes32 internal constant RATING = keccak256("Rating(bytes32 deal,int128 value,bytes32 feedbackHash)");
    bytes32 internal constant WITHDRAW =
        keccak256("Withdraw(address from,address to,uint256 nonce,uint40 until)");
    bytes32 internal constant MANDATE = keccak256(
        "Mandate(address agent,address principal,address spender,bytes32 card,uint256 agentId,uint64 humanAbove,uint64 perPeriod,uint32 period,uint32 scopes,uint40 validFrom,uint40 validUntil,bytes32 policy,uint16 serial)"
    );
    bytes32 internal constant REVOKE = keccak256("Revoke(address agent,address spender,uint16 serial)");
    bytes32 internal constant APPROVE = keccak256("Approve(bytes32 deal,uint40 until)");
    bytes32 internal constant NDA = keccak256(
        "Nda(address a,address b,bytes32 terms,uint64 scopes,uint40 from,uint40 until,uint40 destroyBy,uint40 anchorBy,uint16 jurisdiction,uint256 salt)"
    );
    bytes32 internal constant AGREEMENT = keccak256(
        "Agreement(address a,address b,bytes32 agreement,bytes32 nda,uint40 anchorBy,uint256 salt)"
    );
    bytes32 internal constant BREACH = keccak256("Breach(bytes32 nda,bytes32 evidence)");
    bytes32 internal constant DESTROYED = keccak256("Destroyed(bytes32 nda,bytes32 attestation)");

    /// @notice What `Deal.panel` and `Meta.vaults` hold: the addresses as 32-byte words, strictly ascending.
    function addresses(address[] memory list) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(list, 0x20), shl(5, mload(list)))
        }
    }

    function release(bytes32 id, uint256 milestone, bytes32 evidence) internal pure returns (bytes32) {
        return _words(RELEASE, id, bytes32(milestone), evidence);
    }

    function fund(bytes32 id) internal pure returns (bytes32) {
        return _words(FUND, id);
    }

    function voided(bytes32 id) internal pure returns (bytes32) {
        return _words(VOID, id);
    }

    function cancel(bytes32 id, uint256 sellerBps, uint256 until) internal pure returns (bytes32) {
        return _words(CANCEL, id, bytes32(sellerBps), bytes32(until));
    }

    function receipt(Receipt memory r) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT, r.deal, r.milestone, r.attempt, r.manifest, r.size, r.storedAt));
    }

    function verdict(Verdict calldata v) internal pure returns (bytes32) {
        uint256 from;
        assembly ("memory-safe") {
            from := v
        }
        return _static(VERDICT, from, 7);
    }

    function consent(bytes32 verdictDigest) internal pure returns (bytes32) {
        return _words(CONSENT, verdictDigest);
    }

    function appeal(bytes32 verdictDigest, uint40 until) internal pure returns (bytes32) {
        return keccak256(abi.encode(APPEAL, verdictDigest, until));
    }

    function rating(bytes32 id, int128 value, bytes32 feedbackHash) internal pure returns (bytes32) {
        return _words(RATING, id, bytes32(uint256(int256(value))), feedbackHash);
    }

    function withdrawal(Withdraw calldata w) internal pure returns (bytes32) {
        uint256 from;
        assembly ("memory-safe") {
            from := w
        }
        return _static(WITHDRAW, from, 4);
    }

    function mandate(Mandate calldata m) internal pure returns (bytes32) {
        uint256 from;
        assembly ("memory-safe") {
            from := m
        }
        return _static(MANDATE, from, 13);
    }

    function revoke(Revoke calldata r) internal pure returns (bytes32) {
        uint256 from;
        assembly ("memory-safe") {
            from := r
        }
        return _static(REVOKE, from, 3);
    }

    function approve(bytes32 id, uint40 until) internal pure returns (bytes32) {
        return keccak256(abi.encode(APPROVE, id, until));
    }

    function nda(Nda calldata n) internal pure returns (bytes32) {
        uint256 from;
        assembly ("memory-safe") {
            from := n
        }
        return _static(NDA, from, 10);
    }

    function agreement(Agreement calldata a) internal pure returns (bytes32) {
        uint256 from;
        assembly ("memory-safe") {
            from := a
        }
        return _static(AGREEMENT, from, 6);
    }

    function breach(Breach calldata b) internal pure returns (bytes32) {
        return keccak256(abi.encode(BREACH, b.nda, b.evidence));
    }

    function destroyed(Destroyed calldata d) internal pure returns (bytes32) {
        return keccak256(abi.encode(DESTROYED, d.nda, d.attestation));
    }

    function _words(bytes32 typeHash, bytes32 a) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, typeHash)
            mstore(0x20, a)
            hash := keccak256(0x00, 0x40)
        }
    }

    function _words(bytes32 typeHash, bytes32 a, bytes32 b, bytes32 c) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 0x20), a)
            mstore(add(m, 0x40), b)
            mstore(add(m, 0x60), c)
            hash := keccak256(m, 0x80)
        }
    }

    /// @dev Hashes a type hash and `words` words of calldata from `from` on.
    function _static(bytes32 typeHash, uint256 from, uint256 words) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let size := shl(5, words)
            mstore(buffer, typeHash)
            calldatacopy(add(buffer, 0x20), from, size)
            hash := keccak256(buffer, add(size, 0x20))
        }
    }
}
