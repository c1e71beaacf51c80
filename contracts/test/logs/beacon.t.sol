// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDrandBeacon} from "../../src/IDrandBeacon.sol";
import {Quicknet} from "../DrandBeacon/Quicknet.sol";
import {Vm} from "../base/Vm.sol";
import {Shadow} from "./Shadow.sol";

/// @notice The real beacon, beside the recorded one of the large scene: its logs tell every round that it keeps.
contract BeaconRebuildTest is Quicknet, Shadow {
    function test_every_proven_round_is_told_by_the_logs() external {
        vm.record();
        vm.recordLogs();
        beacon.prove(ROUND_123, SIGNATURE_123);
        beacon.prove(ROUND_1000, SIGNATURE_1000);
        beacon.prove(ROUND_1000, ""); // once more, which says nothing new
        beacon.prove(ROUND_1006, SIGNATURE_1006);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 3, "events");
        for (uint256 i = 0; i < logs.length; ++i) {
            assertEq(logs[i].topics[0], IDrandBeacon.Proven.selector, "Proven");
            put(
                logs[i].emitter,
                under(logs[i].topics[1], bytes32(0)),
                uint256(abi.decode(logs[i].data, (bytes32)))
            );
        }
        assertRebuilt(address(beacon), "DrandBeacon");
    }
}
