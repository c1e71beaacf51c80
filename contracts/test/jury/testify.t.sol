// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// testify
/// ├── keeps that the i-th drawn seat has put its verdict on chain
/// ├── takes nobody at its word, not even the seat that sends it
/// └── when there is no appeal, its round is not proven, the time is over, or the verdict is for another round, attempt or panel
contract TestifyTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function refused(
        Deal memory d,
        Verdict memory v,
        uint8 index,
        bytes memory signature,
        bytes memory reason
    ) private {
        address[] memory members = panel();
        vm.expectRevert(reason);
        jury.testify(d, members, v, index, signature);
    }

    function test_a_testimony_is_kept_and_told_with_its_place() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Verdict memory v = courtVerdict(d, 1234, 1);
        bytes32 digest = escrow.verdictDigest(v);
        for (uint8 i = 6; i < 7; --i) {
            address[] memory members = panel();
            bytes memory signature = signCompact(holderOf(seats[i]), digest);
            vm.expectEmit(address(jury));
            emit IJuryPool.Testified(v.deal, 0, seats[i], i, digest, 1234);
            jury.testify(d, members, v, i, signature);
            if (i == 0) break;
        }
        assertEq(jury.appealOf(v.deal, 0).testified, 127, "all seven");
    }

    function test_a_seat_signs_even_the_testimony_that_it_sends() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        address first = holderOf(jury.drawn(d, 0, panel())[0]).addr;
        Verdict memory v = courtVerdict(d, 1234, 1);
        bytes memory reason =
            abi.encodeWithSelector(IJuryPool.BadSignature.selector, first, escrow.verdictDigest(v));
        address[2] memory senders = [first, stranger.addr];
        for (uint256 i = 0; i < 2; ++i) {
            address[] memory members = panel();
            vm.expectRevert(reason);
            vm.prank(senders[i]);
            jury.testify(d, members, v, 0, "");
        }
    }

    function test_there_is_an_appeal_and_it_is_open() external {
        Deal memory d = underAppeal();
        Verdict memory v = courtVerdict(d, 0, 1);
        bytes memory none = abi.encodeWithSelector(IJuryPool.NotRequested.selector, v.deal, 0);
        refused(d, v, 0, "", none);
        address[] memory members = panel();
        vm.expectRevert(none);
        jury.drawn(d, 0, members);
        vm.expectRevert(none);
        jury.redraw(d, 0, members);
        requested(d);
        ruledByFive(d);
        refused(d, v, 5, "", none);
    }

    function ruledByFive(Deal memory d) private {
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        jury.rule(d, v, votesOfCourt(d, v, 31));
    }

    function test_the_verdict_is_for_this_round_and_attempt_and_at_most_everything() external {
        Deal memory d = underAppeal();
        requested(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        uint64 round = jury.appealOf(v.deal, 0).round;
        refused(d, v, 0, "", abi.encodeWithSelector(IJuryPool.RoundNotProven.selector, round));
        proven(d);
        v.round = 2;
        refused(d, v, 0, "", abi.encodeWithSelector(IJuryPool.WrongRound.selector, 2, 1));
        v.round = 1;
        v.attempt = 3;
        refused(d, v, 0, "", abi.encodeWithSelector(IJuryPool.WrongAttempt.selector, 3, 0));
        v.attempt = 0;
        v.sellerBps = 10_001;
        refused(d, v, 0, "", abi.encodeWithSelector(IJuryPool.BpsTooHigh.selector, 10_001, 10_000));
        v.sellerBps = 0;
        address seat0 = holderOf(jury.drawn(d, 0, panel())[0]).addr;
        bytes32 digest = escrow.verdictDigest(v);
        refused(d, v, 0, "", abi.encodeWithSelector(IJuryPool.BadSignature.selector, seat0, digest));
        uint40 deadline = jury.appealOf(v.deal, 0).deadline;
        vm.warp(deadline);
        refused(d, v, 0, "", abi.encodeWithSelector(IJuryPool.DeadlinePassed.selector, deadline, deadline));
    }

    function test_the_panel_is_that_of_the_terms() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        address[] memory other = panel();
        other[0] = stranger.addr;
        Verdict memory v = courtVerdict(d, 0, 1);
        bytes memory wrong = abi.encodeWithSelector(
            IJuryPool.WrongPanel.selector, keccak256(abi.encodePacked(other)), d.panel
        );
        vm.expectRevert(wrong);
        jury.testify(d, other, v, 0, "");
        vm.expectRevert(wrong);
        jury.drawn(d, 0, other);
        vm.warp(jury.appealOf(v.deal, 0).deadline);
        vm.expectRevert(wrong);
        jury.redraw(d, 0, other);
    }

    function test_until_the_last_second_before_the_deadline() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Verdict memory v = courtVerdict(d, 0, 1);
        vm.warp(jury.appealOf(v.deal, 0).deadline - 1);
        jury.testify(d, panel(), v, 0, sign(holderOf(seats[0]), escrow.verdictDigest(v)));
        jury.rule(d, v, votesOfCourt(d, v, 31));
        assertEq(jury.ruling(v.deal, 0) & 0xff, 3, "ruled");
    }

    function test_there_is_no_eighth_place_and_none_beyond() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        uint8[4] memory beyond = [7, 8, 9, 255];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory reason = abi.encodeWithSelector(IJuryPool.SignerOutOfPanel.selector, beyond[i], 7);
            refused(d, v, beyond[i], "", reason);
        }
        assertEq(jury.appealOf(v.deal, 0).testified, 0, "nobody");
    }
}
