// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Where a seat stands. A seat never returns to Active; whoever wants back takes a new one.
enum SeatStatus {
    None,
    Active,
    Left, // by notice of its holder or principal
    Suspended, // was silent in an appeal, lost a tenth of its stake
    Slashed, // signed two digests for one slot, lost all of it
    Withdrawn // stake paid back
}

/// Who has a seat. The seat's word keeps only a hash of it: whoever acts on a seat says it again, as Seated has told it.
struct Sitter {
    address holder; // signs verdicts
    address principal; // pays the stake in and gets it back
}

/// How many seats were ever taken, and when the last of them was: one word, from which an appeal learns that all are old
/// enough.
struct Roll {
    uint40 count;
    uint40 newest;
}

/// @title What becomes of the roll
library Rolls {
    /// @notice After `seat` has been taken now.
    function grown(uint40 seat) internal view returns (Roll memory) {
        return Roll(seat + 1, uint40(block.timestamp));
    }
}

/// What is known of a seat, as `IJuryPool.seatOf` tells it.
struct Seat {
    bytes20 sitter; // the first 160 bits of the hash of the Sitter's 40 bytes
    uint40 joinedAt; // never decreases from one seat to the next
    uint40 leftAt; // when it left, was suspended or slashed; 0 while active
    SeatStatus status;
    uint16 silences; // each has taken a tenth of what was left of the stake
    uint64 stake; // micro-USDC that can still be lost
}

/// A seat's storage word. From the lowest bit up: sitter 160, joinedAt 40, leftAt 40, status 3, silences 13.
type SeatWord is uint256;

using SeatWords for SeatWord global;

/// @title The fields of a seat's word
/// @notice The stake is no field: every seat's is the same at first, so that its status and its silences tell what is left.
library SeatWords {
    uint256 private constant SILENCE = 1 << 243;

    /// @notice The hash of a sitter that the word keeps. To sit under another's name takes a second preimage of 160 bits.
    function hash(address holder, address principal) internal pure returns (uint160 value) {
        assembly ("memory-safe") {
            mstore(0x00, shl(96, holder))
            mstore(0x14, shl(96, principal))
            value := shr(96, keccak256(0x00, 0x28))
        }
    }

    /// @notice A seat that is taken now.
    function taken(address holder, address principal) internal view returns (SeatWord) {
        uint256 joined = block.timestamp << 160 | uint256(SeatStatus.Active) << 240;
        return SeatWord.wrap(hash(holder, principal) | joined);
    }

    function sitter(SeatWord w) internal pure returns (uint160) {
        return uint160(SeatWord.unwrap(w));
    }

    function joinedAt(SeatWord w) internal pure returns (uint40) {
        return uint40(SeatWord.unwrap(w) >> 160);
    }

    function leftAt(SeatWord w) internal pure returns (uint40) {
        return uint40(SeatWord.unwrap(w) >> 200);
    }

    /// @notice Whether it had left at `time` already.
    function leftBy(SeatWord w, uint256 time) internal pure returns (bool) {
        unchecked {
            return uint256(leftAt(w)) - 1 < time; // 0 is never
        }
    }

    function status(SeatWord w) internal pure returns (SeatStatus) {
        return SeatStatus(SeatWord.unwrap(w) >> 240 & 7);
    }

    function silences(SeatWord w) internal pure returns (uint16) {
        return uint16(SeatWord.unwrap(w) >> 243);
    }

    /// @notice What is left of `whole`, the stake of a new seat.
    /// @dev No more than four hundred silences count, see `silenced`.
    function stake(SeatWord w, uint64 whole) internal pure returns (uint64 left) {
        SeatStatus now_ = status(w);
        if (now_ == SeatStatus.Slashed || now_ == SeatStatus.Withdrawn) return 0;
        left = whole;
        for (uint256 n = silences(w); n != 0; --n) {
            left -= left / 10;
        }
    }

    /// @notice The seat with another status. The time at which it first left stays.
    function gone(SeatWord w, SeatStatus next) internal view returns (SeatWord) {
        uint256 word = SeatWord.unwrap(w) & ~(uint256(7) << 240) | uint256(next) << 240;
        if (leftAt(w) == 0) word |= block.timestamp << 200;
        return SeatWord.wrap(word);
    }

    /// @notice The seat after one more silence that cost something.
    /// @dev A tenth of less than ten is nothing, and no uint64 can lose a tenth four hundred times, so 13 bits are enough.
    function silenced(SeatWord w) internal pure returns (SeatWord) {
        return SeatWord.wrap(SeatWord.unwrap(w) + SILENCE);
    }
}
