// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../src/DrandBeacon.sol";
import {Quicknet} from "./Quicknet.sol";

contract RoundAtTest is Quicknet {
    function test_there_is_no_round_before_the_first(uint256 seed) external view {
        assertEq(beacon.roundAt(bound(seed, 0, GENESIS - 1)), 0, "round");
    }

    function test_a_round_lasts_from_its_time_to_the_next() external view {
        assertEq(beacon.roundAt(GENESIS), 1, "at genesis");
        assertEq(beacon.roundAt(GENESIS + PERIOD - 1), 1, "just before the second");
        assertEq(beacon.roundAt(GENESIS + PERIOD), 2, "at the second");
        assertEq(beacon.roundAt(1_692_806_364), ROUND_1000, "at round 1000");
    }

    function test_every_round_is_the_last_one_published_at_its_time(uint64 seed) external view {
        uint256 round = bound(seed, 1, type(uint64).max);
        uint256 time = GENESIS + (round - 1) * PERIOD;
        assertEq(beacon.roundAt(time), round, "at its time");
        assertEq(beacon.roundAt(time - 1), round - 1, "one second before");
    }

    function test_a_time_beyond_all_rounds_is_refused_not_wrapped() external {
        uint256 time = GENESIS + uint256(type(uint64).max) * PERIOD;
        vm.expectRevert(
            abi.encodeWithSelector(
                DrandBeacon.RoundTooLarge.selector, uint256(type(uint64).max) + 1, type(uint64).max
            )
        );
        beacon.roundAt(time);
    }

    function test_a_second_before_the_first_there_is_none_and_the_last_is_the_last() external view {
        assertEq(beacon.roundAt(0), 0, "when time began");
        assertEq(beacon.roundAt(GENESIS - 1), 0, "a second before");
        uint256 last = GENESIS + (uint256(type(uint64).max) - 1) * PERIOD;
        assertEq(beacon.roundAt(last), type(uint64).max, "the last round");
        assertEq(beacon.roundAt(last + PERIOD - 1), type(uint64).max, "to its last second");
    }
}
