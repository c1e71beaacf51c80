// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Whether an account signed a digest
/// @notice ecrecover first, for 65 bytes (r, s, v) and for 64 bytes of EIP-2098; then ERC-1271 where the account has
/// code. A high `s` is refused (EIP-2), so that a signature has one form per length. The wallet is asked by STATICCALL
/// under a gas cap and only one word of its answer is read. Whoever sends the call itself need not sign: an empty signature
/// is the sender's.
library Signatures {
    uint256 private constant HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 internal constant WALLET_GAS = 200_000;
    bytes4 private constant MAGIC = 0x1626ba7e; // isValidSignature(bytes32,bytes)

    function signed(address signer, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool yes)
    {
        if (signature.length == 0) {
            // What a contract calls on itself, in a batch, is nobody's word.
            yes = msg.sender == signer && signer != address(this) && signer != address(0);
        } else {
            yes = byKey(signer, digest, signature);
        }
        if (!yes) yes = signer.code.length != 0 && _walletSays(signer, digest, signature);
    }

    /// @notice Whether the account's own key signed, which anybody can show for ever: no sender answers for it, and no code.
    function byKey(address signer, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool yes)
    {
        address by = recover(digest, signature);
        uint256 wanted = uint160(signer); // assembly compares all 256 bits, and those above an address may be any
        assembly ("memory-safe") {
            yes := gt(eq(by, wanted), iszero(by))
        }
    }

    /// @notice The account whose key signed, zero when the signature is malformed, malleable or nobody's.
    /// @dev The precompile leaves the zeroed word alone when nobody could have signed. With another length `v` stays 0,
    /// which is no signature either.
    function recover(bytes32 digest, bytes calldata signature) internal view returns (address by) {
        uint256 most = HALF_N;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let s := calldataload(add(signature.offset, 0x20))
            let v := 0
            switch signature.length
            case 64 {
                v := add(27, shr(255, s))
                s := shr(1, shl(1, s))
            }
            case 65 { v := byte(0, calldataload(add(signature.offset, 0x40))) }
            mstore(m, digest)
            mstore(add(m, 0x20), v)
            mstore(add(m, 0x40), calldataload(signature.offset))
            mstore(add(m, 0x60), s)
            mstore(0x00, 0)
            pop(staticcall(gas(), 0x01, m, 0x80, 0x00, 0x20))
            by := mul(mload(0x00), iszero(gt(s, most)))
        }
    }

    function _walletSays(address wallet, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool yes)
    {
        bytes memory question = abi.encodeWithSelector(MAGIC, digest, signature);
        bytes32 magic = bytes32(MAGIC);
        uint256 gasCap = WALLET_GAS;
        assembly ("memory-safe") {
            let ok := staticcall(gasCap, wallet, add(question, 0x20), mload(question), 0x00, 0x20)
            yes := and(and(ok, gt(returndatasize(), 0x1f)), eq(mload(0x00), magic))
        }
    }
}
