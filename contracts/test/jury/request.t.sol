// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal} from "../../src/types/Jury.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// request
/// ├── fixes the first round of the next full hour at least ten minutes ahead, and the seats that are old enough
/// ├── takes all the seats there are without a count, unless one is too young
/// └── when there is no appeal, it was requested, the seats are miscounted, or the jury is another
contract RequestTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function refused(Deal memory d, uint40 seats, bytes memory reason) private {
        vm.expectRevert(reason);
        jury.request(d, seats);
    }

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
        uint64 round = jury.roundFor(block.timestamp);
        uint40 deadline = beacon.genesis() + uint40(round - 1) * 3 + RULING_TIME;
        vm.expectEmit(address(jury));
        uint256 draw = uint256(SEATS) << 16 | uint256(NOW + 1 days) << 56;
        draw |= uint256(deadline) << 96 | uint256(round) << 136;
        emit IJuryPool.AppealRequested(escrow.dealId(d), draw);
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

    function test_seats_are_counted_to_the_last_and_no_further() external {
        Deal memory d = underAppeal();
        uint40[5] memory wrong = [0, 1, SEATS - 1, SEATS + 1, EVERY_SEAT - 1];
        for (uint256 i = 0; i < 5; ++i) {
            refused(d, wrong[i], abi.encodeWithSelector(IJuryPool.WrongSeats.selector, wrong[i], SEATS));
        }
        jury.request(d, SEATS);
    }

    function test_every_seat_is_all_there_are_while_none_is_too_young() external {
        vm.warp(NOW);
        seated(account("just in time"), 50);
        Deal memory d = underAppeal();
        uint256 before = vm.snapshotState();
        vm.expectEmit(true, false, false, false, address(jury));
        emit IJuryPool.AppealRequested(escrow.dealId(d), 0);
        jury.request(d, EVERY_SEAT);
        assertEq(jury.appealOf(escrow.dealId(d), 0).seats, SEATS + 1, "all of them");
        vm.revertToState(before);
        jury.request(d, SEATS + 1);
        assertEq(jury.appealOf(escrow.dealId(d), 0).seats, SEATS + 1, "as when they are counted");
    }

    function test_every_seat_is_refused_when_one_is_a_second_too_young() external {
        vm.warp(NOW + 1);
        seated(account("late"), 50);
        Deal memory d = underAppeal();
        refused(d, EVERY_SEAT, abi.encodeWithSelector(IJuryPool.WrongSeats.selector, EVERY_SEAT, SEATS + 1));
        jury.request(d, SEATS);
        assertEq(jury.appealOf(escrow.dealId(d), 0).seats, SEATS, "the old ones");
    }
}
