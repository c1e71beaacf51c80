// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {EscrowCalls, Votes} from "./Calls.sol";
import {Court} from "./Court.sol";

/// appeal
/// ├── takes the buyer's deposit from its reserve, the seller's from its principal's credit
/// └── when the window is over, the signer is no party, or another verdict is named
contract AppealTest is Court {
    using EscrowCalls for DealEscrow;

    function setUp() public override {
        super.setUp();
        deposited(sellerPrincipal.addr, 100 * ONE);
    }

    function test_the_buyers_reserve_is_its_deposit() external {
        (Deal memory d, Verdict memory v) = pending(10_000);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Appealed(v.deal, 0, buyer.addr, escrow.verdictDigest(v), 7 * ONE);
        appealed(d, v, buyer);
        assertStatus(v.deal, Status.Appealed);
        assertEq(slotOf(v.deal).left, 190 * ONE, "left");
        assertEq(escrow.credit(buyerPrincipal.addr), 810 * ONE, "credit");
    }

    function test_the_sellers_deposit_is_its_principals_credit_within_the_mandate() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        assertEq(slotOf(v.deal).left, 197 * ONE, "left");
        assertEq(escrow.credit(sellerPrincipal.addr), 93 * ONE, "credit");
        assertEq(mandates.available(seller.addr, address(escrow)), 993 * ONE, "period");
        assertConserved(v.deal);
    }

    function test_an_appeal_comes_within_the_window_from_a_party_and_names_the_verdict() external {
        (Deal memory d, Verdict memory v) = pending(0);
        uint40 until = uint40(block.timestamp);
        bytes memory strangers = signAppeal(stranger, v, until);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotAParty.selector, stranger.addr));
        escrow.appeal(d, v, until, stranger.addr, strangers);
        vm.expectPartialRevert(IDealEscrow.BadSignature.selector);
        escrow.appeal(d, v, until, seller.addr, strangers);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignatureExpired.selector, until - 1, until));
        escrow.appeal(d, v, until - 1, seller.addr, strangers);
        v.attempt = 1;
        vm.expectPartialRevert(IDealEscrow.NotThePendingVerdict.selector);
        escrow.appeal(d, v, until, seller.addr, strangers);
        v.attempt = 0;
        vm.warp(until + WINDOW);
        bytes memory late = signAppeal(seller, v, until + WINDOW);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WindowOver.selector, until + WINDOW, until + WINDOW)
        );
        escrow.appeal(d, v, until + WINDOW, seller.addr, late);
    }

    function test_while_under_appeal_nothing_is_paid_and_no_verdict_taken() external {
        (Deal memory d, Verdict memory v) = pending(0);
        appealed(d, v, seller);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NothingToSettle.selector));
        escrow.payout(d);
        Verdict memory other = verdictOn(d, 1, 10_000);
        Votes memory votes = votesOf(other, 7);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Appealed, Status.Open)
        );
        escrow.verdict(d, other, votes, "", "", true);
    }
}
