// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// @notice Attack: somebody takes fifty seats for each that hears appeals, leaves them all and has its stakes back, so that draws
/// look at nothing but empty seats.
/// Rule: a draw looks on, and a ruling brings word of nobody who left.
contract DeadSeatsAttack is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    uint40 private constant DEAD = 600;

    function setUp() public override {
        super.setUp();
        address crowd = account("crowd").addr;
        minted(crowd, DEAD * STAKE);
        vm.warp(NOW - 9 days);
        vm.startPrank(crowd);
        usdc.approve(address(jury), DEAD * STAKE);
        for (uint160 i = 0; i < DEAD; ++i) {
            Sitters.noted(address(0xc0de0000 + i), crowd);
            jury.join(address(0xc0de0000 + i), 1);
        }
        for (uint40 seat = SEATS; seat < SEATS + DEAD; ++seat) {
            jury.vacate(seat);
        }
        vm.stopPrank();
        vm.warp(NOW);
        for (uint40 seat = SEATS; seat < SEATS + DEAD; ++seat) {
            jury.withdrawStake(seat);
        }
        assertEq(usdc.balanceOf(crowd), DEAD * STAKE, "it cost nothing but time");
    }

    function test_a_draw_finds_its_seven() external {
        Deal memory d = underAppeal();
        jury.request(d, EVERY_SEAT);
        uint64 round = uint64(jury.appealOf(escrow.dealId(d), 0).round);
        for (uint256 seed = 0; seed < 20; ++seed) {
            beacon.prove(round, abi.encode(seed));
            uint40[] memory seats = jury.drawn(d, 0, panel());
            assertEq(seats.length, 7, "all of them");
            for (uint256 i = 0; i < 7; ++i) {
                assertTrue(seats[i] >= 5 && seats[i] < SEATS, "of those who stayed");
            }
        }
    }

    function test_and_five_of_them_rule() external {
        Deal memory d = underAppeal();
        jury.request(d, EVERY_SEAT);
        proven(d);
        Verdict memory v = courtVerdict(d, 10_000, 1);
        Votes memory votes = votesOfCourt(d, v, 31);
        assertTrue(jury.sittersOf(d, v, votes).length <= SEATS * 40, "of nobody who left");
        jury.rule(d, v, votes);
        assertEq(jury.ruling(v.deal, 0), uint256(AppealStatus.Ruled), "ruled");
    }
}
