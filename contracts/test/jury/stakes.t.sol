// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal} from "../../src/types/Jury.sol";
import {Seat, SeatStatus} from "../../src/types/Seat.sol";
import {Vm} from "../base/Vm.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// A jury whose stakes are a few micro-USDC, and one of more than 32 bits can count
/// ├── a tenth of less than ten is nothing: nothing is taken, counted or told
/// ├── what does not divide among a court stays in the pot
/// └── no stake and no time is cut where it is kept
contract StakesTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    uint40 private constant FAR = 2 ** 32 + 1000 days;

    function seatedFor(uint64 stake) private {
        uint256 now_ = block.timestamp;
        vm.warp(now_ - 10 days);
        bytes memory constants =
            abi.encode(stake, SEAT_AGE, uint256(1 hours), uint256(10 minutes), RULING_TIME, EXIT_DELAY);
        bytes memory parts = abi.encode(address(usdc), address(beacon), address(escrow));
        jury = JuryPool(created("JuryPool.sol:JuryPool", bytes.concat(parts, constants)));
        Sitters.court(jury, address(escrow), address(beacon));
        for (uint256 i = 0; i < SEATS; ++i) {
            Account memory holder = i < 5 ? jurors[i] : seatHolder(i - 5);
            address principal = seatPrincipal(i).addr;
            minted(principal, stake);
            vm.prank(principal);
            usdc.approve(address(jury), stake);
            Sitters.noted(holder.addr, principal);
            vm.prank(principal);
            jury.join(holder.addr, uint16(i));
        }
        vm.warp(now_);
    }

    function drawnFor() private returns (Deal memory d) {
        d = underAppeal();
        requested(d);
        proven(d);
    }

    function changesOf(bytes32 topic) private returns (uint256 n) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == topic) ++n;
        }
    }

    function test_silence_costs_a_stake_below_ten_nothing_and_nothing_is_told() external {
        seatedFor(9);
        Deal memory d = drawnFor();
        uint40[] memory first = jury.drawn(d, 0, panel());
        vm.warp(jury.appealOf(escrow.dealId(d), 0).deadline);
        vm.recordLogs();
        jury.redraw(d, 0, panel());
        assertEq(changesOf(IJuryPool.PotChanged.selector), 0, "the pot has not changed");
        assertEq(jury.pot(), 0, "pot");
        for (uint256 i = 0; i < 7; ++i) {
            Seat memory seat = jury.seatOf(first[i]);
            assertEq(seat.stake, 9, "stake");
            assertEq(seat.silences, 0, "silences that cost something");
            assertEq(uint256(seat.status), uint256(SeatStatus.Suspended), "out of later draws");
            assertEq(seat.leftAt, block.timestamp, "from now on");
        }
    }

    function test_a_tenth_of_nine_is_owed_to_no_reporter_and_nothing_is_told() external {
        seatedFor(9);
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        Account memory liar = seatHolder(0);
        bytes memory byA = sign(liar, escrow.verdictDigest(a));
        bytes memory byB = sign(liar, escrow.verdictDigest(b));
        vm.recordLogs();
        jury.slash(5, a, byA, b, byB);
        assertEq(changesOf(IJuryPool.Owed.selector), 0, "nobody is owed");
        assertEq(jury.pot(), 9, "all of it is in the pot");
    }

    function test_of_a_stake_of_ten_silence_takes_one() external {
        seatedFor(10);
        Deal memory d = drawnFor();
        uint40[] memory first = jury.drawn(d, 0, panel());
        vm.warp(jury.appealOf(escrow.dealId(d), 0).deadline);
        vm.expectEmit(address(jury));
        emit IJuryPool.SeatSuspended(first[0], 1, 9);
        vm.expectEmit(address(jury));
        emit IJuryPool.PotChanged(1);
        jury.redraw(d, 0, panel());
        assertEq(jury.pot(), 7, "pot");
        assertEq(jury.seatOf(first[6]).silences, 1, "silences");
        assertEq(jury.seatOf(first[6]).stake, 9, "stake");
    }

    /// @dev Seven micro-USDC among five: each gets one and two stay; then two among five: nothing is shared or told.
    function test_what_does_not_divide_among_a_court_stays_in_the_pot() external {
        seatedFor(10);
        Deal memory d = drawnFor();
        silent(d);
        assertEq(jury.pot(), 7, "seven silent seats");
        address[] memory court = ruled(d, 10_000, 2);
        assertEq(jury.pot(), 2, "the rest");
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(jury.owed(court[i]), 1, "one each");
        }
    }

    function test_a_pot_too_small_for_a_court_stays_and_nothing_is_told() external {
        seatedFor(10);
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        Account memory liar = seatHolder(0);
        jury.slash(5, a, sign(liar, escrow.verdictDigest(a)), b, sign(liar, escrow.verdictDigest(b)));
        assertEq(jury.pot(), 9, "all but the reporter's tenth");
        Deal memory d = drawnFor();
        Verdict memory v = courtVerdict(d, 0, 1);
        jury.rule(d, v, votesOfCourt(d, v, 31));
        assertEq(jury.pot(), 4, "nine among five");
        (d.meta.salt, d.meta.start, d.meta.fundBy) = (99, NOW, uint40(block.timestamp));
        d.end = uint40(block.timestamp) + 10 days;
        opened(d);
        v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        requested(d);
        proven(d);
        v = courtVerdict(d, 0, 1);
        vm.recordLogs();
        jury.rule(d, v, votesOfCourt(d, v, 31));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != IJuryPool.PotChanged.selector, "the pot has not changed");
            assertTrue(logs[i].topics[0] != IJuryPool.Owed.selector, "nobody is owed");
        }
        assertEq(jury.pot(), 4, "four among five stay");
    }

    function test_a_stake_of_millions_is_kept_taken_and_returned_whole() external {
        uint64 stake = 2 ** 41 + 2 ** 33 + 7;
        seatedFor(stake);
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        Account memory liar = seatHolder(0);
        bytes memory byA = sign(liar, escrow.verdictDigest(a));
        bytes memory byB = sign(liar, escrow.verdictDigest(b));
        vm.expectEmit(address(jury));
        emit IJuryPool.SeatSlashed(5, stake, escrow.verdictDigest(a), escrow.verdictDigest(b));
        vm.prank(stranger.addr);
        jury.slash(5, a, byA, b, byB);
        assertEq(jury.owed(stranger.addr), stake / 10, "the reporter's tenth");
        assertEq(jury.pot(), stake - stake / 10, "pot");
        jury.collect(stranger.addr);
        assertEq(usdc.balanceOf(stranger.addr), stake / 10, "collected");
        vm.prank(seatHolder(1).addr);
        jury.vacate(6);
        vm.warp(NOW + EXIT_DELAY);
        vm.expectEmit(address(jury));
        emit IJuryPool.StakeWithdrawn(6, seatPrincipal(6).addr, stake);
        jury.withdrawStake(6);
        assertEq(usdc.balanceOf(seatPrincipal(6).addr), stake, "whole");
    }

    function test_seats_and_appeals_after_2106_are_kept_to_the_second() external {
        vm.warp(FAR);
        seatedFor(STAKE);
        assertEq(jury.seatOf(0).joinedAt, FAR - 10 days, "joined");
        assertEq(jury.seatsAt(FAR - 10 days), SEATS, "all of them");
        assertEq(jury.seatsAt(FAR - 10 days - 1), 0, "none before");
        deposited(buyer.addr, 1000 * ONE);
        deposited(seller.addr, 100 * ONE);
        Deal memory d = plainTerms();
        (d.meta.start, d.meta.fundBy, d.end) = (FAR, FAR, FAR + 10 days);
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        vm.warp(FAR + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        requested(d);
        Appeal memory a = jury.appealOf(v.deal, 0);
        assertEq(a.appealedAt, FAR + 1 days, "appealed");
        assertEq(a.seats, SEATS, "seats");
        uint256 out = beacon.genesis() + uint256(a.round - 1) * beacon.period();
        assertTrue(out >= FAR + 1 days + 10 minutes && out % 1 hours < 3, "a full hour ahead");
        assertEq(a.deadline, out + RULING_TIME, "deadline");
        ruledFirst(d);
        assertEq(slotOf(v.deal).done, 1, "ruled");
        vm.prank(seatHolder(11).addr);
        jury.vacate(16);
        assertEq(jury.seatOf(16).leftAt, block.timestamp, "left");
        vm.warp(block.timestamp + EXIT_DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IJuryPool.StillLocked.selector, block.timestamp, uint256(block.timestamp) + 1
            )
        );
        jury.withdrawStake(16);
        vm.warp(block.timestamp + 1);
        jury.withdrawStake(16);
        assertEq(usdc.balanceOf(seatPrincipal(16).addr), STAKE, "returned");
    }

    function ruledFirst(Deal memory d) private {
        proven(d);
        Verdict memory v = courtVerdict(d, 10_000, 1);
        jury.rule(d, v, votesOfCourt(d, v, 31));
    }
}
