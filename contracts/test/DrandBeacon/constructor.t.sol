// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../src/DrandBeacon.sol";
import {Quicknet} from "./Quicknet.sol";

contract ConstructorTest is Quicknet {
    function test_the_beacon_is_the_one_it_was_made_for() external view {
        assertEq(beacon.publicKey(), KEY, "key");
        assertEq(beacon.genesis(), GENESIS, "genesis");
        assertEq(beacon.period(), PERIOD, "period");
    }

    function test_a_key_of_another_length_is_refused() external {
        bytes memory compressed = new bytes(96);
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.PublicKeyLength.selector, 96, 192));
        created("DrandBeacon.sol:DrandBeacon", abi.encode(compressed, GENESIS, PERIOD));
    }

    function test_a_key_off_the_curve_is_refused() external {
        bytes memory key = KEY;
        key[191] ^= 0x01;
        vm.expectRevert(DrandBeacon.PublicKeyInvalid.selector);
        created("DrandBeacon.sol:DrandBeacon", abi.encode(key, GENESIS, PERIOD));
    }

    function test_a_key_outside_the_subgroup_is_refused() external {
        bytes memory key = hex"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            hex"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002"
            hex"172e93db764a8400a7d5071b6b6f5de0da2f0f4a063119abca014006b7c40a2cfe291a1924e65db0d6d0fcfbf3bf3d5c"
            hex"18c6b864ae17dc9da64203ffefb966306425a7bc6aeb7c75247438372716284a4173830420cd476ba1a365b95bfcec38";
        vm.expectRevert(DrandBeacon.PublicKeyInvalid.selector);
        created("DrandBeacon.sol:DrandBeacon", abi.encode(key, GENESIS, PERIOD));
    }

    function test_the_point_at_infinity_is_no_key() external {
        vm.expectRevert(DrandBeacon.PublicKeyInvalid.selector);
        created("DrandBeacon.sol:DrandBeacon", abi.encode(new bytes(192), GENESIS, PERIOD));
    }

    function test_a_beacon_without_a_period_is_refused() external {
        vm.expectRevert(DrandBeacon.PeriodZero.selector);
        created("DrandBeacon.sol:DrandBeacon", abi.encode(KEY, GENESIS, 0));
    }
}
