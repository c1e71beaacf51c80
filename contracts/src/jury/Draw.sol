// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A walk through seats in an order that a seed fixes
/// @notice A Fisher-Yates shuffle of 0 .. size-1, one step at a time, that remembers only the cells it has moved: no seat
/// comes twice, and a walk of k steps costs k memory words however many seats there are.
library Draw {
    uint256 internal constant STEPS_MAX = 64;

    struct Walk {
        bytes32 seed;
        uint256 step; // behind the seed, as both are hashed
        uint256 size;
        uint256 moves; // in memory, one word per step: the position that was swapped away, and in the low half its value
        uint256 moved; // of each such position the bit of its lowest byte: where that is not set, nothing has moved
    }

    function start(bytes32 seed, uint256 size) internal pure returns (Walk memory walk) {
        (walk.seed, walk.size) = (seed, size);
        uint256 moves;
        assembly ("memory-safe") {
            moves := mload(0x40)
            mstore(0x40, add(moves, 0x800)) // STEPS_MAX words
        }
        walk.moves = moves;
    }

    /// @notice Whether there is a next seat to look at.
    function more(Walk memory walk) internal pure returns (bool) {
        return walk.step < walk.size && walk.step < STEPS_MAX;
    }

    /// @notice The next seat. Step k takes what lies at k + uint256(keccak256(abi.encode(seed, k))) % (size - k) and puts
    /// there what lay at k.
    /// @dev Later moves win, so moves are read from the last one back.
    function next(Walk memory walk) internal pure returns (uint40 seat) {
        assembly ("memory-safe") {
            function latest(from, at, position) -> value {
                value := position
                for {} gt(at, from) {} {
                    at := sub(at, 0x20)
                    let move := mload(at)
                    if eq(shr(128, move), position) {
                        value := and(move, 0xffffffffffffffffffffffffffffffff)
                        break
                    }
                }
            }
            let k := mload(add(walk, 0x20))
            let moves := mload(add(walk, 0x60))
            let moved := mload(add(walk, 0x80))
            let j := add(k, mod(keccak256(walk, 0x40), sub(mload(add(walk, 0x40)), k)))
            let end := add(moves, shl(5, k))
            let atK := k
            seat := j
            if and(shr(and(k, 0xff), moved), 1) { atK := latest(moves, end, k) }
            if and(shr(and(j, 0xff), moved), 1) { seat := latest(moves, end, j) }
            mstore(end, or(shl(128, j), atK))
            // Yul names the distance first, as is meant here.
            // slither-disable-next-line incorrect-shift
            mstore(add(walk, 0x80), or(moved, shl(and(j, 0xff), 1)))
            mstore(add(walk, 0x20), add(k, 1))
        }
    }
}
