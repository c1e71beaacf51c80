// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {SeatStatus} from "../../src/types/Seat.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// testify, redraw
/// ├── after the first deadline the silent lose a tenth and seven others are drawn
/// ├── after the second the appeal is silent
/// └── who testified loses nothing
contract RedrawTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function test_the_silent_lose_a_tenth_and_others_are_drawn() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory first = jury.drawn(d, 0, panel());
        Verdict memory v = courtVerdict(d, 10_000, 1);
        bytes memory testimony = sign(holderOf(first[2]), escrow.verdictDigest(v));
        jury.testify(d, panel(), v, 2, testimony);
        silent(d);
        for (uint256 i = 0; i < 7; ++i) {
            bool honest = i == 2;
            assertEq(jury.seatOf(first[i]).stake, honest ? STAKE : STAKE - STAKE / 10, "stake");
            SeatStatus status = honest ? SeatStatus.Active : SeatStatus.Suspended;
            assertEq(uint256(jury.seatOf(first[i]).status), uint256(status), "status");
        }
        assertEq(jury.pot(), 6 * STAKE / 10, "pot");

        proven(d);
        uint40[] memory second = jury.drawn(d, 0, panel());
        assertEq(second.length, 5, "all that are left of twelve");
        for (uint256 i = 0; i < second.length; ++i) {
            for (uint256 j = 0; j < 7; ++j) {
                assertTrue(second[i] != first[j], "none of the first seven");
            }
        }
    }

    function test_a_ruling_after_the_redraw_counts_and_its_signers_share_what_was_slashed() external {
        Deal memory d = underAppeal();
        requested(d);
        silent(d);
        address[] memory court = ruled(d, 10_000, 2);
        assertEq(jury.owed(court[0]), 7 * ONE, "a fifth of seven fines of five");
        assertEq(jury.pot(), 0, "pot");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 61 * ONE, "milestone and deposit");
    }

    function test_after_two_silent_draws_the_appeal_is_over() external {
        Deal memory d = underAppeal();
        requested(d);
        silent(d);
        silent(d);
        assertEq(jury.ruling(escrow.dealId(d), 0), uint256(AppealStatus.Silent), "silent");
        address[] memory members = panel();
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotRequested.selector, escrow.dealId(d), 0));
        jury.redraw(d, 0, members);
    }

    function test_nobody_redraws_before_the_deadline() external {
        Deal memory d = underAppeal();
        requested(d);
        uint40 deadline = jury.appealOf(escrow.dealId(d), 0).deadline;
        address[] memory members = panel();
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.DeadlineNotPassed.selector, deadline - 1, deadline));
        jury.redraw(d, 0, members);
    }

    function test_when_the_beacon_stood_still_nobody_is_punished() external {
        Deal memory d = underAppeal();
        requested(d);
        vm.warp(jury.appealOf(escrow.dealId(d), 0).deadline);
        jury.redraw(d, 0, panel());
        assertEq(jury.pot(), 0, "pot");
        proven(d);
        assertEq(jury.drawn(d, 0, panel()).length, 7, "all twelve stand for the redraw");
    }

    function test_when_the_parties_settled_meanwhile_nobody_is_punished() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        released(d, 0, true);
        vm.warp(jury.appealOf(escrow.dealId(d), 0).deadline);
        jury.redraw(d, 0, panel());
        assertEq(jury.pot(), 0, "pot");
        assertEq(jury.ruling(escrow.dealId(d), 0), uint256(AppealStatus.Silent), "over");
    }

    function test_testimony_is_by_the_drawn_seat_once() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory first = jury.drawn(d, 0, panel());
        Verdict memory v = courtVerdict(d, 10_000, 1);
        bytes memory testimony = sign(holderOf(first[2]), escrow.verdictDigest(v));
        address[] memory members = panel();
        bytes32 digest = escrow.verdictDigest(v);
        address other = holderOf(first[3]).addr;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, other, digest));
        jury.testify(d, members, v, 3, testimony);
        jury.testify(d, members, v, 2, testimony);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.AlreadyTestified.selector, first[2]));
        jury.testify(d, members, v, 2, testimony);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SignerOutOfPanel.selector, 7, 7));
        jury.testify(d, members, v, 7, testimony);
    }

    function test_when_the_second_round_is_not_proven_nobody_of_the_second_draw_is_punished() external {
        Deal memory d = underAppeal();
        requested(d);
        silent(d);
        uint64 pot = jury.pot();
        vm.warp(jury.appealOf(escrow.dealId(d), 0).deadline);
        jury.redraw(d, 0, panel());
        assertEq(jury.ruling(escrow.dealId(d), 0), uint256(AppealStatus.Silent), "over");
        assertEq(jury.pot(), pot, "pot");
    }

    function test_an_appeal_on_another_milestone_keeps_no_old_one_alive() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        released(d, 0, true);
        Verdict memory v = verdictOn(d, 1, 10_000);
        judged(d, v);
        appealed(d, v, buyer);
        vm.warp(jury.appealOf(v.deal, 0).deadline);
        jury.redraw(d, 0, panel());
        assertEq(jury.ruling(v.deal, 0), uint256(AppealStatus.Silent), "the old one is over");
        assertEq(jury.pot(), 0, "nobody is punished");
    }

    function test_a_drawn_seat_that_was_slashed_meanwhile_stays_slashed() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory first = jury.drawn(d, 0, panel());
        Account memory holder = holderOf(first[0]);
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        bytes memory byA = sign(holder, escrow.verdictDigest(a));
        jury.slash(first[0], a, byA, b, sign(holder, escrow.verdictDigest(b)));
        uint64 pot = jury.pot();
        silent(d);
        assertEq(uint256(jury.seatOf(first[0]).status), uint256(SeatStatus.Slashed), "status");
        assertEq(jury.pot() - pot, 6 * STAKE / 10, "the other six");
    }

    function test_what_is_left_of_a_suspended_seats_stake_returns() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40 seat = jury.drawn(d, 0, panel())[0];
        silent(d);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJuryPool.StillLocked.selector, block.timestamp, block.timestamp + EXIT_DELAY
            )
        );
        jury.withdrawStake(seat);
        vm.warp(block.timestamp + EXIT_DELAY);
        jury.withdrawStake(seat);
        assertEq(usdc.balanceOf(Sitters.who(jury, seat).principal), STAKE - STAKE / 10, "nine tenths");
        assertEq(uint256(jury.seatOf(seat).status), uint256(SeatStatus.Withdrawn), "status");
    }
}
