// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "./Hashes.sol";

/// A principal's authority to one agent before one spender contract. Field order is the EIP-712 type `Mandate`.
struct Mandate {
    address agent;
    address principal;
    address spender; // the contract in which the agent may bind the principal, a DealEscrow
    bytes32 card; // id of the agent card that the principal has seen
    uint256 agentId; // ERC-8004 id, 0 for none
    uint64 humanAbove; // micro-USDC; a single spend above it needs the principal's Approve
    uint64 perPeriod; // micro-USDC
    uint32 period; // seconds
    uint32 scopes; // SCOPE_BUY, SCOPE_SELL; further bits are for policies outside the chain
    uint40 validFrom;
    uint40 validUntil; // first second at which the mandate no longer holds
    bytes32 policy;
    uint16 serial; // must grow with every grant to the same agent and spender
}

// The agent may commit the principal's credit as a buyer.
uint32 constant SCOPE_BUY = 1;
// The agent may sell for the principal, and put down bonds and appeal deposits from its credit.
uint32 constant SCOPE_SELL = 2;

struct Revoke {
    address agent;
    address spender;
    uint16 serial; // every serial up to and including this one is burnt
}

struct Approve {
    bytes32 deal;
    uint40 until;
}

/// @title How a mandate travels in the call that grants it and in the event
/// @notice Both sign `Mandate` with one word per field; the call and the event have the same values in six words, since most
/// of those thirteen are zeros:
///
/// | word | from the lowest bit up |
/// |--:|---|
/// | 0 | agent 160, validFrom 40, validUntil 40, serial 16 |
/// | 1 | principal 160, humanAbove 64, period 32 |
/// | 2 | spender 160, perPeriod 64, scopes 32 |
/// | 3-5 | card, agentId, policy |
library MandateWords {
    function agent(uint256[6] calldata words) internal pure returns (address) {
        return address(uint160(words[0]));
    }

    function validFrom(uint256[6] calldata words) internal pure returns (uint40) {
        return uint40(words[0] >> 160);
    }

    function validUntil(uint256[6] calldata words) internal pure returns (uint40) {
        return uint40(words[0] >> 200);
    }

    function serial(uint256[6] calldata words) internal pure returns (uint16) {
        return uint16(words[0] >> 240);
    }

    function principal(uint256[6] calldata words) internal pure returns (address) {
        return address(uint160(words[1]));
    }

    function humanAbove(uint256[6] calldata words) internal pure returns (uint64) {
        return uint64(words[1] >> 160);
    }

    function period(uint256[6] calldata words) internal pure returns (uint32) {
        return uint32(words[1] >> 224);
    }

    function spender(uint256[6] calldata words) internal pure returns (address) {
        return address(uint160(words[2]));
    }

    function perPeriod(uint256[6] calldata words) internal pure returns (uint64) {
        return uint64(words[2] >> 160);
    }

    function scopes(uint256[6] calldata words) internal pure returns (uint32) {
        return uint32(words[2] >> 224);
    }

    /// @notice The struct hash of the EIP-712 type `Mandate`.
    function structHash(uint256[6] calldata words) internal pure returns (bytes32 hash) {
        bytes32 typeHash = Hashes.MANDATE;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            let account := 0xffffffffffffffffffffffffffffffffffffffff
            let w := calldataload(words)
            mstore(add(m, 0x20), and(w, account)) // agent
            mstore(add(m, 0x140), and(shr(160, w), 0xffffffffff)) // validFrom
            mstore(add(m, 0x160), and(shr(200, w), 0xffffffffff)) // validUntil
            mstore(add(m, 0x1a0), shr(240, w)) // serial
            w := calldataload(add(words, 0x20))
            mstore(add(m, 0x40), and(w, account)) // principal
            mstore(add(m, 0xc0), and(shr(160, w), 0xffffffffffffffff)) // humanAbove
            mstore(add(m, 0x100), shr(224, w)) // period
            w := calldataload(add(words, 0x40))
            mstore(add(m, 0x60), and(w, account)) // spender
            mstore(add(m, 0xe0), and(shr(160, w), 0xffffffffffffffff)) // perPeriod
            mstore(add(m, 0x120), shr(224, w)) // scopes
            calldatacopy(add(m, 0x80), add(words, 0x60), 0x40) // card, agentId
            mstore(add(m, 0x180), calldataload(add(words, 0xa0))) // policy
            hash := keccak256(m, 0x1c0)
        }
    }
}
