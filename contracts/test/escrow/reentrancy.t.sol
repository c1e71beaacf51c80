// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Locked} from "../../src/law/Locked.sol";
import {Ballot} from "../../src/types/Ballot.sol";
import {Deal, Release, Status, Withdraw} from "../../src/types/Deal.sol";
import {Encoding, EscrowCalls} from "./Calls.sol";
import {Tailed} from "./Tailed.sol";
import {ReenteringToken} from "./Tokens.sol";
import {World} from "./World.sol";

/// @notice Whatever the token calls back, in whatever call moves it, finds the escrow locked: every function that changes
/// something is tried from within every call that moves money.
contract ReentrancyTest is World {
    using EscrowCalls for DealEscrow;
    using Encoding for Deal;

    ReenteringToken private token;
    DealEscrow private honest;
    bytes[] private reentries;

    function setUp() public override {
        super.setUp();
        token = new ReenteringToken();
        (honest, escrow) = (escrow, DealEscrow(escrowOf(address(token))));
        escrow.deposit(buyer.addr, 10_000 * ONE);
        everyFunction();
    }

    function escrowOf(address token_) private returns (address) {
        bytes memory arguments = abi.encode(token_, address(mandates), GRACE, APPEAL_LIMIT);
        return created("DealEscrow.sol:DealEscrow", arguments);
    }

    function everyFunction() private {
        Deal memory d = plainTerms();
        (uint256[10] memory brief, uint256[17] memory whole) = (d.brief(), d.whole());
        Withdraw memory w;
        Ballot b;
        reentries.push(abi.encodeCall(IDealEscrow.deposit, (stranger.addr, 1)));
        reentries.push(abi.encodeCall(IDealEscrow.depositWithAuthorization, (stranger.addr, 1, 0, 0, 0, "")));
        reentries.push(abi.encodeCall(IDealEscrow.withdraw, (stranger.addr, 1)));
        reentries.push(abi.encodeCall(IDealEscrow.withdrawFor, (w, "")));
        reentries.push(abi.encodeCall(IDealEscrow.openWithAuthorization, ("", whole, "")));
        reentries.push(abi.encodeCall(IDealEscrow.openFromCredit, (whole, "", "")));
        reentries.push(abi.encodeCall(IDealEscrow.openFromMandatedCredit, (whole, "", "", "")));
        reentries.push(abi.encodeCall(IDealEscrow.voidDeal, (brief, stranger.addr, "")));
        reentries.push(abi.encodeCall(IDealEscrow.release, (brief, 0, 0, "")));
        reentries.push(abi.encodeCall(IDealEscrow.cancel, (brief, 0, 0, "", "")));
        reentries.push(Tailed.claim(whole, 0, 0, ""));
        reentries.push(Tailed.verdict(brief, b, 0, 0, ""));
        reentries.push(Tailed.cosign(brief, b, 0, 0, ""));
        reentries.push(Tailed.consent(brief, b, 0, 0, ""));
        reentries.push(abi.encodeCall(IDealEscrow.payout, (brief)));
        reentries.push(Tailed.payoutAndRate(brief, 0, ""));
        reentries.push(abi.encodeCall(IDealEscrow.appeal, (brief, b, 0, 0, 0, "")));
        reentries.push(abi.encodeCall(IDealEscrow.settleRuling, (brief, new address[](0), b)));
        reentries.push(abi.encodeCall(IDealEscrow.rule, (brief)));
        reentries.push(abi.encodeCall(IDealEscrow.timeout, (brief, 0)));
        reentries.push(abi.encodeCall(IDealEscrow.payJurors, (brief, "")));
        reentries.push(abi.encodeCall(IDealEscrow.rate, (brief, 0, 0, "")));
    }

    function lockedIn(bytes memory call_, address sender) private {
        bytes memory locked = abi.encodeWithSelector(Locked.Reentered.selector);
        for (uint256 i = 0; i < reentries.length; ++i) {
            uint256 before = vm.snapshotState();
            token.aim(reentries[i]);
            vm.prank(sender);
            (bool done,) = address(escrow).call(call_);
            assertTrue(done, "the call itself goes through");
            assertFalse(token.done(), "the one within does not");
            assertEq(token.answer(), locked, "because of the lock");
            assertTrue(vm.revertToState(before), "back");
        }
    }

    function openedHere() private returns (Deal memory d) {
        d = plainTerms();
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
    }

    function test_in_a_deposit() external {
        lockedIn(abi.encodeCall(IDealEscrow.deposit, (stranger.addr, 1)), stranger.addr);
        lockedIn(
            abi.encodeCall(IDealEscrow.depositWithAuthorization, (stranger.addr, 1, 0, 0, 0, "")),
            stranger.addr
        );
    }

    function test_in_a_withdrawal() external {
        lockedIn(abi.encodeCall(IDealEscrow.withdraw, (stranger.addr, 1)), buyer.addr);
    }

    function test_in_an_opening_by_authorization() external {
        Deal memory d = plainTerms();
        lockedIn(
            abi.encodeCall(IDealEscrow.openWithAuthorization, ("", d.whole(), signDeal(seller, d))),
            stranger.addr
        );
    }

    function test_in_a_release_that_pays() external {
        Deal memory d = openedHere();
        bytes memory signature = signRelease(buyer, Release(escrow.dealId(d), 0, 0));
        lockedIn(abi.encodeCall(IDealEscrow.release, (d.brief(), 256, 0, signature)), stranger.addr);
    }

    function test_in_a_timeout_and_in_a_payout() external {
        Deal memory d = openedHere();
        released(d, 1, false);
        lockedIn(abi.encodeCall(IDealEscrow.payout, (d.brief())), stranger.addr);
        vm.warp(NOW + 2 days);
        lockedIn(abi.encodeCall(IDealEscrow.timeout, (d.brief(), 0)), stranger.addr);
    }

    function test_a_batch_within_a_payment_runs_and_none_of_its_items_does() external {
        Deal memory d = openedHere();
        released(d, 0, false);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(IDealEscrow.payout, (d.brief()));
        token.aim(abi.encodeCall(IDealEscrow.settleMany, (calls)));
        vm.expectEmit(address(escrow));
        emit IDealEscrow.ItemFailed(
            0, IDealEscrow.payout.selector, abi.encodeWithSelector(Locked.Reentered.selector)
        );
        escrow.payout(d);
        assertTrue(token.done(), "the batch went through");
        assertEq(slotOf(escrow.dealId(d)).held, 0, "paid once");
    }

    function test_another_escrow_is_not_locked_by_it() external {
        Deal memory d = openedHere();
        released(d, 0, false);
        assertStatus(escrow.dealId(d), Status.Open);
        escrow = honest;
        openedTerms();
    }
}
