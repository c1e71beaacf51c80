// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../src/DrandBeacon.sol";
import {IDrandBeacon} from "../../src/IDrandBeacon.sol";
import {Quicknet} from "./Quicknet.sol";

contract ProveTest is Quicknet {
    /// @dev Of G2: the public key of the secret key 1, whose signature of a message is the message's hash.
    bytes private constant GENERATOR = hex"13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be"
        hex"0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801";

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

    function test_a_signature_is_of_every_bit_of_the_round(uint64 round, uint256 seed) external {
        beacon = DrandBeacon(created("DrandBeacon.sol:DrandBeacon", abi.encode(GENERATOR, GENESIS, PERIOD)));
        bytes memory signature = hashed(round);
        uint64 other = round ^ uint64(1 << bound(seed, 0, 63));
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, other));
        beacon.prove(other, signature);
        assertEq(beacon.prove(round, signature), beacon.randomness(round), "randomness kept");
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

    /// @dev A call to an account without code succeeds and answers nothing, which is no answer.
    function test_a_chain_without_a_precompile_proves_nothing() external {
        uint8[4] memory precompiles = [0x02, 0x05, 0x0b, 0x10];
        for (uint256 i = 0; i < precompiles.length; ++i) {
            vm.mockCall(address(uint160(precompiles[i])), "", "");
            vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x01));
            beacon.prove(ROUND_123, SIGNATURE_123);
            vm.clearMockedCalls();
        }
        vm.mockCall(address(0x0f), "", "");
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.SignatureInvalid.selector, ROUND_123));
        beacon.prove(ROUND_123, SIGNATURE_123);
    }

    /// @dev Running dry inside a precompile must not look like a wrong signature that leaves a trace.
    function test_too_little_gas_proves_nothing(uint256 seed) external {
        uint256 gasLimit = bound(seed, 10_000, 140_000);
        (bool proven,) =
            address(beacon).call{gas: gasLimit}(abi.encodeCall(beacon.prove, (ROUND_123, SIGNATURE_123)));
        assertFalse(proven, "proven");
        assertEq(beacon.randomness(ROUND_123), bytes32(0), "randomness");
    }

    /// @dev RFC 9380 word for word: the round's message on G1, `x ‖ y` in 96 bytes.
    function hashed(uint64 round) private view returns (bytes memory) {
        bytes memory dst = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_\x2b";
        bytes32 message = sha256(abi.encodePacked(round));
        bytes32 b0 = sha256(bytes.concat(new bytes(64), message, hex"008000", dst));
        bytes32 b1 = sha256(bytes.concat(b0, hex"01", dst));
        bytes32 b2 = sha256(bytes.concat(b0 ^ b1, hex"02", dst));
        bytes32 b3 = sha256(bytes.concat(b0 ^ b2, hex"03", dst));
        bytes32 b4 = sha256(bytes.concat(b0 ^ b3, hex"04", dst));
        bytes memory sum = answer(address(0x0b), bytes.concat(mapped(b1, b2), mapped(b3, b4)));
        (uint128 xHigh, uint256 xLow, uint128 yHigh, uint256 yLow) =
            abi.decode(sum, (uint128, uint256, uint128, uint256));
        return abi.encodePacked(xHigh, xLow, yHigh, yLow);
    }

    /// @dev The two blocks modulo the order of the field, and its point on G1.
    function mapped(bytes32 high, bytes32 low) private view returns (bytes memory) {
        bytes memory order =
            hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
        bytes memory power = bytes.concat(abi.encode(64, 1, 48), high, low, hex"01", order);
        return answer(address(0x10), bytes.concat(bytes16(0), answer(address(0x05), power)));
    }

    function answer(address precompile, bytes memory input) private view returns (bytes memory output) {
        bool succeeded;
        (succeeded, output) = precompile.staticcall(input);
        assertTrue(succeeded, "precompile");
    }
}
