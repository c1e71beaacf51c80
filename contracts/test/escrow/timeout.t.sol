// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Cause, Deal, Fallback, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// timeout
/// ├── unclaimed: refunds from due + grace on
/// ├── claimed: the fallback of the terms from the end on; for principals one window later
/// ├── a verdict is taken until a timeout has executed
/// └── when it is too early, or a verdict is pending
contract TimeoutTest is World {
    using EscrowCalls for DealEscrow;

    uint40 private constant DUE = NOW + 1 days;

    function early(Deal memory d, uint8 milestone, bytes memory reason) private {
        vm.expectRevert(reason);
        escrow.timeout(d, milestone);
    }

    function test_what_was_not_delivered_is_refunded() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(DUE + GRACE - 1);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.NotYet.selector, DUE + GRACE - 1, DUE + GRACE));
        vm.warp(DUE + GRACE);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(id, outcome(0, Cause.Undelivered, 0, 0, 0, [0, 54 * ONE]) | PAID_OUT);
        vm.prank(stranger.addr);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "refunded");
        assertConserved(id);
    }

    function test_what_was_delivered_and_not_judged_falls_back_at_the_end() external {
        (Deal memory d, bytes32 id) = openedTerms();
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end - 1);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.NotYet.selector, d.end - 1, d.end));
        vm.warp(d.end);
        vm.expectEmit(address(escrow));
        uint256 split = outcome(0, Cause.Unjudged, 0, 0, 6000, [uint64(32_400_000), 21_600_000]);
        emit IDealEscrow.Settled(id, split | PAID_OUT);
        escrow.timeout(d, 0);
        assertConserved(id);
    }

    /// @dev Of this second the lower half of the 32 bits kept is zero.
    function test_what_was_delivered_at_a_round_second_was_delivered() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp((NOW >> 16) + 1 << 16);
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 32_400_000, "as a split");
        assertConserved(id);
    }

    function test_principals_have_one_window_more() external {
        Deal memory d = terms();
        d.fallback_ = uint8(Fallback.Principals);
        opened(d);
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.NotYet.selector, d.end, d.end + WINDOW));
        vm.warp(d.end + WINDOW);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 32_400_000, "then as a split");
    }

    function test_a_refund_fallback_refunds() external {
        Deal memory d = terms();
        (d.fallback_, d.fallbackBps) = (uint8(Fallback.Refund), 0);
        opened(d);
        escrow.claim(d, claimOf(d, 0));
        vm.warp(d.end);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "refunded");
    }

    function test_a_verdict_is_taken_until_a_timeout_has_executed() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(d.end + 100 days);
        judged(d, verdictOn(d, 0, 10_000));
        early(d, 0, abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 0, block.timestamp + WINDOW));
        escrow.timeout(d, 1);
        Verdict memory v = verdictOn(d, 1, 10_000);
        bytes memory reason = abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 1);
        bytes memory call_ = escrow.verdictCall(d, v, votesOf(v, 7));
        vm.expectRevert(reason);
        (bool ignored,) = address(escrow).call(call_);
        assertTrue(ignored, "expectRevert turns the outcome around");
        assertStatus(id, Status.Pending);
    }

    function test_either_party_alone_gets_a_silent_deal_to_its_end() external {
        (Deal memory d, bytes32 id) = openedTerms();
        vm.warp(NOW + 4 days);
        for (uint8 i = 0; i < 3; ++i) {
            escrow.timeout(d, i);
        }
        assertStatus(id, Status.Closed);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 190 * ONE, "everything");
        assertConserved(id);
    }

    function test_a_milestone_times_out_once_and_only_if_there_is_one() external {
        (Deal memory d,) = openedTerms();
        vm.warp(NOW + 4 days);
        early(d, 3, abi.encodeWithSelector(IDealEscrow.NoSuchMilestone.selector, 3, 3));
        early(d, 255, abi.encodeWithSelector(IDealEscrow.NoSuchMilestone.selector, 255, 3));
        escrow.timeout(d, 0);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
        d.meta.salt = 9;
        early(d, 0, abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.None, Status.Open));
    }

    function test_a_verdict_whose_window_is_over_is_final_before_a_timeout() external {
        (Deal memory d, bytes32 id) = openedTerms();
        judged(d, verdictOn(d, 0, 10_000));
        vm.warp(NOW + 4 days);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.MilestoneSettled.selector, 0));
        escrow.timeout(d, 1);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "the verdict's");
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 63 * ONE, "the timeout's");
        assertConserved(id);
    }

    function test_a_milestone_under_appeal_does_not_time_out() external {
        (Deal memory d,) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        judged(d, v);
        appealed(d, v, buyer);
        vm.warp(NOW + 4 days);
        early(d, 0, abi.encodeWithSelector(IDealEscrow.VerdictPending.selector, 0, NOW));
        escrow.timeout(d, 1);
        escrow.timeout(d, 2);
        assertStatus(escrow.dealId(d), Status.Appealed);
    }
}
