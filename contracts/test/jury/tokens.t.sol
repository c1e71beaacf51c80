// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JuryPool} from "../../src/JuryPool.sol";
import {IJuryPool} from "../../src/interfaces/IJuryPool.sol";
import {Locked} from "../../src/law/Locked.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Verdict} from "../../src/types/Deal.sol";
import {Sitter} from "../../src/types/Seat.sol";
import {JuryCalls} from "../escrow/Calls.sol";
import {Sitters} from "../escrow/Sitters.sol";
import {Tailed} from "../escrow/Tailed.sol";
import {AnsweringToken, ReenteringToken} from "../escrow/Tokens.sol";
import {World} from "../escrow/World.sol";

/// @notice Tokens that are not USDC, or that USDC could become: what the jury takes for a transfer, and that it is locked meanwhile.
contract JuryTokensTest is World {
    using JuryCalls for JuryPool;

    function juryWith(address token) private {
        bytes memory constants =
            abi.encode(STAKE, SEAT_AGE, uint256(1 hours), uint256(10 minutes), RULING_TIME, EXIT_DELAY);
        bytes memory parts = abi.encode(token, address(beacon), address(escrow));
        jury = JuryPool(created("JuryPool.sol:JuryPool", bytes.concat(parts, constants)));
        Sitters.noted(stranger.addr, address(this));
    }

    /// @notice A slashed seat, so that a tenth of its stake is owed to this test.
    function slashed() private {
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        Verdict memory b = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        bytes memory byA = sign(stranger, escrow.verdictDigest(a));
        jury.slash(0, a, byA, b, sign(stranger, escrow.verdictDigest(b)));
    }

    function test_a_stake_that_did_not_come_takes_no_seat() external {
        AnsweringToken token = new AnsweringToken(0, false);
        juryWith(address(token));
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.TransferFailed.selector, address(jury), STAKE));
        jury.join(stranger.addr, 1);
        token.turn(1, true);
        vm.expectRevert();
        jury.join(stranger.addr, 1);
        assertEq(jury.seatCount(), 0, "seats");
    }

    function test_a_stake_that_does_not_go_stays() external {
        AnsweringToken token = new AnsweringToken(1, false);
        juryWith(address(token));
        jury.join(stranger.addr, 1);
        jury.vacate(0);
        vm.warp(NOW + EXIT_DELAY);
        token.turn(0, false);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.TransferFailed.selector, address(this), STAKE));
        jury.withdrawStake(0);
        assertEq(jury.seatOf(0).stake, STAKE, "stake");
    }

    function test_what_is_owed_and_does_not_go_stays_owed() external {
        AnsweringToken token = new AnsweringToken(1, false);
        juryWith(address(token));
        jury.join(stranger.addr, 1);
        slashed();
        token.turn(0, false);
        vm.expectRevert(abi.encodeWithSelector(IJuryPool.TransferFailed.selector, address(this), STAKE / 10));
        jury.collect(address(this));
        assertEq(jury.owed(address(this)), STAKE / 10, "owed");
    }

    function test_a_token_that_calls_back_finds_every_function_locked() external {
        ReenteringToken token = new ReenteringToken();
        juryWith(address(token));
        uint256[10] memory terms_;
        Verdict memory v;
        Ballot b;
        Sitter memory nobody;
        bytes[11] memory reentries;
        reentries[0] = abi.encodeCall(IJuryPool.join, (stranger.addr, 1));
        reentries[1] =
            abi.encodeCall(IJuryPool.joinWithAuthorization, (address(this), stranger.addr, 1, 0, 0, 0, ""));
        reentries[2] = abi.encodeCall(IJuryPool.vacate, (0, nobody));
        reentries[3] = abi.encodeCall(IJuryPool.withdrawStake, (0, nobody));
        reentries[4] = abi.encodeCall(IJuryPool.collect, (address(this)));
        reentries[5] = abi.encodeCall(IJuryPool.request, (terms_, 0));
        reentries[6] = Tailed.testify(terms_, b, 0, 0, 0, "");
        reentries[7] = Tailed.rule(terms_, b, 0, 0, "");
        reentries[8] = Tailed.redraw(terms_, 0, "");
        reentries[9] = abi.encodeCall(IJuryPool.slash, (0, nobody, v, "", v, ""));
        reentries[10] = abi.encodeCall(IJuryPool.appeal, (terms_, b, 0, 0, 0, ""));
        bytes memory locked = abi.encodeWithSelector(Locked.Reentered.selector);
        for (uint256 i = 0; i < 11; ++i) {
            token.aim(reentries[i]);
            uint40 seat = i % 2 == 0
                ? jury.join(stranger.addr, 1)
                : jury.joinWithAuthorization(address(this), stranger.addr, 1, 0, 0, 0, "");
            assertEq(token.answer(), locked, "while a seat is taken");
            token.aim(reentries[i]);
            jury.vacate(seat);
            vm.warp(block.timestamp + EXIT_DELAY);
            jury.withdrawStake(seat);
            assertEq(token.answer(), locked, "while a stake goes");
        }
        jury.join(stranger.addr, 1);
        Verdict memory a = Verdict(keccak256("deal"), 0, 0, 0, 1, 0, 0);
        v = Verdict(keccak256("deal"), 0, 0, 0, 2, 0, 0);
        bytes memory byA = sign(stranger, escrow.verdictDigest(a));
        jury.slash(11, a, byA, v, sign(stranger, escrow.verdictDigest(v)));
        token.aim(reentries[4]);
        jury.collect(address(this));
        assertEq(token.answer(), locked, "while what is owed goes");
    }
}
