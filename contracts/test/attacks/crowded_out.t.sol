// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Fallback, Status, Verdict} from "../../src/types/Deal.sol";
import {Encoding, EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// @notice Attack: two milestones are delivered. While the verdict on one waits or is under appeal the escrow takes none on the other,
/// so whom the fallback favours keeps the first in the way until the deal's end, and takes the second unjudged.
/// Rule: the fallback is for what no jury judged, not for what none could. It waits as the verdict does, and `grace` longer.
contract CrowdedOutAttack is Court {
    using Encoding for Deal;
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function delivered() private returns (Deal memory d, bytes32 id) {
        d = terms();
        (d.fallback_, d.fallbackBps) = (uint8(Fallback.Refund), 0);
        id = opened(d);
        escrow.claim(d, claimOf(d, 0));
        escrow.claim(d, claimOf(d, 1));
    }

    function waits(Deal memory d, uint256 until) private {
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 0, until));
        escrow.timeout(d, 1);
    }

    function early(Deal memory d, uint256 from) private {
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotYet.selector, block.timestamp, from));
        escrow.timeout(d, 1);
    }

    /// @notice From `from` on, and not a second before, the fallback is there; and until it is taken the verdict is.
    function fallsBackFrom(Deal memory d, uint256 from) private {
        uint256 before = vm.snapshotState();
        vm.warp(from - 1);
        early(d, from);
        vm.warp(from);
        escrow.timeout(d, 1);
        assertTrue(vm.revertToState(before), "back");
        vm.warp(from);
        escrow.payout(d);
        judged(d, verdictOn(d, 1, 10_000));
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 1, block.timestamp + WINDOW)
        );
        escrow.timeout(d, 1);
    }

    function test_a_verdict_that_waits_across_the_end_takes_nobodys_judgement_away() external {
        (Deal memory d,) = delivered();
        vm.warp(d.end - 1);
        judged(d, verdictOn(d, 0, 10_000));
        uint256 until = d.end - 1 + WINDOW;
        for (uint256 time = d.end; time < until; time += WINDOW - 2) {
            vm.warp(time);
            waits(d, until);
        }
        vm.warp(until);
        early(d, until + GRACE); // though nobody has paid the first out
        fallsBackFrom(d, until + GRACE);
    }

    function test_an_appeal_that_nobody_brings_before_the_jury_takes_nobodys_judgement_away() external {
        (Deal memory d, bytes32 id) = delivered();
        vm.warp(d.end - 1);
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        uint256 appealedAt = d.end - 2 + WINDOW;
        vm.warp(appealedAt);
        appealed(d, v, buyer);
        vm.warp(appealedAt + APPEAL_LIMIT - 1);
        waits(d, appealedAt);
        vm.warp(appealedAt + APPEAL_LIMIT + 3);
        waits(d, appealedAt); // until somebody ends it
        bytes[] memory both = new bytes[](2);
        both[0] = abi.encodeCall(IDealEscrow.rule, (d.brief()));
        both[1] = abi.encodeCall(IDealEscrow.timeout, (d.brief(), uint8(1)));
        escrow.settleMany(both);
        assertStatus(id, Status.Open);
        assertEq(slotOf(id).done, 1, "not in the same breath");
        uint256 from = appealedAt + APPEAL_LIMIT + 3 + GRACE;
        vm.warp(from - 1);
        early(d, from);
        judged(d, verdictOn(d, 1, 10_000));
        vm.warp(from - 1 + WINDOW);
        escrow.payout(d);
        assertEq(slotOf(id).done, 3, "judged after all");
    }

    function test_a_ruling_and_a_settlement_under_appeal_leave_time_for_the_other_verdict() external {
        (Deal memory d, bytes32 id) = delivered();
        vm.warp(d.end - 1);
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        appealed(d, v, buyer);
        uint256 before = vm.snapshotState();
        vm.warp(d.end + 100);
        released(d, 0, true);
        early(d, d.end + 100 + GRACE);
        vm.warp(d.end + 100 + GRACE);
        escrow.timeout(d, 1);
        assertEq(slotOf(id).done, 3, "and then it is taken");
        assertTrue(vm.revertToState(before), "back");
        ruled(d, 10_000, 1);
        uint256 ruledAt = block.timestamp;
        assertTrue(ruledAt >= d.end, "after the end");
        early(d, ruledAt + GRACE);
    }

    function test_a_verdict_long_before_the_end_moves_no_fallback() external {
        (Deal memory d,) = delivered();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 10_000));
        fallsBackFrom(d, d.end);
    }

    function test_what_was_not_delivered_times_out_meanwhile() external {
        (Deal memory d, bytes32 id) = delivered();
        vm.warp(d.end - 1);
        judged(d, verdictOn(d, 0, 10_000));
        escrow.timeout(d, 2);
        assertEq(slotOf(id).done, 4, "the third");
    }
}
