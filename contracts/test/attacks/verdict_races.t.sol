// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, Votes} from "../escrow/Calls.sol";
import {Slot} from "../escrow/Slots.sol";
import {World} from "../escrow/World.sol";

/// @notice Attack: whoever sends first, or again, gets the outcome it likes: a failing verdict before the corrected one, an old one
/// after it, a chain of verdicts on other milestones that keeps one window open, or one more verdict in its last second.
/// Rule: at most one verdict is pending; a higher attempt replaces a fail and nothing replaces a pass; the order in which
/// they are sent makes no difference; nothing extends a window.
contract VerdictRaceAttack is World {
    using EscrowCalls for DealEscrow;

    function attempt(Deal memory d, uint8 attempt_, uint16 bps) private view returns (Verdict memory v) {
        v = verdictOn(d, 0, bps);
        v.attempt = attempt_;
    }

    function refused(Deal memory d, Verdict memory v, bytes memory reason) private {
        Votes memory votes = votesOf(v, 7);
        vm.expectRevert(reason);
        escrow.verdict(d, v, votes, "", "", true);
    }

    // --- a failing verdict raced against the corrected one ---

    function test_the_corrected_verdict_counts_whoever_is_first() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        uint256 before = vm.snapshotState();

        judged(d, attempt(d, 0, 0)); // the buyer's front-run
        judged(d, attempt(d, 1, 10_000));
        uint256 failedFirst = escrow.dealOf(id);
        assertTrue(vm.revertToState(before), "back");

        judged(d, attempt(d, 1, 10_000));
        refused(d, attempt(d, 0, 0), abi.encodeWithSelector(IDealEscrow.PassIsNotReplaced.selector, 0));
        assertEq(escrow.dealOf(id), failedFirst, "the same deal, to the bit");
    }

    function test_an_old_partial_verdict_does_not_come_back() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, attempt(d, 2, 4000));
        for (uint8 i = 0; i <= 2; ++i) {
            refused(
                d, attempt(d, i, 6000), abi.encodeWithSelector(IDealEscrow.AttemptNotHigher.selector, i, 2)
            );
        }
        assertEq(slotOf(id).pendingBps, 4000, "still the last");
    }

    function test_before_the_due_time_no_fail_can_be_raced_at_all() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days - 1);
        bytes memory early =
            abi.encodeWithSelector(IDealEscrow.TooEarlyToFail.selector, NOW + 1 days - 1, NOW + 1 days);
        for (uint16 bps = 0; bps < 10_000; bps += 3333) {
            refused(d, attempt(d, 0, bps), early);
        }
        refused(d, attempt(d, 0, 9999), early);
        judged(d, attempt(d, 0, 10_000));
        assertStatus(id, Status.Pending);
    }

    function test_a_pass_that_paid_at_once_leaves_a_later_fail_without_an_object() external {
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        vm.warp(NOW + 1 days);
        judged(d, attempt(d, 0, 10_000));
        refused(d, attempt(d, 1, 0), abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "paid");
        assertConserved(id);
    }

    function test_each_replacement_has_its_own_window_and_there_are_eight_at_most() external {
        (Deal memory d, bytes32 id) = openedTerms();
        uint256 time = NOW + 1 days;
        for (uint8 i = 0; i < 8; ++i) {
            vm.warp(time);
            judged(d, attempt(d, i, uint16(i) * 1000));
            assertEq(slotOf(id).challengeUntil, time + WINDOW, "its own window");
            time += WINDOW - 1;
        }
        vm.warp(time);
        refused(d, attempt(d, 8, 0), abi.encodeWithSelector(IDealEscrow.AttemptOutOfRange.selector, 8, 7));
        vm.warp(time + 1);
        escrow.payout(d);
        assertEq(slotOf(id).done, 1, "settled");
        assertConserved(id);
    }

    function test_in_the_second_in_which_the_window_ends_it_is_too_late_to_replace() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, attempt(d, 0, 0));
        vm.warp(NOW + 1 days + WINDOW);
        refused(d, attempt(d, 1, 10_000), abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
        vm.warp(NOW + 1 days + WINDOW - 1);
        judged(d, attempt(d, 1, 10_000));
        assertEq(slotOf(id).pendingBps, 10_000, "a second before it is not");
    }

    // --- a window stretched by later verdicts ---

    function test_verdicts_on_other_milestones_wait_and_stretch_nothing() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 3 days);
        judged(d, verdictOn(d, 0, 4000));
        uint40 until = NOW + 3 days + WINDOW;
        for (uint40 later = 0; later < WINDOW; later += 12 hours) {
            vm.warp(NOW + 3 days + later);
            bytes memory waits = abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 0, until);
            refused(d, verdictOn(d, 1, 0), waits);
            refused(d, verdictOn(d, 2, 10_000), waits);
            assertEq(slotOf(id).challengeUntil, until, "the window");
        }
        vm.warp(until);
        judged(d, verdictOn(d, 1, 0));
        Slot memory s = slotOf(id);
        assertEq(s.done, 1, "the first is final in the second in which its window is over");
        assertEq(s.held, 21_600_000, "with its own share");
        assertEq(s.pendingMilestone, 1, "and the next begins");
    }

    function test_settling_other_milestones_stretches_nothing() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 3 days);
        judged(d, verdictOn(d, 0, 0));
        uint40 until = NOW + 3 days + WINDOW;
        released(d, 1, true);
        vm.warp(NOW + 4 days); // the third milestone's grace is over
        escrow.timeout(d, 2);
        assertEq(slotOf(id).challengeUntil, until, "the window");
        assertStatus(id, Status.Pending);
        vm.warp(until);
        escrow.payout(d);
        assertStatus(id, Status.Closed);
        assertConserved(id);
    }

    function test_what_is_pending_is_paid_by_whoever_minds_in_the_first_second_after_its_window() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 1 days);
        judged(d, verdictOn(d, 0, 5000));
        vm.warp(NOW + 1 days + WINDOW - 1);
        vm.expectRevert(IDealEscrow.NothingToSettle.selector);
        escrow.payout(d);
        vm.warp(NOW + 1 days + WINDOW);
        vm.prank(stranger.addr);
        escrow.payout(d);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 27 * ONE, "seller");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 27 * ONE, "buyer");
        assertConserved(id);
    }
}
