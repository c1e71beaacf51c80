// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One lock for all state-changing functions of a contract
/// @notice All of them are refused while it is closed, and it is closed while a token has the floor. A function that asks
/// nobody but the precompiles, a signer's wallet by STATICCALL, or contracts that are known code and call nobody back only
/// looks at it. Transient storage (EIP-1153): it cannot stay closed after a transaction.
abstract contract Locked {
    error Reentered();

    uint256 private transient entered; // a whole word, so that setting it reads nothing

    /// @dev For what hands control to nobody, or closes the lock where it does.
    modifier unlocked() {
        _requireOpen();
        _;
    }

    modifier locked() {
        _requireOpen();
        entered = 1;
        _;
        entered = 0;
    }

    /// @dev The lock within a function that is `unlocked`.
    modifier closed() {
        entered = 1;
        _;
        entered = 0;
    }

    /// @dev A function of its own: a modifier's body is copied into each function that has it.
    function _requireOpen() private view {
        require(entered == 0, Reentered());
    }
}
