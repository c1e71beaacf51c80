// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {BUYER_MANDATED, Deal, SELLER_MANDATED, Source} from "../../src/types/Deal.sol";
import {EscrowCalls} from "./Calls.sol";
import {World} from "./World.sol";

/// openFromCredit
/// ├── takes the buyer's own credit, and the seller's bond from its own
/// └── when the buyer is mandated
contract OpenFromCreditTest is World {
    using EscrowCalls for DealEscrow;

    function setUp() public override {
        super.setUp();
        minted(buyer.addr, 1000 * ONE);
    }

    function test_own_credit_pays_for_both_sides_who_act_for_themselves() external {
        deposited(buyer.addr, 190 * ONE);
        deposited(seller.addr, 20 * ONE);
        Deal memory d = plainTerms();
        d.sellerBond = 20 * ONE;
        bytes32 id = escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        assertEq(escrow.credit(buyer.addr), 0, "buyer's credit");
        assertEq(escrow.credit(seller.addr), 0, "seller's credit");
        assertConserved(id);
    }

    function test_a_mandated_buyer_does_not_spend_its_own_credit() external {
        deposited(buyer.addr, 190 * ONE);
        Deal memory d = terms();
        bytes memory fund = signFund(buyer, d);
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongSource.selector, 3, Source.Credit));
        escrow.openFromCredit(d, fund, accept);
        d.flags = BUYER_MANDATED;
        opened(d);
    }

    function test_credit_that_is_not_there_is_not_spent() external {
        deposited(buyer.addr, 190 * ONE - 1);
        Deal memory d = plainTerms();
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.CreditTooLow.selector, 190 * ONE - 1, 190 * ONE));
        escrow.openFromCredit(d, fund, accept);
    }

    function test_a_mandated_seller_opens_with_a_buyer_who_acts_for_itself() external {
        deposited(buyer.addr, 190 * ONE);
        Deal memory d = terms();
        (d.flags, d.buyerPay) = (SELLER_MANDATED, buyer.addr);
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        released(d, 0, true);
        assertEq(usdc.balanceOf(sellerPrincipal.addr), 54 * ONE, "its principal is paid");
    }

    function test_flags_that_nobody_knows_are_refused() external {
        deposited(buyer.addr, 190 * ONE);
        Deal memory d = plainTerms();
        (d.flags, d.meta.mandates) = (4, address(mandates));
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.UnknownFlags.selector, 4, 3));
        escrow.openFromCredit(d, fund, accept);
    }
}
