// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Verdict} from "../../src/types/Deal.sol";
import {Seat, SeatStatus} from "../../src/types/Jury.sol";
import {Court} from "../escrow/Court.sol";

/// join, joinWithAuthorization
/// ├── a principal stakes for a holder; seats are numbered in order
/// └── when the holder is nobody or the principal itself
/// vacate, withdrawStake
/// ├── the stake goes back to the principal after the exit delay
/// └── when it is too early, by a stranger, or twice
/// slash
/// ├── two verdicts for one slot cost the whole stake, a tenth to the reporter
/// └── when the slots differ, the digests are the same, or a signature is another's
contract SeatsTest is Court {
    function test_a_seat_is_appended_with_its_principal_and_provider() external {
        Account memory holder = account("new holder");
        minted(address(this), STAKE);
        usdc.approve(address(jury), STAKE);
        vm.expectEmit(address(jury));
        emit IJuryPool.Seated(17, holder.addr, address(this), 99);
        uint40 seat = jury.join(holder.addr, 99);
        Seat memory kept = jury.seatOf(seat);
        assertEq(kept.holder, holder.addr, "holder");
        assertEq(kept.joinedAt, NOW, "joined at");
        assertEq(jury.seatCount(), 18, "count");
        assertEq(jury.seatsAt(NOW - 1), 17, "older ones");
        assertEq(usdc.balanceOf(address(jury)), 18 * STAKE, "stakes");
    }

    function test_a_seat_is_taken_by_authorization_and_the_sender_chooses_nothing() external {
        Account memory principal = account("new principal");
        Account memory holder = account("new holder");
        minted(principal.addr, STAKE);
        bytes32 nonce = keccak256(abi.encode(keccak256("Join"), holder.addr, uint16(3), bytes32(0)));
        bytes memory given = authorization(principal, address(jury), STAKE, NOW + 1, nonce);
        vm.expectRevert();
        jury.joinWithAuthorization(principal.addr, stranger.addr, 3, 0, NOW + 1, 0, given);
        uint40 seat = jury.joinWithAuthorization(principal.addr, holder.addr, 3, 0, NOW + 1, 0, given);
        assertEq(jury.seatOf(seat).principal, principal.addr, "principal");
    }

    function test_nobody_and_the_principal_itself_hold_no_seat() external {
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.ZeroAddress.selector));
        jury.join(address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.HolderIsPrincipal.selector, address(this)));
        jury.join(address(this), 1);
    }

    function test_the_stake_returns_after_the_exit_delay() external {
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotSeatOwner.selector, stranger.addr, 3));
        vm.prank(stranger.addr);
        jury.vacate(3);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 3));
        jury.withdrawStake(3);
        vm.prank(jurors[3].addr);
        jury.vacate(3);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SeatNotActive.selector, 3));
        vm.prank(jurors[3].addr);
        jury.vacate(3);
        vm.warp(NOW + EXIT_DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IJuryPool.StillLocked.selector, NOW + EXIT_DELAY - 1, NOW + EXIT_DELAY)
        );
        jury.withdrawStake(3);
        vm.warp(NOW + EXIT_DELAY);
        jury.withdrawStake(3);
        assertEq(usdc.balanceOf(seatPrincipal(3).addr), STAKE, "stake");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 3));
        jury.withdrawStake(3);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NoSuchSeat.selector, 17, 17));
        jury.withdrawStake(17);
    }

    function test_two_digests_for_one_slot_cost_the_stake_on_proof_by_anyone() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 10_000, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.SameDigest.selector, escrow.verdictDigest(a)));
        jury.slash(2, a, byA, a, byA);
        vm.expectPartialRevert(IJuryPool.BadSignature.selector);
        jury.slash(1, a, byA, b, byB);
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

    function test_a_later_attempt_is_no_double_signature() external {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 0, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 1, 10_000, 0, 0);
        bytes memory byA = sign(jurors[2], escrow.verdictDigest(a));
        bytes memory byB = sign(jurors[2], escrow.verdictDigest(b));
        vm.expectPartialRevert(IJuryPool.NotTheSameSlot.selector);
        jury.slash(2, a, byA, b, byB);
    }
}
