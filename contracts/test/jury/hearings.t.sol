// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict, Votes} from "../../src/types/Deal.sol";
import {Appeal, AppealStatus, SeatStatus} from "../../src/types/Jury.sol";
import {Court} from "../escrow/Court.sol";

/// request
/// ├── fixes the first round of the next full hour at least ten minutes ahead, and the seats that are old enough
/// └── when there is no appeal, it was requested, the seats are miscounted, or the jury is another
/// rule
/// ├── five of the seven drawn; the draw skips the first panel, parties, young, left and doubled seats
/// └── when too few sign, the round is unproven, the deadline past, or the verdict for another round or attempt
/// testify, redraw
/// ├── after the first deadline the silent lose a tenth and seven others are drawn
/// ├── after the second the appeal is silent
/// └── who testified loses nothing
contract HearingsTest is Court {
    function underAppeal() private returns (Deal memory d) {
        deposited(sellerPrincipal.addr, 100 * ONE);
        Verdict memory v;
        (d, v) = pending(0);
        appealed(d, v, seller);
    }

    function refused(Deal memory d, uint40 seats, bytes memory reason) private {
        vm.expectRevert(reason);
        jury.request(d, seats);
    }

    // --- request ---

    function test_the_round_is_the_first_of_the_next_full_hour() external view {
        uint256 hour = (uint256(NOW) / 3600 + 1) * 3600;
        uint256 first = (hour - beacon.genesis() + 2) / 3 + 1;
        assertEq(jury.roundFor(hour - 3600 + 1), first, "from the hour on");
        assertEq(jury.roundFor(hour - 600), first, "exactly ten minutes ahead");
        assertEq(jury.roundFor(hour - 599), first + 1200, "one second late: the hour after");
        assertGe(beacon.genesis() + (first - 1) * 3, hour, "not before the hour");
    }

    function test_a_request_fixes_round_and_seats_once() external {
        Deal memory d = underAppeal();
        requested(d);
        Appeal memory a = jury.appealOf(escrow.dealId(d), 0);
        assertEq(a.seats, SEATS, "seats");
        assertEq(a.round, jury.roundFor(block.timestamp), "round");
        assertEq(a.appealedAt, NOW + 1 days, "appealed at");
        refused(d, SEATS, abi.encodeWithSelector(IJuryPool.AlreadyRequested.selector, escrow.dealId(d), 0));
    }

    function test_seats_that_joined_less_than_a_day_before_are_not_counted() external {
        vm.warp(NOW);
        seated(account("young"), 50);
        vm.warp(NOW + 1);
        seated(account("younger"), 51);
        Deal memory d = underAppeal();
        refused(d, SEATS, abi.encodeWithSelector(IJuryPool.WrongSeats.selector, SEATS, 19));
        refused(d, 19, abi.encodeWithSelector(IJuryPool.WrongSeats.selector, 19, 19));
        jury.request(d, 18);
    }

    function test_only_an_appeal_before_this_jury_is_requested() external {
        (Deal memory d,) = pending(0);
        refused(d, SEATS, abi.encodeWithSelector(IJuryPool.NotAppealed.selector, escrow.dealId(d)));
        d.jury = address(0xbad);
        refused(d, SEATS, abi.encodeWithSelector(IJuryPool.WrongJury.selector, address(0xbad), address(jury)));
    }

    function test_an_appeal_that_pays_less_than_a_fine_calls_no_seats() external {
        deposited(sellerPrincipal.addr, 100 * ONE);
        Deal memory d = terms();
        d.appealFee = 5 * ONE - 1;
        opened(d);
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        refused(d, SEATS, abi.encodeWithSelector(IJuryPool.AppealFeeTooLow.selector, 5 * ONE - 1, 5 * ONE));
    }

    // --- rule ---

    function test_a_draw_has_seven_different_seats_and_none_of_the_first_panel() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        assertEq(seats.length, 7, "size");
        for (uint256 i = 0; i < 7; ++i) {
            assertGe(seats[i], 5, "not of the first panel");
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(seats[i] != seats[j], "different");
            }
        }
    }

    function test_a_ruling_is_kept_with_its_signers() external {
        Deal memory d = underAppeal();
        address[] memory court = ruled(d, 2500, 1);
        uint256 word = jury.ruling(escrow.dealId(d), 0);
        assertEq(word & 0xff, uint256(AppealStatus.Ruled), "status");
        assertEq(word >> 8 & 0xffff, 2500, "bps");
        assertEq(word >> 24 & 0xff, 1, "round");
        assertEq(word >> 32, uint256(keccak256(abi.encodePacked(court))) >> 32, "signers");
    }

    function test_four_of_seven_are_too_few() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = votesOfCourt(d, v, 15);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.TooFewSigners.selector, 4, 5));
        jury.rule(d, v, votes);
    }

    function test_who_was_not_drawn_does_not_rule() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = votesOfCourt(d, v, 31);
        votes.signatures[4] = sign(jurors[0], escrow.verdictDigest(v));
        vm.expectPartialRevert(IJuryPool.BadSignature.selector);
        jury.rule(d, v, votes);
    }

    function test_an_unproven_round_draws_nobody() external {
        Deal memory d = underAppeal();
        requested(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = Votes(panel(), 31, new bytes[](5));
        uint64 round = jury.appealOf(escrow.dealId(d), 0).round;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.RoundNotProven.selector, round));
        jury.rule(d, v, votes);
    }

    function test_a_ruling_names_its_round_and_the_appealed_attempt_and_comes_in_time() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 0);
        Votes memory votes = votesOfCourt(d, v, 31);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongRound.selector, 0, 1));
        jury.rule(d, v, votes);
        v.round = 1;
        v.attempt = 1;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongAttempt.selector, 1, 0));
        jury.rule(d, v, votes);
        v.attempt = 0;
        uint40 deadline = jury.appealOf(escrow.dealId(d), 0).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.DeadlinePassed.selector, deadline, deadline));
        jury.rule(d, v, votes);
    }

    function test_seats_that_left_before_the_appeal_or_share_a_principal_are_skipped() external {
        for (uint40 i = 5; i < 9; ++i) {
            vm.prank(holderOf(i).addr);
            jury.vacate(i);
        }
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        assertEq(seats.length, 7, "eight are left");
        for (uint256 i = 0; i < seats.length; ++i) {
            assertGe(seats[i], 9, "none of those who left");
        }
    }

    // --- testify and redraw ---

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
        escrow.rule(d, court);
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
        vm.expectPartialRevert(IJuryPool.BadSignature.selector);
        jury.testify(d, members, v, 3, testimony);
        jury.testify(d, members, v, 2, testimony);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.AlreadyTestified.selector, first[2]));
        jury.testify(d, members, v, 2, testimony);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SignerOutOfPanel.selector, 7, 7));
        jury.testify(d, members, v, 7, testimony);
    }
}
