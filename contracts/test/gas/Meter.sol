// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";

/// @notice Reads what the last call cost as a transaction of its own: 21,000, calldata with the floor of EIP-7623,
/// execution, less refunds. Each figure is a line `operation<TAB>gas` of the file that GAS_FILE names.
/// @dev Holds only under `isolate`, where forge runs each top-level call as a transaction.
abstract contract Meter is Test {
    function measured(string memory operation) internal {
        noted(operation, lastGas());
    }

    function lastGas() internal view returns (uint256 total) {
        (, total,,,) = vm.lastCallGas();
    }

    function noted(string memory operation, uint256 gas_) internal {
        if (recording()) vm.writeLine(_file(), string.concat(operation, "\t", vm.toString(gas_)));
    }

    /// @notice Whether somebody wants figures. Otherwise the code may be another than the one that is deployed.
    function recording() internal view returns (bool) {
        return bytes(_file()).length != 0;
    }

    function _file() private view returns (string memory) {
        return vm.envOr("GAS_FILE", "");
    }
}
