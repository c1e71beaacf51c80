// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Quicknet} from "../DrandBeacon/Quicknet.sol";
import {Meter} from "./Meter.sol";

contract BeaconGasTest is Quicknet, Meter {
    function test_proof() external {
        beacon.prove(ROUND_123, SIGNATURE_123);
        measured("beacon round proven");
    }
}
