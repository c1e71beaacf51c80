// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "./Test.sol";

contract TestBaseTest is Test {
    function check(uint256 left, uint256 right) external pure {
        assertEq(left, right, "a promise");
    }

    function test_a_failed_assertion_says_both_values() external {
        vm.expectRevert(abi.encodeWithSelector(DiffersUint.selector, "a promise", 1, 2));
        this.check(1, 2);
    }

    function test_both_forms_of_a_signature_name_the_same_signer() external {
        Account memory alice = account("alice");
        bytes32 digest = keccak256("digest");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(alice.key, digest);
        assertEq(ecrecover(digest, v, r, s), alice.addr, "signer");
        assertEq(sign(alice, digest), abi.encodePacked(r, s, v), "long form");
        bytes32 vs = bytes32(uint256(s) | uint256(v - 27) << 255);
        assertEq(signCompact(alice, digest), abi.encodePacked(r, vs), "compact form");
    }

    function test_a_malleated_signature_recovers_the_same_signer() external {
        Account memory alice = account("alice");
        bytes32 digest = keccak256("digest");
        bytes memory other = malleated(sign(alice, digest));
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(other, 0x20))
            s := mload(add(other, 0x40))
            v := byte(0, mload(add(other, 0x60)))
        }
        assertEq(ecrecover(digest, v, r, s), alice.addr, "signer");
    }

    function test_bound_stays_in_its_range(uint256 seed, uint128 low, uint128 width) external pure {
        uint256 value = bound(seed, low, uint256(low) + width);
        assertGe(value, low, "lower end");
        assertLe(value, uint256(low) + width, "upper end");
    }
}
