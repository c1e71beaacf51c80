// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One contract's EIP-712 domain: its name, version "1", the chain and itself
/// @notice The separator is computed at construction and again whenever the chain id has changed since, so that after a
/// fork no signature counts on both sides.
abstract contract Eip712 {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    bytes32 private immutable nameHash;
    uint256 private immutable bornOn;
    bytes32 private immutable bornWith;

    constructor(string memory name) {
        nameHash = keccak256(bytes(name));
        bornOn = block.chainid;
        bornWith = _separator(nameHash, address(this));
    }

    function _domain() internal view returns (bytes32) {
        return _atHome() ? bornWith : _separator(nameHash, address(this));
    }

    /// @dev Whether the chain is still the one of the construction.
    function _atHome() internal view returns (bool) {
        return block.chainid == bornOn;
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return _digestIn(_atHome() ? bornWith : _domain(), structHash);
    }

    function _digestIn(bytes32 domain, bytes32 structHash) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, hex"1901")
            mstore(add(buffer, 0x02), domain)
            mstore(add(buffer, 0x22), structHash)
            digest := keccak256(buffer, 0x42)
        }
    }

    function _separator(bytes32 name, address here) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, name, keccak256("1"), block.chainid, here));
    }
}
