// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A walk through seats in an order that a seed fixes
/// @notice Each step looks at one of the seats 0 .. size-1, all equally likely, so a seat can come again. A seat that nobody can
/// sit on costs the walk nothing but its step: only the others are remembered, which whoever walks says by `meets`.
library Draw {
    /// How far a walk goes. Of up to 128 seats it misses one less than once in eight million times. Where a hundred have left
    /// for each that stays, it finds fewer than five once in eighty thousand times, and reads for five million gas.
    uint256 internal constant STEPS_PER_SEAT = 16;
    uint256 internal constant STEPS_MAX = 2048;

    struct Walk {
        bytes32 seed;
        uint256 step; // behind the seed, as both are hashed
        uint256 size;
        uint256 end; // the step that is not taken
        uint256 last; // of the seats that were met: in memory a word each, the seat in 40 bits and above it the place before
        uint256 bits; // of each seat that was met the bit of its lowest byte: where that is not set, it was not
    }

    function start(bytes32 seed, uint256 size) internal pure returns (Walk memory walk) {
        (walk.seed, walk.size) = (seed, size);
        uint256 end = size * STEPS_PER_SEAT;
        walk.end = end < STEPS_MAX ? end : STEPS_MAX;
    }

    /// @notice Whether there is a next step.
    function more(Walk memory walk) internal pure returns (bool) {
        return walk.step != walk.end;
    }

    /// @notice The seat of the next step: uint256(keccak256(abi.encode(seed, step))) % size.
    function next(Walk memory walk) internal pure returns (uint40 seat) {
        assembly ("memory-safe") {
            seat := mod(keccak256(walk, 0x40), mload(add(walk, 0x40)))
            let step := add(walk, 0x20)
            mstore(step, add(mload(step), 1))
        }
    }

    /// @notice Remembers the seat. Says whether it comes for the first time.
    function meets(Walk memory walk, uint40 seat) internal pure returns (bool first) {
        assembly ("memory-safe") {
            let last := mload(add(walk, 0x80))
            let bits := mload(add(walk, 0xa0))
            // Yul names the distance first, as is meant here.
            // slither-disable-next-line incorrect-shift
            let bit := shl(and(seat, 0xff), 1)
            first := 1
            if and(bits, bit) {
                for { let at := last } at { at := shr(40, mload(at)) } {
                    if eq(and(mload(at), 0xffffffffff), seat) {
                        first := 0
                        break
                    }
                }
            }
            if first {
                let at := mload(0x40)
                mstore(0x40, add(at, 0x20))
                mstore(at, or(shl(40, last), seat))
                mstore(add(walk, 0x80), at)
                mstore(add(walk, 0xa0), or(bits, bit))
            }
        }
    }
}
