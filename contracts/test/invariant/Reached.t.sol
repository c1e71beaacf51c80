// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TownCampaign} from "./Escrow.t.sol";
import {Reached} from "./Page.sol";

/// @notice That the campaigns get anywhere: the same acts, drawn from a seed of our own, and how often each thing came about.
/// An invariant over states that never occur says nothing.
contract ReachedTest is TownCampaign {
    uint256 private constant RUNS = 160;
    uint256 private constant DEPTH = 64;

    function setUp() public {}

    /// forge-config: default.isolate = false
    /// forge-config: quick.isolate = false
    function test_whoever_tries_everything_gets_everywhere() external {
        uint256[34] memory n = lived(false);
        uint256[34] memory least;
        least[uint256(Reached.Refused)] = 200;
        least[uint256(Reached.MandateRefused)] = 5;
        least[uint256(Reached.BatchItemFailed)] = 30;
        reachesAtLeast(n, everyday(least));
    }

    /// forge-config: default.isolate = false
    /// forge-config: quick.isolate = false
    function test_whoever_keeps_to_the_rules_gets_everywhere() external {
        uint256[34] memory n = lived(true);
        uint256[34] memory least;
        reachesAtLeast(n, everyday(least));
        assertEq(n[uint256(Reached.Refused)], 0, "nothing that is allowed is refused");
    }

    function everyday(uint256[34] memory least) private pure returns (uint256[34] memory) {
        for (uint256 i = 0; i < uint256(Reached.MandateRefused); ++i) {
            least[i] = 3;
        }
        least[uint256(Reached.Withdrawn)] = 20;
        least[uint256(Reached.Opened)] = 200;
        least[uint256(Reached.EightMilestones)] = 40;
        least[uint256(Reached.Released)] = 40;
        least[uint256(Reached.Pending)] = 60;
        least[uint256(Reached.Final)] = 20;
        least[uint256(Reached.Appealed)] = 20;
        least[uint256(Reached.Closed)] = 20;
        return least;
    }

    function reachesAtLeast(uint256[34] memory n, uint256[34] memory least) private pure {
        for (uint256 i = 0; i < 34; ++i) {
            if (n[i] < least[i]) revert TooSeldom(Reached(i), n[i], least[i], n);
        }
    }

    error TooSeldom(Reached what, uint256 times, uint256 least, uint256[34] all);

    function lived(bool strict) private returns (uint256[34] memory sum) {
        found(strict);
        uint256 before = vm.snapshotState();
        for (uint256 run = 0; run < RUNS; ++run) {
            uint256[34] memory n = _life(run);
            for (uint256 i = 0; i < 34; ++i) {
                sum[i] += n[i];
            }
            assertTrue(vm.revertToState(before), "every run begins anew");
        }
    }

    function _life(uint256 seed) private returns (uint256[34] memory) {
        bytes4[] memory all = acts();
        for (uint256 i = 0; i < DEPTH; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            (bool done, bytes memory why) =
                address(town).call(abi.encodeWithSelector(all[seed % all.length], seed));
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(why, 0x20), mload(why))
                }
            }
            sentences();
        }
        return town.reachedSoFar();
    }
}
