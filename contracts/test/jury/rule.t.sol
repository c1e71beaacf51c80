// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {AppealStatus} from "../../src/types/Jury.sol";
import {Tails} from "../../src/types/Tail.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// rule
/// ├── five of the seven drawn; the draw skips the first panel, parties, young, left and doubled seats
/// └── when too few sign, the round is unproven, the deadline past, or the verdict for another round or attempt
contract JuryRuleTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function underAppeal() private returns (Deal memory d) {
        deposited(sellerPrincipal.addr, 100 * ONE);
        Verdict memory v;
        (d, v) = pending(0);
        appealed(d, v, seller);
    }

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
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 2500, 1);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        address[] memory court = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            court[i] = holderOf(seats[i]).addr;
        }
        Votes memory votes = votesOfCourt(d, v, 31);
        vm.expectEmit(address(jury));
        emit IJuryPool.RulingMade(v.deal, 0, v, seats, 31, court);
        jury.rule(d, v, votes);
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
        address fifth = holderOf(jury.drawn(d, 0, panel())[4]).addr;
        bytes32 digest = escrow.verdictDigest(v);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, fifth, digest));
        jury.rule(d, v, votes);
    }

    function test_a_ruling_is_on_this_deal_by_its_panel_and_at_most_everything() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        v.deal = keccak256("other");
        Votes memory votes = votesOfCourt(d, v, 31);
        address first = holderOf(jury.drawn(d, 0, panel())[0]).addr;
        bytes32 digest = escrow.verdictDigest(courtVerdict(d, 0, 1));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, first, digest));
        jury.rule(d, v, votes);
        v = courtVerdict(d, 10_001, 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BpsTooHigh.selector, 10_001, 10_000));
        jury.rule(d, v, votes);
        v = courtVerdict(d, 0, 1);
        votes = votesOfCourt(d, v, 31);
        votes.signers = 63;
        vm.expectRevert(abi.encodeWithSelector(Tails.TailTooShort.selector, 0, 64)); // a bit without its signature
        jury.rule(d, v, votes);
        votes.panel = new address[](0);
        bytes32 nobody = keccak256("");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.WrongPanel.selector, nobody, d.panel));
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
}
