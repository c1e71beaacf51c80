// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A contract account whose one owner signs for it: ERC-1271.
contract OwnedWallet {
    address private immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s) = (bytes32(signature[:32]), bytes32(signature[32:64]));
        bool signed = ecrecover(digest, uint8(signature[64]), r, s) == owner;
        return signed ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice A contract account that burns all gas it is given when asked for a signature.
contract GasBurningWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        while (true) {}
        return 0x1626ba7e;
    }
}

/// @notice A contract account that tries to write when asked for a signature, which a STATICCALL forbids.
contract WritingWallet {
    uint256 private asked;

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        ++asked;
        return 0x1626ba7e;
    }
}

/// @notice A contract account that agrees to everything, with an answer of many words.
contract VerboseWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        assembly ("memory-safe") {
            mstore(0x00, shl(224, 0x1626ba7e))
            return(0x00, 10000)
        }
    }
}
