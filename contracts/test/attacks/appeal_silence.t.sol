// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {AppealEnd, Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal, AppealStatus} from "../../src/types/Jury.sol";
import {SeatStatus} from "../../src/types/Seat.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// @notice Attack: whoever lost before the first panel appeals and then sees to it that nobody rules, by bribing the drawn seats,
/// by never bringing the appeal before the jury, or by bringing it so late that no ruling can come.
/// Rule: silence at the appeal never beats the verdict, delay is never free, and who did speak loses nothing.
contract AppealSilenceAttack is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function setUp() public override {
        super.setUp();
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    function failedAndAppealed() private returns (Deal memory d, bytes32 id) {
        Verdict memory v;
        (d, v) = pending(0);
        appealed(d, v, seller);
        id = v.deal;
    }

    function test_two_bribed_panels_leave_the_verdict_as_it_was_and_pay_for_it() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        silent(d);
        silent(d);
        escrow.rule(d);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "the refund of the earlier verdict");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 7 * ONE, "nothing but the deposit");
        assertEq(jury.pot(), 12 * STAKE / 10, "twelve seats lost a tenth each");
        assertConserved(id);
    }

    function test_three_bribed_seats_of_seven_block_one_draw_and_lose_a_tenth_each() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        proven(d);
        uint40[] memory first = jury.drawn(d, 0, panel());
        Verdict memory v = courtVerdict(d, 0, 1);
        for (uint8 i = 0; i < 4; ++i) {
            jury.testify(d, panel(), v, i, sign(holderOf(first[i]), escrow.verdictDigest(v)));
        }
        silent(d);
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(jury.seatOf(first[i]).stake, i < 4 ? STAKE : STAKE - STAKE / 10, "stake");
        }
        ruled(d, 0, 2);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "the second seven ruled");
        assertConserved(id);
    }

    function test_an_appeal_is_brought_while_a_ruling_can_still_come() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        uint256 limit = block.timestamp + APPEAL_LIMIT;
        vm.warp(limit - RULING_TIME - 10 minutes + 1); // a second later than in time
        uint40 deadline = beacon.genesis() + uint40(jury.roundFor(block.timestamp) - 1) * 3 + RULING_TIME;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.RequestTooLate.selector, deadline, limit));
        jury.request(d, SEATS);

        vm.warp(limit);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Abandoned, 0, 0, 7 * ONE);
        escrow.rule(d);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 61 * ONE, "refund, and the deposit of who only delayed");
        assertConserved(id);
    }

    function test_the_last_moment_to_bring_an_appeal_leaves_the_whole_ruling_time() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        uint256 limit = block.timestamp + APPEAL_LIMIT;
        uint256 moment = (limit - RULING_TIME) / 1 hours * 1 hours - 10 minutes;
        vm.warp(moment);
        requested(d);
        Appeal memory a = jury.appealOf(id, 0);
        assertLe(a.deadline, limit, "the ruling is due within the limit");
        assertGe(a.deadline, limit - 1 hours, "and no hour is lost");
        proven(d);
        Verdict memory v = courtVerdict(d, 10_000, 1);
        jury.rule(d, v, votesOfCourt(d, v, 31));
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "the ruling counts");
    }

    function test_nobody_is_fined_once_the_limit_is_over() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        uint256 limit = block.timestamp + APPEAL_LIMIT;
        requested(d);
        proven(d);
        uint40[] memory first = jury.drawn(d, 0, panel());
        vm.warp(limit);
        jury.redraw(d, 0, panel());
        assertEq(jury.ruling(id, 0), uint256(AppealStatus.Silent), "the appeal is over");
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(uint256(jury.seatOf(first[i]).status), uint256(SeatStatus.Active), "still seated");
            assertEq(jury.seatOf(first[i]).stake, STAKE, "with its whole stake");
        }
    }

    function test_a_second_before_the_limit_silence_is_still_fined() external {
        (Deal memory d,) = failedAndAppealed();
        uint256 limit = block.timestamp + APPEAL_LIMIT;
        requested(d);
        proven(d);
        vm.warp(limit - 1);
        jury.redraw(d, 0, panel());
        assertEq(jury.pot(), 7 * STAKE / 10, "seven tenths");
    }
}
