// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A walk through seats in an order that a seed fixes
/// @notice A Fisher-Yates shuffle of 0 .. size-1, one step at a time, that remembers only the cells it has moved: no seat
/// comes twice, and a walk of k steps costs k memory words however many seats there are.
library Draw {
    uint256 internal constant STEPS_MAX = 64;

    struct Walk {
        bytes32 seed;
        uint256 size;
        uint256 step;
        uint256[STEPS_MAX] cells; // positions that were swapped away from their own value
        uint256[STEPS_MAX] values;
    }

    function start(bytes32 seed, uint256 size) internal pure returns (Walk memory walk) {
        (walk.seed, walk.size) = (seed, size);
    }

    /// @notice Whether there is a next seat to look at.
    function more(Walk memory walk) internal pure returns (bool) {
        return walk.step < walk.size && walk.step < STEPS_MAX;
    }

    /// @notice The next seat. Step k takes what lies at k + uint256(keccak256(abi.encode(seed, k))) % (size - k) and puts
    /// there what lay at k.
    function next(Walk memory walk) internal pure returns (uint40 seat) {
        uint256 k = walk.step;
        uint256 j = k + uint256(keccak256(abi.encode(walk.seed, k))) % (walk.size - k);
        (uint256 atK, uint256 atJ) = (k, j);
        for (uint256 i = 0; i < k; ++i) {
            if (walk.cells[i] == k) atK = walk.values[i];
            if (walk.cells[i] == j) atJ = walk.values[i];
        }
        // Later entries win: the loop above runs forward, so the newest value of a cell is the last one read.
        (walk.cells[k], walk.values[k]) = (j, atK);
        walk.step = k + 1;
        return uint40(atJ);
    }
}
