// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {Claim, EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// The start of the terms, which the deal's word keeps
/// ├── is what due times count from, whenever the deal is opened
/// ├── stays in the word through every state
/// └── is as the terms say, from the first second to the last that its bits can tell
contract StartTest is World {
    using EscrowCalls for DealEscrow;

    /// @dev Opened in the first and in the last second in which it can be, and started before, between and at that end.
    function test_due_times_count_from_the_start_whenever_the_deal_is_opened() external {
        uint40[3] memory starts = [NOW - 12 hours, NOW + 100, NOW + 300];
        for (uint256 i = 0; i < 6; ++i) {
            uint40 start = starts[i % 3];
            vm.warp(i < 3 ? NOW : NOW + 300);
            Deal memory d = terms();
            (d.meta.start, d.meta.fundBy, d.meta.salt) = (start, NOW + 300, i);
            (d.amounts, d.due) = (ONE, 1 days);
            bytes32 id = opened(d);
            assertEq(slotOf(id).start, start, "start");
            failsFrom(d, start + 1 days);
            claimedUntil(d, start + 2 days);
            timesOutFrom(d, start + 2 days);
        }
    }

    function failsFrom(Deal memory d, uint40 due) private {
        Verdict memory v = verdictOn(d, 0, 0);
        bytes memory call_ = escrow.verdictCall(d, v, votesOf(v, 7));
        uint256 before = vm.snapshotState();
        vm.warp(due - 1);
        (bool done, bytes memory reason) = address(escrow).call(call_);
        assertFalse(done, "a fail before the due time");
        assertEq(reason, abi.encodeWithSelector(IDealEscrow.TooEarlyToFail.selector, due - 1, due), "reason");
        vm.warp(due);
        (done,) = address(escrow).call(call_);
        assertTrue(done, "a fail at the due time");
        assertTrue(vm.revertToState(before), "back");
    }

    function claimedUntil(Deal memory d, uint40 end) private {
        uint256 before = vm.snapshotState();
        Claim memory c = claimOf(d, 0);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.ClaimTooLate.selector, end, end));
        escrow.claim(d, c);
        vm.warp(end - 1);
        escrow.claim(d, c);
        assertTrue(vm.revertToState(before), "back");
    }

    function timesOutFrom(Deal memory d, uint40 end) private {
        uint256 before = vm.snapshotState();
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotYet.selector, end - 1, end));
        escrow.timeout(d, 0);
        vm.warp(end);
        escrow.timeout(d, 0);
        assertTrue(vm.revertToState(before), "back");
    }

    /// @dev The latest of the due times need not be the last.
    function test_the_end_is_after_the_latest_due_time_wherever_it_stands() external {
        for (uint256 i = 0; i < 3; ++i) {
            Deal memory d = terms();
            d.due = uint256(1 days) | uint256(1 days) << 32 | uint256(1 days) << 64;
            d.due += uint256(5 days) << i * 32;
            (d.end, d.meta.salt) = (NOW + 7 days - 1, i);
            (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
            vm.expectRevert(
                abi.encodeWithSelector(IDealEscrow.EndTooEarly.selector, NOW + 7 days - 1, NOW + 7 days)
            );
            escrow.openFromMandatedCredit(d, fund, accept, "");
            d.end += 1;
            opened(d);
        }
    }

    function test_the_start_stays_through_every_state() external {
        Deal memory d = terms();
        d.meta.start = NOW + 77;
        bytes32 id = opened(d);
        judged(d, verdictOn(d, 0, 10_000));
        assertEq(slotOf(id).start, NOW + 77, "pending");
        appealed(d, verdictOn(d, 0, 10_000), buyer);
        assertEq(slotOf(id).start, NOW + 77, "under appeal");
        released(d, 0, false);
        assertStatus(id, Status.Open);
        assertEq(slotOf(id).start, NOW + 77, "open again");
        released(d, 1, true);
        released(d, 2, true);
        assertStatus(id, Status.Closed);
        assertEq(slotOf(id).start, NOW + 77, "closed");
        assertEq(slotOf(id).challengeUntil, NOW + GRACE, "until when jurors may add signatures");
    }

    function test_the_last_start_that_can_be_told_is_told() external {
        Deal memory d = terms();
        uint40 last = type(uint40).max - GRACE;
        (d.due, d.meta.start, d.meta.fundBy, d.end) = (0, last, last, type(uint40).max);
        bytes32 id = opened(d);
        assertEq(slotOf(id).start, last, "start");
        assertStatus(id, Status.Open);
        assertEq(slotOf(id).done, 0, "done");
        assertEq(slotOf(id).challengeUntil, 0, "challenge until");
    }

    function test_of_a_deal_that_was_given_up_nothing_but_that_is_kept() external {
        Deal memory d = terms();
        escrow.voidDeal(d, seller.addr, signVoid(seller, d));
        assertEq(escrow.dealOf(escrow.dealId(d)), uint256(Status.Void), "the whole word");
    }

    function test_an_opened_deals_word_says_open_start_and_money_and_nothing_else() external {
        (, bytes32 id) = openedTerms();
        uint256 word = uint256(Status.Open) | uint256(NOW) << 24 | uint256(190 * ONE) << 168;
        assertEq(escrow.dealOf(id), word, "the whole word");
    }

    /// @dev The last milestone, the last attempt, the largest share below a pass: each field at its end.
    function test_a_pending_verdict_fills_its_fields_and_no_others() external {
        Deal memory d = terms();
        for (uint256 i = 0; i < 4; ++i) {
            d.amounts2 |= uint256(ONE) << i * 64;
        }
        (d.amounts, d.due, d.meta.start) = (d.amounts2, 0, NOW);
        bytes32 id = opened(d);
        released(d, 0, false);
        Verdict memory v = verdictOn(d, 7, 9999);
        v.attempt = 7;
        judged(d, v);
        uint256 word = uint256(Status.Pending) | 1 << 8 | uint256(NOW) << 24 | uint256(NOW + WINDOW) << 64;
        word |= uint256(ONE) << 104 | uint256(17 * ONE) << 168;
        word |= uint256(7) << 232 | uint256(9999) << 235 | uint256(7) << 249;
        assertEq(escrow.dealOf(id), word, "the whole word");
        vm.warp(NOW + WINDOW);
        escrow.payout(d);
        word = uint256(Status.Open) | 129 << 8 | uint256(NOW) << 24 | uint256(NOW + WINDOW) << 64;
        word |= uint256(16 * ONE) << 168;
        assertEq(escrow.dealOf(id), word, "the whole word once it is final and paid");
    }
}
