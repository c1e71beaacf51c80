// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {AppealEnd, Cause, Deal, Status, Verdict, Withdraw} from "../../src/types/Deal.sol";
import {SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// Every sum of a deal in millions of USDC, and every time after the year 2106
/// ├── no sum is cut where it is kept, told or paid
/// └── no time is cut where it is kept or compared
contract LargeSumsTest is World {
    using EscrowCalls for DealEscrow;

    uint64 private constant MOST = type(uint64).max;
    uint64 private constant BIG = 2 ** 41 + 2 ** 33 + 7; // in each half of 64 bits
    uint64 private constant FEE = 2 ** 40 + 5;
    uint256 private constant REFUSED = 1 << 64;
    uint40 private constant FAR = 2 ** 32 + 1000 days;

    function large() private returns (Deal memory d, bytes32 id) {
        mandated(buyer, buyerPrincipal, SCOPE_BUY, MOST, MOST, 2);
        mandated(seller, sellerPrincipal, SCOPE_SELL, MOST, MOST, 2);
        deposited(buyerPrincipal.addr, 8 * BIG);
        deposited(sellerPrincipal.addr, 8 * BIG);
        d = terms();
        d.amounts = uint256(BIG) | uint256(BIG) << 64 | uint256(BIG) << 128;
        (d.juryFee, d.appealFee, d.sellerBond, d.jury) = (3 * BIG, FEE, BIG, stranger.addr);
        id = opened(d);
    }

    function test_the_opening_takes_every_sum_whole() external {
        uint64 had = escrow.credit(buyerPrincipal.addr);
        (Deal memory d, bytes32 id) = large();
        assertEq(slotOf(id).left, 7 * BIG + FEE, "three milestones, fee, reserve and bond");
        assertEq(escrow.credit(buyerPrincipal.addr), had + 2 * BIG - FEE, "the buyer's side");
        assertEq(escrow.credit(sellerPrincipal.addr), 7 * BIG, "the seller's side");
        assertEq(escrow.buyerTotal(d), 6 * BIG + FEE, "the total");
        assertEq(mandates.available(buyer.addr, address(escrow)), MOST - 6 * BIG - FEE, "counted");
        assertEq(mandates.available(seller.addr, address(escrow)), MOST - BIG, "counted");
    }

    function test_what_is_refused_is_credited_whole_and_withdrawn_whole() external {
        (Deal memory d, bytes32 id) = large();
        blacklisted(sellerPrincipal.addr);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Credited(sellerPrincipal.addr, id, BIG | REFUSED);
        released(d, 0, true);
        assertEq(escrow.credit(sellerPrincipal.addr), 8 * BIG, "credit");
        vm.prank(blacklister.addr);
        usdc.unBlacklist(sellerPrincipal.addr);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Withdrawn(sellerPrincipal.addr, sellerPrincipal.addr, BIG);
        vm.prank(sellerPrincipal.addr);
        escrow.withdraw(sellerPrincipal.addr, BIG);
        assertEq(escrow.credit(sellerPrincipal.addr), 7 * BIG, "the rest");
        Withdraw memory w = Withdraw(sellerPrincipal.addr, stranger.addr, 0, NOW);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Withdrawn(sellerPrincipal.addr, stranger.addr, 7 * BIG | uint256(1) << 64);
        escrow.withdrawFor(w, signWithdrawal(sellerPrincipal, w));
        assertEq(usdc.balanceOf(stranger.addr), 7 * BIG, "withdrawn");
    }

    function test_what_is_refused_to_the_buyer_is_credited_whole() external {
        (Deal memory d, bytes32 id) = large();
        uint64 had = escrow.credit(buyerPrincipal.addr);
        blacklisted(buyerPrincipal.addr);
        vm.warp(NOW + 2 days);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Credited(buyerPrincipal.addr, id, BIG | REFUSED);
        escrow.timeout(d, 0);
        assertEq(escrow.credit(buyerPrincipal.addr), had + BIG, "credit");
    }

    function test_an_appeal_moves_every_sum_whole() external {
        (Deal memory d, bytes32 id) = large();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        uint64 had = escrow.credit(sellerPrincipal.addr);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Appealed(id, 0, seller.addr, escrow.verdictDigest(v), FEE);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Debited(sellerPrincipal.addr, id, FEE);
        appealed(d, v, seller);
        assertEq(escrow.credit(sellerPrincipal.addr), had - FEE, "the deposit");
        assertEq(
            mandates.available(seller.addr, address(escrow)), MOST - FEE, "counted, the bond having decayed"
        );
        assertEq(slotOf(id).left, 7 * BIG + 2 * FEE, "with the deposit");
        (v.round, v.sellerBps) = (1, 10_000);
        address[] memory court = new address[](1);
        court[0] = address(0xc0de);
        uint256[] memory shares = new uint256[](1);
        shares[0] = uint256(uint160(court[0])) | uint256(FEE) << 160;
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Ruled, FEE, FEE, 0);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.JurorsCredited(id, shares);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Settled(id, outcome(0, Cause.Ruled, 1, 0, 10_000, [BIG, 0]));
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Paid(id, BIG + FEE);
        vm.prank(stranger.addr);
        escrow.settleRuling(d, v, court);
        assertEq(escrow.credit(court[0]), FEE, "the court");
        assertEq(usdc.balanceOf(sellerPrincipal.addr), BIG + FEE, "milestone and deposit");
    }

    /// @dev Whole multiples of what 32 bits count: each half of a sum is looked at.
    function test_a_sum_whose_lower_half_is_empty_is_a_sum() external {
        Deal memory d = terms();
        mandated(buyer, buyerPrincipal, SCOPE_BUY, MOST, MOST, 2);
        deposited(buyerPrincipal.addr, 4 * uint64(2 ** 40));
        (d.amounts, d.due, d.juryFee, d.appealFee) = (2 ** 40 | uint256(2 ** 40) << 64, 0, 0, 0);
        bytes32 id = opened(d);
        assertEq(slotOf(id).left, 2 ** 41, "both milestones");
        released(d, 0, true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 2 ** 40, "the first");
        assertEq(slotOf(id).left, 2 ** 40, "the second");
    }

    function test_an_abandoned_deposit_goes_over_whole() external {
        (Deal memory d, bytes32 id) = large();
        vm.warp(NOW + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        appealed(d, v, seller);
        vm.warp(block.timestamp + APPEAL_LIMIT);
        vm.expectEmit(address(escrow));
        emit IDealEscrow.AppealClosed(id, 0, AppealEnd.Abandoned, 0, 0, FEE);
        escrow.rule(d);
        assertEq(usdc.balanceOf(buyerPrincipal.addr), BIG + FEE, "milestone and deposit");
    }

    function test_the_closing_verdict_pays_the_jurors_every_sum_whole() external {
        (Deal memory d, bytes32 id) = large();
        released(d, 0, true);
        released(d, 1, true);
        Verdict memory v = verdictOn(d, 2, 10_000);
        bytes memory buyers = signConsent(buyer, v);
        uint256 rest = 2 * uint256(BIG) + FEE;
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Closed(id, 2 * uint256(BIG) | rest << 64 | uint256(BIG) << 128);
        escrow.verdict(d, v, votesOf(v, 31), buyers, "", true);
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(escrow.credit(jurors[i].addr), BIG / 5, "a fifth of a milestone's fee");
        }
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 4 * BIG, "milestones and bond");
        assertStatus(id, Status.Closed);
    }

    // --- times ---

    function farTerms() private returns (Deal memory d, bytes32 id) {
        vm.warp(FAR);
        deposited(buyer.addr, 1000 * ONE);
        deposited(seller.addr, 100 * ONE);
        d = plainTerms();
        (d.meta.start, d.meta.fundBy, d.end) = (FAR, FAR + 300, FAR + 10 days);
        d.jury = stranger.addr;
        id = escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
    }

    function test_windows_after_2106_are_to_the_second() external {
        (Deal memory d, bytes32 id) = farTerms();
        assertEq(slotOf(id).start, FAR, "start");
        vm.warp(FAR + 1 days);
        Verdict memory v = verdictOn(d, 0, 0);
        judged(d, v);
        uint40 until = FAR + 1 days + WINDOW;
        assertEq(slotOf(id).challengeUntil, until, "challenge until");
        uint256 before = vm.snapshotState();
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NothingToSettle.selector));
        escrow.payout(d);
        vm.warp(until);
        escrow.payout(d);
        assertTrue(vm.revertToState(before), "back");
        appealed(d, v, seller);
        assertEq(slotOf(id).challengeUntil, FAR + 1 days, "the time of the appeal");
        vm.warp(FAR + 1 days + APPEAL_LIMIT - 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NoRuling.selector, 0, FAR + 1 days + APPEAL_LIMIT));
        escrow.rule(d);
        vm.warp(FAR + 1 days + APPEAL_LIMIT);
        escrow.rule(d);
        assertEq(slotOf(id).done, 1, "the verdict stood");
    }

    function test_claims_and_timeouts_after_2106_are_to_the_second() external {
        (Deal memory d, bytes32 id) = farTerms();
        escrow.claim(d, claimOf(d, 0));
        assertEq(uint32(escrow.claims(id)), uint32(FAR), "seconds in 32 bits, which is enough to be claimed");
        vm.warp(d.end - 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.NotYet.selector, d.end - 1, d.end));
        escrow.timeout(d, 0);
        vm.warp(d.end);
        escrow.timeout(d, 0);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 32_400_000, "as the terms say");
    }

    function test_a_withdrawal_after_2106_is_good_to_its_last_second() external {
        farTerms();
        Withdraw memory w = Withdraw(buyer.addr, stranger.addr, 0, FAR);
        bytes memory signature = signWithdrawal(buyer, w);
        vm.warp(FAR + 1);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.SignatureExpired.selector, FAR, FAR + 1));
        escrow.withdrawFor(w, signature);
        vm.warp(FAR);
        escrow.withdrawFor(w, signature);
        assertEq(escrow.credit(buyer.addr), 0, "all");
    }
}
