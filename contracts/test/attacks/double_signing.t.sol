// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Deal, Verdict} from "../../src/types/Deal.sol";
import {SeatStatus} from "../../src/types/Seat.sol";
import {EscrowCalls, JuryCalls, Votes} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";
import {TurncoatWallet} from "../escrow/Wallets.sol";

/// @notice Attack: a juror signs one verdict for each side and lets them race; or it is accused of it falsely, by verdicts of another
/// deal, milestone, round, attempt, escrow or chain, or by its signature on a single one.
/// Or it leaves no proof: it votes by sending the call itself, or from a contract that takes its word back.
/// Rule: two digests for one (deal, milestone, round, attempt) cost the whole stake, on proof by anyone; nothing else does. A vote
/// is a key's signature, which stands in the transaction for ever.
contract DoubleSigningAttack is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function falselyAccused(Verdict memory a, bytes memory byA, Verdict memory b, bytes memory byB) private {
        bytes32 slotA = keccak256(abi.encode(a.deal, a.milestone, a.round, a.attempt));
        bytes32 slotB = keccak256(abi.encode(b.deal, b.milestone, b.round, b.attempt));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotTheSameSlot.selector, slotA, slotB));
        jury.slash(0, a, byA, b, byB);
    }

    function test_a_juror_that_sold_its_vote_twice_loses_the_stake_after_the_deal_was_settled() external {
        Deal memory d = terms();
        d.window = 0;
        opened(d);
        Verdict memory a = verdictOn(d, 0, 10_000);
        Verdict memory b = verdictOn(d, 0, 0);
        Votes memory votes = votesOf(a, 7);
        judged(d, a);
        bytes memory byA = votes.signatures[1]; // as it stands in the transaction
        bytes memory byB = sign(jurors[1], escrow.verdictDigest(b));
        vm.prank(stranger.addr);
        jury.slash(1, a, byA, b, byB);
        assertEq(uint256(jury.seatOf(1).status), uint256(SeatStatus.Slashed), "status");
        assertEq(jury.seatOf(1).stake, 0, "stake");
        assertEq(jury.owed(stranger.addr), STAKE / 10, "a tenth to the reporter");
        assertEq(jury.pot(), STAKE - STAKE / 10, "the rest to the next ruling");
        vm.warp(block.timestamp + EXIT_DELAY);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 1));
        jury.withdrawStake(1);
    }

    function test_leaving_does_not_save_the_stake_until_the_exit_delay_is_over() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        vm.prank(jurors[2].addr);
        jury.vacate(2);
        vm.warp(NOW + EXIT_DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IJuryPool.StillLocked.selector, NOW + EXIT_DELAY - 1, NOW + EXIT_DELAY)
        );
        jury.withdrawStake(2);
        jury.slash(2, a, byA, b, byB);
        assertEq(jury.seatOf(2).stake, 0, "lost in the last second");
        assertEq(jury.seatOf(2).leftAt, NOW, "and it had left before");
    }

    function test_reporting_oneself_saves_a_tenth_and_no_more() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        vm.prank(jurors[2].addr);
        jury.slash(2, a, byA, b, byB);
        assertEq(jury.owed(jurors[2].addr), STAKE / 10, "owed");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 2));
        jury.slash(2, a, byA, b, byB);
    }

    function test_all_seats_of_one_holder_are_slashed_by_one_proof_each() external {
        address principal = seatPrincipal(90).addr;
        minted(principal, STAKE);
        vm.startPrank(principal);
        usdc.approve(address(jury), STAKE);
        Sitters.noted(jurors[2].addr, principal);
        uint40 other = jury.join(jurors[2].addr, 1);
        vm.stopPrank();
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        jury.slash(2, a, byA, b, byB);
        jury.slash(other, a, byA, b, byB);
        assertEq(jury.seatOf(other).stake, 0, "both");
    }

    function test_honest_work_is_no_proof() external {
        Verdict memory a = Verdict(keccak256("deal"), 1, 1, 1, 10_000, 0, 0);
        bytes memory byA = sign(jurors[0], escrow.verdictDigest(a));
        Verdict memory b = Verdict(keccak256("another"), 1, 1, 1, 0, 0, 0);
        falselyAccused(a, byA, b, sign(jurors[0], escrow.verdictDigest(b)));
        b = Verdict(a.deal, 2, 1, 1, 0, 0, 0);
        falselyAccused(a, byA, b, sign(jurors[0], escrow.verdictDigest(b)));
        b = Verdict(a.deal, 1, 2, 1, 0, 0, 0);
        falselyAccused(a, byA, b, sign(jurors[0], escrow.verdictDigest(b)));
        b = Verdict(a.deal, 1, 1, 2, 0, 0, 0);
        falselyAccused(a, byA, b, sign(jurors[0], escrow.verdictDigest(b)));
        bytes memory again = signCompact(jurors[0], escrow.verdictDigest(a));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SameDigest.selector, escrow.verdictDigest(a)));
        jury.slash(0, a, byA, a, again);
    }

    function test_a_proof_made_of_other_peoples_or_malleated_signatures_is_none() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        (bytes32 digestA, bytes32 digestB) = (escrow.verdictDigest(a), escrow.verdictDigest(b));
        bytes memory byA = sign(jurors[0], digestA);
        bytes memory forged = sign(stranger, digestB);
        address holder = jurors[0].addr;
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, holder, digestB));
        jury.slash(0, a, byA, b, forged);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, holder, digestA));
        jury.slash(0, a, forged, b, byA);
        forged = malleated(sign(jurors[0], digestB));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, holder, digestB));
        jury.slash(0, a, byA, b, forged);
        assertEq(jury.seatOf(0).stake, STAKE, "stake");
    }

    function test_verdicts_before_another_escrow_or_on_another_chain_are_no_proof() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[0], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[0], escrow.verdictDigest(b));
        DealEscrow here = escrow;
        bytes memory arguments = abi.encode(address(usdc), address(mandates), GRACE, APPEAL_LIMIT);
        escrow = DealEscrow(created("DealEscrow.sol:DealEscrow", arguments));
        bytes memory elsewhere = sign(jurors[0], escrow.verdictDigest(b));
        bytes32 digestB = here.verdictDigest(b);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, jurors[0].addr, digestB));
        jury.slash(0, a, byA, b, elsewhere);

        vm.chainId(block.chainid + 1);
        bytes32 digestA = here.verdictDigest(a);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, jurors[0].addr, digestA));
        jury.slash(0, a, byA, b, byB);
    }

    function test_who_testified_and_then_ruled_otherwise_is_slashed() external {
        deposited(sellerPrincipal.addr, 100 * ONE);
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        requested(d);
        proven(d);
        uint40[] memory seats = jury.drawn(d, 0, panel());
        Account memory turncoat = holderOf(seats[0]);
        Verdict memory said = courtVerdict(d, 0, 1);
        bytes memory first = sign(turncoat, escrow.verdictDigest(said));
        jury.testify(d, panel(), said, 0, first);
        Verdict memory signedToo = courtVerdict(d, 10_000, 1);
        jury.rule(d, signedToo, votesOfCourt(d, signedToo, 31));
        bytes memory second = sign(turncoat, escrow.verdictDigest(signedToo));
        jury.slash(seats[0], said, first, signedToo, second);
        assertEq(jury.seatOf(seats[0]).stake, 0, "stake");
    }

    function test_a_vote_without_a_signature_to_show_does_not_count() external {
        Deal memory d = terms();
        d.window = 0;
        bytes32 id = opened(d);
        Verdict memory a = verdictOn(d, 0, 10_000);
        Votes memory votes = votesOf(a, 7);
        votes.signatures[1] = "";
        bytes memory call_ = escrow.verdictCall(d, a, votes);
        vm.prank(jurors[1].addr);
        (bool taken,) = address(escrow).call(call_);
        assertFalse(taken, "not by sending it");
        vm.etch(jurors[1].addr, address(new TurncoatWallet()).code);
        votes.signatures[1] = new bytes(65);
        call_ = escrow.verdictCall(d, a, votes);
        (taken,) = address(escrow).call(call_);
        assertFalse(taken, "nor by what its code says today");
        assertEq(slotOf(id).done, 0, "not judged");
    }

    function test_no_seat_that_does_not_exist_is_slashed() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NoSuchSeat.selector, SEATS, SEATS));
        jury.slash(SEATS, a, "", a, "");
    }
}
