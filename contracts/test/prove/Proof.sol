// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Core} from "../../src/types/Packing.sol";

/// @notice The cheatcodes that the proofs use, which halmos answers as forge does.
interface Symbolic {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
    function store(address account, bytes32 place, bytes32 value) external;
    function prank(address sender) external;
    function getCode(string calldata artifact) external view returns (bytes memory);
}

/// @notice What every proof stands on. A function that begins with `check_` is run once, with all values of its arguments at
/// the same time; it is proven when no values make one of its assertions fail. A path that reverts proves nothing and breaks
/// nothing, so each proof first lets the call fail and only then says what follows from its having succeeded; and for each
/// kind of call there is one that must succeed.
/// @dev Contracts are deployed from the release's artefacts: what is proven is proven of the bytecode that is deployed. A
/// hash is taken to differ where what was hashed differs, and who signed to be any function of digest and signature.
abstract contract Proof {
    Symbolic internal constant vm = Symbolic(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 private constant HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    function deployed(string memory name, bytes memory arguments) internal returns (address here) {
        bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            here := create(0, add(code, 0x20), mload(code))
        }
        assert(here != address(0));
    }

    function digestIn(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice 64 bytes as in EIP-2098.
    function signature(bytes32 r, bytes32 vs) internal pure returns (bytes memory) {
        return abi.encodePacked(r, vs);
    }

    /// @notice Whether these 64 bytes are the account's signature, said once more and independently.
    function signedBy(address who, bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (bool) {
        bytes32 s = bytes32(uint256(vs) & ~(uint256(1) << 255));
        if (uint256(s) > HALF_N) return false;
        return ecrecover(digest, uint8(27 + (uint256(vs) >> 255)), r, s) == who;
    }

    function field(uint256 word, uint256 from, uint256 bits) internal pure returns (uint256) {
        return word >> from & ((uint256(1) << bits) - 1);
    }

    /// @notice The last word of the terms, which is hashed and which no contract reads by itself.
    function metaIn(Core c) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := mload(add(c, 0x240))
        }
    }
}
