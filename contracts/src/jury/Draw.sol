// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A walk through seats in an order that a seed fixes
/// @notice Look k is at seat uint256(keccak256(abi.encode(seed, k))) % size, and one that was looked at before is passed over:
/// an order without replacement that remembers a bit per seat.
library Draw {
    /// How often a walk looks. Where a hundred seats have left for each that stays, it finds fewer than five that stay once
    /// in eighty thousand times, and reads for five million gas.
    uint256 internal constant LOOKS_MAX = 2048;

    struct Walk {
        bytes32 seed;
        uint256 looks; // behind the seed, as both are hashed
        uint256 size;
        uint256 left; // how many seats it has not looked at
        uint256 seen; // in memory a bit for each seat, of the first 65,536; a later one shares that of one of them
        uint40 seat;
    }

    function start(bytes32 seed, uint256 size) internal pure returns (Walk memory walk) {
        (walk.seed, walk.size, walk.left) = (seed, size, size);
        uint256 seen;
        assembly ("memory-safe") {
            seen := mload(0x40)
            let words := shr(8, add(size, 0xff))
            if gt(words, 0x100) { words := 0x100 }
            let length := shl(5, words)
            calldatacopy(seen, calldatasize(), length) // zeros
            mstore(0x40, add(seen, length))
        }
        walk.seen = seen;
    }

    /// @notice Goes on to the next seat, which is `walk.seat`. False where there is none.
    function moves(Walk memory walk) internal pure returns (bool found) {
        uint256 most = LOOKS_MAX;
        assembly ("memory-safe") {
            let size := mload(add(walk, 0x40))
            let left := mload(add(walk, 0x60))
            let seen := mload(add(walk, 0x80))
            let looks := mload(add(walk, 0x20))
            for {} and(lt(looks, most), gt(left, 0)) {} {
                let seat := mod(keccak256(walk, 0x40), size)
                looks := add(looks, 1)
                mstore(add(walk, 0x20), looks)
                let at := add(seen, shl(5, and(shr(8, seat), 0xff)))
                let bits := mload(at)
                // Yul names the distance first, as is meant here.
                // slither-disable-next-line incorrect-shift
                let bit := shl(and(seat, 0xff), 1)
                if iszero(and(bits, bit)) {
                    mstore(at, or(bits, bit))
                    mstore(add(walk, 0x60), sub(left, 1))
                    mstore(add(walk, 0xa0), seat)
                    found := 1
                    break
                }
            }
        }
    }
}
