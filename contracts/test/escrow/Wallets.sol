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

/// @notice A contract account that signs everything until it turns hostile.
contract TurncoatWallet {
    enum Mood {
        Agreeing,
        BurningGas,
        Writing,
        Verbose
    }

    Mood private mood;
    uint256 private asked;

    function turn(Mood mood_) external {
        mood = mood_;
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        if (mood == Mood.BurningGas) while (true) {}
        if (mood == Mood.Writing) ++asked; // which a STATICCALL forbids
        if (mood == Mood.Verbose) {
            assembly ("memory-safe") {
                mstore(0x00, shl(224, 0xffffffff))
                return(0x00, 10000)
            }
        }
        return 0x1626ba7e;
    }
}
