// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Verdict} from "../../src/types/Deal.sol";
import {Sitter} from "../../src/types/Seat.sol";
import {JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";

/// vacate, withdrawStake
/// ├── the stake goes back to the principal after the exit delay
/// └── when it is too early, by a stranger, or twice
contract VacateTest is Court {
    using JuryCalls for JuryPool;

    function test_the_stake_returns_after_the_exit_delay() external {
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NotSeatOwner.selector, stranger.addr, 3));
        vm.prank(stranger.addr);
        jury.vacate(3);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 3));
        jury.withdrawStake(3);
        vm.expectEmit(address(jury));
        emit IJuryPool.SeatVacated(3);
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
        vm.expectEmit(address(jury));
        emit IJuryPool.StakeWithdrawn(3, seatPrincipal(3).addr, STAKE);
        jury.withdrawStake(3);
        assertEq(usdc.balanceOf(seatPrincipal(3).addr), STAKE, "stake");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NothingStaked.selector, 3));
        jury.withdrawStake(3);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NoSuchSeat.selector, 17, 17));
        jury.withdrawStake(17);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NoSuchSeat.selector, 1000, 17));
        jury.withdrawStake(1000);
    }

    function test_whoever_acts_on_a_seat_says_who_sits_there() external {
        Sitter memory other = Sitter(jurors[3].addr, stranger.addr);
        bytes20 given =
            bytes20(uint160(uint256(keccak256(abi.encodePacked(jurors[3].addr, stranger.addr))) >> 96));
        bytes20 sitter = jury.seatOf(3).sitter;
        bytes memory wrong = abi.encodeWithSelector(IJuryPool.WrongSitter.selector, 3, given, sitter);
        vm.expectRevert(wrong);
        vm.prank(stranger.addr);
        jury.vacate(3, other);
        vm.prank(jurors[3].addr);
        jury.vacate(3);
        vm.warp(NOW + EXIT_DELAY);
        vm.expectRevert(wrong);
        jury.withdrawStake(3, other);
        Verdict memory v;
        vm.expectRevert(wrong);
        jury.slash(3, other, v, "", v, "");
    }

    function test_the_principal_may_give_notice_too() external {
        vm.prank(seatPrincipal(3).addr);
        jury.vacate(3);
        assertEq(jury.seatOf(3).leftAt, NOW, "left at");
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.NoSuchSeat.selector, 17, 17));
        jury.vacate(17);
    }
}
