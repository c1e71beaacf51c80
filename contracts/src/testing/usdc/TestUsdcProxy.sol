// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The proxy in front of the test USDC
/// @notice Keeps the balances and runs another contract's code on them, which its admin may exchange at any
/// time: USDC's code can change under a deal, and a test can show what then holds.
/// @dev The admin cannot use the token and everybody else cannot see the admin's functions, so no function of
/// the token is ever hidden by one of the proxy's.
contract TestUsdcProxy {
    event Upgraded(address implementation);
    event AdminChanged(address previousAdmin, address newAdmin);

    bytes32 private constant IMPLEMENTATION_SLOT = keccak256("org.zeppelinos.proxy.implementation");
    bytes32 private constant ADMIN_SLOT = keccak256("org.zeppelinos.proxy.admin");

    constructor(address firstImplementation, address firstAdmin) {
        _upgradeTo(firstImplementation);
        _write(ADMIN_SLOT, firstAdmin);
    }

    modifier ifAdmin() {
        if (msg.sender == _read(ADMIN_SLOT)) {
            _;
        } else {
            _delegate();
        }
    }

    fallback() external {
        require(msg.sender != _read(ADMIN_SLOT), "Cannot call fallback function from the proxy admin");
        _delegate();
    }

    function admin() external ifAdmin returns (address) {
        return _read(ADMIN_SLOT);
    }

    function implementation() external ifAdmin returns (address) {
        return _read(IMPLEMENTATION_SLOT);
    }

    function changeAdmin(address newAdmin) external ifAdmin {
        require(newAdmin != address(0), "Cannot change the admin of a proxy to the zero address");
        emit AdminChanged(_read(ADMIN_SLOT), newAdmin);
        _write(ADMIN_SLOT, newAdmin);
    }

    function upgradeTo(address newImplementation) external ifAdmin {
        _upgradeTo(newImplementation);
        emit Upgraded(newImplementation);
    }

    function _upgradeTo(address newImplementation) private {
        require(
            newImplementation.code.length > 0, "Cannot set a proxy implementation to a non-contract address"
        );
        _write(IMPLEMENTATION_SLOT, newImplementation);
    }

    /// @dev Ends the call with whatever the code behind answers, so nothing after it runs.
    function _delegate() private {
        address target = _read(IMPLEMENTATION_SLOT);
        assembly {
            calldatacopy(0, 0, calldatasize())
            let succeeded := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if succeeded { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }

    function _read(bytes32 slot) private view returns (address value) {
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    function _write(bytes32 slot, address value) private {
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }
}
