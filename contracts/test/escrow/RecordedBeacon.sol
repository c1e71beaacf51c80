// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDrandBeacon} from "../../src/IDrandBeacon.sol";

/// @notice A beacon whose rounds a test records, one every three seconds: the draw depends on randomness, not on how
/// it was proven.
contract RecordedBeacon is IDrandBeacon {
    mapping(uint64 round => bytes32) public randomness;
    uint40 public immutable genesis;
    uint32 public constant period = 3;

    constructor(uint40 genesis_) {
        genesis = genesis_;
    }

    function prove(uint64 round, bytes calldata signature) external returns (bytes32) {
        randomness[round] = sha256(signature);
        emit Proven(round, randomness[round]);
        return randomness[round];
    }

    function roundAt(uint256 timestamp) external view returns (uint64) {
        return timestamp < genesis ? 0 : uint64((timestamp - genesis) / period + 1);
    }
}
