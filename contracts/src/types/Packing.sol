// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "./Hashes.sol";
import {Terms} from "./Terms.sol";

/// The terms of a deal as the contracts work with them: a place in memory that holds word for word the EIP-712 type `Deal`,
/// the last word being the hash of its `Meta`. A value of its own and no struct, because Solidity would fill a struct with
/// zeros each time a function returns one.
type Core is uint256;

using Cores for Core global;
using Terms for Core global;

/// @title How terms travel in calldata and in the opening's event
/// @notice Both sides sign `Deal` with one word per field; calls carry the same values packed, since half of those words
/// are zeros. Nine words are the deal's own fields:
///
/// | word | from the lowest bit up |
/// |--:|---|
/// | 0 | buyer 160, end 40, window 32, quorum 8, fallback 8, flags 8 |
/// | 1 | seller 160, juryFee 64, fallbackBps 16 |
/// | 2 | buyerPay 160, appealFee 64 |
/// | 3 | sellerPay 160, sellerBond 64 |
/// | 4 | jury 160 |
/// | 5-8 | amounts, amounts2, due, panel |
///
/// and eight are `Meta`:
///
/// | word | |
/// |--:|---|
/// | 0-4 | agreement, nda, pact, panelRequest, vaults |
/// | 5 | mandates 160, start 40, fundBy 40, kind 16 |
/// | 6 | reviewer 160, jurisdiction 16, beaconRound 64, attempt 8 |
/// | 7 | salt |
///
/// A call that needs nothing of `Meta` brings ten words, the last of which is its struct hash; one that does brings all
/// seventeen. Either way the id is computed from what came, so a call with other terms speaks of a deal that does not
/// exist. Bits that belong to no field are not read.
library Packing {
    uint256 private constant CORE_WORDS = 9;

    /// @return core the deal's own fields. @return hash the struct hash of the whole deal.
    function brief(uint256[10] calldata terms) internal pure returns (Core core, bytes32 hash) {
        uint256 from;
        assembly ("memory-safe") {
            from := terms
        }
        return _core(from, bytes32(terms[CORE_WORDS]));
    }

    /// @notice The same from the whole terms.
    function whole(uint256[17] calldata terms) internal pure returns (Core core, bytes32 hash) {
        uint256 from;
        assembly ("memory-safe") {
            from := terms
        }
        unchecked {
            return _core(from, meta(from + CORE_WORDS * 32));
        }
    }

    function mandates(uint256[17] calldata terms) internal pure returns (address) {
        return address(uint160(terms[14]));
    }

    function start(uint256[17] calldata terms) internal pure returns (uint256) {
        return startIn(terms[14]);
    }

    function fundBy(uint256[17] calldata terms) internal pure returns (uint256) {
        return terms[14] >> 200 & type(uint40).max;
    }

    function vaults(uint256[17] calldata terms) internal pure returns (bytes32) {
        return bytes32(terms[13]);
    }

    /// @notice `Meta.start`, from word 5 of a packed Meta.
    function startIn(uint256 word) internal pure returns (uint256) {
        return word >> 160 & type(uint40).max;
    }

    /// @notice The struct hash of the packed Meta that lies at `from` in calldata.
    function meta(uint256 from) internal pure returns (bytes32 hash) {
        bytes32 typeHash = Hashes.META;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let account := 0xffffffffffffffffffffffffffffffffffffffff
            mstore(m, typeHash)
            calldatacopy(add(m, 0x20), from, 0xa0) // agreement, nda, pact, panelRequest, vaults
            let w := calldataload(add(from, 0xa0))
            mstore(add(m, 0xc0), and(w, account)) // mandates
            mstore(add(m, 0x100), and(shr(160, w), 0xffffffffff)) // start
            mstore(add(m, 0x120), and(shr(200, w), 0xffffffffff)) // fundBy
            mstore(add(m, 0x140), shr(240, w)) // kind
            w := calldataload(add(from, 0xc0))
            mstore(add(m, 0xe0), and(w, account)) // reviewer
            mstore(add(m, 0x160), and(shr(160, w), 0xffff)) // jurisdiction
            mstore(add(m, 0x180), and(shr(176, w), 0xffffffffffffffff)) // beaconRound
            mstore(add(m, 0x1a0), and(shr(240, w), 0xff)) // attempt
            mstore(add(m, 0x1c0), calldataload(add(from, 0xe0))) // salt
            hash := keccak256(m, 0x1e0)
        }
    }

    function _core(uint256 from, bytes32 metaHash) private pure returns (Core core, bytes32 hash) {
        bytes32 typeHash = Hashes.DEAL;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(0x40, add(m, 0x280))
            let account := 0xffffffffffffffffffffffffffffffffffffffff
            let amount := 0xffffffffffffffff
            mstore(m, typeHash)
            core := add(m, 0x20)
            let w := calldataload(from)
            mstore(core, and(w, account)) // buyer
            mstore(add(core, 0x120), and(shr(160, w), 0xffffffffff)) // end
            mstore(add(core, 0x140), and(shr(200, w), 0xffffffff)) // window
            mstore(add(core, 0x160), and(shr(232, w), 0xff)) // quorum
            mstore(add(core, 0x180), and(shr(240, w), 0xff)) // fallback
            mstore(add(core, 0x220), shr(248, w)) // flags
            w := calldataload(add(from, 0x20))
            mstore(add(core, 0x20), and(w, account)) // seller
            mstore(add(core, 0x1a0), and(shr(224, w), 0xffff)) // fallbackBps
            mstore(add(core, 0x1c0), and(shr(160, w), amount)) // juryFee
            w := calldataload(add(from, 0x40))
            mstore(add(core, 0x40), and(w, account)) // buyerPay
            mstore(add(core, 0x1e0), and(shr(160, w), amount)) // appealFee
            w := calldataload(add(from, 0x60))
            mstore(add(core, 0x60), and(w, account)) // sellerPay
            mstore(add(core, 0x200), and(shr(160, w), amount)) // sellerBond
            mstore(add(core, 0x100), and(calldataload(add(from, 0x80)), account)) // jury
            calldatacopy(add(core, 0x80), add(from, 0xa0), 0x80) // amounts, amounts2, due, panel
            mstore(add(core, 0x240), metaHash)
            hash := keccak256(m, 0x280)
        }
    }
}

/// @title The fields of a Core
/// @notice What they mean is said at `Deal`.
library Cores {
    function buyer(Core core) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := mload(core)
        }
    }

    function seller(Core core) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x20))
        }
    }

    function buyerPay(Core core) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x40))
        }
    }

    function sellerPay(Core core) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x60))
        }
    }

    function amounts(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x80))
        }
    }

    function amounts2(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0xa0))
        }
    }

    function due(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0xc0))
        }
    }

    function panel(Core core) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0xe0))
        }
    }

    function jury(Core core) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x100))
        }
    }

    function end(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x120))
        }
    }

    function window(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x140))
        }
    }

    function quorum(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x160))
        }
    }

    function fallback_(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x180))
        }
    }

    function fallbackBps(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x1a0))
        }
    }

    function juryFee(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x1c0))
        }
    }

    function appealFee(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x1e0))
        }
    }

    function sellerBond(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x200))
        }
    }

    function flags(Core core) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(core, 0x220))
        }
    }
}
