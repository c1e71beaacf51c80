// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One lock for all state-changing functions of a contract
/// @notice Transient storage (EIP-1153): it costs 200 gas and cannot stay closed after a transaction.
abstract contract Locked {
    error Reentered();

    uint256 private transient entered; // a whole word, so that setting it reads nothing

    modifier locked() {
        _enter();
        _;
        entered = 0;
    }

    /// @dev A function of its own: a modifier's body is copied into each function that has it.
    function _enter() private {
        require(entered == 0, Reentered());
        entered = 1;
    }
}
