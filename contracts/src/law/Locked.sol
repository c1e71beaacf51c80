// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One lock for all state-changing functions of a contract
/// @notice Transient storage (EIP-1153): it costs 200 gas and cannot stay closed after a transaction.
abstract contract Locked {
    error Reentered();

    bool private transient entered;

    modifier locked() {
        _enter();
        _;
        entered = false;
    }

    /// @dev A function of its own: a modifier's body is copied into each function that has it.
    function _enter() private {
        require(!entered, Reentered());
        entered = true;
    }
}
