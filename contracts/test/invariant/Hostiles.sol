// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A contract account (ERC-1271) whose signature is a hash that only it would make, so that a test can sign for it
/// without a key; and which may turn on whoever asks it.
contract Purse {
    enum Mood {
        Honest,
        Refusing,
        BurningGas, // all of what a capped call has; nothing where there is no cap
        Writing, // which a STATICCALL forbids and which costs all of its gas: only where that is capped
        Verbose
    }

    Mood public mood;
    uint256 private asked;

    function turn(Mood mood_) external {
        mood = mood_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external returns (bytes4) {
        if (mood == Mood.Writing && gasleft() < 200_000) ++asked;
        if (mood == Mood.BurningGas && gasleft() < 200_000) while (true) {}
        if (mood == Mood.Verbose) {
            assembly ("memory-safe") {
                mstore(0x00, shl(224, 0xffffffff))
                return(0x00, 10000)
            }
        }
        bool signed = mood == Mood.Honest && signature.length == 32
            && bytes32(signature) == keccak256(abi.encode(address(this), digest));
        return signed ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice A jury that answers the escrow with whatever it likes, or with nothing.
contract FalseJury {
    enum Mood {
        Absent, // says that there is no appeal
        Silent, // says that the appeal ended in silence
        Boasting, // says that it has ruled, which only a call of its own would show
        Short, // answers less than a word
        BurningGas
    }

    Mood public mood;

    function turn(Mood mood_) external {
        mood = mood_;
    }

    function ruling(bytes32, uint8) external view returns (uint256) {
        if (mood == Mood.BurningGas) while (true) {}
        if (mood == Mood.Short) {
            assembly ("memory-safe") {
                mstore(0x00, not(0))
                return(0x00, 31)
            }
        }
        if (mood == Mood.Silent) return 4;
        return mood == Mood.Boasting ? uint256(3) | uint256(10_000) << 8 : 0;
    }
}
