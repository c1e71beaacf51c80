// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal} from "./Deal.sol";

/// @title Reading the packed numbers of a deal's terms
library Terms {
    uint256 internal constant BPS = 10_000;

    /// @notice Micro-USDC of milestone `i`, 0 to 7.
    function amount(Deal calldata d, uint256 i) internal pure returns (uint256) {
        return (i < 4 ? d.amounts : d.amounts2) >> (i % 4 * 64) & type(uint64).max;
    }

    /// @notice Milestones: amounts are without gaps, which the opening checks.
    function count(Deal calldata d) internal pure returns (uint256 n) {
        while (n < 8 && amount(d, n) != 0) ++n;
    }

    /// @notice Unix second at which milestone `i` is due.
    function dueAt(Deal calldata d, uint256 i) internal pure returns (uint256) {
        return d.meta.start + (d.due >> (i * 32) & type(uint32).max);
    }

    /// @notice Micro-USDC of the milestones whose bit is not in `done`.
    function unsettled(Deal calldata d, uint256 done) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < 8; ++i) {
            if (done >> i & 1 == 0) sum += amount(d, i);
        }
    }

    /// @notice The part of the jury's fee for milestone `i` of `n`; the parts add up to the fee.
    function juryFeeOf(Deal calldata d, uint256 i, uint256 n) internal pure returns (uint256) {
        uint256 fee = d.juryFee;
        return fee * (i + 1) / n - fee * i / n;
    }
}
