// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Draw} from "../../src/jury/Draw.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {Appeal, AppealStatus} from "../../src/types/Jury.sol";
import {Tails} from "../../src/types/Tail.sol";
import {Encoding, EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {TurncoatWallet} from "../escrow/Wallets.sol";

/// rule
/// ├── five of the seven drawn; the draw skips the first panel, parties, young, left and doubled seats
/// ├── a seat with code votes with its key
/// ├── takes nobody at its word, not even the seat that sends it
/// └── when too few sign, the round is unproven, the deadline past, or the verdict for another round or attempt
contract JuryRuleTest is Court {
    using Draw for Draw.Walk;
    using Encoding for Deal;
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

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

    function test_a_ruling_is_told_and_settles_in_the_same_call() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 2500, 1);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Votes memory votes = votesOfCourt(d, v, 31);
        address[] memory court = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            court[i] = holderOf(seats[i]).addr;
        }
        vm.expectEmit(address(jury));
        uint256 ruling = uint256(1) << 8 | uint256(2500) << 24 | uint256(31) << 40;
        emit IJuryPool.RulingMade(v.deal, ruling, v.evidence, v.votes);
        vm.expectCall(
            address(escrow),
            abi.encodeCall(
                IDealEscrow.settleRuling, (d.brief(), court, Ballot.wrap(Encoding.head(v, votes, 0, 31)))
            )
        );
        jury.rule(d, v, votes);
        assertEq(jury.ruling(escrow.dealId(d), 0), uint256(AppealStatus.Ruled), "status");
        assertEq(slotOf(v.deal).done, 1, "settled");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 205 * ONE / 10, "a quarter, and the deposit");
    }

    function test_who_sits_where_is_said_as_the_seats_have_it() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = votesOfCourt(d, v, 31);
        bytes memory sitters = jury.sittersOf(d, v, votes);
        uint256 walked = sitters.length / 40;
        for (uint256 i = 0; i < walked; ++i) {
            bytes memory other = bytes.concat(sitters);
            other[i * 40 + 39] ^= 0x01; // the principal's last byte
            uint40 seat = seatIn(d, v.deal, i);
            uint256 sitter = Sitters.word(jury, seat);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IJuryPool.WrongSitter.selector, seat, hashIn(other, i), bytes20(uint160(sitter))
                )
            );
            ruledWith(d, v, votes, other);
        }
        ruledWith(d, v, votes, sitters);
    }

    function hashIn(bytes memory sitters, uint256 i) private pure returns (bytes20 hash) {
        assembly ("memory-safe") {
            hash := shl(96, shr(96, keccak256(add(add(sitters, 0x20), mul(i, 40)), 40)))
        }
    }

    /// @notice The i-th seat of the order.
    function seatIn(Deal memory, bytes32 id, uint256 i) private view returns (uint40) {
        Appeal memory a = jury.appealOf(id, 0);
        bytes32 seed = keccak256(abi.encode(beacon.randomness(uint64(a.round)), id, 0, 1));
        Draw.Walk memory walk = Draw.start(seed, a.seats);
        for (uint256 k = 0; k <= i; ++k) {
            walk.moves();
        }
        return walk.seat;
    }

    function ruledWith(Deal memory d, Verdict memory v, Votes memory votes, bytes memory sitters) private {
        Encoding.Piece memory p = Encoding.ruling(votes, sitters);
        Ballot head = Ballot.wrap(Encoding.head(v, votes, 0, p.long));
        Tailed.sent(address(jury), Tailed.rule(d.brief(), head, v.evidence, v.votes, p.data));
    }

    function test_a_ruling_brings_nobody_beyond_the_last_who_signed() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = votesOfCourt(d, v, 31);
        (, bytes memory all) = jury.whole(d, 0, panel());
        assertTrue(jury.sittersOf(d, v, votes).length < all.length, "five need fewer than seven");
        votes = votesOfCourt(d, v, 31 << 2);
        assertEq(jury.sittersOf(d, v, votes).length + 100, all.length, "the last needs all");
        jury.rule(d, v, votes);
    }

    function test_a_seat_signs_even_the_ruling_that_it_sends() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Verdict memory v = courtVerdict(d, 2500, 1);
        for (uint256 i = 0; i < 5; ++i) {
            Votes memory votes = votesOfCourt(d, v, 31);
            votes.signatures[i] = "";
            address its = holderOf(seats[i]).addr;
            bytes32 digest = escrow.verdictDigest(v);
            vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, its, digest));
            vm.prank(its);
            jury.rule(d, v, votes);
        }
    }

    function test_a_seat_with_code_votes_with_its_key_and_its_code_is_not_asked() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        bytes32 digest = escrow.verdictDigest(v);
        Account memory third = holderOf(jury.drawn(d, 0, panel())[2]);
        vm.etch(third.addr, address(new TurncoatWallet()).code);
        for (uint256 size = 63; size <= 65; ++size) {
            Votes memory agreed = votesOfCourt(d, v, 31);
            agreed.signatures[2] = new bytes(size);
            vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, third.addr, digest));
            jury.rule(d, v, agreed);
        }
        TurncoatWallet(third.addr).turn(TurncoatWallet.Mood.BurningGas);
        Votes memory votes = votesOfCourt(d, v, 31);
        votes.signatures[2] = signCompact(third, digest);
        jury.rule(d, v, votes);
        assertEq(slotOf(v.deal).done, 1, "settled");
    }

    function test_nobody_signs_for_an_eighth_seat() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 0, 1);
        Votes memory votes = votesOfCourt(d, v, 31);
        votes.signers = 128 | 31;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SignerOutOfPanel.selector, 159, 7));
        jury.rule(d, v, votes);
        (votes.signers, votes.signatures) = (0, new bytes[](0));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.TooFewSigners.selector, 0, 5));
        jury.rule(d, v, votes);
    }

    function test_all_seven_may_rule() external {
        Deal memory d = underAppeal();
        requested(d);
        proven(d);
        Verdict memory v = courtVerdict(d, 2500, 1);
        jury.rule(d, v, votesOfCourt(d, v, 127));
        assertEq(jury.ruling(v.deal, 0), uint256(AppealStatus.Ruled), "status");
        assertEq(slotOf(v.deal).done, 1, "settled");
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
