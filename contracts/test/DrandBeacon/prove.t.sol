// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../src/DrandBeacon.sol";
import {IDrandBeacon} from "../../src/IDrandBeacon.sol";
import {Quicknet} from "./Quicknet.sol";

contract ProveTest is Quicknet {
    function check(uint64 round, bytes memory signature, bytes32 expected) private {
        assertEq(beacon.randomness(round), bytes32(0), "randomness before");
        vm.expectEmit(address(beacon));
        emit IDrandBeacon.Proven(round, expected);
        assertEq(beacon.prove(round, signature), expected, "randomness returned");
        assertEq(beacon.randomness(round), expected, "randomness kept");
    }

    function test_published_rounds_give_the_published_randomness() external {
        check(ROUND_123, SIGNATURE_123, RANDOMNESS_123);
        check(ROUND_1000, SIGNATURE_1000, RANDOMNESS_1000);
        check(ROUND_1006, SIGNATURE_1006, RANDOMNESS_1006);
    }

    function test_anybody_may_prove() external {
        vm.prank(account("stranger").addr);
        assertEq(beacon.prove(ROUND_123, SIGNATURE_123), RANDOMNESS_123, "randomness");
    }

    function test_proving_twice_succeeds_cheaply_and_says_nothing_new() external {
        beacon.prove(ROUND_123, SIGNATURE_123);
        vm.recordLogs();
        assertEq(beacon.prove(ROUND_123, hex""), RANDOMNESS_123, "randomness");
        (, uint64 total,,,) = vm.lastCallGas();
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertLe(total, 30_000, "gas of a repetition");
    }

    function test_a_signature_of_another_round_is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, ROUND_1000));
        beacon.prove(ROUND_1000, SIGNATURE_123);
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, 0));
        beacon.prove(0, SIGNATURE_123);
    }

    function test_a_compressed_signature_is_refused_by_name() external {
        vm.expectRevert(DrandBeacon.CompressedSignature.selector);
        beacon.prove(ROUND_123, COMPRESSED_123);
    }

    function test_any_other_length_is_refused(uint256 seed) external {
        uint256 length = bound(seed, 0, 300);
        vm.assume(length != 48 && length != 96);
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureLength.selector, length, 96));
        beacon.prove(ROUND_123, new bytes(length));
    }

    function test_any_changed_bit_is_refused(uint256 seed) external {
        uint256 bit = bound(seed, 0, 96 * 8 - 1);
        bytes memory signature = SIGNATURE_123;
        signature[bit / 8] ^= bytes1(uint8(1) << uint8(bit % 8));
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, ROUND_123));
        beacon.prove(ROUND_123, signature);
    }

    function test_the_negated_signature_is_refused() external {
        // p - y of round 123: on the curve, in the subgroup, and the other point with this x.
        bytes memory signature = hex"175c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92"
            hex"0ac87d116cab2b3b6edbdda723e3b67f0edbc4e192a81196a37a868ee29d8368fc8490f4b0e1f4aea7a4666948dcf86c";
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, ROUND_123));
        beacon.prove(ROUND_123, signature);
    }

    function test_the_point_at_infinity_is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, ROUND_123));
        beacon.prove(ROUND_123, new bytes(96));
    }

    function test_a_point_outside_the_subgroup_is_refused() external {
        bytes memory point = hex"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004"
            hex"0a989badd40d6212b33cffc3f3763e9bc760f988c9926b26da9dd85e928483446346b8ed00e1de5d5ea93e354abe706c";
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, ROUND_123));
        beacon.prove(ROUND_123, point);
    }

    /// @dev Running dry inside a precompile must not look like a wrong signature that leaves a trace.
    function test_too_little_gas_proves_nothing(uint256 seed) external {
        uint256 gasLimit = bound(seed, 10_000, 140_000);
        (bool proven,) =
            address(beacon).call{gas: gasLimit}(abi.encodeCall(beacon.prove, (ROUND_123, SIGNATURE_123)));
        assertFalse(proven, "proven");
        assertEq(beacon.randomness(ROUND_123), bytes32(0), "randomness");
    }
}
