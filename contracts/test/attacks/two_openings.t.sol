// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealEscrow} from "../../src/DealEscrow.sol";
import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {BUYER_MANDATED, Deal, Source, Status} from "../../src/types/Deal.sol";
import {EscrowCalls} from "../escrow/Calls.sol";
import {World} from "../escrow/World.sol";

/// @notice Attack: a buyer has signed both an authorization of its own USDC and the order to take credit, and the other side shows
/// both, so that it pays twice for one deal; or shows one again after the deal has ended or was given up.
/// Rule: a deal id opens once, whatever the way; its word is never cleared.
contract TwoOpeningsAttack is World {
    using EscrowCalls for DealEscrow;

    function setUp() public override {
        super.setUp();
        minted(buyer.addr, 1000 * ONE);
        deposited(buyer.addr, 1000 * ONE);
    }

    function money(Deal memory d) private view returns (bytes memory) {
        uint256 before = uint256(d.meta.fundBy) + 1;
        return authorization(buyer, address(escrow), 190 * ONE, before, escrow.dealId(d));
    }

    function refusedByEveryWay(Deal memory d, Status is_) private {
        bytes memory taken = abi.encodeWithSelector(IDealEscrow.WrongStatus.selector, is_, Status.None);
        (bytes memory given, bytes memory fund) = (money(d), signFund(buyer, d));
        (bytes memory accept, bytes memory notice) = (signDeal(seller, d), signVoid(buyer, d));
        vm.expectRevert(taken);
        escrow.openWithAuthorization(d, given, accept);
        vm.expectRevert(taken);
        escrow.voidDeal(d, buyer.addr, notice);
        if (d.flags & BUYER_MANDATED == 0) {
            vm.expectRevert(taken);
            escrow.openFromCredit(d, fund, accept);
        } else {
            vm.expectRevert(taken);
            escrow.openFromMandatedCredit(d, fund, accept, "");
        }
    }

    function paidOnce(Deal memory d, Source source) private {
        refusedByEveryWay(d, Status.Open);
        bool own = source == Source.Authorization;
        assertEq(usdc.balanceOf(buyer.addr), own ? 810 * ONE : 1000 * ONE, "own USDC");
        assertEq(escrow.credit(buyer.addr), source == Source.Credit ? 810 * ONE : 1000 * ONE, "own credit");
        assertEq(
            escrow.credit(buyerPrincipal.addr),
            source == Source.Mandate ? 810 * ONE : 1000 * ONE,
            "principal's"
        );
    }

    function test_an_opening_by_authorization_leaves_credit_alone() external {
        Deal memory d = plainTerms();
        escrow.openWithAuthorization(d, money(d), signDeal(seller, d));
        paidOnce(d, Source.Authorization);
    }

    function test_an_opening_from_credit_leaves_the_authorization_unusable() external {
        Deal memory d = plainTerms();
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        paidOnce(d, Source.Credit);
    }

    function test_an_opening_through_the_mandate_leaves_the_agents_own_money_alone() external {
        Deal memory d = terms();
        opened(d);
        paidOnce(d, Source.Mandate);
    }

    function test_the_unused_authorization_is_good_for_nothing_else() external {
        Deal memory d = terms();
        opened(d);
        bytes memory given = money(d);
        (uint256 before, bytes32 id) = (uint256(d.meta.fundBy) + 1, escrow.dealId(d));
        // Not as a deposit, whatever salt is named, and not by anybody else's call to the token.
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        escrow.depositWithAuthorization(buyer.addr, 190 * ONE, 0, before, id, given);
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        escrow.depositWithAuthorization(buyer.addr, 190 * ONE, 0, before, 0, given);
        vm.expectRevert(bytes("FiatTokenV2: caller must be the payee"));
        usdc.receiveWithAuthorization(buyer.addr, address(escrow), 190 * ONE, 0, before, id, given);
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        vm.prank(stranger.addr);
        usdc.transferWithAuthorization(buyer.addr, address(escrow), 190 * ONE, 0, before, id, given);
        assertEq(usdc.balanceOf(buyer.addr), 1000 * ONE, "the buyer's USDC");
    }

    function test_a_deal_that_ended_does_not_open_again() external {
        Deal memory d = plainTerms();
        escrow.openFromCredit(d, signFund(buyer, d), signDeal(seller, d));
        for (uint8 i = 0; i < 3; ++i) {
            released(d, i, true);
        }
        refusedByEveryWay(d, Status.Closed);
    }

    function test_a_deal_that_was_given_up_does_not_open_by_any_way() external {
        Deal memory d = plainTerms();
        escrow.voidDeal(d, seller.addr, signVoid(seller, d));
        refusedByEveryWay(d, Status.Void);
        d = terms();
        escrow.voidDeal(d, buyer.addr, signVoid(buyer, d));
        refusedByEveryWay(d, Status.Void);
    }

    function test_the_money_of_one_way_does_not_pay_for_the_other() external {
        Deal memory d = plainTerms();
        (bytes memory given, bytes memory fund) = (money(d), signFund(buyer, d));
        bytes memory accept = signDeal(seller, d);
        vm.expectRevert(bytes("FiatTokenV2: invalid signature"));
        escrow.openWithAuthorization(d, fund, accept);
        expectUnsigned(buyer.addr, fundDigest(d));
        escrow.openFromCredit(d, given, accept);
    }

    function test_the_flags_decide_between_own_and_principals_credit() external {
        Deal memory d = terms();
        (bytes memory fund, bytes memory accept) = (signFund(buyer, d), signDeal(seller, d));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongSource.selector, 3, Source.Credit));
        escrow.openFromCredit(d, fund, accept);
        d = plainTerms();
        (fund, accept) = (signFund(buyer, d), signDeal(seller, d));
        vm.expectRevert(abi.encodeWithSelector(IDealEscrow.WrongSource.selector, 0, Source.Mandate));
        escrow.openFromMandatedCredit(d, fund, accept, "");
    }
}
