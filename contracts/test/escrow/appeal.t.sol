// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {Deal, Status, Verdict} from "../../src/types/Deal.sol";
import {SCOPE_SELL} from "../../src/types/Mandate.sol";
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
        expectUnsigned(seller.addr, appealDigest(v, until));
        escrow.appeal(d, v, until, seller.addr, strangers);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignatureExpired.selector, until - 1, until));
        escrow.appeal(d, v, until - 1, seller.addr, strangers);
        v.attempt = 1;
        bytes32 digest = escrow.verdictDigest(v);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
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

    function test_a_verdict_that_differs_in_anything_is_not_the_pending_one() external {
        (Deal memory d, Verdict memory v) = pending(4000);
        Verdict[6] memory others;
        others[0] = Verdict(v.deal, 1, 0, 0, 4000, v.evidence, v.votes);
        others[1] = Verdict(v.deal, 0, 1, 0, 4000, v.evidence, v.votes);
        others[2] = Verdict(v.deal, 0, 0, 1, 4000, v.evidence, v.votes);
        others[3] = Verdict(v.deal, 0, 0, 0, 4001, v.evidence, v.votes);
        others[4] = Verdict(v.deal, 0, 0, 0, 4000, v.votes, v.votes);
        others[5] = Verdict(v.deal, 0, 0, 0, 4000, v.evidence, v.evidence);
        uint40 until = uint40(block.timestamp);
        for (uint256 i = 0; i < 6; ++i) {
            bytes memory signature = signAppeal(seller, others[i], until);
            bytes32 digest = escrow.verdictDigest(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotThePendingVerdict.selector, digest));
            escrow.appeal(d, others[i], until, seller.addr, signature);
        }
    }

    function test_sides_who_act_for_themselves_pay_from_their_own_credit() external {
        Deal memory d = plainTerms();
        deposited(buyer.addr, 190 * ONE);
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        bytes memory signature = signAppeal(seller, v, NOW + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 0, 7 * ONE));
        escrow.appeal(d, v, NOW + 1 days, seller.addr, signature);
        deposited(seller.addr, 7 * ONE);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Debited(seller.addr, v.deal, 7 * ONE);
        escrow.appeal(d, v, NOW + 1 days, seller.addr, signature);
        assertEq(escrow.credit(seller.addr), 0, "credit");
        assertConserved(v.deal);
    }

    function test_a_deposit_above_the_human_threshold_is_refused() external {
        mandated(seller, sellerPrincipal, SCOPE_SELL, 1000 * ONE, 7 * ONE - 1, 2);
        (Deal memory d, Verdict memory v) = pending(0);
        uint40 until = uint40(block.timestamp);
        bytes memory signature = signAppeal(seller, v, until);
        vm.expectRevert(abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 7 * ONE, 7 * ONE - 1));
        escrow.appeal(d, v, until, seller.addr, signature);
    }

    function test_where_an_appeal_costs_nothing_nothing_is_taken() external {
        Deal memory d = terms();
        (d.appealFee, d.sellerBond) = (0, 5 * ONE);
        bytes32 id = opened(d);
        vm.warp(NOW + 1 days);
        for (uint8 i = 0; i < 2; ++i) {
            Verdict memory v = verdictOn(d, i, i == 0 ? 0 : 10_000);
            judged(d, v);
            appealed(d, v, i == 0 ? seller : buyer);
            vm.warp(block.timestamp + APPEAL_LIMIT);
            escrow.rule(d);
        }
        assertEq(escrow.credit(sellerPrincipal.addr), 95 * ONE, "only the bond");
        released(d, 2, true);
        assertStatus(id, Status.Closed);
        assertConserved(id);
    }

    function test_an_appeal_is_of_a_pending_verdict_once() external {
        (Deal memory d, bytes32 id) = openedTerms();
        Verdict memory v = verdictOn(d, 0, 10_000);
        bytes memory signature = signAppeal(buyer, v, NOW);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.Pending));
        escrow.appeal(d, v, NOW, buyer.addr, signature);
        judged(d, v);
        escrow.appeal(d, v, NOW, buyer.addr, signature);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Appealed, Status.Pending)
        );
        escrow.appeal(d, v, NOW, buyer.addr, signature);
        assertEq(slotOf(id).challengeUntil, NOW, "the time of the appeal");
    }

    function test_other_milestones_are_paid_under_appeal_and_the_deposit_stays() external {
        for (uint256 i = 0; i < 2; ++i) {
            Deal memory d = terms();
            d.meta.salt = i;
            bytes32 id = opened(d);
            vm.warp(NOW + 1 days);
            Verdict memory v = verdictOn(d, 0, i == 0 ? 0 : 10_000);
            judged(d, v);
            appealed(d, v, i == 0 ? seller : buyer);
            released(d, 1, true);
            assertEq(
                slotOf(id).left, i == 0 ? 134 * ONE : 127 * ONE, "two milestones, both fees, the deposit"
            );
            assertStatus(id, Status.Appealed);
            if (i == 0) assertConserved(id);
            vm.warp(NOW);
        }
    }
}
