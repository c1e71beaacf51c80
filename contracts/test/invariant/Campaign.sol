// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What forge is told to call in a campaign, as it wants it.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}
