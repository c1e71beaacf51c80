// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Whether an account signed a digest
/// @notice ecrecover first, for 65 bytes (r, s, v) and for 64 bytes of EIP-2098; then ERC-1271 where the account has
/// code. A high `s` is refused (EIP-2), so that a signature has one form per length. The wallet is asked by STATICCALL
/// under a gas cap and only one word of its answer is read.
library Signatures {
    uint256 private constant HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 internal constant WALLET_GAS = 200_000;
    bytes4 private constant MAGIC = 0x1626ba7e; // isValidSignature(bytes32,bytes)

    function signed(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signer == address(0)) return false;
        if (recover(digest, signature) == signer) return true;
        return signer.code.length != 0 && _walletSays(signer, digest, signature);
    }

    /// @notice The account whose key signed, zero when the signature is malformed, malleable or nobody's.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        bytes32 r;
        uint256 s;
        uint8 v;
        if (signature.length == 64) {
            r = bytes32(signature[:32]);
            uint256 vs = uint256(bytes32(signature[32:]));
            s = vs & (type(uint256).max >> 1);
            v = uint8(27 + (vs >> 255));
        } else if (signature.length == 65) {
            r = bytes32(signature[:32]);
            s = uint256(bytes32(signature[32:64]));
            v = uint8(signature[64]);
        } else {
            return address(0);
        }
        return s > HALF_N ? address(0) : ecrecover(digest, v, r, bytes32(s));
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
