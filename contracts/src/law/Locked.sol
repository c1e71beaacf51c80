// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One lock for all state-changing functions of a contract
/// @notice Transient storage (EIP-1153): it costs 200 gas and cannot stay closed after a transaction.
abstract contract Locked {
    error Reentered();

    bool private transient entered;

    modifier locked() {
        if (entered) revert Reentered();
        entered = true;
        _;
        entered = false;
    }
}
