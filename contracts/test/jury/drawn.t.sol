// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Draw} from "../../src/jury/Draw.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal} from "../../src/types/Jury.sol";
import {Seat} from "../../src/types/Seat.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// drawn
/// ├── is in the order that the interface describes, done a second time here with a whole deck in memory
/// ├── ends when it has looked at all seats, or 2048 times
/// │   └── with whom it has found by then
/// ├── has one seat of a principal, whatever its address ends in
/// └── rules with what it has: from five seats on
contract DrawnTest is Court {
    using Draw for Draw.Walk;
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    /// @notice Which seats so many looks meet, each where it is met first.
    function order(bytes32 seed, uint256 size, uint256 looks) private pure returns (uint40[] memory met) {
        bool[] memory known = new bool[](size);
        met = new uint40[](size);
        uint256 n;
        for (uint256 k = 0; k < looks && n < size; ++k) {
            uint256 seat = uint256(keccak256(abi.encode(seed, k))) % size;
            if (known[seat]) continue;
            known[seat] = true;
            met[n++] = uint40(seat);
        }
        assembly ("memory-safe") {
            mstore(met, n)
        }
    }

    function assertWalked(bytes32 seed, uint256 size) private pure {
        uint40[] memory expected = order(seed, size, 2048);
        Draw.Walk memory walk = Draw.start(seed, size);
        for (uint256 i = 0; i < expected.length; ++i) {
            assertTrue(walk.moves(), "there is one more");
            assertEq(walk.seat, expected[i], "the next of the order");
        }
        assertFalse(walk.moves(), "and then no more");
        assertFalse(walk.moves(), "for good");
    }

    function test_a_walk_is_in_the_order_that_is_said(bytes32 seed, uint256 size) external pure {
        assertWalked(seed, bound(size, 0, 300));
    }

    function test_a_walk_through_many_seats_looks_2048_times(bytes32 seed, uint256 size) external pure {
        assertWalked(seed, bound(size, 2000, 65_536));
    }

    /// @dev What lay in memory before is not what a walk has seen.
    function test_a_walk_begins_with_nothing_seen(bytes32 seed) external pure {
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 0x4000) { i := add(i, 0x20) } { mstore(add(free, i), not(0)) }
        }
        Draw.Walk memory walk = Draw.start(seed, 4000);
        for (uint256 i = 0; i < 100; ++i) {
            assertTrue(walk.moves(), "there is one more");
        }
        assertTrue(walk.looks < 200, "and soon found");
    }

    function test_a_walk_through_more_seats_than_it_has_bits_for(bytes32 seed, uint256 size) external pure {
        size = bound(size, 65_537, type(uint40).max);
        Draw.Walk memory walk = Draw.start(seed, size);
        bool[] memory known = new bool[](65_536);
        for (uint256 k = 0; k < 2048; ++k) {
            uint256 seat = uint256(keccak256(abi.encode(seed, k))) % size;
            if (known[seat % 65_536]) continue;
            known[seat % 65_536] = true;
            assertTrue(walk.moves(), "there is one more");
            assertEq(walk.seat, seat, "the next whose bit is free");
        }
        assertFalse(walk.moves(), "and then no more");
    }

    function test_a_draw_is_what_anybody_recomputes_from_seats_and_randomness(uint256 seed) external {
        Deal memory d = underAppeal();
        bytes32 id = escrow.dealId(d);
        requested(d);
        Appeal memory a = jury.appealOf(id, 0);
        beacon.prove(uint64(a.round), abi.encode(seed));
        bytes32 randomness = sha256(abi.encode(seed));
        uint40[] memory met = order(keccak256(abi.encode(randomness, id, 0, 1)), a.seats, 2048);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        uint256 n;
        for (uint256 i = 0; i < met.length && n < 7; ++i) {
            if (met[i] < 5) continue; // the first panel's
            assertEq(seats[n++], met[i], "the next one in the order");
        }
        assertEq(seats.length, n, "and no other");
    }

    /// @dev Whom a draw has met is remembered first by the end of the address; here principals and holders share one.
    function test_a_principal_sits_once_whatever_its_address_ends_in() external {
        vm.warp(NOW - 5 days);
        for (uint160 end = 0; end < 4; ++end) {
            address crowd = address(0xc0ffee00 + end);
            minted(crowd, 20 * STAKE);
            vm.startPrank(crowd);
            usdc.approve(address(jury), 20 * STAKE);
            for (uint160 i = 0; i < 20; ++i) {
                address holder = address(0xc0de0000 + (end * 20 + i) * 256 + end);
                Sitters.noted(holder, crowd);
                jury.join(holder, 1);
            }
            vm.stopPrank();
        }
        vm.warp(NOW);
        Deal memory d = underAppeal();
        bytes32 id = escrow.dealId(d);
        jury.request(d, SEATS + 80);
        uint64 round = uint64(jury.appealOf(id, 0).round);
        for (uint256 seed = 0; seed < 20; ++seed) {
            beacon.prove(round, abi.encode(seed));
            uint40[] memory seats = jury.drawn(d, 0, panel());
            uint256[4] memory sit;
            for (uint256 i = 0; i < seats.length; ++i) {
                if (seats[i] < SEATS) continue;
                uint256 end = (seats[i] - SEATS) / 20;
                assertEq(++sit[end], 1, "one of each crowd");
            }
        }
    }

    function test_a_draw_ends_with_whom_it_has_found() external {
        // Six hundred seats of one principal: at most one of them can sit.
        vm.warp(NOW - 5 days);
        address crowd = account("crowd").addr;
        uint64 many = 600;
        minted(crowd, many * STAKE);
        vm.startPrank(crowd);
        usdc.approve(address(jury), many * STAKE);
        for (uint160 i = 0; i < many; ++i) {
            Sitters.noted(address(0xc0de0000 + i), crowd);
            jury.join(address(0xc0de0000 + i), 1);
        }
        vm.stopPrank();
        vm.warp(NOW);
        Deal memory d = underAppeal();
        jury.request(d, EVERY_SEAT);
        uint64 round = uint64(jury.appealOf(escrow.dealId(d), 0).round);
        for (uint256 seed = 0; seed < 5; ++seed) {
            beacon.prove(round, abi.encode(seed));
            uint40[] memory seats = jury.drawn(d, 0, panel());
            uint256 ofCrowd;
            for (uint256 i = 0; i < seats.length; ++i) {
                if (seats[i] >= SEATS) ++ofCrowd;
            }
            assertEq(ofCrowd, 1, "one of the crowd");
        }
    }

    function test_a_short_draw_rules_from_five_seats_on() external {
        for (uint40 i = 5; i < 12; ++i) {
            vm.prank(holderOf(i).addr);
            jury.vacate(i);
        }
        Deal memory d = underAppeal(); // five are left
        requested(d);
        proven(d);
        assertEq(jury.drawn(d, 0, panel()).length, 5, "five");
        Verdict memory v = courtVerdict(d, 10_000, 1);
        Votes memory votes = votesOfFive(d, v);
        votes.signers = 32 | 15;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SignerOutOfPanel.selector, 47, 5));
        jury.rule(d, v, votes);
        votes.signers = 15;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.TooFewSigners.selector, 4, 5));
        jury.rule(d, v, votes);
        votes.signers = 31;
        jury.rule(d, v, votes);
        assertEq(jury.ruling(v.deal, 0) & 0xff, 3, "ruled");
    }

    function votesOfFive(Deal memory d, Verdict memory v) private returns (Votes memory votes) {
        uint40[] memory seats = jury.drawn(d, 0, panel());
        votes = Votes(panel(), 31, new bytes[](5));
        for (uint256 i = 0; i < 5; ++i) {
            votes.signatures[i] = signCompact(holderOf(seats[i]), escrow.verdictDigest(v));
        }
    }

    function test_a_round_before_the_beacons_first_is_its_first() external view {
        uint256 genesis = beacon.genesis();
        assertEq(jury.roundFor(genesis - 2 days), 1, "long before");
        assertEq(jury.roundFor(0), 1, "at the beginning of time");
    }

    /// @dev Far more rounds than 32 bits count.
    function test_the_round_of_the_last_hour_there_is() external view {
        uint256 hour = uint256(type(uint40).max) / 3600 * 3600;
        assertEq(jury.roundFor(hour - 3600), (hour - beacon.genesis() + 2) / 3 + 1, "at the hour");
    }

    function test_seatsAt_counts_those_that_had_joined() external {
        assertEq(jury.seatsAt(NOW - 10 days - 1), 0, "before");
        assertEq(jury.seatsAt(NOW - 10 days), 17, "at");
        seated(account("later"), 30);
        assertEq(jury.seatsAt(NOW - 1), 17, "not yet");
        assertEq(jury.seatsAt(NOW), 18, "then");
        Seat memory last = jury.seatOf(17);
        assertEq(last.joinedAt, NOW, "joined at");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NoSuchSeat.selector, 18, 18));
        jury.seatOf(18);
    }
}
