// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal} from "../../src/types/Jury.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// @notice Attack: an appellant chooses who judges it: by a sequencer whose clock stands still while the beacon goes on, by asking at
/// a moment of its choice, by seats that it takes when it sees the verdict, by counting seats wrongly, by its own seats
/// and those of its principal, or by letting the first draw fail until the second suits.
/// Rule: the round is the first of the next full hour at least ten minutes ahead, fixed once; only seats a day old count;
/// parties, payees, the first panel, a second seat of one principal, and at the redraw the first seven are passed over.
contract SteeredDrawAttack is Court {
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

    function roundTime(uint64 round) private view returns (uint256) {
        return uint256(beacon.genesis()) + uint256(round - 1) * beacon.period();
    }

    // --- known beacon rounds ---

    /// @dev The chain says `timestamp` while the beacon is already `lag` seconds further.
    function test_a_sequencer_that_lags_less_than_ten_minutes_knows_no_round_that_is_used(
        uint32 elapsed,
        uint256 lag
    ) external view {
        uint256 timestamp = uint256(NOW) + elapsed;
        lag = bound(lag, 0, 10 minutes - 1);
        uint64 fixed_ = jury.roundFor(timestamp);
        assertTrue(fixed_ > beacon.roundAt(timestamp + lag), "not out yet, whatever the lag");
        assertGe(roundTime(fixed_), timestamp + 10 minutes, "at least ten minutes ahead");
        assertLe(roundTime(fixed_), timestamp + 10 minutes + 1 hours + 2, "and no more than the next hour");
    }

    function test_the_moment_of_the_request_chooses_among_one_round_an_hour() external view {
        uint256 hour = (uint256(NOW) / 1 hours + 2) * 1 hours;
        uint64 fixed_ = jury.roundFor(hour - 1 hours - 10 minutes + 1);
        for (uint256 t = hour - 1 hours - 10 minutes + 1; t <= hour - 10 minutes; t += 97) {
            assertEq(jury.roundFor(t), fixed_, "whenever it is asked");
        }
        assertEq(jury.roundFor(hour - 10 minutes), fixed_, "to the last second");
        assertTrue(jury.roundFor(hour - 10 minutes + 1) == fixed_ + 1200, "then the hour after");
    }

    function test_a_round_is_fixed_once_whoever_asks_again() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        Appeal memory a = jury.appealOf(id, 0);
        vm.warp(block.timestamp + 5 hours);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.AlreadyRequested.selector, id, 0));
        jury.request(d, SEATS);
        assertEq(jury.appealOf(id, 0).round, a.round, "round");
    }

    // --- seats ---

    function test_seats_that_are_taken_at_the_sight_of_the_verdict_come_too_late() external {
        (Deal memory d, Verdict memory v) = pending(0);
        for (uint256 i = 0; i < 40; ++i) {
            seated(account(string.concat("sybil ", vm.toString(i))), 100 + i);
        }
        appealed(d, v, seller);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongSeats.selector, 57, 57));
        jury.request(d, 57);
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        for (uint256 i = 0; i < seats.length; ++i) {
            assertTrue(seats[i] < SEATS, "an old seat");
        }
    }

    function test_a_seat_counts_from_the_second_in_which_it_is_a_day_old() external {
        vm.warp(NOW + 1 days - SEAT_AGE);
        seated(account("a day old"), 50);
        vm.warp(NOW + 1 days - SEAT_AGE + 1);
        seated(account("a second less"), 51);
        (Deal memory d, bytes32 id) = failedAndAppealed();
        assertEq(jury.seatsAt(uint40(block.timestamp) - SEAT_AGE), 18, "eighteen are old enough");
        for (uint40 wrong = 17; wrong < 21; ++wrong) {
            if (wrong == 18) continue;
            vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongSeats.selector, wrong, 19));
            jury.request(d, wrong);
        }
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongSeats.selector, 0, 19));
        jury.request(d, 0);
        jury.request(d, 18);
        assertEq(jury.appealOf(id, 0).seats, 18, "seats");
    }

    function test_seats_of_the_parties_and_of_their_principals_are_passed_over() external {
        vm.warp(NOW - 5 days);
        address[4] memory parties = [buyer.addr, seller.addr, buyerPrincipal.addr, sellerPrincipal.addr];
        for (uint256 i = 0; i < 20; ++i) {
            // Four hold seats themselves, the others pay for those of straw men.
            if (i < 4) {
                seated(Account(parties[i], 0), 200 + i);
            } else {
                joined(account(string.concat("straw man ", vm.toString(i))).addr, parties[i % 4]);
            }
        }
        vm.warp(NOW);
        (Deal memory d,) = failedAndAppealed();
        jury.request(d, 37);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        assertEq(seats.length, 7, "a whole panel");
        for (uint256 i = 0; i < seats.length; ++i) {
            assertTrue(seats[i] >= 5 && seats[i] < SEATS, "of the twelve that are nobody's");
        }
    }

    function joined(address holder, address principal) private {
        minted(principal, STAKE);
        vm.startPrank(principal);
        usdc.approve(address(jury), STAKE);
        Sitters.noted(holder, principal);
        jury.join(holder, 1);
        vm.stopPrank();
    }

    function test_one_principal_and_one_holder_sit_once_however_many_seats_they_pay_for() external {
        vm.warp(NOW - 5 days);
        Account memory whale = account("whale");
        for (uint256 i = 0; i < 20; ++i) {
            joined(account(string.concat("whale's holder ", vm.toString(i))).addr, whale.addr);
            joined(whale.addr, account(string.concat("whale's principal ", vm.toString(i))).addr);
        }
        vm.warp(NOW);
        (Deal memory d,) = failedAndAppealed();
        jury.request(d, 57);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        (uint256 asPrincipal, uint256 asHolder) = (0, 0);
        for (uint256 i = 0; i < seats.length; ++i) {
            if (Sitters.who(jury, seats[i]).principal == whale.addr) ++asPrincipal;
            if (Sitters.who(jury, seats[i]).holder == whale.addr) ++asHolder;
        }
        assertTrue(asPrincipal <= 1 && asHolder <= 1, "once as principal, once as holder");
        assertEq(seats.length, 7, "and the others fill the panel");
    }

    function test_an_appeal_before_an_empty_court_ends_with_the_verdict() external {
        for (uint40 i = 0; i < SEATS; ++i) {
            vm.prank(holderOf(i).addr);
            jury.vacate(i);
        }
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        silent(d);
        silent(d);
        assertEq(jury.pot(), 0, "nobody is fined");
        escrow.rule(d);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), 54 * ONE, "the verdict stood");
        assertConserved(id);
    }

    // --- redraw ---

    function test_the_second_draw_is_of_others_and_the_first_seven_rule_no_more() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        proven(d);
        uint40[] memory first = jury.drawn(d, 0, panel());
        Verdict memory late = courtVerdict(d, 10_000, 1);
        Votes memory votes = votesOfCourt(d, late, 31);
        silent(d);
        proven(d);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongRound.selector, 1, 2));
        jury.rule(d, late, votes); // the bought ruling of the first seven
        late.round = 2;
        bytes32 digest = escrow.verdictDigest(late);
        for (uint256 i = 0; i < 5; ++i) {
            votes.signatures[i] = sign(holderOf(first[i]), digest);
        }
        address drawn = holderOf(jury.drawn(d, 0, panel())[0]).addr;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, drawn, digest));
        jury.rule(d, late, votes);
        uint40[] memory second = jury.drawn(d, 0, panel());
        for (uint256 i = 0; i < second.length; ++i) {
            for (uint256 j = 0; j < 7; ++j) {
                assertTrue(second[i] != first[j], "somebody else");
            }
        }
        assertEq(jury.appealOf(id, 0).draw, 2, "the second draw");
    }

    function test_there_is_one_redraw() external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        silent(d);
        silent(d);
        address[] memory members = panel();
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotRequested.selector, id, 0));
        jury.redraw(d, 0, members);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.AlreadyRequested.selector, id, 0));
        jury.request(d, SEATS);
    }

    function test_a_seat_that_leaves_after_the_appeal_is_drawn_and_liable_all_the_same() external {
        (Deal memory d,) = failedAndAppealed();
        vm.warp(block.timestamp + 1);
        for (uint40 i = 5; i < SEATS; ++i) {
            vm.prank(holderOf(i).addr);
            jury.vacate(i);
        }
        requested(d);
        silent(d);
        assertEq(jury.pot(), 7 * STAKE / 10, "seven that fled are fined");
    }

    function test_the_draw_takes_every_seat_alike(uint256 seed) external {
        (Deal memory d, bytes32 id) = failedAndAppealed();
        requested(d);
        uint64 round = jury.appealOf(id, 0).round;
        beacon.prove(round, abi.encode(seed));
        uint40[] memory seats = jury.drawn(d, 0, panel());
        assertEq(seats.length, 7, "whatever the beacon says");
        for (uint256 i = 0; i < 7; ++i) {
            assertTrue(seats[i] >= 5 && seats[i] < SEATS, "an eligible seat");
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(seats[i] != seats[j], "once");
            }
        }
    }
}
