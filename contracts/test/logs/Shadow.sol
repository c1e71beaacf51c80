// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";
import {Vm} from "../base/Vm.sol";

/// @notice A copy of contracts' storage, word for word, that is written from their logs alone.
/// @dev What is at a slot of a Solidity mapping or array is computed here from the layout, so a word that a contract keeps
/// and that no log tells of is found as a difference.
abstract contract Shadow is Test {
    mapping(address at_ => mapping(bytes32 slot => uint256)) private words;
    mapping(address at_ => mapping(bytes32 slot => bool)) private listed;
    mapping(address at_ => bytes32[]) private slots;

    uint256 internal time; // of the block that the logs being read are in

    function get(address at_, bytes32 slot) internal view returns (uint256) {
        return words[at_][slot];
    }

    function put(address at_, bytes32 slot, uint256 value) internal {
        if (!listed[at_][slot]) {
            listed[at_][slot] = true;
            slots[at_].push(slot);
        }
        words[at_][slot] = value;
    }

    /// @notice Where a mapping at `base` keeps what is under `key`.
    function under(bytes32 key, bytes32 base) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, base));
    }

    function under(address key, uint256 base) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, base));
    }

    function field(uint256 word, uint256 shift, uint256 bits) internal pure returns (uint256) {
        return word >> shift & (uint256(1) << bits) - 1;
    }

    function with(uint256 word, uint256 shift, uint256 bits, uint256 value) internal pure returns (uint256) {
        uint256 mask = (uint256(1) << bits) - 1;
        assertLe(value, mask, "a value that fits its field");
        return word & ~(mask << shift) | value << shift;
    }

    function topicAddress(Vm.Log memory l, uint256 i) internal pure returns (address) {
        return address(uint160(uint256(l.topics[i])));
    }

    /// @notice Every word that the logs speak of is what the contract keeps, and every word that the contract has ever
    /// written is one that the logs speak of.
    function assertRebuilt(address at_, string memory name) internal {
        bytes32[] memory mine = slots[at_];
        assertTrue(mine.length != 0, string.concat(name, " was in the scene"));
        for (uint256 i = 0; i < mine.length; ++i) {
            assertEq(vm.load(at_, mine[i]), bytes32(words[at_][mine[i]]), string.concat(name, "'s word"));
        }
        (, bytes32[] memory written) = vm.accesses(at_);
        assertTrue(written.length != 0, string.concat(name, "'s writes were watched"));
        for (uint256 i = 0; i < written.length; ++i) {
            bool told = listed[at_][written[i]] || vm.load(at_, written[i]) == 0;
            assertTrue(told, string.concat(name, " keeps a word of which no log tells"));
        }
    }
}
