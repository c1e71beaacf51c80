// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What a hostile contract does when it is asked.
enum Mood {
    Agreeing, // answers as the asker hopes
    BurningGas,
    Bombing, // reverts with far more data than anybody wants to copy
    Flooding, // answers the right word and a megabyte behind it
    Reverting,
    Reentering, // calls back into whoever asked
    Writing, // keeps that it was asked, which a STATICCALL forbids
    Short, // answers 31 bytes
    Wrong, // answers another word
    Creating // tries to leave a contract behind
}

/// @notice A contract account, jury or both, that behaves as it was told.
/// @dev One fallback for every question, so that it can stand wherever terms name a contract.
contract Hostile {
    Mood public mood;
    bytes32 private word;
    bytes private reentry;
    uint256 private asked;

    /// @param word_ what it answers while it agrees.
    constructor(bytes32 word_) {
        word = word_;
    }

    function turn(Mood mood_) external {
        mood = mood_;
    }

    function aim(bytes calldata reentry_) external {
        reentry = reentry_;
    }

    fallback() external {
        if (mood == Mood.BurningGas) while (true) {}
        if (mood == Mood.Bombing) _leave(200_000, true);
        if (mood == Mood.Reverting) _leave(4, true);
        if (mood == Mood.Writing) ++asked;
        if (mood == Mood.Creating) _create();
        if (mood == Mood.Reentering) {
            (bool done,) = msg.sender.call(reentry);
            require(done);
        }
        bytes32 answer = mood == Mood.Wrong ? bytes32(uint256(0xbad)) : word;
        assembly ("memory-safe") {
            mstore(0x00, answer)
        }
        if (mood == Mood.Short) _leave(31, false);
        if (mood == Mood.Flooding) _leave(200_000, false);
        _leave(32, false);
    }

    function _create() private {
        assembly ("memory-safe") {
            if iszero(create(0, 0x00, 0x00)) { revert(0x00, 0x00) }
        }
    }

    function _leave(uint256 size, bool failing) private pure {
        assembly ("memory-safe") {
            if failing { revert(0x00, size) }
            return(0x00, size)
        }
    }
}
