// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {IMandates} from "../../src/interfaces/IMandates.sol";
import {BUYER_MANDATED, Deal, Fallback, SELLER_MANDATED, Source, Status} from "../../src/types/Deal.sol";
import {Approve, Revoke, SCOPE_BUY, SCOPE_SELL} from "../../src/types/Mandate.sol";
import {EscrowCalls} from "./Calls.sol";
import {Slot} from "./Slots.sol";
import {OwnedWallet} from "./Wallets.sol";
import {World} from "./World.sol";

/// openFromMandatedCredit
/// ├── takes the total from the principal's credit and holds it for the deal
/// ├── takes the seller's bond from the seller's principal
/// ├── when the mandate does not cover it: over the period, above the human threshold, revoked, out of scope
/// ├── when a signature is another's, or the id was used
/// └── when the terms make no sense: one error each
contract OpenFromMandateTest is World {
    using EscrowCalls for DealEscrow;

    function fails(Deal memory d, bytes memory reason) private {
        bytes memory fund = signFund(buyer, d);
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(reason);
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }

    function test_the_whole_total_is_taken_from_the_principals_credit() external {
        Deal memory d = terms();
        vm.expectEmit(address(escrow));
        emit IDealEscrow.Opened(escrow.dealId(d), buyer.addr, seller.addr, openedWords(d, Source.Mandate));
        bytes32 id = opened(d);

        Slot memory s = slotOf(id);
        assertStatus(id, Status.Open);
        assertEq(s.left, 190 * ONE, "amounts and both fees");
        assertEq(s.start, d.meta.start, "start");
        assertEq(escrow.credit(buyerPrincipal.addr), 810 * ONE, "credit");
        assertEq(mandates.available(buyer.addr, address(escrow)), 810 * ONE, "available");
        assertConserved(id);
    }

    function test_the_sellers_bond_is_taken_from_its_principal_through_the_mandate() external {
        deposited(sellerPrincipal.addr, 20 * ONE);
        Deal memory d = terms();
        d.sellerBond = 20 * ONE;
        bytes32 id = opened(d);
        assertEq(slotOf(id).left, 210 * ONE, "left");
        assertEq(escrow.credit(sellerPrincipal.addr), 0, "seller's principal's credit");
        assertEq(mandates.available(seller.addr, address(escrow)), 980 * ONE, "seller's period");
        assertConserved(id);
    }

    function test_a_deal_opens_once() external {
        (Deal memory d,) = openedTerms();
        fails(d, abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, Status.Open, Status.None));
    }

    function test_a_stolen_agent_key_takes_at_most_the_period_limit() external {
        deposited(buyerPrincipal.addr, 1000 * ONE);
        Deal memory d = terms();
        for (uint256 i = 0; i < 5; ++i) {
            d.meta.salt = i;
            opened(d);
        }
        d.meta.salt = 5;
        fails(d, abi.encodeWithSelector(IMandates.OverPeriod.selector, 1140 * ONE, 1000 * ONE));
        assertEq(escrow.credit(buyerPrincipal.addr), 1050 * ONE, "credit that nobody could take");
    }

    function test_a_deal_above_the_human_threshold_needs_the_principals_approval() external {
        mandated(buyer, buyerPrincipal, SCOPE_BUY, 1000 * ONE, 100 * ONE, 2);
        Deal memory d = terms();
        fails(d, abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 190 * ONE, 100 * ONE));
        bytes memory approval = approvalOf(buyerPrincipal, escrow.dealId(d), NOW);
        escrow.openFromMandatedCredit(d, signFund(buyer, d), signDeal(seller, d), approval);
        assertStatus(escrow.dealId(d), Status.Open);
    }

    function test_an_approval_of_another_deal_or_key_does_not_count() external {
        mandated(buyer, buyerPrincipal, SCOPE_BUY, 1000 * ONE, 100 * ONE, 2);
        Deal memory d = terms();
        bytes memory fund = signFund(buyer, d);
        bytes memory accept = signDeal(seller, d);
        bytes memory other = approvalOf(buyerPrincipal, keccak256("other"), NOW);
        bytes memory own = approvalOf(buyer, escrow.dealId(d), NOW);
        bytes memory late = approvalOf(buyerPrincipal, escrow.dealId(d), NOW - 1);
        bytes32 digest = mandates.approveDigest(Approve(escrow.dealId(d), NOW));
        bytes memory unsigned =
            abi.encodeWithSelector(IMandates.BadSignature.selector, buyerPrincipal.addr, digest);
        vm.expectRevert(unsigned);
        escrow.openFromMandatedCredit(d, fund, accept, other);
        vm.expectRevert(unsigned);
        escrow.openFromMandatedCredit(d, fund, accept, own);
        vm.expectRevert(abi.encodeWithSelector(IMandates.ApprovalExpired.selector, NOW - 1, NOW));
        escrow.openFromMandatedCredit(d, fund, accept, late);
    }

    function test_a_revoked_agent_opens_nothing() external {
        Revoke memory r = Revoke(buyer.addr, address(escrow), 1);
        mandates.revoke(r, buyerPrincipal.addr, sign(buyerPrincipal, mandates.revokeDigest(r)));
        fails(terms(), abi.encodeWithSelector(IMandates.Expired.selector, 0, NOW));
    }

    function test_an_agent_that_may_only_sell_buys_nothing() external {
        mandated(buyer, buyerPrincipal, SCOPE_SELL, 1000 * ONE, 500 * ONE, 2);
        fails(terms(), abi.encodeWithSelector(IMandates.OutOfScope.selector, SCOPE_BUY, SCOPE_SELL));
    }

    function test_nobody_elses_credit_can_be_named() external {
        deposited(stranger.addr, 1000 * ONE);
        Deal memory d = terms();
        d.buyerPay = stranger.addr;
        fails(
            d, abi.encodeWithSelector(IMandates.WrongPrincipal.selector, stranger.addr, buyerPrincipal.addr)
        );
    }

    function test_another_mandates_contract_cannot_be_named() external {
        Deal memory d = terms();
        d.meta.mandates = address(0xbad);
        fails(
            d, abi.encodeWithSelector(IDealEscrow.WrongMandates.selector, address(0xbad), address(mandates))
        );
    }

    function test_a_mandated_seller_is_paid_to_its_principal_only() external {
        Deal memory d = terms();
        d.sellerPay = stranger.addr;
        fails(
            d,
            abi.encodeWithSelector(IDealEscrow.WrongPrincipal.selector, stranger.addr, sellerPrincipal.addr)
        );
    }

    function test_an_unmandated_buyer_comes_another_way() external {
        fails(plainTerms(), abi.encodeWithSelector(IDealEscrow.WrongSource.selector, 0, Source.Mandate));
    }

    function test_credit_that_is_not_there_is_not_spent() external {
        vm.prank(buyerPrincipal.addr);
        escrow.withdraw(buyerPrincipal.addr, 900 * ONE);
        fails(terms(), abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 100 * ONE, 190 * ONE));
    }

    function test_both_sides_have_signed_exactly_these_terms() external {
        Deal memory d = terms();
        bytes memory fund = signFund(buyer, d);
        bytes memory accept = signDeal(seller, d);
        bytes memory strangers = signDeal(stranger, d);
        vm.expectRevert(
            abi.encodeWithSelector(IDealEscrow.BadSignature.selector, seller.addr, escrow.dealId(d))
        );
        escrow.openFromMandatedCredit(d, fund, strangers, "");
        expectUnsigned(buyer.addr, fundDigest(d));
        escrow.openFromMandatedCredit(d, accept, accept, "");
        d.fallbackBps = 6001;
        expectUnsigned(seller.addr, escrow.dealId(d));
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }

    function test_the_last_second_of_fundBy_is_still_in_time() external {
        Deal memory d = terms();
        vm.warp(d.meta.fundBy);
        opened(d);
    }

    function test_after_fundBy_it_is_too_late() external {
        Deal memory d = terms();
        vm.warp(d.meta.fundBy + 1);
        fails(d, abi.encodeWithSelector(IDealEscrow.FundByPassed.selector, d.meta.fundBy, d.meta.fundBy + 1));
    }

    function test_terms_that_make_no_sense_have_one_error_each() external {
        Deal memory d = terms();
        d.jury = address(0);
        fails(d, abi.encodeWithSelector(IDealEscrow.ZeroAddress.selector));
        d = terms();
        d.seller = buyer.addr;
        fails(d, abi.encodeWithSelector(IDealEscrow.BuyerIsSeller.selector, buyer.addr));
        d = terms();
        d.sellerPay = buyerPrincipal.addr;
        fails(d, abi.encodeWithSelector(IDealEscrow.BuyerIsSeller.selector, buyerPrincipal.addr));
        d = terms();
        d.amounts = 0;
        fails(d, abi.encodeWithSelector(IDealEscrow.NoMilestone.selector));
        d = terms();
        d.amounts = uint256(ONE) | uint256(ONE) << 128;
        d.due = 0;
        fails(d, abi.encodeWithSelector(IDealEscrow.GapInAmounts.selector, 1));
        d = terms();
        d.due |= uint256(1) << 96;
        fails(d, abi.encodeWithSelector(IDealEscrow.DueWithoutAmount.selector, 3));
        d = terms();
        d.quorum = 0;
        fails(d, abi.encodeWithSelector(IDealEscrow.NoPanel.selector));
        d = terms();
        d.flags = 4;
        fails(d, abi.encodeWithSelector(IDealEscrow.WrongSource.selector, 4, Source.Mandate));
        d.flags = 7;
        fails(d, abi.encodeWithSelector(IDealEscrow.UnknownFlags.selector, 7, 3));
        d = terms();
        d.fallback_ = 3;
        fails(d, abi.encodeWithSelector(IDealEscrow.BadFallback.selector, 3, 6000));
        d.fallback_ = uint8(Fallback.Refund);
        fails(d, abi.encodeWithSelector(IDealEscrow.BadFallback.selector, 0, 6000));
        d = terms();
        d.fallbackBps = 10_001;
        fails(d, abi.encodeWithSelector(IDealEscrow.BpsTooHigh.selector, 10_001, 10_000));
        d = terms();
        d.meta.start = d.meta.fundBy + 1;
        fails(d, abi.encodeWithSelector(IDealEscrow.StartAfterFundBy.selector, NOW + 301, NOW + 300));
        d = terms();
        d.end = NOW + 4 days - 1;
        fails(d, abi.encodeWithSelector(IDealEscrow.EndTooEarly.selector, d.end, NOW + 4 days));
        d = terms();
        d.juryFee = type(uint64).max;
        uint256 most = uint256(type(uint64).max) + 194 * ONE;
        fails(d, abi.encodeWithSelector(IDealEscrow.TooManyFunds.selector, most, type(uint64).max));
    }

    function test_every_account_is_somebody() external {
        for (uint256 i = 0; i < 5; ++i) {
            Deal memory d = terms();
            if (i == 0) d.buyer = address(0);
            if (i == 1) d.seller = address(0);
            if (i == 2) d.buyerPay = address(0);
            if (i == 3) d.sellerPay = address(0);
            if (i == 4) d.jury = address(0);
            fails(d, abi.encodeWithSelector(IDealEscrow.ZeroAddress.selector));
        }
    }

    function test_nobody_deals_with_itself_in_any_pair_of_roles() external {
        Deal memory d = terms();
        d.seller = d.buyer;
        fails(d, abi.encodeWithSelector(IDealEscrow.BuyerIsSeller.selector, d.buyer));
        d = terms();
        d.sellerPay = d.buyer;
        fails(d, abi.encodeWithSelector(IDealEscrow.BuyerIsSeller.selector, d.buyer));
        d = terms();
        d.buyerPay = d.seller;
        fails(d, abi.encodeWithSelector(IDealEscrow.BuyerIsSeller.selector, d.seller));
        d = terms();
        d.buyerPay = d.sellerPay;
        fails(d, abi.encodeWithSelector(IDealEscrow.BuyerIsSeller.selector, d.sellerPay));
    }

    function test_there_is_a_panel_and_a_quorum() external {
        Deal memory d = terms();
        d.panel = 0;
        fails(d, abi.encodeWithSelector(IDealEscrow.NoPanel.selector));
        d = terms();
        d.quorum = 0;
        fails(d, abi.encodeWithSelector(IDealEscrow.NoPanel.selector));
    }

    function test_flags_that_nobody_knows_are_refused() external {
        for (uint256 flag = 4; flag < 256; flag <<= 1) {
            Deal memory d = terms();
            d.flags |= uint8(flag);
            fails(d, abi.encodeWithSelector(IDealEscrow.UnknownFlags.selector, flag | 3, 3));
        }
    }

    function test_the_end_is_after_every_claim_and_after_fundBy() external {
        Deal memory d = terms();
        d.end = NOW + 4 days;
        opened(d);
        d = terms();
        (d.due, d.end) = (uint256(6 days) << 32, NOW + 7 days - 1); // the latest need not be the last
        fails(d, abi.encodeWithSelector(IDealEscrow.EndTooEarly.selector, d.end, NOW + 7 days));
        d = terms();
        (d.due, d.meta.start, d.meta.fundBy) = (0, NOW, NOW + 30 days);
        d.end = NOW + 30 days - 1;
        fails(d, abi.encodeWithSelector(IDealEscrow.EndTooEarly.selector, d.end, d.meta.fundBy));
        d.end += 1;
        opened(d);
    }

    function test_a_deal_may_start_when_it_is_funded_at_the_latest() external {
        Deal memory d = terms();
        d.meta.start = d.meta.fundBy;
        opened(d);
        d = terms();
        d.meta.start = 0; // long ago: everything is due
        d.end = d.meta.fundBy;
        d.due = 0;
        opened(d);
    }

    function test_a_bond_is_covered_by_credit_and_by_the_sellers_mandate() external {
        Deal memory d = terms();
        d.sellerBond = 20 * ONE;
        fails(d, abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 0, 20 * ONE));
        deposited(sellerPrincipal.addr, 2000 * ONE);
        d.sellerBond = 501 * ONE;
        fails(d, abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 501 * ONE, 500 * ONE));
        d.sellerBond = 1001 * ONE;
        fails(d, abi.encodeWithSelector(IMandates.OverPeriod.selector, 1001 * ONE, 1000 * ONE));
        mandated(seller, sellerPrincipal, SCOPE_BUY, 1000 * ONE, 500 * ONE, 2);
        d.sellerBond = 1;
        fails(
            d, abi.encodeWithSelector(IDealEscrow.WrongPrincipal.selector, sellerPrincipal.addr, address(0))
        );
    }

    function test_an_approval_is_by_the_principal_also_if_it_is_a_contract() external {
        OwnedWallet wallet = new OwnedWallet(buyerPrincipal.addr);
        Account memory principal = Account(address(wallet), buyerPrincipal.key);
        Revoke memory r = Revoke(buyer.addr, address(escrow), 1);
        mandates.revoke(r, buyerPrincipal.addr, sign(buyerPrincipal, mandates.revokeDigest(r)));
        mandated(buyer, principal, SCOPE_BUY, 1000 * ONE, 100 * ONE, 2);
        deposited(address(wallet), 190 * ONE);
        Deal memory d = terms();
        d.buyerPay = address(wallet);
        fails(d, abi.encodeWithSelector(IMandates.ApprovalMissing.selector, 190 * ONE, 100 * ONE));
        bytes memory approval = approvalOf(principal, escrow.dealId(d), NOW);
        escrow.openFromMandatedCredit(d, signFund(buyer, d), signDeal(seller, d), approval);
        assertStatus(escrow.dealId(d), Status.Open);
    }
}
