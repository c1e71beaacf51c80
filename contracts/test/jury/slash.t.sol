// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Verdict} from "../../src/types/Deal.sol";
import {SeatStatus} from "../../src/types/Seat.sol";
import {EscrowCalls, JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// slash
/// ├── two verdicts for one slot cost the whole stake, a tenth to the reporter
/// ├── never without both signatures
/// └── when the slots differ, the digests are the same, or a signature is another's
contract SlashTest is Court {
    using EscrowCalls for DealEscrow;
    using JuryCalls for JuryPool;

    function test_two_digests_for_one_slot_cost_the_stake_on_proof_by_anyone() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SameDigest.selector, escrow.verdictDigest(a)));
        jury.slash(2, a, byA, a, byA);
        bytes32 digest = escrow.verdictDigest(a);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, jurors[1].addr, digest));
        jury.slash(1, a, byA, b, byB);
        vm.expectEmit(address(jury));
        emit IJuryPool.SeatSlashed(2, STAKE, escrow.verdictDigest(a), escrow.verdictDigest(b));
        vm.prank(stranger.addr);
        jury.slash(2, a, byA, b, byB);
        assertEq(uint256(jury.seatOf(2).status), uint256(SeatStatus.Slashed), "status");
        assertEq(jury.owed(stranger.addr), STAKE / 10, "reporter");
        assertEq(jury.pot(), STAKE - STAKE / 10, "pot");
        jury.collect(stranger.addr);
        assertEq(usdc.balanceOf(stranger.addr), STAKE / 10, "collected");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingOwed.selector, stranger.addr));
        jury.collect(stranger.addr);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 2));
        jury.slash(2, a, byA, b, byB);
    }

    function test_without_signatures_nobody_shows_anything_not_even_the_seat() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes32 digest = escrow.verdictDigest(a);
        address[3] memory senders = [jurors[1].addr, stranger.addr, jurors[2].addr];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IJuryPool.BadSignature.selector, jurors[2].addr, digest));
            vm.prank(senders[i]);
            jury.slash(2, a, "", b, "");
        }
    }

    function test_a_later_attempt_is_no_double_signature() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 1, 10_000, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        bytes32 slotA = keccak256(abi.encode(a.deal, 0, 0, 0));
        bytes32 slotB = keccak256(abi.encode(a.deal, 0, 0, 1));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotTheSameSlot.selector, slotA, slotB));
        jury.slash(2, a, byA, b, byB);
    }

    function test_of_a_stake_too_small_to_divide_the_reporter_gets_nothing() external {
        bytes memory constants =
            abi.encode(uint64(9), SEAT_AGE, uint256(1 hours), uint256(10 minutes), RULING_TIME, EXIT_DELAY);
        bytes memory parts = abi.encode(address(usdc), address(beacon), address(escrow));
        jury = JuryPool(created("JuryPool.sol:JuryPool", bytes.concat(parts, constants)));
        minted(address(this), 9);
        usdc.approve(address(jury), 9);
        Sitters.noted(stranger.addr, address(this));
        jury.join(stranger.addr, 1);
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        bytes memory byA = sign(stranger, escrow.verdictDigest(a));
        jury.slash(0, a, byA, b, sign(stranger, escrow.verdictDigest(b)));
        assertEq(jury.owed(address(this)), 0, "owed");
        assertEq(jury.pot(), 9, "pot");
    }

    /// @dev Deal, milestone, round and attempt make the slot, in whichever order the two are shown.
    function test_no_two_verdicts_on_different_slots_are_a_proof_in_either_order() external {
        Verdict memory a = Verdict(keccak256("deal"), 1, 1, 1, 0, 0, 0);
        for (uint256 i = 0; i < 4; ++i) {
            Verdict memory b = Verdict(a.deal, 1, 1, 1, 10_000, 0, 0);
            if (i == 0) b.deal = keccak256("another deal");
            if (i == 1) b.milestone = 2;
            if (i == 2) b.round = 2;
            if (i == 3) b.attempt = 2;
            bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
            bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
            bytes32 slotA = keccak256(abi.encode(a.deal, a.milestone, a.round, a.attempt));
            bytes32 slotB = keccak256(abi.encode(b.deal, b.milestone, b.round, b.attempt));
            vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotTheSameSlot.selector, slotA, slotB));
            jury.slash(2, a, byA, b, byB);
            vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotTheSameSlot.selector, slotB, slotA));
            jury.slash(2, b, byB, a, byA);
        }
        assertEq(jury.seatOf(2).stake, STAKE, "stake");
    }

    function test_either_verdict_may_be_shown_first() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        uint256 before = vm.snapshotState();
        jury.slash(2, a, byA, b, byB);
        assertEq(jury.seatOf(2).stake, 0, "in one order");
        assertTrue(vm.revertToState(before), "back");
        jury.slash(2, b, byB, a, byA);
        assertEq(jury.seatOf(2).stake, 0, "in the other");
    }
}
