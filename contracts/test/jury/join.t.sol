// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Seat, SeatStatus} from "../../src/types/Seat.sol";
import {JuryCalls} from "../escrow/Calls.sol";
import {Court} from "../escrow/Court.sol";
import {Sitters} from "../escrow/Sitters.sol";

/// join, joinWithAuthorization
/// ├── a principal stakes for a holder; seats are numbered in order
/// └── when the holder is nobody or the principal itself
contract JoinTest is Court {
    using JuryCalls for JuryPool;

    function test_a_seat_is_appended_with_its_principal_and_provider() external {
        Account memory holder = account("new holder");
        minted(address(this), STAKE);
        usdc.approve(address(jury), STAKE);
        vm.expectEmit(address(jury));
        emit IJuryPool.Seated(17, holder.addr, address(this), 99);
        uint40 seat = jury.join(holder.addr, 99);
        Seat memory kept = jury.seatOf(seat);
        bytes20 sitter =
            bytes20(uint160(uint256(keccak256(abi.encodePacked(holder.addr, address(this)))) >> 96));
        assertTrue(kept.sitter == sitter, "who sits there");
        assertEq(uint256(kept.status), uint256(SeatStatus.Active), "status");
        assertEq(kept.stake, STAKE, "stake");
        assertEq(uint256(kept.leftAt) + kept.silences, 0, "neither left nor silent");
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
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        jury.joinWithAuthorization(principal.addr, stranger.addr, 3, 0, NOW + 1, 0, given);
        uint40 seat = jury.joinWithAuthorization(principal.addr, holder.addr, 3, 0, NOW + 1, 0, given);
        Sitters.noted(holder.addr, principal.addr);
        assertEq(Sitters.who(jury, seat).principal, principal.addr, "principal");
    }

    function test_nobody_and_the_principal_itself_hold_no_seat() external {
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.ZeroAddress.selector));
        jury.join(address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.HolderIsPrincipal.selector, address(this)));
        jury.join(address(this), 1);
    }
}
