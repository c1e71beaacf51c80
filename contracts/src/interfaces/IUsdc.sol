// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What this project calls of USDC (FiatToken v2.2)
interface IUsdc {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function isBlacklisted(address account) external view returns (bool);

    /// @notice EIP-3009 with packed ECDSA or ERC-1271 signature; only `to` itself may call it.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
