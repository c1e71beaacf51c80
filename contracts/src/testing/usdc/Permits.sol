// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Balances} from "./Balances.sol";
import {Signatures} from "./Signatures.sol";

/// @title Allowances by signature
/// @notice EIP-2612, also for contract wallets through the overload that takes the signature as bytes.
abstract contract Permits is Balances, Signatures {
    bytes32 public constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    mapping(address holder => uint256) public nonces;

    function permit(
        address holder,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        permit(holder, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    /// @dev A deadline of 2^256 - 1 never passes.
    function permit(address holder, address spender, uint256 value, uint256 deadline, bytes memory signature)
        public
        whenNotPaused
        notBlacklisted(holder)
        notBlacklisted(spender)
    {
        require(
            deadline == type(uint256).max || block.timestamp <= deadline, "FiatTokenV2: permit is expired"
        );
        bytes32 structHash =
            keccak256(abi.encode(PERMIT_TYPEHASH, holder, spender, value, nonces[holder]++, deadline));
        require(_isSigned(holder, structHash, signature), "EIP2612: invalid signature");
        _approve(holder, spender, value);
    }
}
